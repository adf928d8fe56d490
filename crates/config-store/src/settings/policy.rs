//! A line's settings on failover and failback.

use std::time::Duration;

use crate::{items, values::Values};

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

impl Policy {
    pub(super) fn of(values: &Values, line: u16) -> Self {
        let flag = |item| values.flag(item, line);
        let seconds = |item| Duration::from_secs(values.number(item, line));
        Self {
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
}
