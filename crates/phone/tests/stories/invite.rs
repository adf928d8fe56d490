//! A call that we make (requirements B2, F4; failover design §1, §3, §4).

use std::time::Duration;

use crate::rig::{Mode, Rig, Sent, hop, p1, p2};
use phone::input::Command;
use phone::output::{Event, MediaCommand, Tone};
use phone::settings::KeepAlive;
use phone::status::{CallState, EndedBy, LineState};
use sip_core::message::{HeaderName, Method};

fn invites(rig: &Rig) -> Vec<Sent> {
    rig.sent.iter().filter(|sent| sent.is(Method::Invite)).cloned().collect()
}

fn ack_and_bye(rig: &Rig, tag: &str) -> (usize, usize) {
    let to = |sent: &&Sent| sent.header(HeaderName::To).contains(&format!("tag={tag}"));
    let count =
        |method: Method| rig.sent.iter().filter(|sent| sent.is(method.clone())).filter(to).count();
    (count(Method::Ack), count(Method::Bye))
}

/// The INVITE at the primary is silent and the one at the backup was sent.
fn two_legs() -> (Rig, phone::CallId, Sent, Sent) {
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Silent;
    let id = rig.dial();
    rig.advance(3_600);
    let sent = invites(&rig);
    let (first, last) = (sent.first().unwrap().clone(), sent.last().unwrap().clone());
    assert_eq!((first.to, last.to), (p1(), p2()));
    (rig, id, first, last)
}

/// Requirement A3; failover design §8.
#[test]
fn a_silent_primary_costs_an_invite_three_and_a_half_seconds() {
    let (rig, _, first, last) = two_legs();
    let start = first.at;
    let log: Vec<_> = rig.log(Method::Invite).iter().map(|(at, hop)| (at - start, *hop)).collect();
    assert_eq!(log, [(0, p1()), (500, p1()), (1500, p1()), (3500, p2())]);
    assert_ne!(first.branch(), last.branch());
}

/// Requirement A3: the journal counts what was sent to the hop that was left.
#[test]
fn a_failover_tells_how_often_the_hop_was_tried() {
    let attempts = |rig: &Rig| -> Vec<(String, u32)> {
        let told = rig.events.iter().filter_map(|(_, event)| match event {
            Event::Failover(switch) => Some((switch.method.clone(), switch.attempts)),
            _ => None,
        });
        told.collect()
    };
    let (rig, ..) = two_legs();
    assert_eq!(attempts(&rig), [("INVITE".to_owned(), 3)]);
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Dead;
    rig.dial();
    assert_eq!(attempts(&rig), [("INVITE".to_owned(), 1)]);
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Silent;
    rig.command(Command::Register(crate::rig::LINE)).unwrap();
    rig.advance(3_600);
    assert_eq!(attempts(&rig), [("REGISTER".to_owned(), 3)]);
}

/// Before its hops are known a line has not failed.
#[test]
fn a_line_whose_hops_are_not_known_yet_reports_no_failure() {
    let rig = Rig::new(|_| {});
    let failed = |event: &Event| matches!(event, Event::Unavailable { .. });
    assert!(!rig.events.iter().any(|(_, event)| failed(event)), "{:?}", rig.events);
}

/// Failover design §8: counts 1 and 5.
#[test]
fn the_wait_follows_the_retry_counts() {
    for (counts, wait) in [(1, 500), (5, 15_500)] {
        let mut rig = Rig::registered_with(|line| {
            line.policy_mut().retry = failover::Retry::Transmissions(counts);
        });
        rig.modes[0] = Mode::Silent;
        rig.dial();
        rig.advance(16_000);
        let log = rig.log(Method::Invite);
        let start = log[0].0;
        assert_eq!(log.iter().filter(|(_, hop)| *hop == p1()).count(), usize::from(counts));
        let (at, _) = log.iter().find(|(_, hop)| *hop == p2()).unwrap();
        assert_eq!(at - start, wait);
    }
}

