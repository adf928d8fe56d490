//! Sound, joined to the phone: its media commands go to the engine, the engine's events come back.
//!
//! RTP ports are bound ahead, because a session description names them before a packet flows; a
//! bound pair waits here until its call starts. The engine has its own thread and sound card only
//! while a call or a tone needs them. Which call is heard, and what silence means, is the phone's
//! decision.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use control::{AudioState, AudioStatus, CallQuality};
use media::{
    CallStats, CheckError, Codec, DeviceSpec, Engine, Heard as Loudness, MediaEventKind, PortPair,
    SoundCheck, StreamSettings,
};
use phone::CallId;
use phone::input::{Input, MediaReport};
use phone::output::{MediaCommand, Stream, Tone};
use phone::words::Said;
use tokio::sync::{Notify, oneshot};

use crate::limits;
use crate::quality::Meter;
use crate::report::Events;
use crate::volume::{MixersBack, Volume};

/// How long a digit is sent, milliseconds: what a quick thumb does, and long enough for all.
const DIGIT_MS: u32 = 160;
/// Sound in one packet, milliseconds: the default of G.711 (RFC 3551 §4.2).
const PACKET_MS: u32 = 20;

/// See the module.
pub(crate) struct Audio {
    engine: Engine,
    volume: Volume,
    ready: Arc<Notify>,
    device: String,
    events: Events,
    range: RangeInclusive<u16>,
    /// The DiffServ code point of sound.
    dscp: u8,
    /// Where the search for the next pair begins.
    next_port: u16,
    bound: BTreeMap<(IpAddr, u16), PortPair>,
    tone: Option<Tone>,
    ringing: bool,
    dial_tone: bool,
    waiting: bool,
    active: bool,
    /// How calls sound; of those that are over, the last figures.
    meters: BTreeMap<CallId, Meter>,
    over: VecDeque<(CallId, CallQuality)>,
    heard: Vec<Heard>,
    /// Where the result of the sound check that goes on is waited for.
    check: Option<CheckResult>,
}

/// The way back for how a sound check went.
pub(crate) type CheckResult = oneshot::Sender<Result<Option<Loudness>, CheckError>>;

