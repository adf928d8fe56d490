//! What will happen in a world, drawn from its seed before it begins: how its proxies and lines are
//! set up, what people mean to do, what breaks and for how long. A plan is data: it can be printed,
//! and a fault or an errand can be left out to see whether a failure needs it.

mod draw;

use std::time::Duration;

use netem::Link;
use phone::settings::Dtmf;
use sip_core::transport::Transport;

use crate::tls::Conduct;

/// How a pair of proxies keeps itself in the way of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// One Record-Route entry with its address.
    ByAddress,
    /// One Record-Route entry with its name.
    ByName,
    /// Two entries marked `r2=on`: its address and its name, as Kamailio does between networks.
    ByPair,
    /// None at all: phones talk to each other directly once the call is up.
    Absent,
    /// No Record-Route; Contacts are rewritten to lead to the proxy itself, as a B2BUA's.
    AsContact,
}

/// The proxies of a world. They share one location table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyStyle {
    /// How many.
    pub count: usize,
    /// How they stay in a dialog.
    pub presence: Presence,
    /// Whether each takes a Route entry of another for its own.
    pub aliases: bool,
    /// Whether REGISTER is challenged (401).
    pub challenge_register: bool,
    /// Whether calls are challenged (407).
    pub challenge_calls: bool,
    /// Whether OPTIONS is answered at all.
    pub answers_options: bool,
    /// How long a proxy waits for a callee's sign of life before it answers 408.
    pub patience: Duration,
    /// How long a nonce is good for; after that it is stale.
    pub nonce_life: Duration,
    /// How it deals with connections.
    pub tcp: TcpStyle,
}

/// How the proxies of a world deal with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpStyle {
    /// Whether they take any.
    pub listens: bool,
    /// Whether what is for a host goes over any connection with it (RFC 5923); otherwise only over
    /// one with the very port that the Contact names, or a new one.
    pub reuses: bool,
    /// Whether CRLF pings are answered (RFC 5626 §4.4.1).
    pub answers_pings: bool,
}

/// The lines of a world: one for each phone, alike but for user and order of hops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineStyle {
    /// Whether the hops are outbound proxies; otherwise they are SIP Server 1 and 2.
    pub outbound: bool,
    /// Transmissions of a request at a hop that is not the last.
    pub retry_counts: u8,
    /// V2 mode: the time instead.
    pub retry_time: Option<Duration>,
    /// Register failback and its interval.
    pub failback: Option<Duration>,
    /// Signal failback.
    pub signal_failback: bool,
    /// OPTIONS keep-alive; `None` is off.
    pub keep_alive: Option<Duration>,
    /// Registration expiry asked for.
    pub expiry: Duration,
    /// REGISTER before an INVITE where the line is not registered.
    pub register_first: bool,
    /// Longest ringing of an outgoing call.
    pub ring_limit: Duration,
    /// Silence after which a call ends.
    pub media_timeout: Duration,
    /// Session timer that calls ask for.
    pub session_timer: Option<Duration>,
    /// How digits are sent.
    pub dtmf: Dtmf,
}

/// What one person means to do: call another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// When, from the start.
    pub at: Duration,
    /// Which phone.
    pub from: usize,
    /// Whose number.
    pub to: usize,
    /// How long it rings before it is answered; `None`: it is not.
    pub answer_after: Option<Duration>,
    /// Refused rather than answered.
    pub reject: bool,
    /// How long the caller lets it ring.
    pub patience: Duration,
    /// How long they talk.
    pub talk: Duration,
    /// Who hangs up: the caller, or else the callee.
    pub caller_hangs_up: bool,
    /// The caller holds and takes back in between.
    pub hold: bool,
    /// The callee presses keys in between.
    pub keys: bool,
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The proxy's process is killed: its port answers with ICMP; it forgets its transactions.
    Dead(usize),
    /// The proxy's process is stopped; on thaw it answers all that has queued.
    Frozen(usize),
    /// The proxy's host has lost power: silence.
    Dark(usize),
    /// The proxy answers everything with 503, with this Retry-After in seconds if any.
    Overloaded(usize, Option<u32>),
    /// The proxy answers everything with 500.
    Broken(usize),
    /// Nothing passes between a phone and a proxy.
    Cut(usize, usize),
    /// What a phone sends to a proxy is lost.
    Mute(usize, usize),
    /// What a proxy sends to a phone is lost.
    Deaf(usize, usize),
    /// A phone's own network is gone, and it knows.
    Unlinked(usize),
    /// A phone has lost power; when it is back it is a new phone with the same settings.
    Off(usize),
    /// Every link is like this.
    Weather(Link),
    /// A firewall drops TCP between the phones and the proxy, datagrams pass.
    NoTcp(usize),
    /// The proxy takes no connection; those that are there go on, and so do datagrams.
    Refuses(usize),
    /// The proxy resets all its connections, at once.
    Resets(usize),
    /// The proxy closes all its connections, at once.
    HangsUp(usize),
    /// The proxy's host forgets its connections, at once; nobody is told.
    Forgets(usize),
    /// A NAT or firewall forgets the connections with the proxy, at once: what is sent over them
    /// vanishes.
    Expires(usize),
    /// The proxy deals with TLS handshakes like this; connections that are there go on.
    Handshakes(usize, Conduct),
    /// No name server answers.
    NamesDead,
    /// The name servers deny every name.
    NamesDenied,
    /// The proxy is in no answer of DNS; it serves on.
    Withdraws(usize),
}

