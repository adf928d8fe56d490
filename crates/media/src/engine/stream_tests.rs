//! Tests of one call's stream in virtual time: what is sent, who may speak, what is told.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::measure;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn peer(port: u16) -> SocketAddr {
    SocketAddr::new(PEER, port)
}

fn settings() -> StreamSettings {
    StreamSettings {
        remote: peer(4000),
        remote_rtcp: None,
        codec: Codec::Pcma,
        payload_type: 8,
        dtmf_payload_type: Some(101),
        send: true,
        receive: true,
        ptime_ms: 20,
        ssrc: 0x1234,
        cname: "test".into(),
        timeout: Some(Duration::from_secs(60)),
    }
}

struct Bench {
    stream: Stream,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new(settings: StreamSettings) -> Self {
        let start = Instant::now();
        let clock = NtpClock::new(start, Duration::from_secs(1_700_000_000));
        Self { stream: Stream::new(settings, clock, 1, start), start, now: start }
    }

    /// One tick; the datagram sent, and where.
    fn tick(&mut self, sound: Option<&Frame>) -> Option<(SocketAddr, Vec<u8>)> {
        let mut out = Vec::new();
        let to = self.stream.speak(sound, &mut out);
        self.stream.watch(self.now);
        self.now += crate::FRAME_TIME;
        to.map(|to| (to, out))
    }

    fn deliver(&mut self, from: SocketAddr, packet: Packet<'_>) {
        let mut datagram = Vec::new();
        packet.write(&mut datagram);
        self.stream.receive_rtp(&datagram, from, self.now);
    }

    fn events(&mut self) -> Vec<MediaEventKind> {
        std::iter::from_fn(|| self.stream.poll_event()).collect()
    }
}

fn sound(ssrc: u32, n: u16) -> Packet<'static> {
    Packet {
        marker: n == 0,
        payload_type: 8,
        sequence: n,
        timestamp: u32::from(n) * 160,
        ssrc,
        payload: &[0x2A; 160],
    }
}

#[test]
fn a_renegotiation_changes_address_and_codec_and_nothing_else_on_the_wire() {
    let mut bench = Bench::new(settings());
    let (_, before) = bench.tick(None).unwrap();
    let before = Packet::parse(&before).unwrap();
    assert!(before.marker);
    let changed = StreamSettings {
        remote: peer(6000),
        codec: Codec::Pcmu,
        payload_type: 0,
        ssrc: 99,
        ..settings()
    };
    bench.stream.set(changed, bench.now);
    let (to, after) = bench.tick(None).unwrap();
    let after = Packet::parse(&after).unwrap();
    assert_eq!((to, after.payload_type, after.payload), (peer(6000), 0, &[0xFF; 160][..]));
    assert_eq!(after.ssrc, before.ssrc);
    assert_eq!(after.sequence, before.sequence.wrapping_add(1));
    assert_eq!(after.timestamp, before.timestamp.wrapping_add(160));
}

#[test]
fn hold_sends_nothing_and_timestamps_go_on_with_time() {
    let mut bench = Bench::new(settings());
    let (_, before) = bench.tick(None).unwrap();
    bench.stream.set(StreamSettings { send: false, ..settings() }, bench.now);
    assert!((0..50).all(|_| bench.tick(None).is_none()));
    bench.stream.set(settings(), bench.now);
    let (_, after) = bench.tick(None).unwrap();
    let (before, after) = (Packet::parse(&before).unwrap(), Packet::parse(&after).unwrap());
    assert_eq!(after.sequence, before.sequence.wrapping_add(1));
    assert_eq!(after.timestamp, before.timestamp.wrapping_add(51 * 160));
    assert!(after.marker);
}

#[test]
fn longer_packets_carry_more_frames() {
    let mut bench = Bench::new(StreamSettings { ptime_ms: 60, ..settings() });
    let sent: Vec<_> = (0..7).map(|_| bench.tick(None).map(|(_, d)| d.len() - 12)).collect();
    assert_eq!(sent, [None, None, Some(480), None, None, Some(480), None]);
}

