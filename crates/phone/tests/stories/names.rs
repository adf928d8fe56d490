//! What names lead to changes while the phone works (requirement F5; failover design §2).

use crate::rig::{LINE, LOCAL, Mode, Rig, hop, invite, p1, p2};
use phone::input::{Command, FlowFault, Input, LineHop, TlsFault, Way};
use phone::settings::ServerRole;
use phone::status::CallState;
use sip_core::message::{HeaderName, Method};
use sip_core::transport::{Hop, Transport};

fn p3() -> Hop {
    hop("udp:10.0.0.3:5060")
}

fn entry(hop: Hop) -> LineHop {
    let local = LOCAL.parse().unwrap();
    LineHop { hop, role: ServerRole::Proxy, local, names: vec!["example.test".to_owned()] }
}

/// A line whose name leads to p1 and p2, registered at p1; p3 is up as well.
fn registered() -> Rig {
    let mut rig = Rig::new(|_| {});
    rig.hops = [p1(), p2(), p3()].map(entry).to_vec();
    rig.modes = vec![Mode::Up; 3];
    lead_to(&mut rig, &[p1(), p2()], &[]);
    assert_eq!(rig.account().hop, Some(p1()), "{:?}", rig.account());
    rig.sent.clear();
    rig
}

/// DNS has answered: the name leads to `hops` now, and has led to `former`.
fn lead_to(rig: &mut Rig, hops: &[Hop], former: &[Hop]) {
    let entries = |hops: &[Hop]| hops.iter().copied().map(entry).collect();
    let (hops, former) = (entries(hops), entries(former));
    rig.input(Input::Hops {
        line: LINE,
        hops,
        former,
        trusted: [].into(),
        last_good: None,
        booted: false,
    });
}

fn listed(rig: &Rig) -> Vec<Hop> {
    rig.account().hops.iter().map(|status| status.hop).collect()
}

#[test]
fn a_line_stays_where_it_is_while_that_answers_whatever_dns_says() {
    let mut rig = registered();
    lead_to(&mut rig, &[p2(), p3()], &[p1()]);
    assert_eq!(rig.account().hop, Some(p1()));
    assert_eq!(listed(&rig), [p2(), p3(), p1()]);
    rig.advance(1_000_000);
    assert_eq!(rig.account().hop, Some(p1()));
    assert_eq!(rig.log(Method::Register), [], "nothing has happened to it");
}

/// Failover design §5: "resolves or last resolved to". While a proxy is drained others still call
/// through it.
#[test]
fn a_call_is_taken_from_a_hop_that_the_name_has_led_to_and_from_no_stranger() {
    let mut rig = registered();
    lead_to(&mut rig, &[p1()], &[p2()]);
    assert_eq!(listed(&rig), [p1()], "the line does not need it");
    rig.deliver_from(p2().addr, &invite("z9hG4bKf", "drained", 1, "10.0.0.2:5060"));
    assert!(rig.responses().iter().any(|(code, _)| *code == 180), "{:?}", rig.responses());
    rig.deliver_from(p3().addr, &invite("z9hG4bKs", "stranger", 1, "10.0.0.3:5060"));
    assert_eq!(rig.responses().last(), Some(&(403, "z9hG4bKs".to_owned())));
}

/// The same where the phone boots meanwhile: it knows the drained one from what an earlier run has kept.
#[test]
fn a_phone_that_boots_while_a_hop_is_withdrawn_takes_its_calls_and_sends_nothing_there() {
    let mut rig = Rig::new(|_| {});
    rig.hops = [p1(), p2(), p3()].map(entry).to_vec();
    rig.modes = vec![Mode::Up; 3];
    lead_to(&mut rig, &[p2()], &[p1()]);
    assert_eq!(rig.account().hop, Some(p2()));
    assert_eq!(listed(&rig), [p2()]);
    rig.deliver_from(p1().addr, &invite("z9hG4bKf", "drained", 1, "10.0.0.1:5060"));
    assert!(rig.responses().iter().any(|(code, _)| *code == 180), "{:?}", rig.responses());
    rig.deliver_from(p3().addr, &invite("z9hG4bKs", "stranger", 1, "10.0.0.3:5060"));
    assert_eq!(rig.responses().last(), Some(&(403, "z9hG4bKs".to_owned())));
    rig.advance(100_000);
    let asked = rig.sent.iter().filter(|sent| !sent.is_response() && sent.to == p1());
    assert_eq!(asked.count(), 0);
}

