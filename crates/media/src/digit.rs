//! The sixteen keys of a telephone: as characters, as telephone-event codes (RFC 4733 §3.2) and as
//! pairs of frequencies (ITU-T Q.23). Knows no packet and no sound.

use std::fmt;

use thiserror::Error;

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// A key: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digit(u8);

/// The character is none of the sixteen keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0:?} is not a key: expected one of 0-9 * # A-D")]
pub struct NotADigit(pub char);

impl Digit {
    /// The key of a telephone-event code; `None` for events that are no keys (16 flash, tones, …).
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        (usize::from(code) < KEYS.len()).then_some(Self(code))
    }

    /// The telephone-event code, 0–15.
    #[must_use]
    pub fn code(self) -> u8 {
        self.0
    }

    /// The key as printed on it.
    #[must_use]
    pub fn as_char(self) -> char {
        char::from(KEYS[usize::from(self.0)])
    }

    /// Low and high frequency, Hz.
    #[must_use]
    pub fn frequencies(self) -> (f32, f32) {
        const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
        const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
        let (row, column) = match self.0 {
            0 => (3, 1),
            10 => (3, 0),
            11 => (3, 2),
            letter @ 12..=15 => (letter - 12, 3),
            number => ((number - 1) / 3, (number - 1) % 3),
        };
        (LOW[usize::from(row)], HIGH[usize::from(column)])
    }
}

impl TryFrom<char> for Digit {
    type Error = NotADigit;

    fn try_from(key: char) -> Result<Self, NotADigit> {
        let upper = key.to_ascii_uppercase();
        KEYS.iter()
            .position(|&k| char::from(k) == upper)
            .and_then(|code| u8::try_from(code).ok())
            .map(Self)
            .ok_or(NotADigit(key))
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_code_and_its_pair_of_tones() {
        // ITU-T Q.23, read row by row from the keypad.
        let rows = [("123A", 697.0), ("456B", 770.0), ("789C", 852.0), ("*0#D", 941.0)];
        for (keys, low) in rows {
            for (key, high) in keys.chars().zip([1209.0, 1336.0, 1477.0, 1633.0]) {
                let digit = Digit::try_from(key).unwrap();
                assert_eq!(digit.frequencies(), (low, high), "{key}");
                assert_eq!(Digit::from_code(digit.code()), Some(digit));
                assert_eq!(digit.as_char(), key);
            }
        }
    }

    #[test]
    fn small_letters_are_keys_and_other_characters_are_refused_by_name() {
        assert_eq!(Digit::try_from('b').unwrap().as_char(), 'B');
        assert_eq!(
            Digit::try_from('x').unwrap_err().to_string(),
            "'x' is not a key: expected one of 0-9 * # A-D"
        );
        assert_eq!(Digit::from_code(16), None);
    }
}
