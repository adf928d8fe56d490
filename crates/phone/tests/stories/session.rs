//! A call that is up: hold, resume, changes by the other side, settings, shutting down
//! (requirements F3, D1; failover design §5).

use phone::CallId;
use phone::input::{Command, Input};
use phone::output::{MediaCommand, Stream};
use phone::settings::{ServerRole, Settings};
use phone::status::{CallState, EndedBy};
use sip_core::message::{HeaderName, Method};

use crate::rig::{LINE, Mode, Rig, Sent, line_settings, p1, p2, sdp};

fn stream(rig: &Rig) -> Stream {
    let last = rig.media.iter().rev().find_map(|command| match command {
        MediaCommand::Set { stream, .. } => Some(stream.clone()),
        _ => None,
    });
    last.expect("a stream")
}

fn accept(rig: &mut Rig, sent: &Sent, direction: &str) {
    let body = sdp("10.0.0.50", 20_000, direction).into_bytes();
    rig.reply(sent, 200, |response, _| {
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = body;
    });
}

fn hold(rig: &mut Rig, id: CallId) -> Sent {
    rig.command(Command::Hold(id)).unwrap();
    rig.last(Method::Invite)
}

/// RFC 3264 §8.4.
#[test]
fn hold_and_resume_change_the_direction_and_keep_the_call() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let invite = hold(&mut rig, id);
    assert!(String::from_utf8_lossy(&invite.request().body).contains("a=sendonly"));
    accept(&mut rig, &invite, "recvonly");
    assert_eq!(rig.state(id), CallState::Held);
    assert!(!stream(&rig).receive);
    assert_eq!(stream(&rig).timeout, None, "no media time-out while held");
    assert_eq!(rig.log(Method::Ack).len(), 1);
    rig.command(Command::Resume(id)).unwrap();
    let invite = rig.last(Method::Invite);
    assert!(String::from_utf8_lossy(&invite.request().body).contains("a=sendrecv"));
    accept(&mut rig, &invite, "sendrecv");
    assert_eq!(rig.state(id), CallState::Active);
    let stream = stream(&rig);
    assert!(stream.send && stream.receive && stream.timeout.is_some());
}

/// Failover design §5, rung 1; §3: a re-INVITE raises the CSeq.
#[test]
fn a_hold_goes_through_the_backup_when_the_primary_has_died() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    let first = hold(&mut rig, id);
    rig.advance(3_600);
    let last = rig.last(Method::Invite);
    assert_eq!((first.to, last.to), (p1(), p2()));
    assert_eq!(last.cseq(), first.cseq() + 1);
    assert!(last.header(HeaderName::Route).contains("10.0.0.2"));
    accept(&mut rig, &last, "recvonly");
    assert_eq!(rig.state(id), CallState::Held);
    assert_eq!(rig.last(Method::Ack).to, p2());
    rig.sent.clear();
    rig.command(Command::HangUp(Some(id))).unwrap();
    assert_eq!(
        rig.log(Method::Bye).first().map(|(_, hop)| *hop),
        Some(p2()),
        "the rung that worked"
    );
}

/// Failover design §5, rung 3: the call goes on, and the user is told that the change did not take.
#[test]
fn a_hold_that_no_hop_takes_leaves_the_call_as_it_was() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes = vec![Mode::Dead; 2];
    hold(&mut rig, id);
    assert_eq!(rig.state(id), CallState::Active);
    let note = rig.call(id).note.unwrap().to_string();
    assert!(note.contains("hold did not take"), "{note}");
    assert!(rig.log(Method::Bye).is_empty());
}

/// RFC 3261 §14.1.
#[test]
fn a_491_is_repeated_after_a_wait() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let first = hold(&mut rig, id);
    rig.answer(&first, 491);
    rig.advance(2_000);
    assert_eq!(rig.log(Method::Invite).len(), 1);
    rig.advance(2_100);
    let second = rig.last(Method::Invite);
    assert_eq!(second.cseq(), first.cseq() + 1);
    accept(&mut rig, &second, "recvonly");
    assert_eq!(rig.state(id), CallState::Held);
}

