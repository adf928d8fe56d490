//! One input device: found by its path or name, taken for the phone alone, read, and waited for while
//! it is not there.

use std::io;
use std::path::Path;

use evdev::{AttributeSet, Device, EventStream, KeyCode, SwitchCode};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Signal;
use super::keys::Keys;
use crate::limits;

/// Reads the device that `which` names for as long as somebody wants to hear; it may be unplugged and
/// plugged in.
pub(super) async fn follow(which: String, keys: Keys, signals: mpsc::Sender<Signal>) {
    let mut told = None;
    loop {
        let why = match open(&which, &keys) {
            Ok((stream, hook)) => {
                tracing::info!(device = which, "handset input is in use");
                told = None;
                read(stream, hook, &keys, &signals).await
            }
            Err(error) => error,
        };
        let why = why.to_string();
        if told.as_ref() != Some(&why) {
            tracing::warn!(device = which, why, "handset input is out of use; waiting for it");
            told = Some(why);
        }
        if signals.is_closed() {
            return;
        }
        tokio::time::sleep(limits::HANDSET_RETRY).await;
    }
}

/// Tells what happens at the device until it is gone; returns why.
async fn read(
    mut stream: EventStream,
    hook: Option<Signal>,
    keys: &Keys,
    signals: &mpsc::Sender<Signal>,
) -> io::Error {
    // That it lies there is what an input device says that was plugged in just now, too, whatever is
    // true; a call must not end by that.
    if let Some(lifted @ Signal::Hook(true)) = hook {
        // Nobody listens only when the daemon or the wiring ends.
        let _ = signals.send(lifted).await;
    }
    // Of a device that is unplugged the kernel lets go of every key first: a handset that is put down
    // has to be there a moment later.
    let mut put_down: Option<Instant> = None;
    loop {
        let event = match put_down {
            None => stream.next_event().await,
            Some(until) => match timeout_at(until, stream.next_event()).await {
                Ok(event) => event,
                Err(_) => {
                    put_down = None;
                    let _ = signals.send(Signal::Hook(false)).await;
                    continue;
                }
            },
        };
        let signal = match event {
            Ok(event) => keys.signal(event),
            Err(error) => return error,
        };
        let Some(signal) = signal else { continue };
        if put_down.take().is_some() {
            let _ = signals.send(Signal::Hook(false)).await;
        }
        if signal == Signal::Hook(false) {
            put_down = Some(Instant::now() + limits::PUT_DOWN);
        } else {
            let _ = signals.send(signal).await;
        }
    }
}

/// Opens it, and reads how its hook stands.
fn open(which: &str, keys: &Keys) -> io::Result<(EventStream, Option<Signal>)> {
    let mut device = if which.starts_with("/dev/input/") {
        Device::open(which)?
    } else {
        named(Path::new("/dev/input"), which)?
    };
    // Its keys are for nobody else: digits must not be typed on a console as well.
    device.grab()?;
    let pressed = match device.supported_keys() {
        Some(_) => device.get_key_state()?,
        None => AttributeSet::<KeyCode>::new(),
    };
    let switched = match device.supported_switches() {
        Some(_) => device.get_switch_state()?,
        None => AttributeSet::<SwitchCode>::new(),
    };
    let hook =
        keys.hook((device.supported_keys(), &pressed), (device.supported_switches(), &switched));
    Ok((device.into_event_stream()?, hook))
}

/// The device with this name. What may not be opened is passed over: it is somebody else's.
fn named(folder: &Path, name: &str) -> io::Result<Device> {
    let found = folder.read_dir()?.filter_map(Result::ok).find_map(|entry| {
        let is_event = entry.file_name().to_string_lossy().starts_with("event");
        let device = is_event.then(|| Device::open(entry.path()).ok())??;
        (device.name() == Some(name)).then_some(device)
    });
    found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such input device"))
}
