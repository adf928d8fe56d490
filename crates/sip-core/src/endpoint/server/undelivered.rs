//! Responses that the network did not take (RFC 3261 §18.2.2, RFC 3263 §5; requirement A5).
//!
//! The transaction says that its way back has failed; whoever knows what the sent-by name of the
//! request leads to may give it another one. Without that it stays: copies of the request, and its
//! own timers, try the old way again.

use super::{Machine, Server, ServerId, Servers, WayBack};
use crate::endpoint::{Event, Output, Sink};
use crate::transaction::{server_invite, server_non_invite};
use crate::transport::Hop;
use std::collections::VecDeque;
use std::net::SocketAddr;

impl WayBack {
    /// Whether a response of this way may have gone there.
    fn leads_to(&self, hop: Hop) -> bool {
        self.to == hop || self.otherwise == Some(hop)
    }
}

impl Machine {
    /// Whether the peer may still be waiting for the latest response.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Invite(machine) => {
                use server_invite::State::{
                    Accepted, Completed, Confirmed, Proceeding, Terminated,
                };
                match machine.state() {
                    Proceeding { .. } | Completed { .. } | Accepted { .. } => true,
                    Confirmed { .. } | Terminated => false,
                }
            }
            Self::Other(machine) => {
                use server_non_invite::State::{Completed, Proceeding, Terminated, Trying};
                match machine.state() {
                    Proceeding => true,
                    // Answered once, and nothing shows that it did not arrive.
                    Completed { .. } | Trying | Terminated => false,
                }
            }
        }
    }

    fn waits_for_ack(&self) -> bool {
        match self {
            Self::Invite(machine) => {
                matches!(machine.state(), server_invite::State::Completed { .. })
            }
            Self::Other(_) => false,
        }
    }
}

impl Server {
    /// Whether an error about what was sent to `to` concerns the latest response: a quote of it does,
    /// and an error without a quote does where the peer may still be waiting.
    fn is_meant(&self, to: Hop, quoted: &[u8]) -> bool {
        let quote = match quoted {
            [] => self.machine.is_awaited(),
            quoted => self.latest.starts_with(quoted),
        };
        quote && self.way_back.leads_to(to) && !self.latest.is_empty()
    }
}

impl Servers {
    /// Responses to a hop can't be delivered; `quoted` as in
    /// [`crate::endpoint::Endpoint::handle_unreachable`]. Whether one is concerned.
    pub(in crate::endpoint) fn handle_unreachable(
        &mut self,
        to: Hop,
        quoted: &[u8],
        sink: &mut Sink<'_>,
    ) -> bool {
        let mut concerned = false;
        for (id, server) in self.table.iter_mut().filter(|(_, s)| s.is_meant(to, quoted)) {
            concerned = true;
            let WayBack { to, otherwise, .. } = server.way_back;
            for way in [to].into_iter().chain(otherwise) {
                if !server.tried.contains(&way) {
                    server.tried.push(way);
                }
            }
            sink.event(Event::Undelivered {
                id: *id,
                source: server.source,
                sent_by: server.sent_by.clone(),
                tried: server.tried.clone(),
            });
        }
        concerned
    }

    /// A connection is over: a failure that went over it and has no ACK goes out again, since no
    /// timer would repeat it (RFC 3261 §17.2.1).
    pub(in crate::endpoint) fn handle_closed(&self, hop: Hop, outputs: &mut VecDeque<Output>) {
        let unacked = self
            .table
            .values()
            .filter(|server| server.machine.waits_for_ack() && server.way_back.leads_to(hop));
        outputs.extend(unacked.map(|server| server.way_back.transmit(server.latest.clone())));
    }

    /// Gives a transaction another way back, by which its latest response goes out again. `local` is
    /// the address to send from, if it is another.
    pub(in crate::endpoint) fn redirect(
        &mut self,
        id: ServerId,
        to: Hop,
        local: Option<SocketAddr>,
        outputs: &mut VecDeque<Output>,
    ) {
        let Some(server) = self.table.get_mut(&id) else { return };
        let local = local.unwrap_or(server.way_back.local);
        server.way_back = WayBack { local, to, otherwise: None };
        outputs.push_back(server.way_back.transmit(server.latest.clone()));
    }
}
