//! The order of hops for one request: failover design §2.

use failover::{
    Budget, Cause, Evidence, HopId, LastGood, Outcome, Policy, RequestKind, Start, Task,
};

use crate::world::{Line, World, exact, quiet, secs, silence};

fn order(line: &mut Line, kind: RequestKind) -> Vec<u8> {
    line.machine.order(kind, line.now).hops.into_iter().map(|hop| hop.0).collect()
}

fn signal() -> Policy {
    Policy { signal_failback: true, register_failback: false, ..quiet() }
}

const BYE_HOME: RequestKind = RequestKind::Bye { route_is_primary: true };
const BYE_AWAY: RequestKind = RequestKind::Bye { route_is_primary: false };

#[test]
fn every_request_starts_at_the_current_hop_then_the_others_by_preference() {
    let mut line = Line::settled(quiet(), 4);
    assert_eq!(order(&mut line, RequestKind::Invite), [0, 1, 2, 3]);
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.show(2, Evidence::ServedBy);
    line.run(0.0);
    line.show(0, Evidence::Answered);
    assert_eq!(line.current(), Some(2));
    for kind in [RequestKind::Register, RequestKind::Invite, BYE_AWAY, RequestKind::InDialog] {
        assert_eq!(order(&mut line, kind), [2, 0, 1, 3], "{kind:?}");
    }
}

/// Requirement A4.
#[test]
fn the_last_in_this_requests_order_has_the_full_wait_and_the_others_have_not() {
    let mut line = Line::settled(quiet(), 3);
    let order = line.machine.order(RequestKind::Invite, line.now);
    let budgets: Vec<Budget> = order.hops.iter().map(|hop| order.budget(*hop)).collect();
    assert_eq!(budgets, [Budget::Retry, Budget::Retry, Budget::Full]);
    line.hops = vec![World::Silent; 3];
    line.register();
    line.run(39.0);
    assert_eq!(line.sent(), ["0 REGISTER@0", "3.5 REGISTER@1", "7 REGISTER@2 last"]);
    assert!(line.news().iter().any(|news| matches!(news, failover::Output::AllFailed { .. })));
}

#[test]
fn a_register_to_an_only_hop_has_the_full_wait() {
    let mut line = Line::new(quiet(), &[World::Silent]);
    let first = line.flying(Task::Register);
    assert!(first.last);
    assert_eq!(first.wait, secs(32.0));
    line.run(1.0);
}

/// Requirement A3, V2 mode: "a time in seconds takes its place".
#[test]
fn in_v2_mode_the_wait_at_a_hop_is_the_time() {
    let policy = Policy { retry: failover::Retry::Time(secs(6.0)), ..quiet() };
    let mut line = Line::new(policy, &[World::Silent, World::Up]);
    line.run(7.0);
    assert_eq!(line.sent(), ["0 REGISTER@0", "6 REGISTER@1 last"]);
}

#[test]
fn a_hop_found_unavailable_is_tried_last_until_a_request_succeeds_there() {
    let mut line = Line::settled(quiet(), 3);
    line.show(1, Evidence::Unavailable(Cause::NoAnswer));
    assert_eq!(order(&mut line, RequestKind::Invite), [0, 2, 1]);
    line.show(1, Evidence::Answered);
    assert_eq!(order(&mut line, RequestKind::Invite), [0, 1, 2]);
}

#[test]
fn known_dead_hops_keep_their_place_if_the_setting_is_off() {
    let policy = Policy { known_dead_last: false, ..quiet() };
    let mut line = Line::settled(policy, 3);
    line.show(1, Evidence::Unavailable(Cause::NoAnswer));
    assert_eq!(order(&mut line, RequestKind::Invite), [0, 1, 2]);
}

/// A dead current hop is not asked again by the next call while the line is being moved.
#[test]
fn while_the_line_moves_a_call_does_not_start_at_the_dead_hop() {
    let mut line = Line::settled(quiet(), 2);
    line.hops[1] = World::Silent;
    line.show(0, Evidence::Unavailable(Cause::NoAnswer));
    assert_eq!(order(&mut line, RequestKind::Invite), [1, 0]);
}

