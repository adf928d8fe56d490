//! The order of records that say none, or only a share of the load: drawn once, and kept.
//!
//! RFC 2782 draws by weight; RFC 6724 §2.1 ranks address families. What stays in a set keeps its
//! order when the set changes (failover design §2), so that no answer moves what works.

use super::record::{Record, Srv};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use std::cmp::Reverse;
use std::net::IpAddr;

/// The records of a new answer in the order of use; `known` are those of the answer before, in theirs.
pub(super) fn arrange(
    known: &[Record],
    mut found: Vec<Record>,
    rng: &mut ChaCha8Rng,
) -> Vec<Record> {
    let same = |one: &Record, other: &Record| match (one, other) {
        (Record::Srv(one), Record::Srv(other)) => {
            (&one.target, one.port) == (&other.target, other.port)
        }
        _ => one == other,
    };
    let mut arranged = Vec::with_capacity(found.len());
    for old in known {
        if let Some(at) = found.iter().position(|new| same(old, new)) {
            arranged.push(found.remove(at));
        }
    }
    arranged.extend(draw(found, rng));
    // Stable: within a rank those that stayed come first, as they were.
    arranged.sort_by_key(rank);
    arranged
}

fn rank(record: &Record) -> (u16, u16) {
    match record {
        Record::Naptr(naptr) => (naptr.order, naptr.preference),
        Record::Srv(srv) => (srv.priority, 0),
        Record::Address(_) => (0, 0),
    }
}

/// Draws an order by weight (RFC 2782, "Weight"); records without a weight stay as they came.
fn draw(records: Vec<Record>, rng: &mut ChaCha8Rng) -> Vec<Record> {
    let (mut left, mut drawn): (Vec<Srv>, Vec<Record>) = (Vec::new(), Vec::new());
    for record in records {
        match record {
            Record::Srv(srv) => left.push(srv),
            Record::Naptr(_) | Record::Address(_) => drawn.push(record),
        }
    }
    // Those of weight 0 first: they are chosen by a draw of 0 only, while others are left.
    left.sort_by_key(|srv| (srv.priority, srv.weight != 0));
    while let Some(first) = left.first() {
        let group = left.iter().take_while(|srv| srv.priority == first.priority);
        let weights: Vec<u64> = group.map(|srv| u64::from(srv.weight)).collect();
        let mut rest = u64::from(rng.next_u32()) % (weights.iter().sum::<u64>() + 1);
        let chosen = weights.iter().position(|weight| {
            let here = rest <= *weight;
            rest = rest.saturating_sub(*weight);
            here
        });
        drawn.push(Record::Srv(left.remove(chosen.unwrap_or_default())));
    }
    drawn
}

/// Addresses of one host of both families, in the order of the default policy table of RFC 6724
/// §2.1; RFC 7984 has both tried.
pub(super) fn both_families(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.sort_by_key(|ip| Reverse(precedence(*ip)));
    addresses
}

fn precedence(ip: IpAddr) -> u8 {
    let IpAddr::V6(ip) = ip else { return 35 };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => 50,
        [0, 0, 0, 0, 0, 0xffff, ..] => 35,
        [0x2002, ..] => 30,
        [0x2001, 0, ..] => 5,
        [first, ..] if first & 0xfe00 == 0xfc00 => 3,
        [0, 0, 0, 0, 0, 0, ..] | [0x3ffe, ..] => 1,
        [first, ..] if first & 0xffc0 == 0xfec0 => 1,
        _ => 40,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    fn srv(priority: u16, weight: u16, target: &str) -> Record {
        Record::Srv(Srv { priority, weight, port: 5060, target: target.to_owned() })
    }

    fn targets(records: &[Record]) -> String {
        let target = |record: &Record| match record {
            Record::Srv(srv) => srv.target.clone(),
            Record::Naptr(_) | Record::Address(_) => unreachable!(),
        };
        records.iter().map(target).collect()
    }

    fn arranged(known: &[Record], found: &[Record], seed: u64) -> Vec<Record> {
        arrange(known, found.to_vec(), &mut ChaCha8Rng::seed_from_u64(seed))
    }

    /// RFC 2782: "the target host with the lowest-numbered priority"; weight is a share of the load.
    #[test]
    fn weights_share_the_load_and_priorities_come_before_them() {
        let records = [srv(20, 100, "c"), srv(10, 75, "a"), srv(10, 25, "b"), srv(10, 0, "z")];
        let (mut a_first, mut z_first) = (0, 0);
        for seed in 0..4000 {
            let order = targets(&arranged(&[], &records, seed));
            assert!(order.ends_with('c'), "{order}");
            a_first += u32::from(order.starts_with('a'));
            z_first += u32::from(order.starts_with('z'));
        }
        assert!((2850..3150).contains(&a_first), "{a_first} of 4000 for a share of 75 %");
        assert!((1..120).contains(&z_first), "{z_first} of 4000 for weight 0");
    }

    /// Failover design §2: drawn once, kept while the set is the same.
    #[test]
    fn the_draw_is_kept_whatever_the_order_of_the_answer() {
        let records = [srv(10, 50, "a"), srv(10, 50, "b"), srv(10, 50, "c")];
        let mut rotated = records.to_vec();
        for seed in 0..20 {
            let first = arranged(&[], &records, seed);
            rotated.rotate_left(1);
            assert_eq!(arranged(&first, &rotated, seed + 100), first);
        }
    }

    /// Failover design §2: "a changed set keeps the order of what stays".
    #[test]
    fn a_changed_set_keeps_the_order_of_what_stays() {
        let known = [srv(10, 1, "b"), srv(10, 99, "a"), srv(20, 1, "c")];
        let found = [srv(10, 99, "a"), srv(10, 99, "d"), srv(20, 1, "c"), srv(10, 99, "b")];
        assert_eq!(targets(&arranged(&known, &found, 7)), "badc");
        let promoted = [srv(20, 99, "a"), srv(20, 1, "b"), srv(10, 1, "c")];
        assert_eq!(targets(&arranged(&known, &promoted, 7)), "cba", "the priority is the server's");
    }

    #[test]
    fn addresses_stay_as_first_received() {
        let address = |text: &str| Record::Address(text.parse().unwrap());
        let known = [address("10.0.0.2"), address("10.0.0.1")];
        let found = [address("10.0.0.1"), address("10.0.0.2"), address("10.0.0.3")];
        assert_eq!(arranged(&[], &known, 1), known);
        let expected = [known[0].clone(), known[1].clone(), found[2].clone()];
        assert_eq!(arranged(&known, &found, 1), expected);
    }

    /// RFC 6724 §2.1: global IPv6, then IPv4, then the rest.
    #[test]
    fn families_are_ranked_by_the_default_policy_table() {
        let all = ["fd00::1", "10.0.0.2", "2001:db8::2", "2001:db8::1", "10.0.0.1", "::1"];
        let sorted = both_families(all.iter().map(|ip| ip.parse().unwrap()).collect());
        let sorted: Vec<String> = sorted.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            ["::1", "2001:db8::2", "2001:db8::1", "10.0.0.2", "10.0.0.1", "fd00::1"]
        );
    }
}
