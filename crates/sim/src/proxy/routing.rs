//! Where a proxy sends a request and what it writes into it to stay in the way: loose routing with
//! or without aliases, Record-Route in its several styles, Contacts that lead to the proxy itself
//! (RFC 3261 §16.4–§16.6, §16.12).
//!
//! Plain functions over messages; transactions are `relay`'s.

use std::net::SocketAddr;

use sip_core::message::{Headers, Host, NameAddr, Request, Uri};
use sip_core::transport::{Hop, Transport};

use super::edit;
use crate::plan::Presence;
use crate::tls;

/// Marks a user part that hides a Contact: what follows is that URI, in hexadecimal.
const HIDDEN: &str = "hidden-";

/// One proxy as others may name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Short name: `p1`.
    pub name: String,
    /// Domain name: `p1.sim.test`.
    pub domain: String,
    /// Address.
    pub addr: SocketAddr,
}

impl Identity {
    /// The proxy with this number, from 0.
    #[must_use]
    pub fn of(index: usize) -> Self {
        let octet = u8::try_from(11 + index).unwrap_or(u8::MAX);
        Self {
            name: format!("p{}", index + 1),
            domain: format!("p{}.sim.test", index + 1),
            addr: SocketAddr::from(([10, 0, 0, octet], 5060)),
        }
    }

    /// Whether a URI leads here, by address or by name.
    #[must_use]
    pub fn is_named_by(&self, uri: &Uri) -> bool {
        let port = uri.port.unwrap_or(self.addr.port());
        let ports = [self.addr, tls::at(Transport::Tls, self.addr)].map(|addr| addr.port());
        ports.contains(&port)
            && match &uri.host {
                Host::Name(name) => name.eq_ignore_ascii_case(&self.domain),
                Host::V4(_) | Host::V6(_) => uri.host.ip() == Some(self.addr.ip()),
            }
    }
}

/// Where a request within a dialog goes on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
    /// There.
    To(Hop),
    /// Nothing in it leads through this proxy.
    NotOurs,
    /// It leads to a name that nobody knows.
    Unresolvable,
}

/// Takes the leading Route entries that are ours and says where the request goes on to.
pub(super) fn loose_route(request: &mut Request, ours: &[&Identity], all: &[Identity]) -> Onward {
    let mut routes = edit::routes(&request.headers);
    let leading =
        routes.iter().take_while(|r| ours.iter().any(|id| id.is_named_by(&r.uri))).count();
    routes.drain(..leading);
    let hidden = reveal(&request.uri);
    if let Some(contact) = hidden.as_ref().filter(|_| {
        leading > 0 || !routes.is_empty() || ours.iter().any(|id| id.is_named_by(&request.uri))
    }) {
        request.uri = contact.clone();
    } else if leading == 0 && routes.is_empty() {
        return Onward::NotOurs;
    }
    edit::set_routes(&mut request.headers, &routes);
    let next = routes.first().map_or(&request.uri, |route| &route.uri);
    hop_of(next, all).map_or(Onward::Unresolvable, Onward::To)
}

/// Where a URI leads to: a literal, or the name of one of the proxies.
pub(super) fn hop_of(uri: &Uri, all: &[Identity]) -> Option<Hop> {
    let transport = edit::transport_of(uri);
    let addr = match uri.host.ip() {
        Some(ip) => SocketAddr::new(ip, uri.port.unwrap_or(transport.default_port())),
        None => tls::at(transport, all.iter().find(|id| id.is_named_by(uri))?.addr),
    };
    Some(Hop { transport, addr })
}

/// Whether the Request-URI is in the domain that the proxies answer for.
pub(super) fn is_home(uri: &Uri, all: &[Identity]) -> bool {
    let domain =
        matches!(&uri.host, Host::Name(name) if name.eq_ignore_ascii_case(super::guard::REALM));
    domain || all.iter().any(|id| id.is_named_by(uri))
}

/// Writes the proxy into a request that begins a dialog, and has come by one transport and goes on by
/// another: where these differ there are two entries, one for each side (RFC 5658 §3.1).
pub(super) fn stay_in(
    headers: &mut Headers,
    presence: Presence,
    me: &Identity,
    from: Transport,
    to: Transport,
) {
    let address = |transport| tls::at(transport, me.addr).to_string();
    let name = || me.domain.clone();
    let (incoming, outgoing) = match presence {
        Presence::ByAddress => (address(from), address(to)),
        Presence::ByName => (name(), name()),
        Presence::ByPair => (address(from), name()),
        Presence::Absent => return,
        Presence::AsContact => return hide_contact(headers, me, to),
    };
    let entry = |place: &str, transport: Transport, pair: bool| {
        let transport = match transport {
            Transport::Udp => String::new(),
            Transport::Tcp | Transport::Tls => format!(";transport={transport}"),
        };
        format!("<sip:{place}{transport}{};lr>", if pair { ";r2=on" } else { "" })
    };
    if incoming == outgoing && from == to {
        edit::record_route(headers, &[&entry(&incoming, from, false)]);
    } else {
        let entries = [entry(&incoming, from, true), entry(&outgoing, to, true)];
        edit::record_route(headers, &[&entries[0], &entries[1]]);
    }
}

/// Replaces the Contact by one that leads to the proxy and hides the real one in its user part; the
/// message goes to somebody who is spoken to in this way.
pub(super) fn hide_contact(headers: &mut Headers, me: &Identity, towards: Transport) {
    let Some(contact) = edit::contact(headers) else { return };
    let hex: String = contact.uri.to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
    let transport = match towards {
        Transport::Udp => String::new(),
        Transport::Tcp | Transport::Tls => format!(";transport={towards}"),
    };
    let place = tls::at(towards, me.addr);
    edit::set_contact(headers, &format!("<sip:{HIDDEN}{hex}@{place}{transport}>"));
}

fn reveal(uri: &Uri) -> Option<Uri> {
    let hex = uri.user.as_deref()?.strip_prefix(HIDDEN)?;
    let bytes: Option<Vec<u8>> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()?.parse().ok()
}

/// The contact of a binding as a Request-URI.
pub(super) fn target(contact: &str) -> Option<Uri> {
    contact.parse::<NameAddr>().map(|address| address.uri).ok()
}
