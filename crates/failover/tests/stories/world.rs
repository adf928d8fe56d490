//! A line between scripted hops, in virtual time.
//!
//! Every hop is in one [`World`] at a time; the test changes it, lets time run and reads what was
//! sent and when: `"3.5 REGISTER@1 last"`. Answers come in no time, silence lasts for the wait of
//! the attempt.

use std::time::{Duration, Instant};

use failover::{
    Attempt, AttemptId, Cause, Evidence, HopId, LineState, Machine, Outcome, Output, Policy, Start,
    Task,
};

/// How a hop behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    /// Answers everything well.
    Up,
    /// Answers REGISTER, but no OPTIONS.
    Mute,
    /// Answers nothing.
    Silent,
    /// A drill sends nothing there.
    Drilled,
    /// ICMP port unreachable.
    Closed,
    /// 503 to everything.
    Busy,
    /// 503 with `Retry-After`, in seconds.
    Leave(u64),
    /// 403 to REGISTER, 200 to OPTIONS.
    Refuses,
    /// Our own host cannot send.
    NoRoute,
}

/// See the module.
pub(crate) struct Line {
    pub(crate) machine: Machine,
    pub(crate) hops: Vec<World>,
    /// Lifetime that every hop grants.
    pub(crate) expires: Duration,
    pub(crate) now: Instant,
    t0: Instant,
    flying: Vec<(Attempt, Instant)>,
    sent: Vec<String>,
    news: Vec<Output>,
    /// Attempts that were sent, abandoned ones included, to be answered late.
    pub(crate) seen: Vec<AttemptId>,
}

/// No random share anywhere, so that times are exact.
pub(crate) fn exact() -> Policy {
    Policy {
        keep_alive_spread: 0,
        backoff_spread: 0,
        failback_jitter: 0,
        boot_spread: Duration::ZERO,
        ..Policy::default()
    }
}

/// The same without keep-alives, for stories about other things.
pub(crate) fn quiet() -> Policy {
    Policy { keep_alive: None, ..exact() }
}

#[expect(clippy::disallowed_methods, reason = "virtual time has to begin somewhere")]
pub(crate) fn t0() -> Instant {
    Instant::now()
}

