//! The media thread: every 20 ms, by its own clock, commands, datagrams, microphone, calls, ear.
//! It ends when the handle lets go of the command channel. Nothing in it waits except the tick.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Instant, SystemTime};

use super::bell::Bell;
use super::call::Call;
use super::check::{Check, Turn};
use super::pace::Pace;
use super::settings::{CheckError, Heard, Levels, MediaEventKind, SoundCheck};
use super::socket::{Clocks, Inbox};
use super::{Command, Outbox, Published};
use crate::device::{Capture, Change, DeviceError, Devices, Playback, Slot};
use crate::rtp::NtpClock;
use crate::tone::ToneGenerator;
use crate::{FRAME_TIME, Frame, SILENCE, Tone, limits};

/// Ticks between two publications of the counters.
const PUBLISH: u32 = 5;

/// Ticks between two reports of them.
const PROGRESS: u32 = (limits::PROGRESS.as_millis() / FRAME_TIME.as_millis()) as u32;

/// What the thread shares with its handle.
pub(super) struct Shared {
    pub(super) microphone: Arc<Devices>,
    pub(super) ear: Arc<Devices>,
    pub(super) bell: Option<Arc<Devices>>,
    pub(super) outbox: Outbox,
    pub(super) published: Published,
    /// Counts the ticks.
    pub(super) pulse: Arc<AtomicU64>,
}

/// See the module.
pub(super) struct Worker {
    commands: Receiver<Command>,
    outbox: Outbox,
    published: Published,
    pulse: Arc<AtomicU64>,
    microphone: Slot<Box<dyn Capture>>,
    ear: Slot<Box<dyn Playback>>,
    bell: Bell,
    calls: BTreeMap<u64, Call>,
    focus: Option<u64>,
    levels: Levels,
    tone: Option<ToneGenerator>,
    check: Option<Check>,
    /// The ear has taken the last frame.
    taken: bool,
    inbox: Inbox,
    clock: NtpClock,
    ticks: u32,
}

