//! Octets as text and back, without loss.
//!
//! RFC 3261 §7.3.1 has headers in UTF-8, and peers send Latin-1. Such an octet must not spoil the
//! message, and must come back unchanged when a header is copied into a response. So an octet that
//! is not UTF-8 is held as a character of the last 128 of the private use plane, which nobody sends;
//! should somebody do, its octets are held the same way, so that the way back is never ambiguous.

use std::borrow::Cow;

/// The first character that stands for an octet: 0x80 is `BASE`, 0xFF is `BASE + 0x7F`.
const BASE: u32 = 0x10_FF80;

/// The octets as text.
pub(crate) fn decode(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) if is_plain(text) => Cow::Borrowed(text),
        Ok(_) | Err(_) => Cow::Owned(decode_slowly(octets)),
    }
}

fn decode_slowly(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() + 8);
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            if stands_for_octet(character) {
                let mut buffer = [0; 4];
                text.extend(character.encode_utf8(&mut buffer).bytes().filter_map(stand_in));
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    text
}

/// Appends the octets that `text` stands for.
pub(crate) fn encode(text: &str, out: &mut Vec<u8>) {
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for character in text.chars() {
        match u8::try_from(u32::from(character).wrapping_sub(BASE)) {
            Ok(low) if low < 0x80 => out.push(low | 0x80),
            Ok(_) | Err(_) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

/// Whether every character means itself; nearly always all are ASCII.
fn is_plain(text: &str) -> bool {
    text.is_ascii() || !text.chars().any(stands_for_octet)
}

fn stands_for_octet(character: char) -> bool {
    u32::from(character) >= BASE
}

/// The character for an octet of 0x80 or more; all octets of a non-ASCII sequence are.
fn stand_in(octet: u8) -> Option<char> {
    char::from_u32(BASE + u32::from(octet & 0x7F))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&decode(octets), &mut out);
        out
    }

    #[test]
    fn utf8_is_borrowed_as_it_is() {
        assert!(matches!(decode("Ж \u{10FF00}".as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn latin1_and_broken_utf8_come_back_octet_for_octet() {
        for octets in
            [b"J\xF6rg".as_slice(), b"\xFF\xFE\x80", b"ok \xE2\x82", "\u{10FFFF}".as_bytes()]
        {
            assert_eq!(there_and_back(octets), octets);
        }
    }
}
