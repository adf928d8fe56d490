//! What other requests show of a hop, and where the line goes for it (failover design §1, column
//! *Line*).
//!
//! INVITE, BYE and all else that is not the machine's own end here. It answers for "REGISTER at
//! once where calls go now": incoming calls must follow (asterisk#1927).

use std::time::Instant;

use super::Machine;
use super::hunt::Course;
use super::state::{Flight, Phase, Wait};
use crate::health::{Health, HopState};
use crate::{Budget, Cause, Evidence, HopId, Outcome, Output, Reason, Task, Why};

impl Machine {
    /// Takes what a request that is not the machine's own has shown of a hop. A hop that is not in
    /// the list is ignored; while the link is down nobody is blamed.
    pub fn handle_evidence(&mut self, hop: HopId, evidence: Evidence, now: Instant) {
        let known = hop.index() < self.hops.len();
        if known && self.link_down_since.is_none() {
            self.take_evidence(hop, evidence, now);
        }
        self.finish(now);
    }

    fn take_evidence(&mut self, hop: HopId, evidence: Evidence, now: Instant) {
        match evidence {
            Evidence::Answered => self.answered(hop, now),
            Evidence::Unavailable(cause) => self.blame(hop, cause, Reason::Failover(hop), now),
            Evidence::Suspect(cause) => self.learn(hop, |health| health.suspect(cause, now)),
            Evidence::HeldOff { for_, cause } => {
                self.learn(hop, |health| health.hold_off(for_, cause, now));
                self.leave(hop, Reason::Failover(hop), now);
            }
            Evidence::ServedBy => {
                self.answered(hop, now);
                self.follow(hop, now);
            }
            Evidence::PrimaryAnswered => {
                self.answered(hop, now);
                if hop.is_primary() {
                    self.return_by_signal(now);
                }
            }
            Evidence::CancelTimedOut => {
                self.blame(hop, Cause::NoAnswer, Reason::CancelTimedOut, now);
                // It re-REGISTERs the line also where the hop was another one's (requirement B1).
                if matches!(self.phase, Phase::Settled) && self.current != Some(hop) {
                    self.hunt(Course::of(Reason::CancelTimedOut).away_from(hop), now);
                }
            }
            Evidence::FlowBroke => self.open_again(hop, now),
            Evidence::OptionsAnswered { waited } => {
                let asked = now.checked_sub(waited).unwrap_or(now);
                self.options_answered(hop, asked, now);
                self.answered(hop, now);
            }
            Evidence::KeepAliveFailed { cause, waited } => {
                if self.current == Some(hop) {
                    self.learn(hop, |health| health.unavailable(cause, now));
                    self.keep_alive_failed(hop, cause, now.checked_sub(waited).unwrap_or(now), now);
                }
            }
        }
    }

    /// A settled line registers anew at its own hop, over a new connection; if that cannot be had,
    /// the next hop has its turn. A hop that asked to be left alone is.
    fn open_again(&mut self, hop: HopId, now: Instant) {
        let here = matches!(self.phase, Phase::Settled) && self.current == Some(hop);
        if here && self.held_until(hop).is_none() {
            self.hunt(Course::of(Reason::FlowBroke).to(hop), now);
        }
    }

    pub(super) fn answered(&mut self, hop: HopId, now: Instant) {
        self.learn(hop, |health| health.answered(now));
        let well = self.health(hop).is_some_and(|health| health.state == HopState::Available);
        match self.phase {
            Phase::Disabled => self.answers_last(hop),
            Phase::Waiting { why: Wait::AllFailed, .. } if well => {
                self.hunt(Course::of(Reason::Answered).to(hop), now);
            }
            Phase::Waiting { .. }
            | Phase::Hunting(_)
            | Phase::Settled
            | Phase::Off { .. }
            | Phase::Offline => {}
        }
    }

    /// A disabled line is where it was answered last (interfaces, `Enable Reg` 0).
    fn answers_last(&mut self, hop: HopId) {
        let from = self.current.replace(hop);
        if from != Some(hop) {
            let why = if from.is_none() { Why::Start } else { Why::Failover };
            self.push(Output::Moved { from, to: hop, why });
        }
    }

    fn blame(&mut self, hop: HopId, cause: Cause, reason: Reason, now: Instant) {
        let before = self.in_flight;
        self.learn(hop, |health| health.unavailable(cause, now));
        self.leave(hop, reason, now);
        // Proof ends whatever else was in flight there, but not what it has just caused.
        let same = |flight: &Flight| before.is_some_and(|before| before.id == flight.id);
        let Some(flight) =
            self.in_flight.filter(|flight| flight.hop == hop && cause.is_proof() && same(flight))
        else {
            return;
        };
        match flight.task {
            Task::Register => {
                self.abandon_register();
                self.next_hop(Some(cause), now);
            }
            Task::Probe => {
                self.abandon_register();
                self.rearm_failback(now);
            }
            Task::KeepAlive | Task::Watch | Task::SuspectCheck | Task::Unregister => {}
        }
    }

