//! An answer that the network does not take finds another way (requirement A5; RFC 3261 §18.2.2,
//! RFC 3263 §5).

use phone::input::{Command, FlowFault, Input, Undeliverable};
use phone::settings::ServerRole;
use phone::status::CallState;
use sip_core::message::{HeaderName, Response};
use sip_core::transport::Hop;

use crate::rig::{Mode, Rig, Sent, hop, invite, line_settings, p1, p2};

/// Registered at the first of two proxies that share a name.
fn behind_one_name(transport: &str) -> Rig {
    let hops = [format!("{transport}:10.0.0.1:5060"), format!("{transport}:10.0.0.2:5060")];
    let roles = [ServerRole::Proxy, ServerRole::BackupProxy];
    let pairs = [(hops[0].as_str(), roles[0]), (hops[1].as_str(), roles[1])];
    let mut rig = Rig::with_hops(line_settings(), &pairs);
    for entry in &mut rig.hops {
        entry.names = vec!["pbx.test".to_owned()];
    }
    rig.plug_in();
    assert_eq!(rig.account().hop, Some(rig.hops[0].hop));
    rig.sent.clear();
    rig
}

/// Where answers went, by code.
fn answers(rig: &Rig) -> Vec<(u16, Hop)> {
    let all = rig.sent.iter().filter(|sent| sent.is_response());
    all.map(|sent| (sent.response().code.as_u16(), sent.to)).collect()
}

fn last_answer(rig: &Rig) -> Sent {
    rig.sent.iter().rfind(|sent| sent.is_response()).unwrap().clone()
}

#[test]
fn a_ringing_that_the_network_refuses_goes_through_the_other_proxy_and_so_does_what_follows() {
    for why in [Undeliverable::Net, Undeliverable::Host, Undeliverable::Port] {
        let mut rig = behind_one_name("udp");
        rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, "pbx.test"));
        let ringing = last_answer(&rig);
        rig.undeliverable(&ringing, why);
        assert_eq!(answers(&rig), [(180, p1()), (180, p2())]);
        assert_eq!(last_answer(&rig).bytes, ringing.bytes, "the same answer");
        rig.command(Command::Answer(None)).unwrap();
        assert_eq!(answers(&rig).last(), Some(&(200, p2())), "once found, it is kept");
        rig.undeliverable(&ringing, why);
        assert_eq!(answers(&rig).len(), 3, "late news of the old way");
    }
}

/// Routers quote little; what they do not quote may be any answer that is still waited for.
#[test]
fn an_error_that_quotes_nothing_is_about_what_waits_there() {
    let mut rig = behind_one_name("udp");
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, "pbx.test"));
    let quoted = Vec::new();
    rig.input(Input::Undeliverable { to: p1(), quoted, why: Undeliverable::Port });
    assert_eq!(answers(&rig), [(180, p1()), (180, p2())]);
    let other = b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP pbx.test;branch=z9hG4bKother".to_vec();
    rig.input(Input::Undeliverable { to: p2(), quoted: other, why: Undeliverable::Port });
    assert_eq!(answers(&rig).len(), 2, "the answer to another request");
}

#[test]
fn when_every_way_has_failed_the_answer_stays_where_it_is() {
    let mut rig = behind_one_name("udp");
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, "pbx.test"));
    rig.icmp(&last_answer(&rig));
    rig.icmp(&last_answer(&rig));
    assert_eq!(answers(&rig), [(180, p1()), (180, p2())]);
    // The proxy asks again: it lives.
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, "pbx.test"));
    assert_eq!(answers(&rig).len(), 3);
}

/// Requirement F10: a sent-by is its sender's word.
#[test]
fn an_answer_never_goes_to_a_host_that_is_no_server_of_the_line() {
    for (source, via) in [
        (p1(), "victim.test"),
        (p1(), "10.9.9.9"),
        // A stranger that names the line's servers.
        (hop("udp:10.66.0.1:5060"), "pbx.test"),
    ] {
        let mut rig = behind_one_name("udp");
        rig.deliver_from(source.addr, &invite("z9hG4bKa", "call-1", 1, via));
        let first = last_answer(&rig);
        assert_eq!(first.to, source);
        rig.icmp(&first);
        assert_eq!(answers(&rig).len(), 1, "{via}: {:?}", answers(&rig));
    }
}

