//! The way back to the primary: requirements C1–C5, failover design §6.

use failover::{Cause, Evidence, HopId, HopState, Outcome, Output, Policy, ReturnCause, Task, Why};

use crate::world::{Line, World, exact, quiet, secs};

fn every(seconds: f64) -> Policy {
    Policy { failback_interval: secs(seconds), ..quiet() }
}

fn signal() -> Policy {
    Policy { signal_failback: true, register_failback: false, ..quiet() }
}

fn returned(line: &Line, cause: ReturnCause) -> bool {
    let why = Why::Return(cause);
    line.news().contains(&Output::Moved { from: Some(HopId(1)), to: HopId(0), why })
}

/// Requirement C4.
#[test]
fn while_at_a_backup_the_primary_is_probed_every_interval() {
    let mut line = Line::at_backup(every(100.0), 2);
    line.run(350.0);
    assert_eq!(line.sent(), ["100 PROBE@0", "203.5 PROBE@0", "307 PROBE@0"]);
    assert_eq!(line.current(), Some(1), "C5: a failed probe changes nothing else");
}

/// Requirement C4: "200 OK makes the primary current"; the probe becomes the registration.
#[test]
fn a_probe_that_is_answered_becomes_the_lines_registration() {
    let mut line = Line::at_backup(every(100.0), 2);
    line.hops[0] = World::Up;
    line.run(100.0);
    assert_eq!(line.sent(), ["100 PROBE@0"], "and nothing un-registers the old one");
    assert_eq!(line.current(), Some(0));
    assert!(returned(&line, ReturnCause::Interval));
    line.forget();
    line.run(3559.6);
    assert_eq!(line.sent(), ["3559.5 REGISTER@0"], "refreshed from the probe on");
}

