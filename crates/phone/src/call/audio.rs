//! The sound of a call: its port, what is offered and answered, what the media side shall do.
//!
//! Wraps the offer/answer exchange of sip-core for one audio stream (RFC 3264). An answer may come
//! more than once, in a 183 and in the 2xx, or from another leg; the last one counts.

use std::net::IpAddr;

use sip_core::sdp::{
    Codec, Description, Direction, LocalMedia, Negotiated, NegotiationError, Negotiator,
};

use crate::CallId;
use crate::core::Core;
use crate::input::Refusal;
use crate::output::{MediaCommand, Stream};
use crate::settings::LineNumber;
use crate::words::{IpVersion as Version, Reason};

/// Payload type that we suggest for telephone-event (RFC 4733 leaves it to the parties).
const TELEPHONE_EVENT: u8 = 101;
/// Milliseconds in a packet (RFC 3551 §4.5).
const PTIME: u16 = 20;

/// A body that is no session description, or one that we cannot agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAgreement {
    /// No stream or codec that we can use.
    Unusable,
    /// The other party's sound is at an address of the other IP version than ours.
    OtherIpVersion(Version),
}

impl NoAgreement {
    fn of(error: NegotiationError, ours: IpAddr) -> Self {
        match error {
            NegotiationError::OtherIpVersion if ours.to_canonical().is_ipv4() => {
                Self::OtherIpVersion(Version::V6)
            }
            NegotiationError::OtherIpVersion => Self::OtherIpVersion(Version::V4),
            NegotiationError::NoCommonCodec
            | NegotiationError::NoAddress
            | NegotiationError::OfferOutstanding
            | NegotiationError::NoOffer
            | NegotiationError::Refused
            | NegotiationError::Mismatch => Self::Unusable,
        }
    }

