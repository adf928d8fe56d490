//! The timers of a line: each computed from the state that gives it meaning.
//!
//! Nothing is stored only to be woken: what a phase does not need cannot fire in it. Of timers due
//! at one instant the first in this list goes first.

use std::time::Instant;

use super::Machine;
use super::hunt::Course;
use super::state::{Phase, Wait};
use crate::{HopId, Reason};

/// A reason to wake up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    HoldOffEnds(HopId),
    Expiry,
    WaitEnds,
    Refresh,
    SuspectCheck,
    KeepAlive,
    Failback,
    Watch,
}

impl Timer {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::HoldOffEnds(_) => "hold-off ends",
            Self::Expiry => "registration expires",
            Self::WaitEnds => "wait ends",
            Self::Refresh => "refresh",
            Self::SuspectCheck => "suspect check",
            Self::KeepAlive => "keep-alive",
            Self::Failback => "failback",
            Self::Watch => "watch",
        }
    }
}

/// More than can be due at one instant; a bound, not a rule.
const FIRED_AT_ONCE: usize = 64;

impl Machine {
    pub(super) fn fire_due(&mut self, now: Instant) {
        for _ in 0..FIRED_AT_ONCE {
            match self.next_timer() {
                Some((at, timer)) if at <= now => self.fire(timer, now),
                Some(_) | None => return,
            }
        }
    }

    pub(super) fn next_timer(&self) -> Option<(Instant, Timer)> {
        let idle = self.in_flight.is_none();
        let own = match &self.phase {
            Phase::Waiting { until, .. } => {
                [idle.then_some((*until, Timer::WaitEnds)), None, None, None]
            }
            Phase::Settled => [
                self.refresh_at().map(|at| (at, Timer::Refresh)),
                self.suspect_check_at().map(|at| (at, Timer::SuspectCheck)),
                self.keep_alive_at().map(|at| (at, Timer::KeepAlive)),
                self.watch_at().map(|at| (at, Timer::Watch)),
            ],
            Phase::Disabled | Phase::Off { .. } | Phase::Hunting(_) | Phase::Offline => [None; 4],
        };
        let expiry = self.registration.map(|held| (held.expires_at(), Timer::Expiry));
        let failback = self.failback_at().map(|at| (at, Timer::Failback));
        let held = (0_u8..).zip(&self.hops).filter_map(|(id, health)| {
            health.held_until.map(|until| (until, Timer::HoldOffEnds(HopId(id))))
        });
        own.into_iter().flatten().chain(expiry).chain(failback).chain(held).min()
    }

    /// When the registration is refreshed; it waits for a probe or check in flight, which were
    /// started early enough.
    pub(super) fn refresh_at(&self) -> Option<Instant> {
        let registration = self.registration.filter(|_| self.in_flight.is_none())?;
        Some(registration.refresh_at(&self.policy, self.hops.len()))
    }

    fn fire(&mut self, timer: Timer, now: Instant) {
        match timer {
            Timer::HoldOffEnds(hop) => self.learn(hop, |health| health.release(now)),
            Timer::Expiry => self.expire(now),
            Timer::WaitEnds => self.end_wait(now),
            Timer::Refresh => self.hunt(Course::of(Reason::Refresh), now),
            Timer::SuspectCheck => self.send_suspect_check(now),
            Timer::KeepAlive => self.send_keep_alive(now),
            Timer::Failback => self.send_probe(now),
            Timer::Watch => self.send_watch(now),
        }
    }

    /// The server has forgotten the line; whatever delayed the refresh delays it no longer.
    fn expire(&mut self, now: Instant) {
        self.registration = None;
        if matches!(self.phase, Phase::Settled) {
            self.hunt(Course::of(Reason::Refresh), now);
        }
    }

    fn end_wait(&mut self, now: Instant) {
        let Phase::Waiting { why, .. } = &self.phase else { return };
        let reason = match why {
            Wait::Spread(reason) => *reason,
            Wait::AllFailed | Wait::Refused | Wait::LocalOutage => Reason::Backoff,
        };
        self.hunt(Course::of(reason), now);
    }
}
