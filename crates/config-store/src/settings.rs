//! The configuration with types: what the parts that work by it read. Durations are durations,
//! addresses are addresses, "not set" is `None`; there is nothing left to check.
//!
//! What follows from a setting (which hops a line has, what is sent when) is decided by others.

use std::{
    collections::BTreeMap, fmt, net::IpAddr, ops::RangeInclusive, path::PathBuf, sync::Arc,
    time::Duration,
};

use crate::{
    Handset, Provisioning,
    items::{self, Item},
    values::Values,
};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The port on which the phone itself speaks SIP.
    pub sip_port: u16,
    /// The files that TLS needs.
    pub tls: TlsFiles,
    /// The ports that may be used for sound.
    pub rtp_ports: RangeInclusive<u16>,
    /// Hook, keys, lamps and bell.
    pub handset: Handset,
    /// How loud it is.
    pub sound: Sound,
    /// No call rings.
    pub do_not_disturb: bool,
    /// A call that comes during another one waits.
    pub call_waiting: bool,
    /// Where the configuration comes from.
    pub provisioning: Provisioning,
    /// Every configured line by its number: those with a user and a server.
    pub lines: BTreeMap<u16, LineSettings>,
}

/// How loud the phone is, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    /// The ear, 1 to 9.
    pub ear: u8,
    /// The microphone, 1 to 9.
    pub microphone: u8,
    /// The bell, 0 to 9; 0 is silent.
    pub ring: u8,
}

/// Where calls of a line go instead of ringing; `None`: they do not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forward {
    /// Every call.
    pub always: Option<String>,
    /// One that finds the phone busy.
    pub busy: Option<String>,
    /// One that nobody answers, after that time.
    pub no_answer: Option<(String, Duration)>,
}

/// Paths of files in PEM form; `None`: not set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// Authorities that may vouch for a server; with none, the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate chain.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
}

/// One configured line. What lines usually have in common is shared: there may be thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSettings {
    /// The user part of its address; never empty.
    pub user: String,
    /// The domain of its address and of its registrations: SIP Server 1, or else the proxy, or else
    /// SIP Server 2.
    pub domain: Address,
    /// The name that the other party sees; may be empty.
    pub display_name: String,
    /// Whether it registers.
    pub register: bool,
    /// The user name for authentication; never empty.
    pub auth_user: String,
    /// The password for authentication.
    pub auth_password: Secret,
    /// The user name for authentication at a proxy (407); never empty.
    pub proxy_user: String,
    /// The password for authentication at a proxy (407): that of the registrar if neither user nor
    /// password are set for proxies.
    pub proxy_password: Secret,
    /// SIP Server 1.
    pub server1: Option<Server>,
    /// SIP Server 2; unused where a proxy is set.
    pub server2: Option<Server>,
    /// The primary proxy; its transport is [`Self::transport`].
    pub proxy: Option<Endpoint>,
    /// The backup proxy; unused where no proxy is set; its transport is [`Self::transport`].
    pub backup_proxy: Option<Endpoint>,
    /// The transport to SIP Server 1 and to both proxies.
    pub transport: Transport,
    /// How long a registration is asked to last where only a proxy is set.
    pub expiry: Duration,
    /// `DNS SRV`.
    pub dns_srv: Option<bool>,
    /// `DNS Mode`; wins over `dns_srv`.
    pub dns_mode: Option<DnsMode>,
    /// Names of codecs as the user ordered them; some may be unknown to the phone.
    pub codecs: Arc<[String]>,
    /// Whether new requests from strangers are refused (F10).
    pub refuse_unknown: bool,
    /// How long a dialled call may ring.
    pub ring_limit: Duration,
    /// How long a call may stay without more than a 100.
    pub trying_limit: Duration,
    /// After how long without RTP and RTCP a call that is not held is ended.
    pub media_timeout: Duration,
    /// The session timer that calls ask for, at least 90 s; `None`: they ask for none.
    pub session_timer: Option<Duration>,
    /// How key presses are sent.
    pub dtmf: Dtmf,
    /// Whether calls offer reliable provisional responses.
    pub prack: bool,
    /// Where calls go instead of ringing.
    pub forward: Forward,
    /// Failover and failback.
    pub policy: Arc<Policy>,
}

