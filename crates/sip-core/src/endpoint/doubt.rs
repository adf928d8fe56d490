//! Challenges that are not believed at once.
//!
//! The network may double a datagram. A server that counts nonces accepts one copy of a request and
//! challenges the other, and the challenge, which costs it no work, often comes first; both answers
//! carry the same branch. So a challenge that [`digest::rejects_first_use`](crate::digest::rejects_first_use)
//! is kept for T1, and any other answer that comes meanwhile is the transaction's instead. Over a
//! connection nothing is doubled, and every challenge is believed.

use super::client::Client;
use super::clients::Clients;
use super::{ClientId, Sink};
use crate::digest::rejects_first_use;
use crate::message::{Response, StatusCode};
use crate::transaction::{Reliability, StatusClass};
use std::time::Instant;

/// A challenge, and until when another answer may take its place.
#[derive(Debug, Clone)]
pub(super) struct Doubted {
    challenge: Response,
    until: Instant,
}

impl Doubted {
    pub(super) fn timeout(&self) -> (Instant, &'static str) {
        (self.until, "client: doubted challenge")
    }
}

impl Clients {
    /// Gives back an answer that is to be believed, and keeps one that is not.
    pub(super) fn doubt(
        &mut self,
        id: ClientId,
        response: Response,
        now: Instant,
    ) -> Option<Response> {
        let until = now + self.timers.t1;
        let Some(client) = self.table.get_mut(&id) else { return Some(response) };
        if !may_be_of_a_copy(client, &response) {
            client.doubted = None;
            return Some(response);
        }
        if client.doubted.is_none() {
            client.doubted = Some(Box::new(Doubted { challenge: response, until }));
            // It is an answer all the same: the request is not sent again, and its hop is alive.
            client.machine.handle_response(StatusClass::Provisional, now);
        }
        None
    }

    /// Believes a challenge in whose place nothing has come.
    pub(super) fn end_doubt(&mut self, id: ClientId, now: Instant, sink: &mut Sink<'_>) {
        let Some(client) = self.table.get_mut(&id) else { return };
        if let Some(doubted) = client.doubted.take_if(|doubted| doubted.until <= now) {
            self.believe(id, &doubted.challenge, now, sink);
        }
    }
}

fn may_be_of_a_copy(client: &Client, response: &Response) -> bool {
    let challenges = [StatusCode::UNAUTHORIZED, StatusCode::PROXY_AUTHENTICATION_REQUIRED];
    challenges.contains(&response.code)
        && client.hop.transport.reliability() == Reliability::Unreliable
        && client.is_wanted()
        && !client.machine.is_absorbing()
        && rejects_first_use(&client.request, response)
}
