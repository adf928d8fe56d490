//! Answers to OPTIONS that come after the patience.
//!
//! Silence proves nothing of a hop that has answered no OPTIONS yet, and where answers take longer
//! than A3 the first one would never be heard. So the transaction is left to listen until its Timer F
//! ends it (RFC 3261 §17.1.2.2), at most one of each kind for a line (failover design §2, §6).

use std::time::Instant;

use failover::{Attempt, Evidence, Task};
use sip_core::endpoint::ClientId;
use sip_core::transport::Hop;

use super::evidence::{Asked, Lesson, judge};
use super::{Account, hop_id};
use crate::core::{Core, Reply};

/// An OPTIONS that has ended as silence and may yet be answered.
#[derive(Clone, Debug)]
pub(super) struct Listening {
    pub(super) id: ClientId,
    pub(super) task: Task,
    pub(super) hop: Hop,
    /// When it was sent.
    pub(super) asked: Instant,
}

impl Listening {
    /// `None` for what is no OPTIONS.
    pub(super) fn to(attempt: &Attempt, id: ClientId, hop: Hop, asked: Instant) -> Option<Self> {
        match attempt.task {
            Task::KeepAlive | Task::Watch => Some(Self { id, task: attempt.task, hop, asked }),
            Task::Register | Task::Probe | Task::SuspectCheck | Task::Unregister => None,
        }
    }
}

impl Account {
    /// Whether an answer would still change anything: not where silence was the proof that the line
    /// has left its hop for.
    pub(super) fn may_hear(&self, listening: &Listening) -> bool {
        let at = self.hops.iter().position(|entry| entry.hop == listening.hop);
        at.is_some_and(|at| listening.task == Task::Watch || self.is_usable(at))
    }

    /// A hop has answered an OPTIONS of the line's own.
    pub(super) fn note_answer_to_options(&mut self, hop: Hop) {
        if !self.answers_options.contains(&hop) {
            self.answers_options.reserve_exact(1);
            self.answers_options.push(hop);
        }
    }

    /// Goes on listening for an answer; no longer for one to the OPTIONS before it.
    pub(super) fn listen(&mut self, core: &mut Core, listening: Listening, now: Instant) {
        self.stop_listening(core, Some(listening.task), now);
        self.listening.reserve_exact(1);
        self.listening.push(listening);
    }

    /// Whatever is answered from here on to OPTIONS of this kind, or any, is heard no more.
    pub(super) fn stop_listening(&mut self, core: &mut Core, task: Option<Task>, now: Instant) {
        let concerned = |held: &Listening| task.is_none_or(|task| task == held.task);
        for held in self.listening.extract_if(.., |held| concerned(held)) {
            core.endpoint.give_up(held.id, now);
            core.forget(held.id);
        }
        self.listening.shrink_to_fit();
    }

    /// A late answer, or that none came in 64·T1 either.
    pub(super) fn on_late_reply(
        &mut self,
        core: &mut Core,
        id: ClientId,
        reply: &Reply,
        now: Instant,
    ) {
        let Some(at) = self.listening.iter().position(|held| held.id == id) else { return };
        let Some(heard) = reply.heard() else { return };
        let held = self.listening.remove(at);
        self.listening.shrink_to_fit();
        core.forget(id);
        if judge(Asked::Options, &heard, self.knobs()).lesson != Lesson::Alive {
            return;
        }
        let hop = self.hops.iter().position(|entry| entry.hop == held.hop).and_then(hop_id);
        let Some(hop) = hop else { return };
        self.note_answer_to_options(held.hop);
        let waited = now.saturating_duration_since(held.asked);
        self.machine.handle_evidence(hop, Evidence::OptionsAnswered { waited }, now);
        core.alive.push_back(self.settings.line);
    }
}
