//! The ladder that an in-dialog request climbs when its hop is unavailable (failover design §5).
//!
//! Holds which rungs are left and which one is tried; builds no request, sends none and judges no
//! answer. The plan is made once, when the request is made, from the line's order of hops and the
//! rung that worked for this dialog before.

use std::collections::VecDeque;

use failover::Order;
use sip_core::transport::Hop;

use crate::hop_change::Places;

/// Where a rung sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// One of the line's hops, by its place in the hop list.
    Line(usize),
    /// An address that is none of the line's: the other party's own, or a foreign proxy's.
    Elsewhere(Hop),
}

/// What becomes of the dialog's route set on a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteUse {
    /// Sent as it is.
    AsIs,
    /// The leading entries of that hop become one of the rung's own.
    RepairedFrom(usize),
}

/// One rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rung {
    /// Where to.
    pub(crate) place: Place,
    /// With which route set.
    pub(crate) route: RouteUse,
}

impl Place {
    /// The same hop after a change of the list: one that is gone from it is an address like others.
    fn followed(self, places: &Places) -> Self {
        match self {
            Self::Line(at) => match (places.place(at), places.hop(at)) {
                (None, Some(hop)) => Self::Elsewhere(hop),
                (place, _) => place.map_or(self, Self::Line),
            },
            Self::Elsewhere(_) => self,
        }
    }
}

impl Rung {
    /// The same rung after a change of the hop list; `None` where its hop is gone from it.
    fn followed(self, places: &Places) -> Option<Self> {
        let place = self.place.followed(places);
        if matches!((self.place, place), (Place::Line(_), Place::Elsewhere(_))) {
            return None;
        }
        let route = match self.route {
            RouteUse::RepairedFrom(at) => {
                places.place(at).map_or(RouteUse::AsIs, RouteUse::RepairedFrom)
            }
            RouteUse::AsIs => RouteUse::AsIs,
        };
        Some(Self { place, route })
    }
}

/// The rungs of one request.
#[derive(Clone, Debug)]
pub(crate) struct Ladder {
    /// The one that is tried now.
    pub(crate) rung: Rung,
    left: VecDeque<Rung>,
    named: Place,
    /// A hop has said that it does not know the dialog.
    denied: bool,
    /// Rungs tried before this one.
    pub(crate) tried: u32,
}

/// What the plan needs to know of the dialog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    /// Where the route set, or with none the remote target, leads.
    pub(crate) named: Place,
    /// The rung that worked last for this dialog.
    pub(crate) worked: Option<Rung>,
    /// Whether repairing is allowed (setting).
    pub(crate) repair: bool,
}

impl Ladder {
    /// Plans the climb: the named hop first unless it is known unavailable (it is then last in
    /// `order`, §2) or another rung has worked before; then every other hop, repaired.
    pub(crate) fn plan(situation: Situation, order: &Order, begin_at_named: bool) -> Self {
        let Place::Line(named) = situation.named else {
            let rung = Rung { place: situation.named, route: RouteUse::AsIs };
            return Self {
                rung,
                left: VecDeque::new(),
                named: situation.named,
                denied: false,
                tried: 0,
            };
        };
        let route = |hop: usize| {
            if hop == named || !situation.repair {
                RouteUse::AsIs
            } else {
                RouteUse::RepairedFrom(named)
            }
        };
        let mut hops: Vec<usize> = order.hops.iter().map(|hop| usize::from(hop.0)).collect();
        if begin_at_named {
            hops.retain(|hop| *hop != named);
            hops.insert(0, named);
        }
        let mut rungs: VecDeque<Rung> = hops
            .into_iter()
            .map(|hop| Rung { place: Place::Line(hop), route: route(hop) })
            .collect();
        if let Some(worked) = situation.worked
            && let Some(at) = rungs.iter().position(|rung| rung.place == worked.place)
        {
            rungs.remove(at);
            rungs.push_front(worked);
        }
        let rung =
            rungs.pop_front().unwrap_or(Rung { place: situation.named, route: RouteUse::AsIs });
        Self { rung, left: rungs, named: situation.named, denied: false, tried: 0 }
    }

    /// The same, with more addresses of the same name to try after the first (RFC 3263 §4.3).
    pub(crate) fn or_else(mut self, others: impl Iterator<Item = Hop>) -> Self {
        let rung = |hop| Rung { place: Place::Elsewhere(hop), route: RouteUse::AsIs };
        self.left.extend(others.map(rung));
        self
    }

    /// Whether no rung is left after this one.
    pub(crate) fn is_last(&self) -> bool {
        self.left.is_empty()
    }

    /// Whether this rung has the full 64·T1: the last one (requirement A4), unless a hop has answered
    /// already that the dialog is not its own. Then it is only made sure that the named one is dead.
    pub(crate) fn has_full_time(&self) -> bool {
        self.is_last() && !self.denied
    }

    /// The rung's hop does not know the dialog.
    pub(crate) fn note_denial(&mut self) {
        self.denied = true;
    }

    /// Whether one did not.
    pub(crate) fn was_denied(&self) -> bool {
        self.denied
    }

