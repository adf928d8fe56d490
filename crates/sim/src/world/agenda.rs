//! What is to happen when, beside what machines do by themselves: faults that begin and end, people
//! who dial, answer and hang up. Entries of equal time keep the order in which they were made.

use std::collections::BTreeMap;
use std::time::Instant;

use phone::CallId;

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Begin the plan's fault with this number.
    Break(usize),
    /// End it.
    Mend(usize),
    /// Run the plan's errand with this number.
    Dial(usize),
    /// At this phone: answer the call.
    Answer(usize, CallId),
    /// Refuse it.
    Reject(usize, CallId),
    /// Hang up, or give up ringing.
    HangUp(usize, CallId),
    /// Put on hold.
    Hold(usize, CallId),
    /// Take back.
    Resume(usize, CallId),
    /// Press keys in it.
    Keys(usize, CallId),
    /// Press "register" at this phone.
    Register(usize),
    /// Carry out the plan's submission with this number.
    Submit(usize),
    /// Play stale answers back to every phone.
    Flood,
    /// Mend everything and hang up everywhere.
    Heal,
    /// See whether all is well again.
    Inspect,
    /// All is over.
    End,
}

/// Deeds in order of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Agenda {
    deeds: BTreeMap<(Instant, u64), Deed>,
    next: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Instant, deed: Deed) {
        self.next += 1;
        self.deeds.insert((at, self.next), deed);
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.deeds.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<Deed> {
        let entry = self.deeds.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Takes out what people meant to do and what was still to break.
    pub(super) fn clear(&mut self) {
        self.deeds.clear();
    }
}
