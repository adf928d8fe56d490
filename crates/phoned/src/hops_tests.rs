//! Which hops a line has, from the items that a user sets (requirement A1 and "Words").

use config_store::{Origin, Store};

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

fn list(items: &[(&str, &str)]) -> HopList {
    let names = Names::from([
        ("one.test".into(), vec![ip("10.0.1.1"), ip("2001:db8::1")]),
        ("two.test".into(), vec![ip("10.0.1.1"), ip("10.0.1.2")]),
    ]);
    hop_list(1, &line(items), &names, local)
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
    assert_eq!(list.trusted, all, "calls may come from any of them (failover design §5)");
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
    let expected = ["udp:10.0.1.1:5060", "udp:[2001:db8::1]:5060"];
    let found: Vec<_> = list.hops.iter().map(|hop| hop.hop.to_string()).collect();
    assert_eq!(found, expected);
    assert!(list.hops.iter().all(|hop| hop.names == ["one.test"]));
    assert!(!list.incomplete);
}

#[test]
fn two_servers_at_one_address_are_one_hop_and_a_warning() {
    let list = list(&[("SIP1 Proxy Addr", "one.test"), ("SIP1 BakProxy Addr", "two.test")]);
    let found: Vec<_> = list.hops.iter().map(|hop| hop.hop.to_string()).collect();
    assert_eq!(found, ["udp:10.0.1.1:5060", "udp:[2001:db8::1]:5060", "udp:10.0.1.2:5060"]);
    assert_eq!(list.hops[0].names, ["one.test", "two.test"], "both names lead there");
    assert_eq!(list.warnings, ["line 1: two servers are one address, udp:10.0.1.1:5060"]);
}

#[test]
fn a_name_that_is_not_resolved_yet_leaves_the_list_incomplete() {
    let list = list(&[("SIP1 Proxy Addr", "nobody.test"), ("SIP1 BakProxy Addr", "10.0.0.4")]);
    assert_eq!(hops(&list), [("udp:10.0.0.4:5060".to_owned(), ServerRole::BackupProxy)]);
    assert!(list.incomplete && !list.unrouted);
}

#[test]
fn a_hop_without_a_route_is_left_out_until_there_is_one() {
    let line = line(&[("SIP1 Proxy Addr", "10.0.0.3"), ("SIP1 BakProxy Addr", "10.0.0.4")]);
    let nowhere = |_| None;
    let list = hop_list(1, &line, &Names::new(), nowhere);
    assert!(list.hops.is_empty() && list.incomplete && list.unrouted);
}

#[test]
fn a_server_that_wants_tls_is_not_spoken_to_in_the_clear() {
    let list = list(&[("SIP1 Register Addr", "10.0.0.1"), ("SIP1 Transport", "3")]);
    assert!(list.hops.is_empty());
    assert_eq!(
        list.warnings,
        ["line 1: 10.0.0.1 is not used, because TCP and TLS are not in this version"]
    );
}

#[test]
fn a_rotated_answer_moves_nothing_and_a_changed_one_keeps_what_stays() {
    let known = [ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.3")];
    let rotated = [ip("10.0.0.2"), ip("10.0.0.3"), ip("10.0.0.1")];
    assert_eq!(keep_order(&known, &rotated), known);
    let changed = [ip("10.0.0.9"), ip("10.0.0.3"), ip("10.0.0.2")];
    assert_eq!(keep_order(&known, &changed), [ip("10.0.0.2"), ip("10.0.0.3"), ip("10.0.0.9")]);
}
