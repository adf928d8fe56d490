//! What users and settings want of a line: requirement D1 ("no restart"), interfaces, §2.

use failover::{
    Cause, Evidence, HopId, LineState, Outcome, Output, Policy, RequestKind, Task, Why,
};

use crate::world::{Line, World, exact, quiet, secs};

#[test]
fn an_unregister_goes_to_the_current_hop_and_ends_every_timer() {
    let mut line = Line::at_backup(exact(), 2);
    line.hops[1] = World::Silent;
    line.unregister();
    assert_eq!(line.sent(), ["0 UNREGISTER@1"]);
    assert_eq!(line.machine.state(), LineState::Unregistered);
    assert_eq!(line.flying(Task::Unregister).wait, secs(3.5));
    line.run(10_000.0);
    assert_eq!(line.sent(), ["0 UNREGISTER@1"]);
    assert_eq!(line.current(), None);
    assert_eq!(line.machine.poll_timeout(), None);
}

/// The REGISTER in flight may have made a binding already.
#[test]
fn an_unregister_during_a_register_goes_to_the_hop_that_was_being_asked() {
    let mut line = Line::settled(quiet(), 2);
    line.hops[1] = World::Silent;
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.unregister();
    assert_eq!(line.sent(), ["0 REGISTER@1", "0 UNREGISTER@1"]);
}

#[test]
fn a_line_without_registration_has_nothing_to_unregister() {
    let mut line = Line::new(quiet(), &[World::Closed]);
    line.run(1.0);
    line.forget();
    line.unregister();
    line.run(1000.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
}

/// RFC 3261 §10.2.
#[test]
fn a_register_wished_during_an_unregister_follows_it() {
    let mut line = Line::settled(quiet(), 2);
    line.hops[0] = World::Silent;
    line.unregister();
    line.register();
    assert_eq!(line.sent(), ["0 UNREGISTER@0"]);
    line.hops[0] = World::Up;
    line.run(0.0);
    assert_eq!(line.sent(), ["0 UNREGISTER@0", "0 REGISTER@0"]);
    assert!(line.is_registered());
}

#[test]
fn a_second_unregister_takes_back_the_register_that_was_to_follow() {
    let mut line = Line::settled(quiet(), 2);
    line.hops[0] = World::Silent;
    line.unregister();
    line.register();
    line.unregister();
    line.run(60.0);
    assert_eq!(line.sent(), ["0 UNREGISTER@0"]);
}

/// Interfaces, `Enable Reg` 0.
#[test]
fn a_disabled_line_never_registers_and_starts_where_it_was_answered_last() {
    let mut line = Line::settled(exact(), 3);
    line.machine.disable(line.now);
    line.collect();
    assert_eq!(line.machine.state(), LineState::Disabled);
    line.register();
    line.unregister();
    line.show(0, Evidence::Unavailable(Cause::NoAnswer));
    line.show(1, Evidence::ServedBy);
    line.show(1, Evidence::Suspect(Cause::Status(503)));
    line.run(10_000.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert_eq!(line.current(), Some(1));
    let order = line.machine.order(RequestKind::Invite, line.now);
    assert_eq!(order.hops, [HopId(1), HopId(2), HopId(0)]);
    assert_eq!(line.machine.state(), LineState::Disabled);
    line.machine.enable(line.now);
    line.collect();
    line.run(0.0);
    assert_eq!(line.registers(), ["10000 REGISTER@1"]);
}

/// Requirement D1: "takes effect when submitted, with no restart".
#[test]
fn another_policy_moves_nothing_and_sends_nothing() {
    let mut line = Line::at_backup(exact(), 2);
    let policy = Policy { signal_failback: true, known_dead_last: false, ..exact() };
    line.set_policy(policy);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert_eq!(line.current(), Some(1));
    let order = line.machine.order(RequestKind::Invite, line.now);
    assert_eq!(order.hops, [HopId(0), HopId(1)], "but is in force");
}

#[test]
fn a_shorter_failback_interval_counts_from_its_submission() {
    let mut line = Line::at_backup(quiet(), 2);
    line.run(1000.0);
    line.set_policy(Policy { failback_interval: secs(60.0), ..quiet() });
    line.run(60.0);
    assert_eq!(line.sent(), ["1060 PROBE@0"]);
}

#[test]
fn register_failback_can_be_switched_off_and_on() {
    let mut line = Line::at_backup(quiet(), 2);
    line.set_policy(Policy { register_failback: false, ..quiet() });
    line.run(4000.0 - 500.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    line.set_policy(Policy { failback_interval: secs(20.0), ..quiet() });
    line.run(20.0);
    assert_eq!(line.sent(), ["3520 PROBE@0"]);
}

#[test]
fn keep_alives_can_be_switched_on_and_off() {
    let mut line = Line::settled(quiet(), 2);
    line.set_policy(exact());
    line.run(30.0);
    assert_eq!(line.sent(), ["0 OPTIONS@0", "30 OPTIONS@0"]);
    line.set_policy(quiet());
    line.run(300.0);
    assert_eq!(line.sent().len(), 2);
}

#[test]
fn the_same_policy_again_restarts_no_timer() {
    let mut line = Line::at_backup(quiet(), 2);
    line.run(1799.0);
    line.set_policy(quiet());
    line.run(1.0);
    assert_eq!(line.sent(), ["1800 PROBE@0"]);
}

#[test]
fn other_retry_counts_hold_from_the_next_attempt_on() {
    let mut line = Line::settled(quiet(), 2);
    line.set_policy(Policy { retry: failover::Retry::Transmissions(1), ..quiet() });
    line.hops[0] = World::Silent;
    line.register();
    line.run(0.5);
    assert_eq!(line.sent(), ["0 REGISTER@0", "0.5 REGISTER@1 last"]);
}

/// A new password is not kept waiting by a REGISTER with the old one, nor by its refusal.
#[test]
fn a_changed_identity_registers_anew_at_once() {
    let mut line = Line::new(quiet(), &[World::Silent]);
    let old = line.flying(Task::Register);
    line.machine.identity_changed(line.now);
    line.collect();
    assert!(line.news().contains(&Output::Abandon(old.id)));
    line.hops[0] = World::Refuses;
    line.run(40.0);
    line.forget();
    line.hops[0] = World::Up;
    line.machine.identity_changed(line.now);
    line.collect();
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@0 last"]);
    assert!(line.is_registered());
    line.unregister();
    line.run(0.0);
    line.forget();
    line.machine.identity_changed(line.now);
    line.collect();
    assert_eq!(line.sent(), [] as [&str; 0], "an un-registered line stays so");
}

fn set_hops(line: &mut Line, kept: &[Option<u8>]) {
    let kept: Vec<Option<HopId>> = kept.iter().map(|id| id.map(HopId)).collect();
    line.hops =
        kept.iter().map(|id| id.map_or(World::Up, |id| line.hops[usize::from(id.0)])).collect();
    line.machine.set_hops(&kept, line.now);
    line.collect();
}

/// Failover design §2: a changed set "moves no line whose current hop still answers".
#[test]
fn a_changed_list_moves_no_line_whose_hop_is_still_in_it() {
    let mut line = Line::settled(exact(), 2);
    set_hops(&mut line, &[None, Some(0), Some(1)]);
    assert_eq!(line.registers(), [] as [&str; 0]);
    assert_eq!(line.current(), Some(1));
    line.run(1800.0);
    assert_eq!(line.registers(), ["1800 PROBE@0"], "but the new primary is probed");
}

#[test]
fn a_line_whose_hop_is_gone_registers_anew_and_keeps_what_it_knows() {
    let mut line = Line::at_backup(quiet(), 3);
    set_hops(&mut line, &[Some(0), Some(2)]);
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@1"], "the primary is still known to be dead");
    let why = Why::Start;
    assert!(line.news().contains(&Output::Moved { from: None, to: HopId(1), why }));
}

#[test]
fn a_backup_that_becomes_the_primary_is_probed_no_more() {
    let mut line = Line::at_backup(quiet(), 2);
    set_hops(&mut line, &[Some(1)]);
    line.run(2000.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert_eq!(line.current(), Some(0));
}

#[test]
fn the_same_list_again_changes_nothing() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Up]);
    line.run(1.0);
    set_hops(&mut line, &[Some(0), Some(1)]);
    line.run(2.5);
    assert_eq!(line.sent(), ["0 REGISTER@0", "3.5 REGISTER@1 last"]);
}

#[test]
fn a_changed_list_restarts_a_register_on_its_way() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Silent]);
    line.run(1.0);
    set_hops(&mut line, &[Some(1), Some(0), None]);
    line.run(7.0);
    let expected = ["0 REGISTER@0", "1 REGISTER@0", "4.5 REGISTER@1", "8 REGISTER@2 last"];
    assert_eq!(line.sent(), expected);
    assert_eq!(line.current(), Some(2));
}

