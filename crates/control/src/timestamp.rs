//! Points in calendar time as the protocol writes them: RFC 3339 in UTC with milliseconds,
//! `2026-11-22T13:37:00.123Z`. Reads any RFC 3339 date-time between the years 1970 and 9999.
//!
//! It reads no clock and knows no time zones: whoever has a clock makes one from the milliseconds
//! since 1970.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY_MS: i64 = 86_400_000;
/// The last millisecond of the year 9999, the last year that RFC 3339 can write.
const LAST_MS: i64 = 253_402_300_799_999;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 date-time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as 2026-11-22T13:37:00.123Z")]
pub struct TimestampError(String);

impl Timestamp {
    /// From milliseconds since 1970; what lies outside the years 1970 to 9999 becomes the nearest
    /// end.
    #[must_use]
    pub fn from_unix_ms(ms: i64) -> Self {
        Self(ms.clamp(0, LAST_MS))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0 / DAY_MS);
        let ms = self.0 % DAY_MS;
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let milli = ms % 1000;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| TimestampError(text.to_owned()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// RFC 3339 §5.6: full-date "T" partial-time time-offset. A leap second counts as the second
/// before it.
fn parse(text: &str) -> Option<Timestamp> {
    let octets = text.as_bytes();
    let fixed = |at: usize, octet: u8| (octets.get(at)? == &octet).then_some(());
    fixed(4, b'-')?;
    fixed(7, b'-')?;
    fixed(13, b':')?;
    fixed(16, b':')?;
    if !matches!(octets.get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let (year, month, day) = (number(octets, 0, 4)?, number(octets, 5, 2)?, number(octets, 8, 2)?);
    let (hour, minute) = (number(octets, 11, 2)?, number(octets, 14, 2)?);
    let second = number(octets, 17, 2)?;
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }
    let (milli, after) = fraction(octets, 19)?;
    let offset_minutes = offset(octets.get(after..)?)?;
    let day_ms = ((hour * 60 + minute) * 60 + second.min(59)) * 1000 + milli;
    let ms = days_from_civil(year, month, day) * DAY_MS + day_ms - offset_minutes * 60_000;
    (0..=LAST_MS).contains(&ms).then_some(Timestamp(ms))
}

/// `length` decimal digits at `at`.
fn number(octets: &[u8], at: usize, length: usize) -> Option<i64> {
    octets.get(at..at + length)?.iter().try_fold(0, |sum, octet| {
        octet.is_ascii_digit().then(|| sum * 10 + i64::from(octet - b'0'))
    })
}

/// The milliseconds of an optional fraction at `at`, and where it ends.
fn fraction(octets: &[u8], at: usize) -> Option<(i64, usize)> {
    if octets.get(at) != Some(&b'.') {
        return Some((0, at));
    }
    let digits = octets.get(at + 1..)?.iter().take_while(|octet| octet.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let shown = digits.min(3);
    let scale = match shown {
        1 => 100,
        2 => 10,
        _ => 1,
    };
    Some((number(octets, at + 1, shown)? * scale, at + 1 + digits))
}

/// Minutes east of UTC of a whole `Z` or `±hh:mm`.
fn offset(octets: &[u8]) -> Option<i64> {
    match octets {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(octets, 1, 2)?, number(octets, 4, 2)?);
            let east = hours * 60 + minutes;
            (hours < 24 && minutes < 60).then_some(if *sign == b'-' { -east } else { east })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date of the Gregorian calendar. The year counts from March, so that the
/// leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`], for days from 1970 on.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times_are_written_as_rfc_3339_does() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_354_620_123, "2026-11-22T13:37:00.123Z"),
            (LAST_MS, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_unix_ms(ms).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(ms)));
        }
    }

    #[test]
    fn every_rfc_3339_form_is_read() {
        let expected = Ok(Timestamp(1_795_354_620_000));
        for text in
            ["2026-11-22T13:37:00Z", "2026-11-22t13:37:00.0z", "2026-11-22 14:37:00.000+01:00"]
        {
            assert_eq!(text.parse(), expected, "{text}");
        }
        assert_eq!("2026-11-22T13:37:00.1239Z".parse(), Ok(Timestamp(1_795_354_620_123)));
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_the_text_and_an_example() {
        for text in
            ["", "yesterday", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T13:37:00"]
        {
            let error = text.parse::<Timestamp>().unwrap_err().to_string();
            assert_eq!(error, format!("`{text}` is not a time such as 2026-11-22T13:37:00.123Z"));
        }
    }

    proptest! {
        #[test]
        fn writing_and_reading_return_the_same_time(ms in 0..=LAST_MS) {
            prop_assert_eq!(Timestamp(ms).to_string().parse(), Ok(Timestamp(ms)));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
