//! A call that is up: its dialog, what arrives in it, and the 2xx that wait for their ACK.
//!
//! Answers requests from whichever hop delivers them (failover design §5: dialogs are matched by
//! their identifiers, never by source address).

use std::time::Instant;

use sip_core::dialog::DialogId;
use sip_core::endpoint::ClientId;
use sip_core::message::{HeaderName, Method, Request, Response, StatusCode};
use sip_core::transport::Hop;

use super::audio::Audio;
use super::change::{Change, Outcome};
use super::incoming::{self, Answered, Arrival, Copy, Key, tagged};
use super::session::Session;
use super::setup::{let_go, say_farewell};
use super::stray::{self, Stray};
use super::{ALLOW, Call, Phase};
use crate::account::evidence::Heard;
use crate::core::{Core, Reply};
use crate::input::Refusal;
use crate::output::MediaCommand;
use crate::settings::LineNumber;
use crate::status::{Ended, EndedBy};

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
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Up {
    pub(crate) session: Session,
    /// What makes a later INVITE a copy of the one that we answered.
    pub(crate) key: Option<Key>,
    /// Held by our user.
    pub(crate) held: bool,
    invite: Option<OurInvite>,
    unacked: Option<Answered>,
    rivals: Vec<Answered>,
    change: Option<Change>,
    /// Set once our answer to a new call is acknowledged, or we were the caller.
    acknowledged: bool,
    /// Our offer went out in a 2xx; its answer comes in the ACK.
    offered: bool,
}

impl Up {
    /// We called and were answered.
    pub(crate) fn calling(session: Session, invite: OurInvite) -> Self {
        Self {
            session,
            key: None,
            held: false,
            invite: Some(invite),
            unacked: None,
            rivals: Vec::new(),
            change: None,
            acknowledged: true,
            offered: false,
        }
    }

    /// We were called and have answered.
    pub(crate) fn called(session: Session, key: Key, answered: Answered) -> Self {
        let offered = answered.made_the_offer();
        Self {
            session,
            key: Some(key),
            held: false,
            invite: None,
            unacked: Some(answered),
            rivals: Vec::new(),
            change: None,
            acknowledged: false,
            offered,
        }
    }

    /// Whether a copy of the INVITE would come too late to join.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// Acknowledges the 2xx to our INVITE.
    pub(crate) fn acknowledge(&self, core: &mut Core, now: Instant) {
        let Some(invite) = &self.invite else { return };
        let Some(account) = core.accounts.get_mut(&self.session.line) else { return };
        if let Some((ack, to, local)) = self.session.ack(&invite.request, account, now) {
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
        if self.rivals.len() >= crate::limits::COPIES {
            return incoming::refuse(core, &arrival, StatusCode::LOOP_DETECTED, now);
        }
        let body = audio.local_description();
        let tag = core.tokens.tag();
        let copy = Copy { arrival, tag };
        match Answered::open(core, line, &copy, &body, now) {
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
            let_go(core, &self.session, invite, now);
        }
        say_farewell(core, self.session, now);
        for rival in self.rivals {
            say_farewell(core, rival.session, now);
        }
    }

    /// When something here is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let unacked = self.unacked.iter().chain(&self.rivals).filter_map(Answered::deadline);
        unacked.chain(self.change.as_ref().and_then(Change::deadline)).min()
    }

    /// An ACK for one of our 2xx. `true` where it was for this call.
    fn on_ack(&mut self, ack: &Request) -> bool {
        if self.unacked.as_ref().is_some_and(|answered| answered.is_acked_by(ack)) {
            self.unacked = None;
            self.acknowledged = true;
            return true;
        }
        let Some(at) = self.rivals.iter().position(|rival| rival.is_acked_by(ack)) else {
            return false;
        };
        if self.acknowledged {
            // The caller holds another leg already; this one is ended by its own BYE or by ours
            // when its time is up.
            return false;
        }
        let rival = self.rivals.remove(at);
        let earlier = std::mem::replace(&mut self.session, rival.session);
        if let Some(mut unacked) = self.unacked.take() {
            unacked.session = earlier;
            self.rivals.push(unacked);
        }
        self.acknowledged = true;
        true
    }

    /// A BYE on a leg that is not the call ends that leg only. `true` where it was one.
    fn drop_rival(&mut self, request: &Request) -> bool {
        let before = self.rivals.len();
        self.rivals.retain(|rival| !rival.session.owns(request));
        before != self.rivals.len()
    }

