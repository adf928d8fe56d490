//! One end of a connection: what it has written and does not know to have arrived, what it has
//! taken, and when it tries again. It sends nothing itself.

use std::time::{Duration, Instant};

use crate::limits;

/// RFC 6298 §2.1: the wait before a lost SYN is sent again.
const FIRST: Duration = Duration::from_secs(1);

/// Linux's bounds of the wait before data is sent again (`TCP_RTO_MIN`, `TCP_RTO_MAX`). The least
/// comes on top of the round trip.
const LEAST: Duration = Duration::from_millis(200);
const MOST: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A SYN was sent.
    Opening,
    Open,
}

/// The wait for an acknowledgement.
#[derive(Debug, Clone, Copy)]
struct Retry {
    at: Instant,
    wait: Duration,
    /// Since when the oldest octet waits.
    since: Instant,
    again: bool,
}

/// What an end that has waited for an acknowledgement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// Sends the SYN again.
    Syn,
    /// Sends its oldest octets again, which have this number.
    Octets(u64, Vec<u8>),
    /// Gives up.
    GiveUp,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct End {
    /// Tells this connection from others between the same ports, as initial sequence numbers do.
    pub(super) incarnation: u64,
    pub(super) stage: Stage,
    /// Octets that are not acknowledged; the first has the number `acked`.
    kept: Vec<u8>,
    acked: u64,
    /// How many of `kept` have been sent at least once.
    sent: usize,
    received: u64,
    retry: Option<Retry>,
}

impl End {
    pub(super) fn new(incarnation: u64, stage: Stage) -> Self {
        Self { incarnation, stage, kept: Vec::new(), acked: 0, sent: 0, received: 0, retry: None }
    }

    /// A SYN is on its way.
    pub(super) fn begin(&mut self, now: Instant) {
        self.retry = Some(Retry { at: now + FIRST, wait: FIRST, since: now, again: false });
    }

    /// The other end is there.
    pub(super) fn opened(&mut self) {
        self.stage = Stage::Open;
        self.retry = None;
    }

    /// Takes octets to send; false where no more can wait.
    pub(super) fn write(&mut self, octets: &[u8]) -> bool {
        let fits = self.kept.len() + octets.len() <= limits::UNACKNOWLEDGED;
        if fits {
            self.kept.extend_from_slice(octets);
        }
        fits
    }

    /// The next segment that has not been sent yet, with its number. While an earlier one is being
    /// sent again nothing new follows it, as with a congestion window of one.
    pub(super) fn next_segment(
        &mut self,
        round_trip: Duration,
        now: Instant,
    ) -> Option<(u64, Vec<u8>)> {
        let stuck = self.retry.is_some_and(|retry| retry.again);
        if self.stage != Stage::Open || stuck || self.sent == self.kept.len() {
            return None;
        }
        let end = self.kept.len().min(self.sent + limits::SEGMENT);
        let segment = self.kept.get(self.sent..end)?.to_vec();
        let number = self.acked + self.sent as u64;
        self.sent = end;
        let wait = LEAST + round_trip;
        self.retry.get_or_insert(Retry { at: now + wait, wait, since: now, again: false });
        Some((number, segment))
    }

    /// Octets have come: those that are new.
    pub(super) fn receive(&mut self, number: u64, octets: &[u8]) -> Vec<u8> {
        let known = self.received.checked_sub(number).and_then(|known| usize::try_from(known).ok());
        // A segment before this one was lost; this one comes again after it.
        let Some(known) = known else { return Vec::new() };
        let new = octets.get(known..).unwrap_or_default();
        self.received += new.len() as u64;
        new.to_vec()
    }

    /// How many octets have come.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The other end has octets up to this number.
    pub(super) fn acknowledged(&mut self, up_to: u64, round_trip: Duration, now: Instant) {
        let new = up_to.checked_sub(self.acked).and_then(|new| usize::try_from(new).ok());
        let Some(new) = new.filter(|new| *new > 0 && *new <= self.sent) else { return };
        let again = self.retry.is_some_and(|retry| retry.again);
        self.kept.drain(..new);
        self.acked = up_to;
        // After a loss all that followed is sent anew.
        self.sent = if again { 0 } else { self.sent - new };
        let wait = LEAST + round_trip;
        let waits = self.sent > 0;
        self.retry = waits.then_some(Retry { at: now + wait, wait, since: now, again: false });
    }

    /// When it tries again.
    pub(super) fn deadline(&self, patience: Duration) -> Option<Instant> {
        self.retry.map(|retry| retry.at.min(retry.since + patience))
    }

    /// What it does by now.
    pub(super) fn due(&mut self, patience: Duration, now: Instant) -> Option<Due> {
        let retry = self.retry.as_mut()?;
        if retry.since + patience <= now {
            return Some(Due::GiveUp);
        }
        if retry.at > now {
            return None;
        }
        retry.wait = (retry.wait * 2).min(MOST);
        retry.at = now + retry.wait;
        retry.again = true;
        Some(match self.stage {
            Stage::Opening => Due::Syn,
            Stage::Open => {
                let end = self.sent.min(limits::SEGMENT);
                Due::Octets(self.acked, self.kept.get(..end).unwrap_or_default().to_vec())
            }
        })
    }

    /// Whether it waits for something that may have been lost.
    pub(super) fn is_stuck(&self) -> bool {
        self.stage == Stage::Opening || self.retry.is_some_and(|retry| retry.again)
    }
}
