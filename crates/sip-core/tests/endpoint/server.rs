//! Requests of others: what is reported, what is answered without asking, and where answers go.

use crate::bench::{Bench, LOCAL, addr, hop, request};
use crate::peer::{invite, peer, wire};
use sip_core::endpoint::Event;
use sip_core::limits::{SERVER_TRANSACTIONS, STATELESS_REPLIES_PER_SECOND};
use sip_core::message::{HeaderName, Method, Response, StatusCode};

const PEER: &str = "127.0.0.2:5060";

#[test]
fn a_new_request_is_reported_once_with_where_it_came_from() {
    let mut bench = Bench::new();
    bench.receive("127.0.0.2:40000", &wire(&peer(Method::Options, "z9hG4bK1")));
    match &bench.events()[..] {
        [Event::Incoming { request, remote, local, .. }] => {
            assert_eq!(remote.to_string(), "udp:127.0.0.2:40000");
            assert_eq!(*local, addr(LOCAL));
            let via = request.headers.via().unwrap();
            assert_eq!(via.rport(), Some(Some(40000)));
            assert_eq!(via.received(), Some(remote.addr.ip()));
        }
        other => panic!("{other:?}"),
    }
    bench.receive("127.0.0.2:40000", &wire(&peer(Method::Options, "z9hG4bK1")));
    assert_eq!(bench.events(), []);
}

#[test]
fn a_copy_fetches_the_same_answer_until_timer_j() {
    let mut bench = Bench::new();
    let bytes = wire(&peer(Method::Options, "z9hG4bK1"));
    bench.receive(PEER, &bytes);
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::OK));
    bench.receive(PEER, &bytes);
    bench.run_to(31_999);
    bench.receive(PEER, &bytes);
    assert!(bench.sent.iter().all(|(_, transmit)| *transmit == bench.sent[0].1));
    assert_eq!(bench.codes(), [(0, 200), (0, 200), (31_999, 200)]);
    bench.run_to(32_000);
    bench.receive(PEER, &bytes);
    bench.incoming();
}

/// RFC 3581 §4 and §18.2.2; on a host with several addresses, from the one that was asked.
#[test]
fn an_answer_goes_back_from_the_address_that_was_asked() {
    let mut bench = Bench::new();
    bench.receive("127.0.0.2:40000", &wire(&peer(Method::Options, "z9hG4bK1")));
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::OK));
    let transmit = &bench.sent[0].1;
    assert_eq!(transmit.local, addr(LOCAL));
    assert_eq!(transmit.to.to_string(), "udp:127.0.0.2:40000");
}

/// RFC 3261 §8.2.6.2.
#[test]
fn answers_get_a_to_tag_and_it_is_the_same_in_all() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&invite("z9hG4bK1")));
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::TRYING));
    assert_eq!(bench.last_response().headers.to().unwrap().tag(), None);
    bench.respond(id, Response::to(&request, StatusCode::RINGING));
    let ringing = bench.last_response().headers.to().unwrap();
    assert!(ringing.tag().is_some());
    bench.respond(id, Response::to(&request, StatusCode::BUSY_HERE));
    assert_eq!(bench.last_response().headers.to().unwrap(), ringing);
}

#[test]
fn a_slow_callee_is_covered_by_a_100_after_200_ms() {
    let mut bench = Bench::new();
    let bytes = wire(&invite("z9hG4bK1"));
    bench.receive(PEER, &bytes);
    bench.run_to(1000);
    bench.receive(PEER, &bytes);
    assert_eq!(bench.codes(), [(200, 100), (1000, 100)]);
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::RINGING));
    bench.receive(PEER, &bytes);
    assert_eq!(bench.codes(), [(1000, 180), (1000, 180)]);
}

#[test]
fn a_refused_invite_is_repeated_until_its_ack() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&invite("z9hG4bK1")));
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::BUSY_HERE));
    bench.run_to(2000);
    bench.receive(PEER, &wire(&peer(Method::Ack, "z9hG4bK1")));
    bench.run_to(60_000);
    assert_eq!(bench.codes(), [(0, 486), (500, 486), (1500, 486)]);
    assert_eq!(bench.events(), [], "that ACK is nobody else's");
    assert_eq!(bench.endpoint.transactions(), (0, 0));
}

