//! The one place where moments of the core become calendar time.
//!
//! The core knows only `Instant`s. The system's calendar clock may be set while the phone runs (a
//! board without a battery starts in 1970), so a moment is placed relative to what the calendar says
//! *now*: ages stay right, and times shown after the clock was set are right too.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use control::Timestamp;

/// The start of the process on the clock that never jumps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that counts from now.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// Both clocks, read together.
    pub(crate) fn read(self) -> Reading {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Reading { start: self.start, now: Instant::now(), unix }
    }
}

/// What both clocks said at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    start: Instant,
    now: Instant,
    unix: Duration,
}

impl Reading {
    /// The moment of the reading.
    pub(crate) fn now(self) -> Instant {
        self.now
    }

    /// Calendar time of a moment, past or future.
    pub(crate) fn calendar(self, at: Instant) -> Timestamp {
        let before = self.now.saturating_duration_since(at);
        let after = at.saturating_duration_since(self.now);
        let unix = (self.unix + after).saturating_sub(before);
        Timestamp::from_unix_ms(i64::try_from(unix.as_millis()).unwrap_or(i64::MAX))
    }

    /// Milliseconds from the start of the process to a moment, to the microsecond.
    pub(crate) fn mono_ms(self, at: Instant) -> f64 {
        let since_start = at.saturating_duration_since(self.start);
        (since_start.as_secs_f64() * 1e6).round() / 1e3
    }

    /// How long the process has run.
    pub(crate) fn uptime(self) -> Duration {
        self.now.saturating_duration_since(self.start)
    }

    /// Whole seconds left until a moment, rounded up; 0 once it has passed.
    pub(crate) fn seconds_until(self, at: Instant) -> u32 {
        let left = at.saturating_duration_since(self.now);
        let whole = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        u32::try_from(whole).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        let start = Instant::now();
        let now = start + Duration::from_millis(1500);
        Reading { start, now, unix: Duration::from_millis(1_795_354_620_123) }
    }

    #[test]
    fn a_moment_is_placed_by_its_distance_from_now() {
        let reading = reading();
        let at = |ms| reading.calendar(reading.now - Duration::from_millis(ms)).to_string();
        assert_eq!(at(0), "2026-11-22T13:37:00.123Z");
        assert_eq!(at(123), "2026-11-22T13:37:00.000Z");
        let later = reading.calendar(reading.now + Duration::from_secs(60));
        assert_eq!(later.to_string(), "2026-11-22T13:38:00.123Z");
    }

    #[test]
    fn milliseconds_count_from_the_start_to_the_microsecond() {
        let reading = reading();
        assert!((reading.mono_ms(reading.now) - 1500.0).abs() < f64::EPSILON);
        let at = reading.start + Duration::from_nanos(1_234_567);
        assert!((reading.mono_ms(at) - 1.235).abs() < 1e-9);
    }

    #[test]
    fn seconds_left_are_rounded_up_and_never_negative() {
        let reading = reading();
        assert_eq!(reading.seconds_until(reading.now + Duration::from_millis(59_001)), 60);
        assert_eq!(reading.seconds_until(reading.start), 0);
    }
}
