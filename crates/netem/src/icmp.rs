//! How often a host may answer with ICMP: a token bucket per pair of hosts, as Linux keeps one per
//! peer. It decides only whether one more message may be sent; the wire builds and carries it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::limits;

/// The allowance of one host towards one other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpLimit {
    /// Messages that may follow each other at once.
    pub burst: u32,
    /// Time after which one more is allowed.
    pub every: Duration,
}

impl IcmpLimit {
    /// Linux: `net.ipv4.icmp_ratelimit` = 1000 ms, with the kernel's burst of 6.
    pub const LINUX: Self = Self { burst: 6, every: Duration::from_secs(1) };
}

/// The buckets of all pairs (who answers, who is answered).
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowances {
    spent: BTreeMap<(IpAddr, IpAddr), Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u32,
    /// The instant up to which refills are counted.
    refilled: Instant,
}

impl Allowances {
    /// Takes one message from the pair's bucket; false when it is empty.
    pub(crate) fn take(
        &mut self,
        pair: (IpAddr, IpAddr),
        limit: Option<IcmpLimit>,
        now: Instant,
    ) -> bool {
        let Some(limit) = limit else { return true };
        if self.spent.len() >= limits::ICMP_PAIRS && !self.spent.contains_key(&pair) {
            self.spent.pop_first();
        }
        let bucket = self.spent.entry(pair).or_insert(Bucket { left: limit.burst, refilled: now });
        while bucket.left < limit.burst && now.duration_since(bucket.refilled) >= limit.every {
            bucket.left += 1;
            bucket.refilled += limit.every;
        }
        if bucket.left == limit.burst {
            bucket.refilled = now;
        }
        let allowed = bucket.left > 0;
        bucket.left = bucket.left.saturating_sub(1);
        allowed
    }
}
