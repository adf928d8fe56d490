//! Ringing that is acknowledged (RFC 3262), early dialogs, and ringing that must stop although the
//! CANCEL got lost (requirements F3, F4; failover design §1, §5; RFC 3261 §15).

use phone::CallId;
use phone::input::Command;
use phone::output::MediaCommand;
use phone::status::{CallState, EndedBy};
use sip_core::message::{HeaderName, Method};

use crate::rig::{Mode, Rig, Sent, invite, p1, p2, sdp};

/// Rings at the callee `tag` with a reliable 180.
fn ring(rig: &mut Rig, sent: &Sent, tag: &str, rseq: u32, body: &str) {
    rig.reply(sent, 180, |response, _| {
        let mut to = response.headers.to().unwrap();
        to.params.set("tag", Some(tag));
        response.headers.set(HeaderName::To, &to);
        response.headers.push(HeaderName::Require, "100rel");
        response.headers.push(HeaderName::RSeq, rseq);
        response.headers.push(HeaderName::RecordRoute, "<sip:10.0.0.1;lr;ftag=abc>");
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        response.body = body.as_bytes().to_vec();
    });
}

fn dialled(rig: &mut Rig) -> (CallId, Sent) {
    let id = rig.dial();
    (id, rig.last(Method::Invite))
}

/// RFC 3262 §4: a reliable 18x gets its PRACK within the early dialog, once, and its number counts
/// on in the call.
#[test]
fn a_reliable_ringing_gets_its_prack_and_the_numbers_count_on() {
    let mut rig = Rig::registered();
    let (id, call) = dialled(&mut rig);
    assert!(call.header(HeaderName::Supported).contains("100rel"));
    ring(&mut rig, &call, "bob", 17, "");
    let prack = rig.last(Method::Prack);
    assert_eq!(prack.header(HeaderName::RAck), format!("17 {} INVITE", call.cseq()));
    assert_eq!(prack.header(HeaderName::Route), "<sip:10.0.0.1;lr;ftag=abc>");
    assert_eq!(prack.request().uri.to_string(), "sip:1002@10.0.0.50:5060");
    assert_eq!(prack.cseq(), call.cseq() + 1);
    rig.answer(&prack, 200);
    ring(&mut rig, &call, "bob", 17, "");
    ring(&mut rig, &call, "bob", 19, "");
    assert_eq!(rig.log(Method::Prack).len(), 1, "neither a copy nor one out of order");
    ring(&mut rig, &call, "bob", 18, "");
    assert_eq!(rig.log(Method::Prack).len(), 2);
    assert_eq!(rig.state(id), CallState::Ringing);
    let route = ["<sip:10.0.0.1;lr;ftag=abc>"];
    rig.answer_call(&call, "bob", &route, "<sip:1002@10.0.0.50:5060>");
    rig.command(Command::HangUp(Some(id))).unwrap();
    assert_eq!(rig.last(Method::Bye).cseq(), call.cseq() + 3);
}

/// RFC 3262 §5: the answer may come in the 18x.
#[test]
fn early_media_of_a_reliable_183_is_heard() {
    let mut rig = Rig::registered();
    let (id, call) = dialled(&mut rig);
    ring(&mut rig, &call, "bob", 1, &sdp("10.0.0.50", 20_000, "sendrecv"));
    assert!(rig.media.contains(&MediaCommand::Focus(Some(id))));
    assert!(rig.last(Method::Prack).request().body.is_empty());
}

/// Failover design §5, rung 1: PRACK is a request of a dialog like any other.
#[test]
fn a_prack_goes_through_the_backup_when_the_primary_has_died() {
    for (mode, cost) in [(Mode::Silent, 3_600), (Mode::Dead, 1)] {
        let mut rig = Rig::registered();
        let (_, call) = dialled(&mut rig);
        rig.modes[0] = mode;
        ring(&mut rig, &call, "bob", 1, "");
        rig.advance(cost);
        let log = rig.log(Method::Prack);
        let last = rig.last(Method::Prack);
        assert_eq!((log[0].1, last.to), (p1(), p2()), "{mode:?}");
        assert!(last.header(HeaderName::Route).contains("10.0.0.2"));
        assert_eq!(last.header(HeaderName::RAck), format!("1 {} INVITE", call.cseq()));
    }
}

#[test]
fn a_line_that_offers_no_100rel_says_so() {
    let mut rig = Rig::registered_with(|line| line.reliable_provisional = false);
    let (_, call) = dialled(&mut rig);
    assert!(!call.header(HeaderName::Supported).contains("100rel"));
}

