//! A call that rings here (requirement F4; failover design §4, §5; RFC 3261 §8.2, §13.3).

use crate::rig::{Rig, invite, p1, p2};
use phone::CallId;
use phone::input::{Command, Done};
use phone::output::MediaCommand;
use phone::status::{CallState, EndedBy};
use sip_core::message::{HeaderName, Method};

const VIA1: &str = "10.0.0.1";
const VIA2: &str = "10.0.0.2";

fn ring(rig: &mut Rig) -> CallId {
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, VIA1));
    rig.phone.calls(rig.now)[0].id
}

fn codes(rig: &Rig, branch: &str) -> Vec<u16> {
    rig.responses().into_iter().filter(|(_, of)| of == branch).map(|(code, _)| code).collect()
}

/// The ACK or BYE of the caller for the leg with that branch.
fn request(rig: &Rig, method: &str, branch_of_leg: &str, cseq: u32, via: &str) -> Vec<u8> {
    let mut answered = rig.sent.iter().filter(|sent| {
        matches!(&sent.message, sip_core::message::Message::Response(r) if r.code.as_u16() > 100)
            && sent.branch() == branch_of_leg
    });
    let to = answered.next_back().unwrap().header(HeaderName::To);
    format!(
        "{method} sip:1001@10.0.0.9:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {via};branch=z9hG4bK{method}{branch_of_leg}{cseq}\r\nMax-Forwards: 69\r\n\
         From: <sip:1002@example.test>;tag=caller\r\nTo: {to}\r\nCall-ID: call-1\r\n\
         CSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

#[test]
fn a_call_rings_is_answered_and_is_up() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    assert_eq!(codes(&rig, "z9hG4bKa"), [180]);
    assert!(rig.media.contains(&MediaCommand::Ring(true)));
    assert_eq!(rig.command(Command::Answer(None)), Ok(Done::Call(id)));
    assert_eq!(codes(&rig, "z9hG4bKa"), [180, 200]);
    assert_eq!(rig.state(id), CallState::Active);
    let answer = rig.last_response();
    assert_eq!(answer.headers.get(&HeaderName::RecordRoute), Some("<sip:10.0.0.1;lr>"));
    assert!(String::from_utf8_lossy(&answer.body).contains("m=audio"));
    let ack = request(&rig, "ACK", "z9hG4bKa", 1, VIA1);
    rig.deliver_from(p1().addr, &ack);
    rig.advance(40_000);
    assert_eq!(codes(&rig, "z9hG4bKa"), [180, 200], "acknowledged: not repeated");
    assert_eq!(rig.call(id).codec.as_deref(), Some("PCMA"));
}

/// Failover design §5: a server may send from a port that is not the one where it is reached; its address
/// tells whose a call is.
#[test]
fn a_call_that_comes_from_another_port_of_a_server_is_that_servers() {
    let mut rig = Rig::registered();
    let mut from = p1().addr;
    from.set_port(5_999);
    rig.deliver_from(from, &invite("z9hG4bKa", "call-1", 1, VIA1));
    let id = rig.phone.calls(rig.now)[0].id;
    rig.command(Command::Answer(None)).unwrap();
    assert_eq!(rig.call(id).hop, Some(p1()));
}

/// Requirement A5: nothing that the phone has answered is left hanging. RFC 3261 §13.3.1.4; failover
/// design §5.
#[test]
fn a_2xx_that_is_never_acknowledged_ends_with_a_bye() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.command(Command::Answer(None)).unwrap();
    rig.advance(31_900);
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(codes(&rig, "z9hG4bKa").iter().filter(|code| **code == 200).count(), 11);
    rig.advance(200);
    assert_eq!(rig.state(id), CallState::Ended);
    assert_eq!(rig.last(Method::Bye).to, p1());
}

/// Failover design §4: one ring, answered on the newest leg, the older get 487.
#[test]
fn copies_of_an_invite_ring_once_and_the_newest_is_answered() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 2, VIA2));
    assert_eq!(rig.phone.calls(rig.now).len(), 1, "one call, whatever its CSeq");
    assert_eq!(rig.media.iter().filter(|m| **m == MediaCommand::Ring(true)).count(), 1);
    assert_eq!(codes(&rig, "z9hG4bKb"), [180]);
    rig.command(Command::Answer(Some(id))).unwrap();
    assert_eq!(codes(&rig, "z9hG4bKb"), [180, 200]);
    assert_eq!(codes(&rig, "z9hG4bKa"), [180, 487]);
}

