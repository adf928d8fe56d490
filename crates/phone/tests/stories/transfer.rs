//! Transfers, both sides of them, and digits by INFO, through proxies that die (requirement F3;
//! failover design §3, §5; RFC 3515, RFC 3891, RFC 6086).

use phone::CallId;
use phone::input::Command;
use phone::settings::Dtmf;
use phone::status::{CallState, EndedBy};
use sip_core::message::{HeaderName, Method};

use crate::rig::{Mode, Rig, Sent, invite, p1, p2, sdp};

/// A request of the other side in the dialog of the call that we have made, through `via`.
fn within(rig: &Rig, method: &str, cseq: u32, via: &str, headers: &str, body: &str) -> Vec<u8> {
    let (local, remote, call_id) = rig.dialog_of_call();
    format!(
        "{method} sip:1001@10.0.0.9:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {via};branch=z9hG4bK{method}{cseq}{via}\r\n\
         Max-Forwards: 69\r\nFrom: {remote}\r\nTo: {local}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:1002@10.0.0.50:5060>\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn notify(rig: &mut Rig, cseq: u32, state: &str, fragment: &str) {
    let headers =
        format!("Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n");
    let bytes = within(rig, "NOTIFY", cseq, "10.0.0.2", &headers, fragment);
    rig.deliver_from(p2().addr, &bytes);
    assert_eq!(rig.last_response().code.as_u16(), 200);
}

fn accept(rig: &mut Rig, sent: &Sent, direction: &str) {
    let body = sdp("10.0.0.50", 20_000, direction).into_bytes();
    rig.reply(sent, 200, |response, _| {
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = body;
    });
}

/// A transfer whose hold has been accepted; the REFER.
fn transfer(rig: &mut Rig, id: CallId) -> Sent {
    rig.command(Command::Transfer(id, "1003".to_owned())).unwrap();
    let hold = rig.last(Method::Invite);
    assert!(rig.log(Method::Refer).is_empty(), "held before it is sent away");
    accept(rig, &hold, "recvonly");
    rig.last(Method::Refer)
}

/// RFC 3515 §2.4.2, §2.4.5: the progress is shown, and the call is over here once it succeeded.
#[test]
fn a_blind_transfer_ends_the_call_when_the_other_party_has_got_through() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let refer = transfer(&mut rig, id);
    assert_eq!(refer.header(HeaderName::ReferTo), "<sip:1003@example.test>");
    assert_eq!(refer.header(HeaderName::ReferredBy), "<sip:1001@example.test>");
    assert!(refer.header(HeaderName::Contact).contains("10.0.0.9"));
    rig.answer(&refer, 202);
    notify(&mut rig, 1, "active;expires=60", "SIP/2.0 100 Trying\r\n");
    notify(&mut rig, 2, "active;expires=60", "SIP/2.0 180 Ringing\r\n");
    let note = rig.call(id).note.unwrap().to_string();
    assert!(note.contains("1003") && note.contains("180 Ringing"), "{note}");
    assert_eq!(rig.state(id), CallState::Held);
    notify(&mut rig, 3, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
    let ended = rig.call(id).ended.unwrap();
    assert_eq!(ended.by, EndedBy::Local);
    assert!(ended.reason.to_string().contains("transferred to sip:1003@example.test"), "{ended:?}");
    assert_eq!(rig.log(Method::Bye).len(), 1);
}

/// A way in which a REFER comes to nothing.
type Failure = &'static dyn Fn(&mut Rig, &Sent);

/// The other party is taken back from hold where it did not get through, however that shows.
#[test]
fn a_transfer_that_fails_takes_the_call_back_from_hold() {
    let failures: [Failure; 5] = [
        &|rig, refer| rig.answer(refer, 603),
        &|rig, refer| {
            rig.answer(refer, 202);
            notify(rig, 1, "terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\n");
        },
        &|rig, refer| {
            rig.answer(refer, 202);
            notify(rig, 1, "terminated;reason=giveup", "SIP/2.0 100 Trying\r\n");
        },
        &|rig, refer| {
            rig.answer(refer, 202);
            rig.advance(181_000);
        },
        &|rig, _| {
            rig.modes = vec![Mode::Silent; 2];
            rig.advance(40_000);
            rig.modes = vec![Mode::Up; 2];
        },
    ];
    for (number, failure) in failures.iter().enumerate() {
        let mut rig = Rig::registered();
        let id = rig.call_up();
        let refer = transfer(&mut rig, id);
        rig.sent.clear();
        failure(&mut rig, &refer);
        let note = rig.call(id).note.unwrap().to_string();
        assert!(
            note.to_string().contains("the transfer to sip:1003@example.test did not take"),
            "{note}"
        );
        let resume = rig.last(Method::Invite);
        assert!(String::from_utf8_lossy(&resume.request().body).contains("a=sendrecv"), "{number}");
        accept(&mut rig, &resume, "sendrecv");
        assert_eq!(rig.state(id), CallState::Active, "{number}");
        assert!(rig.log(Method::Bye).is_empty());
    }
}

/// Failover design §5, rung 1; §3: a REFER keeps its CSeq, so that no second transfer comes of it.
#[test]
fn a_refer_goes_through_the_backup_with_the_same_number() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let first = transfer(&mut rig, id);
    rig.modes[0] = Mode::Silent;
    rig.advance(3_600);
    let second = rig.last(Method::Refer);
    assert_eq!((first.to, second.to), (p1(), p2()));
    assert_eq!(second.cseq(), first.cseq());
    assert_ne!(second.branch(), first.branch());
    assert!(second.header(HeaderName::Route).contains("10.0.0.2"));
    // "500 to a kept copy means delivered already".
    rig.answer(&second, 500);
    assert!(rig.call(id).note.is_some_and(|note| note.to_string().starts_with("transferring")));
    notify(&mut rig, 1, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
    assert_eq!(rig.state(id), CallState::Ended);
    assert_eq!(rig.last(Method::Bye).to, p2());
}

/// Some servers say goodbye to the transferor before, or instead of, the last NOTIFY.
#[test]
fn a_bye_of_who_was_sent_away_is_a_success() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let refer = transfer(&mut rig, id);
    rig.answer(&refer, 202);
    let bye = within(&rig, "BYE", 1, "10.0.0.1", "", "");
    rig.deliver_from(p1().addr, &bye);
    let ended = rig.call(id).ended.unwrap();
    assert_eq!(ended.by, EndedBy::Remote);
    assert!(ended.reason.to_string().contains("transferred"), "{ended:?}");
}