/// Requirements C1–C3: "start at the primary, known dead or not: that is their probe".
#[test]
fn with_signal_failback_calls_and_byes_of_the_primary_start_there_known_dead_or_not() {
    let mut line = Line::at_backup(signal(), 3);
    assert_eq!(order(&mut line, RequestKind::Invite), [0, 1, 2]);
    assert_eq!(order(&mut line, BYE_HOME), [0, 1, 2]);
    assert_eq!(order(&mut line, BYE_AWAY), [1, 2, 0], "its route set is not the primary's");
    assert_eq!(order(&mut line, RequestKind::InDialog), [1, 2, 0]);
}

#[test]
fn without_signal_failback_no_request_starts_at_a_dead_primary() {
    let mut line = Line::at_backup(quiet(), 2);
    for kind in [RequestKind::Register, RequestKind::Invite, BYE_HOME, BYE_AWAY] {
        assert_eq!(order(&mut line, kind), [1, 0], "{kind:?}");
    }
    line.show(0, Evidence::Answered);
    assert_eq!(order(&mut line, RequestKind::Invite), [1, 0]);
    assert_eq!(order(&mut line, BYE_HOME), [0, 1], "where its route set says: it lives");
}

/// Requirement C1: "a refresh that falls due goes to the primary first".
#[test]
fn with_signal_failback_a_refresh_starts_at_the_primary() {
    let mut line = Line::new(signal(), &[World::Silent, World::Up]);
    line.expires = secs(100.0);
    line.run(60.0);
    assert_eq!(line.sent(), ["0 REGISTER@0", "3.5 REGISTER@1 last"]);
    line.forget();
    line.run(3.0);
    line.hops[0] = World::Up;
    line.run(10.0);
    assert_eq!(line.sent(), ["3 REGISTER@0"], "due 40.5 s before the expiry");
    assert_eq!(line.current(), Some(0));
}

/// Failover design §2: the hold-off "bounds how often that wait is paid".
#[test]
fn the_hold_off_bounds_how_often_a_call_waits_for_a_dead_primary() {
    let policy = Policy { signal_hold_off: secs(60.0), ..signal() };
    let mut line = Line::at_backup(policy, 2);
    assert_eq!(order(&mut line, RequestKind::Invite), [0, 1]);
    line.run(59.0);
    assert_eq!(order(&mut line, RequestKind::Invite), [1, 0]);
    line.run(1.0);
    assert_eq!(order(&mut line, RequestKind::Invite), [0, 1]);
    let mut always = Line::at_backup(signal(), 2);
    assert_eq!(order(&mut always, RequestKind::Invite), [0, 1]);
    assert_eq!(order(&mut always, RequestKind::Invite), [0, 1], "0 s: every time, as documented");
}

/// Failover design §2: "A re-REGISTER that the primary's own failure has just caused does not
/// start there."
#[test]
fn a_register_caused_by_the_primarys_failure_does_not_start_at_the_primary() {
    let mut line = Line::settled(signal(), 2);
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    assert_eq!(line.sent(), ["0 REGISTER@1"]);
    let off = Policy { known_dead_last: false, ..signal() };
    let mut line = Line::settled(off, 2);
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    assert_eq!(line.sent(), ["0 REGISTER@1"]);
}

/// Requirement C1: the backup's failure, on the other hand, sends the REGISTER to the primary.
#[test]
fn with_signal_failback_a_register_caused_by_a_backups_failure_starts_at_the_primary() {
    let mut line = Line::at_backup(signal(), 3);
    line.show(1, Evidence::Unavailable(Cause::IcmpPort));
    line.run(3.5);
    assert_eq!(line.sent(), ["0 REGISTER@0", "3.5 REGISTER@2"]);
}

/// Failover design §2: "A request meant for one hop only has A3's budget, never A4's".
#[test]
fn probes_checks_and_keep_alives_never_have_the_full_wait() {
    let policy = Policy { failback_interval: secs(20.0), ..exact() };
    let mut line = Line::at_backup(policy, 2);
    line.run(20.0);
    assert_eq!(line.flying(Task::Probe).wait, secs(3.5));
    let mut line = Line::settled(exact(), 1);
    line.hops[0] = World::Silent;
    line.show(0, Evidence::Suspect(Cause::Status(503)));
    assert_eq!(line.flying(Task::SuspectCheck).wait, secs(3.5));
    line.run(3.5);
    line.hops[0] = World::Up;
    line.run(0.0);
    let order = line.machine.order(RequestKind::OneHop(HopId(0)), line.now);
    assert_eq!(order.budget(HopId(0)), Budget::Retry);
}