pub(crate) fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl Line {
    /// A line whose hops begin like this.
    pub(crate) fn new(policy: Policy, hops: &[World]) -> Self {
        Self::started(policy, hops, Start::cold())
    }

    pub(crate) fn started(policy: Policy, hops: &[World], start: Start) -> Self {
        let now = t0();
        let count = u8::try_from(hops.len()).unwrap();
        let mut line = Self {
            machine: Machine::new(count, policy, start, 1, now),
            hops: hops.to_vec(),
            expires: secs(3600.0),
            now,
            t0: now,
            flying: Vec::new(),
            sent: Vec::new(),
            news: Vec::new(),
            seen: Vec::new(),
        };
        line.collect();
        line
    }

    /// Registered at the primary, with what that took forgotten.
    pub(crate) fn settled(policy: Policy, hops: usize) -> Self {
        let mut line = Self::new(policy, &vec![World::Up; hops]);
        line.run(0.0);
        assert_eq!(line.machine.current(), Some(HopId(0)));
        line.forget();
        line
    }

    /// Registered at hop 1 because the primary is silent, with what that took forgotten.
    pub(crate) fn at_backup(policy: Policy, hops: usize) -> Self {
        let mut line = Self::new(policy, &vec![World::Up; hops]);
        line.hops[0] = World::Silent;
        line.run(3.5);
        assert_eq!(line.machine.current(), Some(HopId(1)));
        line.forget();
        line
    }

    /// Lets so many seconds pass.
    pub(crate) fn run(&mut self, seconds: f64) {
        let end = self.now + secs(seconds);
        loop {
            self.answer_what_is_answered();
            let timer = self.machine.poll_timeout().map(|(at, _)| at);
            let deadline = self.flying.iter().map(|(_, at)| *at).min();
            let Some(next) = timer.into_iter().chain(deadline).min().filter(|at| *at <= end) else {
                break;
            };
            self.now = next.max(self.now);
            if timer == Some(next) {
                self.machine.handle_timeout(self.now);
            } else {
                let index = self.flying.iter().position(|(_, at)| *at == next).unwrap();
                let (attempt, _) = self.flying.remove(index);
                let outcome = match self.hops[usize::from(attempt.hop.0)] {
                    World::Drilled => Outcome::Unavailable(Cause::Drill),
                    _ => silence(),
                };
                self.machine.handle_outcome(attempt.id, outcome, self.now);
            }
            self.collect();
        }
        self.now = end;
    }

    fn answer_what_is_answered(&mut self) {
        while let Some((index, outcome)) = self.next_answer() {
            let (attempt, _) = self.flying.remove(index);
            self.machine.handle_outcome(attempt.id, outcome, self.now);
            self.collect();
        }
    }

    fn next_answer(&self) -> Option<(usize, Outcome)> {
        let answers = self.flying.iter().enumerate();
        answers.into_iter().find_map(|(index, (attempt, _))| {
            let hop = self.hops[usize::from(attempt.hop.0)];
            answer(hop, attempt.task, self.expires).map(|outcome| (index, outcome))
        })
    }

    /// Takes the outputs; attempts are in flight from here on.
    pub(crate) fn collect(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match &output {
                Output::Attempt(attempt) => {
                    self.seen.push(attempt.id);
                    self.flying.push((*attempt, self.now + attempt.wait));
                    self.sent.push(self.words(attempt));
                }
                Output::Abandon(id) => self.flying.retain(|(attempt, _)| attempt.id != *id),
                _ => {}
            }
            self.news.push(output);
            let registers = self.flying.iter().filter(|(attempt, _)| attempt.task.is_register());
            assert!(registers.count() <= 1, "one REGISTER in flight (RFC 3261 §10.2)");
        }
    }

    fn words(&self, attempt: &Attempt) -> String {
        let task = match attempt.task {
            Task::Register => "REGISTER",
            Task::Probe => "PROBE",
            Task::KeepAlive => "OPTIONS",
            Task::Watch => "WATCH",
            Task::SuspectCheck => "CHECK",
            Task::Unregister => "UNREGISTER",
        };
        let last = if attempt.last { " last" } else { "" };
        format!("{} {task}@{}{last}", self.at(), attempt.hop.0)
    }

    /// Seconds since the story began.
    pub(crate) fn at(&self) -> f64 {
        (self.now - self.t0).as_secs_f64()
    }

    /// The one attempt of this kind that is in flight.
    pub(crate) fn flying(&self, task: Task) -> Attempt {
        let of = |(attempt, _): &&(Attempt, Instant)| attempt.task == task;
        self.flying.iter().find(of).map(|(attempt, _)| *attempt).expect("in flight")
    }

    /// Gives an attempt this outcome now.
    pub(crate) fn give(&mut self, id: AttemptId, outcome: Outcome) {
        self.flying.retain(|(attempt, _)| attempt.id != id);
        self.machine.handle_outcome(id, outcome, self.now);
        self.collect();
    }

    /// Another request shows this of a hop.
    pub(crate) fn show(&mut self, hop: u8, evidence: Evidence) {
        self.machine.handle_evidence(HopId(hop), evidence, self.now);
        self.collect();
    }

    pub(crate) fn link(&mut self, up: bool) {
        self.machine.handle_link(up, self.now);
        self.collect();
    }

    pub(crate) fn register(&mut self) {
        self.machine.register(self.now);
        self.collect();
    }

    pub(crate) fn unregister(&mut self) {
        self.machine.unregister(self.now);
        self.collect();
    }

    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.machine.set_policy(policy, self.now);
        self.collect();
    }

    /// What was sent since the last [`Self::forget`]: time since the start, request, hop.
    pub(crate) fn sent(&self) -> Vec<&str> {
        self.sent.iter().map(String::as_str).collect()
    }

    /// The same without OPTIONS.
    pub(crate) fn registers(&self) -> Vec<&str> {
        self.sent().into_iter().filter(|words| !words.contains("OPTIONS")).collect()
    }

    /// What the machine told since the last [`Self::forget`].
    pub(crate) fn news(&self) -> &[Output] {
        &self.news
    }

    /// Forgets what was sent and told, and starts the clock of the story at zero.
    pub(crate) fn forget(&mut self) {
        self.sent.clear();
        self.news.clear();
        self.t0 = self.now;
    }

    pub(crate) fn current(&self) -> Option<u8> {
        self.machine.current().map(|hop| hop.0)
    }

    pub(crate) fn hop_state(&self, hop: u8) -> failover::HopState {
        self.machine.health(HopId(hop)).unwrap().state
    }

    pub(crate) fn is_registered(&self) -> bool {
        matches!(self.machine.state(), LineState::Registered { .. })
    }
}

pub(crate) fn silence() -> Outcome {
    Outcome::Unavailable(Cause::NoAnswer)
}

fn answer(hop: World, task: Task, expires: Duration) -> Option<Outcome> {
    let options = matches!(task, Task::KeepAlive | Task::Watch);
    let good = match task {
        Task::KeepAlive | Task::Watch => Outcome::Alive,
        Task::Unregister => Outcome::Unregistered,
        Task::Register | Task::Probe | Task::SuspectCheck => Outcome::Registered { expires },
    };
    match hop {
        World::Up => Some(good),
        World::Mute if options => None,
        World::Mute => Some(good),
        World::Silent | World::Drilled => None,
        World::Closed => Some(Outcome::Unavailable(Cause::IcmpPort)),
        World::Busy => Some(Outcome::Unavailable(Cause::Status(503))),
        World::Leave(seconds) => {
            Some(Outcome::HeldOff { for_: Duration::from_secs(seconds), cause: Cause::Status(503) })
        }
        World::Refuses if options => Some(good),
        World::Refuses => {
            Some(Outcome::Refused { code: 403, phrase: "Forbidden by the boss".to_owned() })
        }
        World::NoRoute => Some(Outcome::LocalOutage),
    }
}
