//! One call in the worker: its sockets and, once negotiated, its stream. Moves datagrams between
//! the two and nothing else.

use std::net::SocketAddr;

use super::settings::{CallStats, MediaEventKind, StreamSettings};
use super::socket::{Clocks, Inbox, PortPair, send};
use super::stream::Stream;
use crate::rtp::NtpClock;
use crate::{Digit, Frame, SILENCE, limits};

/// See the module.
pub(super) struct Call {
    ports: PortPair,
    stream: Option<Stream>,
    /// Reused for each datagram sent.
    out: Vec<u8>,
    told_unsendable: bool,
    muted: bool,
}

impl Call {
    pub(super) fn new(ports: PortPair) -> Self {
        Self {
            ports,
            stream: None,
            out: Vec::with_capacity(limits::DATAGRAM),
            told_unsendable: false,
            muted: false,
        }
    }

    /// Starts or changes the stream.
    pub(super) fn set(
        &mut self,
        settings: StreamSettings,
        clock: NtpClock,
        seed: impl FnOnce() -> u64,
        clocks: &Clocks,
    ) {
        self.told_unsendable = false;
        match &mut self.stream {
            Some(stream) => stream.set(settings, clocks.now),
            None => self.stream = Some(Stream::new(settings, clock, seed(), clocks.now)),
        }
    }

    /// Sends silence from now on, whatever is said; or no longer.
    pub(super) fn mute(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub(super) fn queue_digit(&mut self, digit: Digit, ms: u32) {
        if !self.stream.as_mut().is_some_and(|stream| stream.queue_digit(digit, ms)) {
            tracing::warn!(%digit, "key not sent: no stream, or too many keys wait");
        }
    }

    /// Takes what has arrived. Without a stream it is read and dropped, so that old packets do not
    /// wait for it.
    pub(super) fn receive(&mut self, inbox: &mut Inbox, clocks: &Clocks) {
        for _ in 0..limits::DATAGRAMS_PER_TICK {
            let Some(received) = inbox.receive(&self.ports.rtp, clocks) else { break };
            if let Some(stream) = &mut self.stream {
                stream.receive_rtp(received.octets, received.from, received.at);
            }
        }
        for _ in 0..limits::DATAGRAMS_PER_TICK {
            let Some(received) = inbox.receive(&self.ports.rtcp, clocks) else { break };
            if let Some(stream) = &mut self.stream {
                stream.receive_rtcp(received.octets, received.from, received.at);
            }
        }
    }

    /// Sends a tick of sound (`None`: silence), and a report when one is due.
    pub(super) fn speak(&mut self, sound: Option<&Frame>, clocks: &Clocks) {
        let Some(stream) = &mut self.stream else { return };
        let sound = sound.filter(|_| !self.muted);
        self.out.clear();
        if let Some(to) = stream.speak(sound, &mut self.out) {
            self.send_rtp(to);
        }
        let Some(stream) = &mut self.stream else { return };
        stream.watch(clocks.now);
        self.out.clear();
        if let Some(to) = stream.report(clocks.now, &mut self.out) {
            let _ = send(&self.ports.rtcp, &self.out, to);
        }
    }

    fn send_rtp(&mut self, to: SocketAddr) {
        match send(&self.ports.rtp, &self.out, to) {
            Ok(()) => self.told_unsendable = false,
            // Told once, not fifty times a second.
            Err(error) if !self.told_unsendable => {
                self.told_unsendable = true;
                tracing::warn!(%to, %error, "rtp cannot be sent");
            }
            Err(_) => {}
        }
    }

    /// The next 20 ms of the other side.
    pub(super) fn listen(&mut self, clocks: &Clocks) -> Frame {
        self.stream.as_mut().map_or(SILENCE, |stream| stream.listen(clocks.now))
    }

    pub(super) fn sidetone(&self) -> Option<&Frame> {
        self.stream.as_ref()?.sidetone()
    }

    pub(super) fn skip(&mut self, ticks: u32) {
        if let Some(stream) = &mut self.stream {
            stream.skip(ticks);
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<MediaEventKind> {
        self.stream.as_mut()?.poll_event()
    }

    pub(super) fn stats(&self) -> CallStats {
        self.stream.as_ref().map(Stream::stats).unwrap_or_default()
    }

    /// Says goodbye by RTCP.
    pub(super) fn close(&mut self, clocks: &Clocks) {
        let Some(stream) = &mut self.stream else { return };
        self.out.clear();
        if let Some(to) = stream.bye(clocks.now, &mut self.out) {
            let _ = send(&self.ports.rtcp, &self.out, to);
        }
    }
}