#[test]
fn a_keep_alive_has_its_own_budget_if_one_is_set() {
    let policy = Policy { keep_alive_budget: Some(secs(2.0)), ..exact() };
    let mut line = Line::settled(policy, 2);
    line.hops[0] = World::Silent;
    line.run(30.0);
    assert_eq!(line.flying(Task::KeepAlive).wait, secs(2.0));
    line.run(2.0);
    assert_eq!(line.registers(), ["32 REGISTER@1"]);
}

/// Failover design §2: "A failover ends a probe in flight; its late answer changes nothing."
#[test]
fn a_failover_ends_a_probe_in_flight_and_its_late_answer_changes_nothing() {
    let policy = Policy { failback_interval: secs(20.0), ..quiet() };
    let mut line = Line::at_backup(policy, 3);
    line.run(20.0);
    let probe = line.flying(Task::Probe);
    line.show(1, Evidence::Unavailable(Cause::IcmpPort));
    assert!(line.news().contains(&failover::Output::Abandon(probe.id)));
    line.run(0.0);
    assert_eq!(line.current(), Some(2));
    line.forget();
    line.give(probe.id, Outcome::Registered { expires: secs(3600.0) });
    assert_eq!(line.news(), []);
    assert_eq!(line.current(), Some(2));
}

#[test]
fn a_manual_register_ends_a_probe_in_flight() {
    let policy = Policy { failback_interval: secs(20.0), ..quiet() };
    let mut line = Line::at_backup(policy, 2);
    line.run(20.0);
    let probe = line.flying(Task::Probe);
    line.register();
    assert!(line.news().contains(&failover::Output::Abandon(probe.id)));
    assert_eq!(line.sent(), ["20 PROBE@0", "20 REGISTER@1"]);
    line.give(probe.id, silence());
    line.run(0.0);
    assert_eq!(line.current(), Some(1));
}

#[test]
fn a_line_that_was_never_registered_starts_at_the_primary() {
    let mut line = Line::new(signal(), &[World::Up, World::Up]);
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@0"]);
    assert_eq!(line.current(), Some(0));
}

/// Failover design §2: "After a reboot it starts at the last good hop only if the primary was
/// unavailable at shutdown; then it probes the primary at once, not after an interval."
#[test]
fn after_a_restart_the_line_starts_at_its_last_hop_and_probes_the_primary_at_once() {
    let memory = LastGood { hop: HopId(1), primary_was_unavailable: true };
    for start in [Start::remembering(memory), Start::remembering(memory).after_boot()] {
        let mut line = Line::started(signal_and_interval(), &[World::Up; 2], start);
        line.run(0.0);
        assert_eq!(line.sent(), ["0 REGISTER@1", "0 PROBE@0"]);
        assert_eq!(line.current(), Some(0));
    }
    let memory = LastGood { primary_was_unavailable: false, ..memory };
    let mut line = Line::started(quiet(), &[World::Up; 2], Start::remembering(memory));
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@0"]);
}

fn signal_and_interval() -> Policy {
    Policy { signal_failback: true, ..quiet() }
}

#[test]
fn a_probe_after_a_restart_that_fails_leaves_the_line_at_its_backup_for_an_interval() {
    let memory = LastGood { hop: HopId(1), primary_was_unavailable: true };
    let policy = Policy { failback_interval: secs(50.0), ..quiet() };
    let start = Start::remembering(memory);
    let mut line = Line::started(policy, &[World::Silent, World::Up], start);
    line.run(54.0);
    assert_eq!(line.sent(), ["0 REGISTER@1", "0 PROBE@0", "53.5 PROBE@0"]);
}

#[test]
fn what_to_remember_names_the_last_hop_and_whether_the_primary_was_dead() {
    let mut line = Line::at_backup(quiet(), 2);
    let memory = LastGood { hop: HopId(1), primary_was_unavailable: true };
    assert_eq!(line.machine.last_good(), Some(memory));
    line.unregister();
    assert_eq!(line.machine.last_good(), Some(memory), "an orderly stop forgets nothing");
    line.show(0, Evidence::Answered);
    let memory = LastGood { primary_was_unavailable: false, ..memory };
    assert_eq!(line.machine.last_good(), Some(memory));
}
