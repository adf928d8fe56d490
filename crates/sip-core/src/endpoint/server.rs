//! The requests of others: one transaction each, found again by branch, sent-by and method
//! (RFC 3261 §17.2.3).

mod undelivered;

use super::budget::Budget;
use super::derived::tag_response;
use super::{Event, Output, ServerId, Sink, Transmit};
use crate::deadlines::Deadlines;
use crate::limits::SERVER_TRANSACTIONS;
use crate::message::{HeaderName, Host, Method, ReadError, Request, Response, StatusCode, Via};
use crate::transaction::{
    Reliability, ServerInvite, ServerNonInvite, ServerOutput, StatusClass, Timers, server_invite,
    server_non_invite,
};
use crate::transport::{Hop, mark_received, response_alternative, response_hop};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

/// How a message came here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) local: SocketAddr,
    pub(super) remote: Hop,
}

/// The way of a response: from our address, over the connection or to the place that the request came
/// from, and otherwise.
#[derive(Debug, Clone, Copy)]
struct WayBack {
    local: SocketAddr,
    to: Hop,
    otherwise: Option<Hop>,
}

impl WayBack {
    fn of(via: &Via, arrival: Arrival) -> Self {
        let Hop { transport, addr } = arrival.remote;
        Self {
            local: arrival.local,
            to: response_hop(via, transport, addr),
            otherwise: response_alternative(via, transport, addr),
        }
    }

    fn transmit(self, bytes: Vec<u8>) -> Output {
        let Self { local, to, otherwise } = self;
        Output::Transmit(Transmit { local, to, bytes, client: None, otherwise })
    }
}

/// What makes two requests copies of one. The fields of a Via without RFC 3261's cookie say too
/// little, so there the whole request counts (but not its To, which an ACK has with a tag).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    method: Method,
    origin: String,
}

impl Key {
    /// The key of `request` if it were one of `method`: an ACK and a CANCEL belong to an INVITE.
    fn of(request: &Request, via: &Via, method: Method) -> Self {
        let sent_by = (&via.host, via.port.unwrap_or_default());
        let origin = match via.branch().filter(|branch| branch.starts_with("z9hG4bK")) {
            Some(branch) => format!("{branch} {}:{}", sent_by.0, sent_by.1),
            None => format!(
                "{via} {} {} {} {}",
                request.uri,
                request.headers.get(&HeaderName::From).unwrap_or_default(),
                request.headers.call_id().unwrap_or_default(),
                request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default(),
            ),
        };
        Self { method, origin }
    }
}

#[derive(Debug, Clone)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerNonInvite),
}

impl Machine {
    fn handle_request(&mut self) {
        match self {
            Self::Invite(machine) => machine.handle_request(),
            Self::Other(machine) => machine.handle_request(),
        }
    }

    fn respond(&mut self, class: StatusClass, now: Instant) -> bool {
        match self {
            Self::Invite(machine) => machine.respond(class, now),
            Self::Other(machine) => machine.respond(class, now),
        }
    }

    fn poll_output(&mut self) -> Option<ServerOutput> {
        match self {
            Self::Invite(machine) => machine.poll_output(),
            Self::Other(machine) => machine.poll_output(),
        }
    }

    fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Invite(machine) => machine.poll_timeout(),
            Self::Other(machine) => machine.poll_timeout(),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Invite(machine) => machine.handle_timeout(now),
            Self::Other(machine) => machine.handle_timeout(now),
        }
    }

    /// Waits for its user.
    fn is_open(&self) -> bool {
        match self {
            Self::Invite(machine) => {
                matches!(machine.state(), server_invite::State::Proceeding { .. })
            }
            Self::Other(machine) => {
                use server_non_invite::State::{Proceeding, Trying};
                matches!(machine.state(), Trying | Proceeding)
            }
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.state() == server_invite::State::Terminated,
            Self::Other(machine) => machine.state() == server_non_invite::State::Terminated,
        }
    }
}

#[derive(Debug, Clone)]
struct Server {
    key: Key,
    machine: Machine,
    way_back: WayBack,
    /// Where the request came from, and who it says that its sender is.
    source: Hop,
    sent_by: (Host, Option<u16>),
    /// Ways back that have failed.
    tried: Vec<Hop>,
    /// The To tag of its responses: ours until its user brings one.
    tag: String,
    /// The 100 that is due if the user is slow; only of an INVITE.
    trying: Vec<u8>,
    /// The latest response sent.
    latest: Vec<u8>,
}

