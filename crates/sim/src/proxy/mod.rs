//! A scripted SIP proxy and registrar, as much of one as a phone can tell from Kamailio: digest
//! challenges with nonces of its own, a location table shared with the others, record-routing in
//! several styles, loop detection, transactions; and a mood, in which it refuses everything.
//!
//! It speaks UDP, TCP and TLS, whose handshakes are `tls`'s. Being dead, frozen or unreachable is not its business but the network's. It
//! stands in for the server side in simulations only: no names but those of the other
//! proxies.

mod connections;
mod edit;
pub mod guard;
pub mod location;
mod relay;
pub mod routing;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use netem::Pair;
use sip_core::message::{HeaderName, Headers, Message, Method, Request, Via};
use sip_core::transport::{Hop, Transport};

use crate::packet::Packet;
use crate::plan::{Presence, ProxyStyle};
use crate::tls;
pub use connections::Action;
use connections::{Connections, Peer};
use guard::{Guard, Verdict};
use location::{Location, Wish};
use relay::{Key, Relay};
pub use routing::Identity;
use routing::Onward;

/// How a proxy treats new requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It serves them.
    Serving,
    /// It answers 503, with this Retry-After in seconds if any.
    Overloaded(Option<u32>),
    /// It answers 500.
    Broken,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Proxy {
    me: Identity,
    all: Vec<Identity>,
    style: ProxyStyle,
    mood: Mood,
    guard: Guard,
    relay: Relay,
    connections: Connections,
}

impl Proxy {
    /// The proxy with this number, from 0, of those that `style` counts.
    #[must_use]
    pub fn new(index: usize, style: &ProxyStyle) -> Self {
        let me = Identity::of(index);
        Self {
            all: (0..style.count).map(Identity::of).collect(),
            mood: Mood::Serving,
            guard: Guard::new(&me.name, style.nonce_life),
            relay: Relay::new(&me.name, me.addr, style.patience),
            connections: Connections::new(me.addr, style.tcp),
            style: style.clone(),
            me,
        }
    }

