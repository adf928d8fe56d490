//! Sound cards and sound servers through libasound: 8 kHz, mono, 16 bit, periods of 20 ms, never
//! waiting. A PCM that cannot do that by itself is wrapped in libasound's `plug`.
//!
//! Underruns and overruns are mended here and drift is evened out (see [`super::level`]); only a
//! device that is gone or stuck is an error. What libasound would print on standard error becomes
//! part of the message.

use std::cell::RefCell;
use std::rc::Rc;

use alsa::pcm::{Access, Format, Frames, HwParams, PCM};
use alsa::{Direction, Output, ValueOr};
use nix::errno::Errno;

use super::level::{Correction, Level};
use super::{Capture, DeviceError, Doing, Playback, Way};
use crate::{FRAME_SAMPLES, FRAME_TIME, Frame, SAMPLE_RATE, SILENCE, limits};

/// Period and buffer asked for, samples. The buffer is room, not delay: it is never kept full.
const PERIOD: Frames = FRAME_SAMPLES as Frames;
const BUFFER: Frames = 8 * PERIOD;

/// Frames of silence played ahead, so that a late tick is not heard.
const AHEAD: usize = 2;

/// Ticks without any sound moving after which a device counts as stuck.
const STALL_TICKS: u32 = (limits::DEVICE_STALL.as_millis() / FRAME_TIME.as_millis()) as u32;

thread_local! {
    /// Where libasound's error text goes on this thread.
    static CHATTER: RefCell<Option<Rc<RefCell<Output>>>> = const { RefCell::new(None) };
}

