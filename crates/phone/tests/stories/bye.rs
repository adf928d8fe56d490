//! Hanging up when the proxy has died (requirements B3, F3; failover design §3, §5).

use crate::rig::{LINE, Mode, Rig, Sent, hop, p1, p2, sdp};
use phone::CallId;
use phone::input::{Command, MediaReport};
use phone::output::Event;
use phone::status::{CallState, EndedBy};
use sip_core::message::{HeaderName, Method};

fn byes(rig: &Rig) -> Vec<Sent> {
    rig.sent.iter().filter(|sent| sent.is(Method::Bye)).cloned().collect()
}

fn hang_up(rig: &mut Rig, id: CallId) {
    rig.command(Command::HangUp(Some(id))).unwrap();
    assert_eq!(rig.state(id), CallState::Ended, "the call is over for its user at once");
}

/// The other party hangs up; its BYE comes through the second proxy.
fn hang_up_there(rig: &mut Rig, branch: &str) {
    let (local, remote, call_id) = rig.dialog_of_call();
    let bye = format!(
        "BYE sip:1001@10.0.0.9:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch={branch}\r\n\
         Max-Forwards: 69\r\nFrom: {remote}\r\nTo: {local}\r\nCall-ID: {call_id}\r\n\
         CSeq: 7 BYE\r\nContent-Length: 0\r\n\r\n"
    );
    rig.deliver_from(p2().addr, bye.as_bytes());
}

/// Requirement B3; failover design §5, rung 1, §8.
#[test]
fn a_bye_reaches_the_other_party_through_the_backup() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    let start = rig.ms();
    hang_up(&mut rig, id);
    rig.advance(3_600);
    let log: Vec<_> = rig.log(Method::Bye).iter().map(|(at, hop)| (at - start, *hop)).collect();
    assert_eq!(log, [(0, p1()), (500, p1()), (1500, p1()), (3500, p2())]);
    let sent = byes(&rig);
    let (first, last) = (sent.first().unwrap(), sent.last().unwrap());
    assert_eq!(first.header(HeaderName::Route), "<sip:10.0.0.1;lr;ftag=abc>");
    assert_eq!(last.header(HeaderName::Route), "<sip:10.0.0.2:5060;lr;ftag=abc>");
    assert_eq!(last.request().uri, first.request().uri);
    assert_eq!(last.cseq(), first.cseq() + 1, "PJSIP answers 500 to an old one");
    let told = |event: &Event| {
        matches!(event, Event::Failover(switch) if switch.method == "BYE" && switch.to == p2()
            && switch.cause.to_string() == "no answer" && switch.elapsed.as_millis() == 3500)
    };
    assert!(rig.events.iter().any(|(_, event)| told(event)), "{:?}", rig.events);
    rig.answer(last, 200);
    rig.advance(60_000);
    assert_eq!(byes(&rig).len(), 4, "said once");
}

#[test]
fn a_killed_primary_costs_a_bye_one_round_trip() {
    for mode in [Mode::Dead, Mode::Refuses(503), Mode::Refuses(500), Mode::Refuses(504)] {
        let mut rig = Rig::registered();
        let id = rig.call_up();
        rig.modes[0] = mode;
        hang_up(&mut rig, id);
        let hops: Vec<_> = byes(&rig).iter().map(|sent| sent.to).collect();
        assert_eq!(hops, [p1(), p2()], "{mode:?}");
    }
}

/// Failover design §5: Record-Route by name, known from the dialog's own set-up.
#[test]
fn a_route_by_name_is_repaired_too() {
    let mut rig = Rig::registered();
    let id = rig.call_up_with(&["<sip:p1.example.test;lr>"], "<sip:1002@10.0.0.50>");
    rig.modes[0] = Mode::Dead;
    hang_up(&mut rig, id);
    let sent = byes(&rig);
    assert_eq!(sent[0].to, p1(), "the name is the hop's that answered");
    assert_eq!(sent[1].header(HeaderName::Route), "<sip:10.0.0.2:5060;lr>");
}

