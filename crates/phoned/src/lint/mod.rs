//! What the settings of a line mean, in sentences with numbers (failover design §7).
//!
//! Pure: settings and the line's servers in, findings out; the command line and the web page show the
//! same through the control socket. Worst cases are [`failover::worst_case`]'s, which the machine's
//! closure walks hold to what it really does; nothing is computed a second time here.

mod rules;
mod say;

use std::time::Duration;

use config_store::{Conflict, KeepAlive, LineSettings, RetryMode, Sentence};
use control::{Bounds, Finding, Level, LineCheck, Server};
use failover::{Policy, Reach, TIMEOUT, WorstCase, worst_case_of};
use sip_core::transport::Transport;

use self::say::Wait;
use crate::hops;
use crate::settings::failover_policy;
use crate::view;

/// A line as the rules see it.
struct Line<'a> {
    number: u16,
    settings: &'a LineSettings,
    policy: Policy,
    /// Different servers, each address counted; at least 1.
    hops: u8,
    /// Of which configured server each of them is; empty while none is known.
    known: &'a [Server],
    /// Settings that contradict each other.
    conflicts: Vec<Conflict>,
    /// How long a registration is asked to last, at the server that is asked for longest.
    expiry: Duration,
    /// The transports that its servers may be spoken to by.
    transports: Vec<Transport>,
    reach: Reach,
    worst: WorstCase,
}

/// What the settings of line `number` lead to. `known` names the configured server of each address
/// that the line's names lead to now; where that is not known, each server counts as one address.
pub(crate) fn check(number: u16, settings: &LineSettings, known: &[Server]) -> LineCheck {
    let used = hops::used(settings);
    let count = if known.is_empty() { used.len() } else { known.len() };
    let hops = u8::try_from(count.max(1)).unwrap_or(u8::MAX);
    let policy = failover_policy(&settings.policy);
    let expiry = expiry(settings);
    let transports: Vec<Transport> = used.iter().flat_map(hops::Server::transports).collect();
    let reach = reach(settings, hops, expiry, &transports);
    let worst = worst_case_of(&policy, &reach);
    let conflicts = settings.conflicts();
    let line =
        Line { number, settings, policy, hops, known, conflicts, expiry, transports, reach, worst };
    let mut findings = rules::all(&line);
    findings.sort_by_key(|finding| finding.level);
    LineCheck { line: number, hops, bounds: line.bounds(), findings }
}

/// A line that may use a connection is judged as one that always does.
fn reach(settings: &LineSettings, hops: u8, expires: Duration, transports: &[Transport]) -> Reach {
    let policy = &settings.policy;
    let connects = transports.iter().any(|transport| *transport != Transport::Udp);
    let only_connects = transports.iter().all(|transport| *transport != Transport::Udp);
    let pings = policy.keep_alive == KeepAlive::Crlf && only_connects;
    Reach {
        hops,
        expires,
        set_up: if connects { policy.connect_timeout } else { Duration::ZERO },
        found_otherwise: pings.then(|| policy.keep_alive_interval + phone::PONG),
    }
}

/// The longest that a registration is asked to last.
fn expiry(settings: &LineSettings) -> Duration {
    let servers = [&settings.server1, &settings.server2].into_iter().flatten();
    let asked = servers.map(|server| server.expiry).max();
    if settings.proxy.is_some() { settings.expiry } else { asked.unwrap_or(settings.expiry) }
}

impl Line<'_> {
    fn bounds(&self) -> Bounds {
        let seconds = |time: Duration| view::milliseconds(time) / 1000.0;
        let worst = &self.worst;
        let (found, first) = (worst.silent_death, worst.silent_death_unproven);
        Bounds {
            incoming_s: found.or(worst.silent_death_unnoticed).map(seconds),
            incoming_first_s: first.or(worst.silent_death_unnoticed).map(seconds),
            incoming_unnoticed_s: worst.silent_death_unnoticed.map(seconds),
            register_s: seconds(self.wait(false)),
            invite_s: seconds(self.wait(true)),
            bye_s: seconds(self.wait(false)),
            all_silent_s: seconds(self.all_silent()),
            failback_s: worst.off_primary_settled.map(seconds),
            failback_any_s: worst.off_primary.map(seconds),
            retry_s: seconds(self.policy.backoff_cap),
            recovery_s: seconds(worst.recovery),
            recovery_unnoticed_s: seconds(worst.recovery_unnoticed),
        }
    }

    /// How long a request waits at a silent server that is not its last (requirement A3), after the
    /// set-up of a connection where it takes one (A2).
    fn wait(&self, invite: bool) -> Duration {
        self.reach.set_up + self.policy.retry.wait(invite)
    }

    /// That wait as a sentence says it.
    fn wait_in_words(&self, invite: bool) -> Wait {
        Wait { time: self.wait(invite), at_most: !self.reach.set_up.is_zero() }
    }

    /// Whether a server may be spoken to over UDP.
    fn sends_datagrams(&self) -> bool {
        self.transports.contains(&Transport::Udp)
    }

    /// A dialled call at servers which are all silent (requirements A3, A4).
    fn all_silent(&self) -> Duration {
        self.wait(true) * u32::from(self.hops - 1) + self.reach.set_up + TIMEOUT
    }

    fn has_backup(&self) -> bool {
        self.hops > 1
    }

    fn warning(&self, item: &config_store::Item, said: Sentence) -> Finding {
        finding(Level::Warning, Some(self.name(item)), said)
    }

    fn note(&self, item: &config_store::Item, said: Sentence) -> Finding {
        finding(Level::Note, Some(self.name(item)), said)
    }

    fn name(&self, item: &config_store::Item) -> String {
        format!("SIP{} {}", self.number, item.name)
    }

    /// The item that decides how long a silent server is given.
    fn retry_item(&self) -> &'static config_store::Item {
        match self.settings.policy.retry {
            RetryMode::Counts(_) => &config_store::items::SIGNAL_RETRY_COUNTS,
            RetryMode::Time(_) => &config_store::items::SIGNAL_RETRY_TIME,
        }
    }
}

fn finding(level: Level, item: Option<String>, said: Sentence) -> Finding {
    Finding { level, item, text: said.en, text_zh: said.zh }
}

#[cfg(test)]
mod tests;
