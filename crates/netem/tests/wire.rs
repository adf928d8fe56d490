//! What the wire promises, first as properties over random traffic and faults, then as named
//! situations.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use netem::{Counts, IcmpLimit, Link, Output, Wire, limits};
use proptest::prelude::*;

/// One origin for all tests: only differences matter.
static START: LazyLock<Instant> = LazyLock::new(origin);

#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn origin() -> Instant {
    Instant::now()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn host(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, n], 5060))
}

/// Runs the wire dry; every output with its time since the start.
fn drain<T: Clone>(wire: &mut Wire<T>) -> Vec<(Duration, Output<T>)> {
    let mut out = Vec::new();
    let mut now = *START;
    loop {
        while let Some(output) = wire.poll_output() {
            out.push((now - *START, output));
        }
        let Some((at, _)) = wire.poll_timeout() else { return out };
        assert!(at >= now, "time never runs backwards");
        now = at;
        wire.handle_timeout(now);
    }
}

fn payloads(outputs: &[(Duration, Output<u32>)]) -> Vec<u32> {
    outputs
        .iter()
        .filter_map(|(_, o)| match o {
            Output::Delivery(d) => Some(d.payload),
            Output::Unreachable(_) => None,
        })
        .collect()
}

#[derive(Debug, Clone)]
enum Act {
    Send(u8, u8),
    Partition(u8, u8),
    OneWay(u8, u8),
    Repair(u8, u8),
    Hold(u8),
    Release(u8),
    Close(u8),
    Open(u8),
    Unplug(u8),
    Plug(u8),
    Heal,
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let h = || 1u8..5;
    prop_oneof![
        20 => (h(), h()).prop_map(|(a, b)| Act::Send(a, b)),
        1 => (h(), h()).prop_map(|(a, b)| Act::Partition(a, b)),
        1 => (h(), h()).prop_map(|(a, b)| Act::OneWay(a, b)),
        1 => (h(), h()).prop_map(|(a, b)| Act::Repair(a, b)),
        1 => h().prop_map(Act::Hold),
        1 => h().prop_map(Act::Release),
        1 => h().prop_map(Act::Close),
        1 => h().prop_map(Act::Open),
        1 => h().prop_map(Act::Unplug),
        1 => h().prop_map(Act::Plug),
        1 => Just(Act::Heal),
        8 => (0u64..50).prop_map(Act::Wait),
    ]
}

fn link() -> impl Strategy<Value = Link> {
    (0u64..40, 0u64..40, 0u16..300, 0u16..300, 0u16..300, 0u64..100).prop_map(
        |(delay, jitter, loss, duplicate, reorder, by)| Link {
            delay: ms(delay),
            jitter: ms(jitter),
            loss,
            duplicate,
            reorder,
            reorder_by: ms(by),
        },
    )
}

/// What a run sent and what came of it.
struct Run {
    sent: Vec<(SocketAddr, SocketAddr)>,
    outputs: Vec<Output<u32>>,
    counts: Counts,
    pending: usize,
}

fn run(link: Link, seed: u64, acts: &[Act]) -> Run {
    let mut wire = Wire::new(link, seed);
    let (mut now, mut next, mut sent, mut outputs) = (*START, 0, Vec::new(), Vec::new());
    for act in acts {
        match *act {
            Act::Send(a, b) => {
                wire.send(host(a), host(b), next, now);
                next += 1;
                sent.push((host(a), host(b)));
            }
            Act::Partition(a, b) => wire.partition(host(a), host(b)),
            Act::OneWay(a, b) => wire.partition_oneway(host(a), host(b)),
            Act::Repair(a, b) => wire.repair(host(a), host(b)),
            Act::Hold(a) => wire.hold(host(a)),
            Act::Release(a) => wire.release(host(a)),
            Act::Close(a) => wire.close(host(a)),
            Act::Open(a) => wire.open(host(a)),
            Act::Unplug(a) => wire.unplug(host(a)),
            Act::Plug(a) => wire.plug(host(a)),
            Act::Heal => wire.heal(),
            Act::Wait(t) => now += ms(t),
        }
        wire.handle_timeout(now);
        outputs.extend(std::iter::from_fn(|| wire.poll_output()));
    }
    let pending = wire.pending();
    Run { sent, outputs, counts: wire.counts(), pending }
}

