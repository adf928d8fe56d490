//! The tones a telephone makes for its user: ringing at the other end, busy, the bell, "no proxy
//! answers", and the keys. Frequencies and cadences are data; a [`ToneGenerator`] turns them into
//! samples. When which tone is played is the caller's decision.

use std::f32::consts::TAU;

use crate::{Digit, Frame, SAMPLE_RATE, SILENCE};

/// Samples over which a tone rises and falls, so that it does not click (5 ms).
const EDGE: u32 = 40;

/// A tone for the ear or the bell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The phone is ready for a number: 425 Hz, unbroken (ITU-T E.180).
    Dial,
    /// The other phone rings: 425 Hz, 1 s on, 4 s off (ITU-T E.180).
    Ringback,
    /// The other is busy or has hung up: 425 Hz, 0.48 s on, 0.48 s off.
    Busy,
    /// The bell: two tones 20 Hz apart, which beat like a clapper, 1 s on, 4 s off.
    Ring,
    /// Another call waits: 425 Hz, 0.2 s on, 0.6 s off, 0.2 s on, 4 s off (ITU-T E.180), softly, over
    /// what is said.
    Waiting,
    /// No proxy is available (requirement B4): the three rising tones of ITU-T E.180's special
    /// information tone once, then 425 Hz fast, 0.24 s on, 0.24 s off. Unlike any tone of an exchange.
    AllProxiesFailed,
    /// A key's pair of frequencies, unbroken.
    Digit(Digit),
    /// Somebody tries the device: 1000 Hz, unbroken; no tone of an exchange.
    Check,
}

/// A stretch of up to two frequencies (0 Hz: none).
#[derive(Debug, Clone, Copy)]
struct Part {
    frequencies: [f32; 2],
    /// Amplitude of each frequency.
    amplitude: f32,
    /// Samples; `u32::MAX` is endless.
    length: u32,
}

const fn part(first: f32, second: f32, amplitude: f32, ms: u32) -> Part {
    Part { frequencies: [first, second], amplitude, length: ms * (SAMPLE_RATE / 1000) }
}

const fn pause(ms: u32) -> Part {
    part(0.0, 0.0, 0.0, ms)
}

/// -14 dBFS, and half of that for each of two frequencies.
const LOUD: f32 = 6500.0;
/// Under a voice.
const SOFT: f32 = 2300.0;
const PAIR: f32 = 4600.0;
/// The bell is heard across a room.
const BELL: f32 = 11_000.0;

const RINGBACK: &[Part] = &[part(425.0, 0.0, LOUD, 1000), pause(4000)];
const BUSY: &[Part] = &[part(425.0, 0.0, LOUD, 480), pause(480)];
const WAITING: &[Part] =
    &[part(425.0, 0.0, SOFT, 200), pause(600), part(425.0, 0.0, SOFT, 200), pause(4000)];
const RING: &[Part] = &[part(800.0, 820.0, BELL, 1000), pause(4000)];
const ALL_PROXIES_FAILED: &[Part] = &[
    part(950.0, 0.0, LOUD, 330),
    part(1400.0, 0.0, LOUD, 330),
    part(1800.0, 0.0, LOUD, 330),
    pause(500),
    part(425.0, 0.0, LOUD, 240),
    pause(240),
];

impl Tone {
    /// The parts, and the one that follows the last.
    fn score(self) -> (Vec<Part>, usize) {
        match self {
            Self::Dial => (vec![Part { length: u32::MAX, ..RINGBACK[0] }], 0),
            Self::Ringback => (RINGBACK.to_vec(), 0),
            Self::Busy => (BUSY.to_vec(), 0),
            Self::Ring => (RING.to_vec(), 0),
            Self::Waiting => (WAITING.to_vec(), 0),
            Self::AllProxiesFailed => (ALL_PROXIES_FAILED.to_vec(), 4),
            Self::Check => (vec![Part { length: u32::MAX, ..part(1000.0, 0.0, LOUD, 0) }], 0),
            Self::Digit(digit) => {
                let (low, high) = digit.frequencies();
                let endless = Part { frequencies: [low, high], amplitude: PAIR, length: u32::MAX };
                (vec![endless], 0)
            }
        }
    }
}

/// Plays a tone from its beginning, for as long as it is asked.
#[derive(Debug, Clone)]
pub struct ToneGenerator {
    tone: Tone,
    parts: Vec<Part>,
    again: usize,
    part: usize,
    sample: u32,
    phases: [f32; 2],
}

impl ToneGenerator {
    /// A generator at the tone's first sample.
    #[must_use]
    pub fn new(tone: Tone) -> Self {
        let (parts, again) = tone.score();
        Self { tone, parts, again, part: 0, sample: 0, phases: [0.0; 2] }
    }

    /// Which tone it plays.
    #[must_use]
    pub fn tone(&self) -> Tone {
        self.tone
    }

    /// The next 20 ms.
    pub fn frame(&mut self) -> Frame {
        let mut frame = SILENCE;
        for sample in &mut frame {
            *sample = self.next_sample();
        }
        frame
    }

