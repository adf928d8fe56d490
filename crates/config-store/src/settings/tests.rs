//! Items read from names and values, each error with its place.

use std::time::Duration;

use super::*;
use crate::Patch;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let patch = Patch::parse(pairs.iter().copied()).ok().unwrap();
    Settings::of(&patch.applied_to(&Values::default()))
}

const MINIMUM: [(&str, &str); 2] =
    [("SIP1 Phone Number", "1001"), ("SIP1 Register Addr", "example.test")];

#[test]
fn with_nothing_set_no_line_is_configured() {
    let settings = settings(&[]);
    assert_eq!(settings.sip_port, 5060);
    assert_eq!(settings.rtp_ports, 10000..=10999);
    assert_eq!(settings.lines, BTreeMap::new());
}

#[test]
fn packets_are_marked_unless_that_is_off_and_the_names_of_the_field_are_known() {
    assert_eq!(settings(&[]).dscp, Dscp { sip: 24, rtp: 46 });
    let set = [("Singalling DSCP", "26"), ("Voice DSCP", "34")];
    assert_eq!(settings(&set).dscp, Dscp { sip: 26, rtp: 34 });
    assert_eq!(settings(&[("SIP DSCP", "40")]).dscp, Dscp { sip: 40, rtp: 46 });
    let off = [("Enable diffServ", "0"), ("RTP DSCP", "46")];
    assert_eq!(settings(&off).dscp, Dscp { sip: 0, rtp: 0 });
}

#[test]
fn a_line_needs_a_user_and_a_server() {
    for pairs in [
        &[("SIP1 Phone Number", "1001")][..],
        &[("SIP1 Register Addr", "example.test")],
        &[("SIP1 Phone Number", "1001"), ("SIP1 BakProxy Addr", "10.0.0.2")],
    ] {
        assert!(settings(pairs).lines.is_empty(), "{pairs:?}");
    }
    for server in ["SIP7 Register Addr", "SIP7 Backup Addr", "SIP7 Proxy Addr"] {
        let settings = settings(&[("SIP7 Register User", "u"), (server, "10.0.0.1")]);
        assert_eq!(settings.lines.keys().collect::<Vec<_>>(), [&7]);
        assert_eq!(settings.lines[&7].user, "u");
        assert_eq!(settings.lines[&7].domain.to_string(), "10.0.0.1");
    }
}

#[test]
fn the_defaults_are_those_of_the_requirements() {
    let line = settings(&MINIMUM).lines.remove(&1).unwrap();
    assert!(line.register);
    assert_eq!((line.auth_user.as_str(), line.proxy_user.as_str()), ("1001", "1001"));
    let server = line.server1.unwrap();
    assert_eq!(server.endpoint.address, Address::Name("example.test".into()));
    assert_eq!(server.endpoint.port, Some(5060));
    assert_eq!(server.transport, Transport::Udp);
    assert_eq!(server.expiry, Duration::from_secs(3600));
    assert_eq!((line.server2, line.proxy, line.backup_proxy), (None, None, None));
    assert_eq!((line.dns_srv, line.dns_mode), (None, None));
    assert_eq!(*line.codecs, ["PCMA", "PCMU"]);
    assert!(line.refuse_unknown);
    assert_eq!(line.ring_limit, Duration::from_secs(180));
    assert_eq!(line.session_timer, Some(Duration::from_secs(1800)));
    assert_eq!(line.dtmf, Dtmf::Auto);
    assert!(line.prack);
    assert_eq!(line.media_timeout, Duration::from_secs(60));
    assert_eq!(
        *line.policy,
        Policy {
            failback_interval: Some(Duration::from_secs(1800)),
            signal_failback: false,
            signal_failback_hold: Duration::ZERO,
            retry: RetryMode::Counts(3),
            keep_alive: KeepAlive::Options,
            keep_alive_interval: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(4),
            failover_on_500: true,
            dead_hop_last: true,
            register_first: false,
            preloaded_route: false,
            join_copies: true,
            route_repair: true,
            register_both: false,
            watch_backups: false,
            flap_damping: true,
            backoff_cap: Duration::from_secs(300),
            start_spread: Duration::from_secs(30),
        }
    );
}

