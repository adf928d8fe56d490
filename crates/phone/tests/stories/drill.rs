//! A failure that is only played (failover design §7): nothing on the network has changed, and the
//! phone does what it would do.

use std::time::Duration;

use phone::input::{Command, Done, DrillHop, Input, Refusal};
use phone::output::Event;
use phone::settings::{KeepAlive, LineNumber};
use phone::status::{CallState, DrillState, DrillStatus};
use sip_core::message::Method;

use crate::rig::{LINE, Mode, Rig, invite, p1, p2};

fn start(rig: &mut Rig, hop: DrillHop, seconds: u64) -> DrillStatus {
    let length = Duration::from_secs(seconds);
    match rig.command(Command::StartDrill { line: LINE, hop, length }) {
        Ok(Done::Drill(status)) => status,
        other => panic!("{other:?}"),
    }
}

fn told(rig: &Rig) -> Vec<DrillStatus> {
    let drill = |(_, event): &(u128, Event)| match event {
        Event::Drill(status) => Some(status.clone()),
        _ => None,
    };
    rig.events.iter().filter_map(drill).collect()
}

fn to_primary(rig: &Rig) -> usize {
    rig.sent.iter().filter(|sent| sent.to == p1()).count()
}

/// Failover design §6, §8: an idle phone finds out within 33.5 s, in a drill as in truth.
#[test]
fn a_drill_moves_an_idle_line_with_nothing_sent_there_and_says_what_it_cost() {
    let mut rig = Rig::registered();
    rig.advance(1_000);
    rig.sent.clear();
    let status = start(&mut rig, DrillHop::Primary, 60);
    assert_eq!((status.hop, status.state, status.served), (p1(), DrillState::Running, true));
    rig.advance(35_000);
    assert_eq!(to_primary(&rig), 0);
    let account = rig.account();
    assert_eq!((account.hop, account.hops[0].cause), (Some(p2()), Some(failover::Cause::Drill)));
    assert!(account.message.to_string().contains("(drill)"), "{}", account.message);
    let measured = told(&rig).last().cloned().unwrap();
    assert_eq!((measured.state, measured.to), (DrillState::Recovered, Some(p2())));
    let outage = measured.outage.unwrap();
    // The keep-alive comes early by up to a tenth; 1 s of its interval had passed.
    assert!((Duration::from_millis(29_500)..=Duration::from_millis(32_500)).contains(&outage));
    let drilled =
        |event: &Event| matches!(event, Event::Failover(s) if s.cause.to_string() == "drill");
    assert!(rig.events.iter().any(|(_, event)| drilled(event)), "{:?}", rig.events);
}

/// "Ends by itself", and leaves nothing behind: the line is back, though its interval is 1800 s.
#[test]
fn a_drill_ends_by_itself_and_the_line_returns_at_once() {
    let mut rig = Rig::registered();
    start(&mut rig, DrillHop::Primary, 60);
    rig.advance(60_000);
    let account = rig.account();
    assert_eq!((account.hop, account.hops[0].cause), (Some(p1()), None));
    let ended = told(&rig).last().cloned().unwrap();
    assert_eq!(ended.state, DrillState::Ended);
    assert!(ended.outage.is_some());
    let back =
        |event: &Event| matches!(event, Event::Failback(s) if s.cause.to_string() == "drill");
    assert!(rig.events.iter().any(|(_, event)| back(event)), "{:?}", rig.events);
    let kept = rig.phone.journal(Some(LINE));
    assert!(kept.iter().any(|entry| matches!(entry.event, Event::Drill(_))), "in the journal");
}

#[test]
fn a_drill_can_be_stopped_and_only_then_is_there_none() {
    let mut rig = Rig::registered();
    assert_eq!(rig.command(Command::StopDrill), Err(Refusal::NoDrill));
    start(&mut rig, DrillHop::Current, 3600);
    rig.advance(10_000);
    let Ok(Done::Drill(ended)) = rig.command(Command::StopDrill) else { panic!("it runs") };
    assert_eq!((ended.state, ended.outage), (DrillState::Ended, None), "not found out yet");
    rig.sent.clear();
    rig.advance(40_000);
    assert_eq!(rig.account().hop, Some(p1()));
    assert!(to_primary(&rig) > 0);
    assert!(rig.log(Method::Register).is_empty(), "it was never left");
}

