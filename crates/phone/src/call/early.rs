//! Early dialogs of a call that we make (RFC 3261 §12.1): who rings, and what is said to them.
//!
//! A reliable 18x gets its PRACK (RFC 3262), which climbs the ladder of failover design §5 as any
//! request of a dialog. And where the leg is given up but its CANCEL does not get through, a BYE on the
//! early dialog ends the ringing (RFC 3261 §15): that is why they are kept with the leg.

use std::time::Instant;

use sip_core::dialog::{Dialog, DialogId};
use sip_core::endpoint::ClientId;
use sip_core::message::{HeaderName, Method, Request, Response};
use sip_core::transport::Hop;
use sip_core::usage::reliable::{self, RAck};

use super::in_dialog::{InDialog, Outcome, Outline};
use super::outgoing::Leg;
use super::session::Session;
use crate::account::evidence::Heard;
use crate::core::{Core, Owner, Reply};
use crate::limits;
use crate::settings::LineNumber;

/// One early dialog.
#[derive(Clone, Debug)]
struct Early {
    leg: ClientId,
    session: Session,
    /// The RSeq that was acknowledged last.
    acknowledged: Option<u32>,
    prack: Option<InDialog>,
}

/// All early dialogs of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct EarlyDialogs(Vec<Early>);

/// What a provisional response is to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It says something new.
    New,
    /// A copy, or one that came out of order: nothing follows from it (RFC 3262 §4).
    Old,
}

impl EarlyDialogs {
    /// A 1xx above 100 has come on a leg.
    pub(crate) fn on_provisional(
        &mut self,
        core: &mut Core,
        line: LineNumber,
        leg: &Leg,
        owner: Owner,
        response: &Response,
        now: Instant,
    ) -> Standing {
        let Some(at) = self.find_or_open(line, leg, response) else { return Standing::New };
        let Some(rseq) = reliable::rseq(&response.headers) else { return Standing::New };
        let Some(early) = self.0.get_mut(at) else { return Standing::New };
        let in_order = early.acknowledged.is_none_or(|last| last.checked_add(1) == Some(rseq));
        if !in_order {
            return Standing::Old;
        }
        early.acknowledged = Some(rseq);
        let cseq = leg.request.headers.cseq().map_or(0, |cseq| cseq.number);
        let mut outline = Outline::new(Method::Prack);
        outline.headers.set(HeaderName::RAck, RAck { rseq, cseq });
        early.prack = InDialog::begin(core, &mut early.session, owner, outline, now);
        Standing::New
    }

    fn find_or_open(&mut self, line: LineNumber, leg: &Leg, response: &Response) -> Option<usize> {
        let id = DialogId::of_response(response)?;
        let known = |early: &Early| early.leg == leg.id && early.session.dialog.id == id;
        if let Some(at) = self.0.iter().position(known) {
            return Some(at);
        }
        let dialog = Dialog::from_response(&leg.request, response).ok()?;
        if self.0.len() == limits::EARLY_DIALOGS {
            return None;
        }
        let session = Session::new(line, dialog, leg.hop, leg.local);
        self.0.push(Early { leg: leg.id, session, acknowledged: None, prack: None });
        Some(self.0.len() - 1)
    }

    /// Takes out the dialogs of a leg that is let go.
    pub(crate) fn of_leg(&mut self, leg: ClientId) -> Vec<Session> {
        let (gone, kept) = std::mem::take(&mut self.0).into_iter().partition(|e| e.leg == leg);
        self.0 = kept;
        gone.into_iter().map(|early: Early| early.session).collect()
    }

    /// Carries the numbers of the early dialog over into the one that its 2xx has confirmed.
    pub(crate) fn confirm(&self, dialog: &mut Dialog) {
        let of_it = |early: &&Early| early.session.dialog.id == dialog.id;
        if let Some(early) = self.0.iter().find(of_it) {
            dialog.local_cseq = dialog.local_cseq.max(early.session.dialog.local_cseq);
            dialog.remote_cseq = early.session.dialog.remote_cseq;
        }
    }

    /// The dialog that a request of the other side is within.
    pub(crate) fn session_of(&mut self, request: &Request) -> Option<&mut Session> {
        self.0.iter_mut().map(|early| &mut early.session).find(|session| session.owns(request))
    }

    /// Whether a request of the other side is within one of them.
    pub(crate) fn own(&self, request: &Request) -> bool {
        self.0.iter().any(|early| early.session.owns(request))
    }

    /// An answer to a PRACK, or the lack of one. What comes of it is the callee's to act on.
    pub(crate) fn on_reply(&mut self, core: &mut Core, id: ClientId, reply: &Reply, now: Instant) {
        self.step(|request, session| request.on_reply(core, session, id, reply, now));
    }

    /// The hop where a PRACK may wait was found unavailable.
    pub(crate) fn on_hop_dead(&mut self, core: &mut Core, hop: Hop, heard: &Heard, now: Instant) {
        self.step(|request, session| request.on_hop_dead(core, session, hop, heard, now));
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.iter().filter_map(|early| early.prack.as_ref()?.deadline()).min()
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, core: &mut Core, now: Instant) {
        self.step(|request, session| request.handle_timeout(core, session, now));
    }

    fn step(&mut self, mut step: impl FnMut(&mut InDialog, &mut Session) -> Outcome) {
        for early in &mut self.0 {
            let Some(request) = &mut early.prack else { continue };
            if !matches!(step(request, &mut early.session), Outcome::On) {
                early.prack = None;
            }
        }
    }
}
