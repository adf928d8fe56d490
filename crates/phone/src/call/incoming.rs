//! A call that rings here: one call, however many copies of its INVITE arrive (requirement F4).
//!
//! A caller that fails over sends the same INVITE through another proxy, and a proxy that was only
//! slow delivers the first as well. Copies with the same Call-ID and From tag join one ringing call
//! (failover design §4); it is answered on the newest, and the older get 487.

use std::net::SocketAddr;
use std::time::Instant;

use sip_core::dialog::Dialog;
use sip_core::endpoint::ServerId;
use sip_core::message::{HeaderName, Request, Response, StatusCode, Uri};
use sip_core::transaction::Timers;
use sip_core::transport::Hop;
use sip_core::usage::reliable::{self, RAck};
use sip_core::usage::{Accepted, AcceptedOutput, Reliable, ReliableOutput, SessionTimer};

use super::audio::Audio;
use super::forward;
use super::session::Session;
use crate::core::Core;
use crate::limits;
use crate::settings::LineNumber;

/// What makes two INVITEs the same call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    call_id: String,
    from_tag: String,
}

impl Key {
    /// The key of an INVITE; `None` where it lacks a Call-ID or From tag.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let call_id = request.headers.call_id()?.to_owned();
        let from_tag = request.headers.from().ok()?.tag()?.to_owned();
        Some(Self { call_id, from_tag })
    }

    /// The Call-ID.
    pub(crate) fn call_id(&self) -> &str {
        &self.call_id
    }
}

/// Who calls: the address, and the name that goes with it.
pub(crate) fn caller(request: &Request) -> (String, Option<String>) {
    let Ok(from) = request.headers.from() else { return (String::new(), None) };
    (from.uri.to_string(), from.display)
}

/// An INVITE as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) server: ServerId,
    pub(crate) request: Request,
    pub(crate) remote: Hop,
    pub(crate) local: SocketAddr,
}

/// One copy of the INVITE, with the To tag that its answers carry.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) arrival: Arrival,
    pub(crate) tag: String,
    /// Its ringing, where the caller demands to acknowledge that (RFC 3262).
    pub(crate) reliable: Option<Promised>,
}

/// A 180 that wants its PRACK.
#[derive(Clone, Debug)]
pub(crate) struct Promised {
    rseq: u32,
    response: Response,
    machine: Reliable,
    /// It holds our offer: the INVITE had none, and the answer comes in the PRACK.
    offered: bool,
}

impl Copy {
    /// Whether offer and answer have been exchanged while it rang.
    pub(crate) fn has_agreed(&self) -> bool {
        self.reliable
            .as_ref()
            .is_some_and(|ringing| ringing.offered && !ringing.machine.is_waiting())
    }

    /// The ringing that a PRACK is for, if it still waits for one.
    fn ringing_of(&mut self, prack: &Request) -> Option<&mut Promised> {
        let cseq = self.arrival.request.headers.cseq().ok()?.number;
        let rack = RAck::of(&prack.headers)?;
        let ringing = self.reliable.as_mut().filter(|ringing| ringing.machine.is_waiting())?;
        (rack == RAck { rseq: ringing.rseq, cseq }).then_some(ringing)
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) key: Key,
    pub(crate) copies: Vec<Copy>,
    /// When it stops ringing: the CANCEL of a caller who gave up may have died with its proxy
    /// (failover design §4: what nobody holds ends within the ring limit).
    pub(crate) rings_until: Option<Instant>,
    /// Where it goes when it stops ringing; `None`: it is refused then.
    pub(crate) forward_to: Option<Uri>,
    /// The user has answered, and our offer has not been yet.
    pub(crate) answer_on_prack: bool,
}

impl Incoming {
    /// The first copy: it rings.
    pub(crate) fn new(
        core: &mut Core,
        line: LineNumber,
        key: Key,
        first: Arrival,
        audio: &mut Audio,
        now: Instant,
    ) -> Self {
        let account = core.accounts.get(&line);
        let limit = account.map(|account| account.settings.ring_limit);
        let forward = account.and_then(forward::when_unanswered);
        // A forwarding that comes later than the end of the ringing comes with it.
        let limit =
            limit.map(|limit| forward.as_ref().map_or(limit, |(_, after)| limit.min(*after)));
        let mut incoming = Self {
            key,
            copies: Vec::new(),
            rings_until: limit.map(|limit| now + limit),
            forward_to: forward.map(|(target, _)| target),
            answer_on_prack: false,
        };
        incoming.ring(core, line, first, audio, now);
        incoming
    }

    /// Another copy joins; one too many is refused as merged (RFC 3261 §8.2.2.2).
    pub(crate) fn join(
        &mut self,
        core: &mut Core,
        line: LineNumber,
        copy: Arrival,
        audio: &mut Audio,
        now: Instant,
    ) {
        if self.copies.len() >= limits::COPIES {
            refuse(core, &copy, StatusCode::LOOP_DETECTED, now);
            return;
        }
        self.ring(core, line, copy, audio, now);
    }

