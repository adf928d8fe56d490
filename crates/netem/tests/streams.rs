//! What connections promise their applications: named situations, then a property over bad links.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use netem::{Ending, Link, News, Pair, Streams, limits};
use proptest::prelude::*;

/// One origin for all tests: only differences matter.
static START: LazyLock<Instant> = LazyLock::new(origin);

#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
fn origin() -> Instant {
    Instant::now()
}

const DELAY: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(32);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn phone() -> SocketAddr {
    SocketAddr::from(([10, 0, 1, 1], 5060))
}

fn proxy() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 11], 5060))
}

/// The phone's end of its connection to the proxy.
fn ours() -> Pair {
    Pair { local: phone(), remote: proxy() }
}

fn theirs() -> Pair {
    ours().reversed()
}

/// A phone and a proxy that listens.
struct Bench {
    streams: Streams,
    now: Instant,
    /// What applications have heard: milliseconds since the start, and what.
    heard: Vec<(u128, News)>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Link::delayed(ms(DELAY)), 1)
    }

    fn with(link: Link, seed: u64) -> Self {
        let mut streams = Streams::new(link, PATIENCE, seed);
        streams.listen(proxy());
        Self { streams, now: *START, heard: Vec::new() }
    }

    /// A connection that is set up; what was heard of it is forgotten.
    fn connected() -> Self {
        let mut bench = Self::new();
        bench.streams.connect(ours(), bench.now);
        bench.waits(100);
        assert!(bench.streams.is_sound(ours()) && bench.streams.is_sound(theirs()));
        bench.heard.clear();
        bench
    }

    fn waits(&mut self, millis: u64) {
        let until = self.now + ms(millis);
        self.hear();
        while let Some((at, _)) = self.streams.poll_timeout().filter(|(at, _)| *at <= until) {
            assert!(at >= self.now, "time never runs backwards");
            self.now = at;
            self.streams.handle_timeout(at);
            self.hear();
        }
        self.now = until;
    }

    fn hear(&mut self) {
        let at = (self.now - *START).as_millis();
        self.heard.extend(std::iter::from_fn(|| self.streams.poll_output()).map(|news| (at, news)));
    }

    fn writes(&mut self, pair: Pair, text: &str) {
        self.streams.write(pair, text.as_bytes(), self.now);
    }

    fn cut(&mut self) {
        self.streams.partition_oneway(phone().ip(), proxy().ip());
        self.streams.partition_oneway(proxy().ip(), phone().ip());
    }

    fn mend(&mut self) {
        self.streams.repair_oneway(phone().ip(), proxy().ip());
        self.streams.repair_oneway(proxy().ip(), phone().ip());
    }

    /// Everything that has come at an end, as one text.
    fn text_at(&self, pair: Pair) -> String {
        let octets = self.heard.iter().filter_map(|(_, news)| match news {
            News::Octets(at, octets) if *at == pair => Some(octets.clone()),
            News::Octets(..) | News::Accepted(_) | News::Opened(_) | News::Over(..) => None,
        });
        String::from_utf8_lossy(&octets.flatten().collect::<Vec<_>>()).into_owned()
    }

    fn endings(&self) -> Vec<(u128, Pair, Ending)> {
        let ends = self.heard.iter().filter_map(|(at, news)| match news {
            News::Over(pair, why) => Some((*at, *pair, *why)),
            News::Octets(..) | News::Accepted(_) | News::Opened(_) => None,
        });
        ends.collect()
    }
}

#[test]
fn a_connection_is_there_after_a_round_trip_and_carries_what_waited_for_it() {
    let mut bench = Bench::new();
    bench.streams.connect(ours(), bench.now);
    bench.writes(ours(), "REGISTER");
    bench.waits(100);
    assert_eq!(
        bench.heard,
        [
            (10, News::Accepted(theirs())),
            (20, News::Opened(ours())),
            (30, News::Octets(theirs(), b"REGISTER".to_vec())),
        ]
    );
}

#[test]
fn where_nobody_listens_it_is_refused_after_a_round_trip() {
    let mut bench = Bench::new();
    bench.streams.stop_listening(proxy());
    bench.streams.connect(ours(), bench.now);
    bench.waits(100);
    assert_eq!(bench.endings(), [(20, ours(), Ending::Refused)]);
}