/// A line's settings on failover and failback; what each is for stands in the table of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Time between register failbacks; `None`: off (C4).
    pub failback_interval: Option<Duration>,
    /// Signal failback (C1–C3).
    pub signal_failback: bool,
    /// The least time between two signal failbacks.
    pub signal_failback_hold: Duration,
    /// What ends the attempts at one hop (A3).
    pub retry: RetryMode,
    /// What is sent while idle (F1).
    pub keep_alive: KeepAlive,
    /// The time between two keep-alives, start to start.
    pub keep_alive_interval: Duration,
    /// For TCP and TLS set-up together.
    pub connect_timeout: Duration,
    /// Whether 500 to an initial INVITE or a BYE goes on to the next hop.
    pub failover_on_500: bool,
    /// Whether a hop found unavailable is tried last.
    pub dead_hop_last: bool,
    /// Whether 403 where the line has no registration leads to a REGISTER there.
    pub register_first: bool,
    /// Whether a Route header names the outbound proxy.
    pub preloaded_route: bool,
    /// Whether copies of one incoming INVITE are joined.
    pub join_copies: bool,
    /// Whether the route set of a dialog is repaired.
    pub route_repair: bool,
    /// Whether the line is registered at a second hop as well.
    pub register_both: bool,
    /// Whether the backups are watched.
    pub watch_backups: bool,
    /// Whether flapping lengthens the failback interval.
    pub flap_damping: bool,
    /// The longest back-off when all hops have failed.
    pub backoff_cap: Duration,
    /// The longest random wait after a device boot or a long link loss.
    pub start_spread: Duration,
}

/// How key presses are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtmf {
    /// As events in the media (RFC 4733).
    Events,
    /// By INFO.
    Info,
    /// As events where the other party has them, else by INFO.
    Auto,
}

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

/// What ends the attempts at one hop that is not the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryMode {
    /// V3: this many transmissions, 1 to 10.
    Counts(u8),
    /// V2: this time, 1 to 32 s.
    Time(Duration),
}

/// `NAT UDPUpdate`: what is sent while idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepAlive {
    /// Nothing.
    Off,
    /// CRLF.
    Crlf,
    /// OPTIONS (and CRLF on TCP and TLS).
    Options,
}

/// A password. It is shown nowhere, `Debug` included; [`Secret::expose`] is the one way to read it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, for computing a digest.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(none)" } else { "Secret(set)" })
    }
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

impl Settings {
    pub(crate) fn of(values: &Values) -> Self {
        let first: u16 = values.phone_number(&items::RTP_INITIAL_PORT);
        let count: u16 = values.phone_number(&items::RTP_PORT_QUANTITY);
        let mut common = Common::default();
        let line = |line| Some((line, line_settings(values, line, &mut common)?));
        let lines = values.lines().into_iter().filter_map(line).collect();
        Self {
            sip_port: values.phone_number(&items::SIP_PORT),
            tls: TlsFiles {
                ca: values.phone_path(&items::TLS_CA_FILE),
                certificate: values.phone_path(&items::TLS_CERTIFICATE_FILE),
                key: values.phone_path(&items::TLS_KEY_FILE),
            },
            rtp_ports: first..=first.saturating_add(count.saturating_sub(1)),
            handset: Handset::of(values),
            sound: Sound {
                ear: values.phone_number(&items::EAR_VOLUME),
                microphone: values.phone_number(&items::MICROPHONE_VOLUME),
                ring: values.phone_number(&items::RING_VOLUME),
            },
            do_not_disturb: values.phone_flag(&items::DO_NOT_DISTURB),
            call_waiting: values.phone_flag(&items::CALL_WAITING),
            provisioning: Provisioning::of(values),
            lines,
        }
    }
}

/// What the line before has, for the next to share.
#[derive(Default)]
struct Common {
    codecs: Arc<[String]>,
    policy: Option<Arc<Policy>>,
}

impl Common {
    fn codecs(&mut self, codecs: Vec<String>) -> Arc<[String]> {
        if *self.codecs != *codecs {
            self.codecs = codecs.into();
        }
        Arc::clone(&self.codecs)
    }

