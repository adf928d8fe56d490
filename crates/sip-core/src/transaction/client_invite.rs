//! The INVITE client transaction: RFC 3261 figure 5, with the Accepted state of RFC 6026 §8.4.
//!
//! It retransmits at 0, T1, 3·T1, 7·T1 … until any response comes, acknowledges failures, and
//! reports every 2xx for as long as one may come. It does not acknowledge a 2xx: that belongs to
//! the dialog.
//!
//! Beyond the figure: `Silent` (see the parent module). A provisional response ends both patience
//! and Timer B; from then on only its user bounds the wait, through [`ClientInvite::abandon`]. A
//! transport error after an answer is not reported: the outcome is known, and in Proceeding nothing
//! of ours is under way that could fail.

use super::{ClientOutput, Kind, Reliability, Retransmit, StatusClass, Timers, earliest};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Where the transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Sent, no answer yet.
    Calling {
        /// Timer A; none over reliable transports.
        retransmit: Option<Retransmit>,
        /// When the hop counts as silent; none if only Timer B is to end the wait.
        patience: Option<Instant>,
        /// Timer B.
        timeout: Instant,
    },
    /// The patience has passed, or the user has abandoned it: not sent any more, still listening.
    Silent {
        /// What is left of Timer B.
        timeout: Instant,
    },
    /// A provisional response has come.
    Proceeding {
        /// After a CANCEL: when the request counts as cancelled without an answer (§9.1).
        abandoned: Option<Instant>,
    },
    /// A failure has come and is acknowledged as often as it comes again.
    Completed {
        /// Timer D.
        linger: Instant,
    },
    /// A 2xx has come; others, from other forks too, are still reported.
    Accepted {
        /// Timer M.
        linger: Instant,
    },
    /// Over.
    Terminated,
}

/// An INVITE client transaction.
#[derive(Debug, Clone)]
pub struct ClientInvite {
    timers: Timers,
    reliability: Reliability,
    state: State,
    outputs: VecDeque<ClientOutput>,
}