#[test]
fn a_black_hole_says_nothing_and_a_lost_syn_is_sent_again_after_a_second() {
    let mut bench = Bench::new();
    bench.streams.unplug(proxy().ip());
    bench.streams.connect(ours(), bench.now);
    bench.waits(900);
    assert_eq!(bench.heard, []);
    bench.streams.plug(proxy().ip());
    bench.waits(200);
    assert_eq!(bench.heard.last(), Some(&(1_020, News::Opened(ours()))));
}

#[test]
fn what_is_written_while_the_network_is_cut_arrives_once_and_in_order_when_it_is_mended() {
    let mut bench = Bench::connected();
    bench.cut();
    bench.writes(ours(), "one ");
    bench.waits(5_000);
    bench.writes(ours(), "two");
    assert!(!bench.streams.is_sound(ours()), "it waits for what was lost");
    bench.mend();
    bench.waits(10_000);
    assert_eq!(bench.text_at(theirs()), "one two");
    assert!(bench.streams.is_sound(ours()));
}

#[test]
fn an_end_that_nobody_answers_gives_up_after_its_patience() {
    let mut bench = Bench::connected();
    bench.streams.partition_oneway(proxy().ip(), phone().ip());
    bench.writes(ours(), "REGISTER");
    bench.waits(60_000);
    assert_eq!(bench.text_at(theirs()), "REGISTER", "it came; its acknowledgement did not");
    assert_eq!(bench.endings(), [(100 + 32_000, ours(), Ending::TimedOut)]);
}

#[test]
fn a_host_that_has_forgotten_leaves_the_other_end_half_open_until_it_writes() {
    let mut bench = Bench::connected();
    bench.streams.forget(proxy().ip());
    bench.waits(60_000);
    assert_eq!(bench.endings(), [(100, theirs(), Ending::Reset)], "only its own process knows");
    assert!(!bench.streams.is_sound(ours()));
    bench.writes(ours(), "OPTIONS");
    bench.waits(100);
    assert_eq!(bench.endings().last(), Some(&(60_120, ours(), Ending::Reset)));
}

#[test]
fn a_connection_that_the_way_has_forgotten_is_silent_for_ever_and_a_new_one_passes() {
    let mut bench = Bench::connected();
    bench.streams.swallow(proxy().ip());
    bench.writes(ours(), "OPTIONS");
    bench.waits(20_000);
    assert_eq!(bench.heard, []);
    assert!(!bench.streams.is_sound(ours()));
    bench.streams.end(ours(), bench.now);
    bench.streams.connect(ours(), bench.now);
    bench.writes(ours(), "REGISTER");
    bench.waits(2_000);
    assert_eq!(bench.text_at(theirs()), "REGISTER");
    assert!(bench.streams.is_sound(ours()));
}

#[test]
fn a_stopped_process_is_served_by_its_kernel_and_hears_everything_when_it_goes_on() {
    let mut bench = Bench::new();
    bench.streams.hold(proxy().ip());
    bench.streams.connect(ours(), bench.now);
    bench.writes(ours(), "REGISTER");
    bench.waits(10_000);
    assert_eq!(bench.heard, [(20, News::Opened(ours()))]);
    bench.streams.end(ours(), bench.now);
    bench.waits(100);
    bench.streams.release(proxy().ip());
    bench.waits(0);
    let late = [
        News::Accepted(theirs()),
        News::Octets(theirs(), b"REGISTER".to_vec()),
        News::Over(theirs(), Ending::Reset),
    ];
    assert_eq!(bench.heard[1..], late.map(|news| (10_100, news)));
}

#[test]
fn a_process_that_ends_resets_its_connections_and_a_closed_one_is_told_as_closed() {
    let mut bench = Bench::connected();
    bench.streams.kill(proxy().ip(), bench.now);
    bench.waits(100);
    assert_eq!(bench.endings(), [(110, ours(), Ending::Reset)]);
    let mut bench = Bench::connected();
    bench.streams.close(theirs(), bench.now);
    bench.waits(100);
    assert_eq!(bench.endings(), [(110, ours(), Ending::Closed)]);
}