    /// The call's own leg was ended before its ACK: a rival that is still open takes its place.
    fn promote_rival(&mut self) -> bool {
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
    /// A request within one of this call's dialogs.
    pub(crate) fn on_request(&mut self, core: &mut Core, arrival: Arrival, now: Instant) {
        let Phase::Up(up) = &mut self.phase else {
            let bye = arrival.request.method == Method::Bye;
            let code = if bye { StatusCode::OK } else { StatusCode::CALL_DOES_NOT_EXIST };
            respond(core, &arrival, code, now);
            if bye {
                self.on_early_bye(core, now);
            }
            return;
        };
        if up.session.owns(&arrival.request) && up.session.dialog.check(&arrival.request).is_err() {
            return respond(core, &arrival, StatusCode::SERVER_INTERNAL_ERROR, now);
        }
        match arrival.request.method {
            Method::Bye => self.on_bye(core, &arrival, now),
            Method::Invite => self.on_reinvite(core, &arrival, now),
            Method::Options => respond(core, &arrival, StatusCode::OK, now),
            Method::Info => on_info(core, &arrival, now),
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Update
            | Method::Prack
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => respond(core, &arrival, StatusCode::METHOD_NOT_ALLOWED, now),
        }
    }

    fn on_bye(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        respond(core, arrival, StatusCode::OK, now);
        let Phase::Up(up) = &mut self.phase else { return };
        if up.drop_rival(&arrival.request) || up.promote_rival() {
            return;
        }
        self.hop = Some(up.session.current_hop());
        if let Phase::Up(up) = std::mem::replace(&mut self.phase, Phase::Over) {
            for rival in up.rivals {
                say_farewell(core, rival.session, now);
            }
            if let Some(invite) = up.invite {
                let_go(core, &up.session, invite, now);
            }
        }
        let reason = "the other party hung up".to_owned();
        self.end(core, Ended { by: EndedBy::Remote, code: 0, reason }, now);
    }

    /// A re-INVITE: the other side holds, resumes or moves its media (RFC 3261 §14.2).
    fn on_reinvite(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        if up.unacked.is_some() {
            return retry_later(core, arrival, now);
        }
        if up.change.is_some() {
            return respond(core, arrival, StatusCode::REQUEST_PENDING, now);
        }
        let body = &arrival.request.body;
        let answer = match body.is_empty() {
            true => Ok(self.audio.offer()),
            false => self.audio.answer(body),
        };
        let Ok(answer) = answer else {
            return respond(core, arrival, StatusCode::NOT_ACCEPTABLE_HERE, now);
        };
        up.offered = body.is_empty();
        up.session.dialog.target_refresh(&arrival.request.headers);
        let session = up.session.clone();
        let (server, request) = (arrival.server, &arrival.request);
        up.unacked = Answered::again(core, session, server, request, &answer, now);
        self.audio.apply(core, self.line, self.id);
        self.announce(core, now);
    }

    /// An ACK that belongs to one of this call's 2xx; it may carry the answer to our offer.
    pub(crate) fn on_ack(&mut self, core: &mut Core, ack: &Request, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        if !up.on_ack(ack) || !std::mem::take(&mut up.offered) {
            return;
        }
        if self.audio.accept(&ack.body).is_ok() {
            self.sound_on(core, now);
            self.announce(core, now);
        } else {
            let reason = "the answer holds no usable codec".to_owned();
            self.leave(core, Ended { by: EndedBy::Failure, code: 488, reason }, now);
        }
    }

    /// A 2xx to an INVITE whose transaction is over.
    pub(crate) fn on_stray_final(&self, core: &mut Core, response: &Response, now: Instant) {
        if let Phase::Up(up) = &self.phase {
            up.on_stray_final(core, response, now);
        }
    }

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
        let what = if hold { "hold it" } else { "resume it" };
        let state = self.state_in_words();
        let wrong = Refusal::WrongState(self.id, state, what);
        let Phase::Up(up) = &mut self.phase else { return Err(wrong) };
        if up.held == hold || up.change.is_some() || !up.acknowledged {
            return Err(wrong);
        }
        let offer = self.audio.offer_hold(hold);
        up.change = Change::begin(core, &mut up.session, self.id, hold, offer, now);
        if up.change.is_none() {
            self.audio.withdraw_offer();
            return Err(wrong);
        }
        self.note = None;
        Ok(())
    }