    /// Why a call ends for it; `otherwise` where there is nothing more to say.
    pub(crate) fn reason(self, otherwise: Reason) -> Reason {
        match self {
            Self::Unusable => otherwise,
            Self::OtherIpVersion(theirs) => Reason::OtherIpVersion(theirs),
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Audio {
    ip: IpAddr,
    port: u16,
    negotiator: Negotiator,
    /// The exchange as it stood when our offer went out: each answer is read against this.
    offered: Option<Negotiator>,
    /// What was last sent to the other side.
    description: Vec<u8>,
    /// The stream is told to be silent when the other side shall hear nothing.
    held: bool,
    wanted_hold: bool,
    started: bool,
}

impl Audio {
    /// Takes a port on the address that the call goes out by.
    ///
    /// # Errors
    /// When none is bound there, or the line is gone.
    pub(crate) fn open(core: &mut Core, line: LineNumber, ip: IpAddr) -> Result<Self, Refusal> {
        let account = core.accounts.get(&line).ok_or(Refusal::NoSuchLine(line))?;
        let codecs = codecs(&account.settings.codecs);
        let port = core.ports.take(ip).ok_or(Refusal::NoPort(ip))?;
        let local = LocalMedia {
            address: ip,
            port,
            codecs,
            dtmf_payload_type: Some(TELEPHONE_EVENT),
            direction: Direction::SendRecv,
            ptime: PTIME,
            session_id: u64::from(core.random_u32()),
            session_version: 1,
        };
        Ok(Self {
            ip,
            port,
            negotiator: Negotiator::new(local),
            offered: None,
            description: Vec::new(),
            held: false,
            wanted_hold: false,
            started: false,
        })
    }

    /// Hands the port to the media side; nothing sounds yet.
    pub(crate) fn start(&mut self, core: &mut Core, call: CallId) {
        self.started = true;
        core.media(MediaCommand::Start { call, ip: self.ip, port: self.port });
    }

    /// Where the sound is received.
    pub(crate) fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Takes a port on another address of ours, told with the next offer; `false` while none is
    /// bound there.
    pub(crate) fn move_to(&mut self, core: &mut Core, ip: IpAddr) -> bool {
        let Some(port) = core.ports.take(ip) else { return false };
        (self.ip, self.port) = (ip, port);
        self.negotiator.set_address(ip, port);
        true
    }

    /// Closes the stream; the port goes with it.
    pub(crate) fn stop(&mut self, core: &mut Core, call: CallId) {
        if std::mem::take(&mut self.started) {
            core.media(MediaCommand::Stop(call));
        }
    }

    /// Makes an offer; one that is still open is made again.
    pub(crate) fn offer(&mut self) -> Vec<u8> {
        self.negotiator.give_up();
        if let Ok(description) = self.negotiator.offer() {
            self.description = description.to_bytes();
        }
        self.offered = Some(self.negotiator.clone());
        self.description.clone()
    }

    /// Makes an offer that holds the other side, or takes it back from hold.
    pub(crate) fn offer_hold(&mut self, hold: bool) -> Vec<u8> {
        self.wanted_hold = hold;
        self.negotiator.set_direction(direction(hold));
        self.offer()
    }

    /// Our offer was refused: what was agreed before still holds.
    pub(crate) fn withdraw_offer(&mut self) {
        self.negotiator.give_up();
        self.wanted_hold = self.held;
        self.negotiator.set_direction(direction(self.held));
        self.offered = None;
    }

    /// Reads an answer to our offer.
    ///
    /// # Errors
    /// When it is none that we can use.
    pub(crate) fn accept(&mut self, body: &[u8]) -> Result<(), NoAgreement> {
        let answer = Description::read(body).map_err(|_| NoAgreement::Unusable)?;
        let mut negotiator = self.offered.clone().ok_or(NoAgreement::Unusable)?;
        negotiator.accept(&answer).map_err(|error| NoAgreement::of(error, self.ip))?;
        self.negotiator = negotiator;
        self.held = self.wanted_hold;
        Ok(())
    }

    /// Answers an offer of the other side.
    ///
    /// # Errors
    /// When there is nothing in common; nothing has changed then.
    pub(crate) fn answer(&mut self, body: &[u8]) -> Result<Vec<u8>, NoAgreement> {
        let offer = Description::read(body).map_err(|_| NoAgreement::Unusable)?;
        let answer = self.negotiator.answer(&offer);
        let (description, _) = answer.map_err(|error| NoAgreement::of(error, self.ip))?;
        self.description = description.to_bytes();
        self.offered = None;
        Ok(self.description.clone())
    }

    /// Whether an offer can be answered, without answering it.
    pub(crate) fn check_offer(&self, body: &[u8]) -> Result<(), NoAgreement> {
        self.clone().answer(body).map(|_| ())
    }

    /// What the other side was last told.
    pub(crate) fn local_description(&self) -> Vec<u8> {
        self.description.clone()
    }

    /// Whether both sides have agreed on anything.
    pub(crate) fn has_answer(&self) -> bool {
        self.negotiator.negotiated().is_some()
    }

    /// Whether the other side takes digits as events (RFC 4733).
    pub(crate) fn has_events(&self) -> bool {
        self.negotiator.negotiated().is_some_and(|agreed| agreed.dtmf_payload_type.is_some())
    }

    /// Codec in use.
    pub(crate) fn codec(&self) -> Option<&str> {
        self.negotiator.negotiated().map(|agreed| agreed.codec.name.as_str())
    }

    /// Whether the other side has stopped listening (RFC 3264 §8.4: it may still send music).
    pub(crate) fn held_by_peer(&self) -> bool {
        let peer_listens = |agreed: &Negotiated| agreed.direction.sends();
        self.negotiator.negotiated().is_some_and(|agreed| !self.held && !peer_listens(agreed))
    }

    /// Tells the media side what is agreed.
    pub(crate) fn apply(&self, core: &mut Core, line: LineNumber, call: CallId) {
        let Some(agreed) = self.negotiator.negotiated() else { return };
        let timeout = core.accounts.get(&line).map(|account| account.settings.media_timeout);
        let quiet = self.held || self.held_by_peer();
        let stream = Stream {
            remote: agreed.remote,
            remote_rtcp: agreed.remote_rtcp,
            codec: agreed.codec.name.clone(),
            payload_type: agreed.payload_type,
            dtmf_payload_type: agreed.dtmf_payload_type,
            send: agreed.direction.sends(),
            receive: agreed.direction.receives(),
            timeout: timeout.filter(|_| !quiet),
        };
        core.media(MediaCommand::Set { call, stream });
    }
}

fn direction(hold: bool) -> Direction {
    if hold { Direction::SendOnly } else { Direction::SendRecv }
}

fn codecs(names: &[String]) -> Vec<Codec> {
    let known: Vec<Codec> = names
        .iter()
        .filter_map(|name| match name.to_ascii_uppercase().as_str() {
            "PCMA" => Some(Codec::pcma()),
            "PCMU" => Some(Codec::pcmu()),
            _ => None,
        })
        .collect();
    if known.is_empty() { vec![Codec::pcma(), Codec::pcmu()] } else { known }
}
