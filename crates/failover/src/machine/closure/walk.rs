//! The walk: breadth first, each state once, every check at each.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use super::bounds::{self, Longest};
use super::checks;
use super::fingerprint::Fingerprint;
use super::model::{Config, State};

/// What a walk has seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) states: usize,
    pub(super) edges: usize,
    /// The longest ways home, all hops well from then on; `None` with no failback on.
    pub(super) home: Option<Longest>,
    /// The longest time from the silent death of a proven hop to a working one.
    pub(super) death: Duration,
    /// The same for a hop that never answered OPTIONS.
    pub(super) unnoticed: Duration,
    /// The longest time from any state to the registration at the one hop that is well.
    pub(super) recovery: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, edges, home, death, unnoticed, recovery } = self;
        write!(f, "{states} states, {edges} edges; ")?;
        if let Some(Longest { any, settled }) = home {
            write!(f, "home in {any:?}, if settled {settled:?}; ")?;
        }
        write!(
            f,
            "off a dead hop in {death:?} if proven, {unnoticed:?} if not; to the only working one in {recovery:?}"
        )
    }
}

/// Walks every reachable state; panics with the state at the first check that fails.
pub(super) fn walk(config: &Config) -> Report {
    let mut known: BTreeMap<Fingerprint, usize> = BTreeMap::new();
    let mut ahead: VecDeque<State> = VecDeque::new();
    let mut ways = bounds::Ways::default();
    let (mut edges, mut death, mut unnoticed) = (0, Duration::ZERO, Duration::ZERO);
    let mut recovery = Duration::ZERO;
    let first = State::first(config);
    known.insert(first.fingerprint(), 0);
    ahead.push_back(first);
    while let Some(state) = ahead.pop_front() {
        checks::state(&state, config);
        checks::late_outcomes(&state);
        ways.add(&state, config, &mut known, &mut ahead);
        let (proven, other) = bounds::death(&state, config);
        death = death.max(proven);
        unnoticed = unnoticed.max(other);
        recovery = recovery.max(bounds::recovery(&state, config));
        for event in state.events(config) {
            let next = state.after(&event);
            edges += 1;
            let id = known.len();
            known.entry(next.fingerprint()).or_insert_with(|| {
                ahead.push_back(next);
                id
            });
        }
        assert!(known.len() <= config.limit, "does not close: {config:?}");
    }
    let returns = config.policy.register_failback || config.policy.signal_failback;
    let home = returns.then(|| ways.longest());
    Report { states: known.len(), edges, home, death, unnoticed, recovery }
}
