//! Closure: every state that each of the four transactions can reach, by every input at every
//! moment that matters (at once, half-way to the next timer, at the same instant as the timer),
//! over a grid of T1, T2 and T4 that are not multiples of each other.
//!
//! In every state: it is over, or a timer runs, or it waits for its user by design; no timer lies
//! in the past, and firing it gets on. On every path: the promises of `ClientOutput`, and an end
//! within a bound that is asserted exactly. Time that a user takes to make up its mind is not
//! counted.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may give up, and prints its counts"
)]

use sip_core::transaction::{
    ClientInvite, ClientNonInvite, ClientOutput, Kind, Reliability, Retransmit, ServerInvite,
    ServerNonInvite, ServerOutput, StatusClass, Timers, client_invite, client_non_invite,
    server_invite, server_non_invite,
};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// One of the machines, with what the explorer needs to know about it.
trait Model: Clone {
    /// Variant and timers, relative to now; plus what it has promised so far.
    type Key: Ord + Clone + Debug;
    const INPUTS: usize;
    fn key(&self, clock: Clock) -> Self::Key;
    fn input(&mut self, which: usize, now: Instant);
    fn fire(&mut self, now: Instant);
    fn deadline(&self) -> Option<Instant>;
    fn is_over(&self) -> bool;
    fn waits_for_user(&self) -> bool;
}

/// Makes instants relative, so that equal situations are equal keys.
#[derive(Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn left(self, at: Instant) -> Duration {
        at.checked_duration_since(self.0).expect("a stale timer")
    }
    fn left_of(self, at: Option<Instant>) -> Option<Duration> {
        at.map(|at| self.left(at))
    }
    fn left_to(self, timer: Option<Retransmit>) -> Option<(Duration, Duration)> {
        timer.map(|timer| (self.left(timer.at), timer.interval))
    }
}

const CLASSES: [StatusClass; 3] =
    [StatusClass::Provisional, StatusClass::Success, StatusClass::Failure];

/// What a client transaction has said so far, checked as it says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    silent: bool,
    outcome: bool,
    abandoned: bool,
}

impl Said {
    fn hear(&mut self, output: ClientOutput, invite: bool) {
        match output {
            ClientOutput::TransmitRequest => {
                assert!(!self.silent && !self.outcome && !self.abandoned, "sent after the end");
            }
            ClientOutput::TransmitAck => assert!(invite),
            ClientOutput::Provisional => assert!(!self.outcome),
            ClientOutput::Silent => {
                assert!(!self.silent && !self.outcome, "silent once, before any outcome");
                self.silent = true;
            }
            ClientOutput::Final => {
                assert!(invite || !self.outcome, "one outcome");
                self.outcome = true;
            }
            ClientOutput::TimedOut | ClientOutput::Unreachable => {
                assert!(!self.outcome, "one outcome");
                self.outcome = true;
            }
        }
    }
}

#[derive(Clone)]
struct InviteClient(ClientInvite, Said);

impl InviteClient {
    fn hear(&mut self) {
        while let Some(output) = self.0.poll_output() {
            self.1.hear(output, true);
        }
        assert!(!self.is_over() || self.1.outcome, "over without an outcome");
    }
}

type Wait = Option<Duration>;
type Again = Option<(Duration, Duration)>;

impl Model for InviteClient {
    type Key = (u8, Again, Wait, Wait, Said);
    const INPUTS: usize = 5;

    fn key(&self, clock: Clock) -> Self::Key {
        use client_invite::State::*;
        let (variant, again, patience, last) = match self.0.state() {
            Calling { retransmit, patience, timeout } => {
                (0, clock.left_to(retransmit), clock.left_of(patience), Some(timeout))
            }
            Silent { timeout } => (1, None, None, Some(timeout)),
            Proceeding { abandoned } => (2, None, None, abandoned),
            Completed { linger } => (3, None, None, Some(linger)),
            Accepted { linger } => (4, None, None, Some(linger)),
            Terminated => (5, None, None, None),
        };
        (variant, again, patience, clock.left_of(last), self.1)
    }

    fn input(&mut self, which: usize, now: Instant) {
        match which {
            0..3 => self.0.handle_response(CLASSES[which], now),
            3 => self.0.handle_unreachable(),
            _ => {
                let before = self.0.state();
                self.0.abandon(now);
                self.1.abandoned |= before != self.0.state();
            }
        }
        self.hear();
    }

