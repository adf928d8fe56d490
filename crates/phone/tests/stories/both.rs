//! Registered at both: a second registration beside the line's own (failover design §3, §4, §6;
//! RFC 5626 §4.2).

use std::time::Duration;

use phone::input::Command;
use phone::output::Event;
use phone::settings::LineSettings;
use phone::status::LineState;
use sip_core::message::{HeaderName, Method};
use sip_core::transport::Hop;

use crate::rig::{LINE, Mode, Rig, Sent, invite, p1, p2};

fn at_both(line: &mut LineSettings) {
    line.register_both = true;
    line.policy_mut().keep_alive_spread = 0;
}

fn registers(rig: &Rig, hop: Hop) -> Vec<Sent> {
    let there = |sent: &&Sent| sent.is(Method::Register) && sent.to == hop;
    rig.sent.iter().filter(there).cloned().collect()
}

fn started(change: impl FnOnce(&mut LineSettings)) -> Rig {
    let mut rig = Rig::new(|line| {
        at_both(line);
        change(line);
    });
    rig.plug_in();
    rig
}

#[test]
fn the_second_registration_has_a_call_id_and_a_reg_id_of_its_own_and_the_same_instance() {
    let rig = started(|_| {});
    let (first, second) = (registers(&rig, p1()).remove(0), registers(&rig, p2()).remove(0));
    assert_ne!(first.header(HeaderName::CallId), second.header(HeaderName::CallId));
    let contact = |sent: &Sent| sent.message.headers().contact().unwrap();
    assert_eq!(contact(&first).params.value("reg-id"), Some("1"));
    assert_eq!(contact(&second).params.value("reg-id"), Some("2"));
    let instance = |sent: &Sent| contact(sent).params.value("+sip.instance").map(str::to_owned);
    assert_eq!(instance(&first), instance(&second));
    assert_eq!(contact(&first).uri, contact(&second).uri);
    let account = rig.account();
    assert_eq!(account.hop, Some(p1()));
    assert!(
        account.message.to_string().ends_with("; also registered at udp:10.0.0.2:5060"),
        "{account:?}"
    );
}

#[test]
fn without_the_setting_nothing_is_registered_at_a_second_hop() {
    let mut rig = Rig::registered();
    rig.advance(4_000_000);
    assert!(registers(&rig, p2()).is_empty());
}

/// "Refreshed independently".
#[test]
fn each_registration_is_refreshed_by_itself() {
    let mut rig = started(|line| line.server1.expiry = Duration::from_secs(120));
    rig.sent.clear();
    rig.advance(400_000);
    for hop in [p1(), p2()] {
        let sent = registers(&rig, hop);
        assert!((4..=7).contains(&sent.len()), "{hop}: {}", sent.len());
        let ids: std::collections::BTreeSet<String> =
            sent.iter().map(|sent| sent.header(HeaderName::CallId)).collect();
        assert_eq!(ids.len(), 1, "one Call-ID, CSeq raised");
        assert!(sent.windows(2).all(|pair| pair[0].cseq() < pair[1].cseq()));
    }
}

/// Failover design §4: "a call that arrives through both proxies rings once".
#[test]
fn a_call_that_arrives_by_both_bindings_rings_once() {
    let mut rig = started(|_| {});
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, "10.0.0.1"));
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 1, "10.0.0.2"));
    assert_eq!(rig.phone.calls(rig.now).len(), 1);
    rig.command(Command::Answer(None)).unwrap();
    let finals: Vec<u16> =
        rig.responses().into_iter().map(|(code, _)| code).filter(|code| *code >= 200).collect();
    assert_eq!(finals.iter().filter(|code| **code == 200).count(), 1, "{finals:?}");
}

/// What it is for: the primary has died, nobody has noticed, and a call comes all the same.
#[test]
fn when_the_primary_dies_the_line_moves_and_nothing_is_unregistered() {
    let mut rig = started(|_| {});
    rig.advance(1_000);
    rig.modes[0] = Mode::Silent;
    rig.sent.clear();
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 1, "10.0.0.2"));
    assert_eq!(rig.phone.calls(rig.now).len(), 1, "at once");
    rig.advance(100_000);
    assert_eq!(rig.account().hop, Some(p2()));
    let removing = |sent: &Sent| sent.header(HeaderName::Contact).contains("expires=0");
    assert!(!rig.sent.iter().any(|sent| sent.is(Method::Register) && removing(sent)));
    let retries = registers(&rig, p1());
    assert!(!retries.is_empty(), "the old primary is asked again, with back-off");
    rig.modes[0] = Mode::Up;
    rig.sent.clear();
    rig.advance(400_000);
    let held = registers(&rig, p1());
    assert!(!held.is_empty());
    assert_eq!(rig.account().hop, Some(p2()), "the line returns by its own rules");
    assert!(rig.account().message.to_string().contains("also registered at udp:10.0.0.1:5060"));
}

