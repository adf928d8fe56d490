//! Messages that follow from others by rule, without anybody's decision.

use crate::message::{CSeq, HeaderName, Method, Request, Response};
use crate::transport::{Transport, own_via};
use std::net::SocketAddr;

const MAX_FORWARDS: u8 = 70;

/// A request as it goes out: our Via first, so that even a short ICMP quote names the branch.
pub(super) fn with_own_via(
    mut request: Request,
    transport: Transport,
    local: SocketAddr,
    branch: &str,
) -> Request {
    if request.headers.get(&HeaderName::MaxForwards).is_none() {
        request.headers.push_front(HeaderName::MaxForwards, MAX_FORWARDS);
    }
    request.headers.push_front(HeaderName::Via, own_via(transport, local, branch));
    request
}

/// The CANCEL of an INVITE (RFC 3261 §9.1): everything that must be equal is copied.
pub(super) fn cancel_of(invite: &Request) -> Request {
    let mut cancel = sibling_of(invite, Method::Cancel);
    cancel.headers.copy(&HeaderName::To, &invite.headers);
    cancel
}

/// The ACK for a failed INVITE (RFC 3261 §17.1.1.3): as the INVITE, with the To of the response.
pub(super) fn ack_of(invite: &Request, response: &Response) -> Request {
    let mut ack = sibling_of(invite, Method::Ack);
    ack.headers.copy(&HeaderName::To, &response.headers);
    ack
}

/// A request on the same branch, by the same route, with the same number.
fn sibling_of(invite: &Request, method: Method) -> Request {
    let mut request = Request::new(method.clone(), invite.uri.clone());
    if let Ok(via) = invite.headers.via() {
        request.headers.push(HeaderName::Via, via);
    }
    request.headers.push(HeaderName::MaxForwards, MAX_FORWARDS);
    for name in [HeaderName::Route, HeaderName::From, HeaderName::CallId] {
        request.headers.copy(&name, &invite.headers);
    }
    if let Ok(cseq) = invite.headers.cseq() {
        request.headers.push(HeaderName::CSeq, CSeq::new(cseq.number, method));
    }
    request
}

/// Adds a To tag to a response that has none and wants one (RFC 3261 §8.2.6.2). Returns the tag
/// that it has then.
pub(super) fn tag_response(response: &mut Response, tag: &str) -> Option<String> {
    let to = response.headers.to().ok()?;
    if let Some(tag) = to.tag() {
        return Some(tag.to_owned());
    }
    if response.code.as_u16() > 100 {
        response.headers.set(HeaderName::To, to.with_tag(tag));
    }
    None
}
