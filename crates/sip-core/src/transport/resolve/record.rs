//! What is asked of DNS and what it says, as far as SIP needs it, with a text form to keep it in.

use super::super::hop::{Hop, Transport};
use crate::limits;
use crate::message::Host;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

/// A type of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Which transports a domain has, and where (RFC 3403).
    Naptr,
    /// Which hosts serve one transport of a domain (RFC 2782).
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    /// The type of record.
    pub kind: Kind,
    /// The name in lower case, without a dot at its end. One without any dot is to be completed by
    /// the search list of the system; so is one whose only dots are those of `_service._protocol.`.
    pub name: String,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Record {
    /// NAPTR.
    Naptr(Naptr),
    /// SRV.
    Srv(Srv),
    /// A or AAAA.
    Address(IpAddr),
}

/// A NAPTR record; the regular expression is left out, because SIP has no use for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Naptr {
    /// Lower goes first.
    pub order: u16,
    /// Lower goes first among equal orders.
    pub preference: u16,
    /// `s`: the replacement has SRV records; `a`: it has addresses.
    pub flags: String,
    /// Such as `SIP+D2U`.
    pub service: String,
    /// Where to look next.
    pub replacement: String,
}

/// An SRV record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Srv {
    /// Lower goes first.
    pub priority: u16,
    /// Share of the load among equal priorities.
    pub weight: u16,
    /// Port of the host.
    pub port: u16,
    /// The host; empty where the record says `.`: no such service here.
    pub target: String,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Records of the type asked for, aliases already followed, in the order received.
    Records {
        /// They; of another type, or beyond [`limits::RECORDS`], they are not used.
        records: Vec<Record>,
        /// How long they may be used.
        ttl: Duration,
    },
    /// The name, or the type at that name, does not exist.
    Nothing {
        /// How long that holds, where the server says (RFC 2308).
        ttl: Option<Duration>,
    },
    /// No server answered, or none could.
    Failed,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Self::Naptr => "NAPTR",
            Self::Srv => "SRV",
            Self::A => "A",
            Self::Aaaa => "AAAA",
        }
    }
}

impl Query {
    /// Asks for one type at a name, in whatever case and with or without its last dot.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self { kind, name: canonical(name) }
    }

    /// Asks for the SRV records of a transport at a domain (RFC 3263 §4.1).
    pub fn srv(transport: Transport, domain: &str) -> Self {
        let service = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp => "_sip._tcp",
            Transport::Tls => "_sips._tcp",
        };
        Self::new(Kind::Srv, &format!("{service}.{domain}"))
    }

    /// The name without `_service._protocol.` at its head.
    pub fn domain(&self) -> &str {
        let mut domain = self.name.as_str();
        while let Some((_, rest)) = domain.split_once('.').filter(|_| domain.starts_with('_')) {
            domain = rest;
        }
        domain
    }

    /// The record as it may be used; `None` where it is none of ours, or no host has such a name.
    pub(super) fn usable(&self, record: Record) -> Option<Record> {
        match (self.kind, record) {
            (Kind::Naptr, Record::Naptr(naptr)) => {
                let replacement = host_name(&naptr.replacement)?;
                let plain = |text: &str| !text.is_empty() && text.chars().all(is_plain);
                let fits = plain(&naptr.flags) && plain(&naptr.service);
                fits.then_some(Record::Naptr(Naptr { replacement, ..naptr }))
            }
            (Kind::Srv, Record::Srv(srv)) => {
                let target = canonical(&srv.target);
                if target.is_empty() {
                    return Some(Record::Srv(Srv { target, ..srv }));
                }
                let target = host_name(&target)?;
                (srv.port != 0).then_some(Record::Srv(Srv { target, ..srv }))
            }
            (Kind::A, Record::Address(IpAddr::V4(ip))) => Some(Record::Address(ip.into())),
            (Kind::Aaaa, Record::Address(IpAddr::V6(ip))) => Some(Record::Address(ip.into())),
            (Kind::Naptr | Kind::Srv | Kind::A | Kind::Aaaa, _) => None,
        }
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+.-_".contains(c)
}

fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A name that a URI could have; an address counts, since some write one into SRV.
fn host_name(name: &str) -> Option<String> {
    let name = canonical(name);
    let fits = name.len() <= limits::NAME && name.parse::<Host>().is_ok();
    fits.then_some(name)
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.text(), self.name)
    }
}

