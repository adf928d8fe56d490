//! What a peer sends, well formed and not.

use crate::bench::{Bench, request};
use proptest::prelude::*;
use sip_core::message::{HeaderName, Method, Request};

/// A request of the peer's, with its Via.
pub(crate) fn peer(method: Method, branch: &str) -> Request {
    let mut request = request(method);
    let via = format!("SIP/2.0/UDP 127.0.0.2:5060;branch={branch};rport");
    request.headers.push_front(HeaderName::Via, via);
    request
}

pub(crate) fn invite(branch: &str) -> Request {
    peer(Method::Invite, branch)
}

pub(crate) fn wire(request: &Request) -> Vec<u8> {
    request.to_bytes()
}

fn any_datagram() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        Just(Method::Invite),
        Just(Method::Ack),
        Just(Method::Cancel),
        Just(Method::Options),
        Just(Method::Bye),
    ];
    let whole =
        (method, 0..4u8).prop_map(|(method, n)| wire(&peer(method, &format!("z9hG4bK{n}"))));
    let damaged = (whole.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(mut bytes, at, octet)| {
            let at = at.index(bytes.len());
            bytes[at] = octet;
            bytes
        },
    );
    let cut = (whole.clone(), any::<prop::sample::Index>()).prop_map(|(mut bytes, at)| {
        bytes.truncate(at.index(bytes.len()));
        bytes
    });
    prop_oneof![whole, damaged, cut, prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// F10: malformed input gets an answer or silence, never a crash, and nothing of it stays once
    /// all timers have run out but what waits for its user.
    #[test]
    fn whatever_comes_nothing_breaks_and_nothing_but_open_requests_stays(
        datagrams in prop::collection::vec((any_datagram(), 0..2000u64), 1..30),
    ) {
        let mut bench = Bench::new();
        let mut at = 0;
        for (bytes, wait) in &datagrams {
            at += wait;
            bench.run_to(at);
            bench.receive("127.0.0.2:5060", bytes);
            bench.unreachable(crate::bench::hop(2), bytes);
        }
        let asked = bench.said.iter().filter(|(_, event)| {
            matches!(event, sip_core::endpoint::Event::Incoming { .. })
        });
        let asked = asked.count();
        bench.run_to(at + 70_000);
        prop_assert_eq!(bench.endpoint.poll_timeout(), None);
        prop_assert_eq!(bench.endpoint.transactions(), (0, asked));
    }
}
