//! TCP and TLS (requirement A2; failover design §1, §2, §6, §8).

use std::time::Duration;

use failover::HopState;
use phone::input::{Done, FlowFault, Input, TlsFault, Undeliverable};
use phone::output::Event;
use phone::settings::{KeepAlive, LineSettings, ServerRole};
use phone::status::CallState;
use sip_core::message::{HeaderName, Method};
use sip_core::transport::Hop;

use crate::rig::{Mode, Rig, hop, line_settings};

fn t1() -> Hop {
    hop("tcp:10.0.0.1:5060")
}

fn t2() -> Hop {
    hop("tcp:10.0.0.2:5060")
}

/// A phone between two proxies reached by a transport, with its hops known.
fn over(transport: &str, change: impl FnOnce(&mut LineSettings)) -> Rig {
    let mut settings = line_settings();
    change(&mut settings);
    let hops = [format!("{transport}:10.0.0.1:5060"), format!("{transport}:10.0.0.2:5060")];
    let roles = [ServerRole::Proxy, ServerRole::BackupProxy];
    let pairs = [(hops[0].as_str(), roles[0]), (hops[1].as_str(), roles[1])];
    Rig::with_hops(settings, &pairs)
}

fn over_tcp() -> Rig {
    over("tcp", |_| {})
}

/// Registered through the first proxy, over TCP; what was sent so far is forgotten.
fn registered() -> Rig {
    registered_with(|_| {})
}

fn registered_with(change: impl FnOnce(&mut LineSettings)) -> Rig {
    let mut rig = over("tcp", change);
    rig.plug_in();
    assert_eq!(rig.account().hop, Some(t1()), "{:?}", rig.account());
    rig.sent.clear();
    rig.connects.clear();
    rig
}

fn cause_of(rig: &Rig, hop: usize) -> String {
    rig.account().hops[hop].cause.map(|cause| cause.to_string()).unwrap_or_default()
}

#[test]
fn a_connection_is_opened_when_it_is_needed_and_kept() {
    let mut rig = over_tcp();
    rig.plug_in();
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    rig.advance(95_000);
    assert_eq!(rig.connected(), [(0, t1())]);
    assert_eq!(rig.log(Method::Options).len(), 4, "keep-alives go the same way");
    let register = rig.sent.iter().find(|sent| sent.is(Method::Register)).unwrap();
    assert!(register.header(HeaderName::Via).starts_with("SIP/2.0/TCP 10.0.0.9:5060;"));
    assert!(
        register.header(HeaderName::Contact).starts_with("<sip:1001@10.0.0.9:5060;transport=tcp>")
    );
    let invite = rig.last(Method::Invite);
    assert_eq!(invite.header(HeaderName::Contact), "<sip:1001@10.0.0.9:5060;transport=tcp>");
    assert_eq!(rig.log(Method::Invite).len(), 1, "nothing is sent twice over a connection");
}

/// Failover design §8: "TCP refused: one round trip".
#[test]
fn a_refused_connection_is_the_next_hop_at_once() {
    let mut rig = over_tcp();
    rig.modes[0] = Mode::Dead;
    rig.plug_in();
    assert_eq!(rig.account().hop, Some(t2()));
    assert_eq!(rig.ms(), 0);
    assert_eq!(cause_of(&rig, 0), "tcp connection refused");
    let Some((_, Event::Failover(switch))) =
        rig.events.iter().find(|(_, event)| matches!(event, Event::Failover(_)))
    else {
        panic!("{:?}", rig.events)
    };
    assert_eq!(
        (switch.method.as_str(), switch.cause.to_string().as_str()),
        ("REGISTER", "tcp connection refused")
    );
}

