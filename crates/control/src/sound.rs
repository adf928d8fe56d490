//! How loud the phone is and through what: what is asked, and the answers. The steps are those of
//! the items `P1 General Spk Vol`, `P1 General Mic Vol` and `P1 RingTone Vol` (`docs/config.md`), the
//! devices those of `Playback Device`, `Capture Device` and `Ring Device`.

use serde::{Deserialize, Serialize};

use crate::Problem;

/// About sound. `Show` and `Volume` are answered with [`crate::Payload::Audio`].
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
    /// Which devices there are: answered with [`crate::Payload::AudioDevices`].
    Devices {},
    /// Tries a device for some seconds: answered with [`crate::Payload::AudioTest`] when that is over;
    /// refused while the phone has a call or makes a sound.
    Test {
        /// Which.
        part: SoundPart,
    },
}

/// What sound comes out of, or goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoundPart {
    /// Where the other party is heard: a tone is played there.
    Ear,
    /// What is spoken into: it is recorded for 3 s, and that is played at the ear.
    Microphone,
    /// What rings: it rings.
    Ring,
}

/// The sound devices of the phone and of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundDevices {
    /// What the daemon was started with, as `--audio` names it; in use where no item names another.
    pub device: String,
    /// The ear.
    pub ear: ChosenDevice,
    /// The microphone.
    pub microphone: ChosenDevice,
    /// The bell.
    pub ring: ChosenDevice,
    /// The machine's devices, to choose from.
    pub found: Vec<SoundDevice>,
}

/// A device as its item names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenDevice {
    /// The item's value; empty: none of its own.
    pub name: String,
    /// Whether the machine has it now; true where `name` is empty.
    pub there: bool,
}

/// A device of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundDevice {
    /// Its name, as `aplay -D` takes it.
    pub name: String,
    /// What it says of itself.
    pub about: String,
    /// It can be ear or bell.
    pub playback: bool,
    /// It can be the microphone.
    pub capture: bool,
}

/// How a test of a device went; that it could not be used is an error instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoundTest {
    /// Which.
    pub part: SoundPart,
    /// What the microphone gave; absent where something was only played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<MicrophoneLevel>,
}

/// How loud a microphone was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MicrophoneLevel {
    /// What that means.
    pub verdict: Verdict,
    /// The loudest tenth of a second, dB below full scale; -96 is silence.
    pub level_db: f64,
    /// The loudest sample.
    pub peak_db: f64,
}

/// What a level means for whoever is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was heard.
    Silent,
    /// Hard to understand.
    Quiet,
    /// As it ought to be.
    Good,
    /// So loud that it is cut off.
    Distorted,
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
    /// What of it sound cards do by their own mixers; the rest the phone does itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mixers: Vec<MixerState>,
}

/// An element of a sound card's mixer that is to make something louder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MixerState {
    /// What.
    pub part: SoundPart,
    /// Card and element, as the item names them.
    pub name: String,
    /// Why it does not, so that the phone does it itself; absent while all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
