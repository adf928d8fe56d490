//! Requests about sound. How loud it is are items like all others: kept, exported, and set from a
//! file as well; here they have the names that a user has for them.

use config_store::{Item, items};
use control::{AudioRequest, Items, Payload, Problem, Volumes};

use super::config;
use super::desk::Desk;

pub(super) async fn answer(request: AudioRequest, desk: &Desk) -> Result<Payload, Problem> {
    if let AudioRequest::Volume { ear, microphone, ring } = request {
        let named = |item: &Item, level: Option<u8>| Some((item.name.into(), level?.to_string()));
        let all = [
            named(&items::EAR_VOLUME, ear),
            named(&items::MICROPHONE_VOLUME, microphone),
            named(&items::RING_VOLUME, ring),
        ];
        config::set(all.into_iter().flatten().collect::<Items>(), desk).await?;
    }
    let sound = desk.store.with(|store| store.settings().sound).await.map_err(config::gone)?;
    Ok(Payload::Audio(Volumes {
        device: desk.device.as_ref().to_owned(),
        ear: sound.ear,
        microphone: sound.microphone,
        ring: sound.ring,
    }))
}
