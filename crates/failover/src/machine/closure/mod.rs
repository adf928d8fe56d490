//! Closure: every reachable state of the machine, for 2 and 3 hops, breadth first.
//!
//! The world may do anything at any event: answer what is in flight well, refuse it, fail it, hold
//! it off or stay silent, show other evidence, cut the link; the user may register and
//! un-register. So every history of hops that are up, silent, refusing or busy, changing while
//! attempts are in flight, is among the paths. Times are seen relative to now, so that equal
//! situations merge and the walk ends. Jitter is pinned; intervals are not multiples of each other
//! (a spike had shown that multiples hide late refreshes).
//!
//! At every state: never stuck, no stale timer, one REGISTER in flight, refresh in time, current
//! hop sane, late outcomes change nothing. From every state: once all is healed the primary is
//! current within the bound, a settled line whose hop dies is at a working hop within its own, and
//! with one hop that is well, whichever, the line comes to it within a third.

mod bounds;
mod checks;
mod fingerprint;
mod model;
mod walk;
mod wander;

use std::time::Duration;

use crate::{Policy, Retry, WorstCase, worst_case};
use model::{Config, Faults};
use walk::Report;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Intervals without common factors, everything random pinned.
fn pinned() -> Policy {
    Policy {
        retry: Retry::Time(secs(2)),
        register_failback: true,
        failback_interval: secs(43),
        signal_failback: false,
        signal_hold_off: secs(0),
        keep_alive: None,
        keep_alive_budget: None,
        keep_alive_spread: 0,
        watch: None,
        backoff_base: secs(11),
        backoff_cap: secs(31),
        backoff_spread: 0,
        suspect_interval: secs(13),
        known_dead_last: true,
        flap_damping: false,
        flap_window: secs(29),
        boot_spread: secs(0),
        failback_jitter: 0,
    }
}

/// Nothing but answers and silence.
const CALM: Faults = Faults {
    hold_off: None,
    evidence: false,
    suspect: false,
    icmp: false,
    late: false,
    control: false,
    link: false,
    dial: false,
    drill: false,
};

const HELD: Faults = Faults { hold_off: Some(secs(5)), ..CALM };

fn keep_alive(seconds: u64) -> Policy {
    Policy { keep_alive: Some(secs(seconds)), ..pinned() }
}

/// Signal failback alone.
fn signal() -> Policy {
    Policy { signal_failback: true, ..stay() }
}

/// No failback at all.
fn stay() -> Policy {
    Policy { register_failback: false, ..pinned() }
}

/// Walks, prints what was seen beside what was promised, and holds it to that.
fn close(hops: u8, policy: Policy, faults: Faults) -> (Report, WorstCase) {
    let config = Config { hops, policy, expires: secs(79), faults, limit: limit() };
    let worst = worst_case(&config.policy, hops, config.expires);
    let report = walk::walk(&config);
    println!("{hops} hops: {report}; promised {:?} home", worst.off_primary);
    let home = report.home.map(|home| home.any);
    assert_eq!(home.is_some(), worst.off_primary.is_some());
    assert!(home <= worst.off_primary, "{report} > {worst:?}");
    let settled = report.home.map(|home| home.settled);
    assert!(settled <= worst.off_primary_settled, "{report} > {worst:?}");
    (report, worst)
}

#[expect(clippy::disallowed_methods, reason = "chooses the grid, not the behaviour")]
fn large() -> bool {
    std::env::var("FAILOVER_CLOSURE").is_ok_and(|grid| grid == "large")
}

/// States that a walk may visit.
fn limit() -> usize {
    if large() { 4_000_000 } else { 120_000 }
}

/// Hold-offs reach the worst case exactly: a REGISTER in vain at the last hop, the longest
/// back-off, a backup that is found first, one whole interval.
#[test]
fn two_hops_with_register_failback_come_home_within_the_exact_bound() {
    let (report, worst) = close(2, pinned(), HELD);
    let home = report.home.unwrap();
    // One wait is only promised for intervals that end just before a refresh.
    let wait = pinned().retry.wait(false);
    assert_eq!(home.any + wait, worst.off_primary.unwrap());
    assert!(home.settled + wait >= worst.off_primary_settled.unwrap());
    assert_eq!(report.recovery, worst.recovery_unnoticed);
    assert_eq!(report.unnoticed, worst.silent_death_unnoticed.unwrap());
}

#[test]
fn three_hops_with_register_failback_close() {
    let (report, worst) = close(3, pinned(), CALM);
    assert_eq!(report.unnoticed, worst.silent_death_unnoticed.unwrap());
}