#[test]
fn an_unspecified_remote_gets_nothing() {
    let unspecified = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 4000);
    let mut bench = Bench::new(StreamSettings { remote: unspecified, ..settings() });
    assert!(bench.tick(None).is_none());
    assert!(bench.stream.bye(bench.now, &mut Vec::new()).is_none());
}

#[test]
fn reports_go_to_the_port_above_or_where_the_peer_said() {
    let mut bench = Bench::new(settings());
    let later = bench.now + Duration::from_secs(10);
    assert_eq!(bench.stream.report(later, &mut Vec::new()), Some(peer(4001)));
    assert_eq!(bench.stream.report(later, &mut Vec::new()), None);
    let told = StreamSettings { remote_rtcp: Some(peer(7777)), ..settings() };
    bench.stream.set(told, later);
    assert_eq!(bench.stream.bye(later, &mut Vec::new()), Some(peer(7777)));
}

#[test]
fn only_the_negotiated_address_is_heard_and_one_port_of_it_at_a_time() {
    let mut bench = Bench::new(settings());
    bench.deliver(SocketAddr::new(Ipv4Addr::new(192, 0, 2, 66).into(), 4000), sound(5, 0));
    assert_eq!(bench.events(), []);
    // The port differs from the negotiated one: symmetric RTP is not required of the peer.
    bench.deliver(peer(5555), sound(5, 0));
    assert_eq!(bench.events(), [MediaEventKind::FirstPacket]);
    bench.deliver(peer(5556), sound(5, 1));
    assert_eq!((bench.stream.stats().received, bench.stream.stats().refused), (1, 2));
    bench.now += PORT_KEPT;
    bench.deliver(peer(5556), sound(5, 2));
    assert_eq!(bench.stream.stats().received, 2);
}

#[test]
fn garbage_is_counted_and_has_no_other_effect() {
    let mut bench = Bench::new(settings());
    for datagram in [&b""[..], b"x", b"OPTIONS sip:x SIP/2.0\r\n\r\n", &[0x80; 11], &[0xFF; 2000]] {
        bench.stream.receive_rtp(datagram, peer(4000), bench.now);
        bench.stream.receive_rtcp(datagram, peer(4001), bench.now);
    }
    assert_eq!(bench.stream.stats().refused, 10);
    assert_eq!(bench.events(), []);
    // A report on the RTP port is taken for what it is, not for a sender of sound.
    let mut report = Vec::new();
    Session::new(
        5,
        "peer".into(),
        8000,
        NtpClock::new(bench.start, Duration::ZERO),
        0,
        bench.start,
    )
    .report(bench.now, &mut report);
    bench.stream.receive_rtp(&report, peer(4000), bench.now);
    assert_eq!((bench.stream.stats().refused, bench.stream.stats().received), (10, 0));
}

#[test]
fn silence_is_told_once_and_again_only_after_a_packet() {
    let mut bench = Bench::new(settings());
    let ticks = |bench: &mut Bench, seconds: u32| {
        (0..seconds * 50).for_each(|_| {
            bench.tick(None);
        })
    };
    ticks(&mut bench, 59);
    assert_eq!(bench.events(), []);
    ticks(&mut bench, 100);
    assert_eq!(bench.events(), [MediaEventKind::Silence { since: bench.start }]);
    let heard = bench.now;
    bench.deliver(peer(4000), sound(5, 0));
    ticks(&mut bench, 61);
    assert_eq!(
        bench.events(),
        [MediaEventKind::FirstPacket, MediaEventKind::Silence { since: heard }]
    );
}

#[test]
fn rtcp_alone_keeps_a_call_from_being_silent_and_a_held_call_is_never_silent() {
    let mut bench = Bench::new(settings());
    let clock = NtpClock::new(bench.start, Duration::ZERO);
    let mut remote = Session::new(5, "peer".into(), 8000, clock, 0, bench.start);
    for _ in 0..200 * 50 {
        bench.tick(None);
        if remote.report_due() <= bench.now {
            let mut report = Vec::new();
            remote.report(bench.now, &mut report);
            bench.stream.receive_rtcp(&report, peer(4001), bench.now);
        }
    }
    assert_eq!(bench.events(), []);
    bench.stream.set(StreamSettings { receive: false, ..settings() }, bench.now);
    (0..200 * 50).for_each(|_| drop(bench.tick(None)));
    assert_eq!(bench.events(), []);
    // Once resumed, the wait begins anew.
    let resumed = bench.now;
    bench.stream.set(settings(), bench.now);
    (0..61 * 50).for_each(|_| drop(bench.tick(None)));
    assert_eq!(bench.events(), [MediaEventKind::Silence { since: resumed }]);
}

