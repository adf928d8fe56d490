//! What a list survives: time, failures, denials, restarts, changed answers (requirement F5;
//! failover design §2).

use crate::world::{Mood, PAIR, World, domain, server};
use sip_core::transport::Transport;
use sip_core::transport::resolve::{Lookup, State};

const BOTH: [&str; 2] = ["udp:10.0.0.1:5060", "udp:10.0.0.2:5070"];

#[test]
fn a_list_is_refreshed_in_the_background_when_its_time_is_over() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.asked.clear();
    world.pass(59);
    assert_eq!(world.asked, [""; 0], "a time to live is respected");
    world.set(&[PAIR[0], "A p1.example.test 10.0.0.7"]);
    world.pass(2);
    assert_eq!(world.hops(&domain()), ["udp:10.0.0.7:5060"]);
    let mut former = world.former(&domain());
    former.sort();
    assert_eq!(former, BOTH, "what works there may go on");
}

/// Failover design §5, "resolves or last resolved to": a phone that boots while a proxy is drained
/// takes the calls that still come through it. Nothing is sent there.
#[test]
fn what_an_earlier_run_has_kept_and_the_first_answer_has_not_is_remembered_as_lost() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.restart();
    world.set(&[PAIR[1], PAIR[3]]);
    world.mood = Mood::Silent;
    world.want(&domain());
    assert_eq!(world.hops(&domain()), [""; 0], "DNS has the first word");
    world.mood = Mood::Answers;
    world.settle();
    assert_eq!(world.hops(&domain()), [BOTH[1]]);
    assert_eq!(world.former(&domain()), [BOTH[0]]);
    world.restart();
    world.want(&domain());
    assert_eq!(
        world.former(&domain()),
        [BOTH[0]],
        "and by the next run, for a drain may take days"
    );
    world.set(&PAIR);
    world.pass(61);
    assert_eq!(world.hops(&domain()), BOTH);
    world.restart();
    world.want(&domain());
    assert_eq!(world.former(&domain()), [""; 0], "DNS names it again");
}

/// The same where the phone works while the name changes, and is started again afterwards.
#[test]
fn what_a_run_has_lost_is_told_to_be_kept_and_the_next_run_knows_it() {
    let mut world = World::new(&["A example.test 10.0.0.1", "A example.test 10.0.0.2"]);
    let by_address = server(None, Transport::Udp, Some(Lookup::Addresses));
    let by_tcp = server(None, Transport::Tcp, Some(Lookup::Addresses));
    world.want(&by_address);
    world.set(&["A example.test 10.0.0.2"]);
    let before = world.keeps;
    world.pass(61);
    assert!(world.keeps > before);
    assert_eq!(world.former(&by_address), ["udp:10.0.0.1:5060"]);
    world.restart();
    world.want(&by_address);
    assert_eq!(world.former(&by_address), ["udp:10.0.0.1:5060"]);
    world.want(&by_tcp);
    assert_eq!(world.former(&by_tcp), [""; 0], "another transport has led nowhere");
}

/// An idle phone hardly wakes up: most domains have no NAPTR and no AAAA, and never will.
#[test]
fn what_a_domain_does_not_have_is_asked_for_less_and_less_often() {
    let mut world = World::new(&[]);
    world.want(&domain());
    world.asked.clear();
    world.pass(3600);
    let naptr = world.asked.iter().filter(|asked| asked.starts_with("NAPTR")).count();
    assert_eq!(naptr, 13, "after 60, 180, 420 s, then every 300 s");
}

#[test]
fn the_questions_of_one_name_are_asked_together() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    let first = world.resolver.poll_timeout().unwrap().0;
    world.now = first;
    world.resolver.handle_timeout(first);
    world.settle();
    let next = world.resolver.poll_timeout().unwrap().0;
    assert!(next >= first + std::time::Duration::from_secs(28), "one wake-up for all");
}

#[test]
fn a_dead_name_server_erases_nothing() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.mood = Mood::Fails;
    world.pass(7 * 86_400);
    assert_eq!(world.hops(&domain()), BOTH);
    assert_eq!(world.state(&domain()), State::Resolved);
}

#[test]
fn a_denial_erases_nothing_where_no_other_way_leads_anywhere() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.set(&[]);
    world.pass(7 * 86_400);
    assert_eq!(world.hops(&domain()), BOTH);
}

