//! A fleet: up to a million phones through a site's power-on, the primary's silent death, a power
//! cut of the whole site and the primary's return (requirement F6).
//!
//! Each phone has the real failover machine, which decides when it sends what where, and the real
//! registration, which numbers and names it; the wire is cheap: a delay for each phone, no loss,
//! messages that are counted and not written. The servers answer any load, so what is seen is the
//! load that the fleet offers them. Phones then do not touch each other, and each is played from
//! its first day to its last before the next: a million fit into no memory at all, and the result
//! does not depend on how many threads share them.

mod chart;
mod life;
mod load;
mod story;
mod verdict;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use failover::Policy;

pub use chart::svg;
pub use load::{Chapter, Outage, Sums};
pub use story::Story;
pub use verdict::{Episode, Verdict, judge};

/// Phones that one thread plays in a row.
const CHUNK: u64 = 100;

/// Who takes part and how they are set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// How many phones.
    pub phones: u64,
    /// What all their dice are drawn from.
    pub seed: u64,
    /// The settings of every line.
    pub policy: Policy,
    /// Registration expiry asked for and granted.
    pub expiry: Duration,
    /// How long a nonce is good for; a REGISTER with an older one is challenged anew.
    pub nonce_life: Duration,
    /// Power comes back to all at once; booting takes some of them so much longer.
    pub boot_scatter: Duration,
    /// Longest time of one way on the wire; each phone has its own.
    pub one_way: Duration,
}

impl Fleet {
    /// So many phones with the default settings.
    #[must_use]
    pub fn of(phones: u64, seed: u64) -> Self {
        Self {
            phones,
            seed,
            policy: Policy::default(),
            expiry: Duration::from_secs(3600),
            // What Kamailio's auth module has by default.
            nonce_life: Duration::from_secs(300),
            boot_scatter: Duration::from_secs(3),
            one_way: Duration::from_millis(40),
        }
    }

    /// Longest time on the wire of a REGISTER with its challenge.
    #[must_use]
    pub fn exchange(&self) -> Duration {
        self.one_way * 4
    }
}

/// Plays the whole fleet on so many threads; `played` counts the phones that are done.
#[must_use]
pub fn play(fleet: &Fleet, story: &Story, threads: usize, played: &AtomicU64) -> Sums {
    let next = AtomicU64::new(0);
    let share = || {
        let mut sums = Sums::new(story);
        loop {
            let first = next.fetch_add(CHUNK, Ordering::Relaxed);
            if first >= fleet.phones {
                return sums;
            }
            let last = (first + CHUNK).min(fleet.phones);
            for number in first..last {
                life::live(fleet, story, number, &mut sums);
            }
            played.fetch_add(last - first, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(share)).collect();
        let mut all = Sums::new(story);
        for thread in threads {
            match thread.join() {
                Ok(sums) => all.add(&sums),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(fleet: &Fleet, threads: usize) -> (Story, Sums) {
        let story = Story::of(fleet);
        let sums = play(fleet, &story, threads, &AtomicU64::new(0));
        (story, sums)
    }

    #[test]
    fn a_fleet_is_the_same_for_the_same_seed_on_any_number_of_threads() {
        let fleet = Fleet::of(250, 7);
        assert_eq!(played(&fleet, 1).1, played(&fleet, 3).1);
        assert_ne!(played(&fleet, 1).1, played(&Fleet::of(250, 8), 1).1);
    }

    /// Requirement F6, at the size that a test has time for.
    #[test]
    fn the_default_settings_keep_every_promise() {
        let fleet = Fleet::of(600, 1);
        let (story, sums) = played(&fleet, 2);
        let verdict = judge(&fleet, &story, &sums);
        assert_eq!(verdict.broken(), Vec::<String>::new());
        assert_eq!(sums.outages(Chapter::SilentDeath).count, 600);
        assert_eq!(sums.outages(Chapter::Reboot).count, 600);
        assert_eq!((sums.returned, sums.unserved_at_end, sums.stale_cseqs), (600, 0, 0));
    }

    /// What the defaults are for.
    #[test]
    fn without_spread_a_rebooting_site_comes_within_its_scatter_and_is_found_out() {
        let mut fleet = Fleet::of(600, 1);
        fleet.policy.keep_alive_spread = 0;
        fleet.policy.boot_spread = Duration::ZERO;
        fleet.policy.failback_jitter = 0;
        let (story, sums) = played(&fleet, 2);
        let verdict = judge(&fleet, &story, &sums);
        let peaks: Vec<u64> = verdict.episodes.iter().map(|episode| episode.peak).collect();
        assert!(peaks.iter().all(|peak| *peak > 600 / 3), "{peaks:?}");
        assert!(verdict.broken().iter().any(|what| what.contains("silent death")), "{verdict:?}");
    }
}
