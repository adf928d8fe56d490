//! A request within a dialog that is up, on its way (requirement F3): any but BYE and ACK.
//!
//! Climbs the ladder of failover design §5 hop by hop, answers challenges, repeats what was asked to
//! wait, and says what came of it. It knows nothing of what the request is for: hold, session
//! refresh, transfer and digits are its owners', who also tell the user.

use std::time::{Duration, Instant};

use failover::TIMEOUT;
use sip_core::endpoint::ClientId;
use sip_core::message::{HeaderName, Headers, Method, Request, Response};
use sip_core::transport::Hop;

use super::ladder::{Ladder, Place};
use super::session::Session;
use crate::account::auth::Tries;
use crate::account::evidence::{Asked, Heard, Lesson, Next, judge};
use crate::core::{Core, Owner, Reply};
use crate::hop_change::Places;
use crate::limits;
use crate::output::Switch;
use crate::words::Failing;

/// What of a request is its owner's: the rest follows from the dialog and the hop.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) method: Method,
    /// Headers beyond those of the dialog.
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Outline {
    pub(crate) fn new(method: Method) -> Self {
        Self { method, headers: Headers::new(), body: Vec::new() }
    }

    /// The same with a body.
    pub(crate) fn with_body(mut self, kind: &str, body: Vec<u8>) -> Self {
        self.headers.set(HeaderName::ContentType, kind);
        self.body = body;
        self
    }

    /// Failover design §3: a callee can tell the copies of these by their number, so that no second
    /// transfer or digit comes of one; the others count on.
    fn keeps_cseq(&self) -> bool {
        matches!(self.method, Method::Refer | Method::Info)
    }

    fn asked(&self) -> Asked {
        let changes = matches!(self.method, Method::Invite | Method::Update);
        if changes { Asked::Change } else { Asked::InDialog }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct InDialog {
    owner: Owner,
    pub(crate) outline: Outline,
    ladder: Ladder,
    current: Option<ClientId>,
    /// The number of a request that keeps it from hop to hop.
    cseq: Option<u32>,
    tries: Tries,
    started: Instant,
    /// When an answer that began with a 1xx is given up at this hop.
    waits_until: Option<Instant>,
    repeats: u8,
    repeat_at: Option<Instant>,
}

/// What a step leads to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Goes on.
    On,
    /// Accepted with this response.
    Taken(Box<Response>),
    /// Answered otherwise.
    Refused(Box<Response>),
    /// A copy of it was delivered by an earlier hop; its answer is lost (failover design §3).
    Delivered,
    /// No hop took it.
    Unreached(Failing),
    /// The other side does not know the dialog any more (RFC 3261 §12.2.1.2).
    DialogGone,
}

impl InDialog {
    /// The line's hop list has changed.
    pub(crate) fn follow(&mut self, places: &Places) {
        self.ladder.follow(places);
    }

    /// Sends the request for the first time. `None` where no hop is left to send it to.
    pub(crate) fn begin(
        core: &mut Core,
        session: &mut Session,
        owner: Owner,
        outline: Outline,
        now: Instant,
    ) -> Option<Self> {
        let account = core.accounts.get_mut(&session.line)?;
        let ladder = session.plan(account, &outline.method, now);
        let mut request = Self {
            owner,
            outline,
            ladder,
            current: None,
            cseq: None,
            tries: Tries::default(),
            started: now,
            waits_until: None,
            repeats: 0,
            repeat_at: None,
        };
        request.send(core, session, None, now).then_some(request)
    }

    /// Sends it again at the rung where it is, after its owner has changed the outline.
    pub(crate) fn again(&mut self, core: &mut Core, session: &mut Session, now: Instant) -> bool {
        self.cseq = None;
        self.send(core, session, None, now)
    }

    fn send(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        challenge: Option<&Response>,
        now: Instant,
    ) -> bool {
        let cnonce = core.tokens.cnonce();
        let Some(account) = core.accounts.get_mut(&session.line) else { return false };
        let full = self.ladder.has_full_time();
        let patience = account.patience(self.outline.method == Method::Invite, full);
        let (rung, method) = (self.ladder.rung, self.outline.method.clone());
        let Some(mut parcel) = session.request(method, self.cseq, rung, patience, account) else {
            return false;
        };
        let request = &mut parcel.request;
        for (name, value) in self.outline.headers.iter() {
            request.headers.set(name.clone(), value);
        }
        request.body.clone_from(&self.outline.body);
        match challenge {
            Some(response) => {
                if !account.answer(parcel.to, response, request, &mut self.tries, &cnonce) {
                    return false;
                }
            }
            None => account.preempt(parcel.to, request, &cnonce),
        }
        if self.outline.keeps_cseq() {
            self.cseq = request.headers.cseq().ok().map(|cseq| cseq.number);
        }
        self.waits_until = None;
        self.current = Some(core.send(self.owner, parcel, now));
        true
    }

    /// An answer, or the lack of one.
    pub(crate) fn on_reply(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        id: ClientId,
        reply: &Reply,
        now: Instant,
    ) -> Outcome {
        if self.current != Some(id) {
            return Outcome::On;
        }
        if matches!(reply, Reply::Provisional(_)) {
            // The transaction of an INVITE has no end of its own from here on.
            self.waits_until.get_or_insert(now + TIMEOUT);
            return Outcome::On;
        }
        if let Reply::Final(response) = reply
            && response.code.is_success()
        {
            self.taken(core, session, response, now);
            return Outcome::Taken(Box::new(response.clone()));
        }
        let Some(heard) = reply.heard() else { return Outcome::On };
        if let Heard::Answer { code, .. } = heard
            && self.ladder.refuses_repair(code)
            && self.ladder.unmodified().is_some()
        {
            return self.sent_or_unreached(core, session, now);
        }
        let Some(account) = core.accounts.get(&session.line) else { return Outcome::On };
        let verdict = judge(self.outline.asked(), &heard, account.knobs());
        self.learn(core, session, verdict.lesson, now);
        self.after(core, session, &heard, reply, verdict.next, now)
    }

    fn learn(&self, core: &mut Core, session: &Session, lesson: Lesson, now: Instant) {
        if let Place::Line(hop) = self.ladder.rung.place {
            core.learn(session.line, hop, lesson, now);
        }
    }

    fn after(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        heard: &Heard,
        reply: &Reply,
        next: Next,
        now: Instant,
    ) -> Outcome {
        let Reply::Final(response) = reply else { return self.climb(core, session, heard, now) };
        let refused = || Outcome::Refused(Box::new(response.clone()));
        match (next, response.code.as_u16()) {
            (Next::Authenticate, _) => {
                // RFC 3261 §22.2: with credentials it is another request.
                self.cseq = None;
                match self.send(core, session, Some(response), now) {
                    true => Outcome::On,
                    false => refused(),
                }
            }
            (Next::Elsewhere, _) => self.climb(core, session, heard, now),
            (Next::RepeatAfter(wait), _) => self.repeat(response, wait, now),
            (_, 500) if self.cseq.is_some() && self.ladder.tried > 0 => Outcome::Delivered,
            // RFC 3261 §14.1: both sides changed at once; the one that owns the Call-ID waits longer.
            (_, 491) => {
                let wait = Duration::from_millis(2100 + u64::from(core.random_u32() % 1900));
                self.repeat(response, wait, now)
            }
            // A hop that the dialog never passed says so of every dialog (failover design §3).
            (_, 481) if self.ladder.is_denied_by_a_stranger() => {
                self.ladder.note_denial();
                self.climb(core, session, heard, now)
            }
            // The last one may be such a hop too: then the call goes on (§5).
            (_, 481) if self.outline.asked() == Asked::Change && self.ladder.is_at_named() => {
                Outcome::DialogGone
            }
            _ => refused(),
        }
    }

    fn taken(&mut self, core: &mut Core, session: &mut Session, response: &Response, now: Instant) {
        if matches!(self.outline.method, Method::Invite | Method::Update) {
            session.dialog.target_refresh(&response.headers);
        }
        let failed_over = self.ladder.tried > 0;
        let rung = self.ladder.rung;
        let Some(account) = core.accounts.get_mut(&session.line) else { return };
        session.landed(rung, account);
        if let (Place::Line(hop), true) = (rung.place, failed_over) {
            account.served(hop, now);
        }
        if let Place::Line(hop) = rung.place {
            account.answered(hop, response.code.as_u16(), now);
        }
    }

    fn climb(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        heard: &Heard,
        now: Instant,
    ) -> Outcome {
        let from = self.hop(core, session);
        let attempts = self.current.map_or(0, |id| core.endpoint.transmissions(id));
        if self.ladder.next().is_none() {
            return Outcome::Unreached(match self.ladder.was_denied() {
                true => Failing::OnlyItsOwn(heard.cause()),
                false => Failing::NoProxyTook(heard.cause()),
            });
        }
        if let Some(to) = self.hop(core, session) {
            let switch = Switch {
                line: session.line,
                method: self.outline.method.as_str().to_owned(),
                from,
                to,
                cause: heard.cause().into(),
                attempts,
                elapsed: now.saturating_duration_since(self.started),
            };
            core.failover(switch, now);
        }
        self.sent_or_unreached(core, session, now)
    }

    fn sent_or_unreached(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        now: Instant,
    ) -> Outcome {
        match self.send(core, session, None, now) {
            true => Outcome::On,
            false => Outcome::Unreached(Failing::NoProxyLeft),
        }
    }

    fn repeat(&mut self, response: &Response, wait: Duration, now: Instant) -> Outcome {
        if self.repeats == limits::CHANGE_REPEATS {
            return Outcome::Refused(Box::new(response.clone()));
        }
        self.repeats += 1;
        self.current = None;
        self.repeat_at = Some(now + wait);
        Outcome::On
    }

    /// When a repeat is due, or an answer that began with a 1xx is waited for no longer.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.repeat_at.or(self.waits_until)
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        now: Instant,
    ) -> Outcome {
        if self.repeat_at.take_if(|at| *at <= now).is_some() {
            return self.sent_or_unreached(core, session, now);
        }
        if self.waits_until.take_if(|at| *at <= now).is_some() {
            // RFC 3261 §14.1: nothing final in 64·T1 counts as 408. The hop has said something, so
            // nothing is learnt of it.
            return self.climb(core, session, &Heard::Silence, now);
        }
        Outcome::On
    }

    /// A rung whose hop was found unavailable by other evidence is left at once.
    pub(crate) fn on_hop_dead(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        hop: Hop,
        heard: &Heard,
        now: Instant,
    ) -> Outcome {
        if self.current.is_none() || self.hop(core, session) != Some(hop) {
            return Outcome::On;
        }
        self.climb(core, session, heard, now)
    }

    fn hop(&self, core: &Core, session: &Session) -> Option<Hop> {
        match self.ladder.rung.place {
            Place::Elsewhere(hop) => Some(hop),
            Place::Line(at) => core.accounts.get(&session.line)?.hops.get(at).map(|e| e.hop),
        }
    }
}

/// Acknowledges a 2xx to a re-INVITE of ours, the first time and whenever it comes again
/// (RFC 3261 §13.2.2.4), also where the change it belongs to has gone on to another hop.
pub(crate) fn acknowledge(
    core: &mut Core,
    session: &Session,
    id: ClientId,
    reply: &Reply,
    now: Instant,
) {
    let Reply::Final(response) = reply else { return };
    let invite = |request: &&Request| request.method == Method::Invite;
    let Some(request) = core.endpoint.request_of(id).filter(invite).cloned() else { return };
    if !response.code.is_success() {
        return;
    }
    let asked = core.endpoint.hop_of(id);
    let Some(account) = core.accounts.get_mut(&session.line) else { return };
    if let Some((ack, to, local)) = session.ack(&request, asked, account, now) {
        core.send_ack(ack, to, local);
    }
}
