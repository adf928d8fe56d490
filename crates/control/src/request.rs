//! What may be asked of the phone, grouped by noun; the noun also names the file that serves it on
//! every side. In JSON the noun is the key of one object and the verb is inside it:
//! `{"account":{"verb":"show","line":1}}`.
//!
//! Unknown verbs and unknown fields are refused, so that a newer client is told that this phone
//! cannot do what it asks instead of being half understood.

use serde::{Deserialize, Serialize};

use crate::{
    AudioRequest, ContactRequest, Document, Items, NetworkRequest, ProvisionRequest, SystemRequest,
    Timestamp, TimingRequest, TraceRequest,
};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// About a line and its registration.
    Account(AccountRequest),
    /// About a call.
    Call(CallRequest),
    /// About sound.
    Audio(AudioRequest),
    /// About the phone book.
    Contact(ContactRequest),
    /// About the configuration.
    Config(ConfigRequest),
    /// What happened: answered with [`crate::Payload::Entries`].
    Journal(JournalRequest),
    /// A fault that is only played.
    Drill(DrillRequest),
    /// What the network is like: answered with [`crate::Payload::Network`].
    Network(NetworkRequest),
    /// About the configuration that is fetched from a server.
    Provision(ProvisionRequest),
    /// How long servers take to answer: answered with [`crate::Payload::Timing`].
    Timing(TimingRequest),
    /// About the SIP messages that were sent and received.
    Trace(TraceRequest),
    /// About the whole phone.
    System(SystemRequest),
    /// Every event from now on: answered with [`crate::Payload::Watching`], then notifications until
    /// the connection closes.
    Watch {},
    /// The whole state at once: answered with [`crate::Payload::Status`].
    Status {},
}

/// About a line and its registration. `List` and `Show` are answered with
/// [`crate::Payload::Accounts`], the others with [`crate::Payload::Done`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum AccountRequest {
    /// Every configured line.
    List {},
    /// One line.
    Show {
        /// Its number, from 1.
        line: u16,
    },
    /// Registers the line now, whatever back-off it waits in (B1, "by hand").
    Register {
        /// Its number, from 1.
        line: u16,
    },
    /// Ends the line's registration; it stays so until `Register` or a change of its settings.
    Unregister {
        /// Its number, from 1.
        line: u16,
    },
}

/// About a call. `Dial` and `Redial` are answered with [`crate::Payload::Id`], `List` with
/// [`crate::Payload::Calls`], `Log` with [`crate::Payload::CallLog`], the others with [`crate::Payload::Done`] once the phone has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum CallRequest {
    /// Calls someone.
    Dial {
        /// The line to use; without it the first configured one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u16>,
        /// A SIP URI, or a number that the line's domain completes.
        target: String,
    },
    /// Every call, and those that ended within the last 60 s.
    List {},
    /// Answers a ringing call.
    Answer {
        /// Which; without it the only one that rings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Refuses a ringing call.
    Reject {
        /// Which.
        id: String,
    },
    /// Ends a call, or stops dialling.
    Hangup {
        /// Which; without it the only one that is not over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// Puts a call on hold.
    Hold {
        /// Which.
        id: String,
    },
    /// Takes a call off hold.
    Resume {
        /// Which.
        id: String,
    },
    /// Sends silence instead of what is said here.
    Mute {
        /// Which.
        id: String,
    },
    /// Sends what is said here again.
    Unmute {
        /// Which.
        id: String,
    },
    /// Calls that are over, the latest first.
    Log {},
    /// Forgets them.
    ClearLog {},
    /// Calls again whom this phone has called last.
    Redial {},
    /// Sends key presses (RFC 4733, or INFO as the line is set).
    Dtmf {
        /// Which.
        id: String,
        /// Of `0`-`9`, `*`, `#` and `A`-`D`.
        digits: String,
    },
    /// Sends the other party to someone else, unannounced (RFC 3515).
    Transfer {
        /// Which.
        id: String,
        /// A SIP URI or number, as for `Dial`.
        target: String,
    },
    /// Sends the other party to the one that another call is with, in that call's place (RFC 3891).
    TransferTo {
        /// Which.
        id: String,
        /// The other call; it must be answered.
        to: String,
    },
}

/// About the configuration. Item names are those of `docs/config.md`; case and repeated blanks do
/// not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum ConfigRequest {
    /// These items: answered with [`crate::Payload::Items`]; passwords that are set read `********`.
    Get {
        /// Their names.
        items: Vec<String>,
    },
    /// All or nothing: answered with [`crate::Payload::Changes`], or one error with a
    /// [`crate::Problem`] for every item refused.
    Set {
        /// Names and new values; an empty number means its default, `********` means unchanged.
        items: Items,
    },
    /// Takes a provisioning file, told apart by content: answered as `Set`.
    Import {
        /// The file.
        document: Document,
        /// The configuration becomes what the file says: what it does not name has its default, and
        /// unknown items are the file's own. Passwords stay as they are where the file has none at all.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replace: bool,
        /// Only tells what would change.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dry_run: bool,
    },
    /// Goes back to before the latest import that has replaced everything, and the next time forward
    /// again: answered as `Set`.
    Revert {},
    /// The configuration as a file: answered with [`crate::Payload::Document`].
    Export {
        /// Its form.
        #[serde(default)]
        format: ExportFormat,
        /// Whether password items are in it; without, they are left out.
        #[serde(default)]
        with_secrets: bool,
    },
    /// Every item of every configured line: answered with [`crate::Payload::Items`].
    List {},
    /// What the settings mean, with worst cases: answered with [`crate::Payload::Check`].
    Check {
        /// Of this line only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u16>,
    },
    /// What may be configured: answered with [`crate::Payload::Description`].
    Describe {},
}

/// The form of an exported configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// The Fanvil text form (`<<VOIP CONFIG FILE>>`).
    #[default]
    Text,
    /// The Fanvil XML form (`<sysConf>`).
    Xml,
}

/// What of the journal is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalRequest {
    /// Of this line only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u16>,
    /// From this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// A fault that is only played: the phone treats a hop as dead, with no change to the network.
/// Answered with [`crate::Payload::Drill`]: where it stands, or what it has measured; what it leads to
/// is in the events too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum DrillRequest {
    /// Begins one, or replaces the one that runs.
    Start {
        /// The line concerned, from 1.
        line: u16,
        /// `primary`, `current`, or a hop as `account list` writes it.
        hop: String,
        /// For how many seconds, 1 to 86400.
        for_s: u32,
    },
    /// Ends the one that runs.
    Stop {},
}
