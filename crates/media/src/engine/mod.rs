//! The engine: calls, the handset and the tones on one thread of their own, driven from elsewhere
//! without ever waiting for it.
//!
//! [`Engine`] is the handle. It sends commands and reads events; the thread exists only while
//! there is a call or a tone, so an idle phone has no media wake-ups at all and holds no sound
//! card. `worker` is the thread, `bell` the device that
//! rings, `call` the sockets of one call, `stream` what happens to its
//! packets and sound (sans-IO), `pace` the clock arithmetic.
//!
//! Refuses to know why a call exists. Holding, resuming and ending a call because it went silent
//! are the caller's decisions.

mod bell;
mod call;
mod check;
mod pace;
mod priority;
mod settings;
mod socket;
mod stream;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

pub use settings::{
    CallStats, CheckError, Heard, Levels, MediaEvent, MediaEventKind, SoundCheck, StreamSettings,
};
pub use socket::PortPair;

use crate::device::{DeviceError, DeviceSpec, Devices};
use crate::{Digit, NotADigit, Tone, limits};

/// Called after each event, from the media thread.
type Wake = Arc<Mutex<Box<dyn Fn() + Send>>>;

/// Counters of the running calls, for [`Engine::stats`].
type Published = Arc<Mutex<BTreeMap<u64, CallStats>>>;

/// What the handle tells the thread.
enum Command {
    Start { id: u64, ports: PortPair },
    Set { id: u64, settings: Box<StreamSettings> },
    Digit { id: u64, digit: Digit, ms: u32 },
    Stop { id: u64 },
    Focus(Option<u64>),
    Tone(Option<Tone>),
    Mute { id: u64, muted: bool },
    Levels(Levels),
    Bell(Option<Arc<Devices>>),
    Check(Option<SoundCheck>),
}

/// Where the thread's events go.
#[derive(Clone)]
struct Outbox {
    events: SyncSender<MediaEvent>,
    wake: Wake,
}

impl Outbox {
    fn tell(&self, call: Option<u64>, kind: MediaEventKind) {
        if self.events.try_send(MediaEvent { call, kind }).is_err() {
            tracing::warn!("media events are not read: one was dropped");
        }
        (self.wake.lock().unwrap_or_else(PoisonError::into_inner))();
    }
}

/// Handle of the media engine; see the module. All methods return at once.
pub struct Engine {
    devices: Arc<Devices>,
    microphone: Option<Arc<Devices>>,
    ear: Option<Arc<Devices>>,
    bell: Option<Arc<Devices>>,
    outbox: Outbox,
    events: Receiver<MediaEvent>,
    published: Published,
    pulse: Arc<AtomicU64>,
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
    calls: BTreeSet<u64>,
    tone: Option<Tone>,
    checking: bool,
    focus: Option<u64>,
    levels: Levels,
}

impl Engine {
    /// An engine that will use these devices. No thread runs and no sound card is open before the
    /// first call or tone. `wake` is called from the media thread whenever
    /// [`Engine::poll_event`] has something new; it must not block.
    ///
    /// # Errors
    /// When a file of the spec cannot be read or written.
    pub fn new(spec: DeviceSpec, wake: Box<dyn Fn() + Send>) -> Result<Self, DeviceError> {
        let (sender, events) = sync_channel(limits::EVENTS_QUEUED);
        Ok(Self {
            devices: Arc::new(Devices::prepare(spec)?),
            microphone: None,
            ear: None,
            bell: None,
            outbox: Outbox { events: sender, wake: Arc::new(Mutex::new(wake)) },
            events,
            published: Published::default(),
            pulse: Arc::default(),
            commands: None,
            thread: None,
            calls: BTreeSet::new(),
            tone: None,
            checking: false,
            focus: None,
            levels: Levels::default(),
        })
    }

    /// Gives a call its sockets. It is silent, and what arrives is dropped, until
    /// [`Engine::set_stream`]. An `id` that is in use is replaced; beyond [`limits::CALLS`] calls
    /// nothing happens.
    pub fn start_call(&mut self, id: u64, ports: PortPair) {
        if self.calls.len() >= limits::CALLS && !self.calls.contains(&id) {
            tracing::warn!(id, "too many calls for the media engine");
            return;
        }
        self.end_check();
        self.calls.insert(id);
        self.publish(id);
        self.send(Command::Start { id, ports });
    }

    /// Starts or changes a call's stream. SSRC, sequence numbers and timestamps go on from before;
    /// the SSRC and CNAME of the first call of this method stay.
    pub fn set_stream(&mut self, id: u64, settings: StreamSettings) {
        self.send(Command::Set { id, settings: Box::new(settings) });
    }

    /// Sends a key of `ms` milliseconds (40 to 5000) after those already queued: as
    /// telephone-event where that was negotiated, otherwise as tones in the sound. The ear of the
    /// focused call hears it softly.
    ///
    /// # Errors
    /// When `digit` is no key.
    pub fn send_dtmf(&mut self, id: u64, digit: char, ms: u32) -> Result<(), NotADigit> {
        let digit = Digit::try_from(digit)?;
        self.send(Command::Digit { id, digit, ms });
        Ok(())
    }

    /// Ends a call's stream with an RTCP BYE, closes its sockets, and reports its last counters as
    /// [`MediaEventKind::Stats`].
    pub fn stop_call(&mut self, id: u64) {
        if self.calls.remove(&id) {
            self.send(Command::Stop { id });
            self.rest();
        }
    }