proptest! {
    #[test]
    fn the_same_seed_and_calls_give_the_same_outputs(
        link in link(), seed: u64, acts in prop::collection::vec(act(), 0..200),
    ) {
        let (one, two) = (run(link, seed, &acts), run(link, seed, &acts));
        prop_assert_eq!(one.outputs, two.outputs);
        prop_assert_eq!(one.counts, two.counts);
    }

    #[test]
    fn nothing_is_invented_or_changed_on_the_way(
        link in link(), seed: u64, acts in prop::collection::vec(act(), 0..200),
    ) {
        let run = run(link, seed, &acts);
        let mut copies: BTreeMap<u32, u32> = BTreeMap::new();
        for output in &run.outputs {
            let (payload, from, to) = match output {
                Output::Delivery(d) => (d.payload, d.from, d.to),
                Output::Unreachable(u) => (u.payload, u.to, u.destination),
            };
            prop_assert_eq!(run.sent[payload as usize], (from, to));
            *copies.entry(payload).or_default() += 1;
        }
        prop_assert!(copies.values().all(|&n| n <= 2), "a datagram is doubled at most once");
    }

    #[test]
    fn every_datagram_is_accounted_for(
        link in link(), seed: u64, acts in prop::collection::vec(act(), 0..200),
    ) {
        let run = run(link, seed, &acts);
        let c = run.counts;
        prop_assert_eq!(
            c.sent + c.doubled,
            c.delivered + c.lost + c.refused + c.overflowed + run.pending as u64
        );
        prop_assert!(c.unreachable <= c.refused);
    }

    #[test]
    fn without_loss_everything_arrives_once_in_order_and_in_time(
        delay in 0u64..40, jitter in 0u64..40, seed: u64, gaps in prop::collection::vec(0u64..20, 1..100),
    ) {
        let link = Link { jitter: ms(jitter), ..Link::delayed(ms(delay)) };
        let mut wire = Wire::new(link, seed);
        let mut sent = Vec::new();
        let mut now = *START;
        for (i, gap) in (0u32..).zip(&gaps) {
            now += ms(*gap);
            wire.send(host(1), host(2), i, now);
            sent.push(now - *START);
        }
        let outputs = drain(&mut wire);
        prop_assert_eq!(payloads(&outputs), (0..u32::try_from(gaps.len()).unwrap()).collect::<Vec<_>>());
        for ((arrived, _), sent) in outputs.iter().zip(&sent) {
            prop_assert!(*arrived >= *sent + link.delay);
            prop_assert!(*arrived <= *sent + link.worst() );
        }
    }
}

#[test]
fn loss_doubling_and_overtaking_happen_about_as_often_as_asked() {
    let link = Link {
        loss: 100,
        duplicate: 200,
        reorder: 300,
        reorder_by: ms(50),
        ..Link::delayed(ms(5))
    };
    let mut wire = Wire::new(link, 7);
    for i in 0..10_000_u32 {
        wire.send(host(1), host(2), i, *START + ms(u64::from(i)));
    }
    let outputs = drain(&mut wire);
    let c = wire.counts();
    assert!((1_800..2_200).contains(&c.doubled), "{c:?}");
    assert!((1_000..1_400).contains(&c.lost), "{c:?}");
    let late = outputs
        .iter()
        .filter(|(at, o)| match o {
            Output::Delivery(d) => *at - (d.sent - *START) >= ms(55),
            Output::Unreachable(_) => false,
        })
        .count();
    assert!((3_000..3_500).contains(&late), "{late} of {} were overtaken", outputs.len());
}

#[test]
fn a_partition_takes_both_ways_and_what_is_in_flight_until_it_is_repaired() {
    let mut wire = Wire::new(Link::delayed(ms(10)), 1);
    wire.send(host(1), host(2), 1, *START);
    wire.partition(host(1), host(2));
    wire.send(host(2), host(1), 2, *START);
    wire.send(host(1), host(3), 3, *START);
    wire.handle_timeout(*START + ms(20));
    wire.repair(host(1), host(2));
    wire.send(host(2), host(1), 4, *START + ms(20));
    assert_eq!(payloads(&drain(&mut wire)), [3, 4]);
    assert_eq!(wire.counts().lost, 2);
}

#[test]
fn a_one_way_partition_leaves_the_other_direction_alone() {
    let mut wire = Wire::new(Link::PERFECT, 1);
    wire.partition_oneway(host(1), host(2));
    wire.send(host(1), host(2), 1, *START);
    wire.send(host(2), host(1), 2, *START);
    wire.repair_oneway(host(1), host(2));
    wire.send(host(1), host(2), 3, *START);
    assert_eq!(payloads(&drain(&mut wire)), [2, 3]);
}

