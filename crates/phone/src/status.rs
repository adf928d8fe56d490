//! What the phone shows of itself: lines, hops, calls.
//!
//! Snapshots, made when asked for or when an event needs one. Times are the `Instant`s that were
//! passed in; turning them into calendar time is the shell's business.

use std::time::{Duration, Instant};

use sip_core::transport::Hop;

use crate::settings::{LineNumber, ServerRole};
use crate::words::{CallNote, LineNote, Reason};

/// A line's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineState {
    /// Not registered, and not trying.
    Unregistered,
    /// Trying for the first time.
    Registering,
    /// Registered.
    Registered,
    /// Every hop failed or refused; tried again after a back-off.
    Failed,
    /// `Enable Reg` is 0.
    Disabled,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountStatus {
    /// Its number.
    pub line: LineNumber,
    /// Address of record.
    pub aor: String,
    /// Registration.
    pub state: LineState,
    /// Current hop.
    pub hop: Option<Hop>,
    /// Whether that is the primary.
    pub on_primary: bool,
    /// Since when the line is in this state at this hop.
    pub since: Instant,
    /// When the registration runs out.
    pub expires_at: Option<Instant>,
    /// For people: "registered through backup 10.0.0.2: primary 10.0.0.1 unreachable (…)".
    pub message: LineNote,
    /// Every hop.
    pub hops: Vec<HopStatus>,
}

/// What is known of one hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HopStatus {
    /// Which.
    pub hop: Hop,
    /// Its server.
    pub server: ServerRole,
    /// Its state.
    pub state: failover::HopState,
    /// Why; none while unknown or available.
    pub cause: Option<failover::Cause>,
    /// Since when.
    pub since: Instant,
}

/// Direction of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// We called.
    Out,
    /// We were called.
    In,
}

/// State of a call as its user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Sent, no sign of ringing yet.
    Dialing,
    /// Rings there, or here.
    Ringing,
    /// Up.
    Active,
    /// Held by us.
    Held,
    /// Held by the other party.
    RemoteHeld,
    /// Over.
    Ended,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// We did.
    Local,
    /// The other party did.
    Remote,
    /// It could not be set up or kept.
    Failure,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// By whom.
    pub by: EndedBy,
    /// SIP status code, 0 where there is none.
    pub code: u16,
    /// Why, for people.
    pub reason: Reason,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStatus {
    /// Its id.
    pub id: crate::CallId,
    /// Its line.
    pub line: LineNumber,
    /// Who called.
    pub direction: Direction,
    /// The other party.
    pub remote: String,
    /// How a caller calls itself, where it does.
    pub remote_name: Option<String>,
    /// State.
    pub state: CallState,
    /// The hop that its requests go through now.
    pub hop: Option<Hop>,
    /// Time since it was answered, up to its end.
    pub duration: Duration,
    /// Codec in use.
    pub codec: Option<String>,
    /// What is said here is not sent.
    pub muted: bool,
    /// After the end: how.
    pub ended: Option<Ended>,
    /// A note for the user: the rung taken, a change that did not take.
    pub note: Option<CallNote>,
    /// The Call-ID of its messages.
    pub sip_call_id: String,
}

/// How far a drill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrillState {
    /// The hop counts as dead.
    Running,
    /// It still does, and the line is registered elsewhere.
    Recovered,
    /// It does no longer.
    Ended,
}

/// A drill and what it has measured (failover design §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillStatus {
    /// The line concerned.
    pub line: LineNumber,
    /// The hop that counts as dead.
    pub hop: Hop,
    /// How far it is.
    pub state: DrillState,
    /// How long it was to last.
    pub length: Duration,
    /// The line was registered through that hop when it began; without, there is no outage.
    pub served: bool,
    /// Where the line was registered next.
    pub to: Option<Hop>,
    /// From the start until then: so long no incoming call would have come.
    pub outage: Option<Duration>,
    /// Requests of calls that left the hop for another.
    pub calls_moved: u32,
}
