//! OPTIONS to the current hop: how an idle line finds out (requirement F1; failover design §6).
//!
//! The first follows the registration at once, the second after a random part of the interval, so
//! that phones which came up together are at different places in it at once (requirement F6), then
//! one every interval, start to start. Silence is
//! proof only at a hop that has answered one in this registration, because many servers answer
//! none; otherwise a REGISTER at the same hop decides. If that is answered the server may answer no
//! OPTIONS at all, or was overloaded for a moment: it is asked ever more seldom, its silence leads to
//! nothing, and the first answer brings the rhythm back, also one that comes after its wait.

use std::time::{Duration, Instant};

use super::Machine;
use super::hunt::Course;
use super::state::Phase;
use crate::journal::{Entry, EntryCause, EntryKind, Method};
use crate::{Attempt, AttemptId, Cause, HopId, Outcome, Output, Reason, Task, limits};

/// The keep-alive of the current registration.
#[derive(Clone, Debug, Default)]
pub(super) struct KeepAlive {
    /// When the next one is due.
    pub(super) next: Option<Instant>,
    /// The one that waits for its answer, and when it began.
    pub(super) in_flight: Option<(AttemptId, Instant)>,
    /// The first of this registration is sent.
    pub(super) begun: bool,
    /// One was answered: silence is proof.
    pub(super) proven: bool,
    /// The hop answers REGISTER but no OPTIONS: it is asked after so many intervals only; else 0.
    pub(super) pause: u32,
}

impl KeepAlive {
    pub(super) fn is_in_flight(&self, id: AttemptId) -> bool {
        self.in_flight.is_some_and(|(flight, _)| flight == id)
    }

    /// The next one is a pause away, which is twice as long each time.
    fn put_off(&mut self, interval: Option<Duration>, now: Instant) {
        let (first, longest) = limits::KEEP_ALIVE_PAUSE;
        self.pause = (self.pause * 2).clamp(first, longest);
        self.next = interval.map(|interval| now + interval * self.pause);
    }
}

impl Machine {
    /// Whether the current hop answers REGISTER and has answered no OPTIONS, so that only the refresh
    /// would find its silent death out.
    #[must_use]
    pub fn keep_alive_is_unanswered(&self) -> bool {
        self.policy.keep_alive.is_some() && self.keep_alive.pause > 0
    }

    /// When the next OPTIONS goes out: not while one is in flight, and not to a hop that asked to
    /// be left alone.
    pub(super) fn keep_alive_at(&self) -> Option<Instant> {
        self.policy.keep_alive?;
        let next = self.keep_alive.next.filter(|_| self.keep_alive.in_flight.is_none())?;
        let held = self.current.and_then(|hop| self.held_until(hop));
        Some(held.map_or(next, |until| next.max(until)))
    }

    pub(super) fn send_keep_alive(&mut self, now: Instant) {
        let (Some(hop), Some(interval)) = (self.current, self.policy.keep_alive) else { return };
        let id = self.next_id();
        let spread = self.policy.keep_alive_spread;
        let first = !std::mem::replace(&mut self.keep_alive.begun, true);
        let shortened = if first && spread > 0 { 100 } else { spread };
        self.keep_alive.next = Some(now + self.dice.shortened(interval, shortened));
        self.keep_alive.in_flight = Some((id, now));
        let wait = self.policy.keep_alive_wait();
        let (task, reason) = (Task::KeepAlive, Reason::Interval);
        self.push(Output::Attempt(Attempt { id, task, hop, last: false, wait, reason }));
    }

    pub(super) fn abandon_keep_alive(&mut self) {
        if let Some((id, _)) = self.keep_alive.in_flight.take() {
            self.push(Output::Abandon(id));
        }
    }