/// All server transactions.
#[derive(Debug, Clone)]
pub(super) struct Servers {
    timers: Timers,
    users: usize,
    table: BTreeMap<ServerId, Server>,
    by_key: BTreeMap<Key, ServerId>,
    deadlines: Deadlines<ServerId>,
    budget: Budget,
    next: u64,
}

impl Servers {
    pub(super) fn new(timers: Timers) -> Self {
        let (table, by_key) = (BTreeMap::new(), BTreeMap::new());
        let (deadlines, budget) = (Deadlines::default(), Budget::default());
        Self { timers, users: 0, table, by_key, deadlines, budget, next: 0 }
    }

    pub(super) fn make_room_for(&mut self, users: usize) {
        self.users = users;
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn handle_request(
        &mut self,
        mut request: Request,
        arrival: Arrival,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let fault = request.validate().err();
        let Some(via) = mark_via(&mut request, arrival) else {
            sink.counters.malformed += 1;
            return;
        };
        if let Some(fault) = fault {
            sink.counters.malformed += 1;
            if request.method != Method::Ack {
                let mut response = Response::to(&request, fault.code);
                response.reason = fault.what;
                self.reply_statelessly(response, &via, arrival, now, sink);
            }
            return;
        }
        match request.method {
            Method::Ack => self.handle_ack(request, &via, arrival, now, sink),
            Method::Cancel => self.handle_cancel(&request, &via, arrival, now, sink),
            Method::Invite
            | Method::Bye
            | Method::Register
            | Method::Options
            | Method::Info
            | Method::Update
            | Method::Prack
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                if let Some(id) = self.find_or_open(&request, &via, arrival, now, sink) {
                    let Arrival { local, remote } = arrival;
                    sink.event(Event::Incoming { id, request, remote, local });
                }
            }
        }
    }

    /// Octets that are no message, or a request that can't be served.
    pub(super) fn handle_unreadable(
        &mut self,
        mut error: ReadError,
        arrival: Arrival,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let via = match &mut error {
            ReadError::Garbage { .. } => {
                sink.counters.garbage += 1;
                return;
            }
            ReadError::Malformed { request, .. } => mark_via(request, arrival),
        };
        sink.counters.malformed += 1;
        if let (Some(via), Some(response)) = (via, error.reply()) {
            self.reply_statelessly(response, &via, arrival, now, sink);
        }
    }

    fn reply_statelessly(
        &mut self,
        mut response: Response,
        via: &Via,
        arrival: Arrival,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        if !self.budget.allows(now) {
            return;
        }
        tag_response(&mut response, &sink.tokens.tag());
        sink.outputs.push_back(WayBack::of(via, arrival).transmit(response.to_bytes()));
    }

    /// A copy of a request is answered by its transaction. A new one opens a transaction, whose id
    /// is returned, if there is room.
    fn find_or_open(
        &mut self,
        request: &Request,
        via: &Via,
        arrival: Arrival,
        now: Instant,
        sink: &mut Sink<'_>,
    ) -> Option<ServerId> {
        let key = Key::of(request, via, request.method.clone());
        if let Some(&id) = self.by_key.get(&key) {
            let server = self.table.get_mut(&id)?;
            // A copy over another connection means that the first one is gone.
            if arrival.remote.transport.reliability() == Reliability::Reliable {
                server.way_back = WayBack::of(via, arrival);
                server.tried.clear();
            }
            server.machine.handle_request();
            self.drain(id, sink.outputs);
            return None;
        }
        let full = self.table.len() >= SERVER_TRANSACTIONS + self.users;
        if full && !self.evict(sink) {
            sink.counters.refused += 1;
            let response = Response::to(request, StatusCode::SERVICE_UNAVAILABLE);
            self.reply_statelessly(response, via, arrival, now, sink);
            return None;
        }
        let reliability = arrival.remote.transport.reliability();
        let is_invite = request.method == Method::Invite;
        let (machine, trying) = if is_invite {
            let machine = ServerInvite::new(self.timers, reliability, now);
            let trying = Response::to(request, StatusCode::TRYING).to_bytes();
            (Machine::Invite(machine), trying)
        } else {
            (Machine::Other(ServerNonInvite::new(self.timers, reliability)), Vec::new())
        };
        self.next += 1;
        let id = ServerId(self.next);
        self.by_key.insert(key.clone(), id);
        let server = Server {
            key,
            machine,
            way_back: WayBack::of(via, arrival),
            source: arrival.remote,
            sent_by: (via.host.clone(), via.port),
            tried: Vec::new(),
            tag: sink.tokens.tag(),
            trying,
            latest: Vec::new(),
        };
        self.table.insert(id, server);
        self.file(id);
        Some(id)
    }

