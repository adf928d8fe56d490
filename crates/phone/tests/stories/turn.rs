//! A second call of the user's: the first is on hold before it is sent or taken back (requirement F7;
//! RFC 3264 §8.4), and calls that its user need not have missed (RFC 3326).

use phone::CallId;
use phone::input::{Command, Refusal};
use phone::output::Event;
use phone::settings::Settings;
use phone::status::{CallState, CallStatus, EndedBy};
use sip_core::message::{HeaderName, Method};

use crate::rig::{Rig, Sent, invite, line_settings, p1, sdp};

const VIA: &str = "10.0.0.1";

/// The other side agrees to hold or to resume.
fn agree(rig: &mut Rig, direction: &str) {
    let change = rig.last(Method::Invite);
    agree_to(rig, &change, direction);
}

fn agree_to(rig: &mut Rig, change: &Sent, direction: &str) {
    rig.reply(change, 200, |response, _| {
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = sdp("10.0.0.50", 20_000, direction).into_bytes();
    });
}

fn offers_hold(sent: &Sent) -> bool {
    String::from_utf8_lossy(&sent.request().body).contains("a=sendonly")
}

fn invites(rig: &Rig) -> usize {
    rig.log(Method::Invite).len()
}

/// A call that is up, and a second one that is dialled.
fn two_calls() -> (Rig, CallId, CallId) {
    let mut rig = Rig::registered();
    let first = rig.call_up();
    let before = invites(&rig);
    let second = rig.dial();
    assert_eq!(invites(&rig), before + 1, "the hold alone");
    (rig, first, second)
}

#[test]
fn a_second_call_is_dialled_once_the_first_is_on_hold_f7() {
    let (mut rig, first, second) = two_calls();
    assert!(offers_hold(&rig.last(Method::Invite)));
    assert_eq!(rig.state(second), CallState::Dialing, "it is shown at once");
    let to_hold = rig.last(Method::Invite).header(HeaderName::CallId);
    agree(&mut rig, "recvonly");
    assert_eq!(rig.state(first), CallState::Held);
    let dialled = rig.last(Method::Invite);
    assert_ne!(dialled.header(HeaderName::CallId), to_hold);
    assert_eq!(dialled.header(HeaderName::CallId), rig.call(second).sip_call_id);
    rig.answer_call(&dialled, "b2", &[], "<sip:1002@10.0.0.60:5060>");
    assert_eq!((rig.state(first), rig.state(second)), (CallState::Held, CallState::Active));
}

#[test]
fn a_call_on_hold_is_resumed_once_the_other_one_is_on_hold() {
    let (mut rig, first, second) = two_calls();
    agree(&mut rig, "recvonly");
    let dialled = rig.last(Method::Invite);
    rig.answer_call(&dialled, "b2", &[], "<sip:1002@10.0.0.60:5060>");
    rig.command(Command::Resume(first)).unwrap();
    let hold = rig.last(Method::Invite);
    assert!(offers_hold(&hold));
    assert_eq!(hold.header(HeaderName::CallId), rig.call(second).sip_call_id);
    assert_eq!(rig.state(first), CallState::Held, "not yet");
    agree_to(&mut rig, &hold, "recvonly");
    assert_eq!(rig.state(second), CallState::Held);
    let resume = rig.last(Method::Invite);
    assert_eq!(resume.header(HeaderName::CallId), rig.call(first).sip_call_id);
    agree_to(&mut rig, &resume, "sendrecv");
    assert_eq!((rig.state(first), rig.state(second)), (CallState::Active, CallState::Held));
}

#[test]
fn where_hold_does_not_take_the_first_call_goes_on_and_the_second_is_not_made() {
    let (mut rig, first, second) = two_calls();
    let (hold, before) = (rig.last(Method::Invite), invites(&rig));
    rig.answer(&hold, 488);
    assert_eq!(invites(&rig), before, "nobody else is called");
    assert_eq!(rig.state(first), CallState::Active);
    assert!(rig.call(first).note.unwrap().to_string().starts_with("hold did not take: 488"));
    let call = rig.call(second);
    assert_eq!(call.state, CallState::Ended);
    let ended = call.ended.unwrap();
    assert_eq!((ended.by, ended.code), (EndedBy::Failure, 0));
    assert_eq!(ended.reason.to_string(), format!("call {first} could not be put on hold"));
    rig.command(Command::Hold(first)).unwrap();
}