#[test]
fn a_key_goes_from_one_stream_to_the_other_as_an_event_and_takes_the_place_of_sound() {
    let (mut alice, mut bob) = (Bench::new(settings()), Bench::new(settings()));
    assert!(alice.stream.queue_digit(Digit::try_from('5').unwrap(), 100));
    let mut events = 0;
    for _ in 0..20 {
        let (_, datagram) = alice.tick(None).unwrap();
        events += usize::from(Packet::parse(&datagram).unwrap().payload_type == 101);
        bob.stream.receive_rtp(&datagram, peer(4000), bob.now);
        bob.tick(None);
    }
    assert_eq!(events, 7);
    let digit = Digit::try_from('5').unwrap();
    assert_eq!(
        bob.events(),
        [MediaEventKind::FirstPacket, MediaEventKind::Dtmf { digit, duration_ms: 100 }]
    );
    assert_eq!(bob.stream.stats().lost, 0);
}

#[test]
fn a_key_that_was_not_negotiated_is_a_tone_in_the_sound() {
    let mut bench = Bench::new(StreamSettings { dtmf_payload_type: None, ..settings() });
    bench.stream.queue_digit(Digit::try_from('1').unwrap(), 200);
    let mut decoder = Codec::Pcma.decoder();
    let mut sent = Vec::new();
    for _ in 0..20 {
        let (_, datagram) = bench.tick(None).unwrap();
        decoder.decode(Packet::parse(&datagram).unwrap().payload, &mut sent);
    }
    for frequency in [697.0, 1209.0] {
        assert!(measure::tone_level(&sent[..1600], frequency) > -20.0);
    }
    assert!(measure::level(&sent[1600..]) < -60.0);
}

#[test]
fn another_source_is_heard_afresh_and_counted_together() {
    let mut bench = Bench::new(settings());
    for n in 0..10 {
        bench.deliver(peer(4000), sound(5, n));
        bench.tick(None);
        bench.stream.listen(bench.now);
    }
    for n in 30_000..30_010 {
        bench.deliver(peer(4000), sound(6, n));
        bench.tick(None);
        bench.stream.listen(bench.now);
    }
    let stats = bench.stream.stats();
    // The first packet of the new source is not believed until the second confirms it.
    assert_eq!((stats.received, stats.lost, stats.refused), (19, 0, 1));
    assert!(measure::level(&bench.stream.listen(bench.now)) > -20.0);
}

proptest! {
    /// Whatever arrives from the right address, with whatever header: no panic, and the counters
    /// account for each datagram that was not taken.
    #[test]
    fn no_sequence_of_datagrams_breaks_a_stream(
        datagrams in proptest::collection::vec(
            (any::<[u8; 11]>(), proptest::collection::vec(any::<u8>(), 0..200), any::<bool>()),
            1..60,
        ),
    ) {
        let mut bench = Bench::new(settings());
        for (head, body, plausible) in datagrams {
            let mut datagram = vec![0x80];
            datagram.extend(head);
            datagram.extend(body);
            if plausible {
                datagram[1] = [8, 0, 101, 200, 201][usize::from(head[0] % 5)];
                datagram[8..12].copy_from_slice(&[0, 0, 0, head[1] % 2]);
            }
            bench.stream.receive_rtp(&datagram, peer(4000), bench.now);
            bench.stream.receive_rtcp(&datagram, peer(4001), bench.now);
            bench.tick(None);
            let heard = bench.stream.listen(bench.now);
            prop_assert_eq!(heard.len(), FRAME_SAMPLES);
        }
        prop_assert!(bench.events().len() <= limits::EVENTS_QUEUED);
    }
}
