//! What people do, what breaks, and how a world comes to its end: chaos, then everything is mended
//! and everybody hangs up, then all must be well within its bound, one last call must work, and
//! nothing may be left behind.

use std::time::Duration;

use phone::input::{Command, Done};
use phone::status::CallState;

use super::World;
use super::agenda::Deed;
use crate::oracle::{Breach, End, Promise, Side, SipCall, TIMEOUT};
use crate::plan::Errand;
use crate::station::LINE;

/// How often it is looked whether all is well again.
const GLANCE: Duration = Duration::from_secs(2);

/// After the last call: until all transactions and all lists of ended calls are over.
const QUIET: Duration = Duration::from_secs(200);

/// A quiet phone's state in characters of debug text. A journal that is full of long causes is most of
/// it; it takes a leak to reach this.
const STATE: usize = 150_000;

/// The call that is made once all is well.
const LAST: Errand = Errand {
    at: Duration::ZERO,
    from: 0,
    to: 1,
    answer_after: Some(Duration::from_secs(1)),
    reject: false,
    patience: Duration::from_secs(20),
    talk: Duration::from_secs(5),
    caller_hangs_up: true,
    hold: false,
    keys: false,
};

impl World<'_> {
    pub(super) fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::Break(number) => {
                let fault = &self.plan.faults[number];
                self.trace
                    .note(self.now, "fault", || format!("{:?} for {:?}", fault.kind, fault.lasts));
                self.faults.begin(number, fault);
                self.faults_changed();
            }
            Deed::Mend(number) => {
                let fault = &self.plan.faults[number];
                self.trace.note(self.now, "mended", || format!("{:?}", fault.kind));
                self.faults.end(number);
                self.faults_changed();
            }
            Deed::Dial(number) => self.dial(&self.plan.errands[number].clone(), Some(number)),
            Deed::Answer(phone, call) => self.command(phone, Command::Answer(Some(call))),
            Deed::Reject(phone, call) => self.command(phone, Command::Reject(call)),
            Deed::HangUp(phone, call) => self.hang_up((phone, call)),
            Deed::Hold(phone, call) => self.command(phone, Command::Hold(call)),
            Deed::Resume(phone, call) => self.command(phone, Command::Resume(call)),
            Deed::Keys(phone, call) => self.command(phone, Command::Dtmf(call, "12".to_owned())),
            Deed::Register(phone) => self.command(phone, Command::Register(LINE)),
            Deed::Submit(number) => self.submit(number),
            Deed::Flood => self.flood(),
            Deed::Heal => self.heal(),
            Deed::Inspect => self.inspect(),
            Deed::End => self.end(),
        }
    }

    /// A person asks a phone for something; a refusal is the phone's right.
    fn command(&mut self, phone: usize, command: Command) {
        if !self.stations[phone].on {
            return;
        }
        let done = self.stations[phone].phone_mut().handle_command(command.clone(), self.now);
        self.trace.note(self.now, &self.stations[phone].name, || format!("{command:?}: {done:?}"));
        self.drain(phone, None);
    }

    fn dial(&mut self, errand: &Errand, number: Option<usize>) {
        let target = crate::station::user(errand.to);
        let command = Command::Dial { line: None, target };
        let phone = errand.from;
        if !self.stations[phone].on {
            return;
        }
        let done = self.stations[phone].phone_mut().handle_command(command.clone(), self.now);
        self.trace.note(self.now, &self.stations[phone].name, || format!("{command:?}: {done:?}"));
        if let Ok(Done::Call(call)) = done {
            self.oracle.calls.dialled((phone, call), number);
            self.agenda.add(self.now + errand.patience, Deed::HangUp(phone, call));
            self.last_call = Some((phone, call));
        }
        self.drain(phone, None);
    }

    /// While a hop works for both, a dialled number rings: said once its INVITE is on its way.
    pub(super) fn promise_ringing(&mut self, phone: usize, call_id: &str) {
        let Some(call) = self.oracle.calls.iter().find(|(id, _)| *id == call_id).map(|(_, c)| c)
        else {
            return;
        };
        let errand = self.errand(call);
        let (caller, callee) = (call.caller.side.0, errand.to);
        let within = self.oracle.bounds.rings;
        let user = &self.stations[callee].user;
        let bindings = self.table.lookup(user, self.now + within);
        if caller != phone || !call.callees.is_empty() || bindings.is_empty() {
            return;
        }
        let phones = [caller, callee];
        if self.connections_well(phones) {
            let what = (Promise::Rings, call_id);
            self.oracle.duties.promise(what, phones, within, &self.faults, self.now);
        }
    }

    fn errand(&self, call: &SipCall) -> Errand {
        call.errand.map_or(LAST, |number| self.plan.errands[number].clone())
    }

    /// Hangs up, unless it is the caller's patience that ends and the call is up.
    fn hang_up(&mut self, side: Side) {
        let Some((id, call)) =
            self.oracle.calls.of(side).map(|(id, call)| (id.to_owned(), call.clone()))
        else {
            return self.command(side.0, Command::HangUp(Some(side.1)));
        };
        let ours = call.callees.iter().chain([&call.caller]).find(|end| end.side == side);
        if let (Some(ours), Some(other)) = (ours, call.other_end(side))
            && let Some((promise, within)) = self.promised(&call, ours, &other)
        {
            let phones = [side.0, other.side.0];
            if self.connections_well(phones) {
                let what = (promise, &id[..]);
                self.oracle.duties.promise(what, phones, within, &self.faults, self.now);
            }
        }
        self.command(side.0, Command::HangUp(Some(side.1)));
    }

    /// What hanging up at one end promises of the other, and within what time.
    fn promised(&self, call: &SipCall, ours: &End, other: &End) -> Option<(Promise, Duration)> {
        let bounds = &self.oracle.bounds;
        let is_caller = call.caller.side == ours.side;
        if ours.is_up() && other.is_up() {
            // A callee may not say BYE before the ACK, which may be lost with its hop
            // (RFC 3261 §15).
            let waits = if is_caller { Duration::ZERO } else { TIMEOUT };
            return Some((Promise::Over, bounds.bye + waits));
        }
        // A proxy that was restarted meanwhile knows nothing of what it shall cancel.
        let undisturbed = self.disturbed <= call.since;
        let gives_up = is_caller && ours.state == CallState::Ringing && undisturbed;
        gives_up.then_some((Promise::Stops, bounds.stops))
    }

    /// People react to what their phone shows.
    pub(super) fn people_notice(
        &mut self,
        side: Side,
        state: CallState,
        call: &SipCall,
        before: Option<&SipCall>,
    ) {
        if self.healed.is_some() && self.settled.is_none() {
            return;
        }
        let errand = self.errand(call);
        let is_caller = side == call.caller.side;
        let known = before
            .is_some_and(|before| is_caller || before.callees.iter().any(|end| end.side == side));
        let was_up = before.is_some_and(|before| before.caller.is_up());
        let later = |time: Duration| self.now + time;
        if !is_caller && state == CallState::Ringing && !known {
            match errand.answer_after {
                Some(after) if errand.reject => {
                    self.agenda.add(later(after), Deed::Reject(side.0, side.1))
                }
                Some(after) => self.agenda.add(later(after), Deed::Answer(side.0, side.1)),
                None => {}
            }
        }
        if is_caller && state == CallState::Active && !was_up {
            self.calls_up += 1;
            let hanger = if errand.caller_hangs_up {
                Some(side)
            } else {
                call.other_end(side).map(|e| e.side)
            };
            let hanger = hanger.unwrap_or(side);
            self.agenda.add(later(errand.talk), Deed::HangUp(hanger.0, hanger.1));
            if errand.keys
                && let Some(callee) = call.other_end(side)
            {
                self.agenda.add(later(errand.talk / 2), Deed::Keys(callee.side.0, callee.side.1));
            }
            if errand.hold {
                self.agenda.add(later(errand.talk / 3), Deed::Hold(side.0, side.1));
                self.agenda.add(later(errand.talk * 2 / 3), Deed::Resume(side.0, side.1));
            }
        }
    }

    /// The end of the chaos. Everybody hangs up; but an end whose other end is over already must
    /// find its own end.
    fn heal(&mut self) {
        self.trace.note(self.now, "heal", || "everything is mended".to_owned());
        self.agenda.clear();
        self.faults.end_all();
        self.healed = Some(self.now);
        self.faults_changed();
        self.network.streams.clear();
        self.end_stuck_handshakes();
        // Nobody hangs up over a connection whose end he has not heard of.
        self.hear_all();
        for phone in 0..self.stations.len() {
            for call in self.stations[phone].phone().calls(self.now) {
                let side = (phone, call.id);
                let alone =
                    self.oracle.calls.of(side).is_some_and(|(_, c)| c.other_end(side).is_none());
                let held = matches!(call.state, CallState::Held | CallState::RemoteHeld);
                if call.state != CallState::Ended && (!alone || held) {
                    self.hang_up(side);
                }
            }
        }
        self.agenda.add(self.now + GLANCE, Deed::Inspect);
    }

    /// Whether all is well: every line registered where it should be, no call anywhere.
    fn inspect(&mut self) {
        let Some(healed) = self.healed else { return };
        if let Some(settled) = self.settled {
            return self.inspect_last_call(settled);
        }
        let registered = self.oracle.duties.all_registered(self.plan.line.failback.is_some());
        let calls = self.live_calls();
        // A phone that has booted meanwhile takes a proxy that was withdrawn for a stranger until then.
        let names_known = self.now - healed >= self.oracle.bounds.names_known;
        if registered && calls.is_empty() && names_known {
            self.trace
                .note(self.now, "settled", || format!("{:?} after the heal", self.now - healed));
            self.settled = Some(self.now);
            self.dial(&LAST, None);
            self.agenda.add(self.now + LAST.talk + Duration::from_secs(5), Deed::Inspect);
        } else if self.now - healed > self.oracle.bounds.settled {
            let what = format!("all registered: {registered}; calls still there: {calls:?}");
            self.oracle.accuse([Breach::new("not-settled", what)], self.now);
        } else {
            self.agenda.add(self.now + GLANCE, Deed::Inspect);
        }
    }

    fn live_calls(&self) -> Vec<String> {
        let mut live = Vec::new();
        for station in &self.stations {
            for call in station.phone().calls(self.now) {
                if call.state != CallState::Ended {
                    live.push(format!("{} call {} {:?}", station.name, call.id, call.state));
                }
            }
        }
        live
    }

    /// The last call has come and gone as calls should.
    fn inspect_last_call(&mut self, settled: std::time::Instant) {
        let last = self.last_call.and_then(|side| self.oracle.calls.of(side));
        let well = last.is_some_and(|(_, call)| !call.caller.lives() && call.callees.len() == 1);
        if !well || !self.live_calls().is_empty() || self.calls_up == 0 {
            let what = format!("the last call, {:?} after: {last:?}", self.now - settled);
            self.oracle.accuse([Breach::new("last-call", what)], self.now);
        }
        self.agenda.add(self.now + QUIET, Deed::End);
    }

    /// Nothing may be left behind.
    fn end(&mut self) {
        self.over = true;
        for station in &self.stations {
            let size = format!("{:?}", station.phone()).len();
            self.state_size = self.state_size.max(size);
            if size > STATE {
                let what =
                    format!("{} holds {size} characters of state when all is quiet", station.name);
                self.oracle.accuse([Breach::new("leak", what)], self.now);
            }
        }
        if self.sound.open() > 0 {
            let what = format!("{} streams are open when no call is", self.sound.open());
            self.oracle.accuse([Breach::new("leak", what)], self.now);
        }
    }
}
