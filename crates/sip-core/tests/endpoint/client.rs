//! Requests of ours: how they go out, and what answers do.

use crate::bench::{Bench, LOCAL, addr, answer, hop, ms, request, request_in};
use sip_core::endpoint::Event;
use sip_core::message::{HeaderName, Method, StatusCode};
use sip_core::transaction::{Kind, Timers};

fn final_code(event: &Event) -> u16 {
    let Event::Final { response, .. } = event else { panic!("{event:?}") };
    response.code.as_u16()
}

/// The ICMP quote may be short, so Via comes first.
#[test]
fn a_request_goes_out_with_our_via_first_and_max_forwards() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Options), hop(2));
    let (_, transmit) = &bench.sent[0];
    assert_eq!((transmit.local, transmit.to), (addr(LOCAL), hop(2)));
    let text = String::from_utf8(transmit.bytes.clone()).unwrap();
    let start = "OPTIONS sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=";
    assert!(text.starts_with(start), "{text}");
    let sent = request_in(transmit);
    let via = sent.headers.via().unwrap();
    assert!(via.branch().unwrap().starts_with("z9hG4bK"));
    assert_eq!(via.rport(), Some(None));
    assert_eq!(sent.headers.max_forwards(), Ok(Some(70)));
    assert_eq!(bench.endpoint.request_of(id).unwrap().to_bytes(), transmit.bytes);
}

#[test]
fn a_max_forwards_of_the_callers_is_kept() {
    let mut bench = Bench::new();
    let mut options = request(Method::Options);
    options.headers.push(HeaderName::MaxForwards, 5);
    bench.send(options, hop(2));
    assert_eq!(bench.last_request().headers.all(&HeaderName::MaxForwards).count(), 1);
    assert_eq!(bench.last_request().headers.max_forwards(), Ok(Some(5)));
}

/// A3: three equal packets, then the next hop's turn.
#[test]
fn a_silent_hop_gets_three_equal_packets_and_is_silent_after_3500_ms() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Register), hop(2));
    bench.run_to(40_000);
    let times: Vec<_> = bench.sent.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 500, 1500]);
    assert!(bench.sent.iter().all(|(_, transmit)| *transmit == bench.sent[0].1));
    assert_eq!(bench.said, [(3500, Event::Silent { id }), (32_000, Event::TimedOut { id })]);
    assert_eq!(bench.endpoint.transactions(), (0, 0));
}

#[test]
fn the_patience_of_a_method_follows_its_timers() {
    let timers = Timers::default();
    let patience = |method, n| timers.patience_for(Kind::from(&method), n);
    assert_eq!(patience(Method::Invite, 3), ms(3500));
    assert_eq!(patience(Method::Invite, 5), ms(15_500));
    assert_eq!(patience(Method::Bye, 5), ms(11_500));
}

#[test]
fn an_answer_is_found_by_its_branch_and_method() {
    let mut bench = Bench::new();
    let register = bench.send(request(Method::Register), hop(2));
    let sent = bench.last_request();
    bench.send(request(Method::Options), hop(2));
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, "b1"));
    match &bench.events()[..] {
        [Event::Final { id, response }] => {
            assert_eq!((*id, response.code), (register, StatusCode::OK));
        }
        other => panic!("{other:?}"),
    }
}

/// RFC 3261 §17.1.1.3.
#[test]
fn a_failed_invite_is_acknowledged_on_its_branch_to_its_hop_and_by_its_route() {
    let mut bench = Bench::new();
    let mut invite = request(Method::Invite);
    invite.headers.push(HeaderName::Route, "<sip:127.0.0.2;lr>");
    bench.send(invite, hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::SERVICE_UNAVAILABLE, "b1"));
    assert_eq!(bench.sent.last().unwrap().1.to, hop(2));
    let ack = bench.last_request();
    assert_eq!(ack.method, Method::Ack);
    assert_eq!(ack.uri, sent.uri);
    for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::Route] {
        assert_eq!(ack.headers.get(&name), sent.headers.get(&name), "{name}");
    }
    assert_eq!(ack.headers.to().unwrap().tag(), Some("b1"));
    assert_eq!(ack.headers.cseq().unwrap().to_string(), "7 ACK");
    assert_eq!(final_code(&bench.events()[0]), 503);

    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::SERVICE_UNAVAILABLE, "b1"));
    assert_eq!(bench.last_request(), ack);
    assert_eq!(bench.sent.len(), 3, "the copy is acknowledged again");
    assert_eq!(bench.events(), [], "and not reported again");
}

