//! One line: its identity, its registration, its hops, and what it has learnt of them.
//!
//! Joins the failover machine (which hop, when) with SIP (what is said there). Calls ask it for an
//! order of hops, for credentials and for its Contact, and give back what they learn; it knows
//! nothing of calls.

pub(crate) mod auth;
pub(crate) mod evidence;
mod flow;
pub(crate) mod hop_list;
mod late;
pub(crate) mod outbound;
pub(crate) mod register;
pub(crate) mod standby;
mod view;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use failover::{Evidence, Health, HopId, LineState, Machine, Start, TIMEOUT};
use sip_core::endpoint::Tokens;
use sip_core::message::{HeaderName, Method, NameAddr, Request, Response, Uri};
use sip_core::registration::Registration;
use sip_core::transport::{Hop, Transport};

use crate::input::{LastGood, LineHop};
use crate::limits;
use crate::settings::{LineSettings, Registrar, ServerRole};
use crate::words::Failure;
use auth::{AuthBook, Tries};
use evidence::{Knobs, Lesson};
use late::Listening;
use outbound::{Agreed, Outbound};
use register::Running;
use standby::Standby;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) settings: LineSettings,
    /// Shared with other lines of the same servers.
    pub(crate) hops: Arc<[LineHop]>,
    /// How many of them, at the end, no name leads to any more.
    departed: usize,
    pub(crate) machine: Machine,
    trusted: Arc<[IpAddr]>,
    auth: AuthBook,
    registration: Registration,
    running: Vec<Running>,
    /// OPTIONS that nothing has answered in time.
    listening: Vec<Listening>,
    /// The second registration (setting *registered at both*).
    standby: Option<Box<Standby>>,
    shown: Option<view::Shown>,
    /// Why the last round of registration failed, for people.
    failure: Failure,
    remembered: Option<LastGood>,
    /// When the last bare CRLF went out, and when the next one is due.
    crlf: Option<(Instant, Instant)>,
    /// Transmissions of the line's own request that ended last.
    last_transmissions: u32,
    /// Hops that have answered an OPTIONS in this registration.
    answers_options: Vec<Hop>,
    outbound: Outbound,
    /// The flow that the registrar of the line's registration keeps.
    agreed: Option<Agreed>,
    /// Since when the line is in the state that it shows.
    since: Instant,
    /// When lost connections to the current hop were opened again lately.
    reopened: Vec<Instant>,
}

impl Account {
    /// A line with no hops yet; they come by [`Self::set_hops`].
    pub(crate) fn new(
        settings: LineSettings,
        tokens: &mut Tokens,
        seed: u64,
        now: Instant,
    ) -> Self {
        let mut machine = Machine::new(0, Arc::clone(&settings.policy), Start::cold(), seed, now);
        // A line whose hops are still being found has not failed: nobody is told.
        while machine.poll_output().is_some() {}
        let registration = register::new_registration(&settings, tokens);
        Self {
            settings,
            hops: Arc::default(),
            departed: 0,
            machine,
            trusted: Arc::default(),
            auth: AuthBook::default(),
            registration,
            running: Vec::new(),
            listening: Vec::new(),
            standby: None,
            shown: None,
            failure: Failure::NoAddress,
            remembered: None,
            crlf: None,
            last_transmissions: 0,
            answers_options: Vec::new(),
            outbound: Outbound::AsSet,
            agreed: None,
            since: now,
            reopened: Vec::new(),
        }
    }

    /// Puts changed settings in force; what works is not moved.
    pub(crate) fn set_settings(
        &mut self,
        settings: LineSettings,
        tokens: &mut Tokens,
        now: Instant,
    ) {
        let identity_changed = self.settings.user != settings.user
            || self.settings.server1 != settings.server1
            || self.settings.display_name != settings.display_name
            || self.settings.register_login != settings.register_login;
        self.machine.set_policy(Arc::clone(&settings.policy), now);
        if self.settings.register != settings.register {
            if settings.register {
                self.machine.enable(now);
            } else {
                self.machine.disable(now);
            }
        }
        if identity_changed {
            self.registration = register::new_registration(&settings, tokens);
            self.auth = AuthBook::default();
            self.renew_standby();
        }
        self.settings = settings;
        if identity_changed && self.settings.register {
            self.machine.identity_changed(now);
        }
    }

    /// The line learns of a hop from a request of a call.
    pub(crate) fn learn(&mut self, hop: usize, lesson: Lesson, now: Instant) {
        let Some(id) = hop_id(hop) else { return };
        let evidence = match lesson {
            Lesson::Nothing => return,
            Lesson::Alive => Evidence::Answered,
            Lesson::Unavailable(cause) => Evidence::Unavailable(cause),
            Lesson::HeldOff(for_, cause) => Evidence::HeldOff { for_, cause },
            Lesson::Suspect(cause) => Evidence::Suspect(cause),
        };
        self.machine.handle_evidence(id, evidence, now);
    }

