//! The four transactions of RFC 3261 §17 as corrected by RFC 6026, one figure per file.
//!
//! A transaction answers for one thing: that a request gets over an unreliable wire, or is known
//! not to have. It knows when to send, when to send again and when to stop; it does not know what
//! is sent. Messages, addresses and branches belong to [`crate::endpoint`], which feeds in the
//! class of each answer and does what the outputs say with the messages it keeps.
//!
//! Every state is an enum variant that carries its own timers, so that no timer outlives its state,
//! and every machine is a plain value: `tests/closure_transactions.rs` walks all that they can do.
//!
//! One thing is not in the RFC: a client transaction has a *patience* (requirement A3). When it
//! has passed without any answer the machine says `Silent`, once, and stops sending, so that the
//! next hop can be tried; it stays until 64·T1 after its first transmission to hear a late answer.

pub mod client_invite;
pub mod client_non_invite;
pub mod server_invite;
pub mod server_non_invite;
mod timers;

pub use client_invite::ClientInvite;
pub use client_non_invite::ClientNonInvite;
pub use server_invite::ServerInvite;
pub use server_non_invite::ServerNonInvite;
pub use timers::{Kind, Reliability, Retransmit, Timers};

use std::time::Instant;

/// All that a transaction needs to know about a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusClass {
    /// 100–199.
    Provisional,
    /// 200–299.
    Success,
    /// 300–699.
    Failure,
}

impl StatusClass {
    /// The class of a status code. A code below 100 counts as provisional, one above 699 as failure.
    pub fn of(code: u16) -> Self {
        match code {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            300.. => Self::Failure,
        }
    }
}

/// What a client transaction wants done.
///
/// Per transaction: at most one `Silent`, then exactly one of a first `Final`, `TimedOut` or
/// `Unreachable`. `Provisional` and `Final` mean the response that has just been handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientOutput {
    /// Send the request (again).
    TransmitRequest,
    /// Send the ACK for the failure response just handed in, on the branch of the INVITE.
    TransmitAck,
    /// Hand the provisional response to the user of the transaction.
    Provisional,
    /// Hand the final response to the user of the transaction. For an INVITE this is said of every
    /// 2xx, retransmitted and forked ones included (RFC 6026 §7.2): each wants its ACK.
    Final,
    /// The patience has passed without any answer. A late one is still reported.
    Silent,
    /// No final answer in 64·T1: Timer B or F, or the wait after a CANCEL (RFC 3261 §9.1).
    TimedOut,
    /// The transport could not deliver the request.
    Unreachable,
}

/// What a server transaction wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerOutput {
    /// Send the latest response (again).
    TransmitResponse,
    /// Send a 100 Trying, and keep it as the latest response: the user has been silent for 200 ms.
    TransmitTrying,
    /// Hand the ACK that has just come to the user: it is for a 2xx.
    Ack,
    /// A failure response was never acknowledged (Timer H).
    AckMissing,
}

/// The earliest of some timers; among equals the first, so the list is in order of precedence.
pub(crate) fn earliest<const N: usize>(
    timers: [Option<(Instant, &'static str)>; N],
) -> Option<(Instant, &'static str)> {
    timers.into_iter().flatten().min_by_key(|(at, _)| *at)
}
