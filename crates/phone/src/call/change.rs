//! Changes of a session that is up: hold and resume by re-INVITE (RFC 3261 §14, RFC 3264 §8.4), and
//! its refresh by UPDATE or re-INVITE (RFC 4028). A new address of ours goes the same way.
//!
//! One change at a time; a change is never worth the call. One that no hop takes leaves the call and
//! its media as they were and the user is told (failover design §5, rung 3); a refresh is tried
//! again until the session expires.

use std::time::Instant;

use sip_core::endpoint::ClientId;
use sip_core::message::{HeaderName, Method, Response};
use sip_core::usage::extensions;

use super::in_dialog::{self, InDialog, Outcome, Outline};
use super::{Call, Phase, SUPPORTED};
use crate::core::{Core, Owner, Reply};
use crate::input::Refusal;
use crate::limits;
use crate::status::{Ended, EndedBy};
use crate::words::{self, CallNote, Failing, Reason, Wanted};

/// What a change is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Hold (`true`) or resume.
    Hold(bool),
    /// Keep the session from expiring.
    Refresh,
    /// Tell the other party a new address of ours.
    Moved,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) purpose: Purpose,
    pub(crate) request: InDialog,
    /// How often a 420 or 421 has changed what it offers.
    adapted: u8,
}

impl Change {
    /// Whether an offer of ours is out with it.
    pub(crate) fn has_offer(&self) -> bool {
        !self.request.outline.body.is_empty()
    }

    fn not_taken(&self, why: Failing) -> CallNote {
        let change = match self.purpose {
            Purpose::Hold(true) => words::Change::Hold,
            Purpose::Hold(false) => words::Change::Resume,
            Purpose::Refresh => words::Change::Refresh,
            Purpose::Moved => words::Change::Moved,
        };
        CallNote::NotTaken(change, why)
    }
}

impl Call {
    /// Holds or resumes.
    ///
    /// # Errors
    /// When the call is not up, is so already, or is being changed.
    pub(crate) fn hold(
        &mut self,
        core: &mut Core,
        hold: bool,
        now: Instant,
    ) -> Result<(), Refusal> {
        let wanted = if hold { Wanted::Hold } else { Wanted::Resume };
        let wrong = Refusal::WrongState(self.id, self.in_state(), wanted);
        let Phase::Up(up) = &self.phase else { return Err(wrong) };
        if up.held == hold || up.change.is_some() || !up.is_acknowledged() {
            return Err(wrong);
        }
        let offer = self.audio.offer_hold(hold);
        let outline = Outline::new(Method::Invite).with_body("application/sdp", offer);
        if !self.change(core, Purpose::Hold(hold), outline, now) {
            self.audio.withdraw_offer();
            return Err(wrong);
        }
        self.note = None;
        Ok(())
    }

    /// Sends a change on its way; `false` where it cannot be sent.
    pub(super) fn change(
        &mut self,
        core: &mut Core,
        purpose: Purpose,
        mut outline: Outline,
        now: Instant,
    ) -> bool {
        let Phase::Up(up) = &mut self.phase else { return false };
        outline.headers.set(HeaderName::Supported, SUPPORTED);
        up.timer.ask(&mut outline.headers);
        let owner = Owner::InDialog(self.id);
        let request = InDialog::begin(core, &mut up.session, owner, outline, now);
        up.change = request.map(|request| Change { purpose, request, adapted: 0 });
        up.change.is_some()
    }

    /// Refreshes the session: by UPDATE, which cannot disturb the media, where the other side takes
    /// it, else by a re-INVITE that offers what holds already (RFC 4028 §7.4).
    pub(super) fn refresh(&mut self, core: &mut Core, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        if !up.is_settled() {
            return up.timer.retry(now + limits::REFRESH_AGAIN);
        }
        let outline = match up.peer_updates {
            true => Outline::new(Method::Update),
            false => Outline::new(Method::Invite).with_body("application/sdp", self.audio.offer()),
        };
        if !self.change(core, Purpose::Refresh, outline, now) {
            self.refresh_later(now);
        }
    }