/// Requirement F3: a server that keeps the call to itself (a B2BUA) was away for a moment, and nobody has
/// noticed that it is back. The backup knows nothing of the call.
#[test]
fn a_hold_that_the_backup_denies_goes_to_the_server_that_the_call_came_by() {
    let mut rig = Rig::registered();
    let id = rig.call_up_with(&[], "<sip:1002@10.0.0.1:5060>");
    rig.modes[0] = Mode::Dead;
    rig.command(Command::Register(LINE)).unwrap();
    assert_eq!(rig.account().hop, Some(p2()));
    rig.modes[0] = Mode::Up;
    let there = hold(&mut rig, id);
    assert_eq!(there.to, p2());
    rig.answer(&there, 481);
    let home = rig.last(Method::Invite);
    assert_eq!((home.to, home.cseq()), (p1(), there.cseq() + 1));
    accept(&mut rig, &home, "recvonly");
    assert_eq!(rig.state(id), CallState::Held);
}

/// RFC 6157 §3.4.1: a party that has no address of our IP version cannot be heard, whatever its codecs.
#[test]
fn an_answer_of_the_other_ip_version_is_told_as_that_and_not_as_a_codec() {
    let pairs = [("udp:[2001:db8::1]:5060", ServerRole::Proxy)];
    let mut rig = Rig::with_hops(line_settings(), &pairs);
    rig.move_to("[2001:db8::9]:5060");
    let id = rig.dial();
    let invite = rig.last(Method::Invite);
    assert!(String::from_utf8_lossy(&invite.bytes).contains("c=IN IP6 2001:db8::9"));
    rig.answer_call(&invite, "bob", &[], "<sip:1002@[2001:db8::50]:5060>");
    let ended = rig.call(id).ended.unwrap();
    assert_eq!((ended.by, ended.code), (EndedBy::Failure, 488));
    assert_eq!(
        ended.reason.to_string(),
        "no sound is possible: the other party has it at an IPv4 address, and this call is over IPv6"
    );
    assert_eq!(rig.log(Method::Bye).len(), 1, "it is ended there too");
}

/// Failover design §5: the user waits for a hold. Once the backup has answered that it does not know the
/// call, the dead proxy that the route names has its ordinary patience and not 64·T1; the call and its
/// sound go on, and the user is told why.
#[test]
fn a_hold_that_the_backup_denies_does_not_wait_long_for_the_dead_proxy_of_the_call() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    rig.command(Command::Register(LINE)).unwrap();
    rig.advance(4_000);
    assert_eq!(rig.account().hop, Some(p2()));
    let begun = rig.ms();
    hold(&mut rig, id);
    for _ in 0..2 {
        let at_backup = rig.last(Method::Invite);
        assert_eq!(at_backup.to, p2(), "with the route repaired, and as it is");
        rig.answer(&at_backup, 481);
    }
    assert_eq!(rig.last(Method::Invite).to, p1(), "the only one that may know the call");
    rig.advance_until(3_600, |rig| rig.call(id).note.is_some());
    assert_eq!(rig.ms() - begun, 3_500);
    assert_eq!(
        rig.call(id).note.unwrap().to_string(),
        "hold did not take: the proxy of this call did not serve (no answer), and no other knows the call"
    );
    assert_eq!(rig.state(id), CallState::Active);
    assert!(rig.log(Method::Bye).is_empty());
    assert!(rig.command(Command::Hold(id)).is_ok(), "another one may begin");
}

/// Requirement A4 stands where nobody has denied the call: the last hop is not cut short. It lives, and
/// what is behind it does not answer.
#[test]
fn a_hold_that_nobody_has_denied_waits_64_t1_at_the_last_hop() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    hold(&mut rig, id);
    rig.advance(35_400);
    assert_eq!(rig.last(Method::Invite).to, p2());
    assert!(rig.call(id).note.is_none());
    rig.advance(200);
    assert!(rig.call(id).note.unwrap().to_string().contains("no proxy took it (no answer)"));
}

/// Failover design §1: "500 to a re-INVITE or UPDATE is final (with Retry-After: retried here after
/// it)"; RFC 3261 §14.2.
#[test]
fn a_500_with_retry_after_to_a_hold_is_repeated_at_the_same_hop_after_it() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let first = hold(&mut rig, id);
    rig.reply(&first, 500, |response, _| response.headers.push(HeaderName::RetryAfter, "7"));
    rig.advance(6_900);
    assert_eq!(rig.log(Method::Invite).len(), 1, "not before");
    rig.advance(200);
    let second = rig.last(Method::Invite);
    assert_eq!((second.to, second.cseq()), (p1(), first.cseq() + 1));
    assert_eq!(rig.account().hop, Some(p1()), "nothing is learnt of the hop");
    rig.answer(&second, 500);
    rig.advance(40_000);
    assert_eq!(rig.log(Method::Invite).len(), 2, "without Retry-After it is final");
    assert_eq!(rig.state(id), CallState::Active);
    assert!(rig.call(id).note.is_some_and(|note| note.to_string().contains("500")));
}

