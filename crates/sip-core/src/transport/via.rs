//! What Via is for on a single hop: our own at the head of a request, the sender's address noted in
//! one that comes in, and from that the way back for the answer (RFC 3261 §18.2, RFC 3581 §4).

use super::{Hop, Transport};
use crate::message::Via;
use std::net::SocketAddr;

/// The Via of a request of ours: sent by `local`, with `rport` where the transport has no
/// connection that the answer could come back on.
pub fn own_via(transport: Transport, local: SocketAddr, branch: &str) -> Via {
    let mut via = Via::new(transport.into(), local.ip(), Some(local.port()), branch);
    match transport {
        Transport::Udp => via.params.set("rport", None),
        Transport::Tcp | Transport::Tls => {}
    }
    via
}

/// Notes in the topmost Via of an incoming request where it really came from. What the sender
/// claims to have been received from is not believed.
pub fn mark_received(via: &mut Via, remote: SocketAddr) {
    let asked_for_port = via.rport().is_some();
    via.params.remove("received");
    if asked_for_port {
        via.params.set("rport", Some(&remote.port().to_string()));
    }
    if asked_for_port || via.host.ip() != Some(remote.ip()) {
        via.params.set("received", Some(&remote.ip().to_string()));
    }
}

/// Where the response to a request goes whose topmost Via has been marked by [`mark_received`].
///
/// Over a connection: back on it. By datagram: to the address it came from, at the port it came
/// from if `rport` was asked for, else at the port of sent-by. `maddr` is not followed: it would let
/// anyone direct our answers at others, and nothing that a phone talks to uses it.
pub fn response_hop(via: &Via, transport: Transport, remote: SocketAddr) -> Hop {
    let addr = match transport {
        Transport::Tcp | Transport::Tls => remote,
        Transport::Udp => {
            let ip = via.received().unwrap_or(remote.ip());
            let port = via.rport().flatten().or(via.port).unwrap_or(transport.default_port());
            SocketAddr::new(ip, port)
        }
    };
    Hop { transport, addr }
}

/// Where that response goes if the connection is gone: a new one to the address that the request came
/// from, at the port of its sent-by (RFC 3261 §18.2.2). `None` for a datagram.
pub fn response_alternative(via: &Via, transport: Transport, remote: SocketAddr) -> Option<Hop> {
    match transport {
        Transport::Udp => None,
        Transport::Tcp | Transport::Tls => {
            let port = via.port.unwrap_or(transport.default_port());
            Some(Hop { transport, addr: SocketAddr::new(remote.ip(), port) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Via after a request with `text` came from `remote`, and where its answer goes.
    fn came(text: &str, remote: &str) -> (String, String) {
        let remote = remote.parse().unwrap();
        let mut via: Via = text.parse().unwrap();
        mark_received(&mut via, remote);
        (via.to_string(), response_hop(&via, Transport::Udp, remote).to_string())
    }

    #[test]
    fn our_own_via_names_the_address_we_send_from_and_asks_for_rport() {
        let local = "192.0.2.9:5062".parse().unwrap();
        let via = own_via(Transport::Udp, local, "z9hG4bKx").to_string();
        assert_eq!(via, "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bKx;rport");
        let local = "[2001:db8::9]:5061".parse().unwrap();
        let via = own_via(Transport::Tls, local, "z9hG4bKx").to_string();
        assert_eq!(via, "SIP/2.0/TLS [2001:db8::9]:5061;branch=z9hG4bKx");
    }

    /// RFC 3261 §18.2.1.
    #[test]
    fn a_sender_that_says_the_truth_is_answered_at_its_sent_by_port() {
        let (via, hop) = came("SIP/2.0/UDP 192.0.2.1:5070;branch=z", "192.0.2.1:40000");
        assert_eq!(via, "SIP/2.0/UDP 192.0.2.1:5070;branch=z");
        assert_eq!(hop, "udp:192.0.2.1:5070");
        let (_, hop) = came("SIP/2.0/UDP 192.0.2.1;branch=z", "192.0.2.1:40000");
        assert_eq!(hop, "udp:192.0.2.1:5060");
    }

    #[test]
    fn a_sender_elsewhere_than_it_says_is_noted_and_answered_there() {
        let (via, hop) = came("SIP/2.0/UDP pc.example.com:5070;branch=z", "192.0.2.1:40000");
        assert_eq!(via, "SIP/2.0/UDP pc.example.com:5070;branch=z;received=192.0.2.1");
        assert_eq!(hop, "udp:192.0.2.1:5070");
    }

    /// RFC 3581 §4: `received` is added even where it equals sent-by.
    #[test]
    fn rport_is_filled_in_and_answered_to() {
        let (via, hop) = came("SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z", "192.0.2.1:40000");
        assert_eq!(via, "SIP/2.0/UDP 192.0.2.1:5070;rport=40000;branch=z;received=192.0.2.1");
        assert_eq!(hop, "udp:192.0.2.1:40000");
    }

    #[test]
    fn an_ipv6_sender_is_answered_too() {
        let (via, hop) = came("SIP/2.0/UDP [2001:db8::1]:5070;rport;branch=z", "[2001:db8::2]:7");
        assert_eq!(via, "SIP/2.0/UDP [2001:db8::1]:5070;rport=7;branch=z;received=2001:db8::2");
        assert_eq!(hop, "udp:[2001:db8::2]:7");
    }

    #[test]
    fn nobody_can_send_our_answer_to_a_third_party() {
        let lie = "SIP/2.0/UDP 192.0.2.1:5070;received=198.51.100.1;maddr=198.51.100.2;branch=z";
        assert_eq!(came(lie, "192.0.2.1:40000").1, "udp:192.0.2.1:5070");
        let lie = "SIP/2.0/UDP 198.51.100.1:5070;rport=99;branch=z";
        assert_eq!(came(lie, "192.0.2.1:40000").1, "udp:192.0.2.1:40000");
    }

    #[test]
    fn over_a_connection_the_answer_goes_back_on_it() {
        let remote = "192.0.2.1:40000".parse().unwrap();
        let via = "SIP/2.0/TCP 192.0.2.1:5070;branch=z".parse().unwrap();
        let hop = response_hop(&via, Transport::Tcp, remote);
        assert_eq!(hop.to_string(), "tcp:192.0.2.1:40000");
    }

    /// RFC 3261 §18.2.2: "if that connection is no longer open".
    #[test]
    fn where_the_connection_is_gone_the_answer_opens_one_to_the_sent_by_port() {
        let remote = "192.0.2.1:40000".parse().unwrap();
        let via = "SIP/2.0/TCP 198.51.100.1:5070;branch=z".parse().unwrap();
        let other = |transport| response_alternative(&via, transport, remote);
        assert_eq!(other(Transport::Tcp).unwrap().to_string(), "tcp:192.0.2.1:5070");
        assert_eq!(other(Transport::Udp), None);
    }
}
