//! The table of connections: which are open or being opened to whom, and what is known of each.
//!
//! A connection is known by its hop: the server's address where we opened it, the peer's own where
//! we accepted it. This file keeps the table and cuts streams into messages; what follows when a
//! connection cannot be had or is lost is decided in `connection`. The shell opens and closes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip_core::message::stream::{Frame, StreamError, StreamReader};
use sip_core::message::{Message, ReadError};
use sip_core::transport::Hop;

use crate::limits;

/// The least and the greatest part of a Flow-Timer, in thousandths, after which a ping goes out
/// (RFC 5626 §4.4).
const FLOW_TIMER_SHARE: (u32, u32) = (800, 1000);

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// TCP and TLS are being set up, until then at the latest.
    Opening { until: Instant },
    /// Messages pass.
    Open,
}

/// The CRLF pings of a connection that we opened (RFC 5626 §4.4.1).
#[derive(Clone, Copy, Debug, Default)]
struct Pings {
    last: Option<Instant>,
    /// The oldest one that waits for its pong.
    waiting_since: Option<Instant>,
    /// The peer has answered one: silence is proof (failover design §2).
    proven: bool,
    /// The part of a Flow-Timer, in thousandths, after which the next one goes out.
    share: Option<u32>,
}

/// How often a connection is pinged.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rhythm {
    /// As the lines want it that are registered by it.
    pub(crate) every: Option<Duration>,
    /// How long its server waits for a sign of life (RFC 5626 §4.4: a ping after 80 to 100 % of it).
    pub(crate) flow_timer: Option<Duration>,
}

impl Rhythm {
    /// What is often enough for both.
    pub(crate) fn and(self, other: Self) -> Self {
        let shorter = |one: Option<Duration>, two| one.into_iter().chain(two).min();
        Self {
            every: shorter(self.every, other.every),
            flow_timer: shorter(self.flow_timer, other.flow_timer),
        }
    }
}

/// One connection.
#[derive(Clone, Debug)]
struct Flow {
    stage: Stage,
    accepted: bool,
    local: SocketAddr,
    /// Names that its certificate was, or is being, held against.
    names: Vec<String>,
    reader: StreamReader,
    pings: Pings,
    opened: Instant,
    heard: Option<Instant>,
    used: Instant,
    /// A request on it met silence and nothing has come since.
    stale: bool,
}

/// What a stream has brought.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    pub(crate) messages: Vec<Result<Message, ReadError>>,
    /// The peer wants a pong; one is enough for all pings of one read.
    pub(crate) pinged: bool,
    /// Nothing more can be read from it.
    pub(crate) broken: Option<StreamError>,
}

/// What is due on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It was not set up in time.
    NotOpened,
    /// A pong did not come although the peer has answered pings before.
    NoPong,
    /// Nothing needs it any more.
    Idle,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flows {
    table: BTreeMap<Hop, Flow>,
}

impl Flows {
    /// Adds a connection that is being opened; `false` where there is no room.
    pub(crate) fn open(
        &mut self,
        hop: Hop,
        local: SocketAddr,
        names: Vec<String>,
        within: Duration,
        now: Instant,
    ) -> bool {
        let stage = Stage::Opening { until: now + within };
        self.insert(hop, Flow::new(stage, false, local, names, now))
    }

    /// Adds one that the peer has opened.
    pub(crate) fn accept(&mut self, hop: Hop, local: SocketAddr, now: Instant) -> bool {
        self.insert(hop, Flow::new(Stage::Open, true, local, Vec::new(), now))
    }

    fn insert(&mut self, hop: Hop, flow: Flow) -> bool {
        let room = self.table.len() < limits::FLOWS || self.table.contains_key(&hop);
        if room {
            self.table.insert(hop, flow);
        }
        room
    }

    /// TCP and TLS are set up; `false` where nobody waits for that.
    pub(crate) fn opened(&mut self, hop: Hop, now: Instant) -> bool {
        let Some(flow) = self.table.get_mut(&hop) else { return false };
        flow.stage = Stage::Open;
        (flow.opened, flow.used) = (now, now);
        true
    }

