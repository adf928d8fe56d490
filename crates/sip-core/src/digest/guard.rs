//! Digest authentication as a server does it (RFC 7616 §3.3, §3.4; RFC 3261 §22): for the few
//! requests that the phone takes from strangers who know a password.
//!
//! A nonce says by itself when it was made and that it is ours, so that a stranger's request costs no
//! memory, and it is good for one request: only who has proved to know the password fills the list of
//! those that are used up.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::hash::{Inputs, response};
use super::{Algorithm, Credentials, hex};
use crate::limits;
use crate::message::{Challenge, Uri};

/// What credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They prove the password.
    Right,
    /// They prove it with a nonce that is too old or was used: worth another try (RFC 7616 §3.3).
    Stale,
    /// They prove nothing.
    Wrong,
}

/// Asks for credentials in one realm, and judges them.
#[derive(Clone)]
pub struct Guard {
    realm: &'static str,
    /// Random; makes nonces that nobody else can make.
    key: String,
    epoch: Instant,
    /// Nonces that have served, with the moment from which they are too old anyway.
    used: VecDeque<(String, Instant)>,
}

/// Shows neither the key nor the nonces: with the key anybody could make more of them.
impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("realm", &self.realm).finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard of a realm. `key` is random and stays inside.
    #[must_use]
    pub fn new(realm: &'static str, key: String, now: Instant) -> Self {
        Self { realm, key, epoch: now, used: VecDeque::new() }
    }

    /// The values of the WWW-Authenticate headers of a 401: one for each algorithm, the best first
    /// (RFC 8760 §2.4).
    #[must_use]
    pub fn challenges(&self, stale: bool, now: Instant) -> Vec<String> {
        let nonce = self.nonce(now);
        let stale = if stale { ", stale=true" } else { "" };
        [Algorithm::Sha256, Algorithm::Md5]
            .iter()
            .map(|algorithm| {
                let (realm, name) = (self.realm, algorithm.name());
                format!(
                    "Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\", \
                     algorithm={name}{stale}"
                )
            })
            .collect()
    }

    /// Judges the credentials that a request brings (its Authorization headers); the nonce of right
    /// ones is used up. `meant` says whether the URI that they are for names what is asked here
    /// (RFC 7616 §3.4.6). It need not be the Request-URI, which a proxy on the way may have rewritten,
    /// but it has to be of a user for whom requests are taken (RFC 3261 §22.4).
    pub fn judge(
        &mut self,
        given: &[Challenge],
        expected: &Credentials,
        method: &str,
        meant: impl FnOnce(&Uri) -> bool,
        now: Instant,
    ) -> Verdict {
        let mine =
            |one: &&Challenge| one.is_scheme("Digest") && one.value("realm") == Some(self.realm);
        let Some(given) = given.iter().find(mine) else { return Verdict::Wrong };
        let uri = given.value("uri").and_then(|uri| uri.parse::<Uri>().ok());
        if !proves(given, expected, self.realm, method) || !uri.as_ref().is_some_and(meant) {
            return Verdict::Wrong;
        }
        let Some(nonce) = given.value("nonce") else { return Verdict::Wrong };
        let Some(until) = self.good_until(nonce) else { return Verdict::Wrong };
        self.used.retain(|(_, until)| *until > now);
        let seen = self.used.iter().any(|(used, _)| used == nonce);
        if until <= now || seen || self.used.len() >= limits::USED_NONCES {
            return Verdict::Stale;
        }
        self.used.push_back((nonce.to_owned(), until));
        Verdict::Right
    }

    fn nonce(&self, at: Instant) -> String {
        self.nonce_of(u64::try_from((at - self.epoch).as_millis()).unwrap_or(u64::MAX))
    }

    fn nonce_of(&self, made_ms: u64) -> String {
        let seal = Sha256::digest(format!("{}:{made_ms:016x}", self.key).as_bytes());
        let seal = hex(&seal);
        format!("{made_ms:016x}{}", seal.get(..32).unwrap_or_default())
    }

    /// Until when a nonce of ours serves; `None` for any other's.
    fn good_until(&self, nonce: &str) -> Option<Instant> {
        let made = u64::from_str_radix(nonce.get(..16)?, 16).ok()?;
        if !same(&self.nonce_of(made), nonce) {
            return None;
        }
        self.epoch.checked_add(Duration::from_millis(made))?.checked_add(limits::NONCE_LIFE)
    }
}

/// Whether the response is what the password makes of the nonce, with the URI as the client wrote it.
fn proves(given: &Challenge, expected: &Credentials, realm: &str, method: &str) -> bool {
    let auth = match given.value("qop") {
        None => None,
        Some(qop) if qop.eq_ignore_ascii_case("auth") => {
            let Some(both) = given.value("nc").zip(given.value("cnonce")) else { return false };
            Some(both)
        }
        Some(_) => return false,
    };
    let algorithm = Algorithm::named(given.value("algorithm").unwrap_or("MD5"));
    let (Some(algorithm), Some(nonce), Some(uri), Some(told)) =
        (algorithm, given.value("nonce"), given.value("uri"), given.value("response"))
    else {
        return false;
    };
    let inputs = Inputs {
        user: &expected.user,
        realm,
        password: &expected.password,
        nonce,
        method,
        uri,
        auth,
    };
    let named = given.value("username") == Some(expected.user.as_str());
    named && same(&response(algorithm, &inputs), told)
}

