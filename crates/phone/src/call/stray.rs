//! INVITE legs that nobody waits for any more (requirement F4).
//!
//! A leg that lost the race, or whose user hung up, may still be answered. A 2xx is acknowledged
//! and ended by BYE at once, so that no call is up that nobody holds; all else is let go.

use std::net::SocketAddr;
use std::time::Instant;

use failover::{Cause, TIMEOUT};
use sip_core::dialog::Dialog;
use sip_core::endpoint::ClientId;
use sip_core::message::{Request, Response};
use sip_core::transport::Hop;

use super::farewell;
use super::session::Session;
use crate::account::evidence::{Heard, Lesson};
use crate::core::{Core, Owner, Reply};
use crate::limits;
use crate::settings::LineNumber;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Stray {
    pub(crate) line: LineNumber,
    pub(crate) request: Request,
    pub(crate) hop: Hop,
    pub(crate) local: SocketAddr,
    /// When nothing can come of it any more.
    pub(crate) until: Instant,
    /// Dialogs in which it rings: ended by BYE where the CANCEL does not get through.
    ringing: Vec<Session>,
    /// To-tags that were answered already: a retransmitted 2xx wants its ACK, not a second BYE.
    ended: Vec<String>,
}

impl Stray {
    pub(crate) fn new(
        line: LineNumber,
        request: Request,
        hop: Hop,
        local: SocketAddr,
        now: Instant,
    ) -> Self {
        // 64·T1 for the CANCEL, and as long again for copies of a 2xx (RFC 6026 Timer M).
        let until = now + 2 * TIMEOUT;
        Self { line, request, hop, local, until, ringing: Vec::new(), ended: Vec::new() }
    }

    /// A leg that rings in these dialogs.
    pub(crate) fn with_ringing(mut self, ringing: Vec<Session>) -> Self {
        self.ringing = ringing;
        self
    }

    /// A leg whose dialog with that To tag is being ended already.
    pub(crate) fn with_ended(mut self, tag: String) -> Self {
        self.ended.push(tag);
        self
    }
}

/// Lets go of a leg, and cancels it where that is wanted.
pub(crate) fn release(core: &mut Core, id: ClientId, stray: Stray, cancel: bool, now: Instant) {
    let (line, hop) = (stray.line, stray.hop);
    if core.strays.len() < limits::STRAYS {
        core.strays.insert(id, stray);
        core.set_owner(id, Owner::Stray);
    }
    if cancel {
        core.cancel(id, line, hop, now);
    }
}

/// A stray leg has been answered after all, or has ended.
pub(crate) fn on_reply(core: &mut Core, id: ClientId, reply: &Reply, now: Instant) {
    match reply {
        Reply::Final(response) if response.code.is_success() => {
            let Some(mut stray) = core.strays.remove(&id) else { return };
            // A hop that was given up as silent lives after all: ACK and BYE go the way that the
            // answer came.
            learn(core, &stray, Lesson::Alive, now);
            end_answered(core, &mut stray, response, now);
            core.strays.insert(id, stray);
        }
        Reply::Failed(heard) => {
            if let (Some(stray), Heard::Unreachable(cause)) = (core.strays.remove(&id), heard) {
                learn(core, &stray, Lesson::Unavailable(*cause), now);
            }
            core.forget(id);
        }
        Reply::Final(_) | Reply::TimedOut => {
            core.strays.remove(&id);
            core.forget(id);
        }
        // Failover design §1, first row: the user has given up, and the line learns all the same.
        Reply::Silent => {
            if let Some(stray) = core.strays.get(&id).cloned() {
                learn(core, &stray, Lesson::Unavailable(Cause::NoAnswer), now);
            }
        }
        Reply::Provisional(response) => note_ringing(core, id, response),
    }
}

/// A leg begins to ring that was let go before: its CANCEL goes out now, and may be lost.
fn note_ringing(core: &mut Core, id: ClientId, response: &Response) {
    let Some(stray) = core.strays.get_mut(&id) else { return };
    let Ok(dialog) = Dialog::from_response(&stray.request, response) else { return };
    let known = stray.ringing.iter().any(|session| session.dialog.id == dialog.id);
    if !known && stray.ringing.len() < limits::EARLY_DIALOGS {
        stray.ringing.push(Session::new(stray.line, dialog, stray.hop, stray.local));
    }
}

/// The CANCEL of a leg did not get through: its hop is dead, or was restarted and knows nothing of the
/// INVITE. What rings there would ring to its limit, so its dialog is ended (RFC 3261 §15), by any hop.
pub(crate) fn on_cancel_lost(core: &mut Core, invite: ClientId, now: Instant) {
    let Some(stray) = core.strays.get_mut(&invite) else { return };
    for session in std::mem::take(&mut stray.ringing) {
        if let Some(stray) = core.strays.get_mut(&invite) {
            stray.ended.push(session.dialog.id.remote_tag.clone());
        }
        farewell::begin(core, session, now);
    }
}

fn learn(core: &mut Core, stray: &Stray, lesson: Lesson, now: Instant) {
    let account = core.accounts.get(&stray.line);
    let at = account.and_then(|a| a.hops.iter().position(|entry| entry.hop == stray.hop));
    if let Some(at) = at {
        core.learn(stray.line, at, lesson, now);
    }
}

/// Acknowledges a 2xx that nobody wants and ends its dialog.
pub(crate) fn end_answered(core: &mut Core, stray: &mut Stray, response: &Response, now: Instant) {
    let Ok(dialog) = Dialog::from_response(&stray.request, response) else { return };
    let tag = dialog.id.remote_tag.clone();
    let session = Session::new(stray.line, dialog, stray.hop, stray.local);
    let Some(account) = core.accounts.get_mut(&stray.line) else { return };
    if let Some((ack, to, local)) = session.ack(&stray.request, Some(stray.hop), account, now) {
        core.send_ack(ack, to, local);
    }
    if !stray.ended.contains(&tag) {
        stray.ended.push(tag);
        farewell::begin(core, session, now);
    }
}
