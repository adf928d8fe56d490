//! A call that is up: its dialog, its rivals, the 2xx that wait for their ACK, and what is due.
//!
//! What arrives in the dialog is `within`'s, what we send in it `change`'s.

use std::net::SocketAddr;
use std::time::Instant;

use sip_core::dialog::DialogId;
use sip_core::endpoint::ClientId;
use sip_core::message::{Request, Response, StatusCode};
use sip_core::transport::Hop;
use sip_core::usage::{SessionTimer, SessionTimerOutput};

use super::audio::Audio;
use super::change::Change;
use super::errand::Errands;
use super::in_dialog::Outcome;
use super::incoming::{self, Answered, Arrival, Copy, Key};
use super::referral::Referral;
use super::session::Session;
use super::stray::{self, Stray};
use super::transfer::Transfer;
use super::{Call, Phase, farewell};
use crate::account::evidence::Heard;
use crate::core::Core;
use crate::hop_change::Places;
use crate::limits;
use crate::settings::LineNumber;
use crate::status::{Ended, EndedBy};
use crate::words::{InState, Reason};

/// The INVITE of ours that set the call up: its 2xx may come again, or from another branch.
#[derive(Clone, Debug)]
pub(crate) struct OurInvite {
    pub(crate) id: ClientId,
    pub(crate) request: Request,
}

impl OurInvite {
    pub(crate) fn new(id: ClientId, request: Request) -> Self {
        Self { id, request }
    }

    /// Lets go of it; its 2xx may still be repeated.
    pub(super) fn let_go(self, core: &mut Core, session: &Session, now: Instant) {
        let (line, hop, local) = (session.line, session.hop, session.local);
        let stray = Stray::new(line, self.request, hop, local, now)
            .with_ended(session.dialog.id.remote_tag.clone());
        stray::release(core, self.id, stray, false, now);
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Up {
    pub(crate) session: Session,
    /// What makes a later INVITE a copy of the one that we answered.
    pub(crate) key: Option<Key>,
    /// Held by our user.
    pub(crate) held: bool,
    pub(super) invite: Option<OurInvite>,
    pub(super) unacked: Option<Answered>,
    pub(super) rivals: Vec<Answered>,
    pub(super) change: Option<Change>,
    /// Requests of ours beside the change.
    pub(super) errands: Errands,
    /// We are sending the other party to someone else.
    pub(super) transfer: Option<Transfer>,
    /// The other party has sent us to someone else.
    pub(super) referral: Option<Referral>,
    /// That has happened in this call before.
    pub(super) was_referred: bool,
    /// How long the session lasts unless it is refreshed (RFC 4028).
    pub(super) timer: SessionTimer,
    /// Whether the other side takes UPDATE (RFC 3311 §4).
    pub(super) peer_updates: bool,
    /// Our address is this one now, and the other party does not know it yet.
    pub(super) moving: Option<SocketAddr>,
    /// Set once our answer to a new call is acknowledged, or we were the caller.
    acknowledged: bool,
    /// When that was; of a call that we answered.
    acknowledged_at: Option<Instant>,
    /// Our offer went out in a 2xx; its answer comes in the ACK.
    pub(super) offered: bool,
}

impl Up {
    /// We called and were answered.
    pub(crate) fn calling(
        session: Session,
        invite: OurInvite,
        timer: SessionTimer,
        peer_updates: bool,
    ) -> Self {
        let fresh = Self::fresh(session, timer, peer_updates);
        Self { invite: Some(invite), acknowledged: true, ..fresh }
    }

    /// We were called and have answered.
    pub(crate) fn called(
        session: Session,
        key: Key,
        answered: Answered,
        timer: SessionTimer,
        peer_updates: bool,
    ) -> Self {
        let offered = answered.made_the_offer();
        let fresh = Self::fresh(session, timer, peer_updates);
        Self { key: Some(key), unacked: Some(answered), offered, ..fresh }
    }

    /// A call in which nothing has happened yet.
    fn fresh(session: Session, timer: SessionTimer, peer_updates: bool) -> Self {
        Self {
            session,
            key: None,
            held: false,
            invite: None,
            unacked: None,
            rivals: Vec::new(),
            change: None,
            errands: Errands::default(),
            transfer: None,
            referral: None,
            was_referred: false,
            timer,
            peer_updates,
            moving: None,
            acknowledged: false,
            acknowledged_at: None,
            offered: false,
        }
    }

    /// Whether a copy of the INVITE would come too late to join.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// Whether nothing of offer and answer is under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.acknowledged && self.unacked.is_none() && self.change.is_none()
    }

    /// Acknowledges the 2xx to our INVITE.
    pub(crate) fn acknowledge(&self, core: &mut Core, now: Instant) {
        let Some(invite) = &self.invite else { return };
        let asked = core.endpoint.hop_of(invite.id);
        let Some(account) = core.accounts.get_mut(&self.session.line) else { return };
        if let Some((ack, to, local)) = self.session.ack(&invite.request, asked, account, now) {
            core.send_ack(ack, to, local);
        }
    }

    /// A 2xx to our INVITE came again: from the same dialog it wants its ACK again, from another
    /// (a fork) it is acknowledged and ended.
    pub(crate) fn on_late_success(
        &self,
        core: &mut Core,
        id: ClientId,
        response: &Response,
        now: Instant,
    ) {
        let Some(invite) = self.invite.as_ref().filter(|invite| invite.id == id) else { return };
        if !response.code.is_success() {
            return;
        }
        let tag = response.headers.to().ok().and_then(|to| to.tag().map(str::to_owned));
        if tag.as_ref() == Some(&self.session.dialog.id.remote_tag) {
            return self.acknowledge(core, now);
        }
        let (line, hop, local) = (self.session.line, self.session.hop, self.session.local);
        let mut fork = Stray::new(line, invite.request.clone(), hop, local, now);
        stray::end_answered(core, &mut fork, response, now);
    }

    /// The same for a 2xx that came after the transaction was over.
    pub(crate) fn on_stray_final(&self, core: &mut Core, response: &Response, now: Instant) {
        let ours = DialogId::of_response(response).as_ref() == Some(&self.session.dialog.id);
        if ours && response.code.is_success() {
            self.acknowledge(core, now);
        }
    }

    /// Answers a copy at once: the first leg that is acknowledged is the call.
    pub(crate) fn answer_copy(
        &mut self,
        core: &mut Core,
        line: LineNumber,
        arrival: Arrival,
        audio: &mut Audio,
        now: Instant,
    ) {
        if self.rivals.len() >= limits::COPIES {
            return incoming::refuse(core, &arrival, StatusCode::LOOP_DETECTED, now);
        }
        let body = audio.local_description();
        let tag = core.tokens.tag();
        let copy = Copy { arrival, tag, reliable: None };
        match Answered::open(core, line, &copy, &body, &mut self.timer, now) {
            Some(answered) => self.rivals.push(answered),
            None => incoming::refuse(core, &copy.arrival, StatusCode::BAD_REQUEST, now),
        }
    }

    /// Whether a request is within one of the dialogs here.
    pub(crate) fn has_dialog(&self, request: &Request) -> bool {
        self.session.owns(request) || self.rivals.iter().any(|rival| rival.session.owns(request))
    }

    /// Leaves: every dialog here is ended by BYE.
    pub(crate) fn leave(self, core: &mut Core, now: Instant) {
        if let Some(invite) = self.invite {
            invite.let_go(core, &self.session, now);
        }
        farewell::begin(core, self.session, now);
        for rival in self.rivals {
            farewell::begin(core, rival.session, now);
        }
    }

    /// The line's hop list has changed.
    pub(crate) fn follow(&mut self, places: &Places) {
        if let Some(change) = &mut self.change {
            change.request.follow(places);
        }
        self.errands.follow(places);
    }

    /// When something here is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let unacked = self.unacked.iter().chain(&self.rivals).filter_map(Answered::deadline);
        let change = self.change.as_ref().and_then(|change| change.request.deadline());
        let timer = self.timer.poll_timeout().map(|(at, _)| at);
        let transfer = self.transfer.as_ref().map(Transfer::deadline);
        let own = change.into_iter().chain(self.errands.deadline()).chain(transfer);
        unacked.chain(own).chain(timer).min()
    }

