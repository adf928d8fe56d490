//! One phone at its place: address, user, settings, and the ports it was given. It turns a plan's
//! line into the phone's own settings; what the phone says is for the world to act on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use failover::{Policy, Retry};
use phone::Phone;
use phone::input::{Input, LastGood, LineHop};
use phone::settings::{
    KeepAlive, LineNumber, LineSettings, Login, Registrar, ServerRole, Settings,
};
use sip_core::message::Host;
use sip_core::transport::Hop;
use sip_core::transport::resolve::{Resolver, Target};

use crate::plan::{LineStyle, Plan};
use crate::proxy::{Identity, guard};
use crate::tls;

/// The one line that each phone of a world has.
pub const LINE: LineNumber = LineNumber(1);

/// How long a line waits for a connection (failover design §1, the default).
pub const CONNECT: Duration = Duration::from_secs(4);

/// See the module.
#[derive(Debug, Clone)]
pub struct Station {
    phone: Phone,
    /// When the phone next wants to be woken, once somebody has asked and until it hears anything.
    due: Option<Option<Instant>>,
    /// Its SIP address.
    pub addr: SocketAddr,
    /// Its user part.
    pub user: String,
    /// Its name in a trace.
    pub name: String,
    /// Whether it has power.
    pub on: bool,
    /// What its shell keeps over a loss of power.
    pub last_good: Option<LastGood>,
    /// What its shell looks names up with.
    pub resolver: Resolver,
    /// Names of dialogs that the phone has asked for.
    pub names: BTreeSet<Target>,
    /// What the resolver keeps over a loss of power.
    kept: String,
    /// Whether its line has had hops.
    begun: bool,
    /// Whether it has lost power before.
    booted: bool,
    next_port: u16,
}

impl Station {
    /// The phone with this number, from 0, not yet switched on.
    #[must_use]
    pub fn new(index: usize, seed: [u8; 32], now: Instant) -> Self {
        let octet = u8::try_from(index + 1).unwrap_or(u8::MAX);
        Self {
            phone: Phone::new(seed, now),
            due: None,
            addr: SocketAddr::from(([10, 0, 1, octet], 5060)),
            user: user(index),
            name: format!("phone{}", index + 1),
            on: true,
            last_good: None,
            resolver: Resolver::new(seed),
            names: BTreeSet::new(),
            kept: String::new(),
            begun: false,
            booted: false,
            next_port: 10_000,
        }
    }

    /// The phone under test.
    #[must_use]
    pub fn phone(&self) -> &Phone {
        &self.phone
    }

    /// The same, to be told something.
    pub fn phone_mut(&mut self) -> &mut Phone {
        self.due = None;
        &mut self.phone
    }

    /// When the phone wants to be woken.
    pub fn due(&mut self) -> Option<Instant> {
        let phone = &self.phone;
        *self.due.get_or_insert_with(|| phone.poll_timeout().map(|(at, _)| at))
    }

    /// What the shell hands in at start: the settings, then where the line's servers are, unless that
    /// is to be looked up.
    #[must_use]
    pub fn first_inputs(&self, index: usize, plan: &Plan) -> Vec<Input> {
        let order: Vec<Identity> = plan.orders[index].iter().copied().map(Identity::of).collect();
        let settings = self.settings(index, plan, &plan.line);
        let hops = (0..).zip(&order).map(|(at, proxy)| self.hop(index, at, proxy, plan)).collect();
        let trusted = (0..plan.proxies.count).map(|at| Identity::of(at).addr.ip()).collect();
        let (former, last_good, booted) = ([].into(), self.last_good, self.booted);
        let begin = Input::Hops { line: LINE, hops, former, trusted, last_good, booted };
        match plan.names {
            Some(_) => vec![Input::Settings(settings)],
            None => vec![Input::Settings(settings), begin],
        }
    }

    /// The settings of this phone with a line of that style.
    #[must_use]
    pub fn settings(&self, index: usize, plan: &Plan, style: &LineStyle) -> Settings {
        let order: Vec<Identity> = plan.orders[index].iter().copied().map(Identity::of).collect();
        let lines = vec![settings(style, index, &order)];
        Settings { lines, user_agent: "phoned/sim".to_owned(), ..Settings::default() }
    }

