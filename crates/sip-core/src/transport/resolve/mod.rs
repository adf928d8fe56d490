//! Names to hops: RFC 3263, RFC 2782 and RFC 7984 as a machine (requirements A1, F5).
//!
//! [`Resolver`] is told which [`Target`]s are wanted. It says what to ask of DNS ([`Output::Ask`]),
//! takes each [`Answer`], and holds for every target the hops that it leads to, in order. It asks
//! again when a time to live is over, in the background: nobody ever waits for a refresh.
//!
//! What it promises, because calls and registrations stand on its lists:
//!
//! - An answer that fails or denies never erases a list that was there; a denial counts only after
//!   [`limits::DENIAL_BELIEVED`], and only where another way leads somewhere. The one answer that
//!   empties a list is the domain's own word that it has no such service (SRV target `.`).
//! - Weights are drawn once and an order stays while the set of records is the same, over restarts
//!   too ([`Resolver::kept`]); a changed set keeps the order of what stays (failover design §2).
//! - Hops that a list has lost are remembered as [`Resolution::former`], so that what works there
//!   can go on.
//!
//! It opens no socket, follows no alias and knows no search list: that is the caller's.

mod entry;
mod evaluate;
mod order;
mod record;
mod target;

pub use record::{Answer, Kind, Naptr, Query, Record, Srv};
pub use target::{Lookup, Target};

use super::hop::Hop;
use crate::limits;
use entry::Entry;
use evaluate::{Found, Known, evaluate};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use record::{read_line, read_lost, write_line, write_lost};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

/// A hop and the names that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedHop {
    /// Transport, address and port.
    pub hop: Hop,
    /// The target's own name first: it is the one that a certificate is checked for (RFC 5922 §4).
    /// Then the hosts of the SRV records that have this address.
    pub names: Vec<String>,
}

/// What a target leads to now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// The hops in order of preference, at most [`limits::HOPS_PER_TARGET`].
    pub hops: Vec<ResolvedHop>,
    /// Hops that an earlier answer had and the latest has not, the newest loss first, at most
    /// [`limits::FORMER_HOPS`]. What an earlier run has kept counts as an answer.
    pub former: Vec<ResolvedHop>,
    /// How it stands.
    pub state: State,
}

/// How a look-up stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// The first answers are being waited for.
    #[default]
    Pending,
    /// It leads to hops, whether DNS can be asked now or not.
    Resolved,
    /// The name has no address.
    Nothing,
    /// The domain says that it has no such service.
    Refused,
    /// No name server could say.
    Failed,
}

/// One thing to do or know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Ask this and give back what became of it by [`Resolver::handle_answer`], always.
    Ask(Query),
    /// [`Resolver::resolution`] of some target is another one now.
    Changed,
    /// [`Resolver::kept`] is another one now.
    Keep,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Resolver {
    table: BTreeMap<Query, Entry>,
    targets: BTreeMap<Target, Held>,
    /// Hops that names had led to and did not any more, as an earlier run has kept them.
    lost: Vec<(String, Hop)>,
    rng: ChaCha8Rng,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, Default)]
struct Held {
    resolution: Resolution,
    /// When a list of which only a part is known is used all the same.
    partial_from: Option<Instant>,
}

impl Resolver {
    /// A resolver that knows nothing; the seed draws among SRV weights.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            table: BTreeMap::new(),
            targets: BTreeMap::new(),
            lost: Vec::new(),
            rng: ChaCha8Rng::from_seed(seed),
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what an earlier run has kept. It is used only for what DNS does not answer within
    /// [`limits::KEPT_RECORDS_WAIT`]; the order in it stands. Lines that it cannot read are left out.
    pub fn restore(&mut self, kept: &str) {
        let mut sets: BTreeMap<Query, Vec<Record>> = BTreeMap::new();
        for (query, record) in kept.lines().take(limits::KEPT_LINES).filter_map(read_line) {
            let set = sets.entry(query).or_default();
            set.extend(record.filter(|_| set.len() < limits::RECORDS));
        }
        for (query, records) in sets.into_iter().take(limits::QUERIES) {
            self.table.entry(query).or_insert_with(|| Entry::restored(records));
        }
        self.lost = kept.lines().take(limits::KEPT_LINES).filter_map(read_lost).collect();
    }

    /// All records in use and all former hops, a line each, for [`Self::restore`] in a later run. Holds
    /// nothing secret.
    pub fn kept(&self) -> String {
        let known = self.table.iter().filter_map(|(query, entry)| Some((query, entry.kept()?)));
        let lines = known.flat_map(|(query, records)| {
            let denial = records.is_empty().then_some(None);
            let lines = records.iter().map(Some).chain(denial);
            lines.map(move |record| write_line(query, record) + "\n")
        });
        let lost = self.targets.iter().flat_map(|(target, held)| {
            let former = held.resolution.former.iter();
            former.map(|gone| write_lost(&target.name, gone.hop) + "\n")
        });
        lines.chain(lost).take(limits::KEPT_LINES).collect()
    }

    /// Says which targets are wanted from now on; what only others needed is forgotten. At most
    /// [`limits::TARGETS`] are looked up.
    pub fn want(&mut self, targets: &BTreeSet<Target>, now: Instant) {
        self.targets.retain(|target, _| targets.contains(target));
        for target in targets {
            if self.targets.len() < limits::TARGETS && !self.targets.contains_key(target) {
                let kept = best(target, &self.table, now);
                let held = Held::last_led_to(kept, target, &self.lost);
                self.targets.insert(target.clone(), held);
            }
        }
        self.update(now);
    }

