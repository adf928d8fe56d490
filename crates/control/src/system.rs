//! What ends the phone's run and begins another: starting again, and the factory's settings.

use serde::{Deserialize, Serialize};

/// About the whole phone. Answered with [`crate::Payload::Done`]; the phone then ends its run, and with
/// it this connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum SystemRequest {
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
