//! What the user sees: failover design §7, requirement F9.

use std::time::Duration;

use failover::{Entry, EntryKind, Evidence, HopId, LineState, Method, Output};

use crate::world::{Line, World, exact, quiet};

fn entries(line: &Line) -> Vec<String> {
    let words = |entry: &Entry| {
        let hop = |hop: Option<HopId>| hop.map_or("-".to_owned(), |hop| hop.0.to_string());
        let kind = match entry.kind {
            EntryKind::Failover => "failover",
            EntryKind::Failback => "failback",
            EntryKind::Unavailable => "unavailable",
        };
        format!(
            "{kind} {} {}>{} {} after {} in {:?}",
            entry.method,
            hop(entry.from),
            hop(entry.to),
            entry.cause,
            entry.attempts,
            entry.elapsed
        )
    };
    let told = line.news().iter().filter_map(|news| match news {
        Output::Journal(entry) => Some(entry),
        _ => None,
    });
    told.map(words).collect()
}

#[test]
fn a_failover_is_written_down_with_its_cause_and_the_time_it_cost() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Closed, World::Up]);
    line.run(3.5);
    assert_eq!(
        entries(&line),
        [
            "failover REGISTER 0>1 no answer after 1 in 3.5s",
            "failover REGISTER 1>2 icmp port unreachable after 2 in 3.5s",
        ]
    );
}

/// Interfaces: "method … OPTIONS if a failed keep-alive sends REGISTER there".
#[test]
fn a_failover_caused_by_a_keep_alive_names_options() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.run(33.5);
    assert_eq!(entries(&line), ["failover OPTIONS 0>1 no answer after 1 in 3.5s"]);
    let told = line
        .news()
        .iter()
        .any(|news| matches!(news, Output::Journal(entry) if entry.method == Method::Options));
    assert!(told);
}

#[test]
fn a_failback_names_what_brought_it_about() {
    let mut line = Line::at_backup(quiet(), 2);
    line.hops[0] = World::Up;
    line.run(1800.0);
    assert_eq!(entries(&line).last().unwrap(), "failback REGISTER 1>0 interval after 1 in 0ns");
}

#[test]
fn a_long_outage_is_written_down_once() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Closed]);
    line.run(4000.0);
    let lost = entries(&line).into_iter().filter(|entry| entry.starts_with("unavailable"));
    assert_eq!(
        lost.collect::<Vec<_>>(),
        ["unavailable REGISTER ->- icmp port unreachable after 2 in 3.5s"]
    );
}

#[test]
fn a_refusal_is_written_down_with_its_status_code() {
    let mut line = Line::new(quiet(), &[World::Refuses, World::Up]);
    line.run(100.0);
    assert_eq!(entries(&line), ["unavailable REGISTER 0>- 403 after 1 in 0ns"]);
}

/// A refresh does not flicker on the screen; a dead hop does not count as a registration.
#[test]
fn the_state_tells_what_the_user_can_rely_on() {
    let mut line = Line::settled(quiet(), 2);
    let t0 = line.now;
    let first = line.machine.state();
    assert!(matches!(first, LineState::Registered { since, .. } if since == t0));
    line.hops[0] = World::Silent;
    line.run(3560.0);
    assert_eq!(line.machine.state(), first, "the refresh is out");
    line.run(2.0);
    line.hops[1] = World::Silent;
    line.run(2.0);
    assert_eq!(line.machine.state(), LineState::Registering, "the hop is known to be dead");
    line.run(31.0);
    assert_eq!(line.machine.state(), LineState::Failed);
    let told: Vec<_> = line
        .news()
        .iter()
        .filter_map(|news| if let Output::Line(state) = news { Some(*state) } else { None })
        .collect();
    assert_eq!(told, [LineState::Registering, LineState::Failed]);
}

#[test]
fn health_tells_the_cause_and_since_when() {
    let mut line = Line::settled(quiet(), 2);
    let t0 = line.now;
    line.run(5.0);
    line.show(1, Evidence::Unavailable(failover::Cause::IcmpPort));
    let health = line.machine.health(HopId(1)).unwrap();
    assert_eq!(health.cause.unwrap().to_string(), "icmp port unreachable");
    assert_eq!(health.since, t0 + Duration::from_secs(5));
}

#[test]
fn every_wake_up_carries_its_reason() {
    let mut line = Line::settled(exact(), 2);
    assert_eq!(line.machine.poll_timeout().unwrap().1, "keep-alive");
    line.set_policy(quiet());
    assert_eq!(line.machine.poll_timeout().unwrap().1, "refresh");
}
