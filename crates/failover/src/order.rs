//! The order in which one request tries the hops (failover design §2).
//!
//! Start at the current hop, then the others in order of preference, each once; hops known to be
//! dead go behind, hops that asked to be left alone go last of all, and nothing is ever removed.
//! Who is current and whether the primary is to be tried first is told to it, not decided here.

use crate::HopId;
use crate::health::{Health, HopState};

/// What is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// REGISTER of the line.
    Register,
    /// A new call.
    Invite,
    /// BYE.
    Bye {
        /// Its route set (with none, its remote target) names the primary (requirement C3).
        route_is_primary: bool,
    },
    /// Any other request in a dialog, or one that belongs to no dialog.
    InDialog,
    /// A request meant for this hop only: A3's budget, never A4's.
    OneHop(HopId),
}

/// How long a request waits at a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// As the policy's retry says (requirement A3).
    Retry,
    /// 64·T1: nothing is tried after this hop (requirement A4).
    Full,
}

/// The hops of one request, first to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Each hop once.
    pub hops: Vec<HopId>,
    one_hop: bool,
}

impl Order {
    /// An order that tries all of these.
    #[must_use]
    pub fn new(hops: Vec<HopId>) -> Self {
        Self { hops, one_hop: false }
    }

    /// A request meant for this hop only.
    #[must_use]
    pub fn one(hop: HopId) -> Self {
        Self { hops: vec![hop], one_hop: true }
    }

    /// How long to wait at this hop: the last **of this order** has 64·T1.
    #[must_use]
    pub fn budget(&self, hop: HopId) -> Budget {
        if self.hops.last() == Some(&hop) && !self.one_hop { Budget::Full } else { Budget::Retry }
    }
}

/// What decides an order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    /// Goes first, whatever is known of it.
    pub(crate) head: Option<HopId>,
    /// Where the line is; with none, the primary.
    pub(crate) current: Option<HopId>,
    /// Has just failed: behind everything but hops that are held off.
    pub(crate) avoid: Option<HopId>,
    /// Hops found unavailable go behind the others.
    pub(crate) known_dead_last: bool,
}

impl Plan {
    /// The order over these hops.
    pub(crate) fn over(&self, hops: &[Health]) -> Vec<HopId> {
        let start = self.current.unwrap_or(HopId::PRIMARY);
        let mut order: Vec<(u8, bool, HopId)> = (0_u8..)
            .zip(hops)
            .map(|(id, health)| (self.rank(HopId(id), health), HopId(id) != start, HopId(id)))
            .collect();
        // Within a rank the current hop leads and the others keep the order of preference.
        order.sort_unstable();
        order.into_iter().map(|(_, _, hop)| hop).collect()
    }

