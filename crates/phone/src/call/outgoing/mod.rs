//! A call that we make, until it is up: legs that race (requirements B2, F4; failover design §4).
//!
//! One INVITE goes to the line's hops in turn. The leg at an earlier hop stays when a later one
//! begins, and the first that rings or answers is the call; the others are cancelled then, never
//! before. What an answer means is `account::evidence`'s; what comes after the 2xx is the session's.

mod leg;
mod target;
mod waiting;

pub(crate) use leg::{Leg, Stage};
pub(crate) use target::target;

use std::time::Instant;

use failover::{HopId, Order};
use sip_core::endpoint::ClientId;
use sip_core::message::{CSeq, HeaderName, Method, Request, Response};
use sip_core::transport::Hop;
use sip_core::usage::session_timer::TIMER;
use sip_core::usage::{SessionTimer, extensions};

use super::SUPPORTED;
use super::early::{EarlyDialogs, Standing};
use super::stray::{self, Stray};
use crate::account::Account;
use crate::account::auth::Tries;
use crate::account::evidence::{Asked, Heard, Next, judge};
use crate::account::outbound::{self, OUTBOUND};
use crate::core::{Core, Owner, Parcel, Reply};
use crate::hop_change::Places;
use crate::input::LineHop;
use crate::limits;
use crate::output::{Event, Switch};
use crate::settings::LineNumber;
use crate::words::Reason;
use failover::Cause;
use waiting::{Check, Parked};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    line: LineNumber,
    call: crate::CallId,
    template: Request,
    /// Number dialled without a domain: the Request-URI's domain is each server's own.
    bare_user: bool,
    order: Order,
    at: usize,
    cseq: u32,
    pub(crate) legs: Vec<Leg>,
    pub(crate) early: EarlyDialogs,
    tries: Tries,
    /// How often a 420 or 421 has changed what it offers.
    adapted: u8,
    /// Whether it may say by which flow its requests shall come.
    names_flow: bool,
    pub(crate) timer: SessionTimer,
    started: Instant,
    check: Option<Check>,
    ring_deadline: Option<Instant>,
    /// A 403 that waits for the line's REGISTER at its hop, once (setting *register first*).
    parked: Option<Parked>,
    was_parked: bool,
    /// The newest leg answered 482: an earlier one has delivered the call.
    adopted: bool,
    /// The latest refusal by a server, shown if nothing better comes.
    refusal: Option<(u16, String)>,
    last_cause: Cause,
    /// Transmissions of the leg that failed last.
    last_transmissions: u32,
}

/// What a step leads to.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Still being set up.
    On,
    /// It rings there; the response may carry early media.
    Ringing(Box<Response>),
    /// Answered on this leg.
    Up(Box<Leg>, Box<Response>),
    /// Over.
    Failed {
        /// SIP code; 408 where nobody answered.
        code: u16,
        /// In words.
        reason: Reason,
        /// The last cause, where no hop answered at all (requirement B4).
        unreached: Option<Cause>,
    },
}

impl Outgoing {
    /// Prepares a call; [`Self::start`] sends it.
    pub(crate) fn new(
        line: LineNumber,
        call: crate::CallId,
        template: Request,
        bare_user: bool,
        order: Order,
        timer: SessionTimer,
        now: Instant,
    ) -> Self {
        Self {
            line,
            call,
            template,
            bare_user,
            order,
            at: 0,
            cseq: 1,
            legs: Vec::new(),
            early: EarlyDialogs::default(),
            tries: Tries::default(),
            adapted: 0,
            names_flow: true,
            timer,
            started: now,
            check: None,
            ring_deadline: None,
            parked: None,
            was_parked: false,
            adopted: false,
            refusal: None,
            last_cause: Cause::NoAnswer,
            last_transmissions: 0,
        }
    }

    /// Goes another way than was planned; nothing has been sent yet.
    pub(crate) fn set_order(&mut self, order: Order, now: Instant) {
        self.order = order;
        self.started = now;
    }

    /// Sends the first leg.
    pub(crate) fn start(&mut self, core: &mut Core, now: Instant) -> Step {
        self.send_leg(core, None, now)
    }