    /// An ACK for one of our 2xx. `true` where it was for this call.
    pub(super) fn on_ack(&mut self, ack: &Request, now: Instant) -> bool {
        if self.unacked.as_ref().is_some_and(|answered| answered.is_acked_by(ack)) {
            self.unacked = None;
            self.note_acknowledged(now);
            return true;
        }
        let Some(at) = self.rivals.iter().position(|rival| rival.is_acked_by(ack)) else {
            return false;
        };
        if self.acknowledged {
            // The caller ends all legs but one; of which, its BYE will show. A leg that gets none
            // is ended by ours when its time is up.
            self.rivals[at].acked = true;
            return false;
        }
        let rival = self.rivals.remove(at);
        let earlier = std::mem::replace(&mut self.session, rival.session);
        if let Some(mut unacked) = self.unacked.take() {
            unacked.session = earlier;
            self.rivals.push(unacked);
        }
        self.note_acknowledged(now);
        true
    }

    fn note_acknowledged(&mut self, now: Instant) {
        self.acknowledged = true;
        self.acknowledged_at.get_or_insert(now);
    }

    /// A BYE on a leg that is not the call ends that leg only. `true` where it was one.
    pub(super) fn drop_rival(&mut self, request: &Request) -> bool {
        let before = self.rivals.len();
        self.rivals.retain(|rival| !rival.session.owns(request));
        before != self.rivals.len()
    }