    /// Power is back: a new phone, which has lost all but what its shell keeps.
    pub fn switch_on(&mut self, seed: [u8; 32], now: Instant) {
        (self.phone, self.due) = (Phone::new(seed, now), None);
        self.resolver = Resolver::new(seed);
        self.resolver.restore(&self.kept);
        self.names.clear();
        (self.on, self.booted, self.begun) = (true, true, false);
    }

    /// The resolver knows something that is to outlast a loss of power.
    pub fn keep_names(&mut self) {
        self.kept = self.resolver.kept();
    }

    /// What goes with a hop list that has been looked up: where the line was at the last stop, and
    /// whether the device has booted, both only with the first hops (`known`).
    pub fn first_hops(&mut self, known: bool) -> (Option<LastGood>, bool) {
        let first = known && !self.begun;
        self.begun |= known;
        if first { (self.last_good, self.booted) } else { (None, false) }
    }

    /// A pair of ports for sound.
    pub fn bind_port(&mut self) -> u16 {
        self.next_port = self.next_port.wrapping_add(2).max(10_000);
        self.next_port
    }

    fn hop(&self, index: usize, at: usize, proxy: &Identity, plan: &Plan) -> LineHop {
        let role = match (plan.line.outbound, at) {
            (true, 0) => ServerRole::Proxy,
            (true, _) => ServerRole::BackupProxy,
            (false, 0) => ServerRole::Server1,
            (false, _) => ServerRole::Server2,
        };
        let names = if plan.names_known { vec![proxy.domain.clone()] } else { Vec::new() };
        let transport = plan.transports[index][at];
        let hop = Hop { transport, addr: tls::at(transport, proxy.addr) };
        LineHop { hop, role, local: tls::at(transport, self.addr), names }
    }
}

/// The user with this number, from 0.
#[must_use]
pub fn user(index: usize) -> String {
    format!("{}", 1001 + index)
}

fn settings(style: &LineStyle, index: usize, order: &[Identity]) -> LineSettings {
    let registrar = |host: Host| Registrar { host, port: None, expiry: style.expiry };
    let literal = |at: usize| order.get(at).map(|proxy| Host::from(proxy.addr.ip()));
    let domain = Host::Name(guard::REALM.to_owned());
    let (server1, server2) = if style.outbound {
        (registrar(domain), None)
    } else {
        (registrar(literal(0).unwrap_or(domain)), literal(1).map(registrar))
    };
    let user = user(index);
    LineSettings {
        line: LINE,
        register: true,
        display_name: String::new(),
        server1,
        server2,
        register_login: Login { user: user.clone(), password: guard::password(&user) },
        user,
        proxy_login: None,
        keep_alive: style.keep_alive.map_or(KeepAlive::Off, KeepAlive::Options),
        policy: policy(style).into(),
        connect_timeout: CONNECT,
        codecs: ["PCMA".to_owned(), "PCMU".to_owned()].into(),
        instance: format!("urn:uuid:00000000-0000-4000-8000-00000000000{index}").into(),
        failover_on_500: true,
        preloaded_route: false,
        repair_route: true,
        join_copies: true,
        register_both: false,
        register_first: style.register_first,
        refuse_strangers: true,
        ring_limit: style.ring_limit,
        trying_limit: Duration::from_secs(180),
        media_timeout: style.media_timeout,
        session_timer: style.session_timer,
        dtmf: style.dtmf,
        reliable_provisional: true,
        forward: None,
    }
}

/// The failover policy of a plan's line: what the plan does not name has its default.
#[must_use]
pub fn policy(style: &LineStyle) -> Policy {
    let default = Policy::default();
    Policy {
        retry: style.retry_time.map_or(Retry::Transmissions(style.retry_counts), Retry::Time),
        register_failback: style.failback.is_some(),
        failback_interval: style.failback.unwrap_or(default.failback_interval),
        signal_failback: style.signal_failback,
        keep_alive: style.keep_alive,
        ..default
    }
}

/// How long a request stays at one hop that is not the last.
#[must_use]
pub fn patience(style: &LineStyle) -> Duration {
    let retry = policy(style).retry;
    retry.wait(true).max(retry.wait(false))
}
