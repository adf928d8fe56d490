//! A change of a session that is up: hold and resume by re-INVITE (RFC 3261 §14, RFC 3264 §8.4).
//!
//! Climbs the ladder of failover design §5. When no rung takes, the call and its media go on as
//! they were and the user is told: a change is never worth the call.

use std::time::{Duration, Instant};

use sip_core::endpoint::ClientId;
use sip_core::message::{HeaderName, Method, Request, Response};
use sip_core::transport::Hop;

use super::ladder::{Ladder, Place};
use super::session::Session;
use crate::account::auth::Tries;
use crate::account::evidence::{Asked, Heard, Next, judge};
use crate::core::{Core, Owner, Reply};
use crate::limits;
use crate::output::Switch;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    call: crate::CallId,
    /// What the user asked for: hold (`true`) or resume.
    pub(crate) hold: bool,
    offer: Vec<u8>,
    ladder: Ladder,
    current: Option<(ClientId, Request)>,
    tries: Tries,
    started: Instant,
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
    /// Did not take, with words for the user.
    Refused(String),
    /// The other side does not know the dialog any more (RFC 3261 §12.2.1.2).
    DialogGone,
}

impl Change {
    /// Sends the first re-INVITE.
    pub(crate) fn begin(
        core: &mut Core,
        session: &mut Session,
        call: crate::CallId,
        hold: bool,
        offer: Vec<u8>,
        now: Instant,
    ) -> Option<Self> {
        let account = core.accounts.get_mut(&session.line)?;
        let ladder = session.plan(account, &Method::Invite, now);
        let tries = Tries::default();
        let mut change = Self {
            call,
            hold,
            offer,
            ladder,
            current: None,
            tries,
            started: now,
            repeats: 0,
            repeat_at: None,
        };
        change.send(core, session, None, now).then_some(change)
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
        let full = self.ladder.is_last() || matches!(self.ladder.rung.place, Place::Elsewhere(_));
        let patience = account.patience(true, full);
        let rung = self.ladder.rung;
        let Some(mut parcel) = session.request(Method::Invite, rung, patience, account) else {
            return false;
        };
        match challenge {
            Some(response) => {
                let request = &mut parcel.request;
                if !account.answer(parcel.to, response, request, &mut self.tries, &cnonce) {
                    return false;
                }
            }
            None => account.preempt(parcel.to, &mut parcel.request, &cnonce),
        }
        parcel.request.headers.set(HeaderName::ContentType, "application/sdp");
        parcel.request.body.clone_from(&self.offer);
        let request = parcel.request.clone();
        let id = core.send(Owner::InDialog(self.call), parcel, now);
        self.current = Some((id, request));
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
        let Some((current, request)) = self.current.clone() else { return Outcome::On };
        if current != id {
            return Outcome::On;
        }
        if let Reply::Final(response) = reply
            && response.code.is_success()
        {
            self.taken(core, session, &request, response, now);
            return Outcome::Taken(Box::new(response.clone()));
        }
        let Some(heard) = reply.heard() else { return Outcome::On };
        if let Heard::Answer { code, .. } = heard
            && self.ladder.refuses_repair(code)
            && self.ladder.unmodified().is_some()
        {
            return self.sent_or_refused(core, session, now);
        }
        let Some(account) = core.accounts.get(&session.line) else { return Outcome::On };
        let verdict = judge(Asked::Change, &heard, account.knobs());
        if let Place::Line(hop) = self.ladder.rung.place {
            core.learn(session.line, hop, verdict.lesson, now);
        }
        self.after(core, session, &heard, reply, verdict.next, now)
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
        match (next, heard, reply) {
            (Next::Authenticate, _, Reply::Final(response)) => {
                if self.send(core, session, Some(response), now) {
                    Outcome::On
                } else {
                    Outcome::Refused(self.words("the proxy refused the credentials"))
                }
            }
            (Next::Elsewhere, _, _) => self.climb(core, session, heard, now),
            (Next::RepeatAfter(wait), _, _) => self.repeat(wait, now),
            // RFC 3261 §14.1: both sides changed at once; the one that owns the Call-ID waits longer.
            (_, Heard::Answer { code: 491, .. }, _) => {
                let wait = Duration::from_millis(2100 + u64::from(core.random_u32() % 1900));
                self.repeat(wait, now)
            }
            (_, Heard::Answer { code: 481, .. }, _) => Outcome::DialogGone,
            (_, _, Reply::Final(response)) => {
                let words = format!("{} {}", response.code.as_u16(), response.reason);
                Outcome::Refused(self.words(&words))
            }
            _ => self.climb(core, session, heard, now),
        }
    }

    fn taken(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        request: &Request,
        response: &Response,
        now: Instant,
    ) {
        session.dialog.target_refresh(&response.headers);
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
        if let Some((ack, to, local)) = session.ack(request, account, now) {
            core.send_ack(ack, to, local);
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
        let attempts = self.current.as_ref().map_or(0, |(id, _)| core.endpoint.transmissions(*id));
        if self.ladder.next().is_none() {
            return Outcome::Refused(
                self.words(&format!("no proxy took it ({})", heard.in_words())),
            );
        }
        if let Some(to) = self.hop(core, session) {
            let switch = Switch {
                line: session.line,
                method: "INVITE".to_owned(),
                from,
                to,
                cause: heard.in_words(),
                attempts,
                elapsed: now.saturating_duration_since(self.started),
            };
            core.failover(switch, now);
        }
        self.sent_or_refused(core, session, now)
    }

    fn sent_or_refused(&mut self, core: &mut Core, session: &mut Session, now: Instant) -> Outcome {
        if self.send(core, session, None, now) {
            Outcome::On
        } else {
            Outcome::Refused(self.words("no proxy is left"))
        }
    }

    fn repeat(&mut self, wait: Duration, now: Instant) -> Outcome {
        if self.repeats == limits::CHANGE_REPEATS {
            return Outcome::Refused(self.words("the other party is busy changing the call"));
        }
        self.repeats += 1;
        self.current = None;
        self.repeat_at = Some(now + wait);
        Outcome::On
    }

    /// When a repeat is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.repeat_at
    }

    /// Repeats what was asked to wait.
    pub(crate) fn handle_timeout(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        now: Instant,
    ) -> Outcome {
        if self.repeat_at.take_if(|at| *at <= now).is_none() {
            return Outcome::On;
        }
        self.sent_or_refused(core, session, now)
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

    fn words(&self, why: &str) -> String {
        let what = if self.hold { "hold" } else { "resume" };
        format!("{what} did not take: {why}")
    }
}