    /// A settled line whose own hop this is goes to the next one.
    fn leave(&mut self, hop: HopId, reason: Reason, now: Instant) {
        let here = matches!(self.phase, Phase::Settled) && self.current == Some(hop);
        if here && self.can_leave(hop) {
            self.hunt(Course::of(reason).away_from(hop), now);
        }
    }

    /// Whether a REGISTER makes sense now: not if every hop asked to be left alone.
    pub(super) fn can_leave(&self, hop: HopId) -> bool {
        let held = |health: &Health| health.state == HopState::HeldOff;
        let others = self.hops.iter().enumerate().filter(|(index, _)| *index != hop.index());
        !self.health(hop).is_some_and(held)
            || others.map(|(_, other)| other).any(|other| !held(other))
    }

    /// A request that had found another hop unavailable was served here: the line follows, unless
    /// its own hop is well.
    fn follow(&mut self, hop: HopId, now: Instant) {
        let well = self.current.and_then(|own| self.health(own)).is_some_and(Health::is_usable);
        if well || self.current == Some(hop) {
            return;
        }
        match (&self.phase, self.in_flight) {
            (Phase::Hunting(_), Some(Flight { hop: asked, .. })) if asked != hop => {
                self.hunt(Course::of(Reason::Failover(asked)).to(hop), now);
            }
            (Phase::Settled, _) => {
                let from = self.current.unwrap_or(HopId::PRIMARY);
                self.hunt(Course::of(Reason::Failover(from)).to(hop), now);
            }
            (
                Phase::Hunting(_)
                | Phase::Waiting { .. }
                | Phase::Disabled
                | Phase::Off { .. }
                | Phase::Offline,
                _,
            ) => {}
        }
    }

    /// The primary answered an INVITE or BYE (C2, C3): REGISTER there at once, so that calls never
    /// come to a hop without the binding. One that is on its way there is enough.
    fn return_by_signal(&mut self, now: Instant) {
        let asks_it = self.in_flight.is_some_and(|flight| flight.hop.is_primary());
        let held = self.held_until(HopId::PRIMARY).is_some();
        let away = match self.phase {
            Phase::Settled => !self.current.is_some_and(HopId::is_primary),
            Phase::Hunting(_) => true,
            Phase::Waiting { .. } | Phase::Disabled | Phase::Off { .. } | Phase::Offline => false,
        };
        if self.policy.signal_failback && away && !asks_it && !held {
            self.hunt(Course::of(Reason::SignalFailback).to(HopId::PRIMARY), now);
        }
    }

    /// When a suspect hop may be checked.
    pub(super) fn suspect_check_at(&self) -> Option<Instant> {
        let health = self.current.and_then(|hop| self.health(hop))?;
        if health.state != HopState::Suspect || self.in_flight.is_some() {
            return None;
        }
        let earliest = self.suspect_checked.map(|last| last + self.policy.suspect_interval);
        Some(earliest.map_or(health.since, |at| at.max(health.since)))
    }

    pub(super) fn send_suspect_check(&mut self, now: Instant) {
        let Some(hop) = self.current else { return };
        self.suspect_checked = Some(now);
        // So near to the refresh the check would delay it; a refresh that comes early is a check.
        let wait = self.policy.wait(Budget::Retry);
        if self.refresh_at().is_some_and(|refresh| now + wait > refresh) {
            return self.hunt(Course::of(Reason::Refresh), now);
        }
        self.issue(Task::SuspectCheck, hop, false, Reason::Suspect, now);
    }

    /// The line moves only if the check fails.
    pub(super) fn check_outcome(&mut self, flight: Flight, outcome: Outcome, now: Instant) {
        let hop = flight.hop;
        match outcome {
            Outcome::Registered { expires } => self.registered(flight, expires, now),
            Outcome::Refused { code, phrase } => {
                self.learn(hop, |health| health.answered(now));
                self.refused(flight, code, phrase, now);
            }
            Outcome::Alive | Outcome::Unregistered => {
                self.learn(hop, |health| health.answered(now));
            }
            Outcome::Unavailable(cause) => {
                self.learn(hop, |health| health.unavailable(cause, now));
                self.leave(hop, Reason::Failover(hop), now);
            }
            Outcome::HeldOff { for_, cause } => {
                self.learn(hop, |health| health.hold_off(for_, cause, now));
                self.leave(hop, Reason::Failover(hop), now);
            }
            Outcome::LocalOutage => {}
        }
    }
}
