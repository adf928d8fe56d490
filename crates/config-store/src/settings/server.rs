//! Servers as configured: where they are and how they are reached.

use std::{fmt, net::IpAddr, time::Duration};

use crate::{items::Item, values::Values};

/// An address and a port as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Where.
    pub address: Address,
    /// The port; `None` where 0 is configured: none given.
    pub port: Option<u16>,
}

/// A registrar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where.
    pub endpoint: Endpoint,
    /// How to reach it.
    pub transport: Transport,
    /// How long a registration is asked to last.
    pub expiry: Duration,
}

/// An IP literal or a domain name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An IP literal: one hop.
    Ip(IpAddr),
    /// A domain name, to be looked up.
    Name(String),
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
}

/// `DNS Mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsMode {
    /// A and AAAA records.
    Addresses,
    /// SRV records.
    Srv,
    /// NAPTR, then SRV records.
    NaptrSrv,
}

impl Address {
    /// The address that a canonical text means; `None` if it is empty.
    pub(crate) fn of(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(ip) => Some(Self::Ip(ip)),
            Err(_) => (!text.is_empty()).then(|| Self::Name(text.to_owned())),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Endpoint {
    /// What the two items say; `None` if no address is set.
    pub(super) fn of(
        values: &Values,
        line: u16,
        address: &'static Item,
        port: &'static Item,
    ) -> Option<Self> {
        let port = Some(values.number(port, line)).filter(|port| *port != 0);
        values.address(address, line).map(|address| Self { address, port })
    }
}

impl Transport {
    pub(super) fn of(value: &str) -> Self {
        match value {
            "1" => Self::Tcp,
            "3" => Self::Tls,
            _ => Self::Udp,
        }
    }
}

impl DnsMode {
    pub(super) fn of(value: &str) -> Option<Self> {
        match value {
            "0" => Some(Self::Addresses),
            "1" => Some(Self::Srv),
            "2" => Some(Self::NaptrSrv),
            _ => None,
        }
    }
}
