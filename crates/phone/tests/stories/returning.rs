//! Going back to the primary (requirements C1 to C5; failover design §2, §6).

use phone::output::{Event, Output};
use phone::status::CallState;
use sip_core::message::{HeaderName, Method};

use crate::rig::{Mode, Rig, p1, p2};

fn failbacks(rig: &Rig) -> Vec<String> {
    let cause = |event: &Event| match event {
        Event::Failback(switch) if switch.to == p1() => Some(switch.cause.to_string()),
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| cause(event)).collect()
}

/// Requirement C4: every interval a REGISTER with a new Call-ID; its 200 makes the primary current.
#[test]
fn register_failback_probes_with_a_new_call_id_and_returns() {
    let mut rig = Rig::on_backup(|_| {});
    let before = rig.account();
    rig.advance(1_600_000);
    let probes =
        |rig: &Rig| rig.log(Method::Register).iter().filter(|(_, hop)| *hop == p1()).count();
    assert_eq!(probes(&rig), 0, "1800 s, give or take a tenth");
    rig.advance(390_000);
    assert_eq!(probes(&rig), 3, "A3's time, for one hop only");
    assert_eq!(rig.account().hop, Some(p2()), "a failed probe changes nothing");
    assert_eq!(rig.account().since, before.since);
    let probe = rig.last(Method::Register);
    rig.modes[0] = Mode::Up;
    rig.advance(2_000_000);
    assert_eq!(rig.account().hop, Some(p1()));
    assert_eq!(failbacks(&rig), ["interval"]);
    let mut ids: Vec<String> = rig
        .sent
        .iter()
        .filter(|sent| sent.is(Method::Register))
        .map(|sent| sent.header(HeaderName::CallId))
        .collect();
    ids.sort();
    ids.dedup();
    assert!(ids.len() >= 3, "the line's, the failed probe's, the next probe's");
    let un_registers = rig.sent.iter().filter(|sent| {
        sent.is(Method::Register) && sent.header(HeaderName::Contact).contains("expires=0")
    });
    assert_eq!(un_registers.count(), 0, "the old one is left to expire");
    assert_ne!(
        rig.last(Method::Register).header(HeaderName::CallId),
        probe.header(HeaderName::CallId)
    );
}

/// Requirement C1: the refresh goes to the primary first, in the same dialog.
#[test]
fn signal_failback_by_register_keeps_the_call_id() {
    let mut rig = Rig::on_backup(|line| {
        line.policy_mut().signal_failback = true;
        line.policy_mut().register_failback = false;
        line.server1.expiry = std::time::Duration::from_secs(120);
    });
    rig.modes[0] = Mode::Up;
    rig.advance(120_000);
    let refresh = rig.sent.iter().find(|sent| sent.is(Method::Register)).unwrap();
    assert_eq!(refresh.to, p1());
    assert_eq!(rig.account().hop, Some(p1()));
    assert_eq!(failbacks(&rig), ["signal"]);
}

/// Requirement C5: a failed signal failback goes on as failover does.
#[test]
fn a_failed_signal_failback_refreshes_at_the_backup() {
    let mut rig = Rig::on_backup(|line| {
        line.policy_mut().signal_failback = true;
        line.policy_mut().register_failback = false;
        line.server1.expiry = std::time::Duration::from_secs(120);
    });
    rig.advance(120_000);
    let hops: Vec<_> = rig.log(Method::Register).iter().map(|(_, hop)| *hop).collect();
    assert_eq!(hops[..4], [p1(), p1(), p1(), p2()]);
    assert_eq!(rig.account().hop, Some(p2()));
    assert!(failbacks(&rig).is_empty());
}

