//! The link under the line: down is nobody's fault (failover design §6).
//!
//! While it is down nothing is sent, nobody is blamed and nothing moves; when it is back the line
//! registers, at once after a short loss, after a random wait after a long one (requirement F6).

use std::time::{Duration, Instant};

use super::Machine;
use super::hunt::Course;
use super::state::{Phase, Wait};
use crate::{Reason, limits};

impl Machine {
    /// The link has gone down (no carrier, no address, no route) or has come up.
    pub fn handle_link(&mut self, up: bool, now: Instant) {
        if up {
            self.link_up(now);
        } else {
            self.link_down(now);
        }
        self.finish(now);
    }

    fn link_down(&mut self, now: Instant) {
        if self.link_down_since.is_some() {
            return;
        }
        self.link_down_since = Some(now);
        self.abandon_register();
        self.abandon_keep_alive();
        self.abandon_watch();
        match &self.phase {
            Phase::Disabled | Phase::Off { register_next: false } => {}
            Phase::Off { register_next: true }
            | Phase::Waiting { .. }
            | Phase::Hunting(_)
            | Phase::Settled
            | Phase::Offline => self.phase = Phase::Offline,
        }
    }

    fn link_up(&mut self, now: Instant) {
        let Some(since) = self.link_down_since.take() else { return };
        if matches!(self.phase, Phase::Offline) {
            let long = now.saturating_duration_since(since) >= limits::SHORT_LINK_LOSS;
            self.register_spread(Reason::LinkUp, long, now);
        }
    }

    /// Registers now, or after a random part of `boot_spread`.
    pub(super) fn register_spread(&mut self, reason: Reason, spread: bool, now: Instant) {
        let most = if spread { self.policy.boot_spread } else { Duration::ZERO };
        let wait = self.dice.between(Duration::ZERO, most);
        if wait.is_zero() {
            self.hunt(Course::of(reason), now);
        } else {
            self.phase = Phase::Waiting { until: now + wait, why: Wait::Spread(reason) };
        }
    }
}
