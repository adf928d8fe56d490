//! What arrives within the dialogs of a call, from whichever hop delivers it (failover design §5:
//! dialogs are matched by their identifiers, never by source address).

use std::time::Instant;

use sip_core::message::{HeaderName, Method, Request, Response, StatusCode};

use super::incoming::{Answered, Arrival, tagged};
use super::session::Session;
use super::{ALLOW, Call, Phase, farewell};
use crate::core::Core;
use crate::screen;
use crate::status::{Ended, EndedBy};
use crate::words::Reason;

/// Media types that carry a digit in an INFO.
const DIGIT_TYPES: [&str; 2] = ["application/dtmf-relay", "application/dtmf"];

impl Call {
    /// A request within one of this call's dialogs.
    pub(crate) fn on_request(&mut self, core: &mut Core, arrival: Arrival, now: Instant) {
        let Phase::Up(up) = &mut self.phase else {
            return self.on_early_request(core, &arrival, now);
        };
        let request = &arrival.request;
        if up.session.owns(request) && is_copy(request, up.session.dialog.remote_cseq) {
            return respond(core, &arrival, StatusCode::SERVER_INTERNAL_ERROR, now);
        }
        if up.session.owns(request) && up.session.dialog.check(request).is_err() {
            return respond(core, &arrival, StatusCode::SERVER_INTERNAL_ERROR, now);
        }
        if let Some(refusal) = screen::unfit(request) {
            return core.endpoint.respond(arrival.server, refusal, now);
        }
        match request.method {
            Method::Bye => self.on_bye(core, &arrival, now),
            Method::Invite => self.on_reinvite(core, &arrival, now),
            Method::Update => self.on_update(core, &arrival, now),
            Method::Options => respond(core, &arrival, StatusCode::OK, now),
            Method::Info => on_info(core, &arrival, now),
            Method::Refer => self.on_refer(core, &arrival, now),
            Method::Notify => self.on_notify(core, &arrival, now),
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => respond(core, &arrival, StatusCode::METHOD_NOT_ALLOWED, now),
        }
    }

    /// The dialog is early, or over.
    fn on_early_request(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        match (&mut self.phase, &arrival.request.method) {
            (Phase::Incoming(setup), Method::Prack) => {
                let code = setup.on_prack(&arrival.request, &mut self.audio);
                let answer = code == StatusCode::OK && setup.answer_on_prack;
                respond(core, arrival, code, now);
                if answer {
                    self.answer(core, now);
                }
                return;
            }
            (Phase::Outgoing { .. }, Method::Update) => {
                return self.on_early_update(core, arrival, now);
            }
            (Phase::Outgoing { .. }, _) => {
                return respond(core, arrival, StatusCode::CALL_DOES_NOT_EXIST, now);
            }
            (Phase::Incoming(_) | Phase::Up(_) | Phase::Over, _) => {}
        }
        let bye = arrival.request.method == Method::Bye;
        let code = if bye { StatusCode::OK } else { StatusCode::CALL_DOES_NOT_EXIST };
        respond(core, arrival, code, now);
        if bye {
            self.on_early_bye(core, now);
        }
    }

    fn on_bye(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        respond(core, arrival, StatusCode::OK, now);
        let Phase::Up(up) = &mut self.phase else { return };
        if up.drop_rival(&arrival.request) || up.yield_to_rival(now) {
            return;
        }
        self.hop = Some(up.session.current_hop());
        // Whom we have sent away may say goodbye before, or instead of, telling how it went.
        let reason = self.transferred().unwrap_or(Reason::HungUpThere);
        if let Phase::Up(up) = std::mem::replace(&mut self.phase, Phase::Over) {
            for rival in up.rivals {
                farewell::begin(core, rival.session, now);
            }
            if let Some(invite) = up.invite {
                invite.let_go(core, &up.session, now);
            }
        }
        self.end(core, Ended { by: EndedBy::Remote, code: 0, reason }, now);
    }

