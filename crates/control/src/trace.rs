//! The recent SIP messages: the request for them, and [`TraceMessage`], one of them as it may be
//! shown. Secrets are masked before a message gets here; only [`TraceRequest::Pcap`] can ask for
//! messages as they were.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// About the SIP messages that the phone has sent and received lately (F9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum TraceRequest {
    /// What was recorded: answered with [`crate::Payload::Trace`].
    Show {
        /// Of this line only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u16>,
        /// Of this Call-ID only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        /// Those after the message of this number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
        /// At most so many, the latest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<u32>,
    },
    /// One of them: answered with [`crate::Payload::Trace`].
    Message {
        /// Its number.
        id: u64,
    },
    /// Each from now on: answered with [`crate::Payload::Watching`], then one [`TraceMessage`] a
    /// line until the connection closes.
    Follow {
        /// Of this line only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u16>,
        /// Of this Call-ID only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
    },
    /// A capture file (pcapng): answered with [`crate::Payload::Document`].
    Pcap {
        /// Of this line only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u16>,
        /// Of this Call-ID only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        /// With the credentials and keys as they were sent.
        #[serde(default)]
        with_secrets: bool,
    },
}

/// What was recorded and fits the request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TraceReport {
    /// The messages, oldest first.
    pub messages: Vec<TraceMessage>,
    /// Every Call-ID of what is recorded, whatever was asked for, in order of their first message.
    pub dialogs: Vec<TraceDialog>,
    /// How many older messages have given way since the start.
    pub forgotten: u64,
    /// How many octets are kept at most; 0: the phone records nothing.
    pub limit: u64,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The phone sent it.
    Sent,
    /// It came to the phone.
    Received,
}

/// One SIP message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceMessage {
    /// Its number, from 1 since the start of the phone; higher is later.
    pub id: u64,
    /// When.
    pub t: Timestamp,
    /// The same as milliseconds of a clock that never jumps, as in [`crate::Notification`].
    pub mono_ms: f64,
    /// Which way.
    pub way: Way,
    /// Our address and port.
    pub local: String,
    /// Where it went to or came from, such as `udp:10.0.0.1:5060`.
    pub hop: String,
    /// The line that it belongs to; `null` where none is known.
    pub line: Option<u16>,
    /// Its Call-ID; empty if it has none.
    pub call_id: String,
    /// The method of the request, or the one that a response answers; empty if there is none.
    pub method: String,
    /// The status code of a response; `null` for a request.
    pub code: Option<u16>,
    /// All of it, secrets masked, octets that are not UTF-8 replaced.
    pub text: String,
}

impl TraceMessage {
    /// Its first line: what was asked, or what was answered.
    #[must_use]
    pub fn start(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

/// The messages of one Call-ID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceDialog {
    /// Which.
    pub call_id: String,
    /// The line; `null` where none is known.
    pub line: Option<u16>,
    /// The method of its first message.
    pub method: String,
    /// The other party of its first message: whom a request from here is to, or from whom it came.
    pub remote: String,
    /// When its first message passed.
    pub since: Timestamp,
    /// How many messages of it are there.
    pub messages: u32,
}