/// News of how a call sounds.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) call: CallId,
    pub(crate) quality: CallQuality,
    /// The call's sound has ended.
    pub(crate) over: bool,
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audio").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Audio {
    /// Sound on the device that `spec` names, with RTP ports out of `range`, not marked yet.
    ///
    /// # Errors
    /// A spec that is none, or a file that cannot be used; whether a sound card works shows when it
    /// is needed.
    pub(crate) fn new(
        spec: &str,
        range: RangeInclusive<u16>,
        events: Events,
    ) -> anyhow::Result<Self> {
        let ready = Arc::new(Notify::new());
        let wake = Arc::clone(&ready);
        let engine = Engine::new(spec.parse::<DeviceSpec>()?, Box::new(move || wake.notify_one()))?;
        let next_port = *range.start();
        Ok(Self {
            engine,
            volume: Volume::new(Arc::clone(&ready)),
            ready,
            device: spec.to_owned(),
            events,
            range,
            dscp: 0,
            next_port,
            bound: BTreeMap::new(),
            tone: None,
            ringing: false,
            dial_tone: false,
            waiting: false,
            active: false,
            meters: BTreeMap::new(),
            over: VecDeque::new(),
            heard: Vec::new(),
            check: None,
        })
    }

    /// Takes ports out of another range from now on; what is bound stays.
    pub(crate) fn set_ports(&mut self, range: RangeInclusive<u16>) {
        self.next_port = *range.start();
        self.range = range;
    }

    /// Marks the sound of calls that begin from now on.
    pub(crate) fn set_dscp(&mut self, dscp: u8) {
        for pair in self.bound.values() {
            pair.mark(dscp);
        }
        self.dscp = dscp;
    }

    /// Is so loud from now on.
    pub(crate) fn set_sound(&mut self, sound: config_store::Sound) {
        let levels = self.volume.set(sound);
        self.engine.set_levels(levels);
    }

    /// Tells the mixers of cards that make it so loud.
    pub(crate) fn tell_mixers(&mut self, back: MixersBack) {
        self.volume.tell_mixers(back);
    }

    /// Notified when [`Self::poll`] has something to say.
    pub(crate) fn ready(&self) -> Arc<Notify> {
        Arc::clone(&self.ready)
    }

    /// Ticks of the sound thread; `None` while none is needed.
    pub(crate) fn pulse(&self) -> Option<u64> {
        self.engine.pulse()
    }

    /// What the engine has reported since the last time.
    pub(crate) fn poll(&mut self) -> VecDeque<Input> {
        if let Some(levels) = self.volume.poll() {
            self.engine.set_levels(levels);
        }
        let mut inputs = VecDeque::new();
        while let Some(event) = self.engine.poll_event() {
            let call = event.call.and_then(|id| u32::try_from(id).ok()).map(CallId);
            inputs.extend(self.report(call, event.kind));
        }
        inputs
    }

    fn report(&mut self, call: Option<CallId>, kind: MediaEventKind) -> Option<Input> {
        let report = match kind {
            MediaEventKind::Silence { .. } => MediaReport::Silence,
            MediaEventKind::Dtmf { digit, .. } => MediaReport::Digit(digit.as_char()),
            MediaEventKind::FirstPacket => {
                tracing::debug!(?call, "first sound packet received");
                return None;
            }
            MediaEventKind::DeviceLost(error) => {
                let reason = error.to_string();
                tracing::warn!(device = self.device, reason, "no sound");
                self.tell(AudioState::Failed, Some(reason));
                return None;
            }
            MediaEventKind::DeviceBack => {
                tracing::info!(device = self.device, "sound is back");
                self.volume.refresh();
                self.tell(AudioState::Running, None);
                return None;
            }
            MediaEventKind::BellLost(error) => {
                let reason = error.to_string();
                tracing::warn!(reason, "the ring device is out of use: the handset rings");
                return None;
            }
            MediaEventKind::BellBack => {
                tracing::info!("the ring device is back");
                self.volume.refresh();
                return None;
            }
            MediaEventKind::Checked(result) => {
                self.end_check(result);
                return None;
            }
            MediaEventKind::Progress(stats) => {
                self.measure(call?, &stats, false);
                return None;
            }
            MediaEventKind::Stats(stats) => {
                tracing::debug!(?call, ?stats, "sound of a call ended");
                self.measure(call?, &stats, true);
                return None;
            }
        };
        call.map(|call| Input::Media { call, report })
    }

    /// An interval of a call has ended, or the call has.
    fn measure(&mut self, call: CallId, stats: &CallStats, over: bool) {
        if stats.received == 0 {
            return;
        }
        let mut meter = self.meters.remove(&call).unwrap_or_default();
        if !over {
            meter.turn(stats);
        }
        let quality = meter.quality(stats);
        if over {
            if self.over.len() >= limits::QUALITIES {
                self.over.pop_front();
            }
            self.over.push_back((call, quality));
        } else {
            self.meters.insert(call, meter);
        }
        self.heard.push(Heard { call, quality, over });
    }

    /// What [`Self::poll`] has found out about how calls sound.
    pub(crate) fn heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// How a call sounds or, once it is over, has sounded; `None` where nothing has come.
    pub(crate) fn quality(&self, call: CallId) -> Option<CallQuality> {
        match self.engine.stats(number(call)) {
            Some(stats) if stats.received > 0 => {
                let meter = self.meters.get(&call).copied().unwrap_or_default();
                Some(meter.quality(&stats))
            }
            Some(_) => None,
            None => {
                let found = self.over.iter().rev().find(|(over, _)| *over == call);
                found.map(|(_, quality)| *quality)
            }
        }
    }

    /// Does one thing; what comes of it at once is returned.
    pub(crate) fn perform(&mut self, command: MediaCommand) -> Option<Input> {
        let result = match command {
            MediaCommand::NeedPort(ip) => self.bind(ip),
            MediaCommand::Start { call, ip, port } => self.start(call, ip, port),
            MediaCommand::Set { call, stream } => self.set(call, stream),
            MediaCommand::Stop(call) => {
                self.engine.stop_call(number(call));
                None
            }
            MediaCommand::Focus(call) => {
                self.engine.focus(call.map(number));
                None
            }
            MediaCommand::Mute(call, muted) => {
                self.engine.mute(number(call), muted);
                None
            }
            MediaCommand::Digit(call, digit) => {
                if let Err(error) = self.engine.send_dtmf(number(call), digit, DIGIT_MS) {
                    tracing::warn!(%call, %error, "digit not sent");
                }
                None
            }
            MediaCommand::Tone(tone) => {
                self.tone = tone;
                self.play()
            }
            MediaCommand::Ring(ringing) => {
                self.ringing = ringing;
                self.play()
            }
            MediaCommand::Waiting(waiting) => {
                self.waiting = waiting;
                self.play()
            }
        };
        self.tell_activity();
        result
    }

    fn bind(&mut self, ip: IpAddr) -> Option<Input> {
        match PortPair::bind(ip, self.range.clone(), self.next_port) {
            Ok(pair) => {
                pair.mark(self.dscp);
                let port = pair.port();
                self.next_port = port.saturating_add(2);
                self.bound.insert((ip, port), pair);
                Some(Input::RtpPort { ip, port })
            }
            Err(error) => {
                tracing::warn!(%ip, %error, "no port for sound");
                None
            }
        }
    }

    fn start(&mut self, call: CallId, ip: IpAddr, port: u16) -> Option<Input> {
        match self.bound.remove(&(ip, port)) {
            Some(pair) => {
                self.engine.start_call(number(call), pair);
                None
            }
            None => {
                let (en, zh) = (
                    format!("port {port} on {ip} is not open"),
                    format!("{ip} 的端口 {port} 未打开"),
                );
                Some(failed(call, Said::new(en, zh)))
            }
        }
    }

    fn set(&mut self, call: CallId, stream: Stream) -> Option<Input> {
        let Some(codec) = codec(&stream.codec) else {
            let name = stream.codec;
            let (en, zh) = (format!("there is no codec {name}"), format!("没有编解码 {name}"));
            return Some(failed(call, Said::new(en, zh)));
        };
        let settings = StreamSettings {
            remote: stream.remote,
            remote_rtcp: stream.remote_rtcp,
            codec,
            payload_type: stream.payload_type,
            dtmf_payload_type: stream.dtmf_payload_type,
            send: stream.send,
            receive: stream.receive,
            ptime_ms: PACKET_MS,
            // The engine keeps those of the first time.
            ssrc: getrandom::u32().unwrap_or_default(),
            cname: format!("{:016x}", getrandom::u64().unwrap_or_default()),
            timeout: stream.timeout,
        };
        self.engine.set_stream(number(call), settings);
        None
    }

    /// Rings on this PCM from now on; `None`: where calls are heard.
    pub(crate) fn ring_on(&mut self, pcm: Option<String>) {
        if let Err(error) = self.engine.ring_on(pcm.map(|pcm| DeviceSpec::Alsa { pcm })) {
            tracing::warn!(%error, "the ring device cannot be used");
        }
    }

    /// Speaks into and hears on these PCMs from the next call on; `None`: on the daemon's own device.
    pub(crate) fn set_devices(&mut self, devices: config_store::SoundDevices) {
        let spec = |pcm: Option<String>| pcm.map(|pcm| DeviceSpec::Alsa { pcm });
        let set = self.engine.hear_on(spec(devices.playback));
        if let Err(error) = set.and_then(|()| self.engine.speak_into(spec(devices.capture))) {
            tracing::warn!(%error, "the sound device cannot be used");
        }
    }

    /// Tries a device; the result comes when that is over.
    pub(crate) fn check(&mut self, what: SoundCheck, back: CheckResult) {
        match self.engine.check(what) {
            Ok(()) => self.check = Some(back),
            // Whoever asked may have left.
            Err(busy) => drop(back.send(Err(busy))),
        }
        self.tell_activity();
    }

    fn end_check(&mut self, result: Result<Option<Loudness>, CheckError>) {
        if let Some(back) = self.check.take() {
            // Whoever asked may have left.
            drop(back.send(result));
        }
        self.tell_activity();
    }

    /// Begins or ends the dial tone of a lifted handset.
    pub(crate) fn set_dial_tone(&mut self, on: bool) {
        self.dial_tone = on;
        self.play();
        self.tell_activity();
    }

    /// The bell goes before any other tone, that another call waits before how one goes on, and the
    /// dial tone after all.
    fn play(&mut self) -> Option<Input> {
        let tone = self.tone.map(|tone| match tone {
            Tone::Ringback => media::Tone::Ringback,
            Tone::Busy => media::Tone::Busy,
            Tone::AllProxiesFailed => media::Tone::AllProxiesFailed,
        });
        let tone = tone.or(self.dial_tone.then_some(media::Tone::Dial));
        self.engine.play_tone(match (self.ringing, self.waiting) {
            (true, _) => Some(media::Tone::Ring),
            (false, true) => Some(media::Tone::Waiting),
            (false, false) => tone,
        });
        None
    }

    fn tell_activity(&mut self) {
        let active = self.engine.is_active();
        if active != self.active {
            self.active = active;
            if active {
                self.volume.refresh();
            }
            self.tell(if active { AudioState::Running } else { AudioState::Stopped }, None);
        }
    }

    fn tell(&self, state: AudioState, reason: Option<String>) {
        let device = self.device.clone();
        self.events.tell(control::Event::Audio(AudioStatus { device, state, reason }));
    }
}

