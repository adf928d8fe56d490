//! What a fleet comes to: REGISTERs for each server and second, and how long phones were out.

use std::time::Duration;

use failover::HopId;

use super::Story;

/// What a phone was put out by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chapter {
    /// The site is switched on for the first time.
    PowerOn,
    /// The primary has fallen silent.
    SilentDeath,
    /// The site's power was cut.
    Reboot,
}

/// Times out of service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outage {
    /// How many ended.
    pub count: u64,
    /// The longest.
    pub longest: Duration,
}

/// Sums over phones; those of two halves of a fleet add up to those of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// REGISTERs that arrived at the primary and at the backup in each second, challenged ones
    /// counted too.
    registers: [Vec<u64>; 2],
    outages: [Outage; 3],
    /// Phones that came back to the primary.
    pub returned: u64,
    /// The longest time from the primary's return to a phone's.
    pub longest_return: Duration,
    /// Phones that were registered through no working hop at the end.
    pub unserved_at_end: u64,
    /// REGISTERs whose CSeq was not above the last in the same Call-ID, which registrars that share
    /// a location table refuse.
    pub stale_cseqs: u64,
    /// OPTIONS sent.
    pub options: u64,
}

impl Sums {
    pub(super) fn new(story: &Story) -> Self {
        let seconds = usize::try_from(story.ends.as_secs()).unwrap_or(usize::MAX);
        Self {
            registers: [vec![0; seconds], vec![0; seconds]],
            outages: [Outage::default(); 3],
            returned: 0,
            longest_return: Duration::ZERO,
            unserved_at_end: 0,
            stale_cseqs: 0,
            options: 0,
        }
    }

    pub(super) fn count_register(&mut self, hop: HopId, at: Duration) {
        let server = self.registers.get_mut(usize::from(hop.0));
        let second = usize::try_from(at.as_secs()).ok();
        if let Some(count) = server.zip(second).and_then(|(server, at)| server.get_mut(at)) {
            *count += 1;
        }
    }

    pub(super) fn count_outage(&mut self, chapter: Chapter, took: Duration) {
        let outage = &mut self.outages[chapter as usize];
        outage.count += 1;
        outage.longest = outage.longest.max(took);
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.registers.iter_mut().zip(&other.registers) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine += theirs;
            }
        }
        for (mine, theirs) in self.outages.iter_mut().zip(&other.outages) {
            mine.count += theirs.count;
            mine.longest = mine.longest.max(theirs.longest);
        }
        self.returned += other.returned;
        self.longest_return = self.longest_return.max(other.longest_return);
        self.unserved_at_end += other.unserved_at_end;
        self.stale_cseqs += other.stale_cseqs;
        self.options += other.options;
    }

    /// REGISTERs at a hop in each second from one time to another.
    #[must_use]
    pub fn registers(&self, hop: HopId, from: Duration, to: Duration) -> &[u64] {
        let second = |at: Duration| usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        let all = self.registers.get(usize::from(hop.0)).map_or(&[][..], Vec::as_slice);
        let to = second(to).min(all.len());
        all.get(second(from).min(to)..to).unwrap_or_default()
    }

    /// How long phones were out for this reason.
    #[must_use]
    pub fn outages(&self, chapter: Chapter) -> Outage {
        self.outages[chapter as usize]
    }
}
