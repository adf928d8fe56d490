//! What crosses the engine's edge as data: settings in, events and counters out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::device::DeviceError;
use crate::{Codec, Digit, limits};

/// A call's stream as negotiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    /// Where RTP goes (of the same family as the call's ports), and the only address that RTP and RTCP are taken from (any port, the first
    /// one used is kept). An unspecified address or port 0 sends nothing.
    pub remote: SocketAddr,
    /// Where RTCP goes, if not to the port above (RFC 3605).
    pub remote_rtcp: Option<SocketAddr>,
    /// What is sent, and what `payload_type` means when received. Static payload types of known
    /// codecs are understood besides.
    pub codec: Codec,
    /// Its RTP payload type.
    pub payload_type: u8,
    /// The payload type of telephone-event both ways; `None`: keys are sent as tones.
    pub dtmf_payload_type: Option<u8>,
    /// The other side wants to hear us.
    pub send: bool,
    /// We want to hear the other side.
    pub receive: bool,
    /// Sound in one packet sent: 20, 40 … 120 ms; others are rounded down.
    pub ptime_ms: u32,
    /// Our synchronisation source; random, fixed by the first settings of a call.
    pub ssrc: u32,
    /// Our canonical name (RFC 7022: random, not a user's); fixed by the first settings of a call.
    pub cname: String,
    /// How long `receive` may go without RTP or RTCP before [`MediaEventKind::Silence`].
    pub timeout: Option<Duration>,
}

/// Something that happened to a call's media, or to the devices.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaEvent {
    /// Which call; `None` for the devices.
    pub call: Option<u64>,
    /// What.
    pub kind: MediaEventKind,
}

/// See [`MediaEvent`].
#[derive(Debug, Clone, PartialEq)]
pub enum MediaEventKind {
    /// The first RTP packet of the call has come.
    FirstPacket,
    /// Neither RTP nor RTCP for [`StreamSettings::timeout`]. Told once, again only after a packet.
    Silence {
        /// When the last packet came, or when waiting began.
        since: Instant,
    },
    /// The other side pressed a key.
    Dtmf {
        /// Which.
        digit: Digit,
        /// For how long.
        duration_ms: u32,
    },
    /// The sound device is gone or cannot be opened; the call goes on without, and the device is
    /// tried again each second.
    DeviceLost(DeviceError),
    /// The sound device works again.
    DeviceBack,
    /// The device that rings is gone or cannot be opened; the ear rings, and the device is tried again
    /// each second while it is to ring.
    BellLost(DeviceError),
    /// The device that rings works again.
    BellBack,
    /// A sound check is over: what the microphone gave, where that was checked, or why it came to
    /// nothing.
    Checked(Result<Option<Heard>, CheckError>),
    /// The counters of a call that goes on, every [`crate::limits::PROGRESS`].
    Progress(CallStats),
    /// The last counters of a call that was stopped.
    Stats(CallStats),
}

/// What a sound check tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoundCheck {
    /// A tone at the ear.
    Ear,
    /// The bell.
    Bell,
    /// The microphone: what is said into it is recorded, then played at the ear.
    Microphone,
}

/// How loud the microphone was in a sound check, in dB below full scale; -96 is silence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// The loudest tenth of a second.
    pub level_db: f64,
    /// The loudest sample.
    pub peak_db: f64,
}

/// Why a sound check came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckError {
    /// There is a call, with sound or without.
    #[error("there is a call")]
    Call,
    /// A call, a tone or another check has the devices.
    #[error("the sound devices are in use")]
    Busy,
    /// One of them has begun meanwhile.
    #[error("a call or a tone needs the sound devices")]
    Needed,
    /// The device is not open, or takes nothing.
    #[error("the sound device is not ready within {} s", limits::CHECK_PATIENCE.as_secs())]
    Late,
    /// It cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl CheckError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Call => "有通话".to_owned(),
            Self::Busy => "声音设备正在使用".to_owned(),
            Self::Needed => "通话或提示音需要声音设备".to_owned(),
            Self::Late => {
                format!("声音设备在 {} 秒内没有就绪", limits::CHECK_PATIENCE.as_secs())
            }
            Self::Device(error) => error.chinese(),
        }
    }
}

/// How loud sound is: factors of its samples, 1.0 as it comes. What would be too loud is cut off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// What the ear hears: the other party, and tones but for the bell.
    pub ear: f32,
    /// What the microphone gives.
    pub microphone: f32,
    /// The bell; 0.0 for none.
    pub bell: f32,
}

impl Default for Levels {
    fn default() -> Self {
        Self { ear: 1.0, microphone: 1.0, bell: 1.0 }
    }
}

/// Counters of one call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CallStats {
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received from the source that was listened to, late ones and duplicates
    /// included.
    pub received: u64,
    /// RTP packets that never came (RFC 3550 appendix A.3).
    pub lost: u64,
    /// Interarrival jitter, milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// Last round trip, milliseconds; none until the peer has answered an RTCP report.
    pub rtt_ms: Option<f64>,
    /// Packets that came after their time to be played.
    pub late: u64,
    /// How long the jitter buffer holds sound back, milliseconds.
    pub buffer_ms: f64,
    /// Share (0 to 1) of our packets that the peer says it has not got, since its start; none until
    /// it has reported.
    pub far_loss: Option<f64>,
    /// Interarrival jitter that the peer reports, milliseconds.
    pub far_jitter_ms: Option<f64>,
    /// Frames of 20 ms made up for missing sound; up to ten of them fade out before each pause of
    /// the sender, which looks like a loss while it begins.
    pub concealed: u64,
    /// Datagrams refused: from elsewhere, malformed, of an unknown source.
    pub refused: u64,
}
