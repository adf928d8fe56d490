//! One state of machine and world, and everything that may happen next.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::Machine;
use super::super::state::Phase;
use super::fingerprint::{self, Fingerprint};
use crate::{AttemptId, Cause, Evidence, HopId, Outcome, Output, Policy, RequestKind, Start, Task};

/// What the world and the user may do besides answering or staying silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faults {
    /// 503 with this `Retry-After`.
    pub(super) hold_off: Option<Duration>,
    /// Other requests find hops dead or served, or the primary answering.
    pub(super) evidence: bool,
    /// Other requests meet a 503.
    pub(super) suspect: bool,
    /// ICMP ends an OPTIONS.
    pub(super) icmp: bool,
    /// OPTIONS are answered after their wait.
    pub(super) late: bool,
    /// The user registers and un-registers.
    pub(super) control: bool,
    /// The link goes down and up.
    pub(super) link: bool,
    /// The user dials, which uses the hold-off of signal failback up.
    pub(super) dial: bool,
    /// The primary's silence is that of a drill, which may end at any time.
    pub(super) drill: bool,
}

/// How long an answer to OPTIONS may take that still counts: 64·T1.
const LATE: Duration = Duration::from_secs(32);

/// A family of states.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) hops: u8,
    pub(super) policy: Policy,
    pub(super) expires: Duration,
    pub(super) faults: Faults,
    /// More states than this are a failure to close.
    pub(super) limit: usize,
}

/// An attempt on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) id: AttemptId,
    pub(super) task: Task,
    pub(super) hop: HopId,
    pub(super) at: Instant,
    pub(super) deadline: Instant,
}

/// A thing that may happen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// The next timer of the machine fires, or the next attempt's wait is over.
    Time,
    /// An attempt ends like this.
    End(AttemptId, Outcome),
    Show(HopId, Evidence),
    Register,
    Unregister,
    Link(bool),
    Dial,
    /// A drill at the primary ends.
    DrillOver,
    /// Nothing happens for so long; less than until [`Event::Time`].
    Pass(Duration),
}

/// Machine and world.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) machine: Machine,
    pub(super) sent: VecDeque<Sent>,
    pub(super) now: Instant,
    /// What the primary's silence is.
    silence: Cause,
}

impl State {
    pub(super) fn first(config: &Config) -> Self {
        let now = crate::testing::t0();
        let machine = Machine::new(config.hops, config.policy.clone(), Start::cold(), 0, now);
        let silence = if config.faults.drill { Cause::Drill } else { Cause::NoAnswer };
        let mut state = Self { machine, sent: VecDeque::new(), now, silence };
        state.take_outputs();
        state
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        fingerprint::of(&self.machine, self.now)
    }

