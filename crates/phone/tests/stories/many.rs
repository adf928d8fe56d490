//! Many lines in one process: each lives its own life, and costs the others nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use phone::input::Input;
use phone::output::Event;
use phone::settings::{KeepAlive, LineNumber, LineSettings, Settings};
use sip_core::message::{HeaderName, Method, read_datagram};
use sip_core::transport::Hop;

use crate::rig::{Mode, Rig, line_settings, p1, p2};

/// So many lines, each with a user of its own, registered through the primary.
fn site(lines: u16) -> Rig {
    site_with(lines, |_| {})
}

/// The same with a change to each line.
fn site_with(lines: u16, change: impl Fn(&mut LineSettings)) -> Rig {
    let mut rig = Rig::new(|_| {});
    let line = |number: u16| {
        let mut settings = line_settings();
        change(&mut settings);
        settings.line = LineNumber(number);
        settings.user = (1000 + number).to_string();
        settings
    };
    let lines: Vec<_> = (1..=lines).map(line).collect();
    let numbers: Vec<LineNumber> = lines.iter().map(|line| line.line).collect();
    rig.input(Input::Settings(Settings { lines, ..Settings::default() }));
    for line in numbers {
        let (hops, trusted, last_good) = (rig.hops.clone().into(), [].into(), None);
        rig.input(Input::Hops { line, hops, former: [].into(), trusted, last_good, booted: false });
    }
    rig
}

fn at(rig: &Rig, hop: Hop) -> usize {
    rig.phone.accounts().iter().filter(|account| account.hop == Some(hop)).count()
}

/// Requirement F1 for each; failover design §8: 33.5 s, from wherever a line is in its interval.
#[test]
fn every_line_of_a_site_finds_out_by_itself_and_none_is_late() {
    let mut rig = site(300);
    rig.advance(60_000);
    assert_eq!(at(&rig, p1()), 300);
    rig.events.clear();
    rig.modes[0] = Mode::Silent;
    let began = rig.ms();
    rig.advance(33_500);
    assert_eq!(at(&rig, p2()), 300);
    let moves = rig.events.iter().filter_map(|(at, event)| match event {
        Event::Failover(switch) => Some((at - began, switch.line)),
        _ => None,
    });
    let moves: Vec<(u128, LineNumber)> = moves.collect();
    let lines: BTreeSet<LineNumber> = moves.iter().map(|(_, line)| *line).collect();
    assert_eq!((moves.len(), lines.len()), (300, 300), "each once");
    // Requirement F6: they registered within one instant, and yet are spread over the interval.
    let in_second = |second: u128| moves.iter().filter(|(at, _)| at / 1000 == second).count();
    let busiest = (0..34).map(in_second).max().unwrap();
    assert!(busiest <= 2 * 300 / 30 + 5, "{busiest} of 300 in one second");
}

/// Requirement F6: bare CRLFs are all alike, and so are the errors for them; each line counts those
/// that may be for its own.
#[test]
fn lines_kept_alive_by_crlf_leave_a_dead_server_over_their_interval() {
    let mut rig = site_with(300, |line| {
        line.keep_alive = KeepAlive::Crlf(Duration::from_secs(30));
        line.policy_mut().keep_alive = None;
    });
    rig.advance(60_000);
    assert_eq!(at(&rig, p1()), 300);
    rig.modes[0] = Mode::Dead;
    rig.sent.clear();
    let began = rig.ms();
    rig.advance(30_100);
    assert_eq!(at(&rig, p2()), 300, "at the next keep-alive of each");
    let asked = rig.log(Method::Register);
    let in_second = |second| asked.iter().filter(|(at, _)| (at - began) / 1000 == second).count();
    let busiest = (0..31).map(in_second).max().unwrap();
    assert!(busiest <= 60, "{busiest} of 300 in one second");
}

