//! The playout buffer: evens out what the network made uneven. Packets go in as they arrive, one
//! is asked for whenever its time to be played has come.
//!
//! The delay it aims for follows the spread of transit times over the last five to ten seconds. It
//! grows when a packet is late (the gap is concealed and the late packet still played) and shrinks
//! by playing two packets in the time of one. Timestamps decide, not sequence numbers, so pauses
//! of the sender and packets of any length fall into place. It does not decode and does not judge
//! who sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::{Codec, FRAME_SAMPLES, limits};

/// A timestamp this far from the last one (2 s at 8 kHz) begins another stream.
const LEAP: i64 = 16_000;

/// So many packets in a row that come after their time: the sender's clock was set back.
const LATE_RUN: u32 = 10;

/// Asks between two looks at whether the delay could be shorter: a second.
const REVIEW: u32 = 50;

/// Length of each of the two windows over which the spread is taken.
const WINDOW: Duration = Duration::from_secs(5);

/// One packet's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its first sample's instant.
    pub timestamp: u32,
    /// What it is coded with.
    pub codec: Codec,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Arrival {
    fn samples(&self) -> u64 {
        u64::from(self.codec.duration(self.payload.len()))
    }
}

/// What is to be played next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Playout {
    /// A packet.
    Play(Arrival),
    /// Two packets in the time of one: the delay is longer than it needs to be.
    Shorten(Arrival, Arrival),
    /// So many samples are missing.
    Conceal(usize),
    /// Nothing is playing: before the first packet, or in a pause of the sender.
    Idle,
}

/// Counters since the buffer was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets that came after their time and were dropped.
    pub late: u64,
    /// Packets that were there already.
    pub duplicate: u64,
    /// Packets dropped because the buffer was full.
    pub overflow: u64,
    /// Packets whose time was taken away to shorten the delay.
    pub shortened: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    /// Waiting for the delay to build up, since the first packet arrived.
    Filling {
        since: Instant,
    },
    Playing(Playing),
}