    /// Whether the rung is the one that the route set names: what is said there of the dialog counts.
    pub(crate) fn is_at_named(&self) -> bool {
        self.rung.place == self.named
    }

    /// Whether a 481 here means nothing: the dialog may never have passed this hop, and there are others
    /// to ask, one of which the route set may name (failover design §3).
    pub(crate) fn is_denied_by_a_stranger(&self) -> bool {
        !self.is_at_named() && !self.is_last()
    }

    /// Climbs; `None` when this was the last rung.
    pub(crate) fn next(&mut self) -> Option<Rung> {
        self.rung = self.left.pop_front()?;
        self.tried += 1;
        Some(self.rung)
    }

    /// The hop list has changed: rungs keep their hops. One whose hop is gone is not climbed to; the
    /// one that is tried goes on at its address.
    pub(crate) fn follow(&mut self, places: &Places) {
        self.left = self.left.iter().filter_map(|rung| rung.followed(places)).collect();
        self.named = self.named.followed(places);
        self.rung = self
            .rung
            .followed(places)
            .unwrap_or(Rung { place: self.rung.place.followed(places), route: RouteUse::AsIs });
    }

    /// Rung 2: the repaired route was refused, so the unmodified one goes to the same hop, once.
    /// `None` where the route was not a repaired one.
    pub(crate) fn unmodified(&mut self) -> Option<Rung> {
        if self.rung.route == RouteUse::AsIs {
            return None;
        }
        self.rung.route = RouteUse::AsIs;
        Some(self.rung)
    }

    /// Whether an answer to a repaired request means that the hop could not use the repaired route.
    pub(crate) fn refuses_repair(&self, code: u16) -> bool {
        self.rung.route != RouteUse::AsIs && matches!(code, 403 | 404 | 481 | 482 | 483)
    }
}

#[cfg(test)]
mod tests {
    use failover::HopId;

    use super::*;

    fn order(hops: &[u8]) -> Order {
        Order::new(hops.iter().map(|id| HopId(*id)).collect())
    }

    fn line(hop: usize, route: RouteUse) -> Rung {
        Rung { place: Place::Line(hop), route }
    }

    fn named(hop: usize) -> Situation {
        Situation { named: Place::Line(hop), worked: None, repair: true }
    }

    fn climb(mut ladder: Ladder) -> Vec<Rung> {
        let mut rungs = vec![ladder.rung];
        while let Some(rung) = ladder.next() {
            rungs.push(rung);
        }
        rungs
    }

    #[test]
    fn the_named_hop_is_first_and_the_others_follow_repaired() {
        let rungs = climb(Ladder::plan(named(0), &order(&[0, 1, 2]), true));
        let repaired = RouteUse::RepairedFrom(0);
        assert_eq!(rungs, [line(0, RouteUse::AsIs), line(1, repaired), line(2, repaired)]);
    }

    /// Failover design §5: "unless that hop is known unavailable … then rung 1 at once".
    #[test]
    fn a_named_hop_known_dead_is_tried_last() {
        let rungs = climb(Ladder::plan(named(0), &order(&[1, 0]), false));
        assert_eq!(rungs, [line(1, RouteUse::RepairedFrom(0)), line(0, RouteUse::AsIs)]);
    }

    /// Failover design §5: "later requests start at the rung that worked".
    #[test]
    fn the_rung_that_worked_is_first() {
        let worked = Some(line(1, RouteUse::AsIs));
        let situation = Situation { worked, ..named(0) };
        let rungs = climb(Ladder::plan(situation, &order(&[0, 1]), true));
        assert_eq!(rungs, [line(1, RouteUse::AsIs), line(0, RouteUse::AsIs)]);
    }

    #[test]
    fn without_repair_only_the_next_hop_changes() {
        let situation = Situation { repair: false, ..named(0) };
        let rungs = climb(Ladder::plan(situation, &order(&[0, 1]), true));
        assert_eq!(rungs, [line(0, RouteUse::AsIs), line(1, RouteUse::AsIs)]);
    }

    #[test]
    fn rung_two_is_tried_once_and_only_after_a_refused_repair() {
        let mut ladder = Ladder::plan(named(0), &order(&[1, 0]), false);
        assert!(ladder.refuses_repair(404));
        assert!(!ladder.refuses_repair(486));
        assert_eq!(ladder.unmodified(), Some(line(1, RouteUse::AsIs)));
        assert!(!ladder.refuses_repair(404));
        assert_eq!(ladder.unmodified(), None);
        assert!(!ladder.is_last());
    }

    /// Failover design §5: "otherwise 64·T1, and nothing is learnt".
    #[test]
    fn an_address_that_is_none_of_the_lines_has_one_rung() {
        let place = Place::Elsewhere("udp:10.7.7.7:5060".parse().unwrap());
        let situation = Situation { named: place, worked: None, repair: true };
        let ladder = Ladder::plan(situation, &order(&[0, 1]), true);
        assert_eq!(ladder.rung, Rung { place, route: RouteUse::AsIs });
        assert!(ladder.is_last());
    }
}
