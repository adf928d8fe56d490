//! The device that is none: hears silence, plays into nothing. For machines without sound and for
//! measuring what a call costs apart from its sound card.

use super::{Capture, DeviceError, Playback};
use crate::{Frame, SILENCE};

/// Both directions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Null;

impl Capture for Null {
    fn read(&mut self, frame: &mut Frame) -> Result<(), DeviceError> {
        *frame = SILENCE;
        Ok(())
    }
}

impl Playback for Null {
    fn write(&mut self, _frame: &Frame) -> Result<bool, DeviceError> {
        Ok(true)
    }
}
