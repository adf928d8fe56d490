//! Hook and lamps at GPIOs, by the kernel's character device (uAPI v2).

use std::io;
use std::path::{Path, PathBuf};

use config_store::Pin;
use gpiocdev::Request;
use gpiocdev::line::{Bias, EdgeDetection, EdgeKind, Value};
use gpiocdev::request::Builder;
use gpiocdev::tokio::AsyncRequest;
use tokio::sync::mpsc;

use super::Signal;
use crate::limits;

/// Tells how the hook switch at `pin` stands, and each time that it moves; its chip may come and go.
pub(super) async fn follow_hook(pin: Pin, signals: mpsc::Sender<Signal>) {
    let mut told = None;
    while !signals.is_closed() {
        let why = match watch(&pin, &signals).await {
            Ok(()) => return,
            Err(error) => error.to_string(),
        };
        if told.as_ref() != Some(&why) {
            tracing::warn!(pin = shown(&pin), why, "the hook's GPIO is out of use; trying again");
            told = Some(why);
        }
        tokio::time::sleep(limits::HANDSET_RETRY).await;
    }
}

async fn watch(pin: &Pin, signals: &mpsc::Sender<Signal>) -> io::Result<()> {
    // The contact is to ground or to the supply; while it is open the level must be the other one.
    let bias = if pin.active_low { Bias::PullUp } else { Bias::PullDown };
    let request = line(pin)
        .as_input()
        .with_bias(bias)
        .with_debounce_period(limits::HOOK_DEBOUNCE)
        .with_edge_detection(EdgeDetection::BothEdges)
        .request()
        .map_err(io::Error::other)?;
    let value = request.value(pin.line).map_err(io::Error::other)?;
    tracing::info!(pin = shown(pin), "the hook's GPIO is in use");
    if signals.send(Signal::Hook(value == Value::Active)).await.is_err() {
        return Ok(());
    }
    let request = AsyncRequest::new(request);
    loop {
        let event = request.read_edge_event().await.map_err(io::Error::other)?;
        let lifted = event.kind == EdgeKind::Rising;
        if signals.send(Signal::Hook(lifted)).await.is_err() {
            return Ok(());
        }
    }
}

/// A lamp. One that cannot be switched is told of once, and tried again at each switching.
#[derive(Debug)]
pub(super) struct LampPin {
    pin: Pin,
    request: Option<Request>,
    told: bool,
}

impl LampPin {
    pub(super) fn new(pin: Pin) -> Self {
        Self { pin, request: None, told: false }
    }

    pub(super) fn switch(&mut self, lit: bool) {
        let value = if lit { Value::Active } else { Value::Inactive };
        let done = match &self.request {
            Some(request) => request.set_value(self.pin.line, value).map(|_| ()),
            None => line(&self.pin).as_output(value).request().map(|request| {
                self.request = Some(request);
            }),
        };
        match done {
            Ok(()) => self.told = false,
            Err(error) => {
                self.request = None;
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!(pin = shown(&self.pin), %error, "a lamp cannot be switched");
                }
            }
        }
    }
}

impl Drop for LampPin {
    /// A lamp that nobody switches any more must not go on telling of a call.
    fn drop(&mut self) {
        if let Some(request) = &self.request {
            drop(request.set_value(self.pin.line, Value::Inactive));
        }
    }
}

/// A request for the line in its sense of "on".
fn line(pin: &Pin) -> Builder {
    let mut builder = Request::builder();
    let chip: PathBuf = Path::new("/dev").join(&pin.chip);
    builder.on_chip(chip).with_consumer("phoned").with_line(pin.line);
    if pin.active_low {
        builder.as_active_low();
    }
    builder
}

fn shown(pin: &Pin) -> String {
    format!("{}:{}", pin.chip, pin.line)
}
