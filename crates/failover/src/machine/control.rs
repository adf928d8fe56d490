//! What the user and the settings want of a line.
//!
//! Register, un-register, switch off and on, another policy, another list of hops. A wish is done
//! at once or merged into what is on its way; it never breaks the rule of one REGISTER in flight.

use std::sync::Arc;
use std::time::Instant;

use super::hunt::Course;
use super::state::{Phase, Wait};
use super::{KeepAlive, Machine, Watch};
use crate::health::Health;
use crate::{Cause, HopId, Output, Policy, Reason, Task, limits};

impl Machine {
    /// The user registers by hand (requirement B1): ignores any back-off, ends a probe, merges into
    /// a REGISTER that is on its way. A disabled line never registers.
    pub fn register(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Disabled | Phase::Hunting(_) => {}
            Phase::Off { register_next } if self.in_flight.is_some() => *register_next = true,
            Phase::Offline => {
                self.push(Output::AllFailed { cause: Cause::LinkDown, answered: false });
            }
            Phase::Off { .. } if self.link_down_since.is_some() => self.phase = Phase::Offline,
            Phase::Off { .. } | Phase::Waiting { .. } | Phase::Settled => {
                self.hunt(Course::of(Reason::Manual), now);
            }
        }
        self.finish(now);
    }

    /// The line's address of record or credentials have changed: what is in flight speaks for the
    /// old ones, and a refusal of those counts no more. Registers anew at once, unless the user
    /// has un-registered the line or it is disabled; with the link down, when that is back.
    pub fn identity_changed(&mut self, now: Instant) {
        match &self.phase {
            Phase::Waiting { .. } | Phase::Hunting(_) | Phase::Settled => {
                self.backoff.reset();
                self.hunt(Course::of(Reason::SettingsChanged), now);
            }
            Phase::Disabled | Phase::Off { .. } | Phase::Offline => {}
        }
        self.finish(now);
    }

    /// The user un-registers: one REGISTER that removes our Contact, at the hop that may hold it.
    pub fn unregister(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Disabled => {}
            Phase::Off { register_next } => *register_next = false,
            Phase::Waiting { .. } | Phase::Hunting(_) | Phase::Settled | Phase::Offline => {
                let asked = self.in_flight.map(|flight| flight.hop);
                let bound = self.current.filter(|_| self.registration.is_some());
                let sendable = self.link_down_since.is_none();
                self.stand_down(Phase::Off { register_next: false });
                self.current = None;
                if let Some(hop) = asked.or(bound).filter(|_| sendable) {
                    self.issue(Task::Unregister, hop, false, Reason::Manual, now);
                }
            }
        }
        self.finish(now);
    }

    /// The un-REGISTER is over, whatever came of it.
    pub(super) fn unregistered(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Off { register_next: true }) {
            self.hunt(Course::of(Reason::Manual), now);
        }
    }

    /// Switches registration off (`Enable Reg` 0): no REGISTER is ever sent, not even to
    /// un-register; requests start at the hop that answered last.
    pub fn disable(&mut self, now: Instant) {
        self.stand_down(Phase::Disabled);
        self.finish(now);
    }

    /// Switches registration on again.
    pub fn enable(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Disabled) {
            if self.link_down_since.is_some() {
                self.phase = Phase::Offline;
            } else {
                self.hunt(Course::of(Reason::SettingsChanged), now);
            }
        }
        self.finish(now);
    }

    /// Ends everything that serves a registration.
    fn stand_down(&mut self, phase: Phase) {
        self.abandon_register();
        self.abandon_keep_alive();
        self.abandon_watch();
        self.keep_alive = KeepAlive::default();
        self.watch = Watch::default();
        self.failback.cancel();
        self.failback.at_once = None;
        self.backoff.reset();
        self.registration = None;
        self.phase = phase;
    }

    /// Another policy, in force at once. Nothing is restarted and the line does not move; timers
    /// that it shortens, switches on or switches off follow.
    pub fn set_policy(&mut self, policy: impl Into<Arc<Policy>>, now: Instant) {
        let policy = Policy::in_range(policy.into());
        if policy != self.policy {
            let before = std::mem::replace(&mut self.policy, policy);
            self.failback.damping = 1;
            self.follow_failback_policy(&before, now);
            self.follow_keep_alive_policy(now);
            self.follow_watch_policy(now);
        }
        self.finish(now);
    }

    fn follow_failback_policy(&mut self, before: &Policy, now: Instant) {
        let probing = self.in_flight.is_some_and(|flight| flight.task == Task::Probe);
        let same = before.register_failback == self.policy.register_failback
            && before.failback_interval == self.policy.failback_interval;
        if probing || same {
            return;
        }
        let away = self.current.is_some_and(|hop| !hop.is_primary());
        let settled = matches!(self.phase, Phase::Settled) && away;
        if self.failback.due.is_some() || settled {
            self.rearm_failback(now);
        }
    }

    fn follow_keep_alive_policy(&mut self, now: Instant) {
        let Some(interval) = self.policy.keep_alive else {
            self.abandon_keep_alive();
            self.keep_alive.next = None;
            return;
        };
        if matches!(self.phase, Phase::Settled) {
            let next = self.keep_alive.next.unwrap_or(now);
            self.keep_alive.next = Some(next.min(now + interval));
            self.keep_alive.pause = 0;
        }
    }

    /// Another list of hops. `kept` has one item for each hop of the new list, in order of
    /// preference: the [`HopId`] that it had before, or `None` if it is new. What is known of kept
    /// hops stays, and the line does not move unless its hop is gone.
    pub fn set_hops(&mut self, kept: &[Option<HopId>], now: Instant) {
        let kept = kept.get(..limits::HOPS).unwrap_or(kept);
        let same = kept.len() == self.hops.len()
            && (0_u8..).zip(kept).all(|(id, old)| *old == Some(HopId(id)));
        if !same {
            self.renumber(kept, now);
            self.resume_with_new_hops(kept.contains(&None), now);
        }
        self.finish(now);
    }

    fn renumber(&mut self, kept: &[Option<HopId>], now: Instant) {
        let old = std::mem::take(&mut self.hops);
        let known = |id: &Option<HopId>| id.and_then(|id| old.get(id.index()).copied());
        self.hops = kept.iter().map(|id| known(id).unwrap_or(Health::unknown(now))).collect();
        let new_id = |hop: HopId| {
            (0_u8..).zip(kept).find(|(_, old)| **old == Some(hop)).map(|(id, _)| HopId(id))
        };
        self.current = self.current.and_then(new_id);
        self.last_good = self.last_good.and_then(new_id);
        // Attempts name hops by their old numbers; what they were for is taken up again.
        self.abandon_register();
        self.abandon_keep_alive();
        self.abandon_watch();
        self.watch.last = self.watch.last.and_then(new_id);
    }

    fn resume_with_new_hops(&mut self, any_new: bool, now: Instant) {
        let course = Course::of(Reason::HopsChanged);
        match &self.phase {
            Phase::Hunting(_) => self.hunt(course, now),
            Phase::Settled => match self.current {
                None => {
                    self.registration = None;
                    self.hunt(course, now);
                }
                Some(hop) if hop.is_primary() => self.failback.cancel(),
                Some(_) => self.arm_failback(now),
            },
            Phase::Waiting { why: Wait::AllFailed, .. } if any_new => self.hunt(course, now),
            Phase::Off { register_next: true } => self.hunt(Course::of(Reason::Manual), now),
            Phase::Waiting { .. }
            | Phase::Off { register_next: false }
            | Phase::Disabled
            | Phase::Offline => {}
        }
    }
}