    /// An answer to a change of ours.
    pub(crate) fn on_in_dialog(
        &mut self,
        core: &mut Core,
        id: ClientId,
        reply: &Reply,
        now: Instant,
    ) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(change) = &mut up.change else { return };
        let outcome = change.on_reply(core, &mut up.session, id, reply, now);
        self.on_outcome(core, outcome, now);
    }

    fn on_outcome(&mut self, core: &mut Core, outcome: Outcome, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        match outcome {
            Outcome::On => {}
            Outcome::Taken(response) => {
                let hold = up.change.take().is_some_and(|change| change.hold);
                if self.audio.accept(&response.body).is_err() {
                    self.audio.withdraw_offer();
                }
                up.held = hold;
                self.audio.apply(core, self.line, self.id);
                core.media(MediaCommand::Focus((!hold).then_some(self.id)));
                self.announce(core, now);
            }
            Outcome::Refused(words) => {
                up.change = None;
                self.audio.withdraw_offer();
                self.note = Some(words);
                self.announce(core, now);
            }
            Outcome::DialogGone => {
                let reason = "the other party has no such call any more".to_owned();
                self.leave(core, Ended { by: EndedBy::Failure, code: 481, reason }, now);
            }
        }
    }

    /// A hop was found unavailable: what waits there goes on elsewhere.
    pub(crate) fn on_hop_dead(&mut self, core: &mut Core, hop: Hop, heard: &Heard, now: Instant) {
        match &mut self.phase {
            Phase::Outgoing { setup, .. } => {
                let step = setup.on_hop_dead(core, hop, &heard.in_words(), now);
                self.step(core, step, now);
            }
            Phase::Up(up) => {
                let Some(change) = &mut up.change else { return };
                let outcome = change.on_hop_dead(core, &mut up.session, hop, heard, now);
                self.on_outcome(core, outcome, now);
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
            Phase::Incoming(setup) if setup.rings_until.is_some_and(|at| at <= now) => {
                self.stop_ringing(core, now);
            }
            Phase::Incoming(_) | Phase::Over => {}
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
            say_farewell(core, session, now);
        }
        if up.unacked.as_mut().is_some_and(|answered| answered.handle_timeout(core, now)) {
            up.unacked = None;
            if !up.promote_rival() {
                let reason = "our answer was never acknowledged".to_owned();
                return self.leave(core, Ended { by: EndedBy::Failure, code: 408, reason }, now);
            }
        }
        let Phase::Up(up) = &mut self.phase else { return };
        if let Some(change) = &mut up.change {
            let outcome = change.handle_timeout(core, &mut up.session, now);
            self.on_outcome(core, outcome, now);
        }
    }

    pub(crate) fn state_in_words(&self) -> &'static str {
        match &self.phase {
            Phase::Outgoing { .. } => "being dialled",
            Phase::Incoming(_) => "ringing",
            Phase::Up(up) if up.change.is_some() => "being changed",
            Phase::Up(up) if up.held => "held",
            Phase::Up(_) => "active",
            Phase::Over => "over",
        }
    }
}

fn respond(core: &mut Core, arrival: &Arrival, code: StatusCode, now: Instant) {
    let mut response = tagged(&arrival.request, code, "");
    if matches!(code.as_u16(), 200 | 405) {
        response.headers.set(HeaderName::Allow, ALLOW);
    }
    core.endpoint.respond(arrival.server, response, now);
}

/// RFC 3261 §14.2: an INVITE while an earlier one is open gets 500 with a random Retry-After.
fn retry_later(core: &mut Core, arrival: &Arrival, now: Instant) {
    let wait = core.random_u32() % 11;
    let mut response = tagged(&arrival.request, StatusCode::SERVER_INTERNAL_ERROR, "");
    response.headers.set(HeaderName::RetryAfter, wait);
    core.endpoint.respond(arrival.server, response, now);
}

/// INFO: nothing of it is used, so an empty one is accepted and any body refused by its type
/// (RFC 6086 §4.2.2 leaves legacy use to the peers; digits come by RFC 4733).
fn on_info(core: &mut Core, arrival: &Arrival, now: Instant) {
    let code = match arrival.request.body.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    };
    respond(core, arrival, code, now);
}
