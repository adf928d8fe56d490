//! The offer/answer exchange about one audio stream, first and later ones (RFC 3264 §5-§8).
//!
//! Pure data: it makes and reads descriptions, and the caller carries them in whatever SIP message is
//! right. Streams of other kinds are refused with port 0 and keep their place for the session's life.
//! A refused or failed exchange leaves what was agreed before as it was.

use std::net::IpAddr;

use super::{
    Codec, Connection, Description, Direction, Line, Media, Negotiated, Origin,
    matching::{PROTOCOL, agree, choose_stream, common_codec, telephone_event},
};
use crate::message::StatusCode;

/// What we have to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive RTP.
    pub address: IpAddr,
    /// The RTP port; RTCP is the next.
    pub port: u16,
    /// Our codecs, most wanted first.
    pub codecs: Vec<Codec>,
    /// The payload type we suggest for DTMF as named events; `None` to have none.
    pub dtmf_payload_type: Option<u8>,
    /// Which way we want media to flow; `SendOnly` holds the peer.
    pub direction: Direction,
    /// Milliseconds of sound in a packet, unless the peer asks for another time.
    pub ptime: u16,
    /// The `o=` session identifier, a random number.
    pub session_id: u64,
    /// The `o=` version of our first description; raised by one with every change.
    pub session_version: u64,
}

/// Why there is no agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// No audio stream that we can serve: 488.
    #[error("no audio stream with a codec of ours")]
    NoCommonCodec,
    /// The peer names no address that media can be sent to: 488.
    #[error("no usable address for media")]
    NoAddress,
    /// The peer's media has an IPv4 address and ours IPv6, or the other way round: 488.
    #[error("the address for media is of the other IP version")]
    OtherIpVersion,
    /// An offer came or was wanted while one of ours is unanswered: 491.
    #[error("an offer is unanswered")]
    OfferOutstanding,
    /// An answer came to no offer.
    #[error("an answer to no offer")]
    NoOffer,
    /// The answer refuses the stream.
    #[error("the answer refuses the audio stream")]
    Refused,
    /// The answer does not match the offer stream by stream.
    #[error("the answer has not one stream for each of the offer")]
    Mismatch,
}

/// What both sides hold true.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Agreed {
    /// Our media descriptions; a later offer keeps their number and order (RFC 3264 §8).
    media: Vec<Media>,
    /// Which of them is the audio stream.
    stream: usize,
    result: Negotiated,
}

/// An offer of ours that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pending {
    media: Vec<Media>,
    stream: usize,
    direction: Direction,
}

/// One session's exchange of offers and answers.
#[derive(Debug, Clone)]
pub struct Negotiator {
    local: LocalMedia,
    /// The last description we sent, whether it was accepted or not: versions count on from it.
    sent: Option<Description>,
    agreed: Option<Agreed>,
    pending: Option<Pending>,
}

impl Negotiator {
    /// An exchange in which nothing has been said.
    pub fn new(local: LocalMedia) -> Self {
        Self { local, sent: None, agreed: None, pending: None }
    }

