//! A fault that is only played, and what it has measured: the answer to a drill request, and an
//! event.

use serde::{Deserialize, Serialize};

/// Where a drill stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrillStatus {
    /// The line concerned, from 1.
    pub line: u16,
    /// The hop that counts as dead.
    pub hop: String,
    /// How far it is.
    pub state: DrillState,
    /// For how many seconds it was to last.
    pub for_s: u32,
    /// Whether the line was registered through that hop when it began; without, there is no outage.
    pub served: bool,
    /// The hop that the line was registered through next; `null` before that.
    pub to: Option<String>,
    /// Milliseconds from the start until then: so long no incoming call would have come.
    pub outage_ms: Option<f64>,
    /// Requests of calls that left the hop for another.
    pub calls_moved: u32,
}

/// How far a drill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrillState {
    /// The hop counts as dead.
    Running,
    /// It still does, and the line is registered elsewhere.
    Recovered,
    /// It does no longer.
    Ended,
}
