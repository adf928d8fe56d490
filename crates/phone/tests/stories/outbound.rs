//! Flows that a registrar keeps (RFC 5626 §4.4, §5.4): how often they are pinged, and what the loss of
//! the second registration's means.

use std::time::Duration;

use phone::input::FlowFault;
use phone::settings::{KeepAlive, LineSettings, ServerRole};
use sip_core::message::{HeaderName, Method};
use sip_core::transport::Hop;

use crate::rig::{Mode, Rig, hop, line_settings};

fn t1() -> Hop {
    hop("tcp:10.0.0.1:5060")
}

fn t2() -> Hop {
    hop("tcp:10.0.0.2:5060")
}

/// What a registrar says that does outbound and waits so long for a sign of life.
fn keeps(timer: &'static str) -> Vec<(HeaderName, &'static str)> {
    vec![(HeaderName::Require, "outbound"), (HeaderName::FlowTimer, timer)]
}

/// A line registered at both over TCP, with registrars whose 200s say this besides.
fn at_both(granted: Vec<(HeaderName, &'static str)>, keep_alive: KeepAlive) -> Rig {
    let mut settings: LineSettings = line_settings();
    settings.register_both = true;
    settings.keep_alive = keep_alive;
    settings.policy_mut().keep_alive = match keep_alive {
        KeepAlive::Options(every) => Some(every),
        KeepAlive::Crlf(_) | KeepAlive::Off => None,
    };
    let pairs =
        [("tcp:10.0.0.1:5060", ServerRole::Proxy), ("tcp:10.0.0.2:5060", ServerRole::BackupProxy)];
    let mut rig = Rig::with_hops(settings, &pairs);
    rig.granted = granted;
    rig.plug_in();
    assert_eq!(rig.account().hop, Some(t1()), "{:?}", rig.account());
    rig
}

fn every(seconds: u64) -> KeepAlive {
    KeepAlive::Crlf(Duration::from_secs(seconds))
}

/// The waits between the pings of a connection, in ms.
fn waits(rig: &Rig, hop: Hop) -> Vec<u128> {
    let at: Vec<u128> = rig.crlf.iter().filter(|(_, to)| *to == hop).map(|(at, _)| *at).collect();
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// RFC 5626 §4.4: a random part "between 80 and 100 percent" of the Flow-Timer, drawn for each ping.
#[test]
fn a_flow_is_pinged_after_four_fifths_to_all_of_its_flow_timer() {
    let mut rig = at_both(keeps("10"), every(30));
    rig.advance(1_000_000);
    for hop in [t1(), t2()] {
        let waits = waits(&rig, hop);
        assert!((100..=126).contains(&waits.len()), "{hop}: {}", waits.len());
        assert!(waits.iter().all(|wait| (8_000..=10_000).contains(wait)), "{hop}: {waits:?}");
        let apart = waits.iter().max().unwrap() - waits.iter().min().unwrap();
        assert!(apart > 1_500, "{hop}: they are spread: {waits:?}");
    }
}

#[test]
fn a_long_flow_timer_does_not_make_pings_rarer_than_the_setting() {
    let mut rig = at_both(keeps("600"), every(30));
    rig.advance(300_000);
    assert_eq!(waits(&rig, t1()), [30_000; 10]);
}

/// The registrar takes the flow for dead otherwise, and the line's incoming calls with it.
#[test]
fn a_flow_timer_is_kept_to_where_the_lines_own_keep_alive_is_off() {
    let mut rig = at_both(keeps("20"), KeepAlive::Off);
    rig.advance(100_000);
    let waits = waits(&rig, t1());
    assert!((4..=6).contains(&waits.len()), "{waits:?}");
    assert!(waits.iter().all(|wait| (16_000..=20_000).contains(wait)), "{waits:?}");
}

/// RFC 5626 §6: without `Require: outbound` the registrar does not do it.
#[test]
fn a_flow_timer_of_a_registrar_without_outbound_means_nothing() {
    let mut rig = at_both(vec![(HeaderName::FlowTimer, "10")], every(30));
    rig.advance(100_000);
    assert_eq!(waits(&rig, t1()), [30_000; 3]);
}

#[test]
fn a_flow_timer_that_is_none_is_as_good_as_absent() {
    for value in ["0", "-5", "soon", "", "86401", "4294967306"] {
        let mut rig = at_both(keeps(value), every(30));
        rig.advance(100_000);
        assert_eq!(waits(&rig, t1()), [30_000; 3], "{value:?}");
    }
}

/// What counts is the last 200: a registrar that says nothing more asks for nothing more.
#[test]
fn a_registrar_that_takes_its_flow_timer_back_gets_the_lines_own_rhythm() {
    let mut rig = at_both(keeps("10"), every(30));
    rig.advance(50_000);
    rig.granted.clear();
    rig.command(phone::input::Command::Register(crate::rig::LINE)).unwrap();
    rig.advance(30_000);
    rig.crlf.clear();
    rig.advance(100_000);
    assert_eq!(waits(&rig, t1()), [30_000; 2]);
}

/// A pong that fails to come is the death of the flow however often it is pinged (RFC 5626 §4.4.1).
#[test]
fn a_frozen_server_is_left_ten_seconds_after_the_ping_that_its_flow_timer_asked_for() {
    let mut rig = at_both(keeps("20"), every(300));
    rig.advance(100_000);
    rig.modes[0] = Mode::Frozen;
    let frozen_at = rig.ms();
    rig.advance_until(31_000, |rig| rig.account().hop == Some(t2()));
    assert!(rig.ms() <= frozen_at + 30_000, "{} ms", rig.ms() - frozen_at);
}

fn registers(rig: &Rig, hop: Hop) -> Vec<u128> {
    let all = rig.log(Method::Register).into_iter();
    all.filter(|(_, to)| *to == hop).map(|(at, _)| at).collect()
}

/// RFC 5626 §4.2: each flow is kept, not the first alone: no call would come by a connection that a NAT
/// has forgotten.
#[test]
fn the_flow_of_the_second_registration_is_pinged_as_the_first_is() {
    let mut rig = at_both(Vec::new(), every(30));
    rig.advance(100_000);
    assert_eq!(waits(&rig, t2()), [30_000; 3]);
}

#[test]
fn the_second_registration_is_made_again_at_once_when_its_connection_is_lost() {
    let mut rig = at_both(Vec::new(), every(30));
    rig.advance(100_000);
    rig.sent.clear();
    for _ in 0..3 {
        rig.lose(t2(), FlowFault::Reset);
    }
    assert_eq!(registers(&rig, t2()), [100_000; 3]);
    assert!(registers(&rig, t1()).is_empty(), "the line's own is not touched");
    assert_eq!(rig.account().hop, Some(t1()));
    assert!(rig.account().message.to_string().contains("also registered at tcp:10.0.0.2:5060"));
}

#[test]
fn the_second_registration_is_made_again_when_its_server_answers_no_ping() {
    let mut rig = at_both(Vec::new(), every(30));
    rig.advance(100_000);
    rig.sent.clear();
    rig.modes[1] = Mode::Frozen;
    rig.advance(30_000);
    assert_eq!(registers(&rig, t2()), [130_000], "10 s after the ping at 120 s");
    rig.advance(4_000);
    assert!(!rig.account().message.to_string().contains("also registered"), "{:?}", rig.account());
    rig.modes[1] = Mode::Up;
    rig.advance(40_000);
    assert!(rig.account().message.to_string().contains("also registered"), "{:?}", rig.account());
}

#[test]
fn a_server_that_ends_each_connection_of_the_second_registration_is_asked_with_a_pause() {
    let mut rig = at_both(Vec::new(), every(30));
    rig.advance(100_000);
    rig.sent.clear();
    for _ in 0..100 {
        if rig.open.contains(&t2()) {
            rig.lose(t2(), FlowFault::Closed);
        }
        rig.advance(1_000);
    }
    let count = registers(&rig, t2()).len();
    assert!((6..=16).contains(&count), "{count} in 100 s");
    assert_eq!(rig.account().hop, Some(t1()));
}