#[test]
fn once_it_does_not_answer_any_more_the_line_moves_and_the_hop_is_forgotten() {
    let mut rig = registered();
    lead_to(&mut rig, &[p2(), p3()], &[p1()]);
    rig.modes[0] = Mode::Silent;
    rig.advance(35_000);
    assert_eq!(rig.account().hop, Some(p2()));
    rig.advance(60_000);
    assert_eq!(listed(&rig), [p2(), p3()]);
}

#[test]
fn a_server_that_the_user_has_taken_away_is_left_at_once() {
    let mut rig = registered();
    lead_to(&mut rig, &[p2(), p3()], &[]);
    assert_eq!(rig.account().hop, Some(p2()));
    assert_eq!(listed(&rig), [p2(), p3()]);
}

/// The hop's place in the list changes while a BYE is on its way through it.
#[test]
fn a_bye_on_its_way_keeps_its_hops_when_the_list_changes() {
    let mut rig = registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    rig.command(Command::HangUp(Some(id))).unwrap();
    rig.advance(1_000);
    lead_to(&mut rig, &[p3(), p2()], &[p1()]);
    rig.advance(2_900);
    let hops: Vec<Hop> = rig.log(Method::Bye).iter().map(|(_, hop)| *hop).collect();
    assert_eq!(hops, [p1(), p1(), p1(), p2()], "the order that it began with");
    assert_eq!(rig.last(Method::Bye).header(HeaderName::Route), "<sip:10.0.0.2:5060;lr;ftag=abc>");
}

