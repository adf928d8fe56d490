//! RFC 3263 §4, RFC 2782 and RFC 7984, rule by rule.

use crate::world::{PAIR, World, domain, server};
use sip_core::limits;
use sip_core::transport::Transport::{Tcp, Tls, Udp};
use sip_core::transport::resolve::{Lookup, State};
use std::collections::BTreeSet;

#[test]
fn srv_priorities_make_the_order_and_their_ports_are_used() {
    let mut world = World::new(&PAIR);
    world.want(&domain());
    assert_eq!(world.hops(&domain()), ["udp:10.0.0.1:5060", "udp:10.0.0.2:5070"]);
    let resolution = world.resolver.resolution(&domain()).unwrap();
    assert_eq!(resolution.hops[0].names, ["example.test", "p1.example.test"]);
}

/// RFC 3263 §4.1: NAPTR by order, then preference; services of other transports are skipped.
#[test]
fn naptr_names_the_srv_records_of_the_transport() {
    let mut world = World::new(&[
        "NAPTR example.test 10 20 s SIP+D2T _sip._tcp.example.test",
        "NAPTR example.test 10 10 S sips+d2t _sips._tcp.example.test",
        "NAPTR example.test 20 10 s SIP+D2U _special.example.test",
        "SRV _special.example.test 0 0 5062 p1.example.test",
        "SRV _sip._tcp.example.test 0 0 5063 p1.example.test",
        "SRV _sips._tcp.example.test 0 0 5064 p1.example.test",
        "A p1.example.test 10.0.0.1",
        "A example.test 10.0.0.9",
    ]);
    for (target, hop) in [
        (domain(), "udp:10.0.0.1:5062"),
        (server(None, Tcp, None), "tcp:10.0.0.1:5063"),
        (server(None, Tls, None), "tls:10.0.0.1:5064"),
        (server(Some(5060), Udp, Some(Lookup::Naptr)), "tls:10.0.0.1:5064"),
        (server(None, Udp, Some(Lookup::Srv)), "udp:10.0.0.9:5060"),
    ] {
        world.want(&target);
        assert_eq!(world.hops(&target).first().map(String::as_str), Some(hop), "{target:?}");
    }
}

/// Interfaces, `DNS Mode` 0; and the last case above: no SRV for UDP, so addresses.
#[test]
fn without_srv_and_in_mode_0_the_addresses_of_the_name_are_the_hops() {
    let mut world = World::new(&[
        "A example.test 10.0.0.1",
        "A example.test 10.0.0.2",
        "SRV _sip._tcp.example.test 0 0 1 h",
    ]);
    world.want(&domain());
    assert_eq!(world.hops(&domain()), ["udp:10.0.0.1:5060", "udp:10.0.0.2:5060"]);
    let plain = server(Some(5060), Tls, Some(Lookup::Addresses));
    world.asked.clear();
    world.want(&plain);
    assert_eq!(
        world.hops(&plain),
        ["tls:10.0.0.1:5060", "tls:10.0.0.2:5060"],
        "the port as written"
    );
    assert_eq!(world.hops(&plain).len() + world.asked.len(), 2, "both answers were known already");
    let tls = server(None, Tls, Some(Lookup::Addresses));
    world.want(&tls);
    assert_eq!(world.hops(&tls)[0], "tls:10.0.0.1:5061");
}

#[test]
fn a_port_other_than_5060_asks_for_addresses_only() {
    let mut world = World::new(&PAIR);
    world.set(&["A example.test 10.0.0.9"]);
    let target = server(Some(5080), Udp, None);
    world.want(&target);
    assert_eq!(world.hops(&target), ["udp:10.0.0.9:5080"]);
    assert_eq!(world.asked, ["A example.test", "AAAA example.test"]);
}

/// RFC 2782: "A Target of "." means that the service is decidedly not available at this domain".
#[test]
fn a_dot_means_no_such_service_and_addresses_are_not_tried() {
    let mut world = World::new(&["SRV _sip._udp.example.test 0 0 0 .", "A example.test 10.0.0.1"]);
    world.want(&domain());
    assert_eq!(world.hops(&domain()), [""; 0]);
    assert_eq!(world.state(&domain()), State::Refused);
}

/// RFC 7984 §4: both families of every SRV target, before the next target.
#[test]
fn every_host_is_tried_in_both_families() {
    let mut zone = PAIR.to_vec();
    zone.extend(["AAAA p1.example.test 2001:db8::1", "AAAA p2.example.test 2001:db8::2"]);
    let mut world = World::new(&zone);
    world.want(&domain());
    assert_eq!(
        world.hops(&domain()),
        [
            "udp:[2001:db8::1]:5060",
            "udp:10.0.0.1:5060",
            "udp:[2001:db8::2]:5070",
            "udp:10.0.0.2:5070"
        ]
    );
}

#[test]
fn two_names_at_one_address_are_one_hop_with_both_names() {
    let mut world = World::new(&[
        "SRV _sip._udp.example.test 10 0 5060 p1.example.test",
        "SRV _sip._udp.example.test 20 0 5060 alias.example.test",
        "A p1.example.test 10.0.0.1",
        "A alias.example.test 10.0.0.1",
    ]);
    world.want(&domain());
    let hops = &world.resolver.resolution(&domain()).unwrap().hops;
    assert_eq!(hops.len(), 1);
    assert_eq!(hops[0].names, ["example.test", "p1.example.test", "alias.example.test"]);
}

#[test]
fn everything_is_asked_in_one_breath() {
    let mut world = World::new(&[]);
    world.mood = crate::world::Mood::Silent;
    world.want(&domain());
    let asked: BTreeSet<&str> = world.asked.iter().map(String::as_str).collect();
    let expected =
        ["A example.test", "AAAA example.test", "NAPTR example.test", "SRV _sip._udp.example.test"];
    assert_eq!(asked, BTreeSet::from(expected));
    assert_eq!(world.state(&domain()), State::Pending);
}

#[test]
fn a_name_that_does_not_exist_and_one_that_nobody_knows_are_told_apart() {
    let mut world = World::new(&[]);
    world.want(&domain());
    assert_eq!(world.state(&domain()), State::Nothing);
    let mut world = World::new(&PAIR);
    world.mood = crate::world::Mood::Fails;
    world.want(&domain());
    assert_eq!(world.state(&domain()), State::Failed);
    world.mood = crate::world::Mood::Answers;
    world.pass(2);
    assert_eq!(world.state(&domain()), State::Resolved);
}

/// A server that answers with more than any real one has is cut, not believed.
#[test]
fn an_answer_without_end_is_cut() {
    let srv: Vec<String> = (0..500)
        .map(|n| format!("SRV _sip._udp.example.test 0 0 5060 h{n}.example.test"))
        .collect();
    let a: Vec<String> =
        (0..500).map(|n| format!("A h{n}.example.test 10.0.{}.{}", n / 250, n % 250)).collect();
    let zone: Vec<&str> = srv.iter().chain(&a).map(String::as_str).collect();
    let mut world = World::new(&zone);
    world.want(&domain());
    assert_eq!(world.hops(&domain()).len(), limits::HOPS_PER_TARGET);
    assert!(world.asked.len() <= limits::QUERIES_PER_TARGET + 4);
}
