//! A line's hop list changes while requests of its calls are on their way.
//!
//! Calls name hops by their place in the list; [`Places`] says where each place is now, and every
//! request in flight, and every rung that is left, follows.

use std::time::{Duration, Instant};

use sip_core::transport::Hop;

use crate::Phone;
use crate::account::hop_list::{Beginning, HopNews};
use crate::limits;
use crate::settings::LineNumber;

/// Where the places of a hop list are after a change of it.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    before: Vec<Hop>,
    after: Vec<Option<usize>>,
}

impl Places {
    fn new(before: Vec<Hop>, after: &[Hop]) -> Self {
        let place = |hop: &Hop| after.iter().position(|new| new == hop);
        let after = before.iter().map(place).collect();
        Self { before, after }
    }

    fn is_none(&self) -> bool {
        self.after.iter().enumerate().all(|(old, new)| *new == Some(old))
    }

    /// Where a place is now; `None` if its hop is gone.
    pub(crate) fn place(&self, before: usize) -> Option<usize> {
        self.after.get(before).copied().flatten()
    }

    /// The hop that was at a place.
    pub(crate) fn hop(&self, before: usize) -> Option<Hop> {
        self.before.get(before).copied()
    }
}

impl Phone {
    /// A line's servers lead elsewhere, perhaps.
    pub(crate) fn set_hops(&mut self, line: LineNumber, news: HopNews, now: Instant) {
        let seed = u64::from(self.core.random_u32());
        // Registrars that one process floods lose what it sends, and its lines with that.
        let crowd = self.core.accounts.len() / limits::LINES_PER_SECOND;
        let crowd = Duration::from_secs(u64::try_from(crowd).unwrap_or(u64::MAX));
        let beginning = Beginning { seed, crowd };
        let busy = self.is_busy(line);
        let changed = self.core.accounts.reshape(line, |account| {
            let before = account.places();
            let moves = account.set_hops(news, busy, beginning, now);
            (before, moves, account.has_departed())
        });
        let Some((before, moves, departed)) = changed else { return };
        self.follow(line, before);
        let calls = self.calls.values_mut().filter(|call| call.line == line);
        calls.for_each(|call| call.address_changed(&moves));
        if departed {
            self.departed.insert(line);
        }
    }

    /// Lets hops go that no name leads to and nothing needs any more.
    pub(crate) fn drop_departed(&mut self, now: Instant) {
        for line in std::mem::take(&mut self.departed) {
            let busy = self.is_busy(line);
            let changed = self.core.accounts.reshape(line, |account| {
                let before = account.places();
                account.drop_departed(busy, now);
                (before, account.has_departed())
            });
            let Some((before, departed)) = changed else { continue };
            self.follow(line, before);
            if departed {
                self.departed.insert(line);
            }
        }
    }

    fn is_busy(&self, line: LineNumber) -> bool {
        self.calls.values().any(|call| call.line == line && !call.is_over())
            || self.core.farewells.values().any(|bye| bye.session().line == line)
    }

    /// Everything of the line that names hops by their place follows.
    fn follow(&mut self, line: LineNumber, before: Vec<Hop>) {
        let Some(account) = self.core.accounts.get(&line) else { return };
        let places = Places::new(before, &account.places());
        if places.is_none() {
            return;
        }
        for call in self.calls.values_mut().filter(|call| call.line == line) {
            call.follow(&places);
        }
        let farewells = self.core.farewells.values_mut();
        for farewell in farewells.filter(|farewell| farewell.session().line == line) {
            farewell.follow(&places);
        }
    }
}
