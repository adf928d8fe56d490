//! One call's packets and sound, sans-IO: datagrams and microphone frames in, datagrams and ear
//! frames out, time passed in. Joins `rtp`, `codec` and `playout`, checks who may speak to us, and
//! notices silence. Sockets and devices are elsewhere.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::settings::{CallStats, MediaEventKind, StreamSettings};
use crate::codec::{Codec, Encoder};
use crate::jitter::Arrival;
use crate::playout::Playout;
use crate::rtp::dtmf::{EventReceiver, EventSender, Outgoing, TelephoneEvent};
use crate::rtp::{NtpClock, Packet, Reception, Session};
use crate::tone::ToneGenerator;
use crate::{Digit, FRAME_SAMPLES, Frame, SAMPLE_RATE, SILENCE, Tone, limits};

/// Payload types that are RTCP packet types on the RTP port (RFC 5761 §4).
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 72..=76;

/// After so long without a packet from the port that was kept, another port may speak.
const PORT_KEPT: Duration = Duration::from_millis(500);

const SAMPLES: u32 = FRAME_SAMPLES as u32;

/// See the module.
pub(super) struct Stream {
    settings: StreamSettings,
    session: Session,
    playout: Playout,
    encoder: Box<dyn Encoder>,
    /// Payload of the packet that is being filled, how many frames it has and when it began.
    filling: Vec<u8>,
    frames: u32,
    began: u32,
    /// The next packet of sound begins a talkspurt.
    marker: bool,
    keys_out: EventSender,
    keys_in: EventReceiver,
    key_tone: Option<ToneGenerator>,
    /// What the ear hears of our own key in this tick.
    sidetone: Option<Frame>,
    port: Option<(SocketAddr, Instant)>,
    heard: Instant,
    heard_any: bool,
    told_silence: bool,
    refused: u64,
    events: VecDeque<MediaEventKind>,
}

impl Stream {
    /// A stream as first negotiated. `seed` makes its numbers unpredictable.
    pub(super) fn new(settings: StreamSettings, clock: NtpClock, seed: u64, now: Instant) -> Self {
        let rate = settings.codec.clock_rate();
        let session = Session::new(settings.ssrc, settings.cname.clone(), rate, clock, seed, now);
        Self {
            session,
            playout: Playout::default(),
            encoder: settings.codec.encoder(),
            filling: Vec::new(),
            frames: 0,
            began: 0,
            marker: true,
            keys_out: EventSender::default(),
            keys_in: EventReceiver::default(),
            key_tone: None,
            sidetone: None,
            port: None,
            heard: now,
            heard_any: false,
            told_silence: false,
            refused: 0,
            events: VecDeque::new(),
            settings,
        }
    }

    /// The stream as negotiated anew.
    pub(super) fn set(&mut self, settings: StreamSettings, now: Instant) {
        let before = std::mem::replace(&mut self.settings, settings);
        if before.codec != self.settings.codec {
            self.encoder = self.settings.codec.encoder();
            self.filling.clear();
            self.frames = 0;
        }
        if before.remote != self.settings.remote {
            self.port = None;
        }
        if before.receive != self.settings.receive {
            self.playout.reset();
            self.heard = now;
            self.told_silence = false;
        }
    }

    /// Queues a key. False: too many wait.
    pub(super) fn queue_digit(&mut self, digit: Digit, ms: u32) -> bool {
        self.keys_out.queue(digit, ms)
    }