    /// Forgets one; whether we had opened it, `None` where there was none.
    pub(crate) fn remove(&mut self, hop: Hop) -> Option<bool> {
        self.table.remove(&hop).map(|flow| !flow.accepted)
    }

    pub(crate) fn has(&self, hop: Hop) -> bool {
        self.table.contains_key(&hop)
    }

    pub(crate) fn is_open(&self, hop: Hop) -> bool {
        self.table.get(&hop).is_some_and(|flow| flow.stage == Stage::Open)
    }

    /// Our address on it.
    pub(crate) fn local(&self, hop: Hop) -> Option<SocketAddr> {
        self.table.get(&hop).map(|flow| flow.local)
    }

    /// Whether a request from this address of ours, to a server of these names, may go over the
    /// connection that there is. One that met silence is not worth another request.
    ///
    /// `verified`: only one whose certificate we have verified will do.
    pub(crate) fn serves(
        &self,
        hop: Hop,
        local: SocketAddr,
        names: &[String],
        verified: bool,
    ) -> bool {
        self.table.get(&hop).is_some_and(|flow| {
            if flow.accepted {
                return !verified;
            }
            let named = names.iter().all(|name| flow.names.contains(name));
            named && !flow.stale && flow.local.ip() == local.ip()
        })
    }

    /// Whether nothing has come for so long over one that we opened.
    pub(crate) fn is_unheard(&self, hop: Hop, span: Duration, now: Instant) -> bool {
        self.table.get(&hop).is_some_and(|flow| {
            flow.stage == Stage::Open && !flow.accepted && flow.last_sign() + span <= now
        })
    }

    /// Takes octets off the stream.
    pub(crate) fn feed(&mut self, hop: Hop, octets: &[u8], now: Instant) -> Brought {
        let mut brought = Brought::default();
        let Some(flow) = self.table.get_mut(&hop) else { return brought };
        (flow.heard, flow.used, flow.stale) = (Some(now), now, false);
        flow.reader.feed(octets);
        loop {
            match flow.reader.next_frame() {
                Ok(Some(Frame::Message(message))) => brought.messages.push(*message),
                Ok(Some(Frame::Ping)) => brought.pinged = true,
                Ok(Some(Frame::Pong)) => {
                    flow.pings.proven |= flow.pings.waiting_since.is_some();
                    flow.pings.waiting_since = None;
                }
                Ok(None) => return brought,
                Err(error) => {
                    brought.broken = Some(error);
                    return brought;
                }
            }
        }
    }

    /// Something of ours is written to it.
    pub(crate) fn note_use(&mut self, hop: Hop, now: Instant) {
        if let Some(flow) = self.table.get_mut(&hop) {
            flow.used = now;
        }
    }

    /// A request there met silence: with nothing heard for so long, its connection may be half open.
    /// One that is younger than that is another than the request went over at first.
    pub(crate) fn note_silence(&mut self, hop: Hop, waited: Duration, now: Instant) {
        if let Some(flow) = self.table.get_mut(&hop) {
            flow.stale |= flow.stage == Stage::Open && flow.last_sign() + waited <= now;
        }
    }

    /// This one is not to be relied on.
    pub(crate) fn doubt(&mut self, hop: Hop) {
        if let Some(flow) = self.table.get_mut(&hop) {
            flow.stale = true;
        }
    }

    /// Our network has changed: none of the connections that we opened is to be relied on.
    pub(crate) fn doubt_all(&mut self) {
        for flow in self.table.values_mut() {
            flow.stale |= flow.stage == Stage::Open;
        }
    }