#[test]
fn a_denial_that_lasts_a_day_is_believed_where_another_way_leads_somewhere() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.set(&["A example.test 10.0.0.9", PAIR[2], PAIR[3]]);
    world.pass(86_000);
    assert_eq!(world.hops(&domain()), BOTH, "an hour of a broken zone moves nothing");
    world.pass(8_000);
    assert_eq!(world.hops(&domain()), ["udp:10.0.0.9:5060"]);
}

#[test]
fn the_domains_own_word_that_it_serves_no_more_is_believed_at_once() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.set(&["SRV _sip._udp.example.test 0 0 0 ."]);
    world.pass(61);
    assert_eq!(world.hops(&domain()), [""; 0]);
    assert_eq!(world.state(&domain()), State::Refused);
    assert_eq!(world.former(&domain()), BOTH, "and what works there may go on");
}

/// Failover design §2: an order is kept over time to live, failures and restarts.
#[test]
fn the_order_drawn_by_weight_is_kept_over_refreshes_and_restarts() {
    let zone: Vec<String> = (1..=8)
        .flat_map(|n| {
            [
                format!("SRV _sip._udp.example.test 10 50 5060 p{n}.example.test"),
                format!("A p{n}.example.test 10.0.0.{n}"),
            ]
        })
        .collect();
    let mut rotated: Vec<&str> = zone.iter().map(String::as_str).collect();
    let mut world = World::new(&rotated);
    world.want(&domain());
    let drawn = world.hops(&domain());
    for _ in 0..3 {
        rotated.rotate_left(3);
        world.set(&rotated);
        world.pass(61);
        assert_eq!(world.hops(&domain()), drawn);
        world.restart();
        world.want(&domain());
        assert_eq!(world.hops(&domain()), drawn);
    }
}

#[test]
fn kept_answers_are_used_after_a_second_while_dns_says_nothing() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.restart();
    world.mood = Mood::Silent;
    world.want(&domain());
    assert_eq!(world.hops(&domain()), [""; 0], "the answer of today goes first");
    world.pass(1);
    assert_eq!(world.hops(&domain()), BOTH);
    assert_eq!(world.state(&domain()), State::Resolved);
}

#[test]
fn a_refresh_before_anything_is_wanted_loses_nothing_that_was_kept() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.restart();
    world.mood = Mood::Fails;
    world.resolver.refresh(world.now);
    world.want(&domain());
    assert_eq!(world.hops(&domain()), BOTH);
}

#[test]
fn kept_answers_are_used_at_once_when_dns_fails() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.restart();
    world.mood = Mood::Fails;
    world.want(&domain());
    assert_eq!(world.hops(&domain()), BOTH);
}

#[test]
fn an_answer_of_today_goes_before_one_that_was_kept() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.restart();
    world.set(&[PAIR[1], PAIR[3]]);
    world.want(&domain());
    assert_eq!(world.hops(&domain()), ["udp:10.0.0.2:5070"]);
}

#[test]
fn what_is_kept_is_written_only_when_it_changes() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    let keeps = world.keeps;
    world.pass(600);
    assert_eq!(world.keeps, keeps);
    assert!(
        world.resolver.kept().contains("SRV _sip._udp.example.test 20 0 5070 p2.example.test.\n")
    );
}

#[test]
fn a_first_list_does_not_wait_long_for_a_part_of_it() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    let mut late = World::new(&PAIR);
    late.restart();
    late.zone.clear();
    late.mood = Mood::Silent;
    late.want(&domain());
    late.pass(5);
    assert_eq!(late.hops(&domain()), [""; 0], "nothing is known of it");
}

#[test]
fn a_refresh_asks_for_everything_again() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    world.asked.clear();
    world.resolver.refresh(world.now);
    world.settle();
    assert!(world.asked.contains(&"SRV _sip._udp.example.test".to_owned()), "{:?}", world.asked);
    world.want(&sip_core::transport::resolve::Target::server(
        "other.test",
        None,
        Transport::Udp,
        None,
    ));
    assert!(world.resolver.resolution(&domain()).is_none(), "what is not wanted is forgotten");
    assert!(!world.resolver.kept().contains("example.test"));
}
