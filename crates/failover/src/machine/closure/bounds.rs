//! How long from here? Ways home once all is healed, and ways out when the hop dies.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::state::Phase;
use super::fingerprint::Fingerprint;
use super::model::{Config, Event, State, good_answer};
use crate::health::HopState;
use crate::{HopId, worst_case};

/// One step of the healed world from each state: where it leads and how long it takes.
#[derive(Debug, Default)]
pub(super) struct Ways {
    steps: Vec<Option<(usize, Duration)>>,
    /// Which states are settled at a backup, with a primary that did not ask to be left alone.
    settled: Vec<bool>,
}

/// The longest ways home.
#[derive(Clone, Copy, Debug)]
pub(super) struct Longest {
    /// From any state.
    pub(super) any: Duration,
    /// From a line that is settled at a backup.
    pub(super) settled: Duration,
}

impl Ways {
    /// Adds the step from a state; called once for each, in the order of their numbers.
    pub(super) fn add(
        &mut self,
        state: &State,
        config: &Config,
        known: &mut BTreeMap<Fingerprint, usize>,
        ahead: &mut VecDeque<State>,
    ) {
        let held = state.machine.hops.iter().any(|health| health.state == HopState::HeldOff);
        self.settled.push(matches!(state.machine.phase, Phase::Settled) && !held);
        if is_home(state) {
            return self.steps.push(None);
        }
        let mut next = state.clone();
        heal(&mut next, config);
        let id = known.len();
        let took = next.now - state.now;
        let to = *known.entry(next.fingerprint()).or_insert_with(|| {
            ahead.push_back(next);
            id
        });
        self.steps.push(Some((to, took)));
    }

    /// The longest ways home; panics if one goes round in a circle.
    pub(super) fn longest(&self) -> Longest {
        let mut home: Vec<Option<Duration>> = vec![None; self.steps.len()];
        for from in 0..self.steps.len() {
            let mut path = Vec::new();
            let mut at = from;
            let mut rest = loop {
                match (home[at], self.steps[at]) {
                    (Some(known), _) => break known,
                    (None, None) => break Duration::ZERO,
                    (None, Some((to, took))) => {
                        path.push((at, took));
                        assert!(path.len() <= self.steps.len(), "state {from} never comes home");
                        at = to;
                    }
                }
            };
            home[at] = Some(rest);
            for (state, took) in path.into_iter().rev() {
                rest += took;
                home[state] = Some(rest);
            }
        }
        let any = home.iter().flatten().max();
        let settled = home.iter().zip(&self.settled).filter(|(_, settled)| **settled);
        let settled = settled.filter_map(|(time, _)| *time).max();
        Longest { any: any.copied().unwrap_or_default(), settled: settled.unwrap_or_default() }
    }
}

/// Settled at the primary.
fn is_home(state: &State) -> bool {
    matches!(state.machine.phase, Phase::Settled)
        && state.machine.current.is_some_and(HopId::is_primary)
}

/// One step in a world where everything is well from now on: what is newly sent is answered in no
/// time, what was in flight before stays unanswered.
fn heal(state: &mut State, config: &Config) {
    if state.machine.link_down_since.is_some() {
        state.happen(&Event::Link(true));
    } else if matches!(state.machine.phase, Phase::Off { .. }) && state.sent.is_empty() {
        state.happen(&Event::Register);
    } else {
        state.happen(&Event::Time);
    }
    answer_new(state, config, |_| true);
}

/// Answers what was sent just now by hops that are well.
fn answer_new(state: &mut State, config: &Config, well: impl Fn(HopId) -> bool) {
    // A check or a keep-alive may be new too; each is answered once.
    for _ in 0..8 {
        let new = state.sent.iter().find(|sent| well(sent.hop) && sent.at == state.now);
        let Some(new) = new.copied() else { return };
        state.happen(&Event::End(new.id, good_answer(new.task, config.expires)));
    }
}

/// The hop of a settled line dies in silence and but one other hop is well: how long until the line
/// is there? Checks it against the formula; first a hop that had answered OPTIONS, then another.
pub(super) fn death(state: &State, config: &Config) -> (Duration, Duration) {
    let (mut proven, mut other) = (Duration::ZERO, Duration::ZERO);
    let Some(dead) = state.machine.current else { return (proven, other) };
    if !matches!(state.machine.phase, Phase::Settled) {
        return (proven, other);
    }
    let worst = worst_case(&config.policy, config.hops, config.expires);
    for well in (0..config.hops).map(HopId).filter(|hop| *hop != dead) {
        if state.machine.hops.iter().any(|health| health.state == HopState::HeldOff) {
            continue;
        }
        let took = time_to_reach(state, config, well);
        let keep_alive = &state.machine.keep_alive;
        let asks = config.policy.keep_alive.is_some() && keep_alive.pause == 0;
        let bound = match (asks, keep_alive.proven) {
            (true, true) => worst.silent_death,
            (true, false) => worst.silent_death_unproven,
            (false, _) => worst.silent_death_unnoticed,
        };
        assert!(took <= bound.unwrap(), "{took:?} > {bound:?} to {well} from {state:#?}");
        if asks && keep_alive.proven {
            proven = proven.max(took);
        } else {
            other = other.max(took);
        }
    }
    (proven, other)
}

/// From now on one hop is well and all others are dead: how long until the line is registered there?
/// The longest over the hops, checked against the formula.
pub(super) fn recovery(state: &State, config: &Config) -> Duration {
    let machine = &state.machine;
    let wants = !matches!(machine.phase, Phase::Off { .. } | Phase::Disabled);
    let held = machine.hops.iter().any(|health| health.state == HopState::HeldOff);
    if !wants || held || machine.link_down_since.is_some() {
        return Duration::ZERO;
    }
    let worst = worst_case(&config.policy, config.hops, config.expires);
    let asks = config.policy.keep_alive.is_some() && machine.keep_alive.pause == 0;
    let bound = if asks { worst.recovery } else { worst.recovery_unnoticed };
    let times = (0..config.hops).map(|well| time_to_reach(state, config, HopId(well)));
    let longest = times.max().unwrap_or_default();
    assert!(longest <= bound, "{longest:?} > {bound:?} from {state:#?}");
    longest
}

fn time_to_reach(state: &State, config: &Config, well: HopId) -> Duration {
    let mut later = state.clone();
    for _ in 0..200 {
        if later.machine.current == Some(well) && matches!(later.machine.phase, Phase::Settled) {
            return later.now - state.now;
        }
        later.happen(&Event::Time);
        answer_new(&mut later, config, |hop| hop == well);
    }
    panic!("never reaches {well} from {state:#?}");
}
