//! Transfers, where they concern more than one call: the call that a REFER asks for (RFC 3515), the
//! one that takes another's place (RFC 3891), and the two that an attended transfer joins.

use std::time::Instant;

use sip_core::message::{Request, StatusCode};
use sip_core::usage::refer::Replaces;

use crate::call::Call;
use crate::call::referral::Wish;
use crate::call::setup::Destination;
use crate::input::{Done, Refusal};
use crate::status::{Ended, EndedBy};
use crate::words::{Reason, Wanted};
use crate::{CallId, Phone, limits};

impl Phone {
    /// Makes the calls that REFERs ask for, and tells those who asked how they stand. `true` where
    /// there was anything to do.
    pub(crate) fn settle_transfers(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while let Some(wish) = self.core.wishes.pop_front() {
            moved = true;
            self.grant_wish(wish, now);
        }
        while let Some(progress) = self.core.progress.pop_front() {
            moved = true;
            let (code, reason) = (progress.code, progress.reason);
            self.with_call(progress.of, |call, core| {
                call.on_referral_progress(core, code, &reason, now);
            });
        }
        moved
    }

    fn grant_wish(&mut self, wish: Wish, now: Instant) {
        let Wish { from, line, uri, headers } = wish;
        let refused = if self.shutting_down || self.live_calls() >= limits::CALLS {
            Some((486, "Busy Here".to_owned()))
        } else {
            let id = self.new_call_id();
            let to = Destination { uri, bare_user: false, headers, referrer: Some(from) };
            match Call::dial_to(&mut self.core, id, line, to, now) {
                Ok(mut call) => {
                    // Asked for by the other party, who does not hear it: it waits for nobody.
                    call.begin(&mut self.core, now);
                    self.calls.insert(id, call);
                    None
                }
                Err(refusal) => Some((503, refusal.to_string())),
            }
        };
        if let Some((code, reason)) = refused {
            self.with_call(from, |call, core| {
                call.on_referral_progress(core, code, &reason, now);
            });
        }
    }

    /// The call whose place an INVITE wants to take, if it names one.
    ///
    /// # Errors
    /// With the answer that the INVITE deserves, where it names none that it may replace.
    pub(crate) fn to_replace(&self, invite: &Request) -> Result<Option<CallId>, StatusCode> {
        let wish = Replaces::of(&invite.headers).map_err(|_| StatusCode::BAD_REQUEST)?;
        let Some(wish) = wish else { return Ok(None) };
        let named = self.calls.iter().find(|(_, call)| call.is_named_by(&wish));
        let (id, _) = named.ok_or(StatusCode::CALL_DOES_NOT_EXIST)?;
        // RFC 3891 §3: it has been answered already.
        if wish.early_only { Err(StatusCode::BUSY_HERE) } else { Ok(Some(*id)) }
    }

    /// A new call takes the place of an old one: answered at once, and the old one is ended.
    pub(crate) fn replace(&mut self, old: CallId, new: CallId, now: Instant) {
        self.with_call(new, |call, core| call.answer(core, now));
        let reason = Reason::ReplacedBy(new);
        self.with_call(old, |call, core| {
            call.leave(core, Ended { by: EndedBy::Remote, code: 0, reason }, now);
        });
    }

    pub(crate) fn transfer(
        &mut self,
        id: CallId,
        target: &str,
        now: Instant,
    ) -> Result<Done, Refusal> {
        let call = self.calls.get_mut(&id).ok_or(Refusal::NoSuchCall(id))?;
        call.transfer(&mut self.core, target, now)?;
        Ok(Done::Call(id))
    }

    pub(crate) fn transfer_to(
        &mut self,
        id: CallId,
        other: CallId,
        now: Instant,
    ) -> Result<Done, Refusal> {
        let target = self.calls.get(&other).ok_or(Refusal::NoSuchCall(other))?;
        let wrong = Refusal::WrongState(other, target.in_state(), Wanted::TransferToIt);
        let place = target.replaceable().filter(|_| id != other).ok_or(wrong)?;
        let call = self.calls.get_mut(&id).ok_or(Refusal::NoSuchCall(id))?;
        call.transfer_to(&mut self.core, place, now)?;
        Ok(Done::Call(id))
    }
}
