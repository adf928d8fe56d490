//! Requests about sound. How loud it is and through which devices are items like all others: kept,
//! exported, and set from a file as well; here they have the names that a user has for them.

use std::thread;

use config_store::{Item, Settings, items};
use control::{
    AudioRequest, ChosenDevice, Items, MicrophoneLevel, Payload, Problem, SoundDevice,
    SoundDevices, SoundPart, SoundTest, Verdict, Volumes,
};
use media::{Heard, SoundCheck, device};
use tokio::sync::oneshot;

use super::config;
use super::desk::Desk;
use crate::driver::Ask;
use crate::limits;

pub(super) async fn answer(request: AudioRequest, desk: &Desk) -> Result<Payload, Problem> {
    match request {
        AudioRequest::Show {} => {}
        AudioRequest::Volume { ear, microphone, ring } => {
            let named =
                |item: &Item, level: Option<u8>| Some((item.name.to_owned(), level?.to_string()));
            let all = [
                named(&items::EAR_VOLUME, ear),
                named(&items::MICROPHONE_VOLUME, microphone),
                named(&items::RING_VOLUME, ring),
            ];
            config::set(all.into_iter().flatten().collect::<Items>(), desk).await?;
        }
        AudioRequest::Devices {} => return devices(desk).await.map(Payload::AudioDevices),
        AudioRequest::Test { part } => return test(part, desk).await.map(Payload::AudioTest),
    }
    let sound = settings(desk).await?.sound;
    Ok(Payload::Audio(Volumes {
        device: desk.device.as_ref().to_owned(),
        ear: sound.ear,
        microphone: sound.microphone,
        ring: sound.ring,
        mixers: desk.ask(Ask::Mixers).await?,
    }))
}

async fn settings(desk: &Desk) -> Result<Settings, Problem> {
    desk.store.with(|store| store.settings()).await.map_err(config::gone)
}

/// Asking libasound may wait for a sound server, for ever where that hangs; so it is asked on a
/// thread that nobody has to wait for.
async fn devices(desk: &Desk) -> Result<SoundDevices, Problem> {
    let settings = settings(desk).await?;
    let device = desk.device.as_ref().to_owned();
    let (back, answer) = oneshot::channel();
    let asking = thread::Builder::new().name("audio-list".into()).spawn(move || {
        // Nobody waits any more when it took too long.
        drop(back.send(look(device, &settings)));
    });
    asking.map_err(|error| {
        Problem::new(
            format!("cannot start a thread: {error}"),
            format!("无法启动线程：{}", config_store::said_by_system(&error)),
        )
    })?;
    let in_time = tokio::time::timeout(limits::SOUND_DEVICES, answer).await;
    let late = || {
        Problem::new(
            "the sound system does not say which devices there are",
            "声音系统没有回答有哪些设备",
        )
    };
    in_time.map_err(|_| late())?.map_err(|_| late())
}

fn look(device: String, settings: &Settings) -> SoundDevices {
    let found = device::pcms();
    let chosen = |name: &Option<String>, capture: bool| {
        let name = name.clone().unwrap_or_default();
        let listed = |pcm: &device::PcmName| {
            pcm.name == name && if capture { pcm.capture } else { pcm.playback }
        };
        // A name may mean a device without being listed: only trying tells.
        let there = name.is_empty() || found.iter().any(listed) || device::is_there(&name, capture);
        ChosenDevice { name, there }
    };
    SoundDevices {
        device,
        ear: chosen(&settings.sound_devices.playback, false),
        microphone: chosen(&settings.sound_devices.capture, true),
        ring: chosen(&settings.handset.ring_device, false),
        found: found
            .into_iter()
            .filter(|pcm| items::RING_DEVICE.kind.check(&pcm.name).is_some())
            .map(|device::PcmName { name, about, playback, capture }| SoundDevice {
                name,
                about,
                playback,
                capture,
            })
            .collect(),
    }
}

async fn test(part: SoundPart, desk: &Desk) -> Result<SoundTest, Problem> {
    let what = match part {
        SoundPart::Ear => SoundCheck::Ear,
        SoundPart::Microphone => SoundCheck::Microphone,
        SoundPart::Ring => SoundCheck::Bell,
    };
    let done = desk.ask(|back| Ask::Check(what, back)).await?;
    let heard = done.map_err(|error| {
        let zh = format!("声音测试未成功：{}", error.chinese());
        Problem::new(format!("no test of the sound: {error}"), zh)
    })?;
    Ok(SoundTest { part, heard: heard.map(judged) })
}

/// What a microphone's level means for whoever is called.
fn judged(Heard { level_db, peak_db }: Heard) -> MicrophoneLevel {
    let verdict = if level_db < -60.0 {
        Verdict::Silent
    } else if level_db < -40.0 {
        Verdict::Quiet
    } else if peak_db > -0.3 {
        Verdict::Distorted
    } else {
        Verdict::Good
    };
    let rounded = |db: f64| (db * 10.0).round() / 10.0;
    MicrophoneLevel { verdict, level_db: rounded(level_db), peak_db: rounded(peak_db) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_microphone_is_judged_by_what_the_other_party_would_hear() {
        for (level_db, peak_db, verdict) in [
            (-96.0, -96.0, Verdict::Silent),
            (-50.0, -40.0, Verdict::Quiet),
            (-20.04, -9.0, Verdict::Good),
            (-3.0, 0.0, Verdict::Distorted),
        ] {
            assert_eq!(judged(Heard { level_db, peak_db }).verdict, verdict, "{level_db}");
        }
        assert_eq!(judged(Heard { level_db: -20.04, peak_db: -9.0 }).level_db, -20.0);
    }
}
