//! How many answers per second may go to requests that were not worth a transaction: malformed
//! ones, and those for which there is no room. A sender of rubbish must not make us an amplifier.

use crate::limits::STATELESS_REPLIES_PER_SECOND;
use std::time::{Duration, Instant};

/// Counts within windows of one second.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget {
    spent: u32,
    since: Option<Instant>,
}

impl Budget {
    /// Whether one more answer may be sent now.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        let fresh = self.since.is_none_or(|since| now >= since + Duration::from_secs(1));
        if fresh {
            (self.spent, self.since) = (0, Some(now));
        }
        self.spent += 1;
        self.spent <= STATELESS_REPLIES_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn no_more_than_the_limit_in_any_second_from_the_first() {
        let start = Instant::now();
        let mut budget = Budget::default();
        let limit = STATELESS_REPLIES_PER_SECOND as usize;
        assert_eq!((0..1000).filter(|_| budget.allows(start)).count(), limit);
        assert!(!budget.allows(start + Duration::from_millis(999)));
        assert!(budget.allows(start + Duration::from_secs(1)));
    }
}
