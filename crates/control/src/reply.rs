//! The answer to one request: `{"ok":{…}}` or `{"error":{…}}`. What stands under `ok` is, as it is,
//! what the command line prints with `--json`.

use serde::{Deserialize, Serialize};

use crate::{
    AccountStatus, CallStatus, ConfigDescription, Contact, ContactsImported, Document, DrillStatus,
    Items, JournalEntry, LineCheck, LogReport, LoggedCall, NetworkStatus, ProvisionStatus,
    SoundDevices, SoundTest, TimingReport, TraceReport, Volumes,
};

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It was done; here is what was asked for.
    Ok(Payload),
    /// It was refused, and nothing changed.
    Error(Problem),
}

/// What a request returns: one object with one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// Nothing but that it was done.
    Done {},
    /// The lines asked for, by number.
    Accounts(Vec<AccountStatus>),
    /// The calls, oldest first.
    Calls(Vec<CallStatus>),
    /// Calls that are over, the latest first.
    CallLog(Vec<LoggedCall>),
    /// How loud it is.
    Audio(Volumes),
    /// Which sound devices there are.
    AudioDevices(SoundDevices),
    /// How a test of a sound device went.
    AudioTest(SoundTest),
    /// The name of the new call.
    Id(String),
    /// Entries of the phone book, by name.
    Contacts(Vec<Contact>),
    /// One entry of it.
    Contact(Contact),
    /// What an imported phone book has led to.
    Imported(ContactsImported),
    /// Items with their values.
    Items(Items),
    /// What may be configured.
    Description(ConfigDescription),
    /// What an accepted change changed.
    Changes(ChangeReport),
    /// What the settings of each line mean.
    Check(Vec<LineCheck>),
    /// The configuration as a file.
    Document(Document),
    /// The journal, oldest first.
    Entries(Vec<JournalEntry>),
    /// The drill that was begun, or that has ended and what it measured.
    Drill(DrillStatus),
    /// What the network is like.
    Network(NetworkStatus),
    /// How it stands with the configuration that is fetched.
    Provision(ProvisionStatus),
    /// How long servers take to answer.
    Timing(TimingReport),
    /// The latest lines of the phone's own log.
    Log(LogReport),
    /// Recent SIP messages.
    Trace(TraceReport),
    /// Notifications follow.
    Watching {},
    /// The whole state.
    Status(DaemonStatus),
}

/// What an accepted change of the configuration changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangeReport {
    /// The items whose value is another one now; empty if all had that value already.
    pub items: Vec<Changed>,
    /// Nothing has changed yet: this is what would change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// How many items of an imported file the phone keeps without knowing them.
    #[serde(default)]
    pub kept: u32,
    /// How many unknown items kept before are gone; 0 unless a file has replaced everything.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: u32,
    /// How many entries of the phone book are new, other or gone; 0 unless a backup brought one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub contacts: u32,
    /// What the user ought to know, a sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings_zh: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One item that has another value now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its name.
    pub item: String,
    /// Its former value; `********` for a password.
    pub old: String,
    /// Its value now; `********` for a password.
    pub new: String,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong, in words that need no context but `place`.
    pub message: String,
    /// The same in Chinese; absent where the words come from outside, such as the system's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_zh: String,
    /// Where: an item, a line of a file, a call, a line of the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Further problems of the same request, each without further ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Self>,
}

impl Problem {
    /// A problem with no particular place, in English and in Chinese.
    pub fn new(message: impl Into<String>, message_zh: impl Into<String>) -> Self {
        let (message, message_zh) = (message.into(), message_zh.into());
        Self { message, message_zh, place: None, also: Vec::new() }
    }

    /// A problem in words that are not ours, and in no other language.
    pub fn outside(message: impl Into<String>) -> Self {
        Self::new(message, "")
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }

    /// All of several problems as one; `None` if there is none.
    pub fn all(problems: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut problems = problems.into_iter();
        let mut first = problems.next()?;
        first.also.extend(problems);
        Some(first)
    }
}

/// The whole state of the phone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// Its version.
    pub version: String,
    /// Whole seconds since it was ready.
    pub uptime_s: u64,
    /// Every configured line.
    pub accounts: Vec<AccountStatus>,
    /// Every call.
    pub calls: Vec<CallStatus>,
}
