//! Sound of any rate as sound of [`crate::SAMPLE_RATE`]: windowed-sinc interpolation, whole
//! recordings at a time. Run once when a file is opened, never in the tick; a sound card's rate is
//! libasound's business.

use std::f64::consts::PI;

use crate::SAMPLE_RATE;

/// Zero crossings of the sinc on each side: about 60 dB of rejection.
const CROSSINGS: f64 = 16.0;

/// `samples` of `rate` Hz at 8 kHz. What lies above the new Nyquist frequency is removed.
#[must_use]
pub fn to_8_khz(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == SAMPLE_RATE || rate == 0 {
        return samples.to_vec();
    }
    let ratio = f64::from(rate) / f64::from(SAMPLE_RATE);
    // Going down, the filter cuts at the output's Nyquist frequency; 0.94 leaves it room to fall.
    let cut = (1.0 / ratio).min(1.0) * 0.94;
    let reach = CROSSINGS / cut;
    let count = (samples.len() as f64 / ratio) as usize;
    (0..count)
        .map(|n| {
            let centre = n as f64 * ratio;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach) as usize + 1).min(samples.len());
            let (mut sum, mut weight) = (0.0, 0.0);
            for (k, &sample) in (first..).zip(&samples[first.min(last)..last]) {
                let w = kernel((k as f64 - centre) * cut);
                sum += w * f64::from(sample);
                weight += w;
            }
            // Dividing by the weights keeps the level also at the ends, where the kernel is cut.
            if weight.abs() < 1e-9 { 0 } else { (sum / weight) as i16 }
        })
        .collect()
}

/// Sinc under a Hann window.
fn kernel(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        return 1.0;
    }
    if x.abs() >= CROSSINGS {
        return 0.0;
    }
    (PI * x).sin() / (PI * x) * 0.5 * (1.0 + (PI * x / CROSSINGS).cos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure;

    fn sine(frequency: f64, rate: u32) -> Vec<i16> {
        let step = std::f64::consts::TAU * frequency / f64::from(rate);
        (0..rate).map(|n| (10_000.0 * (step * f64::from(n)).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_keeps_its_frequency_and_level_from_any_common_rate() {
        for rate in [8000, 11_025, 16_000, 22_050, 44_100, 48_000] {
            let out = to_8_khz(&sine(1000.0, rate), rate);
            assert!((7990..=8000).contains(&out.len()), "{rate}: {}", out.len());
            let level = measure::tone_level(&out, 1000.0);
            assert!((level + 10.31).abs() < 0.1, "{rate}: {level}");
            assert!((measure::level(&out) - level).abs() < 0.1, "{rate}");
        }
    }

    #[test]
    fn what_the_new_rate_cannot_carry_is_removed_and_not_folded_back() {
        let out = to_8_khz(&sine(5000.0, 48_000), 48_000);
        assert!(measure::level(&out[200..7800]) < -50.0, "{}", measure::level(&out));
    }

    #[test]
    fn an_empty_recording_stays_empty() {
        assert_eq!(to_8_khz(&[], 44_100), []);
    }
}
