//! The forms of values that name hardware: a GPIO with its level, and the meaning of keys. Whether
//! that hardware is there shows when it is used.

use std::str::FromStr;

/// A line of a GPIO chip, and which level is "on".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The chip's name below `/dev`.
    pub chip: String,
    /// The line's offset on the chip.
    pub line: u32,
    /// Whether the low level is the one that the item speaks of.
    pub active_low: bool,
}

impl FromStr for Pin {
    type Err = NotWiring;

    /// `gpiochip0:17:low`.
    fn from_str(text: &str) -> Result<Self, NotWiring> {
        let mut parts = text.split(':');
        let (Some(chip), Some(line), Some(level), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotWiring);
        };
        let digits = |text: &str| {
            (1..=4).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit())
        };
        if !chip.strip_prefix("gpiochip").is_some_and(digits) || !digits(line) {
            return Err(NotWiring);
        }
        let active_low = match level {
            "low" => true,
            "high" => false,
            _ => return Err(NotWiring),
        };
        Ok(Self { chip: chip.into(), line: line.parse().map_err(|_| NotWiring)?, active_low })
    }
}

/// An element of a sound card's mixer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixerElement {
    /// The card's name or number, as `/proc/asound/cards` has them.
    pub card: String,
    /// The element's name, as `amixer` has it.
    pub name: String,
    /// Which of those with this name.
    pub index: u32,
}

impl FromStr for MixerElement {
    type Err = NotWiring;

    /// `Device/PCM`, or `Device/PCM,1`. A card is nothing but its name, for libasound reads it as a
    /// piece of configuration.
    fn from_str(text: &str) -> Result<Self, NotWiring> {
        let (card, element) = text.split_once('/').ok_or(NotWiring)?;
        let (name, index) = match element.rsplit_once(',') {
            Some((name, index)) if index.bytes().all(|octet| octet.is_ascii_digit()) => {
                (name, index.parse().map_err(|_| NotWiring)?)
            }
            _ => (element, 0),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if card.is_empty() || !card.chars().all(plain) || name.trim().is_empty() {
            return Err(NotWiring);
        }
        Ok(Self { card: card.into(), name: name.trim().into(), index })
    }
}

/// What a key of an input device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMeaning {
    /// On while the handset is lifted.
    Hook,
    /// On while the handset lies on its cradle.
    Cradle,
    /// The green key.
    Call,
    /// The red key.
    HangUp,
    /// One key for both.
    CallOrHangUp,
    /// Holds and takes back.
    Hold,
    /// Takes back a digit.
    Erase,
    /// `0` to `9`, `*` or `#`.
    Digit(char),
    /// Nothing.
    Ignored,
}

/// The words of [`KeyMeaning`], other than digits.
const WORDS: [(&str, KeyMeaning); 8] = [
    ("hook", KeyMeaning::Hook),
    ("cradle", KeyMeaning::Cradle),
    ("call", KeyMeaning::Call),
    ("hangup", KeyMeaning::HangUp),
    ("phone", KeyMeaning::CallOrHangUp),
    ("hold", KeyMeaning::Hold),
    ("erase", KeyMeaning::Erase),
    ("none", KeyMeaning::Ignored),
];

impl FromStr for KeyMeaning {
    type Err = NotWiring;

    fn from_str(text: &str) -> Result<Self, NotWiring> {
        if let Some((_, meaning)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(*meaning);
        }
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(digit @ ('0'..='9' | '*' | '#')), None) => Ok(Self::Digit(digit)),
            _ => Err(NotWiring),
        }
    }
}

/// A text that is not of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotWiring;

/// What is accepted as [`KeyMeaning`], in words.
pub(super) fn meanings() -> String {
    let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
    format!("{} or one of 0-9, * and #", words.join(", "))
}

/// Reads `KEY_F1=hook,KEY_F2=hold`: the kernel's name of each key or switch with its meaning.
///
/// # Errors
/// When an entry is not of that form or a name stands in it twice.
pub(crate) fn key_map(text: &str) -> Result<Vec<(String, KeyMeaning)>, NotWiring> {
    let mut map: Vec<(String, KeyMeaning)> = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
        let (name, meaning) = entry.split_once('=').ok_or(NotWiring)?;
        let kernel =
            |octet: u8| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_';
        let known = ["KEY_", "BTN_", "SW_"].iter().any(|prefix| name.starts_with(prefix));
        if !known || !name.bytes().all(kernel) || map.iter().any(|(other, _)| other == name) {
            return Err(NotWiring);
        }
        map.push((name.to_owned(), meaning.parse()?));
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_names_chip_line_and_level() {
        let pin = Pin { chip: "gpiochip0".into(), line: 17, active_low: true };
        assert_eq!("gpiochip0:17:low".parse(), Ok(pin));
        for wrong in [
            "",
            "gpiochip0:17",
            "gpiochip0:17:",
            "gpiochip:17:low",
            "gpiochip0:17:on",
            "gpio0:17:low",
            "gpiochip0:-1:low",
            "gpiochip0:17:low:x",
            "../gpiochip0:1:low",
            "gpiochip0:99999:low",
        ] {
            assert_eq!(wrong.parse::<Pin>(), Err(NotWiring), "{wrong}");
        }
    }

    #[test]
    fn a_mixer_is_named_by_card_and_element() {
        let element = |card: &str, name: &str, index| {
            Ok(MixerElement { card: card.into(), name: name.into(), index })
        };
        assert_eq!("Device/PCM".parse(), element("Device", "PCM", 0));
        assert_eq!("0/Line Out,1".parse(), element("0", "Line Out", 1));
        assert_eq!("a/b/c".parse(), element("a", "b/c", 0), "some elements have a stroke");
        assert_eq!("a/b,c".parse(), element("a", "b,c", 0));
        for wrong in
            ["", "PCM", "/PCM", "Device/", "Device/ ", "hw:0/PCM", "a,b/PCM", "a/PCM,99999999999"]
        {
            assert_eq!(wrong.parse::<MixerElement>(), Err(NotWiring), "{wrong}");
        }
    }

    #[test]
    fn a_key_map_gives_each_key_one_meaning() {
        let map = key_map("KEY_F1=hook, SW_LID=cradle,KEY_KP0=0,KEY_X=#").unwrap();
        let meanings: Vec<KeyMeaning> = map.into_iter().map(|(_, meaning)| meaning).collect();
        let digit = KeyMeaning::Digit;
        assert_eq!(meanings, [KeyMeaning::Hook, KeyMeaning::Cradle, digit('0'), digit('#')]);
        assert_eq!(key_map(" "), Ok(vec![]));
        for wrong in [
            "KEY_F1",
            "KEY_F1=",
            "=hook",
            "F1=hook",
            "key_f1=hook",
            "KEY_F1=lift",
            "KEY_F1=hook,",
            "KEY_F1=hook,KEY_F1=hold",
            "KEY_F1=12",
            "ABS_X=hook",
        ] {
            assert_eq!(key_map(wrong), Err(NotWiring), "{wrong}");
        }
    }
}
