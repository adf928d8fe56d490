//! The bell: a device of its own for the ringing, opened when it begins and closed when it ends.
//!
//! A telephone that cannot ring is none, so while the device is out of use the ear rings.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::Frame;
use crate::device::{Change, Devices, Playback, Slot};

/// See the module.
#[derive(Default)]
pub(super) struct Bell {
    devices: Option<Arc<Devices>>,
    slot: Option<Slot<Box<dyn Playback>>>,
    out_of_use: bool,
}

impl Bell {
    /// A bell on these devices; with none it never rings itself.
    pub(super) fn new(devices: Option<Arc<Devices>>) -> Self {
        Self { devices, slot: None, out_of_use: false }
    }

    /// Rings this frame. False: the ear is to ring.
    pub(super) fn ring(&mut self, frame: &Frame, now: Instant, tell: impl Fn(Change)) -> bool {
        let Some(devices) = &self.devices else { return false };
        let slot =
            self.slot.get_or_insert_with(|| Slot::new(Arc::clone(devices), Devices::playback, now));
        let opened = slot.poll(now);
        let played = slot.with(now, |device| device.write(frame));
        for change in opened.into_iter().chain(played) {
            self.out_of_use = matches!(change, Change::Lost(_));
            tell(change);
        }
        !self.out_of_use
    }

    /// The ringing is over. Closing may wait for others, so it is not done in the tick.
    pub(super) fn rest(&mut self) {
        self.out_of_use = false;
        let Some(slot) = self.slot.take() else { return };
        let closing = thread::Builder::new().name("audio-close".into()).spawn(move || drop(slot));
        if let Err(error) = closing {
            // The slot has been closed here and now instead.
            tracing::debug!(%error, "no thread to close the bell");
        }
    }
}
