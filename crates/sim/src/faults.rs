//! The faults that are active now, and what they come to: a proxy may be dead twice over, and one
//! of two faults may end before the other. The state of the wire and of the proxies is worked out
//! anew from all active faults whenever one begins or ends.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use std::time::Instant;

use netem::Link;
use sip_core::transport::Transport;

use crate::network::Network;
use crate::oracle::bounds::relearnt;
use crate::plan::{Fault, FaultKind, Plan};
use crate::proxy::{Mood, Proxy};
use crate::tls::{self, Conduct};

/// What the active faults come to.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    active: BTreeMap<usize, FaultKind>,
    frozen: BTreeSet<usize>,
    dead: BTreeSet<usize>,
    dark: BTreeSet<usize>,
    /// Faults of a moment that have happened.
    happened: BTreeSet<usize>,
    /// Whether the proxies take connections, by the plan.
    listens: bool,
    /// Which phone has connections with which proxies.
    tcp: BTreeSet<(usize, usize)>,
    phones: usize,
    /// By a fault, the phones that cannot learn before its end that these withdrawals are over.
    hides: BTreeMap<usize, Vec<(usize, usize)>>,
    /// Who must still believe in which withdrawal, active or not, and of which proxy.
    believed: BTreeMap<(usize, usize), usize>,
}

