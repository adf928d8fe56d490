//! What may be learnt: the result of an attempt, and what other requests show of a hop.
//!
//! This is the vocabulary of column *Line* of the evidence table (failover design §1). Which SIP
//! answer means which of these is decided where SIP is known, not here.

use std::time::Duration;

use crate::Cause;

/// How one of the machine's own attempts ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 200 OK to REGISTER.
    Registered {
        /// Granted lifetime, counted from when the attempt began.
        expires: Duration,
    },
    /// OPTIONS was answered, by anything that counts as a sign of life.
    Alive,
    /// A final 4xx or 6xx to REGISTER: the hop lives, the line waits and tries again.
    Refused {
        /// Status code.
        code: u16,
        /// The server's own words.
        phrase: String,
    },
    /// The hop did not serve.
    Unavailable(Cause),
    /// 503 with `Retry-After`; clamped to 1…1800 s.
    HeldOff {
        /// For how long.
        for_: Duration,
        /// Usually `Status(503)`.
        cause: Cause,
    },
    /// Our own host could not send: nobody is blamed.
    LocalOutage,
    /// 200 OK to an un-REGISTER.
    Unregistered,
}

/// What a request that is not the machine's own (INVITE, BYE, in-dialog, CANCEL) shows of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// It answered.
    Answered,
    /// It did not serve.
    Unavailable(Cause),
    /// 503 without `Retry-After`: one REGISTER shall find out.
    Suspect(Cause),
    /// 503 with `Retry-After`; clamped to 1…1800 s.
    HeldOff {
        /// For how long.
        for_: Duration,
        /// Usually `Status(503)`.
        cause: Cause,
    },
    /// It served a request which had found another hop unavailable.
    ServedBy,
    /// The primary answered an INVITE or BYE with anything but 408 and 5xx (requirements C2, C3).
    PrimaryAnswered,
    /// A CANCEL got no answer there (requirement B1).
    CancelTimedOut,
    /// The connection to it was lost while nothing was in flight: REGISTER at the same hop at once
    /// (failover design §1, row "idle flow closed or reset").
    FlowBroke,
    /// It answered an OPTIONS of the machine's own, which had ended as silence before: of a hop that
    /// had answered none yet silence proves nothing, so somebody may still listen.
    OptionsAnswered {
        /// From the request to this answer.
        waited: Duration,
    },
    /// A keep-alive that is not the machine's own, such as a CRLF ping, proved that it is silent.
    KeepAliveFailed {
        /// Usually `NoAnswer`.
        cause: Cause,
        /// How long was waited for the answer.
        waited: Duration,
    },
}
