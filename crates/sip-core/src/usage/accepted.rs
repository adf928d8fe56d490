//! The callee's side of a 2xx that has not been acknowledged yet: RFC 3261 §13.3.1.4.
//!
//! The 2xx is repeated at T1, doubling up to T2, over reliable transports too (a hop further on may
//! not be), until its ACK comes. If none has come after 64·T1 the machine says `Unacknowledged`, and
//! the call is to be ended with a BYE. It does not know the response, nor which ACK is meant: its
//! owner matches that by dialog and CSeq.

use crate::transaction::{Kind, Reliability, Retransmit, Timers};
use std::collections::VecDeque;
use std::time::Instant;

/// What is to be done about the 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedOutput {
    /// Give the same 2xx to the server transaction again.
    Retransmit,
    /// No ACK in 64·T1: confirm the dialog and end it with a BYE.
    Unacknowledged,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting { retransmit: Option<Retransmit>, timeout: Instant },
    Over,
}

/// A 2xx that waits for its ACK.
#[derive(Debug, Clone)]
pub struct Accepted {
    timers: Timers,
    state: State,
    outputs: VecDeque<AcceptedOutput>,
}

impl Accepted {
    /// The 2xx has just been sent for the first time.
    pub fn new(timers: Timers, now: Instant) -> Self {
        let state = State::Waiting {
            retransmit: Retransmit::start(Reliability::Unreliable, timers.t1, now),
            timeout: now + timers.timeout(),
        };
        Self { timers, state, outputs: VecDeque::new() }
    }

    /// Its ACK has come.
    pub fn handle_ack(&mut self) {
        self.state = State::Over;
        self.outputs.clear();
    }

    /// Whether the ACK has come or has been given up.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<AcceptedOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self.state {
            State::Waiting { retransmit: Some(timer), timeout } if timer.at < timeout => {
                Some((timer.at, "2xx: repeat until ACK"))
            }
            State::Waiting { timeout, .. } => Some((timeout, "2xx: no ACK")),
            State::Over => None,
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let State::Waiting { retransmit, timeout } = self.state else { return };
        if timeout <= now {
            self.outputs.push_back(AcceptedOutput::Unacknowledged);
            self.state = State::Over;
        } else if let Some(timer) = retransmit.filter(|timer| timer.at <= now) {
            self.outputs.push_back(AcceptedOutput::Retransmit);
            let interval = self.timers.backed_off(Kind::NonInvite, timer.interval);
            self.state = State::Waiting { retransmit: Some(timer.again(interval, now)), timeout };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn origin() -> Instant {
        Instant::now()
    }

    /// Runs to the end and returns what was said, with milliseconds since `start`.
    fn run(mut accepted: Accepted, start: Instant) -> Vec<(u128, AcceptedOutput)> {
        let mut said = Vec::new();
        while let Some((at, _)) = accepted.poll_timeout() {
            accepted.handle_timeout(at);
            while let Some(output) = accepted.poll_output() {
                said.push(((at - start).as_millis(), output));
            }
        }
        said
    }

    #[test]
    fn a_2xx_is_repeated_up_to_t2_and_given_up_after_64_t1() {
        let start = origin();
        let said = run(Accepted::new(Timers::default(), start), start);
        let times: Vec<u128> = said.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000]);
        let (last, rest) = said.split_last().unwrap();
        assert_eq!(last.1, AcceptedOutput::Unacknowledged);
        assert!(rest.iter().all(|(_, output)| *output == AcceptedOutput::Retransmit));
    }

    #[test]
    fn the_ack_ends_it_and_leaves_no_timer() {
        let start = origin();
        let mut accepted = Accepted::new(Timers::default(), start);
        accepted.handle_timeout(accepted.poll_timeout().unwrap().0);
        accepted.handle_ack();
        assert!(accepted.is_over());
        assert_eq!(accepted.poll_timeout(), None);
        assert_eq!(accepted.poll_output(), None, "a repeat that was due is not sent after the ACK");
    }
}
