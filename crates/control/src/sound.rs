//! How loud the phone is: what is asked, and the answer. The steps are those of the items
//! `P1 General Spk Vol`, `P1 General Mic Vol` and `P1 RingTone Vol` (`docs/config.md`).

use serde::{Deserialize, Serialize};

/// About sound. Both are answered with [`crate::Payload::Audio`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum AudioRequest {
    /// How loud it is.
    Show {},
    /// Louder or softer, in force at once and kept; what is absent stays.
    Volume {
        /// The ear, 1 to 9.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ear: Option<u8>,
        /// The microphone, 1 to 9.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        microphone: Option<u8>,
        /// The bell, 0 to 9.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ring: Option<u8>,
    },
}

/// How loud the phone is, and through what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volumes {
    /// The sound device, as `--audio` names it.
    pub device: String,
    /// The ear, 1 to 9.
    pub ear: u8,
    /// The microphone, 1 to 9.
    pub microphone: u8,
    /// The bell, 0 (silent) to 9.
    pub ring: u8,
}