#[test]
fn a_resume_whose_other_call_cannot_be_held_says_so_and_leaves_both_as_they_were() {
    let (mut rig, first, second) = two_calls();
    agree(&mut rig, "recvonly");
    let dialled = rig.last(Method::Invite);
    rig.answer_call(&dialled, "b2", &[], "<sip:1002@10.0.0.60:5060>");
    rig.command(Command::Resume(first)).unwrap();
    let hold = rig.last(Method::Invite);
    rig.answer(&hold, 488);
    assert_eq!((rig.state(first), rig.state(second)), (CallState::Held, CallState::Active));
    let note = rig.call(first).note.unwrap().to_string();
    assert_eq!(note, format!("resume did not take: call {second} could not be put on hold"));
}

#[test]
fn a_call_that_waits_for_its_turn_can_be_given_up_and_goes_on_when_the_first_one_ends() {
    let (mut rig, first, second) = two_calls();
    assert_eq!(
        rig.command(Command::Dial { line: None, target: "1003".into() }),
        Err(Refusal::Waits(second))
    );
    rig.command(Command::HangUp(Some(second))).unwrap();
    let before = invites(&rig);
    agree(&mut rig, "recvonly");
    assert_eq!(invites(&rig), before, "it is not called any more");
    assert_eq!(rig.state(first), CallState::Held);
    let (mut rig, first, second) = two_calls();
    rig.command(Command::HangUp(Some(first))).unwrap();
    let dialled = rig.last(Method::Invite);
    assert_eq!(dialled.header(HeaderName::CallId), rig.call(second).sip_call_id);
}

/// What listeners were told of calls that are over.
fn over(rig: &Rig) -> Vec<CallStatus> {
    let ended = |event: &Event| match event {
        Event::Call(status) if status.state == CallState::Ended => Some(status.clone()),
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| ended(event)).collect()
}

#[test]
fn a_call_that_is_turned_away_is_told_of_once_as_refused_here() {
    let mut rig = Rig::registered();
    let settings =
        Settings { lines: vec![line_settings()], do_not_disturb: true, ..Settings::default() };
    rig.input(phone::input::Input::Settings(settings));
    for branch in ["z9hG4bKa", "z9hG4bKb"] {
        rig.deliver_from(p1().addr, &invite(branch, "call-1", 1, VIA));
    }
    let told = over(&rig);
    assert_eq!(told.len(), 1, "the copy is the same call");
    let ended = told[0].ended.clone().unwrap();
    assert_eq!((ended.by, ended.code), (EndedBy::Local, 480));
    assert_eq!(told[0].remote, "sip:1002@example.test");
    assert_eq!(told[0].sip_call_id, "call-1");
    assert_eq!(rig.phone.calls(rig.now), [], "it is not listed: it never rang");
}

#[test]
fn a_call_that_was_answered_elsewhere_is_told_apart_from_one_that_its_caller_gave_up() {
    for (reason, code) in [
        ("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", 200),
        ("Reason: SIP;cause=487\r\n", 0),
        ("", 0),
    ] {
        let mut rig = Rig::registered();
        let invite = invite("z9hG4bKa", "call-1", 1, VIA);
        rig.deliver_from(p1().addr, &invite);
        let text = String::from_utf8(invite).unwrap();
        let (head, _) = text.split_once("Content-Type").unwrap();
        let cancel = head.replace("INVITE", "CANCEL") + reason + "Content-Length: 0\r\n\r\n";
        rig.deliver_from(p1().addr, cancel.as_bytes());
        let ended = over(&rig).remove(0).ended.unwrap();
        assert_eq!((ended.by, ended.code), (EndedBy::Remote, code), "{reason}");
    }
}
