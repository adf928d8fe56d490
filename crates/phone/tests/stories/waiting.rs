//! What a user has made of calls that come in: waiting, not to be disturbed, sent elsewhere, muted
//! (requirement F7; RFC 3261 §8.1.3.4, §21.3.3, §21.4.18).

use std::time::Duration;

use phone::CallId;
use phone::input::{Command, Input};
use phone::output::MediaCommand;
use phone::settings::{Forward, Settings};
use phone::status::CallState;
use sip_core::message::{HeaderName, Method};

use crate::rig::{Rig, invite, line_settings, p1, sdp};

const VIA: &str = "10.0.0.1";

/// A phone that is registered and set like this.
fn set(change: impl FnOnce(&mut Settings)) -> Rig {
    let mut rig = Rig::registered();
    let mut settings = Settings { lines: vec![line_settings()], ..Settings::default() };
    change(&mut settings);
    rig.input(Input::Settings(settings));
    rig.media.clear();
    rig
}

fn forwarding(forward: Forward) -> Rig {
    set(|settings| settings.lines[0].forward = Some(Box::new(forward)))
}

/// Somebody calls; the call's number where it makes one.
fn arrive(rig: &mut Rig, branch: &str, call_id: &str) -> Option<CallId> {
    let before = rig.phone.calls(rig.now).len();
    rig.deliver_from(p1().addr, &invite(branch, call_id, 1, VIA));
    let calls = rig.phone.calls(rig.now);
    (calls.len() > before).then(|| calls[before].id)
}

fn heard(rig: &Rig) -> Vec<MediaCommand> {
    let alerts = |command: &&MediaCommand| {
        matches!(command, MediaCommand::Ring(_) | MediaCommand::Waiting(_))
    };
    rig.media.iter().filter(alerts).cloned().collect()
}

#[test]
fn a_second_call_waits_with_a_tone_and_answering_it_holds_the_first() {
    let mut rig = set(|_| {});
    let first = rig.call_up();
    let second = arrive(&mut rig, "z9hG4bKa", "call-2").unwrap();
    assert_eq!(heard(&rig), [MediaCommand::Waiting(true)], "no bell beside a voice");
    rig.command(Command::Answer(Some(second))).unwrap();
    assert_eq!(heard(&rig), [MediaCommand::Waiting(true), MediaCommand::Waiting(false)]);
    assert_eq!(rig.state(second), CallState::Active);
    let hold = rig.last(Method::Invite);
    assert!(String::from_utf8_lossy(&hold.request().body).contains("a=sendonly"));
    assert_eq!(rig.state(first), CallState::Active, "until the other side has agreed");
    rig.reply(&hold, 200, |response, _| {
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = sdp("10.0.0.50", 20_000, "recvonly").into_bytes();
    });
    assert_eq!(rig.state(first), CallState::Held);
    let sound = rig.media.iter().rev().find(|m| matches!(m, MediaCommand::Focus(_)));
    assert_eq!(
        sound,
        Some(&MediaCommand::Focus(Some(second))),
        "the one that is answered is heard"
    );
}

#[test]
fn a_call_that_waits_rings_once_the_other_one_is_over() {
    let mut rig = set(|_| {});
    let first = rig.call_up();
    arrive(&mut rig, "z9hG4bKa", "call-2").unwrap();
    rig.command(Command::HangUp(Some(first))).unwrap();
    let expected =
        [MediaCommand::Waiting(true), MediaCommand::Waiting(false), MediaCommand::Ring(true)];
    assert_eq!(heard(&rig), expected);
}

#[test]
fn one_of_two_ringing_calls_that_ends_leaves_the_bell_to_the_other() {
    let mut rig = set(|_| {});
    let first = arrive(&mut rig, "z9hG4bKa", "call-1").unwrap();
    let second = arrive(&mut rig, "z9hG4bKb", "call-2").unwrap();
    rig.command(Command::Reject(first)).unwrap();
    assert_eq!(heard(&rig), [MediaCommand::Ring(true)]);
    rig.command(Command::Reject(second)).unwrap();
    assert_eq!(heard(&rig), [MediaCommand::Ring(true), MediaCommand::Ring(false)]);
}