/// Failover design §8: "TCP black hole: 4 s from connect to TLS done".
#[test]
fn a_connection_that_is_not_set_up_in_four_seconds_is_given_up() {
    for (transport, cause) in [("tcp", "tcp connection timed out"), ("tls", "tls set-up timed out")]
    {
        let mut rig = over(transport, |_| {});
        rig.modes[0] = Mode::Silent;
        rig.plug_in();
        rig.advance(3_999);
        assert!(rig.sent.is_empty());
        rig.advance(1);
        assert_eq!(rig.log(Method::Register).first().map(|(at, _)| *at), Some(4_000));
        assert_eq!(rig.account().hop, Some(hop(&format!("{transport}:10.0.0.2:5060"))));
        assert_eq!(cause_of(&rig, 0), cause);
        assert_eq!(rig.disconnects.len(), 1, "the shell is told");
    }
}

/// Failover design §1: "TCP or TLS set-up not done in 4 s (set; also at the last hop)".
#[test]
fn the_time_for_setting_up_can_be_set_and_holds_at_the_last_hop_too() {
    let mut rig = over("tcp", |line| line.connect_timeout = Duration::from_secs(2));
    rig.modes = vec![Mode::Silent; 2];
    rig.plug_in();
    rig.advance(4_000);
    assert_eq!(rig.connected(), [(0, t1()), (2_000, t2())]);
    assert!(rig.events.iter().any(|(at, event)| {
        *at == 4_000
            && matches!(event, Event::Unavailable { cause, .. } if cause.to_string().starts_with("tcp"))
    }));
}

/// Failover design §8: "frozen proxy, TCP or TLS open: 3.5 s from the write".
#[test]
fn a_frozen_proxy_costs_the_patience_from_the_write() {
    let mut rig = registered();
    rig.modes[0] = Mode::Frozen;
    rig.dial();
    rig.advance(3_600);
    assert_eq!(rig.log(Method::Invite), [(0, t1()), (3_500, t2())]);
    assert_eq!(cause_of(&rig, 0), "no answer");
}

/// Requirement A3 counts from the write, not from the wish.
#[test]
fn what_waits_for_a_connection_has_its_patience_from_when_it_is_written() {
    let mut rig = over_tcp();
    rig.modes = vec![Mode::Silent, Mode::Up];
    rig.plug_in();
    rig.advance(3_000);
    rig.modes[0] = Mode::Frozen;
    rig.open(t1());
    rig.advance(3_499);
    assert!(rig.log(Method::Register).iter().all(|(_, hop)| *hop == t1()));
    rig.advance(1);
    assert_eq!(rig.log(Method::Register), [(3_000, t1()), (6_500, t2())]);
}

/// Failover design §1: "TCP refused or reset: next hop at once … and so does every other unanswered
/// request in flight there".
#[test]
fn a_reset_moves_every_request_in_flight_at_once() {
    let mut rig = registered();
    rig.modes[0] = Mode::Frozen;
    let call = rig.dial();
    rig.advance(1_000);
    rig.lose(t1(), FlowFault::Reset);
    assert_eq!(rig.log(Method::Invite), [(0, t1()), (1_000, t2())]);
    assert_eq!(rig.log(Method::Register), [(1_000, t2())], "incoming calls follow");
    assert_eq!(rig.account().hop, Some(t2()));
    assert_eq!(cause_of(&rig, 0), "tcp connection reset");
    assert_eq!(rig.state(call), CallState::Dialing);
}

/// Failover design §1: "idle flow closed or reset, nothing in flight: re-opened to the same hop at
/// once, with a REGISTER … alive until then".
#[test]
fn an_idle_connection_that_is_lost_is_opened_again_with_a_register() {
    for why in [FlowFault::Closed, FlowFault::Reset, FlowFault::TimedOut] {
        let mut rig = registered();
        rig.advance(10_000);
        rig.events.clear();
        rig.lose(t1(), why);
        assert_eq!(rig.connected(), [(10_000, t1())]);
        assert_eq!(rig.log(Method::Register), [(10_000, t1())]);
        assert_eq!(rig.account().hop, Some(t1()));
        assert_eq!(rig.account().hops[0].state, HopState::Available);
        let quiet = |event: &Event| matches!(event, Event::Registration(_));
        assert!(rig.events.iter().all(|(_, event)| quiet(event)), "{:?}", rig.events);
    }
}