/// A second registration never moves the line, and gives up never.
#[test]
fn a_second_server_that_is_dead_is_asked_with_back_off_and_moves_nothing() {
    let mut rig = Rig::new(at_both);
    rig.modes[1] = Mode::Dead;
    rig.plug_in();
    rig.advance(3_000_000);
    let times: Vec<u128> = registers(&rig, p2()).iter().map(|sent| sent.at).collect();
    assert!((8..=30).contains(&times.len()), "{times:?}");
    assert!(times.windows(2).skip(6).all(|pair| pair[1] - pair[0] <= 301_000), "{times:?}");
    assert!(rig.events.iter().all(|(_, event)| !matches!(event, Event::Failover(_))));
    let account = rig.account();
    assert_eq!((account.hop, account.state), (Some(p1()), LineState::Registered));
    assert!(account.hops[1].cause.unwrap().to_string().starts_with("icmp"));
    assert!(!account.message.to_string().contains("also registered"));
}

/// RFC 5626 §6: 439; "plain double registration for registrars without outbound".
#[test]
fn a_registrar_without_outbound_gets_a_plain_second_binding() {
    let mut rig = Rig::new(at_both);
    rig.modes[1] = Mode::Silent;
    rig.plug_in();
    let asked = registers(&rig, p2()).remove(0);
    rig.modes[1] = Mode::Up;
    rig.answer(&asked, 439);
    let plain = registers(&rig, p2()).last().cloned().unwrap();
    assert!(!plain.header(HeaderName::Contact).contains("reg-id"));
    assert!(rig.account().message.to_string().contains("also registered"));
}

/// "The un-REGISTER at both on shutdown", never with `*` (failover design §3).
#[test]
fn shutting_down_takes_both_registrations_back() {
    let mut rig = started(|_| {});
    rig.sent.clear();
    rig.command(Command::ShutDown).unwrap();
    for hop in [p1(), p2()] {
        let sent = registers(&rig, hop);
        assert_eq!(sent.len(), 1, "{hop}");
        let contact = sent[0].header(HeaderName::Contact);
        assert!(contact.contains("expires=0") && contact != "*", "{contact}");
    }
    assert!(rig.phone.is_quiet());
}

#[test]
fn switching_it_off_takes_the_second_registration_back_and_leaves_the_first() {
    let mut rig = started(|_| {});
    rig.sent.clear();
    let mut settings = crate::rig::line_settings();
    settings.policy_mut().keep_alive_spread = 0;
    let user_agent = "phoned/test".to_owned();
    let lines = vec![settings];
    let settings = phone::settings::Settings { lines, user_agent, ..Default::default() };
    rig.input(phone::input::Input::Settings(settings));
    let sent = registers(&rig, p2());
    assert_eq!(sent.len(), 1);
    assert!(sent[0].header(HeaderName::Contact).contains("expires=0"));
    assert!(registers(&rig, p1()).is_empty());
    rig.advance(1_000_000);
    assert_eq!(registers(&rig, p2()).len(), 1);
}

/// Failover design §6: "on link up, REGISTER": the second registration too.
#[test]
fn after_a_link_loss_both_are_made_again() {
    let mut rig = started(|_| {});
    rig.advance(5_000);
    rig.sent.clear();
    rig.input(phone::input::Input::Link { up: false });
    rig.advance(10_000);
    rig.input(phone::input::Input::Link { up: true });
    for hop in [p1(), p2()] {
        assert_eq!(registers(&rig, hop).len(), 1, "{hop}");
    }
}

/// Failover design §6: on link up, and at a new address, at once.
#[test]
fn a_new_address_is_registered_at_both() {
    let mut rig = started(|_| {});
    rig.sent.clear();
    rig.move_to("10.0.0.77:5060");
    for hop in [p1(), p2()] {
        let contact = registers(&rig, hop).last().unwrap().header(HeaderName::Contact);
        assert!(contact.contains("10.0.0.77"), "{hop}: {contact}");
    }
    assert_eq!(rig.account().line, LINE);
}
