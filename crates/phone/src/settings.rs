//! What a person or a provisioning file can set, as the phone uses it.
//!
//! Typed and already validated (`config-store` refuses what is out of range); names and defaults of
//! the items are its business. Nothing here is resolved: a server is what was configured, and the
//! hops that it leads to arrive as [`crate::input::Input::Hops`].

use std::sync::Arc;
use std::time::Duration;

use failover::Policy;
use sip_core::message::Host;

/// A line of the phone, from 1. A desk phone has a few; one process that stands in for a site's
/// phones has thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineNumber(pub u16);

impl LineNumber {
    /// Before every other.
    pub(crate) const FIRST: Self = Self(0);

    /// The number after this one.
    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Which configured server a hop came from (requirements, "Words").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerRole {
    /// SIP Server 1: the registrar, used where no proxy is set.
    Server1,
    /// SIP Server 2: its backup.
    Server2,
    /// The outbound proxy.
    Proxy,
    /// The backup outbound proxy.
    BackupProxy,
}

/// A user name and its password for digest authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// User name as the server's realm knows it.
    pub user: String,
    /// Password; never printed.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("password", &"***").finish()
    }
}

/// A registrar as the line names it in Request-URI and To.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrar {
    /// Its domain or address.
    pub host: Host,
    /// Port to write in the Request-URI; `None` writes none.
    pub port: Option<u16>,
    /// Registration expiry to ask for, seconds (item `SIPN Register TTL`).
    pub expiry: Duration,
}

/// Keep-alive towards the current hop (item `SIPN NAT UDPUpdate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// None.
    Off,
    /// A bare CRLF every interval; on UDP its silence is no evidence.
    Crlf(Duration),
    /// OPTIONS every interval, start to start (requirement F1).
    Options(Duration),
}

/// How digits are sent (item `SIPN DTMF Mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dtmf {
    /// As named events in the media (RFC 4733).
    Events,
    /// By INFO with `application/dtmf-relay`.
    Info,
    /// As events where the other side has them, else by INFO.
    #[default]
    Auto,
}

/// Where calls go instead of ringing here (RFC 3261 §21.3.3): a number, `user@host` or a SIP URI, as
/// for dialling. One that is none of these forwards nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Forward {
    /// Every call goes there.
    pub always: Option<String>,
    /// A call that finds the phone busy goes there.
    pub busy: Option<String>,
    /// A call goes there that nobody has answered for so long.
    pub no_answer: Option<(String, Duration)>,
}

/// One line. What lines usually have in common is shared, so that thousands of them do not keep it
/// thousands of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSettings {
    /// Its number.
    pub line: LineNumber,
    /// `SIPN Enable Reg`: off sends no REGISTER ever; calls still work.
    pub register: bool,
    /// User part of the address of record.
    pub user: String,
    /// Name shown to the other party; may be empty.
    pub display_name: String,
    /// Registrar, or the domain where a proxy is set (SIP Server 1).
    pub server1: Registrar,
    /// SIP Server 2; unused where a proxy is set.
    pub server2: Option<Registrar>,
    /// *Register User*, answers 401.
    pub register_login: Login,
    /// *Proxy User*, answers 407; empty: the register login.
    pub proxy_login: Option<Login>,
    /// Registered at a second hop as well, all the time (failover design §3; default off).
    pub register_both: bool,
    /// Keep-alive.
    pub keep_alive: KeepAlive,
    /// Failover and failback, all of it.
    pub policy: Arc<Policy>,
    /// How long setting up TCP and TLS to one hop may take (failover design §1; default 4 s).
    pub connect_timeout: Duration,
    /// Codecs in order of preference, by their names in RFC 3551 ("PCMA", "PCMU").
    pub codecs: Arc<[String]>,
    /// `+sip.instance` (RFC 5626 §4.1), a `urn:uuid:` made once for this phone.
    pub instance: Arc<str>,
    /// A 500 to an INVITE or BYE sends it to the next hop (failover design §1; default on).
    pub failover_on_500: bool,
    /// Name the tried proxy in a Route of our own (failover design §3; default off).
    pub preloaded_route: bool,
    /// Repair a dialog's route set when its hop is unavailable (failover design §5; default on).
    pub repair_route: bool,
    /// Join copies of one incoming INVITE (failover design §4; default on). Off answers 482.
    pub join_copies: bool,
    /// REGISTER at a hop before an INVITE goes there (failover design §1; default off).
    pub register_first: bool,
    /// Refuse dialog-less requests from unknown sources with 403 (failover design §5; default on).
    pub refuse_strangers: bool,
    /// Longest ringing of a call: an outgoing one is cancelled then, an incoming one is refused with
    /// 480 (default 180 s).
    pub ring_limit: Duration,
    /// Longest wait of an outgoing call that has only 100 Trying (default 180 s).
    pub trying_limit: Duration,
    /// No RTP or RTCP for so long, while not held, ends a call (default 60 s).
    pub media_timeout: Duration,
    /// Session timer that calls ask for (RFC 4028), at least 90 s (default 1800 s); `None` asks for
    /// none and agrees to what others ask for.
    pub session_timer: Option<Duration>,
    /// How digits are sent.
    pub dtmf: Dtmf,
    /// Calls offer reliable provisional responses (RFC 3262; default on).
    pub reliable_provisional: bool,
    /// Where calls go instead of ringing; `None` for nowhere, which is what most lines have.
    pub forward: Option<Box<Forward>>,
}

impl LineSettings {
    /// The policy of this line alone, to be changed.
    pub fn policy_mut(&mut self) -> &mut Policy {
        Arc::make_mut(&mut self.policy)
    }
}

/// The whole phone.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Settings {
    /// Lines in ascending order; a line that is not here does not exist.
    pub lines: Vec<LineSettings>,
    /// Answer incoming calls at once (tests, intercoms).
    pub auto_answer: bool,
    /// Who may ask for a new fetch of the configuration besides the lines' hops (F8); `None`: nobody.
    pub check_sync: Option<Login>,
    /// No call rings: 480, as RFC 3261 §21.4.18 says.
    pub do_not_disturb: bool,
    /// A call that comes while another is up is refused as busy, instead of waiting.
    pub no_call_waiting: bool,
    /// `User-Agent` and `Server` header text.
    pub user_agent: String,
}