/// RFC 3311 §5.2: who rings may move its early media.
#[test]
fn an_update_within_the_early_dialog_is_answered() {
    let mut rig = Rig::registered();
    let (id, call) = dialled(&mut rig);
    ring(&mut rig, &call, "bob", 1, &sdp("10.0.0.50", 20_000, "sendrecv"));
    let (from, to) = (call.header(HeaderName::From), call.header(HeaderName::To));
    let body = sdp("10.0.0.50", 20_008, "sendrecv");
    let update = format!(
        "UPDATE sip:1001@10.0.0.9:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKu\r\n\
         Max-Forwards: 69\r\nFrom: {to};tag=bob\r\nTo: {from}\r\nCall-ID: {}\r\nCSeq: 7 UPDATE\r\n\
         Contact: <sip:1002@10.0.0.51:5060>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        call.header(HeaderName::CallId),
        body.len()
    );
    rig.deliver_from(p2().addr, update.as_bytes());
    let response = rig.last_response();
    assert_eq!(response.code.as_u16(), 200);
    assert!(String::from_utf8_lossy(&response.body).contains("m=audio"));
    let moved = |command: &MediaCommand| matches!(command, MediaCommand::Set { stream, .. } if stream.remote.port() == 20_008);
    assert!(rig.media.iter().any(moved));
    assert_eq!(rig.state(id), CallState::Ringing);
}

/// A call that rings there and is given up here; its CANCEL.
fn given_up(rig: &mut Rig) -> (Sent, Sent) {
    let (id, call) = dialled(rig);
    rig.reply(&call, 180, |response, _| {
        response.headers.push(HeaderName::RecordRoute, "<sip:10.0.0.1;lr;ftag=abc>");
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
    });
    rig.command(Command::HangUp(Some(id))).unwrap();
    (call, rig.last(Method::Cancel))
}

/// RFC 3261 §9.2, §15: a proxy that was restarted knows nothing of what it shall cancel; what rings
/// there would ring to its limit.
#[test]
fn a_cancel_that_is_answered_481_is_followed_by_a_bye_on_the_early_dialog() {
    let mut rig = Rig::registered();
    let (call, cancel) = given_up(&mut rig);
    assert!(rig.log(Method::Bye).is_empty());
    rig.answer(&cancel, 481);
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.to, p1());
    assert_eq!(bye.header(HeaderName::Route), "<sip:10.0.0.1;lr;ftag=abc>");
    assert_eq!(bye.header(HeaderName::CallId), call.header(HeaderName::CallId));
    assert!(bye.header(HeaderName::To).contains("tag="));
    rig.answer(&bye, 200);
    rig.answer(&call, 487);
    rig.advance(60_000);
    assert_eq!(rig.log(Method::Bye).len(), 1);
}

/// Failover design §1, first row: "a BYE always goes on".
#[test]
fn a_cancel_that_finds_its_hop_dead_is_followed_by_a_bye_through_the_backup() {
    for (mode, wait) in [(Mode::Dead, 10), (Mode::Silent, 7_100)] {
        let mut rig = Rig::registered();
        let (id, call) = dialled(&mut rig);
        rig.reply(&call, 180, |response, _| {
            response.headers.push(HeaderName::RecordRoute, "<sip:10.0.0.1;lr>");
            response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        });
        rig.modes[0] = mode;
        rig.command(Command::HangUp(Some(id))).unwrap();
        rig.advance(wait);
        let at_backup = |sent: &&Sent| sent.is(Method::Bye) && sent.to == p2();
        let bye = rig.sent.iter().find(at_backup).unwrap_or_else(|| panic!("{mode:?}"));
        assert!(bye.header(HeaderName::Route).contains("10.0.0.2"));
        let cancels = rig.log(Method::Cancel);
        assert!(cancels.iter().all(|(_, hop)| *hop == p1()), "a CANCEL never goes elsewhere");
    }
}

/// A CANCEL that did its work leaves nothing to end.
#[test]
fn a_cancel_that_gets_through_is_followed_by_no_bye() {
    let mut rig = Rig::registered();
    let (call, cancel) = given_up(&mut rig);
    rig.answer(&cancel, 200);
    rig.answer(&call, 487);
    rig.advance(60_000);
    assert!(rig.log(Method::Bye).is_empty());
}

/// A 200 that crosses the BYE is acknowledged, and not ended twice.
#[test]
fn an_answer_that_crosses_the_bye_of_the_ringing_is_acknowledged() {
    let mut rig = Rig::registered();
    let (id, call) = dialled(&mut rig);
    ring(&mut rig, &call, "bob", 1, "");
    rig.command(Command::HangUp(Some(id))).unwrap();
    let cancel = rig.last(Method::Cancel);
    rig.answer(&cancel, 481);
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.cseq(), call.cseq() + 2, "after the PRACK");
    rig.answer_call(&call, "bob", &["<sip:10.0.0.1;lr;ftag=abc>"], "<sip:1002@10.0.0.50:5060>");
    rig.answer(&bye, 200);
    rig.advance(40_000);
    assert_eq!(rig.log(Method::Ack).len(), 1);
    assert_eq!(rig.log(Method::Bye).len(), 1);
}