/// RFC 6026: every 2xx is the caller's, of every fork.
#[test]
fn every_2xx_to_an_invite_is_reported_and_none_acknowledged() {
    let mut bench = Bench::new();
    bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    for tag in ["b1", "b1", "b2"] {
        bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, tag));
    }
    let events = bench.events();
    assert_eq!(events.iter().map(final_code).collect::<Vec<_>>(), [200, 200, 200]);
    assert_eq!(bench.requests(), [(0, Method::Invite)]);

    bench.run_to(32_000);
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, "b3"));
    assert!(matches!(&bench.events()[..], [Event::StrayFinal { .. }]));
}

#[test]
fn an_ack_for_a_2xx_has_a_branch_of_its_own_and_no_transaction() {
    let mut bench = Bench::new();
    bench.send(request(Method::Invite), hop(2));
    let branch = bench.last_request().headers.via().unwrap().branch().map(str::to_owned);
    bench.endpoint.send_stateless(request(Method::Ack), hop(3), addr(LOCAL));
    bench.drain();
    assert_eq!(bench.sent.last().unwrap().1.to, hop(3));
    let ack = bench.last_request();
    assert_ne!(ack.headers.via().unwrap().branch().map(str::to_owned), branch);
    assert_eq!(bench.endpoint.transactions(), (1, 0));
}

/// RFC 3261 §9.1.
#[test]
fn a_cancel_waits_for_a_provisional_and_takes_the_invites_branch() {
    let mut bench = Bench::new();
    let mut invite = request(Method::Invite);
    invite.headers.push(HeaderName::Route, "<sip:127.0.0.2;lr>");
    invite.headers.push(HeaderName::Require, "100rel");
    let id = bench.send(invite, hop(2));
    let sent = bench.last_request();
    let cancel_id = bench.cancel(id).unwrap();
    assert_eq!(bench.cancel(id), Some(cancel_id), "asked twice, sent once");
    bench.run_to(600);
    assert_eq!(bench.requests(), [(0, Method::Invite), (500, Method::Invite)]);

    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::TRYING, "b1"));
    let cancel = bench.last_request();
    assert_eq!(cancel.method, Method::Cancel);
    assert_eq!(cancel.uri, sent.uri);
    for name in
        [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::Route]
    {
        assert_eq!(cancel.headers.get(&name), sent.headers.get(&name), "{name}");
    }
    assert_eq!(cancel.headers.cseq().unwrap().to_string(), "7 CANCEL");
    assert_eq!(cancel.headers.get(&HeaderName::Require), None);
    bench.events();

    bench.receive("127.0.0.2:5060", &answer(&cancel, StatusCode::OK, "b1"));
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::REQUEST_TERMINATED, "b1"));
    match &bench.events()[..] {
        [Event::Final { id: first, .. }, Event::Final { id: second, response }] => {
            assert_eq!((*first, *second), (cancel_id, id));
            assert_eq!(response.code, StatusCode::REQUEST_TERMINATED);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.requests(), [(600, Method::Cancel), (600, Method::Ack)]);
}

#[test]
fn a_ringing_invite_is_cancelled_at_once_and_ends_64_t1_later_at_the_latest() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::RINGING, "b1"));
    bench.run_to(100_000);
    assert!(matches!(&bench.events()[..], [Event::Provisional { .. }]), "it may ring for long");
    let cancel_id = bench.cancel(id).unwrap();
    bench.run_to(200_000);
    assert_eq!(
        bench.said,
        [
            (103_500, Event::Silent { id: cancel_id }),
            (132_000, Event::TimedOut { id }),
            (132_000, Event::TimedOut { id: cancel_id }),
        ]
    );
}

#[test]
fn what_has_been_answered_or_is_no_invite_cannot_be_cancelled() {
    let mut bench = Bench::new();
    let options = bench.send(request(Method::Options), hop(2));
    assert_eq!(bench.cancel(options), None);
    let invite = bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, "b1"));
    assert_eq!(bench.cancel(invite), None);
}

#[test]
fn a_2xx_that_crosses_a_waiting_cancel_is_reported_and_nothing_is_cancelled() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    assert!(bench.cancel(id).is_some());
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::OK, "b1"));
    assert_eq!(final_code(&bench.events()[0]), 200);
    bench.run_to(100_000);
    assert_eq!(bench.requests(), [(0, Method::Invite)]);
    assert_eq!(bench.events(), []);
}

