//! Calls seen from both ends. The two phones number a call each for itself; its Call-ID on the wire
//! joins the two, so that "rings twice" and "up on one side only" can be said of it.
//!
//! Rules (failover design §4): a dialled call rings once at the other phone and is up once; what is
//! left on one side when the other is over ends within its bound.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use phone::CallId;
use phone::status::CallState;

use super::{Bounds, Breach};

/// One phone's end of a call.
pub type Side = (usize, CallId);

/// The phone of an end that went with its phone's power.
const GONE: usize = usize::MAX;

/// One call by its Call-ID.
#[derive(Debug, Clone)]
pub struct SipCall {
    /// The caller's end.
    pub caller: End,
    /// Every end that it has had at the phone that was called, oldest first.
    pub callees: Vec<End>,
    /// When its first INVITE was sent.
    pub since: Instant,
    /// The plan's errand that it is, if one.
    pub errand: Option<usize>,
    /// When the end that is left over must be over.
    due: Option<Instant>,
}

/// One end and how it stands.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// Whose.
    pub side: Side,
    /// As that phone shows it.
    pub state: CallState,
}

impl End {
    /// Whether the end is still there.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.state != CallState::Ended
    }

    /// Whether the end has sound, or could have.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.state, CallState::Active | CallState::Held | CallState::RemoteHeld)
    }
}

impl SipCall {
    /// The end at the other phone that lives, seen from `side`.
    #[must_use]
    pub fn other_end(&self, side: Side) -> Option<End> {
        if side == self.caller.side {
            self.callees.iter().copied().find(End::lives)
        } else {
            Some(self.caller).filter(End::lives)
        }
    }
}

/// All calls of a world.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    by_sip: BTreeMap<String, SipCall>,
    of_side: BTreeMap<Side, String>,
    /// Dialled, and no INVITE seen yet.
    dialled: BTreeMap<usize, VecDeque<(CallId, Option<usize>)>>,
}

impl Calls {
    /// A person has dialled.
    pub fn dialled(&mut self, side: Side, errand: Option<usize>) {
        self.dialled.entry(side.0).or_default().push_back((side.1, errand));
    }

    /// A phone has sent an INVITE without To tag; true if it is the first of its call.
    pub fn invite_sent(&mut self, phone: usize, call_id: &str, now: Instant) -> bool {
        if self.by_sip.contains_key(call_id) {
            return false;
        }
        let next = self.dialled.get_mut(&phone).and_then(VecDeque::pop_front);
        let Some((call, errand)) = next else { return false };
        let caller = End { side: (phone, call), state: CallState::Dialing };
        self.of_side.insert(caller.side, call_id.to_owned());
        let call = SipCall { caller, callees: Vec::new(), since: now, errand, due: None };
        self.by_sip.insert(call_id.to_owned(), call);
        true
    }

    /// A phone shows a call's state. `arrived` is the Call-ID of the datagram that it is working on.
    pub fn changed(
        &mut self,
        side: Side,
        state: CallState,
        arrived: Option<&str>,
        bounds: &Bounds,
        now: Instant,
    ) -> Vec<Breach> {
        // What somebody has dialled is no end of the call whose datagram has just come, not even where
        // it waited for that: the answer to a hold lets the next call begin.
        let waiting = self.dialled.get(&side.0);
        let ours = waiting.is_some_and(|dialled| dialled.iter().any(|(call, _)| *call == side.1));
        let arrived = arrived.filter(|_| !ours && state != CallState::Dialing);
        let Some(call_id) = self.of_side.get(&side).cloned().or_else(|| self.join(side, arrived))
        else {
            return self.without_invite(side, state);
        };
        let Some(call) = self.by_sip.get_mut(&call_id) else { return Vec::new() };
        if call.caller.side == side {
            call.caller.state = state;
        } else if let Some(end) = call.callees.iter_mut().find(|end| end.side == side) {
            end.state = state;
        } else {
            call.callees.push(End { side, state });
        }
        call.due = call.left_over(bounds, now);
        call.judge(&call_id)
    }

    /// A phone has lost power: its ends are over, and its numbers begin anew.
    pub fn switched_off(&mut self, phone: usize, bounds: &Bounds, now: Instant) {
        self.dialled.remove(&phone);
        self.of_side.retain(|side, _| side.0 != phone);
        for call in self.by_sip.values_mut() {
            for end in call.callees.iter_mut().chain([&mut call.caller]) {
                if end.side.0 == phone {
                    *end = End { side: (GONE, end.side.1), state: CallState::Ended };
                }
            }
            call.due = call.left_over(bounds, now);
        }
    }

    /// The call of an end.
    #[must_use]
    pub fn of(&self, side: Side) -> Option<(&str, &SipCall)> {
        let id = self.of_side.get(&side)?;
        self.by_sip.get(id).map(|call| (id.as_str(), call))
    }

