//! The language of the control socket: what the command line, the web page and provisioning may ask
//! of the phone, what it answers, and what it reports by itself.
//!
//! Data and a framing codec only: this crate opens no socket, reads no clock and imports none of the
//! phone's other crates, so that both ends can share it. Addresses of hops, causes and SIP methods
//! are therefore text here, exactly as `docs/control.md` shows them.
//!
//! One connection carries one JSON object a line in each direction ([`frame`]). The client sends a
//! [`Request`]; the phone answers each with one [`Reply`], in order. After the reply to
//! [`Request::Watch`] the phone sends [`Notification`]s until the client closes the connection.

// What a client may say is read here, in a daemon that a panic ends.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod call;
mod call_log;
mod check;
mod contact;
mod description;
mod document;
mod drill;
pub mod frame;
mod items;
pub mod limits;
mod log;
mod network;
mod notification;
mod provision;
mod quality;
mod reply;
mod request;
mod sound;
mod status;
mod system;
mod timestamp;
mod timing;
mod trace;

pub use call::{CallState, CallStatus, Direction, Ended, EndedBy};
pub use call_log::{LoggedCall, LoggedKind};
pub use check::{Bounds, Finding, Level, LineCheck};
pub use contact::{Contact, ContactFormat, ContactRequest, ContactsImported};
pub use description::{Choice, ConfigDescription, Help, ItemDescription, ItemScope, ItemValues};
pub use document::{Document, DocumentError};
pub use drill::{DrillState, DrillStatus};
pub use frame::{Decoder, FrameError, decode, encode};
pub use items::Items;
pub use log::{LogLevel, LogLine, LogReport};
pub use network::{HopWay, Interface, Manager, NetworkRequest, NetworkStatus};
pub use notification::{
    AudioState, AudioStatus, Event, JournalEntry, Move, Notification, Unreached,
};
pub use provision::{ProvisionRequest, ProvisionStatus};
pub use quality::{CallQuality, QualityNews};
pub use reply::{ChangeReport, Changed, DaemonStatus, Payload, Problem, Reply};
pub use request::{
    AccountRequest, CallRequest, ConfigRequest, DrillRequest, ExportFormat, JournalRequest, Request,
};
pub use sound::{
    AudioRequest, ChosenDevice, MicrophoneLevel, MixerState, SoundDevice, SoundDevices, SoundPart,
    SoundTest, Verdict, Volumes,
};
pub use status::{AccountState, AccountStatus, HopState, HopStatus, Server};
pub use system::SystemRequest;
pub use timestamp::{Timestamp, TimestampError};
pub use timing::{Durations, HopTiming, TimingReport, TimingRequest};
pub use trace::{TraceDialog, TraceMessage, TraceReport, TraceRequest, Way};
