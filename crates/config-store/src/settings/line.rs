//! One line: its account, what its calls are like, and its servers.

use std::{sync::Arc, time::Duration};

use super::policy::Policy;
use super::secret::Secret;
use super::server::{Address, DnsMode, Endpoint, Server, Transport};
use crate::{items, values::Values};

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

/// What the line before has, for the next to share.
#[derive(Default)]
pub(super) struct Common {
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

impl LineSettings {
    /// The settings of a line; `None` if it lacks a user or any server.
    pub(super) fn of(values: &Values, line: u16, common: &mut Common) -> Option<Self> {
        let text = |item| values.text(item, line);
        let flag = |item| values.flag(item, line);
        let seconds = |item| Duration::from_secs(values.number(item, line));
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        let transport = Transport::of(&text(&items::TRANSPORT_MODE));
        let expiry = seconds(&items::REGISTER_TTL);
        let endpoint = |address, port| Endpoint::of(values, line, address, port);
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
        Some(Self {
            proxy_user: or(proxy_user, &auth_user),
            proxy_password: Secret::new(if as_registrar {
                auth_password.clone()
            } else {
                proxy_password
            }),
            auth_password: Secret::new(auth_password),
            user,
            domain,
            auth_user,
            display_name: text(&items::DISPLAY_NAME),
            register: flag(&items::ENABLE_REG),
            server1: server1.map(|endpoint| Server { endpoint, transport, expiry }),
            server2: server2.map(|endpoint| Server {
                endpoint,
                transport: Transport::of(&text(&items::BACKUP_TRANSPORT)),
                expiry: seconds(&items::BACKUP_TTL),
            }),
            proxy,
            backup_proxy: endpoint(&items::BAK_PROXY_ADDR, &items::BAK_PROXY_PORT),
            transport,
            expiry,
            dns_srv: Some(text(&items::DNS_SRV))
                .filter(|set| !set.is_empty())
                .map(|set| set == "1"),
            dns_mode: DnsMode::of(&text(&items::DNS_MODE)),
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
            forward: Forward::of(values, line),
            policy: common.policy(Policy::of(values, line)),
        })
    }
}

impl Forward {
    fn of(values: &Values, line: u16) -> Self {
        let to = |wanted, number| {
            let number = Some(values.text(number, line)).filter(|number| !number.is_empty());
            number.filter(|_| values.flag(wanted, line))
        };
        let after = Duration::from_secs(values.number(&items::FWD_TIMER, line));
        Self {
            always: to(&items::ALWAYS_FWD, &items::ALWAYS_FWD_NUM),
            busy: to(&items::BUSY_FWD, &items::BUSY_FWD_NUM),
            no_answer: to(&items::NO_ANSWER_FWD, &items::NO_ANSWER_FWD_NUM).map(|to| (to, after)),
        }
    }
}

/// Files in the field have 0 where the timer is off; switched on, it then lasts the usual time.
fn session_timer(values: &Values, line: u16) -> Duration {
    match values.number(&items::S_TIMER_EXPIRES, line) {
        0 => Duration::from_secs(1800),
        seconds => Duration::from_secs(seconds).max(Duration::from_secs(90)),
    }
}
