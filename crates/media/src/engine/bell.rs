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
    /// The last frame was taken.
    taken: bool,
}

impl Bell {
    /// A bell on these devices; with none it never rings itself.
    pub(super) fn new(devices: Option<Arc<Devices>>) -> Self {
        Self { devices, slot: None, out_of_use: false, taken: false }
    }

    /// Whether the ear is to ring.
    pub(super) fn is_at_the_ear(&self) -> bool {
        self.out_of_use || self.devices.is_none()
    }

    /// Whether the device of its own is open.
    pub(super) fn is_open(&self) -> bool {
        self.slot.as_ref().is_some_and(Slot::is_open)
    }

    /// Whether the last frame was heard.
    pub(super) fn has_taken(&self) -> bool {
        self.taken
    }

    /// Rings this frame. False: the ear is to ring.
    pub(super) fn ring(&mut self, frame: &Frame, now: Instant, tell: impl Fn(Change)) -> bool {
        let Some(devices) = &self.devices else { return false };
        let slot =
            self.slot.get_or_insert_with(|| Slot::new(Arc::clone(devices), Devices::playback, now));
        let opened = slot.poll(now);
        let mut taken = false;
        let played = slot.with(now, |device| {
            taken = device.write(frame)?;
            Ok(())
        });
        self.taken = taken;
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
