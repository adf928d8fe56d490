//! Requests that belong to no dialog: who may ask, for what, and what is refused how.
//!
//! RFC 3261 §8.2 in its order (method, header, content), with the sources of failover design §5
//! (requirement F10) in front of what would ring. It answers; ringing itself is the call's.

use std::time::{Duration, Instant};

use sip_core::message::{HeaderName, Method, Request, Response, StatusCode};
use sip_core::usage::session_timer;

use crate::call::incoming::{Arrival, Key, tagged};
use crate::call::{ALLOW, SUPPORTED};
use crate::check_sync;
use crate::core::Core;
use crate::limits;
use crate::settings::LineNumber;

/// What is left to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Admission {
    /// Answered here.
    Answered,
    /// An INVITE that may ring on this line.
    Ring(LineNumber, Key),
}

/// How many answers strangers get in a second.
#[derive(Clone, Debug)]
pub(crate) struct RateLimit {
    window: Instant,
    used: u32,
}

impl RateLimit {
    pub(crate) fn new(now: Instant) -> Self {
        Self { window: now, used: 0 }
    }

    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.window) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        self.used += 1;
        self.used <= limits::STRANGER_OPTIONS_PER_SECOND
    }
}

/// Judges a request without To tag, or one whose dialog is unknown.
pub(crate) fn admit(
    core: &mut Core,
    strangers: &mut RateLimit,
    arrival: &Arrival,
    now: Instant,
) -> Admission {
    let request = &arrival.request;
    let known = core.accounts.trusting(arrival.remote.addr.ip()).next().is_some();
    if in_some_dialog(request) {
        return answer(core, arrival, StatusCode::CALL_DOES_NOT_EXIST, now);
    }
    match &request.method {
        Method::Options => {
            if known || strangers.allows(now) {
                return answer(core, arrival, options_code(core, request), now);
            }
            // A server transaction needs an end even where nothing is worth saying.
            answer(core, arrival, StatusCode::SERVICE_UNAVAILABLE, now)
        }
        Method::Invite => admit_invite(core, arrival, now),
        Method::Bye | Method::Cancel | Method::Ack | Method::Prack | Method::Update => {
            answer(core, arrival, StatusCode::CALL_DOES_NOT_EXIST, now)
        }
        Method::Refer | Method::Notify | Method::Message | Method::Subscribe if !known => {
            answer(core, arrival, StatusCode::FORBIDDEN, now)
        }
        // RFC 6665 §4.1.3: a package that nobody has subscribed to.
        Method::Notify => answer(core, arrival, StatusCode::BAD_EVENT, now),
        // Within a call its other party sends us on; nobody else has us call at our user's expense. Not
        // 405, whose Allow would have to leave REFER out (RFC 3261 §21.4.6) although calls take it;
        // and a REFER without a subscription (RFC 7614) makes the same call.
        Method::Refer => answer(core, arrival, StatusCode::FORBIDDEN, now),
        Method::Other(_) => answer(core, arrival, StatusCode::NOT_IMPLEMENTED, now),
        Method::Register | Method::Info | Method::Subscribe | Method::Message | Method::Publish => {
            answer(core, arrival, StatusCode::METHOD_NOT_ALLOWED, now)
        }
    }
}

fn in_some_dialog(request: &Request) -> bool {
    request.headers.to().is_ok_and(|to| to.tag().is_some())
}

fn options_code(core: &Core, request: &Request) -> StatusCode {
    match find_line(core, request, None) {
        Some(_) => StatusCode::OK,
        None => StatusCode::NOT_FOUND,
    }
}

