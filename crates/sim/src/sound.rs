//! The sound of all phones, reduced to the one question that signalling depends on: who still
//! hears anything. A stream is fed while some other stream sends to its port (RTP, or RTCP from a
//! stream that is held); one that is not fed for its time-out is reported silent, once.
//!
//! No packet is made; deadlines are computed when a stream opens, changes or closes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A stream's owner: which phone, and the phone's own number of the call.
pub type Owner = (usize, u32);

#[derive(Debug, Clone)]
struct Stream {
    local: SocketAddr,
    remote: Option<SocketAddr>,
    timeout: Option<Duration>,
    /// Since when nothing comes; `None` while fed.
    silent_since: Option<Instant>,
    reported: bool,
}

/// All streams of a world.
#[derive(Debug, Clone, Default)]
pub struct Sound {
    streams: BTreeMap<Owner, Stream>,
}

impl Sound {
    /// Opens a stream on a local port; it hears nothing yet.
    pub fn start(&mut self, owner: Owner, local: SocketAddr, now: Instant) {
        let stream =
            Stream { local, remote: None, timeout: None, silent_since: Some(now), reported: false };
        self.streams.insert(owner, stream);
        self.refeed(now);
    }

    /// Sets where a stream sends and after what silence it is reported; a new time-out counts
    /// from now.
    pub fn set(
        &mut self,
        owner: Owner,
        remote: SocketAddr,
        timeout: Option<Duration>,
        now: Instant,
    ) {
        if let Some(stream) = self.streams.get_mut(&owner) {
            if stream.timeout.is_none() && stream.silent_since.is_some() {
                stream.silent_since = Some(now);
                stream.reported = false;
            }
            stream.remote = Some(remote);
            stream.timeout = timeout;
        }
        self.refeed(now);
    }

    /// Closes a stream.
    pub fn stop(&mut self, owner: Owner, now: Instant) {
        self.streams.remove(&owner);
        self.refeed(now);
    }

    /// Closes all streams of a phone.
    pub fn stop_all_of(&mut self, phone: usize, now: Instant) {
        self.streams.retain(|owner, _| owner.0 != phone);
        self.refeed(now);
    }

    /// Streams that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.streams.len()
    }

    /// When a stream is next reported silent.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.streams
            .values()
            .filter_map(Stream::deadline)
            .min()
            .map(|at| (at, "a stream is silent"))
    }

    /// The streams whose time-out has passed, each named once.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Owner> {
        let mut silent = Vec::new();
        for (owner, stream) in &mut self.streams {
            if stream.deadline().is_some_and(|at| at <= now) {
                stream.reported = true;
                silent.push(*owner);
            }
        }
        silent
    }

    fn refeed(&mut self, now: Instant) {
        let sent_to: Vec<SocketAddr> = self.streams.values().filter_map(|s| s.remote).collect();
        for stream in self.streams.values_mut() {
            if sent_to.contains(&stream.local) {
                stream.silent_since = None;
                stream.reported = false;
            } else {
                stream.silent_since.get_or_insert(now);
            }
        }
    }
}

impl Stream {
    fn deadline(&self) -> Option<Instant> {
        if self.reported {
            return None;
        }
        Some(self.silent_since? + self.timeout?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        Instant::now()
    }

    fn port(n: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 1, 1], n))
    }

    #[test]
    fn a_stream_whose_other_end_closed_is_silent_after_its_timeout_once() {
        let (now, minute) = (start(), Duration::from_secs(60));
        let mut sound = Sound::default();
        sound.start((0, 1), port(4000), now);
        sound.start((1, 1), port(4002), now);
        sound.set((0, 1), port(4002), Some(minute), now);
        sound.set((1, 1), port(4000), Some(minute), now);
        assert_eq!(sound.poll_timeout(), None, "both are fed");
        let closed = now + Duration::from_secs(5);
        sound.stop((1, 1), closed);
        assert_eq!(sound.poll_timeout().map(|t| t.0), Some(closed + minute));
        assert_eq!(sound.handle_timeout(closed + minute), [(0, 1)]);
        assert_eq!(sound.poll_timeout(), None);
    }

    #[test]
    fn a_held_stream_has_no_deadline_and_counts_anew_when_taken_back() {
        let (now, minute) = (start(), Duration::from_secs(60));
        let mut sound = Sound::default();
        sound.start((0, 1), port(4000), now);
        sound.set((0, 1), port(4002), None, now);
        assert_eq!(sound.poll_timeout(), None);
        let resumed = now + Duration::from_secs(300);
        sound.set((0, 1), port(4002), Some(minute), resumed);
        assert_eq!(sound.poll_timeout().map(|t| t.0), Some(resumed + minute));
    }
}
