//! Ending a dialog that its user has left: the BYE that must get through (requirement B3).
//!
//! The call is over for the user when a farewell begins; it climbs the ladder of failover design §5
//! on its own, and when every hop has failed it waits for any hop to answer (rung 3), up to 64·T1
//! after its first BYE.

use std::time::Instant;

use failover::TIMEOUT;
use sip_core::endpoint::ClientId;
use sip_core::message::Method;

use super::ladder::{Ladder, Place};
use super::session::Session;
use crate::account::auth::Tries;
use crate::account::evidence::{Asked, Heard, Next, judge};
use crate::core::{Core, Owner, Reply};
use crate::hop_change::Places;
use crate::output::{Event, Switch};

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Farewell {
    session: Session,
    ladder: Ladder,
    /// The BYE in flight; earlier ones may still be answered.
    current: Option<ClientId>,
    tries: Tries,
    started: Instant,
    deadline: Instant,
    told: bool,
}

/// Whether a farewell is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It goes on.
    On,
    /// Said, or given up.
    Over,
}

/// Sends the first BYE of a dialog and leaves the rest to itself.
pub(crate) fn begin(core: &mut Core, session: Session, now: Instant) {
    let Some(account) = core.accounts.get_mut(&session.line) else { return };
    let ladder = session.plan(account, &Method::Bye, now);
    let farewell = Farewell {
        session,
        ladder,
        current: None,
        tries: Tries::default(),
        started: now,
        deadline: now + TIMEOUT,
        told: false,
    };
    let Some(id) = core.add_farewell(farewell) else { return };
    with(core, id, |farewell, core| farewell.send(core, id, now));
}

/// Runs a step of a farewell and drops it when it is over.
pub(crate) fn with(
    core: &mut Core,
    id: u32,
    step: impl FnOnce(&mut Farewell, &mut Core) -> Progress,
) {
    let Some(mut farewell) = core.farewells.remove(&id) else { return };
    if step(&mut farewell, core) == Progress::On {
        core.farewells.insert(id, farewell);
    }
}

impl Farewell {
    /// The line whose hops it uses.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The line's hop list has changed.
    pub(crate) fn follow(&mut self, places: &Places) {
        self.ladder.follow(places);
    }

    fn send(&mut self, core: &mut Core, id: u32, now: Instant) -> Progress {
        let cnonce = core.tokens.cnonce();
        loop {
            let Some(account) = core.accounts.get_mut(&self.session.line) else {
                return Progress::Over;
            };
            let full = self.ladder.is_last();
            let patience = account.patience(false, full);
            let rung = self.ladder.rung;
            if let Some(mut parcel) =
                self.session.request(Method::Bye, None, rung, patience, account)
            {
                account.preempt(parcel.to, &mut parcel.request, &cnonce);
                self.current = Some(core.send(Owner::Farewell(id), parcel, now));
                return Progress::On;
            }
            if self.ladder.next().is_none() {
                return self.wait();
            }
        }
    }

    fn wait(&mut self) -> Progress {
        self.current = None;
        Progress::On
    }

    /// An answer, or the lack of one, to one of its BYEs.
    pub(crate) fn on_reply(
        &mut self,
        core: &mut Core,
        id: u32,
        transaction: ClientId,
        reply: &Reply,
        now: Instant,
    ) -> Progress {
        if let Reply::Final(response) = reply {
            // A late 2xx of an earlier BYE ends the dialog as well as one of the newest.
            if response.code.is_success() {
                if self.current == Some(transaction) {
                    self.heard_from_hop(core, response.code.as_u16(), now);
                }
                return self.landed(core, now);
            }
        }
        if self.current != Some(transaction) {
            return Progress::On;
        }
        let Some(heard) = reply.heard() else { return Progress::On };
        if let Heard::Answer { code, .. } = heard
            && self.ladder.refuses_repair(code)
            && self.ladder.unmodified().is_some()
        {
            return self.send(core, id, now);
        }
        let Some(account) = core.accounts.get(&self.session.line) else { return Progress::Over };
        let verdict = judge(Asked::Bye, &heard, account.knobs());
        if let Heard::Answer { code, .. } = heard {
            self.heard_from_hop(core, code, now);
        }
        if let Place::Line(hop) = self.ladder.rung.place {
            core.learn(self.session.line, hop, verdict.lesson, now);
        }
        // Failover design §3: 481 is the dialog's end where the route set leads, or at the last rung.
        let unknown_here = matches!(heard, Heard::Answer { code: 481, .. })
            && self.ladder.is_denied_by_a_stranger();
        match verdict.next {
            Next::Final if unknown_here => self.climb(core, id, &heard, now),
            Next::Authenticate => match self.authenticate(core, id, reply, now) {
                true => Progress::On,
                false => Progress::Over,
            },
            Next::Elsewhere => self.climb(core, id, &heard, now),
            Next::Final
            | Next::MinExpires
            | Next::WithoutOutbound
            | Next::OtherExtensions
            | Next::LongerSession
            | Next::RegisterFirst
            | Next::RepeatAfter(_) => self.landed(core, now),
        }
    }

