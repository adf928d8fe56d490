//! The name servers of a world: one zone, in which each phone's domain names the proxies in its
//! order (SRV, then A), and questions that are on their way. What a phone makes of the answers is the
//! resolver's business (RFC 3263); faults decide what there is to hear.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip_core::transport::Transport;
use sip_core::transport::resolve::{Answer, Kind, Query, Record, Srv, Target};

use crate::faults::Faults;
use crate::plan::Plan;
use crate::proxy::Identity;
use crate::tls;

/// An answer from a name server nearby.
const ROUND_TRIP: Duration = Duration::from_millis(20);

/// What phoned's shell waits until it says that no server answers.
const GIVEN_UP: Duration = Duration::from_secs(5);

/// The domain of the phone with this number.
#[must_use]
pub fn domain(phone: usize) -> String {
    format!("line{}.sim.test", phone + 1)
}

/// What a phone's server is looked up as.
#[must_use]
pub fn target(phone: usize, plan: &Plan) -> Target {
    let transports = plan.transports.get(phone).map(Vec::as_slice).unwrap_or_default();
    let transport = transports.first().copied().unwrap_or(Transport::Udp);
    Target::server(&domain(phone), None, transport, None)
}

/// Questions on their way. See the module.
#[derive(Debug, Clone, Default)]
pub struct NameServers {
    asked: BTreeMap<(Instant, u64), (usize, Query)>,
    next: u64,
}

impl NameServers {
    /// A phone asks; with `dead` servers, or none in reach, it hears so later.
    pub fn ask(&mut self, phone: usize, query: Query, dead: bool, now: Instant) {
        self.next += 1;
        let time = if dead { GIVEN_UP } else { ROUND_TRIP };
        self.asked.insert((now + time, self.next), (phone, query));
    }

    /// When the next answer comes.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.asked.first_key_value().map(|((at, _), _)| (*at, "an answer of DNS"))
    }

    /// A question whose answer comes now.
    pub fn due(&mut self, now: Instant) -> Option<(usize, Query)> {
        let entry = self.asked.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// A phone has lost power: nobody waits for its answers.
    pub fn forget(&mut self, phone: usize) {
        self.asked.retain(|_, (whose, _)| *whose != phone);
    }
}

/// What the zone says now to a phone.
#[must_use]
pub fn answer(query: &Query, phone: usize, plan: &Plan, faults: &Faults) -> Answer {
    let Some(ttl) = plan.names else { return Answer::Failed };
    if faults.is_without_names(phone) {
        return Answer::Failed;
    }
    let records = if faults.denies_names() { Vec::new() } else { records(query, plan, faults) };
    match records.is_empty() {
        true => Answer::Nothing { ttl: Some(ttl) },
        false => Answer::Records { records, ttl },
    }
}

fn records(query: &Query, plan: &Plan, faults: &Faults) -> Vec<Record> {
    match query.kind {
        Kind::Srv => srv(query, plan, faults),
        Kind::A => {
            let mut proxies = (0..plan.proxies.count).map(Identity::of);
            let addr =
                proxies.find(|proxy| proxy.domain == query.name).map(|proxy| proxy.addr.ip());
            addr.filter(IpAddr::is_ipv4).map(Record::Address).into_iter().collect()
        }
        Kind::Naptr | Kind::Aaaa => Vec::new(),
    }
}

/// A phone's proxies in its order, but those that are withdrawn; never none.
fn srv(query: &Query, plan: &Plan, faults: &Faults) -> Vec<Record> {
    let whose = (0..plan.phones).find(|phone| {
        let transports = &target(*phone, plan).transports;
        transports.iter().any(|transport| *query == Query::srv(*transport, &domain(*phone)))
    });
    let Some((phone, order)) = whose.and_then(|phone| Some((phone, plan.orders.get(phone)?)))
    else {
        return Vec::new();
    };
    // One name has one transport.
    let secured = plan.is_secret(phone);
    let listed: Vec<usize> =
        order.iter().copied().filter(|proxy| !faults.is_withdrawn(*proxy)).collect();
    let listed = if listed.is_empty() { order } else { &listed };
    let record = |(priority, proxy): (u16, &usize)| {
        let Identity { domain: target, addr, .. } = Identity::of(*proxy);
        let addr = if secured { tls::at(Transport::Tls, addr) } else { addr };
        Record::Srv(Srv { priority, weight: 0, port: addr.port(), target })
    };
    (0..).zip(listed).map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Fault, FaultKind};

    fn plan() -> Plan {
        let mut plan = Plan::draw(1);
        plan.phones = 1;
        plan.proxies.count = 2;
        plan.orders = vec![vec![1, 0]];
        plan.transports = vec![vec![Transport::Udp; 2]];
        plan.names = Some(Duration::from_secs(60));
        plan
    }

    fn hosts(faults: &Faults) -> Option<Vec<String>> {
        let plan = plan();
        match answer(&Query::srv(Transport::Udp, &domain(0)), 0, &plan, faults) {
            Answer::Records { records, .. } => Some(
                records
                    .into_iter()
                    .map(|record| match record {
                        Record::Srv(srv) => srv.target,
                        Record::Naptr(_) | Record::Address(_) => panic!("{record:?}"),
                    })
                    .collect(),
            ),
            Answer::Nothing { .. } => Some(Vec::new()),
            Answer::Failed => None,
        }
    }

    fn with(kinds: &[FaultKind]) -> Option<Vec<String>> {
        let mut faults = Faults::new(&plan());
        for (number, kind) in kinds.iter().enumerate() {
            let fault = Fault { at: Duration::ZERO, lasts: Duration::ZERO, kind: *kind };
            faults.begin(number, &fault);
        }
        hosts(&faults)
    }

    #[test]
    fn a_phones_domain_names_its_proxies_in_its_order() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(with(&[]), names(&["p2.sim.test", "p1.sim.test"]));
        assert_eq!(with(&[FaultKind::Withdraws(1)]), names(&["p1.sim.test"]));
        assert_eq!(with(&[FaultKind::NamesDenied]), names(&[]));
        assert_eq!(with(&[FaultKind::NamesDead]), None);
        assert_eq!(with(&[FaultKind::Unlinked(0)]), None);
    }
}