#[test]
fn what_is_half_open_can_be_cleared_and_what_is_sound_stays() {
    let mut bench = Bench::connected();
    bench.streams.clear();
    bench.waits(0);
    assert_eq!(bench.endings(), []);
    bench.streams.forget(proxy().ip());
    bench.streams.clear();
    bench.waits(0);
    assert_eq!(bench.endings(), [(100, theirs(), Ending::Reset), (100, ours(), Ending::Reset)]);
}

/// RFC 5961 §4: the other end finds out that it is half open, and the SYN comes again.
#[test]
fn a_new_connection_between_the_ports_of_one_that_is_half_open_takes_a_second_longer() {
    let mut bench = Bench::connected();
    bench.streams.forget(phone().ip());
    bench.streams.connect(ours(), bench.now);
    bench.writes(ours(), "REGISTER");
    bench.waits(2_000);
    assert_eq!(bench.endings(), [(110, theirs(), Ending::Reset)]);
    assert_eq!(bench.text_at(theirs()), "REGISTER");
    assert!(bench.heard.contains(&(1_120, News::Opened(ours()))), "{:?}", bench.heard);
}

#[test]
fn who_opens_a_connection_anew_hears_nothing_more_of_the_old_one() {
    let mut bench = Bench::connected();
    bench.streams.forget(phone().ip());
    bench.streams.connect(ours(), bench.now);
    bench.waits(2_000);
    assert!(bench.streams.is_sound(ours()));
    assert!(!bench.endings().iter().any(|(_, pair, _)| *pair == ours()), "{:?}", bench.heard);
}

/// RFC 9293 §3.5, figure 7.
#[test]
fn two_that_open_at_the_same_time_have_one_connection() {
    let mut bench = Bench::new();
    bench.streams.connect(ours(), bench.now);
    bench.streams.connect(theirs(), bench.now);
    bench.writes(ours(), "hello");
    bench.waits(1_000);
    assert!(bench.streams.is_sound(ours()) && bench.streams.is_sound(theirs()));
    assert_eq!(bench.text_at(theirs()), "hello");
    assert_eq!(bench.endings(), []);
}

#[test]
fn a_message_longer_than_a_segment_comes_in_pieces() {
    let mut bench = Bench::connected();
    let long = "x".repeat(limits::SEGMENT * 2 + 1);
    bench.writes(ours(), &long);
    bench.waits(100);
    assert_eq!(bench.heard.len(), 3);
    assert_eq!(bench.text_at(theirs()), long);
}

#[test]
fn an_end_that_may_not_write_more_is_over() {
    let mut bench = Bench::connected();
    bench.cut();
    bench.writes(ours(), &"x".repeat(limits::UNACKNOWLEDGED));
    assert_eq!(bench.endings(), []);
    bench.writes(ours(), "x");
    bench.waits(0);
    assert_eq!(bench.endings(), [(100, ours(), Ending::TimedOut)]);
}

proptest! {
    /// Whatever a link loses, an end hears a beginning of what the other wrote, and all of it if the
    /// connection lasts.
    #[test]
    fn octets_arrive_in_order_and_once(
        seed in any::<u64>(),
        loss in 0_u16..400,
        texts in proptest::collection::vec((0_u64..500, 1_usize..4_000), 1..12),
    ) {
        let link = Link { loss, jitter: ms(20), ..Link::delayed(ms(DELAY)) };
        let mut bench = Bench::with(link, seed);
        bench.streams.connect(ours(), bench.now);
        let mut written = String::new();
        for (number, (pause, length)) in texts.into_iter().enumerate() {
            let letter = char::from(b'a' + u8::try_from(number).unwrap());
            let text = letter.to_string().repeat(length);
            bench.writes(ours(), &text);
            if bench.streams.has(ours()) {
                written.push_str(&text);
            }
            bench.waits(pause);
        }
        bench.waits(600_000);
        let heard = bench.text_at(theirs());
        prop_assert!(written.starts_with(&heard), "{} of {}", heard.len(), written.len());
        if bench.endings().is_empty() {
            prop_assert_eq!(heard.len(), written.len());
        }
    }
}
