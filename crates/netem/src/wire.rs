//! The wire itself: the queue of what is on its way, and what happens where it arrives.
//!
//! A packet meets a cut twice: when it is sent and when it arrives, so a partition also takes what
//! was in flight. Holding and closing act where it arrives. Order between equal instants is the
//! order of sending.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::icmp::Allowances;
use crate::topology::Topology;
use crate::{IcmpLimit, Link, limits};

/// A payload that has reached its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<T> {
    /// Who sent it.
    pub from: SocketAddr,
    /// Whom it has reached.
    pub to: SocketAddr,
    /// What was sent.
    pub payload: T,
    /// When it was sent.
    pub sent: Instant,
}

/// ICMP port unreachable, as the sender of the refused datagram gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable<T> {
    /// The sender of what was refused: the endpoint that gets this message.
    pub to: SocketAddr,
    /// Where the refused datagram was bound.
    pub destination: SocketAddr,
    /// The refused datagram, quoted.
    pub payload: T,
}

/// What comes out of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<T> {
    /// A datagram arrived.
    Delivery(Delivery<T>),
    /// A datagram was refused by a closed port.
    Unreachable(Unreachable<T>),
}

/// What has become of everything sent so far. `sent + doubled` is the sum of the others and of
/// what is still in flight or held; `refused` counts datagrams, `unreachable` the ICMP messages
/// that reached their sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of [`Wire::send`].
    pub sent: u64,
    /// Second copies that the wire made.
    pub doubled: u64,
    /// Handed out by [`Wire::poll_output`] or ready for it.
    pub delivered: u64,
    /// Lost by chance, by a partition or at an unplugged endpoint.
    pub lost: u64,
    /// Turned away by a closed port.
    pub refused: u64,
    /// Dropped because a queue was full; see [`limits`].
    pub overflowed: u64,
    /// ICMP messages that reached the sender.
    pub unreachable: u64,
}

/// A lossy wire between endpoints. See the crate's page for an example.
#[derive(Debug, Clone)]
pub struct Wire<T> {
    link: Link,
    links: BTreeMap<(SocketAddr, SocketAddr), Link>,
    topology: Topology<SocketAddr>,
    icmp_limit: Option<IcmpLimit>,
    allowances: Allowances,
    in_flight: BTreeMap<(Instant, u64), Flight<T>>,
    sequence: u64,
    held: BTreeMap<SocketAddr, VecDeque<Delivery<T>>>,
    last: BTreeMap<(SocketAddr, SocketAddr), Instant>,
    outputs: VecDeque<Output<T>>,
    counts: Counts,
    rng: ChaCha8Rng,
}

#[derive(Debug, Clone)]
enum Flight<T> {
    Datagram(Delivery<T>),
    Icmp(Unreachable<T>),
}

