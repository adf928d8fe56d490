//! The transactions of a scripted proxy (RFC 3261 §16.7–§16.10, §17), as far as a phone can tell
//! them apart from a real one's: retransmissions are absorbed and answered, requests are sent again
//! until something answers, finals of an INVITE until they are acknowledged, CANCEL goes on to
//! where the INVITE went.
//!
//! It does not know why a request goes where it goes; that is `routing` and the proxy itself.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use sip_core::message::{Method, Request, Response, Via};
use sip_core::transport::{Hop, Transport};

use super::connections::Peer;
use super::edit;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// 64·T1: how long a finished transaction is remembered.
const MEMORY: Duration = Duration::from_secs(32);
/// Timer C and its like: how long a callee may ring.
const RINGING: Duration = Duration::from_secs(200);

/// What tells a server transaction from all others (RFC 3261 §17.2.3): branch, sent-by and method.
/// Timers and clients have it too, so it is one text that they share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    text: Rc<str>,
    invite: bool,
}

impl Key {
    /// The key of a request by its top Via; ACK and CANCEL find their INVITE with its method.
    pub(super) fn of(via: &Via, method: &Method) -> Option<Self> {
        let (branch, port) = (via.branch()?, via.port.unwrap_or(5060));
        let text = format!("{branch} {}:{port} {method}", via.host).into();
        Some(Self { text, invite: *method == Method::Invite })
    }
}

#[derive(Debug, Clone)]
struct Server {
    request: Request,
    upstream: Peer,
    /// The last response sent, for retransmissions of the request.
    last: Option<Vec<u8>>,
    /// Its status code; 0 before any.
    code: u16,
    acknowledged: bool,
    cancelled: bool,
    /// Branches of the client transactions that work for it.
    clients: Vec<String>,
    /// The best failure so far.
    best: Option<Response>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Calling(Duration),
    Proceeding,
    Done,
}

#[derive(Debug, Clone)]
struct Client {
    /// Whom it works for; `None` for a CANCEL of our own.
    server: Option<Key>,
    request: Request,
    bytes: Vec<u8>,
    downstream: Hop,
    progress: Progress,
    /// It was sent again because its connection broke.
    again: bool,
}

#[derive(Debug, Clone)]
enum Timer {
    Resend(String),
    GiveUp(String),
    ResendFinal(Key, Duration),
    Forget(Key),
    ForgetClient(String),
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Relay {
    name: String,
    sent_by: SocketAddr,
    patience: Duration,
    servers: BTreeMap<Key, Server>,
    clients: BTreeMap<String, Client>,
    timers: BTreeMap<(Instant, u64), Timer>,
    out: VecDeque<(Peer, Vec<u8>)>,
    next: u64,
}

impl Relay {
    pub(super) fn new(name: &str, sent_by: SocketAddr, patience: Duration) -> Self {
        Self {
            name: name.to_owned(),
            sent_by,
            patience,
            servers: BTreeMap::new(),
            clients: BTreeMap::new(),
            timers: BTreeMap::new(),
            out: VecDeque::new(),
            next: 0,
        }
    }

    /// Forgets everything, as a restart does; branches stay unique.
    pub(super) fn restart(&mut self) {
        *self = Self { next: self.next, ..Self::new(&self.name, self.sent_by, self.patience) };
    }