    /// When [`Event::Time`] takes place.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let timer = self.machine.poll_timeout().map(|(at, _)| at);
        self.sent.iter().map(|sent| sent.deadline).chain(timer).min()
    }

    /// Everything that may happen here.
    pub(super) fn events(&self, config: &Config) -> Vec<Event> {
        let mut events = Vec::new();
        if self.next_time().is_some() {
            events.push(Event::Time);
        }
        for sent in &self.sent {
            events.extend(ends(sent.task, config).into_iter().map(|end| Event::End(sent.id, end)));
        }
        let link_up = self.machine.link_down_since.is_none();
        let hops = (0..config.hops).map(HopId).filter(|_| link_up);
        for hop in hops {
            if config.faults.evidence {
                events.push(Event::Show(hop, Evidence::Unavailable(Cause::IcmpPort)));
                events.push(Event::Show(hop, Evidence::ServedBy));
                events.push(Event::Show(hop, Evidence::FlowBroke));
                let (cause, waited) = (Cause::NoAnswer, Duration::from_secs(10));
                events.push(Event::Show(hop, Evidence::KeepAliveFailed { cause, waited }));
                if hop.is_primary() {
                    events.push(Event::Show(hop, Evidence::PrimaryAnswered));
                }
            }
            if config.faults.late {
                for waited in [LATE, config.policy.keep_alive_wait()] {
                    events.push(Event::Show(hop, Evidence::OptionsAnswered { waited }));
                }
            }
            if config.faults.suspect {
                events.push(Event::Show(hop, Evidence::Suspect(Cause::Status(503))));
            }
        }
        if config.faults.control {
            let off = matches!(self.machine.phase, Phase::Off { .. });
            events.push(if off { Event::Register } else { Event::Unregister });
            if matches!(self.machine.phase, Phase::Waiting { .. }) {
                events.push(Event::Register);
            }
        }
        if config.faults.dial {
            events.push(Event::Dial);
        }
        if config.faults.drill {
            events.push(Event::DrillOver);
        }
        if config.faults.link {
            events.push(Event::Link(!link_up));
        }
        events
    }

    /// The state after that, and what was newly sent.
    pub(super) fn after(&self, event: &Event) -> Self {
        let mut next = self.clone();
        next.happen(event);
        next
    }

    pub(super) fn happen(&mut self, event: &Event) {
        match event {
            Event::Time => self.pass_time(),
            Event::End(id, outcome) => self.end(*id, outcome.clone()),
            Event::Show(hop, evidence) => {
                self.machine.handle_evidence(*hop, *evidence, self.now);
            }
            Event::Register => self.machine.register(self.now),
            Event::Unregister => self.machine.unregister(self.now),
            Event::Link(up) => self.machine.handle_link(*up, self.now),
            Event::DrillOver => self.machine.handle_drill_over(HopId::PRIMARY, self.now),
            Event::Dial => drop(self.machine.order(RequestKind::Invite, self.now)),
            Event::Pass(time) => self.now += *time,
        }
        self.take_outputs();
    }

    fn pass_time(&mut self) {
        let Some(at) = self.next_time() else { return };
        self.now = at;
        let over = self.sent.iter().find(|sent| sent.deadline <= at).copied();
        match over {
            Some(sent) if sent.hop.is_primary() => {
                self.end(sent.id, Outcome::Unavailable(self.silence));
            }
            Some(sent) => self.end(sent.id, Outcome::Unavailable(Cause::NoAnswer)),
            None => self.machine.handle_timeout(at),
        }
    }

    fn end(&mut self, id: AttemptId, outcome: Outcome) {
        self.sent.retain(|sent| sent.id != id);
        self.machine.handle_outcome(id, outcome, self.now);
    }

    fn take_outputs(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Attempt(attempt) => self.sent.push_back(Sent {
                    id: attempt.id,
                    task: attempt.task,
                    hop: attempt.hop,
                    at: self.now,
                    deadline: self.now + attempt.wait,
                }),
                Output::Abandon(id) => self.sent.retain(|sent| sent.id != id),
                Output::Moved { .. }
                | Output::AllFailed { .. }
                | Output::Refused { .. }
                | Output::Hop(_)
                | Output::Line(_)
                | Output::KeepAliveStopped(_)
                | Output::Redundancy { .. }
                | Output::Journal(_) => {}
            }
        }
    }
}

/// How an attempt may end before its wait is over.
fn ends(task: Task, config: &Config) -> Vec<Outcome> {
    let busy = Cause::Status(503);
    let good = good_answer(task, config.expires);
    if matches!(task, Task::KeepAlive | Task::Watch) {
        let icmp = config.faults.icmp.then_some(Outcome::Unavailable(Cause::IcmpPort));
        return std::iter::once(good).chain(icmp).collect();
    }
    if task == Task::Unregister {
        return vec![good];
    }
    let mut ends = vec![good, Outcome::Unavailable(busy)];
    ends.push(Outcome::Refused { code: 403, phrase: String::new() });
    ends.extend(config.faults.hold_off.map(|for_| Outcome::HeldOff { for_, cause: busy }));
    ends
}

/// The answer of a hop that is well.
pub(super) fn good_answer(task: Task, expires: Duration) -> Outcome {
    match task {
        Task::KeepAlive | Task::Watch => Outcome::Alive,
        Task::Unregister => Outcome::Unregistered,
        Task::Register | Task::Probe | Task::SuspectCheck => Outcome::Registered { expires },
    }
}