#[test]
fn a_refusal_that_is_never_acknowledged_is_said() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&invite("z9hG4bK1")));
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::BUSY_HERE));
    bench.run_to(60_000);
    assert_eq!(bench.said, [(32_000, Event::AckMissing { id })]);
}

#[test]
fn a_2xx_is_repeated_by_its_user_and_its_ack_reported() {
    let mut bench = Bench::new();
    let bytes = wire(&invite("z9hG4bK1"));
    bench.receive(PEER, &bytes);
    let (id, request) = bench.incoming();
    let ok = Response::to(&request, StatusCode::OK);
    bench.respond(id, ok.clone());
    bench.run_to(500);
    bench.respond(id, ok);
    bench.receive(PEER, &bytes);
    assert_eq!(bench.codes(), [(0, 200), (500, 200)], "a copy of the INVITE is absorbed");
    bench.receive(PEER, &wire(&peer(Method::Ack, "z9hG4bK2")));
    bench.receive(PEER, &wire(&peer(Method::Ack, "z9hG4bK1")));
    assert!(matches!(&bench.events()[..], [Event::Ack { .. }, Event::Ack { .. }]));
}

/// RFC 3261 §9.2.
#[test]
fn a_cancel_is_answered_here_and_its_invite_by_its_user() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&invite("z9hG4bK1")));
    let (id, request) = bench.incoming();
    let mut ringing = Response::to(&request, StatusCode::RINGING);
    ringing.headers.set(HeaderName::To, "<sip:alice@example.test>;tag=mine");
    bench.respond(id, ringing);
    let cancel = wire(&peer(Method::Cancel, "z9hG4bK1"));
    bench.receive(PEER, &cancel);
    assert_eq!(bench.last_response().headers.to().unwrap().tag(), Some("mine"));
    bench.receive(PEER, &cancel);
    assert_eq!(bench.codes(), [(0, 180), (0, 200), (0, 200)]);
    assert_eq!(bench.events(), [Event::Cancelled { id, cause: None }], "once, whatever the copies");
    bench.respond(id, Response::to(&request, StatusCode::REQUEST_TERMINATED));
    assert_eq!(bench.codes(), [(0, 487)]);
}

#[test]
fn a_cancel_that_comes_too_late_cancels_nothing() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&invite("z9hG4bK1")));
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::OK));
    bench.receive(PEER, &wire(&peer(Method::Cancel, "z9hG4bK1")));
    assert_eq!(bench.codes(), [(0, 200), (0, 200)]);
    assert_eq!(bench.events(), []);
}

#[test]
fn a_cancel_for_nothing_gets_481() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&peer(Method::Cancel, "z9hG4bK1")));
    assert_eq!(bench.codes(), [(0, 481)]);
    assert_eq!(bench.events(), []);
}

/// The phone judges whether it is the same call (failover design §4).
#[test]
fn a_copy_that_came_another_way_is_a_request_of_its_own() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&invite("z9hG4bK1")));
    bench.receive("127.0.0.3:5060", &wire(&invite("z9hG4bK2")));
    let both = bench.events();
    assert!(matches!(&both[..], [Event::Incoming { .. }, Event::Incoming { .. }]), "{both:?}");
}

#[test]
fn the_same_branch_from_another_host_is_another_request() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&invite("z9hG4bK1")));
    let mut other = invite("z9hG4bK1");
    other.headers.set(HeaderName::Via, "SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bK1");
    bench.receive("127.0.0.3:5060", &wire(&other));
    assert_eq!(bench.events().len(), 2);
}

/// RFC 3261 §17.2.3: peers without the magic cookie.
#[test]
fn an_rfc_2543_peers_copies_are_known_too() {
    let mut bench = Bench::new();
    let old = |method| {
        let mut request = peer(method, "");
        request.headers.set(HeaderName::Via, "SIP/2.0/UDP 127.0.0.2:5060");
        wire(&request)
    };
    bench.receive(PEER, &old(Method::Invite));
    bench.receive(PEER, &old(Method::Invite));
    let (id, request) = bench.incoming();
    bench.receive(PEER, &old(Method::Cancel));
    assert_eq!(bench.events(), [Event::Cancelled { id, cause: None }]);
    bench.respond(id, Response::to(&request, StatusCode::REQUEST_TERMINATED));
    bench.receive(PEER, &old(Method::Ack));
    bench.codes();
    bench.run_to(60_000);
    assert_eq!(bench.codes(), [], "acknowledged");
}

