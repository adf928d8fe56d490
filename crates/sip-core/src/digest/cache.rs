//! Nonces kept for later requests, so that not every request costs a challenge (RFC 3261 §22.2).
//!
//! The key is the caller's: a hop, so that no server ever sees an answer to another's nonce
//! (failover design §3), and whether it asked as registrar or as proxy. Sessions are apart by key
//! and realm.

use super::{Credentials, DigestChallenge, Session};
use crate::limits::NONCES;

/// The sessions of one account, least recently used first.
#[derive(Debug, Clone)]
pub struct NonceCache<K> {
    sessions: Vec<(K, Session)>,
}

impl<K> Default for NonceCache<K> {
    fn default() -> Self {
        Self { sessions: Vec::new() }
    }
}

impl<K: PartialEq> NonceCache<K> {
    /// Keeps a challenge for `key`, in place of an earlier one of the same realm; the same nonce
    /// again goes on counting. At most [`NONCES`] are kept.
    pub fn learn(&mut self, key: K, challenge: DigestChallenge) {
        let known = self.position(&key, &challenge.realm);
        let session = match known.map(|at| self.sessions.remove(at)) {
            Some((_, session)) if session.challenge().nonce == challenge.nonce => session,
            Some(_) | None => Session::new(challenge),
        };
        if self.sessions.len() >= NONCES {
            self.sessions.remove(0);
        }
        // One or two are usual, and each of thousands of lines keeps its own.
        self.sessions.reserve_exact(1);
        self.sessions.push((key, session));
    }

    /// Answers the challenge kept for `key` and `realm`; see [`Session::answer`].
    pub fn answer(
        &mut self,
        key: &K,
        realm: &str,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> Option<String> {
        let at = self.position(key, realm)?;
        let mut entry = self.sessions.remove(at);
        let answer = entry.1.answer(credentials, method, uri, cnonce);
        self.sessions.push(entry);
        Some(answer)
    }

    /// The realms that have a nonce under `key`, oldest use first.
    pub fn realms(&self, key: &K) -> Vec<String> {
        let here = self.sessions.iter().filter(|(held, _)| held == key);
        here.map(|(_, session)| session.challenge().realm.clone()).collect()
    }

    /// Drops all that is kept for `key`, as after a refused answer.
    pub fn forget(&mut self, key: &K) {
        self.sessions.retain(|(held, _)| held != key);
    }

    fn position(&self, key: &K, realm: &str) -> Option<usize> {
        self.sessions
            .iter()
            .position(|(held, session)| held == key && session.challenge().realm == realm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Challenge;

    fn challenge(realm: &str, nonce: &str) -> DigestChallenge {
        let line = format!(r#"Digest realm="{realm}", nonce="{nonce}", qop="auth""#);
        DigestChallenge::read(&Challenge::read_line(&line).unwrap()[0]).unwrap()
    }

    fn answer(cache: &mut NonceCache<u8>, key: u8, realm: &str) -> Option<String> {
        let user = Credentials { user: "alice".to_owned(), password: "secret".to_owned() };
        cache.answer(&key, realm, &user, "REGISTER", "sip:r", "c")
    }

    /// Failover design §3: never the old hop's nonce.
    #[test]
    fn a_nonce_is_never_used_at_another_hop_or_for_another_realm() {
        let mut cache = NonceCache::default();
        cache.learn(1, challenge("a", "first"));
        assert!(answer(&mut cache, 1, "a").unwrap().contains(r#"nonce="first""#));
        assert_eq!(answer(&mut cache, 2, "a"), None);
        assert_eq!(answer(&mut cache, 1, "b"), None);
        cache.forget(&1);
        assert_eq!(answer(&mut cache, 1, "a"), None);
    }

    #[test]
    fn the_count_goes_on_for_the_same_nonce_and_starts_again_for_a_new_one() {
        let mut cache = NonceCache::default();
        cache.learn(1, challenge("a", "first"));
        answer(&mut cache, 1, "a");
        cache.learn(1, challenge("a", "first"));
        assert!(answer(&mut cache, 1, "a").unwrap().contains("nc=00000002"));
        cache.learn(1, challenge("a", "second"));
        assert!(answer(&mut cache, 1, "a").unwrap().contains("nc=00000001"));
        assert_eq!(cache.realms(&1), ["a"]);
    }

    #[test]
    fn the_least_recently_used_nonce_goes_when_there_are_too_many() {
        let mut cache = NonceCache::default();
        for n in 0..NONCES {
            cache.learn(1, challenge(&n.to_string(), "n"));
        }
        assert!(answer(&mut cache, 1, "0").is_some(), "used, so no longer the oldest");
        cache.learn(1, challenge("new", "n"));
        assert_eq!(cache.realms(&1).len(), NONCES);
        assert_eq!(answer(&mut cache, 1, "1"), None);
        assert!(answer(&mut cache, 1, "0").is_some());
    }

    #[test]
    fn a_password_is_not_in_the_debug_form() {
        let user = Credentials { user: "alice".to_owned(), password: "secret".to_owned() };
        assert!(!format!("{user:?}").contains("secret"));
    }
}
