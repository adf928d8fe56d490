//! A next hop: one transport, one IP address, one port.
//!
//! Its text form (`udp:127.0.0.1:5060`, `udp:[::1]:5060`) is what users see in status, journal and
//! events.

use crate::message;
use crate::transaction::Reliability;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use thiserror::Error;

/// How a hop is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Datagrams (RFC 3261 §18).
    Udp,
    /// A stream.
    Tcp,
    /// A stream inside TLS.
    Tls,
}

impl Transport {
    /// As in a hop, a URI's `transport` parameter or a log: `udp`, `tcp`, `tls`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// The port where no port is named (RFC 3261 §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// Writes the `transport` parameter into a URI that names a place of this transport; UDP is what
    /// none means (RFC 3263 §4.1).
    pub fn name_in(self, uri: &mut message::Uri) {
        match self {
            Self::Udp => {
                uri.params.remove("transport");
            }
            Self::Tcp | Self::Tls => uri.params.set("transport", Some(self.name())),
        }
    }

    /// Whether the transport delivers by itself.
    pub fn reliability(self) -> Reliability {
        match self {
            Self::Udp => Reliability::Unreliable,
            Self::Tcp | Self::Tls => Reliability::Reliable,
        }
    }
}

impl From<Transport> for message::Transport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::Udp,
            Transport::Tcp => Self::Tcp,
            Transport::Tls => Self::Tls,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Transport {
    type Err = HopParseError;

    /// Takes `udp`, `tcp` or `tls` in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Udp, Self::Tcp, Self::Tls]
            .into_iter()
            .find(|transport| transport.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| HopParseError::Transport(text.to_owned()))
    }
}

/// A next hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// How it is spoken to.
    pub transport: Transport,
    /// Where it is.
    pub addr: SocketAddr,
}

impl Hop {
    /// A hop reached by UDP.
    pub fn udp(addr: SocketAddr) -> Self {
        Self { transport: Transport::Udp, addr }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.addr)
    }
}

impl FromStr for Hop {
    type Err = HopParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (transport, addr) =
            text.split_once(':').ok_or_else(|| HopParseError::Shape(text.to_owned()))?;
        Ok(Self {
            transport: transport.parse()?,
            addr: addr.parse().map_err(|_| HopParseError::Address(addr.to_owned()))?,
        })
    }
}

/// A text that is not a hop.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HopParseError {
    /// No colon after the transport.
    #[error("hop {0:?} is not of the form transport:address:port")]
    Shape(String),
    /// Not a transport we have.
    #[error("hop transport {0:?} is none of udp, tcp, tls")]
    Transport(String),
    /// Not an IP address with a port.
    #[error("hop address {0:?} is not an IP address with a port")]
    Address(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_reads_as_it_is_written() {
        for text in ["udp:127.0.0.1:5060", "udp:[::1]:5060", "tls:192.0.2.7:5061"] {
            assert_eq!(text.parse::<Hop>().unwrap().to_string(), text);
        }
        assert_eq!("TCP:10.0.0.1:1".parse::<Hop>().unwrap().transport, Transport::Tcp);
    }

    #[test]
    fn what_is_not_a_hop_is_named() {
        let error = |text: &str| text.parse::<Hop>().unwrap_err().to_string();
        assert_eq!(error("udp"), "hop \"udp\" is not of the form transport:address:port");
        assert_eq!(error("sctp:127.0.0.1:1"), "hop transport \"sctp\" is none of udp, tcp, tls");
        assert_eq!(
            error("udp:proxy.example:5060"),
            "hop address \"proxy.example:5060\" is not an IP address with a port"
        );
    }
}