impl Faults {
    /// No fault yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut tcp = BTreeSet::new();
        for (phone, (order, transports)) in plan.orders.iter().zip(&plan.transports).enumerate() {
            let each = order.iter().zip(transports);
            let ours = each.filter(|(_, transport)| **transport != Transport::Udp);
            tcp.extend(ours.map(|(proxy, _)| (phone, *proxy)));
        }
        let (listens, phones) = (plan.proxies.tcp.listens, plan.phones);
        Self { listens, tcp, phones, hides: hides(plan), ..Self::default() }
    }

    /// A fault of the plan begins.
    pub fn begin(&mut self, number: usize, fault: &Fault) {
        self.active.insert(number, fault.kind);
        if let FaultKind::Withdraws(proxy) = fault.kind {
            self.believed.extend((0..self.phones).map(|phone| ((phone, number), proxy)));
        }
    }

    /// It ends.
    pub fn end(&mut self, number: usize) {
        self.active.remove(&number);
        for phone in 0..self.phones {
            if !self.hides.values().any(|hidden| hidden.contains(&(phone, number))) {
                self.believed.remove(&(phone, number));
            }
        }
        for hidden in self.hides.remove(&number).unwrap_or_default() {
            self.believed.remove(&hidden);
        }
    }

    /// All end.
    pub fn end_all(&mut self) {
        self.active.clear();
        self.believed.clear();
    }

    /// Whether a proxy's process is stopped.
    pub fn is_frozen(&self, proxy: usize) -> bool {
        self.frozen.contains(&proxy)
    }

    /// Whether a phone has no network.
    pub fn is_unlinked(&self, phone: usize) -> bool {
        self.kinds().any(|kind| kind == FaultKind::Unlinked(phone))
    }

    /// Whether a phone is switched off.
    pub fn is_off(&self, phone: usize) -> bool {
        self.kinds().any(|kind| kind == FaultKind::Off(phone))
    }

    /// Whether any link loses, doubles or reorders.
    pub fn is_foul(&self) -> bool {
        self.kinds().any(|kind| matches!(kind, FaultKind::Weather(_)))
    }

    /// Whether something is wrong between this phone and this proxy but not at the proxy itself.
    pub fn is_parted(&self, phone: usize, proxy: usize) -> bool {
        use FaultKind::{Cut, Deaf, Mute};
        let cut = [Cut(phone, proxy), Mute(phone, proxy), Deaf(phone, proxy)];
        self.kinds().any(|kind| cut.contains(&kind))
            || self.has_connections(phone) && self.touches_connections(proxy)
    }

    /// Whether a proxy serves a phone's line as if nothing had ever broken.
    pub fn serves(&self, proxy: usize, phone: usize) -> bool {
        let connected = self.tcp.contains(&(phone, proxy));
        self.is_there(proxy, phone)
            && !self.believes_withdrawn(phone, proxy)
            && !(connected && self.touches_connections(proxy))
    }

    /// Whether a phone hears nothing from its name servers.
    pub fn is_without_names(&self, phone: usize) -> bool {
        self.has(FaultKind::NamesDead) || self.is_unlinked(phone)
    }

    /// Whether the name servers deny every name.
    pub fn denies_names(&self) -> bool {
        self.has(FaultKind::NamesDenied)
    }

    /// How a proxy deals with TLS handshakes.
    pub fn conduct(&self, proxy: usize) -> Conduct {
        let conducts = self.kinds().filter_map(|kind| {
            let FaultKind::Handshakes(whose, conduct) = kind else { return None };
            (whose == proxy).then_some(conduct)
        });
        conducts.last().unwrap_or(Conduct::Serves)
    }

    /// Whether a proxy is in no answer of DNS.
    pub fn is_withdrawn(&self, proxy: usize) -> bool {
        self.has(FaultKind::Withdraws(proxy))
    }

    /// Whether a phone must believe so.
    fn believes_withdrawn(&self, phone: usize, proxy: usize) -> bool {
        self.believed.iter().any(|((whose, _), withdrawn)| (*whose, *withdrawn) == (phone, proxy))
    }

    /// Whether a line that is registered through a proxy may stay: what befalls a connection that is
    /// opened again, or only those to come, does not end it.
    pub fn keeps(&self, proxy: usize, phone: usize) -> bool {
        let connected = self.tcp.contains(&(phone, proxy));
        self.is_there(proxy, phone) && !(connected && self.has(FaultKind::NoTcp(proxy)))
    }

    /// Whether calls of a phone pass through a proxy as if nothing had ever broken: they may come by
    /// any transport that it speaks with any proxy.
    pub fn passes(&self, proxy: usize, phone: usize) -> bool {
        let connected = self.has_connections(phone);
        self.is_there(proxy, phone)
            && !self.believes_withdrawn(phone, proxy)
            && !(connected && self.touches_connections(proxy))
    }

    fn has_connections(&self, phone: usize) -> bool {
        self.tcp.iter().any(|(each, _)| *each == phone)
    }

    fn touches_connections(&self, proxy: usize) -> bool {
        self.kinds().any(|kind| kind.of_connections() == Some(proxy))
    }

    fn is_there(&self, proxy: usize, phone: usize) -> bool {
        !self.is_foul()
            && !self.is_unlinked(phone)
            && !self.is_off(phone)
            && !self.kinds().any(|kind| match kind {
                FaultKind::Cut(whose, p)
                | FaultKind::Mute(whose, p)
                | FaultKind::Deaf(whose, p) => (whose, p) == (phone, proxy),
                FaultKind::Dead(p)
                | FaultKind::Frozen(p)
                | FaultKind::Dark(p)
                | FaultKind::Overloaded(p, _)
                | FaultKind::Broken(p) => p == proxy,
                FaultKind::Unlinked(_)
                | FaultKind::Off(_)
                | FaultKind::Weather(_)
                | FaultKind::NoTcp(_)
                | FaultKind::Refuses(_)
                | FaultKind::Resets(_)
                | FaultKind::HangsUp(_)
                | FaultKind::Forgets(_)
                | FaultKind::Expires(_)
                | FaultKind::Handshakes(..)
                | FaultKind::NamesDead
                | FaultKind::NamesDenied
                | FaultKind::Withdraws(_) => false,
            })
    }

    fn kinds(&self) -> impl Iterator<Item = FaultKind> {
        self.active.values().copied()
    }

    /// Makes the network and the proxies as the active faults want them.
    pub fn apply(
        &mut self,
        network: &mut Network,
        proxies: &mut [Proxy],
        phones: &[SocketAddr],
        fair: Link,
        now: Instant,
    ) {
        let weather = self.kinds().filter_map(|kind| {
            let FaultKind::Weather(link) = kind else { return None };
            Some(link)
        });
        network.set_link(weather.last().unwrap_or(fair));
        let addrs: Vec<SocketAddr> = proxies.iter().map(|proxy| proxy.identity().addr).collect();
        for (at, proxy) in proxies.iter_mut().enumerate() {
            self.apply_proxy(network, proxy, at, now);
            for (phone, addr) in phones.iter().enumerate() {
                self.apply_pair(network, (phone, *addr), (at, addrs[at]));
            }
        }
        for (phone, addr) in phones.iter().enumerate() {
            network.set_plugged(*addr, !self.is_unlinked(phone) && !self.is_off(phone));
        }
        self.apply_moments(network, proxies, now);
    }

    fn has(&self, wanted: FaultKind) -> bool {
        self.kinds().any(|kind| kind == wanted)
    }

    fn apply_proxy(&mut self, network: &mut Network, proxy: &mut Proxy, at: usize, now: Instant) {
        let addr = proxy.identity().addr;
        let (dead, frozen) = (self.has(FaultKind::Dead(at)), self.has(FaultKind::Frozen(at)));
        let dark = self.has(FaultKind::Dark(at));
        network.set_plugged(addr, !dark);
        if dark && self.dark.insert(at) {
            // What a host without power knew of its connections is gone when it is back.
            network.streams.forget(addr.ip());
        } else if !dark {
            self.dark.remove(&at);
        }
        proxy.set_mood(self.mood(at));
        match (dead, self.dead.contains(&at)) {
            (true, false) => {
                self.dead.insert(at);
                proxy.restart();
                network.kill(addr, now);
            }
            (false, true) => {
                self.dead.remove(&at);
                network.revive(addr);
            }
            (true, true) | (false, false) => {}
        }
        match (frozen && !dead, self.frozen.contains(&at)) {
            (true, false) => {
                self.frozen.insert(at);
                network.hold(addr);
            }
            (false, true) => {
                self.frozen.remove(&at);
                network.release(addr);
            }
            (true, true) | (false, false) => {}
        }
        let refuses = dead || self.has(FaultKind::Refuses(at));
        for transport in [Transport::Tcp, Transport::Tls] {
            network.set_listening(tls::at(transport, addr), self.listens && !refuses);
        }
    }

    fn mood(&self, at: usize) -> Mood {
        let mut mood = Mood::Serving;
        for kind in self.kinds() {
            if let FaultKind::Overloaded(p, retry_after) = kind
                && p == at
            {
                mood = Mood::Overloaded(retry_after);
            } else if kind == FaultKind::Broken(at) {
                mood = Mood::Broken;
            }
        }
        mood
    }

    fn apply_pair(
        &self,
        network: &mut Network,
        (phone, phone_addr): (usize, SocketAddr),
        (proxy, proxy_addr): (usize, SocketAddr),
    ) {
        let cut = self.has(FaultKind::Cut(phone, proxy));
        let tcp = !self.has(FaultKind::NoTcp(proxy));
        let up = !cut && !self.has(FaultKind::Mute(phone, proxy));
        let down = !cut && !self.has(FaultKind::Deaf(phone, proxy));
        network.set_way(phone_addr, proxy_addr, up, up && tcp);
        network.set_way(proxy_addr, phone_addr, down, down && tcp);
    }

    /// Lets happen what happens to all connections of a proxy in one moment. A stopped or dead
    /// process does nothing.
    fn apply_moments(&mut self, network: &mut Network, proxies: &mut [Proxy], now: Instant) {
        let due: Vec<(usize, FaultKind)> = self
            .active
            .iter()
            .filter(|(number, kind)| kind.is_momentary() && !self.happened.contains(number))
            .map(|(number, kind)| (*number, *kind))
            .collect();
        for (number, kind) in due {
            self.happened.insert(number);
            let Some(at) = kind.of_connections().filter(|at| !self.frozen.contains(at)) else {
                continue;
            };
            let Some(proxy) = proxies.get_mut(at) else { continue };
            let host = proxy.identity().addr.ip();
            if kind == FaultKind::Forgets(at) {
                network.streams.forget(host);
                continue;
            }
            if kind == FaultKind::Expires(at) {
                network.streams.swallow(host);
                continue;
            }
            for pair in network.streams.of(host) {
                match kind == FaultKind::Resets(at) {
                    true => network.streams.end(pair, now),
                    false => network.streams.close(pair, now),
                }
                proxy.handle_over(pair);
            }
        }
    }
}