    fn policy(&mut self, policy: Policy) -> Arc<Policy> {
        let same = self.policy.take().filter(|held| **held == policy);
        Arc::clone(self.policy.insert(same.unwrap_or_else(|| Arc::new(policy))))
    }
}

/// The settings of a line; `None` if it lacks a user or any server.
fn line_settings(values: &Values, line: u16, common: &mut Common) -> Option<LineSettings> {
    let text = |item| values.text(item, line);
    let flag = |item| values.flag(item, line);
    let seconds = |item| Duration::from_secs(values.number(item, line));
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let transport = transport(&text(&items::TRANSPORT_MODE));
    let expiry = seconds(&items::REGISTER_TTL);
    let endpoint = |address, port| endpoint(values, line, address, port);
    let server1 = endpoint(&items::REGISTER_ADDR, &items::REGISTER_PORT);
    let server2 = endpoint(&items::BACKUP_ADDR, &items::BACKUP_PORT);
    let proxy = endpoint(&items::PROXY_ADDR, &items::PROXY_PORT);
    let register_user = text(&items::REGISTER_USER);
    let user = or(text(&items::PHONE_NUMBER), &register_user);
    let named = server1.as_ref().or(proxy.as_ref()).or(server2.as_ref());
    let domain = named.map(|endpoint| endpoint.address.clone())?;
    if user.is_empty() {
        return None;
    }
    let auth_user = or(register_user, &user);
    let (proxy_user, proxy_password) = (text(&items::PROXY_USER), text(&items::PROXY_PSWD));
    let auth_password = text(&items::REGISTER_PSWD);
    // Without a user of its own a proxy is answered as the registrar is, password included.
    let as_registrar = proxy_user.is_empty() && proxy_password.is_empty();
    Some(LineSettings {
        proxy_user: or(proxy_user, &auth_user),
        proxy_password: Secret(if as_registrar { auth_password.clone() } else { proxy_password }),
        auth_password: Secret(auth_password),
        user,
        domain,
        auth_user,
        display_name: text(&items::DISPLAY_NAME),
        register: flag(&items::ENABLE_REG),
        server1: server1.map(|endpoint| Server { endpoint, transport, expiry }),
        server2: server2.map(|endpoint| Server {
            endpoint,
            transport: self::transport(&text(&items::BACKUP_TRANSPORT)),
            expiry: seconds(&items::BACKUP_TTL),
        }),
        proxy,
        backup_proxy: endpoint(&items::BAK_PROXY_ADDR, &items::BAK_PROXY_PORT),
        transport,
        expiry,
        dns_srv: Some(text(&items::DNS_SRV)).filter(|set| !set.is_empty()).map(|set| set == "1"),
        dns_mode: dns_mode(&text(&items::DNS_MODE)),
        codecs: common
            .codecs(text(&items::VOICE_CODEC_MAP).split(',').map(str::to_owned).collect()),
        refuse_unknown: flag(&items::REFUSE_UNKNOWN),
        ring_limit: seconds(&items::RING_LIMIT),
        trying_limit: seconds(&items::TRYING_LIMIT),
        media_timeout: seconds(&items::MEDIA_TIMEOUT),
        session_timer: flag(&items::SESSION_TIMER).then(|| session_timer(values, line)),
        prack: flag(&items::PRACK),
        dtmf: match text(&items::DTMF_MODE).as_str() {
            "2" => Dtmf::Info,
            "3" => Dtmf::Auto,
            _ => Dtmf::Events,
        },
        forward: forward(values, line),
        policy: common.policy(policy(values, line)),
    })
}

fn forward(values: &Values, line: u16) -> Forward {
    let to = |wanted, number| {
        let number = Some(values.text(number, line)).filter(|number| !number.is_empty());
        number.filter(|_| values.flag(wanted, line))
    };
    let after = Duration::from_secs(values.number(&items::FWD_TIMER, line));
    Forward {
        always: to(&items::ALWAYS_FWD, &items::ALWAYS_FWD_NUM),
        busy: to(&items::BUSY_FWD, &items::BUSY_FWD_NUM),
        no_answer: to(&items::NO_ANSWER_FWD, &items::NO_ANSWER_FWD_NUM).map(|to| (to, after)),
    }
}

