//! Whose a Route entry is, and how a route set is repaired when its hop has died (F3).
//!
//! Pure functions over a dialog's route set and the line's hop list (failover design §5). A peer's
//! Record-Route names the dead proxy by its address, by a name of its own, or twice (`r2=on`, one
//! entry a side); each is recognised here. Sending is the ladder's business.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use sip_core::message::{Host, NameAddr, Scheme, Uri};
use sip_core::transport::{Hop, Transport};

use crate::input::LineHop;

/// What names and addresses mean to one dialog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directory<'a> {
    /// The line's hops.
    pub(crate) hops: &'a [LineHop],
    /// Names that the dialog's own set-up has shown to be a hop's: the first Record-Route entry of
    /// an answer that came through that hop.
    pub(crate) learned: &'a BTreeMap<String, Hop>,
}

impl Directory<'_> {
    /// Whether a URI leads to a hop.
    pub(crate) fn leads_to(&self, uri: &Uri, hop: &LineHop) -> bool {
        match &uri.host {
            Host::V4(ip) => same_place(uri, IpAddr::V4(*ip), hop.hop.addr),
            Host::V6(ip) => same_place(uri, IpAddr::V6(*ip), hop.hop.addr),
            Host::Name(name) => {
                hop.names.iter().any(|known| known.eq_ignore_ascii_case(name))
                    || self.learned.get(&name.to_ascii_lowercase()) == Some(&hop.hop)
            }
        }
    }

    /// The line's hop that a URI leads to, by its place in the hop list.
    pub(crate) fn hop_of(&self, uri: &Uri) -> Option<usize> {
        self.hops.iter().position(|hop| self.leads_to(uri, hop))
    }
}

fn transport_of(uri: &Uri) -> Transport {
    match uri.params.value("transport") {
        Some(text) if text.eq_ignore_ascii_case("tcp") => Transport::Tcp,
        Some(text) if text.eq_ignore_ascii_case("tls") => Transport::Tls,
        _ if uri.scheme == Scheme::Sips => Transport::Tls,
        _ => Transport::Udp,
    }
}

fn port_of(uri: &Uri) -> u16 {
    uri.port.unwrap_or(if transport_of(uri) == Transport::Tls { 5061 } else { 5060 })
}

fn same_place(uri: &Uri, ip: IpAddr, addr: SocketAddr) -> bool {
    ip == addr.ip() && port_of(uri) == addr.port()
}

/// The route set with its leading run of entries of the `failed` hop replaced by one of `next`.
///
/// User part and parameters of the first entry are kept (`ftag`, `did`, `vsf` …); `r2` goes where a
/// pair became one. A set that does not begin with the failed hop, or whose first entry is a name
/// that leads to the next hop as well, is given back as it is.
pub(crate) fn repair(
    route: &[NameAddr],
    failed: &LineHop,
    next: &LineHop,
    directory: Directory<'_>,
) -> Vec<NameAddr> {
    let run = leading_run(route, failed, directory);
    let Some(first) = route.first().filter(|_| run > 0) else {
        return route.to_vec();
    };
    if matches!(first.uri.host, Host::Name(_)) && directory.leads_to(&first.uri, next) {
        return route.to_vec();
    }
    let mut entry = first.clone();
    entry.uri.host = match next.hop.addr.ip() {
        IpAddr::V4(ip) => Host::V4(ip),
        IpAddr::V6(ip) => Host::V6(ip),
    };
    entry.uri.port = Some(next.hop.addr.port());
    next.hop.transport.name_in(&mut entry.uri);
    if run > 1 {
        entry.uri.params.remove("r2");
    }
    std::iter::once(entry).chain(route.iter().skip(run).cloned()).collect()
}

/// How many entries at the head belong to a hop; an `r2=on` pair counts with its first entry, since
/// the second may name another side of the same proxy.
fn leading_run(route: &[NameAddr], hop: &LineHop, directory: Directory<'_>) -> usize {
    let mut run = 0;
    while let Some(entry) = route.get(run) {
        if !directory.leads_to(&entry.uri, hop) {
            break;
        }
        let paired = is_double(entry) && route.get(run + 1).is_some_and(is_double);
        run += if paired { 2 } else { 1 };
    }
    run.min(route.len())
}