/// Compares in a time that tells nothing of where they differ.
fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::super::{DigestChallenge, Session};
    use super::*;

    fn credentials(password: &str) -> Credentials {
        Credentials { user: "pbx".to_owned(), password: password.to_owned() }
    }

    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn guard() -> (Guard, Instant) {
        let now = Instant::now();
        (Guard::new("phone", "0123456789abcdef".to_owned(), now), now)
    }

    fn any(_: &Uri) -> bool {
        true
    }

    /// RFC 7616 §3.4.6, RFC 3261 §22.4: what was proved for one user says nothing for another.
    #[test]
    fn credentials_for_another_resource_prove_nothing_and_their_nonce_stays_good() {
        let (mut guard, now) = guard();
        let given = answer(&guard, 0, "right", now);
        let for_1002 = |uri: &Uri| uri.user_text().as_deref() == Some("1002");
        let right = credentials("right");
        assert_eq!(guard.judge(&given, &right, "NOTIFY", for_1002, now), Verdict::Wrong);
        let for_1001 = |uri: &Uri| uri.user_text().as_deref() == Some("1001");
        assert_eq!(guard.judge(&given, &right, "NOTIFY", for_1001, now), Verdict::Right);
    }

    /// What our own client answers to the `which`th of the challenges.
    fn answer(guard: &Guard, which: usize, password: &str, at: Instant) -> Vec<Challenge> {
        let challenge = &Challenge::read_line(&guard.challenges(false, at)[which]).unwrap()[0];
        let mut session = Session::new(DigestChallenge::read(challenge).unwrap());
        let line = session.answer(&credentials(password), "NOTIFY", "sip:1001@h", "c");
        Challenge::read_line(&line).unwrap()
    }

    #[test]
    fn whoever_knows_the_password_is_let_in_by_either_algorithm() {
        let (mut guard, now) = guard();
        for which in [0, 1] {
            let at = now + Duration::from_secs(which as u64);
            let given = answer(&guard, which, "right", at);
            assert_eq!(
                guard.judge(&given, &credentials("right"), "NOTIFY", any, at),
                Verdict::Right
            );
            assert_eq!(
                guard.judge(&given, &credentials("right"), "NOTIFY", any, at),
                Verdict::Stale,
                "a copy of a recorded request"
            );
        }
    }

    #[test]
    fn a_wrong_password_another_method_or_a_forged_nonce_proves_nothing() {
        let (mut guard, now) = guard();
        let given = answer(&guard, 0, "wrong", now);
        assert_eq!(guard.judge(&given, &credentials("right"), "NOTIFY", any, now), Verdict::Wrong);
        let given = answer(&guard, 0, "right", now);
        assert_eq!(guard.judge(&given, &credentials("right"), "INVITE", any, now), Verdict::Wrong);
        assert_eq!(guard.judge(&[], &credentials("right"), "NOTIFY", any, now), Verdict::Wrong);
        let stranger = Guard::new("phone", "another".to_owned(), now);
        let given = answer(&stranger, 0, "right", now);
        assert_eq!(guard.judge(&given, &credentials("right"), "NOTIFY", any, now), Verdict::Wrong);
    }

    /// F10: no secret at any level of the log.
    #[test]
    fn a_guard_does_not_show_its_key() {
        let shown = format!("{:?}", guard().0);
        assert!(shown.contains("phone") && !shown.contains("0123456789abcdef"), "{shown}");
    }

    #[test]
    fn an_old_nonce_is_worth_another_try() {
        let (mut guard, now) = guard();
        let given = answer(&guard, 0, "right", now);
        let late = now + limits::NONCE_LIFE;
        assert_eq!(guard.judge(&given, &credentials("right"), "NOTIFY", any, late), Verdict::Stale);
        assert!(guard.challenges(true, late).iter().all(|line| line.ends_with(", stale=true")));
    }

    #[test]
    fn used_nonces_are_bounded_and_never_serve_twice() {
        let (mut guard, now) = guard();
        for n in 0..limits::USED_NONCES as u64 {
            let at = now + Duration::from_millis(n);
            let given = answer(&guard, 0, "right", at);
            assert_eq!(
                guard.judge(&given, &credentials("right"), "NOTIFY", any, at),
                Verdict::Right
            );
        }
        let at = now + Duration::from_secs(1);
        let given = answer(&guard, 0, "right", at);
        assert_eq!(guard.judge(&given, &credentials("right"), "NOTIFY", any, at), Verdict::Stale);
        let later = now + limits::NONCE_LIFE * 2;
        let given = answer(&guard, 0, "right", later);
        assert_eq!(
            guard.judge(&given, &credentials("right"), "NOTIFY", any, later),
            Verdict::Right
        );
        assert_eq!(guard.used.len(), 1);
    }
}
