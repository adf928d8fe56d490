//! A phone between two proxies that a test moves by hand, in virtual time.
//!
//! The proxies answer REGISTER and OPTIONS by themselves according to their mode; everything else
//! that the phone sends waits in [`Rig::sent`] for the test to answer. One datagram takes no time.

mod calls;
mod sent;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use failover::Policy;
use phone::Phone;
use phone::input::{Command, Done, FlowFault, Input, LastGood, LineHop, Refusal, Undeliverable};
use phone::output::{Event, MediaCommand, Output};
use phone::settings::{
    KeepAlive, LineNumber, LineSettings, Login, Registrar, ServerRole, Settings,
};
use phone::status::AccountStatus;
use sip_core::message::{
    HeaderName, Message, Method, NameAddr, Request, Response, StatusCode, read_datagram,
};
use sip_core::transport::resolve::Target;
use sip_core::transport::{Hop, Transport};

pub(crate) use calls::{invite, sdp};
pub(crate) use sent::Sent;

pub(crate) const LINE: LineNumber = LineNumber(1);
pub(crate) const LOCAL: &str = "10.0.0.9:5060";

/// What a proxy does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Answers.
    Up,
    /// Swallows; a connection is never set up.
    Silent,
    /// Takes connections, and swallows what comes over them.
    Frozen,
    /// The host has no such port: ICMP, or TCP refused.
    Dead,
    /// Answers everything with this code.
    Refuses(u16),
    /// 503 with `Retry-After`, seconds.
    Busy(u32),
}

pub(crate) struct Rig {
    pub(crate) phone: Phone,
    pub(crate) now: Instant,
    start: Instant,
    pub(crate) modes: Vec<Mode>,
    pub(crate) hops: Vec<LineHop>,
    /// Hosts that are none of the line's servers.
    pub(crate) others: Vec<(Hop, Mode)>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) events: Vec<(u128, Event)>,
    pub(crate) media: Vec<MediaCommand>,
    pub(crate) remembered: Vec<Output>,
    /// The sets of names that the phone has asked for.
    pub(crate) names: Vec<BTreeSet<Target>>,
    next_port: u16,
    tags: u32,
    dialog: (String, String, String),
    /// Bare CRLF keep-alives and pings: (ms, hop).
    pub(crate) crlf: Vec<(u128, Hop)>,
    /// Connections that the phone asked for: (ms, hop, names to verify).
    pub(crate) connects: Vec<(u128, Hop, Vec<String>)>,
    /// Connections that it ended.
    pub(crate) disconnects: Vec<(u128, Hop)>,
    /// Connections that are there.
    pub(crate) open: BTreeSet<Hop>,
    /// What waits for one.
    waiting: Vec<(SocketAddr, Hop, Vec<u8>)>,
    /// Whether the proxies answer pings.
    pub(crate) pongs: bool,
    /// Pings of others that were answered.
    pub(crate) sent_pongs: u32,
    /// How often the phone wanted its configuration fetched.
    pub(crate) fetches: u32,
    /// What the registrars' 200s say besides.
    pub(crate) granted: Vec<(HeaderName, &'static str)>,
}

pub(crate) fn line_settings() -> LineSettings {
    LineSettings {
        line: LINE,
        register: true,
        user: "1001".to_owned(),
        display_name: "Alice".to_owned(),
        server1: Registrar {
            host: "example.test".parse().unwrap(),
            port: None,
            expiry: Duration::from_secs(3600),
        },
        server2: None,
        register_login: Login { user: "1001".to_owned(), password: "secret".to_owned() },
        proxy_login: None,
        keep_alive: KeepAlive::Options(Duration::from_secs(30)),
        policy: Policy::default().into(),
        connect_timeout: Duration::from_secs(4),
        codecs: ["PCMA".to_owned(), "PCMU".to_owned()].into(),
        instance: "urn:uuid:00000000-0000-1000-8000-000A95A0E128".into(),
        failover_on_500: true,
        preloaded_route: false,
        repair_route: true,
        join_copies: true,
        register_both: false,
        register_first: false,
        refuse_strangers: true,
        ring_limit: Duration::from_secs(180),
        trying_limit: Duration::from_secs(180),
        media_timeout: Duration::from_secs(60),
        session_timer: Some(Duration::from_secs(1800)),
        dtmf: phone::settings::Dtmf::Auto,
        reliable_provisional: true,
        forward: None,
    }
}

