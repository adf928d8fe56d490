//! Which transport carries a request: a large one goes over TCP, and back to UDP if that fails
//! (RFC 3261 §18.1.1).
//!
//! The user of the transaction names a hop and never sees the change: the request keeps its
//! transaction's name, and what fails on the way that was chosen here is no evidence against the hop.

use super::client::Departure;
use super::clients::Clients;
use super::derived::with_own_via;
use super::machine::Machine;
use super::{ClientId, Sink};
use crate::limits::{TCP_REFUSALS, TCP_REFUSED_FOR, UDP_REQUEST};
use crate::message::{HeaderName, Method, Request};
use crate::transport::{Hop, Transport, own_via};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// UDP hops whose server was not to be had over TCP lately: their large requests go by UDP at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusals {
    latest: VecDeque<(Hop, Instant)>,
}

impl Refusals {
    fn note(&mut self, hop: Hop, now: Instant) {
        self.latest.retain(|(known, _)| *known != hop);
        if self.latest.len() >= TCP_REFUSALS {
            self.latest.pop_front();
        }
        self.latest.push_back((hop, now));
    }

    fn has(&self, hop: Hop, now: Instant) -> bool {
        let fresh = |at: Instant| now < at + TCP_REFUSED_FOR;
        self.latest.iter().any(|(known, at)| *known == hop && fresh(*at))
    }
}

impl Clients {
    /// Puts our Via on a request and chooses the transport that carries it.
    pub(super) fn depart(
        &self,
        request: Request,
        branch: String,
        hop: Hop,
        local: SocketAddr,
        patience: Duration,
        now: Instant,
    ) -> Departure {
        let request = with_own_via(request, hop.transport, local, &branch);
        let bytes = request.to_bytes();
        let large = bytes.len() > UDP_REQUEST;
        let mut departure =
            Departure { request, bytes, branch, hop, otherwise: None, local, patience };
        if hop.transport == Transport::Udp && large && !self.refusals.has(hop, now) {
            departure.hop = over_tcp(hop);
            departure.otherwise = Some(hop);
            set_via(&mut departure.request, departure.hop, local, &departure.branch);
            departure.bytes = departure.request.to_bytes();
        }
        departure
    }

    /// A request could not be delivered: it goes by the other transport, where it has one and is
    /// still waited for.
    pub(super) fn not_delivered(&mut self, id: ClientId, now: Instant, sink: &mut Sink<'_>) {
        let Some(client) = self.table.get_mut(&id) else { return };
        match client.otherwise.take() {
            Some(hop) if client.machine.is_waiting() => {
                self.refusals.note(hop, now);
                self.carry_by(id, hop, None, now, sink);
            }
            Some(_) | None => client.machine.handle_unreachable(),
        }
    }

    /// A datagram was too large for a link on its way: it is repeated over TCP at the same server.
    pub(super) fn too_large(&mut self, to: Hop, quoted: &[u8], now: Instant, sink: &mut Sink<'_>) {
        for id in self.quoted(to, quoted) {
            let waiting = self.table.get(&id).is_some_and(|client| client.machine.is_waiting());
            if waiting && to.transport == Transport::Udp && !self.refusals.has(to, now) {
                self.carry_by(id, over_tcp(to), Some(to), now, sink);
                self.drain(id, None, now, sink);
            }
        }
    }

    /// Writes a request again as it is, for the connection that it went over is given up. Its
    /// patience, if it runs, runs on.
    pub(super) fn repeat(&mut self, id: ClientId, sink: &mut Sink<'_>) {
        let Some(client) = self.table.get_mut(&id) else { return };
        if client.machine.is_waiting() {
            client.transmissions += u32::from(!client.held);
            sink.transmit(client.local, client.hop, client.bytes.clone(), None);
        }
    }

    /// Begins a request anew by another transport, under a branch of its own.
    fn carry_by(
        &mut self,
        id: ClientId,
        hop: Hop,
        otherwise: Option<Hop>,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let Some(client) = self.table.get_mut(&id) else { return };
        let branch = sink.tokens.branch();
        let method: Method = client.request.method.clone();
        let old = std::mem::replace(&mut client.branch, branch.clone());
        set_via(&mut client.request, hop, client.local, &branch);
        client.machine = Machine::start(&method, self.timers, hop, client.patience, now);
        client.bytes = client.request.to_bytes();
        self.unanswered.remove(&(client.hop, id));
        (client.hop, client.otherwise) = (hop, otherwise);
        self.by_branch.remove(&(old, method.clone()));
        self.by_branch.insert((branch, method), id);
    }
}

fn over_tcp(hop: Hop) -> Hop {
    Hop { transport: Transport::Tcp, addr: hop.addr }
}

fn set_via(request: &mut Request, hop: Hop, local: SocketAddr, branch: &str) {
    let via = own_via(hop.transport, local, branch);
    request.headers.replace_first(&HeaderName::Via, &via);
}
