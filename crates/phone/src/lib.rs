//! The telephone without its sockets: lines, calls, evidence.
//!
//! [`Phone`] is a plain value. The shell hands it what happened ([`input::Input`]), what people want
//! ([`input::Command`]) and the time; it hands back what is to be done ([`output::Output`]) and when
//! it wants to be woken. It joins two other pure crates: `sip-core` says how a SIP user agent
//! speaks, `failover` says which hop a line uses now.
//!
//! The driver's loop:
//!
//! 1. `handle_input` or `handle_command` with what happened, or `handle_timeout`, each with `now`;
//! 2. `poll_output` until it is empty, doing each;
//! 3. wait for the next input, at most until `poll_timeout`.
//!
//! Nothing here reads a clock, a socket, a file or a random device; the same seed and the same
//! inputs give the same outputs, so a trace recorded in the field replays in the simulator.
//!
//! Where to look: `account` is a line (its table of evidence in `account::evidence`), `accounts` how
//! lines are found, `call` a call, `core` what they share. This file only routes.

mod account;
mod accounts;
mod alert;
mod call;
mod check_sync;
mod commands;
mod connection;
mod core;
mod dispatch;
mod drill;
mod flows;
mod hop_change;
pub mod input;
mod journal;
mod limits;
mod names;
pub mod output;
mod ports;
mod screen;
pub mod settings;
pub mod status;
mod transfer;
mod turn;
mod way_back;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

pub use journal::{JournalEntry, Shares};
pub use limits::PONG;

use crate::account::hop_list::HopNews;
use crate::call::Call;
use crate::call::recent::Recent;
use crate::check_sync::CheckSync;
use crate::core::Core;
use input::Input;
use output::{MediaCommand, Output};
use settings::LineNumber;
use sip_core::transport::Transport;
use status::{AccountStatus, CallStatus};

/// A call's name, unique in the life of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// See the crate.
#[derive(Clone, Debug)]
pub struct Phone {
    core: Core,
    calls: BTreeMap<CallId, Call>,
    next_call: u32,
    strangers: screen::RateLimit,
    check_sync: CheckSync,
    recent: Recent,
    /// Lines with hops that no name leads to any more.
    departed: BTreeSet<LineNumber>,
    alert: alert::Alert,
    turn: Option<turn::Turn>,
    /// Calls that were turned away, so that the copies of one are told of once.
    turned_away: Recent,
    shutting_down: bool,
}

impl Phone {
    /// A phone with no line; settings come as the first input. The seed makes tags, branches and
    /// jitter: 256 bits that a peer cannot guess.
    #[must_use]
    pub fn new(seed: [u8; 32], now: Instant) -> Self {
        let mut core = Core::new(seed);
        let check_sync = CheckSync::new(core.tokens.call_id(), now);
        Self {
            core,
            check_sync,
            calls: BTreeMap::new(),
            next_call: 0,
            strangers: screen::RateLimit::new(now),
            recent: Recent::default(),
            departed: BTreeSet::new(),
            alert: alert::Alert::default(),
            turn: None,
            turned_away: Recent::default(),
            shutting_down: false,
        }
    }

    /// Something happened.
    pub fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Datagram { local, remote, bytes } => {
                self.core.endpoint.handle_datagram(local, remote, Transport::Udp, &bytes, now);
            }
            Input::Undeliverable { to, quoted, why } => {
                self.on_undeliverable(to, &quoted, why, now);
            }
            Input::FlowOpened { hop } => self.on_flow_opened(hop, now),
            Input::FlowFailed { hop, why } => self.on_flow_failed(hop, why, now),
            Input::FlowAccepted { hop, local } => {
                if !self.core.flows.accept(hop, local, now) {
                    self.core.output(Output::Disconnect { hop });
                }
            }
            Input::Stream { hop, bytes } => self.on_stream(hop, &bytes, now),
            Input::FlowClosed { hop, why } => self.on_flow_closed(hop, why, now),
            Input::Settings(settings) => self.set_settings(settings, now),
            Input::Hops { line, hops, former, trusted, last_good, booted } => {
                self.set_hops(line, HopNews { hops, former, trusted, last_good, booted }, now);
            }
            Input::Name { target, ways } => self.set_name(target, ways),
            Input::Link { up } => {
                if up {
                    self.core.flows.doubt_all();
                }
                let lines: Vec<LineNumber> = self.core.accounts.numbers().collect();
                for line in lines {
                    if let Some(account) = self.core.accounts.get_mut(&line) {
                        account.handle_link(up, now);
                    }
                }
            }
            Input::RtpPort { ip, port } => self.core.ports.add(ip, port),
            Input::Media { call, report } => {
                self.with_call(call, |call, core| call.on_media(core, &report, now));
            }
        }
        self.settle(now);
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.core.endpoint.handle_timeout(now);
        self.expire_drill(now);
        self.handle_flow_timeout(now);
        for line in self.core.accounts.due(now) {
            if let Some(account) = self.core.accounts.get_mut(&line) {
                account.handle_timeout(now);
            }
        }
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            self.with_call(id, |call, core| call.handle_timeout(core, now));
        }
        self.drop_departed(now);
        self.settle(now);
        self.tidy_up(now);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.poll_output()
    }

    /// When to call [`Self::handle_timeout`], and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let calls = self.calls.values().filter_map(Call::deadline);
        let farewells = self.core.farewells.values();
        let farewells = farewells.filter_map(|bye| Some((bye.waits_until()?, "BYE: give up")));
        let tone = self.core.tone_until.map(|at| (at, "tone: off"));
        let all = calls.chain(farewells).chain(tone).chain(self.core.accounts.poll_timeout());
        let rest =
            self.core.drills.poll_timeout().into_iter().chain(self.core.endpoint.poll_timeout());
        all.chain(rest).chain(self.core.flow_timeout()).min_by_key(|(at, _)| *at)
    }

    /// Every line, in order.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountStatus> {
        self.core.accounts.iter().map(account::Account::status).collect()
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.core.accounts.len()
    }

    /// Every call that is listed, oldest first; ended ones stay for two minutes.
    #[must_use]
    pub fn calls(&self, now: Instant) -> Vec<CallStatus> {
        self.calls.values().map(|call| call.status(now)).collect()
    }

    /// The failover journal of a line, or of all, oldest first.
    #[must_use]
    pub fn journal(&self, line: Option<LineNumber>) -> Vec<JournalEntry> {
        self.core.journal.entries(line)
    }

    /// After [`input::Command::ShutDown`]: nothing is left to say.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.core.farewells.is_empty() && self.core.accounts.iter().all(account::Account::is_quiet)
    }

    fn with_call(&mut self, id: CallId, step: impl FnOnce(&mut Call, &mut Core)) {
        if let Some(call) = self.calls.get_mut(&id) {
            step(call, &mut self.core);
        }
    }

    /// Ports that future calls need, on every address that a line uses.
    fn ask_for_ports(&mut self) {
        let Core { accounts, ports, .. } = &mut self.core;
        let wanted: Vec<_> = accounts.locals().map(|ip| (ip, ports.wanted(ip))).collect();
        for (ip, wanted) in wanted {
            for _ in 0..wanted {
                self.core.media(MediaCommand::NeedPort(ip));
            }
        }
    }
}
