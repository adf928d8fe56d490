//! From records to hops: RFC 3263 §4 as one pure function over what is known.
//!
//! It never asks. It says what it used and what it lacks, and is run again when more is known.

use super::super::hop::{Hop, Transport};
use super::ResolvedHop;
use super::order::both_families;
use super::record::{Kind, Naptr, Query, Record, Srv};
use super::target::{Lookup, Target};
use crate::limits;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// What is known of one question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// What.
    pub(super) what: What<'a>,
    /// It comes from an earlier run, and the answer of this one is being waited for.
    pub(super) provisional: bool,
}

/// What is known of one question, in itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    /// Not asked, or not answered yet.
    Unknown,
    /// Nothing is there.
    Nothing,
    /// Nobody could say.
    Failed,
    /// These, in the order of use; not empty.
    Records(&'a [Record]),
}

impl Known<'_> {
    pub(super) const UNKNOWN: Self = Self { what: What::Unknown, provisional: false };
}

/// What a target leads to by what is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// In order of use.
    pub(super) hops: Vec<ResolvedHop>,
    /// Every question that had a part in it, answered or not.
    pub(super) needs: BTreeSet<Query>,
    /// An answer is waited for: more or other hops may follow.
    pub(super) pending: bool,
    /// An answer is waited for that may lead another way altogether.
    pub(super) guessed: bool,
    /// The domain says that it has no such service (SRV target `.`).
    pub(super) refused: bool,
    /// Nobody could answer a question.
    pub(super) failed: bool,
}

/// What came of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is the way: no other is tried.
    Taken,
    /// There is nothing: the next way is tried.
    Absent,
}

/// Runs RFC 3263 §4 for a target.
pub(super) fn evaluate<'a>(target: &Target, known: &dyn Fn(&Query) -> Known<'a>) -> Found {
    let mut walk = Walk { target, known, found: Found::default() };
    walk.run();
    let refused = walk.found.refused && walk.found.hops.is_empty();
    Found { refused, ..walk.found }
}

struct Walk<'t, 'k, 'a> {
    target: &'t Target,
    known: &'k dyn Fn(&Query) -> Known<'a>,
    found: Found,
}

impl<'a> Walk<'_, '_, 'a> {
    fn run(&mut self) {
        let target = self.target;
        let domain = target.name.as_str();
        if target.lookup == Lookup::Naptr && self.naptr(domain) == Step::Taken {
            return;
        }
        if target.lookup != Lookup::Addresses && self.every_transport(domain) == Step::Taken {
            return;
        }
        // Each transport's refusal was heard above; addresses would go against it.
        if !self.found.refused {
            self.addresses(domain, target.port, self.default_transport(), domain);
        }
    }

    /// §4.1: what a name without further hint is spoken to by.
    fn default_transport(&self) -> Transport {
        self.target.transports.first().copied().unwrap_or(Transport::Udp)
    }

    /// The records of a question. While the answer is unknown the ways below are walked as well, so
    /// that everything is asked in one breath.
    fn ask(&mut self, query: Query) -> &'a [Record] {
        let Known { what, provisional } = (self.known)(&query);
        let is_address = matches!(query.kind, Kind::A | Kind::Aaaa);
        self.found.pending |= provisional || matches!(what, What::Unknown);
        self.found.guessed |= !is_address && matches!(what, What::Unknown);
        self.found.failed |= matches!(what, What::Failed);
        if self.found.needs.len() < limits::QUERIES_PER_TARGET {
            self.found.needs.insert(query);
        }
        match what {
            What::Records(records) => records,
            What::Unknown | What::Nothing | What::Failed => &[],
        }
    }

    /// §4.1: the first service that we can speak and that leads somewhere.
    fn naptr(&mut self, domain: &str) -> Step {
        for record in self.ask(Query::new(Kind::Naptr, domain)) {
            let Record::Naptr(naptr) = record else { continue };
            let Some(transport) = self.transport_of(naptr) else { continue };
            let step = match naptr.flags.to_ascii_lowercase().as_str() {
                "s" => self.srv(Query::new(Kind::Srv, &naptr.replacement), transport),
                "a" => {
                    let name = naptr.replacement.as_str();
                    self.addresses(name, self.target.port, transport, name)
                }
                _ => Step::Absent,
            };
            if step == Step::Taken {
                return Step::Taken;
            }
        }
        Step::Absent
    }

    fn transport_of(&self, naptr: &Naptr) -> Option<Transport> {
        let transport = match naptr.service.to_ascii_uppercase().as_str() {
            "SIP+D2U" => Transport::Udp,
            "SIP+D2T" => Transport::Tcp,
            "SIPS+D2T" => Transport::Tls,
            _ => return None,
        };
        self.target.transports.contains(&transport).then_some(transport)
    }

    fn every_transport(&mut self, domain: &str) -> Step {
        for transport in &self.target.transports {
            if self.srv(Query::srv(*transport, domain), *transport) == Step::Taken {
                return Step::Taken;
            }
        }
        Step::Absent
    }

    fn srv(&mut self, query: Query, transport: Transport) -> Step {
        let records = self.ask(query);
        let hosts: Vec<&Srv> = records
            .iter()
            .filter_map(|record| match record {
                Record::Srv(srv) if !srv.target.is_empty() => Some(srv),
                Record::Srv(_) | Record::Naptr(_) | Record::Address(_) => None,
            })
            .collect();
        // RFC 2782: the only target is `.`.
        self.found.refused |= hosts.is_empty() && !records.is_empty();
        for Srv { target, port, .. } in &hosts {
            self.addresses(target, Some(*port), transport, target);
        }
        if hosts.is_empty() { Step::Absent } else { Step::Taken }
    }

    /// §4.2: every address of a host, of both families (RFC 7984 §4).
    fn addresses(
        &mut self,
        host: &str,
        port: Option<u16>,
        transport: Transport,
        name: &str,
    ) -> Step {
        let mut all: Vec<IpAddr> = literal(host).into_iter().collect();
        for kind in [Kind::Aaaa, Kind::A].into_iter().filter(|_| literal(host).is_none()) {
            let records = self.ask(Query::new(kind, host)).iter();
            all.extend(records.filter_map(|record| match record {
                Record::Address(ip) => Some(*ip),
                Record::Naptr(_) | Record::Srv(_) => None,
            }));
        }
        let step = if all.is_empty() { Step::Absent } else { Step::Taken };
        for ip in both_families(all) {
            self.add(ip, port, transport, name);
        }
        step
    }

    fn add(&mut self, ip: IpAddr, port: Option<u16>, transport: Transport, name: &str) {
        let addr = SocketAddr::new(ip, port.unwrap_or(transport.default_port()));
        let hop = Hop { transport, addr };
        let hops = &mut self.found.hops;
        let at = hops.iter().position(|known| known.hop == hop).unwrap_or_else(|| {
            hops.push(ResolvedHop { hop, names: vec![self.target.name.clone()] });
            hops.len() - 1
        });
        if let Some(entry) = hops.get_mut(at)
            && !entry.names.iter().any(|known| known == name)
        {
            entry.names.push(name.to_owned());
        }
        hops.truncate(limits::HOPS_PER_TARGET);
    }
}

fn literal(name: &str) -> Option<IpAddr> {
    name.parse().ok()
}
