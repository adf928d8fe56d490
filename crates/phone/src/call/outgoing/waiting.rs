//! What a call that is being set up waits for: the check of a hop that said 100 and nothing more,
//! the line's REGISTER at a hop that refused it, the end of its ringing (failover design §1).

use std::time::Instant;

use sip_core::endpoint::ClientId;
use sip_core::message::Response;
use sip_core::transport::Hop;

use super::{Outgoing, Stage, Step};
use crate::account::evidence::{Asked, Lesson, judge};
use crate::core::{Core, Owner, Parcel, Reply};
use crate::limits;
use crate::words::Reason;
use failover::Cause;

/// The check of a hop that said 100 and nothing more (failover design §1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    pub(super) due: Instant,
    pub(super) in_flight: Option<ClientId>,
}

/// An INVITE that was refused where the line was not registered yet (failover design §1).
#[derive(Clone, Debug)]
pub(super) struct Parked {
    refusal: Box<Response>,
    until: Instant,
}

impl Outgoing {
    /// Waits for the line to register at this hop before the INVITE is repeated there.
    pub(super) fn park(&mut self, core: &mut Core, response: &Response, now: Instant) -> Step {
        let at = self.order.hops.get(self.at).map(|hop| usize::from(hop.0));
        let Some((at, account)) = at.zip(core.accounts.get_mut(&self.line)) else {
            return self.give_up();
        };
        self.was_parked = true;
        let until = now + account.patience(false, false);
        self.parked = Some(Parked { refusal: Box::new(response.clone()), until });
        account.served(at, now);
        Step::On
    }

    /// Some hop of the line has answered a REGISTER: a parked INVITE may go.
    pub(crate) fn on_line_alive(&mut self, core: &mut Core, now: Instant) -> Step {
        let at = self.order.hops.get(self.at).map(|hop| usize::from(hop.0));
        let here = at.zip(core.accounts.get(&self.line));
        if !here.is_some_and(|(at, account)| account.is_registered_at(at)) {
            return Step::On;
        }
        if self.parked.take().is_none() {
            return Step::On;
        }
        self.cseq += 1;
        self.send_leg(core, None, now)
    }

    /// The hop of a leg that has only 100 was found unavailable by other evidence.
    pub(crate) fn on_hop_dead(
        &mut self,
        core: &mut Core,
        hop: Hop,
        cause: Cause,
        now: Instant,
    ) -> Step {
        let Some(leg) = self.legs.last().filter(|leg| leg.hop == hop) else { return Step::On };
        if leg.stage != Stage::Trying {
            return Step::On;
        }
        let id = leg.id;
        self.set_stage(id, Stage::Quiet);
        self.check = None;
        self.last_cause = cause;
        self.last_transmissions = core.endpoint.transmissions(id);
        self.next_hop(core, now)
    }

    /// What the check of a hop found; life re-arms it.
    pub(crate) fn on_check(
        &mut self,
        core: &mut Core,
        id: ClientId,
        reply: &Reply,
        now: Instant,
    ) -> Step {
        // The transaction of one that met silence ends much later, when the call may be elsewhere.
        let Some(check) = self.check.as_mut().filter(|check| check.in_flight == Some(id)) else {
            return Step::On;
        };
        let Some(heard) = reply.heard() else { return Step::On };
        check.in_flight = None;
        check.due = now + limits::TRYING_CHECK;
        let Some(leg) = self.legs.last() else { return Step::On };
        let (at, hop) = (leg.at, leg.hop);
        let Some(account) = core.accounts.get_mut(&self.line) else { return Step::On };
        let proof = !heard.is_silence() || account.silence_is_proof(at);
        let lesson = judge(Asked::Options, &heard, account.knobs()).lesson;
        if matches!(lesson, Lesson::Alive | Lesson::Nothing) || !proof {
            return Step::On;
        }
        core.learn(self.line, at, lesson, now);
        self.on_hop_dead(core, hop, heard.cause(), now)
    }

    /// The next moment at which something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let check = self.check.filter(|check| check.in_flight.is_none()).map(|check| check.due);
        let parked = self.parked.as_ref().map(|parked| parked.until);
        [check, self.ring_deadline, parked, self.early.deadline()].into_iter().flatten().min()
    }

    /// Does what is due: the check of a silent hop, or the end of a ringing that nobody answers.
    pub(crate) fn handle_timeout(&mut self, core: &mut Core, now: Instant) -> Step {
        self.early.handle_timeout(core, now);
        if self.ring_deadline.is_some_and(|at| at <= now) {
            self.cancel(core, now);
            let reason = Reason::NoAnswer;
            return Step::Failed { code: 408, reason, unreached: None };
        }
        if let Some(parked) = self.parked.take_if(|parked| parked.until <= now) {
            let response = parked.refusal;
            return self.refused(core, response.code.as_u16(), &response.reason, now);
        }
        if self.check.is_some_and(|check| check.in_flight.is_none() && check.due <= now) {
            self.send_check(core, now);
        }
        Step::On
    }

    fn send_check(&mut self, core: &mut Core, now: Instant) {
        let Some(leg) = self.legs.last() else { return };
        let (at, to, local) = (leg.at, leg.hop, leg.local);
        let token = core.tokens.call_id();
        let Some(account) = core.accounts.get(&self.line) else { return };
        let request = account.options(at, &token);
        let patience = account.patience(false, false);
        let parcel = Parcel { line: self.line, request, to, local, patience };
        let id = core.send(Owner::Check(self.call), parcel, now);
        if let Some(check) = &mut self.check {
            check.in_flight = Some(id);
        }
    }
}
