//! Connections as their applications see them: what TCP makes of the same network that the wire
//! carries datagrams on.
//!
//! A connection is set up by a round trip and refused where nobody listens. What is written
//! arrives in order, cut into segments anywhere; what is lost is sent again after a growing wait
//! and given up after a patience (Linux: `TCP_USER_TIMEOUT`). A host that has lost its state knows
//! nothing of a connection and says so (RST) only when something comes: until then the other end
//! is half open. A SYN between ports that the other end believes connected ends that first
//! (RFC 5961 §4) and comes again. The ends of a stopped process are served by its host's kernel:
//! connections to it are set up and take octets, and it learns of all that when it goes on.
//!
//! Left out because no phone can tell: windows, congestion, delayed acknowledgements, the waiting of
//! closed ends. RST and FIN are sent once; where one is lost, the other end stays half open.

mod end;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::topology::Topology;
use crate::{Link, limits};
use end::{Due, End, Stage};

/// One end of a connection, named by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Whose end it is.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
}

impl Pair {
    /// The other end's name for the same connection.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { local: self.remote, remote: self.local }
    }
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nobody listens there.
    Refused,
    /// The other end, or its host, has reset it.
    Reset,
    /// The other end has closed it.
    Closed,
    /// What was written was not acknowledged in time.
    TimedOut,
}

/// What an application hears; `pair.local` is its own end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Somebody has opened a connection to it.
    Accepted(Pair),
    /// The connection that it asked for is there.
    Opened(Pair),
    /// Octets, in order.
    Octets(Pair, Vec<u8>),
    /// It is over, or cannot be had.
    Over(Pair, Ending),
}

impl News {
    /// Which end hears it.
    #[must_use]
    pub fn pair(&self) -> Pair {
        match self {
            Self::Accepted(pair)
            | Self::Opened(pair)
            | Self::Octets(pair, _)
            | Self::Over(pair, _) => *pair,
        }
    }
}

#[derive(Debug, Clone)]
enum Content {
    Syn,
    SynAck,
    Octets(u64, Vec<u8>),
    Ack(u64),
    Fin,
    Rst,
}

/// A segment on its way to `to.local`.
#[derive(Debug, Clone)]
struct Segment {
    to: Pair,
    incarnation: u64,
    content: Content,
}

/// All connections of a network. See the module.
#[derive(Debug, Clone)]
pub struct Streams {
    link: Link,
    patience: Duration,
    topology: Topology<IpAddr>,
    listening: BTreeSet<SocketAddr>,
    ends: BTreeMap<Pair, End>,
    in_flight: BTreeMap<(Instant, u64), Segment>,
    last: BTreeMap<Pair, Instant>,
    held: BTreeMap<IpAddr, VecDeque<News>>,
    /// Connections that the way has forgotten.
    swallowed: BTreeSet<u64>,
    news: VecDeque<News>,
    next: u64,
    rng: ChaCha8Rng,
}

