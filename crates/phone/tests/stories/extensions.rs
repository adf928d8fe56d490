//! Extensions that a server refuses or demands (failover design §1, row 3: "421/420 for an optional
//! extension"; RFC 3261 §8.1.3.5), and outbound, which only some registrars do (RFC 5626).

use phone::input::Command;
use phone::status::{CallState, LineState};
use sip_core::message::{HeaderName, Method};
use sip_core::transport::Hop;

use crate::rig::{Mode, Rig, Sent, p1, p2};

/// Answers that somebody on the way does not know these extensions.
fn refuse(rig: &mut Rig, sent: &Sent, unknown: &str) {
    rig.reply(sent, 420, |response, _| response.headers.push(HeaderName::Unsupported, unknown));
}

/// Answers that these extensions are needed.
fn demand(rig: &mut Rig, sent: &Sent, needed: &str) {
    rig.reply(sent, 421, |response, _| response.headers.push(HeaderName::Require, needed));
}

/// A 200 to a REGISTER.
fn grant(rig: &mut Rig, sent: &Sent, outbound: bool) {
    rig.reply(sent, 200, |response, request| {
        let contact = request.headers.get(&HeaderName::Contact).unwrap();
        response.headers.push(HeaderName::Contact, contact);
        if outbound {
            response.headers.push(HeaderName::Require, "outbound");
        }
    });
}

fn last_to(rig: &Rig, hop: Hop, method: Method) -> Sent {
    let there = |sent: &&Sent| sent.is(method.clone()) && sent.to == hop;
    rig.sent.iter().rfind(there).cloned().unwrap()
}

fn offered(sent: &Sent) -> String {
    sent.header(HeaderName::Supported)
}

#[test]
fn an_invite_that_is_refused_for_an_extension_goes_to_the_same_hop_without_it() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let first = rig.last(Method::Invite);
    assert_eq!(offered(&first), "timer, replaces, 100rel");
    refuse(&mut rig, &first, "100rel, timer");
    let second = rig.last(Method::Invite);
    assert_eq!((second.to, second.cseq()), (p1(), first.cseq() + 1));
    assert_ne!(second.branch(), first.branch());
    assert_eq!(offered(&second), "replaces");
    assert_eq!(second.header(HeaderName::SessionExpires), "", "no timer, no session that expires");
    rig.answer_call(&second, "bob", &[], "<sip:1002@10.0.0.50:5060>");
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(rig.account().hop, Some(p1()), "nothing was learnt against the hop");
}

#[test]
fn what_one_hop_does_not_know_is_not_offered_to_the_next_one_either() {
    let mut rig = Rig::registered();
    rig.dial();
    let first = rig.last(Method::Invite);
    refuse(&mut rig, &first, "100rel");
    let second = rig.last(Method::Invite);
    rig.answer(&second, 503);
    let third = rig.last(Method::Invite);
    assert_eq!((third.to, offered(&third).as_str()), (p2(), "timer, replaces"));
}

#[test]
fn an_extension_that_is_demanded_and_known_is_offered_although_a_setting_leaves_it_out() {
    let mut rig = Rig::registered_with(|line| line.reliable_provisional = false);
    let id = rig.dial();
    let first = rig.last(Method::Invite);
    assert_eq!(offered(&first), "timer, replaces");
    demand(&mut rig, &first, "100rel");
    let second = rig.last(Method::Invite);
    assert_eq!((second.to, offered(&second).as_str()), (p1(), "timer, replaces, 100rel"));
    demand(&mut rig, &second, "100rel");
    assert_eq!(rig.call(id).ended.unwrap().code, 421, "it was offered: asking again helps nobody");
}

#[test]
fn a_refusal_that_leaves_nothing_to_change_ends_the_call_in_the_servers_words() {
    for (code, name, tags) in
        [(420, HeaderName::Unsupported, "path"), (421, HeaderName::Require, "sec-agree")]
    {
        let mut rig = Rig::registered();
        let id = rig.dial();
        let first = rig.last(Method::Invite);
        rig.reply(&first, code, |response, _| response.headers.push(name, tags));
        assert_eq!(rig.call(id).ended.unwrap().code, code);
        assert_eq!(rig.log(Method::Invite).len(), 1);
    }
}

/// A server that wants now this and now that is not asked for ever.
#[test]
fn a_call_changes_what_it_offers_three_times_at_most() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    for round in 0..4 {
        assert_eq!(rig.state(id), CallState::Dialing, "{round}");
        let invite = rig.last(Method::Invite);
        match round % 2 {
            0 => refuse(&mut rig, &invite, "100rel"),
            _ => demand(&mut rig, &invite, "100rel"),
        }
    }
    assert_eq!(rig.call(id).ended.unwrap().code, 421);
    assert_eq!(rig.log(Method::Invite).len(), 4);
}