    fn rank(&self, hop: HopId, health: &Health) -> u8 {
        if self.head == Some(hop) {
            0
        } else if health.state == HopState::HeldOff {
            4
        } else if self.avoid == Some(hop) {
            3
        } else if self.known_dead_last && health.state == HopState::Unavailable {
            2
        } else {
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::Cause;

    const DEAD: HopState = HopState::Unavailable;
    const HELD: HopState = HopState::HeldOff;
    const FINE: HopState = HopState::Available;

    fn hops(states: &[HopState]) -> Vec<Health> {
        let now = crate::testing::t0();
        let health = |state: &HopState| {
            let mut health = Health::unknown(now);
            if *state == DEAD {
                health.unavailable(Cause::NoAnswer, now);
            } else if *state == HELD {
                health.hold_off(Duration::from_secs(9), Cause::Status(503), now);
            }
            health
        };
        states.iter().map(health).collect()
    }

    fn order(plan: Plan, states: &[HopState]) -> Vec<u8> {
        plan.over(&hops(states)).into_iter().map(|hop| hop.0).collect()
    }

    fn at(current: u8) -> Plan {
        Plan { current: Some(HopId(current)), known_dead_last: true, ..Plan::default() }
    }

    /// Failover design §2, first rule.
    #[test]
    fn an_order_starts_at_the_current_hop_then_the_others_by_preference_each_once() {
        assert_eq!(order(at(0), &[FINE; 4]), [0, 1, 2, 3]);
        assert_eq!(order(at(2), &[FINE; 4]), [2, 0, 1, 3]);
        assert_eq!(order(Plan::default(), &[FINE; 3]), [0, 1, 2], "never registered: the primary");
    }

    /// Failover design §2, second rule.
    #[test]
    fn a_known_dead_hop_is_tried_last_unless_the_setting_is_off() {
        assert_eq!(order(at(2), &[DEAD, FINE, FINE]), [2, 1, 0]);
        assert_eq!(order(at(0), &[DEAD, FINE, DEAD]), [1, 0, 2]);
        let off = Plan { known_dead_last: false, ..at(2) };
        assert_eq!(order(off, &[DEAD, FINE, FINE]), [2, 0, 1]);
    }

    #[test]
    fn with_every_hop_dead_the_order_is_that_of_preference() {
        assert_eq!(order(Plan { current: None, ..at(0) }, &[DEAD; 3]), [0, 1, 2]);
    }

    /// Failover design §1: "last in every order, never removed".
    #[test]
    fn a_hop_that_is_held_off_is_last_in_every_order_and_never_removed() {
        assert_eq!(order(at(0), &[HELD, DEAD, FINE]), [2, 1, 0]);
        let off = Plan { known_dead_last: false, ..at(0) };
        assert_eq!(order(off, &[HELD, DEAD, FINE]), [1, 2, 0]);
        assert_eq!(order(at(0), &[HELD]), [0]);
    }

    #[test]
    fn a_hop_that_has_just_failed_goes_behind_those_known_dead_before() {
        let plan = Plan { avoid: Some(HopId(1)), ..at(1) };
        assert_eq!(order(plan, &[DEAD, DEAD, FINE]), [2, 0, 1]);
        let off = Plan { known_dead_last: false, ..plan };
        assert_eq!(order(off, &[DEAD, DEAD, FINE]), [0, 2, 1]);
    }

    /// Requirement A4 and failover design §2: the last in **this** order.
    #[test]
    fn only_the_last_hop_of_an_order_has_the_full_budget_and_a_lone_request_never() {
        let order = Order::new(vec![HopId(1), HopId(0)]);
        assert_eq!(order.budget(HopId(1)), Budget::Retry);
        assert_eq!(order.budget(HopId(0)), Budget::Full);
        assert_eq!(Order::new(vec![HopId(0)]).budget(HopId(0)), Budget::Full);
        assert_eq!(Order::one(HopId(0)).budget(HopId(0)), Budget::Retry);
    }
    fn any_state() -> impl Strategy<Value = HopState> {
        prop_oneof![Just(FINE), Just(DEAD), Just(HELD), Just(HopState::Unknown)]
    }

    proptest! {
        /// Failover design §2 for any line: every hop once, none removed, and nothing that is
        /// known to be worse before what is better, whichever hop leads by wish.
        #[test]
        fn any_order_has_every_hop_once_and_the_better_ones_first(
            states in prop::collection::vec(any_state(), 1..8),
            current in prop::option::of(0_u8..8),
            avoid in prop::option::of(0_u8..8),
            head in prop::option::of(0_u8..8),
        ) {
            let plan = Plan {
                head: head.map(HopId),
                current: current.map(HopId),
                avoid: avoid.map(HopId),
                known_dead_last: true,
            };
            let order = order(plan, &states);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            let every: Vec<u8> = (0_u8..).take(states.len()).collect();
            prop_assert_eq!(sorted, every);
            let led = head.filter(|head| usize::from(*head) < states.len());
            prop_assert!(led.is_none() || order.first() == led.as_ref());
            let rest = order.iter().filter(|hop| led != Some(**hop));
            let badness = |hop: &u8| match states[usize::from(*hop)] {
                HELD => 3,
                _ if avoid == Some(*hop) => 2,
                DEAD => 1,
                HopState::Unknown | HopState::Available | HopState::Suspect => 0,
            };
            prop_assert!(rest.map(badness).is_sorted(), "{:?}", order);
        }
    }
}