    fn fire(&mut self, now: Instant) {
        self.0.handle_timeout(now);
        self.hear();
    }
    fn deadline(&self) -> Option<Instant> {
        self.0.poll_timeout().map(|(at, _)| at)
    }
    fn is_over(&self) -> bool {
        self.0.state() == client_invite::State::Terminated
    }
    fn waits_for_user(&self) -> bool {
        self.0.state() == client_invite::State::Proceeding { abandoned: None }
    }
}

#[derive(Clone)]
struct Client(ClientNonInvite, Said);

impl Client {
    fn hear(&mut self) {
        while let Some(output) = self.0.poll_output() {
            self.1.hear(output, false);
        }
        assert!(!self.is_over() || self.1.outcome, "over without an outcome");
    }
}

impl Model for Client {
    type Key = (u8, Again, Wait, Wait, bool, Said);
    const INPUTS: usize = 5;

    fn key(&self, clock: Clock) -> Self::Key {
        use client_non_invite::State::*;
        let (variant, again, patience, last) = match self.0.state() {
            Trying { retransmit, patience, timeout } => {
                (0, clock.left_to(retransmit), clock.left_of(patience), Some(timeout))
            }
            Silent { timeout } => (1, None, None, Some(timeout)),
            Proceeding { retransmit, timeout } => {
                (2, clock.left_to(retransmit), None, Some(timeout))
            }
            Completed { linger } => (3, None, None, Some(linger)),
            Terminated => (4, None, None, None),
        };
        (variant, again, patience, clock.left_of(last), self.0.is_unanswered(), self.1)
    }

    fn input(&mut self, which: usize, now: Instant) {
        match which {
            0..3 => self.0.handle_response(CLASSES[which], now),
            3 => self.0.handle_unreachable(),
            _ => {
                let before = self.0.state();
                self.0.abandon();
                self.1.abandoned |= before != self.0.state();
            }
        }
        self.hear();
    }

    fn fire(&mut self, now: Instant) {
        self.0.handle_timeout(now);
        self.hear();
    }
    fn deadline(&self) -> Option<Instant> {
        self.0.poll_timeout().map(|(at, _)| at)
    }
    fn is_over(&self) -> bool {
        self.0.state() == client_non_invite::State::Terminated
    }
    fn waits_for_user(&self) -> bool {
        false
    }
}

#[derive(Clone)]
struct InviteServer(ServerInvite);

impl InviteServer {
    fn hear(&mut self) {
        use server_invite::State::{Accepted, Confirmed, Proceeding, Terminated};
        while let Some(output) = self.0.poll_output() {
            let fits = match output {
                ServerOutput::TransmitResponse => {
                    !matches!(self.0.state(), Confirmed { .. } | Terminated)
                }
                ServerOutput::TransmitTrying => {
                    matches!(self.0.state(), Proceeding { trying: None })
                }
                ServerOutput::Ack => matches!(self.0.state(), Accepted { .. }),
                ServerOutput::AckMissing => self.0.state() == Terminated,
            };
            assert!(fits, "{output:?} in {:?}", self.0.state());
        }
    }
}

impl Model for InviteServer {
    type Key = (u8, Again, Wait);
    const INPUTS: usize = 5;

    fn key(&self, clock: Clock) -> Self::Key {
        use server_invite::State::*;
        let (variant, again, last) = match self.0.state() {
            Proceeding { trying } => (0, None, trying),
            Completed { retransmit, timeout } => (1, clock.left_to(retransmit), Some(timeout)),
            Confirmed { linger } => (2, None, Some(linger)),
            Accepted { linger } => (3, None, Some(linger)),
            Terminated => (4, None, None),
        };
        (variant, again, clock.left_of(last))
    }

    fn input(&mut self, which: usize, now: Instant) {
        match which {
            0..3 => {
                let before = self.0.state();
                if !self.0.respond(CLASSES[which], now) {
                    assert_eq!(before, self.0.state(), "a refused answer changes nothing");
                }
            }
            3 => self.0.handle_request(),
            _ => self.0.handle_ack(now),
        }
        self.hear();
    }

    fn fire(&mut self, now: Instant) {
        self.0.handle_timeout(now);
        self.hear();
    }
    fn deadline(&self) -> Option<Instant> {
        self.0.poll_timeout().map(|(at, _)| at)
    }
    fn is_over(&self) -> bool {
        self.0.state() == server_invite::State::Terminated
    }
    fn waits_for_user(&self) -> bool {
        matches!(self.0.state(), server_invite::State::Proceeding { .. })
    }
}

#[derive(Clone)]
struct Server(ServerNonInvite);

impl Model for Server {
    type Key = (u8, Wait);
    const INPUTS: usize = 4;