/// The transaction tables grow with the lines, so that a site that has just lost its proxy, with an
/// OPTIONS and a REGISTER of every line open for 64·T1, forgets none of them.
#[test]
fn a_site_whose_proxies_are_all_silent_waits_for_every_request_to_its_end() {
    let mut rig = site(300);
    rig.advance(1_000);
    rig.modes = vec![Mode::Silent; 2];
    rig.sent.clear();
    rig.advance(45_000);
    let mut early = 0;
    for line in 1001..=1300_u16 {
        let of_line = |sent: &&crate::rig::Sent| {
            sent.is(Method::Register)
                && sent.to == p1()
                && sent.header(HeaderName::From).contains(&format!("sip:{line}@"))
        };
        let sent: Vec<_> = rig.sent.iter().filter(of_line).collect();
        let first = sent.first().expect("every line tries the primary again, as its last").at;
        let last = sent.last().expect("and gone on").at;
        early += usize::from(rig.ms() - first > 8_000 && last - first < 7_500);
    }
    assert_eq!(early, 0, "RFC 3261 figure 6: 0, 0.5, 1.5, 3.5, 7.5 s … at the last hop");
}

/// Requirement F10 and RFC 3261 §8.2.2: whoever is called, is found among many as among few.
#[test]
fn a_call_finds_its_line_among_many_and_a_removed_line_is_found_no_more() {
    let mut rig = site(50);
    let invite = |user: &str| {
        let text = format!(
            "INVITE sip:{user}@10.0.0.9 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{user}\r\nMax-Forwards: 70\r\n\
             From: <sip:a@x>;tag=1\r\nTo: <sip:{user}@x>\r\nCall-ID: {user}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:a@10.0.0.50>\r\n\r\n"
        );
        assert!(read_datagram(text.as_bytes()).is_ok());
        text
    };
    let last_code = |rig: &Rig| {
        let responses = rig.sent.iter().rev().find(|sent| sent.is_response());
        responses.unwrap().response().code.as_u16()
    };
    rig.deliver_from(p1().addr, invite("1033").as_bytes());
    let rings = rig.phone.calls(rig.now);
    assert_eq!(rings.iter().map(|call| call.line).collect::<Vec<_>>(), [LineNumber(33)]);
    rig.deliver_from(p1().addr, invite("2000").as_bytes());
    assert_eq!(last_code(&rig), 404, "nobody's number, and more than one line knows this proxy");

    let keep = |number: &u16| *number != 34;
    let lines = (1..=50).filter(keep).map(|number| {
        let mut settings = line_settings();
        settings.line = LineNumber(number);
        settings.user = (1000 + number).to_string();
        settings
    });
    rig.input(Input::Settings(Settings { lines: lines.collect(), ..Settings::default() }));
    rig.deliver_from(p1().addr, invite("1034").as_bytes());
    assert_eq!(last_code(&rig), 404);
}

/// Failover design §6: only a boot of the device waits, each line its own part of the spread.
#[test]
fn lines_that_begin_after_a_boot_come_over_their_spread() {
    let mut rig = Rig::new(|_| {});
    let line = |number: u16| {
        let mut settings = line_settings();
        settings.line = LineNumber(number);
        settings.policy_mut().boot_spread = Duration::from_secs(20);
        settings
    };
    let lines: Vec<_> = (1..=100).map(line).collect();
    rig.input(Input::Settings(Settings { lines, ..Settings::default() }));
    for line in (1..=100).map(LineNumber) {
        let (hops, trusted, last_good) = (rig.hops.clone().into(), [].into(), None);
        rig.input(Input::Hops { line, hops, former: [].into(), trusted, last_good, booted: true });
    }
    assert!(at(&rig, p1()) <= 2);
    rig.advance(10_000);
    assert!((30..=70).contains(&at(&rig, p1())), "{}", at(&rig, p1()));
    rig.advance(10_000);
    assert_eq!(at(&rig, p1()), 100);
}

/// Two hundred lines a second: a site's gateway does not flood its registrar, a desk phone does not
/// wait.
#[test]
fn a_process_with_very_many_lines_begins_them_over_some_seconds() {
    assert_eq!(at(&site(199), p1()), 199);
    let mut rig = site(1000);
    assert!(at(&rig, p1()) < 50);
    rig.advance(2_500);
    assert!((350..=650).contains(&at(&rig, p1())), "{}", at(&rig, p1()));
    rig.advance(2_500);
    assert_eq!(at(&rig, p1()), 1000);
}
