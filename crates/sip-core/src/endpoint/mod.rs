//! The transaction layer: the one door for SIP datagrams, in both directions.
//!
//! [`Endpoint`] gives requests their Via and branch, runs a transaction for each, matches answers
//! and ICMP errors to them, and turns what comes from others into new requests, each reported once.
//! By itself it answers what needs no thought: copies of a request, malformed ones (400, 505), a
//! CANCEL (200 or 481), an INVITE whose owner is slow (100), a failed INVITE of ours (ACK).
//!
//! It does not know dialogs, users or failover. Where a request goes, how long to be patient, what
//! to try next, whether a copy that came another way is the same call (482): all that is its owner's.
//!
//! Every client transaction is bounded in time but for a ringing INVITE, which its owner ends with
//! [`Endpoint::cancel`] or [`Endpoint::give_up`]; every server transaction waits for its owner's
//! answer.

mod budget;
mod carrier;
mod client;
mod clients;
mod derived;
mod doubt;
mod event;
mod machine;
mod quote;
mod server;
mod tokens;

pub use event::{ClientId, Counters, Event, Output, ServerId, Transmit};
pub use tokens::Tokens;

use crate::message::{Message, Method, ReadError, Request, Response, read_datagram};
use crate::transaction::{Kind, Timers};
use crate::transport::{Hop, Transport};
use clients::Clients;
use server::{Arrival, Servers};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

impl From<&Method> for Kind {
    fn from(method: &Method) -> Self {
        if *method == Method::Invite { Self::Invite } else { Self::NonInvite }
    }
}

/// The transaction layer of one user agent.
///
/// The shape of its use: call one of the methods that take `now`, then drain [`Self::poll_output`],
/// then ask [`Self::poll_timeout`]. The crate's documentation has a complete loop.
#[derive(Debug, Clone)]
pub struct Endpoint {
    tokens: Tokens,
    clients: Clients,
    servers: Servers,
    counters: Counters,
    outputs: VecDeque<Output>,
}

/// How a response begins.
const RESPONSE: &[u8] = b"SIP/";