#[test]
fn a_notify_that_nobody_asked_for_is_refused() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    for (cseq, event, code) in [(1, "refer", 481), (2, "presence", 489)] {
        let headers = format!("Event: {event}\r\nSubscription-State: active\r\n");
        let bytes = within(&rig, "NOTIFY", cseq, "10.0.0.1", &headers, "");
        rig.deliver_from(p1().addr, &bytes);
        assert_eq!(rig.last_response().code.as_u16(), code);
    }
    assert_eq!(rig.state(id), CallState::Active);
}

/// RFC 3891, RFC 5589 §7: the other party takes our place in another call of ours.
#[test]
fn an_attended_transfer_names_the_dialog_that_is_replaced() {
    let mut rig = Rig::registered();
    let first = rig.call_up();
    rig.command(Command::Hold(first)).unwrap();
    let hold = rig.last(Method::Invite);
    accept(&mut rig, &hold, "recvonly");
    let second = rig.dial();
    let consulted = rig.last(Method::Invite);
    rig.answer_call(&consulted, "carol", &["<sip:10.0.0.1;lr>"], "<sip:1003@10.0.0.60:5060>");
    rig.command(Command::TransferTo(first, second)).unwrap();
    let refer = rig.last(Method::Refer);
    assert_eq!(refer.header(HeaderName::CallId), hold.header(HeaderName::CallId));
    let refer_to = refer.header(HeaderName::ReferTo);
    assert!(refer_to.starts_with("<sip:1003@10.0.0.60:5060?Replaces="), "{refer_to}");
    let call_id = consulted.header(HeaderName::CallId);
    let from = consulted.message.headers().from().unwrap();
    let tag = from.tag().unwrap();
    let named = format!("{call_id}%3Bto-tag%3Dcarol%3Bfrom-tag%3D{tag}");
    assert!(refer_to.contains(&named), "{refer_to}");
    let wrong = rig.command(Command::TransferTo(second, second)).unwrap_err();
    assert!(wrong.to_string().contains("transfer"), "{wrong}");
}

fn refer(rig: &mut Rig, cseq: u32, via: &str, refer_to: &str) -> u16 {
    let headers = format!("Refer-To: {refer_to}\r\nReferred-By: <sip:1002@example.test>\r\n");
    let bytes = within(rig, "REFER", cseq, via, &headers, "");
    rig.deliver_from(format!("{via}:5060").parse().unwrap(), &bytes);
    rig.last_response().code.as_u16()
}

/// The NOTIFYs that were sent, copies not counted: status line and Subscription-State.
fn told(rig: &Rig) -> Vec<String> {
    let mut told: Vec<(String, String)> = Vec::new();
    for sent in rig.sent.iter().filter(|sent| sent.is(Method::Notify)) {
        let line = String::from_utf8_lossy(&sent.request().body).trim().to_owned();
        let state = sent.header(HeaderName::SubscriptionState);
        let state = state.split(';').next().unwrap_or_default();
        told.push((sent.branch(), format!("{line}, {state}")));
    }
    told.dedup_by(|a, b| a.0 == b.0);
    told.into_iter().map(|(_, line)| line).collect()
}

