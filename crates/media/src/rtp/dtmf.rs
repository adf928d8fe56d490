//! Keys as named telephone-events (RFC 4733): the payload, a machine that sends queued digits and
//! one that hears them. Each is driven once a tick or packet with the time passed in.
//!
//! The sender says every end three times and the hearer counts it once, in whatever order packets
//! come and whichever of them are lost. Tones in the sound itself are `tone`'s business.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{MalformedError, Reader};
use crate::{Digit, limits};

/// Ticks of the telephone-event clock in a millisecond; the clock is the audio's, 8 kHz.
const TICKS_PER_MS: u32 = 8;

/// How often the end of an event is sent (RFC 4733 §2.5.1.4).
const ENDS: u8 = 3;

/// Silence after an event, in ticks of the sender, so that equal digits stay apart.
const PAUSE_TICKS: u8 = 3;

/// Power of a sent event below 0 dBm0 (RFC 4733 §2.3.4); -10 dBm0 is what keypads make.
const VOLUME: u8 = 10;

/// An event whose updates stop for this long has ended, its three end packets lost. Updates come
/// every 20 to 50 ms.
const LOST_END: Duration = Duration::from_millis(160);

/// The payload of a telephone-event packet (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// What happened; 0–15 are keys.
    pub event: u8,
    /// The event is over.
    pub end: bool,
    /// Power below 0 dBm0, 0–63.
    pub volume: u8,
    /// How long the event has lasted, in timestamp units.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload. What follows the first event (redundancy) is not looked at.
    ///
    /// # Errors
    /// When it is shorter than four octets.
    pub fn parse(payload: &[u8]) -> Result<Self, MalformedError> {
        let mut reader = Reader::new(payload);
        let event = reader.u8("telephone-event")?;
        let second = reader.u8("telephone-event")?;
        let duration = reader.u16("telephone-event")?;
        Ok(Self { event, end: second & 0x80 != 0, volume: second & 0x3F, duration })
    }

    /// The payload's four octets.
    #[must_use]
    pub fn octets(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, if self.end { 0x80 } else { 0 } | self.volume & 0x3F, high, low]
    }
}

/// A packet that the sender wants sent in place of this tick's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    /// Set on the first packet of an event.
    pub marker: bool,
    /// Begin of the event: the same in all its packets.
    pub timestamp: u32,
    /// The payload.
    pub event: TelephoneEvent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Idle,
    Event { digit: Digit, start: u32, length: u32 },
    Ending { digit: Digit, start: u32, duration: u16, left: u8 },
    Pause { left: u8 },
}

/// Sends digits one after the other.
#[derive(Debug, Clone)]
pub struct EventSender {
    queue: VecDeque<(Digit, u32)>,
    state: Sending,
}

impl Default for EventSender {
    fn default() -> Self {
        Self { queue: VecDeque::new(), state: Sending::Idle }
    }
}

impl EventSender {
    /// Queues a digit of `ms` milliseconds (kept within [`limits::DIGIT_MS`]). False: the queue is
    /// full and the digit is not sent.
    pub fn queue(&mut self, digit: Digit, ms: u32) -> bool {
        if self.queue.len() >= limits::DIGITS_QUEUED {
            return false;
        }
        let ms = ms.clamp(*limits::DIGIT_MS.start(), *limits::DIGIT_MS.end());
        self.queue.push_back((digit, ms * TICKS_PER_MS));
        true
    }

    /// The key that is down at this moment.
    #[must_use]
    pub fn sounding(&self) -> Option<Digit> {
        match self.state {
            Sending::Event { digit, .. } => Some(digit),
            Sending::Idle | Sending::Ending { .. } | Sending::Pause { .. } => None,
        }
    }

