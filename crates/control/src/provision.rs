//! Where the configuration comes from, and how the last fetch ended: the answer to
//! `provision show`.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// About the configuration that is fetched from a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum ProvisionRequest {
    /// Fetches it now: answered with [`crate::Payload::Changes`].
    Now {},
    /// How it stands: answered with [`crate::Payload::Provision`].
    Show {},
}

/// How it stands with the configuration that is fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionStatus {
    /// The address, with this phone's marks in it; `null` where none is configured.
    pub place: Option<String>,
    /// When a fetch ended last; `null` before the first.
    pub last: Option<Timestamp>,
    /// Whether it succeeded.
    pub success: Option<bool>,
    /// What it changed, or why it failed, in words.
    pub result: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result_zh: String,
    /// When the next one begins; `null` where none is planned.
    pub next: Option<Timestamp>,
    /// Whether what was fetched is in force and has not registered a line yet: until then it may be
    /// taken back.
    pub proving: bool,
}
