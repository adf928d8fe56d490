//! The machine of one line: outcomes, evidence, wishes and time in; attempts and news out.
//!
//! This file holds the parts together and owns none of the rules. They stand in: `hunt` (a REGISTER
//! goes from hop to hop), `keep_alive`, `failback` (the way back to the primary), `evidence` (what
//! other requests show), `control` (what users and settings want), `drill`, `link`, `timers`,
//! `orders`, `watch` (the hops not in use).
//! Whatever is due at the time of a call is done within it, so that the owner never has to ask
//! twice.

#[cfg(test)]
mod closure;
mod control;
mod drill;
mod evidence;
mod failback;
mod hunt;
mod keep_alive;
mod link;
mod orders;
mod state;
mod timers;
mod watch;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

pub use state::LineState;
use state::{Flight, Phase, Registration, Wait};

use crate::backoff::Backoff;
use crate::dice::Dice;
use crate::health::Health;
use crate::journal::Entry;
use crate::{
    Attempt, AttemptId, Budget, HopId, LastGood, Outcome, Output, Policy, Reason, Start, Task,
    Trigger, limits,
};
use failback::Failback;
use keep_alive::KeepAlive;
use watch::Watch;

/// Which hop one line uses, and what is to be sent to keep it there or move it.
///
/// Give it every outcome and every evidence as it comes, call [`Self::handle_timeout`] when
/// [`Self::poll_timeout`] says, and take [`Self::poll_output`] empty after each call.
#[derive(Clone, Debug)]
pub struct Machine {
    policy: Arc<Policy>,
    /// In order of preference; a [`HopId`] is an index here.
    hops: Vec<Health>,
    current: Option<HopId>,
    /// The hop of the latest registration, also while there is none.
    last_good: Option<HopId>,
    registration: Option<Registration>,
    phase: Phase,
    /// The one REGISTER in flight (RFC 3261 §10.2).
    in_flight: Option<Flight>,
    keep_alive: KeepAlive,
    watch: Watch,
    failback: Failback,
    backoff: Backoff,
    suspect_checked: Option<Instant>,
    link_down_since: Option<Instant>,
    next_attempt: u64,
    dice: Dice,
    /// The state that the owner was told last.
    reported: LineState,
    outputs: VecDeque<Output>,
}

impl Machine {
    /// A line with so many hops (at most 32 are used), which registers at once, or after a random
    /// part of `boot_spread` if the device has booted. Values out of range are clamped. Lines of one
    /// policy may share it.
    #[must_use]
    pub fn new(
        hops: u8,
        policy: impl Into<Arc<Policy>>,
        start: Start,
        seed: u64,
        now: Instant,
    ) -> Self {
        let hops = usize::from(hops).min(limits::HOPS);
        let mut machine = Self {
            policy: Policy::in_range(policy.into()),
            hops: vec![Health::unknown(now); hops],
            current: start.begin_at(hops),
            last_good: None,
            registration: None,
            phase: Phase::Off { register_next: false },
            in_flight: None,
            keep_alive: KeepAlive::default(),
            watch: Watch::default(),
            failback: Failback::default(),
            backoff: Backoff::default(),
            suspect_checked: None,
            link_down_since: None,
            next_attempt: 0,
            dice: Dice::new(seed),
            reported: LineState::Unregistered,
            outputs: VecDeque::new(),
        };
        let reason = match start.trigger {
            Trigger::Boot => Reason::Boot,
            Trigger::Restart => Reason::Restart,
        };
        machine.failback.return_at_once_after(reason, machine.current.is_some());
        let spread = start.trigger == Trigger::Boot;
        machine.register_spread(reason, spread, now);
        machine.finish(now);
        machine
    }

    /// The outcome of an attempt. One that was abandoned, or has had its outcome, changes nothing.
    pub fn handle_outcome(&mut self, id: AttemptId, outcome: Outcome, now: Instant) {
        if self.keep_alive.is_in_flight(id) {
            self.keep_alive_outcome(&outcome, now);
        } else if self.watch.is_in_flight(id) {
            self.watch_outcome(&outcome, now);
        } else if let Some(flight) = self.in_flight.take_if(|flight| flight.id == id) {
            match flight.task {
                Task::Register => self.hunt_outcome(flight, outcome, now),
                Task::Probe => self.probe_outcome(flight, outcome, now),
                Task::SuspectCheck => self.check_outcome(flight, outcome, now),
                Task::Unregister => self.unregistered(now),
                Task::KeepAlive | Task::Watch => {}
            }
        }
        self.finish(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.finish(now);
    }

    /// When [`Self::handle_timeout`] is to be called next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.next_timer().map(|(at, timer)| (at, timer.name()))
    }