    fn key(&self, clock: Clock) -> Self::Key {
        use server_non_invite::State::*;
        match self.0.state() {
            Trying => (0, None),
            Proceeding => (1, None),
            Completed { linger } => (2, Some(clock.left(linger))),
            Terminated => (3, None),
        }
    }

    fn input(&mut self, which: usize, now: Instant) {
        match which {
            0..3 => {
                let before = self.0.state();
                if !self.0.respond(CLASSES[which], now) {
                    assert_eq!(before, self.0.state(), "a refused answer changes nothing");
                }
            }
            _ => self.0.handle_request(),
        }
        while let Some(output) = self.0.poll_output() {
            assert_eq!(output, ServerOutput::TransmitResponse);
        }
    }

    fn fire(&mut self, now: Instant) {
        self.0.handle_timeout(now);
        assert_eq!(self.0.poll_output(), None, "its one timer only ends it");
    }
    fn deadline(&self) -> Option<Instant> {
        self.0.poll_timeout().map(|(at, _)| at)
    }
    fn is_over(&self) -> bool {
        self.0.state() == server_non_invite::State::Terminated
    }
    fn waits_for_user(&self) -> bool {
        use server_non_invite::State::{Proceeding, Trying};
        matches!(self.0.state(), Trying | Proceeding)
    }
}

/// A machine at an instant; `waited` says that time has passed since it last changed.
#[derive(Clone)]
struct Situation<M> {
    machine: M,
    now: Instant,
    waited: bool,
}

impl<M: Model> Situation<M> {
    fn key(&self) -> (M::Key, bool) {
        (self.machine.key(Clock(self.now)), self.waited)
    }

    fn next(&self) -> Vec<(Duration, Self)> {
        let mut next = Vec::new();
        for which in 0..M::INPUTS {
            let mut machine = self.machine.clone();
            machine.input(which, self.now);
            let clock = Clock(self.now);
            let waited = self.waited && machine.key(clock) == self.machine.key(clock);
            next.push((Duration::ZERO, Self { machine, now: self.now, waited }));
        }
        let Some(deadline) = self.machine.deadline() else { return next };
        let left = deadline - self.now;
        if !self.waited {
            for wait in [left / 2, left] {
                let now = self.now + wait;
                let waiting = Self { machine: self.machine.clone(), now, waited: true };
                next.push((wait, waiting));
            }
        }
        let mut fired = self.machine.clone();
        fired.fire(deadline);
        assert!(fired.deadline() != Some(deadline), "firing a timer did not get on");
        next.push((left, Self { machine: fired, now: deadline, waited: false }));
        next
    }
}

#[derive(Default)]
struct Counts {
    states: usize,
    edges: usize,
}

/// Explores all that is reachable; returns the longest time from the start to the end.
fn close<M: Model>(machine: M, now: Instant, counts: &mut Counts) -> Duration {
    let start = Situation { machine, now, waited: false };
    let mut longest: BTreeMap<(M::Key, bool), Option<Duration>> = BTreeMap::new();
    // Depth first with an explicit stack: the second visit of a situation sums up its successors.
    let mut stack = vec![(start.clone(), false)];
    while let Some((here, visited)) = stack.pop() {
        let key = here.key();
        if visited {
            let waits = here.machine.waits_for_user();
            let mut most = Duration::ZERO;
            for (took, next) in here.next() {
                let next_key = next.key();
                if next_key != key {
                    let rest = longest[&next_key].expect("no way round to where one was");
                    most = most.max(rest + if waits { Duration::ZERO } else { took });
                }
            }
            longest.insert(key, Some(most));
            continue;
        }
        if longest.contains_key(&key) {
            continue;
        }
        let over = here.machine.is_over();
        assert_eq!(over, !here.machine.waits_for_user() && here.machine.deadline().is_none());
        longest.insert(key.clone(), None);
        counts.states += 1;
        stack.push((here.clone(), true));
        for (_, next) in here.next() {
            counts.edges += 1;
            assert!(!over || next.key() == key, "the end is the end");
            stack.push((next, false));
        }
    }
    longest[&start.key()].unwrap()
}

fn grid() -> Vec<Timers> {
    let ms = Duration::from_millis;
    [(500, 4000, 5000), (330, 1700, 2300), (70, 1130, 710), (501, 499, 13)]
        .map(|(t1, t2, t4)| Timers { t1: ms(t1), t2: ms(t2), t4: ms(t4) })
        .into()
}

