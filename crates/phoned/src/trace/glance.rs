//! What is seen of a message at a glance, without reading it as the core does: recorded are also those
//! that the core refuses, and nothing here may cost much or fail.

use std::str::from_utf8;

/// The first lines of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glance<'a>(&'a [u8]);

impl<'a> Glance<'a> {
    pub(super) fn at(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn lines(self) -> impl Iterator<Item = &'a str> {
        let lines = self.0.split(|octet| *octet == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines.take_while(|line| !line.is_empty()).filter_map(|line| from_utf8(line).ok())
    }

    /// The value of the first header of that name, folded lines not included; empty without one.
    pub(super) fn header(self, name: &str, compact: &str) -> &'a str {
        let found = self.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            let found = found.trim_end();
            let is = found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(compact);
            is.then(|| value.trim())
        });
        found.unwrap_or_default()
    }

    /// The status code, if it is a response.
    pub(super) fn code(self) -> Option<u16> {
        let rest = self.lines().next()?.strip_prefix("SIP/2.0 ")?;
        rest.get(..3)?.parse().ok()
    }

    /// The URI of a request.
    pub(super) fn request_uri(self) -> &'a str {
        self.lines().next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default()
    }

    /// The method of the request, or the one that a response answers.
    pub(super) fn method(self) -> &'a str {
        let cseq = self.header("CSeq", "");
        match self.code() {
            Some(_) => cseq.split_whitespace().nth(1).unwrap_or_default(),
            None => {
                let word = self.lines().next().and_then(|line| line.split(' ').next());
                // Method names are tokens; anything else is no SIP.
                let is_token = |word: &&str| word.bytes().all(|octet| octet.is_ascii_graphic());
                word.filter(is_token).unwrap_or_default()
            }
        }
    }

    /// The branch of the topmost Via: which transaction it is of (RFC 3261 §17.1.3).
    pub(super) fn branch(self) -> &'a str {
        let via = self.header("Via", "v").split(',').next().unwrap_or_default();
        let mut parameters = via.split(';').skip(1).filter_map(|part| part.split_once('='));
        let branch = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("branch"));
        branch.map_or("", |(_, value)| value.trim())
    }

    pub(super) fn call_id(self) -> &'a str {
        self.header("Call-ID", "i")
    }
}

/// User and host of a header's address or of a URI: `"A" <sip:1001@h:5060;x>;tag=1` → `1001`, `h`.
pub(super) fn user_and_host(value: &str) -> (&str, &str) {
    let uri =
        value.split_once('<').map_or(value, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let user = user.split([':', ';']).next().unwrap_or(user);
    // An IPv6 reference has colons of its own.
    let end = if host.starts_with('[') {
        host.find(']').map_or(host.len(), |at| at + 1)
    } else {
        host.find([':', ';', '?', '>', ' ']).unwrap_or(host.len())
    };
    (user, host.get(..end).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_responses_are_told_apart_at_a_glance() {
        let request =
            Glance::at(b"INVITE sip:1002@h SIP/2.0\r\ni: abc\r\nCSeq: 1 INVITE\r\n\r\nCall-ID: x");
        assert_eq!((request.method(), request.code()), ("INVITE", None));
        assert_eq!((request.call_id(), request.request_uri()), ("abc", "sip:1002@h"));
        let response = Glance::at(b"SIP/2.0 180 Ringing\nCall-Id : abc\nCSEQ: 1  INVITE\n\n");
        assert_eq!((response.method(), response.code()), ("INVITE", Some(180)));
        assert_eq!(response.call_id(), "abc");
        for garbage in [&b""[..], b"\xff\xff\xff", b"\r\n\r\n", b"SIP/2.0 x", b"SIP/2.0 \xff\xff\n"]
        {
            let glance = Glance::at(garbage);
            assert_eq!((glance.code(), glance.call_id()), (None, ""));
        }
    }

    #[test]
    fn the_branch_is_that_of_the_topmost_via() {
        let via = |value: &str| format!("SIP/2.0 200 OK\r\nv: {value}\r\nVia: x;branch=2\r\n\r\n");
        for (value, branch) in [
            ("SIP/2.0/UDP h;rport=1 ; Branch = z9hG4bK1;x", "z9hG4bK1"),
            ("SIP/2.0/UDP [::1]:5060;branch=a, SIP/2.0/UDP h;branch=b", "a"),
            ("SIP/2.0/UDP h", ""),
        ] {
            assert_eq!(Glance::at(via(value).as_bytes()).branch(), branch);
        }
    }

    #[test]
    fn addresses_are_read_with_and_without_brackets() {
        for (value, user, host) in [
            ("\"A\" <sip:1001@example.test:5060;x=1>;tag=1", "1001", "example.test"),
            ("sips:u:pw@[::1]:5060", "u", "[::1]"),
            ("sip:example.test;tag=2", "", "example.test"),
            ("<tel:123>", "", "123"),
            ("", "", ""),
        ] {
            assert_eq!(user_and_host(value), (user, host), "{value}");
        }
    }
}
