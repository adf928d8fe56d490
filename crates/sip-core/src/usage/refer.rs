//! What a transfer says in its headers and bodies: the progress in a NOTIFY (RFC 3515 §2.4.5) and the
//! dialog that a new one takes the place of (RFC 3891).
//!
//! Reads and writes only; who transfers whom, and whether that is wanted, is its owner's.

use crate::message::{HeaderError, HeaderName, Headers, Uri, ValueError};
use std::fmt;

/// The media type of a NOTIFY's body.
pub const FRAGMENT: &str = "message/sipfrag";

/// The status line at the head of a `message/sipfrag`: code and reason. `None` if there is none.
pub fn status_of(fragment: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(fragment.get(..fragment.len().min(200))?);
    let line = text.lines().next()?.trim();
    let rest = line.strip_prefix("SIP/2.0 ")?.trim_start();
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let code = code.parse().ok().filter(|code| (100..700).contains(code))?;
    Some((code, reason.trim().to_owned()))
}

/// A `message/sipfrag` that holds a status line.
pub fn fragment_of(code: u16, reason: &str) -> Vec<u8> {
    format!("SIP/2.0 {code} {}\r\n", reason.replace(['\r', '\n'], " ")).into_bytes()
}

/// A dialog that is to be replaced, as its other end sees it (RFC 3891 §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// Its Call-ID.
    pub call_id: String,
    /// The tag of who receives this.
    pub to_tag: String,
    /// The tag of the other end.
    pub from_tag: String,
    /// Only if it is early still.
    pub early_only: bool,
}

impl Replaces {
    /// What a header says; `None` where it is no such thing.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let call_id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "to-tag" => to_tag = Some(value.trim().to_owned()),
                "from-tag" => from_tag = Some(value.trim().to_owned()),
                "early-only" => early_only = true,
                _ => {}
            }
        }
        Some(Self { call_id, to_tag: to_tag?, from_tag: from_tag?, early_only })
    }

    /// The wish of an INVITE, if it has one.
    ///
    /// # Errors
    /// If it has one that cannot be read.
    pub fn of(headers: &Headers) -> Result<Option<Self>, HeaderError> {
        match headers.get(&HeaderName::Replaces) {
            Some(text) => {
                let error = ValueError("names no dialog");
                Self::read(text)
                    .map(Some)
                    .ok_or(HeaderError::malformed(HeaderName::Replaces, error))
            }
            None => Ok(None),
        }
    }

    /// The wish in the headers part of a Refer-To URI.
    pub fn of_uri(uri: &Uri) -> Option<Self> {
        let named = uri.headers.as_deref()?.split('&').filter_map(|pair| pair.split_once('='));
        let mut wishes = named.filter(|(name, _)| name.eq_ignore_ascii_case("replaces"));
        Self::read(&unescape(wishes.next()?.1))
    }

    /// The headers part that carries it in a URI, without the `?`.
    pub fn in_uri(&self) -> String {
        format!("Replaces={}", escape(&self.to_string()))
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

/// Escapes all that may not stand in a URI's header value (RFC 3261 §25.1 `hvalue`).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&octet) {
            escaped.push(char::from(octet));
        } else {
            escaped.push_str(&format!("%{octet:02X}"));
        }
    }
    escaped
}

fn unescape(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [octet, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *octet == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                octets.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(*octet);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_of_a_fragment_is_read_and_written() {
        assert_eq!(status_of(b"SIP/2.0 180 Ringing\r\nTo: x\r\n"), Some((180, "Ringing".into())));
        assert_eq!(status_of(b"SIP/2.0 200"), Some((200, String::new())));
        assert_eq!(status_of(&fragment_of(486, "Busy\r\nHere")), Some((486, "Busy  Here".into())));
        let nonsense: [&[u8]; 5] =
            [b"", b"SIP/2.0", b"SIP/2.0 99 x", b"HTTP/1.1 200 OK", &[255; 300]];
        for text in nonsense {
            assert_eq!(status_of(text), None);
        }
    }

    #[test]
    fn replaces_survives_its_way_through_a_uri() {
        let text = "7@h%;from-tag=f 1;to-tag=t;early-only";
        let wish = Replaces::read(text).unwrap();
        assert_eq!(
            (wish.to_tag.as_str(), wish.from_tag.as_str(), wish.early_only),
            ("t", "f 1", true)
        );
        let mut uri: Uri = "sip:a@h".parse().unwrap();
        uri.headers = Some(format!("Subject=x&{}", wish.in_uri()));
        let again: Uri = uri.to_string().parse().unwrap();
        assert_eq!(Replaces::of_uri(&again), Some(wish));
    }

    #[test]
    fn what_names_no_dialog_is_no_wish() {
        for text in ["", ";to-tag=1;from-tag=2", "a;to-tag=1", "a;from-tag=1"] {
            assert_eq!(Replaces::read(text), None, "{text}");
        }
        assert_eq!(unescape("%4"), "%4");
        assert_eq!(unescape("%zz%41"), "%zzA");
    }
}
