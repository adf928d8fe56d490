//! Two clocks drift apart: the engine's and the sound card's. This watches how full the buffer
//! between them is and says when a frame has to be dropped or doubled: at 50 ppm every 400 s.
//!
//! A device whose buffer does not answer to a correction has no clock (libasound's `null` and
//! `file`); it is left alone from then on. Pure arithmetic; moving sound is the device's.

use crate::FRAME_SAMPLES;

/// Ticks between two judgements: a second.
const REVIEW: u32 = 50;

/// What to do to the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Correction {
    /// Nothing.
    Keep,
    /// Put one frame more in.
    Double,
    /// Take so many frames out.
    Drop(usize),
}

/// Bounds of a buffer's fill in samples, judged by its least fill in a second.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// At or below this it is about to run dry. `None`: running dry is dealt with elsewhere.
    low: Option<usize>,
    /// What a correction aims at.
    aim: usize,
    /// At or above this it is needlessly full.
    high: usize,
    least: usize,
    ticks: u32,
    corrected: Option<(Correction, usize)>,
    paced: bool,
    dropped: u64,
    doubled: u64,
}

impl Level {
    pub(super) fn new(low: Option<usize>, aim: usize, high: usize) -> Self {
        Self {
            low,
            aim,
            high,
            least: usize::MAX,
            ticks: 0,
            corrected: None,
            paced: true,
            dropped: 0,
            doubled: 0,
        }
    }

    /// The fill in this tick.
    pub(super) fn observe(&mut self, samples: usize) -> Correction {
        self.least = self.least.min(samples);
        self.ticks += 1;
        if self.ticks < REVIEW {
            return Correction::Keep;
        }
        let least = std::mem::replace(&mut self.least, usize::MAX);
        self.ticks = 0;
        if let Some((correction, before)) = self.corrected.take() {
            self.paced &= answered(correction, before, least);
        }
        let correction = if !self.paced {
            Correction::Keep
        } else if self.low.is_some_and(|low| least <= low) {
            self.doubled += 1;
            Correction::Double
        } else if least >= self.high {
            let frames = ((least - self.aim) / FRAME_SAMPLES).max(1);
            self.dropped += frames as u64;
            Correction::Drop(frames)
        } else {
            Correction::Keep
        };
        if correction != Correction::Keep {
            self.corrected = Some((correction, least));
        }
        correction
    }

    /// The buffer was emptied or filled by other means (an xrun): begin to watch anew.
    pub(super) fn restart(&mut self) {
        let (dropped, doubled) = (self.dropped, self.doubled);
        *self = Self { dropped, doubled, ..Self::new(self.low, self.aim, self.high) };
    }

    /// Frames dropped and doubled so far.
    pub(super) fn corrections(&self) -> (u64, u64) {
        (self.dropped, self.doubled)
    }
}

/// At least half of what was put in or taken out shows in the fill a second later.
fn answered(correction: Correction, before: usize, after: usize) -> bool {
    match correction {
        Correction::Keep => true,
        Correction::Double => after >= before + FRAME_SAMPLES / 2,
        Correction::Drop(frames) => after + frames * FRAME_SAMPLES / 2 <= before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer that gains `drift` samples a tick, watched for `ticks`; its extremes after the
    /// first ten seconds.
    fn watch(start: f64, drift: f64, ticks: u32) -> (f64, f64, Level) {
        let mut level = Level::new(Some(40), 320, 560);
        let (mut fill, mut least, mut most) = (start, f64::MAX, f64::MIN);
        for tick in 0..ticks {
            fill += drift;
            match level.observe(fill.max(0.0) as usize) {
                Correction::Keep => {}
                Correction::Double => fill += 160.0,
                Correction::Drop(frames) => fill -= 160.0 * frames as f64,
            }
            if tick > 500 {
                (least, most) = (least.min(fill), most.max(fill));
            }
        }
        (least, most, level)
    }

    #[test]
    fn a_card_that_drifts_either_way_is_followed_by_the_frames_it_takes() {
        // 100 ppm of 160 samples a tick, for two hours.
        for drift in [0.016, -0.016] {
            let (least, most, level) = watch(320.0, drift, 360_000);
            assert!(least > 20.0 && most < 580.0, "{least} {most}");
            let (dropped, doubled) = level.corrections();
            let expected = 360_000.0 * 0.016 / 160.0;
            assert!(((dropped + doubled) as f64 - expected).abs() <= 2.0, "{dropped} {doubled}");
        }
    }

    #[test]
    fn a_backlog_is_taken_away_at_once() {
        let (_, most, level) = watch(4000.0, 0.0, 2000);
        assert!(most < 560.0);
        assert_eq!(level.corrections(), (23, 0));
    }

    #[test]
    fn a_device_without_a_clock_is_corrected_once_and_then_left_alone() {
        let mut level = Level::new(Some(40), 320, 560);
        let corrections = (0..1000).filter(|_| level.observe(0) != Correction::Keep).count();
        assert_eq!(corrections, 1);
        level.restart();
        assert_eq!((0..50).filter(|_| level.observe(5000) != Correction::Keep).count(), 1);
        assert_eq!((0..950).filter(|_| level.observe(5000) != Correction::Keep).count(), 0);
    }
}