/// Failover design §3: a callee can tell the copies.
#[test]
fn the_copy_for_the_backup_is_the_same_call() {
    let (_, _, first, last) = two_legs();
    assert_eq!(first.request().uri, last.request().uri);
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        assert_eq!(first.header(name.clone()), last.header(name));
    }
    assert_eq!(last.header(HeaderName::Route), "", "no Route of our own");
    assert_eq!(first.request().body, last.request().body);
}

/// Requirement A2, B2; failover design §1 row 7 (freeswitch#2144: the failed one is ACKed).
#[test]
fn a_5xx_or_an_icmp_error_moves_an_invite_at_once() {
    for mode in [500, 502, 503, 504].map(Mode::Refuses).into_iter().chain([Mode::Dead]) {
        let mut rig = Rig::registered();
        rig.modes[0] = mode;
        rig.dial();
        let hops: Vec<_> = rig.log(Method::Invite).iter().map(|(_, hop)| *hop).collect();
        assert_eq!(hops, [p1(), p2()], "{mode:?}");
        let acks = rig.log(Method::Ack).len();
        assert_eq!(acks, usize::from(mode != Mode::Dead), "{mode:?}");
        let failover = rig.events.iter().any(|(_, event)| {
            matches!(event, Event::Failover(switch) if switch.method == "INVITE" && switch.to == p2())
        });
        assert!(failover, "{mode:?}: {:?}", rig.events);
    }
}

/// Failover design §1, "Where the line goes" (asterisk#1927).
#[test]
fn the_line_follows_a_call_that_the_backup_serves() {
    let (mut rig, id, _, last) = two_legs();
    rig.answer(&last, 180);
    assert_eq!(rig.state(id), CallState::Ringing);
    let registers = rig.log(Method::Register);
    assert_eq!(registers.iter().map(|(_, hop)| *hop).collect::<Vec<_>>(), [p2()], "one, there");
    assert_eq!(rig.account().hop, Some(p2()));
}

/// Failover design §1: 503 without Retry-After makes the hop suspect; one REGISTER finds out.
#[test]
fn a_503_to_a_call_moves_the_line_only_if_a_register_fails_too() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let first = rig.last(Method::Invite);
    rig.answer(&first, 503);
    assert_eq!(rig.last(Method::Invite).to, p2());
    let checks: Vec<_> = rig.log(Method::Register).iter().map(|(_, hop)| *hop).collect();
    assert_eq!(checks, [p1()]);
    assert_eq!(rig.account().hop, Some(p1()), "it answered: the line stays");
    assert_eq!(rig.state(id), CallState::Dialing);
}