/// RFC 3261 §13.2.2.4: the 2xx comes again while its ACK is lost, whoever waits for it still.
#[test]
fn a_repeated_2xx_to_a_hold_is_acknowledged_again() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let invite = hold(&mut rig, id);
    accept(&mut rig, &invite, "recvonly");
    accept(&mut rig, &invite, "recvonly");
    assert_eq!(rig.log(Method::Ack).len(), 2);
    assert_eq!(rig.state(id), CallState::Held);
}

/// RFC 3261 §13.2.2.4; failover design §1: a late answer from the hop that was given up.
#[test]
fn a_late_2xx_to_the_hold_at_the_dead_hop_is_acknowledged_too() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    let first = hold(&mut rig, id);
    rig.advance(3_600);
    let second = rig.last(Method::Invite);
    accept(&mut rig, &first, "recvonly");
    let acked: Vec<u32> =
        rig.sent.iter().filter(|sent| sent.is(Method::Ack)).map(Sent::cseq).collect();
    assert_eq!(acked, [first.cseq()]);
    accept(&mut rig, &second, "recvonly");
    assert_eq!(rig.last(Method::Ack).cseq(), second.cseq());
    assert_eq!(rig.state(id), CallState::Held);
}

/// Requirement F10; RFC 3261 §13.2.2.4: the ACK of a late answer goes the dialog's way, and what the
/// other hop had asked for stays with it, also where the dialog was set up at the hop it is back at.
#[test]
fn the_ack_of_a_late_answer_takes_no_credentials_of_the_hop_that_was_asked_to_another() {
    let mut rig = Rig::on_backup(|_| {});
    let id = rig.call_up_with(&["<sip:10.0.0.2;lr;ftag=abc>"], "<sip:1002@10.0.0.50:5060>");
    rig.modes = vec![Mode::Up, Mode::Dead];
    hold(&mut rig, id);
    let asked = rig.last(Method::Invite);
    assert_eq!(asked.to, p1());
    rig.reply(&asked, 407, |response, _| {
        let challenge = "Digest realm=\"example.test\", nonce=\"n\"";
        response.headers.push(HeaderName::ProxyAuthenticate, challenge);
    });
    let held = rig.last(Method::Invite);
    accept(&mut rig, &held, "recvonly");
    assert_ne!(rig.last(Method::Ack).header(HeaderName::ProxyAuthorization), "", "its own");
    // The primary dies in its turn, and what it had answered comes late.
    rig.modes = vec![Mode::Silent, Mode::Up];
    rig.command(Command::Resume(id)).unwrap();
    let first = rig.last(Method::Invite);
    assert_eq!(first.to, p1());
    assert_ne!(first.header(HeaderName::ProxyAuthorization), "");
    rig.advance(3_600);
    assert_eq!(rig.last(Method::Invite).to, p2());
    accept(&mut rig, &first, "sendrecv");
    let ack = rig.last(Method::Ack);
    assert_eq!((ack.to, ack.cseq()), (p2(), first.cseq()));
    assert_eq!(ack.header(HeaderName::ProxyAuthorization), "");
}

/// Failover design §5: a backup that never saw the dialog does not end a call whose media flows.
#[test]
fn a_481_from_another_hop_than_the_routes_leaves_the_call_up() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Dead;
    hold(&mut rig, id);
    for _ in 0..2 {
        let at_backup = rig.last(Method::Invite);
        assert_eq!(at_backup.to, p2());
        rig.answer(&at_backup, 481);
    }
    assert_eq!(rig.state(id), CallState::Active);
    assert!(
        rig.call(id).note.is_some_and(|note| note.to_string().contains("hold did not take: 481"))
    );
}