    /// Its names and address.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.me
    }

    /// Changes how it treats new requests.
    pub fn set_mood(&mut self, mood: Mood) {
        self.mood = mood;
    }

    /// Forgets what a restarted process forgets: transactions, connections and nonces. The location
    /// table is elsewhere.
    pub fn restart(&mut self) {
        self.connections.restart();
        self.relay.restart();
        self.guard.restart();
    }

    /// The next thing to do to the network.
    pub fn poll_output(&mut self) -> Option<Action> {
        while let Some((to, bytes)) = self.relay.poll_output() {
            self.connections.send(to, bytes);
        }
        self.connections.poll_output()
    }

    /// When it next wants to do something.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.relay.poll_timeout().map(|at| (at, "a proxy's transaction"))
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.relay.handle_timeout(now);
    }

    /// Takes a datagram. What cannot be read is dropped.
    pub fn handle_datagram(
        &mut self,
        from: SocketAddr,
        packet: Packet,
        table: &mut Location,
        now: Instant,
    ) {
        if let Some(message) = packet.into_message() {
            self.handle_message(message, Hop::udp(from).into(), table, now);
        }
    }

    /// Somebody has opened a connection.
    pub fn handle_accepted(&mut self, pair: Pair) {
        self.connections.accepted(pair);
    }

    /// A connection is over, or could not be had.
    pub fn handle_over(&mut self, pair: Pair) {
        self.connections.over(pair);
        self.relay.broke(pair.remote.ip());
    }

    /// Takes octets from a connection.
    pub fn handle_octets(&mut self, pair: Pair, octets: &[u8], table: &mut Location, now: Instant) {
        let hop = Hop { transport: tls::transport_of(pair), addr: pair.remote };
        for message in self.connections.feed(pair, octets) {
            self.handle_message(message, Peer { hop, over: Some(pair) }, table, now);
        }
    }

    fn handle_message(&mut self, message: Message, from: Peer, table: &mut Location, now: Instant) {
        match message {
            Message::Request(request) => self.handle_request(request, from, table, now),
            Message::Response(mut response) => {
                if self.style.presence == Presence::AsContact {
                    let towards = self.relay.transport_up(&response);
                    routing::hide_contact(&mut response.headers, &self.me, towards);
                }
                self.relay.handle_response(response, now);
            }
        }
    }

    fn handle_request(
        &mut self,
        mut request: Request,
        from: Peer,
        table: &mut Location,
        now: Instant,
    ) {
        let Some(via) = edit::note_source(&mut request.headers, from.hop.addr) else { return };
        if request.method == Method::Ack {
            return self.handle_ack(request, &via, now);
        }
        let Some(key) = Key::of(&via, &request.method) else { return };
        if self.relay.absorb(&key) {
            return;
        }
        self.relay.open(key.clone(), request.clone(), edit::way_back(&via, from), now);
        let answer = |proxy: &mut Self, code| proxy.relay.answer(&key, code, &[], now);
        match self.mood {
            Mood::Serving => {}
            Mood::Overloaded(None) => return answer(self, 503),
            Mood::Overloaded(Some(seconds)) => {
                let seconds = seconds.to_string();
                return self.relay.answer(&key, 503, &[("Retry-After", &seconds)], now);
            }
            Mood::Broken => return answer(self, 500),
        }
        let looped = self.is_looped(&request.headers);
        if looped {
            answer(self, 482);
        } else if request.method == Method::Cancel {
            let invite = Key::of(&via, &Method::Invite);
            let known = invite.is_some_and(|invite| self.relay.cancel(&invite, now));
            answer(self, if known { 200 } else { 481 });
        } else if !edit::count_hop(&mut request.headers) {
            answer(self, 483);
        } else if edit::in_dialog(&request.headers) {
            self.handle_in_dialog(&key, request, now);
        } else if request.method == Method::Register {
            self.handle_register(&key, &request, table, now);
        } else if request.method == Method::Options && request.uri.user.is_none() {
            if self.style.answers_options {
                answer(self, 200);
            }
        } else {
            self.handle_initial(&key, request, from.hop.transport, table, now);
        }
    }

    /// Whether a request has passed here before, by the Vias below its first.
    fn is_looped(&self, headers: &Headers) -> bool {
        let ports = [self.me.addr, tls::at(Transport::Tls, self.me.addr)].map(|me| Some(me.port()));
        let ours = |via: Via| via.host.ip() == Some(self.me.addr.ip()) && ports.contains(&via.port);
        let is_me = |via: &str| via.parse::<Via>().is_ok_and(ours);
        headers.values(&HeaderName::Via).skip(1).any(is_me)
    }

    /// An ACK ends here if it is for an answer of ours, and goes on without state if it is for a 2xx.
    fn handle_ack(&mut self, mut ack: Request, via: &Via, now: Instant) {
        let invite = Key::of(via, &Method::Invite);
        if invite.is_some_and(|key| self.relay.acknowledge(&key)) {
            return;
        }
        if edit::count_hop(&mut ack.headers)
            && let Onward::To(hop) = routing::loose_route(&mut ack, &self.ours(), &self.all)
        {
            self.relay.forward(None, ack, hop, now);
        }
    }

    fn handle_in_dialog(&mut self, key: &Key, mut request: Request, now: Instant) {
        match routing::loose_route(&mut request, &self.ours(), &self.all) {
            Onward::To(hop) => {
                drop_credentials(&mut request);
                if request.method == Method::Invite {
                    self.relay.answer(key, 100, &[], now);
                }
                if self.style.presence == Presence::AsContact {
                    routing::hide_contact(&mut request.headers, &self.me, hop.transport);
                }
                self.relay.forward(Some(key), request, hop, now);
            }
            Onward::NotOurs => self.relay.answer(key, 404, &[], now),
            Onward::Unresolvable => self.relay.answer(key, 478, &[], now),
        }
    }

    fn handle_register(
        &mut self,
        key: &Key,
        request: &Request,
        table: &mut Location,
        now: Instant,
    ) {
        let Some(user) = request.headers.to().ok().and_then(|to| to.uri.user) else {
            return self.relay.answer(key, 400, &[], now);
        };
        if self.style.challenge_register && !self.admits(key, request, false, now) {
            return;
        }
        let asked = request.headers.expires();
        if let (Ok(contact), Some(call_id), Ok(cseq)) =
            (request.headers.contact(), request.headers.call_id(), request.headers.cseq())
        {
            let seconds = contact.expires().or(asked).unwrap_or(3600);
            let Some(hop) = routing::hop_of(&contact.uri, &[]) else {
                return self.relay.answer(key, 400, &[], now);
            };
            let wish = Wish {
                contact: contact.uri.to_string(),
                hop,
                expires_at: (seconds > 0).then(|| now + Duration::from_secs(u64::from(seconds))),
                call_id: call_id.to_owned(),
                cseq: cseq.number,
            };
            if !table.register(&user, wish, now) {
                return self.relay.answer(key, 400, &[], now);
            }
        }
        let contacts: Vec<String> = table
            .lookup(&user, now)
            .iter()
            .map(|b| {
                format!("<{}>;expires={}", b.contact, b.expires_at.duration_since(now).as_secs())
            })
            .collect();
        let lines: Vec<(&str, &str)> = contacts.iter().map(|c| ("Contact", c.as_str())).collect();
        self.relay.answer(key, 200, &lines, now);
    }

    fn handle_initial(
        &mut self,
        key: &Key,
        mut request: Request,
        came_by: Transport,
        table: &mut Location,
        now: Instant,
    ) {
        if self.style.challenge_calls
            && request.method == Method::Invite
            && !self.admits(key, &request, true, now)
        {
            return;
        }
        if !routing::is_home(&request.uri, &self.all) {
            return self.relay.answer(key, 404, &[], now);
        }
        let user = request.uri.user.clone().unwrap_or_default();
        let bindings = table.lookup(&user, now);
        if bindings.is_empty() {
            return self.relay.answer(key, 480, &[], now);
        }
        if request.method == Method::Invite {
            self.relay.answer(key, 100, &[], now);
        }
        drop_credentials(&mut request);
        edit::set_routes(&mut request.headers, &[]);
        for binding in bindings {
            let mut copy = request.clone();
            if let Some(target) = routing::target(&binding.contact) {
                copy.uri = target;
            }
            if request.method == Method::Invite {
                let goes_by = binding.hop.transport;
                let presence = self.style.presence;
                routing::stay_in(&mut copy.headers, presence, &self.me, came_by, goes_by);
            }
            self.relay.forward(Some(key), copy, binding.hop, now);
        }
    }

    /// Lets a request in or answers it with a challenge or a refusal.
    fn admits(&mut self, key: &Key, request: &Request, as_proxy: bool, now: Instant) -> bool {
        let (credentials, challenge, code) = if as_proxy {
            (HeaderName::ProxyAuthorization, "Proxy-Authenticate", 407)
        } else {
            (HeaderName::Authorization, "WWW-Authenticate", 401)
        };
        let method = request.method.as_str();
        let verdict = request
            .headers
            .all(&credentials)
            .map(|line| self.guard.check(method, line, now))
            .find(|verdict| *verdict != Verdict::Unknown)
            .unwrap_or(Verdict::Unknown);
        match verdict {
            Verdict::Accepted => return true,
            Verdict::Wrong => self.relay.answer(key, 403, &[], now),
            Verdict::Unknown | Verdict::Stale => {
                let line = self.guard.challenge(verdict == Verdict::Stale, now);
                self.relay.answer(key, code, &[(challenge, &line)], now);
            }
        }
        false
    }

    /// Whose Route entries this proxy takes for its own.
    fn ours(&self) -> Vec<&Identity> {
        self.all.iter().filter(|id| self.style.aliases || id.name == self.me.name).collect()
    }
}

/// What was meant for this proxy goes no further.
fn drop_credentials(request: &mut Request) {
    request.headers.remove(&HeaderName::Authorization);
    request.headers.remove(&HeaderName::ProxyAuthorization);
}

#[cfg(test)]
mod tcp_tests;
#[cfg(test)]
mod tests;