impl FaultKind {
    /// Whether it is over as soon as it has happened.
    #[must_use]
    pub fn is_momentary(self) -> bool {
        matches!(self, Self::Resets(_) | Self::HangsUp(_) | Self::Forgets(_) | Self::Expires(_))
    }

    /// The proxy whose connections alone are concerned.
    #[must_use]
    pub fn of_connections(self) -> Option<usize> {
        use FaultKind::{Expires, Forgets, Handshakes, HangsUp, NoTcp, Refuses, Resets};
        match self {
            NoTcp(proxy)
            | Refuses(proxy)
            | Resets(proxy)
            | HangsUp(proxy)
            | Forgets(proxy)
            | Expires(proxy)
            | Handshakes(proxy, _) => Some(proxy),
            Self::Dead(_)
            | Self::Frozen(_)
            | Self::Dark(_)
            | Self::Overloaded(..)
            | Self::Broken(_)
            | Self::Cut(..)
            | Self::Mute(..)
            | Self::Deaf(..)
            | Self::Unlinked(_)
            | Self::Off(_)
            | Self::Weather(_)
            | Self::NamesDead
            | Self::NamesDenied
            | Self::Withdraws(_) => None,
        }
    }
}

/// One fault with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// When it begins, from the start.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub kind: FaultKind,
}

/// All that happens in a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// How many phones.
    pub phones: usize,
    /// The proxies.
    pub proxies: ProxyStyle,
    /// The lines.
    pub line: LineStyle,
    /// Each phone's order of proxies, best first.
    pub orders: Vec<Vec<usize>>,
    /// How each phone speaks to the proxies of its order.
    pub transports: Vec<Vec<Transport>>,
    /// Each phone's server is one name, which leads to its proxies; answers live so long. `None`: the
    /// proxies are configured by address.
    pub names: Option<Duration>,
    /// Whether the hops were configured by the names that the proxies give themselves.
    pub names_known: bool,
    /// How much of a refused datagram ICMP quotes, in bytes.
    pub quoted: usize,
    /// The link of every pair in fair weather: delay and jitter, no loss.
    pub link: Link,
    /// Faults in order of time; all end with the chaos.
    pub faults: Vec<Fault>,
    /// Errands in order of time.
    pub errands: Vec<Errand>,
    /// A person presses "register" at this phone at this time.
    pub registers: Vec<(Duration, usize)>,
    /// A person submits this phone's settings at this time: the same ones, or with shorter
    /// intervals.
    pub submits: Vec<(Duration, usize, bool)>,
    /// Stale answers are played back to phones at these times.
    pub floods: Vec<Duration>,
    /// How long things go on breaking; after that everything is mended.
    pub chaos: Duration,
}

impl Plan {
    /// Whether any phone has connections with its proxies.
    #[must_use]
    pub fn any_tcp(&self) -> bool {
        self.transports.iter().flatten().any(|transport| *transport != Transport::Udp)
    }

    /// Whether any of these connections are secured.
    #[must_use]
    pub fn any_tls(&self) -> bool {
        self.transports.iter().flatten().any(|transport| *transport == Transport::Tls)
    }

    /// Whether a phone is to say nothing in the clear.
    #[must_use]
    pub fn is_secret(&self, phone: usize) -> bool {
        self.transports[phone].iter().all(|transport| *transport == Transport::Tls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_same_for_the_same_seed_and_sensible_for_any() {
        for seed in 0..500 {
            let plan = Plan::draw(seed);
            assert_eq!(plan, Plan::draw(seed));
            assert!(plan.errands.iter().all(|e| e.from != e.to && e.to < plan.phones));
            assert!(plan.orders.iter().all(|order| order.len() == plan.proxies.count));
            assert!(plan.transports.iter().all(|each| each.len() == plan.proxies.count));
            assert!(!plan.any_tcp() || plan.proxies.tcp.listens);
            assert!(plan.faults.iter().all(|f| f.at <= plan.chaos));
        }
    }

    #[test]
    fn some_worlds_speak_udp_some_tcp_some_tls_and_some_two_of_them() {
        let kinds = |plan: &Plan| {
            let all = plan.transports.iter().flatten().copied();
            all.collect::<std::collections::BTreeSet<Transport>>()
        };
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..1000 {
            *counts.entry(kinds(&Plan::draw(seed))).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 5, "TCP and TLS are never in one world: {counts:?}");
        assert!(counts.values().all(|count| *count > 50), "{counts:?}");
    }

    #[test]
    fn handshakes_fail_in_secured_worlds_and_in_each_way() {
        let mut conducts = Vec::new();
        for plan in (0..1000).map(Plan::draw) {
            for fault in &plan.faults {
                if let FaultKind::Handshakes(_, conduct) = fault.kind {
                    assert!(plan.any_tls());
                    conducts.push(conduct);
                }
            }
        }
        let shows = |conduct: &Conduct| matches!(conduct, Conduct::Shows(_));
        assert!(conducts.contains(&Conduct::Silent) && conducts.contains(&Conduct::Closes));
        assert!(conducts.iter().filter(|conduct| shows(conduct)).count() > 50);
    }

    #[test]
    fn some_worlds_have_names_and_their_lines_one_transport() {
        let named = || (0..300).map(Plan::draw).filter(|plan| plan.names.is_some());
        assert!(named().count() > 40);
        for plan in named() {
            assert!(plan.line.outbound);
            assert!(plan.transports.iter().all(|each| each.iter().all(|t| *t == each[0])));
        }
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(Plan::draw(1).errands, Plan::draw(2).errands);
    }
}