    fn ring(
        &mut self,
        core: &mut Core,
        line: LineNumber,
        arrival: Arrival,
        audio: &mut Audio,
        now: Instant,
    ) {
        let tag = core.tokens.tag();
        let mut response = tagged(&arrival.request, StatusCode::RINGING, &tag);
        if let Some(account) = core.accounts.get(&line) {
            response
                .headers
                .set(HeaderName::Contact, account.contact(arrival.remote.transport, arrival.local));
        }
        let reliable = promise(core, &arrival.request, &mut response, audio, now);
        core.endpoint.respond(arrival.server, response, now);
        self.copies.push(Copy { arrival, tag, reliable });
    }

    /// When something is due while it rings.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let ringing = self.copies.iter().filter_map(|copy| copy.reliable.as_ref());
        let repeats = ringing.filter_map(|ringing| ringing.machine.poll_timeout());
        repeats.map(|(at, _)| at).chain(self.rings_until).min()
    }

    /// Repeats what has no PRACK yet; a copy that never gets one is refused (RFC 3262 §3).
    pub(crate) fn repeat_ringing(&mut self, core: &mut Core, now: Instant) {
        self.copies.retain_mut(|copy| {
            let Some(ringing) = &mut copy.reliable else { return true };
            ringing.machine.handle_timeout(now);
            let output = ringing.machine.poll_output();
            let response = match output {
                Some(ReliableOutput::Retransmit) => ringing.response.clone(),
                Some(ReliableOutput::Unacknowledged) => {
                    tagged(&copy.arrival.request, StatusCode::SERVER_TIMEOUT, &copy.tag)
                }
                None => return true,
            };
            core.endpoint.respond(copy.arrival.server, response, now);
            output == Some(ReliableOutput::Retransmit)
        });
    }

    /// Whether the newest copy cannot be answered before its PRACK; then it is, with that.
    pub(crate) fn puts_answer_off(&mut self) -> bool {
        let newest = self.copies.last().and_then(|copy| copy.reliable.as_ref());
        let waits = newest.is_some_and(|ringing| ringing.offered && ringing.machine.is_waiting());
        self.answer_on_prack = waits;
        waits
    }

    /// A PRACK (RFC 3262 §3): the answer that it deserves.
    pub(crate) fn on_prack(&mut self, prack: &Request, audio: &mut Audio) -> StatusCode {
        let tag = prack.headers.to().ok().and_then(|to| to.tag().map(str::to_owned));
        let copy = self.copies.iter_mut().find(|copy| Some(&copy.tag) == tag.as_ref());
        let Some(ringing) = copy.and_then(|copy| copy.ringing_of(prack)) else {
            return StatusCode::CALL_DOES_NOT_EXIST;
        };
        if ringing.offered && audio.accept(&prack.body).is_err() {
            return StatusCode::NOT_ACCEPTABLE_HERE;
        }
        // The offer of the INVITE has no answer yet: another one is out of turn.
        if !ringing.offered && !prack.body.is_empty() {
            return StatusCode::BAD_REQUEST;
        }
        ringing.machine.handle_prack();
        StatusCode::OK
    }

    /// Takes the newest copy to answer on; the older get 487.
    pub(crate) fn take_newest(&mut self, core: &mut Core, now: Instant) -> Option<Copy> {
        let newest = self.copies.pop()?;
        self.refuse_all(core, StatusCode::REQUEST_TERMINATED, now);
        Some(newest)
    }

    /// Gives every copy the same final answer.
    pub(crate) fn refuse_all(&mut self, core: &mut Core, code: StatusCode, now: Instant) {
        for copy in self.copies.drain(..) {
            let response = tagged(&copy.arrival.request, code, &copy.tag);
            core.endpoint.respond(copy.arrival.server, response, now);
        }
    }

    /// Sends the caller of every copy elsewhere.
    pub(crate) fn send_all_to(&mut self, core: &mut Core, target: &Uri, now: Instant) {
        for copy in self.copies.drain(..) {
            let response = forward::moved(&copy.arrival.request, &copy.tag, target);
            core.endpoint.respond(copy.arrival.server, response, now);
        }
    }

    /// One copy was cancelled; the call goes on while another rings.
    pub(crate) fn cancelled(&mut self, core: &mut Core, server: ServerId, now: Instant) {
        let Some(at) = self.copies.iter().position(|copy| copy.arrival.server == server) else {
            return;
        };
        let copy = self.copies.remove(at);
        let response = tagged(&copy.arrival.request, StatusCode::REQUEST_TERMINATED, &copy.tag);
        core.endpoint.respond(copy.arrival.server, response, now);
    }
}