impl ClientInvite {
    /// Sends the request, and waits `patience` for any answer before it says `Silent`. A patience
    /// of 64·T1 or more says only `TimedOut` (A4).
    pub fn new(timers: Timers, reliability: Reliability, patience: Duration, now: Instant) -> Self {
        let state = State::Calling {
            retransmit: Retransmit::start(reliability, timers.t1, now),
            patience: (patience < timers.timeout()).then(|| now + patience),
            timeout: now + timers.timeout(),
        };
        Self { timers, reliability, state, outputs: [ClientOutput::TransmitRequest].into() }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether nothing at all has been answered, and an answer may still come.
    pub fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Silent { .. })
    }

    /// A response of this class has come for this transaction.
    pub fn handle_response(&mut self, class: StatusClass, now: Instant) {
        match self.state {
            State::Calling { .. } | State::Silent { .. } => {
                self.answered(class, State::Proceeding { abandoned: None }, now);
            }
            State::Proceeding { .. } => self.answered(class, self.state, now),
            State::Completed { .. } => {
                if class == StatusClass::Failure {
                    self.outputs.push_back(ClientOutput::TransmitAck);
                }
            }
            State::Accepted { .. } => {
                if class == StatusClass::Success {
                    self.outputs.push_back(ClientOutput::Final);
                }
            }
            State::Terminated => {}
        }
    }

    fn answered(&mut self, class: StatusClass, proceeding: State, now: Instant) {
        match class {
            StatusClass::Provisional => {
                self.outputs.push_back(ClientOutput::Provisional);
                self.state = proceeding;
            }
            StatusClass::Success => {
                self.outputs.push_back(ClientOutput::Final);
                self.state = State::Accepted { linger: now + self.timers.timeout() };
            }
            StatusClass::Failure => {
                self.outputs.extend([ClientOutput::TransmitAck, ClientOutput::Final]);
                self.state = match self.reliability {
                    Reliability::Unreliable => {
                        State::Completed { linger: now + self.timers.timeout() }
                    }
                    Reliability::Reliable => State::Terminated,
                };
            }
        }
    }

    /// The transport could not deliver what this transaction sent.
    pub fn handle_unreachable(&mut self) {
        match self.state {
            State::Calling { .. } | State::Silent { .. } => {
                self.outputs.push_back(ClientOutput::Unreachable);
                self.state = State::Terminated;
            }
            // RFC 3261 figure 5: the ACK could not be sent. The outcome is known already.
            State::Completed { .. } => self.state = State::Terminated,
            State::Proceeding { .. } | State::Accepted { .. } | State::Terminated => {}
        }
    }

    /// Whether an answer is still waited for with patience, so that the request may yet be sent in
    /// another way.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// The request waits for its connection: the patience does not run before [`Self::written`].
    pub fn hold(&mut self) {
        if let State::Calling { retransmit, timeout, .. } = self.state {
            self.state = State::Calling { retransmit, patience: None, timeout };
        }
    }

    /// The connection is there and the request written to it: patience and Timer B begin now.
    pub fn written(&mut self, patience: Duration, now: Instant) {
        if let State::Calling { retransmit, .. } = self.state {
            let timeout = now + self.timers.timeout();
            let patience = (patience < self.timers.timeout()).then(|| now + patience);
            self.state = State::Calling { retransmit, patience, timeout };
        }
    }

    /// The user waits no longer: it has sent CANCEL, or forgets the request. An unanswered one is
    /// not sent again; one that rings ends 64·T1 from now at the latest (RFC 3261 §9.1).
    pub fn abandon(&mut self, now: Instant) {
        match self.state {
            State::Calling { timeout, .. } => self.state = State::Silent { timeout },
            State::Proceeding { abandoned: None } => {
                self.state = State::Proceeding { abandoned: Some(now + self.timers.timeout()) };
            }
            State::Proceeding { abandoned: Some(_) }
            | State::Silent { .. }
            | State::Completed { .. }
            | State::Accepted { .. }
            | State::Terminated => {}
        }
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self.state {
            State::Calling { retransmit, patience, timeout } => earliest([
                Some((timeout, "INVITE client: timer B")),
                patience.map(|at| (at, "INVITE client: patience")),
                retransmit.map(|timer| (timer.at, "INVITE client: timer A")),
            ]),
            State::Silent { timeout } => Some((timeout, "INVITE client: timer B")),
            State::Proceeding { abandoned } => abandoned.map(|at| (at, "INVITE client: cancelled")),
            State::Completed { linger } => Some((linger, "INVITE client: timer D")),
            State::Accepted { linger } => Some((linger, "INVITE client: timer M")),
            State::Terminated => None,
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Calling { retransmit, patience, timeout } => {
                if timeout <= now {
                    self.time_out();
                } else if patience.is_some_and(|at| at <= now) {
                    self.outputs.push_back(ClientOutput::Silent);
                    self.state = State::Silent { timeout };
                } else if let Some(timer) = retransmit.filter(|timer| timer.at <= now) {
                    self.outputs.push_back(ClientOutput::TransmitRequest);
                    let interval = self.timers.backed_off(Kind::Invite, timer.interval);
                    let retransmit = Some(timer.again(interval, now));
                    self.state = State::Calling { retransmit, patience, timeout };
                }
            }
            State::Silent { timeout: at } | State::Proceeding { abandoned: Some(at) } => {
                if at <= now {
                    self.time_out();
                }
            }
            State::Completed { linger } | State::Accepted { linger } => {
                if linger <= now {
                    self.state = State::Terminated;
                }
            }
            State::Proceeding { abandoned: None } | State::Terminated => {}
        }
    }

    fn time_out(&mut self) {
        self.outputs.push_back(ClientOutput::TimedOut);
        self.state = State::Terminated;
    }
}
