//! The failover journal: what happened to hops, why, and what it cost (requirement F9).
//!
//! The events that tell of failover, failback, unavailability, redundancy and drills. The web page, the
//! command line, the metrics and the log all read this one. Bounded twice, so that a line whose
//! proxies come and go cannot push what others have to tell out: a line keeps its own latest
//! entries, and where all lines together have too many, the line with the most gives its oldest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use failover::EntryCause;
use sip_core::transport::Hop;

use crate::limits;
use crate::output::{Event, Switch};
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
    /// Each in a box, because a map sets aside room for entries that it does not have.
    entries: Shares<Box<Kept>>,
    /// The change of hop that was told last.
    told: Option<Arc<Step>>,
}

/// An entry in little room, for thousands of lines have thousands of them.
#[derive(Clone, Debug)]
struct Kept {
    at: Instant,
    line: LineNumber,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Switch { failback: bool, step: Arc<Step>, attempts: u32, elapsed: Duration },
    Other(Box<Event>),
}

/// What the lines of a site tell alike when the proxy that they share dies or returns: it is there once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    method: String,
    from: Option<Hop>,
    to: Hop,
    cause: EntryCause,
}

impl Journal {
    /// Keeps an event that belongs here; `lines` is how many lines there are.
    pub(crate) fn record(&mut self, event: &Event, lines: usize, now: Instant) {
        let what = match event {
            Event::Registration(_) | Event::Call(_) => return,
            Event::Failover(switch) => self.switch(switch, false),
            Event::Failback(switch) => self.switch(switch, true),
            Event::Unavailable { .. } | Event::Redundancy { .. } | Event::Drill(_) => {
                What::Other(Box::new(event.clone()))
            }
        };
        let line = line_of(event);
        drop(self.entries.make_room(line, lines));
        self.entries.add(line, Box::new(Kept { at: now, line, what }));
    }

    fn switch(&mut self, switch: &Switch, failback: bool) -> What {
        let Switch { line: _, method, from, to, cause, attempts, elapsed } = switch.clone();
        let step = Step { method, from, to, cause };
        let known = self.told.as_ref().filter(|told| ***told == step).map(Arc::clone);
        let step = known.unwrap_or_else(|| Arc::new(step));
        self.told = Some(Arc::clone(&step));
        What::Switch { failback, step, attempts, elapsed }
    }

    /// Entries of a line, or the latest of all, oldest first.
    pub(crate) fn entries(&self, line: Option<LineNumber>) -> Vec<JournalEntry> {
        match line {
            Some(line) => self.entries.of(line).map(|kept| kept.entry()).collect(),
            None => {
                let older = self.entries.len().saturating_sub(limits::JOURNAL);
                self.entries.iter().skip(older).map(|kept| kept.entry()).collect()
            }
        }
    }
}

impl Kept {
    fn entry(&self) -> JournalEntry {
        let event = match &self.what {
            What::Other(event) => Event::clone(event),
            What::Switch { failback, step, attempts, elapsed } => {
                let Step { method, from, to, cause } = Step::clone(step);
                let (line, attempts, elapsed) = (self.line, *attempts, *elapsed);
                let switch = Switch { line, method, from, to, cause, attempts, elapsed };
                if *failback { Event::Failback(switch) } else { Event::Failover(switch) }
            }
        };
        JournalEntry { at: self.at, event }
    }
}

/// Something for each entry of a journal, bounded as the module says.
#[derive(Clone, Debug)]
pub struct Shares<T> {
    /// By number, which counts entries from the start.
    entries: BTreeMap<u64, T>,
    /// The numbers of each line's entries, oldest first.
    of_line: BTreeMap<LineNumber, VecDeque<u64>>,
    /// Lines by how many entries they have; of equal ones the one with the oldest is last.
    longest: BTreeSet<(usize, Reverse<u64>, LineNumber)>,
    next: u64,
}

impl<T> Default for Shares<T> {
    fn default() -> Self {
        let (entries, of_line, longest) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { entries, of_line, longest, next: 0 }
    }
}

impl<T> Shares<T> {
    /// Makes room for one more of this line's, where there are so many lines: what had to go.
    pub fn make_room(&mut self, line: LineNumber, lines: usize) -> Vec<T> {
        let mut gone = Vec::new();
        if self.of_line.get(&line).is_some_and(|own| own.len() >= limits::JOURNAL) {
            gone.extend(self.take_oldest_of(line));
        }
        let room = limits::JOURNAL + limits::JOURNAL_PER_LINE * lines;
        while self.entries.len() >= room
            && let Some((_, _, longest)) = self.longest.last().copied()
        {
            gone.extend(self.take_oldest_of(longest));
        }
        gone
    }

    /// Adds the newest.
    pub fn add(&mut self, line: LineNumber, entry: T) {
        let number = self.next;
        self.next += 1;
        self.entries.insert(number, entry);
        self.change(line, |own| own.push_back(number));
    }

    /// Those of a line, oldest first.
    pub fn of(&self, line: LineNumber) -> impl Iterator<Item = &T> {
        let numbers = self.of_line.get(&line).into_iter().flatten();
        numbers.filter_map(|number| self.entries.get(number))
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn take_oldest_of(&mut self, line: LineNumber) -> Option<T> {
        let number = *self.of_line.get(&line)?.front()?;
        self.change(line, |own| {
            own.pop_front();
        });
        self.entries.remove(&number)
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
        assert!(!journal.entries.of_line.contains_key(&LineNumber(0)));
        assert_eq!(journal.entries.longest.len(), usize::from(lines));
    }

    fn switch(line: u16, to: &str) -> Switch {
        Switch {
            line: LineNumber(line),
            method: "OPTIONS".to_owned(),
            from: Some("udp:10.0.0.1:5060".parse().unwrap()),
            to: to.parse().unwrap(),
            cause: failover::Cause::NoAnswer.into(),
            attempts: 3,
            elapsed: Duration::from_millis(3_500),
        }
    }

    #[test]
    fn what_is_kept_in_little_room_is_given_back_as_it_was_told() {
        let mut journal = Journal::default();
        let (one, other) = ("udp:10.0.0.2:5060", "udp:10.0.0.3:5060");
        let told = [
            Event::Failover(switch(1, one)),
            Event::Failover(Switch { attempts: 1, ..switch(2, one) }),
            Event::Failback(switch(1, one)),
            Event::Failover(switch(2, other)),
            entry(1, false),
        ];
        for event in &told {
            journal.record(event, 2, origin());
        }
        let given: Vec<Event> =
            journal.entries(None).into_iter().map(|entry| entry.event).collect();
        assert_eq!(given, told);
    }

    /// Ten thousand lines whose primary dies and comes back once: below 512 octets for each.
    #[test]
    fn the_memory_of_a_line_in_the_journal_is_small() {
        let own = limits::JOURNAL_PER_LINE * (size_of::<Kept>() + 64) + 128;
        assert!(own < 512, "{own}");
        let mut journal = Journal::default();
        for line in 1..=1_000 {
            journal.record(&Event::Failover(switch(line, "udp:10.0.0.2:5060")), 1_000, origin());
        }
        let told = journal.told.as_ref().unwrap();
        assert_eq!(Arc::strong_count(told), 1_001, "what all tell alike is there once");
    }
}
