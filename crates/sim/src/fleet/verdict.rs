//! Holds what a fleet came to against what its settings promise (requirement F6).

use std::time::Duration;

use failover::{HopId, worst_case};

use super::{Chapter, Fleet, Story, Sums};

/// The busiest second may have so many times the mean.
const PEAK: u64 = 2;

/// One time at which a fleet comes to one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// What happened, in words.
    pub name: &'static str,
    /// The server that they come to.
    pub hop: HopId,
    /// When it begins.
    pub from: Duration,
    /// When all have come.
    pub to: Duration,
    /// Over how long the settings spread them.
    pub window: Duration,
    /// REGISTERs in all, challenged ones counted too.
    pub total: u64,
    /// REGISTERs in the busiest second.
    pub peak: u64,
}

impl Episode {
    /// REGISTERs a second if they came evenly over the window.
    #[must_use]
    pub fn mean(&self) -> f64 {
        // Far below 2^52.
        self.total as f64 / self.window.as_secs_f64().max(1.0)
    }

    /// Whether the busiest second is no busier than that, or than chance makes it where few arrive:
    /// each comes twice, so that the spread of a second's count is the root of twice the mean.
    fn is_even(&self) -> bool {
        let mean = self.mean();
        let chance = mean + 5.0 * (2.0 * mean).sqrt();
        self.peak as f64 <= (PEAK as f64 * mean).max(chance)
    }
}

/// How a fleet did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Each time the fleet came to a server.
    pub episodes: Vec<Episode>,
    /// What was promised to each phone: in words, the longest seen, the bound.
    pub promises: Vec<(&'static str, Duration, Option<Duration>)>,
    /// What must be zero: in words, the count.
    pub faults: Vec<(&'static str, u64)>,
}

impl Verdict {
    /// Every promise that was broken, a sentence each.
    #[must_use]
    pub fn broken(&self) -> Vec<String> {
        let uneven = self.episodes.iter().filter(|episode| !episode.is_even()).map(|episode| {
            let Episode { name, peak, .. } = episode;
            let mean = episode.mean();
            format!("{name}: {peak} REGISTERs in one second, more than {PEAK} times {mean:.1}")
        });
        let late = self.promises.iter().filter_map(|(what, seen, bound)| {
            let bound = bound.filter(|bound| seen > bound)?;
            Some(format!("{what}: {seen:?}, promised {bound:?}"))
        });
        let faults = self.faults.iter().filter(|(_, count)| *count > 0);
        let faults = faults.map(|(what, count)| format!("{what}: {count}"));
        uneven.chain(late).chain(faults).collect()
    }
}

/// Judges a fleet.
#[must_use]
pub fn judge(fleet: &Fleet, story: &Story, sums: &Sums) -> Verdict {
    let policy = &fleet.policy;
    let second = Duration::from_secs(1);
    let jitter = policy.failback_interval * 2 * u32::from(policy.failback_jitter) / 100;
    let episode = |name, hop, (from, to), window: Duration| {
        let seen = sums.registers(hop, from, to);
        let peak = seen.iter().copied().max().unwrap_or(0);
        let window = window.max(second);
        Episode { name, hop, from, to, window, total: seen.iter().sum(), peak }
    };
    let (backup, primary) = (HopId(1), HopId::PRIMARY);
    let keep_alive = policy.keep_alive.unwrap_or(fleet.expiry);
    let spread = policy.boot_spread;
    let zero = Duration::ZERO;
    let worst = worst_case(policy, 2, fleet.expiry);
    let exchange = fleet.exchange();
    let out = |chapter| sums.outages(chapter).longest;
    Verdict {
        episodes: vec![
            episode("power-on, at the primary", primary, (zero, story.dies), spread),
            episode("silent death, at the backup", backup, (story.dies, story.reboot), keep_alive),
            episode(
                "reboot of the site, at the backup",
                backup,
                (story.reboot, story.back),
                spread,
            ),
            episode("failback, at the primary", primary, (story.back, story.ends), jitter),
        ],
        promises: vec![
            ("out after power-on", out(Chapter::PowerOn), Some(spread + exchange)),
            (
                "out after the silent death",
                out(Chapter::SilentDeath),
                worst.silent_death.map(|bound| bound + exchange),
            ),
            ("out after the reboot", out(Chapter::Reboot), Some(spread + exchange)),
            (
                "back after the primary's return",
                sums.longest_return,
                worst.off_primary_settled.map(|bound| bound + exchange),
            ),
        ],
        faults: vec![
            ("phones registered through no working hop at the end", sums.unserved_at_end),
            ("phones that did not come back", fleet.phones.abs_diff(sums.returned)),
            ("REGISTERs that a shared location table refuses", sums.stale_cseqs),
        ],
    }
}
