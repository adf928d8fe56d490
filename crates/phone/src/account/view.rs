//! What a line shows of itself (failover design §7).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use failover::{EntryCause, HopId, LineState as MachineState};
use sip_core::transport::Hop;

use super::Account;
use crate::core::Core;
use crate::output::Event;
use crate::settings::LineNumber;
use crate::status::{AccountStatus, HopStatus, LineState};
use crate::words::{LineNote, Primary, Standing};

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
                    cause: health.cause,
                    since: health.since,
                })
            })
            .collect();
        let current = self.machine.current();
        let (state, since, expires_at) = self.line_state();
        let hop = current.and_then(|id| self.hops.get(usize::from(id.0))).map(|entry| entry.hop);
        let on_primary = current == Some(HopId(0)) && state == LineState::Registered;
        let registered = state == LineState::Registered;
        let message = LineNote {
            standing: self.standing(state, &hops, current),
            also: self.standby_hop(),
            alone: registered && self.machine.redundancy_lost(),
            deaf: registered && self.machine.keep_alive_is_unanswered(),
        };
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

    fn standing(&self, state: LineState, hops: &[HopStatus], current: Option<HopId>) -> Standing {
        let at = current.and_then(|id| hops.get(usize::from(id.0)));
        match (state, at) {
            (LineState::Registered, Some(at)) if current == Some(HopId(0)) => {
                Standing::Primary(at.hop)
            }
            (LineState::Registered, Some(at)) => {
                let primary = hops.first();
                let primary =
                    primary.map(|p| Primary { hop: p.hop, state: p.state, cause: p.cause });
                Standing::Backup(at.server, at.hop, primary)
            }
            (LineState::Failed, _) => Standing::Failed(self.failure.clone()),
            (LineState::Registering, _) => Standing::Registering,
            (LineState::Disabled, _) => Standing::Disabled,
            (LineState::Registered | LineState::Unregistered, _) => Standing::NotRegistered,
        }
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
pub(super) fn unavailable(line: LineNumber, cause: EntryCause) -> Event {
    Event::Unavailable { line, method: "REGISTER".to_owned(), cause }
}
