//! One of the INVITE transactions by which a call is tried: where it went and how far it has come.

use std::net::SocketAddr;

use sip_core::endpoint::ClientId;
use sip_core::message::Request;
use sip_core::transport::Hop;

/// How far a leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Sent, nothing heard.
    Sent,
    /// Its hop was found unavailable; it stays for a late answer.
    Quiet,
    /// 100 and nothing more.
    Trying,
    /// A 1xx above 100.
    Ringing,
}

/// One INVITE transaction of the call.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) id: ClientId,
    pub(crate) request: Request,
    pub(crate) at: usize,
    pub(crate) hop: Hop,
    pub(crate) local: SocketAddr,
    pub(crate) stage: Stage,
}
