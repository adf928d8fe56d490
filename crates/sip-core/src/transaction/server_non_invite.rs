//! The non-INVITE server transaction: RFC 3261 figure 8.
//!
//! It answers copies of the request with what was answered before, for as long as copies may come.
//! A response that can't be delivered changes nothing here: the peer repeats its request, or its
//! timers end it.

use super::{Reliability, ServerOutput, StatusClass, Timers};
use std::collections::VecDeque;
use std::time::Instant;

/// Where the transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing answered yet: waits for its user; copies are absorbed.
    Trying,
    /// A provisional response was sent: waits for its user.
    Proceeding,
    /// A final response was sent, and is sent again for every copy.
    Completed {
        /// Timer J.
        linger: Instant,
    },
    /// Over.
    Terminated,
}

/// A server transaction for any method but INVITE and ACK.
#[derive(Debug, Clone)]
pub struct ServerNonInvite {
    timers: Timers,
    reliability: Reliability,
    state: State,
    outputs: VecDeque<ServerOutput>,
}

impl ServerNonInvite {
    /// A request has come.
    pub fn new(timers: Timers, reliability: Reliability) -> Self {
        Self { timers, reliability, state: State::Trying, outputs: VecDeque::new() }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// A copy of the request has come.
    pub fn handle_request(&mut self) {
        match self.state {
            State::Proceeding | State::Completed { .. } => {
                self.outputs.push_back(ServerOutput::TransmitResponse);
            }
            State::Trying | State::Terminated => {}
        }
    }

    /// The user answers. False, and nothing happens, if it has given its final answer already.
    #[must_use]
    pub fn respond(&mut self, class: StatusClass, now: Instant) -> bool {
        match self.state {
            State::Trying | State::Proceeding => {
                self.outputs.push_back(ServerOutput::TransmitResponse);
                self.state = match (class, self.reliability) {
                    (StatusClass::Provisional, _) => State::Proceeding,
                    (StatusClass::Success | StatusClass::Failure, Reliability::Unreliable) => {
                        State::Completed { linger: now + self.timers.timeout() }
                    }
                    (StatusClass::Success | StatusClass::Failure, Reliability::Reliable) => {
                        State::Terminated
                    }
                };
                true
            }
            State::Completed { .. } | State::Terminated => false,
        }
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self.state {
            State::Completed { linger } => Some((linger, "server: timer J")),
            State::Trying | State::Proceeding | State::Terminated => None,
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let State::Completed { linger } = self.state
            && linger <= now
        {
            self.state = State::Terminated;
        }
    }
}
