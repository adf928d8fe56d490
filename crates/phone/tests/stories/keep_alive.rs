//! Finding out while idle (requirement F1; failover design §2, §6).

use crate::rig::{Mode, Rig, Sent, p1, p2};
use std::collections::BTreeSet;
use std::time::Duration;

use failover::HopState;
use phone::input::{Input, Undeliverable};
use phone::output::Event;
use phone::settings::{KeepAlive, LineSettings};
use sip_core::message::{HeaderName, Method};

/// Failover design §8: at most 33.5 s from the death to the REGISTER at the backup.
#[test]
fn an_idle_phone_is_registered_at_the_backup_33_5_s_after_a_silent_death() {
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Silent;
    rig.advance(33_600);
    assert_eq!(rig.account().hop, Some(p2()));
    let (at, hop) = *rig.log(Method::Register).first().unwrap();
    assert_eq!(hop, p2());
    assert!(at <= 33_500, "{at}");
    let Some((_, Event::Failover(switch))) =
        rig.events.iter().find(|(_, event)| matches!(event, Event::Failover(_)))
    else {
        panic!("{:?}", rig.events)
    };
    assert_eq!(switch.method, "OPTIONS", "the request that failed");
    assert_eq!(switch.elapsed.as_millis(), 3_500);
}

#[test]
fn an_icmp_error_for_a_keep_alive_moves_the_line_at_once() {
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Dead;
    rig.advance(30_001);
    assert_eq!(rig.account().hop, Some(p2()));
}

/// Failover design §1: any final answer but 503, 500 and 408 is life.
#[test]
fn a_keep_alive_that_is_refused_politely_proves_life() {
    for code in [404, 405, 401, 481, 501] {
        let mut rig = Rig::registered();
        rig.modes[0] = Mode::Refuses(code);
        rig.advance(65_000);
        assert_eq!(rig.account().hop, Some(p1()), "{code}");
        assert!(rig.log(Method::Register).is_empty(), "{code}");
    }
    for code in [503, 500, 408] {
        let mut rig = Rig::registered();
        rig.modes[0] = Mode::Refuses(code);
        rig.advance(31_000);
        assert_eq!(rig.account().hop, Some(p2()), "{code}");
    }
}

/// A line whose first OPTIONS at the first hop got no answer in A3's time: that OPTIONS, and the REGISTER
/// that asks the hop instead.
fn first_options_unanswered() -> (Rig, Sent, Sent) {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let register = rig.last(Method::Register);
    rig.answer(&register, 200);
    assert_eq!(rig.account().hop, Some(p1()));
    let options = rig.last(Method::Options);
    rig.sent.clear();
    rig.advance(3_600);
    let check = rig.last(Method::Register);
    (rig, options, check)
}

/// Failover design §6: silence that proves nothing re-REGISTERs at the same hop, and if that
/// answers, OPTIONS goes there only now and then.
#[test]
fn a_hop_that_never_answers_options_is_not_blamed_for_it() {
    let (mut rig, _, check) = first_options_unanswered();
    assert_eq!(check.to, p1(), "the same hop is asked");
    rig.answer(&check, 200);
    rig.sent.clear();
    rig.advance(120_000);
    let branches = rig.sent.iter().filter(|sent| sent.is(Method::Options)).map(|s| s.branch());
    assert_eq!(branches.collect::<BTreeSet<_>>().len(), 1, "one in two minutes");
    assert!(rig.log(Method::Register).is_empty(), "and its silence leads to nothing");
    assert_eq!(rig.account().hop, Some(p1()));
}

/// A phone that came up in weather in which answers take longer than A3 found its server to be one
/// that answers no OPTIONS; the server died, and the phone did not notice for minutes.
#[test]
fn an_answer_to_options_that_comes_after_a3_counts() {
    let (mut rig, options, check) = first_options_unanswered();
    rig.answer(&options, 200);
    rig.answer(&check, 200);
    let message = rig.account().message.to_string();
    assert!(!message.contains("answers no OPTIONS"), "{message}");
    rig.advance(30_000);
    assert_eq!(rig.account().hop, Some(p2()), "left as a hop that answers OPTIONS and is silent");
}

#[test]
fn an_answer_to_options_that_comes_after_the_warning_takes_it_back() {
    let (mut rig, options, check) = first_options_unanswered();
    rig.answer(&check, 200);
    assert!(rig.account().message.to_string().contains("answers no OPTIONS"));
    rig.answer(&options, 200);
    assert_eq!(rig.account().message.to_string(), "registered through udp:10.0.0.1:5060");
}

/// Failover design §2: what was answered late was answered, and the check of a hop that only says 100 to an
/// INVITE takes its silence for proof.
#[test]
fn a_call_leaves_a_silent_hop_that_has_answered_an_options_late() {
    let (mut rig, options, check) = first_options_unanswered();
    rig.answer(&options, 200);
    rig.answer(&check, 200);
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.answer(&invite, 100);
    rig.advance(7_100);
    assert_eq!(rig.last(Method::Invite).to, p2());
}

/// The line has moved on: what its hop answers to an OPTIONS of the registration before is not heard.
#[test]
fn a_late_answer_of_the_registration_before_changes_nothing() {
    let (mut rig, options, _) = first_options_unanswered();
    rig.advance(3_600);
    assert_eq!(rig.account().hop, Some(p2()));
    rig.answer(&options, 200);
    assert_eq!(rig.account().hops[0].state, HopState::Unavailable);
}

