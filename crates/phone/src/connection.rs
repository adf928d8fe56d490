//! What follows when a connection is needed, made, lost, or silent (requirement A2; failover design
//! §1, the rows on TCP and TLS, and §2).
//!
//! Connections are opened on demand and kept. A request that waits for one has its patience from
//! when it is written. One that cannot be had, or breaks while an answer is awaited, fails those
//! requests at once; one that breaks while nothing is awaited is opened again to the same hop, with
//! a REGISTER of each line that is there. What that means for a line is the table's and the
//! machine's to say; this file only finds out whose it is.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use failover::{Cause, Evidence, TlsFault};
use sip_core::endpoint::{ClientId, Event as SipEvent, Output as SipOutput, Transmit};
use sip_core::transaction::Reliability;
use sip_core::transport::{Hop, Transport};

use crate::account::Account;
use crate::account::evidence::{Heard, Lesson};
use crate::core::Core;
use crate::flows::{Due, Rhythm};
use crate::input::{FlowFault, Undeliverable};
use crate::output::Output;
use crate::settings::LineNumber;
use crate::{Phone, limits};

/// What RFC 5626 §4.4.1 sends, and what answers it.
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";

impl FlowFault {
    /// What it is as evidence; `opening` tells whether the connection was still being set up.
    fn heard(self, opening: bool) -> Heard {
        let cause = match self {
            Self::Refused => Cause::TcpRefused,
            Self::Closed if opening => Cause::TcpRefused,
            Self::Closed => Cause::TcpClosed,
            Self::Reset => Cause::TcpReset,
            Self::TimedOut => Cause::TcpTimeout,
            Self::Tls(fault) => Cause::Tls(fault),
            Self::Unreachable(Undeliverable::Net) => Cause::IcmpNet,
            Self::Unreachable(Undeliverable::Protocol) => Cause::IcmpProtocol,
            Self::Unreachable(Undeliverable::Port) => Cause::IcmpPort,
            Self::Unreachable(Undeliverable::Prohibited) => Cause::IcmpProhibited,
            Self::Unreachable(
                Undeliverable::Host | Undeliverable::TooBig | Undeliverable::Soft,
            ) => Cause::IcmpHost,
            Self::Local | Self::Unreachable(Undeliverable::Local) => return Heard::LocalOutage,
        };
        Heard::Unreachable(cause)
    }
}

impl Core {
    /// Sends what the transaction layer wants sent, over a connection where the hop asks for one,
    /// unless a drill keeps it here.
    pub(crate) fn transmit(&mut self, transmit: Transmit, now: Instant) {
        if self.drills.keeps(&transmit) {
            return;
        }
        let Transmit { local, mut to, bytes, otherwise, client } = transmit;
        if to.transport.reliability() == Reliability::Reliable {
            if let Some(other) = otherwise.filter(|_| !self.flows.has(to) && !self.is_ours(to)) {
                // An address is no identity: over TLS only a configured server is written to.
                if other.transport == Transport::Tls && !self.is_ours(other) {
                    return;
                }
                to = other;
            }
            if client.is_some() && self.is_doubtful(to, now) {
                self.flows.doubt(to);
            }
            if !self.connect(to, local, client, now) {
                return;
            }
            if let Some(id) = client.filter(|_| !self.flows.is_open(to)) {
                self.endpoint.hold(id);
            }
            self.flows.note_use(to, now);
        }
        self.output(Output::Transmit { local, to, bytes });
    }

    /// Whether a connection may be half open with nobody to find out: nothing keeps it alive, and it has
    /// long been silent. What rings there goes on over it.
    fn is_doubtful(&self, hop: Hop, now: Instant) -> bool {
        let in_use = || {
            let mut there = self.accounts.reaching(hop.addr);
            there.any(|account| account.is_registered_through(hop))
        };
        self.flows.is_unheard(hop, limits::FLOW_UNHEARD, now)
            && !in_use()
            && !self.endpoint.proceeds_at(hop)
    }

    /// Sees to it that there is a connection, or that one is being opened, for a request if it is
    /// one; `false` where there is no room for one. Other requests that wait on a connection which is
    /// given up here are written again.
    fn connect(
        &mut self,
        hop: Hop,
        local: SocketAddr,
        client: Option<ClientId>,
        now: Instant,
    ) -> bool {
        let names = self.names_of(hop);
        let verified = hop.transport == Transport::Tls && self.is_ours(hop);
        if self.flows.serves(hop, local, &names, verified) {
            return true;
        }
        if self.flows.remove(hop).is_some() {
            self.output(Output::Disconnect { hop });
            for other in self.endpoint.awaited_at(hop) {
                if Some(other) != client && !self.drills.withheld(other) {
                    self.endpoint.repeat(other);
                }
            }
        }
        let within = self.connect_timeout(hop);
        if !self.flows.open(hop, local, names.clone(), within, now) {
            return false;
        }
        self.output(Output::Connect { hop, local, names });
        true
    }