/// Requirement C2: a call goes to the primary first; its answer sends a REGISTER there at once.
#[test]
fn signal_failback_by_invite_registers_where_the_call_was_answered() {
    let mut rig = Rig::on_backup(|line| {
        line.policy_mut().signal_failback = true;
        line.policy_mut().register_failback = false;
    });
    rig.modes[0] = Mode::Up;
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    assert_eq!(invite.to, p1());
    assert!(rig.log(Method::Register).is_empty());
    rig.answer_call(&invite, "bob", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(rig.log(Method::Register).first().map(|(_, hop)| *hop), Some(p1()));
    assert_eq!(rig.account().hop, Some(p1()));
    assert_eq!(failbacks(&rig), ["signal"]);
}

/// Failover design §6: any answer but 408 and 5xx.
#[test]
fn a_call_that_is_refused_at_the_primary_proves_it_alive_all_the_same() {
    for (code, back) in [(486, true), (404, true), (503, false), (408, false)] {
        let mut rig = Rig::on_backup(|line| line.policy_mut().signal_failback = true);
        rig.modes[0] = Mode::Up;
        rig.dial();
        let invite = rig.last(Method::Invite);
        rig.answer(&invite, code);
        assert_eq!(rig.account().hop == Some(p1()), back, "{code}");
    }
}

/// The default: without signal failback a call goes where the line is registered.
#[test]
fn without_signal_failback_a_call_goes_to_the_backup() {
    let mut rig = Rig::on_backup(|_| {});
    rig.dial();
    assert_eq!(rig.last(Method::Invite).to, p2());
}

/// Requirement C4: calls in progress are not disturbed.
#[test]
fn a_failback_does_not_disturb_a_call() {
    let mut rig = Rig::on_backup(|_| {});
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer_call(&invite, "bob", &["<sip:10.0.0.2;lr>"], "<sip:1002@10.0.0.50>");
    rig.modes[0] = Mode::Up;
    rig.advance(2_000_000);
    assert_eq!(rig.account().hop, Some(p1()));
    assert_eq!(rig.state(id), CallState::Active);
    assert!(rig.log(Method::Bye).is_empty() && rig.log(Method::Invite).len() == 1);
}

/// Failover design §1: 503 with Retry-After keeps its hop out for that long (freeswitch#2917).
#[test]
fn a_primary_that_asks_to_wait_is_left_alone_for_that_long() {
    let mut rig = Rig::new(|line| {
        line.policy_mut().failback_interval = std::time::Duration::from_secs(30);
    });
    rig.modes[0] = Mode::Busy(300);
    rig.plug_in();
    assert_eq!(rig.account().hop, Some(p2()));
    rig.sent.clear();
    rig.modes[0] = Mode::Up;
    rig.advance(299_000);
    assert!(rig.sent.iter().all(|sent| sent.to != p1()), "{:?}", rig.log(Method::Register));
    rig.advance(60_000);
    assert_eq!(rig.account().hop, Some(p1()));
}

/// Failover design §2: what is remembered over a restart.
#[test]
fn the_hop_is_remembered_with_the_primarys_state() {
    let rig = Rig::on_backup(|_| {});
    let Some(Output::Remember { last_good: Some(last), .. }) = rig.remembered.last() else {
        panic!("{:?}", rig.remembered)
    };
    assert_eq!((last.hop, last.primary_was_unavailable), (p2(), true));
}

/// Failover design §2: after a restart the line begins at the last good hop, then probes the
/// primary at once.
#[test]
fn after_a_restart_the_line_begins_where_it_was_and_probes_the_primary_at_once() {
    let mut rig = Rig::new(|_| {});
    let last_good = Some(phone::input::LastGood { hop: p2(), primary_was_unavailable: true });
    rig.plug_in_remembering(last_good);
    let hops: Vec<_> = rig.log(Method::Register).iter().map(|(_, hop)| *hop).collect();
    assert_eq!(hops[0], p2());
    rig.advance(1_000);
    assert_eq!(rig.account().hop, Some(p1()), "{:?}", rig.log(Method::Register));
}

/// Failover design §6: link down is a local outage; nobody is blamed, nothing moves.
#[test]
fn a_link_that_goes_down_and_up_registers_where_the_line_was() {
    let mut rig = Rig::registered();
    rig.input(phone::input::Input::Link { up: false });
    rig.advance(20_000);
    assert!(rig.sent.is_empty(), "nothing is sent without a network");
    rig.input(phone::input::Input::Link { up: true });
    assert_eq!(rig.log(Method::Register).first().map(|(_, hop)| *hop), Some(p1()));
    assert_eq!(rig.account().hop, Some(p1()));
    assert!(rig.account().hops.iter().all(|hop| hop.cause.is_none()));
}