/// Takes what libasound has said on this thread, and keeps it from standard error from now on.
pub(super) fn take_chatter() -> String {
    let fresh = Output::local_error_handler().ok();
    let before = CHATTER.replace(fresh);
    let text = before.map(|output| output.borrow().to_string()).unwrap_or_default();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Keeps libasound quiet on this thread.
pub(super) fn hush() {
    if CHATTER.with_borrow(Option::is_none) {
        take_chatter();
    }
}

/// An open PCM with its name, for messages.
struct Device {
    pcm: PCM,
    name: String,
    way: Way,
    /// Ticks since sound last moved.
    still: u32,
    xruns: u64,
    level: Level,
}

impl Device {
    fn open(name: &str, direction: Direction, level: Level) -> Result<Self, DeviceError> {
        take_chatter();
        let way = match direction {
            Direction::Playback => Way::Playback,
            Direction::Capture => Way::Capture,
        };
        let wrong = |(doing, error): (Doing, alsa::Error)| DeviceError::Alsa {
            way,
            pcm: name.to_owned(),
            doing,
            reason: with_chatter(error),
        };
        let pcm = match configured(name, direction) {
            Ok(pcm) => pcm,
            // Cards rarely do 8 kHz mono; `plug` converts.
            Err((Doing::SetUp, _)) => {
                configured(&format!("plug:'{name}'"), direction).map_err(wrong)?
            }
            Err(error) => return Err(wrong(error)),
        };
        Ok(Self { pcm, name: name.to_owned(), way, still: 0, xruns: 0, level })
    }

    /// Mends what can be mended; anything else is a lost device.
    fn recover(&mut self, error: alsa::Error, doing: Doing) -> Result<(), DeviceError> {
        self.xruns += 1;
        self.level.restart();
        self.pcm.try_recover(error, true).map_err(|error| self.error(doing, error))
    }

    fn error(&self, doing: Doing, error: alsa::Error) -> DeviceError {
        DeviceError::Alsa {
            way: self.way,
            pcm: self.name.clone(),
            doing,
            reason: with_chatter(error),
        }
    }

    /// A tick in which this many samples moved.
    fn moved(&mut self, samples: usize) -> Result<(), DeviceError> {
        self.still = if samples > 0 { 0 } else { self.still + 1 };
        if self.still < STALL_TICKS {
            return Ok(());
        }
        Err(DeviceError::Stalled {
            way: self.way,
            pcm: self.name.clone(),
            seconds: limits::DEVICE_STALL.as_secs(),
        })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let (dropped, doubled) = self.level.corrections();
        tracing::debug!(
            pcm = self.name,
            direction = %self.way,
            xruns = self.xruns,
            dropped,
            doubled,
            "sound device closed"
        );
    }
}

fn with_chatter(error: alsa::Error) -> String {
    let reason = Errno::from_raw(error.errno()).desc();
    match take_chatter() {
        text if text.is_empty() => reason.to_owned(),
        text => format!("{reason} ({text})"),
    }
}

fn configured(name: &str, direction: Direction) -> Result<PCM, (Doing, alsa::Error)> {
    let pcm = PCM::new(name, direction, true).map_err(|e| (Doing::Open, e))?;
    configure(&pcm, direction).map_err(|e| (Doing::SetUp, e))?;
    Ok(pcm)
}

fn configure(pcm: &PCM, direction: Direction) -> alsa::Result<()> {
    let hardware = HwParams::any(pcm)?;
    hardware.set_access(Access::RWInterleaved)?;
    hardware.set_format(Format::s16())?;
    hardware.set_channels(1)?;
    hardware.set_rate(SAMPLE_RATE, ValueOr::Nearest)?;
    hardware.set_period_size_near(PERIOD, ValueOr::Nearest)?;
    hardware.set_buffer_size_near(BUFFER)?;
    pcm.hw_params(&hardware)?;
    let software = pcm.sw_params_current()?;
    software.set_avail_min(PERIOD)?;
    software.set_start_threshold(match direction {
        Direction::Playback => PERIOD * AHEAD as Frames,
        Direction::Capture => 1,
    })?;
    pcm.sw_params(&software)?;
    pcm.prepare()?;
    match direction {
        Direction::Playback => Ok(()),
        Direction::Capture => pcm.start(),
    }
}

fn is(error: alsa::Error, errno: Errno) -> bool {
    error.errno() == errno as i32
}

/// The microphone.
pub(super) struct AlsaCapture {
    device: Device,
    ready: Vec<i16>,
    last: Frame,
}

impl AlsaCapture {
    pub(super) fn open(name: &str) -> Result<Self, DeviceError> {
        // After a frame is taken, up to one more waits; two for a whole second are too many.
        let level = Level::new(None, FRAME_SAMPLES, 2 * FRAME_SAMPLES);
        let device = Device::open(name, Direction::Capture, level)?;
        Ok(Self { device, ready: Vec::with_capacity(FRAME_SAMPLES), last: SILENCE })
    }

    /// Reads until a frame is ready or there is no more. Returns how many samples came.
    fn fetch(&mut self) -> Result<usize, DeviceError> {
        let mut sound = SILENCE;
        let mut came = 0;
        while self.ready.len() < FRAME_SAMPLES {
            let room = &mut sound[..FRAME_SAMPLES - self.ready.len()];
            match self.device.pcm.io_i16().and_then(|io| io.readi(room)) {
                Ok(0) => break,
                Ok(count) => {
                    self.ready.extend_from_slice(&room[..count]);
                    came += count;
                }
                Err(error) if is(error, Errno::EAGAIN) => break,
                Err(error) => {
                    self.device.recover(error, Doing::Read)?;
                    self.device.pcm.start().map_err(|e| self.device.error(Doing::Start, e))?;
                    break;
                }
            }
        }
        Ok(came)
    }
}

impl Capture for AlsaCapture {
    fn read(&mut self, frame: &mut Frame) -> Result<(), DeviceError> {
        hush();
        let came = self.fetch()?;
        self.device.moved(came)?;
        if self.ready.len() < FRAME_SAMPLES {
            // The card is behind our clock: its last sound again, softer. What is ready stays and
            // is the head start that keeps this from happening each tick.
            *frame = self.last.map(|sample| sample / 2);
            self.last = *frame;
            return Ok(());
        }
        frame.copy_from_slice(&self.ready);
        self.last = *frame;
        self.ready.clear();
        let waiting = self.device.pcm.avail_update().unwrap_or(0);
        let correction = self.device.level.observe(usize::try_from(waiting).unwrap_or(0));
        if let Correction::Drop(frames) = correction {
            for _ in 0..frames {
                self.fetch()?;
                self.ready.clear();
            }
        }
        Ok(())
    }
}

/// The ear.
pub(super) struct AlsaPlayback {
    device: Device,
    buffer: Frames,
    started: bool,
    /// Frames still to be left out, to shorten what is queued.
    skip: usize,
}

impl AlsaPlayback {
    pub(super) fn open(name: &str) -> Result<Self, DeviceError> {
        // Before a frame is written, one to two others still play.
        let level = Level::new(Some(FRAME_SAMPLES / 4), AHEAD * FRAME_SAMPLES, 4 * FRAME_SAMPLES);
        let device = Device::open(name, Direction::Playback, level)?;
        let buffer = device
            .pcm
            .hw_params_current()
            .and_then(|params| params.get_buffer_size())
            .map_err(|e| device.error(Doing::SetUp, e))?;
        Ok(Self { device, buffer, started: false, skip: 0 })
    }

    /// Writes what fits. Returns how many samples did.
    fn put(&mut self, sound: &[i16]) -> Result<usize, DeviceError> {
        match self.device.pcm.io_i16().and_then(|io| io.writei(sound)) {
            Ok(count) => Ok(count),
            Err(error) if is(error, Errno::EAGAIN) => Ok(0),
            Err(error) => {
                self.device.recover(error, Doing::Write)?;
                self.started = false;
                Ok(0)
            }
        }
    }

    /// Fills the head start after opening and after an underrun.
    fn start(&mut self) -> Result<(), DeviceError> {
        self.started = true;
        for _ in 0..AHEAD {
            self.put(&SILENCE)?;
        }
        Ok(())
    }
}

impl Playback for AlsaPlayback {
    fn write(&mut self, frame: &Frame) -> Result<bool, DeviceError> {
        hush();
        if !self.started {
            self.start()?;
        }
        let free = match self.device.pcm.avail_update() {
            Ok(free) => free,
            Err(error) => {
                self.device.recover(error, Doing::Write)?;
                self.start()?;
                self.buffer
            }
        };
        let playing = usize::try_from(self.buffer - free).unwrap_or(0);
        let correction = self.device.level.observe(playing);
        if let Correction::Drop(frames) = correction {
            self.skip = frames;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(true);
        }
        let mut written = self.put(frame)?;
        if correction == Correction::Double {
            written += self.put(frame)?;
        }
        self.device.moved(written)?;
        Ok(written > 0)
    }
}