/// Failover design §5: "after a failover the dialog's later requests start at the rung that worked", with
/// the route that was taken there.
#[test]
fn later_requests_of_a_call_take_the_route_that_worked_at_the_backup() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Dead;
    let repaired = hold(&mut rig, id);
    rig.answer(&repaired, 404);
    let unmodified = rig.last(Method::Invite);
    assert!(unmodified.header(HeaderName::Route).contains("10.0.0.1"));
    accept(&mut rig, &unmodified, "recvonly");
    rig.sent.clear();
    rig.command(Command::Resume(id)).unwrap();
    let next = rig.last(Method::Invite);
    assert_eq!((next.to, rig.log(Method::Invite).len()), (p2(), 1));
    assert_eq!(next.header(HeaderName::Route), unmodified.header(HeaderName::Route));
}

/// The same: the dead proxy has come back, the line is there again, and knows nothing of the call if it
/// was started anew.
#[test]
fn later_requests_of_a_call_stay_at_the_backup_when_the_primary_is_back() {
    let mut rig = Rig::registered_with(|line| {
        line.policy_mut().failback_interval = std::time::Duration::from_secs(60);
    });
    let id = rig.call_up();
    rig.modes[0] = Mode::Dead;
    hold(&mut rig, id);
    let held = rig.last(Method::Invite);
    assert_eq!(held.to, p2());
    accept(&mut rig, &held, "recvonly");
    rig.modes[0] = Mode::Up;
    rig.advance(70_000);
    assert_eq!(rig.account().hop, Some(p1()));
    rig.sent.clear();
    rig.command(Command::Resume(id)).unwrap();
    let next = rig.last(Method::Invite);
    assert_eq!((next.to, next.header(HeaderName::Route)), (p2(), held.header(HeaderName::Route)));
}

/// RFC 3261 §14.1: a change that has only a 100 is no reason to wait for ever.
#[test]
fn a_hold_that_only_gets_100_is_given_up_after_64_t1_and_the_call_goes_on() {
    let mut rig = Rig::registered_with(|line| line.keep_alive = phone::settings::KeepAlive::Off);
    let id = rig.call_up();
    let first = hold(&mut rig, id);
    rig.answer(&first, 100);
    rig.advance(33_000);
    let second = rig.last(Method::Invite);
    assert_eq!(second.to, p2());
    rig.answer(&second, 100);
    rig.advance(33_000);
    assert_eq!(rig.state(id), CallState::Active);
    assert!(rig.command(Command::Hold(id)).is_ok(), "another one may begin");
}

/// RFC 3261 §12.2.1.2.
#[test]
fn a_481_to_a_change_ends_the_call() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let invite = hold(&mut rig, id);
    rig.answer(&invite, 481);
    assert_eq!(rig.call(id).ended.unwrap().by, EndedBy::Failure);
}

fn re_invite(rig: &Rig, branch: &str, cseq: u32, direction: &str) -> Vec<u8> {
    let (local, remote, call_id) = rig.dialog_of_call();
    let body = sdp("10.0.0.50", 20_002, direction);
    format!(
        "INVITE sip:1001@10.0.0.9:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch={branch}\r\n\
         Max-Forwards: 69\r\nFrom: {remote}\r\nTo: {local}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq} INVITE\r\nContact: <sip:1002@10.0.0.50:5060>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// RFC 3264 §8.4, RFC 3261 §14.2.
#[test]
fn the_other_side_may_hold_and_move_its_media() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let bytes = re_invite(&rig, "z9hG4bKh", 5, "sendonly");
    rig.deliver_from(p1().addr, &bytes);
    let answer = rig.last_response();
    assert_eq!(answer.code.as_u16(), 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("a=recvonly"));
    assert_eq!(stream(&rig).remote.port(), 20_002);
    assert!(!stream(&rig).send);
    assert_eq!(rig.state(id), CallState::RemoteHeld, "it may send music, but does not listen");
    assert_eq!(stream(&rig).timeout, None, "no media time-out while held");
    // A second INVITE before the ACK of the first.
    let bytes = re_invite(&rig, "z9hG4bKi", 6, "sendrecv");
    rig.deliver_from(p1().addr, &bytes);
    let refused = rig.last_response();
    assert_eq!(refused.code.as_u16(), 500);
    assert!(refused.headers.retry_after().is_some_and(|wait| wait <= 10));
    // An old CSeq.
    let bytes = re_invite(&rig, "z9hG4bKj", 3, "sendrecv");
    rig.deliver_from(p1().addr, &bytes);
    assert_eq!(rig.last_response().code.as_u16(), 500);
    assert_eq!(rig.state(id), CallState::RemoteHeld);
}

#[test]
fn a_peer_that_goes_inactive_has_the_call_on_hold() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let bytes = re_invite(&rig, "z9hG4bKh", 5, "inactive");
    rig.deliver_from(p1().addr, &bytes);
    assert_eq!(rig.state(id), CallState::RemoteHeld);
    assert_eq!(stream(&rig).timeout, None);
}