/// RFC 3261 §8.2.2 to §8.2.3 for an INVITE.
fn admit_invite(core: &mut Core, arrival: &Arrival, now: Instant) -> Admission {
    let request = &arrival.request;
    let source = arrival.remote.addr.ip();
    if !request.uri.is_sip() {
        return answer(core, arrival, StatusCode::UNSUPPORTED_URI_SCHEME, now);
    }
    let Some(line) = find_line(core, request, Some(source)) else {
        return answer(core, arrival, StatusCode::NOT_FOUND, now);
    };
    let stranger = core
        .accounts
        .get(&line)
        .is_some_and(|account| account.settings.refuse_strangers && !account.trusts(source));
    if stranger {
        return answer(core, arrival, StatusCode::FORBIDDEN, now);
    }
    if let Some(mut refusal) = unfit(request) {
        if let Ok(to) = refusal.headers.to() {
            refusal.headers.set(HeaderName::To, to.with_tag(&core.tokens.tag()));
        }
        core.endpoint.respond(arrival.server, refusal, now);
        return Admission::Answered;
    }
    if !request.body.is_empty() && !is_sdp(request) {
        return answer(core, arrival, StatusCode::UNSUPPORTED_MEDIA_TYPE, now);
    }
    match Key::of(request) {
        Some(key) => Admission::Ring(line, key),
        None => answer(core, arrival, StatusCode::BAD_REQUEST, now),
    }
}

/// The refusal of a request that demands what we do not know (RFC 3261 §8.2.2.3) or too short a
/// session (RFC 4028 §9), within a dialog or without.
pub(crate) fn unfit(request: &Request) -> Option<Response> {
    let known = |tag: &str| SUPPORTED.split(", ").any(|ours| ours.eq_ignore_ascii_case(tag));
    let unknown: Vec<&str> =
        request.headers.require().into_iter().filter(|tag| !known(tag)).collect();
    if !unknown.is_empty() {
        let mut refusal = Response::to(request, StatusCode::BAD_EXTENSION);
        refusal.headers.set(HeaderName::Unsupported, unknown.join(", "));
        return Some(refusal);
    }
    let refreshes = matches!(request.method, Method::Invite | Method::Update);
    let least = session_timer::too_small(request).filter(|_| refreshes)?;
    let mut refusal = Response::to(request, StatusCode::SESSION_INTERVAL_TOO_SMALL);
    refusal.headers.set(HeaderName::MinSe, least);
    Some(refusal)
}

fn is_sdp(request: &Request) -> bool {
    let content = request.headers.get(&HeaderName::ContentType).unwrap_or("application/sdp");
    let kind = content.split(';').next().unwrap_or_default().trim();
    let plain = request
        .headers
        .get(&HeaderName::ContentEncoding)
        .is_none_or(|encoding| encoding.trim().eq_ignore_ascii_case("identity"));
    kind.eq_ignore_ascii_case("application/sdp") && plain
}

/// The line that a request is for: by the user part that our Contact carries, among the lines that
/// know its source first; a server that knows only one line may address it as it likes.
fn find_line(
    core: &Core,
    request: &Request,
    source: Option<std::net::IpAddr>,
) -> Option<LineNumber> {
    let user = request.uri.user_text().unwrap_or_default();
    let trusting = |line: &LineNumber| {
        let account = core.accounts.get(line);
        source.is_none_or(|ip| account.is_some_and(|account| account.trusts(ip)))
    };
    let named = || core.accounts.of_user(&user);
    if let Some(line) = named().find(trusting).or_else(|| named().next()) {
        return Some(line);
    }
    let Some(source) = source else {
        return core.accounts.numbers().next().filter(|_| user.is_empty());
    };
    let mut known = core.accounts.trusting(source);
    known.next().filter(|_| known.next().is_none())
}

/// Answers and is done.
fn answer(core: &mut Core, arrival: &Arrival, code: StatusCode, now: Instant) -> Admission {
    let tag = core.tokens.tag();
    let mut response = tagged(&arrival.request, code, &tag);
    match code.as_u16() {
        200 | 405 | 501 => {
            response.headers.set(HeaderName::Allow, ALLOW);
            response.headers.set(HeaderName::Accept, "application/sdp");
            response.headers.set(HeaderName::Supported, SUPPORTED);
        }
        489 => response.headers.set(HeaderName::AllowEvents, check_sync::PACKAGE),
        415 => {
            response.headers.set(HeaderName::Accept, "application/sdp");
            response.headers.set(HeaderName::AcceptEncoding, "identity");
        }
        _ => {}
    }
    core.endpoint.respond(arrival.server, response, now);
    Admission::Answered
}
