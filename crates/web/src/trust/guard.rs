//! What guessing costs: after a few failures an address has to wait, twice as long each time; and
//! when too many addresses fail together, all wait that have not been let in before.
//!
//! Pure: the time comes in. Addresses of one IPv6 /64 count as one, because a single host has all.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::limits;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Guard {
    addresses: BTreeMap<IpAddr, Record>,
    all: Option<Record>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Instant,
    /// Whether somebody has been let in from there.
    known: bool,
}

impl Guard {
    /// How long `address` still has to wait; `None` if it may try.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let record = self.addresses.get(&network(address));
        let own = record.and_then(|record| record.wait(limits::FAILURES, now));
        let stranger = record.is_none_or(|record| !record.known);
        let all = self.all.filter(|_| stranger);
        own.max(all.and_then(|all| all.wait(limits::FAILURES_OF_ALL, now)))
    }

    /// A wrong password, code or token; returns the wait that it leads to, if any.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) -> Option<Duration> {
        let fresh = Record { failures: 0, last: now, known: false };
        self.all.get_or_insert(fresh).fail(now);
        let network = network(address);
        if !self.addresses.contains_key(&network) && self.addresses.len() >= limits::ADDRESSES {
            self.forget_oldest();
        }
        self.addresses.entry(network).or_insert(fresh).fail(now);
        self.wait(address, now)
    }

    /// Somebody was let in.
    pub(super) fn succeeded(&mut self, address: IpAddr, now: Instant) {
        if self.addresses.len() >= limits::ADDRESSES {
            self.forget_oldest();
        }
        self.addresses.insert(network(address), Record { failures: 0, last: now, known: true });
    }

    fn forget_oldest(&mut self) {
        let oldest = self.addresses.iter().min_by_key(|(_, record)| record.last);
        if let Some(address) = oldest.map(|(address, _)| *address) {
            self.addresses.remove(&address);
        }
    }
}

impl Record {
    fn fail(&mut self, now: Instant) {
        if now.saturating_duration_since(self.last) > limits::FAILURE_SPAN {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.last = now;
    }

    fn wait(&self, allowed: u32, now: Instant) -> Option<Duration> {
        let beyond = self.failures.checked_sub(allowed)?;
        let (first, longest) = limits::LOCK;
        let lock = first.saturating_mul(1 << beyond.min(16)).min(longest);
        let left = (self.last + lock).saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_fifth_failure_locks_an_address_and_each_further_one_for_twice_as_long() {
        let (mut guard, one, mut now) = (Guard::default(), address("10.0.0.9"), Instant::now());
        for _ in 1..limits::FAILURES {
            assert_eq!(guard.failed(one, now), None);
        }
        assert_eq!(guard.failed(one, now), Some(Duration::from_secs(30)));
        assert_eq!(guard.wait(address("10.0.0.8"), now), None, "others are not concerned");
        now += Duration::from_secs(30);
        assert_eq!(guard.wait(one, now), None);
        assert_eq!(guard.failed(one, now), Some(Duration::from_secs(60)));
        for _ in 0..40 {
            guard.failed(one, now);
        }
        assert_eq!(guard.wait(one, now), Some(limits::LOCK.1));
    }

    #[test]
    fn a_right_password_or_time_forgives() {
        let (mut guard, one, now) = (Guard::default(), address("10.0.0.9"), Instant::now());
        for _ in 0..4 {
            guard.failed(one, now);
        }
        guard.succeeded(one, now);
        assert_eq!(guard.failed(one, now), None);
        for _ in 0..3 {
            guard.failed(one, now);
        }
        let later = now + limits::FAILURE_SPAN + Duration::from_secs(1);
        assert_eq!(guard.failed(one, later), None);
    }

    #[test]
    fn the_hosts_of_one_ipv6_network_count_as_one() {
        let (mut guard, now) = (Guard::default(), Instant::now());
        for host in 1..=limits::FAILURES {
            guard.failed(address(&format!("2001:db8::{host}")), now);
        }
        assert!(guard.wait(address("2001:db8::ffff"), now).is_some());
        assert_eq!(guard.wait(address("2001:db8:1::1"), now), None);
    }

    #[test]
    fn many_addresses_together_lock_out_strangers_but_not_who_was_let_in() {
        let (mut guard, now) = (Guard::default(), Instant::now());
        let owner = address("192.168.1.2");
        guard.succeeded(owner, now);
        for host in 0..limits::FAILURES_OF_ALL {
            guard.failed(address(&format!("10.0.0.{}", host % 250)), now);
        }
        assert!(guard.wait(address("10.9.9.9"), now).is_some());
        assert_eq!(guard.wait(owner, now), None);
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let (mut guard, now) = (Guard::default(), Instant::now());
        for host in 0..2000_u32 {
            guard.failed(IpAddr::from(host.to_be_bytes()), now);
        }
        assert_eq!(guard.addresses.len(), limits::ADDRESSES);
    }
}
