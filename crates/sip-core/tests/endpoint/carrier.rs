//! Which transport carries a request, and from when its patience runs (RFC 3261 §18.1.1; A2, A3).

use crate::bench::{Bench, LOCAL, addr, answer, hop, ms, request};
use sip_core::endpoint::{ClientId, Event};
use sip_core::message::{HeaderName, Method, Request, StatusCode};
use sip_core::transport::{Hop, Transport};

fn tcp(n: u8) -> Hop {
    Hop { transport: Transport::Tcp, addr: hop(n).addr }
}

fn large(method: Method) -> Request {
    let mut request = request(method);
    request.headers.push(HeaderName::Subject, "s".repeat(1_100));
    request
}

fn sent_to(bench: &Bench) -> Vec<(u64, Hop)> {
    bench.sent.iter().map(|(at, transmit)| (*at, transmit.to)).collect()
}

#[test]
fn a_request_of_more_than_1300_octets_goes_over_tcp() {
    let mut bench = Bench::new();
    bench.send(large(Method::Invite), hop(2));
    assert!(bench.last_request().to_bytes().len() > 1_300);
    bench.run_to(10_000);
    assert_eq!(sent_to(&bench), [(0, tcp(2))], "once: a connection loses nothing");
    assert!(bench.last_request().headers.get(&HeaderName::Via).unwrap().starts_with("SIP/2.0/TCP"));
}

/// Its user is told nothing: the transaction goes on, under another branch.
#[test]
fn where_tcp_cannot_be_had_it_goes_by_udp_after_all() {
    let mut bench = Bench::new();
    let id = bench.send(large(Method::Invite), hop(2));
    let over_tcp = bench.last_request();
    bench.unreachable(tcp(2), b"");
    let by_udp = bench.last_request();
    assert_eq!(sent_to(&bench), [(0, tcp(2)), (0, hop(2))]);
    assert!(by_udp.headers.get(&HeaderName::Via).unwrap().starts_with("SIP/2.0/UDP"));
    let branch = |request: &Request| request.headers.via().unwrap().branch().unwrap().to_owned();
    assert_ne!(branch(&by_udp), branch(&over_tcp));
    assert!(bench.events().is_empty());
    bench.receive("127.0.0.2:5060", &answer(&by_udp, StatusCode::OK, "b"));
    assert!(matches!(bench.events()[..], [Event::Final { id: answered, .. }] if answered == id));
}

#[test]
fn what_was_refused_over_tcp_is_remembered_for_five_minutes() {
    let mut bench = Bench::new();
    bench.send(large(Method::Options), hop(2));
    bench.unreachable(tcp(2), b"");
    bench.run_to(299_000);
    bench.sent.clear();
    bench.send(large(Method::Options), hop(2));
    assert_eq!(bench.sent[0].1.to, hop(2));
    bench.run_to(301_000);
    bench.sent.clear();
    bench.send(large(Method::Options), hop(2));
    assert_eq!(bench.sent[0].1.to, tcp(2));
}

/// Failover design §1: "ICMP fragmentation needed: repeated over TCP here".
#[test]
fn a_datagram_too_large_for_the_way_is_repeated_over_tcp() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Invite), hop(2));
    let quoted = bench.sent[0].1.bytes[..500.min(bench.sent[0].1.bytes.len())].to_vec();
    bench.endpoint.handle_too_large(hop(2), &quoted, bench.now);
    bench.drain();
    assert_eq!(sent_to(&bench), [(0, hop(2)), (0, tcp(2))]);
    assert_eq!(bench.endpoint.transmissions(id), 2);
    bench.unreachable(tcp(2), b"");
    assert_eq!(bench.sent.last().unwrap().1.to, hop(2), "and back");
    bench.endpoint.handle_too_large(hop(2), b"", bench.now);
    bench.drain();
    assert_eq!(bench.sent.len(), 3, "not to and fro");
}

/// A request that has been left by its user is not sent in another way.
#[test]
fn a_request_whose_patience_is_over_does_not_come_back_by_udp() {
    let mut bench = Bench::new();
    let id = bench.send(large(Method::Invite), hop(2));
    bench.run_to(4_000);
    assert_eq!(bench.events(), [Event::Silent { id }]);
    bench.unreachable(tcp(2), b"");
    assert_eq!(bench.events(), [Event::Unreachable { id }]);
    assert_eq!(bench.sent.len(), 1);
}

