//! Challenges that a doubled packet may have caused.

use crate::bench::{Bench, answer, hop, request, request_in};
use sip_core::endpoint::Event;
use sip_core::message::{HeaderName, Message, Method, Request, StatusCode, read_datagram};
use sip_core::transport::{Hop, Transport};

/// Credentials of a nonce that nobody has used before.
const FIRST: &str = r#"Digest realm="r", nonce="n1", qop=auth, nc=00000001"#;
/// Those of one that has served.
const LATER: &str = r#"Digest realm="r", nonce="n1", qop=auth, nc=00000002"#;

fn with(method: Method, credentials: &str) -> Request {
    let mut request = request(method);
    request.headers.push(HeaderName::Authorization, credentials);
    request
}

fn challenge(request: &Request) -> Vec<u8> {
    let bytes = answer(request, StatusCode::UNAUTHORIZED, "b1");
    let Message::Response(mut response) = read_datagram(&bytes).unwrap() else { panic!() };
    response
        .headers
        .push(HeaderName::WwwAuthenticate, r#"Digest realm="r", nonce="n2", qop="auth""#);
    response.to_bytes()
}

fn codes(bench: &Bench) -> Vec<(u64, u16)> {
    let code = |(at, event): &(u64, Event)| {
        let (Event::Final { response, .. } | Event::Provisional { response, .. }) = event else {
            panic!("{event:?}")
        };
        (*at, response.code.as_u16())
    };
    bench.said.iter().map(code).collect()
}

/// A registrar that counts nonces accepts one copy of a doubled REGISTER and challenges the other.
#[test]
fn the_acceptance_of_one_copy_counts_though_the_challenge_of_the_other_comes_first() {
    let mut bench = Bench::new();
    bench.send(with(Method::Register, FIRST), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &challenge(&sent));
    bench.receive("127.0.0.2:5060", &challenge(&sent));
    assert_eq!(bench.events(), []);
    bench.run_to(499);
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, "b2"));
    bench.run_to(40_000);
    assert_eq!(codes(&bench), [(499, 200)]);
    assert_eq!(bench.requests(), [(0, Method::Register)], "nothing is sent again meanwhile");
    assert_eq!(bench.endpoint.transactions(), (0, 0));
}

#[test]
fn a_challenge_that_stays_alone_is_believed_after_t1() {
    let mut bench = Bench::new();
    bench.send(with(Method::Register, FIRST), hop(2));
    bench.run_to(100);
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &challenge(&sent));
    bench.run_to(40_000);
    assert_eq!(codes(&bench), [(600, 401)]);
    assert_eq!(bench.requests(), [(0, Method::Register)]);
}

/// A nonce may have become old, and without credentials there is nothing to doubt: these are answered
/// without delay. So are those that come over a connection, which doubles nothing.
#[test]
fn other_challenges_are_believed_at_once() {
    let tcp = Hop { transport: Transport::Tcp, ..hop(2) };
    for (request, to) in [
        (request(Method::Register), hop(2)),
        (with(Method::Register, LATER), hop(2)),
        (with(Method::Register, FIRST), tcp),
    ] {
        let mut bench = Bench::new();
        bench.send(request, to);
        let sent = request_in(&bench.sent[0].1);
        bench.receive("127.0.0.2:5060", &challenge(&sent));
        assert_eq!(codes(&bench), [(0, 401)]);
    }
}

#[test]
fn a_doubled_invite_goes_on_when_the_accepted_copy_rings() {
    let mut bench = Bench::new();
    bench.send(with(Method::Invite, FIRST), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &challenge(&sent));
    bench.run_to(20);
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::RINGING, "b2"));
    bench.run_to(5_000);
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, "b2"));
    assert_eq!(codes(&bench), [(20, 180), (5_000, 200)]);
    assert_eq!(bench.requests(), [(0, Method::Invite)], "no ACK for the copy's challenge");
}

/// RFC 3261 §17.1.1.3: its failure is acknowledged when it is believed.
#[test]
fn a_doubted_challenge_of_an_invite_is_acknowledged_when_it_is_believed() {
    let mut bench = Bench::new();
    bench.send(with(Method::Invite, FIRST), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &challenge(&sent));
    bench.run_to(1_000);
    assert_eq!(codes(&bench), [(500, 401)]);
    assert_eq!(bench.requests(), [(0, Method::Invite), (500, Method::Ack)]);
}

#[test]
fn who_has_cancelled_hears_the_challenge_at_once() {
    let mut bench = Bench::new();
    let id = bench.send(with(Method::Invite, FIRST), hop(2));
    let sent = bench.last_request();
    bench.cancel(id);
    bench.receive("127.0.0.2:5060", &challenge(&sent));
    assert_eq!(codes(&bench), [(0, 401)]);
}
