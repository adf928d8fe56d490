//! Treating a hop as dead without it being so: failover design §7.
//!
//! The owner sends nothing to the hop and gives silence with its own cause; these stories hold what
//! the machine makes of that, and that nothing is left of it afterwards.

use failover::{
    Cause, Evidence, HopId, HopState, Outcome, Output, Policy, RequestKind, ReturnCause, Task, Why,
};

use crate::world::{Line, World, exact, quiet, secs};

fn over(line: &mut Line, hop: u8) {
    line.machine.handle_drill_over(HopId(hop), line.now);
    line.collect();
}

/// An idle line whose primary is drilled, at the backup.
fn moved(policy: Policy) -> Line {
    let mut line = Line::settled(policy, 2);
    line.hops[0] = World::Drilled;
    line.run(40.0);
    assert_eq!(line.current(), Some(1));
    line
}

/// "Runs the real machine": found out by the keep-alive, as fast as a silent death.
#[test]
fn a_drilled_hop_is_left_as_a_silent_one_is_and_its_cause_says_drill() {
    let line = moved(exact());
    assert_eq!(line.registers(), ["33.5 REGISTER@1"]);
    let health = line.machine.health(HopId(0)).unwrap();
    assert_eq!((health.state, health.cause), (HopState::Unavailable, Some(Cause::Drill)));
}

/// Failover design §2: silence proves nothing where no OPTIONS was answered, in a drill too.
#[test]
fn the_drill_of_a_hop_that_answers_no_options_costs_what_its_death_would_cost() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(0.0);
    line.forget();
    line.hops[0] = World::Drilled;
    line.run(7.0);
    assert_eq!(line.registers(), ["3.5 REGISTER@0", "7 REGISTER@1 last"]);
}

#[test]
fn when_the_drill_is_over_the_line_returns_at_once_whatever_its_failback_settings() {
    for policy in [exact(), Policy { register_failback: false, ..exact() }] {
        let mut line = moved(policy);
        line.forget();
        line.hops[0] = World::Up;
        over(&mut line, 0);
        line.run(0.0);
        assert_eq!(line.registers(), ["0 PROBE@0"]);
        assert_eq!(line.current(), Some(0));
        let why = Why::Return(ReturnCause::Drill);
        let told = Output::Moved { from: Some(HopId(1)), to: HopId(0), why };
        assert!(line.news().contains(&told), "{:?}", line.news());
    }
}

/// One that has really died meanwhile is asked once and then as the settings say.
#[test]
fn a_primary_that_is_dead_when_the_drill_ends_is_probed_once() {
    let mut line = moved(Policy { register_failback: false, ..exact() });
    line.forget();
    line.hops[0] = World::Silent;
    over(&mut line, 0);
    line.run(4000.0);
    assert_eq!(line.sent().iter().filter(|words| words.contains("PROBE")).count(), 1);
    let health = line.machine.health(HopId(0)).unwrap();
    assert_eq!(health.cause, Some(Cause::NoAnswer), "now it is real");
}

/// What was begun during the drill never reached the hop: its silence moves nothing afterwards.
#[test]
fn a_drill_that_ends_before_it_was_noticed_moves_nothing() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Drilled;
    line.run(31.0);
    let asked = line.flying(Task::KeepAlive);
    line.hops[0] = World::Up;
    over(&mut line, 0);
    assert!(line.news().contains(&Output::Abandon(asked.id)));
    line.run(10.0);
    assert_eq!(line.registers(), [] as [&str; 0]);
    assert_eq!(line.hop_state(0), HopState::Available);
}

#[test]
fn a_probe_that_was_in_flight_when_the_drill_ended_is_sent_anew() {
    let mut line = moved(Policy { failback_interval: secs(20.0), ..exact() });
    line.run(15.0);
    let first = line.flying(Task::Probe);
    line.hops[0] = World::Up;
    line.forget();
    over(&mut line, 0);
    line.give(first.id, Outcome::Unavailable(Cause::NoAnswer));
    line.run(0.0);
    assert_eq!(line.current(), Some(0));
}

#[test]
fn a_line_that_had_no_other_hop_registers_when_the_drill_ends() {
    let mut line = Line::settled(exact(), 1);
    line.hops[0] = World::Drilled;
    line.run(70.0);
    assert!(!line.is_registered());
    line.forget();
    line.hops[0] = World::Up;
    over(&mut line, 0);
    line.run(0.0);
    assert_eq!(line.registers(), ["0 REGISTER@0 last"]);
    assert!(line.is_registered());
}

#[test]
fn the_drill_of_a_backup_is_forgotten_and_moves_nothing() {
    let mut line = Line::settled(quiet(), 2);
    line.show(1, Evidence::Unavailable(Cause::Drill));
    let order = line.machine.order(RequestKind::Invite, line.now);
    assert_eq!(order.hops, [HopId(0), HopId(1)]);
    over(&mut line, 1);
    assert_eq!(line.hop_state(1), HopState::Unknown);
    assert_eq!(line.sent(), [] as [&str; 0]);
    over(&mut line, 9);
    assert_eq!(line.sent(), [] as [&str; 0], "a hop that has gone from the list");
}

/// What a hop has really done in the meantime is not forgotten.
#[test]
fn a_hop_that_was_blamed_for_more_than_the_drill_stays_blamed() {
    let mut line = Line::settled(quiet(), 2);
    line.show(1, Evidence::Unavailable(Cause::Drill));
    line.show(1, Evidence::Unavailable(Cause::IcmpPort));
    over(&mut line, 1);
    assert_eq!(line.hop_state(1), HopState::Unavailable);
}
