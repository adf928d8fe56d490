//! Spans of time and points in time as users type them: `60s`, `5m`; `2026-11-22T13:37:00Z`, or how
//! long ago. The only place of the command line that reads a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use control::Timestamp;

/// Reads a span such as `60`, `60s`, `5m`, `2h`, `1d` as seconds.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor = match &text[digits.len()..] {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let count: Option<u32> = digits.parse().ok();
    match count.zip(factor).and_then(|(count, factor)| count.checked_mul(factor)) {
        Some(seconds) if seconds > 0 => Ok(seconds),
        Some(_) | None => Err("not a span of time such as 60s, 5m, 2h or 1d".to_owned()),
    }
}

/// Reads a point in time, or a span before now.
pub(crate) fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(seconds) = seconds(text) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        return Ok(Timestamp::from_unix_ms(now - i64::from(seconds) * 1000));
    }
    text.parse().map_err(|_| {
        "neither a time such as 2026-11-22T13:37:00Z nor a span such as 10m".to_owned()
    })
}

/// A moment after which nobody waits any more.
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// So many seconds from now.
    pub(crate) fn after(seconds: u32) -> Self {
        Self(Instant::now() + Duration::from_secs(seconds.into()))
    }

    pub(crate) fn has_passed(&self) -> bool {
        Instant::now() >= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_number_and_a_unit() {
        let spans = ["60", "60s", "5m", "2h", "1d"].map(|text| seconds(text).unwrap());
        assert_eq!(spans, [60, 60, 300, 7200, 86_400]);
        for text in ["", "0", "0s", "s", "1w", "1.5h", "-1", "99999d", "1 m", "ü"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_is_a_date_or_a_span_ago() {
        let time = since("2026-11-22T13:37:00Z").unwrap();
        assert_eq!(time.to_string(), "2026-11-22T13:37:00.000Z");
        assert!(since("10m").unwrap() > Timestamp::default());
        assert!(since("yesterday").unwrap_err().contains("such as 10m"));
    }
}