#[test]
fn what_is_set_arrives_with_its_type() {
    let mut pairs = MINIMUM.to_vec();
    pairs.extend([
        ("SIP  Port", "5070"),
        ("SIP1 Register Port", "0"),
        ("SIP1 Register User", "auth"),
        ("SIP1 Register Pswd", "hunter2"),
        ("SIP1 Proxy Addr", "2001:db8::1"),
        ("SIP1 Transport", "3"),
        ("SIP1 Enable Reg", "0"),
        ("SIP1 Enable Failback", "0"),
        ("SIP1 Signal Retry Mode", "1"),
        ("SIP1 NAT UDPUpdate", "1"),
        ("SIP1 DNS Mode", "2"),
        ("SIP1 DNS SRV", "0"),
        ("SIP1 VoiceCodecMap", "PCMU,G729"),
    ]);
    let settings = settings(&pairs);
    let line = &settings.lines[&1];
    assert_eq!(settings.sip_port, 5070);
    assert_eq!(line.server1.as_ref().unwrap().endpoint.port, None);
    assert_eq!(line.domain.to_string(), "example.test");
    assert_eq!(line.transport, Transport::Tls);
    assert_eq!((line.user.as_str(), line.auth_user.as_str()), ("1001", "auth"));
    assert_eq!(line.proxy_user, "auth");
    assert_eq!(line.auth_password.expose(), "hunter2");
    assert_eq!(line.proxy_password.expose(), "hunter2");
    assert!(!line.register);
    let proxy = line.proxy.as_ref().unwrap();
    assert_eq!(proxy.address, Address::Ip("2001:db8::1".parse().unwrap()));
    assert_eq!(line.policy.failback_interval, None);
    assert_eq!(line.policy.retry, RetryMode::Time(Duration::from_secs(4)));
    assert_eq!(line.policy.keep_alive, KeepAlive::Crlf);
    assert_eq!((line.dns_srv, line.dns_mode), (Some(false), Some(DnsMode::NaptrSrv)));
    assert_eq!(*line.codecs, ["PCMU", "G729"]);
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_proxy_with_its_own_user_has_its_own_password() {
    let with = |extra: &[(&str, &str)]| {
        let pairs = [&MINIMUM[..], &[("SIP1 Register Pswd", "r")], extra].concat();
        let line = settings(&pairs).lines.remove(&1).unwrap();
        (line.proxy_user, line.proxy_password.expose().to_owned())
    };
    let pair = |user: &str, password: &str| (user.to_owned(), password.to_owned());
    assert_eq!(with(&[]), pair("1001", "r"));
    assert_eq!(with(&[("SIP1 Proxy Pswd", "p")]), pair("1001", "p"));
    assert_eq!(with(&[("SIP1 Proxy User", "u"), ("SIP1 Proxy Pswd", "p")]), pair("u", "p"));
    assert_eq!(with(&[("SIP1 Proxy User", "u")]), pair("u", ""));
}

#[test]
fn settings_that_contradict_each_other_are_pointed_out() {
    let warnings = |extra: &[(&str, &str)]| {
        let pairs = [&MINIMUM[..], extra].concat();
        settings(&pairs).lines[&1].warnings(1).map(|warning| warning.en).collect::<Vec<_>>()
    };
    assert_eq!(warnings(&[]), Vec::<String>::new());
    assert_eq!(
        warnings(&[("SIP1 Proxy Addr", "10.0.0.1"), ("SIP1 Backup Addr", "10.0.0.2")]),
        ["line 1: with `SIP1 Proxy Addr` set, SIP Server 2 is not used"]
    );
    assert_eq!(
        warnings(&[("SIP1 BakProxy Addr", "10.0.0.2")]),
        ["line 1: `SIP1 BakProxy Addr` is not used without `SIP1 Proxy Addr`"]
    );
    assert_eq!(
        warnings(&[("SIP1 Backup Addr", "example.test"), ("SIP1 Backup TTL", "60")]),
        ["line 1: both servers are one address, so there is no backup"]
    );
}
