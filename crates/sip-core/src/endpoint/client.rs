//! One request of ours in flight: its transaction, its bytes and what its user still wants of it.

use super::ClientId;
use super::doubt::Doubted;
use super::machine::Machine;
use crate::message::Request;
use crate::transaction::earliest;
use crate::transport::Hop;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What has become of the wish to cancel an INVITE.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cancelling {
    No,
    /// Waits for a provisional response (RFC 3261 §9.1).
    Queued {
        id: ClientId,
        patience: Duration,
    },
    Sent(ClientId),
}

#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) machine: Machine,
    pub(super) request: Request,
    pub(super) bytes: Vec<u8>,
    pub(super) branch: String,
    pub(super) hop: Hop,
    /// Where the request goes if it cannot be delivered to `hop`: the same server by the transport
    /// that its user had chosen (RFC 3261 §18.1.1).
    pub(super) otherwise: Option<Hop>,
    pub(super) local: SocketAddr,
    pub(super) patience: Duration,
    /// It waits for a connection.
    pub(super) held: bool,
    pub(super) cancelling: Cancelling,
    pub(super) doubted: Option<Box<Doubted>>,
    pub(super) given_up: bool,
    pub(super) transmissions: u32,
}

/// A request on its way out.
#[derive(Debug)]
pub(super) struct Departure {
    /// With our Via.
    pub(super) request: Request,
    /// The same as it goes out.
    pub(super) bytes: Vec<u8>,
    pub(super) branch: String,
    pub(super) hop: Hop,
    pub(super) otherwise: Option<Hop>,
    pub(super) local: SocketAddr,
    pub(super) patience: Duration,
}

impl Client {
    pub(super) fn new(departure: Departure, machine: Machine) -> Self {
        let Departure { request, bytes, branch, hop, otherwise, local, patience } = departure;
        Self {
            machine,
            bytes,
            request,
            branch,
            hop,
            otherwise,
            local,
            patience,
            held: false,
            cancelling: Cancelling::No,
            doubted: None,
            given_up: false,
            transmissions: 0,
        }
    }

    /// Whether its user still waits for whatever answer comes.
    pub(super) fn is_wanted(&self) -> bool {
        !self.given_up && matches!(self.cancelling, Cancelling::No)
    }

    /// When something is to be done about it, and why.
    pub(super) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let doubt = self.doubted.as_ref().map(|doubted| doubted.timeout());
        earliest([self.machine.poll_timeout(), doubt])
    }

    pub(super) fn is_invite(&self) -> bool {
        matches!(self.machine, Machine::Invite(_))
    }

    /// Whether nothing more will be sent, made of the request or told of it: it only waits for its
    /// end. An INVITE may still need its ACK or CANCEL.
    pub(super) fn only_waits(&self) -> bool {
        !self.is_invite() && self.machine.is_absorbing()
    }

    /// Lets go of what a transaction that only waits for its end does not need.
    pub(super) fn lighten(&mut self) {
        self.bytes = Vec::new();
        let bare = Request::new(self.request.method.clone(), self.request.uri.clone());
        self.request = bare;
    }
}