#[test]
fn a_new_hop_ends_the_back_off() {
    let mut line = Line::new(quiet(), &[World::Closed]);
    line.run(5.0);
    set_hops(&mut line, &[Some(0), None]);
    line.run(0.0);
    assert_eq!(line.sent().last(), Some(&"5 REGISTER@1"), "the known-dead one last");
}

#[test]
fn only_so_many_hops_are_used() {
    let mut line = Line::settled(quiet(), 2);
    let mut kept = vec![Some(HopId(0)), Some(HopId(1))];
    kept.resize(255, None);
    line.machine.set_hops(&kept, line.now);
    assert_eq!(line.machine.hop_count(), 32);
    assert!(line.machine.health(HopId(31)).is_some());
}

/// Interfaces: failback cause `manual`.
#[test]
fn a_manual_register_that_ends_at_the_primary_is_told_as_such() {
    let mut line = Line::at_backup(Policy { signal_failback: true, ..quiet() }, 2);
    line.hops[0] = World::Up;
    line.register();
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@0"]);
    let why = Why::Return(failover::ReturnCause::Manual);
    assert!(line.news().contains(&Output::Moved { from: Some(HopId(1)), to: HopId(0), why }));
}

#[test]
fn an_outcome_that_makes_no_sense_for_its_attempt_leaves_no_line_stuck() {
    for outcome in [Outcome::Alive, Outcome::Unregistered, Outcome::LocalOutage] {
        let mut line = Line::new(quiet(), &[World::Silent, World::Silent]);
        for _ in 0..2 {
            let register = line.flying(Task::Register);
            line.give(register.id, outcome.clone());
        }
        assert!(line.machine.poll_timeout().is_some(), "{outcome:?}");
    }
}