/// Failover design §6, the watch: a backup that answers a little late answers, so its silence is told.
#[test]
fn a_watched_backup_that_answered_late_is_told_of_when_it_dies() {
    let mut rig = Rig::new(|line| line.policy_mut().watch = Some(Duration::from_secs(30)));
    rig.modes[1] = Mode::Silent;
    rig.plug_in();
    let watch = rig.last(Method::Options);
    assert_eq!(watch.to, p2());
    rig.advance(3_600);
    rig.answer(&watch, 200);
    rig.advance(31_000);
    let lost = Event::Redundancy { line: rig.account().line, left: false };
    assert!(rig.events.iter().any(|(_, event)| *event == lost), "{:?}", rig.events);
}

/// A hop that has been left is not asked again for the sake of what it had not answered.
#[test]
fn an_answer_to_options_from_a_hop_that_was_left_moves_nothing() {
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Silent;
    rig.advance(30_000);
    let options = rig.last(Method::Options);
    assert_eq!(options.to, p1());
    rig.advance(3_600);
    assert_eq!(rig.account().hop, Some(p2()));
    rig.sent.clear();
    rig.answer(&options, 200);
    assert_eq!(rig.account().hop, Some(p2()));
    assert!(rig.log(Method::Register).is_empty());
}

fn by_crlf(line: &mut LineSettings) {
    line.keep_alive = KeepAlive::Crlf(Duration::from_secs(30));
    line.policy_mut().keep_alive = None;
}

/// `UDPUpdate` 1: a bare CRLF, start to start; its silence is no evidence (failover design §6).
#[test]
fn a_crlf_keep_alive_is_sent_to_the_current_hop_and_its_silence_proves_nothing() {
    let mut rig = Rig::registered_with(by_crlf);
    rig.modes[0] = Mode::Silent;
    rig.advance(95_000);
    let sent: Vec<_> = rig.crlf.iter().map(|(at, hop)| (*at, *hop)).collect();
    // The second comes after a random part of the interval.
    let (first, second) = (sent[0].0, sent[1].0);
    assert!(first == 0 && second <= 30_000, "{sent:?}");
    let expected = [second + 30_000, second + 60_000].map(|at| (at, p1()));
    assert_eq!(sent.get(2..4), Some(&expected[..]));
    assert_eq!(rig.account().hop, Some(p1()));
    assert!(rig.log(Method::Options).is_empty());
}

/// Failover design §6: "no evidence but ICMP".
#[test]
fn an_icmp_error_for_a_crlf_keep_alive_moves_the_line() {
    let mut rig = Rig::registered_with(by_crlf);
    rig.modes[0] = Mode::Dead;
    rig.advance(30_001);
    assert_eq!(rig.account().hop, Some(p2()));
    rig.advance(30_000);
    assert_eq!(rig.crlf.last().map(|(_, hop)| *hop), Some(p2()), "and goes on there");
}

/// All CRLFs are alike, so an ICMP error for one may be about another line's (requirement F6): it counts
/// for the line that has sent one in the last 2 s.
#[test]
fn an_icmp_error_for_a_crlf_that_the_line_did_not_just_send_moves_nothing() {
    let mut rig = Rig::registered_with(by_crlf);
    rig.advance(60_000);
    let last = rig.crlf.last().unwrap().0;
    rig.advance(2_001_u64.saturating_sub(u64::try_from(rig.ms() - last).unwrap()));
    let error = |rig: &mut Rig| {
        let (to, quoted, why) = (p1(), b"\r\n\r\n".to_vec(), Undeliverable::Port);
        rig.input(Input::Undeliverable { to, quoted, why });
    };
    error(&mut rig);
    assert_eq!(rig.account().hop, Some(p1()));
    let sent = rig.crlf.len();
    rig.advance_until(30_000, |rig| rig.crlf.len() > sent);
    rig.advance(1_900);
    error(&mut rig);
    assert_eq!(rig.account().hop, Some(p2()));
}

/// Failover design §6: "stops there with a warning".
#[test]
fn a_server_that_answers_no_options_is_told_of_until_it_answers_one() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let answer_register = |rig: &mut Rig| {
        let register = rig.last(Method::Register);
        rig.reply(&register, 200, |response, request| {
            let contact = request.headers.get(&HeaderName::Contact).unwrap();
            response.headers.push(HeaderName::Contact, contact);
        });
    };
    answer_register(&mut rig);
    rig.advance(3_500);
    assert!(!rig.account().message.to_string().contains("OPTIONS"), "asked by REGISTER first");
    answer_register(&mut rig);
    let message = rig.account().message.to_string();
    assert!(message.contains("answers no OPTIONS"), "{message}");
    rig.modes[0] = Mode::Up;
    rig.advance(65_000);
    assert_eq!(rig.account().message.to_string(), "registered through udp:10.0.0.1:5060");
}

/// Failover design §6, the watch on the backups: known before it is needed, and told.
#[test]
fn a_watched_backup_that_dies_is_told_by_event_journal_and_status() {
    let mut rig =
        Rig::registered_with(|line| line.policy_mut().watch = Some(Duration::from_secs(30)));
    let to_backup = |rig: &Rig| rig.log(Method::Options).iter().filter(|(_, h)| *h == p2()).count();
    rig.advance(31_000);
    assert!(to_backup(&rig) >= 1);
    rig.modes[1] = Mode::Dead;
    rig.advance(31_000);
    let lost = Event::Redundancy { line: rig.account().line, left: false };
    assert!(rig.events.iter().any(|(_, event)| *event == lost), "{:?}", rig.events);
    assert!(rig.phone.journal(None).iter().any(|entry| entry.event == lost));
    let message = rig.account().message.to_string();
    assert!(message.contains("no redundancy left"), "{message}");
    assert_eq!(rig.account().hop, Some(p1()));
    rig.modes[1] = Mode::Up;
    rig.advance(31_000);
    assert!(!rig.account().message.to_string().contains("redundancy"));
    assert!(rig.log(Method::Register).is_empty(), "the line moved for none of it");
}