/// The same row: "if that is refused or times out: next hop".
#[test]
fn an_idle_connection_that_cannot_be_had_again_moves_the_line() {
    for (mode, at) in [(Mode::Dead, 10_000), (Mode::Silent, 14_000)] {
        let mut rig = registered_with(|line| line.keep_alive = KeepAlive::Off);
        rig.advance(10_000);
        rig.modes[0] = mode;
        rig.lose(t1(), FlowFault::Closed);
        rig.advance(4_000);
        assert_eq!(rig.log(Method::Register), [(at, t2())], "{mode:?}");
        assert_eq!(rig.account().hop, Some(t2()));
    }
}

/// A server that ends every connection as it comes is not asked for ever.
#[test]
fn a_server_that_ends_every_connection_is_left_after_three() {
    let mut rig = registered();
    for _ in 0..3 {
        rig.advance(100);
        rig.lose(t1(), FlowFault::Closed);
        assert_eq!(rig.account().hop, Some(t1()));
    }
    rig.advance(100);
    rig.lose(t1(), FlowFault::Closed);
    assert_eq!(rig.account().hop, Some(t2()));
    assert_eq!(cause_of(&rig, 0), "tcp connection closed");
    let mut rig = registered();
    for _ in 0..10 {
        rig.advance(20_000);
        rig.lose(t1(), FlowFault::Closed);
    }
    assert_eq!(rig.account().hop, Some(t1()), "now and then is nothing strange");
}

/// Failover design §6: "CRLF ping with 10 s pong limit on TCP/TLS besides"; RFC 5626 §4.4.1.
#[test]
fn a_ping_whose_pong_fails_to_come_moves_the_line() {
    let crlf = |line: &mut LineSettings| {
        line.keep_alive = KeepAlive::Crlf(Duration::from_secs(30));
        line.policy_mut().keep_alive = None;
    };
    let mut rig = registered_with(crlf);
    rig.advance(29_000);
    rig.pongs = false;
    rig.advance(10_999);
    assert_eq!(rig.crlf, [(0, t1()), (30_000, t1())]);
    assert_eq!(rig.account().hop, Some(t1()));
    rig.advance(1);
    assert_eq!(rig.account().hop, Some(t2()));
    assert_eq!(rig.log(Method::Register), [(40_000, t2())]);
    let Some((_, Event::Failover(switch))) =
        rig.events.iter().find(|(_, event)| matches!(event, Event::Failover(_)))
    else {
        panic!("{:?}", rig.events)
    };
    assert_eq!((switch.method.as_str(), switch.elapsed.as_millis()), ("OPTIONS", 10_000));
    assert!(rig.log(Method::Options).is_empty());
}

/// `NAT UDPUpdate` 0: nothing is sent to keep anything alive, on a connection neither.
#[test]
fn without_keep_alives_no_connection_is_pinged() {
    let mut rig = registered_with(|line| {
        line.keep_alive = KeepAlive::Off;
        line.policy_mut().keep_alive = None;
    });
    rig.advance(600_000);
    assert_eq!((rig.crlf.len(), rig.log(Method::Options).len()), (0, 0));
    assert_eq!(rig.account().hop, Some(t1()));
}

/// Failover design §2: "Silence … is evidence only at a hop that has answered one on this flow".
#[test]
fn a_server_that_never_answered_a_ping_is_not_blamed_for_it() {
    let mut rig = over_tcp();
    rig.pongs = false;
    rig.plug_in();
    rig.advance(120_000);
    assert_eq!(rig.account().hop, Some(t1()));
    assert_eq!(rig.crlf.len(), 5, "it keeps the way open all the same");
    assert_eq!(rig.account().hops[0].state, HopState::Available);
}