    pub(super) fn poll_output(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.out.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes a retransmission: answers it again if it was answered. False for a new request.
    pub(super) fn absorb(&mut self, key: &Key) -> bool {
        let Some(server) = self.servers.get(key) else { return false };
        if let Some(last) = &server.last {
            self.out.push_back((server.upstream, last.clone()));
        }
        true
    }

    /// Begins to work on a request whose answers go there.
    pub(super) fn open(&mut self, key: Key, request: Request, upstream: Peer, now: Instant) {
        let server = Server {
            request,
            upstream,
            last: None,
            code: 0,
            acknowledged: false,
            cancelled: false,
            clients: Vec::new(),
            best: None,
        };
        // One that is never answered (an OPTIONS that is passed over) goes by itself.
        self.at(now + RINGING * 2, Timer::Forget(key.clone()));
        self.servers.insert(key, server);
    }

    /// Answers a request by the proxy's own word.
    pub(super) fn answer(&mut self, key: &Key, code: u16, extra: &[(&str, &str)], now: Instant) {
        let Some(server) = self.servers.get(key) else { return };
        let response = edit::answer(&server.request, code, &format!("{}-tag", self.name), extra);
        self.respond(key, &response, now);
    }

    /// Sends a response upstream.
    fn respond(&mut self, key: &Key, response: &Response, now: Instant) {
        let code = response.code.as_u16();
        let Some(server) = self.servers.get_mut(key) else { return };
        // After a final only further 2xx to an INVITE go through (RFC 3261 §16.7 step 5).
        if server.code >= 200 && !(200..300).contains(&code) {
            return;
        }
        let bytes = response.to_bytes();
        let upstream = server.upstream;
        self.out.push_back((upstream, bytes.clone()));
        server.code = code;
        server.last = Some(bytes);
        if code >= 200 {
            self.at(now + MEMORY, Timer::Forget(key.clone()));
        }
        if code >= 300 && key.invite && is_lossy(upstream.hop) {
            self.at(now + T1, Timer::ResendFinal(key.clone(), T1));
        }
    }

    /// Sends a request on, for a server transaction or (`None`) with no state at all.
    pub(super) fn forward(
        &mut self,
        key: Option<&Key>,
        mut request: Request,
        to: Hop,
        now: Instant,
    ) {
        self.next += 1;
        let branch = format!("z9hG4bK.{}.{}", self.name, self.next);
        edit::push_via(&mut request.headers, to.transport, self.sent_by, &branch);
        let bytes = request.to_bytes();
        self.out.push_back((to.into(), bytes.clone()));
        let Some(key) = key else { return };
        if let Some(server) = self.servers.get_mut(key) {
            server.clients.push(branch.clone());
        }
        let server = Some(key.clone());
        let progress = Progress::Calling(T1);
        let client = Client { server, request, bytes, downstream: to, progress, again: false };
        self.start(branch, client, now);
    }

    fn start(&mut self, branch: String, client: Client, now: Instant) {
        if is_lossy(client.downstream) {
            self.at(now + T1, Timer::Resend(branch.clone()));
        }
        self.at(now + self.patience, Timer::GiveUp(branch.clone()));
        self.clients.insert(branch, client);
    }

    /// An ACK for a final of ours; false if it is for a 2xx, which goes on to the callee.
    pub(super) fn acknowledge(&mut self, key: &Key) -> bool {
        match self.servers.get_mut(key) {
            Some(server) if server.code >= 300 => {
                server.acknowledged = true;
                true
            }
            Some(_) | None => false,
        }
    }

    /// A CANCEL for the INVITE of `key`; false if there is none (RFC 3261 §16.10).
    pub(super) fn cancel(&mut self, key: &Key, now: Instant) -> bool {
        let Some(server) = self.servers.get_mut(key) else { return false };
        server.cancelled = true;
        let clients = server.clients.clone();
        for branch in clients {
            self.cancel_client(&branch, now);
        }
        true
    }

    /// Sends CANCEL downstream, once the callee has shown a sign of life (RFC 3261 §9.1).
    fn cancel_client(&mut self, branch: &str, now: Instant) {
        let Some(client) = self.clients.get(branch) else { return };
        if client.progress != Progress::Proceeding {
            return;
        }
        let cancel = edit::cancel(&client.request);
        let (bytes, downstream) = (cancel.to_bytes(), client.downstream);
        self.out.push_back((downstream.into(), bytes.clone()));
        let progress = Progress::Calling(T1);
        let client =
            Client { server: None, request: cancel, bytes, downstream, progress, again: false };
        self.start(cancel_name(branch), client, now);
    }

    /// A connection with a host is over: what it has not answered yet goes out once more, over another
    /// (RFC 3261 §16.9 lets a proxy try again where it can).
    pub(super) fn broke(&mut self, host: IpAddr) {
        let waiting = self.clients.values_mut().filter(|client| {
            matches!(client.progress, Progress::Calling(_))
                && !is_lossy(client.downstream)
                && client.downstream.addr.ip() == host
                && !client.again
        });
        for client in waiting {
            client.again = true;
            self.out.push_back((client.downstream.into(), client.bytes.clone()));
        }
    }

    /// By what transport a response goes on to whoever has sent its request.
    pub(super) fn transport_up(&self, response: &Response) -> Transport {
        let via = edit::top_via(&response.headers);
        let client = via.and_then(|via| self.clients.get(via.branch()?));
        let server = client.and_then(|client| self.servers.get(client.server.as_ref()?));
        // After a restart the Via below our own is all that tells.
        let by_via = || edit::way_back_below(&response.headers).map(|peer| peer.hop);
        let hop = server.map(|server| server.upstream.hop).or_else(by_via);
        hop.map_or(Transport::Udp, |hop| hop.transport)
    }

    /// A response that came from downstream; the top Via is ours.
    pub(super) fn handle_response(&mut self, mut response: Response, now: Instant) {
        let Some(branch) =
            edit::top_via(&response.headers).and_then(|via| via.branch().map(str::to_owned))
        else {
            return;
        };
        let Some(method) = edit::cseq_method(&response.headers) else { return };
        if method == Method::Cancel {
            self.clients.remove(&cancel_name(&branch));
            return;
        }
        let code = response.code.as_u16();
        edit::pop_via(&mut response.headers);
        let Some(client) = self.clients.get_mut(&branch) else {
            // A 2xx whose transaction is forgotten still finds its way (RFC 3261 §16.7 step 10).
            if method == Method::Invite && (200..300).contains(&code) {
                self.pass_stateless(&response);
            }
            return;
        };
        if method == Method::Invite && code >= 300 {
            let ack = edit::ack(&client.request, &response);
            self.out.push_back((client.downstream.into(), ack.to_bytes()));
        }
        let again = client.progress == Progress::Done;
        client.progress = if code < 200 { Progress::Proceeding } else { Progress::Done };
        if again {
            client.progress = Progress::Done;
        }
        let Some(key) = client.server.clone() else { return };
        if code < 200 {
            self.provisional(&key, &branch, &response, now);
        } else if !again || (200..300).contains(&code) {
            self.at(now + MEMORY, Timer::ForgetClient(branch));
            self.final_answer(&key, response, now);
        }
    }

    fn provisional(&mut self, key: &Key, branch: &str, response: &Response, now: Instant) {
        self.at(now + RINGING, Timer::GiveUp(branch.to_owned()));
        if self.servers.get(key).is_some_and(|server| server.cancelled) {
            self.cancel_client(branch, now);
        }
        if response.code.as_u16() > 100 {
            self.respond(key, response, now);
        }
    }

    fn final_answer(&mut self, key: &Key, response: Response, now: Instant) {
        if response.code.is_success() {
            self.respond(key, &response, now);
            let others =
                self.servers.get(key).map(|server| server.clients.clone()).unwrap_or_default();
            for branch in others {
                self.cancel_client(&branch, now);
            }
            return;
        }
        let clients = &self.clients;
        let Some(server) = self.servers.get_mut(key) else { return };
        if server.best.as_ref().is_none_or(|best| response.code < best.code) {
            server.best = Some(response);
        }
        let busy =
            |branch: &String| clients.get(branch).is_some_and(|c| c.progress != Progress::Done);
        if !server.clients.iter().any(busy)
            && let Some(best) = server.best.take()
        {
            self.respond(key, &best, now);
        }
    }

    fn pass_stateless(&mut self, response: &Response) {
        if let Some(to) = edit::way_back_by_via(&response.headers) {
            self.out.push_back((to, response.to_bytes()));
        }
    }

    fn at(&mut self, when: Instant, timer: Timer) {
        self.next += 1;
        self.timers.insert((when, self.next), timer);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        while let Some(entry) = self.timers.first_entry() {
            if entry.key().0 > now {
                return;
            }
            match entry.remove() {
                Timer::Resend(branch) => self.resend(branch, now),
                Timer::GiveUp(branch) => self.give_up(&branch, now),
                Timer::ResendFinal(key, interval) => self.resend_final(key, interval, now),
                Timer::Forget(key) => drop(self.servers.remove(&key)),
                Timer::ForgetClient(branch) => drop(self.clients.remove(&branch)),
            }
        }
    }

    fn resend(&mut self, branch: String, now: Instant) {
        let Some(client) = self.clients.get_mut(&branch) else { return };
        let Progress::Calling(interval) = client.progress else { return };
        self.out.push_back((client.downstream.into(), client.bytes.clone()));
        let invite = client.request.method == Method::Invite;
        let next = if invite { interval * 2 } else { (interval * 2).min(T2) };
        client.progress = Progress::Calling(next);
        self.at(now + next, Timer::Resend(branch));
    }

    /// Nothing came, or it has rung too long: 408, or 487 where the caller had cancelled.
    fn give_up(&mut self, branch: &str, now: Instant) {
        let Some(client) = self.clients.get_mut(branch) else { return };
        let ringing = client.progress == Progress::Proceeding;
        // The timer of the silence before a sign of life; the one of the ringing runs on.
        let early =
            ringing && self.timers.values().any(|t| matches!(t, Timer::GiveUp(b) if b == branch));
        if client.progress == Progress::Done || early {
            return;
        }
        if ringing {
            self.cancel_client(branch, now);
        }
        let Some(client) = self.clients.get_mut(branch) else { return };
        client.progress = Progress::Done;
        let Some(key) = client.server.clone() else {
            self.clients.remove(branch);
            return;
        };
        self.at(now + MEMORY, Timer::ForgetClient(branch.to_owned()));
        let Some(server) = self.servers.get(&key) else { return };
        let code = if server.cancelled { 487 } else { 408 };
        let tag = format!("{}-tag", self.name);
        let response = edit::answer(&server.request, code, &tag, &[]);
        self.final_answer(&key, response, now);
    }

    fn resend_final(&mut self, key: Key, interval: Duration, now: Instant) {
        let Some(server) = self.servers.get(&key) else { return };
        if server.acknowledged {
            return;
        }
        if let Some(last) = &server.last {
            self.out.push_back((server.upstream, last.clone()));
        }
        let next = (interval * 2).min(T2);
        self.at(now + next, Timer::ResendFinal(key, next));
    }
}

/// Whether what is sent there has to be sent again until it is answered.
fn is_lossy(hop: Hop) -> bool {
    hop.transport == Transport::Udp
}

/// The name under which a CANCEL of ours is kept; it shares its INVITE's branch on the wire.
fn cancel_name(branch: &str) -> String {
    format!("cancel {branch}")
}