/// RFC 3515: the transferee calls, and the transferor hears how it goes, in order.
#[test]
fn a_refer_makes_a_call_and_its_progress_is_told() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    assert_eq!(refer(&mut rig, 1, "10.0.0.2", "<sip:1003@example.test>"), 202);
    let trying = rig.last(Method::Notify);
    assert_eq!(trying.header(HeaderName::Event), "refer");
    rig.answer(&trying, 200);
    let call = rig.last(Method::Invite);
    assert_eq!(call.request().uri.to_string(), "sip:1003@example.test");
    assert_eq!(call.header(HeaderName::ReferredBy), "<sip:1002@example.test>");
    rig.answer(&call, 180);
    let ringing = rig.last(Method::Notify);
    rig.answer(&ringing, 200);
    rig.answer_call(&call, "carol", &[], "<sip:1003@10.0.0.60:5060>");
    let done = rig.last(Method::Notify);
    assert_eq!(done.header(HeaderName::CallId), trying.header(HeaderName::CallId));
    assert_eq!(
        told(&rig),
        ["SIP/2.0 100 Trying, active", "SIP/2.0 180 Ringing, active", "SIP/2.0 200 OK, terminated"]
    );
    assert_eq!(rig.state(id), CallState::Active, "the transferor ends it");
    assert_eq!(rig.phone.calls(rig.now).len(), 2);
}

/// A call that the transferee could not make is told as what it was.
#[test]
fn a_refer_whose_call_is_refused_tells_the_refusal() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    refer(&mut rig, 1, "10.0.0.1", "<sip:1003@example.test>");
    let trying = rig.last(Method::Notify);
    rig.answer(&trying, 200);
    let call = rig.last(Method::Invite);
    rig.answer(&call, 486);
    assert_eq!(told(&rig).last().unwrap(), "SIP/2.0 486 Busy Here, terminated");
    let last = rig.last(Method::Notify);
    rig.answer(&last, 200);
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(refer(&mut rig, 2, "10.0.0.1", "<sip:1004@example.test>"), 202, "another one");
    assert_eq!(rig.last(Method::Notify).header(HeaderName::Event), "refer;id=2");
}

/// Failover design §5: NOTIFY climbs the ladder; §3: the copy of a REFER makes no second call.
#[test]
fn a_refer_through_both_proxies_makes_one_call_and_its_notify_fails_over() {
    let mut rig = Rig::registered();
    rig.call_up();
    rig.modes[0] = Mode::Dead;
    assert_eq!(refer(&mut rig, 1, "10.0.0.1", "<sip:1003@example.test>"), 202);
    assert_eq!(refer(&mut rig, 1, "10.0.0.2", "<sip:1003@example.test>"), 500);
    assert_eq!(rig.phone.calls(rig.now).len(), 2);
    let notify = rig.last(Method::Notify);
    assert_eq!(notify.to, p2());
    assert!(notify.header(HeaderName::Route).contains("10.0.0.2"));
}

#[test]
fn a_refer_that_names_nobody_to_call_is_refused() {
    let mut rig = Rig::registered();
    rig.call_up();
    for (cseq, refer_to, code) in [
        (1, "<tel:+4930123>", 416),
        (2, "<sip:1003@example.test;method=BYE>", 400),
        (3, "<sip:a@h>, <sip:b@h>", 400),
        (4, "nonsense", 400),
    ] {
        assert_eq!(refer(&mut rig, cseq, "10.0.0.1", refer_to), code, "{refer_to}");
    }
    assert_eq!(rig.phone.calls(rig.now).len(), 1);
}

/// RFC 3891 §3, §4: the transferee's INVITE says whose place it takes.
#[test]
fn a_refer_with_replaces_makes_an_invite_with_replaces() {
    let mut rig = Rig::registered();
    rig.call_up();
    let refer_to = "<sip:1003@10.0.0.60?Replaces=abc%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>";
    assert_eq!(refer(&mut rig, 1, "10.0.0.1", refer_to), 202);
    let call = rig.last(Method::Invite);
    assert_eq!(call.request().uri.to_string(), "sip:1003@10.0.0.60");
    assert_eq!(call.header(HeaderName::Replaces), "abc@h;to-tag=1;from-tag=2");
}