    /// Asks again for everything: the network or the name servers have changed, or the user may know
    /// that a name leads elsewhere.
    pub fn refresh(&mut self, now: Instant) {
        // What was restored waits for the first word of what is wanted.
        if self.targets.is_empty() {
            return;
        }
        for entry in self.table.values_mut() {
            entry.hurry(now);
        }
        self.handle_timeout(now);
    }

    /// What became of a question. One that nothing needs any more changes nothing.
    pub fn handle_answer(&mut self, query: &Query, answer: Answer, now: Instant) {
        let Some(entry) = self.table.get_mut(query) else { return };
        if entry.answer(query, answer, &mut self.rng, now) {
            self.outputs.push_back(Output::Keep);
        }
        self.update(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due = self.table.values().any(|entry| entry.is_due(now));
        // What is due soon goes along: an idle phone wakes up once for all of a name's records.
        let by = if due { now + limits::DNS_TOGETHER } else { now };
        for (query, entry) in &mut self.table {
            entry.release(now);
            if entry.is_due(by) {
                entry.asked(now);
                self.outputs.push_back(Output::Ask(query.clone()));
            }
        }
        self.update(now);
    }

    /// When [`Self::handle_timeout`] is to be called, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let partial = |held: &Held| held.partial_from.map(|at| (at, "DNS: use what is known"));
        let entries = self.table.values().filter_map(Entry::deadline);
        entries.chain(self.targets.values().filter_map(partial)).min_by_key(|(at, _)| *at)
    }

    /// The next thing to do or know.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What a target leads to; `None` for one that is not wanted.
    pub fn resolution(&self, target: &Target) -> Option<&Resolution> {
        self.targets.get(target).map(|held| &held.resolution)
    }

    /// Brings every list up to what is known, asks what is lacking, forgets what nothing needs.
    fn update(&mut self, now: Instant) {
        let mut needs = BTreeSet::new();
        let (mut changed, mut lost) = (false, false);
        for (target, held) in &mut self.targets {
            let found = best(target, &self.table, now);
            needs.extend(found.needs.iter().cloned());
            let former = held.resolution.former.clone();
            changed |= held.follow(found, now);
            lost |= held.resolution.former != former;
        }
        self.table.retain(|query, _| needs.contains(query));
        for query in needs {
            if self.table.len() >= limits::QUERIES && !self.table.contains_key(&query) {
                continue;
            }
            let entry = self.table.entry(query.clone()).or_default();
            if entry.is_unasked() {
                entry.asked(now);
                self.outputs.push_back(Output::Ask(query));
            }
        }
        if changed {
            self.outputs.push_back(Output::Changed);
        }
        if lost {
            self.outputs.push_back(Output::Keep);
        }
    }
}

/// Denials of old are believed where that leads somewhere, and else not.
fn best(target: &Target, table: &BTreeMap<Query, Entry>, now: Instant) -> Found {
    let by = |strict: bool| {
        let known = |query: &Query| {
            table.get(query).map_or(Known::UNKNOWN, |entry| entry.known(strict, now))
        };
        evaluate(target, &known)
    };
    let mut lenient = by(false);
    let strict = by(true);
    if strict.needs == lenient.needs {
        return lenient;
    }
    lenient.needs.extend(strict.needs.iter().cloned());
    if strict.hops.is_empty() || strict.pending {
        return lenient;
    }
    Found { needs: lenient.needs, ..strict }
}

impl Held {
    /// One that has not been asked for in this run, with what an earlier one has kept: what the first
    /// answer does not have counts as lost by it, and what had been lost before still is.
    fn last_led_to(kept: Found, target: &Target, lost: &[(String, Hop)]) -> Self {
        let own = |(name, hop): &&(String, Hop)| {
            *name == target.name && target.transports.contains(&hop.transport)
        };
        let earlier = lost
            .iter()
            .filter(own)
            .map(|(name, hop)| ResolvedHop { hop: *hop, names: vec![name.clone()] });
        let former = kept.hops.into_iter().chain(earlier).take(limits::FORMER_HOPS).collect();
        Self { resolution: Resolution { former, ..Resolution::default() }, partial_from: None }
    }

    /// Takes over what was found, if it is to be used yet. `true` where that is news.
    fn follow(&mut self, found: Found, now: Instant) -> bool {
        let first = self.resolution.hops.is_empty();
        if found.pending {
            // A list in use waits for the whole of the next one; a first one not for long.
            self.partial_from = (first && !found.hops.is_empty() && !found.guessed)
                .then(|| self.partial_from.unwrap_or(now + limits::PARTIAL_LIST_WAIT));
            if self.partial_from.is_none_or(|from| from > now) {
                return false;
            }
        }
        self.partial_from = None;
        let state = match (&found, first) {
            (Found { refused: true, .. }, _) => State::Refused,
            (Found { hops, .. }, _) if !hops.is_empty() => State::Resolved,
            // Nothing usable came of it: what was there stays.
            (_, false) => return false,
            (Found { failed: true, .. }, true) => State::Failed,
            (Found { .. }, true) => State::Nothing,
        };
        let before = self.resolution.clone();
        let lost = before.hops.iter().chain(&before.former);
        let gone = |old: &&ResolvedHop| !found.hops.iter().any(|new| new.hop == old.hop);
        let former = lost.filter(gone).take(limits::FORMER_HOPS).cloned().collect();
        self.resolution = Resolution { hops: found.hops, former, state };
        self.resolution != before
    }
}
