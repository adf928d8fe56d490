//! Transport errors: which request an ICMP message or a failed send is about (F2).

use crate::bench::{Bench, answer, hop, request};
use sip_core::endpoint::Event;
use sip_core::message::{Method, StatusCode};

fn truncated(bytes: &[u8], length: usize) -> &[u8] {
    &bytes[..length.min(bytes.len())]
}

#[test]
fn the_request_that_the_quote_names_ends_and_no_other() {
    let mut bench = Bench::new();
    bench.send(request(Method::Register), hop(2));
    let id = bench.send(request(Method::Options), hop(2));
    let bytes = bench.sent[1].1.bytes.clone();
    // 520 octets come back of a datagram over IPv4.
    bench.unreachable(hop(2), truncated(&bytes, 520));
    assert_eq!(bench.events(), [Event::Unreachable { id }]);
    assert_eq!(bench.endpoint.in_flight_to(hop(2)).len(), 1);
}

/// Old routers quote eight octets of UDP, which is nothing of the message.
#[test]
fn an_empty_quote_concerns_every_unanswered_request_to_that_hop() {
    let mut bench = Bench::new();
    let register = bench.send(request(Method::Register), hop(2));
    let ringing = bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    let invite = bench.send(request(Method::Invite), hop(2));
    let elsewhere = bench.send(request(Method::Register), hop(3));
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::RINGING, "b1"));
    bench.events();
    assert_eq!(bench.endpoint.in_flight_to(hop(2)), [register, invite]);
    bench.unreachable(hop(2), b"");
    assert_eq!(
        bench.events(),
        [Event::Unreachable { id: register }, Event::Unreachable { id: invite }]
    );
    assert_eq!(bench.endpoint.in_flight_to(hop(3)), [elsewhere]);
    assert!(bench.endpoint.request_of(ringing).is_some());
}

#[test]
fn a_quote_that_breaks_off_before_the_branch_concerns_those_that_begin_so() {
    let mut bench = Bench::new();
    bench.send(request(Method::Register), hop(2));
    let options = bench.send(request(Method::Options), hop(2));
    bench.unreachable(hop(2), b"OPTIONS sip:bob");
    assert_eq!(bench.events(), [Event::Unreachable { id: options }]);
}

/// "An error that matches no request in flight changes nothing."
#[test]
fn an_error_about_nothing_in_flight_changes_nothing() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Register), hop(2));
    let sent = bench.last_request();
    let bytes = bench.sent[0].1.bytes.clone();
    bench.unreachable(hop(3), &bytes);
    bench.unreachable(hop(3), b"");
    let unknown = String::from_utf8(bytes.clone()).unwrap().replace("z9hG4bK", "z9hG4bKno");
    bench.unreachable(hop(2), unknown.as_bytes());
    bench.unreachable(hop(2), b"SIP/2.0 200 OK\r\nVia: x");
    bench.unreachable(hop(2), b"\r\n\r\n");
    assert_eq!(bench.events(), []);
    assert_eq!(bench.endpoint.in_flight_to(hop(2)), [id]);
    assert_eq!(bench.endpoint.counters().stray_errors, 5);

    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, "b1"));
    bench.events();
    bench.unreachable(hop(2), &bytes);
    assert_eq!(bench.events(), [], "an error after the answer");
}

#[test]
fn a_cancel_and_its_invite_are_told_apart_though_they_share_a_branch() {
    let mut bench = Bench::new();
    let invite = bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::TRYING, "b1"));
    let cancel = bench.cancel(invite).unwrap();
    bench.events();
    let bytes = bench.sent.last().unwrap().1.bytes.clone();
    bench.unreachable(hop(2), &bytes);
    assert_eq!(bench.events(), [Event::Unreachable { id: cancel }]);
    assert!(bench.endpoint.request_of(invite).is_some());
}

#[test]
fn an_error_for_an_ack_concerns_nobody() {
    let mut bench = Bench::new();
    bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::BUSY_HERE, "b1"));
    bench.events();
    let ack = bench.sent.last().unwrap().1.bytes.clone();
    bench.unreachable(hop(2), &ack);
    assert_eq!(bench.events(), []);
}

#[test]
fn a_hop_that_was_silent_can_still_turn_out_unreachable() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Register), hop(2));
    bench.run_to(4000);
    assert_eq!(bench.events(), [Event::Silent { id }]);
    bench.unreachable(hop(2), b"");
    assert_eq!(bench.events(), [Event::Unreachable { id }]);
    bench.run_to(60_000);
    assert_eq!(bench.events(), [], "one outcome");
}