    /// What is to be done or told next.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if output.is_none() {
            // A line at rest needs no room for them, and nearly all lines are.
            self.outputs = VecDeque::new();
        }
        output
    }

    /// Where requests start: the hop that the line is registered through, or was until it was found
    /// unavailable. `None` before the first registration, after an un-REGISTER, a refusal and a
    /// round in which every hop failed. Of a disabled line, the hop that answered last.
    #[must_use]
    pub fn current(&self) -> Option<HopId> {
        self.current
    }

    /// What is believed of a hop; `None` if there is no such hop.
    #[must_use]
    pub fn health(&self, hop: HopId) -> Option<&Health> {
        self.hops.get(hop.index())
    }

    /// How many hops the line has.
    #[must_use]
    pub fn hop_count(&self) -> usize {
        self.hops.len()
    }

    /// The policy in force, clamped.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What to remember over a restart, to be given to [`Start`].
    #[must_use]
    pub fn last_good(&self) -> Option<LastGood> {
        let primary_was_unavailable = self.hops.first().is_some_and(|primary| !primary.is_usable());
        self.last_good.map(|hop| LastGood { hop, primary_was_unavailable })
    }

    /// The state as the user sees it. A refresh does not show; a registration whose hop is known
    /// to be unavailable does not count.
    #[must_use]
    pub fn state(&self) -> LineState {
        let serves = self.current.and_then(|hop| self.health(hop)).is_some_and(Health::is_usable);
        let held = self.registration.map(|registration| LineState::Registered {
            since: registration.since,
            expires_at: registration.expires_at(),
        });
        match &self.phase {
            Phase::Disabled => LineState::Disabled,
            Phase::Off { register_next: false } => LineState::Unregistered,
            Phase::Off { register_next: true } => LineState::Registering,
            Phase::Hunting(_) => held.filter(|_| serves).unwrap_or(LineState::Registering),
            Phase::Waiting { why: Wait::Spread(_), .. } => held.unwrap_or(LineState::Registering),
            Phase::Settled | Phase::Offline | Phase::Waiting { .. } => {
                held.unwrap_or(LineState::Failed)
            }
        }
    }

    /// Sends one request to one hop.
    fn issue(&mut self, task: Task, hop: HopId, last: bool, reason: Reason, now: Instant) {
        let id = self.next_id();
        debug_assert!(self.in_flight.is_none(), "one REGISTER in flight (RFC 3261 §10.2)");
        self.in_flight = Some(Flight { id, task, hop, started: now, reason });
        let budget = if last { Budget::Full } else { Budget::Retry };
        let wait = self.policy.wait(budget);
        self.push(Output::Attempt(Attempt { id, task, hop, last, wait, reason }));
    }

    fn next_id(&mut self) -> AttemptId {
        self.next_attempt += 1;
        AttemptId(self.next_attempt)
    }

    /// Gives up the REGISTER in flight, whatever it is for.
    fn abandon_register(&mut self) {
        if let Some(flight) = self.in_flight.take() {
            self.push(Output::Abandon(flight.id));
        }
    }

    /// Changes what is believed of a hop, and tells it if that is news.
    fn learn(&mut self, hop: HopId, lesson: impl FnOnce(&mut Health) -> bool) {
        if self.hops.get_mut(hop.index()).is_some_and(lesson) {
            self.push(Output::Hop(hop));
        }
    }

    fn held_until(&self, hop: HopId) -> Option<Instant> {
        self.health(hop).and_then(|health| health.held_until)
    }

    fn write_down(&mut self, entry: Entry) {
        self.push(Output::Journal(entry));
    }

    fn push(&mut self, output: Output) {
        if self.outputs.len() >= limits::OUTPUTS {
            self.outputs.pop_front();
        }
        self.outputs.push_back(output);
    }

    /// Ends every call: does what is due, and tells a new state.
    fn finish(&mut self, now: Instant) {
        self.fire_due(now);
        self.tell_redundancy();
        let state = self.state();
        if state != self.reported {
            self.reported = state;
            self.push(Output::Line(state));
        }
    }
}