/// RFC 3891 §3: a new call takes the place of one that is up, at once and without ringing.
#[test]
fn an_invite_with_replaces_takes_over_the_call_that_it_names() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let (local, remote, call_id) = rig.dialog_of_call();
    let tag = |text: &str| text.split("tag=").nth(1).unwrap().to_owned();
    let replacing = |branch: &str, new: &str, to: &str, more: &str| {
        let header = format!("Replaces: {call_id};to-tag={to};from-tag={}{more}", tag(&remote));
        let text = String::from_utf8(invite(branch, new, 1, "10.0.0.1")).unwrap();
        text.replacen("Max-Forwards", &format!("{header}\r\nMax-Forwards"), 1).into_bytes()
    };
    rig.deliver_from(p1().addr, &replacing("z9hG4bKr1", "new1", "wrong", ""));
    assert_eq!(rig.last_response().code.as_u16(), 481);
    rig.deliver_from(p1().addr, &replacing("z9hG4bKr2", "new2", &tag(&local), ";early-only"));
    assert_eq!(rig.last_response().code.as_u16(), 486);
    assert_eq!(rig.state(id), CallState::Active);
    rig.deliver_from(p1().addr, &replacing("z9hG4bKr3", "new3", &tag(&local), ""));
    let calls = rig.phone.calls(rig.now);
    assert_eq!(calls.last().unwrap().state, CallState::Active);
    assert_eq!(rig.state(id), CallState::Ended);
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.header(HeaderName::CallId), call_id);
}

fn infos(rig: &Rig) -> Vec<String> {
    let sent = rig.sent.iter().filter(|sent| sent.is(Method::Info));
    sent.map(|sent| String::from_utf8_lossy(&sent.request().body).into_owned()).collect()
}

/// RFC 6086 (legacy use): digits by INFO go one after the other.
#[test]
fn digits_by_info_arrive_in_order() {
    let mut rig = Rig::registered_with(|line| line.dtmf = Dtmf::Info);
    let id = rig.call_up();
    rig.command(Command::Dtmf(id, "1#".to_owned())).unwrap();
    assert_eq!(infos(&rig), ["Signal=1\r\nDuration=160\r\n"]);
    let first = rig.last(Method::Info);
    assert_eq!(first.header(HeaderName::ContentType), "application/dtmf-relay");
    rig.answer(&first, 200);
    assert_eq!(infos(&rig).last().unwrap(), "Signal=#\r\nDuration=160\r\n");
}

/// Where the other side has no RFC 4733 the digits go by INFO by themselves.
#[test]
fn digits_take_the_way_that_the_other_side_has() {
    let mut rig = Rig::registered();
    let id = rig.dial();
    let call = rig.last(Method::Invite);
    rig.answer_call_as(&call, "bob", &[], "<sip:1002@10.0.0.1:5060>", |response| {
        let body = String::from_utf8(response.body.clone()).unwrap();
        response.body = body.replace(" 8 101", " 8").into_bytes();
    });
    rig.command(Command::Dtmf(id, "5".to_owned())).unwrap();
    assert_eq!(infos(&rig).len(), 1);
}

/// Failover design §5, rung 1; §3: an INFO keeps its CSeq: no second digit.
#[test]
fn a_digit_by_info_goes_through_the_backup_with_the_same_number() {
    let mut rig = Rig::registered_with(|line| line.dtmf = Dtmf::Info);
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    rig.command(Command::Dtmf(id, "12".to_owned())).unwrap();
    let first = rig.last(Method::Info);
    rig.advance(3_600);
    let second = rig.last(Method::Info);
    assert_eq!((first.to, second.to), (p1(), p2()));
    assert_eq!(second.cseq(), first.cseq());
    rig.answer(&second, 500);
    assert!(infos(&rig).last().unwrap().starts_with("Signal=2"), "the first was delivered");
    let next = rig.last(Method::Info);
    assert_eq!((next.to, next.cseq()), (p2(), first.cseq() + 1));
    rig.answer(&next, 415);
    assert!(rig.call(id).note.is_some_and(|note| note.to_string().contains("415")));
    assert_eq!(rig.state(id), CallState::Active);
}

/// RFC 6086: a digit is taken, also through the other proxy; its copy is not; anything else is
/// refused by its type.
#[test]
fn an_info_with_a_digit_is_taken_once() {
    let mut rig = Rig::registered();
    rig.call_up();
    let info = |rig: &mut Rig, cseq: u32, via: &str, kind: &str| {
        let headers = format!("Content-Type: {kind}\r\n");
        let bytes = within(rig, "INFO", cseq, via, &headers, "Signal=5\r\nDuration=160\r\n");
        rig.deliver_from(format!("{via}:5060").parse().unwrap(), &bytes);
        rig.last_response().code.as_u16()
    };
    assert_eq!(info(&mut rig, 1, "10.0.0.1", "application/dtmf-relay"), 200);
    assert_eq!(info(&mut rig, 1, "10.0.0.2", "application/dtmf-relay"), 500);
    assert_eq!(info(&mut rig, 2, "10.0.0.2", "Application/DTMF"), 200);
    assert_eq!(info(&mut rig, 3, "10.0.0.1", "application/media_control+xml"), 415);
}
