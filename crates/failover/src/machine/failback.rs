//! The way back to the primary (requirements C1–C5, F6).
//!
//! Answers for the failback interval with its jitter and damping, for the probe, and for how often
//! signal failback may make its user wait. What a successful return means is `hunt`'s part.

use std::time::Instant;

use super::Machine;
use super::state::{Flight, Phase, Wait};
use crate::health::HopState;
use crate::{Budget, HopId, Outcome, Policy, Reason, Task, limits};

/// Timers and memory of the way back.
#[derive(Clone, Debug)]
pub(super) struct Failback {
    /// When the primary is to be probed; `None` at the primary, or with register failback off.
    pub(super) due: Option<Instant>,
    /// Flap damping: the interval counts so many times.
    pub(super) damping: u32,
    /// When the line last came back to the primary.
    pub(super) returned: Option<Instant>,
    /// When a request last started at the primary to find out (C1–C3).
    pub(super) signalled: Option<Instant>,
    /// After a start at a backup: the first probe follows the registration at once, for this reason.
    pub(super) at_once: Option<Reason>,
}

impl Default for Failback {
    fn default() -> Self {
        Self { due: None, damping: 1, returned: None, signalled: None, at_once: None }
    }
}

impl Failback {
    pub(super) fn return_at_once_after(&mut self, reason: Reason, at_backup: bool) {
        self.at_once = at_backup.then_some(reason);
    }

    pub(super) fn cancel(&mut self) {
        self.due = None;
    }

    fn probe_at_once(&mut self, now: Instant) {
        if self.at_once.is_some() {
            self.due = Some(now);
        }
    }

    /// The primary, come back to before, has failed at `when` (failover design §6, flap damping).
    pub(super) fn left_primary(&mut self, when: Instant, policy: &Policy) {
        let Some(returned) = self.returned.take() else { return };
        let soon = when.saturating_duration_since(returned) < policy.flap_window;
        self.damping =
            if policy.flap_damping && soon { (self.damping * 2).min(limits::DAMPING) } else { 1 };
    }
}

impl Machine {
    /// Starts the interval if it is not running.
    pub(super) fn arm_failback(&mut self, now: Instant) {
        if self.failback.due.is_none() {
            self.rearm_failback(now);
        }
    }

    /// Starts the interval anew.
    pub(super) fn rearm_failback(&mut self, now: Instant) {
        self.failback.cancel();
        if !self.policy.register_failback || self.hops.len() < 2 {
            return;
        }
        let interval = self.policy.failback_interval * self.failback.damping;
        self.failback.due = Some(now + self.dice.around(interval, self.policy.failback_jitter));
    }

    /// A registration has settled at `at`, by a REGISTER that started at `started`.
    pub(super) fn settle_failback(
        &mut self,
        from: Option<HopId>,
        at: HopId,
        started: Instant,
        now: Instant,
    ) {
        if at.is_primary() {
            self.failback.cancel();
            self.failback.at_once = None;
            if from.is_some_and(|from| !from.is_primary()) {
                self.failback.returned = Some(now);
            }
            return;
        }
        if from.is_some_and(HopId::is_primary) {
            self.failback.left_primary(started, &self.policy);
        }
        self.arm_failback(now);
        if self.failback.due.is_some() || self.failback.at_once == Some(Reason::DrillOver) {
            self.failback.probe_at_once(now);
        }
    }

    /// When the probe goes out: with no other REGISTER in flight, not to a hop that asked to be
    /// left alone, and not so near to a refresh that it could delay it.
    pub(super) fn failback_at(&self) -> Option<Instant> {
        let due = self.failback.due.filter(|_| self.in_flight.is_none())?;
        let at = self.held_until(HopId::PRIMARY).map_or(due, |until| due.max(until));
        match &self.phase {
            Phase::Settled => {
                let registration = self.registration?;
                let refresh = registration.refresh_at(&self.policy, self.hops.len());
                // One that is due so near to the refresh follows it; being overdue then, it is not
                // held back by refreshes again and again.
                let delays = at + self.policy.wait(Budget::Retry) > refresh;
                (!delays).then_some(at)
            }
            Phase::Waiting { why: Wait::Refused, .. } => Some(at),
            Phase::Waiting { .. }
            | Phase::Hunting(_)
            | Phase::Disabled
            | Phase::Off { .. }
            | Phase::Offline => None,
        }
    }

    pub(super) fn send_probe(&mut self, now: Instant) {
        let reason = self.failback.at_once.unwrap_or(Reason::Interval);
        self.issue(Task::Probe, HopId::PRIMARY, false, reason, now);
    }

    /// C4, C5: a 200 makes this the line's registration; all else restarts the interval.
    pub(super) fn probe_outcome(&mut self, flight: Flight, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Registered { expires } => return self.registered(flight, expires, now),
            Outcome::Refused { .. } | Outcome::Alive | Outcome::Unregistered => {
                self.learn(flight.hop, |health| health.answered(now));
            }
            Outcome::Unavailable(cause) => {
                self.learn(flight.hop, |health| health.unavailable(cause, now));
            }
            Outcome::HeldOff { for_, cause } => {
                self.learn(flight.hop, |health| health.hold_off(for_, cause, now));
            }
            Outcome::LocalOutage => {}
        }
        self.failback.at_once = None;
        self.rearm_failback(now);
    }

    /// The primary, if a request is to start there to find out whether it is back, known dead or
    /// not (C1–C3). Counts as such a request.
    pub(super) fn signal_failback(&mut self, avoid: Option<HopId>, now: Instant) -> Option<HopId> {
        let away = self.current.is_some_and(|hop| !hop.is_primary());
        let held =
            self.health(HopId::PRIMARY).is_none_or(|primary| primary.state == HopState::HeldOff);
        let rested = self
            .failback
            .signalled
            .is_none_or(|last| now.saturating_duration_since(last) >= self.policy.signal_hold_off);
        let just_failed = avoid.is_some_and(HopId::is_primary);
        if !self.policy.signal_failback || !away || held || !rested || just_failed {
            return None;
        }
        self.failback.signalled = Some(now);
        Some(HopId::PRIMARY)
    }
}
