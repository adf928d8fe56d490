//! Whatever DNS says and however it fails, the promises of the machine hold.

use crate::world::{Mood, World, domain};
use proptest::prelude::*;
use sip_core::limits;
use sip_core::transport::resolve::{Resolver, State};

fn zone() -> impl Strategy<Value = Vec<String>> {
    let srv = (0_u16..3, 0_u16..3, 0_u16..2, 0_u8..5).prop_map(|(priority, weight, port, host)| {
        format!("SRV _sip._udp.example.test {priority} {weight} {port} h{host}.example.test")
    });
    let dot = Just("SRV _sip._udp.example.test 0 0 0 .".to_owned());
    let address =
        (0_u8..5, 0_u8..6).prop_map(|(host, ip)| format!("A h{host}.example.test 10.0.0.{ip}"));
    let own = (0_u8..6).prop_map(|ip| format!("AAAA example.test 2001:db8::{ip}"));
    let naptr = (0_u16..2, prop::sample::select(vec!["SIP+D2U", "SIP+D2T", "x"])).prop_map(
        |(order, service)| {
            format!("NAPTR example.test {order} 0 s {service} _sip._udp.example.test")
        },
    );
    prop::collection::vec(
        prop_oneof![4 => srv, 1 => dot, 6 => address, 1 => own, 1 => naptr],
        0..12,
    )
}

fn step() -> impl Strategy<Value = (Vec<String>, u8, u64, bool)> {
    (zone(), 0_u8..3, 1_u64..200, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_list_that_was_there_is_emptied_only_by_the_domains_own_word(
        steps in prop::collection::vec(step(), 1..8)
    ) {
        let mut world = World::new(&[]);
        world.want(&domain());
        for (zone, mood, seconds, restart) in steps {
            let before = world.hops(&domain());
            world.set(&zone.iter().map(String::as_str).collect::<Vec<_>>());
            world.mood = [Mood::Answers, Mood::Fails, Mood::Silent][usize::from(mood)];
            if restart {
                world.restart();
                world.want(&domain());
            }
            world.settle();
            world.pass(seconds);
            let hops = world.hops(&domain());
            let refused = world.state(&domain()) == State::Refused;
            prop_assert!(hops.len() <= limits::HOPS_PER_TARGET);
            prop_assert!(world.former(&domain()).len() <= limits::FORMER_HOPS);
            prop_assert!(hops.is_empty() || !refused);
            if world.mood != Mood::Answers && !restart && !before.is_empty() {
                prop_assert_eq!(&hops, &before, "nothing changes without an answer");
            }
            if !before.is_empty() && !refused && !restart {
                prop_assert!(!hops.is_empty(), "lost {before:?}");
            }
            let mut unique = hops.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(unique.len(), hops.len(), "a hop stands once");
        }
    }

    #[test]
    fn any_text_can_be_restored_and_what_is_kept_reads_the_same(
        text in "(\\PC|\n){0,200}", zone in zone()
    ) {
        let mut resolver = Resolver::new([1; 32]);
        resolver.restore(&text);
        let mut world = World::new(&zone.iter().map(String::as_str).collect::<Vec<_>>());
        world.want(&domain());
        let kept = world.resolver.kept();
        world.restart();
        prop_assert_eq!(world.resolver.kept(), kept);
    }
}
