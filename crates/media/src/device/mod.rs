//! Microphone and ear: one trait for each direction, one file for each kind. The engine's own
//! clock paces them; a device with a clock of its own adapts inside its file.
//!
//! Devices know frames of 20 ms at 8 kHz. They do not know calls, tones or codecs.

mod alsa;
mod catalog;
mod error;
mod level;
mod mixer;
mod null;
mod slot;
mod spec;
mod wav;

use std::path::PathBuf;
use std::sync::Arc;

pub use catalog::{PcmName, is_there, pcms};
pub use error::{DeviceError, Doing, Way};
pub use mixer::{Element, MixerError, MixerFault};
pub use spec::{DeviceSpec, SpecError};

pub(crate) use slot::{Change, Slot};

use crate::Frame;

/// A source of sound. Never waits: what is not there yet is made up.
pub trait Capture: Send {
    /// Fills the next 20 ms.
    ///
    /// # Errors
    /// When the device is gone; it has to be opened again.
    fn read(&mut self, frame: &mut Frame) -> Result<(), DeviceError>;
}

/// A sink of sound. Never waits: what does not fit is dropped.
pub trait Playback: Send {
    /// Plays the next 20 ms. False: they were dropped, because the device takes nothing just now.
    ///
    /// # Errors
    /// When the device is gone; it has to be opened again.
    fn write(&mut self, frame: &Frame) -> Result<bool, DeviceError>;
}

/// What a [`DeviceSpec`] needs while nothing is open: a WAV microphone's samples, names.
#[derive(Debug, Clone)]
pub(crate) enum Devices {
    Alsa { pcm: String },
    Wav { microphone: Arc<[i16]>, recording: Option<PathBuf> },
    Null,
}

impl Devices {
    /// Reads and checks what can be without opening a sound card: files are loaded and created
    /// here, so that a wrong one is told at once.
    pub(crate) fn prepare(spec: DeviceSpec) -> Result<Self, DeviceError> {
        Ok(match spec {
            DeviceSpec::Alsa { pcm } => Self::Alsa { pcm },
            DeviceSpec::Wav { input, output } => {
                let microphone = wav::load(&input)?;
                if let Some(path) = &output {
                    wav::create(path)?;
                }
                Self::Wav { microphone, recording: output }
            }
            DeviceSpec::Null => Self::Null,
        })
    }

    /// Opens the microphone.
    pub(crate) fn capture(&self) -> Result<Box<dyn Capture>, DeviceError> {
        Ok(match self {
            Self::Alsa { pcm } => Box::new(alsa::AlsaCapture::open(pcm)?),
            Self::Wav { microphone, .. } => Box::new(wav::WavCapture::new(microphone.clone())),
            Self::Null => Box::new(null::Null),
        })
    }

    /// Opens the ear.
    pub(crate) fn playback(&self) -> Result<Box<dyn Playback>, DeviceError> {
        Ok(match self {
            Self::Alsa { pcm } => Box::new(alsa::AlsaPlayback::open(pcm)?),
            Self::Wav { recording: Some(path), .. } => Box::new(wav::WavPlayback::open(path)?),
            Self::Wav { recording: None, .. } | Self::Null => Box::new(null::Null),
        })
    }

    /// Opening can wait for others (a sound server), so it is not done in the tick.
    fn may_block(&self) -> bool {
        match self {
            Self::Alsa { .. } => true,
            Self::Wav { .. } | Self::Null => false,
        }
    }
}