/// The patience of 1, 3, 5 and 10 transmissions, of odd times, and of Timer B or F itself.
fn patiences(timers: &Timers, kind: Kind) -> Vec<Duration> {
    let mut all: Vec<_> = [1, 3, 5, 10].map(|n| timers.patience_for(kind, n)).into();
    all.extend([Duration::from_millis(1), timers.t1 * 7 / 3, timers.timeout()]);
    all
}

#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn origin() -> Instant {
    Instant::now()
}

fn each_setting(mut run: impl FnMut(Timers, Reliability)) {
    for timers in grid() {
        for reliability in [Reliability::Unreliable, Reliability::Reliable] {
            run(timers, reliability);
        }
    }
}

fn report(machine: &str, counts: &Counts, bound: &str) {
    println!("{machine}: {} states, {} edges, ends within {bound}", counts.states, counts.edges);
    assert!(counts.states > 10, "hardly anything was explored");
}

#[test]
fn every_invite_client_ends_within_192_t1_of_time_that_is_not_its_users() {
    let mut counts = Counts::default();
    each_setting(|timers, reliability| {
        for patience in patiences(&timers, Kind::Invite) {
            let now = origin();
            let mut machine = InviteClient(
                ClientInvite::new(timers, reliability, patience, now),
                Said::default(),
            );
            machine.hear();
            // A provisional at the last moment, a CANCEL, a 2xx or failure at the last moment.
            assert_eq!(close(machine, now, &mut counts), timers.timeout() * 3);
        }
    });
    report("INVITE client", &counts, "192·T1 (Timer B, then 64·T1 after CANCEL, then D or M)");
}

#[test]
fn every_client_ends_within_64_t1_and_t4() {
    let mut counts = Counts::default();
    each_setting(|timers, reliability| {
        for patience in patiences(&timers, Kind::NonInvite) {
            let now = origin();
            let mut machine =
                Client(ClientNonInvite::new(timers, reliability, patience, now), Said::default());
            machine.hear();
            let linger = match reliability {
                Reliability::Unreliable => timers.t4,
                Reliability::Reliable => Duration::ZERO,
            };
            assert_eq!(close(machine, now, &mut counts), timers.timeout() + linger);
        }
    });
    report("client", &counts, "64·T1 + T4 (Timer F, then K)");
}

#[test]
fn every_invite_server_ends_within_64_t1_and_t4_of_its_users_answer() {
    let mut counts = Counts::default();
    each_setting(|timers, reliability| {
        let now = origin();
        let machine = InviteServer(ServerInvite::new(timers, reliability, now));
        let linger = match reliability {
            Reliability::Unreliable => timers.t4,
            Reliability::Reliable => Duration::ZERO,
        };
        assert_eq!(close(machine, now, &mut counts), timers.timeout() + linger);
    });
    report("INVITE server", &counts, "64·T1 + T4 (Timer H, then I) of the user's answer");
}

#[test]
fn every_server_ends_within_64_t1_of_its_users_answer() {
    let mut counts = Counts::default();
    each_setting(|timers, reliability| {
        let now = origin();
        let bound = match reliability {
            Reliability::Unreliable => timers.timeout(),
            Reliability::Reliable => Duration::ZERO,
        };
        let machine = Server(ServerNonInvite::new(timers, reliability));
        assert_eq!(close(machine, now, &mut counts), bound);
    });
    report("server", &counts, "64·T1 (Timer J) of the user's answer");
}

/// A3 over the whole grid: the count is the number of transmissions, and the time is exact.
#[test]
fn left_alone_a_client_sends_its_count_and_says_silent_when_the_next_would_be_due() {
    for timers in grid() {
        for n in 1..=10 {
            let now = origin();
            let patience = timers.patience_for(Kind::Invite, n);
            let mut machine = ClientInvite::new(timers, Reliability::Unreliable, patience, now);
            let mut sent = 0;
            let silent_at = loop {
                match machine.poll_output() {
                    Some(ClientOutput::TransmitRequest) => sent += 1,
                    Some(ClientOutput::Silent) => break Some(patience),
                    Some(ClientOutput::TimedOut) => break None,
                    Some(other) => panic!("{other:?} out of nothing"),
                    None => {
                        let (at, _) = machine.poll_timeout().unwrap();
                        machine.handle_timeout(at);
                        assert!(at <= now + patience, "went on after its patience");
                        let next = machine.poll_timeout();
                        assert!(next.is_none_or(|(next, _)| next > at), "did not get on");
                    }
                }
            };
            assert_eq!(silent_at.is_some(), patience < timers.timeout());
            assert_eq!(sent, n.min(7), "timer A fires six times in 64·T1");
        }
    }
}