    /// The caller has ended the leg that is the call, and may hold another: a proxy that knows two
    /// contacts of ours delivers the INVITE twice, the caller keeps one leg and ends the other, and
    /// its ACKs and BYE may overtake each other on the way. `true` where another leg is the call
    /// now: one with an ACK, or, right after the first ACK, one that still waits for its own.
    pub(super) fn yield_to_rival(&mut self, now: Instant) -> bool {
        let Some(first) = self.acknowledged_at else { return self.promote_rival() };
        let fresh = now < first + limits::OVERTAKEN;
        let acked = self.rivals.iter().position(|rival| rival.acked);
        let waiting = self.rivals.len().checked_sub(1).filter(|_| fresh);
        let Some(at) = acked.or(waiting) else { return false };
        let rival = self.rivals.remove(at);
        self.session = rival.session.clone();
        self.unacked = Some(rival).filter(|rival| !rival.acked);
        true
    }

    /// The call's own leg was ended before its ACK: a rival that is still open takes its place.
    pub(super) fn promote_rival(&mut self) -> bool {
        if self.acknowledged {
            return false;
        }
        let Some(rival) = self.rivals.pop() else { return false };
        self.session = rival.session.clone();
        self.unacked = Some(rival);
        true
    }
}

impl Call {
    /// A hop was found unavailable: what waits there goes on elsewhere.
    pub(crate) fn on_hop_dead(&mut self, core: &mut Core, hop: Hop, heard: &Heard, now: Instant) {
        match &mut self.phase {
            Phase::Outgoing { setup, .. } => {
                setup.early.on_hop_dead(core, hop, heard, now);
                let step = setup.on_hop_dead(core, hop, heard.cause(), now);
                self.step(core, step, now);
            }
            Phase::Up(up) => {
                let outcome = match &mut up.change {
                    Some(change) => {
                        change.request.on_hop_dead(core, &mut up.session, hop, heard, now)
                    }
                    None => Outcome::On,
                };
                let done = up.errands.on_hop_dead(core, &mut up.session, hop, heard, now);
                self.on_changed(core, outcome, now);
                self.on_errand_done(core, done, now);
            }
            Phase::Incoming(_) | Phase::Over => {}
        }
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, core: &mut Core, now: Instant) {
        match &mut self.phase {
            Phase::Outgoing { setup, .. } => {
                if setup.deadline().is_some_and(|at| at <= now) {
                    let step = setup.handle_timeout(core, now);
                    self.step(core, step, now);
                }
            }
            Phase::Up(_) => self.handle_up_timeout(core, now),
            Phase::Incoming(_) => self.handle_ringing_timeout(core, now),
            Phase::Over => {}
        }
    }

    fn handle_up_timeout(&mut self, core: &mut Core, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let mut lost = Vec::new();
        up.rivals.retain_mut(|rival| {
            let over = rival.handle_timeout(core, now);
            if over {
                lost.push(rival.session.clone());
            }
            !over
        });
        for session in lost {
            farewell::begin(core, session, now);
        }
        if up.unacked.as_mut().is_some_and(|answered| answered.handle_timeout(core, now)) {
            up.unacked = None;
            if !up.promote_rival() {
                let reason = Reason::NeverAcknowledged;
                return self.leave(core, Ended { by: EndedBy::Failure, code: 408, reason }, now);
            }
        }
        let Phase::Up(up) = &mut self.phase else { return };
        if let Some(change) = &mut up.change {
            let outcome = change.request.handle_timeout(core, &mut up.session, now);
            self.on_changed(core, outcome, now);
        }
        if let Phase::Up(up) = &mut self.phase {
            let done = up.errands.handle_timeout(core, &mut up.session, now);
            self.on_errand_done(core, done, now);
        }
        self.handle_session_timer(core, now);
        if let Phase::Up(up) = &self.phase
            && up.transfer.as_ref().is_some_and(|transfer| transfer.deadline() <= now)
        {
            self.transfer_timed_out(core, now);
        }
    }

    /// RFC 4028 §10: refreshed at half of its time, and ended where nobody has refreshed it.
    fn handle_session_timer(&mut self, core: &mut Core, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        up.timer.handle_timeout(now);
        match up.timer.poll_output() {
            Some(SessionTimerOutput::Refresh) => self.refresh(core, now),
            Some(SessionTimerOutput::Expired) => {
                let reason = Reason::Expired;
                self.leave(core, Ended { by: EndedBy::Failure, code: 408, reason }, now);
            }
            None => {}
        }
    }

    /// Some hop of the line has answered: a refresh that no hop took goes at once.
    pub(super) fn refresh_if_late(&mut self, now: Instant) {
        if let Phase::Up(up) = &mut self.phase
            && up.timer.awaits_refresh()
        {
            up.timer.retry(now);
        }
    }

    /// How it stands, for a refusal.
    pub(crate) fn in_state(&self) -> InState {
        match &self.phase {
            Phase::Outgoing { .. } => InState::Dialled,
            Phase::Incoming(_) => InState::Ringing,
            Phase::Up(up) if up.change.is_some() => InState::Changing,
            Phase::Up(up) if up.held => InState::Held,
            Phase::Up(_) => InState::Active,
            Phase::Over => InState::Over,
        }
    }
}