impl Streams {
    /// A network with this link between all hosts, drawing from `seed`. An end gives up after
    /// `patience` without an acknowledgement. Nobody listens yet.
    #[must_use]
    pub fn new(link: Link, patience: Duration, seed: u64) -> Self {
        Self {
            link,
            patience,
            topology: Topology::default(),
            listening: BTreeSet::new(),
            ends: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            last: BTreeMap::new(),
            held: BTreeMap::new(),
            swallowed: BTreeSet::new(),
            news: VecDeque::new(),
            next: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Changes the link for what is sent from now on.
    pub fn set_link(&mut self, link: Link) {
        self.link = link;
    }

    /// From now on connections to `addr` are taken.
    pub fn listen(&mut self, addr: SocketAddr) {
        self.listening.insert(addr);
    }

    /// From now on connections to `addr` are refused; those that are there go on.
    pub fn stop_listening(&mut self, addr: SocketAddr) {
        self.listening.remove(&addr);
    }

    /// Drops what goes from one host to another; what is written meanwhile is sent again.
    pub fn partition_oneway(&mut self, from: IpAddr, to: IpAddr) {
        self.topology.cut(from, to);
    }

    /// Ends [`Self::partition_oneway`].
    pub fn repair_oneway(&mut self, from: IpAddr, to: IpAddr) {
        self.topology.mend(from, to);
    }

    /// Drops everything to and from a host, which keeps its ends.
    pub fn unplug(&mut self, host: IpAddr) {
        self.topology.unplug(host);
    }

    /// Ends [`Self::unplug`].
    pub fn plug(&mut self, host: IpAddr) {
        self.topology.plug(host);
    }

    /// Stops a host's processes: what they would hear waits until [`Self::release`].
    pub fn hold(&mut self, host: IpAddr) {
        self.held.entry(host).or_default();
    }

    /// Lets them go on.
    pub fn release(&mut self, host: IpAddr) {
        self.news.extend(self.held.remove(&host).unwrap_or_default());
    }

    /// The process behind all connections of a host ends, without hearing of it: the kernel resets
    /// them.
    pub fn kill(&mut self, host: IpAddr, now: Instant) {
        for pair in self.of(host) {
            self.end(pair, now);
        }
        if let Some(held) = self.held.get_mut(&host) {
            held.clear();
        }
    }

    /// A host forgets its connections: its processes hear that they are over, and nobody else hears
    /// anything.
    pub fn forget(&mut self, host: IpAddr) {
        for pair in self.of(host) {
            self.over(pair, Ending::Reset);
        }
    }

    /// A NAT or firewall before a host forgets its connections: from now on what is sent over them
    /// vanishes, and nobody hears anything. New ones pass.
    pub fn swallow(&mut self, host: IpAddr) {
        let alive = |number: &u64| self.ends.values().any(|end| end.incarnation == *number);
        self.swallowed.retain(alive);
        let of_host = self.ends.iter().filter(|(pair, _)| pair.local.ip() == host);
        self.swallowed.extend(of_host.map(|(_, end)| end.incarnation));
    }

    /// Ends whatever is half open, stuck or still being set up, and tells its owners: nothing of an
    /// earlier fault is left.
    pub fn clear(&mut self) {
        let unsound: Vec<Pair> =
            self.ends.keys().copied().filter(|pair| !self.is_sound(*pair)).collect();
        for pair in unsound {
            self.over(pair, Ending::Reset);
        }
    }

    /// Whether a host has such an end.
    #[must_use]
    pub fn has(&self, pair: Pair) -> bool {
        self.ends.contains_key(&pair)
    }

    /// The ends of a host.
    #[must_use]
    pub fn of(&self, host: IpAddr) -> Vec<Pair> {
        self.ends.keys().copied().filter(|pair| pair.local.ip() == host).collect()
    }

    /// Whether what is written there arrives at once: both ends are there, mean the same connection,
    /// and none waits for something that was lost.
    #[must_use]
    pub fn is_sound(&self, pair: Pair) -> bool {
        let (one, other) = (self.ends.get(&pair), self.ends.get(&pair.reversed()));
        one.zip(other).is_some_and(|(one, other)| {
            one.incarnation == other.incarnation
                && !self.swallowed.contains(&one.incarnation)
                && !one.is_stuck()
                && !other.is_stuck()
        })
    }

    /// Whether an end is there and waits for its connection to be set up.
    #[must_use]
    pub fn is_opening(&self, pair: Pair) -> bool {
        self.ends.get(&pair).is_some_and(|end| end.stage == Stage::Opening)
    }

    /// Opens a connection. One that `pair` names already ends, and nothing more is heard of it.
    pub fn connect(&mut self, pair: Pair, now: Instant) {
        self.end(pair, now);
        self.next += 1;
        let mut end = End::new(self.next, Stage::Opening);
        end.begin(now);
        self.send(
            Segment { to: pair.reversed(), incarnation: self.next, content: Content::Syn },
            now,
        );
        self.ends.insert(pair, end);
    }

    /// Writes to a connection that is there or being opened. Where there is none, nothing happens:
    /// that it is over is on its way to whoever writes.
    pub fn write(&mut self, pair: Pair, octets: &[u8], now: Instant) {
        match self.ends.get_mut(&pair).map(|end| end.write(octets)) {
            Some(true) => self.push(pair, now),
            Some(false) => self.over(pair, Ending::TimedOut),
            None => {}
        }
    }

    /// Ends a connection with a reset, as by `SO_LINGER` 0; its owner hears nothing.
    pub fn end(&mut self, pair: Pair, now: Instant) {
        self.finish(pair, Content::Rst, now);
    }

    /// Closes a connection; what was written and not acknowledged is lost. Its owner hears nothing.
    pub fn close(&mut self, pair: Pair, now: Instant) {
        self.finish(pair, Content::Fin, now);
    }

    fn finish(&mut self, pair: Pair, content: Content, now: Instant) {
        // What waits to be heard is of a connection that its owner has let go.
        self.news.retain(|news| news.pair() != pair);
        if let Some(held) = self.held.get_mut(&pair.local.ip()) {
            held.retain(|news| news.pair() != pair);
        }
        if let Some(end) = self.ends.remove(&pair) {
            self.send(Segment { to: pair.reversed(), incarnation: end.incarnation, content }, now);
        }
    }

    /// The next thing that an application hears.
    pub fn poll_output(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// When something next happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let arrival =
            self.in_flight.first_key_value().map(|((at, _), _)| (*at, "a segment arrives"));
        let retries = self.ends.values().filter_map(|end| end.deadline(self.patience)).min();
        arrival.into_iter().chain(retries.map(|at| (at, "a segment is sent again"))).min()
    }

    /// Lets happen what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(entry) = self.in_flight.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let segment = entry.remove();
            if self.topology.carries(segment.to.remote.ip(), segment.to.local.ip()) {
                self.arrive(segment, now);
            }
        }
        let patience = self.patience;
        let due: Vec<(Pair, u64, Due)> = self
            .ends
            .iter_mut()
            .filter_map(|(pair, end)| Some((*pair, end.incarnation, end.due(patience, now)?)))
            .collect();
        for (pair, incarnation, due) in due {
            let content = match due {
                Due::Syn => Content::Syn,
                Due::Octets(number, octets) => Content::Octets(number, octets),
                Due::GiveUp => {
                    self.over(pair, Ending::TimedOut);
                    continue;
                }
            };
            self.send(Segment { to: pair.reversed(), incarnation, content }, now);
        }
    }

