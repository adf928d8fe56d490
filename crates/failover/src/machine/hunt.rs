//! A REGISTER goes from hop to hop until one takes it (requirements B1, B4, A4).
//!
//! Answers for the way of one REGISTER through the order of hops, and for what its end means: the
//! line settles, waits after a refusal, or waits because every hop failed. It refuses to know what
//! started it beyond a [`Course`].

use std::time::{Duration, Instant};

use super::state::{Flight, Hunt, Phase, Registration, Wait};
use super::{KeepAlive, Machine};
use crate::journal::{Entry, EntryCause, EntryKind, Method};
use crate::{Cause, HopId, Outcome, Output, Reason, ReturnCause, Task, Why, limits};

/// How a hunt begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) reason: Reason,
    /// Goes first, whatever is known of it.
    pub(super) head: Option<HopId>,
    /// Has just failed.
    pub(super) avoid: Option<HopId>,
    /// Silence to OPTIONS there proved nothing.
    pub(super) doubt: Option<HopId>,
}

impl Course {
    pub(super) fn of(reason: Reason) -> Self {
        Self { reason, head: None, avoid: None, doubt: None }
    }

    pub(super) fn to(self, head: HopId) -> Self {
        Self { head: Some(head), ..self }
    }

    pub(super) fn away_from(self, avoid: HopId) -> Self {
        Self { avoid: Some(avoid), ..self }
    }
}

impl Machine {
    /// Starts a REGISTER on its way. Ends a probe, a check, and a REGISTER on another course.
    pub(super) fn hunt(&mut self, course: Course, now: Instant) {
        self.abandon_register();
        let (order, signal) = self.register_order(&course, now);
        if course.avoid.is_some() {
            self.abandon_keep_alive();
        }
        self.phase = Phase::Hunting(Hunt {
            reason: course.reason,
            order,
            at: 0,
            started: now,
            signal,
            doubt: course.doubt,
            last: None,
            answer: None,
        });
        self.attempt_here(course.reason, now);
    }

    fn attempt_here(&mut self, reason: Reason, now: Instant) {
        let Phase::Hunting(hunt) = &self.phase else { return };
        let last = hunt.is_last();
        let Some(hop) = hunt.hop() else { return self.all_failed(now) };
        if self.current != Some(hop) {
            self.abandon_keep_alive();
        }
        self.issue(Task::Register, hop, last, reason, now);
    }