impl Endpoint {
    /// An endpoint with RFC 3261's timers. `seed` is the source of its branches and tags.
    pub fn new(seed: [u8; 32]) -> Self {
        let timers = Timers::default();
        Self {
            tokens: Tokens::new(seed),
            clients: Clients::new(timers),
            servers: Servers::new(timers),
            counters: Counters::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Makes room for the transactions of so many users, each with a registration of its own; at
    /// most [`crate::limits::USERS`] count.
    pub fn make_room_for(&mut self, users: usize) {
        let users = users.min(crate::limits::USERS);
        self.clients.make_room_for(users);
        self.servers.make_room_for(users);
    }

    /// Sends a request to a hop and watches over it. The endpoint puts its own Via (sent by `local`)
    /// before all headers, and adds Max-Forwards if there is none; all else is the caller's.
    ///
    /// `patience` is how long any answer is waited for before [`Event::Silent`]; see
    /// [`Timers::patience_for`]. 64·T1 or more means that only [`Event::TimedOut`] ends the wait.
    ///
    /// A request too large for a datagram goes to the same address over TCP, and by UDP after all if
    /// that fails (RFC 3261 §18.1.1).
    pub fn send(
        &mut self,
        request: Request,
        to: Hop,
        local: SocketAddr,
        patience: Duration,
        now: Instant,
    ) -> ClientId {
        let branch = self.tokens.branch();
        self.with_clients(|clients, sink| {
            let departure = clients.depart(request, branch, to, local, patience, now);
            clients.start(departure, now, sink)
        })
    }

    /// Sends a request that has no transaction: the ACK for a 2xx (RFC 3261 §13.2.2.4).
    pub fn send_stateless(&mut self, request: Request, to: Hop, local: SocketAddr) {
        let branch = self.tokens.branch();
        let request = derived::with_own_via(request, to.transport, local, &branch);
        let bytes = request.to_bytes();
        let transmit = Transmit { local, to, bytes, client: None, otherwise: None };
        self.outputs.push_back(Output::Transmit(transmit));
    }

    /// Cancels an INVITE that has no final answer (RFC 3261 §9.1): on its branch, to its hop, once a
    /// provisional response has come. Returns the CANCEL's transaction, the same one if asked again;
    /// `None` if there is nothing to cancel. The INVITE's own answer is still to be waited for.
    pub fn cancel(&mut self, id: ClientId, patience: Duration, now: Instant) -> Option<ClientId> {
        self.with_clients(|clients, sink| clients.cancel(id, patience, now, sink))
    }

    /// Waits for this request no longer: it is not sent again and its answers are not reported, but
    /// for a 2xx to an INVITE, which somebody must acknowledge and end. A CANCEL that waits for a
    /// provisional response still goes out. Of another request that has no final answer nothing is
    /// kept: what comes late for it is as stray as after 64·T1.
    pub fn give_up(&mut self, id: ClientId, now: Instant) {
        self.clients.give_up(id, now);
    }

    /// Where a request was sent, by the transport that carries it; `None` once its transaction is over.
    pub fn hop_of(&self, id: ClientId) -> Option<Hop> {
        self.clients.hop_of(id)
    }

    /// The request as it was sent; `None` once its transaction is over. Of one that is not an INVITE
    /// only method and URI are left when its outcome is known: nothing more will be made of it, and
    /// many may wait for their end.
    pub fn request_of(&self, id: ClientId) -> Option<&Request> {
        self.clients.request_of(id)
    }

    /// How often a request was sent so far, the first time included (A3); still known while the end
    /// of its transaction is being told, 0 later.
    pub fn transmissions(&self, id: ClientId) -> u32 {
        self.clients.transmissions(id)
    }

    /// The requests to a hop that nothing at all has answered, oldest first.
    pub fn in_flight_to(&self, hop: Hop) -> Vec<ClientId> {
        self.clients.in_flight_to(hop)
    }

    /// Where a request was sent last, and with what patience; `None` once its transaction is over.
    pub fn place_of(&self, id: ClientId) -> Option<(Hop, Duration)> {
        self.clients.place_of(id)
    }

    /// The requests to that hop that have had no answer while their patience is not over.
    pub fn awaited_at(&self, hop: Hop) -> Vec<ClientId> {
        self.clients.awaited_at(hop)
    }

    /// Whether an INVITE to that hop has had a provisional answer and no final one.
    pub fn proceeds_at(&self, hop: Hop) -> bool {
        self.clients.proceeds_at(hop)
    }

    /// The connection for a request is only being set up: it waits, and its patience does not run
    /// before [`Self::handle_written`].
    pub fn hold(&mut self, id: ClientId) {
        self.clients.hold(id);
    }

    /// Another connection takes the place of the one that a request went over: if it is still waited
    /// for, it is written again, under its branch, so that a server which has had it absorbs it.
    /// Its patience runs on (requirement A3).
    pub fn repeat(&mut self, id: ClientId) {
        self.with_clients(|clients, sink| clients.repeat(id, sink));
    }

    /// The connection to a hop is there, and what was held for it is written (requirement A3 counts
    /// from the write).
    pub fn handle_written(&mut self, hop: Hop, now: Instant) {
        self.clients.written(hop, now);
    }

    /// Answers a request that was reported as [`Event::Incoming`]. A To tag is added where the
    /// answer has none and wants one. Answers after the final one are dropped, but for a repeated
    /// 2xx to an INVITE.
    pub fn respond(&mut self, id: ServerId, response: Response, now: Instant) {
        self.servers.respond(id, response, now, &mut self.outputs);
    }

    /// A datagram has come to `local` from `remote`.
    pub fn handle_datagram(
        &mut self,
        local: SocketAddr,
        remote: SocketAddr,
        transport: Transport,
        bytes: &[u8],
        now: Instant,
    ) {
        self.handle_message(local, Hop { transport, addr: remote }, read_datagram(bytes), now);
    }

    /// A message, or what was no message, has come to `local` from `remote`, as a datagram or off a
    /// connection between the two.
    pub fn handle_message(
        &mut self,
        local: SocketAddr,
        remote: Hop,
        read: Result<Message, ReadError>,
        now: Instant,
    ) {
        let arrival = Arrival { local, remote };
        match read {
            Ok(Message::Request(request)) => self.with_servers(|servers, sink| {
                servers.handle_request(request, arrival, now, sink);
            }),
            Ok(Message::Response(response)) => self.with_clients(|clients, sink| {
                clients.handle_response(response, now, sink);
            }),
            Err(error) => self.with_servers(|servers, sink| {
                servers.handle_unreadable(error, arrival, now, sink);
            }),
        }
    }

    /// Datagrams to `to` can't be delivered: an ICMP *unreachable*, or a send that failed. `quoted`
    /// is what is known of the datagram: what the ICMP message gives back of its payload, or all of
    /// it.
    ///
    /// A quote with a branch concerns the transaction of that branch and method, if it is in flight
    /// to that hop. A shorter one concerns every unanswered request to that hop that begins so: an
    /// empty one, all of them. A quote of a response concerns that response, an empty one also every
    /// response that may still be waited for: [`Event::Undelivered`].
    pub fn handle_unreachable(&mut self, to: Hop, quoted: &[u8], now: Instant) {
        let requests = quoted.is_empty() || !quoted.starts_with(RESPONSE);
        let responses = quoted.is_empty() || !requests;
        let answered = responses
            && self.with_servers(|servers, sink| servers.handle_unreachable(to, quoted, sink));
        if requests || !answered {
            self.with_clients(|clients, sink| clients.handle_unreachable(to, quoted, now, sink));
        }
    }

    /// The connection to a hop is over: requests there that have no answer fail, as by
    /// [`Self::handle_unreachable`]; a response that no timer would repeat is sent again.
    pub fn handle_closed(&mut self, hop: Hop, now: Instant) {
        self.with_clients(|clients, sink| clients.handle_unreachable(hop, b"", now, sink));
        self.servers.handle_closed(hop, &mut self.outputs);
    }

    /// Sends the latest response to a request again, by another way than the one that failed, and
    /// all later ones too. `local` is our address on that way, if it is another than before. Nothing
    /// happens where the transaction is over.
    pub fn redirect(&mut self, id: ServerId, to: Hop, local: Option<SocketAddr>) {
        self.servers.redirect(id, to, local, &mut self.outputs);
    }

    /// A datagram to `to` was too large for a link on its way (ICMP *fragmentation needed*); the
    /// request that `quoted` names is repeated over TCP at the same address.
    pub fn handle_too_large(&mut self, to: Hop, quoted: &[u8], now: Instant) {
        self.with_clients(|clients, sink| clients.too_large(to, quoted, now, sink));
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let (client, server) = (self.clients.poll_timeout(), self.servers.poll_timeout());
        client.into_iter().chain(server).min_by_key(|(at, _)| *at)
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.with_clients(|clients, sink| clients.handle_timeout(now, sink));
        self.servers.handle_timeout(now, &mut self.outputs);
    }

    /// What was met and not worth an event.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How many transactions there are: of ours, and of others.
    pub fn transactions(&self) -> (usize, usize) {
        (self.clients.len(), self.servers.len())
    }

    fn with_clients<T>(&mut self, act: impl FnOnce(&mut Clients, &mut Sink<'_>) -> T) -> T {
        let Self { tokens, clients, counters, outputs, .. } = self;
        act(clients, &mut Sink { tokens, counters, outputs })
    }

    fn with_servers<T>(&mut self, act: impl FnOnce(&mut Servers, &mut Sink<'_>) -> T) -> T {
        let Self { tokens, servers, counters, outputs, .. } = self;
        act(servers, &mut Sink { tokens, counters, outputs })
    }
}

/// What the two halves of the layer share.
struct Sink<'a> {
    tokens: &'a mut Tokens,
    counters: &'a mut Counters,
    outputs: &'a mut VecDeque<Output>,
}

impl Sink<'_> {
    fn transmit(&mut self, local: SocketAddr, to: Hop, bytes: Vec<u8>, client: Option<ClientId>) {
        let transmit = Transmit { local, to, bytes, client, otherwise: None };
        self.outputs.push_back(Output::Transmit(transmit));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
