//! The non-INVITE client transaction: RFC 3261 figure 6.
//!
//! It retransmits at 0, T1, 3·T1, 7·T1 and then every T2 until a final response comes or Timer F
//! ends it. A provisional response is an answer, so it ends the patience, but not Timer F: a
//! request other than INVITE is to be answered at once (RFC 4320).
//!
//! Beyond the figure: `Silent` (see the parent module).

use super::{ClientOutput, Kind, Reliability, Retransmit, StatusClass, Timers, earliest};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Where the transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Sent, no answer yet.
    Trying {
        /// Timer E; none over reliable transports.
        retransmit: Option<Retransmit>,
        /// When the hop counts as silent; none if only Timer F is to end the wait.
        patience: Option<Instant>,
        /// Timer F.
        timeout: Instant,
    },
    /// The patience has passed, or the user has abandoned it: not sent any more, still listening.
    Silent {
        /// What is left of Timer F.
        timeout: Instant,
    },
    /// A provisional response has come.
    Proceeding {
        /// Timer E, at T2 from here on.
        retransmit: Option<Retransmit>,
        /// Timer F.
        timeout: Instant,
    },
    /// A final response has come; copies of it are absorbed.
    Completed {
        /// Timer K.
        linger: Instant,
    },
    /// Over.
    Terminated,
}

/// A client transaction for any method but INVITE and ACK.
#[derive(Debug, Clone)]
pub struct ClientNonInvite {
    timers: Timers,
    reliability: Reliability,
    state: State,
    answered: bool,
    outputs: VecDeque<ClientOutput>,
}

impl ClientNonInvite {
    /// Sends the request, and waits `patience` for any answer before it says `Silent`. A patience
    /// of 64·T1 or more says only `TimedOut` (A4).
    pub fn new(timers: Timers, reliability: Reliability, patience: Duration, now: Instant) -> Self {
        let state = State::Trying {
            retransmit: Retransmit::start(reliability, timers.t1, now),
            patience: (patience < timers.timeout()).then(|| now + patience),
            timeout: now + timers.timeout(),
        };
        let outputs = [ClientOutput::TransmitRequest].into();
        Self { timers, reliability, state, answered: false, outputs }
    }

    /// Where the transaction stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether nothing at all has been answered, and an answer may still come.
    pub fn is_unanswered(&self) -> bool {
        !self.answered && self.state != State::Terminated
    }

    /// A response of this class has come for this transaction.
    pub fn handle_response(&mut self, class: StatusClass, now: Instant) {
        match self.state {
            State::Trying { .. } | State::Silent { .. } | State::Proceeding { .. } => {
                self.answered = true;
                match class {
                    StatusClass::Provisional => self.provisional(now),
                    StatusClass::Success | StatusClass::Failure => {
                        self.outputs.push_back(ClientOutput::Final);
                        self.state = match self.reliability {
                            Reliability::Unreliable => {
                                State::Completed { linger: now + self.timers.t4 }
                            }
                            Reliability::Reliable => State::Terminated,
                        };
                    }
                }
            }
            State::Completed { .. } | State::Terminated => {}
        }
    }

    fn provisional(&mut self, now: Instant) {
        self.outputs.push_back(ClientOutput::Provisional);
        // After Silent nothing is sent any more: the request has gone to another hop by now.
        if let State::Trying { timeout, .. } = self.state {
            let retransmit = Retransmit::start(self.reliability, self.timers.t2, now);
            self.state = State::Proceeding { retransmit, timeout };
        }
    }

    /// The transport could not deliver what this transaction sent.
    pub fn handle_unreachable(&mut self) {
        match self.state {
            State::Trying { .. } | State::Silent { .. } | State::Proceeding { .. } => {
                self.outputs.push_back(ClientOutput::Unreachable);
                self.state = State::Terminated;
            }
            State::Completed { .. } | State::Terminated => {}
        }
    }

    /// Whether an answer is still waited for with patience, so that the request may yet be sent in
    /// another way.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Trying { .. })
    }

    /// The request waits for its connection: the patience does not run before [`Self::written`].
    pub fn hold(&mut self) {
        if let State::Trying { retransmit, timeout, .. } = self.state {
            self.state = State::Trying { retransmit, patience: None, timeout };
        }
    }

    /// The connection is there and the request written to it: patience and Timer F begin now.
    pub fn written(&mut self, patience: Duration, now: Instant) {
        if let State::Trying { retransmit, .. } = self.state {
            let timeout = now + self.timers.timeout();
            let patience = (patience < self.timers.timeout()).then(|| now + patience);
            self.state = State::Trying { retransmit, patience, timeout };
        }
    }

    /// The user waits no longer: the request is not sent again, and Timer F ends it.
    pub fn abandon(&mut self) {
        match self.state {
            State::Trying { timeout, .. } | State::Proceeding { timeout, .. } => {
                self.state = State::Silent { timeout };
            }
            State::Silent { .. } | State::Completed { .. } | State::Terminated => {}
        }
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self.state {
            State::Trying { retransmit, patience, timeout } => earliest([
                Some((timeout, "client: timer F")),
                patience.map(|at| (at, "client: patience")),
                retransmit.map(|timer| (timer.at, "client: timer E")),
            ]),
            State::Proceeding { retransmit, timeout } => earliest([
                Some((timeout, "client: timer F")),
                retransmit.map(|timer| (timer.at, "client: timer E")),
            ]),
            State::Silent { timeout } => Some((timeout, "client: timer F")),
            State::Completed { linger } => Some((linger, "client: timer K")),
            State::Terminated => None,
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::Trying { retransmit, patience, timeout } => {
                if timeout <= now {
                    self.time_out();
                } else if patience.is_some_and(|at| at <= now) {
                    self.outputs.push_back(ClientOutput::Silent);
                    self.state = State::Silent { timeout };
                } else if let Some(timer) = retransmit.filter(|timer| timer.at <= now) {
                    self.outputs.push_back(ClientOutput::TransmitRequest);
                    let interval = self.timers.backed_off(Kind::NonInvite, timer.interval);
                    let retransmit = Some(timer.again(interval, now));
                    self.state = State::Trying { retransmit, patience, timeout };
                }
            }
            State::Proceeding { retransmit, timeout } => {
                if timeout <= now {
                    self.time_out();
                } else if let Some(timer) = retransmit.filter(|timer| timer.at <= now) {
                    self.outputs.push_back(ClientOutput::TransmitRequest);
                    let retransmit = Some(timer.again(self.timers.t2, now));
                    self.state = State::Proceeding { retransmit, timeout };
                }
            }
            State::Silent { timeout } => {
                if timeout <= now {
                    self.time_out();
                }
            }
            State::Completed { linger } => {
                if linger <= now {
                    self.state = State::Terminated;
                }
            }
            State::Terminated => {}
        }
    }

    fn time_out(&mut self) {
        self.outputs.push_back(ClientOutput::TimedOut);
        self.state = State::Terminated;
    }
}