/// Failover design §4: answered already: the copy gets the 2xx at once; first ACK wins.
#[test]
fn a_copy_that_comes_after_the_answer_gets_it_at_once_and_the_first_acknowledged_is_the_call() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.command(Command::Answer(Some(id))).unwrap();
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 1, VIA2));
    assert_eq!(codes(&rig, "z9hG4bKb"), [200]);
    let ack = request(&rig, "ACK", "z9hG4bKb", 1, VIA2);
    rig.deliver_from(p2().addr, &ack);
    let bye = request(&rig, "BYE", "z9hG4bKa", 2, VIA1);
    rig.deliver_from(p1().addr, &bye);
    assert_eq!(rig.state(id), CallState::Active, "a BYE on another leg ends that leg only");
    let bye = request(&rig, "BYE", "z9hG4bKb", 2, VIA2);
    rig.deliver_from(p2().addr, &bye);
    assert_eq!(rig.state(id), CallState::Ended);
}

/// A call that was answered on two legs, which one proxy delivered at once.
fn answered_twice(rig: &mut Rig) -> CallId {
    let id = ring(rig);
    rig.command(Command::Answer(Some(id))).unwrap();
    rig.deliver_from(p1().addr, &invite("z9hG4bKb", "call-1", 1, VIA1));
    assert_eq!(codes(rig, "z9hG4bKb"), [200]);
    id
}

fn deliver(rig: &mut Rig, method: &str, leg: &str, cseq: u32) {
    let message = request(rig, method, leg, cseq, VIA1);
    rig.deliver_from(p1().addr, &message);
}

/// Requirement F4; failover design §4: a proxy with two workers lets the caller's requests overtake
/// each other. The caller keeps leg a and ends leg b, in this order.
#[test]
fn acks_that_overtake_each_other_do_not_end_the_call_that_the_caller_holds() {
    for order in
        [["ACK b", "ACK a", "BYE b"], ["ACK b", "BYE b", "ACK a"], ["ACK a", "ACK b", "BYE b"]]
    {
        let mut rig = Rig::registered();
        let id = answered_twice(&mut rig);
        for step in order {
            let (method, leg) = step.split_once(' ').unwrap();
            let cseq = if method == "ACK" { 1 } else { 2 };
            deliver(&mut rig, method, &format!("z9hG4bK{leg}"), cseq);
        }
        assert_eq!(rig.state(id), CallState::Active, "{order:?}");
        rig.advance(40_000);
        assert_eq!(rig.state(id), CallState::Active, "{order:?}");
        assert!(
            !rig.sent.iter().any(|sent| sent.is(Method::Bye)),
            "{order:?}: nothing of ours ends it"
        );
        deliver(&mut rig, "BYE", "z9hG4bKa", 2);
        assert_eq!(rig.state(id), CallState::Ended, "{order:?}");
    }
}

/// The same: a leg that the caller has left behind with its proxy keeps no call up.
#[test]
fn a_leg_without_an_ack_takes_over_right_after_the_answer_only() {
    let mut rig = Rig::registered();
    let id = answered_twice(&mut rig);
    deliver(&mut rig, "ACK", "z9hG4bKb", 1);
    rig.advance(2_000);
    deliver(&mut rig, "BYE", "z9hG4bKb", 2);
    assert_eq!(rig.state(id), CallState::Ended);
    let mut rig = Rig::registered();
    let id = answered_twice(&mut rig);
    deliver(&mut rig, "ACK", "z9hG4bKb", 1);
    deliver(&mut rig, "BYE", "z9hG4bKb", 2);
    assert_eq!(rig.state(id), CallState::Active);
    rig.advance(33_000);
    assert_eq!(rig.state(id), CallState::Ended, "64*T1 bounds it");
}

/// Failover design §4: once ACKed, 482.
#[test]
fn a_copy_that_comes_after_the_ack_is_refused_as_merged() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.command(Command::Answer(Some(id))).unwrap();
    let ack = request(&rig, "ACK", "z9hG4bKa", 1, VIA1);
    rig.deliver_from(p1().addr, &ack);
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 1, VIA2));
    assert_eq!(codes(&rig, "z9hG4bKb"), [482]);
    assert_eq!(rig.state(id), CallState::Active);
}

