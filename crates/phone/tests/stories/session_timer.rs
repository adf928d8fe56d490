//! Sessions that expire unless somebody refreshes them (RFC 4028), and UPDATE (RFC 3311), through
//! proxies that die (requirement F3; failover design §5).

use std::collections::BTreeSet;
use std::time::Duration;

use phone::CallId;
use phone::input::Command;
use phone::settings::LineSettings;
use phone::status::{CallState, EndedBy};
use sip_core::message::{HeaderName, Method, Response};

use crate::rig::{Mode, Rig, Sent, invite, p1, p2, sdp};

const UPDATES: &str = "INVITE, ACK, BYE, CANCEL, UPDATE";

/// A call of ours whose 2xx agrees on a session timer; the other side takes these methods.
fn call_up(rig: &mut Rig, granted: &str, allow: &str) -> CallId {
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    let (granted, allow) = (granted.to_owned(), allow.to_owned());
    rig.answer_call_as(
        &invite,
        "bob",
        &["<sip:10.0.0.1;lr;ftag=abc>"],
        "<sip:1002@10.0.0.50:5060>",
        |response| {
            response.headers.push(HeaderName::SessionExpires, granted);
            response.headers.push(HeaderName::Allow, allow);
        },
    );
    rig.sent.clear();
    id
}

fn timed(seconds: u64) -> impl FnOnce(&mut LineSettings) {
    move |line| line.session_timer = Some(Duration::from_secs(seconds))
}

fn grant(rig: &mut Rig, sent: &Sent, granted: &str) {
    let granted = granted.to_owned();
    rig.reply(sent, 200, |response, request| {
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        response.headers.push(HeaderName::SessionExpires, granted);
        if !request.body.is_empty() {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = sdp("10.0.0.50", 20_000, "sendrecv").into_bytes();
        }
    });
}

/// Requests of a method, copies of one not counted.
fn count(rig: &Rig, method: Method) -> usize {
    let sent = rig.sent.iter().filter(|sent| sent.is(method.clone()));
    sent.map(Sent::branch).collect::<BTreeSet<_>>().len()
}

/// RFC 4028 §7.1, §10.
#[test]
fn a_call_asks_for_a_timer_and_refreshes_it_by_update_at_half() {
    let mut rig = Rig::registered_with(timed(600));
    rig.dial();
    let first = rig.last(Method::Invite);
    assert_eq!(first.header(HeaderName::SessionExpires), "600");
    assert!(first.header(HeaderName::Supported).contains("timer"));
    let id = call_up(&mut rig, "600;refresher=uac", UPDATES);
    rig.advance(299_000);
    assert!(rig.log(Method::Update).is_empty());
    rig.advance(1_100);
    let update = rig.last(Method::Update);
    assert_eq!(update.to, p1());
    assert!(update.request().body.is_empty(), "a refresh by UPDATE cannot disturb the media");
    assert_eq!(update.header(HeaderName::SessionExpires), "600;refresher=uac");
    grant(&mut rig, &update, "600;refresher=uac");
    rig.advance(301_000);
    assert_eq!(count(&rig, Method::Update), 2, "and again");
    assert_eq!(rig.state(id), CallState::Active);
}

/// RFC 4028 §7.4: who does not take UPDATE is refreshed by a re-INVITE of what holds already.
#[test]
fn a_peer_without_update_is_refreshed_by_a_re_invite() {
    for allow in ["INVITE, ACK, BYE", UPDATES] {
        let mut rig = Rig::registered_with(timed(600));
        let id = call_up(&mut rig, "600;refresher=uac", allow);
        rig.advance(300_100);
        if allow == UPDATES {
            let update = rig.last(Method::Update);
            rig.answer(&update, 405);
        }
        let refresh = rig.last(Method::Invite);
        assert!(String::from_utf8_lossy(&refresh.request().body).contains("a=sendrecv"));
        grant(&mut rig, &refresh, "600;refresher=uac");
        assert_eq!(rig.log(Method::Ack).len(), 1);
        rig.advance(301_000);
        assert_eq!(count(&rig, Method::Invite), 2, "a re-INVITE from now on");
        assert_eq!(rig.state(id), CallState::Active);
    }
}

