//! A sound check: a tone at the ear, the bell, or the microphone recorded and played back, for a few
//! seconds and then over by itself. Frames in and out; which device is open is told by the worker.
//!
//! Its clock begins when the devices are open, and the recording with the first sound; a frame that
//! was not taken is played again. So a slow sound server cuts nothing off.

use super::settings::{CheckError, Heard, SoundCheck};
use crate::tone::ToneGenerator;
use crate::{FRAME_TIME, Frame, SAMPLE_RATE, SILENCE, Tone, limits, measure};

/// Ticks of the tone, of the recording and of its playing each.
const TONE: usize = (limits::CHECK_TONE.as_millis() / FRAME_TIME.as_millis()) as usize;
const RECORDING: usize = (limits::CHECK_RECORDING.as_millis() / FRAME_TIME.as_millis()) as usize;
/// Ticks after which a device that has not opened counts as none.
const PATIENCE: usize = (limits::CHECK_PATIENCE.as_millis() / FRAME_TIME.as_millis()) as usize;
/// Ticks that a microphone may be open and give nothing at all before it counts as silent.
const GRACE: usize = (limits::CHECK_GRACE.as_millis() / FRAME_TIME.as_millis()) as usize;

/// The recording is judged in pieces of a tenth of a second: words have pauses between them.
const PIECE: usize = SAMPLE_RATE as usize / 10;

/// What one tick is to do.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and almost all are frames")]
pub(super) enum Turn {
    /// Play this: on the bell where that is what is checked, else at the ear.
    Play(Frame),
    /// It is over.
    Over(Result<Option<Heard>, CheckError>),
}

/// See the module.
pub(super) struct Check {
    what: SoundCheck,
    tone: ToneGenerator,
    recorded: Vec<Frame>,
    played: usize,
    waited: usize,
    silent: usize,
    /// The sound that was played last, until it is known to have been taken.
    last: Option<Frame>,
}

impl Check {
    pub(super) fn new(what: SoundCheck) -> Self {
        let tone = match what {
            SoundCheck::Bell => Tone::Ring,
            SoundCheck::Ear | SoundCheck::Microphone => Tone::Check,
        };
        let tone = ToneGenerator::new(tone);
        Self { what, tone, recorded: Vec::new(), played: 0, waited: 0, silent: 0, last: None }
    }

    pub(super) fn what(&self) -> SoundCheck {
        self.what
    }

    /// One tick: what the microphone gave, whether the devices that are needed are open, and whether
    /// what was played last was taken.
    pub(super) fn turn(&mut self, spoken: &Frame, open: bool, taken: bool) -> Turn {
        if taken {
            self.last = None;
        }
        if !open || self.last.is_some() {
            self.waited += 1;
            let late = self.waited > PATIENCE;
            let again = self.last.unwrap_or(SILENCE);
            return if late { Turn::Over(Err(CheckError::Late)) } else { Turn::Play(again) };
        }
        let turn = self.next(spoken);
        if let Turn::Play(frame) = &turn {
            self.last = (*frame != SILENCE).then_some(*frame);
        }
        turn
    }

    fn next(&mut self, spoken: &Frame) -> Turn {
        match self.what {
            SoundCheck::Ear | SoundCheck::Bell if self.played < TONE => {
                self.played += 1;
                Turn::Play(self.tone.frame())
            }
            SoundCheck::Ear | SoundCheck::Bell => Turn::Over(Ok(None)),
            SoundCheck::Microphone if self.is_still_silent(spoken) => {
                self.silent += 1;
                Turn::Play(SILENCE)
            }
            SoundCheck::Microphone if self.recorded.len() < RECORDING => {
                self.recorded.push(*spoken);
                Turn::Play(SILENCE)
            }
            SoundCheck::Microphone => match self.recorded.get(self.played) {
                Some(frame) => {
                    self.played += 1;
                    Turn::Play(*frame)
                }
                None => Turn::Over(Ok(Some(heard(&self.recorded.concat())))),
            },
        }
    }

    /// A sound server was seen to take its time between opening and the first sample.
    fn is_still_silent(&self, spoken: &Frame) -> bool {
        self.recorded.is_empty() && *spoken == SILENCE && self.silent < GRACE
    }
}