/// Failover design §5: an `r2=on` pair counts as one; what lies behind it stays.
#[test]
fn a_double_record_route_is_repaired_as_one() {
    let mut rig = Rig::registered();
    // The answer lists the proxy next to us last (RFC 3261 §12.1.2 reverses it).
    let record_route =
        ["<sip:10.9.9.9;lr>", "<sip:172.16.0.1;r2=on;lr>", "<sip:10.0.0.1;r2=on;lr>"];
    let id = rig.call_up_with(&record_route, "<sip:1002@10.0.0.50>");
    rig.modes[0] = Mode::Dead;
    hang_up(&mut rig, id);
    let last = rig.last(Method::Bye);
    let routes: Vec<_> = last.request().headers.values(&HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:10.0.0.2:5060;lr>", "<sip:10.9.9.9;lr>"]);
}

/// Failover design §5: a B2BUA's Contact is the hop; the Request-URI stays.
#[test]
fn a_b2bua_gets_its_bye_through_the_next_hop_with_the_same_request_uri() {
    let mut rig = Rig::registered();
    let id = rig.call_up_with(&[], "<sip:1002@10.0.0.1:5060>");
    rig.modes[0] = Mode::Dead;
    hang_up(&mut rig, id);
    let sent = byes(&rig);
    assert_eq!((sent[0].to, sent[1].to), (p1(), p2()));
    assert_eq!(sent[1].request().uri.to_string(), "sip:1002@10.0.0.1:5060");
    assert_eq!(sent[1].header(HeaderName::Route), "");
    rig.answer(&sent[1], 481);
    rig.advance(40_000);
    assert_eq!(byes(&rig).len(), 2, "nothing was repaired, so there is no rung 2");
}

/// Failover design §5, rung 2.
#[test]
fn a_refused_repair_is_tried_once_with_the_route_unmodified() {
    for code in [403, 404, 481, 482, 483] {
        let mut rig = Rig::registered();
        let id = rig.call_up();
        rig.modes[0] = Mode::Dead;
        hang_up(&mut rig, id);
        let repaired = rig.last(Method::Bye);
        rig.answer(&repaired, code);
        let second = rig.last(Method::Bye);
        assert_eq!(second.to, p2(), "{code}");
        assert_eq!(second.header(HeaderName::Route), "<sip:10.0.0.1;lr;ftag=abc>", "{code}");
        rig.answer(&second, code);
        rig.advance(5_000);
        assert_eq!(byes(&rig).len(), 3, "{code}: once");
    }
}

/// Failover design §3: 481 from the hop that the route set names means done.
#[test]
fn a_481_from_the_hop_that_the_route_names_is_the_end() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    hang_up(&mut rig, id);
    let bye = rig.last(Method::Bye);
    rig.answer(&bye, 481);
    rig.advance(40_000);
    assert_eq!(byes(&rig).len(), 1);
}

/// Failover design §3: a hop that the dialog never passed knows nothing of it. Its 481 is no end while
/// the one that the route set names is left, which may be back although nobody has noticed.
#[test]
fn a_481_from_a_hop_that_the_call_never_passed_does_not_keep_the_bye_from_the_one_that_it_did() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Dead;
    rig.command(Command::Register(LINE)).unwrap();
    assert_eq!(rig.account().hop, Some(p2()));
    rig.modes[0] = Mode::Up;
    hang_up(&mut rig, id);
    for _ in 0..2 {
        let there = rig.last(Method::Bye);
        assert_eq!(there.to, p2(), "repaired, then unmodified");
        rig.answer(&there, 481);
    }
    let home = rig.last(Method::Bye);
    assert_eq!(
        (home.to, home.header(HeaderName::Route).as_str()),
        (p1(), "<sip:10.0.0.1;lr;ftag=abc>")
    );
    rig.answer(&home, 481);
    rig.advance(40_000);
    assert_eq!(byes(&rig).len(), 3, "there it means done");
}

/// Failover design §5, rung 3: the BYE is tried again when any hop answers, up to 64·T1.
#[test]
fn a_bye_that_found_every_hop_dead_goes_when_one_answers_again() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes = vec![Mode::Dead; 2];
    hang_up(&mut rig, id);
    let tried = byes(&rig).len();
    assert_eq!(tried, 2);
    let told =
        |event: &Event| matches!(event, Event::Unavailable { method, .. } if method == "BYE");
    assert!(rig.events.iter().any(|(_, event)| told(event)), "requirement B4");
    rig.modes[1] = Mode::Up;
    rig.advance_until(31_000, |rig| rig.account().hop == Some(p2()));
    let last = rig.last(Method::Bye);
    assert_eq!(last.to, p2());
    rig.answer(&last, 200);
    let count = byes(&rig).len();
    assert!(count > tried);
    rig.advance(60_000);
    assert_eq!(byes(&rig).len(), count, "said once");
}

#[test]
fn a_bye_that_no_hop_takes_is_given_up_after_64_t1() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes = vec![Mode::Silent; 2];
    hang_up(&mut rig, id);
    rig.advance(40_000);
    let count = byes(&rig).len();
    rig.modes = vec![Mode::Up; 2];
    rig.advance(400_000);
    assert_eq!(byes(&rig).len(), count);
}