    /// Which call has the microphone and the ear. Others send silence (where their settings let
    /// them send) and are not heard.
    pub fn focus(&mut self, call: Option<u64>) {
        self.focus = call;
        self.send(Command::Focus(call));
    }

    /// Plays a tone until another or none is asked for. Asking for the one that plays changes
    /// nothing.
    pub fn play_tone(&mut self, tone: Option<Tone>) {
        if tone.is_some() {
            self.end_check();
        }
        self.tone = tone;
        self.send(Command::Tone(tone));
        self.rest();
    }

    /// Rings on another device from now on, or with `None` at the ear. While that device is out of use
    /// the ear rings.
    ///
    /// # Errors
    /// When a file of the spec cannot be read or written; nothing has changed then.
    pub fn ring_on(&mut self, spec: Option<DeviceSpec>) -> Result<(), DeviceError> {
        self.bell = spec.map(Devices::prepare).transpose()?.map(Arc::new);
        self.send(Command::Bell(self.bell.clone()));
        Ok(())
    }

    /// Speaks into another device from the next time on that one is opened, or with `None` into that of
    /// the engine's spec. A call that is up keeps the one it has.
    ///
    /// # Errors
    /// When a file of the spec cannot be read or written; nothing has changed then.
    pub fn speak_into(&mut self, spec: Option<DeviceSpec>) -> Result<(), DeviceError> {
        self.microphone = spec.map(Devices::prepare).transpose()?.map(Arc::new);
        Ok(())
    }

    /// Hears on another device, as [`Engine::speak_into`].
    ///
    /// # Errors
    /// As there.
    pub fn hear_on(&mut self, spec: Option<DeviceSpec>) -> Result<(), DeviceError> {
        self.ear = spec.map(Devices::prepare).transpose()?.map(Arc::new);
        Ok(())
    }

    /// Tries a device for a few seconds; [`MediaEventKind::Checked`] tells how it went. A call or a
    /// tone that begins meanwhile ends it.
    ///
    /// # Errors
    /// When the devices are in use.
    pub fn check(&mut self, what: SoundCheck) -> Result<(), CheckError> {
        if self.is_active() {
            return Err(CheckError::Busy);
        }
        self.checking = true;
        self.send(Command::Check(Some(what)));
        Ok(())
    }

    fn end_check(&mut self) {
        if std::mem::take(&mut self.checking) {
            self.send(Command::Check(None));
        }
    }

    /// Sends silence in place of the microphone in one call, as long as it lasts.
    pub fn mute(&mut self, id: u64, muted: bool) {
        self.send(Command::Mute { id, muted });
    }

    /// How loud ear, microphone and bell are from now on.
    pub fn set_levels(&mut self, levels: Levels) {
        self.levels = levels;
        self.send(Command::Levels(levels));
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        let event = self.events.try_recv().ok()?;
        if matches!(event.kind, MediaEventKind::Checked(_)) {
            self.checking = false;
            self.rest();
        }
        Some(event)
    }

    /// Counters of a running call, at most some ticks old.
    #[must_use]
    pub fn stats(&self, id: u64) -> Option<CallStats> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// Whether the media thread has work: a call, a tone or a sound check.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.calls.is_empty() || self.tone.is_some() || self.checking
    }

    /// Ticks of the media thread since the engine was made, 50 a second; `None` while it has no work
    /// and so need not tick. Two equal answers more than a tick apart mean a thread that hangs.
    #[must_use]
    pub fn pulse(&self) -> Option<u64> {
        self.is_active().then(|| self.pulse.load(Ordering::Relaxed))
    }

    /// Counters exist from the start, so that a fresh call is not an unknown one.
    fn publish(&self, id: u64) {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.insert(id, CallStats::default());
    }

    fn send(&mut self, command: Command) {
        if !self.is_active() && self.commands.is_none() {
            return;
        }
        let thread = self.commands.take().unwrap_or_else(|| self.start_thread());
        if thread.send(command).is_ok() {
            self.commands = Some(thread);
        } else {
            tracing::error!("the media thread has ended early");
        }
    }

    /// Starts a thread that first waits for the one before to let go of the devices.
    fn start_thread(&mut self) -> Sender<Command> {
        let (sender, commands) = channel();
        let before = self.thread.take();
        let device = |own: &Option<Arc<Devices>>| own.as_ref().unwrap_or(&self.devices).clone();
        let (microphone, ear) = (device(&self.microphone), device(&self.ear));
        let outbox = self.outbox.clone();
        let (published, pulse) = (self.published.clone(), self.pulse.clone());
        let (focus, levels, bell) = (self.focus, self.levels, self.bell.clone());
        let started = thread::Builder::new().name("media".into()).spawn(move || {
            if before.is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("the media thread before has panicked");
            }
            priority::raise();
            let shared = worker::Shared { microphone, ear, bell, outbox, published, pulse };
            worker::Worker::new(commands, shared, focus, levels).run();
        });
        match started {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => {
                let lost = DeviceError::Thread { name: "media", reason: error.to_string() };
                self.outbox.tell(None, MediaEventKind::DeviceLost(lost));
            }
        }
        sender
    }

    /// Lets the thread end when nothing needs it.
    fn rest(&mut self) {
        if !self.is_active() {
            self.commands = None;
        }
    }
}

impl Drop for Engine {
    /// Says BYE for every call and closes the devices; takes a tick at most.
    fn drop(&mut self) {
        self.commands = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the media thread has panicked");
        }
    }
}
