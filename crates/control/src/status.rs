//! What a line is like now: [`AccountStatus`], with one [`HopStatus`] for every next hop it may use.
//! The field names and words are the interface that outside checks read (`docs/control.md`).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One line, as `account list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatus {
    /// The line's number, from 1.
    pub line: u16,
    /// Its address of record, such as `sip:1001@example.test`.
    pub aor: String,
    /// Whether it is registered.
    pub state: AccountState,
    /// The current hop, such as `udp:127.0.0.12:5060` or `udp:[::1]:5060`; `null` if there is none.
    pub hop: Option<String>,
    /// Whether the current hop is the first of the line's order.
    pub on_primary: bool,
    /// Since when `state` and `hop` are what they are.
    pub since: Timestamp,
    /// Seconds until the registration ends unless refreshed; `null` if there is none.
    pub expires_in_s: Option<u32>,
    /// Every hop of the line, in order of preference.
    pub hops: Vec<HopStatus>,
    /// Words for the user, such as the server's reason for refusing; absent if there is nothing to
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note_zh: String,
}

/// Where a line stands with its registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// No registration, and none wanted now.
    Unregistered,
    /// A REGISTER is on its way and no registration is in force.
    Registering,
    /// A registration is in force.
    Registered,
    /// Refused, or every hop failed; it is tried again by itself.
    Failed,
    /// `Enable Reg` is 0: no REGISTER is ever sent.
    Disabled,
}

/// One next hop of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopStatus {
    /// Transport, address and port: `udp:127.0.0.11:5060`.
    pub hop: String,
    /// Which configured server it belongs to.
    pub server: Server,
    /// What is known of it.
    pub state: HopState,
    /// Why, in words that begin with `no answer`, `icmp`, `tcp`, `tls`, `dns`, `drill`, `link` or a
    /// status code; `null` while nothing is wrong.
    pub cause: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause_zh: String,
    /// Since when `state` is what it is.
    pub since: Timestamp,
}

/// The four servers that a line may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Server {
    /// SIP Server 1.
    Server1,
    /// SIP Server 2.
    Server2,
    /// The SIP proxy.
    Proxy,
    /// The backup proxy.
    BackupProxy,
}

/// What is known of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopState {
    /// Not tried yet.
    Unknown,
    /// It has answered.
    Available,
    /// It has answered 503; a REGISTER finds out what that meant.
    Suspect,
    /// It has not answered, or the network says that it cannot be reached.
    Unavailable,
    /// It has asked for a pause with Retry-After.
    HeldOff,
}
