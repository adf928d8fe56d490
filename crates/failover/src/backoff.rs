//! Waiting between rounds that found every hop unavailable (RFC 5626 §4.5; failover design §6).
//!
//! The n-th wait in a row, n from 0, is `base·2ⁿ`, at most `cap`, shortened by a random share so
//! that a fleet which lost its proxies together does not come back together (requirement F6).
//! It never gives up: there is no last round.

use std::time::Duration;

use crate::Policy;
use crate::dice::Dice;

/// How many rounds in a row have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure.
    pub(crate) fn next(&mut self, policy: &Policy, dice: &mut Dice) -> Duration {
        let longest = longest(policy, self.failures);
        self.failures = self.failures.saturating_add(1);
        dice.shortened(longest, policy.backoff_spread)
    }

    /// A registration has succeeded.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// No round has failed since the last registration.
    pub(crate) fn is_fresh(self) -> bool {
        self.failures == 0
    }

    /// Failures that still make a difference to the next wait.
    #[cfg(test)]
    pub(crate) fn waits_done(self, policy: &Policy) -> i32 {
        let capped = (0..30).find(|failures| longest(policy, *failures) == policy.backoff_cap);
        i32::try_from(self.failures.min(capped.unwrap_or(30))).unwrap_or(0)
    }
}

/// The longest wait after `failures` earlier failures in a row.
fn longest(policy: &Policy, failures: u32) -> Duration {
    let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX).max(1);
    policy.backoff_base.checked_mul(factor).unwrap_or(policy.backoff_cap).min(policy.backoff_cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Failover design §6: 30 s·2ⁿ, n = 0 first, to a cap of 300 s, for ever.
    #[test]
    fn the_wait_doubles_to_its_cap_and_never_ends() {
        let policy = Policy { backoff_spread: 0, ..Policy::default() };
        let (mut backoff, mut dice) = (Backoff::default(), Dice::new(0));
        let waits: Vec<u64> = (0..6).map(|_| backoff.next(&policy, &mut dice).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 300, 300]);
        for _ in 0..100 {
            assert_eq!(backoff.next(&policy, &mut dice), secs(300));
        }
        backoff.reset();
        assert_eq!(backoff.next(&policy, &mut dice), secs(30));
    }

    /// RFC 5626 §4.5: a uniform random share of 50 to 100 per cent.
    #[test]
    fn the_first_wait_lies_between_half_and_all_of_the_base() {
        let policy = Policy::default();
        for seed in 0..200 {
            let wait = Backoff::default().next(&policy, &mut Dice::new(seed));
            assert!((secs(15)..=secs(30)).contains(&wait), "{wait:?}");
        }
    }
}
