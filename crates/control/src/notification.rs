//! What the phone reports by itself: one [`Notification`] for every event, on the connection of
//! everyone who watches, and the same object in the journal.

use serde::{Deserialize, Serialize};

use crate::{AccountStatus, CallStatus, DrillStatus, Interface, QualityNews, Timestamp};

/// One event, with the time at which it happened. In JSON all fields stand side by side:
/// `{"t":"…Z","mono_ms":123.456,"event":"failover","line":1,…}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Calendar time.
    pub t: Timestamp,
    /// Milliseconds of a clock that never jumps, from an arbitrary start: for measuring between
    /// events.
    pub mono_ms: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// An entry of the journal is the notification that was sent at the time.
pub type JournalEntry = Notification;

/// What happened; in JSON `event` names the kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "on its way, not kept: the journal has no calls")]
pub enum Event {
    /// A line's registration, current hop or knowledge of its hops changed.
    Registration(AccountStatus),
    /// A call began, changed or ended.
    Call(CallStatus),
    /// How a call sounds.
    Quality(QualityNews),
    /// A request is sent to a next hop for the first time.
    Failover(Move),
    /// The primary is current again.
    Failback(Move),
    /// A request found no hop that answered (B4).
    Unavailable(Unreached),
    /// Watching the servers not in use: none that could take over is left, or one is back.
    Redundancy {
        /// The line concerned, from 1.
        line: u16,
        /// Whether a server other than the line's own may serve.
        left: bool,
    },
    /// A drill began, its line is registered elsewhere, or it ended.
    Drill(DrillStatus),
    /// The configuration changed.
    Config {
        /// The items whose value is another one now.
        items: Vec<String>,
    },
    /// A sound device changed its state.
    Audio(AudioStatus),
    /// Interfaces, their addresses or gateways are other ones now.
    Network {
        /// Every interface.
        interfaces: Vec<Interface>,
    },
}

impl Event {
    /// The line that it concerns; `None` for what concerns the whole phone.
    #[must_use]
    pub fn line(&self) -> Option<u16> {
        match self {
            Self::Registration(account) => Some(account.line),
            Self::Call(call) => Some(call.line),
            Self::Quality(news) => Some(news.line),
            Self::Failover(step) | Self::Failback(step) => Some(step.line),
            Self::Unavailable(unreached) => Some(unreached.line),
            Self::Drill(drill) => Some(drill.line),
            Self::Redundancy { line, .. } => Some(*line),
            Self::Config { .. } | Self::Audio(_) | Self::Network { .. } => None,
        }
    }
}

/// One step from hop to hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// The line concerned, from 1.
    pub line: u16,
    /// The SIP method of the request that moved.
    pub method: String,
    /// The hop that was left.
    pub from: String,
    /// The hop that follows.
    pub to: String,
    /// Why. A failover's begins with `no answer`, `icmp`, `tcp`, `tls`, `dns`, `drill`, `link` or a
    /// status code; a failback's is `signal`, `interval`, `manual`, `restart` or `drill`.
    pub cause: String,
    /// The same in Chinese; absent in entries of a journal that an older phone has kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause_zh: String,
    /// Transmissions to `from`.
    pub attempts: u32,
    /// Milliseconds from the first transmission to the step.
    pub elapsed_ms: f64,
}

/// A request that no hop answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreached {
    /// The line concerned, from 1.
    pub line: u16,
    /// The SIP method of the request.
    pub method: String,
    /// Why the last hop failed, in the words of [`Move::cause`].
    pub cause: String,
    /// The same in Chinese; absent in entries of a journal that an older phone has kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause_zh: String,
}

/// A sound device and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioStatus {
    /// The device, as `--audio` names it.
    pub device: String,
    /// What it does.
    pub state: AudioState,
    /// Why it failed; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a sound device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioState {
    /// It records and plays.
    Running,
    /// It is not in use.
    Stopped,
    /// It cannot be used.
    Failed,
}
