//! What holds at every state.

use std::time::Duration;

use super::super::state::{Phase, Registration, Wait};
use super::model::{Config, State};
use crate::health::HopState;
use crate::{AttemptId, LineState, Outcome, Reason, TIMEOUT, Task};

pub(super) fn state(state: &State, config: &Config) {
    never_stuck(state);
    no_stale_timer(state, config);
    one_register_in_flight(state);
    refreshed_in_time(state, config);
    current_hop_is_sane(state, config);
}

/// A line that wants to be registered always has something to wait for.
fn never_stuck(state: &State) {
    let machine = &state.machine;
    let wants = !matches!(machine.phase, Phase::Off { register_next: false } | Phase::Disabled);
    let linked = machine.link_down_since.is_none();
    if wants && linked {
        assert!(!matches!(machine.phase, Phase::Offline), "offline on a link: {state:#?}");
        let goes_on = state.sent.iter().any(|sent| sent.task.is_register())
            || machine.poll_timeout().is_some_and(|(_, name)| name != "hold-off ends")
            || machine.hops.iter().any(|health| health.state == HopState::HeldOff);
        assert!(goes_on, "stuck: {state:#?}");
    }
}

/// Each timer has the reason that its name says; none lies behind us.
fn no_stale_timer(state: &State, config: &Config) {
    let machine = &state.machine;
    if let Some((at, name)) = machine.poll_timeout() {
        assert!(at > state.now, "{name} is overdue: {state:#?}");
        let settled = matches!(machine.phase, Phase::Settled);
        let idle = machine.in_flight.is_none();
        let current = machine.current.and_then(|hop| machine.health(hop));
        let held = current.is_some_and(|health| health.state == HopState::HeldOff);
        let fits = match name {
            "hold-off ends" => machine.hops.iter().any(|hop| hop.state == HopState::HeldOff),
            "registration expires" => machine.registration.is_some() && !(settled && idle),
            "wait ends" => idle && matches!(machine.phase, Phase::Waiting { .. }),
            "refresh" => settled && idle,
            "suspect check" => {
                settled && idle && current.is_some_and(|hop| hop.state == HopState::Suspect)
            }
            "keep-alive" => {
                let asking = state.sent.iter().any(|sent| sent.task == Task::KeepAlive);
                settled && config.policy.keep_alive.is_some() && !held && !asking
            }
            "watch" => settled && config.policy.watch.is_some() && machine.hops.len() > 1,
            "failback" => may_fail_back(state) && idle,
            _ => false,
        };
        assert!(fits, "stale timer {name}: {state:#?}");
    }
    if machine.failback.due.is_some() {
        let on_its_way = match &machine.phase {
            Phase::Waiting { why, .. } => matches!(why, Wait::LocalOutage | Wait::Spread(_)),
            Phase::Hunting(_) | Phase::Offline => true,
            Phase::Settled | Phase::Disabled | Phase::Off { .. } => false,
        };
        assert!(may_fail_back(state) || on_its_way, "failback for nothing: {state:#?}");
        let drilled = machine.failback.at_once == Some(Reason::DrillOver);
        assert!(config.policy.register_failback || drilled, "{state:#?}");
    }
    if matches!(machine.phase, Phase::Off { .. } | Phase::Disabled) {
        let silent = machine.poll_timeout().is_none_or(|(_, name)| name == "hold-off ends");
        assert!(silent, "an unregistered line has a timer: {state:#?}");
    }
}

fn may_fail_back(state: &State) -> bool {
    match &state.machine.phase {
        Phase::Settled => state.machine.current.is_some_and(|hop| !hop.is_primary()),
        Phase::Waiting { why, .. } => *why == Wait::Refused,
        Phase::Hunting(_) | Phase::Disabled | Phase::Off { .. } | Phase::Offline => false,
    }
}

