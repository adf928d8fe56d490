//! What a line shows of itself (failover design §7).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use failover::{HopId, HopState, LineState as MachineState};
use sip_core::transport::Hop;

use super::Account;
use crate::core::Core;
use crate::output::Event;
use crate::settings::{LineNumber, ServerRole};
use crate::status::{AccountStatus, HopStatus, LineState};

impl Account {
    /// Snapshot.
    pub(crate) fn status(&self) -> AccountStatus {
        let hops: Vec<HopStatus> = self
            .hops
            .iter()
            .zip(0..=u8::MAX)
            .filter_map(|(entry, id)| {
                let health = self.machine.health(HopId(id))?;
                Some(HopStatus {
                    hop: entry.hop,
                    server: entry.role,
                    state: health.state,
                    cause: health.cause.as_ref().map(ToString::to_string).unwrap_or_default(),
                    since: health.since,
                })
            })
            .collect();
        let current = self.machine.current();
        let (state, since, expires_at) = self.line_state();
        let hop = current.and_then(|id| self.hops.get(usize::from(id.0))).map(|entry| entry.hop);
        let on_primary = current == Some(HopId(0)) && state == LineState::Registered;
        let mut message = self.message(state, &hops, current);
        if let Some(hop) = self.standby_hop() {
            message.push_str(&format!("; also registered at {hop}"));
        }
        if self.machine.redundancy_lost() && state == LineState::Registered {
            message.push_str("; no redundancy left: no other server answers");
        }
        if self.machine.keep_alive_is_unanswered() && state == LineState::Registered {
            message.push_str("; it answers no OPTIONS: its death would be noticed late");
        }
        AccountStatus {
            line: self.settings.line,
            aor: self.aor().to_string(),
            state,
            hop,
            on_primary,
            since,
            expires_at,
            message,
            hops,
        }
    }

    fn line_state(&self) -> (LineState, Instant, Option<Instant>) {
        let since = self.since;
        match self.machine.state() {
            MachineState::Registered { since, expires_at } => {
                (LineState::Registered, since, Some(expires_at))
            }
            MachineState::Unregistered => (LineState::Unregistered, since, None),
            MachineState::Registering => (LineState::Registering, since, None),
            // Nothing has failed yet where nothing is known to send to.
            MachineState::Failed if self.hops.is_empty() => (LineState::Unregistered, since, None),
            MachineState::Failed => (LineState::Failed, since, None),
            MachineState::Disabled => (LineState::Disabled, since, None),
        }
    }

    fn message(&self, state: LineState, hops: &[HopStatus], current: Option<HopId>) -> String {
        let at = current.and_then(|id| hops.get(usize::from(id.0)));
        match (state, at) {
            (LineState::Registered, Some(at)) if current == Some(HopId(0)) => {
                format!("registered through {}", at.hop)
            }
            (LineState::Registered, Some(at)) => {
                let primary = hops.first().map(why).unwrap_or_default();
                format!("registered through {} {}: {primary}", backup(at.server), at.hop)
            }
            (LineState::Failed, _) => self.failure.to_string(),
            (LineState::Registering, _) => "registering".to_owned(),
            (LineState::Disabled, _) => "registration is disabled".to_owned(),
            (LineState::Registered | LineState::Unregistered, _) => "not registered".to_owned(),
        }
    }
}

fn backup(server: ServerRole) -> &'static str {
    match server {
        ServerRole::Server1 | ServerRole::Proxy => "backup address",
        ServerRole::Server2 => "SIP Server 2",
        ServerRole::BackupProxy => "backup proxy",
    }
}

fn why(primary: &HopStatus) -> String {
    match primary.state {
        HopState::Unavailable => format!("primary {} unreachable ({})", primary.hop, primary.cause),
        HopState::HeldOff => format!("primary {} asked to wait ({})", primary.hop, primary.cause),
        HopState::Suspect => format!("primary {} suspect ({})", primary.hop, primary.cause),
        HopState::Unknown => format!("primary {} not tried yet", primary.hop),
        HopState::Available => format!("primary {} answers again", primary.hop),
    }
}

/// What a line has shown last, as far as it takes to know whether it shows something new: of the rest
/// a digest, for thousands of lines would keep it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    state: LineState,
    hop: Option<Hop>,
    digest: u64,
}

impl Shown {
    fn of(status: &AccountStatus) -> Self {
        let mut hasher = DefaultHasher::new();
        status.hash(&mut hasher);
        Self { state: status.state, hop: status.hop, digest: hasher.finish() }
    }
}

/// Tells listeners when the line shows something new.
pub(super) fn announce(account: &mut Account, core: &mut Core, now: Instant) {
    let mut status = account.status();
    if account.shown.map(|shown| (shown.state, shown.hop)) != Some((status.state, status.hop)) {
        account.since = now;
        status = account.status();
    }
    let shown = Shown::of(&status);
    if account.shown != Some(shown) {
        account.shown = Some(shown);
        core.event(Event::Registration(status), now);
    }
}

/// The event of requirement B4, for a registration.
pub(super) fn unavailable(line: LineNumber, cause: &str) -> Event {
    Event::Unavailable { line, method: "REGISTER".to_owned(), cause: cause.to_owned() }
}
