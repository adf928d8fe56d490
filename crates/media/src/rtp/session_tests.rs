//! Tests of the RTP session: two sessions joined by a wire of the test's making, in virtual time,
//! and the worked example of the RFC.

use super::*;

fn clock(start: Instant) -> NtpClock {
    NtpClock::new(start, Duration::from_secs(1_700_000_000))
}

fn session(ssrc: u32, start: Instant) -> Session {
    Session::new(ssrc, format!("{ssrc}@test"), 8000, clock(start), u64::from(ssrc), start)
}

fn packet(ssrc: u32, sequence: u16) -> Packet<'static> {
    let timestamp = u32::from(sequence) * 160;
    Packet { marker: false, payload_type: 8, sequence, timestamp, ssrc, payload: &[0xD5; 160] }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn sent_packets_are_numbered_without_a_gap_and_carry_the_given_timestamp() {
    let mut session = session(7, Instant::now());
    let first = session.timestamp();
    let mut numbers = Vec::new();
    for n in 0..70_000u32 {
        let mut out = Vec::new();
        session.send(8, n == 0, session.timestamp(), &[1, 2], &mut out);
        session.advance(160);
        let packet = Packet::parse(&out).unwrap();
        assert_eq!(packet.timestamp, first.wrapping_add(n * 160));
        assert_eq!((packet.ssrc, packet.marker), (7, n == 0));
        numbers.push(packet.sequence);
    }
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)));
}

#[test]
fn two_calls_begin_at_different_numbers() {
    let now = Instant::now();
    let (a, b) = (session(1, now), session(2, now));
    assert_ne!((a.sequence, a.timestamp), (b.sequence, b.timestamp));
}

/// Alice and Bob send a packet every 20 ms with the given one-way delays; one of ten of Alice's
/// packets is lost. Reports travel the same way.
#[test]
fn reports_tell_loss_jitter_and_the_round_trip() {
    let start = Instant::now();
    let (mut alice, mut bob) = (session(1, start), session(2, start));
    let (to_bob, to_alice) = (ms(30), ms(50));
    let mut wire: Vec<(Instant, bool, bool, Vec<u8>)> = Vec::new();
    for tick in 0..3000u32 {
        let now = start + tick * ms(20);
        for (is_alice, session) in [(true, &mut alice), (false, &mut bob)] {
            let arrival = now + if is_alice { to_bob } else { to_alice };
            let mut out = Vec::new();
            session.send(8, false, session.timestamp(), &[0; 160], &mut out);
            session.advance(160);
            if !is_alice || tick % 10 != 3 {
                wire.push((arrival, is_alice, false, out));
            }
            if session.report_due() <= now {
                let mut out = Vec::new();
                session.report(now, &mut out);
                wire.push((arrival, is_alice, true, out));
            }
        }
        let due: Vec<_> = wire.extract_if(.., |(at, ..)| *at <= now).collect();
        for (at, from_alice, control, datagram) in due {
            let receiver = if from_alice { &mut bob } else { &mut alice };
            if control {
                receiver.receive_rtcp(&datagram, at).unwrap();
            } else {
                receiver.receive(&Packet::parse(&datagram).unwrap(), at);
            }
        }
    }
    for session in [&alice, &bob] {
        let trip = session.round_trip().unwrap().as_secs_f64();
        assert!((trip - 0.080).abs() < 0.000_1, "{trip}");
        assert!(session.jitter() < ms(1));
    }
    assert_eq!(alice.lost(), 0);
    assert!((298..=300).contains(&bob.lost()), "{}", bob.lost());
    assert_eq!(alice.sent(), 3000);
    // What Bob lost Alice knows from him; his latest report is up to 7.5 s old.
    let far = alice.far_end().unwrap();
    assert!((far.lost - 0.1).abs() < 0.005 && far.jitter < ms(1), "{far:?}");
    assert!(bob.far_end().unwrap().lost < 0.001);
}

