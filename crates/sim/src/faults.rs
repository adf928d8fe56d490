//! The faults that are active now, and what they come to: a proxy may be dead twice over, and one
//! of two faults may end before the other. The state of the wire and of the proxies is worked out
//! anew from all active faults whenever one begins or ends.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use netem::{Link, Wire};

use crate::plan::{Fault, FaultKind};
use crate::proxy::{Mood, Proxy};

/// What the active faults come to.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    active: BTreeMap<usize, FaultKind>,
    frozen: BTreeSet<usize>,
    dead: BTreeSet<usize>,
}

impl Faults {
    /// A fault of the plan begins.
    pub fn begin(&mut self, number: usize, fault: &Fault) {
        self.active.insert(number, fault.kind);
    }

    /// It ends.
    pub fn end(&mut self, number: usize) {
        self.active.remove(&number);
    }

    /// All end.
    pub fn end_all(&mut self) {
        self.active.clear();
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
        self.kinds()
            .any(|kind| [Cut(phone, proxy), Mute(phone, proxy), Deaf(phone, proxy)].contains(&kind))
    }

    /// Whether a proxy serves a phone as if nothing had ever broken.
    pub fn serves(&self, proxy: usize, phone: usize) -> bool {
        !self.is_foul()
            && !self.is_unlinked(phone)
            && !self.is_off(phone)
            && !self.is_parted(phone, proxy)
            && !self.kinds().any(|kind| match kind {
                FaultKind::Dead(p)
                | FaultKind::Frozen(p)
                | FaultKind::Dark(p)
                | FaultKind::Overloaded(p, _)
                | FaultKind::Broken(p) => p == proxy,
                FaultKind::Cut(..)
                | FaultKind::Mute(..)
                | FaultKind::Deaf(..)
                | FaultKind::Unlinked(_)
                | FaultKind::Off(_)
                | FaultKind::Weather(_) => false,
            })
    }

    fn kinds(&self) -> impl Iterator<Item = FaultKind> {
        self.active.values().copied()
    }

    /// Makes the wire and the proxies as the active faults want them.
    pub fn apply(
        &mut self,
        wire: &mut Wire<Vec<u8>>,
        proxies: &mut [Proxy],
        phones: &[SocketAddr],
        fair: Link,
    ) {
        let weather = self.kinds().filter_map(|kind| {
            let FaultKind::Weather(link) = kind else { return None };
            Some(link)
        });
        wire.set_link(weather.last().unwrap_or(fair));
        let addrs: Vec<SocketAddr> = proxies.iter().map(|proxy| proxy.identity().addr).collect();
        for (at, proxy) in proxies.iter_mut().enumerate() {
            self.apply_proxy(wire, proxy, at);
            for (phone, addr) in phones.iter().enumerate() {
                self.apply_pair(wire, (phone, *addr), (at, addrs[at]));
            }
        }
        for (phone, addr) in phones.iter().enumerate() {
            if self.is_unlinked(phone) || self.is_off(phone) {
                wire.unplug(*addr)
            } else {
                wire.plug(*addr)
            }
        }
    }

    fn apply_proxy(&mut self, wire: &mut Wire<Vec<u8>>, proxy: &mut Proxy, at: usize) {
        let addr = proxy.identity().addr;
        let has = |wanted: FaultKind| self.kinds().any(|kind| kind == wanted);
        let (dead, frozen) = (has(FaultKind::Dead(at)), has(FaultKind::Frozen(at)));
        if has(FaultKind::Dark(at)) {
            wire.unplug(addr)
        } else {
            wire.plug(addr)
        }
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
        proxy.set_mood(mood);
        match (dead, self.dead.contains(&at)) {
            (true, false) => {
                self.dead.insert(at);
                proxy.restart();
                wire.close(addr);
            }
            (false, true) => {
                self.dead.remove(&at);
                wire.open(addr);
            }
            (true, true) | (false, false) => {}
        }
        match (frozen && !dead, self.frozen.contains(&at)) {
            (true, false) => {
                self.frozen.insert(at);
                wire.hold(addr);
            }
            (false, true) => {
                self.frozen.remove(&at);
                wire.release(addr);
            }
            (true, true) | (false, false) => {}
        }
    }

    fn apply_pair(
        &self,
        wire: &mut Wire<Vec<u8>>,
        (phone, phone_addr): (usize, SocketAddr),
        (proxy, proxy_addr): (usize, SocketAddr),
    ) {
        let has = |wanted: FaultKind| self.kinds().any(|kind| kind == wanted);
        let cut = has(FaultKind::Cut(phone, proxy));
        if cut || has(FaultKind::Mute(phone, proxy)) {
            wire.partition_oneway(phone_addr, proxy_addr);
        } else {
            wire.repair_oneway(phone_addr, proxy_addr);
        }
        if cut || has(FaultKind::Deaf(phone, proxy)) {
            wire.partition_oneway(proxy_addr, phone_addr);
        } else {
            wire.repair_oneway(proxy_addr, phone_addr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
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
    fn a_killed_proxy_answers_with_icmp_and_a_frozen_one_with_everything_at_once() {
        let plan = Plan::draw(1);
        let start = std::time::Instant::now();
        let mut wire = Wire::new(Link::PERFECT, 1);
        let mut proxies = vec![Proxy::new(0, &plan.proxies)];
        let (phone, proxy) = (SocketAddr::from(([10, 0, 1, 1], 5060)), proxies[0].identity().addr);
        let mut faults = Faults::default();
        let mut seen = |faults: &mut Faults, send: usize| {
            faults.apply(&mut wire, &mut proxies, &[phone], Link::PERFECT);
            for _ in 0..send {
                wire.send(phone, proxy, Vec::new(), start);
            }
            wire.handle_timeout(start);
            std::iter::from_fn(|| wire.poll_output()).count()
        };
        faults.begin(0, &fault(FaultKind::Frozen(0)));
        assert_eq!(seen(&mut faults, 3), 0);
        faults.end_all();
        assert_eq!(seen(&mut faults, 0), 3);
        faults.begin(1, &fault(FaultKind::Dead(0)));
        assert_eq!(seen(&mut faults, 1), 1);
        assert_eq!(wire.counts().unreachable, 1);
    }
}