/// Requirement B2; failover design §8: 3.5 s, as at a silent primary.
#[test]
fn a_call_that_is_dialled_in_a_drill_goes_through_the_backup_and_is_counted() {
    let mut rig = Rig::registered();
    start(&mut rig, DrillHop::Primary, 60);
    rig.sent.clear();
    let began = rig.ms();
    let id = rig.dial();
    rig.advance(3_600);
    assert_eq!(rig.log(Method::Invite), [(began + 3_500, p2())]);
    let leg = rig.last(Method::Invite);
    rig.answer_call(&leg, "bob", &["<sip:10.0.0.2;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.state(id), CallState::Active);
    assert_eq!(rig.account().hop, Some(p2()), "incoming calls follow");
    rig.command(Command::StopDrill).unwrap();
    let ended = told(&rig).last().cloned().unwrap();
    assert_eq!((ended.calls_moved, ended.outage), (1, Some(Duration::from_millis(3_500))));
    assert_eq!(rig.state(id), CallState::Active);
}

/// Requirement B3; failover design §5.
#[test]
fn the_bye_of_a_call_through_the_drilled_hop_takes_the_repaired_route() {
    let mut rig = Rig::registered();
    let id = rig.call_up();
    start(&mut rig, DrillHop::Primary, 60);
    rig.command(Command::HangUp(Some(id))).unwrap();
    rig.advance(3_600);
    let byes = rig.log(Method::Bye);
    assert_eq!(byes.iter().map(|(_, hop)| *hop).collect::<Vec<_>>(), [p2()]);
}

/// A drill disturbs nobody else: what had begun before goes on.
#[test]
fn the_ack_of_a_call_that_was_being_set_up_still_goes_to_the_drilled_hop() {
    let mut rig = Rig::registered();
    rig.dial();
    let leg = rig.last(Method::Invite);
    start(&mut rig, DrillHop::Primary, 60);
    rig.answer_call(&leg, "bob", &["<sip:10.0.0.1;lr>"], "<sip:1002@10.0.0.50>");
    assert_eq!(rig.last(Method::Ack).to, p1());
}

#[test]
fn a_call_that_comes_from_the_drilled_hop_is_answered() {
    let mut rig = Rig::registered();
    start(&mut rig, DrillHop::Primary, 60);
    rig.deliver_from(p1().addr, &invite("z9hG4bKa", "call-1", 1, "10.0.0.1"));
    rig.command(Command::Answer(None)).unwrap();
    assert_eq!(rig.last_response().code.as_u16(), 200);
}

/// A changed list ends no drill: it is bound to the address.
#[test]
fn a_drill_survives_a_change_of_the_list() {
    let mut rig = Rig::registered();
    start(&mut rig, DrillHop::Primary, 120);
    rig.hops.swap(0, 1);
    rig.modes.swap(0, 1);
    rig.plug_in();
    rig.sent.clear();
    rig.advance(70_000);
    assert_eq!(to_primary(&rig), 0, "it is hop 1 now, and still counts as dead");
    assert_eq!(rig.account().hop, Some(p2()));
    let gone = rig.hops.split_off(1);
    let (line, hops, trusted, last_good) = (LINE, rig.hops.clone().into(), [].into(), None);
    rig.input(Input::Hops { line, hops, former: [].into(), trusted, last_good, booted: false });
    rig.hops.extend(gone);
    rig.advance(60_000);
    assert_eq!(told(&rig).last().map(|status| status.state), Some(DrillState::Ended));
}

/// Failover design §1, "All proxies failed", and §6: afterwards no back-off is waited for.
#[test]
fn the_drill_of_an_only_hop_ends_with_a_registration() {
    let mut rig = Rig::registered();
    let only = [rig.hops[0].clone()].into();
    let (trusted, last_good) = ([].into(), None);
    rig.input(Input::Hops {
        line: LINE,
        hops: only,
        former: [].into(),
        trusted,
        last_good,
        booted: false,
    });
    start(&mut rig, DrillHop::Primary, 120);
    rig.advance(119_000);
    assert!(!rig.account().on_primary);
    rig.advance(1_000);
    assert!(rig.account().on_primary, "{:?}", rig.account());
}

/// On UDP silence to a CRLF is no evidence: the drill shows that nobody would notice.
#[test]
fn a_drill_that_nothing_notices_says_so() {
    let every = KeepAlive::Crlf(Duration::from_secs(30));
    let mut rig = Rig::registered_with(|line| {
        line.keep_alive = every;
        line.policy_mut().keep_alive = None;
    });
    rig.crlf.clear();
    start(&mut rig, DrillHop::Primary, 90);
    rig.advance(89_000);
    assert!(rig.crlf.is_empty());
    rig.advance(1_000);
    let ended = told(&rig).last().cloned().unwrap();
    assert_eq!((ended.served, ended.outage), (true, None));
}

#[test]
fn the_drill_of_a_backup_costs_nothing_and_measures_no_outage() {
    let mut rig = Rig::registered();
    let status = start(&mut rig, DrillHop::This(p2()), 60);
    assert!(!status.served);
    rig.modes[0] = Mode::Silent;
    rig.advance(59_000);
    assert_eq!(rig.log(Method::Register).iter().filter(|(_, hop)| *hop == p2()).count(), 0);
}

#[test]
fn a_drill_that_cannot_be_is_refused_in_words() {
    let mut rig = Rig::registered();
    let ask = |rig: &mut Rig, line, hop, seconds| {
        let length = Duration::from_secs(seconds);
        rig.command(Command::StartDrill { line, hop, length }).unwrap_err().to_string()
    };
    let elsewhere = DrillHop::This("udp:10.0.0.7:5060".parse().unwrap());
    assert_eq!(ask(&mut rig, LINE, elsewhere, 60), "udp:10.0.0.7:5060 is no server of line 1");
    assert_eq!(ask(&mut rig, LINE, DrillHop::Primary, 0), "a drill lasts from 1 to 86400 s");
    assert_eq!(ask(&mut rig, LINE, DrillHop::Primary, 86_401), "a drill lasts from 1 to 86400 s");
    assert_eq!(ask(&mut rig, LineNumber(2), DrillHop::Primary, 9), "line 2 is not configured");
    assert!(told(&rig).is_empty());
}
