//! What is to be resolved, and which kinds of records it is looked up as (RFC 3263 §4.1, §4.2).

use super::super::hop::Transport;
use crate::message::{Host, Scheme, Uri};

/// A name with all that decides what it leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// A domain name in lower case, without a dot at its end.
    pub name: String,
    /// The port where the records name none; `None`: the transport's own.
    pub port: Option<u16>,
    /// The transports that may be used, the preferred one first; records of others are skipped.
    pub transports: Vec<Transport>,
    /// Which records are looked at.
    pub lookup: Lookup,
}

/// Which records a name is looked up as; each goes on to the ones below where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// A and AAAA only.
    Addresses,
    /// SRV first.
    Srv,
    /// NAPTR first.
    Naptr,
}

impl Target {
    /// A configured server. `lookup` is what the user has set; with `None` the port decides: 5060 or
    /// none looks for NAPTR and SRV, any other is used as it is (failover design §3).
    ///
    /// With NAPTR set by the user its order chooses the transport, over the one configured; but a
    /// server configured for TLS is never spoken to in the clear.
    pub fn server(
        name: &str,
        port: Option<u16>,
        transport: Transport,
        lookup: Option<Lookup>,
    ) -> Self {
        let by_port =
            || if matches!(port, None | Some(5060)) { Lookup::Naptr } else { Lookup::Addresses };
        let mut transports = vec![transport];
        if lookup == Some(Lookup::Naptr) && transport != Transport::Tls {
            let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
            transports.extend(all.into_iter().filter(|other| *other != transport));
        }
        Self {
            name: name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase(),
            port,
            transports,
            lookup: lookup.unwrap_or_else(by_port),
        }
    }

    /// What a `sip:` or `sips:` URI with a name for a host leads to, as RFC 3263 §4 has it, with the
    /// transports that the caller can use. `None` for an address, which needs no look-up, for another
    /// scheme, and where no usable transport is left.
    pub fn of_uri(uri: &Uri, usable: &[Transport]) -> Option<Self> {
        let secure = match uri.scheme {
            Scheme::Sip => false,
            Scheme::Sips => true,
            Scheme::Tel | Scheme::Other(_) => return None,
        };
        let maddr = uri.params.value("maddr").map(|maddr| maddr.parse::<Host>().ok());
        let Host::Name(name) = maddr.unwrap_or_else(|| Some(uri.host.clone()))? else {
            return None;
        };
        let explicit = match uri.transport() {
            // RFC 3261 §26.2.2: sips means TLS, and its transport parameter says tcp.
            _ if secure => Some(Transport::Tls),
            Some(text) => Some(text.parse().ok()?),
            // §4.1: a port without a transport means the scheme's default.
            None => uri.port.map(|_| Transport::Udp),
        };
        let transports: Vec<Transport> = usable
            .iter()
            .copied()
            .filter(|transport| explicit.is_none_or(|explicit| explicit == *transport))
            .collect();
        if transports.is_empty() {
            return None;
        }
        let lookup = match (uri.port, uri.transport()) {
            (Some(_), _) => Lookup::Addresses,
            (None, Some(_)) => Lookup::Srv,
            (None, None) => Lookup::Naptr,
        };
        Some(Self { name: name.to_ascii_lowercase(), port: uri.port, transports, lookup })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Transport::{Tcp, Tls, Udp};

    fn server(port: u16, lookup: Option<Lookup>) -> Lookup {
        Target::server("h", Some(port).filter(|port| *port != 0), Udp, lookup).lookup
    }

    /// Failover design §3, port rule.
    #[test]
    fn the_port_decides_unless_the_user_has_set_what_to_look_up() {
        assert_eq!([server(5060, None), server(0, None)], [Lookup::Naptr; 2]);
        assert_eq!(server(5061, None), Lookup::Addresses);
        assert_eq!(server(5070, Some(Lookup::Srv)), Lookup::Srv);
        assert_eq!(server(5060, Some(Lookup::Addresses)), Lookup::Addresses);
    }

    /// Interfaces: records of other transports are skipped, except in DNS Mode 2.
    #[test]
    fn other_transports_than_the_configured_one_are_used_only_where_naptr_is_set() {
        let transports =
            |transport, lookup| Target::server("h", None, transport, lookup).transports;
        assert_eq!(transports(Tcp, None), [Tcp]);
        assert_eq!(transports(Tcp, Some(Lookup::Naptr)), [Tcp, Udp, Tls]);
        assert_eq!(transports(Tls, Some(Lookup::Naptr)), [Tls], "never in the clear");
    }

    /// RFC 3263 §4.1 and §4.2.
    #[test]
    fn a_uri_with_a_name_is_looked_up_by_what_it_leaves_open() {
        let of = |uri: &str| {
            let target = Target::of_uri(&uri.parse().unwrap(), &[Udp, Tcp, Tls]);
            target.map(|target| (target.lookup, target.transports))
        };
        assert_eq!(of("sip:p.test"), Some((Lookup::Naptr, vec![Udp, Tcp, Tls])));
        assert_eq!(of("sips:p.test"), Some((Lookup::Naptr, vec![Tls])));
        assert_eq!(of("sip:p.test;transport=tcp"), Some((Lookup::Srv, vec![Tcp])));
        assert_eq!(of("sip:p.test:5060"), Some((Lookup::Addresses, vec![Udp])));
        assert_eq!(of("sip:p.test:5061;transport=TLS"), Some((Lookup::Addresses, vec![Tls])));
        assert_eq!(of("sip:192.0.2.1;maddr=m.test"), Some((Lookup::Naptr, vec![Udp, Tcp, Tls])));
        for none in ["sip:192.0.2.1", "sip:p.test;transport=sctp", "tel:+1", "sip:p.test;maddr=::"]
        {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(Target::of_uri(&"sips:p.test".parse().unwrap(), &[Udp]), None);
    }
}