#[test]
fn a_hold_that_is_refused_for_an_extension_is_sent_again_without_it() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.command(Command::Hold(id)).unwrap();
    let first = rig.last(Method::Invite);
    refuse(&mut rig, &first, "100rel");
    let second = rig.last(Method::Invite);
    assert_eq!((second.cseq(), offered(&second).as_str()), (first.cseq() + 1, "timer, replaces"));
    assert_eq!(second.request().body, first.request().body);
    rig.answer_call(&second, "bob", &[], "<sip:1002@10.0.0.50:5060>");
    assert_eq!(rig.state(id), CallState::Held);
}

/// RFC 5626 §4.2.1: what a line offers that is to be registered at both.
#[test]
fn only_a_line_that_is_registered_at_both_offers_outbound() {
    let mut rig = Rig::new(|_| {});
    rig.plug_in();
    assert_eq!(offered(&rig.last(Method::Register)), "");
    let mut rig = Rig::new(|line| line.register_both = true);
    rig.plug_in();
    for hop in [p1(), p2()] {
        assert_eq!(offered(&last_to(&rig, hop, Method::Register)), "path, outbound");
    }
}

#[test]
fn a_registrar_that_demands_outbound_gets_it() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    demand(&mut rig, &first, "path");
    let second = rig.last(Method::Register);
    assert_eq!((second.to, second.cseq()), (p1(), first.cseq() + 1));
    assert_eq!(offered(&second), "path, outbound");
    demand(&mut rig, &second, "outbound");
    assert_eq!(rig.account().state, LineState::Failed, "it was offered");
}

#[test]
fn a_registrar_that_refuses_outbound_gets_a_plain_binding() {
    for unknown in ["outbound", "path", "path, outbound"] {
        let mut rig = Rig::new(|line| line.register_both = true);
        rig.modes[0] = Mode::Silent;
        rig.plug_in();
        let first = rig.last(Method::Register);
        refuse(&mut rig, &first, unknown);
        let second = rig.last(Method::Register);
        assert_eq!((second.to, offered(&second).as_str()), (p1(), ""));
        assert!(!second.header(HeaderName::Contact).contains("reg-id"));
        grant(&mut rig, &second, false);
        assert_eq!(rig.account().state, LineState::Registered);
    }
}

/// RFC 5626 §4.3, §6: `ob` says that the requests of a call are to come by the flow of the
/// registration; it means something to a proxy whose registrar has said that it does outbound.
#[test]
fn a_call_names_its_flow_where_the_registrar_does_outbound() {
    for outbound in [false, true] {
        let mut rig = Rig::new(|line| line.register_both = true);
        rig.modes[0] = Mode::Silent;
        rig.plug_in();
        let first = rig.last(Method::Register);
        grant(&mut rig, &first, outbound);
        rig.dial();
        let contact = rig.last(Method::Invite).message.headers().contact().unwrap();
        assert_eq!(contact.uri.params.has("ob"), outbound, "{contact}");
        assert_eq!(offered(&rig.last(Method::Invite)).contains("outbound"), outbound);
        let register = first.message.headers().contact().unwrap();
        assert!(!register.uri.params.has("ob"), "the binding itself has none");
    }
}

#[test]
fn a_call_whose_flow_nobody_may_name_does_without() {
    let mut rig = Rig::new(|line| line.register_both = true);
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    grant(&mut rig, &first, true);
    rig.dial();
    let named = rig.last(Method::Invite);
    refuse(&mut rig, &named, "outbound");
    let plain = rig.last(Method::Invite);
    assert_eq!((plain.to, offered(&plain).as_str()), (p1(), "timer, replaces, 100rel"));
    assert!(!plain.header(HeaderName::Contact).contains(";ob"));
}

#[test]
fn each_flow_is_named_by_what_its_own_registrar_has_said() {
    let mut rig = Rig::new(|line| line.register_both = true);
    rig.modes = vec![Mode::Silent; 2];
    rig.plug_in();
    let first = rig.last(Method::Register);
    grant(&mut rig, &first, false);
    let second = rig.last(Method::Register);
    assert_eq!(second.to, p2());
    grant(&mut rig, &second, true);
    rig.dial();
    let at_first = rig.last(Method::Invite);
    rig.answer(&at_first, 503);
    let at_second = rig.last(Method::Invite);
    let named = |sent: &Sent| sent.message.headers().contact().unwrap().uri.params.has("ob");
    assert_eq!((at_first.to, named(&at_first)), (p1(), false));
    assert_eq!((at_second.to, named(&at_second)), (p2(), true));
}
