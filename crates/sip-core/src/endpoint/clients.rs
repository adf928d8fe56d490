//! Our own requests in flight: one transaction each, found again by branch and method
//! (RFC 3261 §17.1.3). Which transport carries one, and the change to another, is in `carrier`.

use super::carrier::Refusals;
use super::client::{Cancelling, Client, Departure};
use super::derived::{ack_of, cancel_of};
use super::machine::Machine;
use super::quote::Quote;
use super::{ClientId, Event, Sink};
use crate::deadlines::Deadlines;
use crate::limits::{CLIENT_TRANSACTIONS, CLIENT_TRANSACTIONS_PER_USER, ENDED_CLIENTS};
use crate::message::{Method, Request, Response};
use crate::transaction::{ClientOutput, StatusClass, Timers, client_invite};
use crate::transport::Hop;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// All client transactions.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    pub(super) timers: Timers,
    users: usize,
    pub(super) table: BTreeMap<ClientId, Box<Client>>,
    pub(super) by_branch: BTreeMap<(String, Method), ClientId>,
    deadlines: Deadlines<ClientId>,
    /// Those that nothing has answered, by hop.
    pub(super) unanswered: BTreeSet<(Hop, ClientId)>,
    /// Those whose outcome is known.
    absorbing: BTreeSet<ClientId>,
    pub(super) refusals: Refusals,
    /// Transmissions of those that have just ended: whoever is told of the end may still ask.
    ended: BTreeMap<ClientId, u32>,
    /// The same, in the order of their ends.
    ended_order: VecDeque<ClientId>,
    next: u64,
}

impl Clients {
    pub(super) fn new(timers: Timers) -> Self {
        Self {
            timers,
            users: 0,
            table: BTreeMap::new(),
            by_branch: BTreeMap::new(),
            deadlines: Deadlines::default(),
            unanswered: BTreeSet::new(),
            absorbing: BTreeSet::new(),
            ended: BTreeMap::new(),
            ended_order: VecDeque::new(),
            refusals: Refusals::default(),
            next: 0,
        }
    }

