//! The IPv6 torture messages of RFC 5118, each by the name of its file.
//!
//! The archive has bare LF and wrong Content-Lengths; `Case::wire` mends both and nothing else. Its
//! own octets are read as well where their length allows it, as lines may end in LF.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use sip_core::message::{Host, Message, ReadError, Request, read_datagram};
use sip_core::sdp::{Connection, Description};
use sipx_testkit::rfc5118;
use std::net::IpAddr;

fn read(name: &str) -> Request {
    match read_datagram(&rfc5118::case(name).unwrap().wire()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn all_but_one_are_accepted() {
    assert_eq!(rfc5118::CASES.len(), 12);
    for case in rfc5118::CASES.iter().filter(|case| case.name != "ipv6-bad") {
        let request = read(case.name);
        assert_eq!(request.validate(), Ok(()), "{}", case.name);
        let again = read_datagram(&request.to_bytes()).unwrap();
        assert_eq!(again.headers().vias(), request.headers.vias(), "{}", case.name);
        assert_eq!(again.body(), request.body, "{}", case.name);
    }
}

#[test]
fn ipv6_bad_an_address_without_brackets_is_a_400() {
    let Err(ReadError::Malformed { code, what, .. }) =
        read_datagram(&rfc5118::case("ipv6-bad").unwrap().wire())
    else {
        panic!("accepted");
    };
    assert_eq!((code.as_u16(), what), (400, "unreadable Request-URI"));
}

#[test]
fn the_archives_own_line_feeds_are_read() {
    for name in ["ipv6-good", "port-ambiguous", "port-unambiguous", "mult-ip-in-header"] {
        let read = read_datagram(rfc5118::case(name).unwrap().bytes).unwrap();
        assert_eq!(read, Message::Request(self::read(name)), "{name}");
    }
}

#[test]
fn ipv6_good_addresses_are_found_everywhere() {
    let request = read("ipv6-good");
    assert_eq!(request.uri.host.ip(), ip("2001:db8::10"));
    assert_eq!(request.headers.via().unwrap().host.ip(), ip("2001:db8::9:1"));
    assert_eq!(request.headers.contact().unwrap().uri.host.ip(), ip("2001:db8::1"));
}

#[test]
fn a_port_counts_only_outside_the_brackets() {
    let ambiguous = read("port-ambiguous").uri;
    assert_eq!((ambiguous.host.ip(), ambiguous.port), (ip("2001:db8::10:5070"), None));
    let unambiguous = read("port-unambiguous").uri;
    assert_eq!((unambiguous.host.ip(), unambiguous.port), (ip("2001:db8::10"), Some(5070)));
}

#[test]
fn received_is_read_with_and_without_brackets() {
    for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
        assert_eq!(read(name).headers.via().unwrap().received(), ip("2001:db8::9:255"), "{name}");
    }
}

#[test]
fn mult_ip_in_header_each_via_has_its_own_family() {
    let vias = read("mult-ip-in-header").headers.vias().unwrap();
    let sent_by: Vec<_> =
        vias.iter().map(|via| (via.host.ip(), via.port, via.received())).collect();
    let expected = [
        (ip("2001:db8::9:1"), Some(6050), None),
        (ip("192.0.2.1"), None, None),
        (ip("2001:db8::9:255"), None, ip("192.0.2.200")),
    ];
    assert_eq!(sent_by, expected);
}

#[test]
fn ipv4_mapped_addresses_stay_ipv6_in_sip() {
    let request = read("ipv4-mapped-ipv6");
    let via = request.headers.via().unwrap();
    assert_eq!((via.host.ip(), via.port), (ip("::ffff:192.0.2.10"), Some(19823)));
    assert!(matches!(request.headers.contact().unwrap().uri.host, Host::V6(_)));
}

#[test]
fn three_colons_and_two_are_one_address() {
    let (three, two) = (read("ipv6-bug-abnf-3-colons").uri, read("ipv6-correct-abnf-2-colons").uri);
    assert!(three.matches(&two));
    assert_eq!(three.to_string(), "sip:user@[2001:db8::c000:201]");
}

#[test]
fn addresses_in_session_descriptions_have_no_brackets() {
    let connection = |name: &str, media: usize| {
        let description = Description::read(&read(name).body).unwrap();
        match description.connection_of(&description.media[media]) {
            Some(Connection::Address(address)) => Some(*address),
            other => panic!("{name}: {other:?}"),
        }
    };
    assert_eq!(connection("ipv6-in-sdp", 0), ip("2001:db8::20"));
    assert_eq!(connection("mult-ip-in-sdp", 0), ip("192.0.2.1"));
    assert_eq!(connection("mult-ip-in-sdp", 1), ip("2001:db8::1"));
    assert_eq!(connection("ipv4-mapped-ipv6", 0), ip("::ffff:192.0.2.2"));
}
