//! The basic rules of RFC 3261 §25.1 that every header shares: tokens, quoted strings, lists.
//!
//! Readers here are strict where a list would otherwise be cut in the wrong place and liberal about
//! the characters inside a value, because peers are.

use std::borrow::Cow;

use super::ValueError;

/// Whether `octet` may stand in a token.
pub(crate) fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&octet)
}

/// Whether `text` is a token: at least one character, all allowed.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_octet)
}

/// The pieces of `text` between the separators that stand outside quoted strings and `<…>`.
///
/// The pieces are trimmed. A quoted string or `<` that is never closed runs to the end, so that the
/// reader of the piece can name it.
pub(crate) fn split(text: &str, separator: u8) -> Split<'_> {
    Split { rest: Some(text), separator }
}

/// See [`split`].
pub(crate) struct Split<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.take()?;
        match find_outside(text, self.separator) {
            Some(at) => {
                self.rest = text.get(at + 1..);
                text.get(..at).map(trim)
            }
            None => Some(trim(text)),
        }
    }
}

/// Where `wanted` (an ASCII character) first stands outside quoted strings and `<…>`.
pub(crate) fn find_outside(text: &str, wanted: u8) -> Option<usize> {
    let (mut quoted, mut enclosed, mut escaped) = (false, false, false);
    for (at, octet) in text.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match octet {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if enclosed {
            enclosed = octet != b'>';
        } else if octet == wanted {
            return Some(at);
        } else {
            quoted = octet == b'"';
            enclosed = octet == b'<';
        }
    }
    None
}

/// Removes linear white space from both ends. Folds are spaces by now, so SP and HT are all there is.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Reads the quoted string that `text` starts with: what it says, and what follows the closing quote.
pub(crate) fn quoted(text: &str) -> Result<(Cow<'_, str>, &str), ValueError> {
    let inner = text.strip_prefix('"').ok_or(ValueError("expected a quoted string"))?;
    let mut escaped = false;
    for (at, octet) in inner.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if octet == b'\\' {
            escaped = true;
        } else if octet == b'"' {
            let (said, rest) = inner.split_at(at);
            return Ok((unescape(said), rest.get(1..).unwrap_or_default()));
        }
    }
    Err(ValueError("a quoted string is not closed"))
}

/// Undoes the quoted pairs (`\x`) of a quoted string's inside.
pub(crate) fn unescape(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut said = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => said.extend(characters.next()),
            other => said.push(other),
        }
    }
    Cow::Owned(said)
}

/// Appends `text` as a quoted string.
pub(crate) fn write_quoted(out: &mut impl std::fmt::Write, text: &str) -> std::fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(character)?;
    }
    out.write_char('"')
}

/// Reads decimal digits; a number too large for `u32` is its largest value, for those who only ask
/// "at least that many seconds" (RFC 3261 §20.19 counts up to 2³²−1).
pub(crate) fn saturating_u32(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_only_outside_quotes_and_angle_brackets() {
        let list = r#""A, \", B" <sip:a,b@h>;x="1,2" , <sip:c@h> ,sip:d@h"#;
        let pieces: Vec<_> = split(list, b',').collect();
        assert_eq!(pieces, [r#""A, \", B" <sip:a,b@h>;x="1,2""#, "<sip:c@h>", "sip:d@h"]);
    }

    #[test]
    fn a_quoted_string_may_hold_quotes_and_backslashes() {
        let (said, rest) = quoted(r#""J Rosenberg \\\"" <sip:j@h>"#).unwrap();
        assert_eq!(said, r#"J Rosenberg \""#);
        assert_eq!(rest, " <sip:j@h>");
        assert!(quoted(r#""never closed \""#).is_err());
    }

    #[test]
    fn what_is_quoted_is_read_back_the_same() {
        let mut out = String::new();
        write_quoted(&mut out, r#"a "b" \ c"#).unwrap();
        assert_eq!(quoted(&out).unwrap().0, r#"a "b" \ c"#);
    }

    #[test]
    fn a_number_beyond_32_bits_is_the_largest() {
        assert_eq!(saturating_u32("10000000000000000000000"), Some(u32::MAX));
        assert_eq!(saturating_u32("0068"), Some(68));
        assert_eq!(saturating_u32("-1"), None);
        assert_eq!(saturating_u32(""), None);
    }
}
