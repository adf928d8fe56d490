//! Challenges and credentials: `Digest realm="…", nonce="…"` (RFC 7616 §3, RFC 8760).
//!
//! Both have the same form: a scheme and comma-separated parameters. What they are worth is for
//! whoever computes digests; nothing is refused here for being unknown.

use super::{
    ValueError,
    grammar::{is_token, quoted, split, trim},
};

/// A scheme and its parameters, quoted values undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme as spelled; compare it without regard to case.
    pub scheme: String,
    /// Names as spelled, and what their values say.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// What the first parameter called `name` says.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(held, _)| held.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// Whether the scheme is `name`.
    pub fn is_scheme(&self, name: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(name)
    }

    /// Reads one header line. RFC 3261 §7.3.1 wants one challenge a line; RFC 7235 peers put several
    /// on one, and both are read.
    pub fn read_line(line: &str) -> Result<Vec<Self>, ValueError> {
        let mut challenges: Vec<Self> = Vec::new();
        for piece in split(line, b',').filter(|piece| !piece.is_empty()) {
            let (scheme, param) = leading_scheme(piece);
            if let Some(scheme) = scheme {
                challenges.push(Self { scheme: scheme.to_owned(), params: Vec::new() });
            }
            let challenge = challenges
                .last_mut()
                .ok_or(ValueError("expected a scheme before the parameters"))?;
            if !param.is_empty() {
                challenge.params.push(read_param(param)?);
            }
        }
        if challenges.is_empty() {
            return Err(ValueError("expected a scheme"));
        }
        Ok(challenges)
    }
}

/// Cuts `Digest realm="x"` into its scheme and first parameter; a parameter alone has no scheme.
fn leading_scheme(piece: &str) -> (Option<&str>, &str) {
    match piece.split_once([' ', '\t']) {
        Some((word, rest)) if is_token(word) && !trim(rest).starts_with('=') => {
            (Some(word), trim(rest))
        }
        None if is_token(piece) => (Some(piece), ""),
        Some(_) | None => (None, piece),
    }
}

fn read_param(text: &str) -> Result<(String, String), ValueError> {
    let (name, value) = text.split_once('=').ok_or(ValueError("a parameter has no value"))?;
    let (name, value) = (trim(name), trim(value));
    if !is_token(name) {
        return Err(ValueError("a parameter's name is not a token"));
    }
    if !value.starts_with('"') {
        return Ok((name.to_owned(), value.to_owned()));
    }
    let (said, rest) = quoted(value)?;
    if !rest.is_empty() {
        return Err(ValueError("something follows a parameter's quoted string"));
    }
    Ok((name.to_owned(), said.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<Challenge> {
        Challenge::read_line(line).unwrap()
    }

    #[test]
    fn a_quoted_comma_and_an_escaped_quote_stay_inside() {
        let line =
            r#"Digest realm="a \"b\", c", qop="auth,auth-int" , algorithm = SHA-256,nonce="n=="#;
        let challenge = &read(&format!("{line}\""))[0];
        assert!(challenge.is_scheme("digest"));
        assert_eq!(challenge.value("REALM"), Some(r#"a "b", c"#));
        assert_eq!(challenge.value("qop"), Some("auth,auth-int"));
        assert_eq!(challenge.value("algorithm"), Some("SHA-256"));
        assert_eq!(challenge.value("nonce"), Some("n=="));
    }

    #[test]
    fn several_challenges_may_share_a_line() {
        let challenges =
            read(r#"Digest realm="a", nonce="1", Digest realm="b", nonce="2", Negotiate"#);
        let realms: Vec<_> = challenges.iter().map(|one| one.value("realm")).collect();
        assert_eq!(realms, [Some("a"), Some("b"), None]);
    }

    #[test]
    fn an_unknown_scheme_is_a_value() {
        let challenge = &read("NoOneKnowsThisScheme opaque-data=here")[0];
        assert_eq!(challenge.scheme, "NoOneKnowsThisScheme");
        assert_eq!(challenge.value("opaque-data"), Some("here"));
    }

    #[test]
    fn what_is_no_challenge_is_refused() {
        for line in ["", ",", r#"realm="x""#, r#"Digest realm="x"#, r#"Digest a="b"c"#, "Digest =x"]
        {
            assert!(Challenge::read_line(line).is_err(), "{line}");
        }
    }
}
