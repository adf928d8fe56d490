//! SIP and SIPS URIs, and every other kind kept verbatim (RFC 3261 §19.1).
//!
//! The parts are held as they stood on the wire, escapes included, and written back the same; only
//! the scheme's case, leading zeros of a port and an IPv6 address take their usual form. Comparing
//! (§19.1.4) is in `uri_match.rs`. What a URI resolves to is not known here.

use std::{borrow::Cow, fmt, str::FromStr};

use super::{Host, Params, ValueError, uri_match::percent_decode};

/// A URI's scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `sip`
    Sip,
    /// `sips`
    Sips,
    /// `tel` (RFC 3966)
    Tel,
    /// Any other, as spelled.
    Other(Box<str>),
}

impl Scheme {
    /// The scheme as written before the colon.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(name) => name,
        }
    }
}

/// A URI.
///
/// For `sip` and `sips` the fields hold its parts. For any other scheme [`Uri::opaque`] holds all
/// that follows the colon, and the fields but the scheme say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// The scheme.
    pub scheme: Scheme,
    /// The part before the `@` (and before a `:`), escapes as on the wire.
    pub user: Option<String>,
    /// The part between `:` and `@`. Not to be used (RFC 3261 §19.1.1), but kept.
    pub password: Option<String>,
    /// The host.
    pub host: Host,
    /// The port, if one is written.
    pub port: Option<u16>,
    /// The URI's own parameters (not those of the header it stands in).
    pub params: Params,
    /// What follows the `?`, as on the wire.
    pub headers: Option<String>,
    opaque: Option<Box<str>>,
}

impl Uri {
    /// `sip:user@host`; `user` is plain text and is escaped as needed.
    pub fn sip(user: Option<&str>, host: impl Into<Host>) -> Self {
        Self {
            scheme: Scheme::Sip,
            user: user.map(escape_user),
            password: None,
            host: host.into(),
            port: None,
            params: Params::new(),
            headers: None,
            opaque: None,
        }
    }

    /// A URI of a scheme that is not looked into, `text` being all of it.
    fn verbatim(scheme: Scheme, rest: &str) -> Self {
        let mut uri = Self::sip(None, Host::Name(String::new()));
        uri.scheme = scheme;
        uri.opaque = Some(rest.into());
        uri
    }

    /// Stands for a Request-URI that could not be read, in a request that is about to be refused.
    pub fn unreadable(text: &str) -> Self {
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        Self::verbatim(Scheme::Other(scheme.into()), rest)
    }

    /// All that follows the scheme's colon, for a scheme other than `sip` and `sips`.
    pub fn opaque(&self) -> Option<&str> {
        self.opaque.as_deref()
    }

    /// Whether this is a `sip` or `sips` URI, the two a SIP element can route.
    pub fn is_sip(&self) -> bool {
        self.opaque.is_none()
    }

    /// The user part with its escapes undone, or the number of a `tel` URI: what a user is shown.
    pub fn user_text(&self) -> Option<Cow<'_, str>> {
        match (&self.scheme, &self.opaque) {
            (Scheme::Tel, Some(rest)) => rest.split(';').next().map(Cow::Borrowed),
            _ => self.user.as_deref().map(percent_decode),
        }
    }

    /// The URI parameter called `name`, its escapes undone on both sides (RFC 3261 §19.1.4:
    /// `%6C%72` is `lr`). `Some(None)` if it has no value.
    pub fn param(&self, name: &str) -> Option<Option<Cow<'_, str>>> {
        let (_, value) =
            self.params.iter().find(|(held, _)| percent_decode(held).eq_ignore_ascii_case(name))?;
        Some(value.map(percent_decode))
    }

    /// Whether it carries `lr`: a Route entry of a loose router (RFC 3261 §19.1.1).
    pub fn is_loose(&self) -> bool {
        self.param("lr").is_some()
    }

    /// The `transport` parameter's value, as written.
    pub fn transport(&self) -> Option<&str> {
        self.params.value("transport")
    }
}

/// Escapes what may not stand in a user part (RFC 3261 §25.1 `user`), `%` included.
fn escape_user(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&octet) {
            escaped.push(char::from(octet));
        } else {
            // Two digits each, written by hand so that no failure needs to be thought of.
            let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value & 0xF)]);
            escaped.extend(['%', digit(octet >> 4), digit(octet)]);
        }
    }
    escaped
}

impl FromStr for Uri {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text.contains(|c: char| c.is_ascii_control() || matches!(c, ' ' | '<' | '>' | '"')) {
            return Err(ValueError("a URI has a space, quote, bracket or control character"));
        }
        let (scheme, rest) = text.split_once(':').ok_or(ValueError("a URI has no scheme"))?;
        match read_scheme(scheme)? {
            scheme @ (Scheme::Sip | Scheme::Sips) => read_sip(scheme, rest),
            _ if rest.is_empty() => Err(ValueError("a URI has nothing after its scheme")),
            scheme @ (Scheme::Tel | Scheme::Other(_)) => Ok(Self::verbatim(scheme, rest)),
        }
    }
}