/// Failover design §1: an ICMP error for a request in flight moves it "at once, and so does every other
/// unanswered request in flight there".
#[test]
fn an_icmp_error_for_one_request_moves_the_others_there_too() {
    let mut rig = Rig::registered();
    let one = rig.call_up();
    rig.command(Command::Hold(one)).unwrap();
    let hold = rig.last(Method::Invite);
    rig.reply(&hold, 200, |response, _| {
        response.headers.push(HeaderName::Contact, "<sip:1002@10.0.0.50:5060>");
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = sdp("10.0.0.50", 20_000, "recvonly").into_bytes();
    });
    let two = rig.call_up();
    rig.modes[0] = Mode::Silent;
    hang_up(&mut rig, one);
    hang_up(&mut rig, two);
    let sent = byes(&rig);
    assert_eq!((sent.len(), sent[0].to, sent[1].to), (2, p1(), p1()));
    rig.icmp(&sent[0]);
    let moved: Vec<Sent> = byes(&rig).into_iter().filter(|sent| sent.to == p2()).collect();
    let calls = |sent: &[Sent]| {
        sent.iter().map(|s| s.header(HeaderName::CallId)).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(calls(&moved), calls(&sent), "both, in the same instant");
}

/// Failover design §6: a thawed proxy answers what it had queued. Its 200 to the first BYE is the end of the
/// call there, whatever became of the later one: nobody is told that it failed.
#[test]
fn a_late_200_to_the_bye_at_the_hop_that_was_given_up_is_the_end_of_it() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    hang_up(&mut rig, id);
    rig.advance(3_600);
    let first = byes(&rig).remove(0);
    assert_eq!((first.to, byes(&rig).last().unwrap().to), (p1(), p2()));
    rig.answer(&first, 200);
    rig.advance(60_000);
    let failed =
        |event: &Event| matches!(event, Event::Unavailable { method, .. } if method == "BYE");
    assert!(!rig.events.iter().any(|(_, event)| failed(event)), "{:?}", rig.events);
}

/// Failover design §2: a request of a long call doesn't wait for a known-dead hop again.
#[test]
fn a_bye_starts_at_rung_one_when_the_hop_is_known_dead() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    rig.advance(40_000);
    assert_eq!(rig.account().hop, Some(p2()));
    rig.sent.clear();
    hang_up(&mut rig, id);
    assert_eq!(rig.log(Method::Bye).first().map(|(_, hop)| *hop), Some(p2()));
}

/// Requirement C3: with signal failback a BYE whose route is the primary's starts there.
#[test]
fn with_signal_failback_a_bye_probes_the_primary() {
    let mut rig = Rig::registered_with(|line| {
        line.policy_mut().signal_failback = true;
        line.policy_mut().register_failback = false;
    });
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    rig.advance(40_000);
    assert_eq!(rig.account().hop, Some(p2()));
    rig.modes[0] = Mode::Up;
    rig.sent.clear();
    hang_up(&mut rig, id);
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.to, p1());
    rig.answer(&bye, 200);
    assert_eq!(rig.account().hop, Some(p1()), "a REGISTER followed there");
}

/// Failover design §5: an address that is none of the line's has 64·T1, and nothing is learnt.
#[test]
fn a_peer_that_is_no_hop_of_ours_is_waited_for_and_blames_nobody() {
    let mut rig = Rig::registered();
    let id = rig.call_up_with(&[], "<sip:1002@10.0.0.50:5060>");
    hang_up(&mut rig, id);
    rig.advance(33_000);
    let log = rig.log(Method::Bye);
    assert!(log.iter().all(|(_, to)| *to == hop("udp:10.0.0.50:5060")), "{log:?}");
    assert_eq!(log.len(), 11);
    assert_eq!(rig.account().hop, Some(p1()));
}

/// Failover design §5: no RTP or RTCP while not held: BYE and end.
#[test]
fn a_call_without_sound_is_ended_by_bye_unless_it_is_held() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.input(phone::input::Input::Media { call: id, report: MediaReport::Silence });
    assert_eq!(byes(&rig).len(), 1);
    let ended = rig.call(id).ended.unwrap();
    assert_eq!(ended.by, EndedBy::Failure);
    assert!(ended.reason.to_string().contains("no sound"), "{ended:?}");
}

/// Failover design §5: matched by identifiers, not by source (fusionpbx#2040).
#[test]
fn the_other_partys_bye_may_come_through_any_hop() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    hang_up_there(&mut rig, "z9hG4bKx1");
    assert_eq!(rig.last_response().code.as_u16(), 200);
    let ended = rig.call(id).ended.unwrap();
    assert_eq!(ended.by, EndedBy::Remote);
}

/// A BYE of theirs that crosses ours ends both.
#[test]
fn a_bye_that_crosses_ours_is_answered_and_ends_the_farewell() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    rig.modes[0] = Mode::Silent;
    hang_up(&mut rig, id);
    hang_up_there(&mut rig, "z9hG4bKx2");
    assert_eq!(rig.last_response().code.as_u16(), 200);
    rig.advance(60_000);
    assert!(byes(&rig).iter().all(|sent| sent.to == p1()), "not sent on to the backup");
}