    /// What was agreed last.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.agreed.as_ref().map(|agreed| &agreed.result)
    }

    /// What we have to offer.
    pub fn local(&self) -> &LocalMedia {
        &self.local
    }

    /// Whether an offer of ours waits for its answer.
    pub fn is_offer_outstanding(&self) -> bool {
        self.pending.is_some()
    }

    /// Changes the direction we want. It takes effect with the next offer or answer.
    pub fn set_direction(&mut self, direction: Direction) {
        self.local.direction = direction;
    }

    /// Changes where we receive, as after a change of our address. It takes effect with the next
    /// offer or answer.
    pub fn set_address(&mut self, address: IpAddr, port: u16) {
        self.local.address = address;
        self.local.port = port;
    }

    /// Makes an offer, the first or a later one.
    ///
    /// # Errors
    /// [`NegotiationError::OfferOutstanding`] while an earlier one is unanswered.
    pub fn offer(&mut self) -> Result<Description, NegotiationError> {
        if self.pending.is_some() {
            return Err(NegotiationError::OfferOutstanding);
        }
        let ours =
            self.audio(&self.local.codecs, self.local.dtmf_payload_type, self.local.direction);
        let (mut media, stream) = match &self.agreed {
            Some(agreed) => (agreed.media.clone(), agreed.stream),
            None => (vec![ours.clone()], 0),
        };
        if let Some(place) = media.get_mut(stream) {
            *place = ours;
        }
        let direction = self.local.direction;
        self.pending = Some(Pending { media: media.clone(), stream, direction });
        Ok(self.describe(media))
    }

    /// Reads the answer to our offer.
    ///
    /// # Errors
    /// The exchange is over without agreement, and what was agreed before still holds.
    pub fn accept(&mut self, answer: &Description) -> Result<Negotiated, NegotiationError> {
        let pending = self.pending.take().ok_or(NegotiationError::NoOffer)?;
        if answer.media.len() != pending.media.len() {
            return Err(NegotiationError::Mismatch);
        }
        let theirs = answer.media.get(pending.stream).ok_or(NegotiationError::Mismatch)?;
        let ours = pending.media.get(pending.stream).ok_or(NegotiationError::Mismatch)?;
        if theirs.port == 0 {
            return Err(NegotiationError::Refused);
        }
        let result = agree(&self.local, (answer, theirs), ours, pending.direction)?;
        let Pending { media, stream, .. } = pending;
        self.agreed = Some(Agreed { media, stream, result: result.clone() });
        Ok(result)
    }

    /// Our offer was refused or got no answer: what was agreed before still holds.
    pub fn give_up(&mut self) {
        self.pending = None;
    }

    /// Answers an offer, the first or a later one.
    ///
    /// # Errors
    /// The offer is to be refused with [`NegotiationError::status`], and what was agreed before
    /// still holds.
    pub fn answer(
        &mut self,
        offer: &Description,
    ) -> Result<(Description, Negotiated), NegotiationError> {
        if self.pending.is_some() {
            return Err(NegotiationError::OfferOutstanding);
        }
        let stream = choose_stream(&self.local, offer)?;
        let theirs = offer.media.get(stream).ok_or(NegotiationError::NoCommonCodec)?;
        let (mine, codec) =
            common_codec(&self.local, theirs).ok_or(NegotiationError::NoCommonCodec)?;
        // Parameters say what their maker takes, so the answer carries ours (RFC 8866 §6.15).
        let mine = Codec { payload_type: codec.payload_type, ..mine.clone() };
        let event = self.local.dtmf_payload_type.and_then(|_| telephone_event(theirs, &codec));
        let direction = self.local.direction.and(offer.direction_of(theirs).reversed());
        let ours = self.audio(
            std::slice::from_ref(&mine),
            event.as_ref().map(|event| event.payload_type),
            direction,
        );
        let result = agree(&self.local, (offer, theirs), &ours, direction)?;
        self.keep_payload_types(&codec, event.as_ref());
        let mut media: Vec<_> = offer.media.iter().map(refused).collect();
        if let Some(place) = media.get_mut(stream) {
            *place = ours;
        }
        self.agreed = Some(Agreed { media: media.clone(), stream, result: result.clone() });
        Ok((self.describe(media), result))
    }

    /// A payload type keeps its meaning for the session's life (RFC 3264 §8.3.2), so a later offer of
    /// ours uses the types that the peer chose.
    fn keep_payload_types(&mut self, codec: &Codec, event: Option<&Codec>) {
        let LocalMedia { codecs, dtmf_payload_type, .. } = &mut self.local;
        let chosen = codecs.iter().position(|ours| ours.is_same_encoding(codec));
        let mut types: Vec<_> = codecs.iter_mut().map(|ours| &mut ours.payload_type).collect();
        let dtmf = types.len();
        types.extend(dtmf_payload_type);
        if let Some(chosen) = chosen {
            assign(&mut types, chosen, codec.payload_type);
        }
        if let Some(event) = event {
            assign(&mut types, dtmf, event.payload_type);
        }
    }

    /// Our description of the audio stream.
    fn audio(&self, codecs: &[Codec], dtmf: Option<u8>, direction: Direction) -> Media {
        let mut all = codecs.to_vec();
        all.extend(dtmf.map(Codec::telephone_event));
        let mut lines = Vec::with_capacity(2 * all.len() + 2);
        for codec in &all {
            lines.push(Line::attribute("rtpmap", Some(&codec.rtpmap())));
            if let Some(fmtp) = &codec.fmtp {
                let value = format!("{} {fmtp}", codec.payload_type);
                lines.push(Line::attribute("fmtp", Some(&value)));
            }
        }
        lines.push(Line::attribute("ptime", Some(&self.local.ptime.to_string())));
        lines.push(Line::attribute(direction.as_str(), None));
        Media {
            kind: "audio".into(),
            port: self.local.port,
            protocol: PROTOCOL.into(),
            formats: all.iter().map(|codec| codec.payload_type.to_string()).collect(),
            connection: None,
            lines,
        }
    }

    /// A whole description, its version raised if it differs from the last (RFC 3264 §8).
    fn describe(&mut self, media: Vec<Media>) -> Description {
        let address = Connection::Address(self.local.address);
        let describe = |version: u64| Description {
            origin: Some(Origin {
                username: "-".into(),
                session_id: self.local.session_id.to_string(),
                version: version.to_string(),
                address: address.clone(),
            }),
            name: "-".into(),
            connection: Some(address.clone()),
            lines: vec![Line { kind: 't', value: "0 0".into() }],
            media,
        };
        let mut description = describe(self.local.session_version);
        if self.sent.as_ref().is_some_and(|sent| *sent != description) {
            self.local.session_version = self.local.session_version.saturating_add(1);
            if let Some(origin) = &mut description.origin {
                origin.version = self.local.session_version.to_string();
            }
        }
        self.sent = Some(description.clone());
        description
    }
}