/// Digits go as RFC 4733 events; a wrong one is refused and named.
#[test]
fn digits_go_to_the_media_side() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.command(Command::Dtmf(id, "1#a".to_owned())).unwrap();
    let digits: Vec<char> = rig
        .media
        .iter()
        .filter_map(|command| match command {
            MediaCommand::Digit(_, digit) => Some(*digit),
            _ => None,
        })
        .collect();
    assert_eq!(digits, ['1', '#', 'A']);
    let refusal = rig.command(Command::Dtmf(id, "1x".to_owned())).unwrap_err();
    assert!(refusal.to_string().contains("'X'"), "{refusal}");
}

/// None is dropped without a word, and no empty row is said to be sent.
#[test]
fn a_row_of_digits_that_is_empty_or_too_long_is_refused_whole() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.media.clear();
    for row in ["", &"1".repeat(65)] {
        let refusal = rig.command(Command::Dtmf(id, row.to_owned())).unwrap_err();
        assert!(refusal.to_string().contains("1 to 64"), "{refusal}");
    }
    assert!(rig.media.is_empty());
    rig.command(Command::Dtmf(id, "1".repeat(64))).unwrap();
    assert_eq!(rig.media.len(), 64);
}

/// Requirement D1: changes take effect when submitted, with no dropped call.
#[test]
fn changed_settings_take_effect_and_drop_no_call() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    let mut line = line_settings();
    line.policy_mut().retry = failover::Retry::Transmissions(1);
    line.display_name = "Alice Liddell".to_owned();
    let lines = vec![line];
    rig.input(Input::Settings(Settings { lines, ..Settings::default() }));
    assert_eq!(rig.state(id), CallState::Active);
    assert!(rig.last(Method::Register).header(HeaderName::From).contains("Liddell"));
    rig.modes[0] = Mode::Silent;
    let start = rig.ms();
    rig.command(Command::HangUp(Some(id))).unwrap();
    rig.advance(600);
    let (at, hop) = *rig.log(Method::Bye).last().unwrap();
    assert_eq!((at - start, hop), (500, p2()), "one transmission now");
}

/// Requirement D1: another SIP port or address of ours is registered at once, and a call goes on.
#[test]
fn a_new_address_of_ours_is_registered_at_once() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.move_to("10.0.0.9:5070");
    let contact = rig.last(Method::Register).header(HeaderName::Contact);
    assert!(contact.contains("10.0.0.9:5070"), "{contact}");
    assert_eq!(rig.state(id), CallState::Active);
}

/// Failover design §6: an address change re-INVITEs calls, and the sound moves with them.
#[test]
fn a_call_follows_our_new_address_with_contact_and_sound() {
    for held in [false, true] {
        let mut rig = Rig::registered();
        let id = rig.call_up();
        if held {
            rig.command(Command::Hold(id)).unwrap();
            let hold = rig.last(Method::Invite);
            rig.reply(&hold, 200, |response, _| {
                response.headers.push(HeaderName::ContentType, "application/sdp");
                response.body = sdp("10.0.0.50", 20_000, "recvonly").into_bytes();
            });
        }
        rig.sent.clear();
        rig.media.clear();
        rig.move_to("10.0.0.77:5060");
        let change = rig.last(Method::Invite);
        assert_eq!(change.header(HeaderName::Contact), "<sip:1001@10.0.0.77:5060>");
        let body = String::from_utf8_lossy(&change.request().body).into_owned();
        assert!(body.contains("c=IN IP4 10.0.0.77"), "{body}");
        assert_eq!(body.contains("a=sendonly"), held, "{body}");
        let to: std::net::IpAddr = "10.0.0.77".parse().unwrap();
        let stop = rig.media.iter().position(|command| *command == MediaCommand::Stop(id));
        let start = rig.media.iter().position(
            |command| matches!(command, MediaCommand::Start { ip, call, .. } if *ip == to && *call == id),
        );
        assert!(stop.is_some() && stop < start, "{:?}", rig.media);
        let direction = if held { "recvonly" } else { "sendrecv" };
        rig.reply(&change, 200, |response, _| {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = sdp("10.0.0.50", 20_000, direction).into_bytes();
        });
        assert_eq!(rig.log(Method::Ack).len(), 1);
        assert_eq!(rig.state(id), if held { CallState::Held } else { CallState::Active });
        rig.sent.clear();
        rig.advance(1_000);
        assert!(rig.log(Method::Invite).is_empty(), "said once");
    }
}

