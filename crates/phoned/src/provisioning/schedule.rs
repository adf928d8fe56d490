//! When a configuration is fetched. Pure: time is an argument, and randomness a number.

use std::time::{Duration, Instant};

/// When the items ask for it (`Flash Mode`, `Flash Interval`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    /// Only by hand.
    #[default]
    Off,
    /// At each start, until it has succeeded once.
    AtStart,
    /// At each start, and at an interval from then on.
    Every(Duration),
}

/// The first wait after a failure; it doubles up to [`LONGEST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(60);
const LONGEST_RETRY: Duration = Duration::from_secs(3600);
/// Waits vary by up to so many per cent, so that a fleet that was provisioned together does not ask
/// together for ever (F6).
const SPREAD: u64 = 10;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Schedule {
    mode: Mode,
    due: Option<Instant>,
    failures: u32,
}

impl Schedule {
    /// At start: due at once unless it is off.
    pub(crate) fn new(mode: Mode, now: Instant) -> Self {
        Self { mode, due: (mode != Mode::Off).then_some(now), failures: 0 }
    }

    /// Puts another mode in force, or the same again for another server: due at once, because who
    /// names a server wants to see what it says. Off is never due.
    pub(crate) fn change(&mut self, mode: Mode, now: Instant) {
        *self = Self::new(mode, now);
    }

    /// When to fetch.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A fetch has ended, of whatever cause it was; `dice` is random.
    pub(crate) fn done(&mut self, success: bool, dice: u64, now: Instant) {
        if success {
            self.failures = 0;
            self.due = match self.mode {
                Mode::Off | Mode::AtStart => None,
                Mode::Every(interval) => Some(now + spread(interval, dice)),
            };
            return;
        }
        let retry = FIRST_RETRY * 2_u32.saturating_pow(self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        self.due = match self.mode {
            Mode::Off => None,
            Mode::AtStart => Some(now + spread(retry.min(LONGEST_RETRY), dice)),
            Mode::Every(interval) => {
                Some(now + spread(retry.min(LONGEST_RETRY).min(interval), dice))
            }
        };
    }
}

/// A wait, longer or shorter by up to [`SPREAD`] per cent.
fn spread(wait: Duration, dice: u64) -> Duration {
    let percent = 100 - SPREAD + dice % (2 * SPREAD + 1);
    wait * u32::try_from(percent).unwrap_or(100) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    /// Neither longer nor shorter.
    const EVEN: u64 = SPREAD;

    fn waits(schedule: &mut Schedule, success: bool, mut now: Instant, count: usize) -> Vec<u64> {
        (0..count)
            .map_while(|_| {
                schedule.done(success, EVEN, now);
                let due = schedule.due()?;
                let wait = due - now;
                now = due;
                Some(wait.as_secs())
            })
            .collect()
    }

    #[test]
    fn off_is_never_due() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Mode::Off, now);
        assert_eq!(schedule.due(), None);
        schedule.done(false, 0, now);
        assert_eq!(schedule.due(), None, "one by hand that failed is not repeated");
    }

    #[test]
    fn at_start_it_is_fetched_once_and_tried_again_until_then() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Mode::AtStart, now);
        assert_eq!(schedule.due(), Some(now));
        assert_eq!(waits(&mut schedule, false, now, 8), [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        schedule.done(true, EVEN, now);
        assert_eq!(schedule.due(), None);
    }

    #[test]
    fn at_an_interval_a_failure_waits_no_longer_than_the_interval() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Mode::Every(HOUR / 20), now);
        assert_eq!(waits(&mut schedule, false, now, 4), [60, 120, 180, 180]);
        assert_eq!(waits(&mut schedule, true, now, 2), [180, 180]);
        assert_eq!(waits(&mut schedule, false, now, 1), [60], "a success forgets the failures");
    }

    #[test]
    fn a_fleet_drifts_apart() {
        let all: Vec<_> = (0..=2 * SPREAD).map(|dice| spread(HOUR, dice)).collect();
        assert!(all.is_sorted());
        assert_eq!((all[0], all[20]), (HOUR * 9 / 10, HOUR * 11 / 10));
    }

    #[test]
    fn another_server_is_asked_at_once() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Mode::Every(HOUR), now);
        schedule.done(true, EVEN, now);
        schedule.change(Mode::Every(HOUR), now + HOUR / 2);
        assert_eq!(schedule.due(), Some(now + HOUR / 2));
        schedule.change(Mode::Off, now);
        assert_eq!(schedule.due(), None);
    }
}