/// RFC 3261 §10.2; and the world and the machine agree on what is in flight.
fn one_register_in_flight(state: &State) {
    let registers: Vec<AttemptId> =
        state.sent.iter().filter(|sent| sent.task.is_register()).map(|sent| sent.id).collect();
    let own: Vec<AttemptId> = state.machine.in_flight.iter().map(|flight| flight.id).collect();
    assert_eq!(registers, own, "{state:#?}");
    let options: Vec<AttemptId> =
        state.sent.iter().filter(|sent| sent.task == Task::KeepAlive).map(|sent| sent.id).collect();
    let own: Vec<AttemptId> =
        state.machine.keep_alive.in_flight.iter().map(|(id, _)| *id).collect();
    assert_eq!(options, own, "{state:#?}");
    let watches: Vec<AttemptId> =
        state.sent.iter().filter(|sent| sent.task == Task::Watch).map(|sent| sent.id).collect();
    let own: Vec<AttemptId> = state.machine.watch.in_flight.iter().map(|(id, _)| *id).collect();
    assert_eq!(watches, own, "{state:#?}");
    if matches!(state.machine.phase, Phase::Hunting(_)) {
        assert_eq!(registers.len(), 1, "a hunt without a REGISTER: {state:#?}");
    }
}

/// A settled line's refresh leaves every hop its budget and 5 s, or comes at half of the lifetime;
/// what is in flight meanwhile ends before it is due.
fn refreshed_in_time(state: &State, config: &Config) {
    let (Phase::Settled, Some(registration)) = (&state.machine.phase, &state.machine.registration)
    else {
        return;
    };
    let Registration { sent, expires, .. } = *registration;
    let others = u32::from(config.hops) - 1;
    let round = config.policy.retry.wait(false) * others + TIMEOUT + Duration::from_secs(5);
    let latest = sent + expires.saturating_sub(round).max(expires / 2);
    assert!(state.now <= latest, "refresh too late: {state:#?}");
    if let Some(single) = state.sent.iter().find(|sent| sent.task.is_register()) {
        // A probe that had to wait for this very registration has its turn now: no starvation.
        let turn = single.at == registration.answered;
        let delays = single.task == Task::Probe && single.deadline > latest;
        assert!(turn || !delays, "a probe delays the refresh: {state:#?}");
    } else {
        let (at, name) = state.machine.poll_timeout().unwrap();
        assert!(at <= latest, "{name} hides the refresh: {state:#?}");
    }
}

fn current_hop_is_sane(state: &State, config: &Config) {
    let machine = &state.machine;
    assert!(machine.current.is_none_or(|hop| hop.0 < config.hops), "{state:#?}");
    let registered = matches!(machine.state(), LineState::Registered { .. });
    if matches!(machine.phase, Phase::Settled) {
        let health = machine.current.and_then(|hop| machine.health(hop)).unwrap();
        assert_ne!(health.state, HopState::Unavailable, "settled at a dead hop: {state:#?}");
        assert!(registered, "settled without registration: {state:#?}");
        assert_eq!(machine.current, machine.last_good, "{state:#?}");
    }
    if registered {
        assert!(machine.current.is_some(), "registered nowhere: {state:#?}");
    }
}

/// Outcomes of attempts that are over or were abandoned change nothing (failover design §6).
pub(super) fn late_outcomes(state: &State) {
    let before = state.fingerprint();
    let over = (0..=state.machine.next_attempt + 1)
        .rev()
        .map(AttemptId)
        .filter(|id| state.sent.iter().all(|sent| sent.id != *id))
        .take(1);
    for id in over {
        for outcome in [
            Outcome::Registered { expires: Duration::from_secs(9) },
            Outcome::Refused { code: 401, phrase: String::new() },
        ] {
            let mut later = state.machine.clone();
            later.handle_outcome(id, outcome, state.now);
            assert!(later.poll_output().is_none(), "a late outcome is told: {state:#?}");
            let after = super::fingerprint::of(&later, state.now);
            assert_eq!(before, after, "a late outcome changes: {state:#?}");
        }
    }
}
