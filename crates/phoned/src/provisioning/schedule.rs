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
/// The first wait of a phone without a line where no server is known: a lease may be on its way, and
/// somebody waits for the phone.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// Waits vary by up to so many per cent, so that a fleet that was provisioned together does not ask
/// together for ever (F6).
const SPREAD: u64 = 10;

/// The least time between the end of a fetch and one that somebody else wants: whoever may ask shall
/// not keep the phone busy.
const LEAST_GAP: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Schedule {
    mode: Mode,
    due: Option<Instant>,
    ended: Option<Instant>,
    failures: u32,
}

impl Schedule {
    /// At start: due at once unless it is off.
    pub(crate) fn new(mode: Mode, now: Instant) -> Self {
        Self { mode, due: (mode != Mode::Off).then_some(now), ended: None, failures: 0 }
    }

    /// Somebody wants it fetched, whatever the mode: due at a random moment within `spread`, and never
    /// later than it was due anyway.
    pub(crate) fn hurry(&mut self, spread: Duration, dice: u64, now: Instant) {
        let part = spread.mul_f64((dice % 1024) as f64 / 1024.0);
        let earliest = self.ended.map_or(now, |ended| (ended + LEAST_GAP).max(now));
        let due = (now + part).max(earliest);
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
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

    /// There is no server to fetch from: it is looked for again, later each time; `new` is a phone
    /// without a line, which begins with short waits.
    pub(crate) fn nowhere(&mut self, new: bool, dice: u64, now: Instant) {
        let first = if new { FIRST_LOOK } else { FIRST_RETRY };
        let wait = first * 2_u32.saturating_pow(self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        self.ended = Some(now);
        self.due = match self.mode {
            Mode::Off => None,
            Mode::AtStart | Mode::Every(_) => Some(now + spread(wait.min(LONGEST_RETRY), dice)),
        };
    }

    /// A fetch has ended, of whatever cause it was; `dice` is random.
    pub(crate) fn done(&mut self, success: bool, dice: u64, now: Instant) {
        self.ended = Some(now);
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
    fn a_server_that_is_not_known_yet_is_looked_for_soon_and_then_rarely() {
        let mut now = Instant::now();
        let mut schedule = Schedule::new(Mode::AtStart, now);
        let mut waits = Vec::new();
        for _ in 0..12 {
            schedule.nowhere(true, EVEN, now);
            waits.push((schedule.due().unwrap() - now).as_secs());
            now = schedule.due().unwrap();
        }
        assert_eq!(waits[..4], [5, 10, 20, 40]);
        assert_eq!(waits[9..], [2560, 3600, 3600]);
        schedule.change(Mode::Off, now);
        schedule.nowhere(true, EVEN, now);
        assert_eq!(schedule.due(), None);
        schedule.change(Mode::AtStart, now);
        schedule.nowhere(false, EVEN, now);
        assert_eq!(schedule.due(), Some(now + HOUR / 60), "an idle phone that works sleeps");
    }

    #[test]
    fn who_may_hurry_it_does_so_within_the_spread_and_not_without_end() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Mode::Off, now);
        schedule.hurry(HOUR, 1023, now);
        let late = schedule.due().unwrap();
        assert!(late > now + HOUR * 9 / 10 && late < now + HOUR, "the last of the fleet");
        schedule.hurry(Duration::ZERO, 1023, now);
        assert_eq!(schedule.due(), Some(now), "sooner is better");
        schedule.hurry(HOUR, 512, now);
        assert_eq!(schedule.due(), Some(now), "and is not put off again");
        schedule.done(true, EVEN, now);
        assert_eq!(schedule.due(), None);
        schedule.hurry(Duration::ZERO, 0, now + Duration::from_secs(1));
        assert_eq!(schedule.due(), Some(now + LEAST_GAP));
        schedule.change(Mode::Every(HOUR), now);
        schedule.done(true, EVEN, now);
        schedule.hurry(HOUR * 3, 1023, now);
        assert_eq!(schedule.due(), Some(now + HOUR), "no later than its own time");
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
