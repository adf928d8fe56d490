//! What one line of thousands keeps in memory (issue 3: less than 8 KiB of the process).
//!
//! Counted, not sampled: the allocator counts the octets that are asked for, time and proxies are
//! virtual, and so the figures are the same in every run. `cargo test -p phone --test memory --
//! --nocapture` prints them. The shell and the allocator's own needs come on top; what the process
//! takes in the end is measured by `scripts/measure-lines`.

#![expect(clippy::unwrap_used, reason = "a world that cannot go on has failed")]

use std::alloc::System;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use failover::Policy;
use phone::Phone;
use phone::input::{Input, LineHop};
use phone::output::Output;
use phone::settings::{
    Dtmf, KeepAlive, LineNumber, LineSettings, Login, Registrar, ServerRole, Settings,
};
use sip_core::message::{
    HeaderName, Message, Method, NameAddr, Request, Response, StatusCode, read_datagram,
};
use sip_core::transport::Hop;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Octets that a line may keep, its share of the journal and of what is still on its way included. The
/// rest of the 8 KiB is the shell's and the allocator's.
const BOUND: usize = 3072;

const LINES: u16 = 100;

/// Octets and blocks in use.
fn in_use() -> (usize, usize) {
    let stats = HEAP.stats();
    (stats.bytes_allocated - stats.bytes_deallocated, stats.allocations - stats.deallocations)
}

/// Lines with a user of each and all else in common, as the shell makes them.
fn lines(count: u16) -> Vec<LineSettings> {
    let failback_interval = Duration::from_secs(60);
    let policy = Arc::new(Policy { failback_interval, ..Policy::default() });
    let codecs: Arc<[String]> = ["PCMA".to_owned(), "PCMU".to_owned()].into();
    let instance: Arc<str> = "urn:uuid:00000000-0000-1000-8000-000A95A0E128".into();
    let line = |number: u16| LineSettings {
        line: LineNumber(number),
        register: true,
        user: format!("u{number}"),
        display_name: String::new(),
        server1: Registrar {
            host: "example.test".parse().unwrap(),
            port: None,
            expiry: Duration::from_secs(3600),
        },
        server2: None,
        register_login: Login { user: format!("u{number}"), password: format!("secret-u{number}") },
        proxy_login: None,
        register_both: false,
        keep_alive: KeepAlive::Options(Duration::from_secs(30)),
        policy: Arc::clone(&policy),
        connect_timeout: Duration::from_secs(4),
        codecs: Arc::clone(&codecs),
        instance: Arc::clone(&instance),
        failover_on_500: true,
        preloaded_route: false,
        repair_route: true,
        join_copies: true,
        register_first: false,
        refuse_strangers: true,
        ring_limit: Duration::from_secs(180),
        trying_limit: Duration::from_secs(180),
        media_timeout: Duration::from_secs(60),
        session_timer: Some(Duration::from_secs(1800)),
        dtmf: Dtmf::Auto,
        reliable_provisional: true,
        forward: None,
    };
    (1..=count).map(line).collect()
}

/// A phone between two registrars that want digest authentication.
struct World {
    phone: Phone,
    now: Instant,
    primary_answers: bool,
    nonces: u64,
}

impl World {
    fn new(count: u16) -> Self {
        let now = origin();
        let mut world =
            Self { phone: Phone::new([7; 32], now), now, primary_answers: true, nonces: 0 };
        let settings = Settings { lines: lines(count), ..Settings::default() };
        world.input(Input::Settings(settings));
        let hop = |hop: Hop, role| LineHop { hop, role, local: local(), names: Vec::new() };
        let hops: Arc<[LineHop]> =
            [hop(primary(), ServerRole::Proxy), hop(backup(), ServerRole::BackupProxy)].into();
        for number in 1..=count {
            let (line, hops) = (LineNumber(number), Arc::clone(&hops));
            let (former, trusted, last_good) = ([].into(), [].into(), None);
            world.input(Input::Hops { line, hops, former, trusted, last_good, booted: false });
        }
        world
    }

    fn input(&mut self, input: Input) {
        self.phone.handle_input(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.phone.poll_output() {
            if let Output::Transmit { to, bytes, .. } = output
                && let Ok(Message::Request(request)) = read_datagram(&bytes)
                && (to == backup() || self.primary_answers)
            {
                let bytes = self.answer(&request);
                let datagram = Input::Datagram { local: local(), remote: to.addr, bytes };
                self.phone.handle_input(datagram, self.now);
            }
        }
    }

    fn answer(&mut self, request: &Request) -> Vec<u8> {
        let wanted = request.method == Method::Register
            && request.headers.get(&HeaderName::Authorization).is_none();
        let code = if wanted { 401 } else { 200 };
        let mut response = Response::to(request, StatusCode::new(code).unwrap());
        let mut to: NameAddr = response.headers.to().unwrap();
        to.params.set("tag", Some("t"));
        response.headers.set(HeaderName::To, &to);
        if wanted {
            self.nonces += 1;
            let challenge = format!(
                "Digest realm=\"example.test\", nonce=\"{:044}\", qop=\"auth\"",
                self.nonces
            );
            response.headers.push(HeaderName::WwwAuthenticate, challenge);
        } else if let Some(contact) = request.headers.get(&HeaderName::Contact) {
            response.headers.push(HeaderName::Contact, contact);
        }
        response.to_bytes()
    }

    fn advance(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while let Some((at, _)) = self.phone.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.phone.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    fn all_at(&self, hop: Hop) {
        assert!(self.phone.accounts().iter().all(|account| account.hop == Some(hop)));
    }
}

/// The life of so many lines; octets and blocks in use in each chapter.
fn live(count: u16) -> [(&'static str, (usize, usize)); 3] {
    let before = in_use();
    let more = || {
        let now = in_use();
        (now.0 - before.0, now.1 - before.1)
    };
    let mut world = World::new(count);
    world.advance(100);
    world.all_at(primary());
    let registered = more();
    world.primary_answers = false;
    world.advance(100);
    world.all_at(backup());
    let moved = more();
    world.primary_answers = true;
    world.advance(150);
    world.all_at(primary());
    [("registered", registered), ("at the backup", moved), ("back", more())]
}

/// Issue 3: "under 8 KiB of memory a line over the base", of which the core may keep three.
#[test]
fn a_line_of_a_hundred_keeps_no_more_than_its_share() {
    println!("LineSettings {} octets", size_of::<LineSettings>());
    println!("failover::Machine {} octets", size_of::<failover::Machine>());
    let (one, many) = (live(1), live(LINES + 1));
    for ((chapter, one), (_, many)) in one.into_iter().zip(many) {
        let lines = usize::from(LINES);
        let (octets, blocks) = ((many.0 - one.0) / lines, (many.1 - one.1) / lines);
        println!("{chapter}: {octets} octets in {blocks} blocks a line");
        assert!(octets < BOUND, "{chapter}: {octets} octets a line");
    }
}

fn local() -> SocketAddr {
    "10.0.0.9:5060".parse().unwrap()
}

fn primary() -> Hop {
    "udp:10.0.0.1:5060".parse().unwrap()
}

fn backup() -> Hop {
    "udp:10.0.0.2:5060".parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn origin() -> Instant {
    Instant::now()
}