/// A record of a query, or that there is none, as a line of text: type, name, then what a zone file
/// has.
pub(super) fn write_line(query: &Query, record: Option<&Record>) -> String {
    match record {
        Some(Record::Naptr(n)) => format!(
            "{query} {} {} {} {} {}",
            n.order, n.preference, n.flags, n.service, n.replacement
        ),
        Some(Record::Srv(s)) => {
            format!("{query} {} {} {} {}.", s.priority, s.weight, s.port, s.target)
        }
        Some(Record::Address(ip)) => format!("{query} {ip}"),
        None => format!("{query} {NONE}"),
    }
}

/// Begins a line about a hop that a name has led to; no kind of record is called so.
const LOST: &str = "LOST";

/// A hop that a name has led to and does not now, as a line.
pub(super) fn write_lost(name: &str, hop: Hop) -> String {
    format!("{LOST} {name} {hop}")
}

/// Reads what [`write_lost`] wrote; `None` for anything else.
pub(super) fn read_lost(line: &str) -> Option<(String, Hop)> {
    match line.split(' ').collect::<Vec<_>>().as_slice() {
        [LOST, name, hop] => Some((host_name(name)?, hop.parse().ok()?)),
        _ => None,
    }
}

/// Stands for "there is none".
const NONE: &str = "-";

/// Reads what [`write_line`] wrote; `None` for anything else.
pub(super) fn read_line(line: &str) -> Option<(Query, Option<Record>)> {
    let mut words = line.split(' ');
    let kind = words.next()?;
    let kind = [Kind::Naptr, Kind::Srv, Kind::A, Kind::Aaaa].into_iter().find(|k| k.text() == kind);
    let query = Query::new(kind?, words.next()?);
    host_name(&query.name)?;
    let words: Vec<&str> = words.collect();
    if words.as_slice() == [NONE] {
        return Some((query, None));
    }
    let record = match (query.kind, words.as_slice()) {
        (Kind::Naptr, [order, preference, flags, service, replacement]) => Record::Naptr(Naptr {
            order: order.parse().ok()?,
            preference: preference.parse().ok()?,
            flags: (*flags).to_owned(),
            service: (*service).to_owned(),
            replacement: (*replacement).to_owned(),
        }),
        (Kind::Srv, [priority, weight, port, target]) => Record::Srv(Srv {
            priority: priority.parse().ok()?,
            weight: weight.parse().ok()?,
            port: port.parse().ok()?,
            target: (*target).to_owned(),
        }),
        (Kind::A, [ip]) => Record::Address(Ipv4Addr::from_str(ip).ok()?.into()),
        (Kind::Aaaa, [ip]) => Record::Address(Ipv6Addr::from_str(ip).ok()?.into()),
        (Kind::Naptr | Kind::Srv | Kind::A | Kind::Aaaa, _) => return None,
    };
    let record = query.usable(record)?;
    Some((query, Some(record)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_as_it_is_written() {
        for line in [
            "NAPTR example.test 10 20 s SIP+D2U _sip._udp.example.test",
            "SRV _sip._udp.example.test 10 60 5060 p1.example.test.",
            "SRV _sip._tcp.example.test 0 0 0 .",
            "A p1.example.test 192.0.2.1",
            "AAAA p1.example.test 2001:db8::1",
            "NAPTR pbx -",
        ] {
            let (query, record) = read_line(line).unwrap();
            assert_eq!(write_line(&query, record.as_ref()), line);
        }
    }

    #[test]
    fn what_is_no_record_is_not_read() {
        for line in [
            "",
            "A",
            "A p1.example.test",
            "A p1.example.test ::1",
            "MX example.test 10 mail.example.test",
            "SRV _sip._udp.example.test 10 60 0 p1.example.test.",
            "SRV _sip._udp.example.test 10 60 5060 p 1.example.test.",
            "NAPTR example.test 10 20 s SIP+D2U bad/name",
            "A bad/name 192.0.2.1",
        ] {
            assert_eq!(read_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_domain_of_a_service_is_what_follows_its_labels() {
        assert_eq!(Query::srv(Transport::Tls, "Example.Test.").name, "_sips._tcp.example.test");
        assert_eq!(Query::srv(Transport::Udp, "pbx").domain(), "pbx");
        assert_eq!(Query::new(Kind::A, "a_b.example.test").domain(), "a_b.example.test");
    }
}
