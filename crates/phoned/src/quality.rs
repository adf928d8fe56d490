//! From counters of packets to the quality of a call, over all of it and over the last interval.
//! Arithmetic only; the counters come from the media engine, whose estimate of the opinion is used.

use std::time::Duration;

use control::CallQuality;
use media::{CallStats, FRAME_TIME};

/// Packets below which nothing is said about an opinion: a second of sound.
const ENOUGH: u64 = 50;

/// Keeps the counters at the start of the interval.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    before: Counted,
    recent: Counted,
}

/// Packets of one stretch of a call.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    expected: u64,
    missed: u64,
}

impl Counted {
    fn of(stats: &CallStats) -> Self {
        // A late packet was received, and is of no use.
        Self { expected: stats.received + stats.lost, missed: stats.lost + stats.late }
    }

    /// What has come since. Packets that were only late make up for lost ones, hence the saturation.
    fn since(self, before: Self) -> Self {
        Self {
            expected: self.expected.saturating_sub(before.expected),
            missed: self.missed.saturating_sub(before.missed),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share to be shown")]
    fn share(self) -> f64 {
        if self.expected == 0 { 0.0 } else { (self.missed as f64 / self.expected as f64).min(1.0) }
    }

    fn opinion(self, delay: Duration) -> Option<f64> {
        let enough = self.expected >= ENOUGH;
        enough.then(|| round(media::quality::mean_opinion(self.share(), delay), 100.0))
    }
}

impl Meter {
    /// An interval ends with these counters.
    pub(crate) fn turn(&mut self, stats: &CallStats) {
        let now = Counted::of(stats);
        self.recent = now.since(self.before);
        self.before = now;
    }

    /// The quality as these counters have it; the recent part is that of the last whole interval, or of
    /// the one that runs where there is none before.
    pub(crate) fn quality(&self, stats: &CallStats) -> CallQuality {
        let all = Counted::of(stats);
        let recent = if self.recent.expected == 0 { all.since(self.before) } else { self.recent };
        let delay = delay(stats);
        CallQuality {
            mos: all.opinion(delay),
            loss_percent: percent(all.share()),
            jitter_ms: round(stats.jitter_ms, 10.0),
            round_trip_ms: stats.rtt_ms.map(|ms| round(ms, 10.0)),
            far_loss_percent: stats.far_loss.map(percent),
            far_jitter_ms: stats.far_jitter_ms.map(|ms| round(ms, 10.0)),
            recent_mos: recent.opinion(delay),
            recent_loss_percent: percent(recent.share()),
        }
    }
}

/// From mouth to ear: half the round trip, what the jitter buffer holds back, a packet's length.
fn delay(stats: &CallStats) -> Duration {
    let ms = stats.rtt_ms.unwrap_or(0.0) / 2.0 + stats.buffer_ms;
    Duration::from_secs_f64(ms.max(0.0) / 1000.0) + FRAME_TIME
}

fn percent(share: f64) -> f64 {
    round(share * 100.0, 100.0)
}

fn round(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(received: u64, lost: u64, late: u64) -> CallStats {
        CallStats { received, lost, late, buffer_ms: 40.0, ..CallStats::default() }
    }

    #[test]
    fn loss_counts_what_never_came_and_what_came_too_late_f9() {
        let quality = Meter::default().quality(&stats(900, 100, 50));
        assert!((quality.loss_percent - 15.0).abs() < 1e-9, "{quality:?}");
        assert!(quality.mos.unwrap() < 3.0, "{quality:?}");
        let perfect = Meter::default().quality(&stats(1000, 0, 0));
        assert!(perfect.loss_percent == 0.0 && perfect.mos.unwrap() > 4.3, "{perfect:?}");
        let begun = Meter::default().quality(&stats(49, 0, 0));
        assert_eq!((begun.mos, begun.recent_mos), (None, None));
    }

    #[test]
    fn a_bad_moment_shows_at_once_and_passes_f9() {
        let mut meter = Meter::default();
        meter.turn(&stats(10_000, 0, 0));
        meter.turn(&stats(10_200, 50, 0));
        let bad = meter.quality(&stats(10_200, 50, 0));
        assert!((bad.recent_loss_percent - 20.0).abs() < 1e-9 && bad.loss_percent < 1.0, "{bad:?}");
        assert!(bad.recent_mos.unwrap() + 1.0 < bad.mos.unwrap(), "{bad:?}");
        meter.turn(&stats(10_450, 50, 0));
        let good = meter.quality(&stats(10_450, 50, 0));
        assert_eq!(good.recent_loss_percent, 0.0);
    }

    #[test]
    fn delay_is_half_the_round_trip_and_the_buffer_f9() {
        let far = CallStats { rtt_ms: Some(600.0), ..stats(1000, 0, 0) };
        assert_eq!(delay(&far), Duration::from_millis(360));
        let near = Meter::default().quality(&stats(1000, 0, 0)).mos.unwrap();
        assert!(Meter::default().quality(&far).mos.unwrap() < near);
    }
}