    /// A re-INVITE: the other side holds, resumes, moves its media or refreshes the session
    /// (RFC 3261 §14.2, RFC 4028 §9).
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
        up.unacked = Answered::again(core, session, server, request, &answer, &mut up.timer, now);
        self.audio.apply(core, self.line, self.id);
        self.announce(core, now);
    }

    /// An UPDATE: as a re-INVITE, but answered at once and without ACK (RFC 3311 §5.2).
    fn on_update(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        let request = &arrival.request;
        let has_offer = !request.body.is_empty();
        if has_offer && (up.offered || up.change.as_ref().is_some_and(|c| c.has_offer())) {
            return respond(core, arrival, StatusCode::REQUEST_PENDING, now);
        }
        let answer = match has_offer {
            true => self.audio.answer(&request.body),
            false => Ok(Vec::new()),
        };
        let Ok(answer) = answer else {
            return respond(core, arrival, StatusCode::NOT_ACCEPTABLE_HERE, now);
        };
        up.session.dialog.target_refresh(&request.headers);
        let mut response = updated(core, &up.session, request, answer);
        up.timer.grant(request, &mut response.headers, now);
        core.endpoint.respond(arrival.server, response, now);
        if has_offer {
            self.audio.apply(core, self.line, self.id);
            self.announce(core, now);
        }
    }

    /// An UPDATE of who rings: it moves its early media, say (RFC 3311 §5.2).
    fn on_early_update(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        let request = &arrival.request;
        let Phase::Outgoing { setup, .. } = &mut self.phase else { return };
        let Some(session) = setup.early.session_of(request) else { return };
        if session.dialog.check(request).is_err() {
            return respond(core, arrival, StatusCode::SERVER_INTERNAL_ERROR, now);
        }
        let has_offer = !request.body.is_empty();
        if has_offer && !self.audio.has_answer() {
            return respond(core, arrival, StatusCode::REQUEST_PENDING, now);
        }
        let answer = match has_offer {
            true => self.audio.answer(&request.body),
            false => Ok(Vec::new()),
        };
        let Ok(answer) = answer else {
            return respond(core, arrival, StatusCode::NOT_ACCEPTABLE_HERE, now);
        };
        session.dialog.target_refresh(&request.headers);
        let response = updated(core, session, request, answer);
        core.endpoint.respond(arrival.server, response, now);
        if has_offer {
            self.sound_on(core, now);
        }
    }

    /// An ACK that belongs to one of this call's 2xx; it may carry the answer to our offer.
    pub(crate) fn on_ack(&mut self, core: &mut Core, ack: &Request, now: Instant) {
        let Phase::Up(up) = &mut self.phase else { return };
        if !up.on_ack(ack, now) || !std::mem::take(&mut up.offered) {
            return;
        }
        match self.audio.accept(&ack.body) {
            Ok(()) => {
                self.sound_on(core, now);
                self.announce(core, now);
            }
            Err(why) => {
                let reason = why.reason(Reason::UnusableAnswer);
                self.leave(core, Ended { by: EndedBy::Failure, code: 488, reason }, now);
            }
        }
    }

    /// A 2xx to an INVITE whose transaction is over.
    pub(crate) fn on_stray_final(&self, core: &mut Core, response: &Response, now: Instant) {
        if let Phase::Up(up) = &self.phase {
            up.on_stray_final(core, response, now);
        }
    }
}

/// The 200 to an UPDATE, with the answer to its offer if it has one.
fn updated(core: &Core, session: &Session, request: &Request, answer: Vec<u8>) -> Response {
    let mut response = tagged(request, StatusCode::OK, "");
    if let Some(account) = core.accounts.get(&session.line) {
        response.headers.set(HeaderName::Contact, session.contact(account));
    }
    response.headers.set(HeaderName::Allow, ALLOW);
    if !answer.is_empty() {
        response.headers.set(HeaderName::ContentType, "application/sdp");
        response.body = answer;
    }
    response
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

/// Failover design §3: a REFER or INFO that comes again with its number, by another hop, has been
/// taken already: no second transfer, no second digit.
fn is_copy(request: &Request, seen: Option<u32>) -> bool {
    let number = request.headers.cseq().ok().map(|cseq| cseq.number);
    matches!(request.method, Method::Refer | Method::Info) && number == seen
}

/// Digits are taken, whatever is done with them; what else an INFO may hold is refused by its type
/// (RFC 6086 §4.2.2 leaves legacy use to the peers).
fn on_info(core: &mut Core, arrival: &Arrival, now: Instant) {
    let request = &arrival.request;
    let kind = request.headers.content_type().unwrap_or_default();
    let taken = DIGIT_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind));
    if request.body.is_empty() || taken {
        return respond(core, arrival, StatusCode::OK, now);
    }
    let mut response = tagged(request, StatusCode::UNSUPPORTED_MEDIA_TYPE, "");
    response.headers.set(HeaderName::Accept, DIGIT_TYPES.join(", "));
    core.endpoint.respond(arrival.server, response, now);
}