    /// Every call.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SipCall)> {
        self.by_sip.iter().map(|(id, call)| (id.as_str(), call))
    }

    /// When an end that is left over must be over.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.by_sip.values().filter_map(|call| call.due).min()
    }

    /// The ends that should have been over by now.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for (id, call) in &mut self.by_sip {
            if call.due.is_some_and(|due| due <= now) {
                call.due = None;
                let what = format!(
                    "call {id} is {:?} at the caller and {:?} at the callee past its bound",
                    call.caller, call.callees
                );
                breaches.push(Breach::new("nobody-holds", what));
            }
        }
        breaches
    }

    fn join(&mut self, side: Side, arrived: Option<&str>) -> Option<String> {
        let id = arrived.filter(|id| self.by_sip.contains_key(*id))?.to_owned();
        self.of_side.insert(side, id.clone());
        Some(id)
    }

    /// A dialled call may live and end without an INVITE ever sent; any other has to have one.
    fn without_invite(&mut self, side: Side, state: CallState) -> Vec<Breach> {
        let waiting = self.dialled.entry(side.0).or_default();
        let known = waiting.iter().any(|(call, _)| *call == side.1);
        if state == CallState::Ended {
            waiting.retain(|(call, _)| *call != side.1);
        }
        // The event of a new call comes before the command that made it has returned its number.
        if known || matches!(state, CallState::Dialing | CallState::Ended) {
            return Vec::new();
        }
        vec![Breach::new(
            "unexplained",
            format!("{side:?} shows {state:?} and no INVITE led there"),
        )]
    }
}

impl SipCall {
    /// When the end that is left over must be over: `None` while both live or none does.
    fn left_over(&self, bounds: &Bounds, now: Instant) -> Option<Instant> {
        let callee = self.callees.iter().find(|end| end.lives());
        let left = match (self.caller.lives(), callee) {
            (true, Some(_)) | (false, None) => return None,
            (true, None) => self.caller,
            (false, Some(callee)) => *callee,
        };
        match left.state {
            CallState::Active => Some(self.due.unwrap_or(now + bounds.orphan_up)),
            CallState::Dialing | CallState::Ringing => {
                Some(self.due.unwrap_or(now + bounds.orphan_ringing))
            }
            // Held: somebody holds it.
            CallState::Held | CallState::RemoteHeld | CallState::Ended => None,
        }
    }

    fn judge(&self, id: &str) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let living: Vec<&End> = self.callees.iter().filter(|end| end.lives()).collect();
        if living.iter().filter(|end| end.is_up()).count() > 1 {
            breaches.push(Breach::new("up-twice", format!("call {id} is up as {living:?}")));
        } else if living.len() > 1 {
            breaches.push(Breach::new("rings-twice", format!("call {id} rings as {living:?}")));
        } else if self.callees.iter().filter(|end| end.side.0 != GONE).count() > 1
            && !living.is_empty()
        {
            let what = format!("call {id} was over and rings again: {:?}", self.callees);
            breaches.push(Breach::new("rings-again", what));
        }
        breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use std::time::Duration;

    const CALLER: Side = (0, CallId(1));
    const CALLEE: Side = (1, CallId(7));
    const AGAIN: Side = (1, CallId(8));

    struct Bench {
        calls: Calls,
        bounds: Bounds,
        now: Instant,
    }

    impl Bench {
        /// A call that has been dialled and whose INVITE is on the wire.
        fn dialled() -> Self {
            let mut calls = Calls::default();
            calls.dialled(CALLER, None);
            let now = Instant::now();
            calls.invite_sent(0, "c", now);
            Self { calls, bounds: Bounds::of(&Plan::draw(1)), now }
        }

        fn shows(&mut self, side: Side, state: CallState) -> Vec<&'static str> {
            let breaches = self.calls.changed(side, state, Some("c"), &self.bounds, self.now);
            breaches.iter().map(|breach| breach.rule).collect()
        }
    }

    #[test]
    fn a_call_that_rings_is_answered_and_ends_breaks_nothing() {
        let mut bench = Bench::dialled();
        for (side, state) in [
            (CALLEE, CallState::Ringing),
            (CALLER, CallState::Ringing),
            (CALLEE, CallState::Active),
            (CALLER, CallState::Active),
            (CALLER, CallState::Ended),
            (CALLEE, CallState::Ended),
        ] {
            assert_eq!(bench.shows(side, state), [""; 0]);
        }
        assert_eq!(bench.calls.poll_timeout(), None);
    }

    #[test]
    fn a_second_ring_of_the_same_call_is_found_while_it_lives_and_after() {
        let mut bench = Bench::dialled();
        bench.shows(CALLEE, CallState::Ringing);
        assert_eq!(bench.shows(AGAIN, CallState::Ringing), ["rings-twice"]);
        bench.shows(CALLEE, CallState::Active);
        assert_eq!(bench.shows(AGAIN, CallState::Active), ["up-twice"]);
        bench.shows(CALLEE, CallState::Ended);
        assert_eq!(bench.shows(AGAIN, CallState::Ringing), ["rings-again"]);
    }

    #[test]
    fn an_end_that_is_left_over_must_be_over_in_time() {
        let mut bench = Bench::dialled();
        bench.shows(CALLEE, CallState::Active);
        bench.shows(CALLER, CallState::Active);
        bench.shows(CALLER, CallState::Ended);
        let due = bench.now + bench.bounds.orphan_up;
        assert_eq!(bench.calls.poll_timeout(), Some(due));
        assert_eq!(bench.calls.handle_timeout(due - Duration::from_millis(1)), []);
        assert_eq!(bench.calls.handle_timeout(due)[0].rule, "nobody-holds");
    }

    #[test]
    fn a_call_out_of_nowhere_is_found() {
        let mut bench = Bench::dialled();
        let breaches =
            bench.calls.changed(CALLEE, CallState::Ringing, None, &bench.bounds, bench.now);
        assert_eq!(breaches[0].rule, "unexplained");
    }
}
