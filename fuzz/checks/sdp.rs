//! What must hold when any octets come as a session description.
//!
//! Used by the fuzz target, by the replay of its corpus, and by the property tests.

use sip_core::sdp::{Codec, Description, Direction, LocalMedia, Media, Negotiator};

/// Panics if anything does not hold.
pub(crate) fn check(octets: &[u8]) {
    let Ok(description) = Description::read(octets) else { return };
    let written = description.to_bytes();
    let again = Description::read(&written).expect("what was written can be read");
    assert_eq!(again.to_bytes(), written, "and is written the same");
    assert_eq!(meanings(&again), meanings(&description), "and means the same");
    check_as_offer(&description);
    check_as_answer(&description);
}

/// What each stream means. Lines may have been put into the order of the RFC.
fn meanings(description: &Description) -> Vec<String> {
    let meaning = |media: &Media| {
        let direction = description.direction_of(media);
        let connection = description.connection_of(media);
        format!("{} {} {connection:?} {direction:?} {:?}", media.kind, media.port, media.codecs())
    };
    description.media.iter().map(meaning).collect()
}

/// What we have to offer.
pub(crate) fn local() -> LocalMedia {
    LocalMedia {
        address: [192, 0, 2, 1].into(),
        port: 4000,
        codecs: vec![Codec::pcma(), Codec::pcmu()],
        dtmf_payload_type: Some(101),
        direction: Direction::SendRecv,
        ptime: 20,
        session_id: 1,
        session_version: 1,
    }
}

/// An answer has a stream for each of the offer, one of them served, and can be read.
fn check_as_offer(offer: &Description) {
    let mut phone = Negotiator::new(local());
    let Ok((answer, agreed)) = phone.answer(offer) else {
        assert_eq!(phone.negotiated(), None, "a refused offer changes nothing");
        return;
    };
    assert_eq!(Description::read(&answer.to_bytes()).as_ref(), Ok(&answer));
    assert_eq!(answer.media.len(), offer.media.len());
    assert_eq!(answer.media.iter().filter(|media| media.port != 0).count(), 1);
    assert_eq!(phone.negotiated(), Some(&agreed));
    assert!(!(agreed.direction.sends() && agreed.remote.ip().is_unspecified()), "nothing to zeros");
    assert!(agreed.receive.iter().any(|codec| codec.payload_type == agreed.payload_type));
    let later = phone.offer().expect("nothing is outstanding");
    assert_eq!(later.media.len(), offer.media.len(), "a later offer keeps the streams");
}

/// An answer is taken only for a codec that was offered.
fn check_as_answer(answer: &Description) {
    let mut phone = Negotiator::new(local());
    phone.offer().expect("the first offer");
    if let Ok(agreed) = phone.accept(answer) {
        let ours = |codec: &Codec| codec.is_same_encoding(&agreed.codec);
        assert!(phone.local().codecs.iter().any(ours));
        assert_eq!(agreed.receive.len(), 3);
    }
    assert!(!phone.is_offer_outstanding(), "an answer ends the offer, whatever it says");
}
