//! Tests of the jitter buffer in virtual time: packets carry their own number, so that what is
//! played can be read back.

use proptest::prelude::*;

use super::*;

const TICK: Duration = crate::FRAME_TIME;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Packet `n` of 20 ms of a stream whose first timestamp is `first`.
fn packet(first: u32, n: u32) -> Arrival {
    let timestamp = first.wrapping_add(n * 160);
    Arrival { timestamp, codec: Codec::Pcma, payload: vec![n as u8; 160] }
}

/// Runs a buffer: `arrivals` are (milliseconds, packet); one pull each 20 ms. `.` is a concealed
/// frame, `-` idle; packets are shown by number, two played as one with `+`.
fn run(first: u32, mut arrivals: Vec<(u64, u32)>, ticks: u32) -> (Vec<String>, JitterBuffer) {
    let (mut buffer, start) = (JitterBuffer::new(8000), Instant::now());
    arrivals.sort_by_key(|(at, _)| *at);
    let mut arrivals = arrivals.into_iter().peekable();
    let mut played = Vec::new();
    for tick in 0..ticks {
        let now = start + tick * TICK;
        while let Some((at, n)) = arrivals.next_if(|(at, _)| start + ms(*at) <= now) {
            buffer.insert(packet(first, n), start + ms(at));
        }
        played.push(match buffer.pull(now) {
            Playout::Play(p) => p.payload[0].to_string(),
            Playout::Shorten(a, b) => format!("{}+{}", a.payload[0], b.payload[0]),
            Playout::Conceal(samples) => {
                assert_eq!(samples, 160);
                ".".into()
            }
            Playout::Idle => "-".into(),
        });
    }
    (played, buffer)
}

fn on_time(numbers: impl IntoIterator<Item = u32>) -> Vec<(u64, u32)> {
    numbers.into_iter().map(|n| (u64::from(n) * 20, n)).collect()
}

#[test]
fn packets_on_time_are_played_in_order_after_the_least_delay() {
    let (played, _) = run(1000, on_time(0..6), 9);
    assert_eq!(played.join(" "), "- - 0 1 2 3 4 5 .");
}

#[test]
fn timestamps_wrap_unnoticed() {
    let (played, buffer) = run(u32::MAX - 400, on_time(0..6), 8);
    assert_eq!(played.join(" "), "- - 0 1 2 3 4 5");
    assert_eq!(buffer.counters(), Counters::default());
}

#[test]
fn reordered_packets_are_played_in_order() {
    let arrivals = vec![(0, 0), (20, 2), (25, 1), (60, 4), (61, 3), (100, 5)];
    let (played, _) = run(0, arrivals, 9);
    assert_eq!(played.join(" "), "- - - 0 1 2 3 4 5");
}

#[test]
fn a_lost_packet_is_concealed_once_and_costs_no_delay() {
    let (played, _) = run(0, on_time((0..8).filter(|n| *n != 3)), 11);
    assert_eq!(played.join(" "), "- - 0 1 2 . 4 5 6 7 .");
}

#[test]
fn duplicates_are_dropped_and_counted() {
    let arrivals = on_time((0..5).flat_map(|n| [n, n, n]));
    let (played, buffer) = run(0, arrivals, 8);
    assert_eq!(played.join(" "), "- - 0 1 2 3 4 .");
    // While still buffered they are known as duplicates, after being played they are late.
    assert_eq!(buffer.counters().duplicate + buffer.counters().late, 10);
}

#[test]
fn a_late_packet_lengthens_the_delay_instead_of_being_lost() {
    // Packet 3 and all after it take 50 ms longer.
    let arrivals = (0..10).map(|n| (n * 20 + if n >= 3 { 50 } else { 0 }, n as u32)).collect();
    let (played, buffer) = run(0, arrivals, 15);
    assert_eq!(played.join(" "), "- - 0 1 2 . 3 4 5 6 7 8 9 . .");
    assert_eq!(buffer.counters().late, 0);
    assert!(buffer.delay() >= ms(70));
}

#[test]
fn a_delay_that_is_no_longer_needed_shrinks_again() {
    // A burst of jitter in the first second, then none for half a minute.
    let arrivals = (0..1500u64)
        .map(|n| (n * 20 + if (20..30).contains(&n) { 120 - (n - 20) * 12 } else { 0 }, n as u32))
        .collect();
    let (played, buffer) = run(0, arrivals, 1500);
    assert!(played[..60].contains(&".".to_owned()));
    assert!(buffer.counters().shortened >= 3, "{:?}", buffer.counters());
    assert_eq!(buffer.delay(), limits::JITTER_MIN_DELAY);
    // At the end the packet of 40 ms ago is played.
    assert_eq!(played[1499], (1497u32 as u8).to_string());
}

