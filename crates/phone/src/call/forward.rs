//! Calls that do not ring, or ring no longer: forwarding, do not disturb, busy (requirement F7).
//!
//! A forwarding is the caller's to carry out: it is told where (302, RFC 3261 §8.1.3.4), so that a
//! call that is forwarded uses none of this phone's ports and outlives it.

use std::time::{Duration, Instant};

use sip_core::message::{HeaderName, NameAddr, Request, Response, StatusCode, Uri};

use super::incoming::{Arrival, Key, caller, refuse, tagged};
use super::outgoing;
use crate::account::Account;
use crate::core::Core;
use crate::output::Event;
use crate::settings::{Forward, LineNumber};
use crate::status::{CallState, CallStatus, Direction, Ended, EndedBy};
use crate::words::Reason;
use crate::{CallId, Phone, limits};

/// Why a call does not ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// Elsewhere it may.
    To(Uri),
    /// The user wants no call.
    NotToBeDisturbed,
    /// The phone has enough of them.
    Busy,
}

impl TurnedAway {
    /// Tells the caller.
    pub(crate) fn answer(self, core: &mut Core, arrival: &Arrival, now: Instant) {
        match self {
            Self::To(target) => {
                let tag = core.tokens.tag();
                let response = moved(&arrival.request, &tag, &target);
                core.endpoint.respond(arrival.server, response, now);
            }
            Self::NotToBeDisturbed => {
                refuse(core, arrival, StatusCode::TEMPORARILY_UNAVAILABLE, now);
            }
            Self::Busy => refuse(core, arrival, StatusCode::BUSY_HERE, now),
        }
    }
}

impl Phone {
    /// Turns a call away, and tells listeners of it as of one that is over: its user may want to know
    /// who called (requirement F7).
    pub(crate) fn turn_away(
        &mut self,
        why: TurnedAway,
        line: LineNumber,
        key: Key,
        arrival: &Arrival,
        now: Instant,
    ) {
        let (code, reason) = match &why {
            TurnedAway::To(target) => (302, Reason::SentTo(target.to_string())),
            TurnedAway::NotToBeDisturbed => (480, Reason::NotToBeDisturbed),
            TurnedAway::Busy => (486, Reason::Busy),
        };
        why.answer(&mut self.core, arrival, now);
        if self.shutting_down || self.turned_away.has(&key) {
            return;
        }
        let (remote, remote_name) = caller(&arrival.request);
        let status = CallStatus {
            id: self.new_call_id(),
            line,
            direction: Direction::In,
            remote,
            remote_name,
            state: CallState::Ended,
            hop: Some(arrival.remote),
            duration: Duration::ZERO,
            codec: None,
            muted: false,
            ended: Some(Ended { by: EndedBy::Local, code, reason }),
            note: None,
            sip_call_id: key.call_id().to_owned(),
        };
        self.turned_away.note(key);
        self.core.event(Event::Call(status), now);
    }

    /// Why a new call on this line does not ring, if it does not. One that takes the place of a call
    /// that is up (RFC 3891) is no new one to the user.
    pub(crate) fn turned_away(
        &self,
        line: LineNumber,
        replaced: Option<CallId>,
    ) -> Option<TurnedAway> {
        let live = self.live_calls();
        if self.shutting_down || live >= limits::CALLS {
            return Some(TurnedAway::Busy);
        }
        if replaced.is_some() {
            return None;
        }
        let to = |wanted: fn(&Forward) -> Option<&String>| {
            let account = self.core.accounts.get(&line)?;
            address(account, wanted(account.settings.forward.as_ref()?)?)
        };
        if let Some(target) = to(|forward| forward.always.as_ref()) {
            return Some(TurnedAway::To(target));
        }
        if self.core.do_not_disturb {
            return Some(TurnedAway::NotToBeDisturbed);
        }
        let busy = live > 0 && self.core.no_call_waiting;
        let target = to(|forward| forward.busy.as_ref()).filter(|_| busy);
        target.map(TurnedAway::To).or_else(|| busy.then_some(TurnedAway::Busy))
    }
}

/// Where a call of this line goes that nobody answers, and after how long.
pub(super) fn when_unanswered(account: &Account) -> Option<(Uri, Duration)> {
    let (target, after) = account.settings.forward.as_ref()?.no_answer.as_ref()?;
    Some((address(account, target)?, *after))
}

/// `302` with the new address.
pub(super) fn moved(request: &Request, tag: &str, target: &Uri) -> Response {
    let mut response = tagged(request, StatusCode::MOVED_TEMPORARILY, tag);
    response.headers.set(HeaderName::Contact, NameAddr::new(target.clone()));
    response
}

fn address(account: &Account, target: &str) -> Option<Uri> {
    outgoing::target(target, account).map(|(uri, _)| uri)
}