    /// The configured names behind a hop, of every line that has it: its certificate must be good
    /// for each. Of a hop that is no line's, the names that dialogs have for it.
    fn names_of(&self, hop: Hop) -> Vec<String> {
        if !self.is_ours(hop) {
            let mut names: Vec<String> = self.names.behind(hop).map(str::to_owned).collect();
            names.dedup();
            return names;
        }
        let entries = self.accounts.reaching(hop.addr).flat_map(|account| account.hops.iter());
        let configured = entries.filter(|entry| entry.hop == hop);
        let mut names: Vec<String> =
            configured.filter_map(|entry| entry.names.first().cloned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn connect_timeout(&self, hop: Hop) -> Duration {
        let line = self.accounts.reaching(hop.addr).next();
        line.map_or(limits::CONNECT, |account| account.settings.connect_timeout)
    }

    /// Whether a hop is one of some line's.
    pub(crate) fn is_ours(&self, hop: Hop) -> bool {
        self.accounts.reaching(hop.addr).any(|account| account.place_of(hop).is_some())
    }

    /// The lines that have a hop.
    fn lines_at(&self, hop: Hop) -> Vec<LineNumber> {
        let there = self.accounts.reaching(hop.addr);
        there.filter(|a| a.place_of(hop).is_some()).map(|a| a.settings.line).collect()
    }

    /// How often the connection to a hop is pinged: where a line is registered through it and keeps
    /// it alive (failover design §6), or its registrar asks for it (RFC 5626 §4.4).
    fn ping_rhythm(&self, hop: Hop) -> Rhythm {
        let there = self.accounts.reaching(hop.addr);
        there.map(|account| account.ping_rhythm(hop)).fold(Rhythm::default(), Rhythm::and)
    }

    fn write(&mut self, hop: Hop, bytes: &[u8]) {
        if let Some(local) = self.flows.local(hop) {
            self.output(Output::Transmit { local, to: hop, bytes: bytes.to_vec() });
        }
    }

    /// Sends the pings that are due.
    pub(crate) fn ping(&mut self, now: Instant) {
        for hop in self.flows.hops() {
            let rhythm = self.ping_rhythm(hop);
            if rhythm.flow_timer.is_some() && self.flows.lacks_share(hop) {
                let random = self.random_u32();
                self.flows.draw_share(hop, random);
            }
            if self.flows.next_ping(hop, rhythm).is_some_and(|at| at <= now) {
                self.flows.note_ping(hop, now);
                self.write(hop, PING);
            }
        }
    }

    /// When something of a connection is due.
    pub(crate) fn flow_timeout(&self) -> Option<(Instant, &'static str)> {
        let pings = self.flows.hops().into_iter().filter_map(|hop| {
            Some((self.flows.next_ping(hop, self.ping_rhythm(hop))?, "flow: ping"))
        });
        let own = self.flows.poll_timeout(|hop| self.is_ours(hop));
        pings.chain(own).min_by_key(|(at, _)| *at)
    }
}

impl Phone {
    /// TCP and TLS are set up: what waited for it is being written now.
    pub(crate) fn on_flow_opened(&mut self, hop: Hop, now: Instant) {
        if self.core.flows.opened(hop, now) {
            self.core.endpoint.handle_written(hop, now);
        }
    }

    /// A connection cannot be had: every unanswered request there fails. Where none waits, it was
    /// opened for a line's sake, and the lines learn of it all the same.
    pub(crate) fn on_flow_failed(&mut self, hop: Hop, why: FlowFault, now: Instant) {
        if self.core.flows.remove(hop).is_none() {
            return;
        }
        let heard = why.heard(true);
        let awaited = !self.core.endpoint.awaited_at(hop).is_empty();
        self.core.endpoint.handle_unreachable(hop, b"", now);
        self.hear(&heard, now);
        if awaited {
            return;
        }
        if let Heard::Unreachable(cause) = heard {
            self.blame(hop, cause, now);
        }
    }

    /// A connection is over. With an answer awaited that is the hop's failure; otherwise it is
    /// opened again to the same hop at once.
    pub(crate) fn on_flow_closed(&mut self, hop: Hop, why: FlowFault, now: Instant) {
        let Some(ours) = self.core.flows.remove(hop) else { return };
        let heard = why.heard(false);
        let awaited = !self.core.endpoint.awaited_at(hop).is_empty();
        self.core.endpoint.handle_closed(hop, now);
        self.hear(&heard, now);
        if awaited || !ours {
            return;
        }
        for line in self.core.lines_at(hop) {
            let Some(account) = self.core.accounts.get_mut(&line) else { continue };
            if !account.is_registered_through(hop) {
                account.standby_flow_lost(hop, now);
                continue;
            }
            match (&heard, account.reopens(now)) {
                (Heard::Unreachable(cause), false) => {
                    let (at, cause) = (account.place_of(hop), *cause);
                    if let Some(at) = at {
                        self.core.learn(line, at, Lesson::Unavailable(cause), now);
                    }
                }
                _ => account.flow_broke(hop, now),
            }
        }
        // A call that rings there goes on: its answer comes over a new connection.
        if self.core.endpoint.proceeds_at(hop) {
            self.core.open_again(hop, now);
        }
    }

    /// Octets have come.
    pub(crate) fn on_stream(&mut self, hop: Hop, bytes: &[u8], now: Instant) {
        let Some(local) = self.core.flows.local(hop) else { return };
        let brought = self.core.flows.feed(hop, bytes, now);
        for message in brought.messages {
            self.core.endpoint.handle_message(local, hop, message, now);
        }
        if brought.pinged {
            self.core.write(hop, PONG);
        }
        if brought.broken.is_some() {
            self.settle(now);
            self.core.output(Output::Disconnect { hop });
            self.on_flow_closed(hop, FlowFault::Reset, now);
        }
    }

    /// Does what is due on connections.
    pub(crate) fn handle_flow_timeout(&mut self, now: Instant) {
        let ours: Vec<Hop> =
            self.core.flows.hops().into_iter().filter(|hop| self.core.is_ours(*hop)).collect();
        for (hop, due) in self.core.flows.due(|hop| ours.contains(&hop), now) {
            match due {
                Due::NotOpened => {
                    self.core.output(Output::Disconnect { hop });
                    let why = match hop.transport {
                        Transport::Tls => FlowFault::Tls(TlsFault::TimedOut),
                        Transport::Udp | Transport::Tcp => FlowFault::TimedOut,
                    };
                    self.on_flow_failed(hop, why, now);
                }
                Due::NoPong => self.on_no_pong(hop, now),
                Due::Idle => {
                    self.core.flows.remove(hop);
                    self.core.output(Output::Disconnect { hop });
                }
            }
        }
    }

    /// The peer has answered pings before and does not any more (failover design §2 and §6).
    fn on_no_pong(&mut self, hop: Hop, now: Instant) {
        self.core.flows.note_silence(hop, limits::PONG, now);
        let evidence = Evidence::KeepAliveFailed { cause: Cause::NoAnswer, waited: limits::PONG };
        for line in self.core.lines_at(hop) {
            let Some(account) = self.core.accounts.get_mut(&line) else { continue };
            if account.is_registered_through(hop) {
                account.show(hop, evidence, now);
                self.core.deaths.push_back((line, hop, Cause::NoAnswer));
            } else {
                account.standby_flow_lost(hop, now);
            }
        }
    }

    /// Every line that has the hop learns that it does not serve.
    fn blame(&mut self, hop: Hop, cause: Cause, now: Instant) {
        for line in self.core.lines_at(hop) {
            let at = self.core.accounts.get(&line).and_then(|account| account.place_of(hop));
            if let Some(at) = at {
                self.core.learn(line, at, Lesson::Unavailable(cause), now);
            }
        }
    }

    /// Takes what the endpoint says after a transport error; whether a request failed by it.
    pub(crate) fn hear(&mut self, heard: &Heard, now: Instant) -> bool {
        let mut failed = false;
        let outputs: Vec<SipOutput> =
            std::iter::from_fn(|| self.core.endpoint.poll_output()).collect();
        for output in outputs {
            match output {
                SipOutput::Transmit(transmit) => self.core.transmit(transmit, now),
                SipOutput::Event(event) => {
                    failed |= matches!(event, SipEvent::Unreachable { .. });
                    self.on_sip(event, Some(heard.clone()), now);
                }
            }
        }
        failed
    }
}

impl Core {
    /// Opens a connection to one of the lines' hops with nothing to write yet.
    fn open_again(&mut self, hop: Hop, now: Instant) {
        let entry =
            |account: &Account| account.place_of(hop).and_then(|at| account.hops.get(at).cloned());
        let local = self.accounts.reaching(hop.addr).find_map(entry).map(|entry| entry.local);
        if let Some(local) = local {
            self.connect(hop, local, None, now);
        }
    }
}