fn policy(values: &Values, line: u16) -> Policy {
    let flag = |item| values.flag(item, line);
    let seconds = |item| Duration::from_secs(values.number(item, line));
    Policy {
        failback_interval: flag(&items::ENABLE_FAILBACK)
            .then(|| seconds(&items::FAILBACK_INTERVAL)),
        signal_failback: flag(&items::SIGNAL_FAILBACK),
        signal_failback_hold: seconds(&items::SIGNAL_FAILBACK_HOLD),
        retry: if flag(&items::SIGNAL_RETRY_MODE) {
            RetryMode::Time(seconds(&items::SIGNAL_RETRY_TIME))
        } else {
            RetryMode::Counts(values.number(&items::SIGNAL_RETRY_COUNTS, line))
        },
        keep_alive: match values.text(&items::NAT_UDP_UPDATE, line).as_str() {
            "0" => KeepAlive::Off,
            "1" => KeepAlive::Crlf,
            _ => KeepAlive::Options,
        },
        keep_alive_interval: seconds(&items::UDP_UPDATE_TTL),
        connect_timeout: seconds(&items::CONNECT_TIMEOUT),
        failover_on_500: flag(&items::FAILOVER_ON_500),
        dead_hop_last: flag(&items::DEAD_HOP_LAST),
        register_first: flag(&items::REGISTER_FIRST),
        preloaded_route: flag(&items::PRELOADED_ROUTE),
        join_copies: flag(&items::JOIN_COPIES),
        route_repair: flag(&items::ROUTE_REPAIR),
        register_both: flag(&items::REGISTER_BOTH),
        watch_backups: flag(&items::WATCH_BACKUPS),
        flap_damping: flag(&items::FLAP_DAMPING),
        backoff_cap: seconds(&items::BACKOFF_CAP),
        start_spread: seconds(&items::START_SPREAD),
    }
}

/// Files in the field have 0 where the timer is off; switched on, it then lasts the usual time.
fn session_timer(values: &Values, line: u16) -> Duration {
    match values.number(&items::S_TIMER_EXPIRES, line) {
        0 => Duration::from_secs(1800),
        seconds => Duration::from_secs(seconds).max(Duration::from_secs(90)),
    }
}

fn endpoint(
    values: &Values,
    line: u16,
    address: &'static Item,
    port: &'static Item,
) -> Option<Endpoint> {
    let port = Some(values.number(port, line)).filter(|port| *port != 0);
    values.address(address, line).map(|address| Endpoint { address, port })
}

fn transport(value: &str) -> Transport {
    match value {
        "1" => Transport::Tcp,
        "3" => Transport::Tls,
        _ => Transport::Udp,
    }
}

fn dns_mode(value: &str) -> Option<DnsMode> {
    match value {
        "0" => Some(DnsMode::Addresses),
        "1" => Some(DnsMode::Srv),
        "2" => Some(DnsMode::NaptrSrv),
        _ => None,
    }
}

impl LineSettings {
    /// What the user ought to know of settings that contradict each other, a sentence each.
    /// `line` is this line's number.
    #[must_use]
    pub fn warnings(&self, line: u16) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |text: String| warnings.push(text);
        if self.proxy.is_some() && self.server2.is_some() {
            warn(format!("line {line}: with `SIP{line} Proxy Addr` set, SIP Server 2 is not used"));
        }
        if self.proxy.is_none() && self.backup_proxy.is_some() {
            warn(format!(
                "line {line}: `SIP{line} BakProxy Addr` is not used without `SIP{line} Proxy Addr`"
            ));
        }
        let twice = match &self.proxy {
            Some(_) => self.proxy == self.backup_proxy,
            None => {
                let place = |server: &Server| (server.endpoint.clone(), server.transport);
                self.server1.is_some()
                    && self.server1.as_ref().map(place) == self.server2.as_ref().map(place)
            }
        };
        if twice {
            warn(format!("line {line}: both servers are one address, so there is no backup"));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
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
            settings(&pairs).lines[&1].warnings(1)
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
}
