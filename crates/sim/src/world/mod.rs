//! One world: phones, wire, proxies, sound, people and faults, played in virtual time.
//!
//! Each turn finds the next instant at which anything wants to happen, lets all of it happen in a
//! fixed order, and hands what the phones say to whom it concerns. Nothing is drawn here that is
//! not drawn from the plan's seed, so a plan plays the same way every time.

mod agenda;
mod changes;
mod connections;
mod deeds;
mod flood;
mod names;
mod outputs;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use netem::Output as WireOutput;
use phone::input::{Input, Undeliverable};
use sip_core::transport::{Hop, Transport};

use crate::dice::Dice;
use crate::faults::Faults;
use crate::names::NameServers;
use crate::network::Network;
use crate::oracle::{Breach, Failure, Oracle, Side, Worst};
use crate::packet::{self, Packet};
use crate::plan::Plan;
use crate::proxy::location::Location;
use crate::proxy::{Action, Proxy};
use crate::sound::Sound;
use crate::station::Station;
use crate::tls::{self, Sessions};
use crate::trace::Trace;
use agenda::{Agenda, Deed};
use connections::Flow;
use flood::Memory;

/// Turns that may happen at one instant; more means that something spins.
const TURNS_AT_ONCE: u32 = 2_000;

/// How a world went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Rules broken, the earliest first. A world ends with its first.
    pub failures: Vec<Failure>,
    /// The longest each promise has taken.
    pub worst: Worst,
    /// How much virtual time was played.
    pub played: Duration,
    /// Calls that were up on both sides.
    pub calls_up: usize,
    /// Datagrams on the wire.
    pub datagrams: u64,
    /// The largest state of a phone once all was quiet, in characters of its debug text.
    pub state_size: usize,
}

/// See the module.
#[derive(Debug)]
pub struct World<'a> {
    plan: &'a Plan,
    trace: &'a mut Trace,
    start: Instant,
    now: Instant,
    turns: u32,
    network: Network,
    stations: Vec<Station>,
    /// Each phone's connections, by whom they lead to.
    flows: Vec<BTreeMap<Hop, Flow>>,
    /// The handshakes of all connections that are secured.
    sessions: Sessions,
    proxies: Vec<Proxy>,
    name_servers: NameServers,
    table: Location,
    sound: Sound,
    agenda: Agenda,
    faults: Faults,
    /// When a fault last began or ended.
    disturbed: Instant,
    oracle: Oracle,
    memories: Vec<Memory>,
    healed: Option<Instant>,
    settled: Option<Instant>,
    unlinked: Vec<bool>,
    dice: Dice,
    last_call: Option<Side>,
    calls_up: usize,
    state_size: usize,
    over: bool,
}

impl<'a> World<'a> {
    /// A world at its first instant, everything switched on.
    #[must_use]
    pub fn new(plan: &'a Plan, start: Instant, trace: &'a mut Trace) -> Self {
        let mut dice = Dice::new(plan.seed ^ 0x5EED_0FA1);
        let stations =
            (0..plan.phones).map(|index| Station::new(index, dice.seed(), start)).collect();
        let mut world = Self {
            network: Network::new(plan.link, [dice.word(), dice.word()]),
            stations,
            flows: vec![BTreeMap::new(); plan.phones],
            sessions: Sessions::default(),
            proxies: (0..plan.proxies.count).map(|at| Proxy::new(at, &plan.proxies)).collect(),
            name_servers: NameServers::default(),
            table: Location::default(),
            sound: Sound::default(),
            agenda: Agenda::default(),
            faults: Faults::new(plan),
            disturbed: start,
            oracle: Oracle::new(plan, start),
            memories: vec![Memory::default(); plan.phones],
            healed: None,
            settled: None,
            unlinked: vec![false; plan.phones],
            dice: Dice::new(dice.word()),
            last_call: None,
            calls_up: 0,
            state_size: 0,
            over: false,
            turns: 0,
            now: start,
            start,
            plan,
            trace,
        };
        world.schedule();
        world.faults_changed();
        for station in &world.stations {
            // Every phone takes connections.
            for transport in [Transport::Tcp, Transport::Tls] {
                world.network.set_listening(tls::at(transport, station.addr), true);
            }
        }
        world
    }