/// RFC 5626 §4.4.1: the other side may ping too.
#[test]
fn a_ping_of_the_server_is_answered() {
    let mut rig = registered();
    rig.deliver(t1(), b"\r\n\r\n");
    assert_eq!(rig.sent_pongs, 1);
    rig.deliver(t1(), &b"\r\n\r\n".repeat(1000));
    assert_eq!(rig.sent_pongs, 2, "one pong for all that one read has brought");
}

/// Failover design §6: "on link up, REGISTER", over a connection of its own: whatever the network forgot
/// meanwhile, the old one may lead nowhere and nobody would be told.
#[test]
fn after_a_link_loss_the_line_registers_over_a_new_connection() {
    let mut rig = registered();
    rig.advance(5_000);
    rig.input(Input::Link { up: false });
    rig.advance(10_000);
    assert!(rig.log(Method::Register).is_empty(), "nothing is sent while it is down");
    rig.input(Input::Link { up: true });
    assert_eq!(rig.connected(), [(15_000, t1())]);
    assert_eq!(rig.log(Method::Register), [(15_000, t1())]);
    assert_eq!(rig.account().hop, Some(t1()));
}

/// Failover design §1: "certificate refused (named to the user): next hop at once".
#[test]
fn a_refused_certificate_is_named_and_the_next_hop_tried() {
    for (fault, words) in [
        (TlsFault::Expired, "tls certificate has expired"),
        (TlsFault::NotYetValid, "tls certificate is not valid yet"),
        (TlsFault::WrongName, "tls certificate is for another name"),
        (TlsFault::UnknownIssuer, "tls certificate has an unknown issuer"),
        (TlsFault::Refused, "tls handshake refused by the server"),
    ] {
        let mut rig = over("tls", |_| {});
        rig.modes[0] = Mode::Silent;
        rig.plug_in();
        rig.advance(200);
        let first = hop("tls:10.0.0.1:5060");
        rig.input(Input::FlowFailed { hop: first, why: FlowFault::Tls(fault) });
        assert_eq!(rig.account().hop, Some(hop("tls:10.0.0.2:5060")));
        assert_eq!(cause_of(&rig, 0), words);
        assert!(rig.account().message.to_string().contains(words), "{}", rig.account().message);
        let sent_there = rig.sent.iter().filter(|sent| sent.to == first).count();
        assert_eq!(sent_there, 0, "nothing is said before the certificate is good");
    }
}

/// RFC 5922 §7: the configured name is what the certificate must be good for, not what DNS made of it.
#[test]
fn tls_is_held_against_the_configured_name() {
    let mut rig = over("tls", |_| {});
    rig.hops[0].names = vec!["sip.example.test".to_owned(), "edge7.example.net".to_owned()];
    rig.plug_in();
    assert_eq!(rig.connects[0].2, ["sip.example.test"]);
    rig.modes[0] = Mode::Dead;
    rig.lose(hop("tls:10.0.0.1:5060"), FlowFault::Closed);
    assert!(rig.connects.last().unwrap().2.is_empty(), "an address is its own identity");
}

/// A route that our own host lacks is nobody's fault (failover design §1, last row).
#[test]
fn a_connection_that_our_own_host_cannot_make_blames_nobody() {
    let mut rig = over_tcp();
    rig.modes = vec![Mode::Silent, Mode::Up];
    rig.plug_in();
    rig.input(Input::FlowFailed { hop: t1(), why: FlowFault::Local });
    assert_eq!(rig.account().hop, Some(t2()));
    assert_ne!(rig.account().hops[0].state, HopState::Unavailable);
}

#[test]
fn an_icmp_error_while_a_connection_is_set_up_is_named() {
    let mut rig = over_tcp();
    rig.modes = vec![Mode::Silent, Mode::Up];
    rig.plug_in();
    let why = FlowFault::Unreachable(Undeliverable::Host);
    rig.input(Input::FlowFailed { hop: t1(), why });
    assert_eq!(rig.account().hop, Some(t2()));
    assert_eq!(cause_of(&rig, 0), "icmp host unreachable");
}

