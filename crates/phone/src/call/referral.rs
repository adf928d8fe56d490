//! Being sent to someone else (RFC 3515, RFC 5589): the transferee's side of a transfer.
//!
//! A REFER within a call is accepted where it names somebody to call; the phone makes that call
//! (`transfer` of the crate), and this tells its progress to who asked, by NOTIFY within the call
//! that brought the REFER, whichever hop takes it (failover design §5).

use std::time::Instant;

use sip_core::message::{HeaderName, Headers, Method, StatusCode, Uri};
use sip_core::usage::refer::{self, Replaces};

use super::errand::Errand;
use super::in_dialog::Outline;
use super::incoming::{Arrival, tagged};
use super::{Call, Phase};
use crate::CallId;
use crate::core::Core;
use crate::limits;
use crate::settings::LineNumber;

/// A call that somebody wants us to make.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The call that brought it; it hears of the progress.
    pub(crate) from: CallId,
    /// The line to use.
    pub(crate) line: LineNumber,
    /// Whom to call.
    pub(crate) uri: Uri,
    /// What the INVITE says besides: who has sent us, whose place it takes.
    pub(crate) headers: Headers,
}

/// How a call stands that was made for another one.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The call that hears of it.
    pub(crate) of: CallId,
    pub(crate) code: u16,
    pub(crate) reason: String,
}

/// A REFER that was accepted, until its final NOTIFY.
#[derive(Clone, Debug)]
pub(crate) struct Referral {
    /// The value of Event.
    event: String,
}

impl Call {
    /// A REFER within the call (RFC 3515 §2.4.2).
    pub(super) fn on_refer(&mut self, core: &mut Core, arrival: &Arrival, now: Instant) {
        let request = &arrival.request;
        let wish = match self.wish(&request.headers) {
            Ok(wish) => wish,
            Err(code) => {
                return core.endpoint.respond(arrival.server, tagged(request, code, ""), now);
            }
        };
        let Phase::Up(up) = &mut self.phase else { return };
        if up.referral.is_some() {
            let response = tagged(request, StatusCode::REQUEST_PENDING, "");
            return core.endpoint.respond(arrival.server, response, now);
        }
        let mut response = tagged(request, StatusCode::ACCEPTED, "");
        if let Some(account) = core.accounts.get(&self.line) {
            response.headers.set(HeaderName::Contact, up.session.contact(account));
        }
        core.endpoint.respond(arrival.server, response, now);
        // RFC 3515 §2.4.6: the first of a dialog needs no number, later ones do.
        let first = std::mem::replace(&mut up.was_referred, true);
        let number = request.headers.cseq().ok().filter(|_| first).map(|cseq| cseq.number);
        let event = number.map_or("refer".to_owned(), |number| format!("refer;id={number}"));
        up.referral = Some(Referral { event });
        self.on_referral_progress(core, 100, "Trying", now);
        core.wishes.push_back(wish);
    }

    fn wish(&self, headers: &Headers) -> Result<Wish, StatusCode> {
        let named = headers.addresses(HeaderName::ReferTo).unwrap_or_default();
        let [target] = named.as_slice() else { return Err(StatusCode::BAD_REQUEST) };
        let mut uri = target.uri.clone();
        if !uri.is_sip() {
            return Err(StatusCode::UNSUPPORTED_URI_SCHEME);
        }
        let method = uri.params.value("method").unwrap_or("INVITE");
        if !method.eq_ignore_ascii_case(Method::Invite.as_str()) {
            return Err(StatusCode::BAD_REQUEST);
        }
        let mut more = Headers::new();
        more.copy(&HeaderName::ReferredBy, headers);
        if let Some(replaces) = Replaces::of_uri(&uri) {
            more.set(HeaderName::Replaces, replaces);
        }
        uri.params.remove("method");
        uri.headers = None;
        Ok(Wish { from: self.id, line: self.line, uri, headers: more })
    }

    /// The call that was made has come so far: told to who asked for it (RFC 3515 §2.4.4).
    pub(crate) fn on_referral_progress(
        &mut self,
        core: &mut Core,
        code: u16,
        reason: &str,
        now: Instant,
    ) {
        let Phase::Up(up) = &mut self.phase else { return };
        let Some(referral) = &up.referral else { return };
        let mut outline = Outline::new(Method::Notify);
        outline.headers.set(HeaderName::Event, &referral.event);
        let over = code >= 200;
        let state = match over {
            true => "terminated;reason=noresource".to_owned(),
            false => format!("active;expires={}", limits::TRANSFER.as_secs()),
        };
        outline.headers.set(HeaderName::SubscriptionState, state);
        let outline = outline.with_body(refer::FRAGMENT, refer::fragment_of(code, reason));
        if over {
            up.referral = None;
        }
        up.errands.add(Errand::Progress, outline);
        self.drive_errands(core, now);
    }

    /// Whether this is the call that an INVITE wants to take the place of (RFC 3891 §3).
    pub(crate) fn is_named_by(&self, replaces: &Replaces) -> bool {
        let Phase::Up(up) = &self.phase else { return false };
        let id = &up.session.dialog.id;
        id.call_id == replaces.call_id
            && id.local_tag == replaces.to_tag
            && id.remote_tag == replaces.from_tag
    }
}