impl<T: Clone> Wire<T> {
    /// A wire on which every pair has `link`, drawing from `seed`. ICMP is limited as by Linux.
    #[must_use]
    pub fn new(link: Link, seed: u64) -> Self {
        Self {
            link,
            links: BTreeMap::new(),
            topology: Topology::default(),
            icmp_limit: Some(IcmpLimit::LINUX),
            allowances: Allowances::default(),
            in_flight: BTreeMap::new(),
            sequence: 0,
            held: BTreeMap::new(),
            last: BTreeMap::new(),
            outputs: VecDeque::new(),
            counts: Counts::default(),
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Changes the link of every pair that has none of its own, for what is sent from now on.
    pub fn set_link(&mut self, link: Link) {
        self.link = link;
    }

    /// Gives one direction of one pair a link of its own.
    pub fn set_link_from_to(&mut self, from: SocketAddr, to: SocketAddr, link: Link) {
        self.links.insert((from, to), link);
    }

    /// Takes every pair's own link away again.
    pub fn clear_links(&mut self) {
        self.links.clear();
    }

    /// Limits how often a closed port answers; `None` means always.
    pub fn set_icmp_limit(&mut self, limit: Option<IcmpLimit>) {
        self.icmp_limit = limit;
    }

    /// Drops everything between `a` and `b`, in both directions, in flight or not, until
    /// [`Self::repair`].
    pub fn partition(&mut self, a: SocketAddr, b: SocketAddr) {
        self.topology.cut(a, b);
        self.topology.cut(b, a);
    }

    /// Ends [`Self::partition`] and [`Self::partition_oneway`] in both directions.
    pub fn repair(&mut self, a: SocketAddr, b: SocketAddr) {
        self.topology.mend(a, b);
        self.topology.mend(b, a);
    }

    /// Drops what goes from `from` to `to`; the other direction stays.
    pub fn partition_oneway(&mut self, from: SocketAddr, to: SocketAddr) {
        self.topology.cut(from, to);
    }

    /// Ends [`Self::partition_oneway`].
    pub fn repair_oneway(&mut self, from: SocketAddr, to: SocketAddr) {
        self.topology.mend(from, to);
    }

    /// Drops everything to and from `addr`, with no word to anybody: a host without power.
    pub fn unplug(&mut self, addr: SocketAddr) {
        self.topology.unplug(addr);
    }

    /// Ends [`Self::unplug`].
    pub fn plug(&mut self, addr: SocketAddr) {
        self.topology.plug(addr);
    }

    /// Closes the port: what arrives is answered with ICMP port unreachable. What was held for it
    /// is gone, as with the socket of a process that ends.
    pub fn close(&mut self, addr: SocketAddr) {
        self.topology.close(addr);
        if let Some(held) = self.held.remove(&addr) {
            self.counts.lost += held.len() as u64;
        }
    }

    /// Ends [`Self::close`].
    pub fn open(&mut self, addr: SocketAddr) {
        self.topology.open(addr);
    }

    /// Freezes `addr`: what arrives is kept in order (up to [`limits::HELD`]) until
    /// [`Self::release`], as for a process stopped by a signal.
    pub fn hold(&mut self, addr: SocketAddr) {
        self.held.entry(addr).or_default();
    }

    /// Thaws `addr`: everything kept is delivered at once, in the order of arrival.
    pub fn release(&mut self, addr: SocketAddr) {
        for delivery in self.held.remove(&addr).unwrap_or_default() {
            self.deliver(delivery);
        }
    }

    /// Mends every cut, plugs and opens every endpoint and releases every held one.
    pub fn heal(&mut self) {
        self.topology.heal();
        let held: Vec<SocketAddr> = self.held.keys().copied().collect();
        for addr in held {
            self.release(addr);
        }
    }

    /// Puts a datagram on the wire.
    pub fn send(&mut self, from: SocketAddr, to: SocketAddr, payload: T, now: Instant) {
        self.counts.sent += 1;
        let link = self.link_of(from, to);
        if link.doubles(&mut self.rng) {
            self.counts.doubled += 1;
            self.carry(link, Delivery { from, to, payload: payload.clone(), sent: now }, now);
        }
        self.carry(link, Delivery { from, to, payload, sent: now }, now);
    }

    /// The next thing that has arrived.
    pub fn poll_output(&mut self) -> Option<Output<T>> {
        self.outputs.pop_front()
    }

    /// When something next arrives.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.in_flight.first_key_value().map(|(&(at, _), flight)| {
            let why = match flight {
                Flight::Datagram(_) => "a datagram arrives",
                Flight::Icmp(_) => "an icmp message arrives",
            };
            (at, why)
        })
    }

    /// Lets everything arrive that is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(entry) = self.in_flight.first_entry() {
            let (at, _) = *entry.key();
            if at > now {
                return;
            }
            match entry.remove() {
                Flight::Datagram(delivery) => self.arrive(delivery, at),
                Flight::Icmp(message) => self.arrive_icmp(message),
            }
        }
    }

    /// What has become of everything sent so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Datagrams that are on their way or held.
    #[must_use]
    pub fn pending(&self) -> usize {
        let flying = self.in_flight.values().filter(|f| matches!(f, Flight::Datagram(_))).count();
        flying + self.held.values().map(VecDeque::len).sum::<usize>()
    }

    fn link_of(&self, from: SocketAddr, to: SocketAddr) -> Link {
        self.links.get(&(from, to)).copied().unwrap_or(self.link)
    }

    fn carry(&mut self, link: Link, delivery: Delivery<T>, now: Instant) {
        let pair = (delivery.from, delivery.to);
        let transit = link.transit(&mut self.rng);
        let Some(transit) = transit.filter(|_| self.topology.carries(pair.0, pair.1)) else {
            self.counts.lost += 1;
            return;
        };
        let mut at = now + transit.time;
        if transit.in_order {
            at = at.max(self.last.get(&pair).copied().unwrap_or(at));
            if self.last.len() >= limits::ORDERED_PAIRS {
                self.last.retain(|_, last| *last > now);
            }
            self.last.insert(pair, at);
        }
        if !self.enqueue(at, Flight::Datagram(delivery)) {
            self.counts.overflowed += 1;
        }
    }

    fn enqueue(&mut self, at: Instant, flight: Flight<T>) -> bool {
        if self.in_flight.len() >= limits::IN_FLIGHT {
            return false;
        }
        self.sequence += 1;
        self.in_flight.insert((at, self.sequence), flight);
        true
    }

    fn arrive(&mut self, delivery: Delivery<T>, at: Instant) {
        if !self.topology.carries(delivery.from, delivery.to) {
            self.counts.lost += 1;
        } else if self.topology.is_closed(delivery.to) {
            self.counts.refused += 1;
            self.refuse(delivery, at);
        } else if let Some(held) = self.held.get_mut(&delivery.to) {
            if held.len() < limits::HELD {
                held.push_back(delivery);
            } else {
                self.counts.overflowed += 1;
            }
        } else {
            self.deliver(delivery);
        }
    }

    fn deliver(&mut self, delivery: Delivery<T>) {
        self.counts.delivered += 1;
        self.outputs.push_back(Output::Delivery(delivery));
    }

    /// Answers a refused datagram, if the limit and the way back allow it.
    fn refuse(&mut self, refused: Delivery<T>, now: Instant) {
        let (closed, sender) = (refused.to, refused.from);
        let pair = (closed.ip(), sender.ip());
        if !self.allowances.take(pair, self.icmp_limit, now) {
            return;
        }
        let link = self.link_of(closed, sender);
        if let Some(transit) = link.transit(&mut self.rng) {
            let message = Unreachable { to: sender, destination: closed, payload: refused.payload };
            // A full queue loses an ICMP message like any other packet.
            let _queued = self.enqueue(now + transit.time, Flight::Icmp(message));
        }
    }

    fn arrive_icmp(&mut self, message: Unreachable<T>) {
        if self.topology.carries(message.destination, message.to) {
            self.counts.unreachable += 1;
            self.outputs.push_back(Output::Unreachable(message));
        }
    }
}
