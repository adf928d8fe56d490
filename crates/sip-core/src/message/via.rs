//! One Via value: who sent the request on its last leg, and how (RFC 3261 §20.42, RFC 3581).
//!
//! White space may stand around every `/`, `:`, `;` and `=`. Where a response goes is decided
//! elsewhere; here are only the words.

use std::{fmt, net::IpAddr, str::FromStr};

use super::{
    Host, Params, ValueError,
    grammar::{is_token, trim},
};

/// The transport a Via names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// `UDP`
    Udp,
    /// `TCP`
    Tcp,
    /// `TLS`
    Tls,
    /// Any other, as spelled.
    Other(Box<str>),
}

impl Transport {
    /// The name as written in a Via.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Transport {
    fn from(name: &str) -> Self {
        let known = [Self::Udp, Self::Tcp, Self::Tls];
        let found = known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| Self::Other(name.into()))
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A Via value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// How it was sent.
    pub transport: Transport,
    /// The sent-by host.
    pub host: Host,
    /// The sent-by port, if written.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport`, `maddr`, `ttl` and any other.
    pub params: Params,
}

impl Via {
    /// A Via for a request of ours, with its branch.
    pub fn new(
        transport: Transport,
        host: impl Into<Host>,
        port: Option<u16>,
        branch: &str,
    ) -> Self {
        let mut params = Params::new();
        params.set("branch", Some(branch));
        Self { transport, host: host.into(), port, params }
    }

    /// The branch: as written, or `None` if absent (RFC 2543 peers).
    pub fn branch(&self) -> Option<&str> {
        self.params.value("branch")
    }

    /// The `received` address. With brackets and without (RFC 5118 §4.5).
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.value("received")?;
        text.parse().ok().or_else(|| text.parse::<Host>().ok().and_then(|host| host.ip()))
    }

    /// The `rport` parameter (RFC 3581): `Some(None)` asks for it, `Some(Some(port))` answers.
    /// A value that is no port is none.
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.get("rport").map(|value| value.and_then(|digits| digits.parse().ok()))
    }
}

impl FromStr for Via {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut parts = text.splitn(3, '/');
        let (Some(name), Some(version), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(ValueError("expected SIP/2.0/transport"));
        };
        if !trim(name).eq_ignore_ascii_case("SIP") || trim(version) != "2.0" {
            return Err(ValueError("the protocol is not SIP/2.0"));
        }
        let rest = trim(rest);
        let (transport, rest) =
            rest.split_once([' ', '\t']).ok_or(ValueError("nothing follows the transport"))?;
        if !is_token(transport) {
            return Err(ValueError("the transport is not a token"));
        }
        let (sent_by, params) = match rest.split_once(';') {
            Some((sent_by, params)) => (sent_by, Params::of_header(params)?),
            None => (rest, Params::new()),
        };
        let (host, port) = Host::with_port(sent_by)?;
        Ok(Self { transport: transport.into(), host, port, params })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_may_stand_between_all_its_parts() {
        let via: Via =
            "SIP  / 2.0  / TCP     spindle.example.com : 5070   ;  branch  =   z9hG4bK9ikj8 "
                .parse()
                .unwrap();
        assert_eq!(via.to_string(), "SIP/2.0/TCP spindle.example.com:5070;branch=z9hG4bK9ikj8");
    }

    #[test]
    fn received_is_read_with_and_without_brackets() {
        let expected = Some("2001:db8::9:255".parse().unwrap());
        for text in ["2001:db8::9:255", "[2001:db8::9:255]"] {
            let via: Via = format!("SIP/2.0/UDP [2001:db8::9:1];received={text}").parse().unwrap();
            assert_eq!(via.received(), expected);
            assert_eq!(via.branch(), None);
        }
    }

    #[test]
    fn rport_is_asked_for_without_a_value_and_answered_with_one() {
        let rport = |text: &str| format!("SIP/2.0/UDP h{text}").parse::<Via>().unwrap().rport();
        assert_eq!(rport(""), None);
        assert_eq!(rport(";rport"), Some(None));
        assert_eq!(rport(";RPORT=5070"), Some(Some(5070)));
        assert_eq!(rport(";rport=x"), Some(None));
    }

    #[test]
    fn an_unknown_transport_is_a_value() {
        let via: Via = "SIP/2.0/UNKNOWN t4.example.com".parse().unwrap();
        assert_eq!(via.transport, Transport::Other("UNKNOWN".into()));
    }

    #[test]
    fn what_is_no_via_is_refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP/7.0/UDP h",
            "HTTP/2.0/UDP h",
            "SIP/2.0/UDP 192.0.2.15;;",
            "SIP/2.0/UDP 2001:db8::9:1;branch=x",
            "SIP/2.0/UDP h:99999",
            "SIP/2.0/UDP ;branch=x",
        ] {
            assert!(text.parse::<Via>().is_err(), "{text}");
        }
    }
}
