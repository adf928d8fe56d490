//! The stored configuration, put into the terms of the phone.
//!
//! Translation only: values are valid already, and what follows from them is decided by the phone.
//! The one rule here is which server names the line (requirements, "Words"): SIP Server 1 does, and
//! where only others are set, the first of them.

use std::sync::Arc;
use std::time::Duration;

use config_store as stored;
use config_store::{Address, Endpoint};
use failover::{Policy, Retry};
use phone::settings::{
    Dtmf, Forward, KeepAlive, LineNumber, LineSettings, Login, Registrar, Settings,
};
use sip_core::message::Host;

/// What does not change while the daemon runs.
#[derive(Clone, Debug)]
pub(crate) struct Fixed {
    instance: Arc<str>,
    auto_answer: bool,
}

impl Fixed {
    /// `instance` is the `urn:uuid:` of this phone; `auto_answer` is the option of that name.
    pub(crate) fn new(instance: String, auto_answer: bool) -> Self {
        Self { instance: instance.into(), auto_answer }
    }
}

/// The whole configuration.
pub(crate) fn phone_settings(settings: &stored::Settings, fixed: &Fixed) -> Settings {
    let mut last = None;
    let lines = settings.lines.iter();
    let line = |(number, line): (&u16, &_)| line_settings(*number, line, fixed, &mut last);
    Settings {
        lines: lines.filter_map(line).collect(),
        auto_answer: fixed.auto_answer,
        check_sync: settings
            .provisioning
            .check_sync
            .as_ref()
            .map(|(user, password)| login(user, password)),
        do_not_disturb: settings.do_not_disturb,
        no_call_waiting: !settings.call_waiting,
        user_agent: concat!("phoned/", env!("CARGO_PKG_VERSION")).into(),
    }
}

/// `None` only for a line that no server names, which the store does not give. `last` is the policy of
/// the line before, which this one shares where it is the same.
fn line_settings(
    number: u16,
    line: &stored::LineSettings,
    fixed: &Fixed,
    last: &mut Option<Arc<Policy>>,
) -> Option<LineSettings> {
    let server2 = line.server2.as_ref().and_then(registrar);
    let first_server = line.server1.as_ref().and_then(registrar);
    let proxy = || registrar_of(line.proxy.as_ref()?, line.expiry);
    let policy = &line.policy;
    let failover = failover_policy(policy);
    let same = last.take().filter(|held| **held == failover);
    let failover = last.insert(same.unwrap_or_else(|| Arc::new(failover)));
    let register_login = login(&line.auth_user, &line.auth_password);
    let proxy_login = login(&line.proxy_user, &line.proxy_password);
    Some(LineSettings {
        line: LineNumber(number),
        register: line.register,
        user: line.user.clone(),
        display_name: line.display_name.clone(),
        server1: first_server.or_else(proxy).or_else(|| server2.clone())?,
        server2,
        proxy_login: Some(proxy_login).filter(|login| *login != register_login),
        register_login,
        keep_alive: match policy.keep_alive {
            stored::KeepAlive::Off => KeepAlive::Off,
            stored::KeepAlive::Crlf => KeepAlive::Crlf(policy.keep_alive_interval),
            stored::KeepAlive::Options => KeepAlive::Options(policy.keep_alive_interval),
        },
        policy: Arc::clone(failover),
        connect_timeout: policy.connect_timeout,
        codecs: Arc::clone(&line.codecs),
        instance: Arc::clone(&fixed.instance),
        register_both: policy.register_both,
        failover_on_500: policy.failover_on_500,
        preloaded_route: policy.preloaded_route,
        repair_route: policy.route_repair,
        join_copies: policy.join_copies,
        register_first: policy.register_first,
        refuse_strangers: line.refuse_unknown,
        ring_limit: line.ring_limit,
        trying_limit: line.trying_limit,
        media_timeout: line.media_timeout,
        session_timer: line.session_timer,
        reliable_provisional: line.prack,
        forward: forward(&line.forward),
        dtmf: match line.dtmf {
            stored::Dtmf::Events => Dtmf::Events,
            stored::Dtmf::Info => Dtmf::Info,
            stored::Dtmf::Auto => Dtmf::Auto,
        },
    })
}

/// `None` for a line that forwards nothing, as most.
fn forward(forward: &stored::Forward) -> Option<Box<Forward>> {
    let stored::Forward { always, busy, no_answer } = forward.clone();
    (*forward != stored::Forward::default()).then(|| Box::new(Forward { always, busy, no_answer }))
}

/// How a line fails over and back.
pub(crate) fn failover_policy(policy: &stored::Policy) -> Policy {
    let default = Policy::default();
    Policy {
        retry: match policy.retry {
            stored::RetryMode::Counts(count) => Retry::Transmissions(count),
            stored::RetryMode::Time(time) => Retry::Time(time),
        },
        register_failback: policy.failback_interval.is_some(),
        failback_interval: policy.failback_interval.unwrap_or(default.failback_interval),
        signal_failback: policy.signal_failback,
        signal_hold_off: policy.signal_failback_hold,
        keep_alive: match policy.keep_alive {
            stored::KeepAlive::Options => Some(policy.keep_alive_interval),
            stored::KeepAlive::Off | stored::KeepAlive::Crlf => None,
        },
        watch: policy.watch_backups.then_some(policy.keep_alive_interval),
        backoff_cap: policy.backoff_cap,
        known_dead_last: policy.dead_hop_last,
        flap_damping: policy.flap_damping,
        boot_spread: policy.start_spread,
        ..default
    }
}