    /// One tick of `samples` that begins at `timestamp`. `None`: the tick carries sound.
    pub fn tick(&mut self, timestamp: u32, samples: u32) -> Option<Outgoing> {
        match self.state {
            Sending::Idle => {
                let (digit, length) = self.queue.pop_front()?;
                self.state = Sending::Event { digit, start: timestamp, length };
                Some(self.event(true, digit, timestamp, timestamp, samples, length))
            }
            Sending::Event { digit, start, length } => {
                Some(self.event(false, digit, start, timestamp, samples, length))
            }
            Sending::Ending { digit, start, duration, left } => {
                self.state = if left > 1 {
                    Sending::Ending { digit, start, duration, left: left - 1 }
                } else {
                    Sending::Pause { left: PAUSE_TICKS }
                };
                Some(outgoing(false, digit, start, duration, true))
            }
            Sending::Pause { left } => {
                self.state =
                    if left > 1 { Sending::Pause { left: left - 1 } } else { Sending::Idle };
                None
            }
        }
    }

    fn event(
        &mut self,
        marker: bool,
        digit: Digit,
        start: u32,
        now: u32,
        samples: u32,
        length: u32,
    ) -> Outgoing {
        let lasted = now.wrapping_sub(start).saturating_add(samples);
        let end = lasted >= length;
        let duration = u16::try_from(lasted.min(length)).unwrap_or(u16::MAX);
        if end {
            self.state = Sending::Ending { digit, start, duration, left: ENDS - 1 };
        }
        outgoing(marker, digit, start, duration, end)
    }
}

fn outgoing(marker: bool, digit: Digit, timestamp: u32, duration: u16, end: bool) -> Outgoing {
    let event = TelephoneEvent { event: digit.code(), end, volume: VOLUME, duration };
    Outgoing { marker, timestamp, event }
}

/// A key that the other side pressed and let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Which.
    pub digit: Digit,
    /// For how long, as far as packets told.
    pub duration_ms: u32,
}

#[derive(Debug, Clone, Copy)]
struct Hearing {
    digit: Digit,
    timestamp: u32,
    /// Of this segment, in timestamp units.
    duration: u16,
    /// Of the segments before (RFC 4733 §2.5.1.3).
    before: u32,
    updated: Instant,
}

impl Hearing {
    fn heard(&self) -> Heard {
        let ticks = self.before.saturating_add(u32::from(self.duration));
        Heard { digit: self.digit, duration_ms: ticks / TICKS_PER_MS }
    }
}

/// Hears digits; each is told once, when it ends.
#[derive(Debug, Clone, Default)]
pub struct EventReceiver {
    current: Option<Hearing>,
    /// Timestamps of events already told.
    finished: VecDeque<u32>,
    told: VecDeque<Heard>,
}

impl EventReceiver {
    /// Takes an event packet. Events that are no keys are passed over.
    pub fn receive(&mut self, timestamp: u32, event: TelephoneEvent, now: Instant) {
        self.expire(now);
        let Some(digit) = Digit::from_code(event.event) else { return };
        if self.finished.contains(&timestamp) {
            return;
        }
        match self.current {
            Some(current) if current.timestamp == timestamp => {
                let duration = current.duration.max(event.duration);
                self.current = Some(Hearing { duration, updated: now, ..current });
            }
            Some(current) if is_before(timestamp, current.timestamp) => {
                // Packets of an older event that came late: only an end of one never heard counts.
                if event.end {
                    self.tell(
                        timestamp,
                        Heard { digit, duration_ms: u32::from(event.duration) / TICKS_PER_MS },
                    );
                }
                return;
            }
            Some(current) if continues(&current, digit, timestamp) => {
                self.remember(current.timestamp);
                let before = current.before.saturating_add(u32::from(current.duration));
                self.current = Some(Hearing {
                    timestamp,
                    duration: event.duration,
                    before,
                    updated: now,
                    digit,
                });
            }
            before => {
                if let Some(unfinished) = before {
                    self.tell(unfinished.timestamp, unfinished.heard());
                }
                let duration = event.duration;
                self.current =
                    Some(Hearing { digit, timestamp, duration, before: 0, updated: now });
            }
        }
        if event.end {
            self.finish();
        }
    }

    /// Ends an event whose updates have stopped.
    pub fn expire(&mut self, now: Instant) {
        if self.current.is_some_and(|c| now.saturating_duration_since(c.updated) >= LOST_END) {
            self.finish();
        }
    }

