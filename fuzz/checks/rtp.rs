//! What must hold when any octets come to an RTP port, and to its RTCP port.
//!
//! The input is datagrams, each with its length before it and a letter's worth of time: two octets, the
//! first a length, the second milliseconds. Used by the fuzz target and by the replay of its corpus.

use std::time::{Duration, Instant};

use media::Codec;
use media::jitter::{Arrival, JitterBuffer, Playout};
use media::rtp::dtmf::{EventReceiver, TelephoneEvent};
use media::rtp::{NtpClock, Packet, Session, rtcp};

/// Datagrams that are taken.
const DATAGRAMS: usize = 128;

/// Panics if anything does not hold. `start` is where virtual time begins.
pub(crate) fn check(octets: &[u8], start: Instant) {
    form(octets);
    let clock = NtpClock::new(start, Duration::from_secs(1_800_000_000));
    let mut session = Session::new(1, "a@b".to_owned(), 8000, clock, 1, start);
    let mut buffer = JitterBuffer::new(8000);
    let mut events = EventReceiver::default();
    let (mut now, mut rest, mut out) = (start, octets, Vec::new());
    for _ in 0..DATAGRAMS {
        let [length, wait, tail @ ..] = rest else { break };
        let (datagram, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        (rest, now) = (tail, now + Duration::from_millis(u64::from(*wait)));
        form(datagram);
        if let Ok(packet) = Packet::parse(datagram) {
            session.receive(&packet, now);
            if let Ok(event) = TelephoneEvent::parse(packet.payload) {
                events.receive(packet.timestamp, event, now);
            }
            let (timestamp, payload) = (packet.timestamp, packet.payload.to_vec());
            buffer.insert(Arrival { timestamp, codec: Codec::Pcma, payload }, now);
        }
        let _ = session.receive_rtcp(datagram, now);
        match buffer.pull(now) {
            Playout::Conceal(samples) => assert!(samples <= 160, "a frame at most"),
            Playout::Play(_) | Playout::Shorten(..) | Playout::Idle => {}
        }
        events.expire(now);
        while events.poll_heard().is_some() {}
        if session.report_due() <= now {
            out.clear();
            session.report(now, &mut out);
            assert!(rtcp::parse(&out).is_ok(), "our own report can be read");
        }
        if let Some(far) = session.far_end() {
            assert!((0.0..=1.0).contains(&far.lost), "a share");
        }
        let _ = (session.jitter(), session.lost(), session.received(), session.round_trip());
    }
}

/// What is read is written, and read again the same.
fn form(octets: &[u8]) {
    if let Ok(packet) = Packet::parse(octets) {
        let mut written = Vec::new();
        packet.write(&mut written);
        assert_eq!(Packet::parse(&written), Ok(packet));
    }
    for control in rtcp::parse(octets).into_iter().flatten() {
        let mut written = Vec::new();
        rtcp::write(&control, &mut written);
        assert!(!written.is_empty());
    }
}