/// Failover design §5 (F3): a connection that breaks does not end a call; its BYE opens another, or
/// climbs the ladder.
#[test]
fn a_call_outlives_its_connection_and_its_bye_finds_the_next_hop() {
    let mut rig = registered();
    let route = ["<sip:10.0.0.1;transport=tcp;lr;ftag=abc>"];
    let call = rig.call_up_with(&route, "<sip:1002@10.0.0.50:5060>");
    rig.lose(t1(), FlowFault::Closed);
    assert_eq!(rig.state(call), CallState::Active);
    rig.modes[0] = Mode::Dead;
    rig.lose(t1(), FlowFault::Reset);
    assert_eq!(rig.account().hop, Some(t2()), "the line has moved");
    assert_eq!(rig.state(call), CallState::Active);
    let done = rig.command(phone::input::Command::HangUp(Some(call)));
    assert_eq!(done, Ok(Done::Call(call)));
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.to, t2());
    let route = bye.header(HeaderName::Route);
    assert_eq!(route, "<sip:10.0.0.2:5060;transport=tcp;lr;ftag=abc>");
}

/// Failover design §1: "a 1xx above 100, then silence: … a flow that broke is re-opened to the same
/// hop". The line is not registered, so no REGISTER does it.
#[test]
fn a_ringing_call_whose_connection_breaks_goes_on_over_a_new_one() {
    let mut rig = over("tcp", |line| line.register = false);
    rig.plug_in();
    let call = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    rig.lose(t1(), FlowFault::Closed);
    assert_eq!(rig.connected(), [(0, t1()), (0, t1())]);
    rig.answer_call(&invite, "bob", &[], "<sip:1002@10.0.0.50:5060>");
    assert_eq!(rig.state(call), CallState::Active);
    assert_eq!(rig.log(Method::Invite).len(), 1);
}

/// Failover design §1: "only 100, and the hop is then found unavailable: next hop".
#[test]
fn a_call_that_only_got_100_moves_when_its_server_dies() {
    let mut rig = registered();
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 100);
    rig.modes[0] = Mode::Dead;
    rig.lose(t1(), FlowFault::Closed);
    assert_eq!(rig.last(Method::Invite).to, t2());
    assert_eq!(rig.account().hop, Some(t2()));
}

/// A half-open connection is not worth a second request: it is replaced.
#[test]
fn a_connection_that_met_silence_is_replaced_for_the_next_request() {
    let mut rig = registered_with(|line| {
        line.policy_mut().failback_interval = Duration::from_secs(60);
        line.policy_mut().failback_jitter = 0;
    });
    rig.modes[0] = Mode::Frozen;
    rig.dial();
    rig.advance(3_600);
    assert_eq!(rig.account().hop, Some(t2()));
    assert!(rig.disconnects.is_empty(), "a late answer may still come over it");
    rig.modes[0] = Mode::Up;
    rig.connects.clear();
    rig.advance(61_000);
    assert_eq!(rig.disconnects.first().map(|(_, hop)| *hop), Some(t1()));
    assert_eq!(rig.connected().first().map(|(_, hop)| *hop), Some(t1()));
    assert_eq!(rig.account().hop, Some(t1()), "and the primary is back");
}