#[test]
fn a_malformed_request_gets_a_400_that_names_the_fault() {
    let mut bench = Bench::new();
    let mut broken = peer(Method::Options, "z9hG4bK1");
    broken.headers.set(HeaderName::CSeq, "7 INVITE");
    bench.receive(PEER, &wire(&broken));
    let response = bench.last_response();
    assert_eq!(response.code, StatusCode::BAD_REQUEST);
    assert_eq!(response.reason, "CSeq names another method");
    assert!(response.headers.to().unwrap().tag().is_some());
    let text = String::from_utf8(wire(&peer(Method::Options, "z9hG4bK2"))).unwrap();
    bench.receive(PEER, text.replacen("SIP/2.0", "SIP/3.0", 1).as_bytes());
    assert_eq!(bench.codes(), [(0, 400), (0, 505)]);
    assert_eq!(bench.events(), []);
    assert_eq!(bench.endpoint.counters().malformed, 2);
}

#[test]
fn garbage_a_broken_ack_and_a_request_without_a_way_back_meet_silence() {
    let mut bench = Bench::new();
    bench.receive(PEER, b"\r\n\r\n");
    bench.receive(PEER, b"hello");
    let mut ack = peer(Method::Ack, "z9hG4bK1");
    ack.headers.remove(&HeaderName::CallId);
    bench.receive(PEER, &wire(&ack));
    let mut no_via = peer(Method::Options, "z9hG4bK1");
    no_via.headers.remove(&HeaderName::Via);
    bench.receive(PEER, &wire(&no_via));
    assert_eq!(bench.codes(), []);
    assert_eq!(bench.events(), []);
    let counters = bench.endpoint.counters();
    assert_eq!((counters.garbage, counters.malformed), (2, 2));
}

#[test]
fn a_flood_of_malformed_requests_gets_only_so_many_answers() {
    let mut bench = Bench::new();
    let mut broken = peer(Method::Options, "z9hG4bK1");
    broken.headers.set(HeaderName::CSeq, "x");
    for _ in 0..1000 {
        bench.receive(PEER, &wire(&broken));
    }
    assert_eq!(bench.codes().len(), STATELESS_REPLIES_PER_SECOND as usize);
    assert_eq!(bench.endpoint.transactions(), (0, 0));
}

#[test]
fn when_there_is_no_room_finished_requests_go_first_and_then_new_ones_get_503() {
    let mut bench = Bench::new();
    for n in 0..SERVER_TRANSACTIONS {
        bench.receive(PEER, &wire(&peer(Method::Options, &format!("z9hG4bK{n}"))));
        if n == 7 {
            let id = match bench.events().pop() {
                Some(Event::Incoming { id, .. }) => id,
                other => panic!("{other:?}"),
            };
            bench.respond(id, Response::to(&request(Method::Options), StatusCode::OK));
        }
    }
    bench.events();
    bench.sent.clear();
    bench.receive(PEER, &wire(&peer(Method::Options, "z9hG4bKnew")));
    bench.incoming();
    bench.receive(PEER, &wire(&peer(Method::Options, "z9hG4bKnewer")));
    assert_eq!(bench.events(), []);
    assert_eq!(bench.codes(), [(0, 503)]);
    let counters = bench.endpoint.counters();
    assert_eq!((counters.evicted, counters.refused), (1, 1));
}

#[test]
fn an_answer_to_nothing_known_is_dropped() {
    let mut bench = Bench::new();
    bench.receive(PEER, &wire(&peer(Method::Options, "z9hG4bK1")));
    let (id, request) = bench.incoming();
    bench.respond(id, Response::to(&request, StatusCode::OK));
    bench.respond(id, Response::to(&request, StatusCode::SERVER_INTERNAL_ERROR));
    bench.run_to(40_000);
    bench.respond(id, Response::to(&request, StatusCode::OK));
    assert_eq!(bench.codes(), [(0, 200)]);
    assert_eq!(bench.endpoint.in_flight_to(hop(2)), []);
}
