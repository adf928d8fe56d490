//! The states of a line, each with what belongs to it and nothing else.
//!
//! A timer that has no meaning in a phase has no place there, so that none can outlive its reason.
//! The one REGISTER that a line may have in flight is a single [`Option`] in the machine.

use std::time::{Duration, Instant};

use crate::{AttemptId, Cause, HopId, Policy, Reason, Task};

/// The state of a line as its user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// The user has un-registered it.
    Unregistered,
    /// It has no registration that is known to work, and is after one.
    Registering,
    /// It is registered.
    Registered {
        /// Since when through this hop.
        since: Instant,
        /// When the server forgets it unless it is refreshed.
        expires_at: Instant,
    },
    /// No hop took it, or the server refused it; it is tried again later.
    Failed,
    /// Registration is switched off: no REGISTER is ever sent.
    Disabled,
}

/// What the line is doing.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Registration is switched off.
    Disabled,
    /// Un-registered by the user; the un-REGISTER may be in flight.
    Off {
        /// Register once that is over.
        register_next: bool,
    },
    /// Nothing to do before this time.
    Waiting {
        /// End of the wait.
        until: Instant,
        /// What for.
        why: Wait,
    },
    /// A REGISTER goes from hop to hop.
    Hunting(Hunt),
    /// Registered through `current`, which is then some hop.
    Settled,
    /// The link is down.
    Offline,
}

/// Why a line waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// A random share, so that a fleet does not come at once.
    Spread(Reason),
    /// Every hop failed.
    AllFailed,
    /// The server refused the registration.
    Refused,
    /// Our own host could not send to any hop.
    LocalOutage,
}

/// One REGISTER's way through the hops.
#[derive(Clone, Debug)]
pub(super) struct Hunt {
    pub(super) reason: Reason,
    pub(super) order: Vec<HopId>,
    /// Index of the hop that is being tried.
    pub(super) at: usize,
    pub(super) started: Instant,
    /// It starts at the primary only to find out whether that is back (C1–C3).
    pub(super) signal: bool,
    /// The hop whose silence to OPTIONS proved nothing: if it takes the REGISTER, OPTIONS stops.
    pub(super) doubt: Option<HopId>,
    /// What the last hop that was blamed met.
    pub(super) last: Option<Cause>,
    /// What the last hop that answered said.
    pub(super) answer: Option<Cause>,
}

impl Hunt {
    pub(super) fn hop(&self) -> Option<HopId> {
        self.order.get(self.at).copied()
    }

    pub(super) fn is_last(&self) -> bool {
        self.at + 1 == self.order.len()
    }

    pub(super) fn note(&mut self, cause: Cause) {
        self.last = Some(cause);
        if cause.is_answer() {
            self.answer = Some(cause);
        }
    }
}

/// An attempt that waits for its outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) id: AttemptId,
    pub(super) task: Task,
    pub(super) hop: HopId,
    pub(super) started: Instant,
    pub(super) reason: Reason,
}

/// What a 200 to REGISTER has given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registration {
    /// Since when the line is registered through this hop.
    pub(super) since: Instant,
    /// When the REGISTER went out: its lifetime counts from here, because the server may have
    /// begun to count when its first transmission came.
    pub(super) sent: Instant,
    /// When the 200 came.
    pub(super) answered: Instant,
    pub(super) expires: Duration,
}

impl Registration {
    pub(super) fn expires_at(&self) -> Instant {
        self.sent + self.expires
    }

    /// Failover design §6, with a floor so that a slow server with a brief lifetime is not flooded.
    pub(super) fn refresh_at(&self, policy: &Policy, hops: usize) -> Instant {
        let due = self.sent + policy.refresh_after(self.expires, hops);
        due.max(self.answered + crate::limits::REFRESH_GAP)
    }
}
