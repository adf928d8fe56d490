//! How a call begins and how its user ends it: dial, ring, answer, refuse, hang up.

use std::time::Instant;

use failover::RequestKind;
use sip_core::dialog::Dialog;
use sip_core::endpoint::{ClientId, ServerId};
use sip_core::message::{
    HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode, Uri,
};
use sip_core::usage::SessionTimer;

use super::audio::{Audio, NoAgreement};
use super::incoming::{self, Answered, Arrival, Incoming, Key};
use super::outgoing::{self, Leg, Outgoing, Step};
use super::session::Session;
use super::up::{OurInvite, Up};
use super::{ALLOW, Call, Phase, SUPPORTED, WITHOUT_100REL};
use crate::CallId;
use crate::account::Account;
use crate::core::{Core, Reply};
use crate::input::Refusal;
use crate::output::Tone;
use crate::settings::LineNumber;
use crate::status::{Direction, Ended, EndedBy};
use crate::words::Reason;

/// Whom a call is for, and on whose behalf.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) uri: Uri,
    /// The Request-URI's domain is each server's own.
    pub(crate) bare_user: bool,
    /// What the INVITE says besides.
    pub(crate) headers: Headers,
    /// The call whose other party has sent us there.
    pub(crate) referrer: Option<CallId>,
}

/// An INVITE that cannot ring, and the answer that it deserves.
#[derive(Clone, Debug)]
pub(crate) struct Unfit {
    pub(crate) arrival: Arrival,
    pub(crate) code: StatusCode,
}

impl Unfit {
    fn new(arrival: Arrival, code: StatusCode) -> Box<Self> {
        Box::new(Self { arrival, code })
    }
}

impl Call {
    /// Dials (requirement B2); [`Self::begin`] sends the INVITE.
    ///
    /// # Errors
    /// When the target is no address, or the line has no hop or no free RTP port.
    pub(crate) fn dial(
        core: &mut Core,
        id: CallId,
        line: LineNumber,
        target: &str,
        now: Instant,
    ) -> Result<Self, Refusal> {
        let account = core.accounts.get(&line).ok_or(Refusal::NoSuchLine(line))?;
        let (uri, bare_user) = outgoing::target(target, account)
            .ok_or_else(|| Refusal::BadTarget(target.to_owned()))?;
        let to = Destination { uri, bare_user, headers: Headers::new(), referrer: None };
        Self::dial_to(core, id, line, to, now)
    }

    /// Calls an address; [`Self::begin`] sends the INVITE.
    ///
    /// # Errors
    /// When the line has no hop or no free RTP port.
    pub(crate) fn dial_to(
        core: &mut Core,
        id: CallId,
        line: LineNumber,
        to: Destination,
        now: Instant,
    ) -> Result<Self, Refusal> {
        let (call_id, from_tag) = (core.tokens.call_id(), core.tokens.tag());
        let account = core.accounts.get_mut(&line).ok_or(Refusal::NoSuchLine(line))?;
        let Destination { uri, bare_user, headers, referrer } = to;
        let order = account.machine.order(RequestKind::Invite, now);
        let first = order.hops.first().and_then(|hop| account.hops.get(usize::from(hop.0)));
        let local = first.ok_or(Refusal::NoHop(line))?.local;
        let remote = uri.to_string();
        let mut template = template(account, uri, &call_id, &from_tag);
        for (name, value) in headers.iter() {
            template.headers.push(name.clone(), value);
        }
        let mut audio = Audio::open(core, line, local.ip())?;
        template.headers.set(HeaderName::ContentType, "application/sdp");
        template.body = audio.offer();
        audio.start(core, id);
        let timer = session_timer(core, line);
        let setup = Outgoing::new(line, id, template, bare_user, order, timer, now);
        Ok(Self {
            id,
            line,
            direction: Direction::Out,
            remote,
            remote_name: None,
            phase: Phase::Outgoing { setup: Box::new(setup), ringing: false },
            audio,
            answered_at: None,
            muted: false,
            ended: None,
            hop: None,
            note: None,
            referrer,
            sip_call_id: call_id,
        })
    }

    /// Sends the INVITE of a call that has been dialled.
    pub(crate) fn begin(&mut self, core: &mut Core, now: Instant) {
        let Phase::Outgoing { setup, .. } = &mut self.phase else { return };
        let step = setup.start(core, now);
        self.announce(core, now);
        self.step(core, step, now);
    }