/// A held call stays held over its refresh.
#[test]
fn the_refresh_of_a_held_call_keeps_it_held() {
    let mut rig = Rig::registered_with(timed(600));
    let id = call_up(&mut rig, "600;refresher=uac", "INVITE");
    rig.command(Command::Hold(id)).unwrap();
    let hold = rig.last(Method::Invite);
    assert_eq!(hold.header(HeaderName::SessionExpires), "600;refresher=uac");
    grant(&mut rig, &hold, "600;refresher=uac");
    rig.advance(300_100);
    let refresh = rig.last(Method::Invite);
    assert!(String::from_utf8_lossy(&refresh.request().body).contains("a=sendonly"));
    grant(&mut rig, &refresh, "600;refresher=uac");
    assert_eq!(rig.state(id), CallState::Held);
}

/// Failover design §5, rung 1; §3: an UPDATE raises the CSeq.
#[test]
fn a_refresh_goes_through_the_backup_when_the_primary_has_died() {
    for mode in [Mode::Silent, Mode::Dead, Mode::Refuses(503)] {
        let mut rig = Rig::registered_with(timed(90));
        let id = call_up(&mut rig, "90;refresher=uac", UPDATES);
        rig.advance(44_900);
        rig.modes[0] = mode;
        rig.advance(4_000);
        let log = rig.log(Method::Update);
        let last = rig.last(Method::Update);
        assert_eq!((log[0].1, last.to), (p1(), p2()), "{mode:?}");
        assert!(last.header(HeaderName::Route).contains("10.0.0.2"));
        grant(&mut rig, &last, "90;refresher=uac");
        rig.advance(44_000);
        assert_eq!(rig.state(id), CallState::Active, "{mode:?}");
    }
}

/// Failover design §5: "a session-timer refresh that fails for want of a hop does not end a call
/// whose media flows; it is retried until the session expires".
#[test]
fn a_refresh_that_no_hop_takes_is_tried_again_when_one_answers() {
    let mut rig = Rig::registered_with(timed(600));
    let id = call_up(&mut rig, "600;refresher=uac", UPDATES);
    rig.advance(299_000);
    rig.modes = vec![Mode::Dead; 2];
    rig.advance(21_500);
    assert_eq!(rig.state(id), CallState::Active);
    assert!(
        rig.call(id).note.is_some_and(|note| note.to_string().contains("refresh of the session"))
    );
    assert_eq!(rig.log(Method::Update).len(), 3 * 2, "at both hops, every ten seconds");
    rig.modes[1] = Mode::Up;
    rig.advance(60_000);
    let last = rig.last(Method::Update);
    assert_eq!(last.to, p2());
    grant(&mut rig, &last, "600;refresher=uac");
    rig.advance(250_000);
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(rig.call(id).note, None);
}

/// RFC 4028 §10: both roles end a session that nobody has refreshed, with a BYE.
#[test]
fn a_session_that_nobody_refreshes_ends_with_a_bye() {
    for (granted, dead) in [("90;refresher=uac", true), ("90;refresher=uas", false)] {
        let mut rig = Rig::registered_with(timed(90));
        let id = call_up(&mut rig, granted, UPDATES);
        if dead {
            rig.modes = vec![Mode::Dead; 2];
        }
        rig.advance(59_900);
        assert_eq!(rig.state(id), CallState::Active, "{granted}");
        rig.advance(200);
        assert!(!rig.log(Method::Bye).is_empty(), "{granted}");
        let ended = rig.call(id).ended.unwrap();
        assert_eq!(ended.by, EndedBy::Failure);
        assert!(ended.reason.to_string().contains("expired"), "{ended:?}");
    }
}