impl Worker {
    pub(super) fn new(
        commands: Receiver<Command>,
        shared: Shared,
        focus: Option<u64>,
        levels: Levels,
    ) -> Self {
        let Shared { microphone, ear, bell, outbox, published, pulse } = shared;
        let clocks = Clocks::read();
        let since_1970 = clocks.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            commands,
            outbox,
            published,
            pulse,
            microphone: Slot::new(microphone, Devices::capture, clocks.now),
            ear: Slot::new(ear, Devices::playback, clocks.now),
            bell: Bell::new(bell),
            calls: BTreeMap::new(),
            focus,
            levels,
            tone: None,
            check: None,
            taken: false,
            inbox: Inbox::new(),
            clock: NtpClock::new(clocks.now, since_1970),
            ticks: 0,
        }
    }

    /// Runs until the handle lets go.
    pub(super) fn run(mut self) {
        let mut pace = Pace::new(Instant::now());
        loop {
            let clocks = Clocks::read();
            let skipped = pace.begin(clocks.now);
            if skipped > 0 {
                tracing::debug!(skipped, "the media thread was stalled");
                self.calls.values_mut().for_each(|call| call.skip(skipped));
            }
            if !self.obey(&clocks) {
                break;
            }
            self.tick(&clocks);
            if let Some(wait) = pace.next().checked_duration_since(Instant::now()) {
                thread::sleep(wait);
            }
        }
        let clocks = Clocks::read();
        let ids: Vec<u64> = self.calls.keys().copied().collect();
        for id in ids {
            self.stop(id, &clocks);
        }
    }

    /// Takes the commands that wait. False: the handle has let go.
    fn obey(&mut self, clocks: &Clocks) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.obey_one(command, clocks),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn obey_one(&mut self, command: Command, clocks: &Clocks) {
        match command {
            Command::Start { id, ports } => {
                if let Some(mut before) = self.calls.insert(id, Call::new(ports)) {
                    before.close(clocks);
                }
            }
            Command::Set { id, settings } => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.set(*settings, self.clock, random, clocks);
                }
            }
            Command::Digit { id, digit, ms } => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.queue_digit(digit, ms);
                }
            }
            Command::Stop { id } => self.stop(id, clocks),
            Command::Focus(focus) => self.focus = focus,
            Command::Tone(tone) => self.set_tone(tone),
            Command::Mute { id, muted } => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.mute(muted);
                }
            }
            Command::Levels(levels) => self.levels = levels,
            Command::Bell(devices) => {
                self.bell.rest();
                self.bell = Bell::new(devices);
            }
            Command::Check(Some(what)) => self.check = Some(Check::new(what)),
            Command::Check(None) if self.check.is_some() => {
                self.end_check(Err(CheckError::Needed));
            }
            Command::Check(None) => {}
        }
    }

    fn set_tone(&mut self, tone: Option<Tone>) {
        if self.tone.as_ref().map(ToneGenerator::tone) != tone {
            self.tone = tone.map(ToneGenerator::new);
            self.bell.rest();
        }
    }

    fn stop(&mut self, id: u64, clocks: &Clocks) {
        if let Some(mut call) = self.calls.remove(&id) {
            call.close(clocks);
            if let Ok(mut published) = self.published.lock() {
                published.remove(&id);
            }
            self.outbox.tell(Some(id), MediaEventKind::Stats(call.stats()));
        }
    }

    fn tick(&mut self, clocks: &Clocks) {
        let spoken = self.read_microphone(clocks);
        let mut heard = SILENCE;
        for (&id, call) in &mut self.calls {
            let focused = self.focus == Some(id);
            call.receive(&mut self.inbox, clocks);
            call.speak(focused.then_some(&spoken), clocks);
            // Asked also of calls that nobody listens to: their buffers must not fill up.
            let sound = call.listen(clocks);
            if focused {
                mix(&mut heard, &sound, 1);
                if let Some(key) = call.sidetone() {
                    mix(&mut heard, key, 4);
                }
            }
            while let Some(event) = call.poll_event() {
                self.outbox.tell(Some(id), event);
            }
        }
        scale(&mut heard, self.levels.ear);
        if let Some(tone) = &mut self.tone {
            let level = if tone.tone() == Tone::Ring { self.levels.bell } else { self.levels.ear };
            let mut sound = tone.frame();
            scale(&mut sound, level);
            let tell = |change| self.outbox.tell(None, of_the_bell(change));
            let rings = tone.tone() == Tone::Ring && self.bell.ring(&sound, clocks.now, tell);
            if !rings {
                mix(&mut heard, &sound, 1);
            }
        }
        self.go_on_checking(&spoken, &mut heard, clocks);
        self.play(&heard, clocks);
        self.pulse.fetch_add(1, Ordering::Relaxed);
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks.is_multiple_of(PUBLISH) {
            self.publish();
        }
        if self.ticks.is_multiple_of(PROGRESS) {
            self.tell_progress();
        }
    }

    /// The next tick of a sound check, if there is one.
    fn go_on_checking(&mut self, spoken: &Frame, heard: &mut Frame, clocks: &Clocks) {
        let Some(check) = &mut self.check else { return };
        let rings = check.what() == SoundCheck::Bell;
        let open = match check.what() {
            SoundCheck::Ear => self.ear.is_open(),
            SoundCheck::Bell if self.bell.is_at_the_ear() => self.ear.is_open(),
            SoundCheck::Bell => self.bell.is_open(),
            SoundCheck::Microphone => self.ear.is_open() && self.microphone.is_open(),
        };
        let at_the_bell = rings && !self.bell.is_at_the_ear();
        let taken = if at_the_bell { self.bell.has_taken() } else { self.taken };
        let mut sound = match check.turn(spoken, open, taken) {
            Turn::Play(sound) => sound,
            Turn::Over(result) => return self.end_check(result),
        };
        if !rings {
            scale(&mut sound, self.levels.ear);
            return mix(heard, &sound, 1);
        }
        scale(&mut sound, self.levels.bell);
        let lost = RefCell::new(None);
        let rung = self.bell.ring(&sound, clocks.now, |change| {
            if let Change::Lost(error) = &change {
                lost.replace(Some(error.clone()));
            }
            self.outbox.tell(None, of_the_bell(change));
        });
        match lost.into_inner() {
            Some(error) => self.end_check(Err(error.into())),
            None if rung => {}
            None => mix(heard, &sound, 1),
        }
    }

    fn end_check(&mut self, result: Result<Option<Heard>, CheckError>) {
        self.check = None;
        self.bell.rest();
        self.outbox.tell(None, MediaEventKind::Checked(result));
    }

    /// A device is gone, which ends a sound check that needs it.
    fn fail_check(&mut self, of: &[SoundCheck], error: &DeviceError) {
        if self.check.as_ref().is_some_and(|check| of.contains(&check.what())) {
            self.end_check(Err(error.clone().into()));
        }
    }

    fn read_microphone(&mut self, clocks: &Clocks) -> Frame {
        let mut spoken = SILENCE;
        let opened = self.microphone.poll(clocks.now);
        let read = self.microphone.with(clocks.now, |device| device.read(&mut spoken));
        self.tell_changes(opened.into_iter().chain(read), &[SoundCheck::Microphone]);
        scale(&mut spoken, self.levels.microphone);
        spoken
    }

    fn play(&mut self, heard: &Frame, clocks: &Clocks) {
        let opened = self.ear.poll(clocks.now);
        let mut taken = false;
        let written = self.ear.with(clocks.now, |device| {
            taken = device.write(heard)?;
            Ok(())
        });
        self.taken = taken;
        let needed = [SoundCheck::Ear, SoundCheck::Microphone, SoundCheck::Bell];
        let needed = if self.bell.is_at_the_ear() { &needed[..] } else { &needed[..2] };
        self.tell_changes(opened.into_iter().chain(written), needed);
    }

    /// `needed`: the sound checks that a loss ends.
    fn tell_changes(&mut self, changes: impl Iterator<Item = Change>, needed: &[SoundCheck]) {
        for change in changes {
            let news = match change {
                Change::Lost(error) => {
                    self.fail_check(needed, &error);
                    MediaEventKind::DeviceLost(error)
                }
                Change::Back => MediaEventKind::DeviceBack,
            };
            self.outbox.tell(None, news);
        }
    }

    /// Of calls that have heard something; the others have nothing to tell.
    fn tell_progress(&self) {
        for (id, call) in &self.calls {
            let stats = call.stats();
            if stats.received > 0 {
                self.outbox.tell(Some(*id), MediaEventKind::Progress(stats));
            }
        }
    }

    /// Never waits for a reader: the next time will do.
    fn publish(&self) {
        if let Ok(mut published) = self.published.try_lock() {
            for (id, call) in &self.calls {
                published.insert(*id, call.stats());
            }
        }
    }
}