/// Which fault hides the end of which withdrawals from whom: one that keeps a phone from asking when
/// the end comes, or begins before the phone must have asked again, and so on to the last of a row.
fn hides(plan: &Plan) -> BTreeMap<usize, Vec<(usize, usize)>> {
    let within = relearnt(plan);
    let mut hides: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (number, fault) in plan.faults.iter().enumerate() {
        if !matches!(fault.kind, FaultKind::Withdraws(_)) {
            continue;
        }
        for phone in 0..plan.phones {
            let (mut end, mut last) = (fault.at + fault.lasts, None);
            while let Some((next, longer)) = plan.faults.iter().enumerate().find(|(_, other)| {
                keeps_from_asking(other.kind, phone)
                    && other.at <= end + within
                    && other.at + other.lasts > end
            }) {
                (end, last) = (longer.at + longer.lasts, Some(next));
            }
            if let Some(last) = last {
                hides.entry(last).or_default().push((phone, number));
            }
        }
    }
    hides
}

/// Whether a phone learns nothing from its name servers while this lasts.
fn keeps_from_asking(kind: FaultKind, phone: usize) -> bool {
    use FaultKind::{NamesDead, NamesDenied, Off, Unlinked};
    matches!(kind, NamesDead | NamesDenied) || kind == Off(phone) || kind == Unlinked(phone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use netem::{Ending, News, Pair};
    use std::time::Duration;

    fn fault(kind: FaultKind) -> Fault {
        Fault { at: Duration::ZERO, lasts: Duration::ZERO, kind }
    }

    #[test]
    fn a_proxy_serves_again_only_when_its_last_fault_ends() {
        let mut faults = Faults::default();
        faults.begin(0, &fault(FaultKind::Dead(0)));
        faults.begin(1, &fault(FaultKind::Dark(0)));
        faults.end(0);
        assert!(!faults.serves(0, 0) && faults.serves(1, 0));
        faults.end(1);
        assert!(faults.serves(0, 0));
    }

    #[test]
    fn a_parted_pair_concerns_that_phone_only_and_foul_weather_everybody() {
        let mut faults = Faults::default();
        faults.begin(0, &fault(FaultKind::Mute(1, 0)));
        assert!(faults.serves(0, 0) && !faults.serves(0, 1) && faults.serves(1, 1));
        faults.begin(1, &fault(FaultKind::Weather(Link::PERFECT)));
        assert!(!faults.serves(0, 0) && faults.is_foul());
    }

    #[test]
    fn what_befalls_connections_concerns_only_the_lines_that_have_any() {
        let mut plan = Plan::draw(1);
        plan.phones = 2;
        plan.orders = vec![vec![0, 1]; 2];
        plan.transports = vec![vec![Transport::Udp; 2], vec![Transport::Tcp, Transport::Udp]];
        let mut faults = Faults::new(&plan);
        faults.begin(0, &fault(FaultKind::NoTcp(0)));
        assert!(faults.serves(0, 0) && !faults.serves(0, 1) && faults.serves(1, 1));
        assert!(!faults.keeps(0, 1));
        faults.end_all();
        faults.begin(1, &fault(FaultKind::Refuses(1)));
        assert!(faults.serves(1, 1), "the line speaks UDP there");
        assert!(!faults.passes(1, 1), "a call for it may come over TCP");
        faults.begin(2, &fault(FaultKind::Refuses(0)));
        assert!(!faults.serves(0, 1) && faults.keeps(0, 1), "what is there goes on");
    }

    /// Whole day 4365: a phone that was switched off when its primary came back into DNS was switched on
    /// while DNS was dead, and went by the answers that it had kept.
    #[test]
    fn who_was_off_while_it_could_have_asked_must_still_believe_what_it_knew() {
        let mut plan = Plan::draw(1);
        plan.phones = 2;
        plan.names = Some(Duration::from_secs(60));
        let seconds = Duration::from_secs;
        let fault = |at, lasts, kind| Fault { at: seconds(at), lasts: seconds(lasts), kind };
        plan.faults = vec![
            fault(100, 100, FaultKind::Withdraws(0)),
            fault(150, 2_000, FaultKind::Off(1)),
            fault(2_000, 1_000, FaultKind::NamesDead),
        ];
        let mut faults = Faults::new(&plan);
        faults.begin(0, &plan.faults[0]);
        faults.begin(1, &plan.faults[1]);
        faults.end(0);
        assert!(faults.serves(0, 0), "the other could ask");
        faults.begin(2, &plan.faults[2]);
        faults.end(1);
        assert!(faults.serves(0, 0) && faults.serves(1, 1));
        assert!(!faults.serves(0, 1));
        faults.end(2);
        assert!(faults.serves(0, 1));
    }

    #[test]
    fn who_cannot_ask_cannot_learn_that_a_proxy_is_back() {
        let mut plan = Plan::draw(1);
        plan.phones = 1;
        plan.names = Some(Duration::from_secs(60));
        let seconds = Duration::from_secs;
        let fault = |at, lasts, kind| Fault { at: seconds(at), lasts: seconds(lasts), kind };
        plan.faults = vec![
            fault(100, 100, FaultKind::Withdraws(0)),
            fault(190, 100, FaultKind::NamesDenied),
            fault(350, 100, FaultKind::NamesDead),
            fault(2_000, 100, FaultKind::NamesDead),
        ];
        let mut faults = Faults::new(&plan);
        let mut then = |begins: bool, number: usize| {
            match begins {
                true => faults.begin(number, &plan.faults[number]),
                false => faults.end(number),
            }
            faults.serves(0, 0)
        };
        assert!(!then(true, 0) && !then(true, 1) && !then(false, 0));
        assert!(!then(false, 1), "nobody needs to have asked before the next failure");
        assert!(!then(true, 2) && then(false, 2));
        assert!(then(true, 3), "by now everybody has");
    }

    #[test]
    fn a_proxy_that_resets_its_connections_does_so_once() {
        let plan = Plan::draw(1);
        let start = Instant::now();
        let mut network = Network::new(Link::PERFECT, [1, 2]);
        let mut proxies = vec![Proxy::new(0, &plan.proxies)];
        let (phone, proxy) = (SocketAddr::from(([10, 0, 1, 1], 5060)), proxies[0].identity().addr);
        let pair = Pair { local: phone, remote: proxy };
        let mut faults = Faults { listens: true, ..Faults::default() };
        let connects = |network: &mut Network| {
            network.streams.connect(pair, start);
            network.handle_timeout(start);
        };
        faults.apply(&mut network, &mut proxies, &[phone], Link::PERFECT, start);
        connects(&mut network);
        faults.begin(0, &fault(FaultKind::Resets(0)));
        faults.apply(&mut network, &mut proxies, &[phone], Link::PERFECT, start);
        network.handle_timeout(start);
        let last = std::iter::from_fn(|| network.streams.poll_output()).last();
        assert_eq!(last, Some(News::Over(pair, Ending::Reset)));
        connects(&mut network);
        faults.apply(&mut network, &mut proxies, &[phone], Link::PERFECT, start);
        assert!(network.streams.is_sound(pair));
    }

    #[test]
    fn a_killed_proxy_answers_with_icmp_and_a_frozen_one_with_everything_at_once() {
        let plan = Plan::draw(1);
        let start = Instant::now();
        let mut network = Network::new(Link::PERFECT, [1, 2]);
        let mut proxies = vec![Proxy::new(0, &plan.proxies)];
        let (phone, proxy) = (SocketAddr::from(([10, 0, 1, 1], 5060)), proxies[0].identity().addr);
        let mut faults = Faults::default();
        let mut seen = |faults: &mut Faults, send: usize| {
            faults.apply(&mut network, &mut proxies, &[phone], Link::PERFECT, start);
            for _ in 0..send {
                network.wire.send(phone, proxy, Vec::new().into(), start);
            }
            network.handle_timeout(start);
            std::iter::from_fn(|| network.wire.poll_output()).count()
        };
        faults.begin(0, &fault(FaultKind::Frozen(0)));
        assert_eq!(seen(&mut faults, 3), 0);
        faults.end_all();
        assert_eq!(seen(&mut faults, 0), 3);
        faults.begin(1, &fault(FaultKind::Dead(0)));
        assert_eq!(seen(&mut faults, 1), 1);
        assert_eq!(network.wire.counts().unreachable, 1);
    }
}