    /// The same for one that has waited: what is known of the hops may be other than it was.
    pub(crate) fn begin_late(&mut self, core: &mut Core, now: Instant) {
        let Phase::Outgoing { setup, .. } = &mut self.phase else { return };
        let Some(account) = core.accounts.get_mut(&self.line) else { return };
        setup.set_order(account.machine.order(RequestKind::Invite, now), now);
        self.begin(core, now);
    }

    /// A call comes in (its INVITE has been found acceptable): it rings, or is answered at once.
    pub(crate) fn ring(
        core: &mut Core,
        id: CallId,
        line: LineNumber,
        key: Key,
        arrival: Arrival,
        now: Instant,
    ) -> Result<Self, Box<Unfit>> {
        let Ok(mut audio) = Audio::open(core, line, arrival.local.ip()) else {
            return Err(Unfit::new(arrival, StatusCode::BUSY_HERE));
        };
        if !arrival.request.body.is_empty() && audio.check_offer(&arrival.request.body).is_err() {
            return Err(Unfit::new(arrival, StatusCode::NOT_ACCEPTABLE_HERE));
        }
        audio.start(core, id);
        let (remote, remote_name) = incoming::caller(&arrival.request);
        let hop = arrival.remote;
        let sip_call_id = key.call_id().to_owned();
        let setup = Incoming::new(core, line, key, arrival, &mut audio, now);
        let mut call = Self {
            id,
            line,
            direction: Direction::In,
            remote,
            remote_name,
            phase: Phase::Incoming(Box::new(setup)),
            audio,
            answered_at: None,
            muted: false,
            ended: None,
            hop: Some(hop),
            note: None,
            referrer: None,
            sip_call_id,
        };
        call.announce(core, now);
        if core.auto_answer {
            call.answer(core, now);
        }
        Ok(call)
    }

    /// Whether a new INVITE is a copy of this call's.
    pub(crate) fn is_copy(&self, key: &Key) -> bool {
        match &self.phase {
            Phase::Incoming(setup) => setup.key == *key,
            Phase::Up(up) => up.key.as_ref() == Some(key),
            Phase::Outgoing { .. } | Phase::Over => false,
        }
    }

    /// A copy of this call's INVITE has come (failover design §4).
    pub(crate) fn on_copy(&mut self, core: &mut Core, copy: Arrival, join: bool, now: Instant) {
        match &mut self.phase {
            Phase::Incoming(setup) if join => {
                setup.join(core, self.line, copy, &mut self.audio, now);
            }
            Phase::Up(up) if join && !up.is_acknowledged() => {
                up.answer_copy(core, self.line, copy, &mut self.audio, now);
            }
            Phase::Incoming(_) | Phase::Up(_) | Phase::Outgoing { .. } | Phase::Over => {
                incoming::refuse(core, &copy, StatusCode::LOOP_DETECTED, now);
            }
        }
    }

    /// Answers a ringing call on its newest copy.
    pub(crate) fn answer(&mut self, core: &mut Core, now: Instant) {
        let Phase::Incoming(setup) = &mut self.phase else { return };
        let key = setup.key.clone();
        // RFC 3262 §3: not before the PRACK that brings the answer to our offer.
        if setup.puts_answer_off() {
            return;
        }
        let Some(copy) = setup.take_newest(core, now) else { return };
        let offer = &copy.arrival.request.body;
        let body = match (offer.is_empty(), copy.has_agreed()) {
            (true, true) => Ok(Vec::new()),
            (true, false) => Ok(self.audio.offer()),
            (false, _) => self.audio.answer(offer),
        };
        let body = match body {
            Ok(body) => body,
            Err(why) => {
                incoming::refuse(core, &copy.arrival, StatusCode::NOT_ACCEPTABLE_HERE, now);
                let reason = why.reason(Reason::NoCodec);
                return self.end(core, Ended { by: EndedBy::Failure, code: 488, reason }, now);
            }
        };
        let mut timer = session_timer(core, self.line);
        let Some(answered) = Answered::open(core, self.line, &copy, &body, &mut timer, now) else {
            incoming::refuse(core, &copy.arrival, StatusCode::BAD_REQUEST, now);
            let reason = Reason::NoWayBack;
            return self.end(core, Ended { by: EndedBy::Failure, code: 400, reason }, now);
        };
        let session = answered.session.clone();
        self.answered_at = Some(now);
        let updates = takes_update(&copy.arrival.request.headers);
        self.phase = Phase::Up(Box::new(Up::called(session, key, answered, timer, updates)));
        self.sound_on(core, now);
        self.announce(core, now);
    }