pub(crate) fn hop(text: &str) -> Hop {
    text.parse().unwrap()
}

pub(crate) fn p1() -> Hop {
    hop("udp:10.0.0.1:5060")
}

pub(crate) fn p2() -> Hop {
    hop("udp:10.0.0.2:5060")
}

impl Rig {
    /// Two proxies, nothing configured yet but the line; the phone has not registered.
    pub(crate) fn new(change: impl FnOnce(&mut LineSettings)) -> Self {
        let mut settings = line_settings();
        change(&mut settings);
        Self::with_hops(
            settings,
            &[
                ("udp:10.0.0.1:5060", ServerRole::Proxy),
                ("udp:10.0.0.2:5060", ServerRole::BackupProxy),
            ],
        )
    }

    pub(crate) fn with_hops(settings: LineSettings, hops: &[(&str, ServerRole)]) -> Self {
        let start = origin();
        let hops: Vec<LineHop> = hops
            .iter()
            .map(|(text, role)| LineHop {
                hop: hop(text),
                role: *role,
                local: LOCAL.parse().unwrap(),
                names: Vec::new(),
            })
            .collect();
        let mut rig = Self {
            phone: Phone::new([7; 32], start),
            now: start,
            start,
            modes: vec![Mode::Up; hops.len()],
            hops: hops.clone(),
            others: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
            media: Vec::new(),
            remembered: Vec::new(),
            names: Vec::new(),
            next_port: 10_000,
            tags: 0,
            dialog: Default::default(),
            crlf: Vec::new(),
            connects: Vec::new(),
            disconnects: Vec::new(),
            open: BTreeSet::new(),
            waiting: Vec::new(),
            pongs: true,
            sent_pongs: 0,
            fetches: 0,
            granted: Vec::new(),
        };
        let user_agent = "phoned/test".to_owned();
        let settings = Settings { lines: vec![settings], user_agent, ..Settings::default() };
        rig.input(Input::Settings(settings));
        rig.modes = vec![Mode::Up; hops.len()];
        rig
    }

    /// Gives the phone its hops: it begins to register.
    pub(crate) fn plug_in(&mut self) {
        self.plug_in_remembering(None);
    }

    /// The same after a restart.
    pub(crate) fn plug_in_remembering(&mut self, last_good: Option<LastGood>) {
        let hops = self.hops.clone().into();
        let (line, trusted) = (LINE, [].into());
        self.input(Input::Hops {
            line,
            hops,
            former: [].into(),
            trusted,
            last_good,
            booted: false,
        });
    }

    /// Our own address towards every hop changes.
    pub(crate) fn move_to(&mut self, local: &str) {
        for hop in &mut self.hops {
            hop.local = local.parse().unwrap();
        }
        self.plug_in();
    }

    /// A registered phone with default settings; what was sent so far is forgotten.
    pub(crate) fn registered() -> Self {
        Self::registered_with(|_| {})
    }

    pub(crate) fn registered_with(change: impl FnOnce(&mut LineSettings)) -> Self {
        let mut rig = Self::new(change);
        rig.plug_in();
        assert_eq!(rig.account().hop, Some(p1()), "{:?}", rig.account());
        rig.sent.clear();
        rig
    }

    /// A phone that registered through the backup because the primary was silent.
    pub(crate) fn on_backup(change: impl FnOnce(&mut LineSettings)) -> Self {
        let mut rig = Self::new(change);
        rig.modes[0] = Mode::Silent;
        rig.plug_in();
        rig.advance(4_000);
        assert_eq!(rig.account().hop, Some(p2()), "{:?}", rig.account());
        rig.sent.clear();
        rig.events.clear();
        rig
    }

    pub(crate) fn ms(&self) -> u128 {
        (self.now - self.start).as_millis()
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.phone.handle_input(input, self.now);
        self.drain();
    }

    pub(crate) fn command(&mut self, command: Command) -> Result<Done, Refusal> {
        let done = self.phone.handle_command(command, self.now);
        self.drain();
        done
    }