    /// Takes a datagram of the RTP port.
    pub(super) fn receive_rtp(&mut self, datagram: &[u8], from: SocketAddr, at: Instant) {
        if from.ip() != self.settings.remote.ip() {
            self.refused += 1;
            return;
        }
        let Ok(packet) = Packet::parse(datagram) else {
            self.refused += 1;
            return;
        };
        if RTCP_TYPES.contains(&packet.payload_type) {
            self.receive_rtcp(datagram, from, at);
            return;
        }
        if !self.port_may_speak(from, at) {
            self.refused += 1;
            return;
        }
        match self.session.receive(&packet, at) {
            Reception::Refused => {
                self.refused += 1;
                return;
            }
            Reception::NewSource => {
                self.playout.reset();
                self.keys_in.reset();
                self.collect_keys();
            }
            Reception::Accepted => {}
        }
        self.port = Some((from, at));
        self.hear(at);
        if !std::mem::replace(&mut self.heard_any, true) {
            self.tell(MediaEventKind::FirstPacket);
        }
        self.take_payload(&packet, at);
    }

    /// Symmetric RTP (RFC 4961): any port of the peer's address, but one at a time.
    fn port_may_speak(&self, from: SocketAddr, at: Instant) -> bool {
        self.port.is_none_or(|(port, last)| {
            port == from || at.saturating_duration_since(last) >= PORT_KEPT
        })
    }

    fn take_payload(&mut self, packet: &Packet<'_>, at: Instant) {
        if Some(packet.payload_type) == self.settings.dtmf_payload_type {
            if let Ok(event) = TelephoneEvent::parse(packet.payload) {
                self.keys_in.receive(packet.timestamp, event, at);
                self.collect_keys();
            }
            return;
        }
        let codec = if packet.payload_type == self.settings.payload_type {
            Some(self.settings.codec)
        } else {
            Codec::from_static_payload_type(packet.payload_type)
        };
        if let Some(codec) = codec.filter(|_| self.settings.receive) {
            let payload = packet.payload.to_vec();
            self.playout.insert(Arrival { timestamp: packet.timestamp, codec, payload }, at);
        }
    }

    /// Takes a datagram of the RTCP port.
    pub(super) fn receive_rtcp(&mut self, datagram: &[u8], from: SocketAddr, at: Instant) {
        let remote = &self.settings;
        let known = from.ip() == remote.remote.ip()
            || remote.remote_rtcp.is_some_and(|rtcp| rtcp.ip() == from.ip());
        if known && self.session.receive_rtcp(datagram, at).is_ok() {
            self.hear(at);
        } else {
            self.refused += 1;
        }
    }

    fn hear(&mut self, at: Instant) {
        self.heard = self.heard.max(at);
        self.told_silence = false;
    }

    /// One tick of speech; `None` is sent as silence. Appends a datagram to `out` if one is due
    /// and says where it goes.
    pub(super) fn speak(&mut self, sound: Option<&Frame>, out: &mut Vec<u8>) -> Option<SocketAddr> {
        let timestamp = self.session.timestamp();
        self.session.advance(SAMPLES);
        let pressed = self.keys_out.sounding();
        let event = self.keys_out.tick(timestamp, SAMPLES);
        let pressed = event.and_then(|_| pressed.or(self.keys_out.sounding()));
        self.sidetone = self.key_frame(pressed);

        let remote = self.settings.remote;
        if !self.settings.send || remote.ip().is_unspecified() || remote.port() == 0 {
            self.filling.clear();
            self.frames = 0;
            self.marker = true;
            return None;
        }
        if let (Some(event), Some(payload_type)) = (event, self.settings.dtmf_payload_type) {
            self.speak_event(event, payload_type, out);
            return Some(remote);
        }
        // Where keys were not negotiated they are heard as tones in place of the microphone.
        let key = self.sidetone;
        let sound = key.as_ref().or(sound).unwrap_or(&SILENCE);
        self.speak_sound(sound, timestamp, out).then_some(remote)
    }

    fn key_frame(&mut self, pressed: Option<Digit>) -> Option<Frame> {
        let tone = pressed.map(Tone::Digit);
        if self.key_tone.as_ref().map(ToneGenerator::tone) != tone {
            self.key_tone = tone.map(ToneGenerator::new);
        }
        self.key_tone.as_mut().map(ToneGenerator::frame)
    }

