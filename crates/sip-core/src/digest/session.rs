//! One nonce in use: every answer with it counts.

use super::hash::{Inputs, response};
use super::{Credentials, DigestChallenge};
use crate::message::grammar::write_quoted;
use std::fmt::Write;

/// A challenge and how often it has been answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    challenge: DigestChallenge,
    count: u32,
}

impl Session {
    /// A challenge that has just come.
    pub fn new(challenge: DigestChallenge) -> Self {
        Self { challenge, count: 0 }
    }

    /// The challenge that is answered.
    pub fn challenge(&self) -> &DigestChallenge {
        &self.challenge
    }

    /// The value of an Authorization or Proxy-Authorization header for a request. `uri` is the
    /// Request-URI as it stands in the request; `cnonce` is fresh randomness.
    ///
    /// Each answer, a repeated request with the same CSeq included, takes the next nonce count
    /// (RFC 7616 §3.4): a server refuses one that it has seen.
    pub fn answer(
        &mut self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> String {
        self.count = self.count.saturating_add(1);
        let challenge = &self.challenge;
        let count = format!("{:08x}", self.count);
        let inputs = Inputs {
            user: &credentials.user,
            realm: &challenge.realm,
            password: &credentials.password,
            nonce: &challenge.nonce,
            method,
            uri,
            auth: challenge.qop_auth.then_some((count.as_str(), cnonce)),
        };
        let response = response(challenge.algorithm, &inputs);
        let user = if challenge.userhash {
            challenge.algorithm.of(&[&credentials.user, &challenge.realm])
        } else {
            credentials.user.clone()
        };
        let mut value = Value::new();
        value.quoted("username", &user);
        value.quoted("realm", &challenge.realm);
        value.quoted("nonce", &challenge.nonce);
        value.quoted("uri", uri);
        value.quoted("response", &response);
        if challenge.algorithm_named {
            value.token("algorithm", challenge.algorithm.name());
        }
        if challenge.qop_auth {
            value.token("qop", "auth");
            value.token("nc", &count);
            value.quoted("cnonce", cnonce);
        }
        if let Some(opaque) = &challenge.opaque {
            value.quoted("opaque", opaque);
        }
        if challenge.userhash {
            value.token("userhash", "true");
        }
        value.0
    }
}

/// A header value in the making. RFC 3261 §25.1 fixes which parameters are quoted, and some servers
/// mind. Writing into a String does not fail.
struct Value(String);

impl Value {
    fn new() -> Self {
        Self("Digest ".to_owned())
    }

    fn name(&mut self, name: &str) {
        let comma = if self.0.ends_with(' ') { "" } else { ", " };
        let _ = write!(self.0, "{comma}{name}=");
    }

    fn quoted(&mut self, name: &str, value: &str) {
        self.name(name);
        let _ = write_quoted(&mut self.0, value);
    }

    fn token(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Challenge;

    fn session(line: &str) -> Session {
        let challenge = &Challenge::read_line(line).unwrap()[0];
        Session::new(DigestChallenge::read(challenge).unwrap())
    }

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials { user: user.to_owned(), password: password.to_owned() }
    }

    /// RFC 7616 §3.9.1, as a header.
    #[test]
    fn an_answer_carries_what_the_challenge_asks_for() {
        let mut session = session(
            r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
                .replace('\n', " ")
                .as_str(),
        );
        let answer = session.answer(
            &credentials("Mufasa", "Circle of Life"),
            "GET",
            "/dir/index.html",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        );
        let expected = concat!(
            r#"Digest username="Mufasa", realm="http-auth@example.org", "#,
            r#"nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", "#,
            r#"response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", "#,
            r#"algorithm=SHA-256, qop=auth, nc=00000001, "#,
            r#"cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "#,
            r#"opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#,
        );
        assert_eq!(answer, expected);
    }

    #[test]
    fn the_nonce_count_rises_with_every_answer_and_the_response_with_it() {
        let mut session = session(r#"Digest realm="r", nonce="n", qop="auth""#);
        let user = credentials("alice", "secret");
        let first = session.answer(&user, "REGISTER", "sip:r", "c");
        let second = session.answer(&user, "REGISTER", "sip:r", "c");
        assert!(first.contains("nc=00000001") && second.contains("nc=00000002"));
        let response = |answer: &str| answer.split("response=").nth(1).map(str::to_owned);
        assert_ne!(response(&first), response(&second));
    }

    /// RFC 2069: what servers without `qop` understand.
    #[test]
    fn without_qop_there_is_no_count_and_no_client_nonce() {
        let mut session = session(r#"Digest realm="r", nonce="n""#);
        let answer = session.answer(&credentials("a", "b"), "BYE", "sip:x", "c");
        let ha1 = super::super::Algorithm::Md5.of(&["a", "r", "b"]);
        let ha2 = super::super::Algorithm::Md5.of(&["BYE", "sip:x"]);
        let response = super::super::Algorithm::Md5.of(&[&ha1, "n", &ha2]);
        assert_eq!(
            answer,
            format!(
                r#"Digest username="a", realm="r", nonce="n", uri="sip:x", response="{response}""#
            )
        );
    }

    #[test]
    fn quotes_and_backslashes_are_escaped_so_that_nothing_can_be_smuggled_in() {
        let mut session = session(r#"Digest realm="a \"b\" \\ c", nonce="n""#);
        let answer = session.answer(&credentials("x\", realm=\"y", "p"), "BYE", "sip:x", "c");
        let read = &Challenge::read_line(&answer).unwrap()[0];
        assert_eq!(read.value("username"), Some("x\", realm=\"y"));
        assert_eq!(read.value("realm"), Some(r#"a "b" \ c"#));
        assert_eq!(read.params.iter().filter(|(name, _)| name == "realm").count(), 1);
    }

    #[test]
    fn a_server_that_asks_for_it_gets_the_user_name_as_a_hash() {
        let mut session =
            session(r#"Digest realm="r", nonce="n", algorithm=SHA-256, userhash=true"#);
        let answer = session.answer(&credentials("alice", "p"), "BYE", "sip:x", "c");
        assert!(!answer.contains("alice"));
        assert!(answer.ends_with(", userhash=true"));
    }
}
