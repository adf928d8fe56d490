//! The INVITE server transaction: RFC 3261 figure 7, with the Accepted state of RFC 6026 §8.7.
//!
//! It answers copies of the INVITE, says 100 Trying when its user takes longer than 200 ms, and
//! repeats a failure until the ACK comes. A 2xx is repeated by the user ([`crate::usage::Accepted`]),
//! because its ACK comes end to end; the transaction stays in Accepted so that copies of the INVITE
//! don't look like new ones.
//!
//! A response that can't be delivered changes nothing here: the peer repeats its request, or its
//! timers end it, and Timer H or L bounds our side.

use super::{Kind, Reliability, Retransmit, ServerOutput, StatusClass, Timers, earliest};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// RFC 3261 §17.2.1: a 100 is due unless the user will respond within 200 ms.
pub const TRYING_AFTER: Duration = Duration::from_millis(200);

/// Where the transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No final response yet: waits for its user.
    Proceeding {
        /// When a 100 is due; none once anything has been sent.
        trying: Option<Instant>,
    },
    /// A failure was sent and wants its ACK.
    Completed {
        /// Timer G; none over reliable transports.
        retransmit: Option<Retransmit>,
        /// Timer H.
        timeout: Instant,
    },
    /// The ACK has come; copies of it are absorbed.
    Confirmed {
        /// Timer I.
        linger: Instant,
    },
    /// A 2xx was sent; copies of the INVITE are absorbed.
    Accepted {
        /// Timer L.
        linger: Instant,
    },
    /// Over.
    Terminated,
}

/// An INVITE server transaction.
#[derive(Debug, Clone)]
pub struct ServerInvite {
    timers: Timers,
    reliability: Reliability,
    state: State,
    outputs: VecDeque<ServerOutput>,
}

impl ServerInvite {
    /// An INVITE has come.
    pub fn new(timers: Timers, reliability: Reliability, now: Instant) -> Self {
        let state = State::Proceeding { trying: Some(now + TRYING_AFTER) };
        Self { timers, reliability, state, outputs: VecDeque::new() }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// A copy of the INVITE has come.
    pub fn handle_request(&mut self) {
        match self.state {
            State::Proceeding { trying: Some(_) } => {
                self.outputs.push_back(ServerOutput::TransmitTrying);
                self.state = State::Proceeding { trying: None };
            }
            State::Proceeding { trying: None } | State::Completed { .. } => {
                self.outputs.push_back(ServerOutput::TransmitResponse);
            }
            State::Confirmed { .. } | State::Accepted { .. } | State::Terminated => {}
        }
    }

    /// An ACK on this transaction's branch has come.
    pub fn handle_ack(&mut self, now: Instant) {
        match self.state {
            State::Completed { .. } => {
                self.state = match self.reliability {
                    Reliability::Unreliable => State::Confirmed { linger: now + self.timers.t4 },
                    Reliability::Reliable => State::Terminated,
                };
            }
            State::Accepted { .. } => self.outputs.push_back(ServerOutput::Ack),
            State::Proceeding { .. } | State::Confirmed { .. } | State::Terminated => {}
        }
    }

    /// The user answers. False, and nothing happens, if the state has no place for that answer: any
    /// after a failure, and after a 2xx any but the same 2xx again.
    #[must_use]
    pub fn respond(&mut self, class: StatusClass, now: Instant) -> bool {
        self.state = match (self.state, class) {
            (State::Proceeding { .. }, StatusClass::Provisional) => {
                State::Proceeding { trying: None }
            }
            (State::Proceeding { .. }, StatusClass::Success) => {
                State::Accepted { linger: now + self.timers.timeout() }
            }
            (State::Proceeding { .. }, StatusClass::Failure) => State::Completed {
                retransmit: Retransmit::start(self.reliability, self.timers.t1, now),
                timeout: now + self.timers.timeout(),
            },
            (State::Accepted { .. }, StatusClass::Success) => self.state,
            (State::Accepted { .. }, StatusClass::Provisional | StatusClass::Failure)
            | (State::Completed { .. } | State::Confirmed { .. } | State::Terminated, _) => {
                return false;
            }
        };
        self.outputs.push_back(ServerOutput::TransmitResponse);
        true
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self.state {
            State::Proceeding { trying } => trying.map(|at| (at, "INVITE server: 100 due")),
            State::Completed { retransmit, timeout } => earliest([
                Some((timeout, "INVITE server: timer H")),
                retransmit.map(|timer| (timer.at, "INVITE server: timer G")),
            ]),
            State::Confirmed { linger } => Some((linger, "INVITE server: timer I")),
            State::Accepted { linger } => Some((linger, "INVITE server: timer L")),
            State::Terminated => None,
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Proceeding { trying } => {
                if trying.is_some_and(|at| at <= now) {
                    self.outputs.push_back(ServerOutput::TransmitTrying);
                    self.state = State::Proceeding { trying: None };
                }
            }
            State::Completed { retransmit, timeout } => {
                if timeout <= now {
                    self.outputs.push_back(ServerOutput::AckMissing);
                    self.state = State::Terminated;
                } else if let Some(timer) = retransmit.filter(|timer| timer.at <= now) {
                    self.outputs.push_back(ServerOutput::TransmitResponse);
                    // Timer G doubles up to T2, as Timer E does, though this is an INVITE.
                    let interval = self.timers.backed_off(Kind::NonInvite, timer.interval);
                    let retransmit = Some(timer.again(interval, now));
                    self.state = State::Completed { retransmit, timeout };
                }
            }
            State::Confirmed { linger } | State::Accepted { linger } => {
                if linger <= now {
                    self.state = State::Terminated;
                }
            }
            State::Terminated => {}
        }
    }
}
