//! The recorded messages, bounded in octets: the oldest gives way.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use control::Way;
use sip_core::transport::Hop;

/// What an entry takes beside its message.
const OVERHEAD: usize = 128;

/// One message as it was on the wire. Its `Debug` form shows the length only, for it holds secrets.
pub(super) struct Entry {
    /// Its number, from 1.
    pub(super) id: u64,
    pub(super) at: Instant,
    pub(super) way: Way,
    pub(super) local: SocketAddr,
    pub(super) hop: Hop,
    pub(super) message: Box<[u8]>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, way, hop, message, .. } = self;
        write!(f, "Entry({id}, {way:?} {hop}, {} octets)", message.len())
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.message.len() + OVERHEAD
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Ring {
    limit: usize,
    held: usize,
    entries: VecDeque<Entry>,
    next: u64,
}

impl Ring {
    /// Room for `limit` octets, what each entry takes beside its message included.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, held: 0, entries: VecDeque::new(), next: 1 }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Oldest first.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The number of the latest; 0 before the first.
    pub(super) fn latest(&self) -> u64 {
        self.next - 1
    }

    /// How many have given way.
    pub(super) fn forgotten(&self) -> u64 {
        self.next - 1 - self.entries.len() as u64
    }

    /// Records a message; one that is larger than all the room is counted only.
    pub(super) fn record(
        &mut self,
        at: Instant,
        way: Way,
        (local, hop): (SocketAddr, Hop),
        message: &[u8],
    ) {
        let size = message.len() + OVERHEAD;
        while self.held + size > self.limit
            && let Some(oldest) = self.entries.pop_front()
        {
            self.held -= oldest.size();
        }
        let id = self.next;
        self.next += 1;
        if size <= self.limit {
            self.held += size;
            self.entries.push_back(Entry { id, at, way, local, hop, message: message.into() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_message_gives_way_and_the_bound_holds() {
        let mut ring = Ring::new(4096);
        let ends = ("10.0.0.9:5060".parse().unwrap(), "udp:10.0.0.1:5060".parse().unwrap());
        for length in (0..200).map(|n| n * 7 % 1500) {
            ring.record(Instant::now(), Way::Sent, ends, &vec![b'x'; length]);
            let held: usize = ring.entries().map(Entry::size).sum();
            assert!(held <= 4096 && held == ring.held, "{held}");
        }
        let numbers: Vec<u64> = ring.entries().map(|entry| entry.id).collect();
        assert_eq!(numbers.last(), Some(&200));
        assert!(numbers.is_sorted_by(|a, b| a + 1 == *b), "{numbers:?}");
        assert_eq!(ring.forgotten() + numbers.len() as u64, 200);
        ring.record(Instant::now(), Way::Sent, ends, &[b'x'; 5000]);
        assert_eq!((ring.entries().count(), ring.latest(), ring.forgotten()), (0, 201, 201));
    }
}
