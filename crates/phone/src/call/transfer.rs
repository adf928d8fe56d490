//! Sending the other party to someone else (RFC 3515, RFC 5589): the transferor's side of a transfer.
//!
//! The call is held first, so that nobody talks into a call that is going away. The REFER and the
//! NOTIFYs of its progress belong to the call's dialog and climb or come by any hop (failover design
//! §5). On success the call is ended here; on failure it is taken back from hold and the user is
//! told. With Replaces (RFC 3891) the transfer is attended: the target's call with us is taken over.

use std::time::Instant;

use sip_core::message::{HeaderName, Headers, Method, NameAddr, Request, StatusCode, Uri};
use sip_core::usage::refer::{self, Replaces};

use super::errand::{Done, Errand};
use super::in_dialog::{Outcome, Outline};
use super::incoming::{Arrival, tagged};
use super::{Call, Phase, outgoing};
use crate::core::{Core, Owner};
use crate::input::Refusal;
use crate::limits;
use crate::status::{Ended, EndedBy};
use crate::words::{CallNote, Failing, Reason, Wanted};

/// A transfer under way.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    /// To whom, for the user.
    target: String,
    refer_to: String,
    stage: Stage,
    /// The call was put on hold for it.
    held_for_it: bool,
    /// When it counts as failed.
    until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The hold is under way.
    Holding,
    /// The REFER is sent, or accepted.
    Referred,
}

impl Transfer {
    /// When it counts as failed.
    pub(crate) fn deadline(&self) -> Instant {
        self.until
    }
}

impl Call {
    /// Sends the other party to a number or address, unannounced.
    ///
    /// # Errors
    /// When the target is no address, or the call is not up or is being changed.
    pub(crate) fn transfer(
        &mut self,
        core: &mut Core,
        target: &str,
        now: Instant,
    ) -> Result<(), Refusal> {
        let account = core.accounts.get(&self.line).ok_or(Refusal::NoSuchLine(self.line))?;
        let (uri, _) = outgoing::target(target, account)
            .ok_or_else(|| Refusal::BadTarget(target.to_owned()))?;
        let refer_to = NameAddr::new(uri.clone()).to_string();
        self.begin_transfer(core, uri.to_string(), refer_to, now)
    }

    /// Sends the other party to the one that another call of ours is with, in that call's place.
    ///
    /// # Errors
    /// As [`Self::transfer`].
    pub(crate) fn transfer_to(
        &mut self,
        core: &mut Core,
        other: (Uri, Replaces),
        now: Instant,
    ) -> Result<(), Refusal> {
        let (mut uri, replaces) = other;
        let target = uri.to_string();
        uri.headers = Some(replaces.in_uri());
        let refer_to = NameAddr::new(uri).to_string();
        self.begin_transfer(core, target, refer_to, now)
    }

    /// Where a call is, and how another may take its place: what an attended transfer names.
    pub(crate) fn replaceable(&self) -> Option<(Uri, Replaces)> {
        let Phase::Up(up) = &self.phase else { return None };
        let dialog = &up.session.dialog;
        let replaces = Replaces {
            call_id: dialog.id.call_id.clone(),
            to_tag: dialog.id.remote_tag.clone(),
            from_tag: dialog.id.local_tag.clone(),
            early_only: false,
        };
        Some((dialog.remote_target.clone(), replaces))
    }

    fn begin_transfer(
        &mut self,
        core: &mut Core,
        target: String,
        refer_to: String,
        now: Instant,
    ) -> Result<(), Refusal> {
        let wrong = Refusal::WrongState(self.id, self.in_state(), Wanted::Transfer);
        let Phase::Up(up) = &mut self.phase else { return Err(wrong) };
        if !up.is_settled() || up.transfer.is_some() {
            return Err(wrong);
        }
        let held = up.held;
        let stage = if held { Stage::Referred } else { Stage::Holding };
        let until = now + limits::TRANSFER;
        up.transfer = Some(Transfer { target, refer_to, stage, held_for_it: !held, until });
        if held {
            self.send_refer(core, now);
        } else if let Err(refusal) = self.hold(core, true, now) {
            if let Phase::Up(up) = &mut self.phase {
                up.transfer = None;
            }
            return Err(refusal);
        }
        Ok(())
    }

    /// The hold of a transfer has taken, or has not: the REFER goes either way.
    pub(super) fn on_held_for_transfer(&mut self, core: &mut Core, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(transfer) = &mut up.transfer else { return };
        if transfer.stage == Stage::Holding {
            transfer.stage = Stage::Referred;
            transfer.held_for_it &= up.held;
            self.send_refer(core, now);
        }
    }

    fn send_refer(&mut self, core: &mut Core, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(transfer) = &up.transfer else { return };
        let mut outline = Outline::new(Method::Refer);
        outline.headers.set(HeaderName::ReferTo, &transfer.refer_to);
        if let Some(account) = core.accounts.get(&self.line) {
            outline.headers.set(HeaderName::ReferredBy, NameAddr::new(account.aor()));
        }
        self.note = Some(CallNote::Transferring(transfer.target.clone(), None));
        up.errands.add(Errand::Transfer, outline);
        self.drive_errands(core, now);
        self.announce(core, now);
    }

