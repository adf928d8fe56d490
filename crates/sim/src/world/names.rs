//! Names that lead somewhere: what a phone's shell does between its resolver and the phone. Only in
//! worlds whose plan has names; in the others a name leads nowhere.

use std::collections::BTreeSet;

use phone::input::{Input, LineHop, Way};
use phone::settings::ServerRole;
use sip_core::transport::Hop;
use sip_core::transport::resolve::{Output, ResolvedHop, Target};

use super::World;
use crate::names;
use crate::station::LINE;
use crate::tls;

impl World<'_> {
    /// A phone begins to look its server up.
    pub(super) fn begin_names(&mut self, phone: usize) {
        if self.plan.names.is_some() {
            self.want_names(phone, &BTreeSet::new());
        }
    }

    /// A phone wants these names looked up beside its server's.
    pub(super) fn want_names(&mut self, phone: usize, names: &BTreeSet<Target>) {
        if self.plan.names.is_none() {
            return;
        }
        let station = &mut self.stations[phone];
        station.names.clone_from(names);
        let mut wanted = names.clone();
        wanted.insert(names::target(phone, self.plan));
        station.resolver.want(&wanted, self.now);
        self.drain_names(phone);
        self.tell_names(phone);
    }

    /// A phone's network has changed: it asks for everything again.
    pub(super) fn refresh_names(&mut self, phone: usize) {
        self.stations[phone].resolver.refresh(self.now);
        self.drain_names(phone);
    }

    /// Does what is due with names.
    pub(super) fn handle_names(&mut self) {
        while let Some((phone, query)) = self.name_servers.due(self.now) {
            let answer = names::answer(&query, phone, self.plan, &self.faults);
            self.stations[phone].resolver.handle_answer(&query, answer, self.now);
            self.drain_names(phone);
        }
        for phone in 0..self.stations.len() {
            let station = &mut self.stations[phone];
            let due = station.resolver.poll_timeout().is_some_and(|(at, _)| at <= self.now);
            if station.on && due {
                station.resolver.handle_timeout(self.now);
                self.drain_names(phone);
            }
        }
    }

    fn drain_names(&mut self, phone: usize) {
        let mut changed = false;
        while let Some(output) = self.stations[phone].resolver.poll_output() {
            match output {
                Output::Ask(query) => {
                    let dead = self.faults.is_without_names(phone);
                    self.name_servers.ask(phone, query, dead, self.now);
                }
                Output::Changed => changed = true,
                Output::Keep => self.stations[phone].keep_names(),
            }
        }
        if changed {
            self.tell_hops(phone);
            self.tell_names(phone);
        }
    }

    /// Tells a phone its hop list.
    fn tell_hops(&mut self, phone: usize) {
        let station = &mut self.stations[phone];
        let target = names::target(phone, self.plan);
        let found = station.resolver.resolution(&target).cloned().unwrap_or_default();
        let local = station.addr;
        let entry = |ResolvedHop { hop, names }| {
            let local = tls::at(hop.transport, local);
            LineHop { hop, role: ServerRole::Proxy, local, names }
        };
        let trusted = found.hops.iter().map(|found| found.hop.addr.ip()).collect();
        let hops: Vec<LineHop> = found.hops.into_iter().map(entry).collect();
        let former = found.former.into_iter().map(entry).collect();
        let (last_good, booted) = station.first_hops(!hops.is_empty());
        let shown: Vec<String> = hops.iter().map(|entry| entry.hop.to_string()).collect();
        self.say(phone, || format!("names lead to {}", shown.join(", ")));
        let hops = hops.into();
        let input = Input::Hops { line: LINE, hops, former, trusted, last_good, booted };
        self.tell(phone, input, None);
    }

    /// Tells a phone what the names of its dialogs lead to.
    fn tell_names(&mut self, phone: usize) {
        let station = &self.stations[phone];
        let local = station.addr;
        let told: Vec<Input> = station
            .names
            .iter()
            .filter_map(|target| {
                let found = station.resolver.resolution(target)?;
                let way = |hop: Hop| Way { hop, local: tls::at(hop.transport, local) };
                let ways = found.hops.iter().map(|found| way(found.hop)).collect();
                Some(Input::Name { target: target.clone(), ways })
            })
            .collect();
        for input in told {
            self.tell(phone, input, None);
        }
    }
}
