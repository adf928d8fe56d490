//! Which challenges can be answered, and which of them should be.

use super::Algorithm;
use crate::limits::CHALLENGES;
use crate::message::Challenge;

/// A challenge that can be answered: `Digest`, an algorithm we know, and `qop` absent or with
/// `auth` among its values. Values are unquoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestChallenge {
    /// What the credentials are for; part of the hash.
    pub realm: String,
    /// The server's nonce.
    pub nonce: String,
    /// To be given back as it is.
    pub opaque: Option<String>,
    /// The hash function.
    pub algorithm: Algorithm,
    /// Whether the server named it; if it didn't, the answer doesn't either.
    pub algorithm_named: bool,
    /// Whether the server offers `qop=auth`; if not, the answer is as in RFC 2069.
    pub qop_auth: bool,
    /// The credentials were right but the nonce was old: worth another try (RFC 7616 §3.3).
    pub stale: bool,
    /// Whether the user name is to be sent as a hash (RFC 7616 §3.4.4).
    pub userhash: bool,
}

impl DigestChallenge {
    /// What a challenge asks, if we can do it.
    pub fn read(challenge: &Challenge) -> Option<Self> {
        if !challenge.is_scheme("Digest") {
            return None;
        }
        let algorithm = challenge.value("algorithm");
        let qop = challenge.value("qop");
        let offers_auth =
            |qop: &str| qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"));
        if qop.is_some_and(|qop| !offers_auth(qop)) {
            return None;
        }
        let is_true = |name| challenge.value(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        Some(Self {
            realm: challenge.value("realm")?.to_owned(),
            nonce: challenge.value("nonce")?.to_owned(),
            opaque: challenge.value("opaque").map(str::to_owned),
            algorithm: Algorithm::named(algorithm.unwrap_or("MD5"))?,
            algorithm_named: algorithm.is_some(),
            qop_auth: qop.is_some(),
            stale: is_true("stale"),
            userhash: is_true("userhash"),
        })
    }
}

/// The challenges to answer: the topmost of each realm that can be (RFC 8760 §2.4), in the order of
/// the message. Only the first [`CHALLENGES`] are looked at.
pub fn answerable(challenges: &[Challenge]) -> Vec<DigestChallenge> {
    let mut chosen: Vec<DigestChallenge> = Vec::new();
    for challenge in challenges.iter().take(CHALLENGES).filter_map(DigestChallenge::read) {
        if chosen.iter().all(|earlier| earlier.realm != challenge.realm) {
            chosen.push(challenge);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(lines: &[&str]) -> Vec<(String, Algorithm)> {
        let challenges: Vec<_> =
            lines.iter().flat_map(|line| Challenge::read_line(line).unwrap()).collect();
        answerable(&challenges).into_iter().map(|one| (one.realm, one.algorithm)).collect()
    }

    /// RFC 8760 §2.4: the server's order is its preference.
    #[test]
    fn the_topmost_algorithm_we_can_do_is_chosen_for_each_realm() {
        let lines = [
            r#"Digest realm="a", nonce="1", algorithm=AKAv1-MD5"#,
            r#"Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth""#,
            r#"Digest realm="b", nonce="3""#,
            r#"Digest realm="a", nonce="4", algorithm=MD5, qop="auth""#,
            r#"Digest realm="b", nonce="5", algorithm=SHA-512-256"#,
        ];
        let expected = [("a".to_owned(), Algorithm::Sha256), ("b".to_owned(), Algorithm::Md5)];
        assert_eq!(chosen(&lines), expected);
    }

    #[test]
    fn what_we_cannot_do_is_not_answered() {
        assert_eq!(chosen(&[r#"Basic realm="a""#]), []);
        assert_eq!(chosen(&[r#"Digest realm="a", nonce="1", qop="auth-int""#]), []);
        assert_eq!(chosen(&[r#"Digest realm="a", nonce="1", algorithm=MD5-sess"#]), []);
        assert_eq!(chosen(&[r#"Digest realm="a""#]), [], "no nonce");
        assert_eq!(chosen(&[r#"Digest nonce="1""#]), [], "no realm");
    }

    #[test]
    fn flags_and_lists_are_read_whatever_their_case() {
        let line =
            r#"digest Realm="r", Nonce="n", qop="auth-int, AUTH", stale=TRUE, userhash=true"#;
        let read = DigestChallenge::read(&Challenge::read_line(line).unwrap()[0]).unwrap();
        assert!(read.qop_auth && read.stale && read.userhash && !read.algorithm_named);
    }

    #[test]
    fn a_server_with_endless_challenges_is_read_only_so_far() {
        let one = |n| format!(r#"Digest realm="{n}", nonce="1""#);
        let lines: Vec<_> = (0..CHALLENGES + 5).map(one).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(chosen(&lines).len(), CHALLENGES);
    }
}
