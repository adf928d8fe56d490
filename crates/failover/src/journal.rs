//! The failover journal of the machine's own requests: what happened, why, how long it took.
//!
//! Data only, a bounded ring, oldest first (failover design §7, requirement F9). Failovers of
//! other requests are their owner's to write down.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::{Cause, HopId, ReturnCause, limits};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A request was first sent to a next hop.
    Failover,
    /// The primary became current.
    Failback,
    /// Every hop failed, or the registration was refused.
    Unavailable,
}

/// The request that it happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// REGISTER.
    Register,
    /// OPTIONS.
    Options,
    /// INVITE.
    Invite,
    /// BYE.
    Bye,
    /// CANCEL.
    Cancel,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Register => "REGISTER",
            Self::Options => "OPTIONS",
            Self::Invite => "INVITE",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
        })
    }
}

/// Why it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryCause {
    /// A hop did not serve.
    Hop(Cause),
    /// The primary did.
    Return(ReturnCause),
}

impl fmt::Display for EntryCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hop(cause) => cause.fmt(f),
            Self::Return(cause) => cause.fmt(f),
        }
    }
}

/// One line of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub when: Instant,
    /// What.
    pub kind: EntryKind,
    /// To which request.
    pub method: Method,
    /// From this hop.
    pub from: Option<HopId>,
    /// To this hop; `None` where there was none left.
    pub to: Option<HopId>,
    /// Why.
    pub cause: EntryCause,
    /// Hops that this request had tried before the entry, `from` included.
    pub attempts: u32,
    /// From the request's first transmission to the entry.
    pub elapsed: Duration,
}

/// The newest entries.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
}

impl Journal {
    /// Oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        if self.entries.len() >= limits::JOURNAL {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_forgets_the_oldest_first() {
        let mut journal = Journal::default();
        for attempts in 0..200 {
            journal.push(Entry {
                when: crate::testing::t0(),
                kind: EntryKind::Failover,
                method: Method::Register,
                from: Some(HopId(0)),
                to: Some(HopId(1)),
                cause: EntryCause::Hop(Cause::NoAnswer),
                attempts,
                elapsed: Duration::from_millis(3500),
            });
        }
        let kept: Vec<u32> = journal.entries().map(|entry| entry.attempts).collect();
        assert_eq!((kept.len(), kept.first(), kept.last()), (128, Some(&72), Some(&199)));
    }

    #[test]
    fn causes_read_as_the_interface_says() {
        assert_eq!(EntryCause::Hop(Cause::IcmpPort).to_string(), "icmp port unreachable");
        assert_eq!(EntryCause::Return(ReturnCause::Interval).to_string(), "interval");
        assert_eq!(Method::Register.to_string(), "REGISTER");
    }
}