/// Failover design §4: the setting.
/// Failover design §4, §6: a thawed proxy delivers what it had queued. However the call ended, it
/// has rung once.
#[test]
fn a_copy_that_comes_when_the_call_is_over_does_not_ring_again() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.command(Command::Answer(None)).unwrap();
    let ack = request(&rig, "ACK", "z9hG4bKa", 1, VIA1);
    rig.deliver_from(p1().addr, &ack);
    let bye = request(&rig, "BYE", "z9hG4bKa", 2, VIA1);
    rig.deliver_from(p1().addr, &bye);
    assert_eq!(rig.state(id), CallState::Ended);
    rig.advance(300_000);
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 1, VIA2));
    assert_eq!(codes(&rig, "z9hG4bKb"), [482]);
    rig.deliver_from(p2().addr, &invite("z9hG4bKc", "call-2", 1, VIA2));
    assert_eq!(codes(&rig, "z9hG4bKc"), [180], "another call rings");
}

/// Failover design §4: what nobody holds ends within the ring limit. The caller's CANCEL died with
/// its proxy.
#[test]
fn a_call_that_nobody_answers_or_cancels_stops_ringing_at_the_limit() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.advance(179_999);
    assert_eq!(rig.state(id), CallState::Ringing);
    rig.advance(1);
    assert_eq!(rig.state(id), CallState::Ended);
    assert_eq!(rig.call(id).ended.map(|ended| ended.by), Some(EndedBy::Failure));
    assert_eq!(codes(&rig, "z9hG4bKa")[..2], [180, 480]);
    assert_eq!(
        rig.media.iter().rev().find(|m| matches!(m, MediaCommand::Ring(_))),
        Some(&MediaCommand::Ring(false))
    );
}

#[test]
fn with_joining_off_a_copy_is_refused_as_merged() {
    let mut rig = Rig::registered_with(|line| line.join_copies = false);
    ring(&mut rig);
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 1, VIA2));
    assert_eq!(codes(&rig, "z9hG4bKb"), [482]);
}

#[test]
fn a_retransmitted_invite_is_no_copy() {
    let mut rig = Rig::registered();
    ring(&mut rig);
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, VIA1));
    assert_eq!(codes(&rig, "z9hG4bKa"), [180, 180]);
    assert_eq!(rig.phone.calls(rig.now).len(), 1);
}

/// RFC 3261 §9.2.
#[test]
fn a_cancelled_copy_ends_the_call_only_when_it_was_the_last() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.deliver_from(p2().addr, &invite("z9hG4bKb", "call-1", 1, VIA2));
    let cancel = |branch: &str, via: &str| {
        let text = String::from_utf8(invite(branch, "call-1", 1, via)).unwrap();
        let head = text.split("Content-Type").next().unwrap();
        let head = head.replace("INVITE", "CANCEL").replace("Record-Route", "X-Was");
        format!("{head}Content-Length: 0\r\n\r\n").into_bytes()
    };
    rig.deliver_from(p1().addr, &cancel("z9hG4bKa", VIA1));
    assert!(
        codes(&rig, "z9hG4bKa").ends_with(&[200, 487]) || codes(&rig, "z9hG4bKa").ends_with(&[487])
    );
    assert_eq!(rig.state(id), CallState::Ringing);
    rig.deliver_from(p2().addr, &cancel("z9hG4bKb", VIA2));
    assert_eq!(rig.state(id), CallState::Ended);
    assert_eq!(rig.call(id).ended.unwrap().by, EndedBy::Remote);
    assert!(rig.media.contains(&MediaCommand::Ring(false)));
}

#[test]
fn a_rejected_call_gets_486() {
    let mut rig = Rig::registered();
    let id = ring(&mut rig);
    rig.command(Command::Reject(id)).unwrap();
    assert_eq!(codes(&rig, "z9hG4bKa"), [180, 486]);
}

/// Requirement F10; failover design §5.
#[test]
fn a_stranger_is_refused_whatever_rings() {
    let mut rig = Rig::registered();
    rig.deliver_from(
        "10.66.66.66:5060".parse().unwrap(),
        &invite("z9hG4bKs", "c", 1, "10.66.66.66"),
    );
    assert_eq!(codes(&rig, "z9hG4bKs"), [403]);
    assert!(rig.phone.calls(rig.now).is_empty());
    // The same server may call from any port.
    rig.deliver_from(
        "10.0.0.2:40000".parse().unwrap(),
        &invite("z9hG4bKt", "d", 1, "10.0.0.2:40000"),
    );
    assert_eq!(codes(&rig, "z9hG4bKt"), [180]);
}