fn held(bench: &mut Bench, method: Method) -> ClientId {
    let local = addr(LOCAL);
    let id = bench.endpoint.send(request(method), tcp(2), local, ms(3_500), bench.now);
    bench.endpoint.hold(id);
    bench.drain();
    id
}

/// Requirement A3: another connection is no reason to wait for longer.
#[test]
fn what_is_written_again_over_another_connection_keeps_its_patience_and_its_branch() {
    let mut bench = Bench::new();
    let local = addr(LOCAL);
    let id = bench.endpoint.send(request(Method::Invite), tcp(2), local, ms(3_500), bench.now);
    bench.run_to(3_000);
    bench.endpoint.repeat(id);
    bench.drain();
    assert_eq!(bench.endpoint.transmissions(id), 2);
    assert_eq!(bench.sent.len(), 2);
    assert_eq!(bench.sent[0].1.bytes, bench.sent[1].1.bytes);
    bench.endpoint.handle_written(tcp(2), bench.now);
    bench.run_to(3_500);
    let said: Vec<(u64, Event)> = bench.said.drain(..).collect();
    assert_eq!(said, [(3_500, Event::Silent { id })]);
    bench.endpoint.repeat(id);
    bench.drain();
    assert_eq!(bench.sent.len(), 2, "nobody waits for it any more");
}

/// The one that has never been written is held all the same.
#[test]
fn what_waits_for_a_connection_may_wait_for_another_one() {
    let mut bench = Bench::new();
    let id = held(&mut bench, Method::Register);
    bench.endpoint.repeat(id);
    bench.drain();
    assert_eq!(bench.endpoint.transmissions(id), 1, "the first was not written");
    bench.run_to(3_900);
    bench.endpoint.handle_written(tcp(2), bench.now);
    bench.run_to(7_400);
    let said: Vec<(u64, Event)> = bench.said.drain(..).collect();
    assert_eq!(said, [(7_400, Event::Silent { id })]);
}

/// Failover design §8: "frozen proxy, TCP or TLS open: 3.5 s from the write".
#[test]
fn the_patience_of_what_waits_for_a_connection_begins_with_the_write() {
    for method in [Method::Invite, Method::Register] {
        let mut bench = Bench::new();
        let id = held(&mut bench, method);
        bench.run_to(3_900);
        assert!(bench.said.is_empty());
        bench.endpoint.handle_written(tcp(2), bench.now);
        bench.run_to(7_399);
        assert!(bench.said.is_empty());
        bench.run_to(40_000);
        let said: Vec<(u64, Event)> = bench.said.drain(..).collect();
        assert_eq!(said, [(7_400, Event::Silent { id }), (35_900, Event::TimedOut { id })]);
    }
}

#[test]
fn a_connection_that_never_comes_does_not_hold_a_request_for_ever() {
    let mut bench = Bench::new();
    let id = held(&mut bench, Method::Register);
    bench.run_to(60_000);
    assert_eq!(bench.said, [(32_000, Event::TimedOut { id })]);
}

/// RFC 3261 §18.2.2.
#[test]
fn an_answer_goes_back_on_its_connection_and_knows_another_way() {
    let mut bench = Bench::new();
    let mut request = request(Method::Options);
    request.headers.push_front(HeaderName::MaxForwards, 70);
    request.headers.push_front(HeaderName::Via, "SIP/2.0/TCP 127.0.0.2:5070;branch=z9hG4bKc");
    let bytes = request.to_bytes();
    let receive = |bench: &mut Bench, from: &str| {
        let from = addr(from);
        bench.endpoint.handle_datagram(addr(LOCAL), from, Transport::Tcp, &bytes, bench.now);
        bench.drain();
    };
    receive(&mut bench, "127.0.0.2:40000");
    let (id, request) = bench.incoming();
    let response = sip_core::message::Response::to(&request, StatusCode::OK);
    bench.respond(id, response);
    let place = |bench: &Bench| {
        let transmit = &bench.sent.last().unwrap().1;
        (transmit.to.to_string(), transmit.otherwise.map(|hop| hop.to_string()))
    };
    let other = Some("tcp:127.0.0.2:5070".to_owned());
    assert_eq!(place(&bench), ("tcp:127.0.0.2:40000".to_owned(), other));
}
