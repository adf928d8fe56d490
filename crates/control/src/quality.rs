//! How a call sounds: [`CallQuality`] in the call's status, [`QualityNews`] as an event.

use serde::{Deserialize, Serialize};

/// What the network does to the sound of a call, since its start unless a name begins with `recent`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct CallQuality {
    /// Estimated mean opinion, 1 (bad) to 4.5 (excellent) (ITU-T G.107, simplified); `null` before
    /// there are enough packets.
    pub mos: Option<f64>,
    /// Per cent of the packets sent to us that were lost, or came too late to be played.
    pub loss_percent: f64,
    /// Interarrival jitter of what we receive, milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// Round trip to whom the sound goes, milliseconds; `null` until RTCP has measured it.
    pub round_trip_ms: Option<f64>,
    /// Per cent of our packets that did not reach the other side, as its RTCP says; `null` without.
    pub far_loss_percent: Option<f64>,
    /// The jitter that the other side sees, milliseconds; `null` without its RTCP.
    pub far_jitter_ms: Option<f64>,
    /// The opinion of the last five seconds; `null` before there are enough packets.
    pub recent_mos: Option<f64>,
    /// `loss_percent` of the last five seconds.
    pub recent_loss_percent: f64,
}

/// A call's quality while it goes on, every five seconds, and once at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityNews {
    /// The call's name.
    pub id: String,
    /// Its line, from 1.
    pub line: u16,
    /// Whether its sound has ended: these are its last figures.
    pub over: bool,
    /// The figures.
    #[serde(flatten)]
    pub quality: CallQuality,
}
