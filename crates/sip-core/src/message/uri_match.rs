//! When two URIs are the same (RFC 3261 §19.1.4), and the escapes that this depends on (§19.1.2).

use std::borrow::Cow;

use super::{Params, Uri};

/// Parameters that count even where only one of the two URIs has them (RFC 3261 §19.1.4).
const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl Uri {
    /// Whether the two are equivalent by RFC 3261 §19.1.4.
    ///
    /// Not transitive, as the RFC says: a parameter that only one URI has is mostly ignored.
    pub fn matches(&self, other: &Self) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        if !self.is_sip() || !other.is_sip() {
            return self.opaque() == other.opaque();
        }
        same(self.user.as_deref(), other.user.as_deref())
            && same(self.password.as_deref(), other.password.as_deref())
            && self.host == other.host
            && self.port == other.port
            && params_agree(&self.params, &other.params)
            && headers_agree(self.headers.as_deref(), other.headers.as_deref())
    }
}

fn same(one: Option<&str>, two: Option<&str>) -> bool {
    one.map(normal) == two.map(normal)
}

fn params_agree(one: &Params, two: &Params) -> bool {
    let decided = DECISIVE.iter().all(|name| one.has(name) == two.has(name));
    let shared = one.iter().all(|(name, _)| {
        let (here, there) = (values(one, name), values(two, name));
        there.is_empty() || here == there
    });
    decided && shared
}

/// The values of every parameter called `name`, in the form they are compared in. None should occur
/// twice, and one that does has to agree in both.
fn values(params: &Params, name: &str) -> Vec<Option<String>> {
    let name = normal(name);
    let named = params.iter().filter(|(held, _)| normal(held).eq_ignore_ascii_case(&name));
    named.map(|(_, value)| value.map(|value| normal(value).to_ascii_lowercase())).collect()
}

/// Header parts agree if they hold the same pairs in any order.
fn headers_agree(one: Option<&str>, two: Option<&str>) -> bool {
    let pairs = |headers: Option<&str>| {
        let split = headers.into_iter().flat_map(|text| text.split('&'));
        let mut pairs: Vec<_> = split
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (normal(name).to_ascii_lowercase(), normal(value).into_owned())
            })
            .collect();
        pairs.sort();
        pairs
    };
    pairs(one) == pairs(two)
}

/// Undoes the escapes of characters that need none, and writes the others in upper case, so that
/// equal texts become the same. An escaped reserved character stays different from a bare one.
fn normal(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some((octet, digits)) = escape_at(rest) {
            if octet.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&octet) {
                out.push(char::from(octet));
            } else {
                out.push('%');
                out.push_str(&digits.to_ascii_uppercase());
            }
            rest = rest.get(3..).unwrap_or_default();
        } else {
            out.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }
    Cow::Owned(out)
}

/// Undoes every escape. Octets that are then no UTF-8 are shown as replacement characters; what is
/// not an escape (`%Z`) stays.
pub(super) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let width = if let Some((octet, _)) = escape_at(rest) {
            octets.push(octet);
            3
        } else {
            octets.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            character.len_utf8()
        };
        rest = rest.get(width..).unwrap_or_default();
    }
    Cow::Owned(String::from_utf8_lossy(&octets).into_owned())
}

/// The escape `text` starts with: its octet and its two digits.
fn escape_at(text: &str) -> Option<(u8, &str)> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    if !digits.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(digits, 16).ok().map(|octet| (octet, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(one: &str, two: &str) -> bool {
        let (one, two): (Uri, Uri) = (one.parse().unwrap(), two.parse().unwrap());
        assert_eq!(one.matches(&two), two.matches(&one), "{one} and {two}: both ways");
        one.matches(&two)
    }

    #[test]
    fn the_equal_pairs_of_rfc_3261_19_1_4_are_equal() {
        for (one, two) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ] {
            assert!(agree(one, two), "{one} and {two}");
        }
    }

    #[test]
    fn the_different_pairs_of_rfc_3261_19_1_4_differ() {
        for (one, two) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a%3Bb@h", "sip:a;b@h"),
            ("sip:a@h", "sips:a@h"),
            ("tel:+1", "tel:+2"),
        ] {
            assert!(!agree(one, two), "{one} and {two}");
        }
    }

    #[test]
    fn a_parameter_that_occurs_twice_must_agree_in_both() {
        assert!(agree("sip:h;a=1;a=2", "sip:h;a=1;A=2"));
        assert!(!agree("sip:h;a=1;a=2", "sip:h;a=1"));
        assert!(!agree("sip:h;a", "sip:h;a=1"));
        assert!(agree("sip:h;a=1;a=2", "sip:h"));
    }

    #[test]
    fn an_escape_that_is_none_stays() {
        assert_eq!(percent_decode("%Z%45%"), "%ZE%");
        assert_eq!(percent_decode("%FF"), "\u{FFFD}");
    }
}