    /// Plays until all is over or a rule is broken.
    pub fn run(mut self) -> Outcome {
        for phone in 0..self.plan.phones {
            for input in self.stations[phone].first_inputs(phone, self.plan) {
                self.tell(phone, input, None);
            }
            self.begin_names(phone);
        }
        while !self.over && self.oracle.failures().is_empty() {
            let Some(next) = self.next_instant() else { break };
            if next > self.now {
                self.now = next;
                self.turns = 0;
            }
            self.turns += 1;
            if self.turns > TURNS_AT_ONCE {
                self.oracle.accuse([Breach::new("spins", self.who_spins())], self.now);
            }
            self.turn();
        }
        Outcome {
            failures: self.oracle.failures().to_vec(),
            worst: self.oracle.duties.worst,
            played: self.now - self.start,
            calls_up: self.calls_up,
            datagrams: self.network.wire.counts().sent,
            state_size: self.state_size,
        }
    }

    fn schedule(&mut self) {
        for (number, fault) in self.plan.faults.iter().enumerate() {
            self.agenda.add(self.start + fault.at, Deed::Break(number));
            self.agenda.add(self.start + fault.at + fault.lasts, Deed::Mend(number));
        }
        for (number, errand) in self.plan.errands.iter().enumerate() {
            self.agenda.add(self.start + errand.at, Deed::Dial(number));
        }
        for (at, phone) in &self.plan.registers {
            self.agenda.add(self.start + *at, Deed::Register(*phone));
        }
        for (number, (at, _, _)) in self.plan.submits.iter().enumerate() {
            self.agenda.add(self.start + *at, Deed::Submit(number));
        }
        for at in &self.plan.floods {
            self.agenda.add(self.start + *at, Deed::Flood);
        }
        self.agenda.add(self.start + self.plan.chaos, Deed::Heal);
    }

    fn next_instant(&mut self) -> Option<Instant> {
        let on = self.stations.iter_mut().filter(|station| station.on);
        let phones = on.flat_map(|station| {
            let names = station.resolver.poll_timeout().map(|(at, _)| at);
            [station.due(), names].into_iter().flatten()
        });
        let phones = phones.min();
        let proxies = self.awake_proxies().filter_map(|at| self.proxies[at].poll_timeout());
        let others =
            [self.network.poll_timeout(), self.sound.poll_timeout(), self.oracle.poll_timeout()];
        let names = self.name_servers.poll_timeout();
        proxies
            .chain(others.into_iter().flatten())
            .chain(names)
            .map(|(at, _)| at)
            .chain(phones)
            .chain(self.agenda.next_at())
            .min()
            .map(|at| at.max(self.now))
    }

    /// Proxies that are not stopped: the timers of a stopped process wait, too.
    fn awake_proxies(&self) -> impl Iterator<Item = usize> {
        (0..self.proxies.len()).filter(|at| !self.faults.is_frozen(*at))
    }

    fn who_spins(&self) -> String {
        let wanted = self.stations.iter().map(|station| {
            let reason = station.phone().poll_timeout().filter(|(at, _)| *at <= self.now);
            format!("{} wants {:?}", station.name, reason.map(|(_, why)| why))
        });
        wanted.collect::<Vec<_>>().join(", ")
    }

    fn turn(&mut self) {
        while let Some(deed) = self.agenda.pop(self.now) {
            self.perform(deed);
        }
        self.network.handle_timeout(self.now);
        while let Some(output) = self.network.wire.poll_output() {
            self.arrive(output);
        }
        self.hear_all();
        self.handle_names();
        for phone in 0..self.stations.len() {
            let station = &mut self.stations[phone];
            if station.on && station.due().is_some_and(|at| at <= self.now) {
                station.phone_mut().handle_timeout(self.now);
                self.drain(phone, None);
            }
        }
        let awake: Vec<usize> = self.awake_proxies().collect();
        for at in awake {
            self.proxies[at].handle_timeout(self.now);
            self.drain_proxy(at);
        }
        for (phone, call) in self.sound.handle_timeout(self.now) {
            let report = phone::input::MediaReport::Silence;
            self.trace
                .note(self.now, &self.stations[phone].name, || format!("call {call}: silence"));
            self.tell(phone, Input::Media { call: phone::CallId(call), report }, None);
        }
        self.oracle.handle_timeout(self.now);
    }