    pub(super) fn hunt_outcome(&mut self, flight: Flight, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Registered { expires } => self.registered(flight, expires, now),
            Outcome::Refused { code, phrase } => {
                self.learn(flight.hop, |health| health.answered(now));
                if self.is_only_a_try(flight.hop) {
                    // C5: a failed signal failback goes on as failover does.
                    return self.next_hop(Some(Cause::Status(code)), now);
                }
                self.refused(flight, code, phrase, now);
            }
            Outcome::Unavailable(cause) => {
                self.learn(flight.hop, |health| health.unavailable(cause, now));
                self.next_hop(Some(cause), now);
            }
            Outcome::HeldOff { for_, cause } => {
                self.learn(flight.hop, |health| health.hold_off(for_, cause, now));
                self.next_hop(Some(cause), now);
            }
            Outcome::LocalOutage => self.next_hop(None, now),
            // A 200 that does not list our Contact: it answers but does not register.
            Outcome::Alive | Outcome::Unregistered => {
                let cause = Cause::Status(200);
                self.learn(flight.hop, |health| health.unavailable(cause, now));
                self.next_hop(Some(cause), now);
            }
        }
    }

    /// Whether the REGISTER is at the primary only to find out, with a hop behind it that serves.
    fn is_only_a_try(&self, hop: HopId) -> bool {
        matches!(&self.phase, Phase::Hunting(hunt) if hunt.signal && hunt.at == 0)
            && hop.is_primary()
            && self.registration.is_some()
    }

    /// The hop in turn has failed; `None`: our own host could not send, and nobody is blamed.
    pub(super) fn next_hop(&mut self, cause: Option<Cause>, now: Instant) {
        let Phase::Hunting(hunt) = &mut self.phase else { return };
        let Some(from) = hunt.hop() else { return };
        if let Some(cause) = cause {
            hunt.note(cause);
        }
        hunt.at += 1;
        let (to, started) = (hunt.hop(), hunt.started);
        let attempts = u32::try_from(hunt.at).unwrap_or(u32::MAX);
        if let (Some(cause), Some(_)) = (cause, to) {
            self.write_down(Entry {
                when: now,
                kind: EntryKind::Failover,
                method: Method::Register,
                from: Some(from),
                to,
                cause: EntryCause::Hop(cause),
                attempts,
                elapsed: now.saturating_duration_since(started),
            });
        }
        self.attempt_here(Reason::Failover(from), now);
    }

    /// A 200: the line settles at this hop.
    pub(super) fn registered(&mut self, flight: Flight, expires: Duration, now: Instant) {
        let hunt = match std::mem::replace(&mut self.phase, Phase::Settled) {
            Phase::Hunting(hunt) => Some(hunt),
            Phase::Disabled
            | Phase::Off { .. }
            | Phase::Waiting { .. }
            | Phase::Settled
            | Phase::Offline => None,
        };
        let hop = flight.hop;
        let (reason, started) = hunt
            .as_ref()
            .map_or((flight.reason, flight.started), |hunt| (hunt.reason, hunt.started));
        let from = self.last_good.replace(hop);
        let moved = from != Some(hop) || self.current != Some(hop);
        self.current = Some(hop);
        self.backoff.reset();
        self.learn(hop, |health| health.registered(now));

        let (least, most) = limits::EXPIRES;
        let since = self.registration.filter(|_| !moved).map_or(now, |before| before.since);
        let expires = expires.clamp(least, most);
        self.registration =
            Some(Registration { since, sent: flight.started, answered: now, expires });

        if moved {
            let signal = hunt.as_ref().is_some_and(|hunt| hunt.signal && hunt.at == 0);
            self.moved(from, hop, why(from, hop, reason, signal), started, now);
        }
        self.settle_failback(from, hop, started, now);
        let doubted = hunt.is_some_and(|hunt| hunt.doubt == Some(hop));
        self.settle_watch(now);
        self.settle_keep_alive(hop, moved || reason == Reason::LinkUp, doubted, now);
    }

    fn moved(&mut self, from: Option<HopId>, to: HopId, why: Why, started: Instant, now: Instant) {
        self.push(Output::Moved { from, to, why });
        if let Why::Return(cause) = why {
            self.write_down(Entry {
                when: now,
                kind: EntryKind::Failback,
                method: Method::Register,
                from,
                to: Some(to),
                cause: EntryCause::Return(cause),
                attempts: 1,
                elapsed: now.saturating_duration_since(started),
            });
        }
    }

    /// A final 4xx or 6xx: the server has spoken, no other hop is asked, so that a wrong password
    /// locks out no second account (failover design §1).
    pub(super) fn refused(&mut self, flight: Flight, code: u16, phrase: String, now: Instant) {
        let started = self.hunt_started().unwrap_or(flight.started);
        let first_round = self.backoff.is_fresh();
        self.unsettle();
        if flight.hop.is_primary() {
            self.failback.cancel();
        } else {
            self.arm_failback(now);
        }
        self.wait_for(Wait::Refused, now);
        self.push(Output::Refused { hop: flight.hop, code, phrase });
        if first_round {
            self.write_unavailable(Some(flight.hop), Cause::Status(code), started, 1, now);
        }
    }

    /// Requirement B4: every hop has been tried.
    fn all_failed(&mut self, now: Instant) {
        let Phase::Hunting(hunt) = &self.phase else { return };
        let (started, attempts) = (hunt.started, u32::try_from(hunt.order.len()).unwrap_or(0));
        let (answer, last, hops) = (hunt.answer, hunt.last, hunt.order.len());
        let Some(cause) = answer.or(last).or((hops == 0).then_some(Cause::DnsFailure)) else {
            // Every hop said that it is our own host: nobody is blamed, nothing has moved.
            self.wait_for(Wait::LocalOutage, now);
            return self.push(Output::AllFailed { cause: Cause::LinkDown, answered: false });
        };
        let first_round = self.backoff.is_fresh();
        if self.current.is_some_and(HopId::is_primary) {
            self.failback.left_primary(started, &self.policy);
        }
        self.failback.cancel();
        self.unsettle();
        self.wait_for(Wait::AllFailed, now);
        self.push(Output::AllFailed { cause, answered: answer.is_some() });
        if first_round {
            self.write_unavailable(None, cause, started, attempts, now);
        }
    }

    /// The line has no registration to speak of any more.
    fn unsettle(&mut self) {
        self.registration = None;
        self.current = None;
        self.abandon_keep_alive();
        self.keep_alive = KeepAlive::default();
    }

    /// Waits by the back-off and, if every hop asked to be left alone, until the first of them may
    /// be asked again.
    fn wait_for(&mut self, why: Wait, now: Instant) {
        let back_off = now + self.backoff.next(&self.policy, &mut self.dice);
        let held: Option<Vec<Instant>> = self.hops.iter().map(|health| health.held_until).collect();
        let released = held.and_then(|held| held.into_iter().min()).unwrap_or(now);
        self.phase = Phase::Waiting { until: back_off.max(released), why };
    }

    fn write_unavailable(
        &mut self,
        from: Option<HopId>,
        cause: Cause,
        started: Instant,
        attempts: u32,
        now: Instant,
    ) {
        self.write_down(Entry {
            when: now,
            kind: EntryKind::Unavailable,
            method: Method::Register,
            from,
            to: None,
            cause: EntryCause::Hop(cause),
            attempts,
            elapsed: now.saturating_duration_since(started),
        });
    }

    fn hunt_started(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Hunting(hunt) => Some(hunt.started),
            Phase::Disabled
            | Phase::Off { .. }
            | Phase::Waiting { .. }
            | Phase::Settled
            | Phase::Offline => None,
        }
    }
}

/// Why a line that was at `from` is at `to` now.
fn why(from: Option<HopId>, to: HopId, reason: Reason, signal: bool) -> Why {
    if from.is_none() || from == Some(to) {
        return Why::Start;
    }
    if reason == Reason::HopsChanged {
        return Why::HopsChanged;
    }
    if !to.is_primary() {
        return Why::Failover;
    }
    match reason {
        Reason::Manual => Why::Return(ReturnCause::Manual),
        Reason::Interval => Why::Return(ReturnCause::Interval),
        Reason::DrillOver => Why::Return(ReturnCause::Drill),
        Reason::SignalFailback => Why::Return(ReturnCause::Signal),
        Reason::Boot
        | Reason::Restart
        | Reason::LinkUp
        | Reason::Backoff
        | Reason::Answered
        | Reason::SettingsChanged
        | Reason::HopsChanged => Why::Return(ReturnCause::Restart),
        Reason::Refresh
        | Reason::Failover(_)
        | Reason::KeepAliveFailed
        | Reason::FlowBroke
        | Reason::CancelTimedOut
        | Reason::Suspect => {
            if signal {
                Why::Return(ReturnCause::Signal)
            } else {
                Why::Failover
            }
        }
    }
}
