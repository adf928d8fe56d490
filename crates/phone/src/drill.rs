//! A failure that is only played (failover design §7).
//!
//! While a drill runs, a request of its line that begins towards its hop is not sent; to its owner
//! that is a hop which stays silent, as a frozen proxy would. What belongs to an earlier request (a
//! retransmission, ACK, CANCEL), answers to the hop's own requests and all that comes from it go on,
//! so that no real party is left ringing. The drill is bound to an address and not to a place in the
//! list, so a changed list does not end it. It measures how long the line was cut off.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sip_core::endpoint::{ClientId, Transmit};
use sip_core::transport::Hop;

use crate::account::Account;
use crate::core::Core;
use crate::input::{DrillHop, Refusal};
use crate::output::{Event, Switch};
use crate::settings::LineNumber;
use crate::status::{DrillState, DrillStatus};
use crate::{Phone, limits};

/// The drill that runs, if any, and what was begun under it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drills {
    running: Option<Drill>,
    /// Requests that begun while one ran. They are kept over its end: their silence is nobody's.
    withheld: BTreeSet<ClientId>,
}

#[derive(Clone, Debug)]
struct Drill {
    line: LineNumber,
    hop: Hop,
    started: Instant,
    length: Duration,
    /// The line was registered there when it began.
    served: bool,
    /// Where the line was registered next, and how long after the start.
    recovered: Option<(Hop, Duration)>,
    calls_moved: u32,
}

impl Drill {
    fn until(&self) -> Instant {
        self.started + self.length
    }

    fn status(&self, state: DrillState) -> DrillStatus {
        DrillStatus {
            line: self.line,
            hop: self.hop,
            state,
            length: self.length,
            served: self.served,
            to: self.recovered.map(|(hop, _)| hop),
            outage: self.recovered.map(|(_, outage)| outage),
            calls_moved: self.calls_moved,
        }
    }
}

impl Drills {
    /// Whether a request of this line to this hop is not to be sent.
    pub(crate) fn covers(&self, line: LineNumber, hop: Hop) -> bool {
        self.running.as_ref().is_some_and(|drill| drill.line == line && drill.hop == hop)
    }

    /// Whether a drill of this line runs.
    pub(crate) fn concerns(&self, line: LineNumber) -> bool {
        self.running.as_ref().is_some_and(|drill| drill.line == line)
    }

    /// Notes a request that begins under the drill.
    pub(crate) fn withhold(&mut self, id: ClientId) {
        self.withheld.insert(id);
    }

    /// Whether this message stays here.
    pub(crate) fn keeps(&self, transmit: &Transmit) -> bool {
        // A large request goes to the same address by TCP.
        let there = self.running.as_ref().is_some_and(|drill| drill.hop.addr == transmit.to.addr);
        there && transmit.client.is_some_and(|id| self.withheld.contains(&id))
    }

    /// Whether the silence that this request met is the drill's.
    pub(crate) fn withheld(&self, id: ClientId) -> bool {
        self.withheld.contains(&id)
    }

    /// Forgets requests that are over.
    pub(crate) fn retain(&mut self, lives: impl Fn(ClientId) -> bool) {
        self.withheld.retain(|id| lives(*id));
    }

    /// Counts a request of a call that left the hop.
    pub(crate) fn note(&mut self, switch: &Switch) {
        let own = matches!(switch.method.as_str(), "REGISTER" | "OPTIONS");
        if let Some(drill) = &mut self.running
            && drill.line == switch.line
            && switch.from == Some(drill.hop)
            && !own
        {
            drill.calls_moved = drill.calls_moved.saturating_add(1);
        }
    }

    /// When the drill ends by itself.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.running.as_ref().map(|drill| (drill.until(), "drill: end"))
    }
}

impl Phone {
    /// Begins a drill; one that runs ends first.
    pub(crate) fn start_drill(
        &mut self,
        line: LineNumber,
        which: DrillHop,
        length: Duration,
        now: Instant,
    ) -> Result<DrillStatus, Refusal> {
        let (least, most) = limits::DRILL;
        if !(least..=most).contains(&length) {
            return Err(Refusal::DrillLength(least.as_secs(), most.as_secs()));
        }
        let account = self.core.accounts.get(&line).ok_or(Refusal::NoSuchLine(line))?;
        let hop = drilled_hop(account, line, which)?;
        let served = account.is_registered() && account.current_hop() == Some(hop);
        self.end_drill(now);
        let drill =
            Drill { line, hop, started: now, length, served, recovered: None, calls_moved: 0 };
        let status = drill.status(DrillState::Running);
        self.core.drills.running = Some(drill);
        self.core.event(Event::Drill(status.clone()), now);
        Ok(status)
    }

    /// Ends the drill that runs, and tells what it has measured.
    pub(crate) fn end_drill(&mut self, now: Instant) -> Option<DrillStatus> {
        let drill = self.core.drills.running.take()?;
        if let Some(account) = self.core.accounts.get_mut(&drill.line) {
            account.drill_over(drill.hop, now);
        }
        let status = drill.status(DrillState::Ended);
        self.core.event(Event::Drill(status.clone()), now);
        Some(status)
    }

    /// Ends a drill whose time is over.
    pub(crate) fn expire_drill(&mut self, now: Instant) {
        if self.core.drills.running.as_ref().is_some_and(|drill| drill.until() <= now) {
            self.end_drill(now);
        }
    }
}

/// Tells when the drill's line is registered elsewhere.
pub(crate) fn observe(core: &mut Core, now: Instant) {
    let Some(drill) = &mut core.drills.running else { return };
    if !drill.served || drill.recovered.is_some() {
        return;
    }
    let Some(account) = core.accounts.get(&drill.line).filter(|line| line.is_registered()) else {
        return;
    };
    if let Some(hop) = account.current_hop().filter(|hop| *hop != drill.hop) {
        drill.recovered = Some((hop, now.saturating_duration_since(drill.started)));
        let status = drill.status(DrillState::Recovered);
        core.event(Event::Drill(status), now);
    }
}

fn drilled_hop(account: &Account, line: LineNumber, which: DrillHop) -> Result<Hop, Refusal> {
    let hop = match which {
        DrillHop::Primary => account.hops.first().map(|entry| entry.hop),
        DrillHop::Current => account.current_hop(),
        DrillHop::This(hop) => {
            let known = account.hops.iter().any(|entry| entry.hop == hop);
            return known.then_some(hop).ok_or(Refusal::NotAHop { line, hop });
        }
    };
    hop.ok_or(Refusal::NoHop(line))
}