    /// When the next ping of a connection is due; never on one that we did not open.
    pub(crate) fn next_ping(&self, hop: Hop, rhythm: Rhythm) -> Option<Instant> {
        let flow = self.table.get(&hop)?;
        let share = flow.pings.share.unwrap_or(FLOW_TIMER_SHARE.0);
        let timer = rhythm.flow_timer.map(|timer| timer * share / 1000);
        let every = rhythm.every.into_iter().chain(timer).min()?;
        let open = flow.stage == Stage::Open && !flow.accepted;
        open.then(|| flow.pings.last.map_or(flow.opened, |last| last + every))
    }

    /// Whether the part of its Flow-Timer is still to be drawn after which the next ping goes out.
    pub(crate) fn lacks_share(&self, hop: Hop) -> bool {
        self.table.get(&hop).is_some_and(|flow| flow.pings.share.is_none())
    }

    /// Draws it from a random number.
    pub(crate) fn draw_share(&mut self, hop: Hop, random: u32) {
        let (least, most) = FLOW_TIMER_SHARE;
        if let Some(flow) = self.table.get_mut(&hop) {
            flow.pings.share = Some(least + random % (most - least + 1));
        }
    }

    /// A ping is sent.
    pub(crate) fn note_ping(&mut self, hop: Hop, now: Instant) {
        if let Some(flow) = self.table.get_mut(&hop) {
            flow.pings.last = Some(now);
            flow.pings.share = None;
            flow.pings.waiting_since.get_or_insert(now);
        }
    }

    /// What is due by now. `keep` says which connections do not end for being idle.
    pub(crate) fn due(&mut self, keep: impl Fn(Hop) -> bool, now: Instant) -> Vec<(Hop, Due)> {
        let mut all = Vec::new();
        for (hop, flow) in &mut self.table {
            if let Some(due) = flow.due(keep(*hop), now) {
                all.push((*hop, due));
            }
        }
        all
    }

    /// When [`Self::due`] is to be asked next, and why.
    pub(crate) fn poll_timeout(
        &self,
        keep: impl Fn(Hop) -> bool,
    ) -> Option<(Instant, &'static str)> {
        let timers = self.table.iter().flat_map(|(hop, flow)| flow.timers(keep(*hop)));
        timers.min_by_key(|(at, _)| *at)
    }

    /// Those that are open, the accepted ones too.
    pub(crate) fn hops(&self) -> Vec<Hop> {
        self.table.keys().copied().collect()
    }
}

impl Flow {
    fn new(
        stage: Stage,
        accepted: bool,
        local: SocketAddr,
        names: Vec<String>,
        now: Instant,
    ) -> Self {
        Self {
            stage,
            accepted,
            local,
            names,
            reader: StreamReader::new(),
            pings: Pings::default(),
            opened: now,
            heard: None,
            used: now,
            stale: false,
        }
    }

    /// When the peer has last shown that it is there.
    fn last_sign(&self) -> Instant {
        self.heard.map_or(self.opened, |heard| heard.max(self.opened))
    }

    fn due(&mut self, keep: bool, now: Instant) -> Option<Due> {
        if let Stage::Opening { until } = self.stage {
            return (until <= now).then_some(Due::NotOpened);
        }
        if let Some(since) = self.pings.waiting_since.filter(|at| *at + limits::PONG <= now) {
            self.pings.waiting_since = None;
            // Whatever else has come since shows that the peer lives.
            if self.pings.proven && self.heard.is_none_or(|heard| heard < since) {
                return Some(Due::NoPong);
            }
        }
        (!keep && self.used + limits::FLOW_IDLE <= now).then_some(Due::Idle)
    }

    fn timers(&self, keep: bool) -> impl Iterator<Item = (Instant, &'static str)> {
        let opening = match self.stage {
            Stage::Opening { until } => Some((until, "flow: set-up")),
            Stage::Open => None,
        };
        let open = opening.is_none();
        let pong = self.pings.waiting_since.map(|at| (at + limits::PONG, "flow: pong"));
        let idle = (open && !keep).then(|| (self.used + limits::FLOW_IDLE, "flow: idle"));
        opening.into_iter().chain(pong.filter(|_| open)).chain(idle)
    }
}
