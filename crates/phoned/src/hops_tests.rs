//! Which hops a line has, from the items that a user sets (requirement A1 and "Words").

use config_store::{Origin, Store};
use sip_core::transport::resolve::{self, Answer, Record};

use super::*;

const USER: (&str, &str) = ("SIP1 Phone Number", "1001");

fn line(items: &[(&str, &str)]) -> LineSettings {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.set(&[&[USER], items].concat(), Origin::CommandLine).unwrap();
    store.settings().lines.remove(&1).unwrap()
}

fn local(_: SocketAddr) -> Option<SocketAddr> {
    Some("10.0.0.9:5060".parse().unwrap())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A resolver that has been told what `zone` says; a name that is not in it does not exist.
fn resolver(line: &LineSettings, zone: &[(&str, &str)]) -> Resolver {
    resolver_after("", line, zone)
}

/// The same in a phone that has kept this of an earlier run.
fn resolver_after(kept: &str, line: &LineSettings, zone: &[(&str, &str)]) -> Resolver {
    let now = std::time::Instant::now();
    let mut resolver = Resolver::new([1; 32]);
    resolver.restore(kept);
    resolver.want(&targets(line), now);
    while let Some(output) = resolver.poll_output() {
        let resolve::Output::Ask(query) = output else { continue };
        let of_query = zone.iter().filter(|(asked, _)| *asked == query.to_string());
        let records: Vec<Record> =
            of_query.map(|(_, ip)| Record::Address(ip.parse().unwrap())).collect();
        let answer = match records.is_empty() {
            true => Answer::Nothing { ttl: None },
            false => Answer::Records { records, ttl: std::time::Duration::from_secs(60) },
        };
        resolver.handle_answer(&query, answer, now);
    }
    resolver
}

const ZONE: [(&str, &str); 4] = [
    ("A one.test", "10.0.1.1"),
    ("AAAA one.test", "2001:db8::1"),
    ("A two.test", "10.0.1.1"),
    ("A two.test", "10.0.1.2"),
];

fn list(items: &[(&str, &str)]) -> HopList {
    let line = line(items);
    hop_list(1, &line, &resolver(&line, &ZONE), local)
}

fn hops(list: &HopList) -> Vec<(String, ServerRole)> {
    list.hops.iter().map(|hop| (hop.hop.to_string(), hop.role)).collect()
}

#[test]
fn with_a_proxy_requests_go_to_the_proxies_only() {
    let list = list(&[
        ("SIP1 Register Addr", "10.0.0.1"),
        ("SIP1 Backup Addr", "10.0.0.2"),
        ("SIP1 Proxy Addr", "10.0.0.3"),
        ("SIP1 BakProxy Addr", "10.0.0.4"),
        ("SIP1 BakProxy Port", "5070"),
    ]);
    let expected = [
        ("udp:10.0.0.3:5060".to_owned(), ServerRole::Proxy),
        ("udp:10.0.0.4:5070".to_owned(), ServerRole::BackupProxy),
    ];
    assert_eq!(hops(&list), expected);
    let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map(ip);
    assert_eq!(*list.trusted, all, "calls may come from any of them (failover design §5)");
}

/// Failover design §5, "resolves or last resolved to", over a restart; of the registrars behind a proxy
/// as well.
#[test]
fn what_a_name_led_to_in_an_earlier_run_is_known_and_not_used() {
    let line = line(&[("SIP1 Register Addr", "two.test"), ("SIP1 Proxy Addr", "one.test")]);
    let kept = resolver(&line, &ZONE).kept();
    let zone = [("A one.test", "10.0.1.3"), ("A two.test", "10.0.1.2")];
    let later = resolver_after(&kept, &line, &zone);
    let list = hop_list(1, &line, &later, local);
    // An answer without AAAA is a denial of what was known, which is not believed at once.
    let proxies = ["udp:[2001:db8::1]:5060", "udp:10.0.1.3:5060"];
    assert_eq!(list.hops.iter().map(|hop| hop.hop.to_string()).collect::<Vec<_>>(), proxies);
    let former: Vec<String> = list.former.iter().map(|hop| hop.hop.to_string()).collect();
    assert_eq!(former, ["udp:10.0.1.1:5060"]);
    assert_eq!(*list.trusted, ["10.0.1.1", "10.0.1.2", "10.0.1.3", "2001:db8::1"].map(ip));
    let never = hop_list(1, &line, &resolver(&line, &zone), local);
    assert_eq!(*never.trusted, ["10.0.1.2", "10.0.1.3"].map(ip), "a phone that never heard of it");
}

#[test]
fn without_a_proxy_requests_go_to_the_registrars_in_order() {
    let list = list(&[
        ("SIP1 Backup Addr", "10.0.0.2"),
        ("SIP1 Register Addr", "10.0.0.1"),
        ("SIP1 BakProxy Addr", "10.0.0.4"),
    ]);
    let expected = [
        ("udp:10.0.0.1:5060".to_owned(), ServerRole::Server1),
        ("udp:10.0.0.2:5060".to_owned(), ServerRole::Server2),
    ];
    assert_eq!(hops(&list), expected);
}

#[test]
fn one_domain_that_has_several_addresses_is_a_hop_list() {
    let list = list(&[("SIP1 Register Addr", "one.test"), ("SIP1 Register Port", "0")]);
    let expected = ["udp:[2001:db8::1]:5060", "udp:10.0.1.1:5060"];
    let found: Vec<_> = list.hops.iter().map(|hop| hop.hop.to_string()).collect();
    assert_eq!(found, expected);
    assert!(list.hops.iter().all(|hop| hop.names == ["one.test"]));
    assert!(!list.pending && list.warnings.is_empty());
}

#[test]
fn two_servers_at_one_address_are_one_hop_and_a_warning() {
    let list = list(&[("SIP1 Proxy Addr", "one.test"), ("SIP1 BakProxy Addr", "two.test")]);
    let found: Vec<_> = list.hops.iter().map(|hop| hop.hop.to_string()).collect();
    assert_eq!(found, ["udp:[2001:db8::1]:5060", "udp:10.0.1.1:5060", "udp:10.0.1.2:5060"]);
    assert_eq!(list.hops[1].names, ["one.test", "two.test"], "both names lead there");
    let said: Vec<&str> = list.warnings.iter().map(|warning| warning.en.as_str()).collect();
    assert_eq!(said, ["line 1: two servers are one address, udp:10.0.1.1:5060"]);
}

/// One sentence, however many addresses they have in common and whoever has noticed.
#[test]
fn two_servers_that_are_one_are_told_of_once() {
    let alias = list(&[("SIP1 Proxy Addr", "one.test"), ("SIP1 BakProxy Addr", "one.test.")]);
    let said: Vec<&str> = alias.warnings.iter().map(|warning| warning.en.as_str()).collect();
    assert!(said.len() <= 1, "{said:?}");
    let settings = [("SIP1 Proxy Addr", "10.0.0.1"), ("SIP1 BakProxy Addr", "10.0.0.1")];
    let alike = list(&settings);
    assert_eq!(alike.hops.len(), 1);
    assert_eq!(alike.warnings, [], "the store says so of two that are written alike");
    let conflicts: Vec<Sentence> = line(&settings).warnings(1).collect();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
}

#[test]
fn a_name_without_an_address_is_told_and_the_rest_is_used() {
    let list = list(&[("SIP1 Proxy Addr", "nobody.test"), ("SIP1 BakProxy Addr", "10.0.0.4")]);
    assert_eq!(hops(&list), [("udp:10.0.0.4:5060".to_owned(), ServerRole::BackupProxy)]);
    assert_eq!(list.warnings[0].en, "line 1: nobody.test does not resolve: it has no address");
    assert!(!list.pending && !list.unrouted);
}

#[test]
fn while_a_name_is_being_looked_up_the_list_is_pending() {
    let line = line(&[("SIP1 Proxy Addr", "one.test"), ("SIP1 BakProxy Addr", "10.0.0.4")]);
    let mut resolver = Resolver::new([1; 32]);
    resolver.want(&targets(&line), std::time::Instant::now());
    assert!(hop_list(1, &line, &resolver, local).pending);
}

/// Interfaces: `DNS Mode` wins over `DNS SRV`, both over the port rule of failover design §3.
#[test]
fn what_is_looked_up_follows_the_items_and_the_port() {
    let lookup = |items: &[(&str, &str)]| {
        let base = [("SIP1 Proxy Addr", "one.test")];
        targets(&line(&[&base[..], items].concat())).pop_first().unwrap().lookup
    };
    assert_eq!(lookup(&[]), Lookup::Naptr);
    assert_eq!(lookup(&[("SIP1 Proxy Port", "0")]), Lookup::Naptr);
    assert_eq!(lookup(&[("SIP1 Proxy Port", "5070")]), Lookup::Addresses);
    assert_eq!(lookup(&[("SIP1 Proxy Port", "5070"), ("SIP1 DNS SRV", "1")]), Lookup::Srv);
    assert_eq!(lookup(&[("SIP1 DNS SRV", "0")]), Lookup::Addresses);
    assert_eq!(lookup(&[("SIP1 DNS SRV", "0"), ("SIP1 DNS Mode", "2")]), Lookup::Naptr);
    assert_eq!(lookup(&[("SIP1 DNS SRV", "1"), ("SIP1 DNS Mode", "0")]), Lookup::Addresses);
}

/// A port as written, also with TLS; 0 is the transport's own (interfaces).
#[test]
fn the_port_of_an_address_is_used_as_written() {
    let place = |items: &[(&str, &str)]| {
        let base = [("SIP1 Register Addr", "10.0.0.1"), ("SIP1 Transport", "3")];
        used(&line(&[&base[..], items].concat())).remove(0).place
    };
    let hop = |text: &str| Place::Hop(text.parse().unwrap());
    assert_eq!(place(&[]), hop("tls:10.0.0.1:5060"));
    assert_eq!(place(&[("SIP1 Register Port", "0")]), hop("tls:10.0.0.1:5061"));
}

#[test]
fn a_hop_without_a_route_is_left_out_until_there_is_one() {
    let line = line(&[("SIP1 Proxy Addr", "10.0.0.3"), ("SIP1 BakProxy Addr", "10.0.0.4")]);
    let nowhere = |_| None;
    let list = hop_list(1, &line, &Resolver::new([1; 32]), nowhere);
    assert!(list.hops.is_empty() && list.unrouted);
}

/// Interfaces: "5060 with TLS too; 0 = none = 5060, TLS 5061".
#[test]
fn a_hop_has_the_transport_of_its_server_and_our_own_place_for_it() {
    let found = |items: &[(&str, &str)]| {
        let list = list(items);
        (list.hops[0].hop.to_string(), list.hops[0].local.port())
    };
    let server = ("SIP1 Register Addr", "10.0.0.1");
    let no_port = ("SIP1 Register Port", "0");
    assert_eq!(found(&[server, ("SIP1 Transport", "1")]), ("tcp:10.0.0.1:5060".into(), 5060));
    assert_eq!(found(&[server, ("SIP1 Transport", "3")]), ("tls:10.0.0.1:5060".into(), 5061));
    let tls = found(&[server, ("SIP1 Transport", "3"), no_port]);
    assert_eq!(tls, ("tls:10.0.0.1:5061".into(), 5061));
}
