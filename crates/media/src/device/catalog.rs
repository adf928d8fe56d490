//! Which PCMs this machine has. Asking may wait for others (a sound server), so it is not for the
//! media thread.

use std::ffi::CStr;

use alsa::Direction;
use alsa::device_name::HintIter;
use alsa::pcm::PCM;
use nix::errno::Errno;

use super::alsa::{hush, take_chatter};
use crate::limits;

/// A PCM that libasound's configuration lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcmName {
    /// As `aplay -D` takes it.
    pub name: String,
    /// What it says of itself, in one line.
    pub about: String,
    /// It can be an ear or a bell.
    pub playback: bool,
    /// It can be a microphone.
    pub capture: bool,
}

/// The PCMs of this machine in libasound's order, at most [`limits::PCMS`]; none where libasound has
/// nothing to say.
#[must_use]
pub fn pcms() -> Vec<PcmName> {
    hush();
    let Ok(hints) = HintIter::new(None, c"pcm" as &CStr) else { return Vec::new() };
    let named = hints.filter_map(|hint| {
        let about = hint.desc.unwrap_or_default().lines().collect::<Vec<_>>().join(", ");
        let (playback, capture) = match hint.direction {
            Some(Direction::Playback) => (true, false),
            Some(Direction::Capture) => (false, true),
            None => (true, true),
        };
        Some(PcmName { name: hint.name?, about, playback, capture })
    });
    let found = named.take(limits::PCMS).collect();
    take_chatter();
    found
}

/// Whether a PCM is there: it opens, or somebody uses it just now.
#[must_use]
pub fn is_there(pcm: &str, capture: bool) -> bool {
    hush();
    let direction = if capture { Direction::Capture } else { Direction::Playback };
    let opened = PCM::new(pcm, direction, true);
    take_chatter();
    opened.map_or_else(|error| error.errno() == Errno::EBUSY as i32, |_| true)
}