/// RFC 4028 §7.3: a 422 is repeated with a longer session, at the same hop, as the same call.
#[test]
fn a_422_is_repeated_with_what_it_asks_for() {
    let mut rig = Rig::registered_with(timed(90));
    rig.dial();
    let first = rig.last(Method::Invite);
    let too_small = |response: &mut Response| response.headers.push(HeaderName::MinSe, "300");
    rig.reply(&first, 422, |response, _| too_small(response));
    let second = rig.last(Method::Invite);
    assert_eq!((second.to, second.cseq()), (first.to, first.cseq() + 1));
    assert_eq!(second.header(HeaderName::CallId), first.header(HeaderName::CallId));
    assert_eq!(second.header(HeaderName::SessionExpires), "300");
    assert_eq!(second.header(HeaderName::MinSe), "300");
    rig.reply(&second, 422, |response, _| too_small(response));
    assert_eq!(rig.log(Method::Invite).len(), 2, "the same again changes nothing");
}

#[test]
fn a_422_to_a_refresh_is_repeated_too() {
    let mut rig = Rig::registered_with(timed(90));
    let id = call_up(&mut rig, "90;refresher=uac", UPDATES);
    rig.advance(45_100);
    let first = rig.last(Method::Update);
    rig.reply(&first, 422, |response, _| response.headers.push(HeaderName::MinSe, "300"));
    let second = rig.last(Method::Update);
    assert_eq!(second.header(HeaderName::SessionExpires), "300;refresher=uac");
    grant(&mut rig, &second, "300;refresher=uac");
    rig.advance(60_000);
    assert_eq!(rig.state(id), CallState::Active);
}

fn with_headers(message: Vec<u8>, headers: &str) -> Vec<u8> {
    let text = String::from_utf8(message).unwrap();
    text.replacen("Max-Forwards", &format!("{headers}\r\nMax-Forwards"), 1).into_bytes()
}

/// A call that the phone has answered, whose INVITE had these headers; its 2xx.
fn called(rig: &mut Rig, headers: &str) -> (CallId, Response) {
    let message = with_headers(invite("z9hG4bKs", "timed", 1, "10.0.0.1"), headers);
    rig.deliver_from(p1().addr, &message);
    let id = rig.phone.calls(rig.now).last().unwrap().id;
    rig.command(Command::Answer(Some(id))).unwrap();
    let response = rig.last_response();
    let ack = within(&response, "ACK", "z9hG4bKack", 1, "");
    rig.deliver_from(p1().addr, &ack);
    (id, response)
}

