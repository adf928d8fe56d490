//! Numbers as people write them, as they are dialled, and as callers show them.

use crate::limits;

/// Digits at the end that make two long numbers one: with or without a country's or a trunk prefix.
const ALIKE: usize = 8;

/// A number without what people put between its digits, or a SIP address as it is; `None` for what is
/// neither.
pub(super) fn plain(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > limits::CONTACT_NUMBER {
        return None;
    }
    let between = |c: &char| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}');
    let number: String = text.chars().filter(|c| !between(c)).collect();
    let dialled = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    if !number.is_empty() && number.chars().all(dialled) {
        return Some(number);
    }
    let address = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:")).unwrap_or(text);
    let (user, host) = address.split_once('@').unwrap_or((address, "host"));
    let bare = |part: &str| {
        let odd = |c: char| c.is_whitespace() || c.is_control() || "<>\",".contains(c);
        !part.is_empty() && !part.contains(odd)
    };
    (bare(user) && bare(host) && user.chars().all(|c| c.is_ascii_graphic()))
        .then(|| text.to_owned())
}

/// Whether a number of the book is that of the other party, whose address is a SIP URI.
pub(super) fn is_of(number: &str, remote: &str) -> bool {
    let (number, remote) = (bare(number), bare(remote));
    let user = remote.split('@').next().unwrap_or_default();
    if number.contains('@') {
        return number.eq_ignore_ascii_case(remote);
    }
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let end = |text: &str| {
        let digits = digits(text);
        digits.len().checked_sub(ALIKE).and_then(|at| digits.get(at..).map(str::to_owned))
    };
    number == user || end(number).is_some_and(|one| end(user) == Some(one))
}

/// Without scheme and parameters.
fn bare(address: &str) -> &str {
    let rest = address.strip_prefix("sip:").or_else(|| address.strip_prefix("sips:"));
    rest.unwrap_or(address).split([';', '?']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_they_are_dialled() {
        for (written, kept) in [
            ("+86 (10) 8888-0000", "+861088880000"),
            ("*97", "*97"),
            ("sip:bob@example.test", "sip:bob@example.test"),
            ("bob@example.test", "bob@example.test"),
            ("bob", "bob"),
        ] {
            assert_eq!(plain(written).as_deref(), Some(kept));
        }
        for wrong in ["", "call me", "<sip:bob@b.test>", "@b.test", "bob@", &"1".repeat(200)] {
            assert_eq!(plain(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_caller_is_found_by_its_number_with_or_without_prefix_or_by_its_address() {
        for (number, remote) in [
            ("1002", "sip:1002@example.test"),
            ("+861088880000", "sip:01088880000@pbx.test;user=phone"),
            ("bob@example.test", "sip:bob@Example.test:"),
            ("sip:bob@example.test", "sips:bob@example.test"),
        ] {
            let remote = remote.trim_end_matches(':');
            assert!(is_of(number, remote), "{number} {remote}");
        }
        for (number, remote) in [
            ("1002", "sip:10021@example.test"),
            ("002", "sip:1002@example.test"),
            ("bob@other.test", "sip:bob@example.test"),
            ("1002", "sip:@"),
        ] {
            assert!(!is_of(number, remote), "{number} {remote}");
        }
    }
}
