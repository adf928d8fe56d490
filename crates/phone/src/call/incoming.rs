//! A call that rings here: one call, however many copies of its INVITE arrive (requirement F4).
//!
//! A caller that fails over sends the same INVITE through another proxy, and a proxy that was only
//! slow delivers the first as well. Copies with the same Call-ID and From tag join one ringing call
//! (failover design §4); it is answered on the newest, and the older get 487.

use std::net::SocketAddr;
use std::time::Instant;

use sip_core::dialog::Dialog;
use sip_core::endpoint::ServerId;
use sip_core::message::{HeaderName, Request, Response, StatusCode};
use sip_core::transaction::Timers;
use sip_core::transport::Hop;
use sip_core::usage::{Accepted, AcceptedOutput, SessionTimer};

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
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) key: Key,
    pub(crate) copies: Vec<Copy>,
    /// When it stops ringing: the CANCEL of a caller who gave up may have died with its proxy
    /// (failover design §4: what nobody holds ends within the ring limit).
    pub(crate) rings_until: Option<Instant>,
}

impl Incoming {
    /// The first copy: it rings.
    pub(crate) fn new(
        core: &mut Core,
        line: LineNumber,
        key: Key,
        first: Arrival,
        now: Instant,
    ) -> Self {
        let limit = core.accounts.get(&line).map(|account| account.settings.ring_limit);
        let rings_until = limit.map(|limit| now + limit);
        let mut incoming = Self { key, copies: Vec::new(), rings_until };
        incoming.ring(core, line, first, now);
        incoming
    }

    /// Another copy joins; one too many is refused as merged (RFC 3261 §8.2.2.2).
    pub(crate) fn join(&mut self, core: &mut Core, line: LineNumber, copy: Arrival, now: Instant) {
        if self.copies.len() >= limits::COPIES {
            refuse(core, &copy, StatusCode::LOOP_DETECTED, now);
            return;
        }
        self.ring(core, line, copy, now);
    }

    fn ring(&mut self, core: &mut Core, line: LineNumber, arrival: Arrival, now: Instant) {
        let tag = core.tokens.tag();
        let mut response = tagged(&arrival.request, StatusCode::RINGING, &tag);
        if let Some(account) = core.accounts.get(&line) {
            response
                .headers
                .set(HeaderName::Contact, account.contact(arrival.remote.transport, arrival.local));
        }
        core.endpoint.respond(arrival.server, response, now);
        self.copies.push(Copy { arrival, tag });
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
        let session = Session::new(line, dialog, hop, *local);
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
        let contact = account.contact(session.hop.transport, session.local);
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
        let offered = request.body.is_empty();
        Self { session, server, response, accepted, cseq, offered }
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