#[derive(Debug, Clone, Copy)]
struct Playing {
    /// Next sample due.
    head: u64,
    /// Samples concealed at `head` without moving it: the packet may only be late.
    borrowed: u64,
    /// Least number of samples buffered since the last review, and the asks since then.
    least: u64,
    asks: u32,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct JitterBuffer {
    clock_rate: u32,
    packets: BTreeMap<u64, Arrival>,
    last: Option<u64>,
    state: State,
    spread: Spread,
    late_run: u32,
    counters: Counters,
}

impl JitterBuffer {
    /// A buffer for timestamps of `clock_rate` Hz.
    #[must_use]
    pub fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            packets: BTreeMap::new(),
            last: None,
            state: State::Idle,
            spread: Spread::default(),
            late_run: 0,
            counters: Counters::default(),
        }
    }

    /// Takes a packet that arrived at `now`.
    pub fn insert(&mut self, packet: Arrival, now: Instant) {
        if packet.payload.is_empty() {
            return;
        }
        let mut at = self.unwrap(packet.timestamp);
        if self.last.is_some_and(|last| (at as i64 - last as i64).abs() > LEAP) {
            self.reset();
            at = self.unwrap(packet.timestamp);
        }
        if let State::Playing(playing) = self.state
            && at < playing.head
        {
            self.counters.late += 1;
            self.late_run += 1;
            self.spread.observe(at, self.clock_rate, now);
            if self.late_run < LATE_RUN {
                return;
            }
            self.reset();
            at = self.unwrap(packet.timestamp);
        }
        self.late_run = 0;
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        self.spread.observe(at, self.clock_rate, now);
        if self.packets.contains_key(&at) {
            self.counters.duplicate += 1;
            return;
        }
        if self.packets.len() >= limits::JITTER_FRAMES {
            self.counters.overflow += 1;
            self.packets.pop_first();
        }
        self.packets.insert(at, packet);
        if matches!(self.state, State::Idle) {
            self.state = State::Filling { since: now };
        }
    }

    /// What is to be played at `now`. Asked whenever the sound given before is used up.
    pub fn pull(&mut self, now: Instant) -> Playout {
        match self.state {
            State::Idle => Playout::Idle,
            State::Filling { since } => {
                let waited = now.saturating_duration_since(since) >= self.delay();
                let Some((&head, first)) = self.packets.first_key_value() else {
                    self.state = State::Idle;
                    return Playout::Idle;
                };
                // A burst after a stall of the network needs no further waiting.
                let held: u64 = self.packets.values().map(Arrival::samples).sum();
                let burst = held >= self.delay_samples() + first.samples();
                if !waited && !burst {
                    return Playout::Idle;
                }
                self.play(Playing { head, borrowed: 0, least: u64::MAX, asks: 0 })
            }
            State::Playing(playing) => self.play(playing),
        }
    }

    /// Forgets the stream: another source is heard from now on. Counters and the measured spread
    /// stay.
    pub fn reset(&mut self) {
        self.packets.clear();
        self.last = None;
        self.state = State::Idle;
        self.late_run = 0;
        self.spread.rebase();
    }

    /// The delay aimed for.
    #[must_use]
    pub fn delay(&self) -> Duration {
        let wanted = self.spread.spread() + crate::FRAME_TIME;
        wanted.clamp(limits::JITTER_MIN_DELAY, limits::JITTER_MAX_DELAY)
    }

    /// The counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn play(&mut self, mut playing: Playing) -> Playout {
        let first = self.packets.first_key_value().map(|(&at, _)| at);
        let playout = match first {
            Some(at) if at <= playing.head + playing.borrowed => self.take(at, &mut playing),
            Some(at) => {
                let missing = (at - playing.head - playing.borrowed).min(FRAME_SAMPLES as u64);
                playing.borrowed += missing;
                Playout::Conceal(missing as usize)
            }
            None if playing.borrowed >= self.samples(limits::CONCEAL) => {
                self.state = State::Idle;
                return Playout::Idle;
            }
            None => {
                playing.borrowed += FRAME_SAMPLES as u64;
                Playout::Conceal(FRAME_SAMPLES)
            }
        };
        self.state = State::Playing(playing);
        playout
    }

    /// Takes the packet at `at` out, and once a second looks whether another could go with it.
    fn take(&mut self, at: u64, playing: &mut Playing) -> Playout {
        let Some(packet) = self.packets.remove(&at) else { return Playout::Idle };
        playing.head = at + packet.samples();
        playing.borrowed = 0;
        playing.least = playing.least.min(self.buffered(playing.head));
        playing.asks += 1;
        if playing.asks < REVIEW {
            return Playout::Play(packet);
        }
        let least = std::mem::replace(&mut playing.least, u64::MAX);
        playing.asks = 0;
        // `least` is what is left after a packet was taken; one whole packet of it must be spare.
        let spare = least >= self.delay_samples() + packet.samples();
        match self.packets.remove(&playing.head) {
            Some(next) if spare => {
                playing.head += next.samples();
                self.counters.shortened += 1;
                Playout::Shorten(packet, next)
            }
            Some(next) => {
                self.packets.insert(playing.head, next);
                Playout::Play(packet)
            }
            None => Playout::Play(packet),
        }
    }

    /// Samples from `head` to the end of the last packet.
    fn buffered(&self, head: u64) -> u64 {
        self.packets
            .last_key_value()
            .map_or(0, |(&at, packet)| (at + packet.samples()).saturating_sub(head))
    }

    fn delay_samples(&self) -> u64 {
        self.samples(self.delay())
    }

    fn samples(&self, time: Duration) -> u64 {
        (time.as_micros() * u128::from(self.clock_rate) / 1_000_000) as u64
    }

    /// The timestamp without its wrap: nearest to the last one.
    fn unwrap(&self, timestamp: u32) -> u64 {
        const START: u64 = 1 << 40;
        let reference = self.last.unwrap_or(START | u64::from(timestamp));
        let difference = timestamp.wrapping_sub(reference as u32) as i32;
        reference.wrapping_add_signed(i64::from(difference))
    }
}

/// How much later than the fastest packets the slowest come.
#[derive(Debug, Clone, Default)]
struct Spread {
    /// First packet of the stream: transit times count from it.
    base: Option<(u64, Instant)>,
    now: Option<Window>,
    before: Option<Window>,
}

/// Least and greatest transit in microseconds, relative to the first packet.
#[derive(Debug, Clone, Copy)]
struct Window {
    since: Instant,
    least: i64,
    most: i64,
}

impl Spread {
    fn observe(&mut self, at: u64, clock_rate: u32, now: Instant) {
        let (first, start) = *self.base.get_or_insert((at, now));
        let sent = (at as i64 - first as i64) * 1_000_000 / i64::from(clock_rate);
        // Kernel stamps of reordered reads may run backwards by a little.
        let arrived = i64::try_from(now.saturating_duration_since(start).as_micros()).unwrap_or(0);
        let transit = arrived - sent;
        let window = self.now.get_or_insert(Window { since: now, least: transit, most: transit });
        if now.saturating_duration_since(window.since) >= WINDOW {
            self.before = Some(*window);
            *window = Window { since: now, least: transit, most: transit };
        }
        window.least = window.least.min(transit);
        window.most = window.most.max(transit);
    }

    fn spread(&self) -> Duration {
        let windows = || self.now.iter().chain(&self.before);
        let least = windows().map(|w| w.least).min().unwrap_or(0);
        let most = windows().map(|w| w.most).max().unwrap_or(0);
        Duration::from_micros((most - least).unsigned_abs())
    }

    /// Another stream has other timestamps; what the network does stays known for a while.
    fn rebase(&mut self) {
        let spread = i64::try_from(self.spread().as_micros()).unwrap_or(0);
        let kept = self.now.map(|now| Window { least: 0, most: spread, ..now });
        *self = Self { base: None, now: kept, before: None };
    }
}

#[cfg(test)]
#[path = "jitter_tests.rs"]
mod tests;