    /// A hop gave any answer to a request of a call. Any but 408 and 5xx from the primary is a
    /// signal failback's success (failover design §6).
    pub(crate) fn answered(&mut self, hop: usize, code: u16, now: Instant) {
        let Some(id) = hop_id(hop) else { return };
        if code == 408 || (500..600).contains(&code) {
            return;
        }
        let primary = hop == 0;
        let evidence = if primary { Evidence::PrimaryAnswered } else { Evidence::Answered };
        self.machine.handle_evidence(id, evidence, now);
    }

    /// A hop served a request that had found another unavailable: incoming calls must follow.
    pub(crate) fn served(&mut self, hop: usize, now: Instant) {
        if let Some(id) = hop_id(hop) {
            self.machine.handle_evidence(id, Evidence::ServedBy, now);
        }
    }

    /// A CANCEL got no answer in A3's time (requirement B1).
    pub(crate) fn cancel_timed_out(&mut self, hop: Hop, now: Instant) {
        let at = self.hops.iter().position(|entry| entry.hop == hop);
        if let Some(id) = at.and_then(hop_id) {
            self.machine.handle_evidence(id, Evidence::CancelTimedOut, now);
        }
    }

    /// Time for a request at one hop (requirements A3, A4). `invite`: whether it is an INVITE, which is
    /// sent again ever more seldom; `last`: whether no other hop is tried after this one.
    pub(crate) fn patience(&self, invite: bool, last: bool) -> Duration {
        if last { TIMEOUT } else { self.settings.policy.retry.wait(invite) }
    }

    pub(crate) fn knobs(&self) -> Knobs {
        Knobs {
            failover_on_500: self.settings.failover_on_500,
            register_first: self.settings.register_first,
        }
    }

    /// A hop could not be reached by a request that is nobody's else.
    pub(crate) fn learn_at(&mut self, hop: Hop, cause: failover::Cause, now: Instant) {
        if let Some(at) = self.hops.iter().position(|entry| entry.hop == hop) {
            self.learn(at, Lesson::Unavailable(cause), now);
        }
    }

    /// The network could not deliver a bare CRLF: the one evidence that this keep-alive gives
    /// (failover design §6). Only of the current hop, and only where one was sent so lately that it may
    /// have been the one: all are alike, and of many lines each is to find out at its own time
    /// (requirement F6).
    pub(crate) fn crlf_undeliverable(&mut self, hop: Hop, cause: failover::Cause, now: Instant) {
        let lately = self.crlf.is_some_and(|(sent, _)| now <= sent + limits::CRLF_ERROR);
        if lately && self.current_hop() == Some(hop) {
            self.learn_at(hop, cause, now);
        }
    }

    /// The hop that the line is registered through, or was last.
    pub(crate) fn current_hop(&self) -> Option<Hop> {
        let at = usize::from(self.machine.current()?.0);
        self.hops.get(at).map(|entry| entry.hop)
    }

    /// Our link has gone, or is back (failover design §6).
    pub(crate) fn handle_link(&mut self, up: bool, now: Instant) {
        if up {
            self.renew_standby();
        }
        self.machine.handle_link(up, now);
    }

    /// A drill at this hop is over (failover design §7).
    pub(crate) fn drill_over(&mut self, hop: Hop, now: Instant) {
        if let Some(id) = self.hops.iter().position(|entry| entry.hop == hop).and_then(hop_id) {
            self.machine.handle_drill_over(id, now);
        }
    }

    /// Whether a hop is not known to be out of service.
    pub(crate) fn is_usable(&self, hop: usize) -> bool {
        hop_id(hop).and_then(|id| self.machine.health(id)).is_some_and(Health::is_usable)
    }

    /// Whether the line is registered through this hop.
    pub(crate) fn is_registered_at(&self, hop: usize) -> bool {
        matches!(self.machine.state(), LineState::Registered { .. })
            && self.machine.current() == hop_id(hop)
    }

    /// Whether the line is registered at all.
    pub(crate) fn is_registered(&self) -> bool {
        matches!(self.machine.state(), LineState::Registered { .. })
    }

    /// Whether silence of a hop proves anything (failover design §2).
    pub(crate) fn silence_is_proof(&self, hop: usize) -> bool {
        self.hops.get(hop).is_some_and(|entry| self.answers_options.contains(&entry.hop))
    }

    /// Whether an address is one of the line's servers (requirement F10).
    pub(crate) fn trusts(&self, ip: IpAddr) -> bool {
        self.sources().any(|source| source == ip)
    }

