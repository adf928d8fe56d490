//! Requests within a call that leave its session as it is: digits by INFO, the REFER of a transfer,
//! the NOTIFYs of one that the other side asked for.
//!
//! They go one after the other, so that digits and progress arrive in order, and each climbs the
//! ladder by itself (`in_dialog`). What comes of one is told to the call with what it was for.

use std::collections::VecDeque;
use std::time::Instant;

use sip_core::endpoint::ClientId;
use sip_core::transport::Hop;

use super::in_dialog::{InDialog, Outcome, Outline};
use super::session::Session;
use crate::account::evidence::Heard;
use crate::core::{Core, Owner, Reply};
use crate::hop_change::Places;
use crate::limits;
use crate::words::Failing;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// INFO.
    Digit,
    /// REFER.
    Transfer,
    /// NOTIFY.
    Progress,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errands {
    waiting: VecDeque<(Errand, Outline)>,
    current: Option<(Errand, InDialog)>,
}

/// An errand that is over.
pub(crate) type Done = (Errand, Outcome);

impl Errands {
    /// Puts a request at the end of the queue; `false` where that is full.
    pub(crate) fn add(&mut self, errand: Errand, outline: Outline) -> bool {
        let room = self.waiting.len() < limits::ERRANDS;
        if room {
            self.waiting.push_back((errand, outline));
        }
        room
    }

    /// Leaves out what has not been sent yet of a kind.
    pub(crate) fn drop_waiting(&mut self, errand: Errand) {
        self.waiting.retain(|(waiting, _)| *waiting != errand);
    }

    /// Sends the next request if none is under way.
    pub(crate) fn drive(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        owner: Owner,
        now: Instant,
    ) -> Option<Done> {
        if self.current.is_some() {
            return None;
        }
        let (errand, outline) = self.waiting.pop_front()?;
        match InDialog::begin(core, session, owner, outline, now) {
            Some(request) => {
                self.current = Some((errand, request));
                None
            }
            None => Some((errand, Outcome::Unreached(Failing::NoProxyLeft))),
        }
    }

    /// An answer, or the lack of one.
    pub(crate) fn on_reply(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        id: ClientId,
        reply: &Reply,
        now: Instant,
    ) -> Option<Done> {
        self.step(|request| request.on_reply(core, session, id, reply, now))
    }

    /// The hop where one may wait was found unavailable.
    pub(crate) fn on_hop_dead(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        hop: Hop,
        heard: &Heard,
        now: Instant,
    ) -> Option<Done> {
        self.step(|request| request.on_hop_dead(core, session, hop, heard, now))
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(
        &mut self,
        core: &mut Core,
        session: &mut Session,
        now: Instant,
    ) -> Option<Done> {
        self.step(|request| request.handle_timeout(core, session, now))
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.current.as_ref().and_then(|(_, request)| request.deadline())
    }

    /// The line's hop list has changed.
    pub(crate) fn follow(&mut self, places: &Places) {
        if let Some((_, request)) = &mut self.current {
            request.follow(places);
        }
    }

    fn step(&mut self, step: impl FnOnce(&mut InDialog) -> Outcome) -> Option<Done> {
        let (errand, request) = self.current.as_mut()?;
        let (errand, outcome) = (*errand, step(request));
        if matches!(outcome, Outcome::On) {
            return None;
        }
        self.current = None;
        Some((errand, outcome))
    }
}
