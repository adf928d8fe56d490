//! What the endpoint says: datagrams to send, and what happened to requests.

use crate::message::{Host, Request, Response};
use crate::transport::Hop;
use std::net::SocketAddr;

/// Names one client transaction for as long as the endpoint lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub(super) u64);

/// Names one server transaction for as long as the endpoint lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub(super) u64);

/// Something for the owner of the endpoint to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Put octets on the wire.
    Transmit(Transmit),
    /// Something happened.
    Event(Event),
}

/// One message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The address to send from: for a response the one that was asked.
    pub local: SocketAddr,
    /// Where to, and how.
    pub to: Hop,
    /// The message.
    pub bytes: Vec<u8>,
    /// The transaction of ours that it belongs to; `None` for an answer, and for the ACK of a 2xx.
    pub client: Option<ClientId>,
    /// Where to if `to` is a connection that is gone: the address that a request's Via names
    /// (RFC 3261 §18.2.2). Only of a response to what came over a connection.
    pub otherwise: Option<Hop>,
}

/// What happened to a request of ours, or which request of another's has come.
///
/// Of a client transaction: any number of `Provisional`, at most one `Silent`, then exactly one of
/// `Final`, `TimedOut` and `Unreachable`; after a 2xx to an INVITE further `Final`s, each a 2xx. A
/// CANCEL that was never sent, because its INVITE ended first, says nothing, and neither does a
/// transaction that was given up (but for a 2xx to an INVITE).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A 1xx.
    Provisional {
        /// The request it answers.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// A 2xx–6xx. A failed INVITE has been acknowledged; a 2xx to an INVITE, each fork and each
    /// copy, wants an ACK from its dialog.
    Final {
        /// The request it answers.
        id: ClientId,
        /// The response.
        response: Response,
    },
    /// The patience is over without any answer; a late one is still reported.
    Silent {
        /// The request.
        id: ClientId,
    },
    /// No final answer in 64·T1, or 64·T1 after the CANCEL.
    TimedOut {
        /// The request.
        id: ClientId,
    },
    /// The hop could not be reached.
    Unreachable {
        /// The request.
        id: ClientId,
    },
    /// A 2xx to an INVITE whose transaction is over. The dialog it belongs to may still want to
    /// acknowledge it; one that nobody knows is best ended.
    StrayFinal {
        /// The response.
        response: Response,
    },
    /// A new request, to be answered by [`super::Endpoint::respond`]. Its topmost Via is marked with
    /// where it came from.
    Incoming {
        /// The transaction to answer.
        id: ServerId,
        /// The request.
        request: Request,
        /// Where it came from.
        remote: Hop,
        /// The address it was sent to.
        local: SocketAddr,
    },
    /// An ACK for a 2xx, or for nothing that is known.
    Ack {
        /// The ACK.
        request: Request,
        /// Where it came from.
        remote: Hop,
    },
    /// The INVITE was cancelled before it was answered: answer it with 487. The CANCEL itself has
    /// been answered.
    Cancelled {
        /// The INVITE.
        id: ServerId,
        /// The SIP status code that the CANCEL names as its reason (RFC 3326): 200 where the call was
        /// answered elsewhere.
        cause: Option<u16>,
    },
    /// The network did not take the latest response to a request of another's. Where its sender can
    /// be reached otherwise (RFC 3263 §5), [`super::Endpoint::redirect`] sends it there.
    Undelivered {
        /// The request that it answers.
        id: ServerId,
        /// Where that came from.
        source: Hop,
        /// The host and port that its topmost Via names.
        sent_by: (Host, Option<u16>),
        /// The ways that have failed.
        tried: Vec<Hop>,
    },
    /// The failure that was sent to an INVITE was never acknowledged (Timer H).
    AckMissing {
        /// The INVITE.
        id: ServerId,
    },
}

/// What was met and not worth an event. The numbers only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams that are no SIP message, keep-alives included.
    pub garbage: u64,
    /// Requests that were refused as malformed, or dropped because too many were.
    pub malformed: u64,
    /// Responses that answer nothing in flight, or that can't be read.
    pub stray_responses: u64,
    /// Requests refused or dropped for want of room.
    pub refused: u64,
    /// Transactions that had to go before their time.
    pub evicted: u64,
    /// Transport errors that match nothing in flight.
    pub stray_errors: u64,
}