    fn refresh_later(&mut self, now: Instant) {
        self.audio.withdraw_offer();
        if let Phase::Up(up) = &mut self.phase {
            up.timer.retry(now + limits::REFRESH_AGAIN);
        }
    }

    /// An answer to a request of ours within the dialog.
    pub(crate) fn on_in_dialog(
        &mut self,
        core: &mut Core,
        id: ClientId,
        reply: &Reply,
        now: Instant,
    ) {
        if let Phase::Outgoing { setup, .. } = &mut self.phase {
            return setup.early.on_reply(core, id, reply, now);
        }
        let Phase::Up(up) = &mut self.phase else { return };
        let outcome = match &mut up.change {
            Some(change) => change.request.on_reply(core, &mut up.session, id, reply, now),
            None => Outcome::On,
        };
        let done = up.errands.on_reply(core, &mut up.session, id, reply, now);
        in_dialog::acknowledge(core, &up.session, id, reply, now);
        self.on_changed(core, outcome, now);
        self.on_errand_done(core, done, now);
    }

    /// What has come of the change.
    pub(super) fn on_changed(&mut self, core: &mut Core, outcome: Outcome, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(change) = &up.change else { return };
        match outcome {
            Outcome::On => {}
            Outcome::Taken(response) => self.on_change_taken(core, &response, now),
            // A change does not keep its number, so this is never said of one.
            Outcome::Delivered => {}
            Outcome::Refused(response) => self.on_change_refused(core, &response, now),
            Outcome::Unreached(why) => {
                let note = change.not_taken(why);
                self.give_up_change(core, note, now);
            }
            Outcome::DialogGone => {
                let reason = Reason::NoSuchCall;
                self.leave(core, Ended { by: EndedBy::Failure, code: 481, reason }, now);
            }
        }
    }

    fn on_change_taken(&mut self, core: &mut Core, response: &Response, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(change) = up.change.take() else { return };
        up.timer.granted(response, now);
        if change.has_offer() && self.audio.accept(&response.body).is_err() {
            self.audio.withdraw_offer();
        }
        match change.purpose {
            Purpose::Hold(hold) => {
                up.held = hold;
                self.audio.apply(core, self.line, self.id);
                core.focus(self.id, !hold);
                self.announce(core, now);
                self.on_held_for_transfer(core, now);
            }
            Purpose::Moved => {
                self.audio.apply(core, self.line, self.id);
                self.announce(core, now);
            }
            Purpose::Refresh => {
                if self.note.take().is_some() {
                    self.announce(core, now);
                }
            }
        }
    }

    fn on_change_refused(&mut self, core: &mut Core, response: &Response, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(change) = &mut up.change else { return };
        let code = response.code.as_u16();
        if code == 422 && up.timer.raise(response) {
            up.timer.ask(&mut change.request.outline.headers);
            if change.request.again(core, &mut up.session, now) {
                return;
            }
        }
        // Failover design §1, row 3.
        if matches!(code, 420 | 421) && change.adapted < limits::EXTENSION_REPEATS {
            change.adapted += 1;
            if extensions::adapt(&mut change.request.outline.headers, SUPPORTED, response)
                && change.request.again(core, &mut up.session, now)
            {
                return;
            }
        }
        if matches!(code, 405 | 501) && change.request.outline.method == Method::Update {
            up.peer_updates = false;
            up.change = None;
            return self.refresh(core, now);
        }
        let note = change.not_taken(Failing::Refused(code, response.reason.clone()));
        self.give_up_change(core, note, now);
    }

    fn give_up_change(&mut self, core: &mut Core, note: CallNote, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(change) = up.change.take() else { return };
        self.audio.withdraw_offer();
        if change.purpose == Purpose::Refresh {
            self.refresh_later(now);
        }
        self.note = Some(note);
        self.announce(core, now);
        self.on_held_for_transfer(core, now);
    }
}
