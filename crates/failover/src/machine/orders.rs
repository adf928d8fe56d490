//! Which hops a request tries, in which order, from what the machine knows (failover design §2).
//!
//! [`crate::order`] sorts; this file says who is current, who has just failed and whether the
//! request starts at the primary to find out.

use std::time::Instant;

use super::Machine;
use super::hunt::Course;
use crate::order::{Order, Plan, RequestKind};
use crate::{Health, HopId, Reason};

impl Machine {
    /// The hops that a request of this kind is to try now. With signal failback on, asking for the
    /// order of an INVITE or BYE counts as a request that finds out about the primary.
    pub fn order(&mut self, kind: RequestKind, now: Instant) -> Order {
        let head = match kind {
            RequestKind::OneHop(hop) => return Order::one(hop),
            RequestKind::InDialog | RequestKind::Bye { route_is_primary: false } => None,
            RequestKind::Register | RequestKind::Invite => self.signal_failback(None, now),
            RequestKind::Bye { route_is_primary: true } => {
                self.signal_failback(None, now).or_else(|| self.usable(HopId::PRIMARY))
            }
        };
        Order::new(self.plan(head, None).over(&self.hops))
    }

    /// The order of the line's own REGISTER, and whether it starts at the primary to find out.
    pub(super) fn register_order(&mut self, course: &Course, now: Instant) -> (Vec<HopId>, bool) {
        // After a restart the line begins where it was, and is probed back (failover design §2).
        let begins = matches!(course.reason, Reason::Boot | Reason::Restart);
        let head = match course.head {
            None if !begins => self.signal_failback(course.avoid, now),
            head => head,
        };
        let away = self.current.is_some_and(|hop| !hop.is_primary());
        let signal = away && head.is_some_and(HopId::is_primary);
        (self.plan(head, course.avoid).over(&self.hops), signal)
    }

    fn plan(&self, head: Option<HopId>, avoid: Option<HopId>) -> Plan {
        let known_dead_last = self.policy.known_dead_last;
        Plan { head, current: self.current, avoid, known_dead_last }
    }

    fn usable(&self, hop: HopId) -> Option<HopId> {
        self.health(hop).filter(|health| health.is_usable()).map(|_: &Health| hop)
    }
}