/// Requirement F10; failover design §5: "INVITE, REFER, NOTIFY, MESSAGE 403".
#[test]
fn a_stranger_is_forbidden_whatever_would_reach_the_user() {
    for method in ["INVITE", "REFER", "NOTIFY", "MESSAGE"] {
        let mut rig = Rig::registered();
        let text = String::from_utf8(invite("z9hG4bKs", "c", 1, "10.66.66.66")).unwrap();
        let text = text.replace("INVITE", method);
        rig.deliver_from("10.66.66.66:5060".parse().unwrap(), text.as_bytes());
        assert_eq!(codes(&rig, "z9hG4bKs"), [403], "{method}");
    }
}

fn refused(change: impl Fn(String) -> String) -> u16 {
    let mut rig = Rig::registered();
    let text = String::from_utf8(invite("z9hG4bKr", "call-r", 1, VIA1)).unwrap();
    rig.deliver_from(p1().addr, change(text).as_bytes());
    *codes(&rig, "z9hG4bKr").last().unwrap()
}

/// RFC 3261 §8.2: what is not supported is refused correctly.
#[test]
fn what_the_phone_cannot_do_is_refused_by_its_code() {
    let method = |name: &'static str| move |text: String| text.replace("INVITE", name);
    assert_eq!(refused(method("MESSAGE")), 405);
    assert_eq!(refused(method("REFER")), 403, "RFC 3515 §5.2: nobody is called for it");
    assert_eq!(refused(method("FROBNICATE")), 501);
    assert_eq!(refused(method("BYE")), 481);
    assert_eq!(refused(|text| text.replace("application/sdp", "text/plain")), 415);
    assert_eq!(refused(|text| text.replace("Max-Forwards", "Require: foo\r\nMax-Forwards")), 420);
    assert_eq!(
        refused(|text| text
            .replace("RTP/AVP 8 101", "RTP/AVP 96 101")
            .replace("rtpmap:8 PCMA", "rtpmap:96 FOO")),
        488
    );
    assert_eq!(refused(|text| text.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia")), 505);
    assert_eq!(
        refused(
            |text| text.replace("To: <sip:1001@example.test>", "To: <sip:1001@example.test>;tag=x")
        ),
        481
    );
    assert_eq!(
        refused(|text| text.replace("INVITE sip:1001@10.0.0.9:5060", "INVITE foo:1001")),
        416
    );
}

/// RFC 3261 §11.
#[test]
fn options_is_answered_and_strangers_are_rate_limited() {
    let options = |n: u32, via: &str| {
        format!(
            "OPTIONS sip:1001@10.0.0.9:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bKo{n}\r\n\
             Max-Forwards: 69\r\nFrom: <sip:ping@x>;tag=p\r\nTo: <sip:1001@example.test>\r\n\
             Call-ID: o{n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let mut rig = Rig::registered();
    rig.deliver_from(p1().addr, options(0, VIA1).as_bytes());
    let response = rig.last_response();
    assert_eq!(response.code.as_u16(), 200);
    assert!(response.headers.get(&HeaderName::Allow).unwrap().contains("BYE"));
    for n in 1..=20 {
        rig.deliver_from("10.66.66.66:5060".parse().unwrap(), options(n, "10.66.66.66").as_bytes());
    }
    let served = rig.responses().iter().filter(|(code, _)| *code == 200).count();
    assert_eq!(served, 1 + 5);
}

/// RFC 3264 §5: an INVITE without an offer gets ours in the 200, and the answer in the ACK.
#[test]
fn an_invite_without_offer_is_offered_ours() {
    let mut rig = Rig::registered();
    let text = String::from_utf8(invite("z9hG4bKa", "call-1", 1, VIA1)).unwrap();
    let head = text.split("Content-Type").next().unwrap();
    rig.deliver_from(p1().addr, format!("{head}Content-Length: 0\r\n\r\n").as_bytes());
    rig.command(Command::Answer(None)).unwrap();
    assert!(String::from_utf8_lossy(&rig.last_response().body).contains("m=audio"));
    let ack = String::from_utf8(request(&rig, "ACK", "z9hG4bKa", 1, VIA1)).unwrap();
    let body = crate::rig::sdp("10.0.0.50", 20_000, "sendrecv");
    let with_answer =
        format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let ack = ack.replace("Content-Length: 0\r\n\r\n", &with_answer);
    rig.deliver_from(p1().addr, ack.as_bytes());
    let id = rig.phone.calls(rig.now)[0].id;
    assert_eq!(rig.call(id).codec.as_deref(), Some("PCMA"));
}