/// RFC 3550 §6.4.1, figure 2: A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 5.25 s give 6.125 s.
#[test]
fn the_worked_example_of_the_rfc_gives_its_round_trip() {
    let start = Instant::now();
    let mut session = session(9, start);
    session.clock = NtpClock { anchor: start, ntp: 0xb44d_b710_8000_0000 };
    let block =
        ReportBlock { ssrc: 9, last_report: 0xb705_2000, delay: 0x0005_4000, ..Default::default() };
    let mut datagram = Vec::new();
    let report = Control::Report { ssrc: 5, sender: None, blocks: vec![block] };
    rtcp::write(&report, &mut datagram);
    session.receive_rtcp(&datagram, start).unwrap();
    assert_eq!(session.round_trip(), Some(ms(6125)));
}

#[test]
fn reports_are_spread_around_five_seconds_and_become_receiver_reports_when_nothing_is_sent() {
    let start = Instant::now();
    let mut session = session(3, start);
    let mut now = start;
    let mut gaps = Vec::new();
    for n in 0..400 {
        let gap = session.report_due() - now;
        now = session.report_due();
        if n > 0 {
            gaps.push(gap.as_secs_f64());
        }
        let mut out = Vec::new();
        session.report(now, &mut out);
        let [Control::Report { sender, .. }, Control::Cname { name, .. }] =
            &parse(&out).unwrap()[..]
        else {
            panic!("a report and a name")
        };
        assert_eq!((sender, name.as_str()), (&None, "3@test"));
    }
    assert!(gaps.iter().all(|g| (2.0..6.2).contains(g)));
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    assert!((mean - 5.0 / 1.21828).abs() < 0.3, "{mean}");

    let mut out = Vec::new();
    session.send(8, true, 0, &[0; 160], &mut Vec::new());
    session.bye(now, &mut out);
    let [Control::Report { sender: Some(info), .. }, _, Control::Bye(who)] =
        &parse(&out).unwrap()[..]
    else {
        panic!("a report, a name and a farewell")
    };
    assert_eq!((info.packets, info.octets, &who[..]), (1, 160, &[3][..]));
}

#[test]
fn another_source_is_listened_to_after_two_packets_in_a_row() {
    let now = Instant::now();
    let mut session = session(1, now);
    assert_eq!(session.receive(&packet(10, 0), now), Reception::NewSource);
    assert_eq!(session.receive(&packet(10, 1), now), Reception::Accepted);
    assert_eq!(session.receive(&packet(20, 500), now), Reception::Refused);
    assert_eq!(session.receive(&packet(20, 501), now), Reception::NewSource);
    assert_eq!(session.receive(&packet(20, 502), now), Reception::Accepted);
    assert_eq!(session.received(), 4);
}

#[test]
fn a_flood_of_sources_neither_takes_over_nor_grows_anything() {
    let now = Instant::now();
    let mut session = session(1, now);
    session.receive(&packet(10, 0), now);
    for n in 0..10_000u32 {
        assert_eq!(session.receive(&packet(1000 + n, 1), now), Reception::Refused);
        // One that speaks at the same time as the current source never takes its turn.
        assert_eq!(session.receive(&packet(20, n as u16), now), Reception::Refused);
        assert_eq!(session.receive(&packet(10, 1 + n as u16), now), Reception::Accepted);
    }
    assert_eq!(session.received(), 10_001);
}

#[test]
fn an_echo_service_that_sends_our_own_packets_back_is_heard() {
    let now = Instant::now();
    let mut session = session(1, now);
    assert_eq!(session.receive(&packet(1, 0), now), Reception::NewSource);
    assert_eq!(session.receive(&packet(1, 1), now), Reception::Accepted);
    assert_eq!(session.received(), 2);
}

#[test]
fn garbage_on_the_control_port_changes_nothing() {
    let now = Instant::now();
    let mut session = session(1, now);
    assert!(session.receive_rtcp(b"GET / HTTP/1.1", now).is_err());
    assert!(session.receive_rtcp(&[0x81, 201, 0, 9], now).is_err());
    assert_eq!((session.round_trip(), session.received()), (None, 0));
}
