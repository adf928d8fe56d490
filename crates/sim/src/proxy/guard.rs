//! Digest authentication as a server does it (RFC 7616 with MD5, `qop=auth`): nonces of its own,
//! each good for a while, and a check of what comes back.
//!
//! The sum is worked out here and not by sip-core, so that the phone's arithmetic is held against
//! a second one. A nonce names its proxy, so that a look at the wire tells who issued it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use md5::{Digest, Md5};

/// The realm of all proxies of a world.
pub const REALM: &str = "sim.test";

/// Nonces remembered by one proxy; an older one is unknown, as after a restart.
const NONCES: usize = 256;

/// The password of a user in a simulated world.
#[must_use]
pub fn password(user: &str) -> String {
    format!("secret of {user}")
}

/// What a server makes of a request's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are right.
    Accepted,
    /// There are none, or their nonce is not known here.
    Unknown,
    /// They are right but for a nonce that has grown old.
    Stale,
    /// They are wrong.
    Wrong,
}

/// One proxy's nonces.
#[derive(Debug, Clone)]
pub struct Guard {
    name: String,
    life: Duration,
    issued: BTreeMap<u64, Instant>,
    next: u64,
}

impl Guard {
    /// For the proxy called `name`, with nonces good for `life`.
    #[must_use]
    pub fn new(name: &str, life: Duration) -> Self {
        Self { name: name.to_owned(), life, issued: BTreeMap::new(), next: 1 }
    }

    /// Forgets all nonces, as a restart does. New ones still differ from all before.
    pub fn restart(&mut self) {
        self.issued.clear();
    }

    /// A challenge with a new nonce, as the value of WWW-Authenticate or Proxy-Authenticate.
    pub fn challenge(&mut self, stale: bool, now: Instant) -> String {
        let number = self.next;
        self.next += 1;
        self.issued.insert(number, now);
        if self.issued.len() > NONCES {
            self.issued.pop_first();
        }
        let stale = if stale { ", stale=true" } else { "" };
        let nonce = format!("{}-{number}", self.name);
        format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"{stale}")
    }

    /// Judges the credentials of one header line.
    #[must_use]
    pub fn check(&self, method: &str, credentials: &str, now: Instant) -> Verdict {
        let Some(given) = Credentials::read(credentials) else { return Verdict::Unknown };
        let number = given
            .nonce
            .strip_prefix(self.name.as_str())
            .and_then(|rest| rest.strip_prefix('-')?.parse::<u64>().ok());
        let Some(issued) = number.and_then(|number| self.issued.get(&number)) else {
            return Verdict::Unknown;
        };
        if given.response != given.expected(method) {
            return Verdict::Wrong;
        }
        if now.duration_since(*issued) > self.life { Verdict::Stale } else { Verdict::Accepted }
    }
}

/// The proxy that issued the nonce in a line of credentials, by name.
#[must_use]
pub fn issuer(credentials: &str) -> Option<&str> {
    Some(Credentials::read(credentials)?.nonce.rsplit_once('-')?.0)
}

/// The user named in a line of credentials.
#[must_use]
pub fn user(credentials: &str) -> Option<&str> {
    Credentials::read(credentials).map(|given| given.user)
}

#[derive(Debug, Default)]
struct Credentials<'a> {
    user: &'a str,
    nonce: &'a str,
    uri: &'a str,
    count: &'a str,
    client_nonce: &'a str,
    response: &'a str,
}

impl<'a> Credentials<'a> {
    /// Reads `Digest name="value", …`. None of the values used here holds a comma.
    fn read(line: &'a str) -> Option<Self> {
        let parameters = line.trim().strip_prefix("Digest ")?;
        let mut read = Self::default();
        for parameter in parameters.split(',') {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_matches('"');
            match name.trim() {
                "username" => read.user = value,
                "nonce" => read.nonce = value,
                "uri" => read.uri = value,
                "nc" => read.count = value,
                "cnonce" => read.client_nonce = value,
                "response" => read.response = value,
                _ => {}
            }
        }
        Some(read)
    }

    /// RFC 7616 §3.4.1 with `qop=auth`.
    fn expected(&self, method: &str) -> String {
        let a1 = hash(&format!("{}:{REALM}:{}", self.user, password(self.user)));
        let a2 = hash(&format!("{method}:{}", self.uri));
        let Self { nonce, count, client_nonce, .. } = self;
        hash(&format!("{a1}:{nonce}:{count}:{client_nonce}:auth:{a2}"))
    }
}

fn hash(text: &str) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let sum = Md5::digest(text.as_bytes());
    sum.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        Instant::now()
    }

    fn answer(nonce: &str, response: &str) -> String {
        format!(
            "Digest username=\"1001\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"sip:sim.test\", response=\"{response}\", algorithm=MD5, cnonce=\"c\", qop=auth, nc=00000001"
        )
    }

    fn right(nonce: &str) -> String {
        let line = answer(nonce, "");
        let response = Credentials::read(&line).map(|c| c.expected("REGISTER")).unwrap();
        answer(nonce, &response)
    }

    #[test]
    fn the_hash_is_md5() {
        assert_eq!(hash("abc"), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn only_ones_own_fresh_nonces_and_right_sums_are_accepted() {
        let (now, life) = (start(), Duration::from_secs(20));
        let mut guard = Guard::new("p1", life);
        assert!(guard.challenge(false, now).contains("nonce=\"p1-1\""));
        assert_eq!(guard.check("REGISTER", &right("p1-1"), now), Verdict::Accepted);
        assert_eq!(guard.check("REGISTER", &right("p2-1"), now), Verdict::Unknown);
        assert_eq!(guard.check("REGISTER", &right("p1-9"), now), Verdict::Unknown);
        assert_eq!(guard.check("INVITE", &right("p1-1"), now), Verdict::Wrong);
        let late = now + life + Duration::from_secs(1);
        assert_eq!(guard.check("REGISTER", &right("p1-1"), late), Verdict::Stale);
        guard.restart();
        assert_eq!(guard.check("REGISTER", &right("p1-1"), now), Verdict::Unknown);
    }

    #[test]
    fn credentials_tell_who_issued_their_nonce_and_for_whom() {
        assert_eq!(issuer(&right("p2-7")), Some("p2"));
        assert_eq!(user(&right("p2-7")), Some("1001"));
    }
}