    /// The way of sound is open: play, listen, and give this call the ear.
    pub(super) fn sound_on(&mut self, core: &mut Core, now: Instant) {
        core.tone(None, now);
        self.audio.apply(core, self.line, self.id);
        core.focus(self.id, true);
    }

    /// Refuses a ringing call, or ends it in whatever phase it is.
    pub(crate) fn hang_up(&mut self, core: &mut Core, now: Instant) {
        let (code, reason) = match &self.phase {
            Phase::Incoming(_) => (486, Reason::RefusedHere),
            Phase::Outgoing { .. } => (487, Reason::Cancelled),
            Phase::Up(_) | Phase::Over => (0, Reason::HungUpHere),
        };
        self.leave(core, Ended { by: EndedBy::Local, code, reason }, now);
    }

    /// Ends the call from our side; what must still be said is said behind its back.
    pub(crate) fn leave(&mut self, core: &mut Core, ended: Ended, now: Instant) {
        self.hop = self.hop();
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Outgoing { mut setup, .. } => setup.cancel(core, now),
            Phase::Incoming(mut setup) => setup.refuse_all(core, StatusCode::BUSY_HERE, now),
            Phase::Up(up) => up.leave(core, now),
            Phase::Over => return,
        }
        self.end(core, ended, now);
    }

    /// The caller gave up one copy; when none is left the call is over.
    pub(crate) fn on_cancelled(
        &mut self,
        core: &mut Core,
        server: ServerId,
        cause: Option<u16>,
        now: Instant,
    ) {
        let Phase::Incoming(setup) = &mut self.phase else { return };
        setup.cancelled(core, server, now);
        if setup.copies.is_empty() {
            // RFC 3326 §2: nobody has missed a call that another phone has answered.
            let (code, reason) = match cause {
                Some(200) => (200, Reason::AnsweredElsewhere),
                _ => (0, Reason::CallerGaveUp),
            };
            self.end(core, Ended { by: EndedBy::Remote, code, reason }, now);
        }
    }

    /// What is due while it rings: a 18x again that has no PRACK yet, or the end of the ringing.
    pub(super) fn handle_ringing_timeout(&mut self, core: &mut Core, now: Instant) {
        let Phase::Incoming(setup) = &mut self.phase else { return };
        if setup.rings_until.is_some_and(|at| at <= now) {
            return self.stop_ringing(core, now);
        }
        setup.repeat_ringing(core, now);
        if setup.copies.is_empty() {
            let reason = Reason::RingingIgnored;
            self.end(core, Ended { by: EndedBy::Failure, code: 504, reason }, now);
        }
    }

    /// Nobody has answered within the ring limit.
    fn stop_ringing(&mut self, core: &mut Core, now: Instant) {
        let Phase::Incoming(setup) = &mut self.phase else { return };
        let (code, reason) = match setup.forward_to.take() {
            Some(target) => {
                setup.send_all_to(core, &target, now);
                (302, Reason::NobodyAnsweredSentTo(target.to_string()))
            }
            None => {
                setup.refuse_all(core, StatusCode::TEMPORARILY_UNAVAILABLE, now);
                (480, Reason::NobodyAnswered)
            }
        };
        self.end(core, Ended { by: EndedBy::Failure, code, reason }, now);
    }

    /// A BYE from the caller before we answered (RFC 3261 §15.1.2).
    pub(super) fn on_early_bye(&mut self, core: &mut Core, now: Instant) {
        let Phase::Incoming(setup) = &mut self.phase else { return };
        setup.refuse_all(core, StatusCode::REQUEST_TERMINATED, now);
        let reason = Reason::CallerGaveUp;
        self.end(core, Ended { by: EndedBy::Remote, code: 0, reason }, now);
    }

    /// An answer on one of the legs of a call that we make, or a 2xx repeated later.
    pub(crate) fn on_leg(&mut self, core: &mut Core, id: ClientId, reply: Reply, now: Instant) {
        // A leg that ends takes its hop with it; the status still wants to name it.
        self.hop = self.hop();
        match &mut self.phase {
            Phase::Outgoing { setup, .. } => {
                let step = setup.on_reply(core, id, reply, now);
                self.step(core, step, now);
            }
            Phase::Up(up) => {
                if let Reply::Final(response) = &reply {
                    up.on_late_success(core, id, response, now);
                }
            }
            Phase::Incoming(_) | Phase::Over => {}
        }
    }

    /// The check of a hop that said 100 and nothing more has its result.
    pub(crate) fn on_check(&mut self, core: &mut Core, id: ClientId, reply: &Reply, now: Instant) {
        let Phase::Outgoing { setup, .. } = &mut self.phase else { return };
        let step = setup.on_check(core, id, reply, now);
        self.step(core, step, now);
    }

    /// Some hop of the line has answered.
    pub(crate) fn on_line_alive(&mut self, core: &mut Core, now: Instant) {
        let Phase::Outgoing { setup, .. } = &mut self.phase else {
            return self.refresh_if_late(now);
        };
        let step = setup.on_line_alive(core, now);
        self.step(core, step, now);
    }

    pub(super) fn step(&mut self, core: &mut Core, step: Step, now: Instant) {
        match step {
            Step::On => {}
            Step::Ringing(response) => self.on_ringing(core, &response, now),
            Step::Up(leg, response) => self.on_answer(core, *leg, &response, now),
            Step::Failed { code, reason, unreached } => {
                if let Some(cause) = unreached {
                    let event = outgoing::unavailable(self.line, cause);
                    core.event(event, now);
                }
                self.end(core, Ended { by: EndedBy::Failure, code, reason }, now);
            }
        }
    }

    fn on_ringing(&mut self, core: &mut Core, response: &Response, now: Instant) {
        let Phase::Outgoing { ringing, .. } = &mut self.phase else { return };
        let first = !std::mem::replace(ringing, true);
        let early_media = !response.body.is_empty() && self.audio.accept(&response.body).is_ok();
        if early_media {
            self.sound_on(core, now);
        } else if first && !self.audio.has_answer() {
            core.tone(Some(Tone::Ringback), now);
        }
        if first {
            self.announce(core, now);
        }
    }

    fn on_answer(&mut self, core: &mut Core, leg: Leg, response: &Response, now: Instant) {
        let Ok(mut dialog) = Dialog::from_response(&leg.request, response) else {
            let reason = Reason::NoDialog;
            return self.end(core, Ended { by: EndedBy::Failure, code: 0, reason }, now);
        };
        if let Phase::Outgoing { setup, .. } = &self.phase {
            setup.early.confirm(&mut dialog);
        }
        let session = Session::new(self.line, dialog, leg.hop, leg.local);
        let invite = OurInvite::new(leg.id, leg.request);
        let mut timer = match &self.phase {
            Phase::Outgoing { setup, .. } => setup.timer.clone(),
            Phase::Incoming(_) | Phase::Up(_) | Phase::Over => session_timer(core, self.line),
        };
        timer.granted(response, now);
        let up = Up::calling(session, invite, timer, takes_update(&response.headers));
        up.acknowledge(core, now);
        // An early answer (RFC 3264 in a 183) stands where the 2xx has no body.
        let agreed = match response.body.is_empty() {
            true if self.audio.has_answer() => Ok(()),
            true => Err(NoAgreement::Unusable),
            false => self.audio.accept(&response.body),
        };
        self.phase = Phase::Up(Box::new(up));
        self.answered_at = Some(now);
        if let Err(why) = agreed {
            let reason = why.reason(Reason::UnusableAnswer);
            return self.leave(core, Ended { by: EndedBy::Failure, code: 488, reason }, now);
        }
        self.sound_on(core, now);
        self.announce(core, now);
    }
}

/// A session timer as the line's settings have it.
fn session_timer(core: &Core, line: LineNumber) -> SessionTimer {
    SessionTimer::new(core.accounts.get(&line).and_then(|account| account.settings.session_timer))
}

/// Whether the maker of a message takes UPDATE (RFC 3311 §4).
fn takes_update(headers: &Headers) -> bool {
    headers.tokens(&HeaderName::Allow).iter().any(|method| *method == Method::Update.as_str())
}

/// The INVITE without what differs from hop to hop: Via, Contact, CSeq, credentials.
fn template(account: &Account, uri: Uri, call_id: &str, from_tag: &str) -> Request {
    let to = NameAddr::new(uri.clone());
    let mut request = Request::new(Method::Invite, uri);
    request.headers.push(HeaderName::From, account.from(from_tag));
    request.headers.push(HeaderName::To, to);
    request.headers.push(HeaderName::CallId, call_id);
    request.headers.push(HeaderName::Allow, ALLOW);
    let reliable = account.settings.reliable_provisional;
    request.headers.push(HeaderName::Supported, if reliable { SUPPORTED } else { WITHOUT_100REL });
    request
}