fn is_double(entry: &NameAddr) -> bool {
    entry.uri.params.value("r2").is_some_and(|value| value.eq_ignore_ascii_case("on"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ServerRole;

    fn hop(text: &str, names: &[&str]) -> LineHop {
        LineHop {
            hop: text.parse().unwrap(),
            role: ServerRole::Proxy,
            local: "10.0.0.9:5060".parse().unwrap(),
            names: names.iter().map(ToString::to_string).collect(),
        }
    }

    fn route(entries: &[&str]) -> Vec<NameAddr> {
        entries.iter().map(|entry| entry.parse().unwrap()).collect()
    }

    fn repaired(entries: &[&str], hops: &[LineHop]) -> Vec<String> {
        repaired_knowing(entries, hops, &BTreeMap::new())
    }

    fn repaired_knowing(
        entries: &[&str],
        hops: &[LineHop],
        learned: &BTreeMap<String, Hop>,
    ) -> Vec<String> {
        let directory = Directory { hops, learned };
        let set = repair(&route(entries), &hops[0], &hops[1], directory);
        set.iter().map(ToString::to_string).collect()
    }

    fn pair() -> Vec<LineHop> {
        vec![hop("udp:10.0.0.1:5060", &[]), hop("udp:10.0.0.2:5070", &[])]
    }

    /// Failover design §5, rung 1.
    #[test]
    fn an_entry_by_address_becomes_the_next_hops_and_keeps_its_parameters() {
        let set = repaired(&["<sip:u@10.0.0.1;lr;ftag=x;did=1.2>", "<sip:10.9.9.9;lr>"], &pair());
        assert_eq!(set, ["<sip:u@10.0.0.2:5070;lr;ftag=x;did=1.2>", "<sip:10.9.9.9;lr>"]);
    }

    /// Failover design §5: an `r2=on` pair counts as one, also where its far side has another port.
    #[test]
    fn a_double_record_route_becomes_one_entry_without_r2() {
        let set = repaired(
            &["<sip:10.0.0.1;transport=tcp;r2=on;lr>", "<sip:172.16.0.1;r2=on;lr>"],
            &[hop("tcp:10.0.0.1:5060", &[]), hop("udp:10.0.0.2:5060", &[])],
        );
        assert_eq!(set, ["<sip:10.0.0.2:5060;lr>"]);
    }

    /// Failover design §5: by name, known from the configuration or from the dialog's set-up.
    #[test]
    fn an_entry_by_name_is_recognised_as_the_failed_hops() {
        let mut hops = pair();
        hops[0].names = vec!["P1.example.test".to_owned()];
        assert_eq!(repaired(&["<sip:p1.example.test;lr>"], &hops), ["<sip:10.0.0.2:5070;lr>"]);
        let learned = BTreeMap::from([("edge.example.test".to_owned(), hops[0].hop)]);
        assert_eq!(
            repaired_knowing(&["<sip:edge.example.test;lr>"], &hops, &learned),
            ["<sip:10.0.0.2:5070;lr>"]
        );
    }

    /// Failover design §5: "an entry whose name also resolves to the next hop is left".
    #[test]
    fn a_name_that_both_hops_share_is_left() {
        let mut hops = pair();
        for hop in &mut hops {
            hop.names = vec!["sip.example.test".to_owned()];
        }
        assert_eq!(repaired(&["<sip:sip.example.test;lr>"], &hops), ["<sip:sip.example.test;lr>"]);
    }

    #[test]
    fn a_set_that_begins_elsewhere_is_left() {
        for first in ["<sip:10.7.7.7;lr>", "<sip:10.0.0.1:5099;lr>"] {
            assert_eq!(repaired(&[first, "<sip:10.0.0.1;lr>"], &pair())[0], first);
        }
        assert!(repaired(&[], &pair()).is_empty());
    }

    #[test]
    fn the_transport_of_the_next_hop_is_written() {
        let hops = [hop("udp:10.0.0.1:5060", &[]), hop("tls:[2001:db8::2]:5061", &[])];
        assert_eq!(
            repaired(&["<sip:10.0.0.1;lr>"], &hops),
            ["<sip:[2001:db8::2]:5061;lr;transport=tls>"]
        );
    }
}
