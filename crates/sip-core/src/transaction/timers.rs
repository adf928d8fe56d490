//! The times of RFC 3261 §17 (its table 4) and what follows from them for one hop (A3).
//!
//! Only arithmetic lives here: which timer runs when is the business of each machine.

use std::time::{Duration, Instant};

/// T1, T2 and T4 of RFC 3261 §17.1.1.1 and §17.1.2.2. The defaults are the RFC's; only tests change
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Estimate of the round trip, 500 ms: the first retransmission interval.
    pub t1: Duration,
    /// Longest interval between retransmissions of a non-INVITE request or a response, 4 s.
    pub t2: Duration,
    /// How long a message can stay in the network, 5 s.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

/// Whether the transport delivers or only tries to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reliability {
    /// UDP: the transaction retransmits.
    Unreliable,
    /// TCP and TLS: the transport does; timers D, I, J and K are zero.
    Reliable,
}

/// INVITE transactions back off differently from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Timer A doubles without limit.
    Invite,
    /// Timer E doubles up to T2.
    NonInvite,
}

impl Timers {
    /// 64·T1: timers B, D, F, H, J, L and M (RFC 3261 table 4, RFC 6026 §7).
    pub fn timeout(&self) -> Duration {
        self.t1 * 64
    }

    /// How long a hop is given to answer `transmissions` of a request: until the next one would be
    /// due (A3), never more than 64·T1. Counts outside 1–10 are taken as the nearest of these.
    pub fn patience_for(&self, kind: Kind, transmissions: u8) -> Duration {
        let mut interval = self.t1;
        let mut total = Duration::ZERO;
        for _ in 0..transmissions.clamp(1, 10) {
            total += interval;
            interval = self.backed_off(kind, interval);
        }
        total.min(self.timeout())
    }

    /// The retransmission interval after `interval`.
    pub(crate) fn backed_off(&self, kind: Kind, interval: Duration) -> Duration {
        match kind {
            Kind::Invite => interval * 2,
            Kind::NonInvite => (interval * 2).min(self.t2),
        }
    }
}

/// A running retransmission timer: A, E or G.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retransmit {
    /// When the next transmission is due.
    pub at: Instant,
    /// How long it was waited for.
    pub interval: Duration,
}

impl Retransmit {
    /// Starts after a transmission; over a reliable transport there is nothing to start.
    pub(crate) fn start(
        reliability: Reliability,
        interval: Duration,
        now: Instant,
    ) -> Option<Self> {
        match reliability {
            Reliability::Unreliable => Some(Self { at: now + interval, interval }),
            Reliability::Reliable => None,
        }
    }

    /// Counted from when the last one was due, so that late wake-ups don't add up; but from `now`
    /// when that has passed too, so that a process that slept does not send a burst.
    pub(crate) fn again(self, interval: Duration, now: Instant) -> Self {
        let due = self.at + interval;
        Self { at: if due > now { due } else { now + interval }, interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience_ms(kind: Kind) -> Vec<u128> {
        (1..=10).map(|n| Timers::default().patience_for(kind, n).as_millis()).collect()
    }

    #[test]
    fn an_invite_is_given_the_doubling_intervals_up_to_64_t1() {
        assert_eq!(
            patience_ms(Kind::Invite),
            [500, 1500, 3500, 7500, 15500, 31500, 32000, 32000, 32000, 32000]
        );
    }

    #[test]
    fn other_requests_stop_doubling_at_t2() {
        assert_eq!(
            patience_ms(Kind::NonInvite),
            [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        );
    }

    #[test]
    fn a_count_out_of_range_is_taken_as_the_nearest() {
        let timers = Timers::default();
        assert_eq!(timers.patience_for(Kind::Invite, 0), timers.patience_for(Kind::Invite, 1));
        assert_eq!(
            timers.patience_for(Kind::NonInvite, 99),
            timers.patience_for(Kind::NonInvite, 10)
        );
    }
}