#[test]
fn without_call_waiting_a_second_call_finds_the_phone_busy_or_goes_where_busy_ones_go() {
    let mut rig = set(|settings| settings.no_call_waiting = true);
    rig.call_up();
    assert_eq!(arrive(&mut rig, "z9hG4bKa", "call-2"), None);
    assert_eq!(rig.last_response().code.as_u16(), 486);
    let mut rig = set(|settings| {
        settings.no_call_waiting = true;
        let busy = Some("1009".to_owned());
        settings.lines[0].forward = Some(Box::new(Forward { busy, ..Forward::default() }));
    });
    let alone = arrive(&mut rig, "z9hG4bKb", "call-3").unwrap();
    assert_eq!(rig.state(alone), CallState::Ringing, "it is not busy yet");
    assert_eq!(arrive(&mut rig, "z9hG4bKc", "call-4"), None);
    let moved = rig.last_response();
    assert_eq!(moved.code.as_u16(), 302);
    assert_eq!(moved.headers.get(&HeaderName::Contact), Some("<sip:1009@example.test>"));
}

#[test]
fn a_phone_that_is_not_to_be_disturbed_does_not_ring_and_still_calls() {
    let mut rig = set(|settings| settings.do_not_disturb = true);
    assert_eq!(arrive(&mut rig, "z9hG4bKa", "call-1"), None);
    assert_eq!(rig.last_response().code.as_u16(), 480);
    assert_eq!(heard(&rig), []);
    rig.call_up();
}

#[test]
fn every_call_goes_elsewhere_where_that_is_set_and_an_address_that_is_none_forwards_nothing() {
    let to = |target: &str| Forward { always: Some(target.to_owned()), ..Forward::default() };
    let mut rig = forwarding(to("sip:desk@other.test"));
    assert_eq!(arrive(&mut rig, "z9hG4bKa", "call-1"), None);
    let moved = rig.last_response();
    assert_eq!(moved.code.as_u16(), 302);
    assert_eq!(moved.headers.get(&HeaderName::Contact), Some("<sip:desk@other.test>"));
    assert!(moved.headers.to().unwrap().tag().is_some());
    let mut rig = forwarding(to("not an address"));
    let id = arrive(&mut rig, "z9hG4bKb", "call-2").unwrap();
    assert_eq!(rig.state(id), CallState::Ringing);
}

#[test]
fn a_call_that_nobody_answers_goes_elsewhere_after_its_time() {
    let no_answer = Some(("1009".to_owned(), Duration::from_secs(20)));
    let mut rig = forwarding(Forward { no_answer, ..Forward::default() });
    let id = arrive(&mut rig, "z9hG4bKa", "call-1").unwrap();
    rig.advance(19_900);
    assert_eq!(rig.state(id), CallState::Ringing);
    rig.advance(200);
    assert_eq!(rig.last_response().code.as_u16(), 302);
    let call = rig.call(id);
    assert_eq!((call.state, call.ended.unwrap().code), (CallState::Ended, 302));
    assert_eq!(heard(&rig), [MediaCommand::Ring(true), MediaCommand::Ring(false)]);
    let busy = |m: &MediaCommand| matches!(m, MediaCommand::Tone(Some(_)));
    assert!(!rig.media.iter().any(busy), "nobody is at the ear");
}

#[test]
fn a_muted_call_says_so_until_it_is_no_longer() {
    let mut rig = set(|_| {});
    let id = rig.call_up();
    assert!(!rig.call(id).muted);
    rig.command(Command::Mute(id, true)).unwrap();
    assert!(rig.call(id).muted);
    assert_eq!(rig.media.last(), Some(&MediaCommand::Mute(id, true)));
    rig.command(Command::Mute(id, false)).unwrap();
    assert_eq!(rig.media.last(), Some(&MediaCommand::Mute(id, false)));
    rig.command(Command::HangUp(Some(id))).unwrap();
    assert!(rig.command(Command::Mute(id, true)).is_err(), "it is over");
}

#[test]
fn a_callers_own_name_is_shown() {
    let mut rig = set(|_| {});
    let plain = String::from_utf8(invite("z9hG4bKa", "call-1", 1, VIA)).unwrap();
    let named = plain.replace("From: <sip", "From: \"Bob B.\" <sip");
    rig.deliver_from(p1().addr, named.as_bytes());
    let call = rig.phone.calls(rig.now).remove(0);
    assert_eq!(call.remote_name.as_deref(), Some("Bob B."));
}
