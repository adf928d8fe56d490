//! Calls that are over, as the phone remembers them over a restart: [`LoggedCall`].

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One call of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCall {
    /// When it began.
    pub t: Timestamp,
    /// What it was to this phone's user.
    pub kind: LoggedKind,
    /// Its line, from 1.
    pub line: u16,
    /// The other party's address, as it may be dialled again.
    pub remote: String,
    /// How a caller called itself; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whole seconds from the answer to the end; 0 for one that was not answered.
    pub duration_s: u32,
    /// The deciding SIP status code where it was not answered; `null` if there was none.
    pub code: Option<u16>,
    /// The Call-ID of its SIP messages, as the trace has it while they are there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub call_id: String,
    /// The phone stopped without an end of the call, so that its duration is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_off: bool,
}

/// What a call was to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoggedKind {
    /// It came and nobody answered.
    Missed,
    /// It came and was answered.
    Received,
    /// It came and was refused here, by the user or by a setting.
    Refused,
    /// It came and was answered at another phone (RFC 3326).
    Elsewhere,
    /// It was dialled here, with an answer or without.
    Dialled,
}