    /// Forgets everything: another source speaks, whose timestamps are its own.
    pub fn reset(&mut self) {
        self.finish();
        self.finished.clear();
    }

    /// The next digit that has ended.
    pub fn poll_heard(&mut self) -> Option<Heard> {
        self.told.pop_front()
    }

    fn finish(&mut self) {
        if let Some(ended) = self.current.take() {
            self.tell(ended.timestamp, ended.heard());
        }
    }

    fn tell(&mut self, timestamp: u32, heard: Heard) {
        self.remember(timestamp);
        if self.told.len() < limits::DIGITS_QUEUED {
            self.told.push_back(heard);
        }
    }

    fn remember(&mut self, timestamp: u32) {
        if self.finished.len() >= limits::EVENTS_REMEMBERED {
            self.finished.pop_front();
        }
        self.finished.push_back(timestamp);
    }
}

fn is_before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// A long event goes on in a new segment that begins where a full one ends.
fn continues(current: &Hearing, digit: Digit, timestamp: u32) -> bool {
    current.digit == digit
        && current.duration == u16::MAX
        && timestamp == current.timestamp.wrapping_add(u32::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: char) -> Digit {
        Digit::try_from(key).unwrap()
    }

    /// Everything a sender gives for these keys, with the tick it was sent in; ticks begin at the
    /// timestamp and are 160 long.
    fn sent(keys: &[(char, u32)], first: u32) -> Vec<(u32, Outgoing)> {
        let mut sender = EventSender::default();
        for &(k, ms) in keys {
            assert!(sender.queue(key(k), ms));
        }
        (0..200)
            .filter_map(|n| sender.tick(first.wrapping_add(n * 160), 160).map(|out| (n, out)))
            .collect()
    }

    fn hear(packets: &[Outgoing]) -> Vec<(char, u32)> {
        let (mut receiver, start) = (EventReceiver::default(), Instant::now());
        for (n, packet) in (0u32..).zip(packets) {
            receiver.receive(packet.timestamp, packet.event, start + n * Duration::from_millis(20));
        }
        receiver.expire(start + Duration::from_secs(60));
        std::iter::from_fn(|| receiver.poll_heard())
            .map(|heard| (heard.digit.as_char(), heard.duration_ms))
            .collect()
    }

    fn packets(keys: &[(char, u32)]) -> Vec<Outgoing> {
        sent(keys, 0xFFFF_FF00).into_iter().map(|(_, out)| out).collect()
    }

    #[test]
    fn a_digit_of_100_ms_is_five_packets_and_two_more_ends() {
        let packets: Vec<_> = sent(&[('5', 100)], 1000)
            .into_iter()
            .map(|(tick, out)| (tick, out.marker, out.timestamp, out.event.duration, out.event.end))
            .collect();
        assert_eq!(
            packets,
            [
                (0, true, 1000, 160, false),
                (1, false, 1000, 320, false),
                (2, false, 1000, 480, false),
                (3, false, 1000, 640, false),
                (4, false, 1000, 800, true),
                (5, false, 1000, 800, true),
                (6, false, 1000, 800, true),
            ]
        );
    }

    #[test]
    fn equal_digits_are_kept_apart_by_sound() {
        let starts: Vec<u32> = sent(&[('1', 40), ('1', 40)], 0)
            .iter()
            .filter(|(_, o)| o.marker)
            .map(|(n, _)| *n)
            .collect();
        // Two ticks of event, two more ends, three of sound.
        assert_eq!(starts, [0, 7]);
    }

    #[test]
    fn digits_are_heard_once_each_with_their_length() {
        let keys = [('1', 100), ('1', 60), ('#', 200), ('D', 40)];
        assert_eq!(hear(&packets(&keys)), keys);
    }

    #[test]
    fn any_two_of_the_three_ends_may_be_lost() {
        let all = packets(&[('7', 100), ('8', 100)]);
        let ends: Vec<usize> = (0..all.len()).filter(|&i| all[i].event.end).collect();
        assert_eq!(ends.len(), 6);
        for kept in 0..3 {
            let some: Vec<_> = (0..all.len())
                .filter(|i| ends.iter().position(|e| e == i).is_none_or(|at| at % 3 == kept))
                .map(|i| all[i])
                .collect();
            assert_eq!(hear(&some), [('7', 100), ('8', 100)]);
        }
    }

    #[test]
    fn with_all_ends_lost_the_digit_ends_by_the_next_one_or_by_silence() {
        let some: Vec<_> =
            packets(&[('7', 100), ('8', 100)]).into_iter().filter(|p| !p.event.end).collect();
        assert_eq!(hear(&some), [('7', 80), ('8', 80)]);
    }

    #[test]
    fn a_single_end_packet_is_a_digit() {
        let some: Vec<_> =
            packets(&[('3', 100)]).into_iter().filter(|p| p.event.end).take(1).collect();
        assert_eq!(hear(&some), [('3', 100)]);
    }

    #[test]
    fn duplicates_and_reordering_do_not_make_further_digits() {
        let all = packets(&[('4', 60), ('5', 60)]);
        let doubled: Vec<_> = all.iter().flat_map(|p| [*p, *p]).collect();
        assert_eq!(hear(&doubled), [('4', 60), ('5', 60)]);
        // The last end of the first digit comes after the second has begun.
        let mut late = all.clone();
        let straggler = late.remove(4);
        assert!(straggler.event.end && straggler.timestamp == all[0].timestamp);
        late.insert(6, straggler);
        assert_eq!(hear(&late), [('4', 60), ('5', 60)]);
    }

    #[test]
    fn a_late_end_after_the_silence_is_not_a_second_digit() {
        let all = packets(&[('9', 100)]);
        let (mut receiver, start) = (EventReceiver::default(), Instant::now());
        receiver.receive(all[0].timestamp, all[0].event, start);
        receiver.expire(start + LOST_END);
        assert!(receiver.poll_heard().is_some());
        receiver.receive(all[4].timestamp, all[4].event, start + LOST_END);
        assert_eq!(receiver.poll_heard(), None);
    }

    #[test]
    fn a_long_event_in_segments_is_one_digit() {
        let (mut receiver, now) = (EventReceiver::default(), Instant::now());
        let event = |duration, end| TelephoneEvent { event: 1, end, volume: 0, duration };
        receiver.receive(1000, event(u16::MAX, false), now);
        receiver.receive(1000 + 65_535, event(160, false), now);
        receiver.receive(1000 + 65_535, event(800, true), now);
        assert_eq!(receiver.poll_heard(), Some(Heard { digit: key('1'), duration_ms: 66_335 / 8 }));
        assert_eq!(receiver.poll_heard(), None);
    }

    #[test]
    fn events_that_are_no_keys_are_passed_over_and_short_payloads_refused() {
        let flash = Outgoing {
            marker: true,
            timestamp: 0,
            event: TelephoneEvent { event: 16, end: true, volume: 0, duration: 800 },
        };
        assert_eq!(hear(&[flash]), []);
        assert!(TelephoneEvent::parse(&[1, 2, 3]).is_err());
        assert_eq!(TelephoneEvent::parse(&flash.event.octets()), Ok(flash.event));
    }

    #[test]
    fn the_queue_is_bounded_on_both_sides() {
        let mut sender = EventSender::default();
        let taken = (0..1000).filter(|_| sender.queue(key('1'), 100)).count();
        assert_eq!(taken, limits::DIGITS_QUEUED);
        let (mut receiver, now) = (EventReceiver::default(), Instant::now());
        let event = TelephoneEvent { event: 1, end: true, volume: 0, duration: 800 };
        for n in 0..1000 {
            receiver.receive(n * 1000, event, now);
        }
        assert_eq!(std::iter::from_fn(|| receiver.poll_heard()).count(), limits::DIGITS_QUEUED);
        assert!(receiver.finished.len() <= limits::EVENTS_REMEMBERED);
    }
}