#[test]
fn an_invite_on_its_way_keeps_its_hops_when_the_list_changes() {
    let mut rig = registered();
    rig.modes[0] = Mode::Silent;
    let id = rig.dial();
    rig.advance(1_000);
    lead_to(&mut rig, &[p3(), p2()], &[p1()]);
    rig.advance(2_900);
    let hops: Vec<Hop> = rig.log(Method::Invite).iter().map(|(_, hop)| *hop).collect();
    assert_eq!(hops, [p1(), p1(), p1(), p2()]);
    let invite = rig.last(Method::Invite);
    rig.answer_call(&invite, "bob", &["<sip:10.0.0.2;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
}

/// F3: a hop that only a call needs stays in the list until that is over, so that its ladder holds.
#[test]
fn a_call_keeps_the_hop_that_it_came_by_until_it_is_over() {
    let mut rig = registered();
    let id = rig.call_up();
    lead_to(&mut rig, &[p2()], &[p1()]);
    rig.modes[0] = Mode::Silent;
    rig.advance(40_000);
    assert_eq!(rig.account().hop, Some(p2()), "the line has moved");
    assert_eq!(listed(&rig), [p2(), p1()]);
    rig.command(Command::HangUp(Some(id))).unwrap();
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.to, p2(), "rung 1 at once, since p1 is known dead");
    assert_eq!(bye.header(HeaderName::Route), "<sip:10.0.0.2:5060;lr;ftag=abc>");
    rig.answer(&bye, 200);
    rig.advance(130_000);
    assert_eq!(listed(&rig), [p2()]);
}

/// A dialog leads to a name that is none of the line's: that of the callee's own host.
fn call_to_a_name() -> (Rig, phone::CallId) {
    let mut rig = registered();
    let id = rig.call_up_with(&[], "<sip:1002@desk.far.test>");
    (rig, id)
}

fn tell(rig: &mut Rig, addresses: &[&str]) {
    let target = rig.names.last().unwrap().first().unwrap().clone();
    let local = LOCAL.parse().unwrap();
    let ways = addresses.iter().map(|text| Way { hop: hop(text), local }).collect();
    rig.input(Input::Name { target, ways });
}

/// Failover design §5: "if that address is one of the line's hops … otherwise 64·T1", and
/// RFC 3263 §4.3 for a name with several.
#[test]
fn a_name_that_only_the_dialog_leads_to_is_looked_up_and_each_address_tried() {
    let (mut rig, id) = call_to_a_name();
    let asked: Vec<&str> = rig.names[0].iter().map(|target| target.name.as_str()).collect();
    assert_eq!(asked, ["desk.far.test"]);
    tell(&mut rig, &["udp:10.7.7.1:5060", "udp:10.7.7.2:5060"]);
    rig.command(Command::HangUp(Some(id))).unwrap();
    rig.advance(3_600);
    let hops: Vec<String> = rig.log(Method::Bye).iter().map(|(_, hop)| hop.to_string()).collect();
    let (first, second) = ("udp:10.7.7.1:5060", "udp:10.7.7.2:5060");
    assert_eq!(hops, [first, first, first, second], "A3's time for each but the last");
    assert!(rig.account().hops.iter().all(|hop| hop.cause.is_none()), "the line learns nothing");
    let bye = rig.last(Method::Bye);
    rig.answer(&bye, 200);
    rig.advance(1_000);
    assert_eq!(rig.names.last().unwrap().len(), 0, "no longer needed");
}

/// RFC 3263 §4.1: the transport that the URI names; and a connection that cannot be had is the next
/// address at once (requirement A2).
#[test]
fn a_name_that_only_the_dialog_leads_to_is_reached_by_the_transport_that_it_says() {
    for (transport, port) in [("tcp", 5060), ("tls", 5061)] {
        let mut rig = registered();
        let contact = format!("<sip:1002@desk.far.test;transport={transport}>");
        let id = rig.call_up_with(&[], &contact);
        let target = rig.names[0].first().unwrap().clone();
        assert_eq!(target.transports, [transport.parse().unwrap()]);
        let ways = ["10.7.7.1", "10.7.7.2"].map(|ip| format!("{transport}:{ip}:{port}"));
        let hops = [hop(&ways[0]), hop(&ways[1])];
        rig.others = vec![(hops[0], Mode::Dead), (hops[1], Mode::Up)];
        tell(&mut rig, &[&ways[0], &ways[1]]);
        rig.command(Command::HangUp(Some(id))).unwrap();
        let bye = rig.last(Method::Bye);
        assert_eq!((bye.to, bye.at), (hops[1], rig.ms()));
        let via = format!("SIP/2.0/{} 10.0.0.9:5060;", transport.to_uppercase());
        assert!(bye.header(HeaderName::Via).starts_with(&via), "{}", bye.header(HeaderName::Via));
        let verified = rig.connects.iter().map(|(_, hop, names)| (*hop, names.join(" ")));
        let name = || "desk.far.test".to_owned();
        assert_eq!(verified.collect::<Vec<_>>(), [(hops[0], name()), (hops[1], name())]);
        assert!(
            rig.account().hops.iter().all(|hop| hop.cause.is_none()),
            "the line learns nothing"
        );
        rig.answer(&bye, 200);
        assert_eq!(rig.log(Method::Bye).len(), 1);
    }
}

/// RFC 3261 §26.2.2: sips means TLS, and another transport is never taken in its place.
#[test]
fn a_name_behind_sips_is_looked_up_for_tls_alone_and_one_that_says_nothing_for_every_transport() {
    for (contact, transports) in [
        ("<sips:1002@desk.far.test>", &[Transport::Tls][..]),
        ("<sip:1002@desk.far.test>", &[Transport::Udp, Transport::Tcp, Transport::Tls]),
    ] {
        let mut rig = registered();
        rig.call_up_with(&[], contact);
        assert_eq!(rig.names[0].first().unwrap().transports, transports, "{contact}");
    }
}

/// RFC 5922: a certificate is held against the name that led there.
#[test]
fn a_dialogs_host_whose_certificate_is_refused_is_not_told_the_bye() {
    let mut rig = registered();
    let id = rig.call_up_with(&[], "<sip:1002@desk.far.test;transport=tls>");
    let host = hop("tls:10.7.7.1:5061");
    rig.others = vec![(host, Mode::Silent)];
    tell(&mut rig, &["tls:10.7.7.1:5061"]);
    rig.command(Command::HangUp(Some(id))).unwrap();
    let why = FlowFault::Tls(TlsFault::WrongName);
    rig.input(Input::FlowFailed { hop: host, why });
    assert_eq!(rig.log(Method::Bye), [], "nor in the clear");
    assert_eq!(rig.state(id), CallState::Ended);
}

#[test]
fn until_it_is_looked_up_and_where_it_leads_nowhere_the_way_of_the_set_up_is_taken() {
    let (mut rig, id) = call_to_a_name();
    tell(&mut rig, &[]);
    rig.command(Command::HangUp(Some(id))).unwrap();
    assert_eq!(rig.last(Method::Bye).to, p1());
}

/// Failover design §5: the Contact of a B2BUA counts as the line's hop, and the ladder applies.
#[test]
fn a_name_that_turns_out_to_be_the_lines_hop_has_the_ladder() {
    let (mut rig, id) = call_to_a_name();
    tell(&mut rig, &["udp:10.0.0.1:5060"]);
    rig.modes[0] = Mode::Dead;
    rig.command(Command::HangUp(Some(id))).unwrap();
    let hops: Vec<Hop> = rig.log(Method::Bye).iter().map(|(_, hop)| *hop).collect();
    assert_eq!(hops, [p1(), p2()]);
}
