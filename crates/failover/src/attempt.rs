//! What the machine asks of its owner: attempts, and news about the line.
//!
//! Plain data. An [`Attempt`] is one request to one hop; its owner gives back one
//! [`crate::Outcome`] under the same [`AttemptId`], unless [`Output::Abandon`] names it first.

use std::fmt;
use std::time::Duration;

use crate::journal::Entry;
use crate::{Cause, LineState};

/// A hop by its place in the order of preference; 0 is the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HopId(pub u8);

impl HopId {
    /// The first hop of the list.
    pub const PRIMARY: Self = Self(0);

    /// Whether this is the first hop of the list.
    #[must_use]
    pub const fn is_primary(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for HopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hop {}", self.0)
    }
}

/// Names an attempt; never used twice by one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub(crate) u64);

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// REGISTER in the line's registration (same Call-ID, CSeq raised).
    Register,
    /// REGISTER with a new Call-ID: register failback (requirement C4). If it is answered 200 it
    /// becomes the line's registration, told by [`Output::Moved`].
    Probe,
    /// OPTIONS (requirement F1).
    KeepAlive,
    /// OPTIONS to a hop that is not in use (failover design §6).
    Watch,
    /// REGISTER in the line's registration at a hop that answered 503 to another request.
    SuspectCheck,
    /// REGISTER that removes our Contact.
    Unregister,
}

impl Task {
    /// Whether this is a REGISTER, of which a line has one in flight (RFC 3261 §10.2).
    #[must_use]
    pub const fn is_register(self) -> bool {
        !matches!(self, Self::KeepAlive | Self::Watch)
    }
}

/// Why an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The device has started.
    Boot,
    /// The process has started again.
    Restart,
    /// The registration's refresh is due.
    Refresh,
    /// The user asked for it.
    Manual,
    /// This hop was found unavailable: by this REGISTER or by another request.
    Failover(HopId),
    /// The keep-alive failed.
    KeepAliveFailed,
    /// The connection to the current hop was lost while nothing was in flight.
    FlowBroke,
    /// A CANCEL was not answered.
    CancelTimedOut,
    /// The primary answered an INVITE or BYE that was sent there to find out (C2, C3).
    SignalFailback,
    /// While nothing was registered, this hop answered another request.
    Answered,
    /// The link is back.
    LinkUp,
    /// The wait after all hops failed, or after a refusal, is over.
    Backoff,
    /// A timer that runs while all is well: failback interval, keep-alive.
    Interval,
    /// The hop is suspect.
    Suspect,
    /// The line was switched on.
    SettingsChanged,
    /// The hop that the line used is not in the list any more.
    HopsChanged,
    /// A drill that the line had left this hop for is over.
    DrillOver,
}

/// One request to one hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Give the outcome under this name.
    pub id: AttemptId,
    /// What to send.
    pub task: Task,
    /// Where.
    pub hop: HopId,
    /// Nothing is tried after this hop: it has RFC 3261's full 64·T1 (requirement A4).
    pub last: bool,
    /// How long to wait for an answer at this hop, from when the request is written (requirements A3,
    /// A4).
    pub wait: Duration,
    /// Why.
    pub reason: Reason,
}

/// What made the primary current again (interfaces, event `failback`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnCause {
    /// A refresh, INVITE or BYE that started at the primary (C1–C3).
    Signal,
    /// The failback interval's probe (C4).
    Interval,
    /// The user registered by hand.
    Manual,
    /// The line had to register anew: start, link back, back-off over, settings.
    Restart,
    /// A drill is over.
    Drill,
}

impl ReturnCause {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Signal => "信令",
            Self::Interval => "定时探测",
            Self::Manual => "手动注册",
            Self::Restart => "重新注册",
            Self::Drill => "演练结束",
        }
    }
}

impl fmt::Display for ReturnCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signal => "signal",
            Self::Interval => "interval",
            Self::Manual => "manual",
            Self::Restart => "restart",
            Self::Drill => "drill",
        })
    }
}

/// Why the line uses another hop now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was registered nowhere before, or anew where it had been last.
    Start,
    /// The hop it used was unavailable.
    Failover,
    /// Back to the primary.
    Return(ReturnCause),
    /// The list changed.
    HopsChanged,
}

/// What the owner has to do or may want to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this.
    Attempt(Attempt),
    /// Stop caring about this one; an outcome that comes all the same changes nothing.
    Abandon(AttemptId),
    /// The line is at this hop now and was not before: another hop, or no registration at all.
    Moved {
        /// The hop of the latest registration before, if there was one since the start.
        from: Option<HopId>,
        /// The hop now.
        to: HopId,
        /// Why.
        why: Why,
    },
    /// Every hop was tried and none took the REGISTER (requirement B4); it is tried again later.
    AllFailed {
        /// What the last hop that answered said; if none answered, what the last hop met.
        cause: Cause,
        /// Some hop answered: "all proxies failed" is not the right thing to say.
        answered: bool,
    },
    /// A server refused the registration; it is tried again later.
    Refused {
        /// The hop.
        hop: HopId,
        /// Status code.
        code: u16,
        /// The server's own words.
        phrase: String,
    },
    /// The health of this hop has changed.
    Hop(HopId),
    /// [`crate::Machine::state`] has changed.
    Line(LineState),
    /// OPTIONS goes to this hop only now and then: it answers REGISTER but never answered one (a
    /// warning).
    KeepAliveStopped(HopId),
    /// With the watch on: whether a hop other than the line's own is left that may serve.
    Redundancy {
        /// There is one.
        left: bool,
    },
    /// Something for the failover journal, which is kept by whoever drives the machine.
    Journal(Entry),
}
