//! What is remembered of one question: the last good answer, and when to ask again.

use super::evaluate::{Known, What};
use super::order::arrange;
use super::record::{Answer, Query, Record};
use crate::limits;
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    /// The last records ever received, in the order of use. Failures and denials leave them.
    records: Vec<Record>,
    /// The domain has said that there are none.
    denied: bool,
    /// Since when it says so, as far as this run has heard.
    denied_since: Option<Instant>,
    /// The last answer was that nobody could say.
    failing: bool,
    standing: Standing,
    /// When it is to be asked again; `None` while it is being asked.
    due: Option<Instant>,
    failures: u32,
    /// How often in a row it was denied.
    denials: u32,
}

/// How far this run has come with the question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// Not asked.
    #[default]
    Unasked,
    /// Asked; what an earlier run has kept is held back until then.
    Held(Instant),
    /// Answered somehow, or waited for long enough.
    Free,
}

impl Entry {
    /// One that an earlier run has kept; without records, a denial.
    pub(super) fn restored(records: Vec<Record>) -> Self {
        Self { denied: records.is_empty(), records, ..Self::default() }
    }

    /// It has never been asked in this run.
    pub(super) fn is_unasked(&self) -> bool {
        self.standing == Standing::Unasked
    }

    /// It is being asked now.
    pub(super) fn asked(&mut self, now: Instant) {
        if self.is_unasked() {
            self.standing = Standing::Held(now + limits::KEPT_RECORDS_WAIT);
        }
        self.due = None;
    }

    /// Ends the holding back whose time is over.
    pub(super) fn release(&mut self, now: Instant) {
        if matches!(self.standing, Standing::Held(until) if until <= now) {
            self.standing = Standing::Free;
        }
    }

    /// An answer has come. `true` where what is to be kept is something else now.
    pub(super) fn answer(
        &mut self,
        query: &Query,
        answer: Answer,
        rng: &mut ChaCha8Rng,
        now: Instant,
    ) -> bool {
        self.standing = Standing::Free;
        self.failing = answer == Answer::Failed;
        let (found, ttl) = match answer {
            Answer::Records { records, ttl } => {
                let usable = |record| query.usable(record);
                (records.into_iter().filter_map(usable).take(limits::RECORDS).collect(), Some(ttl))
            }
            Answer::Nothing { ttl } => (Vec::new(), ttl),
            Answer::Failed => {
                self.failures = self.failures.saturating_add(1);
                let (first, last) = limits::DNS_RETRY;
                self.due = Some(now + doubled(first, self.failures).min(last));
                return false;
            }
        };
        self.failures = 0;
        let denied = found.is_empty();
        self.denials = if denied { self.denials.saturating_add(1) } else { 0 };
        let (least, most) = if denied { limits::DNS_DENIAL } else { limits::DNS_TTL };
        let least = doubled(least, self.denials).min(most);
        self.due = Some(now + ttl.unwrap_or_default().clamp(least, most));
        if denied {
            self.denied_since.get_or_insert(now);
            return !std::mem::replace(&mut self.denied, true) && self.records.is_empty();
        }
        (self.denied, self.denied_since) = (false, None);
        let arranged = arrange(&self.records, found, rng);
        let changed = arranged != self.records;
        self.records = arranged;
        changed
    }

    /// What an evaluation may use. A denial of what was known is believed only where `strict` says
    /// so, and then only after [`limits::DENIAL_BELIEVED`].
    pub(super) fn known(&self, strict: bool, now: Instant) -> Known<'_> {
        let long_denied = self
            .denied_since
            .is_some_and(|since| now.saturating_duration_since(since) >= limits::DENIAL_BELIEVED);
        let usable = !(self.records.is_empty() || strict && long_denied);
        let what = if usable {
            What::Records(&self.records)
        } else if self.denied {
            What::Nothing
        } else if self.failing {
            What::Failed
        } else {
            What::Unknown
        };
        Known { what, provisional: self.standing != Standing::Free }
    }

    /// When something is to be done about it.
    pub(super) fn deadline(&self) -> Option<(Instant, &'static str)> {
        let due = self.due.map(|at| (at, "DNS: ask again"));
        due.or(match self.standing {
            Standing::Held(until) => Some((until, "DNS: use what was kept")),
            Standing::Unasked | Standing::Free => None,
        })
    }

    /// Whether it is to be asked again by then.
    pub(super) fn is_due(&self, by: Instant) -> bool {
        self.due.is_some_and(|due| due <= by)
    }

    /// Has it asked again at once, unless it is being asked.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.due = self.due.map(|_| now);
    }

    /// What is to be kept over a restart: the records, none for a denial. `None` where nothing is
    /// known.
    pub(super) fn kept(&self) -> Option<&[Record]> {
        (!self.records.is_empty() || self.denied).then_some(&self.records)
    }
}

/// A time that has been doubled with every repetition after the first.
fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1 << times.saturating_sub(1).min(10))
}
