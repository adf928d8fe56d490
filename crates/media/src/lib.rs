//! RTP and sound of the telephone (requirement F7): everything between a negotiated media
//! description and the handset.
//!
//! Pure parts, where time is passed in and nothing touches the world: [`rtp`] (RFC 3550, RFC 3551,
//! RFC 4733), [`codec`] (ITU-T G.711), [`jitter`], [`conceal`], [`playout`], [`tone`],
//! [`resample`], [`measure`], [`quality`]. Shells around them: [`device`] (ALSA, WAV files, nothing) and
//! [`engine`], the one real-time thread, which runs only while a call or a tone needs it.
//!
//! What it refuses to know: SIP, SDP, lines and proxies. A call is a number here; who is on hold
//! and when a silent call ends is decided by whoever drives the [`Engine`].

pub mod codec;
pub mod conceal;
pub mod device;
pub mod digit;
pub mod engine;
pub mod jitter;
pub mod limits;
pub mod measure;
pub mod playout;
pub mod quality;
pub mod resample;
pub mod rtp;
pub mod tone;

use std::time::Duration;

pub use codec::Codec;
pub use device::{DeviceError, DeviceSpec, SpecError};
pub use digit::{Digit, NotADigit};
pub use engine::{
    CallStats, CheckError, Engine, Heard, Levels, MediaEvent, MediaEventKind, PortPair, SoundCheck,
    StreamSettings,
};
pub use tone::Tone;

/// Samples a second everywhere inside: devices, tones and the mixer. Codecs of other rates convert.
pub const SAMPLE_RATE: u32 = 8000;

/// The engine's tick, and the length of a [`Frame`].
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// Samples of one [`FRAME_TIME`].
pub const FRAME_SAMPLES: usize = 160;

/// 20 ms of linear mono sound.
pub type Frame = [i16; FRAME_SAMPLES];

/// A frame of nothing.
pub const SILENCE: Frame = [0; FRAME_SAMPLES];