    /// A registration has settled at this hop; `anew`: none there before, or not on this link.
    pub(super) fn settle_keep_alive(
        &mut self,
        hop: HopId,
        anew: bool,
        doubted: bool,
        now: Instant,
    ) {
        if anew {
            self.abandon_keep_alive();
            self.keep_alive = KeepAlive::default();
        }
        if doubted && !anew && !self.keep_alive.proven {
            self.keep_alive.put_off(self.policy.keep_alive, now);
            self.push(Output::KeepAliveStopped(hop));
        }
        let next = self.keep_alive.next.unwrap_or(now).max(now);
        self.keep_alive.next = self.policy.keep_alive.map(|_| next);
    }

    pub(super) fn keep_alive_outcome(&mut self, outcome: &Outcome, now: Instant) {
        let Some((_, started)) = self.keep_alive.in_flight.take() else { return };
        let Some(hop) = self.current else { return };
        match outcome {
            Outcome::Alive
            | Outcome::Registered { .. }
            | Outcome::Refused { .. }
            | Outcome::Unregistered => {
                self.keep_alive_proven(started, now);
                self.learn(hop, |health| health.answered(now));
            }
            Outcome::LocalOutage => {}
            Outcome::HeldOff { for_, cause } => {
                self.learn(hop, |health| health.hold_off(*for_, *cause, now));
                self.keep_alive_failed(hop, *cause, started, now);
            }
            Outcome::Unavailable(cause) if cause.is_silence() && self.keep_alive.pause > 0 => {
                self.keep_alive.put_off(self.policy.keep_alive, now);
            }
            Outcome::Unavailable(cause) if cause.is_silence() && !self.keep_alive.proven => {
                if matches!(self.phase, Phase::Settled) {
                    let course = Course::of(Reason::KeepAliveFailed);
                    self.hunt(Course { doubt: Some(hop), ..course }, now);
                }
            }
            Outcome::Unavailable(cause) => {
                self.learn(hop, |health| health.unavailable(*cause, now));
                self.keep_alive_failed(hop, *cause, started, now);
            }
        }
    }

    /// The current hop answers OPTIONS, this one sent at `asked` among them.
    fn keep_alive_proven(&mut self, asked: Instant, now: Instant) {
        self.keep_alive.proven = true;
        if std::mem::take(&mut self.keep_alive.pause) > 0 && self.keep_alive.in_flight.is_none() {
            self.keep_alive.next = self.policy.keep_alive.map(|every| (asked + every).max(now));
        }
    }

    /// A hop has answered an OPTIONS whose silence had proved nothing.
    pub(super) fn options_answered(&mut self, hop: HopId, asked: Instant, now: Instant) {
        if let Some(health) = self.hops.get_mut(hop.index()) {
            health.answers_options = true;
        }
        if self.current == Some(hop) {
            self.keep_alive_proven(asked, now);
        }
    }

    /// The line goes to the **next** hop. A REGISTER that asks the same hop moves on, unless
    /// silence would cut its 64·T1 at the last hop short (requirement A4).
    pub(super) fn keep_alive_failed(
        &mut self,
        hop: HopId,
        cause: Cause,
        started: Instant,
        now: Instant,
    ) {
        match &self.phase {
            Phase::Settled => {
                if !self.can_leave(hop) {
                    return;
                }
                self.hunt(Course::of(Reason::KeepAliveFailed).away_from(hop), now);
                let to = self.in_flight.map(|flight| flight.hop).filter(|to| *to != hop);
                if to.is_some() {
                    self.write_down(Entry {
                        when: now,
                        kind: EntryKind::Failover,
                        method: Method::Options,
                        from: Some(hop),
                        to,
                        cause: EntryCause::Hop(cause),
                        attempts: 1,
                        elapsed: now.saturating_duration_since(started),
                    });
                }
            }
            Phase::Hunting(hunt) => {
                let here = hunt.hop() == Some(hop);
                if here && (cause.is_proof() || !hunt.is_last()) {
                    self.abandon_register();
                    self.next_hop(Some(cause), now);
                }
            }
            Phase::Disabled | Phase::Off { .. } | Phase::Waiting { .. } | Phase::Offline => {}
        }
    }
}
