//! The two client transactions as one: what the layer does with either, whichever it is.

use crate::message::Method;
use crate::transaction::{
    ClientInvite, ClientNonInvite, ClientOutput, Kind, StatusClass, Timers, client_invite,
    client_non_invite,
};
use crate::transport::Hop;
use std::time::{Duration, Instant};

#[derive(Debug, Clone)]
pub(super) enum Machine {
    Invite(ClientInvite),
    Other(ClientNonInvite),
}

impl Machine {
    pub(super) fn start(
        method: &Method,
        timers: Timers,
        hop: Hop,
        patience: Duration,
        now: Instant,
    ) -> Self {
        let reliability = hop.transport.reliability();
        match Kind::from(method) {
            Kind::Invite => Self::Invite(ClientInvite::new(timers, reliability, patience, now)),
            Kind::NonInvite => {
                Self::Other(ClientNonInvite::new(timers, reliability, patience, now))
            }
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_waiting(),
            Self::Other(machine) => machine.is_waiting(),
        }
    }

    pub(super) fn hold(&mut self) {
        match self {
            Self::Invite(machine) => machine.hold(),
            Self::Other(machine) => machine.hold(),
        }
    }

    pub(super) fn written(&mut self, patience: Duration, now: Instant) {
        match self {
            Self::Invite(machine) => machine.written(patience, now),
            Self::Other(machine) => machine.written(patience, now),
        }
    }

    pub(super) fn handle_response(&mut self, class: StatusClass, now: Instant) {
        match self {
            Self::Invite(machine) => machine.handle_response(class, now),
            Self::Other(machine) => machine.handle_response(class, now),
        }
    }

    pub(super) fn handle_unreachable(&mut self) {
        match self {
            Self::Invite(machine) => machine.handle_unreachable(),
            Self::Other(machine) => machine.handle_unreachable(),
        }
    }

    pub(super) fn abandon(&mut self, now: Instant) {
        match self {
            Self::Invite(machine) => machine.abandon(now),
            Self::Other(machine) => machine.abandon(),
        }
    }

    pub(super) fn is_unanswered(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_unanswered(),
            Self::Other(machine) => machine.is_unanswered(),
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<ClientOutput> {
        match self {
            Self::Invite(machine) => machine.poll_output(),
            Self::Other(machine) => machine.poll_output(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Invite(machine) => machine.poll_timeout(),
            Self::Other(machine) => machine.poll_timeout(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Invite(machine) => machine.handle_timeout(now),
            Self::Other(machine) => machine.handle_timeout(now),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.state() == client_invite::State::Terminated,
            Self::Other(machine) => machine.state() == client_non_invite::State::Terminated,
        }
    }

    /// Whether the outcome is known and only copies of it are absorbed.
    pub(super) fn is_absorbing(&self) -> bool {
        match self {
            Self::Invite(machine) => {
                use client_invite::State::{Accepted, Completed};
                matches!(machine.state(), Completed { .. } | Accepted { .. })
            }
            Self::Other(machine) => {
                matches!(machine.state(), client_non_invite::State::Completed { .. })
            }
        }
    }
}
