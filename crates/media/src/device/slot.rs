//! The place of one device in the engine: opened, lost, opened again each second. Where opening
//! may block, a helper thread does it, so that the tick goes on; there is never more than one.
//!
//! Tells each loss and each return once. Does not know what kind of device it holds.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::Instant;

use super::{DeviceError, Devices};
use crate::limits;

/// What became of the device since the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is gone or cannot be opened; it is tried again each second.
    Lost(DeviceError),
    /// It is back.
    Back,
}

enum State<D> {
    Ready {
        device: D,
        since: Instant,
    },
    Opening(Receiver<Result<D, DeviceError>>),
    /// What was lost is kept until the helper closes it: closing, too, may wait for others.
    Down {
        retry: Instant,
        lost: Option<D>,
    },
}

/// See the module.
pub(crate) struct Slot<D> {
    devices: Arc<Devices>,
    open: fn(&Devices) -> Result<D, DeviceError>,
    state: State<D>,
    told_lost: bool,
}

impl<D: Send + 'static> Slot<D> {
    /// A slot that opens its device at the first look.
    pub(crate) fn new(
        devices: Arc<Devices>,
        open: fn(&Devices) -> Result<D, DeviceError>,
        now: Instant,
    ) -> Self {
        Self { devices, open, state: State::Down { retry: now, lost: None }, told_lost: false }
    }

    /// Whether the device is open.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Ready { .. })
    }

    /// Opens what is to be opened. Never waits.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Change> {
        match &mut self.state {
            State::Ready { .. } => None,
            State::Down { retry, .. } if *retry > now => None,
            State::Down { .. } if self.devices.may_block() => self.begin(now),
            State::Down { lost, .. } => {
                drop(lost.take());
                let result = (self.open)(&self.devices);
                self.opened(result, now)
            }
            State::Opening(answer) => match answer.try_recv() {
                Ok(result) => self.opened(result, now),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => {
                    let reason = "it ended without an answer".to_owned();
                    self.opened(Err(DeviceError::Thread { name: "audio-open", reason }), now)
                }
            },
        }
    }

    /// Uses the device, if there is one. An error loses it; a second without one
    /// brings it back.
    pub(crate) fn with(
        &mut self,
        now: Instant,
        act: impl FnOnce(&mut D) -> Result<(), DeviceError>,
    ) -> Option<Change> {
        let State::Ready { device, since } = &mut self.state else { return None };
        let proven = now.saturating_duration_since(*since) >= limits::DEVICE_RETRY;
        match act(device) {
            // Opening alone proves nothing: some devices fail only once sound has moved.
            Ok(()) if proven => std::mem::take(&mut self.told_lost).then_some(Change::Back),
            Ok(()) => None,
            Err(error) => self.opened(Err(error), now),
        }
    }

    fn begin(&mut self, now: Instant) -> Option<Change> {
        let (sender, answer) = sync_channel(1);
        let (devices, open) = (self.devices.clone(), self.open);
        let lost = match &mut self.state {
            State::Down { lost, .. } => lost.take(),
            State::Ready { .. } | State::Opening(_) => None,
        };
        let started = thread::Builder::new().name("audio-open".into()).spawn(move || {
            drop(lost);
            // Nobody waits any more when the calls have ended; the device then closes here.
            let _ = sender.send(open(&devices));
        });
        match started {
            Ok(_) => {
                self.state = State::Opening(answer);
                None
            }
            Err(error) => {
                let reason = error.to_string();
                self.opened(Err(DeviceError::Thread { name: "audio-open", reason }), now)
            }
        }
    }

    fn opened(&mut self, result: Result<D, DeviceError>, now: Instant) -> Option<Change> {
        match result {
            Ok(device) => {
                self.state = State::Ready { device, since: now };
                None
            }
            Err(error) => {
                let retry = now + limits::DEVICE_RETRY;
                let lost =
                    match std::mem::replace(&mut self.state, State::Down { retry, lost: None }) {
                        State::Ready { device, .. } => Some(device),
                        State::Opening(_) | State::Down { .. } => None,
                    };
                self.state = State::Down { retry, lost };
                let news = !std::mem::replace(&mut self.told_lost, true);
                news.then_some(Change::Lost(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn gone() -> DeviceError {
        DeviceError::Thread { name: "x", reason: "y".into() }
    }

    #[test]
    fn a_lost_device_is_told_once_and_tried_again_each_second() {
        let now = Instant::now();
        let at = |ms| now + Duration::from_millis(ms);
        let mut slot: Slot<()> = Slot::new(Arc::new(Devices::Null), |_| Err(gone()), now);
        assert_eq!(slot.poll(at(0)), Some(Change::Lost(gone())));
        assert_eq!(slot.poll(at(1000)), None);
        slot.open = |_| Ok(());
        assert_eq!(slot.poll(at(1999)), None);
        assert!(matches!(slot.state, State::Down { .. }));
        assert_eq!(slot.poll(at(2000)), None);
        // It opens and fails soon, again and again: no news.
        assert_eq!(slot.with(at(2000), |()| Ok(())), None);
        assert_eq!(slot.with(at(2500), |()| Err(gone())), None);
        assert_eq!(slot.poll(at(3500)), None);
        assert_eq!(slot.with(at(3500), |()| Ok(())), None);
        assert_eq!(slot.with(at(4500), |()| Ok(())), Some(Change::Back));
        assert_eq!(slot.with(at(4520), |()| Ok(())), None);
        assert_eq!(slot.with(at(4540), |()| Err(gone())), Some(Change::Lost(gone())));
        assert_eq!(slot.with(at(4560), |()| Err(gone())), None);
    }

    #[test]
    fn a_device_that_opens_at_once_is_not_news() {
        let now = Instant::now();
        let mut slot: Slot<u8> = Slot::new(Arc::new(Devices::Null), |_| Ok(3), now);
        assert_eq!(slot.poll(now), None);
        let mut seen = 0;
        assert_eq!(
            slot.with(now, |device| {
                seen = *device;
                Ok(())
            }),
            None
        );
        assert_eq!(seen, 3);
    }
}
