//! The failover journal: what happened to hops, why, and what it cost (requirement F9).
//!
//! The events that tell of failover, failback, unavailability, redundancy and drills. The web page, the
//! command line, the metrics and the log all read this one. Bounded twice, so that a line whose
//! proxies come and go cannot push what others have to tell out: a line keeps its own latest
//! entries, and where all lines together have too many, the line with the most gives its oldest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// By number, which counts entries from the start of the phone. Each is in a box, because a map
    /// sets aside room for entries that it does not have.
    entries: BTreeMap<u64, Box<JournalEntry>>,
    /// The numbers of each line's entries, oldest first.
    of_line: BTreeMap<LineNumber, VecDeque<u64>>,
    /// Lines by how many entries they have; of equal ones the one with the oldest is last.
    longest: BTreeSet<(usize, Reverse<u64>, LineNumber)>,
    next: u64,
}

impl Journal {
    /// Keeps an event that belongs here; `lines` is how many lines there are.
    pub(crate) fn record(&mut self, event: &Event, lines: usize, now: Instant) {
        if !JournalEntry::holds(event) {
            return;
        }
        let line = line_of(event);
        if self.of_line.get(&line).is_some_and(|own| own.len() >= limits::JOURNAL) {
            self.drop_oldest_of(line);
        }
        let room = limits::JOURNAL + limits::JOURNAL_PER_LINE * lines;
        while self.entries.len() >= room
            && let Some((_, _, longest)) = self.longest.last().copied()
        {
            self.drop_oldest_of(longest);
        }
        let number = self.next;
        self.next += 1;
        self.entries.insert(number, Box::new(JournalEntry { at: now, event: event.clone() }));
        self.change(line, |own| own.push_back(number));
    }

    fn drop_oldest_of(&mut self, line: LineNumber) {
        let oldest = self.of_line.get(&line).and_then(|own| own.front().copied());
        if let Some(number) = oldest {
            self.entries.remove(&number);
        }
        self.change(line, |own| {
            own.pop_front();
        });
    }

    /// Changes the entries of a line, and its rank with them.
    fn change(&mut self, line: LineNumber, change: impl FnOnce(&mut VecDeque<u64>)) {
        let rank =
            |own: &VecDeque<u64>| own.front().map(|first| (own.len(), Reverse(*first), line));
        let own = self.of_line.entry(line).or_default();
        if let Some(before) = rank(own) {
            self.longest.remove(&before);
        }
        change(own);
        match rank(own) {
            Some(after) => {
                self.longest.insert(after);
            }
            None => {
                self.of_line.remove(&line);
            }
        }
    }

    /// Entries of a line, or the latest of all, oldest first.
    pub(crate) fn entries(&self, line: Option<LineNumber>) -> Vec<JournalEntry> {
        let entry = |number: &u64| self.entries.get(number).map(|entry| (**entry).clone());
        match line {
            Some(line) => self.of_line.get(&line).into_iter().flatten().filter_map(entry).collect(),
            None => {
                let older = self.entries.len().saturating_sub(limits::JOURNAL);
                self.entries.values().skip(older).map(|entry| (**entry).clone()).collect()
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(line: u16, left: bool) -> Event {
        Event::Redundancy { line: LineNumber(line), left }
    }

    fn lines_of(journal: &Journal) -> Vec<u16> {
        journal.entries(None).iter().map(|entry| line_of(&entry.event).0).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn origin() -> Instant {
        Instant::now()
    }

    /// Requirement F9: what a quiet line has to tell is still there after others' bad days.
    #[test]
    fn a_line_that_flaps_pushes_only_its_own_entries_out() {
        let mut journal = Journal::default();
        let now = origin();
        journal.record(&entry(1, false), 100, now);
        for _ in 0..10_000 {
            for flapping in 2..80 {
                journal.record(&entry(flapping, false), 100, now);
            }
        }
        journal.record(&entry(1, true), 100, now);
        let room = limits::JOURNAL + limits::JOURNAL_PER_LINE * 100;
        assert_eq!(journal.entries.len(), room);
        let own = journal.entries(Some(LineNumber(1)));
        assert_eq!(
            own.iter().map(|e| e.event.clone()).collect::<Vec<_>>(),
            [entry(1, false), entry(1, true)]
        );
        assert_eq!(lines_of(&journal).last(), Some(&1), "all are in the order of their time");
        assert_eq!(lines_of(&journal).len(), limits::JOURNAL);
    }

    #[test]
    fn a_line_keeps_its_latest_entries() {
        let mut journal = Journal::default();
        let now = origin();
        for number in 0..1_000 {
            journal.record(&entry(1, number % 2 == 0), 100, now);
        }
        let own = journal.entries(Some(LineNumber(1)));
        assert_eq!(own.len(), limits::JOURNAL);
        assert_eq!(own.last().map(|e| e.event.clone()), Some(entry(1, false)));
    }

    /// Where every line has as many as any other, the oldest of all gives way.
    #[test]
    fn of_many_lines_each_keeps_what_it_told_last() {
        let mut journal = Journal::default();
        let (lines, now) = (1_000_u16, origin());
        for _ in 0..3 {
            for line in 1..=lines {
                journal.record(&entry(line, false), lines.into(), now);
            }
        }
        assert!(journal.entries.len() <= limits::JOURNAL + limits::JOURNAL_PER_LINE * 1_000);
        assert!((1..=lines).all(|line| !journal.entries(Some(LineNumber(line))).is_empty()));
        assert!(!journal.of_line.contains_key(&LineNumber(0)));
        assert_eq!(journal.longest.len(), usize::from(lines));
    }

    /// Ten thousand lines whose primary dies and comes back once: below 2 KiB for each.
    #[test]
    fn the_memory_of_a_line_in_the_journal_is_small() {
        let own = limits::JOURNAL_PER_LINE * (size_of::<JournalEntry>() + 64);
        assert!(own < 2048, "{own}");
    }
}