/// A request of the caller in the dialog that our 2xx has opened.
fn within(answer: &Response, method: &str, branch: &str, cseq: u32, headers: &str) -> Vec<u8> {
    let header = |name| answer.headers.get(&name).unwrap().to_owned();
    let (from, to) = (header(HeaderName::From), header(HeaderName::To));
    format!(
        "{method} sip:1001@10.0.0.9:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch={branch}\r\n\
         Max-Forwards: 69\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: timed\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:1002@10.0.0.51:5060>\r\n{headers}Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// RFC 4028 §9: the answer says who refreshes; where the choice is ours, we do, because our refresh
/// survives its proxy.
#[test]
fn an_incoming_call_is_granted_its_timer() {
    for (headers, granted) in [
        ("Supported: timer\r\nSession-Expires: 120", "120;refresher=uas"),
        ("Supported: timer\r\nSession-Expires: 120;refresher=uac", "120;refresher=uac"),
    ] {
        let mut rig = Rig::registered();
        let (_, response) = called(&mut rig, headers);
        assert_eq!(response.code.as_u16(), 200);
        assert_eq!(response.headers.get(&HeaderName::SessionExpires), Some(granted));
        rig.advance(61_000);
        assert_eq!(count(&rig, Method::Invite), usize::from(granted.ends_with("uas")));
    }
}

/// RFC 4028 §9.
#[test]
fn an_incoming_call_with_too_short_a_session_gets_422() {
    let mut rig = Rig::registered();
    let brief = "Supported: timer\r\nSession-Expires: 30";
    let message = with_headers(invite("z9hG4bKs", "timed", 1, "10.0.0.1"), brief);
    rig.deliver_from(p1().addr, &message);
    let refused = rig.last_response();
    assert_eq!(refused.code.as_u16(), 422);
    assert_eq!(refused.headers.get(&HeaderName::MinSe), Some("90"));
    assert!(rig.phone.calls(rig.now).is_empty());
}

/// RFC 3261 §8.2.2.3: what is demanded and not known is named, what is known is not refused.
#[test]
fn an_extension_that_is_demanded_is_known_or_refused_by_name() {
    let mut rig = Rig::registered();
    let message = with_headers(invite("z9hG4bKs", "a", 1, "10.0.0.1"), "Require: timer, wormhole");
    rig.deliver_from(p1().addr, &message);
    let refused = rig.last_response();
    assert_eq!(refused.code.as_u16(), 420);
    assert_eq!(refused.headers.get(&HeaderName::Unsupported), Some("wormhole"));
    let message = with_headers(invite("z9hG4bKt", "b", 1, "10.0.0.1"), "Require: timer");
    rig.deliver_from(p1().addr, &message);
    assert_eq!(rig.last_response().code.as_u16(), 180);
}

/// RFC 3311 §5.2; failover design §5: an UPDATE may come through any hop.
#[test]
fn an_update_through_the_other_proxy_refreshes_and_moves_the_target() {
    let mut rig = Rig::registered();
    let headers = "Supported: timer\r\nSession-Expires: 90;refresher=uac";
    let (id, answer) = called(&mut rig, headers);
    rig.advance(50_000);
    let refresh = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
    let update = within(&answer, "UPDATE", "z9hG4bKu", 2, refresh);
    rig.deliver_from(p2().addr, &update);
    let response = rig.last_response();
    assert_eq!(response.code.as_u16(), 200);
    assert!(response.body.is_empty());
    assert_eq!(response.headers.get(&HeaderName::SessionExpires), Some("90;refresher=uac"));
    rig.advance(30_000);
    assert_eq!(rig.state(id), CallState::Active, "refreshed");
    rig.command(Command::HangUp(Some(id))).unwrap();
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.request().uri.to_string(), "sip:1002@10.0.0.51:5060");
}

/// RFC 3311 §5.2: an offer in an UPDATE is answered, unless an offer of ours is open (491) or there
/// is nothing in common (488).
#[test]
fn an_update_with_an_offer_is_answered() {
    let mut rig = Rig::registered();
    let (id, answer) = called(&mut rig, "Supported: timer");
    let with_body = |branch: &str, cseq: u32, body: String| {
        let kind = format!("Content-Type: application/sdp\r\nX-Length: {}\r\n", body.len());
        let text = String::from_utf8(within(&answer, "UPDATE", branch, cseq, &kind)).unwrap();
        let length = format!("Content-Length: {}", body.len());
        format!("{}{body}", text.replace("Content-Length: 0", &length)).into_bytes()
    };
    let hold = with_body("z9hG4bKu", 2, sdp("10.0.0.50", 20_002, "sendonly"));
    rig.deliver_from(p1().addr, &hold);
    assert!(String::from_utf8_lossy(&rig.last_response().body).contains("a=recvonly"));
    assert_eq!(rig.state(id), CallState::RemoteHeld);
    let foreign =
        sdp("10.0.0.50", 20_002, "sendrecv").replace(" 8 101", " 99").replace(":8 PCMA", ":99 X");
    rig.deliver_from(p1().addr, &with_body("z9hG4bKv", 3, foreign));
    assert_eq!(rig.last_response().code.as_u16(), 488);
    rig.command(Command::Hold(id)).unwrap();
    let crossing = with_body("z9hG4bKw", 4, sdp("10.0.0.50", 20_002, "sendrecv"));
    rig.deliver_from(p1().addr, &crossing);
    assert_eq!(rig.last_response().code.as_u16(), 491);
}