fn login(user: &str, password: &stored::Secret) -> Login {
    Login { user: user.to_owned(), password: password.expose().to_owned() }
}

fn registrar(server: &stored::Server) -> Option<Registrar> {
    registrar_of(&server.endpoint, server.expiry)
}

/// A port of 5060 behind a name is what no port means too (RFC 3261 §19.1.2), and a domain with a
/// port is another address of record to many registrars; behind an IP address it is written, as in
/// the capture of requirement B1.
fn registrar_of(endpoint: &Endpoint, expiry: Duration) -> Option<Registrar> {
    let (host, named) = match &endpoint.address {
        Address::Ip(std::net::IpAddr::V4(ip)) => (Host::V4(*ip), false),
        Address::Ip(std::net::IpAddr::V6(ip)) => (Host::V6(*ip), false),
        Address::Name(name) => (name.parse().ok()?, true),
    };
    let port = endpoint.port.filter(|port| !(named && *port == 5060));
    Some(Registrar { host, port, expiry })
}

#[cfg(test)]
mod tests {
    use config_store::{Origin, Store};

    use super::*;

    fn line(items: &[(&str, &str)]) -> LineSettings {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.set(items, Origin::CommandLine).unwrap();
        let fixed = Fixed::new("urn:uuid:1".into(), false);
        phone_settings(&store.settings(), &fixed).lines.remove(0)
    }

    #[test]
    fn the_registrar_names_the_line_where_a_proxy_is_set() {
        let line = line(&[
            ("SIP1 Phone Number", "1001"),
            ("SIP1 Register Addr", "example.test"),
            ("SIP1 Proxy Addr", "10.0.0.1"),
        ]);
        assert_eq!(line.server1.host, Host::Name("example.test".into()));
        assert_eq!(line.server1.port, None, "5060 is what no port means");
    }

    #[test]
    fn without_a_registrar_the_proxy_names_the_line() {
        let proxy = [("SIP2 Phone Number", "1002"), ("SIP2 Proxy Addr", "10.0.0.1")];
        let line = line(&proxy);
        assert_eq!(line.line, LineNumber(2));
        assert_eq!(line.server1.host, Host::V4([10, 0, 0, 1].into()));
        assert_eq!(line.server1.port, Some(5060), "as in the capture of requirement B1");
    }

    #[test]
    fn a_407_is_answered_as_401_is_unless_a_proxy_user_is_set() {
        let base =
            [("SIP1 Register Addr", "h"), ("SIP1 Register User", "u"), ("SIP1 Register Pswd", "p")];
        let found = |items: &[(&str, &str)]| line(items).proxy_login;
        assert_eq!(found(&base), None);
        let own = [&base[..], &[("SIP1 Proxy User", "v"), ("SIP1 Proxy Pswd", "q")]].concat();
        assert_eq!(found(&own), Some(Login { user: "v".into(), password: "q".into() }));
    }

    #[test]
    fn the_defaults_of_the_items_are_those_of_the_policy() {
        let line = line(&[("SIP1 Phone Number", "1"), ("SIP1 Register Addr", "h")]);
        assert_eq!(*line.policy, Policy::default());
        assert_eq!(line.policy.check(), Ok(()));
        assert_eq!(line.keep_alive, KeepAlive::Options(Duration::from_secs(30)));
    }

    /// Issue 3: thousands of lines have one policy between them.
    #[test]
    fn lines_share_what_they_have_in_common() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let users = (1..=3).map(|n| {
            [
                (format!("SIP{n} Phone Number"), n.to_string()),
                (format!("SIP{n} Register Addr"), "h".to_owned()),
            ]
        });
        store.set(&users.flatten().collect::<Vec<_>>(), Origin::CommandLine).unwrap();
        store.set(&[("SIP3 Failback Interval", "7")], Origin::CommandLine).unwrap();
        let fixed = Fixed::new("urn:uuid:1".into(), false);
        let lines = phone_settings(&store.settings(), &fixed).lines;
        assert!(Arc::ptr_eq(&lines[0].policy, &lines[1].policy));
        assert_ne!(lines[1].policy, lines[2].policy);
        assert!(Arc::ptr_eq(&lines[0].codecs, &lines[2].codecs));
        assert!(Arc::ptr_eq(&lines[0].instance, &lines[2].instance));
    }

    #[test]
    fn v2_mode_bounds_the_attempts_by_time() {
        let line = line(&[
            ("SIP1 Phone Number", "1"),
            ("SIP1 Register Addr", "h"),
            ("SIP1 Signal Retry Mode", "1"),
            ("SIP1 Signal Retry Time", "7"),
            ("SIP1 Enable Failback", "0"),
        ]);
        assert_eq!(line.policy.retry, Retry::Time(Duration::from_secs(7)));
        assert!(!line.policy.register_failback);
    }
}
