//! All lines, and how each is found: by its number, by what is due, by its user, by who trusts whom.
//!
//! Nothing here costs more with more lines than the one that is meant: an input touches a line or a
//! few, only those are driven, and the earliest deadline is known without asking each. Therefore
//! there is no way to change a line without touching it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use sip_core::deadlines::Deadlines;

use crate::account::Account;
use crate::settings::LineNumber;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    lines: BTreeMap<LineNumber, Box<Account>>,
    /// Lines that may want something.
    touched: BTreeSet<LineNumber>,
    deadlines: Deadlines<LineNumber>,
    users: BTreeSet<(String, LineNumber)>,
    /// By each address that the line trusts (requirement F10).
    sources: BTreeMap<IpAddr, BTreeSet<LineNumber>>,
    /// By the address of each of its hops.
    servers: BTreeMap<SocketAddr, BTreeSet<LineNumber>>,
    /// How many hops are spoken to from each address of ours.
    locals: BTreeMap<IpAddr, usize>,
}

impl Accounts {
    pub(crate) fn get(&self, line: &LineNumber) -> Option<&Account> {
        self.lines.get(line).map(AsRef::as_ref)
    }

    /// A line, to be changed in whatever does not decide how it is found; see [`Self::reshape`].
    pub(crate) fn get_mut(&mut self, line: &LineNumber) -> Option<&mut Account> {
        let account = self.lines.get_mut(line)?;
        self.touched.insert(*line);
        Some(account)
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = LineNumber> {
        self.lines.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.lines.values().map(AsRef::as_ref)
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn add(&mut self, account: Account) {
        let line = account.settings.line;
        self.index(&account);
        self.lines.insert(line, Box::new(account));
        self.touched.insert(line);
    }

    pub(crate) fn remove(&mut self, line: LineNumber) {
        if let Some(account) = self.lines.remove(&line) {
            self.unindex(&account);
            self.deadlines.set(line, None);
            self.touched.remove(&line);
        }
    }

    /// Changes a line in what it is found by: its user, its hops, whom it trusts.
    pub(crate) fn reshape<T>(
        &mut self,
        line: LineNumber,
        change: impl FnOnce(&mut Account) -> T,
    ) -> Option<T> {
        let mut account = self.lines.remove(&line)?;
        self.unindex(&account);
        let outcome = change(&mut account);
        self.index(&account);
        self.lines.insert(line, account);
        self.touched.insert(line);
        Some(outcome)
    }

    /// Takes a line out while it needs all else of the phone; [`Self::put_back`] must follow.
    pub(crate) fn take(&mut self, line: LineNumber) -> Option<Box<Account>> {
        self.lines.remove(&line)
    }

    /// Puts a line back that may want something now.
    pub(crate) fn put_back(&mut self, account: Box<Account>) {
        let line = account.settings.line;
        self.lines.insert(line, account);
        self.touched.insert(line);
    }

    /// Puts a line back that wants nothing more until its deadline.
    pub(crate) fn settle(&mut self, account: Box<Account>) {
        let line = account.settings.line;
        self.deadlines.set(line, account.poll_timeout().map(|(at, _)| at));
        self.touched.remove(&line);
        self.lines.insert(line, account);
    }

    /// A line that has been touched and not settled since, the first in order.
    pub(crate) fn touched_from(&self, line: LineNumber) -> Option<LineNumber> {
        self.touched.range(line..).next().copied()
    }

    /// The lines of which something is due.
    pub(crate) fn due(&self, now: Instant) -> Vec<LineNumber> {
        self.deadlines.due(now)
    }

    /// When something of a line is due next, and what.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let (_, line) = self.deadlines.first()?;
        self.lines.get(&line)?.poll_timeout()
    }

    /// The lines of a user, in order.
    pub(crate) fn of_user<'a>(&'a self, user: &'a str) -> impl Iterator<Item = LineNumber> {
        let from = (user.to_owned(), LineNumber::FIRST);
        let here = self.users.range(from..).take_while(move |(held, _)| held == user);
        here.map(|(_, line)| *line)
    }

    /// The lines that trust an address, in order.
    pub(crate) fn trusting(&self, ip: IpAddr) -> impl Iterator<Item = LineNumber> {
        self.sources.get(&ip).into_iter().flatten().copied()
    }

    /// The lines that have a hop at an address, by whatever transport, in order.
    pub(crate) fn reaching(&self, addr: SocketAddr) -> impl Iterator<Item = &Account> {
        let lines = self.servers.get(&addr).into_iter().flatten();
        lines.filter_map(|line| self.get(line))
    }

    /// Our own addresses towards the hops of all lines, in order.
    pub(crate) fn locals(&self) -> impl Iterator<Item = IpAddr> {
        self.locals.keys().copied()
    }

    fn index(&mut self, account: &Account) {
        let line = account.settings.line;
        self.users.insert((account.settings.user.clone(), line));
        for ip in account.sources() {
            self.sources.entry(ip).or_default().insert(line);
        }
        for hop in account.hops.iter() {
            self.servers.entry(hop.hop.addr).or_default().insert(line);
            *self.locals.entry(hop.local.ip()).or_default() += 1;
        }
    }

    fn unindex(&mut self, account: &Account) {
        let line = account.settings.line;
        self.users.remove(&(account.settings.user.clone(), line));
        for ip in account.sources() {
            take_out(&mut self.sources, &ip, line);
        }
        for hop in account.hops.iter() {
            take_out(&mut self.servers, &hop.hop.addr, line);
            let ip = hop.local.ip();
            if let Some(count) = self.locals.get_mut(&ip) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.locals.remove(&ip);
                }
            }
        }
    }
}

/// Takes a line out of an index, and a key that leads to no line any more with it.
fn take_out<K: Ord>(index: &mut BTreeMap<K, BTreeSet<LineNumber>>, key: &K, line: LineNumber) {
    if let Some(lines) = index.get_mut(key) {
        lines.remove(&line);
        if lines.is_empty() {
            index.remove(key);
        }
    }
}