    /// Lets time pass, waking the phone exactly when it asks for it.
    pub(crate) fn advance(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        let mut spins = 0;
        while let Some((at, why)) = self.phone.poll_timeout().filter(|(at, _)| *at <= until) {
            spins = if at <= self.now { spins + 1 } else { 0 };
            assert!(spins < 100, "the phone spins on '{why}'");
            self.now = self.now.max(at);
            self.phone.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    /// Lets time pass until something holds, at most so long.
    pub(crate) fn advance_until(&mut self, ms: u64, holds: impl Fn(&Self) -> bool) {
        for _ in 0..ms {
            if holds(self) {
                return;
            }
            self.advance(1);
        }
        panic!("it did not come to hold within {ms} ms");
    }

    fn drain(&mut self) {
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::Transmit { local, to, bytes }
                    if to.transport != Transport::Udp && !self.open.contains(&to) =>
                {
                    self.waiting.push((local, to, bytes));
                }
                Output::Transmit { local, to, bytes } => self.on_transmit(local, to, bytes),
                Output::Connect { hop, names, .. } => self.on_connect(hop, names),
                Output::Disconnect { hop } => {
                    self.open.remove(&hop);
                    self.waiting.retain(|(_, to, _)| *to != hop);
                    self.disconnects.push((self.ms(), hop));
                }
                Output::Event(event) => self.events.push((self.ms(), event)),
                Output::Media(MediaCommand::NeedPort(ip)) => {
                    self.next_port += 2;
                    let port = self.next_port;
                    self.phone.handle_input(Input::RtpPort { ip, port }, self.now);
                }
                Output::Media(command) => self.media.push(command),
                Output::Names(names) => self.names.push(names),
                Output::FetchConfiguration => self.fetches += 1,
                Output::Remember { .. } => self.remembered.push(output),
            }
        }
    }

    fn on_connect(&mut self, hop: Hop, names: Vec<String>) {
        self.connects.push((self.ms(), hop, names));
        match self.mode_of(hop) {
            Some(Mode::Dead) | None => {
                self.input(Input::FlowFailed { hop, why: FlowFault::Refused });
            }
            Some(Mode::Silent) => {}
            Some(Mode::Up | Mode::Frozen | Mode::Refuses(_) | Mode::Busy(_)) => self.open(hop),
        }
    }

    /// A connection that was asked for is set up; what waited for it is written.
    pub(crate) fn open(&mut self, hop: Hop) {
        self.open.insert(hop);
        self.input(Input::FlowOpened { hop });
        let (mine, others) = self.waiting.drain(..).partition(|(_, to, _)| *to == hop);
        self.waiting = others;
        let mine: Vec<(SocketAddr, Hop, Vec<u8>)> = mine;
        for (local, to, bytes) in mine {
            self.on_transmit(local, to, bytes);
        }
    }

    /// A connection ends.
    pub(crate) fn lose(&mut self, hop: Hop, why: FlowFault) {
        assert!(self.open.remove(&hop), "there is no connection to {hop}");
        self.input(Input::FlowClosed { hop, why });
    }

    fn mode_of(&self, hop: Hop) -> Option<Mode> {
        let own = self.hops.iter().map(|entry| entry.hop).zip(self.modes.iter().copied());
        own.chain(self.others.iter().copied()).find(|(at, _)| *at == hop).map(|(_, mode)| mode)
    }

    fn on_transmit(&mut self, local: SocketAddr, to: Hop, bytes: Vec<u8>) {
        let expected = self.hops.iter().find(|entry| entry.hop == to).map(|entry| entry.local);
        assert!(expected.is_none_or(|expected| expected == local), "from the address of this hop");
        let Ok(message) = read_datagram(&bytes) else {
            if bytes == b"\r\n" {
                self.sent_pongs += 1;
                return;
            }
            assert_eq!(bytes, b"\r\n\r\n", "what is not SIP is a keep-alive");
            self.crlf.push((self.ms(), to));
            if to.transport != Transport::Udp && self.pongs && self.mode_of(to) == Some(Mode::Up) {
                self.deliver(to, b"\r\n");
            }
            if self.hops.iter().zip(&self.modes).any(|(e, m)| e.hop == to && *m == Mode::Dead) {
                self.input(Input::Undeliverable { to, quoted: bytes, why: Undeliverable::Port });
            }
            return;
        };
        let sent = Sent { at: self.ms(), to, bytes, message };
        self.sent.push(sent.clone());
        let Some(at) = self.hops.iter().position(|entry| entry.hop == to) else { return };
        let Message::Request(request) = &sent.message else { return };
        if request.method == Method::Ack {
            return;
        }
        let own = matches!(request.method, Method::Register | Method::Options);
        match self.modes[at] {
            Mode::Up if own => {
                let granted = match request.method {
                    Method::Register => self.granted.clone(),
                    _ => Vec::new(),
                };
                self.reply(&sent, 200, |response, request| {
                    for (name, value) in granted {
                        response.headers.push(name, value);
                    }
                    if let Some(contact) = request.headers.get(&HeaderName::Contact) {
                        response.headers.push(HeaderName::Contact, contact);
                    }
                    if let Some(expires) = request.headers.get(&HeaderName::Expires) {
                        response.headers.push(HeaderName::Expires, expires);
                    }
                });
            }
            Mode::Up | Mode::Silent | Mode::Frozen => {}
            Mode::Dead if to.transport == Transport::Udp => self.icmp(&sent),
            Mode::Dead => self.lose(to, FlowFault::Reset),
            Mode::Refuses(code) => self.answer(&sent, code),
            Mode::Busy(seconds) => self.reply(&sent, 503, |response, _| {
                response.headers.push(HeaderName::RetryAfter, seconds);
            }),
        }
    }