    fn speak_event(&mut self, event: Outgoing, payload_type: u8, out: &mut Vec<u8>) {
        self.filling.clear();
        self.frames = 0;
        let payload = event.event.octets();
        self.session.send(payload_type, event.marker, event.timestamp, &payload, out);
    }

    fn speak_sound(&mut self, sound: &Frame, timestamp: u32, out: &mut Vec<u8>) -> bool {
        if self.frames == 0 {
            self.began = timestamp;
        }
        self.encoder.encode(sound, &mut self.filling);
        self.frames += 1;
        let wanted = (self.settings.ptime_ms / 20).clamp(1, limits::FRAMES_PER_PACKET);
        if self.frames < wanted {
            return false;
        }
        let marker = std::mem::take(&mut self.marker);
        let payload_type = self.settings.payload_type;
        self.session.send(payload_type, marker, self.began, &self.filling, out);
        self.filling.clear();
        self.frames = 0;
        true
    }

    /// Ticks were left out: time has passed without us.
    pub(super) fn skip(&mut self, ticks: u32) {
        self.session.advance(ticks.wrapping_mul(SAMPLES));
        self.marker = true;
    }

    /// The next 20 ms of the other side. To be asked each tick, listened to or not.
    pub(super) fn listen(&mut self, now: Instant) -> Frame {
        self.playout.frame(now)
    }

    /// Our own key as the ear hears it in this tick.
    pub(super) fn sidetone(&self) -> Option<&Frame> {
        self.sidetone.as_ref()
    }

    /// What time alone brings: ends of keys, silence.
    pub(super) fn watch(&mut self, now: Instant) {
        self.keys_in.expire(now);
        self.collect_keys();
        let Some(timeout) = self.settings.timeout.filter(|_| self.settings.receive) else { return };
        if !self.told_silence && now.saturating_duration_since(self.heard) >= timeout {
            self.told_silence = true;
            self.tell(MediaEventKind::Silence { since: self.heard });
        }
    }

    /// Appends a report to `out` if one is due and says where it goes.
    pub(super) fn report(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        if self.session.report_due() > now {
            return None;
        }
        self.session.report(now, out);
        self.rtcp_remote()
    }

    /// Appends the farewell to `out` and says where it goes.
    pub(super) fn bye(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<SocketAddr> {
        self.session.bye(now, out);
        self.rtcp_remote()
    }

    fn rtcp_remote(&self) -> Option<SocketAddr> {
        let mut above = self.settings.remote;
        above.set_port(above.port().checked_add(1)?);
        let remote = self.settings.remote_rtcp.unwrap_or(above);
        (!remote.ip().is_unspecified() && remote.port() > 1).then_some(remote)
    }

    /// The next event.
    pub(super) fn poll_event(&mut self) -> Option<MediaEventKind> {
        self.events.pop_front()
    }

    /// The counters.
    pub(super) fn stats(&self) -> CallStats {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        CallStats {
            sent: u64::from(self.session.sent()),
            received: self.session.received(),
            lost: self.session.lost(),
            jitter_ms: ms(self.session.jitter()),
            rtt_ms: self.session.round_trip().map(ms),
            late: self.playout.counters().late,
            buffer_ms: ms(self.playout.delay()),
            far_loss: self.session.far_end().map(|far| far.lost),
            far_jitter_ms: self.session.far_end().map(|far| ms(far.jitter)),
            concealed: self.playout.concealed() * 50 / u64::from(SAMPLE_RATE),
            refused: self.refused,
        }
    }

    fn collect_keys(&mut self) {
        while let Some(heard) = self.keys_in.poll_heard() {
            let (digit, duration_ms) = (heard.digit, heard.duration_ms);
            self.tell(MediaEventKind::Dtmf { digit, duration_ms });
        }
    }

    fn tell(&mut self, event: MediaEventKind) {
        if self.events.len() < limits::EVENTS_QUEUED {
            self.events.push_back(event);
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
