//! Hosts and the `host[:port]` pair of URIs and Via (RFC 3261 §25.1, RFC 5118 §4).
//!
//! An IPv6 address stands in brackets wherever a port might follow. A name is kept as spelled, and is
//! compared without regard to case.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use super::{ValueError, grammar::trim};

/// A host: a name, or an address.
#[derive(Debug, Clone, Eq)]
pub enum Host {
    /// A domain name, as spelled.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, written in brackets.
    V6(Ipv6Addr),
}

impl Host {
    /// The address, if it is one and not a name.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some((*address).into()),
            Self::V6(address) => Some((*address).into()),
        }
    }

    /// Reads `host` or `host:port`, with white space around the colon as Via allows it.
    pub(crate) fn with_port(text: &str) -> Result<(Self, Option<u16>), ValueError> {
        let (host, port) = match text.rfind(']') {
            Some(end) => text.split_at(end + 1),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let host = trim(host).parse()?;
        let port = trim(port);
        if port.is_empty() {
            return Ok((host, None));
        }
        let digits = trim(port.strip_prefix(':').ok_or(ValueError("expected a port after ]"))?);
        Ok((host, Some(read_port(digits)?)))
    }
}

fn read_port(digits: &str) -> Result<u16, ValueError> {
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(ValueError("a port is not a number"));
    }
    digits.parse().map_err(|_| ValueError("a port is not in 0..=65535"))
}

/// Reads an IPv6 address. The grammar of RFC 3261 wrongly has three colons before an IPv4 part, and
/// both forms must be taken (RFC 5118 §4.10).
fn read_v6(text: &str) -> Option<Ipv6Addr> {
    if let Some((before, after)) = text.split_once(":::")
        && after.parse::<Ipv4Addr>().is_ok()
    {
        return format!("{before}::{after}").parse().ok();
    }
    text.parse().ok()
}

impl FromStr for Host {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(read_v6);
            return address.map(Self::V6).ok_or(ValueError("brackets hold no IPv6 address"));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::V4(address));
        }
        // Underscores are not host names, and are in use all the same.
        let octet_fits = |octet: u8| octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
        if text.is_empty() {
            return Err(ValueError("a host is empty"));
        }
        if !text.bytes().all(octet_fits) {
            return Err(ValueError("a host has a character no host has"));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(two)) => one.eq_ignore_ascii_case(two),
            (Self::V4(one), Self::V4(two)) => one == two,
            (Self::V6(one), Self::V6(two)) => one == two,
            (Self::Name(_) | Self::V4(_) | Self::V6(_), _) => false,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_follows_the_brackets_of_an_ipv6_address() {
        let (host, port) = Host::with_port("[2001:db8::10]:5070").unwrap();
        assert_eq!((host.to_string().as_str(), port), ("[2001:db8::10]", Some(5070)));
        let (host, port) = Host::with_port("[2001:db8::10:5070]").unwrap();
        assert_eq!(host.ip(), Some("2001:db8::10:5070".parse().unwrap()));
        assert_eq!(port, None);
    }

    #[test]
    fn three_colons_before_an_ipv4_part_are_two() {
        let host = |text: &str| text.parse::<Host>();
        assert_eq!(host("[2001:db8:::192.0.2.1]"), host("[2001:db8::192.0.2.1]"));
        assert!(host("[2001:db8:::1]").is_err());
    }

    #[test]
    fn white_space_may_stand_around_the_colon() {
        assert_eq!(Host::with_port("h : 5060 ").unwrap(), (Host::Name("h".into()), Some(5060)));
    }

    #[test]
    fn what_is_no_host_and_port_is_refused() {
        for text in [
            "",
            ":5060",
            "h:",
            "h:65536",
            "h:+5",
            "2001:db8::10",
            "[::1",
            "[x]",
            "[::1]5060",
            "a b",
        ] {
            assert!(Host::with_port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_equal_whatever_their_case() {
        assert_eq!(Host::Name("Example.COM".into()), Host::Name("example.com".into()));
    }
}