/// Failover design §4: the first leg that rings is the call, and the other is cancelled.
#[test]
fn the_leg_that_rings_first_is_the_call() {
    let (mut rig, id, first, last) = two_legs();
    rig.answer(&first, 100);
    rig.answer(&last, 180);
    assert_eq!(rig.state(id), CallState::Ringing);
    let cancel = rig.last(Method::Cancel);
    assert_eq!((cancel.to, cancel.branch()), (p1(), first.branch()));
    rig.answer(&cancel, 200);
    rig.answer(&first, 487);
    rig.answer_call(&last, "bob", &["<sip:10.0.0.2;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(ack_and_bye(&rig, "bob"), (1, 0));
}

/// Failover design §4: a leg that may still be needed is never cancelled, and a late 100 decides
/// nothing.
#[test]
fn no_leg_is_cancelled_while_none_rings() {
    let (mut rig, _, first, last) = two_legs();
    rig.answer(&first, 100);
    rig.answer(&last, 100);
    rig.advance(3_000);
    assert!(rig.log(Method::Cancel).is_empty());
}

/// Requirement F4: late answers from the abandoned hop are acknowledged and ended.
#[test]
fn a_late_200_from_the_abandoned_leg_is_acknowledged_and_ended() {
    let (mut rig, id, first, last) = two_legs();
    rig.answer_call(&last, "bob", &["<sip:10.0.0.2;lr>"], "<sip:1002@10.0.0.50>");
    rig.answer_call(&first, "late", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(ack_and_bye(&rig, "bob"), (1, 0));
    assert_eq!(ack_and_bye(&rig, "late"), (1, 1));
}

/// Failover design §4: the first answer wins, also when it is the earlier leg's.
#[test]
fn the_earlier_leg_may_win_late() {
    let (mut rig, id, first, last) = two_legs();
    rig.answer_call(&first, "bob", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(
        rig.log(Method::Cancel).len(),
        0,
        "a CANCEL waits for a provisional (RFC 3261 §9.1)"
    );
    rig.answer(&last, 100);
    assert_eq!(rig.last(Method::Cancel).to, p2());
}

/// RFC 3261 §13.2.2.4: forks of one leg.
#[test]
fn a_second_answer_of_a_fork_is_acknowledged_and_ended() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer_call(&invite, "one", &["<sip:10.0.0.1;lr>"], "<sip:a@10.0.0.50>");
    rig.answer_call(&invite, "two", &["<sip:10.0.0.1;lr>"], "<sip:b@10.0.0.51>");
    rig.answer_call(&invite, "one", &["<sip:10.0.0.1;lr>"], "<sip:a@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(ack_and_bye(&rig, "one"), (2, 0), "a repeated 2xx gets its ACK again");
    assert_eq!(ack_and_bye(&rig, "two"), (1, 1));
}

/// Failover design §4: 482 means that the earlier leg has delivered the call.
#[test]
fn a_482_from_the_later_leg_waits_for_the_earlier_one() {
    let (mut rig, id, first, last) = two_legs();
    rig.answer(&last, 482);
    assert_eq!(rig.state(id), CallState::Dialing);
    rig.answer_call(&first, "bob", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
}

#[test]
fn a_482_with_no_answer_after_it_is_told_as_may_have_rung() {
    let (mut rig, id, _, last) = two_legs();
    rig.answer(&last, 482);
    rig.advance(32_000);
    let ended = rig.call(id).ended.unwrap();
    assert!(ended.reason.to_string().contains("may have rung"), "{ended:?}");
}

/// Failover design §1, row 10.
#[test]
fn a_final_refusal_ends_the_call_and_goes_nowhere_else() {
    for code in [403, 404, 480, 486, 488, 603] {
        let mut rig = Rig::registered();
        let id = rig.dial();
        let invite = rig.last(Method::Invite);
        rig.answer(&invite, code);
        let ended = rig.call(id).ended.unwrap();
        assert_eq!((ended.by, ended.code), (EndedBy::Failure, code));
        assert!(rig.log(Method::Invite).iter().all(|(_, hop)| *hop == p1()));
        assert!(rig.media.contains(&MediaCommand::Tone(Some(Tone::Busy))));
    }
}

/// Failover design §1: after a 1xx above 100 any 5xx is the callee's.
#[test]
fn a_503_after_ringing_is_final() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    rig.answer(&invite, 503);
    assert_eq!(rig.call(id).ended.unwrap().code, 503);
    assert_eq!(rig.log(Method::Invite).len(), 1);
}

/// Failover design §1, first row (asterisk#1716).
#[test]
fn a_call_that_was_hung_up_goes_to_no_other_hop() {
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Silent;
    let id = rig.dial();
    rig.advance(1_000);
    rig.command(Command::HangUp(Some(id))).unwrap();
    rig.advance(40_000);
    assert!(rig.log(Method::Invite).iter().all(|(_, hop)| *hop == p1()));
    let ended = rig.call(id).ended.unwrap();
    assert_eq!((ended.by, ended.code), (EndedBy::Local, 487));
}

/// Requirement B1: the CANCEL goes where its INVITE went (RFC 3261 §9.1), and its time-out
/// re-REGISTERs the line.
#[test]
fn a_cancel_that_nobody_answers_moves_the_line() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    rig.modes[0] = Mode::Silent;
    rig.command(Command::HangUp(Some(id))).unwrap();
    assert_eq!(rig.last(Method::Cancel).to, p1());
    rig.advance(8_000);
    assert!(rig.log(Method::Cancel).iter().all(|(_, hop)| *hop == p1()));
    assert_eq!(rig.account().hop, Some(p2()), "{:?}", rig.log(Method::Register));
}

/// Failover design §1, first row: no other hop for it, but the line learns from the silence.
#[test]
fn a_cancelled_call_goes_nowhere_else_and_its_silence_still_moves_the_line() {
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Silent;
    let id = rig.dial();
    rig.advance(100);
    rig.command(Command::HangUp(Some(id))).unwrap();
    assert_eq!(rig.state(id), CallState::Ended);
    rig.advance(4_000);
    assert!(rig.log(Method::Invite).iter().all(|(_, hop)| *hop == p1()));
    assert_eq!(rig.account().hop, Some(p2()), "{:?}", rig.log(Method::Register));
}

/// Failover design §4 and §5: a hop that answers late is alive again, so the ACK and the BYE of a
/// dialog that names it go there.
#[test]
fn a_late_answer_from_a_hop_given_up_is_ended_at_that_hop() {
    let (mut rig, id, first, last) = two_legs();
    rig.answer_call(&last, "bob", &[], "<sip:b2bua@10.0.0.2:5060>");
    rig.sent.clear();
    rig.answer_call(&first, "late", &[], "<sip:b2bua@10.0.0.1:5060>");
    assert_eq!(ack_and_bye(&rig, "late"), (1, 1));
    assert_eq!((rig.last(Method::Ack).to, rig.last(Method::Bye).to), (p1(), p1()));
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(rig.account().hop, Some(p2()), "one late answer moves no line");
}

/// RFC 3261 §9: an answer that crosses the CANCEL.
#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    rig.command(Command::HangUp(Some(id))).unwrap();
    rig.answer_call(&invite, "bob", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(ack_and_bye(&rig, "bob"), (1, 1));
    assert_eq!(rig.state(id), CallState::Ended);
}

/// Failover design §1: only 100, then silence.
#[test]
fn a_hop_that_only_said_100_is_checked_and_left_when_it_is_dead() {
    let mut rig = Rig::registered();
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 100);
    rig.modes[0] = Mode::Silent;
    rig.advance(3_400);
    assert!(rig.log(Method::Options).is_empty());
    rig.advance(200);
    assert_eq!(rig.log(Method::Options).first().map(|(_, hop)| *hop), Some(p1()));
    rig.advance(3_500);
    assert_eq!(rig.last(Method::Invite).to, p2(), "the silence of a hop that did answer is proof");
}

#[test]
fn a_hop_that_only_said_100_and_lives_is_waited_for_and_then_cancelled() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 100);
    rig.advance(179_000);
    assert_eq!(rig.log(Method::Invite).len(), 1);
    assert!(rig.log(Method::Options).len() >= 5, "it is checked again and again");
    rig.advance(2_000);
    assert_eq!(rig.last(Method::Cancel).to, p1());
    assert_eq!(rig.state(id), CallState::Ended);
}