    /// Sends a leg at the order's current hop; with a response, as the answer to its challenge.
    fn send_leg(&mut self, core: &mut Core, challenge: Option<&Response>, now: Instant) -> Step {
        let cnonce = core.tokens.cnonce();
        let Some(account) = core.accounts.get_mut(&self.line) else { return self.give_up() };
        let Some(at) = self.order.hops.get(self.at).map(|hop| usize::from(hop.0)) else {
            return self.give_up();
        };
        let Some(hop) = account.hops.get(at).cloned() else { return self.next_hop(core, now) };
        let mut request = self.request(account, at, &hop);
        match challenge {
            Some(response) => {
                let tries = &mut self.tries;
                if !account.answer(hop.hop, response, &mut request, tries, &cnonce) {
                    return self.refused(core, response.code.as_u16(), &response.reason, now);
                }
            }
            None => account.preempt(hop.hop, &mut request, &cnonce),
        }
        let patience = account.patience(true, self.at + 1 == self.order.hops.len());
        let (line, to, local) = (self.line, hop.hop, hop.local);
        let parcel = Parcel { line, request: request.clone(), to, local, patience };
        let id = core.send(Owner::Leg(self.call), parcel, now);
        let stage = Stage::Sent;
        self.legs.push(Leg { id, request, at, hop: hop.hop, local: hop.local, stage });
        Step::On
    }

    /// The INVITE as it goes to one hop (failover design §3): only Via, Contact and, between two
    /// registrars, the domain of a bare number differ.
    fn request(&self, account: &Account, at: usize, hop: &LineHop) -> Request {
        let mut request = self.template.clone();
        if self.bare_user {
            let registrar = account.registrar_at(at);
            request.uri.host = registrar.host.clone();
            request.uri.port = registrar.port;
        }
        let cseq = CSeq::new(self.cseq, Method::Invite);
        request.headers.set(HeaderName::CSeq, cseq);
        request.headers.set(HeaderName::Contact, account.contact(hop.hop.transport, hop.local));
        if extensions::offers(&request.headers, TIMER) {
            self.timer.ask(&mut request.headers);
        }
        if self.names_flow && account.has_flow_to(hop.hop) {
            outbound::name_flow(&mut request);
        }
        if let Some(route) = account.preloaded_route(at) {
            request.headers.push(HeaderName::Route, &route);
        }
        request
    }

    fn leg(&mut self, id: ClientId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }

    fn is_newest(&self, id: ClientId) -> bool {
        self.legs.last().is_some_and(|leg| leg.id == id)
    }

    /// An answer, or the lack of one, on one leg.
    pub(crate) fn on_reply(
        &mut self,
        core: &mut Core,
        id: ClientId,
        reply: Reply,
        now: Instant,
    ) -> Step {
        if self.leg(id).is_none() {
            return Step::On;
        }
        match reply {
            Reply::Provisional(response) => self.on_provisional(core, id, response, now),
            Reply::Final(response) if response.code.is_success() => {
                self.on_success(core, id, response, now)
            }
            Reply::Final(_) | Reply::Silent | Reply::TimedOut | Reply::Failed(_) => {
                self.on_failure(core, id, &reply, now)
            }
        }
    }

    fn on_provisional(
        &mut self,
        core: &mut Core,
        id: ClientId,
        response: Response,
        now: Instant,
    ) -> Step {
        let Some(account) = core.accounts.get_mut(&self.line) else { return Step::On };
        let patience = account.patience(true, false);
        let (ring, trying) = (account.settings.ring_limit, account.settings.trying_limit);
        let newest = self.is_newest(id);
        let Some(leg) = self.leg(id) else { return Step::On };
        let at = leg.at;
        if response.code.as_u16() == 100 {
            self.ring_deadline.get_or_insert(now + trying);
            // A late 100 decides nothing: the later leg goes on.
            if newest && self.leg(id).is_some_and(|leg| leg.stage == Stage::Sent) {
                self.set_stage(id, Stage::Trying);
                self.check = Some(Check { due: now + patience, in_flight: None });
            }
            return Step::On;
        }
        if self.leg(id).is_some_and(|leg| leg.stage != Stage::Ringing) {
            self.ring_deadline = Some(now + ring);
        }
        self.set_stage(id, Stage::Ringing);
        self.check = None;
        account.answered(at, response.code.as_u16(), now);
        self.served_after_failover(core, at, now);
        self.release_others(core, id, now);
        let Some(leg) = self.leg(id).cloned() else { return Step::On };
        let owner = Owner::InDialog(self.call);
        match self.early.on_provisional(core, self.line, &leg, owner, &response, now) {
            Standing::New => Step::Ringing(Box::new(response)),
            Standing::Old => Step::On,
        }
    }