/// Makes the 180 a reliable one where the caller demands that; our offer goes with it where the
/// INVITE has none (RFC 3262 §5).
fn promise(
    core: &mut Core,
    invite: &Request,
    response: &mut Response,
    audio: &mut Audio,
    now: Instant,
) -> Option<Promised> {
    let demanded = invite.headers.require();
    if !demanded.iter().any(|tag| tag.eq_ignore_ascii_case(reliable::TAG)) {
        return None;
    }
    // RFC 3262 §7.1: from 1 to 2^31 - 1.
    let rseq = (core.random_u32() >> 1).max(1);
    response.headers.set(HeaderName::Require, reliable::TAG);
    response.headers.set(HeaderName::RSeq, rseq);
    let offered = invite.body.is_empty();
    if offered {
        response.headers.set(HeaderName::ContentType, "application/sdp");
        response.body = audio.offer();
    }
    let machine = Reliable::new(Timers::default(), now);
    Some(Promised { rseq, response: response.clone(), machine, offered })
}

/// A final answer to an INVITE that makes no call.
pub(crate) fn refuse(core: &mut Core, arrival: &Arrival, code: StatusCode, now: Instant) {
    let tag = core.tokens.tag();
    let response = tagged(&arrival.request, code, &tag);
    core.endpoint.respond(arrival.server, response, now);
}

/// A response whose To carries our tag.
pub(crate) fn tagged(request: &Request, code: StatusCode, tag: &str) -> Response {
    let mut response = Response::to(request, code);
    if let Some(to) = request.headers.to().ok().filter(|to| to.tag().is_none()) {
        response.headers.set(HeaderName::To, to.with_tag(tag));
    }
    response
}

/// A leg that was answered with a 2xx which is not acknowledged yet.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) session: Session,
    server: ServerId,
    response: Response,
    accepted: Accepted,
    cseq: u32,
    offered: bool,
    /// Its ACK has come while another leg was the call already.
    pub(crate) acked: bool,
}

impl Answered {
    /// Sends the 2xx to a new call's INVITE and opens its dialog.
    pub(crate) fn open(
        core: &mut Core,
        line: LineNumber,
        copy: &Copy,
        body: &[u8],
        timer: &mut SessionTimer,
        now: Instant,
    ) -> Option<Self> {
        let Arrival { server, request, remote, local } = &copy.arrival;
        let dialog = Dialog::from_request(request, &copy.tag).ok()?;
        let account = core.accounts.get(&line)?;
        let hop = account.hop_of_source(*remote).unwrap_or(*remote);
        let contact = account.contact(remote.transport, *local);
        let session = Session::new(line, dialog, hop, *local).reached_by(remote.transport);
        let mut response = session_response(request, &copy.tag, &contact, body);
        timer.grant(request, &mut response.headers, now);
        Some(Self::send(core, session, *server, request, response, now))
    }

    /// Sends the 2xx to a re-INVITE of a dialog that is up.
    pub(crate) fn again(
        core: &mut Core,
        session: Session,
        server: ServerId,
        request: &Request,
        body: &[u8],
        timer: &mut SessionTimer,
        now: Instant,
    ) -> Option<Self> {
        let account = core.accounts.get(&session.line)?;
        let contact = session.contact(account);
        let mut response = session_response(request, "", &contact, body);
        timer.grant(request, &mut response.headers, now);
        Some(Self::send(core, session, server, request, response, now))
    }

    fn send(
        core: &mut Core,
        session: Session,
        server: ServerId,
        request: &Request,
        response: Response,
        now: Instant,
    ) -> Self {
        core.endpoint.respond(server, response.clone(), now);
        let cseq = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let accepted = Accepted::new(Timers::default(), now);
        let offered = request.body.is_empty() && !response.body.is_empty();
        Self { session, server, response, accepted, cseq, offered, acked: false }
    }

    /// Whether an ACK is for this 2xx.
    pub(crate) fn is_acked_by(&self, ack: &Request) -> bool {
        self.session.owns(ack) && ack.headers.cseq().is_ok_and(|cseq| cseq.number == self.cseq)
    }

    /// Whether the 2xx holds our offer, so that the answer comes in the ACK.
    pub(crate) fn made_the_offer(&self) -> bool {
        self.offered
    }

    /// When its 2xx is due again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.accepted.poll_timeout().map(|(at, _)| at)
    }

    /// Repeats the 2xx; `true` when no ACK has come in 64·T1 and the leg is to be ended.
    pub(crate) fn handle_timeout(&mut self, core: &mut Core, now: Instant) -> bool {
        if self.deadline().is_some_and(|at| at <= now) {
            self.accepted.handle_timeout(now);
        }
        let mut unacknowledged = false;
        while let Some(output) = self.accepted.poll_output() {
            match output {
                AcceptedOutput::Retransmit => {
                    core.endpoint.respond(self.server, self.response.clone(), now);
                }
                AcceptedOutput::Unacknowledged => unacknowledged = true,
            }
        }
        unacknowledged
    }
}

fn session_response(request: &Request, tag: &str, contact: &str, body: &[u8]) -> Response {
    let mut response = tagged(request, StatusCode::OK, tag);
    response.headers.set(HeaderName::Contact, contact);
    response.headers.set(HeaderName::Allow, super::ALLOW);
    response.headers.set(HeaderName::Supported, super::SUPPORTED);
    if !body.is_empty() {
        response.headers.set(HeaderName::ContentType, "application/sdp");
        response.body = body.to_vec();
    }
    response
}
