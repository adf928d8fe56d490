//! What a proxy does to messages: Vias on and off, answers, the ACK and CANCEL that follow an
//! INVITE of its own sending. The reader and writer are sip-core's; what the rules of a proxy ask of
//! them is here, since a phone needs none of it.

use std::net::SocketAddr;

use sip_core::message::{
    HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode, Uri, Via,
};
use sip_core::transport::{self, Hop, Transport, mark_received};

use super::connections::Peer;
use crate::tls;

pub(super) fn top_via(headers: &Headers) -> Option<Via> {
    headers.via().ok()
}

pub(super) fn push_via(
    headers: &mut Headers,
    transport: Transport,
    sent_by: SocketAddr,
    branch: &str,
) {
    let sent_by = tls::at(transport, sent_by);
    let via = Via::new(transport.into(), sent_by.ip(), Some(sent_by.port()), branch);
    headers.push_front(HeaderName::Via, via);
}

pub(super) fn pop_via(headers: &mut Headers) {
    headers.remove_first(&HeaderName::Via);
}

/// Notes in the top Via where a request came from; the Via as it is then.
pub(super) fn note_source(headers: &mut Headers, source: SocketAddr) -> Option<Via> {
    let mut via = top_via(headers)?;
    mark_received(&mut via, source);
    headers.replace_first(&HeaderName::Via, &via);
    Some(via)
}

/// Where a response to a request with this top Via from `source` goes: over its connection or, if
/// that is gone, a new one to the port of sent-by (RFC 3261 §18.2.2).
pub(super) fn way_back(via: &Via, source: Peer) -> Peer {
    let Hop { transport, addr } = source.hop;
    let hop = transport::response_alternative(via, transport, addr)
        .unwrap_or_else(|| transport::response_hop(via, transport, addr));
    Peer { hop, over: source.over }
}

/// Where a response goes of whose request nothing is known any more.
pub(super) fn way_back_by_via(headers: &Headers) -> Option<Peer> {
    let via = top_via(headers)?;
    let mut transports = [Transport::Tcp, Transport::Tls].into_iter();
    let transport = transports.find(|each| via.transport == (*each).into());
    let transport = transport.unwrap_or(Transport::Udp);
    let port = via.port.unwrap_or(transport.default_port());
    let sent_by = SocketAddr::new(via.host.ip()?, port);
    Some(way_back(&via, Hop { transport, addr: sent_by }.into()))
}

/// The same before our own Via has been taken off.
pub(super) fn way_back_below(headers: &Headers) -> Option<Peer> {
    let mut headers = headers.clone();
    pop_via(&mut headers);
    way_back_by_via(&headers)
}

/// How a URI wants to be spoken to.
pub(super) fn transport_of(uri: &Uri) -> Transport {
    let named = uri.params.get("transport").flatten();
    named.and_then(|name| name.parse().ok()).unwrap_or(Transport::Udp)
}

pub(super) fn cseq_method(headers: &Headers) -> Option<Method> {
    headers.cseq().ok().map(|cseq| cseq.method)
}

/// Whether a request belongs to a dialog.
pub(super) fn in_dialog(headers: &Headers) -> bool {
    headers.to().is_ok_and(|to| to.tag().is_some())
}

pub(super) fn routes(headers: &Headers) -> Vec<NameAddr> {
    headers.routes().unwrap_or_default()
}

pub(super) fn set_routes(headers: &mut Headers, routes: &[NameAddr]) {
    headers.remove(&HeaderName::Route);
    for route in routes {
        headers.push(HeaderName::Route, route);
    }
}

/// Puts entries before all Record-Route entries, the last of them topmost.
pub(super) fn record_route(headers: &mut Headers, entries: &[&str]) {
    for entry in entries {
        headers.push_front(HeaderName::RecordRoute, entry);
    }
}

pub(super) fn contact(headers: &Headers) -> Option<NameAddr> {
    headers.contact().ok()
}

pub(super) fn set_contact(headers: &mut Headers, value: &str) {
    headers.set(HeaderName::Contact, value);
}

/// Counts one hop down; false if none is left (RFC 3261 §16.3 step 3).
pub(super) fn count_hop(headers: &mut Headers) -> bool {
    let left = headers.max_forwards().ok().flatten().unwrap_or(70);
    if left == 0 {
        return false;
    }
    headers.set(HeaderName::MaxForwards, left - 1);
    true
}

/// An answer by the proxy's own word.
pub(super) fn answer(request: &Request, code: u16, tag: &str, extra: &[(&str, &str)]) -> Response {
    let code = StatusCode::new(code).unwrap_or(StatusCode::SERVER_INTERNAL_ERROR);
    let mut response = Response::to(request, code);
    if code != StatusCode::TRYING
        && let Ok(to) = request.headers.to()
        && to.tag().is_none()
    {
        response.headers.set(HeaderName::To, to.with_tag(tag));
    }
    for (name, value) in extra {
        response.headers.push(HeaderName::from(*name), value);
    }
    response
}

/// The ACK for a failure response to an INVITE of ours (RFC 3261 §17.1.1.3).
pub(super) fn ack(invite: &Request, response: &Response) -> Request {
    let mut ack = companion(invite, Method::Ack);
    if let Some(to) = response.headers.get(&HeaderName::To) {
        ack.headers.set(HeaderName::To, to);
    }
    ack
}

/// The CANCEL of an INVITE of ours (RFC 3261 §9.1).
pub(super) fn cancel(invite: &Request) -> Request {
    companion(invite, Method::Cancel)
}

fn companion(invite: &Request, method: Method) -> Request {
    let mut request = Request::new(method.clone(), invite.uri.clone());
    if let Some(via) = top_via(&invite.headers) {
        request.headers.push(HeaderName::Via, via);
    }
    for name in [HeaderName::Route, HeaderName::From, HeaderName::To, HeaderName::CallId] {
        request.headers.copy(&name, &invite.headers);
    }
    let number = invite.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
    request.headers.push(HeaderName::CSeq, format!("{number} {method}"));
    request.headers.push(HeaderName::MaxForwards, 70);
    request
}
