//! The four transactions as their figures tell them: what is sent when, in virtual time.

#![expect(clippy::unwrap_used, reason = "a test may give up")]

use ClientOutput::{
    Final, Provisional, Silent, TimedOut, TransmitAck, TransmitRequest, Unreachable,
};
use StatusClass::{Failure, Success};
use sip_core::transaction::{
    ClientInvite, ClientNonInvite, ClientOutput, Kind, Reliability, ServerInvite, ServerNonInvite,
    ServerOutput, StatusClass, Timers,
};
use std::fmt::Debug;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn origin() -> Instant {
    Instant::now()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The shape that the four machines share.
trait Machine {
    type Output: Debug + PartialEq;
    fn output(&mut self) -> Option<Self::Output>;
    fn timeout(&self) -> Option<Instant>;
    fn fire(&mut self, now: Instant);
}

macro_rules! machine {
    ($($name:ty => $output:ty),*) => {$(
        impl Machine for $name {
            type Output = $output;
            fn output(&mut self) -> Option<$output> { self.poll_output() }
            fn timeout(&self) -> Option<Instant> { self.poll_timeout().map(|(at, _)| at) }
            fn fire(&mut self, now: Instant) { self.handle_timeout(now) }
        }
    )*};
}
machine!(ClientInvite => ClientOutput, ClientNonInvite => ClientOutput,
         ServerInvite => ServerOutput, ServerNonInvite => ServerOutput);

/// A machine and a clock that jumps from timer to timer.
struct Bench<M> {
    machine: M,
    start: Instant,
    now: Instant,
}

impl<M: Machine> Bench<M> {
    fn new(start: Instant, machine: M) -> Self {
        Self { machine, start, now: start }
    }

    fn said(&mut self) -> Vec<M::Output> {
        std::iter::from_fn(|| self.machine.output()).collect()
    }

    /// Lets time pass to `until` milliseconds after the start; returns what was said, and when.
    fn run_to(&mut self, until: u64) -> Vec<(u64, M::Output)> {
        let until = self.start + ms(until);
        let mut said = self.stamped();
        while let Some(at) = self.machine.timeout().filter(|at| *at <= until) {
            assert!(at >= self.now, "a stale timer");
            self.now = at;
            self.machine.fire(at);
            assert_ne!(self.machine.timeout(), Some(at), "firing a timer did not get on");
            said.extend(self.stamped());
        }
        self.now = until;
        said
    }

    fn stamped(&mut self) -> Vec<(u64, M::Output)> {
        let at = u64::try_from((self.now - self.start).as_millis()).unwrap();
        self.said().into_iter().map(|output| (at, output)).collect()
    }

    fn is_over_at(&mut self, at: u64) -> bool {
        self.run_to(at);
        self.machine.timeout().is_none()
    }
}

const FOREVER: u64 = 1_000_000;

fn invite(reliability: Reliability, patience: Duration) -> Bench<ClientInvite> {
    let now = origin();
    Bench::new(now, ClientInvite::new(Timers::default(), reliability, patience, now))
}

fn request(reliability: Reliability, patience: Duration) -> Bench<ClientNonInvite> {
    let now = origin();
    Bench::new(now, ClientNonInvite::new(Timers::default(), reliability, patience, now))
}

fn full() -> Duration {
    Timers::default().timeout()
}

fn three(kind: Kind) -> Duration {
    Timers::default().patience_for(kind, 3)
}

fn times<O: Copy + PartialEq>(said: &[(u64, O)], what: O) -> Vec<u64> {
    said.iter().filter(|(_, output)| *output == what).map(|(at, _)| *at).collect()
}

/// RFC 3261 §17.1.1.2.
#[test]
fn an_unanswered_invite_is_sent_seven_times_and_times_out_after_64_t1() {
    let said = invite(Reliability::Unreliable, full()).run_to(FOREVER);
    assert_eq!(times(&said, TransmitRequest), [0, 500, 1500, 3500, 7500, 15500, 31500]);
    assert_eq!(said.last(), Some(&(32000, TimedOut)));
    assert_eq!(times(&said, Silent), [0_u64; 0], "a full patience never says silent (A4)");
}

/// RFC 3261 §17.1.2.2.
#[test]
fn an_unanswered_request_is_sent_eleven_times_and_times_out_after_64_t1() {
    let said = request(Reliability::Unreliable, full()).run_to(FOREVER);
    assert_eq!(
        times(&said, TransmitRequest),
        [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
    );
    assert_eq!(said.last(), Some(&(32000, TimedOut)));
}

/// A3: three packets, and the next hop when the fourth would be due.
#[test]
fn three_transmissions_are_silence_after_3500_ms() {
    let expected = [
        (0, TransmitRequest),
        (500, TransmitRequest),
        (1500, TransmitRequest),
        (3500, Silent),
        (32000, TimedOut),
    ];
    let patience = three(Kind::Invite);
    assert_eq!(invite(Reliability::Unreliable, patience).run_to(FOREVER), expected);
    let patience = three(Kind::NonInvite);
    assert_eq!(request(Reliability::Unreliable, patience).run_to(FOREVER), expected);
}

/// A3: "over TCP and TLS, which do not retransmit, the same total time bounds the wait".
#[test]
fn a_reliable_transport_waits_as_long_but_sends_once() {
    let expected = [(0, TransmitRequest), (3500, Silent), (32000, TimedOut)];
    assert_eq!(invite(Reliability::Reliable, ms(3500)).run_to(FOREVER), expected);
    assert_eq!(request(Reliability::Reliable, ms(3500)).run_to(FOREVER), expected);
}

/// A3, V2 mode: a time, with the RFC's retransmissions within it.
#[test]
fn a_patience_between_two_retransmissions_ends_between_them() {
    let said = request(Reliability::Unreliable, ms(4000)).run_to(FOREVER);
    assert_eq!(times(&said, TransmitRequest), [0, 500, 1500, 3500]);
    assert_eq!(times(&said, Silent), [4000]);
}

/// Failover design §4: the leg at the earlier hop may still win.
#[test]
fn a_late_answer_to_a_silent_invite_is_heard() {
    let mut bench = invite(Reliability::Unreliable, ms(3500));
    bench.run_to(20_000);
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    assert_eq!(bench.said(), [Provisional]);
    assert_eq!(bench.run_to(FOREVER), [], "it rings: nothing is sent, nothing times out");
    bench.machine.handle_response(Success, bench.now);
    assert_eq!(bench.said(), [Final]);
}

#[test]
fn a_late_provisional_does_not_start_a_silent_request_again() {
    let mut bench = request(Reliability::Unreliable, ms(3500));
    bench.run_to(10_000);
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    assert!(!bench.machine.is_unanswered());
    assert_eq!(bench.run_to(FOREVER), [(10_000, Provisional), (32_000, TimedOut)]);
}

#[test]
fn a_provisional_to_an_invite_ends_patience_and_timer_b() {
    let mut bench = invite(Reliability::Unreliable, ms(3500));
    bench.run_to(600);
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    assert_eq!(bench.run_to(FOREVER), [(600, Provisional)]);
    assert!(!bench.machine.is_unanswered());
}

/// RFC 3261 §17.1.2.2: E is T2 after a provisional response; F goes on.
#[test]
fn a_provisional_to_another_request_slows_it_to_t2_and_timer_f_ends_it() {
    let mut bench = request(Reliability::Unreliable, ms(3500));
    bench.run_to(600);
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    let said = bench.run_to(FOREVER);
    assert_eq!(times(&said, TransmitRequest), [4600, 8600, 12600, 16600, 20600, 24600, 28600]);
    assert_eq!(said.last(), Some(&(32000, TimedOut)));
    assert_eq!(times(&said, Silent), [0_u64; 0]);
}

/// RFC 3261 §17.1.1.2, Completed.
#[test]
fn every_copy_of_a_failure_is_acknowledged_but_reported_once() {
    let mut bench = invite(Reliability::Unreliable, ms(3500));
    bench.run_to(100);
    bench.machine.handle_response(Failure, bench.now);
    bench.machine.handle_response(Failure, bench.now);
    bench.machine.handle_response(Success, bench.now);
    assert_eq!(bench.said(), [TransmitAck, Final, TransmitAck]);
    assert!(!bench.is_over_at(32_099));
    assert!(bench.is_over_at(32_100), "timer D");
}

/// RFC 6026 §7.2: forks and retransmissions of 2xx are the user's.
#[test]
fn every_2xx_is_reported_until_timer_m() {
    let mut bench = invite(Reliability::Reliable, ms(3500));
    bench.said();
    bench.machine.handle_response(Success, bench.now);
    bench.machine.handle_response(Failure, bench.now);
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    bench.machine.handle_response(Success, bench.now);
    assert_eq!(bench.said(), [Final, Final]);
    assert!(!bench.is_over_at(31_999));
    assert!(bench.is_over_at(32_000), "timer M, over reliable transports too");
}

#[test]
fn copies_of_a_final_response_are_absorbed_for_t4() {
    let mut bench = request(Reliability::Unreliable, ms(3500));
    bench.run_to(200);
    bench.machine.handle_response(Success, bench.now);
    bench.machine.handle_response(Success, bench.now);
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    assert_eq!(bench.said(), [Final]);
    assert!(!bench.is_over_at(5199));
    assert!(bench.is_over_at(5200), "timer K");
}

#[test]
fn nothing_lingers_over_a_reliable_transport() {
    let mut bench = request(Reliability::Reliable, ms(3500));
    bench.machine.handle_response(Failure, bench.now);
    assert_eq!(bench.machine.poll_timeout(), None);
    let mut bench = invite(Reliability::Reliable, ms(3500));
    bench.machine.handle_response(Failure, bench.now);
    assert_eq!(bench.machine.poll_timeout(), None);
}

/// F2: the next hop is tried a round trip later.
#[test]
fn a_transport_error_ends_an_unanswered_request_at_once() {
    let mut bench = request(Reliability::Unreliable, ms(3500));
    bench.run_to(10);
    bench.machine.handle_unreachable();
    assert_eq!(bench.run_to(FOREVER), [(10, Unreachable)]);
    let mut bench = invite(Reliability::Unreliable, ms(3500));
    bench.run_to(5000);
    bench.machine.handle_unreachable();
    assert_eq!(bench.run_to(FOREVER), [(5000, Unreachable)], "a silent one too");
}

#[test]
fn a_transport_error_after_an_answer_is_not_an_outcome() {
    for class in [StatusClass::Provisional, Success, Failure] {
        let mut bench = invite(Reliability::Unreliable, ms(3500));
        bench.machine.handle_response(class, bench.now);
        bench.said();
        bench.machine.handle_unreachable();
        assert_eq!(bench.said(), [], "{class:?}");
    }
    let mut bench = request(Reliability::Unreliable, ms(3500));
    bench.machine.handle_response(Success, bench.now);
    bench.said();
    bench.machine.handle_unreachable();
    assert_eq!(bench.said(), []);
}

/// RFC 3261 §9.1: 64·T1 after the CANCEL the request counts as cancelled.
#[test]
fn a_cancelled_invite_without_a_final_answer_ends_64_t1_later() {
    let mut bench = invite(Reliability::Unreliable, ms(3500));
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    bench.run_to(60_000);
    bench.machine.abandon(bench.now);
    bench.run_to(70_000);
    bench.machine.handle_response(StatusClass::Provisional, bench.now);
    bench.machine.abandon(bench.now);
    assert_eq!(bench.run_to(FOREVER), [(70_000, Provisional), (92_000, TimedOut)]);
}

#[test]
fn an_abandoned_request_is_not_sent_again() {
    let mut bench = invite(Reliability::Unreliable, full());
    bench.run_to(600);
    bench.machine.abandon(bench.now);
    assert_eq!(bench.run_to(FOREVER), [(32_000, TimedOut)]);
    let mut bench = request(Reliability::Unreliable, full());
    bench.run_to(600);
    bench.machine.abandon();
    assert_eq!(bench.run_to(FOREVER), [(32_000, TimedOut)]);
}

#[test]
fn a_process_that_slept_sends_once_not_a_burst() {
    let mut bench = request(Reliability::Unreliable, full());
    bench.said();
    let awake = bench.start + ms(9000);
    bench.machine.handle_timeout(awake);
    assert_eq!(bench.said(), [TransmitRequest]);
    assert_eq!(bench.machine.poll_timeout().unwrap().0, awake + ms(1000));
}

fn invited(reliability: Reliability) -> Bench<ServerInvite> {
    let now = origin();
    Bench::new(now, ServerInvite::new(Timers::default(), reliability, now))
}

/// RFC 3261 §17.2.1.
#[test]
fn a_100_is_sent_after_200_ms_of_thought() {
    let mut bench = invited(Reliability::Unreliable);
    assert_eq!(bench.run_to(FOREVER), [(200, ServerOutput::TransmitTrying)]);
    let mut bench = invited(Reliability::Unreliable);
    assert!(bench.machine.respond(StatusClass::Provisional, bench.now));
    assert_eq!(bench.run_to(FOREVER), [(0, ServerOutput::TransmitResponse)]);
}

#[test]
fn a_copy_of_an_invite_fetches_the_latest_answer_or_a_100_at_once() {
    let mut bench = invited(Reliability::Unreliable);
    bench.machine.handle_request();
    bench.machine.handle_request();
    assert_eq!(bench.said(), [ServerOutput::TransmitTrying, ServerOutput::TransmitResponse]);
    assert_eq!(bench.run_to(FOREVER), []);
}

/// RFC 3261 §17.2.1: Timer G doubles up to T2, Timer H ends it.
#[test]
fn a_failure_is_repeated_until_timer_h() {
    let mut bench = invited(Reliability::Unreliable);
    assert!(bench.machine.respond(Failure, bench.now));
    let said = bench.run_to(FOREVER);
    assert_eq!(
        times(&said, ServerOutput::TransmitResponse),
        [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
    );
    assert_eq!(said.last(), Some(&(32000, ServerOutput::AckMissing)));
}

#[test]
fn the_ack_of_a_failure_stops_it_and_its_copies_are_absorbed_for_t4() {
    let mut bench = invited(Reliability::Unreliable);
    assert!(bench.machine.respond(Failure, bench.now));
    bench.run_to(700);
    bench.machine.handle_ack(bench.now);
    bench.machine.handle_ack(bench.now);
    bench.machine.handle_request();
    assert_eq!(bench.said(), []);
    assert!(!bench.is_over_at(5699));
    assert!(bench.is_over_at(5700), "timer I");
}

/// RFC 6026 §7.1.
#[test]
fn after_a_2xx_copies_of_the_invite_are_absorbed_and_its_ack_is_the_users() {
    let mut bench = invited(Reliability::Reliable);
    assert!(bench.machine.respond(Success, bench.now));
    assert_eq!(bench.said(), [ServerOutput::TransmitResponse]);
    bench.machine.handle_request();
    assert_eq!(bench.said(), []);
    assert!(bench.machine.respond(Success, bench.now), "the user repeats it");
    assert!(!bench.machine.respond(Failure, bench.now));
    assert!(!bench.machine.respond(StatusClass::Provisional, bench.now));
    bench.machine.handle_ack(bench.now);
    assert_eq!(bench.said(), [ServerOutput::TransmitResponse, ServerOutput::Ack]);
    assert!(!bench.is_over_at(31_999));
    assert!(bench.is_over_at(32_000), "timer L");
}

#[test]
fn a_second_final_answer_is_refused() {
    let mut bench = invited(Reliability::Unreliable);
    assert!(bench.machine.respond(Failure, bench.now));
    assert!(!bench.machine.respond(Success, bench.now));
    let now = origin();
    let mut server = ServerNonInvite::new(Timers::default(), Reliability::Unreliable);
    assert!(server.respond(Success, now));
    assert!(!server.respond(Failure, now));
}

/// RFC 3261 §17.2.2.
#[test]
fn a_copy_of_a_request_fetches_its_answer_until_timer_j() {
    let now = origin();
    let server = ServerNonInvite::new(Timers::default(), Reliability::Unreliable);
    let mut bench = Bench::new(now, server);
    bench.machine.handle_request();
    assert_eq!(bench.said(), [], "nothing to repeat yet");
    assert!(bench.machine.respond(StatusClass::Provisional, now));
    bench.machine.handle_request();
    assert!(bench.machine.respond(Success, now));
    bench.machine.handle_request();
    assert_eq!(bench.said(), [ServerOutput::TransmitResponse; 4]);
    assert!(!bench.is_over_at(31_999));
    assert!(bench.is_over_at(32_000));
    bench.machine.handle_request();
    assert_eq!(bench.said(), []);
}