/// Failover design §1: the check is "repeated every 30 s: silence where §2 makes it proof, or ICMP". §2: it
/// proves nothing at a hop that has never answered an OPTIONS.
#[test]
fn a_hop_that_only_said_100_and_answers_no_options_is_left_when_icmp_says_so() {
    let mut rig = Rig::registered_with(|line| {
        line.keep_alive = KeepAlive::Off;
        line.policy_mut().keep_alive = None;
    });
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 100);
    rig.modes[0] = Mode::Silent;
    rig.advance(100_000);
    let checks = |rig: &Rig| {
        let options = rig.sent.iter().filter(|sent| sent.is(Method::Options));
        let mut began: Vec<(String, u128)> =
            options.map(|sent| (sent.header(HeaderName::CallId), sent.at)).collect();
        began.dedup_by(|later, earlier| later.0 == earlier.0);
        began.into_iter().map(|(_, at)| at).collect::<Vec<u128>>()
    };
    assert_eq!(checks(&rig), [3_500, 37_000, 70_500], "A3, then 30 s after each");
    assert_eq!(rig.log(Method::Invite).len(), 1, "its silence is no proof");
    assert_eq!(rig.account().hop, Some(p1()));
    rig.modes[0] = Mode::Dead;
    rig.advance(4_500);
    assert_eq!(rig.last(Method::Invite).to, p2());
}

