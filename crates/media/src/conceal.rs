//! What is heard in place of lost sound: the last pitch cycle is repeated and fades to silence
//! within 60 ms, as in ITU-T G.711 appendix I, without that method's delay and lengthening cycles.
//!
//! It hides single losses in speech and makes long ones end softly. It does not know packets: it is
//! told which sound was good and asked for some where there is none.

/// Shortest and longest pitch cycle looked for, samples: 200 Hz to 63 Hz. Higher voices repeat by
/// several of their cycles.
const MIN_CYCLE: usize = 40;
const MAX_CYCLE: usize = 128;

/// Sound that the cycle is matched over, samples (20 ms).
const MATCH: usize = 160;

/// Sound remembered, samples.
const HISTORY: usize = MATCH + MAX_CYCLE;

/// Samples played at full level, and sample at which silence is reached (10 and 60 ms).
const HOLD: usize = 80;
const SILENT: usize = 480;

/// Samples over which good sound takes over again (5 ms).
const BLEND: usize = 40;

/// Samples over which the step from real sound to its repetition is smoothed out (2 ms).
const SEAM: usize = 16;

/// Keeps the last sound and continues it; see the module.
#[derive(Debug, Clone)]
pub struct Concealer {
    history: [i16; HISTORY],
    cycle: Vec<i16>,
    /// Samples made since the last good one.
    made: usize,
    /// Height of the step where the repetition begins.
    step: f32,
}

impl Default for Concealer {
    fn default() -> Self {
        Self { history: [0; HISTORY], cycle: Vec::with_capacity(MAX_CYCLE), made: 0, step: 0.0 }
    }
}

impl Concealer {
    /// Takes good sound about to be played. After a concealment its beginning is blended with what
    /// was made up, so that there is no click.
    pub fn good(&mut self, sound: &mut [i16]) {
        if self.made > 0 {
            let blend = BLEND.min(sound.len());
            for (n, sample) in sound.iter_mut().take(blend).enumerate() {
                let share = (n + 1) as f32 / (blend + 1) as f32;
                let made = f32::from(self.next_made());
                *sample = (made + (f32::from(*sample) - made) * share) as i16;
            }
            self.made = 0;
        }
        self.remember(sound);
    }

    /// Makes up `sound`.
    pub fn fill(&mut self, sound: &mut [i16]) {
        if self.made == 0 {
            self.find_cycle();
        }
        for sample in sound.iter_mut() {
            *sample = self.next_made();
        }
        self.remember(sound);
    }

    /// Forgets the past: what comes now is another's voice, or comes after a pause.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn next_made(&mut self) -> i16 {
        let n = self.made;
        self.made = n.saturating_add(1).min(SILENT + 1);
        let Some(&sample) = self.cycle.get(n % self.cycle.len().max(1)) else { return 0 };
        if n >= SILENT {
            return 0;
        }
        let fade = SILENT.saturating_sub(n.max(HOLD)) as f32 / (SILENT - HOLD) as f32;
        let seam = self.step * SEAM.saturating_sub(n) as f32 / SEAM as f32;
        ((f32::from(sample) + seam) * fade) as i16
    }

    /// The last cycle becomes what is repeated, its end bent so that it flows into its beginning.
    fn find_cycle(&mut self) {
        let length = self.best_length();
        let start = HISTORY - length;
        self.cycle.clear();
        self.cycle.extend_from_slice(&self.history[start..]);
        let bend = length / 4;
        for n in 0..bend {
            // One cycle earlier these samples led up to the cycle's first.
            let lead = f32::from(self.history[start - bend + n]);
            let share = (n + 1) as f32 / (bend + 1) as f32;
            let sample = &mut self.cycle[length - bend + n];
            *sample = (f32::from(*sample) + (lead - f32::from(*sample)) * share) as i16;
        }
        self.step = f32::from(self.history[HISTORY - 1]) - f32::from(self.history[start - 1]);
    }

    /// The lag at which the sound is most like itself (normalised cross-correlation).
    fn best_length(&self) -> usize {
        let tail = &self.history[HISTORY - MATCH..];
        let (mut best, mut score) = (MAX_CYCLE, 0.0f32);
        for lag in MIN_CYCLE..=MAX_CYCLE {
            let earlier = &self.history[HISTORY - MATCH - lag..HISTORY - lag];
            let (mut product, mut energy) = (0.0f32, 1.0f32);
            for (&a, &b) in tail.iter().zip(earlier) {
                product += f32::from(a) * f32::from(b);
                energy += f32::from(b) * f32::from(b);
            }
            let here = product / energy.sqrt();
            if here > score {
                (best, score) = (lag, here);
            }
        }
        best
    }

    fn remember(&mut self, sound: &[i16]) {
        let keep = &sound[sound.len().saturating_sub(HISTORY)..];
        self.history.copy_within(keep.len().., 0);
        self.history[HISTORY - keep.len()..].copy_from_slice(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure;

    fn sine(frequency: f64, from: usize, count: usize) -> Vec<i16> {
        let step = std::f64::consts::TAU * frequency / 8000.0;
        (from..from + count).map(|n| (8000.0 * (step * n as f64).sin()) as i16).collect()
    }

    fn largest_step(sound: &[i16]) -> i32 {
        sound.windows(2).map(|p| (i32::from(p[1]) - i32::from(p[0])).abs()).max().unwrap()
    }

    #[test]
    fn a_lost_frame_of_a_voiced_sound_keeps_its_level_and_pitch_without_a_click() {
        for frequency in [100.0, 150.0, 187.0, 230.0, 425.0] {
            let mut concealer = Concealer::default();
            let mut heard = sine(frequency, 0, 800);
            concealer.good(&mut heard);
            let usual = largest_step(&heard);
            let mut lost = [0; 160];
            concealer.fill(&mut lost);
            heard.extend(lost);
            let mut back = sine(frequency, 960, 320);
            concealer.good(&mut back);
            heard.extend(back);
            // Half of the 20 ms fades from full level to four fifths.
            let kept = measure::level(&lost) - measure::level(&sine(frequency, 800, 160));
            assert!((-2.5..0.5).contains(&kept), "{frequency} Hz: {kept} dB");
            let step = largest_step(&heard);
            assert!(
                f64::from(step) < f64::from(usual) * 1.6 + 200.0,
                "{frequency}: {step} > {usual}"
            );
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_in_60_ms_and_stays_there() {
        let mut concealer = Concealer::default();
        concealer.good(&mut sine(200.0, 0, 800));
        let levels: Vec<f64> = (0..10)
            .map(|_| {
                let mut lost = [0; 160];
                concealer.fill(&mut lost);
                measure::level(&lost)
            })
            .collect();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0]), "{levels:?}");
        assert!(levels[1] < levels[0] - 2.0);
        assert_eq!(levels[3], f64::NEG_INFINITY);
    }

    #[test]
    fn silence_stays_silence_and_loud_noise_does_not_grow() {
        let mut concealer = Concealer::default();
        let mut lost = [1; 160];
        concealer.fill(&mut lost);
        assert_eq!(lost, [0; 160]);
        let mut noise: Vec<i16> =
            (0..800u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 16) as u16 as i16).collect();
        concealer.good(&mut noise);
        concealer.fill(&mut lost);
        assert!(measure::level(&lost) < measure::level(&noise) + 1.0);
    }

    #[test]
    fn good_sound_without_a_loss_is_not_touched() {
        let mut concealer = Concealer::default();
        let clean = sine(300.0, 0, 160);
        let mut sound = clean.clone();
        concealer.good(&mut sound);
        assert_eq!(sound, clean);
    }
}