#[test]
fn what_is_given_up_says_nothing_more_but_a_2xx_to_an_invite() {
    let mut bench = Bench::new();
    let bye = bench.send(request(Method::Bye), hop(2));
    let bye_sent = bench.last_request();
    let invite = bench.send(request(Method::Invite), hop(2));
    let invite_sent = bench.last_request();
    bench.requests();
    bench.endpoint.give_up(bye, bench.now);
    bench.endpoint.give_up(invite, bench.now);
    assert_eq!(bench.endpoint.transactions(), (1, 0), "the INVITE may yet be answered");
    assert_eq!(bench.endpoint.transmissions(bye), 1, "still known to who is told of the end");
    bench.run_to(10_000);
    assert_eq!(bench.requests(), [], "not sent again");
    bench.receive("127.0.0.2:5060", &answer(&bye_sent, StatusCode::OK, "b1"));
    bench.receive("127.0.0.2:5060", &answer(&invite_sent, StatusCode::RINGING, "b1"));
    assert_eq!(bench.events(), []);
    bench.receive("127.0.0.2:5060", &answer(&invite_sent, StatusCode::OK, "b1"));
    assert_eq!(final_code(&bench.events()[0]), 200);
}

/// Nothing rings for ever because its caller has lost interest.
#[test]
fn a_ringing_invite_that_is_given_up_ends_by_itself() {
    let mut bench = Bench::new();
    let id = bench.send(request(Method::Invite), hop(2));
    let sent = bench.last_request();
    bench.receive("127.0.0.2:5060", &answer(&sent, StatusCode::RINGING, "b1"));
    bench.events();
    bench.endpoint.give_up(id, bench.now);
    bench.run_to(32_000);
    assert_eq!(bench.events(), []);
    assert_eq!(bench.endpoint.transactions(), (0, 0));
}

/// Failover design §6: a thawed proxy answers all it had queued.
#[test]
fn a_flood_of_stale_answers_changes_nothing() {
    let mut bench = Bench::new();
    let mut old = Vec::new();
    for _ in 0..22 {
        bench.send(request(Method::Register), hop(2));
        old.push(bench.last_request());
    }
    bench.run_to(40_000);
    let current = bench.send(request(Method::Register), hop(3));
    bench.events();
    bench.requests();
    for sent in &old {
        bench.receive("127.0.0.2:5060", &answer(sent, StatusCode::UNAUTHORIZED, "b1"));
    }
    assert_eq!(bench.events(), []);
    assert_eq!(bench.requests(), []);
    assert_eq!(bench.endpoint.counters().stray_responses, 22);
    assert_eq!(bench.endpoint.in_flight_to(hop(3)), [current]);
}

#[test]
fn an_answer_with_anothers_via_or_to_another_method_is_dropped() {
    let mut bench = Bench::new();
    bench.send(request(Method::Register), hop(2));
    let sent = bench.last_request();
    let mut two = sent.clone();
    two.headers.push(HeaderName::Via, "SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKx");
    bench.receive("127.0.0.2:5060", &answer(&two, StatusCode::OK, "b1"));
    let mut other = sent;
    other.headers.set(HeaderName::CSeq, "7 OPTIONS");
    bench.receive("127.0.0.2:5060", &answer(&other, StatusCode::OK, "b1"));
    assert_eq!(bench.events(), []);
    assert_eq!(bench.endpoint.counters().stray_responses, 2);
}

#[test]
fn too_many_requests_cost_the_oldest_its_place() {
    let mut bench = Bench::new();
    let first = bench.send(request(Method::Register), hop(2));
    for _ in 0..sip_core::limits::CLIENT_TRANSACTIONS {
        bench.send(request(Method::Options), hop(2));
    }
    assert_eq!(bench.events(), [Event::TimedOut { id: first }]);
    assert_eq!(bench.endpoint.transactions().0, sip_core::limits::CLIENT_TRANSACTIONS);
}

#[test]
fn the_same_seed_and_inputs_give_the_same_outputs() {
    let run = || {
        let mut bench = Bench::new();
        for n in 2..9 {
            bench.send(request(Method::Invite), hop(n));
        }
        bench.run_to(40_000);
        bench.sent.iter().map(|(at, transmit)| (*at, transmit.bytes.clone())).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
