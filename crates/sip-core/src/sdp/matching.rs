//! What two descriptions of one audio stream have in common (RFC 3264 §6, §7).
//!
//! Here are the questions only: which codec, where to send, which way. Who asked whom, and what is
//! said in reply, is `offer_answer.rs`.

use std::net::{IpAddr, SocketAddr};

use super::{Codec, Connection, Description, Direction, LocalMedia, Media, NegotiationError};

/// What was agreed about the audio stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Where RTP is sent. All zeros while the peer holds in the manner of RFC 2543.
    pub remote: SocketAddr,
    /// Where RTCP is sent: `a=rtcp` (RFC 3605), else the next port, if there is one.
    pub remote_rtcp: Option<SocketAddr>,
    /// The codec to send, under the payload type that the peer gave it.
    pub codec: Codec,
    /// The payload type to send the codec with.
    pub payload_type: u8,
    /// The payload type to send DTMF with, if the peer takes named events.
    pub dtmf_payload_type: Option<u8>,
    /// What may arrive, named events included, under the payload types that we gave.
    pub receive: Vec<Codec>,
    /// Which way media flows, seen from here.
    pub direction: Direction,
    /// Milliseconds of sound in each packet that we send.
    pub ptime: u16,
}

/// The one transport that is spoken.
pub(super) const PROTOCOL: &str = "RTP/AVP";

/// Packet times outside of this range (RFC 3551 §4.2 recommends 20 ms) are not obeyed.
const PTIMES: std::ops::RangeInclusive<u16> = 10..=120;

/// Where the audio stream stands in an offer: the first that we can serve.
pub(super) fn choose_stream(
    local: &LocalMedia,
    offer: &Description,
) -> Result<usize, NegotiationError> {
    let serves = |media: &Media| is_audio(media) && common_codec(local, media).is_some();
    offer.media.iter().position(serves).ok_or(NegotiationError::NoCommonCodec)
}

fn is_audio(media: &Media) -> bool {
    media.port != 0
        && media.kind.eq_ignore_ascii_case("audio")
        && media.protocol.eq_ignore_ascii_case(PROTOCOL)
}

/// The codec the peer wants most among ours (RFC 3264 §6.1: the answer keeps the order of the
/// offer): as we describe it, and as the peer does.
pub(super) fn common_codec<'a>(
    local: &'a LocalMedia,
    remote: &Media,
) -> Option<(&'a Codec, Codec)> {
    let ours = |theirs: &Codec| local.codecs.iter().find(|ours| ours.is_same_encoding(theirs));
    let mut sound = remote.codecs().into_iter().filter(|codec| !codec.is_telephone_event());
    sound.find_map(|theirs| Some((ours(&theirs)?, theirs)))
}

/// The named events of a media description that go with `codec`: those of its clock rate, as both
/// share one RTP stream (RFC 4733 §2.1), else any.
pub(super) fn telephone_event(media: &Media, codec: &Codec) -> Option<Codec> {
    let events: Vec<_> = media.codecs().into_iter().filter(Codec::is_telephone_event).collect();
    let same_rate = events.iter().find(|event| event.clock_rate == codec.clock_rate);
    same_rate.or(events.first()).cloned()
}

/// What follows from the peer's description of the stream, `ours` being the media description that
/// we sent or are about to send, in our `direction`.
pub(super) fn agree(
    local: &LocalMedia,
    theirs: (&Description, &Media),
    ours: &Media,
    direction: Direction,
) -> Result<Negotiated, NegotiationError> {
    let (description, media) = theirs;
    let (_, codec) = common_codec(local, media).ok_or(NegotiationError::NoCommonCodec)?;
    let dtmf = local.dtmf_payload_type.and_then(|_| telephone_event(media, &codec));
    let address = match description.connection_of(media) {
        Some(Connection::Address(address)) => address.to_canonical(),
        Some(Connection::Name(..)) | None => return Err(NegotiationError::NoAddress),
    };
    if address.is_ipv4() != local.address.to_canonical().is_ipv4() && !address.is_unspecified() {
        return Err(NegotiationError::OtherIpVersion);
    }
    Ok(Negotiated {
        remote: SocketAddr::new(address, media.port),
        remote_rtcp: rtcp_address(media, address),
        payload_type: codec.payload_type,
        codec,
        dtmf_payload_type: dtmf.map(|event| event.payload_type),
        receive: ours.codecs(),
        direction: direction.and(description.direction_of(media).reversed()),
        ptime: media.ptime().filter(|ptime| PTIMES.contains(ptime)).unwrap_or(local.ptime),
    })
}

/// `a=rtcp:port [IN IP4 address]` (RFC 3605), else the port after RTP's (RFC 3550 §11).
fn rtcp_address(media: &Media, address: IpAddr) -> Option<SocketAddr> {
    let said = media.attributes("rtcp").next().and_then(|value| {
        let mut words = value.split_ascii_whitespace();
        let port = words.next()?.parse().ok()?;
        let own = words.nth(2).and_then(|word| word.parse::<IpAddr>().ok());
        Some(SocketAddr::new(own.map_or(address, |own| own.to_canonical()), port))
    });
    said.or_else(|| Some(SocketAddr::new(address, media.port.checked_add(1)?)))
}