    fn arrive(&mut self, output: WireOutput<Packet>) {
        match output {
            WireOutput::Delivery(delivery) => {
                let (from, packet) = (delivery.from, delivery.payload);
                if let Some(phone) = self.phone_at(delivery.to) {
                    self.receive(phone, from, packet.bytes);
                } else if let Some(at) = self.proxy_at(delivery.to) {
                    self.note_datagram(delivery.to, "<-", from, &packet.bytes);
                    self.proxies[at].handle_datagram(from, packet, &mut self.table, self.now);
                    self.drain_proxy(at);
                }
            }
            WireOutput::Unreachable(icmp) => {
                let Some(phone) = self.phone_at(icmp.to) else { return };
                let to = Hop::udp(icmp.destination);
                let mut quoted = icmp.payload.bytes;
                quoted.truncate(self.plan.quoted);
                self.trace.note(self.now, &self.stations[phone].name, || format!("icmp: {to}"));
                self.tell(
                    phone,
                    Input::Undeliverable { to, quoted, why: Undeliverable::Port },
                    None,
                );
            }
        }
    }

    /// A datagram reaches a phone.
    fn receive(&mut self, phone: usize, from: SocketAddr, bytes: Vec<u8>) {
        let local = self.stations[phone].addr;
        self.note_datagram(local, "<-", from, &bytes);
        let call_id = packet::call_id(&bytes).map(str::to_owned);
        if packet::is_final(&bytes) {
            self.remember_answer(phone, Hop::udp(from), bytes.clone());
        }
        self.tell(phone, Input::Datagram { local, remote: from, bytes }, call_id.as_deref());
    }

    /// Hands an input to a phone and acts on what it says.
    fn tell(&mut self, phone: usize, input: Input, call_id: Option<&str>) {
        self.stations[phone].phone_mut().handle_input(input, self.now);
        self.drain(phone, call_id);
    }

    fn drain_proxy(&mut self, at: usize) {
        let me = self.proxies[at].identity().addr;
        while let Some(action) = self.proxies[at].poll_output() {
            match action {
                Action::Datagram(to, bytes) => {
                    self.note_datagram(me, "->", to, &bytes);
                    self.network.wire.send(me, to, bytes.into(), self.now);
                }
                Action::Connect(pair) => self.open_stream(pair),
                Action::Write(pair, bytes) => {
                    self.note_datagram(me, "->", pair.remote, &bytes);
                    self.write_stream(pair, &bytes);
                }
                Action::Close(pair) => {
                    self.sessions.end(pair);
                    self.network.streams.close(pair, self.now);
                }
            }
        }
    }

    fn phone_at(&self, addr: SocketAddr) -> Option<usize> {
        self.stations.iter().position(|station| station.addr == addr)
    }

    fn proxy_at(&self, addr: SocketAddr) -> Option<usize> {
        self.proxies.iter().position(|proxy| proxy.identity().addr == addr)
    }

    fn phone_on(&self, host: IpAddr) -> Option<usize> {
        self.stations.iter().position(|station| station.addr.ip() == host)
    }

    fn proxy_on(&self, host: IpAddr) -> Option<usize> {
        self.proxies.iter().position(|proxy| proxy.identity().addr.ip() == host)
    }

    fn name_of(&self, addr: SocketAddr) -> String {
        match (self.phone_on(addr.ip()), self.proxy_on(addr.ip())) {
            (Some(phone), _) => self.stations[phone].name.clone(),
            (None, Some(proxy)) => self.proxies[proxy].identity().name.clone(),
            (None, None) => addr.to_string(),
        }
    }

    fn note_datagram(&mut self, who: SocketAddr, arrow: &str, peer: SocketAddr, bytes: &[u8]) {
        // Only a line that is kept shows them.
        let names = self.trace.is_kept().then(|| (self.name_of(who), self.name_of(peer)));
        let (who, peer) = names.unwrap_or_default();
        self.trace.datagram(self.now, &who, arrow, &peer, bytes);
    }
}