#[test]
fn two_hops_with_keep_alives_and_register_failback_leave_a_dead_hop_in_time() {
    let (report, worst) = close(2, keep_alive(29), CALM);
    assert_eq!(report.death, worst.silent_death.unwrap());
}

#[test]
fn three_hops_with_keep_alives_leave_a_dead_hop_in_time_also_if_the_second_is_dead_too() {
    let policy = Policy { register_failback: false, ..keep_alive(29) };
    let (report, worst) = close(3, policy, CALM);
    assert_eq!(report.death, worst.silent_death.unwrap());
    assert_eq!(report.recovery, worst.recovery);
}

#[test]
fn two_hops_with_keep_alives_icmp_and_hold_offs_close() {
    let policy = Policy { register_failback: false, ..keep_alive(29) };
    close(2, policy, Faults { icmp: true, ..HELD });
}

#[test]
fn answers_to_options_that_come_after_their_wait_at_any_time_close() {
    let policy = Policy { register_failback: false, ..keep_alive(29) };
    let (report, worst) = close(2, policy, Faults { late: true, ..CALM });
    assert_eq!(report.death, worst.silent_death.unwrap());
}

#[test]
fn signal_failback_alone_brings_the_line_home_within_the_exact_bound() {
    for hops in [2, 3] {
        let (report, worst) = close(hops, signal(), HELD);
        assert_eq!(report.home.map(|home| home.any), worst.off_primary);
    }
}

#[test]
fn signal_failback_with_a_hold_off_comes_home_although_calls_use_it_up() {
    let policy = Policy { signal_hold_off: secs(17), ..signal() };
    close(2, policy, Faults { dial: true, ..HELD });
}

#[test]
fn evidence_of_other_requests_at_any_time_closes() {
    close(2, signal(), Faults { evidence: true, ..CALM });
}

#[test]
fn suspicion_at_any_time_closes() {
    close(2, pinned(), Faults { suspect: true, ..CALM });
    close(3, stay(), Faults { suspect: true, ..CALM });
}

#[test]
fn a_link_that_goes_down_and_up_at_any_time_closes() {
    close(2, pinned(), Faults { link: true, ..CALM });
}

#[test]
fn a_user_who_registers_and_unregisters_at_any_time_closes() {
    close(2, pinned(), Faults { control: true, ..CALM });
}

#[test]
fn a_watch_on_the_backups_closes_and_moves_nothing() {
    let watch = |policy| Policy { watch: Some(secs(37)), ..policy };
    close(2, watch(stay()), Faults { icmp: true, ..CALM });
    let (report, worst) = close(2, watch(signal()), CALM);
    assert_eq!(report.unnoticed, worst.silent_death_unnoticed.unwrap());
}

#[test]
fn a_drill_that_ends_at_any_time_closes_and_leaves_nothing_behind() {
    let drill = Faults { drill: true, ..CALM };
    close(2, pinned(), drill);
    close(2, signal(), drill);
    close(3, stay(), drill);
}

#[test]
fn flap_damping_closes_and_the_line_comes_home() {
    let policy = Policy { flap_damping: true, flap_window: secs(97), ..pinned() };
    close(2, policy, CALM);
}

#[test]
fn with_both_failbacks_and_dead_hops_in_their_place_two_hops_close() {
    let policy = Policy { signal_failback: true, known_dead_last: false, ..pinned() };
    close(2, policy, HELD);
}

/// Minutes, not seconds: `FAILOVER_CLOSURE=large`.
#[test]
fn the_large_grid_closes_where_it_is_asked_for() {
    if !large() {
        return;
    }
    for (retry, interval, expires) in [(3, 41, 83), (5, 37, 101), (1, 53, 67)] {
        let policy = Policy {
            retry: Retry::Time(secs(retry)),
            failback_interval: secs(interval),
            ..keep_alive(19)
        };
        let config =
            Config { hops: 2, policy, expires: secs(expires), faults: CALM, limit: limit() };
        println!("retry {retry} s: {}", walk::walk(&config));
    }
    let damped = Policy { flap_damping: true, flap_window: secs(97), ..pinned() };
    close(2, damped, HELD);
    close(3, Policy { register_failback: false, ..keep_alive(31) }, HELD);
    close(3, pinned(), HELD);
    close(2, keep_alive(17), Faults { icmp: true, late: true, ..HELD });
    close(2, stay(), Faults { evidence: true, suspect: true, ..CALM });
}
