//! The failover journal of the machine's own requests: what happened, why, how long it took.
//!
//! Data only (failover design §7, requirement F9): the machine tells an entry as it happens and keeps
//! none. Failovers of other requests are their owner's to write down.

use std::fmt;
use std::time::{Duration, Instant};

use crate::{Cause, HopId, ReturnCause};

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

impl EntryCause {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(self) -> String {
        match self {
            Self::Hop(cause) => cause.chinese(),
            Self::Return(cause) => cause.chinese().to_owned(),
        }
    }
}

impl From<Cause> for EntryCause {
    fn from(cause: Cause) -> Self {
        Self::Hop(cause)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_read_as_the_interface_says() {
        assert_eq!(EntryCause::Hop(Cause::IcmpPort).to_string(), "icmp port unreachable");
        assert_eq!(EntryCause::Return(ReturnCause::Interval).to_string(), "interval");
        assert_eq!(Method::Register.to_string(), "REGISTER");
    }
}