fn number(call: CallId) -> u64 {
    call.0.into()
}

/// The codec of this encoding name (RFC 3551 §6).
fn codec(name: &str) -> Option<Codec> {
    let mut codecs = (0..=127).filter_map(Codec::from_static_payload_type);
    codecs.find(|codec| codec.name().eq_ignore_ascii_case(name))
}

fn failed(call: CallId, reason: Said) -> Input {
    Input::Media { call, report: MediaReport::Failed(reason) }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::clock::Clock;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn audio() -> Audio {
        Audio::new("null", 41_000..=41_099, Events::new(Clock::new())).unwrap()
    }

    #[test]
    fn a_bound_port_is_kept_until_its_call_starts() {
        let mut audio = audio();
        let bound = audio.perform(MediaCommand::NeedPort(LOOPBACK));
        let Some(Input::RtpPort { ip, port }) = bound else { panic!("no port: {bound:?}") };
        assert!(std::net::UdpSocket::bind((ip, port)).is_err(), "it is open");
        let start = MediaCommand::Start { call: CallId(1), ip, port };
        assert_eq!(audio.perform(start.clone()), None);
        let again = audio.perform(start);
        assert!(matches!(again, Some(Input::Media { report: MediaReport::Failed(_), .. })));
        assert_eq!(audio.perform(MediaCommand::Stop(CallId(1))), None);
    }

    #[test]
    fn watchers_are_told_when_sound_begins_and_ends() {
        let mut audio = audio();
        let mut told = audio.events.watch();
        audio.perform(MediaCommand::Tone(Some(Tone::Busy)));
        audio.perform(MediaCommand::Ring(true));
        audio.perform(MediaCommand::Ring(false));
        audio.perform(MediaCommand::Tone(None));
        let mut states = Vec::new();
        while let Ok(notification) = told.try_recv() {
            if let control::Event::Audio(status) = &notification.event {
                states.push(status.state);
            }
        }
        assert_eq!(states, [AudioState::Running, AudioState::Stopped]);
    }

    #[test]
    fn the_dial_tone_is_sound_until_it_ends() {
        let mut audio = audio();
        assert_eq!(audio.pulse(), None);
        audio.set_dial_tone(true);
        assert!(audio.pulse().is_some());
        audio.perform(MediaCommand::Tone(None));
        assert!(audio.pulse().is_some(), "it goes on when another tone ends");
        audio.set_dial_tone(false);
        assert_eq!(audio.pulse(), None);
    }

    /// Requirement F7.
    #[test]
    fn a_sound_check_is_refused_while_there_is_sound_and_answered_when_it_is_over() {
        let mut audio = audio();
        audio.set_dial_tone(true);
        let (back, mut answer) = oneshot::channel();
        audio.check(SoundCheck::Ear, back);
        assert_eq!(answer.try_recv().unwrap(), Err(CheckError::Busy));
        audio.set_dial_tone(false);
        let (back, mut answer) = oneshot::channel();
        audio.check(SoundCheck::Ear, back);
        assert!(audio.pulse().is_some() && answer.try_recv().is_err(), "it goes on");
        // A call that comes goes before it.
        audio.perform(MediaCommand::Ring(true));
        let start = std::time::Instant::now();
        let result = loop {
            audio.poll();
            if let Ok(result) = answer.try_recv() {
                break result;
            }
            assert!(start.elapsed().as_secs() < 10, "no answer");
            std::thread::yield_now();
        };
        assert_eq!(result, Err(CheckError::Needed));
    }

    #[test]
    fn codecs_are_known_by_the_names_that_sdp_uses() {
        assert_eq!(codec("pcma"), Some(Codec::Pcma));
        assert_eq!(codec("PCMU"), Some(Codec::Pcmu));
        assert_eq!(codec("G729"), None);
    }
}
