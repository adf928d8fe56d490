//! What a phone says, acted on: datagrams go on the wire, sound is opened and closed, and what its
//! user would see goes to the oracle and to people.

use phone::input::{Input, Undeliverable};
use phone::output::{Event, MediaCommand, Output};
use phone::status::{AccountStatus, CallStatus, LineState};
use sip_core::message::{Message, Method, read_datagram};
use sip_core::transport::{Hop, Transport};
use std::net::SocketAddr;

use super::World;
use crate::oracle::{self, Breach, Promise};
use crate::packet::Packet;

impl World<'_> {
    /// Acts on everything that a phone has to say. `call_id` is that of the datagram which it has
    /// been given, if any.
    pub(super) fn drain(&mut self, phone: usize, call_id: Option<&str>) {
        while let Some(output) = self.stations[phone].phone_mut().poll_output() {
            match output {
                Output::Transmit { local, to, bytes } => self.transmit(phone, local, to, bytes),
                Output::Connect { hop, local, .. } => self.connect(phone, hop, local),
                Output::Disconnect { hop } => self.disconnect(phone, hop),
                Output::Event(event) => self.event(phone, event, call_id),
                Output::Media(command) => self.media(phone, command),
                // There is no name server in this world: a name leads nowhere.
                Output::Names(_) | Output::FetchConfiguration => {}
                Output::Remember { last_good, .. } => {
                    self.stations[phone].last_good = last_good;
                    self.say(phone, || format!("remembers {last_good:?}"));
                }
            }
        }
    }

    pub(super) fn say(&mut self, phone: usize, what: impl FnOnce() -> String) {
        self.trace.note(self.now, &self.stations[phone].name, what);
    }

    fn transmit(&mut self, phone: usize, local: SocketAddr, to: Hop, bytes: Vec<u8>) {
        self.note_datagram(local, "->", to.addr, &bytes);
        let keep_alive = to.transport != Transport::Udp && is_keep_alive(&bytes);
        let message = if keep_alive { None } else { self.read(phone, &bytes) };
        if let Some(message) = &message {
            self.watch(phone, to, message);
        }
        if to.transport != Transport::Udp {
            return self.write(phone, to, &bytes);
        }
        if self.faults.is_unlinked(phone) {
            let why = Undeliverable::Local;
            self.stations[phone]
                .phone_mut()
                .handle_input(Input::Undeliverable { to, quoted: bytes, why }, self.now);
            return;
        }
        let packet = match message {
            Some(message) => Packet::known(bytes, message),
            None => bytes.into(),
        };
        self.network.wire.send(local, to.addr, packet, self.now);
    }

    /// Whatever a phone sends can be read.
    fn read(&mut self, phone: usize, bytes: &[u8]) -> Option<Message> {
        let read = read_datagram(bytes);
        if let Err(error) = &read {
            let what = format!("{} sent what cannot be read: {error}", self.stations[phone].name);
            self.oracle.accuse([Breach::new("unreadable", what)], self.now);
        }
        read.ok()
    }

    fn watch(&mut self, phone: usize, to: Hop, message: &Message) {
        let proxy = self.proxy_on(to.addr.ip()).map(|at| self.proxies[at].identity().name.clone());
        let since_start = self.now - self.start;
        let breaches = [
            oracle::misplaced_credentials(message, proxy.as_deref()),
            oracle::in_the_clear(message, to, self.plan.is_secret(phone)),
            self.oracle.load[phone].count(message, since_start),
        ];
        self.oracle.accuse(breaches.into_iter().flatten(), self.now);
        if let Message::Request(request) = message
            && request.method == Method::Invite
            && request.headers.to().is_ok_and(|to| to.tag().is_none())
            && let Some(call_id) = request.headers.call_id()
            && self.oracle.calls.invite_sent(phone, call_id, self.now)
        {
            self.promise_ringing(phone, call_id);
        }
    }

    fn event(&mut self, phone: usize, event: Event, call_id: Option<&str>) {
        match event {
            Event::Call(status) => self.call_changed(phone, &status, call_id),
            Event::Registration(status) => self.line_changed(phone, &status),
            Event::Failover(switch) => self.say(phone, || format!("failover: {switch:?}")),
            Event::Redundancy { left, .. } => self.say(phone, || format!("redundancy: {left}")),
            Event::Drill(status) => self.say(phone, || format!("drill: {status:?}")),
            Event::Failback(switch) => self.say(phone, || format!("failback: {switch:?}")),
            Event::Unavailable { method, cause, .. } => {
                self.say(phone, || format!("unavailable: {method}: {cause}"));
            }
        }
    }

    fn line_changed(&mut self, phone: usize, status: &AccountStatus) {
        self.say(phone, || format!("line {:?}: {}", status.state, status.message));
        let at = match (status.state, status.hop) {
            (LineState::Registered, Some(hop)) => self.proxy_on(hop.addr.ip()),
            _ => None,
        };
        self.oracle.duties.line_shows(phone, at, &self.faults, self.now);
    }

    fn call_changed(&mut self, phone: usize, status: &CallStatus, call_id: Option<&str>) {
        self.say(phone, || {
            let CallStatus { id, state, ended, note, .. } = status;
            format!("call {id} {state:?} {ended:?} {note:?}")
        });
        let side = (phone, status.id);
        let before = self.oracle.calls.of(side).map(|(_, call)| call.clone());
        let bounds = self.oracle.bounds.clone();
        let breaches = self.oracle.calls.changed(side, status.state, call_id, &bounds, self.now);
        self.oracle.accuse(breaches, self.now);
        let Some((id, call)) = self.oracle.calls.of(side) else { return };
        let (id, call) = (id.to_owned(), call.clone());
        if !call.callees.is_empty() {
            self.oracle.duties.kept(Promise::Rings, &id, self.now);
        }
        if !call.caller.lives() {
            self.oracle.duties.drop_promise(Promise::Rings, &id);
        }
        if !call.caller.lives() && call.other_end(call.caller.side).is_none() {
            self.oracle.duties.kept(Promise::Over, &id, self.now);
            self.oracle.duties.kept(Promise::Stops, &id, self.now);
        }
        self.people_notice(side, status.state, &call, before.as_ref());
    }

    fn media(&mut self, phone: usize, command: MediaCommand) {
        match command {
            MediaCommand::NeedPort(ip) => {
                let port = self.stations[phone].bind_port();
                self.stations[phone]
                    .phone_mut()
                    .handle_input(Input::RtpPort { ip, port }, self.now);
            }
            MediaCommand::Start { call, ip, port } => {
                self.sound.start((phone, call.0), SocketAddr::new(ip, port), self.now);
            }
            MediaCommand::Set { call, stream } => {
                self.sound.set((phone, call.0), stream.remote, stream.timeout, self.now);
            }
            MediaCommand::Stop(call) => self.sound.stop((phone, call.0), self.now),
            MediaCommand::Focus(_)
            | MediaCommand::Digit(..)
            | MediaCommand::Tone(_)
            | MediaCommand::Ring(_)
            | MediaCommand::Mute(..)
            | MediaCommand::Waiting(_) => {}
        }
    }
}

/// A CRLF ping or pong (RFC 5626 §4.4.1).
fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes == b"\r\n\r\n" || bytes == b"\r\n"
}
