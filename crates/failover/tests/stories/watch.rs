//! The watch on the hops that are not in use: failover design §6.

use failover::{Cause, Evidence, HopState, Output, Policy};

use crate::world::{Line, World, quiet, secs};

fn watching() -> Policy {
    Policy { watch: Some(secs(30.0)), ..quiet() }
}

fn told(line: &Line) -> Vec<bool> {
    let left = |output: &Output| match output {
        Output::Redundancy { left } => Some(*left),
        _ => None,
    };
    line.news().iter().filter_map(left).collect()
}

#[test]
fn each_hop_that_is_not_in_use_is_asked_in_turn_one_every_interval() {
    let mut line = Line::new(watching(), &[World::Up; 3]);
    line.run(90.0);
    let expected = ["0 REGISTER@0", "0 WATCH@1", "30 WATCH@2", "60 WATCH@1", "90 WATCH@2"];
    assert_eq!(line.sent(), expected);
    assert_eq!(line.hop_state(2), HopState::Available);
}

#[test]
fn with_the_watch_off_nothing_is_sent_to_a_hop_that_is_not_in_use() {
    let mut line = Line::settled(quiet(), 3);
    line.run(3000.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
}

/// "So that no redundancy left is known before it is needed", and that it is back.
#[test]
fn the_death_of_the_last_backup_is_told_once_and_its_return_too() {
    let mut line = Line::settled(watching(), 2);
    line.run(0.0);
    line.hops[1] = World::Silent;
    line.run(34.0);
    assert_eq!((told(&line), line.hop_state(1)), (vec![false], HopState::Unavailable));
    assert!(line.machine.redundancy_lost());
    line.run(100.0);
    assert_eq!(told(&line), [false]);
    line.hops[1] = World::Up;
    line.run(30.0);
    assert_eq!(told(&line), [false, true]);
    assert_eq!(line.registers().iter().filter(|words| words.contains("REGISTER")).count(), 0);
    assert_eq!(line.current(), Some(0), "the line moves for none of it");
}

/// One that answers a little late answers: its silence will be evidence.
#[test]
fn a_backup_whose_answer_came_late_is_one_that_answers() {
    let mut line = Line::new(watching(), &[World::Up, World::Mute]);
    line.run(4.0);
    line.show(1, Evidence::OptionsAnswered { waited: secs(4.0) });
    assert_eq!(line.hop_state(1), HopState::Available);
    line.hops[1] = World::Silent;
    line.run(30.0);
    assert_eq!((told(&line), line.hop_state(1)), (vec![false], HopState::Unavailable));
}

#[test]
fn one_dead_backup_of_two_leaves_redundancy() {
    let mut line = Line::settled(watching(), 3);
    line.hops[1] = World::Closed;
    line.run(100.0);
    assert_eq!(told(&line), [] as [bool; 0]);
    line.hops[2] = World::Closed;
    line.run(60.0);
    assert_eq!(told(&line), [false]);
}

/// Failover design §2: many servers answer no OPTIONS.
#[test]
fn a_backup_that_never_answered_options_is_not_blamed_for_its_silence_but_for_icmp() {
    let mut line = Line::new(watching(), &[World::Up, World::Mute]);
    line.run(200.0);
    assert_eq!((told(&line), line.hop_state(1)), (vec![], HopState::Unknown));
    line.hops[1] = World::Closed;
    line.run(30.0);
    assert_eq!(told(&line), [false]);
}

/// A failover uses the redundancy up; the dead primary is watched like any other hop.
#[test]
fn after_a_failover_the_primary_is_watched_and_its_return_is_known() {
    let mut line = Line::settled(Policy { register_failback: false, ..watching() }, 2);
    line.hops[0] = World::Silent;
    line.show(0, Evidence::Unavailable(Cause::NoAnswer));
    line.run(61.0);
    assert_eq!((line.current(), told(&line)), (Some(1), vec![false]));
    line.hops[0] = World::Up;
    line.run(30.0);
    assert_eq!(told(&line), [false, true]);
    assert_eq!(line.current(), Some(1), "to go back is the failback's business");
}

/// Failover design §1: "no keep-alive, probe or signal failback there".
#[test]
fn a_hop_that_is_held_off_is_not_asked() {
    let mut line = Line::settled(watching(), 2);
    line.hops[1] = World::Leave(100);
    line.run(125.0);
    assert_eq!(line.sent(), ["30 WATCH@1"]);
    assert_eq!(told(&line), [false]);
    line.run(6.0);
    assert_eq!(line.sent(), ["30 WATCH@1", "130 WATCH@1"]);
}

#[test]
fn the_watch_can_be_switched_on_and_off() {
    let mut line = Line::settled(quiet(), 2);
    line.set_policy(watching());
    line.run(30.0);
    assert_eq!(line.sent(), ["0 WATCH@1", "30 WATCH@1"]);
    line.set_policy(quiet());
    line.run(300.0);
    assert_eq!(line.sent().len(), 2);
}
