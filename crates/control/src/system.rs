//! The phone as a service: its log, and what ends its run and begins another (starting again, and the
//! factory's settings).

use serde::{Deserialize, Serialize};

use crate::LogLevel;

/// About the whole phone. `Log` is answered with [`crate::Payload::Log`], the others with
/// [`crate::Payload::Done`]; the phone then ends its run, and with it this connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum SystemRequest {
    /// The latest lines of the phone's own log.
    Log {
        /// Of this level and graver ones only; without it all that are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<LogLevel>,
        /// At most so many, the latest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<u32>,
    },
    /// Un-registers, and starts again as it was started. Refused while calls are up, unless they may
    /// be ended.
    Restart {
        /// Whether calls may be ended.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        end_calls: bool,
    },
    /// Ends calls, un-registers, forgets everything that it has ever been told (configuration, users,
    /// logs, certificate) and starts again as it came from the factory.
    Reset {},
}