    fn set_stage(&mut self, id: ClientId, stage: Stage) {
        if let Some(leg) = self.leg(id) {
            leg.stage = stage;
        }
    }

    fn on_success(
        &mut self,
        core: &mut Core,
        id: ClientId,
        response: Response,
        now: Instant,
    ) -> Step {
        self.release_others(core, id, now);
        let Some(leg) = self.legs.pop() else { return Step::On };
        if let Some(account) = core.accounts.get_mut(&self.line) {
            account.answered(leg.at, response.code.as_u16(), now);
        }
        self.served_after_failover(core, leg.at, now);
        Step::Up(Box::new(leg), Box::new(response))
    }

    /// The first leg that rings or answers is the call: the others are cancelled and let go.
    fn release_others(&mut self, core: &mut Core, keep: ClientId, now: Instant) {
        let others: Vec<Leg> = self.legs.iter().filter(|leg| leg.id != keep).cloned().collect();
        self.legs.retain(|leg| leg.id == keep);
        self.release(core, others, now);
    }

    fn release(&mut self, core: &mut Core, legs: Vec<Leg>, now: Instant) {
        for leg in legs {
            let ringing = self.early.of_leg(leg.id);
            let stray =
                Stray::new(self.line, leg.request, leg.hop, leg.local, now).with_ringing(ringing);
            stray::release(core, leg.id, stray, true, now);
        }
    }

    /// Incoming calls must follow to the hop that serves now (asterisk#1927).
    fn served_after_failover(&self, core: &mut Core, at: usize, now: Instant) {
        if self.at == 0 {
            return;
        }
        if let Some(account) = core.accounts.get_mut(&self.line) {
            account.served(at, now);
        }
    }

    fn on_failure(&mut self, core: &mut Core, id: ClientId, reply: &Reply, now: Instant) -> Step {
        let newest = self.is_newest(id);
        let (Some(leg), Some(heard)) = (self.leg(id).cloned(), reply.heard()) else {
            return Step::On;
        };
        let Some(account) = core.accounts.get_mut(&self.line) else { return self.give_up() };
        let asked = Asked::Invite {
            ringing: leg.stage == Stage::Ringing,
            cancelled: false,
            registered_here: account.is_registered_at(leg.at),
        };
        let verdict = judge(asked, &heard, account.knobs());
        if let Heard::Answer { code, .. } = &heard {
            account.answered(leg.at, *code, now);
        }
        // A leg that was silent already has taught its lesson.
        if leg.stage != Stage::Quiet {
            core.learn(self.line, leg.at, verdict.lesson, now);
        }
        if matches!(reply, Reply::Silent) {
            self.set_stage(id, Stage::Quiet);
        } else {
            self.legs.retain(|leg| leg.id != id);
        }
        if let Reply::Final(response) = reply {
            self.refusal = Some((response.code.as_u16(), response.reason.clone()));
        }
        self.last_cause = heard.cause();
        self.last_transmissions = core.endpoint.transmissions(id);
        // What an abandoned hop says late (a challenge, a refusal) moves nothing; only when no leg
        // is left is the call over.
        if !newest {
            return if self.legs.is_empty() { self.give_up() } else { Step::On };
        }
        self.after_newest(core, &heard, reply, verdict.next, now)
    }

    fn after_newest(
        &mut self,
        core: &mut Core,
        heard: &Heard,
        reply: &Reply,
        next: Next,
        now: Instant,
    ) -> Step {
        self.check = None;
        let response = match reply {
            Reply::Final(response) => Some(response),
            Reply::Provisional(_) | Reply::Silent | Reply::TimedOut | Reply::Failed(_) => None,
        };
        match (next, response, heard) {
            (Next::Authenticate, Some(response), _) => {
                self.cseq += 1;
                self.send_leg(core, Some(response), now)
            }
            (Next::LongerSession, Some(response), _) if self.timer.raise(response) => {
                self.cseq += 1;
                self.send_leg(core, None, now)
            }
            (Next::OtherExtensions, Some(response), _) if self.adapt(response) => {
                self.cseq += 1;
                self.send_leg(core, None, now)
            }
            (Next::Elsewhere, _, _) => self.next_hop(core, now),
            (Next::RegisterFirst, Some(response), _) if !self.was_parked => {
                self.park(core, response, now)
            }
            // RFC 3261 §8.2.2.2: the callee has this call already, by an earlier leg.
            (_, Some(response), Heard::Answer { code: 482, .. }) if !self.legs.is_empty() => {
                self.adopted = true;
                self.refusal = Some((482, response.reason.clone()));
                Step::On
            }
            (_, Some(response), _) => {
                self.refused(core, response.code.as_u16(), &response.reason, now)
            }
            (_, None, _) => self.next_hop(core, now),
        }
    }