/// A change that is under way ends first.
#[test]
fn a_new_address_waits_for_a_change_that_is_under_way() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.command(Command::Hold(id)).unwrap();
    let hold = rig.last(Method::Invite);
    rig.move_to("10.0.0.77:5060");
    assert_eq!(rig.log(Method::Invite).len(), 1);
    rig.reply(&hold, 200, |response, _| {
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = sdp("10.0.0.50", 20_000, "recvonly").into_bytes();
    });
    let told = rig.last(Method::Invite);
    assert_eq!(told.header(HeaderName::Contact), "<sip:1001@10.0.0.77:5060>");
    assert_eq!(told.cseq(), hold.cseq() + 1);
}

/// A change is never worth the call (failover design §5).
#[test]
fn a_new_address_that_the_other_party_does_not_take_leaves_the_call_up_with_a_note() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.move_to("10.0.0.77:5060");
    let change = rig.last(Method::Invite);
    rig.answer(&change, 488);
    assert_eq!(rig.state(id), CallState::Active);
    let note = rig.call(id).note.unwrap().to_string();
    assert!(note.starts_with("our new address did not take"), "{note}");
}

#[test]
fn a_line_that_is_removed_ends_its_calls_and_takes_its_registration_back() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.input(Input::Settings(Settings::default()));
    assert_eq!(rig.state(id), CallState::Ended);
    assert!(rig.last(Method::Register).header(HeaderName::Contact).contains("expires=0"));
    assert!(rig.phone.accounts().is_empty());
}

/// Interfaces: SIGTERM un-registers and ends calls with BYE.
#[test]
fn shutting_down_says_goodbye_and_then_is_quiet() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.command(Command::ShutDown).unwrap();
    assert_eq!(rig.state(id), CallState::Ended);
    assert!(!rig.phone.is_quiet());
    let bye = rig.last(Method::Bye);
    rig.answer(&bye, 200);
    assert!(rig.last(Method::Register).header(HeaderName::Contact).contains("expires=0"));
    assert!(rig.phone.is_quiet());
    assert!(rig.command(Command::Dial { line: None, target: "1".to_owned() }).is_err());
}

#[test]
fn what_cannot_be_dialled_is_refused_in_words() {
    let mut rig = Rig::registered();
    for target in ["", "a b", "<sip:x@y>", "1002;x", "http://x"] {
        let refused = rig.command(Command::Dial { line: None, target: target.to_owned() });
        assert!(refused.is_err(), "{target}");
    }
    for target in ["1002", "sip:1002@example.test", "mario.rossi@example.test", "*97"] {
        let dialled = rig.command(Command::Dial { line: None, target: target.to_owned() });
        assert!(dialled.is_ok(), "{target}: {dialled:?}");
    }
    let wrong = rig.command(Command::HangUp(None)).unwrap_err();
    assert!(wrong.to_string().contains("several"), "{wrong}");
}

/// Requirement D1: a password that is mended while the wrong one is being refused counts at once.
#[test]
fn a_mended_password_is_used_at_once_though_a_register_is_in_flight() {
    let mut rig = Rig::new(|line| line.register_login.password = "wrong".to_owned());
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let old = rig.last(Method::Register);
    let lines = vec![line_settings()];
    rig.input(Input::Settings(Settings { lines, ..Settings::default() }));
    let new = rig.last(Method::Register);
    assert_ne!(new.header(HeaderName::CallId), old.header(HeaderName::CallId));
    rig.answer(&old, 403);
    assert_ne!(rig.account().state, phone::status::LineState::Failed, "the old one counts no more");
    rig.reply(&new, 200, |response, request| {
        let contact = request.headers.get(&HeaderName::Contact).unwrap();
        response.headers.push(HeaderName::Contact, contact);
    });
    assert_eq!(rig.account().state, phone::status::LineState::Registered);
}
