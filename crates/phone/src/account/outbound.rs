//! What a line says of client-initiated connections (RFC 5626): `reg-id` and `Supported: outbound` in
//! its REGISTERs, `ob` in the Contact of its calls, and what registrars answer to it.
//!
//! The `reg-id` is always there, since a registrar without outbound ignores it. The extension itself is
//! offered where the line is to be registered at two servers at once (setting *registered at both*), or
//! where a registrar demands it. Only a registrar that says `Require: outbound` in its 200 does it, and
//! only then a call's Contact has `ob`: the proxy that holds the flow is asked to send the requests of
//! the call by that flow. Such a registrar may say how long it waits for a sign of life on the flow
//! (`Flow-Timer`): then the connection is pinged that often at least (§4.4).

use std::time::Duration;

use sip_core::message::{HeaderName, Method, Request, Response, StatusCode};
use sip_core::transport::Hop;
use sip_core::usage::extensions;

use super::Account;
use crate::flows::Rhythm;
use crate::settings::KeepAlive;

/// The option tag.
pub(crate) const OUTBOUND: &str = "outbound";
/// What a REGISTER offers with it (RFC 5626 §4.2.1: both).
const OFFERED: &str = "path, outbound";

/// Whether the line's REGISTERs offer outbound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outbound {
    /// As the setting *registered at both* says.
    AsSet,
    /// A registrar demands it (421).
    Demanded,
    /// A registrar has refused it (439, 420): neither it nor `reg-id` is sent.
    Refused,
}

/// The flow that a registrar keeps for a registration: it does outbound for it (RFC 5626 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    hop: Hop,
    /// How long the registrar waits for a sign of life on it.
    timer: Option<Duration>,
}

impl Agreed {
    /// As a 200 to REGISTER says; `None` where its registrar does no outbound. A `Flow-Timer` that is
    /// none is as good as absent.
    pub(super) fn of(hop: Hop, response: &Response) -> Option<Self> {
        let required = response.headers.require();
        let seconds = response.headers.flow_timer().ok().flatten();
        let timer = seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
        required.iter().any(|tag| tag.eq_ignore_ascii_case(OUTBOUND)).then_some(Self { hop, timer })
    }

    fn timer_at(self, hop: Hop) -> Option<Duration> {
        self.timer.filter(|_| self.hop == hop)
    }
}

impl Account {
    fn offers_outbound(&self) -> bool {
        match self.outbound {
            Outbound::AsSet => self.settings.register_both,
            Outbound::Demanded => true,
            Outbound::Refused => false,
        }
    }

    /// Puts into a REGISTER what the line offers.
    pub(super) fn suit_outbound(&self, request: &mut Request) {
        if self.offers_outbound() {
            request.headers.set(HeaderName::Supported, OFFERED);
        }
        if self.outbound == Outbound::Refused
            && let Ok(mut contact) = request.headers.contact()
        {
            contact.params.remove("reg-id");
            request.headers.set(HeaderName::Contact, contact);
        }
    }

    /// A registrar does not do outbound (439); `false` where it was told nothing of it already.
    pub(super) fn give_up_outbound(&mut self) -> bool {
        std::mem::replace(&mut self.outbound, Outbound::Refused) != Outbound::Refused
    }

    /// A registrar refuses or demands extensions (420, 421); `false` where that is nothing that can be
    /// left out or added.
    pub(super) fn adapt_outbound(&mut self, response: &Response) -> bool {
        let mut offered = Request::new(Method::Register, self.domain_uri(0));
        self.suit_outbound(&mut offered);
        if !extensions::adapt(&mut offered.headers, OFFERED, response) {
            return false;
        }
        // One of the two is worth nothing without the other.
        if response.code == StatusCode::BAD_EXTENSION {
            return self.give_up_outbound();
        }
        std::mem::replace(&mut self.outbound, Outbound::Demanded) == Outbound::AsSet
    }

    /// The line's own registration was granted at a hop.
    pub(super) fn note_outbound(&mut self, hop: Hop, response: &Response) {
        self.agreed = Agreed::of(hop, response);
    }

    /// The flow of the line's own registration, where it is registered and its registrar keeps one.
    fn own_flow(&self) -> Option<Agreed> {
        self.agreed.filter(|flow| self.is_registered() && self.current_hop() == Some(flow.hop))
    }

    /// Whether a call that begins at this hop names its flow: the hop's registrar does outbound for the
    /// registration that we have there (RFC 5626 §4.3).
    pub(crate) fn has_flow_to(&self, hop: Hop) -> bool {
        let flows = [self.own_flow(), self.standby_flow()];
        flows.into_iter().flatten().any(|flow| flow.hop == hop)
    }

    /// How often the connection to this hop is to be pinged for the line's sake.
    pub(crate) fn ping_rhythm(&self, hop: Hop) -> Rhythm {
        let every = match self.settings.keep_alive {
            KeepAlive::Off => None,
            KeepAlive::Crlf(every) | KeepAlive::Options(every) => Some(every),
        };
        let registered = self.is_registered_through(hop) || self.standby_hop() == Some(hop);
        let flows = [self.own_flow(), self.standby_flow()].into_iter().flatten();
        Rhythm {
            every: every.filter(|_| registered),
            flow_timer: flows.filter_map(|flow| flow.timer_at(hop)).min(),
        }
    }
}

/// Names the flow in an INVITE: `ob` in its Contact, and the extension among those that it offers.
pub(crate) fn name_flow(invite: &mut Request) {
    if let Ok(mut contact) = invite.headers.contact() {
        contact.uri.params.set("ob", None);
        invite.headers.set(HeaderName::Contact, contact);
    }
    let mut offered = invite.headers.supported();
    offered.push(OUTBOUND);
    let offered = offered.join(", ");
    invite.headers.set(HeaderName::Supported, offered);
}
