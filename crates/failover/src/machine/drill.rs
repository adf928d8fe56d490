//! The end of a drill (failover design §7).
//!
//! A drill needs no part in the machine while it runs: to the machine a hop to which nothing is
//! sent is a hop that is silent, with [`Cause::Drill`] for its silence. When it is over, what was
//! believed because of it is believed no longer, and the line goes back to where it was.

use std::time::Instant;

use super::Machine;
use super::hunt::Course;
use super::state::{Phase, Wait};
use crate::{Cause, HopId, Reason};

impl Machine {
    /// A drill that sent nothing to this hop is over. The hop counts as not tried. A line that is
    /// not at its primary, if that is the hop, asks it by one probe at once, whatever the settings
    /// of failback, because a drill leaves nothing behind; a line that waits because every hop had
    /// failed registers.
    pub fn handle_drill_over(&mut self, hop: HopId, now: Instant) {
        if self.health(hop).is_some_and(|health| health.cause == Some(Cause::Drill)) {
            self.learn(hop, |health| health.forget(now));
        }
        if hop.index() < self.hops.len() {
            self.go_back_from_drill(hop, now);
        }
        self.finish(now);
    }

    /// What was asked of the hop meanwhile was never sent: it is asked anew.
    fn go_back_from_drill(&mut self, hop: HopId, now: Instant) {
        let asked = self.in_flight.is_some_and(|flight| flight.hop == hop);
        let away = hop.is_primary() && self.current != Some(hop);
        if self.current == Some(hop) && self.keep_alive.in_flight.is_some() {
            self.abandon_keep_alive();
            self.keep_alive.next = Some(now);
        }
        match &self.phase {
            Phase::Waiting { why: Wait::AllFailed, .. } => {
                self.hunt(Course::of(Reason::DrillOver).to(hop), now);
            }
            Phase::Hunting(_) if asked => self.hunt(Course::of(Reason::DrillOver).to(hop), now),
            Phase::Settled if asked || away => {
                self.abandon_register();
                if away {
                    self.failback.at_once = Some(Reason::DrillOver);
                    self.failback.due = Some(now);
                }
            }
            Phase::Hunting(_) | Phase::Offline if away => {
                self.failback.at_once = Some(Reason::DrillOver);
            }
            Phase::Settled
            | Phase::Hunting(_)
            | Phase::Offline
            | Phase::Waiting { .. }
            | Phase::Disabled
            | Phase::Off { .. } => {}
        }
    }
}
