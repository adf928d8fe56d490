//! The line's hop list as names change what they lead to (requirement F5, failover design §2).
//!
//! A hop that no name leads to any more is *departed*: while the line is registered there and it
//! answers, or a call may need it, it stays at the end of the list, so that no answer of DNS moves
//! what works. Then it goes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use failover::{HopId, Machine, Policy, Start};
use sip_core::transport::Hop;

use super::{Account, hop_id};
use crate::call::moved::Move;
use crate::input::{LastGood, LineHop};

/// What the shell knows of a line's hops now.
#[derive(Clone, Debug)]
pub(crate) struct HopNews {
    pub(crate) hops: Arc<[LineHop]>,
    pub(crate) former: Arc<[LineHop]>,
    pub(crate) trusted: Arc<[IpAddr]>,
    pub(crate) last_good: Option<LastGood>,
    pub(crate) booted: bool,
}

/// How a line begins among the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning {
    /// For its random shares.
    pub(crate) seed: u64,
    /// Over how long all lines of this phone begin; zero but for thousands.
    pub(crate) crowd: Duration,
}

impl Account {
    /// Learns what the line's servers lead to. `busy`: it has calls. Returns how our own addresses
    /// have changed.
    pub(crate) fn set_hops(
        &mut self,
        news: HopNews,
        busy: bool,
        beginning: Beginning,
        now: Instant,
    ) -> Vec<Move> {
        let HopNews { hops, former, trusted, last_good, booted } = news;
        // Who has not moved yet calls through what the names have led to (failover design §5).
        let last = former.iter().map(|gone| gone.hop.addr.ip());
        self.trusted = match former.is_empty() {
            true => trusted,
            false => trusted.iter().copied().chain(last).collect(),
        };
        if self.hops.is_empty() {
            let start = start(&hops, last_good);
            self.start_with(hops, start, booted, beginning, now);
            return Vec::new();
        }
        let listed = |gone: &LineHop| self.hops.iter().any(|old| old.hop == gone.hop);
        let gone = former.iter().filter(|gone| listed(gone) && self.is_needed(gone, busy));
        let departed: Vec<LineHop> = gone.cloned().collect();
        self.departed = departed.len();
        let hops = if departed.is_empty() { hops } else { [&*hops, &departed].concat().into() };
        let moves = self.moves(&hops);
        self.replace_hops(hops, now);
        moves
    }

    /// How our own addresses change with this list.
    fn moves(&self, hops: &[LineHop]) -> Vec<Move> {
        let old = |hop: &LineHop| self.hops.iter().find(|old| old.hop == hop.hop);
        let step = |hop: &LineHop| Some(Move { from: old(hop)?.local, to: hop.local });
        hops.iter().filter_map(step).filter(|step| step.from != step.to).collect()
    }

    /// The first list: nothing is known of any hop but what an earlier run has left.
    fn start_with(
        &mut self,
        hops: Arc<[LineHop]>,
        start: Start,
        booted: bool,
        Beginning { seed, crowd }: Beginning,
        now: Instant,
    ) {
        let count = u8::try_from(hops.len()).unwrap_or(u8::MAX);
        let policy = &self.settings.policy;
        let spread = if booted { policy.boot_spread.max(crowd) } else { crowd };
        let start = if spread.is_zero() { start } else { start.after_boot() };
        let beginning = Policy { boot_spread: spread, ..Policy::clone(policy) };
        self.machine = Machine::new(count, beginning, start, seed, now);
        self.machine.set_policy(Arc::clone(policy), now);
        self.hops = hops;
        self.departed = 0;
        if !self.settings.register {
            self.machine.disable(now);
            // Nothing of it has been sent yet: the first attempt is taken back unseen.
            while self.machine.poll_output().is_some() {}
        }
    }

    fn replace_hops(&mut self, hops: Arc<[LineHop]>, now: Instant) {
        let kept: Vec<Option<HopId>> = hops
            .iter()
            .map(|hop| self.hops.iter().position(|old| old.hop == hop.hop).and_then(hop_id))
            .collect();
        let moved = !self.moves(&hops).is_empty();
        self.hops = hops;
        self.machine.set_hops(&kept, now);
        // Calls would go to an address that we have left (requirement D1).
        if moved && self.settings.register {
            self.machine.identity_changed(now);
        }
    }

    fn is_needed(&self, entry: &LineHop, busy: bool) -> bool {
        let at = self.hops.iter().position(|known| known.hop == entry.hop);
        let serves = self.is_registered() && self.current_hop() == Some(entry.hop);
        busy || (serves && at.is_some_and(|at| self.is_usable(at)))
    }

    /// Lets departed hops go that nothing needs any more; a request of the line on its way goes first.
    pub(crate) fn drop_departed(&mut self, busy: bool, now: Instant) {
        if !self.running.is_empty() {
            return;
        }
        let (listed, departed) = self.hops.split_at(self.hops.len().saturating_sub(self.departed));
        let still: Vec<LineHop> =
            departed.iter().filter(|entry| self.is_needed(entry, busy)).cloned().collect();
        if still.len() < self.departed {
            let hops = [listed, &still].concat();
            self.departed = still.len();
            self.replace_hops(hops.into(), now);
        }
    }

    /// Whether some hop is departed.
    pub(crate) fn has_departed(&self) -> bool {
        self.departed > 0
    }

    /// The hops by address, to follow places in the list over a change of it.
    pub(crate) fn places(&self) -> Vec<Hop> {
        self.hops.iter().map(|entry| entry.hop).collect()
    }
}

/// Where a line begins that an earlier run has left at a hop (failover design §2).
fn start(hops: &[LineHop], last_good: Option<LastGood>) -> Start {
    let memory = last_good.and_then(|last| {
        let hop = hop_id(hops.iter().position(|entry| entry.hop == last.hop)?)?;
        let primary_was_unavailable = last.primary_was_unavailable;
        Some(failover::LastGood { hop, primary_was_unavailable })
    });
    memory.map_or(Start::cold(), Start::remembering)
}
