//! What must hold when any octets come as a datagram, and as a stream.
//!
//! Used by the fuzz target, by the replay of its corpus, and by the property tests.

use sip_core::message::{
    HeaderName, Message, Method, ReadError, Request, Response, StatusCode, limits, read_datagram,
    stream::{Frame, StreamReader},
};

/// Panics if anything does not hold.
pub(crate) fn check(octets: &[u8]) {
    match read_datagram(octets) {
        Ok(message) => check_message(&message),
        Err(error) => check_refusal(&error),
    }
    check_stream(octets);
}

/// A message that was read is written and read again the same, and can be asked for anything.
fn check_message(message: &Message) {
    let headers = message.headers();
    assert!(headers.len() <= limits::HEADER_LINES, "header lines are bounded");
    let written = message.to_bytes();
    let again = read_datagram(&written).expect("what was written can be read");
    assert_eq!(again.to_bytes(), written, "and is written the same");
    assert_eq!(again.body(), message.body());
    assert_eq!(again.headers().vias(), headers.vias());
    assert_eq!(again.headers().from(), headers.from());
    assert_eq!(again.headers().to(), headers.to());
    assert_eq!(again.headers().contacts(), headers.contacts());
    for via in headers.vias().iter().flatten() {
        assert_eq!(via.to_string().parse().as_ref(), Ok(via), "a Via is read back the same");
        let _ = (via.received(), via.rport(), via.branch());
    }
    for name in [HeaderName::From, HeaderName::To, HeaderName::Contact, HeaderName::Route] {
        for address in headers.addresses(name).iter().flatten() {
            assert_eq!(address.to_string().parse().as_ref(), Ok(address), "so is an address");
            let _ = (address.uri.user_text(), address.uri.is_loose(), address.expires());
            assert!(address.uri.matches(&address.uri), "a URI matches itself");
        }
    }
    let _ = (headers.cseq(), headers.max_forwards(), headers.expires(), headers.min_expires());
    let _ =
        (headers.retry_after(), headers.supported(), headers.require(), headers.record_routes());
    let _ = (headers.content_type(), headers.contact(), headers.call_id());
    for name in
        [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate, HeaderName::Authorization]
    {
        let _ = headers.challenges(name);
    }
    match message {
        Message::Request(request) => check_request(request),
        Message::Response(response) => {
            let _ = response.validate();
        }
    }
}

/// A request can be answered, and its topmost values taken off one by one.
fn check_request(request: &Request) {
    let valid = request.validate().is_ok();
    let response = Response::to(request, StatusCode::OK).to_bytes();
    let Ok(Message::Response(response)) = read_datagram(&response) else {
        panic!("a response to it can be read");
    };
    assert!(!valid || response.validate().is_ok(), "and is valid if the request is");
    let mut headers = request.headers.clone();
    let mut left = headers.values(&HeaderName::Via).count();
    while left > 0 {
        assert!(headers.replace_first(&HeaderName::Via, "SIP/2.0/UDP h"));
        assert!(headers.remove_first(&HeaderName::Via).is_some());
        let now = headers.values(&HeaderName::Via).count();
        assert!(now < left, "taking one off leaves fewer");
        left = now;
    }
}

/// A malformed request is answered with SIP, or not at all.
fn check_refusal(error: &ReadError) {
    let Some(reply) = error.reply() else { return };
    let ReadError::Malformed { request, .. } = error else { panic!("garbage is not answered") };
    assert_ne!(request.method, Method::Ack, "an ACK is not answered");
    let read = read_datagram(&reply.to_bytes());
    assert!(matches!(read, Ok(Message::Response(_))), "{read:?}");
}

/// A stream's frames do not depend on how it is chopped, and what is held is bounded.
fn check_stream(octets: &[u8]) {
    let whole = frames(octets.chunks(octets.len().max(1)));
    let chopped = frames(octets.chunks(7));
    assert_eq!(whole, chopped);
}

fn frames<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Frame> {
    let mut reader = StreamReader::new();
    let mut frames = Vec::new();
    for chunk in chunks {
        reader.feed(chunk);
        while let Ok(Some(frame)) = reader.next_frame() {
            // How a run of line ends is told into pings and pongs depends on when they come.
            if matches!(frame, Frame::Message(_)) {
                frames.push(frame);
            }
        }
        assert!(reader.pending() <= limits::MESSAGE_OCTETS, "what is held is bounded");
    }
    frames
}