/// Gives `types[index]` the type `wanted`. Whatever had it before gets a free dynamic one
/// (RFC 3551 §3).
fn assign(types: &mut [&mut u8], index: usize, wanted: u8) {
    let is_free = |free: &u8| *free != wanted && !types.iter().any(|held| **held == *free);
    let free = (96..=127).find(is_free);
    for (at, held) in types.iter_mut().enumerate() {
        if at == index {
            **held = wanted;
        } else if **held == wanted {
            **held = free.unwrap_or(**held);
        }
    }
}

/// A stream that we refuse: port 0, everything else left out (RFC 3264 §6).
fn refused(offered: &Media) -> Media {
    Media { port: 0, connection: None, lines: vec![], ..offered.clone() }
}

impl NegotiationError {
    /// The status code that refuses an offer for this reason.
    pub fn status(self) -> StatusCode {
        match self {
            Self::OfferOutstanding => StatusCode::REQUEST_PENDING,
            Self::NoCommonCodec
            | Self::NoAddress
            | Self::OtherIpVersion
            | Self::NoOffer
            | Self::Refused
            | Self::Mismatch => StatusCode::NOT_ACCEPTABLE_HERE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> LocalMedia {
        LocalMedia {
            address: "192.0.2.1".parse().unwrap(),
            port: 4000,
            codecs: vec![Codec::pcma(), Codec::pcmu()],
            dtmf_payload_type: Some(101),
            direction: Direction::SendRecv,
            ptime: 20,
            session_id: 7,
            session_version: 1,
        }
    }

    fn peer() -> LocalMedia {
        LocalMedia { address: "192.0.2.2".parse().unwrap(), port: 6000, ..local() }
    }

    fn offer(lines: &str) -> Description {
        let text =
            format!("v=0\no=- 1 1 IN IP4 192.0.2.2\ns=-\nc=IN IP4 192.0.2.2\nt=0 0\n{lines}");
        Description::read(text.as_bytes()).unwrap()
    }

    fn version(description: &Description) -> &str {
        &description.origin.as_ref().unwrap().version
    }

    fn formats(description: &Description) -> Vec<String> {
        let of =
            |media: &Media| format!("{} {} {}", media.kind, media.port, media.formats.join(" "));
        description.media.iter().map(of).collect()
    }

    #[test]
    fn two_phones_agree_on_what_the_offer_wants_most() {
        let (mut alice, mut bob) = (Negotiator::new(local()), Negotiator::new(peer()));
        let offer = alice.offer().unwrap();
        assert_eq!(formats(&offer), ["audio 4000 8 0 101"]);
        let offer = Description::read(&offer.to_bytes()).unwrap();
        let (answer, at_bob) = bob.answer(&offer).unwrap();
        assert_eq!(formats(&answer), ["audio 6000 8 101"]);
        let at_alice = alice.accept(&Description::read(&answer.to_bytes()).unwrap()).unwrap();
        for (agreed, remote) in [(&at_alice, "192.0.2.2:6000"), (&at_bob, "192.0.2.1:4000")] {
            assert_eq!(agreed.remote.to_string(), remote);
            assert_eq!(agreed.remote_rtcp.unwrap().port(), agreed.remote.port() + 1);
            assert_eq!((agreed.codec.name.as_str(), agreed.payload_type), ("PCMA", 8));
            assert_eq!((agreed.dtmf_payload_type, agreed.ptime), (Some(101), 20));
            assert_eq!(agreed.direction, Direction::SendRecv);
        }
        assert_eq!(at_alice.receive.len(), 3, "what was offered may arrive");
        assert_eq!(at_bob.receive, [Codec::pcma(), Codec::telephone_event(101)]);
        assert_eq!((alice.negotiated(), bob.negotiated()), (Some(&at_alice), Some(&at_bob)));
    }

    #[test]
    fn static_payload_types_need_no_rtpmap_and_events_may_be_missing() {
        let (answer, agreed) =
            Negotiator::new(local()).answer(&offer("m=audio 6000 RTP/AVP 18 0 8\n")).unwrap();
        assert_eq!(formats(&answer), ["audio 4000 0"]);
        assert_eq!((agreed.codec, agreed.dtmf_payload_type), (Codec::pcmu(), None));
    }

    #[test]
    fn other_streams_are_refused_in_their_place_and_keep_it() {
        let mut phone = Negotiator::new(local());
        let lines = "m=video 7000 RTP/AVP 31\nm=audio 0 RTP/AVP 8\nm=audio 6000 RTP/SAVP 8\n\
                     m=audio 6002 RTP/AVP 8\nm=audio 6004 RTP/AVP 8\na=x:1\n";
        let (answer, agreed) = phone.answer(&offer(lines)).unwrap();
        assert_eq!(agreed.remote.port(), 6002);
        let expected = ["video 0 31", "audio 0 8", "audio 0 8", "audio 4000 8", "audio 0 8"]
            .map(str::to_owned);
        assert_eq!(formats(&answer), expected);
        assert!(answer.media[4].lines.is_empty());
        let mut later = expected;
        later[3] = "audio 4000 8 0 101".into();
        assert_eq!(formats(&phone.offer().unwrap()), later);
    }

    #[test]
    fn no_codec_in_common_is_a_488_and_changes_nothing() {
        let mut phone = Negotiator::new(local());
        let good = offer("m=audio 6000 RTP/AVP 8\n");
        let (_, agreed) = phone.answer(&good).unwrap();
        for lines in [
            "",
            "m=audio 6000 RTP/AVP 18\n",
            "m=audio 6000 RTP/AVP 96\n",
            "m=audio 6000 RTP/AVP 8\na=rtpmap:8 L16/44100\n",
            "m=audio 0 RTP/AVP 8\n",
            "m=video 6000 RTP/AVP 8\n",
            "m=audio 6000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n",
        ] {
            let error = phone.answer(&offer(lines)).unwrap_err();
            assert_eq!(error, NegotiationError::NoCommonCodec, "{lines}");
            assert_eq!(error.status().as_u16(), 488);
        }
        assert_eq!(phone.negotiated(), Some(&agreed));
    }

    #[test]
    fn an_address_we_cannot_send_to_is_refused() {
        let other = NegotiationError::OtherIpVersion;
        let name = NegotiationError::NoAddress;
        for (address, error) in [("IN IP6 2001:db8::1", other), ("IN IP4 media.example.com", name)]
        {
            let text = format!("v=0\nc={address}\nm=audio 6000 RTP/AVP 8\n");
            let offer = Description::read(text.as_bytes()).unwrap();
            let refused = Negotiator::new(local()).answer(&offer);
            assert_eq!(refused.unwrap_err(), error, "{address}");
        }
        let mapped = b"v=0\nc=IN IP6 ::ffff:192.0.2.2\nm=audio 6000 RTP/AVP 8\n";
        let (_, agreed) =
            Negotiator::new(local()).answer(&Description::read(mapped).unwrap()).unwrap();
        assert_eq!(agreed.remote.to_string(), "192.0.2.2:6000");
    }

    #[test]
    fn a_hold_is_answered_in_each_of_its_forms_and_undone() {
        let mut phone = Negotiator::new(local());
        let mut answer = |connection: &str, attribute: &str| {
            let lines = format!("m=audio 6000 RTP/AVP 8\nc={connection}\na={attribute}\n");
            let (answer, agreed) = phone.answer(&offer(&lines)).unwrap();
            assert_eq!(answer.direction_of(&answer.media[0]), agreed.direction);
            (agreed.direction, version(&answer).to_owned())
        };
        let (normal, zeros) = ("IN IP4 192.0.2.2", "IN IP4 0.0.0.0");
        for (connection, attribute, direction, version) in [
            (normal, "sendrecv", Direction::SendRecv, "1"),
            (normal, "sendonly", Direction::RecvOnly, "2"),
            (normal, "inactive", Direction::Inactive, "3"),
            (zeros, "sendrecv", Direction::RecvOnly, "4"),
            (zeros, "sendonly", Direction::RecvOnly, "4"),
            (normal, "recvonly", Direction::SendOnly, "5"),
            (normal, "sendrecv", Direction::SendRecv, "6"),
        ] {
            let expected = (direction, version.to_owned());
            assert_eq!(answer(connection, attribute), expected, "{connection} {attribute}");
        }
    }

    #[test]
    fn our_hold_is_offered_with_a_new_version_and_a_refresh_with_the_same() {
        let (mut alice, mut bob) = (Negotiator::new(local()), Negotiator::new(peer()));
        let mut exchange = |direction, expected: &str, here, there| {
            alice.set_direction(direction);
            let offer = alice.offer().unwrap();
            assert_eq!(version(&offer), expected);
            let (answer, at_bob) = bob.answer(&offer).unwrap();
            assert_eq!((alice.accept(&answer).unwrap().direction, at_bob.direction), (here, there));
        };
        exchange(Direction::SendRecv, "1", Direction::SendRecv, Direction::SendRecv);
        exchange(Direction::SendRecv, "1", Direction::SendRecv, Direction::SendRecv);
        exchange(Direction::SendOnly, "2", Direction::SendOnly, Direction::RecvOnly);
        exchange(Direction::SendRecv, "3", Direction::SendRecv, Direction::SendRecv);
        bob.set_direction(Direction::SendOnly);
        alice.set_direction(Direction::SendOnly);
        let offer = alice.offer().unwrap();
        let (answer, at_bob) = bob.answer(&offer).unwrap();
        assert_eq!(at_bob.direction, Direction::Inactive, "both hold");
        assert_eq!(alice.accept(&answer).unwrap().direction, Direction::Inactive);
    }

    #[test]
    fn a_refused_offer_leaves_the_session_and_its_version_counts() {
        let mut phone = Negotiator::new(local());
        let (_, agreed) = phone.answer(&offer("m=audio 6000 RTP/AVP 8\n")).unwrap();
        phone.set_direction(Direction::SendOnly);
        assert_eq!(version(&phone.offer().unwrap()), "2");
        assert!(phone.is_offer_outstanding());
        assert_eq!(phone.offer().unwrap_err(), NegotiationError::OfferOutstanding);
        let glare = phone.answer(&offer("m=audio 6000 RTP/AVP 8\n")).unwrap_err();
        assert_eq!(glare.status().as_u16(), 491);
        phone.give_up();
        assert_eq!(phone.negotiated(), Some(&agreed));
        phone.set_direction(Direction::SendRecv);
        assert_eq!(version(&phone.offer().unwrap()), "3");
    }

    #[test]
    fn an_answer_that_does_not_fit_is_refused() {
        for (lines, error) in [
            ("", NegotiationError::Mismatch),
            ("m=audio 6000 RTP/AVP 8\nm=video 0 RTP/AVP 31\n", NegotiationError::Mismatch),
            ("m=audio 0 RTP/AVP 8\n", NegotiationError::Refused),
            ("m=audio 6000 RTP/AVP 18\n", NegotiationError::NoCommonCodec),
        ] {
            let mut phone = Negotiator::new(local());
            phone.offer().unwrap();
            assert_eq!(phone.accept(&offer(lines)).unwrap_err(), error, "{lines}");
            assert!(!phone.is_offer_outstanding());
        }
        let unasked = Negotiator::new(local()).accept(&offer(""));
        assert_eq!(unasked.unwrap_err(), NegotiationError::NoOffer);
    }

    #[test]
    fn each_side_sends_with_the_payload_types_of_the_other() {
        let mut phone = Negotiator::new(local());
        phone.offer().unwrap();
        let answer = offer(
            "m=audio 6000 RTP/AVP 97 96\na=rtpmap:97 pcma/8000\na=rtpmap:96 Telephone-Event/8000\n\
             a=ptime:30\na=rtcp:7001 IN IP4 192.0.2.9\n",
        );
        let agreed = phone.accept(&answer).unwrap();
        assert_eq!((agreed.payload_type, agreed.dtmf_payload_type), (97, Some(96)));
        assert_eq!(agreed.receive, [Codec::pcma(), Codec::pcmu(), Codec::telephone_event(101)]);
        assert_eq!(agreed.ptime, 30);
        assert_eq!(agreed.remote_rtcp.unwrap().to_string(), "192.0.2.9:7001");
    }

    #[test]
    fn a_payload_type_keeps_its_meaning_in_later_offers() {
        let opus = Codec { channels: 2, ..Codec::new(96, "opus", 48000) };
        let local = LocalMedia { codecs: vec![opus, Codec::pcma()], ..local() };
        let mut phone = Negotiator::new(local);
        // The peer gives 101, our type for events, to PCMA, and 96, our type for Opus, to events.
        let lines = "m=audio 6000 RTP/AVP 101 96\na=rtpmap:101 PCMA/8000\n\
                     a=rtpmap:96 telephone-event/8000\n";
        phone.answer(&offer(lines)).unwrap();
        let later = phone.offer().unwrap();
        let types: Vec<_> =
            later.media[0].codecs().into_iter().map(|c| (c.payload_type, c.name)).collect();
        let expected = [(98, "opus"), (101, "PCMA"), (96, "telephone-event")];
        assert_eq!(types, expected.map(|(number, name)| (number, name.to_owned())));
    }

    #[test]
    fn an_absurd_packet_time_is_not_obeyed() {
        for (ptime, used) in
            [("0", 20), ("9", 20), ("30", 30), ("500", 20), ("99999999", 20), ("x", 20)]
        {
            let lines = format!("m=audio 6000 RTP/AVP 8\na=ptime:{ptime}\n");
            assert_eq!(
                Negotiator::new(local()).answer(&offer(&lines)).unwrap().1.ptime,
                used,
                "{ptime}"
            );
        }
    }
}