    /// Takes note of a 420 or 421; `false` where it asks for nothing that can be done.
    fn adapt(&mut self, response: &Response) -> bool {
        let may = self.adapted < limits::EXTENSION_REPEATS;
        self.adapted = self.adapted.saturating_add(1);
        let refused = response.headers.tokens(&HeaderName::Unsupported);
        let flow_refused = refused.contains(&OUTBOUND) && std::mem::take(&mut self.names_flow);
        may && (extensions::adapt(&mut self.template.headers, SUPPORTED, response) || flow_refused)
    }

    /// A final answer that is the call's own.
    fn refused(&mut self, core: &mut Core, code: u16, reason: &str, now: Instant) -> Step {
        let legs = std::mem::take(&mut self.legs);
        self.release(core, legs, now);
        Step::Failed { code, reason: Reason::Server(reason.to_owned()), unreached: None }
    }

    fn next_hop(&mut self, core: &mut Core, now: Instant) -> Step {
        let from = self.hop_at(core, self.at);
        self.at += 1;
        let Some(to) = self.hop_at(core, self.at) else {
            // The last hop failed; an earlier leg may still be answered.
            self.at = self.order.hops.len();
            return if self.legs.is_empty() { self.give_up() } else { Step::On };
        };
        let switch = Switch {
            line: self.line,
            method: "INVITE".to_owned(),
            from,
            to,
            cause: self.last_cause.into(),
            attempts: self.last_transmissions,
            elapsed: now.saturating_duration_since(self.started),
        };
        core.failover(switch, now);
        self.send_leg(core, None, now)
    }

    fn hop_at(&self, core: &Core, at: usize) -> Option<Hop> {
        let id = self.order.hops.get(at)?;
        Some(core.accounts.get(&self.line)?.hops.get(usize::from(id.0))?.hop)
    }

    /// First every hop, then the result is mapped (failover design §1).
    fn give_up(&self) -> Step {
        if self.adopted {
            let reason = Reason::MayHaveRung;
            return Step::Failed { code: 408, reason, unreached: None };
        }
        match &self.refusal {
            Some((code, reason)) => {
                let reason = Reason::Server(reason.clone());
                Step::Failed { code: *code, reason, unreached: None }
            }
            None => {
                let reason = Reason::AllFailed(self.last_cause);
                Step::Failed { code: 408, reason, unreached: Some(self.last_cause) }
            }
        }
    }

    /// The user hangs up: no leg goes anywhere any more (failover design §1, first row).
    pub(crate) fn cancel(&mut self, core: &mut Core, now: Instant) {
        let legs = std::mem::take(&mut self.legs);
        self.release(core, legs, now);
    }

    /// The line's hop list has changed: the order and the legs keep their hops.
    pub(crate) fn follow(&mut self, places: &Places) {
        let place =
            |hop: HopId| places.place(usize::from(hop.0)).and_then(|at| u8::try_from(at).ok());
        let tried = self.at;
        let hops = self.order.hops.iter().enumerate();
        // One beyond the list stands for a hop that was tried and is gone.
        let hops = hops.filter_map(|(n, hop)| place(*hop).or((n <= tried).then_some(u8::MAX)));
        self.order = Order::new(hops.map(HopId).collect());
        for leg in &mut self.legs {
            // One beyond the list teaches nothing any more.
            leg.at = places.place(leg.at).unwrap_or(usize::MAX);
        }
    }

    /// The hop that the newest leg uses, for the status.
    pub(crate) fn current_hop(&self) -> Option<Hop> {
        self.legs.last().map(|leg| leg.hop)
    }
}

/// The event of requirement B4, for a call.
pub(crate) fn unavailable(line: LineNumber, cause: Cause) -> Event {
    Event::Unavailable { line, method: "INVITE".to_owned(), cause: cause.into() }
}
