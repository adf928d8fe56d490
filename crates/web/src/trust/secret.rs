//! A text that must not be seen: codes, cookies, tokens. Shown to nobody by `Debug`, compared in a
//! time that says nothing about it.

use std::fmt;

use sha2::{Digest, Sha256};

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// A secret that exists already.
    pub(crate) fn of(text: String) -> Self {
        Self(text)
    }

    /// 256 random bits in hexadecimal digits.
    pub(crate) fn random() -> Self {
        Self(hex(&random::<32>()))
    }

    /// Eight random digits, to be typed from a screen or a log: 26 bits, against which only a few
    /// tries are allowed.
    pub(crate) fn code() -> Self {
        let number = u64::from_be_bytes(random());
        let digits = format!("{:08}", number % 100_000_000);
        let (first, second) = digits.split_at(4);
        Self(format!("{first}-{second}"))
    }

    /// The text itself.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether `other` is the same; what it takes tells nothing, because digests are compared.
    pub(crate) fn is(&self, other: &str) -> bool {
        digest("compare", &self.0) == digest("compare", other)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// SHA-256 of a text, told apart by what it is used for, in hexadecimal digits.
pub(super) fn digest(usage: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(usage.as_bytes());
    hash.update([0]);
    hash.update(text.as_bytes());
    hex(&hash.finalize())
}

#[expect(clippy::panic, reason = "no visitor brings it about, and it is the safe end")]
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    if let Err(error) = getrandom::fill(&mut octets) {
        // Nothing that must not be guessed can be made: better no page than an open one.
        panic!("the system has no random numbers: {error}");
    }
    octets
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_can_be_typed_and_is_never_debug_printed() {
        let code = Secret::code();
        assert_eq!(code.text().len(), 9);
        assert!(code.text().chars().all(|c| c.is_ascii_digit() || c == '-'));
        assert_eq!(format!("{code:?}"), "Secret");
        assert!(code.is(code.text()) && !code.is(""));
        assert_ne!(Secret::random(), Secret::random());
    }

    #[test]
    fn one_text_has_another_digest_for_another_usage() {
        assert_ne!(digest("session", "x"), digest("csrf", "x"));
    }
}