/// How loud a recording is.
fn heard(sound: &[i16]) -> Heard {
    // Full scale stands for nothing at all: a number that can be written down.
    const SILENT: f64 = -96.0;
    let loudest = sound.chunks(PIECE).map(measure::level).fold(SILENT, f64::max);
    let peak = sound.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    let peak = 20.0 * (f64::from(peak) / f64::from(i16::MAX)).log10();
    Heard { level_db: loudest, peak_db: peak.clamp(SILENT, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRAME_SAMPLES;

    /// Runs a check to its end with this microphone; what was played, and the result.
    fn run(what: SoundCheck, spoken: impl Fn(usize) -> Frame) -> (Vec<Frame>, Turn) {
        let mut check = Check::new(what);
        let mut played = Vec::new();
        loop {
            match check.turn(&spoken(played.len()), true, true) {
                Turn::Play(frame) => played.push(frame),
                over @ Turn::Over(_) => return (played, over),
            }
            assert!(played.len() < 1000, "it does not end");
        }
    }

    #[test]
    fn a_tone_of_1000_hz_is_played_for_two_seconds_and_ends() {
        let (played, over) = run(SoundCheck::Ear, |_| SILENCE);
        let sound = played.concat();
        assert_eq!((sound.len(), over), (16_000, Turn::Over(Ok(None))));
        assert!((measure::dominant_frequency(&sound).unwrap() - 1000.0).abs() < 1.0);
        let (rung, _) = run(SoundCheck::Bell, |_| SILENCE);
        assert!(measure::tone_level(&rung.concat()[..8000], 800.0) > -20.0, "the bell's own tone");
    }

    #[test]
    fn what_is_said_for_three_seconds_is_played_back_and_measured() {
        let mut tone = ToneGenerator::new(Tone::Dial);
        let spoken: Vec<Frame> = (0..400).map(|_| tone.frame()).collect();
        let (played, over) = run(SoundCheck::Microphone, |n| spoken[n]);
        assert!(played[..RECORDING].iter().all(|frame| *frame == SILENCE), "no echo into it");
        assert_eq!(played[RECORDING..], spoken[..RECORDING]);
        let Turn::Over(Ok(Some(heard))) = over else { panic!("{over:?}") };
        assert!((heard.level_db + 14.0).abs() < 0.5 && (heard.peak_db + 14.0).abs() < 0.5);
    }

    #[test]
    fn what_a_device_does_not_take_is_played_again_but_not_for_ever() {
        let mut check = Check::new(SoundCheck::Ear);
        let first = check.turn(&SILENCE, true, false);
        assert_eq!(check.turn(&SILENCE, true, false), first);
        assert_ne!(check.turn(&SILENCE, true, true), first, "it goes on");
        let ticks = (0..).find(|_| matches!(check.turn(&SILENCE, true, false), Turn::Over(Err(_))));
        assert_eq!(ticks, Some(PATIENCE - 1));
    }

    #[test]
    fn the_recording_begins_with_the_first_sound_of_a_slow_microphone() {
        let mut tone = ToneGenerator::new(Tone::Dial);
        let spoken: Vec<Frame> = (0..400).map(|_| tone.frame()).collect();
        let late = |n: usize| n.checked_sub(GRACE / 2).map_or(SILENCE, |n| spoken[n]);
        let (played, _) = run(SoundCheck::Microphone, late);
        assert_eq!(played[GRACE / 2 + RECORDING..], spoken[..RECORDING]);
        let (played, _) = run(SoundCheck::Microphone, |_| SILENCE);
        assert_eq!(played.len(), GRACE + 2 * RECORDING, "one that is silent ends it all the same");
    }

    #[test]
    fn a_silent_microphone_has_a_level_that_can_be_written_down() {
        let (_, over) = run(SoundCheck::Microphone, |_| SILENCE);
        assert_eq!(over, Turn::Over(Ok(Some(Heard { level_db: -96.0, peak_db: -96.0 }))));
        let (_, over) = run(SoundCheck::Microphone, |_| [i16::MIN; FRAME_SAMPLES]);
        let Turn::Over(Ok(Some(heard))) = over else { panic!("{over:?}") };
        assert_eq!(heard.peak_db, 0.0);
    }

    #[test]
    fn a_device_that_does_not_open_ends_the_check_and_a_slow_one_loses_nothing() {
        let mut check = Check::new(SoundCheck::Ear);
        let mut waits = 0;
        while check.turn(&SILENCE, false, false) == Turn::Play(SILENCE) {
            waits += 1;
        }
        assert_eq!(waits, PATIENCE);
        let mut slow = Check::new(SoundCheck::Ear);
        (1..PATIENCE).for_each(|_| drop(slow.turn(&SILENCE, false, false)));
        let first = ToneGenerator::new(Tone::Check).frame();
        assert_eq!(slow.turn(&SILENCE, true, false), Turn::Play(first));
    }
}