#[test]
fn a_frozen_host_gets_everything_at_the_thaw_in_order() {
    let mut wire = Wire::new(Link::delayed(ms(1)), 1);
    wire.hold(host(2));
    for i in 0..20_u32 {
        wire.send(host(1), host(2), i, *START + ms(u64::from(i)));
    }
    assert_eq!(payloads(&drain(&mut wire)), [], "nothing arrives while it is frozen");
    assert_eq!(wire.pending(), 20);
    wire.release(host(2));
    assert_eq!(payloads(&drain(&mut wire)), (0..20).collect::<Vec<_>>());
}

#[test]
fn a_frozen_host_keeps_no_more_than_its_receive_buffer() {
    let mut wire = Wire::new(Link::PERFECT, 1);
    wire.hold(host(2));
    for i in 0..300 {
        wire.send(host(1), host(2), i, *START);
    }
    drain(&mut wire);
    wire.release(host(2));
    assert_eq!(payloads(&drain(&mut wire)).len(), limits::HELD);
    assert_eq!(wire.counts().overflowed, 300 - limits::HELD as u64);
}

#[test]
fn a_closed_port_answers_the_sender_after_a_round_trip_with_what_it_refused() {
    let mut wire = Wire::new(Link::delayed(ms(10)), 1);
    wire.close(host(2));
    wire.send(host(1), host(2), 42, *START);
    let outputs = drain(&mut wire);
    let [(at, Output::Unreachable(icmp))] = &outputs[..] else {
        panic!("one icmp message was expected, not {outputs:?}");
    };
    assert_eq!(*at, ms(20));
    assert_eq!((icmp.to, icmp.destination, icmp.payload), (host(1), host(2), 42));
}

#[test]
fn icmp_comes_in_a_burst_of_six_and_then_once_a_second_as_from_linux() {
    let mut wire = Wire::new(Link::PERFECT, 1);
    wire.close(host(2));
    for i in 0..10 {
        wire.send(host(1), host(2), i, *START);
    }
    for i in 10..20_u32 {
        wire.send(host(1), host(2), i, *START + ms(1_000 + u64::from(i)));
    }
    assert_eq!(drain(&mut wire).len(), 6 + 1);
    assert_eq!(wire.counts().refused, 20);
}

#[test]
fn the_icmp_allowance_is_one_for_each_pair_of_hosts_and_can_be_lifted() {
    let mut wire = Wire::new(Link::PERFECT, 1);
    wire.set_icmp_limit(Some(IcmpLimit { burst: 1, every: ms(100) }));
    wire.close(host(9));
    for _ in 0..3 {
        wire.send(host(1), host(9), 1, *START);
        wire.send(host(2), host(9), 2, *START);
    }
    assert_eq!(drain(&mut wire).len(), 2);
    wire.set_icmp_limit(None);
    for _ in 0..30 {
        wire.send(host(1), host(9), 1, *START);
    }
    assert_eq!(drain(&mut wire).len(), 30);
}

#[test]
fn an_unplugged_host_says_nothing_at_all() {
    let mut wire = Wire::new(Link::PERFECT, 1);
    wire.close(host(2));
    wire.unplug(host(2));
    wire.send(host(1), host(2), 1, *START);
    assert_eq!(drain(&mut wire), []);
    wire.plug(host(2));
    wire.open(host(2));
    wire.send(host(1), host(2), 2, *START);
    assert_eq!(payloads(&drain(&mut wire)), [2]);
}

#[test]
fn heal_mends_opens_plugs_and_releases_everything() {
    let mut wire = Wire::new(Link::PERFECT, 1);
    wire.hold(host(2));
    wire.send(host(1), host(2), 1, *START);
    wire.handle_timeout(*START);
    wire.close(host(3));
    wire.unplug(host(4));
    wire.partition(host(1), host(5));
    wire.heal();
    for n in 3..6 {
        wire.send(host(1), host(n), u32::from(n), *START);
    }
    assert_eq!(payloads(&drain(&mut wire)), [1, 3, 4, 5]);
}

#[test]
fn a_pair_may_have_a_link_of_its_own() {
    let mut wire = Wire::new(Link::delayed(ms(5)), 1);
    wire.set_link_from_to(host(1), host(2), Link::delayed(ms(100)));
    wire.send(host(1), host(2), 1, *START);
    wire.send(host(2), host(1), 2, *START);
    let times: Vec<_> = drain(&mut wire).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [ms(5), ms(100)]);
    wire.clear_links();
    wire.send(host(1), host(2), 3, *START + ms(200));
    assert_eq!(drain(&mut wire)[0].0, ms(205));
}