/// A check that met silence ends 64·T1 after it was sent, when the call may long be at another hop: it says
/// nothing of that one.
#[test]
fn the_end_of_a_check_at_a_hop_that_was_left_blames_no_other() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 100);
    rig.modes[0] = Mode::Silent;
    rig.advance(7_100);
    let second = rig.last(Method::Invite);
    assert_eq!(second.to, p2());
    rig.answer(&second, 100);
    rig.advance(60_000);
    assert_eq!(rig.log(Method::Register), [(7_000, p2())], "the line stays where it is served");
    assert_eq!(rig.account().hop, Some(p2()));
    assert!(rig.account().hops[1].cause.is_none(), "{:?}", rig.account().hops);
    assert_eq!((rig.last(Method::Invite).to, rig.state(id)), (p2(), CallState::Dialing));
}

/// The same row: "otherwise wait, 180 s (set), then CANCEL", with a setting of its own.
#[test]
fn a_hop_that_only_said_100_is_waited_for_as_long_as_that_is_set() {
    let mut rig = Rig::registered_with(|line| {
        line.trying_limit = Duration::from_secs(60);
        line.ring_limit = Duration::from_secs(120);
    });
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 100);
    rig.advance(59_900);
    assert_eq!(rig.state(id), CallState::Dialing);
    rig.advance(200);
    assert_eq!(rig.state(id), CallState::Ended);
    assert_eq!(rig.last(Method::Cancel).to, p1());
}

/// Failover design §1: 180 s of ringing, then CANCEL; no failover.
#[test]
fn a_call_that_rings_unanswered_is_cancelled_after_the_ring_limit() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    rig.modes[0] = Mode::Silent;
    rig.advance(179_000);
    assert_eq!(rig.state(id), CallState::Ringing);
    rig.advance(1_500);
    assert_eq!(rig.state(id), CallState::Ended);
    assert_eq!(rig.last(Method::Cancel).to, p1());
    assert_eq!(rig.log(Method::Invite).len(), 1);
}

/// Failover design §1: "dialling and a manual register ignore any back-off". The line is registered once a
/// hop has answered the call.
#[test]
fn a_call_that_is_dialled_while_the_line_waits_goes_out_at_once() {
    let mut rig = Rig::new(|_| {});
    rig.modes = vec![Mode::Silent; 2];
    rig.plug_in();
    rig.advance(36_000);
    assert_eq!(rig.account().state, LineState::Failed);
    rig.modes[0] = Mode::Up;
    rig.sent.clear();
    let dialled = rig.ms();
    rig.dial();
    assert_eq!(rig.log(Method::Invite), [(dialled, p1())]);
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    assert_eq!(rig.log(Method::Register), [(dialled, p1())]);
    assert_eq!(rig.account().state, LineState::Registered);
}

/// Requirements A4, B4: in words, and by a tone.
#[test]
fn when_all_proxies_fail_the_caller_is_told_by_words_and_a_tone() {
    let mut rig = Rig::registered();
    rig.modes = vec![Mode::Silent; 2];
    let id = rig.dial();
    rig.advance(35_400);
    assert_eq!(rig.state(id), CallState::Dialing, "the last has its 32 s");
    rig.advance(200);
    let ended = rig.call(id).ended.unwrap();
    assert!(ended.reason.to_string().contains("all proxies failed"), "{ended:?}");
    assert!(rig.media.contains(&MediaCommand::Tone(Some(Tone::AllProxiesFailed))));
    let told = |event: &Event| {
        matches!(event, Event::Unavailable { method, cause, .. }
            if method == "INVITE" && cause.to_string() == "no answer")
    };
    assert!(rig.events.iter().any(|(_, event)| told(event)));
}

/// Failover design §1: if they answered 5xx, the server's reason is shown.
#[test]
fn when_every_proxy_refuses_the_servers_words_are_shown() {
    let mut rig = Rig::registered();
    rig.modes = vec![Mode::Refuses(503); 2];
    let id = rig.dial();
    let ended = rig.call(id).ended.unwrap();
    assert_eq!((ended.code, ended.reason.to_string().as_str()), (503, "Service Unavailable"));
}