    fn arrive(&mut self, segment: Segment, now: Instant) {
        let Segment { to, incarnation, content } = segment;
        let round_trip = self.round_trip();
        let known = self.ends.get_mut(&to).filter(|end| end.incarnation == incarnation);
        let Some(end) = known else {
            return match content {
                Content::Syn => self.arrive_syn(to, incarnation, now),
                Content::Rst | Content::Fin => {}
                Content::SynAck | Content::Octets(..) | Content::Ack(_) => {
                    self.answer(to, incarnation, Content::Rst, now);
                }
            };
        };
        match content {
            // It came before, and its answer was lost.
            Content::Syn => self.answer(to, incarnation, Content::SynAck, now),
            Content::Rst => {
                let opening = end.stage == Stage::Opening;
                self.over(to, if opening { Ending::Refused } else { Ending::Reset });
            }
            Content::Fin => self.over(to, Ending::Closed),
            Content::SynAck => {
                if end.stage == Stage::Opening {
                    end.opened();
                    self.tell(News::Opened(to));
                    self.push(to, now);
                }
            }
            Content::Octets(number, octets) => self.arrive_octets(to, number, &octets, now),
            Content::Ack(up_to) => {
                end.acknowledged(up_to, round_trip, now);
                self.push(to, now);
            }
        }
    }

    /// A SYN of a connection that is not known here.
    fn arrive_syn(&mut self, to: Pair, incarnation: u64, now: Instant) {
        match self.ends.get_mut(&to) {
            // Both have opened at the same time: one connection (RFC 9293 §3.5, figure 7).
            Some(end) if end.stage == Stage::Opening => {
                end.incarnation = end.incarnation.max(incarnation);
                end.opened();
                self.tell(News::Opened(to));
                self.push(to, now);
            }
            Some(_) => return self.over(to, Ending::Reset),
            None if self.listening.contains(&to.local) => {
                self.ends.insert(to, End::new(incarnation, Stage::Open));
                self.tell(News::Accepted(to));
            }
            None => return self.answer(to, incarnation, Content::Rst, now),
        }
        let incarnation = self.ends.get(&to).map_or(incarnation, |end| end.incarnation);
        self.answer(to, incarnation, Content::SynAck, now);
    }

    fn arrive_octets(&mut self, to: Pair, number: u64, octets: &[u8], now: Instant) {
        let Some(end) = self.ends.get_mut(&to) else { return };
        // The SYN's answer was lost: it comes again, and then these.
        if end.stage == Stage::Opening {
            return;
        }
        let new = end.receive(number, octets);
        let (incarnation, received) = (end.incarnation, end.received());
        if !new.is_empty() {
            self.tell(News::Octets(to, new));
        }
        self.answer(to, incarnation, Content::Ack(received), now);
    }

    /// Sends what is new at an end.
    fn push(&mut self, pair: Pair, now: Instant) {
        let round_trip = self.round_trip();
        while let Some(end) = self.ends.get_mut(&pair)
            && let Some((number, octets)) = end.next_segment(round_trip, now)
        {
            let incarnation = end.incarnation;
            let content = Content::Octets(number, octets);
            self.send(Segment { to: pair.reversed(), incarnation, content }, now);
        }
    }

    fn answer(&mut self, from: Pair, incarnation: u64, content: Content, now: Instant) {
        self.send(Segment { to: from.reversed(), incarnation, content }, now);
    }

    /// The longest way there and back.
    fn round_trip(&self) -> Duration {
        2 * (self.link.delay + self.link.jitter)
    }

    fn over(&mut self, pair: Pair, why: Ending) {
        if self.ends.remove(&pair).is_some() {
            self.tell(News::Over(pair, why));
        }
    }

    fn tell(&mut self, news: News) {
        match self.held.get_mut(&news.pair().local.ip()) {
            Some(held) => held.push_back(news),
            None => self.news.push_back(news),
        }
    }

    /// Puts a segment on its way. Segments of one direction keep their order: what reordering does
    /// to TCP is a retransmission more.
    fn send(&mut self, segment: Segment, now: Instant) {
        let (from, to) = (segment.to.remote.ip(), segment.to.local.ip());
        let transit = self.link.transit(&mut self.rng);
        let passes = self.topology.carries(from, to)
            && !self.swallowed.contains(&segment.incarnation)
            && self.in_flight.len() < limits::IN_FLIGHT;
        let Some(transit) = transit.filter(|_| passes) else { return };
        if self.last.len() >= limits::ORDERED_PAIRS {
            self.last.retain(|_, last| *last > now);
        }
        let last = self.last.entry(segment.to).or_insert(now);
        *last = (now + transit.time).max(*last);
        self.next += 1;
        self.in_flight.insert((*last, self.next), segment);
    }
}