/// RFC 3261 §18.2.2, before anything else: the address that it came from, at its own port.
#[test]
fn an_answer_tries_the_port_that_its_sender_names_before_another_proxy() {
    let mut rig = behind_one_name("udp");
    let source = hop("udp:10.0.0.1:40000");
    rig.deliver_from(source.addr, &invite("z9hG4bKa", "call-1", 1, "pbx.test:5060;rport"));
    rig.icmp(&last_answer(&rig));
    rig.icmp(&last_answer(&rig));
    assert_eq!(answers(&rig), [(180, source), (180, p1()), (180, p2())]);
}

#[test]
fn our_own_network_being_away_moves_no_answer() {
    let mut rig = behind_one_name("udp");
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, "pbx.test"));
    for why in [Undeliverable::Local, Undeliverable::Soft] {
        rig.undeliverable(&last_answer(&rig), why);
        assert_eq!(answers(&rig).len(), 1, "{why:?}");
    }
}

/// An INVITE that comes over the line's own connection to its first proxy.
fn rings_over_tcp() -> (Rig, Hop, Hop) {
    let mut rig = behind_one_name("tcp");
    let (first, second) = (rig.hops[0].hop, rig.hops[1].hop);
    let bytes = invite("z9hG4bKa", "call-1", 1, "pbx.test");
    let text = String::from_utf8(bytes).unwrap().replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    rig.deliver(first, text.as_bytes());
    assert_eq!(answers(&rig), [(180, first)]);
    (rig, first, second)
}

#[test]
fn an_answer_whose_connection_is_gone_for_good_goes_over_one_to_the_other_proxy() {
    let (mut rig, first, second) = rings_over_tcp();
    rig.modes[0] = Mode::Dead;
    rig.lose(first, FlowFault::Reset);
    let id = rig.phone.calls(rig.now)[0].id;
    assert_eq!(rig.state(id), CallState::Ringing, "a connection is not the call");
    rig.command(Command::Answer(None)).unwrap();
    assert_eq!(answers(&rig).last(), Some(&(200, second)));
}

/// No timer repeats a failure over a connection (RFC 3261 §17.2.1).
#[test]
fn a_refusal_that_has_no_ack_goes_again_over_the_connection_that_replaces_its_own() {
    let (mut rig, first, _) = rings_over_tcp();
    let id = rig.phone.calls(rig.now)[0].id;
    rig.command(Command::Reject(id)).unwrap();
    rig.lose(first, FlowFault::Reset);
    let refusals = answers(&rig).into_iter().filter(|(code, _)| *code == 486);
    assert_eq!(refusals.collect::<Vec<_>>(), [(486, first), (486, first)]);
    assert_eq!(rig.connects.iter().filter(|(_, hop, _)| *hop == first).count(), 2);
}

/// Requirement A2: a line speaks TLS to one of its servers and UDP to the other, which calls by TLS all
/// the same. Whatever the phone says of itself in that call names the port and the transport together.
#[test]
fn a_call_that_came_by_tls_is_reached_by_tls_to_its_end() {
    let hops =
        [("tls:10.0.0.1:5061", ServerRole::Proxy), ("udp:10.0.0.2:5060", ServerRole::BackupProxy)];
    let mut rig = Rig::with_hops(line_settings(), &hops);
    rig.plug_in();
    let peer = hop("tls:10.0.0.2:40000");
    rig.open.insert(peer);
    rig.input(Input::FlowAccepted { hop: peer, local: "10.0.0.9:5061".parse().unwrap() });
    let invite = |branch: &str, cseq: u32, tag: &str| {
        let text = String::from_utf8(invite(branch, "in-1", cseq, "10.0.0.2:5061")).unwrap();
        let to = format!("To: <sip:1001@example.test>{tag}\r\n");
        text.replace("SIP/2.0/UDP", "SIP/2.0/TLS").replace("To: <sip:1001@example.test>\r\n", &to)
    };
    rig.deliver(peer, invite("z9hG4bKi", 1, "").as_bytes());
    rig.command(Command::Answer(None)).unwrap();
    let contact =
        |response: &Response| response.headers.get(&HeaderName::Contact).map(str::to_owned);
    let answer = rig.last_response();
    assert!(contact(&answer).unwrap().contains(":5061;transport=tls"));
    let tag = format!(";tag={}", answer.headers.to().unwrap().tag().unwrap());
    let ack = invite("z9hG4bKa", 1, &tag).replace("INVITE", "ACK");
    rig.deliver(peer, ack.as_bytes());
    rig.deliver(peer, invite("z9hG4bKj", 2, &tag).as_bytes());
    let again = rig.last_response();
    assert_eq!((again.code.as_u16(), contact(&again)), (200, contact(&answer)));
}