/// Requirements A3, A4: at the last hop a request has 32 s, and none of them for a connection that is
/// known to be silent. What waits on that is written again, so that it does not wait in vain either.
#[test]
fn a_connection_that_met_silence_is_replaced_though_another_request_waits_on_it() {
    let mut rig = Rig::with_hops(line_settings(), &[("tcp:10.0.0.1:5060", ServerRole::Proxy)]);
    rig.pongs = false;
    rig.plug_in();
    rig.advance(28_000);
    rig.modes[0] = Mode::Frozen;
    rig.sent.clear();
    rig.connects.clear();
    rig.advance_until(30_000, |rig| !rig.log(Method::Options).is_empty());
    let asked = rig.log(Method::Options)[0].0;
    rig.advance(2_000);
    let dialled = rig.ms();
    rig.dial();
    rig.advance(1_490);
    assert!(rig.connected().is_empty(), "a late answer may still come over it");
    rig.modes[0] = Mode::Up;
    rig.advance(10);
    let silent = rig.log(Method::Register)[0].0;
    assert_eq!(silent, asked + 3_500);
    assert_eq!(rig.disconnects, [(silent, t1())]);
    assert_eq!(rig.connected(), [(silent, t1())]);
    assert_eq!(rig.log(Method::Register), [(silent, t1())]);
    assert_eq!(rig.account().hop, Some(t1()), "and it is answered");
    assert_eq!(rig.log(Method::Invite), [(dialled, t1()), (silent, t1())]);
    let mut branches: Vec<String> =
        rig.sent.iter().filter(|sent| sent.is(Method::Invite)).map(|sent| sent.branch()).collect();
    branches.dedup();
    assert_eq!(branches.len(), 1, "one transaction, which a server that had it absorbs");
}

/// Failover design §8: "frozen proxy, TCP or TLS open: 3.5 s from the write", the first one.
#[test]
fn a_request_that_is_written_again_over_another_connection_gets_no_more_patience() {
    let mut rig = registered_with(|line| line.policy_mut().signal_failback = true);
    rig.modes[0] = Mode::Frozen;
    rig.dial();
    rig.advance(2_000);
    rig.dial();
    rig.advance(2_000);
    assert_eq!(rig.log(Method::Invite), [(0, t1()), (2_000, t1()), (3_500, t2())]);
    rig.dial();
    let tried = [(0, t1()), (2_000, t1()), (3_500, t2()), (4_000, t1()), (4_000, t1())];
    assert_eq!(rig.log(Method::Invite), tried, "its own, and the second one's again");
    rig.advance(1_500);
    assert_eq!(rig.log(Method::Invite).last(), Some(&(5_500, t2())));
    // The silence of the second one says nothing of the new connection.
    let before = rig.connects.len();
    rig.advance(500);
    rig.dial();
    assert_eq!(rig.log(Method::Invite).last(), Some(&(6_000, t1())));
    assert_eq!(rig.connects.len(), before);
}

/// Failover design §6, §8: nothing pings a connection to a hop that the line is not registered
/// through, and a NAT forgets it. A backup that is well is not given 32 s of silence for that.
#[test]
fn a_connection_to_a_hop_that_is_not_in_use_is_not_relied_on_when_it_has_long_been_silent() {
    let mut rig = back_from_the_second();
    rig.advance(40_000);
    rig.modes[0] = Mode::Frozen;
    let began = rig.ms();
    rig.dial();
    rig.advance(3_500);
    assert_eq!(rig.log(Method::Invite).last(), Some(&(began + 3_500, t2())));
    assert_eq!(rig.connected(), [(began + 3_500, t2())], "a new connection");
    assert_eq!(rig.disconnects, [(began + 3_500, t2())], "in place of the old one");
}

/// A line that is registered at its first hop again and has a connection with its second.
fn back_from_the_second() -> Rig {
    let mut rig = over("tcp", |line| line.policy_mut().failback_interval = Duration::from_secs(60));
    rig.modes[0] = Mode::Dead;
    rig.plug_in();
    rig.modes[0] = Mode::Up;
    rig.advance(100_000);
    assert_eq!(rig.account().hop, Some(t1()));
    rig.connects.clear();
    rig.disconnects.clear();
    rig
}