    pub(super) fn make_room_for(&mut self, users: usize) {
        self.users = users;
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    fn fresh_id(&mut self) -> ClientId {
        self.next += 1;
        ClientId(self.next)
    }

    pub(super) fn start(
        &mut self,
        departure: Departure,
        now: Instant,
        sink: &mut Sink<'_>,
    ) -> ClientId {
        let id = self.fresh_id();
        let Departure { request, hop, patience, .. } = &departure;
        let machine = Machine::start(&request.method, self.timers, *hop, *patience, now);
        self.insert(id, Client::new(departure, machine), now, sink);
        id
    }

    fn insert(&mut self, id: ClientId, client: Client, now: Instant, sink: &mut Sink<'_>) {
        if self.table.len() >= CLIENT_TRANSACTIONS + self.users * CLIENT_TRANSACTIONS_PER_USER {
            self.evict(sink);
        }
        self.by_branch.insert((client.branch.clone(), client.request.method.clone()), id);
        self.table.insert(id, Box::new(client));
        self.drain(id, None, now, sink);
    }

    /// Makes room: the oldest that only absorbs copies, else the oldest.
    fn evict(&mut self, sink: &mut Sink<'_>) {
        let oldest = self.absorbing.first().or_else(|| self.table.keys().next());
        let Some((id, client)) = oldest.and_then(|id| Some((*id, self.table.get(id)?))) else {
            return;
        };
        sink.counters.evicted += 1;
        if !client.machine.is_absorbing() && !client.given_up {
            sink.event(Event::TimedOut { id });
        }
        self.remove(id);
    }

    fn remove(&mut self, id: ClientId) {
        if let Some(client) = self.table.remove(&id) {
            let Client { branch, request, hop, transmissions, .. } = *client;
            self.by_branch.remove(&(branch, request.method));
            self.deadlines.set(id, None);
            self.unanswered.remove(&(hop, id));
            self.absorbing.remove(&id);
            while self.ended_order.len() >= ENDED_CLIENTS + self.users
                && let Some(oldest) = self.ended_order.pop_front()
            {
                self.ended.remove(&oldest);
            }
            self.ended_order.push_back(id);
            self.ended.insert(id, transmissions);
        }
    }

    /// Writes down what those who look by time, hop or state want to know of a transaction.
    fn file(&mut self, id: ClientId) {
        let Some(client) = self.table.get_mut(&id) else { return };
        self.deadlines.set(id, client.poll_timeout().map(|(at, _)| at));
        if client.machine.is_unanswered() {
            self.unanswered.insert((client.hop, id));
        } else {
            self.unanswered.remove(&(client.hop, id));
        }
        if client.machine.is_absorbing() {
            self.absorbing.insert(id);
        }
        if client.only_waits() && !client.bytes.is_empty() {
            client.lighten();
        }
    }

    pub(super) fn transmissions(&self, id: ClientId) -> u32 {
        let running = self.table.get(&id).map(|client| client.transmissions);
        running.or_else(|| self.ended.get(&id).copied()).unwrap_or(0)
    }

    pub(super) fn cancel(
        &mut self,
        id: ClientId,
        patience: Duration,
        now: Instant,
        sink: &mut Sink<'_>,
    ) -> Option<ClientId> {
        let client = self.table.get(&id)?;
        let Machine::Invite(machine) = &client.machine else { return None };
        let rings = match machine.state() {
            client_invite::State::Calling { .. } | client_invite::State::Silent { .. } => false,
            client_invite::State::Proceeding { .. } => true,
            client_invite::State::Completed { .. }
            | client_invite::State::Accepted { .. }
            | client_invite::State::Terminated => return None,
        };
        match client.cancelling {
            Cancelling::Queued { id, .. } | Cancelling::Sent(id) => return Some(id),
            Cancelling::No => {}
        }
        let cancel_id = self.fresh_id();
        self.table.get_mut(&id)?.cancelling = Cancelling::Queued { id: cancel_id, patience };
        if rings {
            self.send_queued_cancel(id, now, sink);
        }
        Some(cancel_id)
    }

    /// A provisional response has come, so the CANCEL that waited for it may go.
    fn send_queued_cancel(&mut self, invite: ClientId, now: Instant, sink: &mut Sink<'_>) {
        let Some(client) = self.table.get_mut(&invite) else { return };
        let Cancelling::Queued { id, patience } = client.cancelling else { return };
        client.cancelling = Cancelling::Sent(id);
        client.machine.abandon(now);
        let request = cancel_of(&client.request);
        let departure = Departure {
            bytes: request.to_bytes(),
            request,
            branch: client.branch.clone(),
            hop: client.hop,
            otherwise: None,
            local: client.local,
            patience,
        };
        let machine = Machine::start(&Method::Cancel, self.timers, client.hop, patience, now);
        let cancel = Client::new(departure, machine);
        self.file(invite);
        self.insert(id, cancel, now, sink);
    }

    pub(super) fn give_up(&mut self, id: ClientId, now: Instant) {
        let Some(client) = self.table.get_mut(&id) else { return };
        // An INVITE may yet be answered with a 2xx, and be cancelled. Whatever comes for another is
        // as good as for one that is over, and thousands of lines may leave one at a dead hop each.
        if !client.is_invite() && !client.machine.is_absorbing() {
            return self.remove(id);
        }
        client.given_up = true;
        client.machine.abandon(now);
        self.file(id);
    }

    pub(super) fn hop_of(&self, id: ClientId) -> Option<Hop> {
        self.table.get(&id).map(|client| client.hop)
    }

    pub(super) fn request_of(&self, id: ClientId) -> Option<&Request> {
        self.table.get(&id).map(|client| &client.request)
    }

    pub(super) fn in_flight_to(&self, hop: Hop) -> Vec<ClientId> {
        self.unanswered(hop).map(|(id, _)| id).collect()
    }

    fn unanswered(&self, hop: Hop) -> impl Iterator<Item = (ClientId, &Client)> {
        let there = (hop, ClientId(0))..=(hop, ClientId(u64::MAX));
        let ids = self.unanswered.range(there).map(|(_, id)| *id);
        ids.filter_map(|id| Some((id, self.table.get(&id)?.as_ref())))
    }

    pub(super) fn place_of(&self, id: ClientId) -> Option<(Hop, Duration)> {
        self.table.get(&id).map(|client| (client.hop, client.patience))
    }

    /// Which requests there are still waited for with patience.
    pub(super) fn awaited_at(&self, hop: Hop) -> Vec<ClientId> {
        let waiting = |(id, client): (ClientId, &Client)| client.machine.is_waiting().then_some(id);
        self.unanswered(hop).filter_map(waiting).collect()
    }

    /// Whether an INVITE there has had a provisional answer and no final one.
    pub(super) fn proceeds_at(&self, hop: Hop) -> bool {
        let proceeds = |client: &Client| match &client.machine {
            Machine::Invite(machine) => {
                matches!(machine.state(), client_invite::State::Proceeding { .. })
            }
            Machine::Other(_) => false,
        };
        self.table.values().any(|client| client.hop == hop && proceeds(client))
    }

    pub(super) fn hold(&mut self, id: ClientId) {
        if let Some(client) = self.table.get_mut(&id) {
            client.held = client.machine.is_waiting();
            client.machine.hold();
        }
        self.file(id);
    }

    pub(super) fn written(&mut self, hop: Hop, now: Instant) {
        for id in self.in_flight_to(hop) {
            if let Some(client) = self.table.get_mut(&id)
                && std::mem::take(&mut client.held)
            {
                client.machine.written(client.patience, now);
            }
            self.file(id);
        }
    }

    pub(super) fn handle_response(
        &mut self,
        response: Response,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let Some((branch, method)) = addressee(&response) else {
            sink.counters.stray_responses += 1;
            return;
        };
        let is_invite = method == Method::Invite;
        let Some(&id) = self.by_branch.get(&(branch, method)) else {
            sink.counters.stray_responses += 1;
            if is_invite && response.code.is_success() {
                sink.event(Event::StrayFinal { response });
            }
            return;
        };
        match self.doubt(id, response, now) {
            Some(response) => self.believe(id, &response, now, sink),
            None => self.drain(id, None, now, sink),
        }
    }

    /// The transaction's answer.
    pub(super) fn believe(
        &mut self,
        id: ClientId,
        response: &Response,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        if let Some(client) = self.table.get_mut(&id) {
            client.machine.handle_response(StatusClass::of(response.code.as_u16()), now);
        }
        self.drain(id, Some(response), now, sink);
    }

    pub(super) fn handle_unreachable(
        &mut self,
        to: Hop,
        quoted: &[u8],
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let concerned = self.quoted(to, quoted);
        if concerned.is_empty() {
            sink.counters.stray_errors += 1;
        }
        for id in concerned {
            self.not_delivered(id, now, sink);
            self.drain(id, None, now, sink);
        }
    }

    /// The requests to a hop that a quote is about.
    pub(super) fn quoted(&self, to: Hop, quoted: &[u8]) -> Vec<ClientId> {
        match Quote::read(quoted) {
            Quote::Named { method, branch } => {
                let named = self.by_branch.get(&(branch.to_owned(), method));
                let is_there = |id: &&ClientId| self.table.get(id).is_some_and(|c| c.hop == to);
                named.filter(is_there).copied().into_iter().collect()
            }
            Quote::Beginning(beginning) => {
                let begins = |(_, client): &(_, &Client)| client.bytes.starts_with(beginning);
                self.unanswered(to).filter(begins).map(|(id, _)| id).collect()
            }
            Quote::Foreign => Vec::new(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let (_, id) = self.deadlines.first()?;
        self.table.get(&id)?.poll_timeout()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant, sink: &mut Sink<'_>) {
        for id in self.deadlines.due(now) {
            self.end_doubt(id, now, sink);
            if let Some(client) = self.table.get_mut(&id) {
                client.machine.handle_timeout(now);
            }
            self.drain(id, None, now, sink);
        }
    }

    /// Does what the machine wants done about the response it was handed, if it was one.
    pub(super) fn drain(
        &mut self,
        id: ClientId,
        response: Option<&Response>,
        now: Instant,
        sink: &mut Sink<'_>,
    ) {
        let Some(client) = self.table.get_mut(&id) else { return };
        let mut may_cancel = false;
        while let Some(output) = client.machine.poll_output() {
            match (output, response) {
                (ClientOutput::TransmitRequest, _) => {
                    client.transmissions += 1;
                    sink.transmit(client.local, client.hop, client.bytes.clone(), Some(id));
                }
                (ClientOutput::TransmitAck, Some(response)) => {
                    let ack = ack_of(&client.request, response);
                    sink.transmit(client.local, client.hop, ack.to_bytes(), Some(id));
                }
                (ClientOutput::Provisional, response) => {
                    may_cancel = true;
                    if let Some(response) = response.filter(|_| !client.given_up) {
                        sink.event(Event::Provisional { id, response: response.clone() });
                    }
                }
                (ClientOutput::Final, Some(response)) => {
                    let is_invite = matches!(client.machine, Machine::Invite(_));
                    if !client.given_up || is_invite && response.code.is_success() {
                        sink.event(Event::Final { id, response: response.clone() });
                    }
                }
                // Both are said only of a response that has been handed in.
                (ClientOutput::TransmitAck | ClientOutput::Final, None) => {}
                (ClientOutput::Silent, _) if !client.given_up => sink.event(Event::Silent { id }),
                (ClientOutput::TimedOut, _) if !client.given_up => {
                    sink.event(Event::TimedOut { id });
                }
                (ClientOutput::Unreachable, _) if !client.given_up => {
                    sink.event(Event::Unreachable { id });
                }
                (ClientOutput::Silent | ClientOutput::TimedOut | ClientOutput::Unreachable, _) => {}
            }
        }
        if client.machine.is_over() {
            return self.remove(id);
        }
        if may_cancel {
            self.send_queued_cancel(id, now, sink);
        }
        self.file(id);
    }
}

/// The branch and method that a response answers; `None` if it can't be acted on. One with more Vias
/// than ours went astray (RFC 3261 §8.1.3.3).
fn addressee(response: &Response) -> Option<(String, Method)> {
    response.validate().ok()?;
    let [via] = response.headers.vias().ok()?.try_into().ok()?;
    let via: crate::message::Via = via;
    Some((via.branch()?.to_owned(), response.headers.cseq().ok()?.method))
}
