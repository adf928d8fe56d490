//! Whether a challenge rejects credentials that answered a nonce for the first time.

use crate::message::{Challenge, HeaderName, Request, Response, StatusCode};

/// Whether a 401 or 407 asks again for no other credentials than those that the request brought, and
/// these were the first use of each nonce (`nc=00000001`, RFC 7616 §3.4): it cannot have become old, so
/// the password is wrong, or the server has seen the same request before. `false` without `qop`, where
/// nothing is counted.
pub fn rejects_first_use(request: &Request, response: &Response) -> bool {
    let (asks, brings) = match response.code {
        StatusCode::UNAUTHORIZED => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization)
        }
        _ => return false,
    };
    let brought = request.headers.challenges(brings);
    let first_use = |asked: &Challenge| {
        let realm = asked.value("realm");
        let answers = |given: &&Challenge| given.value("realm") == realm;
        brought.iter().find(answers).and_then(|given| given.value("nc")) == Some("00000001")
    };
    let asked = response.headers.challenges(asks);
    !asked.is_empty() && asked.iter().all(first_use)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Method;

    fn rejects(credentials: &[&str], challenges: &[&str]) -> bool {
        let mut request = Request::new(Method::Register, "sip:h".parse().unwrap());
        for line in credentials {
            request.headers.push(HeaderName::Authorization, *line);
        }
        let mut response = Response::to(&request, StatusCode::UNAUTHORIZED);
        for line in challenges {
            response.headers.push(HeaderName::WwwAuthenticate, *line);
        }
        rejects_first_use(&request, &response)
    }

    const FIRST: &str = r#"Digest realm="a", nonce="1", qop=auth, nc=00000001"#;
    const LATER: &str = r#"Digest realm="a", nonce="1", qop=auth, nc=00000002"#;
    const ASKED: &str = r#"Digest realm="a", nonce="2", qop="auth""#;

    #[test]
    fn the_first_answer_to_a_nonce_is_told_from_a_later_one_and_from_none() {
        assert!(rejects(&[FIRST], &[ASKED]));
        assert!(!rejects(&[LATER], &[ASKED]), "the nonce may have become old");
        assert!(!rejects(&[], &[ASKED]));
        assert!(!rejects(&[FIRST], &[]));
        assert!(!rejects(&[r#"Digest realm="a", nonce="1""#], &[ASKED]), "nothing is counted");
    }

    #[test]
    fn a_realm_that_was_not_answered_is_no_rejection() {
        let other = r#"Digest realm="b", nonce="2", qop="auth""#;
        assert!(!rejects(&[FIRST], &[other]));
        assert!(!rejects(&[FIRST], &[ASKED, other]));
        assert!(!rejects(&[r#"Digest realm="b", nonce="1", nc=00000001"#, LATER], &[ASKED]));
    }
}