    /// Makes room by letting go of the oldest that only absorbs copies; false if all are alive.
    fn evict(&mut self, sink: &mut Sink<'_>) -> bool {
        let oldest = self.table.iter().find(|(_, server)| !server.machine.is_open());
        let Some((&id, _)) = oldest else { return false };
        sink.counters.evicted += 1;
        self.remove(id);
        true
    }

    fn remove(&mut self, id: ServerId) {
        if let Some(server) = self.table.remove(&id) {
            self.by_key.remove(&server.key);
            self.deadlines.set(id, None);
        }
    }

    /// Writes down when a transaction is due.
    fn file(&mut self, id: ServerId) {
        let deadline = self.table.get(&id).and_then(|server| server.machine.poll_timeout());
        self.deadlines.set(id, deadline.map(|(at, _)| at));
    }

    /// RFC 3261 §17.2.3: an ACK on the INVITE's branch is for a failure; any other is for a 2xx.
    fn handle_ack(
        &mut self,
        request: Request,
        via: &Via,
        arrival: Arrival,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let invite = self.by_key.get(&Key::of(&request, via, Method::Invite)).copied();
        let for_user = match invite.and_then(|id| self.table.get_mut(&id)) {
            Some(Server { machine: Machine::Invite(machine), .. }) => {
                machine.handle_ack(now);
                machine.poll_output() == Some(ServerOutput::Ack)
            }
            Some(Server { machine: Machine::Other(_), .. }) | None => true,
        };
        if let Some(id) = invite {
            self.drain(id, sink.outputs);
        }
        if for_user {
            sink.event(Event::Ack { request, remote: arrival.remote });
        }
    }

    /// RFC 3261 §9.2: the CANCEL is answered here; the INVITE, if it still waits, by its user.
    fn handle_cancel(
        &mut self,
        request: &Request,
        via: &Via,
        arrival: Arrival,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let Some(id) = self.find_or_open(request, via, arrival, now, sink) else { return };
        let invite_id = self.by_key.get(&Key::of(request, via, Method::Invite)).copied();
        let invite = invite_id.and_then(|id| self.table.get(&id)).map(|server| {
            let tag = server.tag.clone();
            (tag, server.machine.is_open())
        });
        let code = match invite {
            Some(_) => StatusCode::OK,
            None => StatusCode::CALL_DOES_NOT_EXIST,
        };
        if let (Some(server), Some((tag, _))) = (self.table.get_mut(&id), &invite) {
            server.tag.clone_from(tag);
        }
        self.respond(id, Response::to(request, code), now, sink.outputs);
        if let (Some(id), Some((_, true))) = (invite_id, invite) {
            sink.event(Event::Cancelled { id, cause: request.headers.sip_cause() });
        }
    }

    pub(super) fn respond(
        &mut self,
        id: ServerId,
        mut response: Response,
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        let Some(server) = self.table.get_mut(&id) else { return };
        let brought = tag_response(&mut response, &server.tag);
        if server.machine.respond(StatusClass::of(response.code.as_u16()), now) {
            server.latest = response.to_bytes();
            if let Some(tag) = brought {
                server.tag = tag;
            }
        }
        self.drain(id, outputs);
    }

    pub(super) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let (_, id) = self.deadlines.first()?;
        self.table.get(&id)?.machine.poll_timeout()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, outputs: &mut VecDeque<Output>) {
        for id in self.deadlines.due(now) {
            if let Some(server) = self.table.get_mut(&id) {
                server.machine.handle_timeout(now);
            }
            self.drain(id, outputs);
        }
    }

    fn drain(&mut self, id: ServerId, outputs: &mut VecDeque<Output>) {
        let Some(server) = self.table.get_mut(&id) else { return };
        while let Some(output) = server.machine.poll_output() {
            match output {
                ServerOutput::TransmitTrying => server.latest.clone_from(&server.trying),
                ServerOutput::TransmitResponse => {}
                ServerOutput::AckMissing => {
                    outputs.push_back(Output::Event(Event::AckMissing { id }));
                    continue;
                }
                // Taken by handle_ack, which has the ACK.
                ServerOutput::Ack => continue,
            }
            outputs.push_back(server.way_back.transmit(server.latest.clone()));
        }
        if server.machine.is_over() {
            return self.remove(id);
        }
        self.file(id);
    }
}

/// Marks the topmost Via with where the request came from, and returns it; `None` if it can't be
/// read.
fn mark_via(request: &mut Request, arrival: Arrival) -> Option<Via> {
    let mut via = request.headers.via().ok()?;
    mark_received(&mut via, arrival.remote.addr);
    request.headers.replace_first(&HeaderName::Via, &via);
    Some(via)
}