fn of_the_bell(change: Change) -> MediaEventKind {
    match change {
        Change::Lost(error) => MediaEventKind::BellLost(error),
        Change::Back => MediaEventKind::BellBack,
    }
}

/// Adds `sound`, softer by `divisor`, without wrapping around.
fn mix(into: &mut Frame, sound: &Frame, divisor: i16) {
    for (sum, &sample) in into.iter_mut().zip(sound) {
        *sum = sum.saturating_add(sample / divisor);
    }
}

/// Makes `sound` louder or softer by a factor, without wrapping around.
fn scale(sound: &mut Frame, factor: f32) {
    if factor != 1.0 {
        for sample in sound {
            // From float to integer the conversion saturates.
            *sample = (f32::from(*sample) * factor).round() as i16;
        }
    }
}

/// Unpredictable enough for sequence numbers: the standard library's hash keys come from the
/// system's randomness.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_too_loud_is_cut_off_and_nothing_wraps_around() {
        let mut frame = SILENCE;
        (frame[0], frame[1], frame[2]) = (1000, 20_000, -20_000);
        scale(&mut frame, 2.0);
        assert_eq!(frame[..4], [2000, i16::MAX, i16::MIN, 0]);
        scale(&mut frame, 0.0);
        assert_eq!(frame, SILENCE);
    }
}
