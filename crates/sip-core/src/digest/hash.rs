//! The arithmetic of RFC 7616 §3.4: hash functions in, the `response` value out.
//!
//! `auth-int` and the `-sess` variants are not done: no SIP server is known to need them, and a
//! challenge that offers nothing else is not answered.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// A hash function that a challenge may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// `MD5`, also where none is named.
    Md5,
    /// `SHA-256` (RFC 8760).
    Sha256,
    /// `SHA-512-256` (RFC 8760): SHA-512/256, not a cut SHA-512.
    Sha512_256,
}

impl Algorithm {
    /// By its registered name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256, Self::Sha512_256]
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// Its registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    /// The hash of parts joined by colons, in lower-case hexadecimal.
    pub(super) fn of(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => hex(&Sha256::digest(text.as_bytes())),
            Self::Sha512_256 => hex(&Sha512_256::digest(text.as_bytes())),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What goes into one `response`, all unquoted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) user: &'a str,
    pub(super) realm: &'a str,
    pub(super) password: &'a str,
    pub(super) nonce: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    /// With `qop=auth`: the nonce count in eight digits, and the client's nonce.
    pub(super) auth: Option<(&'a str, &'a str)>,
}

/// RFC 7616 §3.4.1; without `qop` as RFC 2069 had it.
pub(super) fn response(algorithm: Algorithm, inputs: &Inputs<'_>) -> String {
    let ha1 = algorithm.of(&[inputs.user, inputs.realm, inputs.password]);
    let ha2 = algorithm.of(&[inputs.method, inputs.uri]);
    match inputs.auth {
        Some((count, cnonce)) => algorithm.of(&[&ha1, inputs.nonce, count, cnonce, "auth", &ha2]),
        None => algorithm.of(&[&ha1, inputs.nonce, &ha2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1.
    const MUFASA: Inputs<'_> = Inputs {
        user: "Mufasa",
        realm: "http-auth@example.org",
        password: "Circle of Life",
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        method: "GET",
        uri: "/dir/index.html",
        auth: Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
    };

    #[test]
    fn the_md5_example_of_rfc_7616_comes_out() {
        assert_eq!(response(Algorithm::Md5, &MUFASA), "8ca523f5e9506fed4657c9700eebdbec");
    }

    #[test]
    fn the_sha_256_example_of_rfc_7616_comes_out() {
        assert_eq!(
            response(Algorithm::Sha256, &MUFASA),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    /// RFC 2617 §3.5, which many servers' tests use too.
    #[test]
    fn the_example_of_rfc_2617_comes_out() {
        let inputs = Inputs {
            user: "Mufasa",
            realm: "testrealm@host.com",
            password: "Circle Of Life",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            method: "GET",
            uri: "/dir/index.html",
            auth: Some(("00000001", "0a4f113b")),
        };
        assert_eq!(response(Algorithm::Md5, &inputs), "6629fae49393a05397450978507c4ef1");
    }

    /// RFC 7616 §3.9.2 as erratum 4897 has it: the printed values are those of a cut SHA-512, these
    /// were computed with another implementation of SHA-512/256.
    #[test]
    fn the_sha_512_256_example_of_rfc_7616_comes_out_as_its_erratum_says() {
        let inputs = Inputs {
            user: "J\u{e4}s\u{f8}n Doe",
            realm: "api@example.org",
            password: "Secret, or not?",
            nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
            method: "GET",
            uri: "/doe.json",
            auth: Some(("00000001", "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v")),
        };
        assert_eq!(
            Algorithm::Sha512_256.of(&[inputs.user, inputs.realm]),
            "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        );
        assert_eq!(
            response(Algorithm::Sha512_256, &inputs),
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
        );
    }

    /// FIPS 180-4's example for SHA-512/256: it is not SHA-512 cut to 256 bits.
    #[test]
    fn sha_512_256_is_the_function_of_fips_180_4() {
        assert_eq!(
            Algorithm::Sha512_256.of(&["abc"]),
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
        );
    }

    #[test]
    fn an_algorithm_is_found_by_its_name_in_any_case() {
        assert_eq!(Algorithm::named("md5"), Some(Algorithm::Md5));
        assert_eq!(Algorithm::named("sha-256"), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::named("MD5-sess"), None);
        assert_eq!(Algorithm::named("AKAv1-MD5"), None);
    }
}