/// An INVITE whose ringing is to be acknowledged; without a body where `offerless`.
fn demanding(branch: &str, offerless: bool) -> Vec<u8> {
    let text = String::from_utf8(invite(branch, "rel", 1, "10.0.0.1")).unwrap();
    let text = text.replacen("Max-Forwards", "Require: 100rel\r\nMax-Forwards", 1);
    if !offerless {
        return text.into_bytes();
    }
    let (head, _) = text.split_once("Content-Type").unwrap();
    format!("{head}Content-Length: 0\r\n\r\n").into_bytes()
}

/// A PRACK of the caller for the latest 180, through the other proxy.
fn prack(rig: &Rig, cseq: u32, rack: &str, body: &str) -> Vec<u8> {
    let ringing = rig.sent.iter().rev().find(|sent| !sent.header(HeaderName::RSeq).is_empty());
    let to = ringing.unwrap().header(HeaderName::To);
    format!(
        "PRACK sip:1001@10.0.0.9:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKp{cseq}\r\nMax-Forwards: 69\r\n\
         From: <sip:1002@example.test>;tag=caller\r\nTo: {to}\r\nCall-ID: rel\r\n\
         CSeq: {cseq} PRACK\r\nRAck: {rack}\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn rings(rig: &Rig) -> usize {
    rig.responses().iter().filter(|(code, _)| *code == 180).count()
}

/// RFC 3262 §3: repeated until the PRACK, which may come through any hop; a wrong one is refused.
#[test]
fn ringing_that_is_to_be_acknowledged_is_repeated_until_its_prack() {
    let mut rig = Rig::registered();
    rig.deliver_from(p1().addr, &demanding("z9hG4bKr", false));
    let ringing = rig.last_response();
    assert_eq!(ringing.headers.require(), ["100rel"]);
    assert!(ringing.body.is_empty(), "the answer goes with the 2xx");
    let rseq: u32 = ringing.headers.get(&HeaderName::RSeq).unwrap().parse().unwrap();
    rig.advance(3_600);
    assert_eq!(rings(&rig), 4, "at 0, 0.5, 1.5 and 3.5 s");
    let wrong = prack(&rig, 2, &format!("{} 1 INVITE", rseq + 1), "");
    rig.deliver_from(p2().addr, &wrong);
    assert_eq!(rig.last_response().code.as_u16(), 481);
    let right = prack(&rig, 3, &format!("{rseq} 1 INVITE"), "");
    rig.deliver_from(p2().addr, &right);
    assert_eq!(rig.last_response().code.as_u16(), 200);
    rig.advance(20_000);
    assert_eq!(rings(&rig), 4);
    let id = rig.phone.calls(rig.now)[0].id;
    rig.command(Command::Answer(Some(id))).unwrap();
    assert!(String::from_utf8_lossy(&rig.last_response().body).contains("m=audio"));
    assert_eq!(rig.state(id), CallState::Active);
}

/// RFC 3262 §5: without an offer in the INVITE ours goes with the ringing, its answer comes in the
/// PRACK, and the call is answered no sooner than that.
#[test]
fn an_offer_in_the_ringing_is_answered_by_the_prack_before_the_call_is_up() {
    let mut rig = Rig::registered();
    rig.deliver_from(p1().addr, &demanding("z9hG4bKr", true));
    let ringing = rig.last_response();
    assert!(String::from_utf8_lossy(&ringing.body).contains("a=sendrecv"));
    let rseq = ringing.headers.get(&HeaderName::RSeq).unwrap().to_owned();
    let id = rig.phone.calls(rig.now)[0].id;
    rig.command(Command::Answer(Some(id))).unwrap();
    assert_eq!(rig.state(id), CallState::Ringing, "not before the PRACK");
    let answer = prack(&rig, 2, &format!("{rseq} 1 INVITE"), &sdp("10.0.0.50", 20_000, "sendrecv"));
    rig.deliver_from(p1().addr, &answer);
    assert_eq!(rig.state(id), CallState::Active);
    let codes: Vec<u16> = rig.responses().iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [180, 200, 200]);
    assert!(rig.last_response().body.is_empty(), "all is agreed");
    assert_eq!(rig.call(id).codec.as_deref(), Some("PCMA"));
}

/// RFC 3262 §3: 64·T1 without PRACK, and the INVITE is refused.
#[test]
fn ringing_that_nobody_acknowledges_ends() {
    let mut rig = Rig::registered();
    rig.deliver_from(p1().addr, &demanding("z9hG4bKr", false));
    let id = rig.phone.calls(rig.now)[0].id;
    rig.advance(33_000);
    let ended = rig.call(id).ended.unwrap();
    assert_eq!((ended.by, ended.code), (EndedBy::Failure, 504));
    assert!(rig.responses().iter().any(|(code, _)| *code == 504));
}