#[test]
fn a_connection_to_a_hop_that_is_not_in_use_serves_while_something_has_just_come() {
    let mut rig = back_from_the_second();
    rig.modes[0] = Mode::Refuses(503);
    rig.dial();
    rig.answer(&rig.last(Method::Invite), 503);
    assert_eq!(rig.log(Method::Invite).last().map(|(_, to)| *to), Some(t2()));
    let first = rig.connected();
    rig.answer(&rig.last(Method::Invite), 486);
    rig.advance(30_000);
    rig.dial();
    assert_eq!(rig.connected(), first);
}

/// Where the line is registered, the keep-alive finds out, and calls come by that connection.
#[test]
fn a_silent_connection_is_kept_where_the_line_is_registered() {
    let mut rig = registered_with(|line| line.keep_alive = KeepAlive::Off);
    rig.advance(100_000);
    rig.dial();
    assert_eq!(rig.log(Method::Invite), [(100_000, t1())]);
    assert_eq!(rig.connected(), []);
}

/// Requirement D1: another transport is in force without a restart.
#[test]
fn another_transport_takes_effect_at_once() {
    let mut rig = Rig::registered();
    for entry in &mut rig.hops {
        entry.hop = Hop { transport: t1().transport, addr: entry.hop.addr };
    }
    rig.plug_in();
    assert_eq!(rig.account().hop, Some(t1()));
    let register = rig.last(Method::Register);
    assert_eq!(register.to, t1());
    assert!(register.header(HeaderName::Contact).contains(";transport=tcp"));
}

/// Requirement F10: what the peers open is answered where it came from, and ends when it is idle.
#[test]
fn a_connection_that_a_peer_opened_carries_its_answers_and_ends_when_idle() {
    let mut rig = registered();
    let peer = hop("tcp:10.0.0.1:40000");
    rig.open.insert(peer);
    rig.input(Input::FlowAccepted { hop: peer, local: "10.0.0.9:5060".parse().unwrap() });
    let options = "OPTIONS sip:1001@10.0.0.9:5060 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKo\r\n\
        Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:1001@b>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n\
        Content-Length: 0\r\n\r\n";
    let (head, tail) = options.split_at(70);
    rig.deliver(peer, head.as_bytes());
    rig.deliver(peer, tail.as_bytes());
    let answer = rig.sent.last().unwrap();
    assert_eq!((answer.to, answer.response().code.as_u16()), (peer, 200));
    rig.advance(300_000);
    assert_eq!(rig.disconnects.iter().map(|(_, hop)| *hop).collect::<Vec<_>>(), [peer]);
}

/// RFC 3261 §18.2.2: where the connection is gone, the answer opens one to the sent-by port.
#[test]
fn an_answer_finds_its_way_when_its_connection_is_gone() {
    let mut rig = registered();
    let peer = hop("tcp:10.0.0.1:40000");
    rig.open.insert(peer);
    rig.input(Input::FlowAccepted { hop: peer, local: "10.0.0.9:5060".parse().unwrap() });
    let invite = crate::rig::invite("z9hG4bKi", "in-1", 1, "10.0.0.1:5060");
    let invite = String::from_utf8(invite).unwrap().replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    rig.deliver(peer, invite.as_bytes());
    assert_eq!(rig.sent.last().unwrap().to, peer, "180 on the connection");
    rig.lose(peer, FlowFault::Closed);
    let call = rig.phone.calls(rig.now).last().unwrap().id;
    rig.command(phone::input::Command::Answer(Some(call))).unwrap();
    let answer = rig.sent.last().unwrap();
    assert_eq!((answer.to, answer.response().code.as_u16()), (t1(), 200));
}

/// A stream without usable Content-Length cannot be read any further.
#[test]
fn a_stream_that_cannot_be_read_is_given_up_and_opened_again() {
    let mut rig = registered();
    rig.deliver(t1(), b"OPTIONS sip:a SIP/2.0\r\nContent-Length: x\r\n\r\n");
    assert_eq!(rig.disconnects.len(), 1);
    assert_eq!(rig.connected(), [(0, t1())]);
    assert_eq!(rig.account().hop, Some(t1()));
}