/// The document's default.
#[test]
fn the_interval_is_half_an_hour_and_varies_by_a_tenth() {
    let policy = Policy { keep_alive: None, ..Policy::default() };
    let mut line = Line::at_backup(policy, 2);
    line.run(1619.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    line.run(1980.0 - 1619.0);
    assert_eq!(line.sent().len(), 1);
}

#[test]
fn a_refused_probe_leaves_the_line_where_it_is_and_the_primary_alive() {
    let mut line = Line::at_backup(every(100.0), 2);
    line.hops[0] = World::Refuses;
    line.run(150.0);
    assert_eq!(line.sent(), ["100 PROBE@0"]);
    assert_eq!((line.current(), line.hop_state(0)), (Some(1), HopState::Available));
    assert!(line.is_registered());
}

#[test]
fn with_register_failback_off_the_primary_is_not_probed() {
    let policy = Policy { register_failback: false, ..every(100.0) };
    let mut line = Line::at_backup(policy, 2);
    line.run(1000.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
}

/// A move between backups does not put the probe off for another interval.
#[test]
fn a_move_between_backups_does_not_restart_the_interval() {
    let mut line = Line::at_backup(every(100.0), 3);
    line.run(90.0);
    line.show(1, Evidence::Unavailable(Cause::IcmpPort));
    line.run(10.0);
    assert_eq!(line.sent(), ["90 REGISTER@2", "100 PROBE@0"]);
}

/// A probe must not delay a refresh, and refreshes must not starve the probe.
#[test]
fn a_probe_that_is_due_just_before_a_refresh_follows_it() {
    let mut line = Line::new(every(118.0), &[World::Silent, World::Up]);
    line.expires = secs(100.0);
    line.run(3.5);
    line.forget();
    line.run(120.0);
    assert_eq!(line.sent(), ["59.5 REGISTER@1", "119 REGISTER@1", "119 PROBE@0"]);
}

#[test]
fn a_probe_gets_its_turn_even_if_the_next_refresh_is_always_near() {
    let mut line = Line::new(every(20.0), &[World::Silent, World::Up]);
    line.expires = secs(6.0);
    line.run(100.0);
    line.hops[0] = World::Up;
    line.run(25.0);
    assert_eq!(line.current(), Some(0));
}

/// Requirement C1: a refresh at the primary first, in the same registration.
#[test]
fn a_refresh_that_the_primary_answers_makes_it_current() {
    let mut line = Line::at_backup(signal(), 2);
    line.hops[0] = World::Up;
    line.run(3600.0);
    assert_eq!(line.sent().first(), Some(&"3559.5 REGISTER@0"));
    assert!(returned(&line, ReturnCause::Signal));
}

/// Requirement C5: "A failed signal failback goes on as failover does (next hop)".
#[test]
fn a_refresh_that_the_primary_does_not_take_goes_on_at_the_backup() {
    for world in [World::Silent, World::Refuses, World::Busy] {
        let mut line = Line::at_backup(signal(), 2);
        line.hops[0] = world;
        line.run(3590.0);
        let after = if world == World::Silent { "3563" } else { "3559.5" };
        let then = format!("{after} REGISTER@1 last");
        assert_eq!(line.sent(), ["3559.5 REGISTER@0", &then], "{world:?}");
        assert!(line.is_registered());
        assert_eq!(line.current(), Some(1));
    }
}

/// Failover design §6: "any answer from the primary but 408 and 5xx sends a REGISTER there".
#[test]
fn a_call_that_the_primary_answered_sends_a_register_there_at_once() {
    let mut line = Line::at_backup(signal(), 2);
    line.hops[0] = World::Up;
    line.show(0, Evidence::PrimaryAnswered);
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@0"]);
    assert!(returned(&line, ReturnCause::Signal));
}

#[test]
fn calls_stay_at_the_backup_until_the_primary_has_the_binding() {
    let mut line = Line::at_backup(signal(), 2);
    line.show(0, Evidence::PrimaryAnswered);
    line.run(1.0);
    assert_eq!(line.current(), Some(1), "its 200 makes it current, not the call");
    line.run(2.5);
    assert_eq!(line.sent(), ["0 REGISTER@0", "3.5 REGISTER@1 last"]);
    assert_eq!(line.current(), Some(1));
}

#[test]
fn an_answer_of_the_primary_moves_nothing_with_signal_failback_off() {
    let mut line = Line::at_backup(every(100.0), 2);
    line.show(0, Evidence::PrimaryAnswered);
    line.show(0, Evidence::Answered);
    line.run(50.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert_eq!(line.hop_state(0), HopState::Available);
}

/// RFC 3261 §10.2: the one that is on its way to the primary is enough.
#[test]
fn an_answer_of_the_primary_merges_into_a_probe_in_flight() {
    let policy = Policy { signal_failback: true, ..every(100.0) };
    let mut line = Line::at_backup(policy, 2);
    line.run(101.0);
    line.show(0, Evidence::PrimaryAnswered);
    assert_eq!(line.sent(), ["100 PROBE@0"]);
    let probe = line.flying(Task::Probe);
    line.give(probe.id, Outcome::Registered { expires: secs(3600.0) });
    assert_eq!(line.current(), Some(0));
}

/// Failover design §6, flap damping.
#[test]
fn a_failback_that_fails_again_soon_doubles_the_interval_up_to_four_times() {
    let mut line = Line::at_backup(every(100.0), 2);
    for interval in [100.0, 200.0, 400.0, 400.0] {
        line.hops[0] = World::Up;
        line.run(interval);
        assert_eq!(line.sent(), [format!("{interval} PROBE@0")]);
        assert_eq!(line.current(), Some(0));
        flap(&mut line, 119.9);
    }
}

/// So long after its return the primary dies, and the line leaves it.
fn flap(line: &mut Line, after: f64) {
    line.run(after);
    line.hops[0] = World::Silent;
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.run(0.0);
    assert_eq!(line.current(), Some(1));
    line.forget();
}

/// "back to 1× once a failback has held 120 s".
#[test]
fn a_failback_that_has_held_long_enough_brings_the_interval_back() {
    let mut line = Line::at_backup(every(100.0), 2);
    line.hops[0] = World::Up;
    line.run(100.0);
    flap(&mut line, 0.0);
    line.hops[0] = World::Up;
    line.run(200.0);
    assert_eq!(line.sent(), ["200 PROBE@0"]);
    flap(&mut line, 120.0);
    line.run(100.0);
    assert_eq!(line.sent(), ["100 PROBE@0"]);
}

#[test]
fn without_flap_damping_the_interval_stays() {
    let mut line = Line::at_backup(Policy { flap_damping: false, ..every(100.0) }, 2);
    line.hops[0] = World::Up;
    line.run(100.0);
    flap(&mut line, 0.0);
    line.run(100.0);
    assert_eq!(line.sent(), ["100 PROBE@0"]);
}

#[test]
fn a_change_of_settings_ends_the_damping() {
    let mut line = Line::at_backup(every(100.0), 2);
    line.hops[0] = World::Up;
    line.run(100.0);
    flap(&mut line, 0.0);
    line.set_policy(every(90.0));
    line.run(90.0);
    assert_eq!(line.sent(), ["90 PROBE@0"]);
}

/// The primary that becomes current because the backup died is a failover like any other.
#[test]
fn a_backup_that_dies_sends_the_line_to_the_primary_if_that_is_alive() {
    let mut line = Line::at_backup(exact(), 2);
    line.hops = vec![World::Up, World::Silent];
    line.show(0, Evidence::Answered);
    line.run(34.0);
    let why = Why::Failover;
    assert!(line.news().contains(&Output::Moved { from: Some(HopId(1)), to: HopId(0), why }));
}

#[test]
fn icmp_from_the_primary_ends_a_probe_there_and_restarts_the_interval() {
    let mut line = Line::at_backup(every(100.0), 2);
    line.run(101.0);
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.run(100.0);
    assert_eq!(line.sent(), ["100 PROBE@0", "201 PROBE@0"]);
}