    /// The addresses of the line's servers; some twice.
    pub(crate) fn sources(&self) -> impl Iterator<Item = IpAddr> {
        let hops = self.hops.iter().map(|hop| hop.hop.addr.ip());
        self.trusted.iter().copied().chain(hops)
    }

    /// The line's hop that a request came from, by address; a port may differ.
    pub(crate) fn hop_of_source(&self, source: Hop) -> Option<Hop> {
        let exact = self.hops.iter().find(|entry| entry.hop == source);
        let near = || self.hops.iter().find(|entry| entry.hop.addr.ip() == source.addr.ip());
        exact.or_else(near).map(|entry| entry.hop)
    }

    /// The registrar whose domain requests name at a hop (failover design §3).
    pub(crate) fn registrar_at(&self, hop: usize) -> &Registrar {
        match (self.hops.get(hop).map(|entry| entry.role), &self.settings.server2) {
            (Some(ServerRole::Server2), Some(server2)) => server2,
            _ => &self.settings.server1,
        }
    }

    /// The line's Request-URI domain, without a user.
    pub(crate) fn domain_uri(&self, hop: usize) -> Uri {
        let registrar = self.registrar_at(hop);
        let mut uri = Uri::sip(None, registrar.host.clone());
        uri.port = registrar.port;
        uri
    }

    /// Address of record at a hop's own registrar (failover design §3: SIP Server 2 has its own
    /// domain).
    pub(crate) fn aor_at(&self, hop: usize) -> Uri {
        Uri::sip(Some(&self.settings.user), self.registrar_at(hop).host.clone())
    }

    /// Address of record.
    pub(crate) fn aor(&self) -> Uri {
        Uri::sip(Some(&self.settings.user), self.settings.server1.host.clone())
    }

    /// From of a new dialog.
    pub(crate) fn from(&self, tag: &str) -> String {
        let mut from = NameAddr::new(self.aor()).with_tag(tag);
        if !self.settings.display_name.is_empty() {
            from.display = Some(self.settings.display_name.clone());
        }
        from.to_string()
    }

    /// Contact towards a hop: the same user everywhere, our own address there, and the transport by
    /// which we are reached at it.
    pub(crate) fn contact(&self, transport: Transport, local: SocketAddr) -> String {
        NameAddr::new(self.registration.contact_uri(Hop { transport, addr: local })).to_string()
    }

    /// The Route of our own that a setting asks for; it names the hop being tried.
    pub(crate) fn preloaded_route(&self, hop: usize) -> Option<String> {
        let entry = self.hops.get(hop).filter(|_| self.settings.preloaded_route)?;
        if !matches!(entry.role, ServerRole::Proxy | ServerRole::BackupProxy) {
            return None;
        }
        let mut uri = Uri::sip(None, entry.hop.addr.ip());
        uri.port = Some(entry.hop.addr.port());
        entry.hop.transport.name_in(&mut uri);
        uri.params.set("lr", None);
        Some(NameAddr::new(uri).to_string())
    }

    /// An OPTIONS to a hop itself: keep-alive, or the check of a hop that only said 100.
    pub(crate) fn options(&self, hop: usize, token: &str) -> Request {
        let uri = self.domain_uri(hop);
        let mut request = Request::new(Method::Options, uri.clone());
        request.headers.push(HeaderName::From, self.from(token));
        request.headers.push(HeaderName::To, NameAddr::new(uri));
        request.headers.push(HeaderName::CallId, token);
        request.headers.push(HeaderName::CSeq, "1 OPTIONS");
        if let Some(entry) = self.hops.get(hop) {
            request
                .headers
                .push(HeaderName::Contact, self.contact(entry.hop.transport, entry.local));
        }
        request
    }

    /// Adds credentials that an earlier nonce of this hop allows.
    pub(crate) fn preempt(&mut self, hop: Hop, request: &mut Request, cnonce: &str) {
        if self.hops.iter().any(|entry| entry.hop == hop) {
            self.auth.preempt(hop, request, &self.settings, cnonce);
        }
    }

    /// Answers a challenge of a hop; `false` where it must not or cannot be answered.
    pub(crate) fn answer(
        &mut self,
        hop: Hop,
        response: &Response,
        request: &mut Request,
        tries: &mut Tries,
        cnonce: &str,
    ) -> bool {
        // Requirement F10: no credentials to a server that was not configured.
        if !self.hops.iter().any(|entry| entry.hop == hop) {
            return false;
        }
        self.auth.answer(hop, response, request, tries, &self.settings, cnonce)
    }
}

fn hop_id(hop: usize) -> Option<HopId> {
    u8::try_from(hop).ok().map(HopId)
}