    /// Sends what waits, one after the other.
    pub(super) fn drive_errands(&mut self, core: &mut Core, now: Instant) {
        let owner = Owner::InDialog(self.id);
        while let Phase::Up(up) = &mut self.phase {
            match up.errands.drive(core, &mut up.session, owner, now) {
                Some(done) => self.on_errand(core, done, now),
                None => return,
            }
        }
    }

    /// What has come of an errand; then the next one goes.
    pub(super) fn on_errand_done(&mut self, core: &mut Core, done: Option<Done>, now: Instant) {
        if let Some(done) = done {
            self.on_errand(core, done, now);
            self.drive_errands(core, now);
        }
    }

    fn on_errand(&mut self, core: &mut Core, (errand, outcome): Done, now: Instant) {
        let why = match outcome {
            Outcome::On | Outcome::Taken(_) | Outcome::Delivered => return,
            Outcome::Refused(response) => {
                Failing::Refused(response.code.as_u16(), response.reason.clone())
            }
            Outcome::Unreached(why) => why,
            Outcome::DialogGone => Failing::NoSuchCall,
        };
        match errand {
            Errand::Transfer => self.transfer_failed(core, why, now),
            Errand::Digit => {
                if let Phase::Up(up) = &mut self.phase {
                    up.errands.drop_waiting(Errand::Digit);
                }
                self.note = Some(CallNote::DigitsLost(why));
                self.announce(core, now);
            }
            // Whoever asked for the transfer may have gone; the new call is no worse for it.
            Errand::Progress => {}
        }
    }

    /// Nothing was heard of a transfer in its time.
    pub(super) fn transfer_timed_out(&mut self, core: &mut Core, now: Instant) {
        self.transfer_failed(core, Failing::NothingHeard, now);
    }

    fn transfer_failed(&mut self, core: &mut Core, why: Failing, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(transfer) = up.transfer.take() else { return };
        if transfer.held_for_it {
            // Where the user has taken it back already, there is nothing to do.
            let _ = self.hold(core, false, now);
        }
        self.note = Some(CallNote::NotTransferred(transfer.target, why));
        self.announce(core, now);
    }

    /// A NOTIFY: the progress of a transfer that we asked for (RFC 3515 §2.4.4).
    pub(super) fn on_notify(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        let request = &arrival.request;
        let code = self.judge_notify(request);
        let response = tagged(request, code, "");
        core.endpoint.respond(arrival.server, response, now);
        if code != StatusCode::OK {
            return;
        }
        let over = is_terminated(&request.headers);
        match refer::status_of(&request.body) {
            Some((code, _)) if code >= 300 || (200..300).contains(&code) => {
                self.on_transfer_result(core, request, now);
            }
            _ if over => self.transfer_failed(core, Failing::NoLongerTold, now),
            Some((code, reason)) => {
                let Phase::Up(up) = &self.phase else { return };
                let Some(transfer) = &up.transfer else { return };
                let target = transfer.target.clone();
                self.note = Some(CallNote::Transferring(target, Some((code, reason))));
                self.announce(core, now);
            }
            None => {}
        }
    }

    fn judge_notify(&self, request: &Request) -> StatusCode {
        let event = request.headers.get(&HeaderName::Event).unwrap_or_default();
        let package = event.split(';').next().unwrap_or_default().trim();
        if !package.eq_ignore_ascii_case("refer") {
            return StatusCode::BAD_EVENT;
        }
        match &self.phase {
            Phase::Up(up) if up.transfer.is_some() => StatusCode::OK,
            Phase::Up(_) | Phase::Outgoing { .. } | Phase::Incoming(_) | Phase::Over => {
                StatusCode::CALL_DOES_NOT_EXIST
            }
        }
    }

    fn on_transfer_result(&mut self, core: &mut Core, notify: &Request, now: Instant) {
        let Some((code, reason)) = refer::status_of(&notify.body) else { return };
        if code >= 300 {
            return self.transfer_failed(core, Failing::Refused(code, reason), now);
        }
        let reason = self.transferred().unwrap_or(Reason::HungUpHere);
        self.leave(core, Ended { by: EndedBy::Local, code: 0, reason }, now);
    }

    /// In words, that the other party has been sent away; `None` where no REFER has been sent.
    pub(super) fn transferred(&self) -> Option<Reason> {
        let Phase::Up(up) = &self.phase else { return None };
        let transfer = up.transfer.as_ref().filter(|transfer| transfer.stage == Stage::Referred)?;
        Some(Reason::TransferredTo(transfer.target.clone()))
    }
}

fn is_terminated(headers: &Headers) -> bool {
    let state = headers.get(&HeaderName::SubscriptionState).unwrap_or_default();
    let state = state.split(';').next().unwrap_or_default().trim();
    state.eq_ignore_ascii_case("terminated")
}
