//! What is in a recording: how loud it is, the level of one tone, and which tone is the loudest. For
//! the sound check, and for tests that want to know that sound arrived, not only packets.

use std::f64::consts::TAU;

use crate::SAMPLE_RATE;

/// Below this a recording is called silent, dBFS.
const FLOOR: f64 = -60.0;

/// Level of a tone of `frequency` Hz in `samples`, in dB below a full-scale sine (so never above 0
/// for real recordings); negative infinity for an empty or silent one. Goertzel's algorithm with a
/// Hann window: tones further away than four times 8000 / `samples.len()` Hz do not show.
#[must_use]
pub fn tone_level(samples: &[i16], frequency: f64) -> f64 {
    windowed_level(&windowed(samples), frequency)
}

/// The samples under a Hann window.
fn windowed(samples: &[i16]) -> Vec<f64> {
    let step = TAU / samples.len() as f64;
    (0u32..)
        .zip(samples)
        .map(|(n, &sample)| f64::from(sample) * (1.0 - (step * f64::from(n)).cos()))
        .collect()
}

fn windowed_level(windowed: &[f64], frequency: f64) -> f64 {
    let turn = 2.0 * (TAU * frequency / f64::from(SAMPLE_RATE)).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in windowed {
        let next = sample + turn * one - two;
        (two, one) = (one, next);
    }
    let power = one * one + two * two - turn * one * two;
    let amplitude = power.max(0.0).sqrt() * 2.0 / windowed.len() as f64;
    20.0 * (amplitude / f64::from(i16::MAX)).log10()
}

/// The frequency (Hz, 50 to 3900) of the loudest tone in up to the first second of `samples`;
/// `None` if nothing there is above -60 dBFS. Exact to about a tenth of 8000 / `samples.len()` Hz.
#[must_use]
pub fn dominant_frequency(samples: &[i16]) -> Option<f64> {
    let samples = &samples[..samples.len().min(SAMPLE_RATE as usize)];
    if samples.is_empty() {
        return None;
    }
    let step = (f64::from(SAMPLE_RATE) / samples.len() as f64).max(1.0);
    let steps = (3850.0 / step) as u32;
    let windowed = windowed(samples);
    let (mut best, mut level) = (0.0, FLOOR);
    for n in 0..=steps {
        let frequency = 50.0 + f64::from(n) * step;
        let here = windowed_level(&windowed, frequency);
        if here > level {
            (best, level) = (frequency, here);
        }
    }
    (level > FLOOR).then(|| refine(&windowed, best, step))
}

/// Narrows the peak around `frequency`, `step` wide on either side.
fn refine(windowed: &[f64], frequency: f64, step: f64) -> f64 {
    let (mut low, mut high) = (frequency - step, frequency + step);
    while high - low > step / 20.0 {
        let third = (high - low) / 3.0;
        if windowed_level(windowed, low + third) < windowed_level(windowed, high - third) {
            low += third;
        } else {
            high -= third;
        }
    }
    f64::midpoint(low, high)
}

/// Root mean square of `samples` in dB below a full-scale sine; negative infinity for silence.
#[must_use]
pub fn level(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
    let rms = (sum / samples.len().max(1) as f64).sqrt();
    20.0 * (rms * std::f64::consts::SQRT_2 / f64::from(i16::MAX)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency: f64, amplitude: f64, count: u32) -> Vec<i16> {
        let step = TAU * frequency / 8000.0;
        (0..count).map(|n| (amplitude * (step * f64::from(n)).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_has_its_level_and_others_are_far_below() {
        let tone = sine(425.0, 3276.7, 8000);
        assert!((tone_level(&tone, 425.0) + 20.0).abs() < 0.1);
        assert!((level(&tone) + 20.0).abs() < 0.1);
        assert!(tone_level(&tone, 1000.0) < -80.0);
        assert_eq!(level(&[0; 100]), f64::NEG_INFINITY);
    }

    #[test]
    fn the_loudest_frequency_is_found_in_short_and_long_recordings() {
        for frequency in [100.0, 425.0, 1004.3, 3333.0] {
            for count in [800, 8000, 40_000] {
                let found = dominant_frequency(&sine(frequency, 5000.0, count)).unwrap();
                assert!((found - frequency).abs() < 3.0, "{frequency} in {count}: {found}");
            }
        }
        assert_eq!(dominant_frequency(&[0; 8000]), None);
        assert_eq!(dominant_frequency(&[]), None);
    }
}