    /// Requirement C3: the primary's answer is a signal failback's success.
    fn heard_from_hop(&self, core: &mut Core, code: u16, now: Instant) {
        let Place::Line(hop) = self.ladder.rung.place else { return };
        if let Some(account) = core.accounts.get_mut(&self.session.line) {
            account.answered(hop, code, now);
        }
    }

    fn landed(&mut self, core: &mut Core, now: Instant) -> Progress {
        if let Place::Line(hop) = self.ladder.rung.place
            && self.ladder.tried > 0
            && let Some(account) = core.accounts.get_mut(&self.session.line)
        {
            account.served(hop, now);
        }
        Progress::Over
    }

    fn authenticate(&mut self, core: &mut Core, id: u32, reply: &Reply, now: Instant) -> bool {
        let (Reply::Final(response), Place::Line(hop)) = (reply, self.ladder.rung.place) else {
            return false;
        };
        let cnonce = core.tokens.cnonce();
        let Some(account) = core.accounts.get_mut(&self.session.line) else { return false };
        let Some(to) = account.hops.get(hop).map(|entry| entry.hop) else { return false };
        let patience = account.patience(false, self.ladder.is_last());
        let rung = self.ladder.rung;
        let Some(mut parcel) = self.session.request(Method::Bye, None, rung, patience, account)
        else {
            return false;
        };
        if !account.answer(to, response, &mut parcel.request, &mut self.tries, &cnonce) {
            return false;
        }
        self.current = Some(core.send(Owner::Farewell(id), parcel, now));
        true
    }

    fn climb(&mut self, core: &mut Core, id: u32, heard: &Heard, now: Instant) -> Progress {
        let from = self.hop(core);
        let attempts = self.current.map_or(0, |id| core.endpoint.transmissions(id));
        if self.ladder.next().is_none() {
            // Requirement B4: told once, however long rung 3 goes on.
            if !std::mem::replace(&mut self.told, true) {
                let (line, method) = (self.session.line, "BYE".to_owned());
                core.event(Event::Unavailable { line, method, cause: heard.cause().into() }, now);
            }
            return if now >= self.deadline { Progress::Over } else { self.wait() };
        }
        let cause = heard.cause();
        if let Some(to) = self.hop(core) {
            let switch = Switch {
                line: self.session.line,
                method: "BYE".to_owned(),
                from,
                to,
                cause: cause.into(),
                attempts,
                elapsed: now.saturating_duration_since(self.started),
            };
            core.failover(switch, now);
        }
        self.send(core, id, now)
    }

    fn hop(&self, core: &Core) -> Option<sip_core::transport::Hop> {
        match self.ladder.rung.place {
            Place::Elsewhere(hop) => Some(hop),
            Place::Line(at) => {
                core.accounts.get(&self.session.line)?.hops.get(at).map(|entry| entry.hop)
            }
        }
    }

    /// Rung 3: some hop of the line answers again.
    pub(crate) fn on_hop_alive(&mut self, core: &mut Core, id: u32, now: Instant) -> Progress {
        if self.current.is_some() {
            return Progress::On;
        }
        let Some(account) = core.accounts.get_mut(&self.session.line) else {
            return Progress::Over;
        };
        self.ladder = self.session.plan(account, &Method::Bye, now);
        self.tries = Tries::default();
        self.send(core, id, now)
    }

    /// When a BYE that waits for any hop to answer is given up.
    pub(crate) fn waits_until(&self) -> Option<Instant> {
        self.current.is_none().then_some(self.deadline)
    }

    /// Whether it has waited long enough.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.current.is_none() && now >= self.deadline
    }
}
