//! The tick's clock arithmetic: deadlines are absolute, so nothing drifts; a short stall is made
//! up for, a long one is skipped. Does not sleep itself.

use std::time::Instant;

use crate::{FRAME_TIME, limits};

/// Absolute deadlines every [`FRAME_TIME`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    next: Instant,
}

impl Pace {
    /// The first tick is due now.
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now }
    }

    /// When the next tick is due.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Begins the tick that is due. Returns how many before it are left out, because `now` is more
    /// than [`limits::CATCH_UP_TICKS`] late.
    pub(super) fn begin(&mut self, now: Instant) -> u32 {
        let late = now.saturating_duration_since(self.next);
        let behind = u32::try_from(late.as_nanos() / FRAME_TIME.as_nanos()).unwrap_or(u32::MAX);
        let skipped = behind.saturating_sub(limits::CATCH_UP_TICKS);
        self.next += FRAME_TIME * skipped + FRAME_TIME;
        skipped
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn late_ticks_do_not_move_the_ones_after() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for n in 0..1000u32 {
            let late = Duration::from_micros(u64::from(n * 7919 % 15_000));
            assert_eq!(pace.begin(pace.next() + late), 0);
            assert_eq!(pace.next(), start + FRAME_TIME * (n + 1));
        }
    }

    #[test]
    fn a_short_stall_is_made_up_and_a_long_one_skipped() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.begin(start);
        // 100 ms late: six ticks are due and all are run.
        let now = pace.next() + Duration::from_millis(100);
        let run = std::iter::from_fn(|| (pace.next() <= now).then(|| pace.begin(now))).count();
        assert_eq!(run, 6);
        // Ten seconds late: 500 ticks, of which the last five and the due one are run.
        let before = pace.next();
        let now = before + Duration::from_secs(10);
        let skipped: Vec<u32> =
            std::iter::from_fn(|| (pace.next() <= now).then(|| pace.begin(now))).collect();
        assert_eq!(skipped, [495, 0, 0, 0, 0, 0]);
        assert_eq!(pace.next(), before + Duration::from_secs(10) + FRAME_TIME);
    }
}
