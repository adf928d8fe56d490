//! Deadlines of many machines, so that the next one is known without asking each.
//!
//! Whoever holds machines in a table writes each one's deadline down here whenever it may have
//! changed, and then looks neither through the table for the earliest nor for those that are due:
//! with ten thousand lines either would cost more than all that is to be done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// At most one deadline for each key.
#[derive(Debug, Clone)]
pub struct Deadlines<K> {
    of: BTreeMap<K, Instant>,
    order: BTreeSet<(Instant, K)>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { of: BTreeMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Ord + Copy> Deadlines<K> {
    /// Writes down when something is due; `None`: never.
    pub fn set(&mut self, key: K, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.of.insert(key, at),
            None => self.of.remove(&key),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, key));
        }
        if let Some(at) = at {
            self.order.insert((at, key));
        }
    }

    /// The earliest, and whose it is.
    pub fn first(&self) -> Option<(Instant, K)> {
        self.order.first().copied()
    }

    /// Whose deadlines have passed, in the order of the keys; they stay until they are set anew.
    pub fn due(&self, now: Instant) -> Vec<K> {
        let passed = self.order.iter().take_while(|(at, _)| *at <= now);
        let mut due: Vec<K> = passed.map(|(_, key)| *key).collect();
        due.sort_unstable();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    #[expect(clippy::disallowed_methods, reason = "virtual time has to begin somewhere")]
    fn t0() -> Instant {
        Instant::now()
    }

    proptest! {
        /// The same answers as a look at every one of them.
        #[test]
        fn the_earliest_and_the_due_are_those_of_a_plain_table(
            writes in proptest::collection::vec((0_u8..8, proptest::option::of(0_u64..20)), 0..60),
            now in 0_u64..20,
        ) {
            let t0 = t0();
            let at = |seconds| t0 + Duration::from_secs(seconds);
            let (mut deadlines, mut plain) = (Deadlines::default(), BTreeMap::new());
            for (key, seconds) in writes {
                deadlines.set(key, seconds.map(at));
                match seconds {
                    Some(seconds) => plain.insert(key, at(seconds)),
                    None => plain.remove(&key),
                };
            }
            let first = plain.iter().map(|(key, at)| (*at, *key)).min();
            prop_assert_eq!(deadlines.first(), first);
            let due: Vec<u8> =
                plain.iter().filter(|(_, due)| **due <= at(now)).map(|(key, _)| *key).collect();
            prop_assert_eq!(deadlines.due(at(now)), due);
        }
    }
}