    /// The network says that this datagram's port is closed.
    pub(crate) fn icmp(&mut self, sent: &Sent) {
        self.undeliverable(sent, Undeliverable::Port);
    }

    pub(crate) fn undeliverable(&mut self, sent: &Sent, why: Undeliverable) {
        let quoted = sent.bytes[..sent.bytes.len().min(500)].to_vec();
        self.input(Input::Undeliverable { to: sent.to, quoted, why });
    }

    /// Answers a request of the phone.
    pub(crate) fn answer(&mut self, sent: &Sent, code: u16) {
        self.reply(sent, code, |_, _| {});
    }

    pub(crate) fn reply(
        &mut self,
        sent: &Sent,
        code: u16,
        change: impl FnOnce(&mut Response, &Request),
    ) {
        let request = sent.request();
        let mut response = Response::to(request, StatusCode::new(code).unwrap());
        if code > 100 {
            self.tags += 1;
            let mut to: NameAddr = response.headers.to().unwrap();
            if to.tag().is_none() {
                to.params.set("tag", Some(&format!("t{}", self.tags)));
                response.headers.set(HeaderName::To, &to);
            }
        }
        change(&mut response, request);
        self.deliver(sent.to, &response.to_bytes());
    }

    /// Octets come from a hop: a datagram, or over its connection.
    pub(crate) fn deliver(&mut self, from: Hop, bytes: &[u8]) {
        if from.transport == Transport::Udp {
            return self.deliver_from(from.addr, bytes);
        }
        assert!(self.open.contains(&from), "there is no connection to {from}");
        self.input(Input::Stream { hop: from, bytes: bytes.to_vec() });
    }

    pub(crate) fn deliver_from(&mut self, remote: SocketAddr, bytes: &[u8]) {
        let local = LOCAL.parse().unwrap();
        self.input(Input::Datagram { local, remote, bytes: bytes.to_vec() });
    }

    pub(crate) fn account(&self) -> AccountStatus {
        self.phone.accounts().remove(0)
    }

    /// Connections that the phone asked for: (ms, hop).
    pub(crate) fn connected(&self) -> Vec<(u128, Hop)> {
        self.connects.iter().map(|(at, hop, _)| (*at, *hop)).collect()
    }

    /// Requests of a method, in the order in which they were sent: (ms, hop).
    pub(crate) fn log(&self, method: Method) -> Vec<(u128, Hop)> {
        let of = |sent: &&Sent| sent.is(method.clone());
        self.sent.iter().filter(of).map(|sent| (sent.at, sent.to)).collect()
    }

    /// The last request of a method.
    pub(crate) fn last(&self, method: Method) -> Sent {
        let mut all = self.sent.iter().rev();
        all.find(|sent| sent.is(method.clone())).unwrap_or_else(|| panic!("no {method}")).clone()
    }

    /// The last response that the phone sent.
    pub(crate) fn last_response(&self) -> Response {
        let mut all = self.sent.iter().rev();
        let is = |sent: &&Sent| matches!(sent.message, Message::Response(_));
        all.find(is).expect("a response").response().clone()
    }

    /// Responses that the phone sent, by code and the branch of their Via.
    pub(crate) fn responses(&self) -> Vec<(u16, String)> {
        let all = self.sent.iter().filter(|sent| matches!(sent.message, Message::Response(_)));
        all.map(|sent| (sent.response().code.as_u16(), sent.branch())).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn origin() -> Instant {
    Instant::now()
}