/// Failover design §1, row 2: the challenge is answered at the same hop.
#[test]
fn a_407_is_answered_where_it_came_from() {
    let mut rig = Rig::registered();
    rig.dial();
    let first = rig.last(Method::Invite);
    rig.reply(&first, 407, |response, _| {
        let value = "Digest realm=\"example.test\", nonce=\"n\", qop=\"auth\"";
        response.headers.push(HeaderName::ProxyAuthenticate, value);
    });
    let second = rig.last(Method::Invite);
    assert_eq!((second.to, second.cseq()), (p1(), first.cseq() + 1));
    assert!(second.header(HeaderName::ProxyAuthorization).contains("nonce=\"n\""));
    assert_eq!(second.header(HeaderName::CallId), first.header(HeaderName::CallId));
}

/// Requirement F10: the ACK repeats the credentials of its INVITE (RFC 3261 §13.2.2.4) at the hop
/// that asked for them, and nowhere else.
#[test]
fn an_ack_takes_its_credentials_only_to_the_hop_that_asked_for_them() {
    for (record_route, to, carries) in [
        (&["<sip:10.0.0.1;lr>"][..], "udp:10.0.0.1:5060", true),
        (&[][..], "udp:10.0.0.50:5060", false),
    ] {
        let mut rig = Rig::registered();
        rig.dial();
        let first = rig.last(Method::Invite);
        rig.reply(&first, 407, |response, _| {
            let value = "Digest realm=\"example.test\", nonce=\"n\", qop=\"auth\"";
            response.headers.push(HeaderName::ProxyAuthenticate, value);
        });
        let second = rig.last(Method::Invite);
        rig.answer_call(&second, "bob", record_route, "<sip:1002@10.0.0.50:5060>");
        let ack = rig.last(Method::Ack);
        assert_eq!(ack.to, hop(to));
        assert_eq!(!ack.header(HeaderName::ProxyAuthorization).is_empty(), carries, "{to}");
    }
}

/// Failover design §2: a request doesn't wait for a hop that is known dead.
#[test]
fn a_second_call_does_not_wait_for_the_hop_that_failed_the_first() {
    let (mut rig, id, _, last) = two_legs();
    rig.answer(&last, 486);
    assert_eq!(rig.state(id), CallState::Ended);
    rig.sent.clear();
    rig.dial();
    assert_eq!(rig.log(Method::Invite).first().map(|(_, hop)| *hop), Some(p2()));
}

/// RFC 3264: the answer in a 183 opens the sound early, and the tone stays off.
#[test]
fn early_media_is_heard_and_a_180_makes_a_ringback_tone() {
    let mut rig = Rig::registered();
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 180);
    assert!(rig.media.contains(&MediaCommand::Tone(Some(Tone::Ringback))));
    rig.media.clear();
    rig.reply(&invite, 183, |response, _| {
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = crate::rig::sdp("10.0.0.50", 20_000, "sendrecv").into_bytes();
    });
    assert!(rig.media.contains(&MediaCommand::Tone(None)));
    assert!(rig.media.iter().any(|command| matches!(command, MediaCommand::Set { .. })));
}

/// RFC 6026: a 2xx that comes again after its transaction is over wants its ACK all the same.
#[test]
fn a_very_late_copy_of_the_200_is_acknowledged() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer_call(&invite, "bob", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    rig.advance(70_000);
    let before = rig.log(Method::Ack).len();
    rig.answer_call(&invite, "bob", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.log(Method::Ack).len(), before + 1);
    assert_eq!(rig.state(id), CallState::Active);
}

#[test]
fn a_tone_of_failure_ends_by_itself() {
    let mut rig = Rig::registered();
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 486);
    assert_eq!(rig.media.last(), Some(&MediaCommand::Tone(Some(Tone::Busy))));
    rig.advance(10_001);
    assert_eq!(rig.media.last(), Some(&MediaCommand::Tone(None)));
}
