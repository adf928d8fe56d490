//! Where a request goes before any name is resolved: RFC 3261 §8.1.2, and RFC 3263 §4 as far as it
//! needs no DNS.

use super::{Hop, Transport};
use crate::message::{Request, Scheme, Uri};
use std::net::{IpAddr, SocketAddr};

/// The URI whose host a request is to be sent to: that of the topmost Route, or, with none, the
/// Request-URI. A strict router's entry is in the Request-URI already (§12.2.1.1).
///
/// A Route that can't be read counts as none: the request is our own, so that is its maker's mistake.
pub fn next_hop_uri(request: &Request) -> Uri {
    let routes = request.headers.routes().unwrap_or_default();
    match routes.into_iter().next() {
        Some(first) if first.uri.is_loose() => first.uri,
        Some(_) | None => request.uri.clone(),
    }
}

impl Hop {
    /// The hop that a `sip:` or `sips:` URI with an IP address for a host (or `maddr`) names. `None`
    /// for a name, which has to be resolved, and for a transport that we don't have.
    pub fn of_uri(uri: &Uri) -> Option<Self> {
        let secure = match uri.scheme {
            Scheme::Sip => false,
            Scheme::Sips => true,
            Scheme::Tel | Scheme::Other(_) => return None,
        };
        let maddr = uri.params.value("maddr").map(|maddr| maddr.parse::<IpAddr>().ok());
        let ip = maddr.unwrap_or_else(|| uri.host.ip())?;
        let transport = match uri.transport() {
            // RFC 3261 §26.2.2: sips means TLS, and its transport parameter says tcp.
            _ if secure => Transport::Tls,
            Some(name) => name.parse().ok()?,
            None => Transport::Udp,
        };
        let port = uri.port.unwrap_or(transport.default_port());
        Some(Self { transport, addr: SocketAddr::new(ip, port) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{HeaderName, Method};

    fn hop(uri: &str) -> Option<String> {
        Hop::of_uri(&uri.parse().unwrap()).map(|hop| hop.to_string())
    }

    #[test]
    fn a_uri_with_an_address_names_a_hop() {
        assert_eq!(hop("sip:192.0.2.1").as_deref(), Some("udp:192.0.2.1:5060"));
        assert_eq!(hop("sip:a@[2001:db8::1]:5070").as_deref(), Some("udp:[2001:db8::1]:5070"));
        assert_eq!(hop("sip:192.0.2.1;transport=TCP").as_deref(), Some("tcp:192.0.2.1:5060"));
        assert_eq!(hop("sips:192.0.2.1;transport=tcp").as_deref(), Some("tls:192.0.2.1:5061"));
        assert_eq!(hop("sip:example.com;maddr=192.0.2.9").as_deref(), Some("udp:192.0.2.9:5060"));
    }

    #[test]
    fn a_name_and_a_transport_that_we_lack_name_none() {
        for uri in ["sip:proxy.example.com", "sip:192.0.2.1;transport=sctp", "tel:+123"] {
            assert_eq!(hop(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_request_goes_to_its_topmost_loose_route_else_to_its_uri() {
        let mut request = Request::new(Method::Bye, "sip:b@192.0.2.2".parse().unwrap());
        assert_eq!(next_hop_uri(&request).to_string(), "sip:b@192.0.2.2");
        request.headers.push(HeaderName::Route, "<sip:192.0.2.3;lr>, <sip:192.0.2.4;lr>");
        assert_eq!(next_hop_uri(&request).to_string(), "sip:192.0.2.3;lr");
        request.headers.set(HeaderName::Route, "<sip:192.0.2.3>");
        assert_eq!(next_hop_uri(&request).to_string(), "sip:b@192.0.2.2");
    }
}
