//! A span of time as a sentence says it.

use std::time::Duration;

/// `33.5 s`, `59 min 23 s`, `2 h 12 min 7 s`; below two minutes in seconds.
pub(super) fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 {
        let tenths = (time.as_secs_f64() * 10.0).round() / 10.0;
        return format!("{tenths} s");
    }
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "min"), (rest, "s")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_in_the_units_that_people_use() {
        let cases = [(500, "0.5 s"), (3500, "3.5 s"), (30_000, "30 s"), (3_563_000, "59 min 23 s")];
        for (millis, text) in cases {
            assert_eq!(words(Duration::from_millis(millis)), text);
        }
        assert_eq!(words(Duration::from_secs(7927)), "2 h 12 min 7 s");
        assert_eq!(words(Duration::from_secs(7200)), "2 h");
    }
}
