//! OPTIONS to the hops that are not in use, so that "no redundancy left" is known before it is
//! needed (failover design §6).
//!
//! Off unless the policy says so, and then one OPTIONS every interval, to each such hop in turn. It
//! only teaches: the line moves for none of it. Silence says something only of a hop that has
//! answered one before, because many servers answer none (failover design §2).

use std::time::Instant;

use super::Machine;
use super::state::Phase;
use crate::health::{Health, HopState};
use crate::{Attempt, AttemptId, HopId, Outcome, Output, Reason, Task};

/// The watch on the hops that are not in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// When the next hop is asked.
    pub(super) next: Option<Instant>,
    /// The OPTIONS that waits for its answer, and where.
    pub(super) in_flight: Option<(AttemptId, HopId)>,
    /// The hop that was asked last.
    pub(super) last: Option<HopId>,
    /// The owner was told that no other hop is left.
    pub(super) lost: bool,
}

impl Watch {
    pub(super) fn is_in_flight(&self, id: AttemptId) -> bool {
        self.in_flight.is_some_and(|(flight, _)| flight == id)
    }
}

impl Machine {
    /// Whether, with the watch on, no hop but the line's own is known to be usable or untried.
    #[must_use]
    pub fn redundancy_lost(&self) -> bool {
        self.watch.lost
    }

    /// When the next hop is asked; of a settled line.
    pub(super) fn watch_at(&self) -> Option<Instant> {
        self.policy.watch?;
        self.watched()?;
        self.watch.next.filter(|_| self.watch.in_flight.is_none())
    }

    /// The next hop in turn: not the current one, and none that asked to be left alone.
    fn watched(&self) -> Option<HopId> {
        let others = (0_u8..).zip(&self.hops).filter(|(id, health)| {
            self.current != Some(HopId(*id)) && health.state != HopState::HeldOff
        });
        let others: Vec<HopId> = others.map(|(id, _)| HopId(id)).collect();
        let after = others.iter().find(|hop| self.watch.last.is_none_or(|last| **hop > last));
        after.or(others.first()).copied()
    }

    pub(super) fn send_watch(&mut self, now: Instant) {
        let (Some(hop), Some(interval)) = (self.watched(), self.policy.watch) else { return };
        let id = self.next_id();
        let interval = self.dice.shortened(interval, self.policy.keep_alive_spread);
        self.watch.next = Some(now + interval);
        self.watch.in_flight = Some((id, hop));
        self.watch.last = Some(hop);
        let wait = self.policy.keep_alive_wait();
        let (task, reason) = (Task::Watch, Reason::Interval);
        self.push(Output::Attempt(Attempt { id, task, hop, last: false, wait, reason }));
    }

    /// A registration has settled.
    pub(super) fn settle_watch(&mut self, now: Instant) {
        let next = self.watch.next.unwrap_or(now).max(now);
        self.watch.next = self.policy.watch.map(|_| next);
    }

    pub(super) fn follow_watch_policy(&mut self, now: Instant) {
        let Some(interval) = self.policy.watch else {
            self.abandon_watch();
            self.watch = Watch::default();
            return;
        };
        if matches!(self.phase, Phase::Settled) {
            let next = self.watch.next.unwrap_or(now);
            self.watch.next = Some(next.min(now + interval));
        }
    }

    pub(super) fn abandon_watch(&mut self) {
        if let Some((id, _)) = self.watch.in_flight.take() {
            self.push(Output::Abandon(id));
        }
    }

    pub(super) fn watch_outcome(&mut self, outcome: &Outcome, now: Instant) {
        let Some((_, hop)) = self.watch.in_flight.take() else { return };
        // It has become the line's own meanwhile: that is the keep-alive's business.
        let own = self.current == Some(hop);
        let answers = self.health(hop).is_some_and(|health| health.answers_options);
        match outcome {
            Outcome::Alive
            | Outcome::Registered { .. }
            | Outcome::Refused { .. }
            | Outcome::Unregistered => {
                if let Some(health) = self.hops.get_mut(hop.index()) {
                    health.answers_options = true;
                }
                self.answered(hop, now);
            }
            Outcome::LocalOutage => {}
            Outcome::Unavailable(cause) if own || cause.is_silence() && !answers => {}
            Outcome::Unavailable(cause) => {
                self.learn(hop, |health| health.unavailable(*cause, now));
            }
            Outcome::HeldOff { for_, cause } => {
                self.learn(hop, |health| health.hold_off(*for_, *cause, now));
            }
        }
    }

    /// Tells a settled line's owner when the last other hop goes, and when one is back.
    pub(super) fn tell_redundancy(&mut self) {
        if self.policy.watch.is_none() || !matches!(self.phase, Phase::Settled) {
            return;
        }
        let others = (0_u8..).zip(&self.hops).filter(|(id, _)| self.current != Some(HopId(*id)));
        let lost = self.hops.len() > 1 && !others.map(|(_, hop)| hop).any(Health::is_usable);
        if std::mem::replace(&mut self.watch.lost, lost) != lost {
            self.push(Output::Redundancy { left: !lost });
        }
    }
}
