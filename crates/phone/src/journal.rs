//! The failover journal: what happened to hops, why, and what it cost (requirement F9).
//!
//! A bounded ring of the events that tell of failover, failback, unavailability, redundancy and drills, oldest dropped
//! first. The web page, the command line, the metrics and the log all read this one.

use std::collections::VecDeque;
use std::time::Instant;

use crate::limits;
use crate::output::Event;
use crate::settings::LineNumber;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// When.
    pub at: Instant,
    /// What.
    pub event: Event,
}

impl JournalEntry {
    /// Whether an event belongs in the journal.
    #[must_use]
    pub fn holds(event: &Event) -> bool {
        !matches!(event, Event::Registration(_) | Event::Call(_))
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<JournalEntry>,
}

impl Journal {
    /// Keeps an event that belongs here.
    pub(crate) fn record(&mut self, event: &Event, now: Instant) {
        if !JournalEntry::holds(event) {
            return;
        }
        if self.entries.len() == limits::JOURNAL {
            self.entries.pop_front();
        }
        self.entries.push_back(JournalEntry { at: now, event: event.clone() });
    }

    /// Entries of a line, or of all, oldest first.
    pub(crate) fn entries(&self, line: Option<LineNumber>) -> Vec<JournalEntry> {
        let of = |entry: &&JournalEntry| line.is_none_or(|line| line_of(&entry.event) == line);
        self.entries.iter().filter(of).cloned().collect()
    }
}

fn line_of(event: &Event) -> LineNumber {
    match event {
        Event::Registration(status) => status.line,
        Event::Call(status) => status.line,
        Event::Failover(switch) | Event::Failback(switch) => switch.line,
        Event::Unavailable { line, .. } | Event::Redundancy { line, .. } => *line,
        Event::Drill(status) => status.line,
    }
}