    fn next_sample(&mut self) -> i16 {
        if self.sample >= self.parts[self.part].length {
            self.sample = 0;
            self.part = if self.part + 1 < self.parts.len() { self.part + 1 } else { self.again };
        }
        let part = self.parts[self.part];
        let to_edge = self.sample.min(part.length - 1 - self.sample).min(EDGE);
        let mut sum = 0.0;
        for (phase, frequency) in self.phases.iter_mut().zip(part.frequencies) {
            sum += phase.sin();
            *phase = (*phase + TAU * frequency / SAMPLE_RATE as f32) % TAU;
            if frequency == 0.0 {
                *phase = 0.0;
            }
        }
        // An endless part stays at the first sample behind its rise.
        if part.length != u32::MAX || self.sample < EDGE {
            self.sample += 1;
        }
        (sum * part.amplitude * to_edge as f32 / EDGE as f32) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{dominant_frequency, level, tone_level};

    fn play(tone: Tone, ms: usize) -> Vec<i16> {
        let mut generator = ToneGenerator::new(tone);
        let mut sound: Vec<i16> = (0..ms.div_ceil(20)).flat_map(|_| generator.frame()).collect();
        sound.truncate(ms * 8);
        sound
    }

    /// Lengths of sound and silence in turn, milliseconds, from 10 ms pieces.
    fn cadence(sound: &[i16]) -> Vec<(bool, usize)> {
        let mut runs: Vec<(bool, usize)> = Vec::new();
        for piece in sound.chunks_exact(80) {
            let loud = level(piece) > -30.0;
            match runs.last_mut() {
                Some((was, ms)) if *was == loud => *ms += 10,
                _ => runs.push((loud, 10)),
            }
        }
        runs
    }

    #[test]
    fn the_dial_tone_is_425_hz_unbroken() {
        let sound = play(Tone::Dial, 3000);
        assert_eq!(cadence(&sound), [(true, 3000)]);
        assert!((dominant_frequency(&sound).unwrap() - 425.0).abs() < 1.0);
    }

    #[test]
    fn ringback_is_425_hz_one_second_in_five() {
        let sound = play(Tone::Ringback, 11_000);
        assert_eq!(
            cadence(&sound),
            [(true, 1000), (false, 4000), (true, 1000), (false, 4000), (true, 1000)]
        );
        assert!((dominant_frequency(&sound[..8000]).unwrap() - 425.0).abs() < 1.0);
        assert!((tone_level(&sound[..8000], 425.0) + 14.0).abs() < 0.5);
    }

    #[test]
    fn busy_is_425_hz_in_halves_of_960_ms() {
        let sound = play(Tone::Busy, 1920);
        assert_eq!(cadence(&sound), [(true, 480), (false, 480), (true, 480), (false, 480)]);
        assert!((dominant_frequency(&sound[..3840]).unwrap() - 425.0).abs() < 1.0);
    }

    /// Requirement F7: call waiting is told by a tone under the voice.
    #[test]
    fn the_waiting_tone_is_two_short_soft_tones_every_five_seconds() {
        let sound = play(Tone::Waiting, 6000);
        let loud = |piece: &[i16]| level(piece) > -40.0;
        assert!(loud(&sound[80..1520]) && loud(&sound[6480..7920]) && loud(&sound[40_080..41_520]));
        assert!(!loud(&sound[1600..6400]) && !loud(&sound[8000..40_000]));
        assert!(level(&sound[80..1520]) < -20.0, "{}", level(&sound[80..1520]));
    }

    /// Requirement B4: the user is told by a tone that is not taken for another.
    #[test]
    fn no_proxy_available_is_three_rising_tones_then_fast_busy() {
        let sound = play(Tone::AllProxiesFailed, 2450);
        for (n, frequency) in [950.0, 1400.0, 1800.0].into_iter().enumerate() {
            let third = &sound[n * 2640..(n + 1) * 2640];
            assert!((dominant_frequency(third).unwrap() - frequency).abs() < 2.0);
        }
        assert_eq!(
            cadence(&sound[990 * 8..]),
            [(false, 500), (true, 240), (false, 240), (true, 240), (false, 240)]
        );
    }

    #[test]
    fn the_bell_is_loud_and_not_a_call_progress_tone() {
        let sound = play(Tone::Ring, 6000);
        assert!(level(&sound[..8000]) > -10.0);
        assert!(tone_level(&sound[..8000], 425.0) < -60.0);
        assert_eq!(level(&sound[8000..40_000]), f64::NEG_INFINITY);
    }

    #[test]
    fn a_key_is_its_two_frequencies_unbroken() {
        let sound = play(Tone::Digit(Digit::try_from('5').unwrap()), 3000);
        for frequency in [770.0, 1336.0] {
            assert!(tone_level(&sound, frequency) > -18.0);
        }
        assert_eq!(cadence(&sound), [(true, 3000)]);
        // No dip anywhere after the first edge.
        assert!(sound[80..].chunks(160).all(|piece| level(piece) > -20.0));
    }

    #[test]
    fn tones_do_not_click() {
        for tone in [Tone::Ringback, Tone::Busy, Tone::AllProxiesFailed, Tone::Ring, Tone::Waiting]
        {
            let sound = play(tone, 6000);
            let step = sound.windows(2).map(|p| (p[1] - p[0]).unsigned_abs()).max().unwrap();
            // The steepest honest sine here: 2π · 1800 / 8000 · amplitude, and the bell's pair.
            assert!(step < 14_500, "{tone:?}: {step}");
        }
    }
}