#[test]
fn a_sender_whose_clock_drifts_is_followed_either_way_at_a_steady_delay() {
    // 300 ppm for ten minutes: 180 ms, nine packets too many or too few.
    for stretch in [0.9997, 1.0003] {
        let arrivals =
            (0..30_000u32).map(|n| ((f64::from(n) * 20.0 * stretch) as u64, n)).collect();
        let (played, buffer) = run(0, arrivals, 29_990);
        let concealed = played[5..].iter().filter(|p| *p == ".").count() as u64;
        let corrected = buffer.counters().shortened + concealed;
        assert!((7..=14).contains(&corrected), "{stretch}: {corrected}");
        assert_eq!(buffer.counters().late, 0);
        let held = buffer.packets.len();
        assert!(held <= 5, "{stretch}: {held} packets of delay");
    }
}

#[test]
fn a_pause_of_the_sender_is_idle_and_its_next_words_are_whole() {
    let mut arrivals = on_time(0..5);
    arrivals.extend(on_time(60..65));
    let (played, _) = run(0, arrivals, 70);
    assert_eq!(played[0..9].join(" "), "- - 0 1 2 3 4 . .");
    // The gap is concealed for 200 ms, by then silent, and the delay builds up anew.
    assert_eq!(played[17..62], vec!["-"; 45]);
    assert_eq!(played[62..67].join(" "), "60 61 62 63 64");
}

#[test]
fn a_stream_that_leaps_or_runs_backwards_begins_afresh() {
    let mut arrivals = on_time(0..5);
    // The same sender restarts its clock 1 s back: late at first, then believed.
    arrivals.extend((0..30).map(|n| (1000 + u64::from(n) * 20, n)));
    let (played, buffer) = run(0, arrivals, 90);
    assert!(played[70..].contains(&"29".to_owned()), "{played:?}");
    assert!(buffer.counters().late <= u64::from(LATE_RUN));
    let (played, _) = run(0, vec![(0, 0), (20, 1), (40, 5000), (60, 5001), (80, 5002)], 7);
    assert_eq!(played.join(" "), "- - - - 136 137 138");
}

#[test]
fn a_burst_beyond_the_bound_drops_the_oldest() {
    let (_, buffer) =
        run(0, (0..5000).map(|n| (0, n % 99)).chain((0..99).map(|n| (1, n))).collect(), 1);
    assert!(buffer.packets.len() <= limits::JITTER_FRAMES);
    let mut buffer = JitterBuffer::new(8000);
    for n in 0..10_000u32 {
        let packet = Arrival { timestamp: n, codec: Codec::Pcmu, payload: vec![0] };
        buffer.insert(packet, Instant::now());
    }
    assert_eq!(buffer.packets.len(), limits::JITTER_FRAMES);
    assert_eq!(buffer.counters().overflow, 10_000 - limits::JITTER_FRAMES as u64);
}

proptest! {
    /// Whatever the network does, packets come out in order, none twice, and the buffer is bounded.
    #[test]
    fn order_holds_under_loss_duplication_reordering_and_delay(
        first: u32,
        fates in proptest::collection::vec((0u64..150, 0u8..10), 10..200),
    ) {
        let mut arrivals = Vec::new();
        for (n, &(delay, fate)) in (0u32..).zip(&fates) {
            if fate != 0 {
                arrivals.push((u64::from(n) * 20 + delay, n));
            }
            if fate == 1 {
                arrivals.push((u64::from(n) * 20 + delay + 30, n));
            }
        }
        let (played, _) = run(first, arrivals, fates.len() as u32 + 30);
        let numbers: Vec<u32> = played
            .iter()
            .flat_map(|p| p.split('+'))
            .filter_map(|p| p.parse().ok())
            .collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", played);
    }

    #[test]
    fn wild_timestamps_never_panic_and_never_grow_the_buffer(
        stamps in proptest::collection::vec((any::<u32>(), 0usize..500), 0..300),
    ) {
        let (mut buffer, now) = (JitterBuffer::new(8000), Instant::now());
        for (n, (timestamp, length)) in (0u32..).zip(stamps) {
            buffer.insert(Arrival { timestamp, codec: Codec::Pcma, payload: vec![0; length] }, now + n * ms(3));
            let _ = buffer.pull(now + n * ms(3));
            prop_assert!(buffer.packets.len() <= limits::JITTER_FRAMES);
        }
    }
}
