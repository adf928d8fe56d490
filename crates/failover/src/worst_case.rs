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
    /// From the instant on which one hop works, all others being dead, to the registration there:
    /// from any state, where hops answer keep-alives.
    pub recovery: Duration,
    /// The same where none is answered, or keep-alives are off.
    pub recovery_unnoticed: Duration,
    /// From the primary's recovery, all hops healthy, to the line's return. `None` if no failback
    /// is on.
    pub off_primary: Option<Duration>,
    /// The same for a line that is settled at a backup then, a probe perhaps just in vain.
    pub off_primary_settled: Option<Duration>,
}

/// What the worst cases need to know of a line beside its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Its hops.
    pub hops: u8,
    /// How long its registrations live.
    pub expires: Duration,
    /// How long the set-up of a connection may take before the hop counts as unavailable
    /// (requirement A2); zero over UDP. A wait for an answer begins after it.
    pub set_up: Duration,
    /// From the silent death of a connection to its discovery by something beside the policy's own
    /// keep-alives, such as CRLF pings (RFC 5626 §4.4.1); counts where the policy has none.
    pub found_otherwise: Option<Duration>,
}

/// The worst cases of a line over UDP with so many hops whose registrations live so long. While a
/// hop asks to be left alone (`Retry-After`) or the link is down, the clock stands.
#[must_use]
pub fn worst_case(policy: &Policy, hops: u8, expires: Duration) -> WorstCase {
    worst_case_of(policy, &Reach { hops, expires, set_up: Duration::ZERO, found_otherwise: None })
}

/// The same of a line whose hops may be reached over connections.
#[must_use]
pub fn worst_case_of(policy: &Policy, reach: &Reach) -> WorstCase {
    let policy = policy.clone().clamped();
    let hops = usize::from(reach.hops).min(limits::HOPS);
    let (least, most) = limits::EXPIRES;
    let refresh = policy.refresh_after(reach.expires.clamp(least, most), hops);
    let retry = policy.wait(Budget::Retry);
    // A set-up that just succeeds, and then silence.
    let each = reach.set_up + retry;
    let before_last = u32::try_from(hops.saturating_sub(1)).unwrap_or(0);
    // The hop that died is tried last; of the others all but one may be dead too.
    let others = before_last.saturating_sub(1);
    let alone = hops < 2;

    let by_keep_alive = policy.keep_alive.map(|interval| interval + policy.keep_alive_wait());
    // A connection that broke is opened again at the same hop first.
    let reopened = if reach.set_up.is_zero() { Duration::ZERO } else { each };
    let silent_death = by_keep_alive
        .or(reach.found_otherwise)
        .filter(|_| !alone)
        .map(|found| found.max(reopened) + each * others);
    // The refresh begins at the dead hop, or with signal failback at the primary.
    let unnoticed = refresh + each * before_last;
    // What finds out without keep-alives is not proven either before its first answer.
    let unproven = match by_keep_alive {
        Some(_) => silent_death.map(|time| time + retry),
        None => silent_death.map(|time| time.max(unnoticed)),
    };
    // The hop that works now was asked in vain a moment ago, first of its round; the longest
    // back-off follows; then it is the last of the next round. Or the line begins after a random
    // wait, or is registered at a hop that has died.
    let round = each * before_last + reach.set_up + TIMEOUT;
    let waits = (round + policy.backoff_cap).max(policy.boot_spread) + each * before_last;
    let recovery = |found: Option<Duration>| found.map_or(waits, |found| found.max(waits));
    let unnoticed = (!alone).then_some(unnoticed);
    // A REGISTER in flight at its last hop may go on to its end in vain when the primary recovers;
    // the longest back-off follows; if the next round finds a backup first, one whole way back
    // comes after it.
    let back = way_back(&policy, refresh).filter(|_| !alone);
    WorstCase {
        silent_death,
        silent_death_unproven: unproven,
        silent_death_unnoticed: unnoticed,
        recovery: recovery(unproven.or(unnoticed)),
        recovery_unnoticed: recovery(unnoticed),
        off_primary: back.map(|way| reach.set_up + TIMEOUT + policy.backoff_cap + way),
        off_primary_settled: back.map(|way| each + way),
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

    /// Failover design §8, "4 s from connect": each dead hop but the one that the line was at costs
    /// the set-up of a connection too.
    #[test]
    fn over_connections_each_further_dead_hop_costs_its_set_up_as_well() {
        let over = |hops, policy: &Policy| {
            let (set_up, found_otherwise) = (Duration::from_secs(4), Some(Duration::from_secs(40)));
            worst_case_of(policy, &Reach { hops, expires: HOUR, set_up, found_otherwise })
        };
        let real = Policy::default();
        assert_eq!(millis(over(2, &real).silent_death), Some(33_500), "the connection is there");
        assert_eq!(millis(over(3, &real).silent_death), Some(33_500 + 7_500));
        assert_eq!(millis(over(2, &real).off_primary_settled), Some(7_927_000 + 4_000));
        let pings = Policy { keep_alive: None, ..real };
        assert_eq!(millis(over(2, &pings).silent_death), Some(40_000), "found by a ping");
        assert_eq!(over(2, &pings).silent_death_unproven, over(2, &pings).silent_death_unnoticed);
        let hasty = Policy { keep_alive: Some(Duration::from_secs(1)), ..pings };
        assert_eq!(millis(over(2, &hasty).silent_death), Some(7_500), "opened again in vain");
    }

    /// The rule that a simulation of a day is held to: 24 h without a longer gap (failover design §6).
    #[test]
    fn a_line_whose_every_hop_had_failed_recovers_within_a_round_a_back_off_and_a_round() {
        let policy = Policy::default();
        let recovery = |hops| worst_case(&policy, hops, HOUR).recovery.as_secs_f64();
        assert_eq!(recovery(2), 3.5 + 32.0 + 300.0 + 3.5);
        assert_eq!(recovery(1), 32.0 + 300.0);
        let worst = worst_case(&policy, 2, HOUR);
        assert_eq!(Some(worst.recovery_unnoticed), worst.silent_death_unnoticed);
    }

    #[test]
    fn with_no_failback_there_is_no_bound_off_the_primary() {
        let policy = Policy { register_failback: false, ..Policy::default() };
        assert_eq!(worst_case(&policy, 2, HOUR).off_primary, None);
        assert_eq!(worst_case(&Policy::default(), 1, HOUR).off_primary, None);
        assert_eq!(worst_case(&Policy::default(), 1, HOUR).silent_death, None);
    }
}