fn read_scheme(text: &str) -> Result<Scheme, ValueError> {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet);
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.bytes().all(fits) {
        return Err(ValueError("a URI has no scheme"));
    }
    let known = [Scheme::Sip, Scheme::Sips, Scheme::Tel];
    let found = known.into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(text));
    Ok(found.unwrap_or_else(|| Scheme::Other(text.into())))
}

/// Reads the part after `sip:`. The user part may hold `;`, `?`, `/` and `,`, so the `@` is looked
/// for first; nothing after it may hold one.
fn read_sip(scheme: Scheme, rest: &str) -> Result<Uri, ValueError> {
    let (userinfo, rest) = match rest.split_once('@') {
        Some((userinfo, rest)) => (Some(userinfo), rest),
        None => (None, rest),
    };
    let (user, password) = match userinfo.map(|text| text.split_once(':').ok_or(text)) {
        Some(Ok((user, password))) => (Some(user), Some(password)),
        Some(Err(user)) => (Some(user), None),
        None => (None, None),
    };
    if user.is_some_and(str::is_empty) {
        return Err(ValueError("a URI has an empty user part before the @"));
    }
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, Some(headers)),
        None => (rest, None),
    };
    let (hostport, params) = match rest.split_once(';') {
        Some((hostport, params)) => (hostport, Params::of_uri(params)?),
        None => (rest, Params::new()),
    };
    let (host, port) = Host::with_port(hostport)?;
    Ok(Uri {
        scheme,
        user: user.map(str::to_owned),
        password: password.map(str::to_owned),
        host,
        port,
        params,
        headers: headers.map(str::to_owned),
        opaque: None,
    })
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme.as_str())?;
        if let Some(rest) = &self.opaque {
            return f.write_str(rest);
        }
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            f.write_str("@")?;
        }
        self.host.fmt(f)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn a_dot_in_the_user_part_stays_in_the_user_part() {
        let uri = uri("sip:mario.rossi@example.com");
        assert_eq!(uri.user.as_deref(), Some("mario.rossi"));
        assert_eq!(uri.host, Host::Name("example.com".into()));
    }

    #[test]
    fn every_part_is_found_and_written_back() {
        let text = "sips:a;b?c:pw@[2001:db8::1]:5061;line=abc:def=g;lr?Subject=x&y=z";
        let uri = uri(text);
        assert_eq!(uri.scheme, Scheme::Sips);
        assert_eq!(uri.user.as_deref(), Some("a;b?c"));
        assert_eq!(uri.password.as_deref(), Some("pw"));
        assert_eq!(uri.host.ip(), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(uri.port, Some(5061));
        assert_eq!(uri.params.value("line"), Some("abc:def=g"));
        assert!(uri.is_loose());
        assert_eq!(uri.headers.as_deref(), Some("Subject=x&y=z"));
        assert_eq!(uri.to_string(), text);
    }

    #[test]
    fn a_scheme_that_is_not_sip_is_kept_verbatim() {
        for text in
            ["tel:+1-201-555;phone-context=x", "soap.beep://192.0.2.103:3002", "isbn:2983792873"]
        {
            assert_eq!(uri(text).to_string(), text);
            assert!(!uri(text).is_sip());
        }
        assert_eq!(uri("TEL:+1201;x=y").user_text().as_deref(), Some("+1201"));
    }

    #[test]
    fn an_escaped_lr_is_lr() {
        assert!(uri("sip:h;%6C%72").is_loose());
        assert!(uri("sip:h;LR").is_loose());
        assert!(!uri("sip:h;lrx").is_loose());
    }

    #[test]
    fn a_dialled_text_is_escaped_and_read_back() {
        let dialled = Uri::sip(Some("*43#@ %ü"), Host::Name("h".into()));
        assert_eq!(dialled.to_string(), "sip:*43%23%40%20%25%C3%BC@h");
        assert_eq!(uri(&dialled.to_string()).user_text().as_deref(), Some("*43#@ %ü"));
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "sip",
            "sip:",
            "sip:@h",
            "sip:a@",
            "sip:a@b@c",
            "sip:2001:db8::10",
            "sip:h;",
            "sip:a b@h",
            "<sip:h>",
            "1x:y",
            ":x",
            "tel:",
            "sip:[2001:db8:::1]",
            "sip:h:99999",
            "sip:a@h\r\nX: y",
        ] {
            assert!(text.parse::<Uri>().is_err(), "{text}");
        }
    }
}
