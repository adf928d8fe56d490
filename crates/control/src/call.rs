//! One call as its user sees it: [`CallStatus`]. The field names and words are the interface that
//! outside checks read (`docs/control.md`).

use serde::{Deserialize, Serialize};

use crate::CallQuality;

/// One call, as `call list` shows it. It stays listed for at least 60 s after its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallStatus {
    /// The name by which requests mean this call; never used again for another.
    pub id: String,
    /// The line it belongs to, from 1.
    pub line: u16,
    /// Who called.
    pub direction: Direction,
    /// The other party's address.
    pub remote: String,
    /// How a caller calls itself; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_name: Option<String>,
    /// Where it stands.
    pub state: CallState,
    /// The hop that serves it; `null` before one was tried.
    pub hop: Option<String>,
    /// Whole seconds since it was answered; 0 before.
    pub duration_s: u32,
    /// The codec in use, such as `PCMA`; `null` before one is agreed.
    pub codec: Option<String>,
    /// What is said here is not sent; absent while it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
    /// Words for the user, such as a change that did not take; absent if there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note_zh: String,
    /// The Call-ID of its SIP messages, as the trace has it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub call_id: String,
    /// How it sounds; absent before sound has come, and in events, where it has a kind of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<CallQuality>,
    /// How it ended; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The other party called.
    In,
    /// The user of this phone called.
    Out,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Dialled; nothing rings yet.
    Dialing,
    /// It rings, here or there.
    Ringing,
    /// Both parties talk.
    Active,
    /// Held by this phone.
    Held,
    /// Held by the other party.
    RemoteHeld,
    /// Over; `ended` tells how.
    Ended,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Who or what ended it.
    pub by: EndedBy,
    /// The deciding SIP status code; `null` if there was none.
    pub code: Option<u16>,
    /// Why, in words.
    pub reason: String,
    /// The same in Chinese; absent where the words are a server's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason_zh: String,
}

/// Who or what ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// This phone's user.
    Local,
    /// The other party.
    Remote,
    /// A refusal, or a failure on the way.
    Failure,
}
