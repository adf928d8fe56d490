//! The exact worst cases that follow from a policy: how long can a line be cut off?
//!
//! A pure function over settings, for the manual, for a linter of settings and for the tests that
//! hold the machine to it. Times are those of the machine: the network's round trips (and a
//! challenge's) come on top.

use std::time::Duration;

use crate::{Budget, Policy, TIMEOUT, limits};

/// Upper bounds, each reached by some schedule of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstCase {
    /// From the silent death of the current hop, which had answered a keep-alive, to the
    /// registration at another that works. `None` with keep-alives off or with a single hop.
    pub silent_death: Option<Duration>,
    /// The same where no keep-alive was answered yet in this registration: silence proves nothing,
    /// and a REGISTER at the same hop has to find out.
    pub silent_death_unproven: Option<Duration>,
    /// The same at a hop that never answers OPTIONS, or with keep-alives off: found out by the
    /// refresh. `None` with a single hop.
    pub silent_death_unnoticed: Option<Duration>,
    /// From the primary's recovery, all hops healthy, to the line's return. `None` if no failback
    /// is on.
    pub off_primary: Option<Duration>,
    /// The same for a line that is settled at a backup then, a probe perhaps just in vain.
    pub off_primary_settled: Option<Duration>,
}

/// The worst cases of a line with so many hops whose registrations live so long. While a hop asks
/// to be left alone (`Retry-After`) or the link is down, the clock stands.
#[must_use]
pub fn worst_case(policy: &Policy, hops: u8, expires: Duration) -> WorstCase {
    let policy = policy.clone().clamped();
    let hops = usize::from(hops).min(limits::HOPS);
    let (least, most) = limits::EXPIRES;
    let refresh = policy.refresh_after(expires.clamp(least, most), hops);
    let retry = policy.wait(Budget::Retry);
    // The hop that died is tried last; of the others all but one may be dead too.
    let others = u32::try_from(hops.saturating_sub(2)).unwrap_or(0);
    let alone = hops < 2;

    let silent_death = policy
        .keep_alive
        .filter(|_| !alone)
        .map(|interval| interval + policy.keep_alive_wait() + retry * others);
    // The refresh begins at the dead hop, or with signal failback at the primary.
    let unnoticed = refresh + retry * (others + 1);
    // A REGISTER in flight at its last hop may go on to its end in vain when the primary recovers;
    // the longest back-off follows; if the next round finds a backup first, one whole way back
    // comes after it.
    let back = way_back(&policy, refresh).filter(|_| !alone);
    WorstCase {
        silent_death,
        silent_death_unproven: silent_death.map(|time| time + retry),
        silent_death_unnoticed: (!alone).then_some(unnoticed),
        off_primary: back.map(|way| TIMEOUT + policy.backoff_cap + way),
        off_primary_settled: back.map(|way| retry + way),
    }
}

/// From a registration at a backup to the next request that starts at the primary. A probe that is
/// due within one wait of a refresh follows that refresh.
fn way_back(policy: &Policy, refresh: Duration) -> Option<Duration> {
    let damping = if policy.flap_damping { limits::DAMPING } else { 1 };
    let jitter = 100 + u32::from(policy.failback_jitter);
    let interval = policy.failback_interval * damping * jitter / 100;
    let by_interval = policy.register_failback.then(|| interval + policy.wait(Budget::Retry));
    let by_signal = policy.signal_failback.then_some(refresh + policy.signal_hold_off);
    by_interval.into_iter().chain(by_signal).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(time: Option<Duration>) -> Option<u128> {
        time.map(|time| time.as_millis())
    }

    const HOUR: Duration = Duration::from_secs(3600);

    /// Requirement F1; failover design §8: "after at most 33.5 s".
    #[test]
    fn an_idle_line_is_at_the_backup_within_33_and_a_half_seconds() {
        let worst = worst_case(&Policy::default(), 2, HOUR);
        assert_eq!(millis(worst.silent_death), Some(33_500));
        assert_eq!(millis(worst.silent_death_unproven), Some(37_000), "failover design §6");
        let three = worst_case(&Policy::default(), 3, HOUR);
        assert_eq!(millis(three.silent_death), Some(37_000), "the second may be dead too");
    }

    #[test]
    fn without_keep_alive_a_dead_hop_is_found_at_the_refresh() {
        let policy = Policy { keep_alive: None, ..Policy::default() };
        let worst = worst_case(&policy, 2, HOUR);
        assert_eq!(worst.silent_death, None);
        assert_eq!(millis(worst.silent_death_unnoticed), Some(3_600_000 - 40_500 + 3500));
    }

    /// docs/failover.md quotes these.
    #[test]
    fn the_manual_quotes_the_defaults() {
        let seconds = |policy: &Policy| {
            worst_case(policy, 2, HOUR).off_primary.map(|time| time.as_secs_f64())
        };
        let real = Policy::default();
        assert_eq!(seconds(&real), Some(32.0 + 300.0 + 1800.0 * 4.0 * 1.1 + 3.5));
        let settled = worst_case(&real, 2, HOUR).off_primary_settled;
        assert_eq!(millis(settled), Some(7_927_000));
        let steady = Policy { flap_damping: false, ..real };
        assert_eq!(seconds(&steady), Some(2315.5));
        let signal = Policy { register_failback: false, signal_failback: true, ..real };
        assert_eq!(seconds(&signal), Some(32.0 + 300.0 + 3559.5));
        let unnoticed = worst_case(&real, 2, HOUR).silent_death_unnoticed;
        assert_eq!(millis(unnoticed), Some(3_563_000));
    }

    #[test]
    fn with_no_failback_there_is_no_bound_off_the_primary() {
        let policy = Policy { register_failback: false, ..Policy::default() };
        assert_eq!(worst_case(&policy, 2, HOUR).off_primary, None);
        assert_eq!(worst_case(&Policy::default(), 1, HOUR).off_primary, None);
        assert_eq!(worst_case(&Policy::default(), 1, HOUR).silent_death, None);
    }
}
