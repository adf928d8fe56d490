//! From packets to sound at the pace of the ear: jitter buffer, decoder and concealment joined.
//! Asked for exactly one frame each tick, whatever the length of the sender's packets. Pure; knows
//! neither sockets nor which call is listened to.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::codec::{Codec, Decoder};
use crate::conceal::Concealer;
use crate::jitter::{Arrival, Counters, JitterBuffer, Playout as Next};
use crate::{FRAME_SAMPLES, Frame, SAMPLE_RATE, SILENCE};

/// The receiving half of a call's sound.
pub struct Playout {
    buffer: JitterBuffer,
    decoder: Option<(Codec, Box<dyn Decoder>)>,
    concealer: Concealer,
    ready: VecDeque<i16>,
    concealed: u64,
}

impl fmt::Debug for Playout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playout").field("buffer", &self.buffer).finish_non_exhaustive()
    }
}

impl Default for Playout {
    fn default() -> Self {
        Self {
            buffer: JitterBuffer::new(SAMPLE_RATE),
            decoder: None,
            concealer: Concealer::default(),
            ready: VecDeque::with_capacity(4 * FRAME_SAMPLES),
            concealed: 0,
        }
    }
}

impl Playout {
    /// Takes a packet that arrived at `now`.
    pub fn insert(&mut self, packet: Arrival, now: Instant) {
        self.buffer.insert(packet, now);
    }

    /// The next 20 ms.
    pub fn frame(&mut self, now: Instant) -> Frame {
        while self.ready.len() < FRAME_SAMPLES {
            let mut sound = Vec::with_capacity(FRAME_SAMPLES);
            match self.buffer.pull(now) {
                Next::Play(packet) => {
                    self.decode(&packet, &mut sound);
                    self.concealer.good(&mut sound);
                }
                Next::Shorten(first, second) => {
                    self.decode(&first, &mut sound);
                    let mut later = Vec::with_capacity(FRAME_SAMPLES);
                    self.decode(&second, &mut later);
                    sound = crossfade(&sound, &later);
                    self.concealer.good(&mut sound);
                }
                Next::Conceal(samples) => {
                    sound.resize(samples, 0);
                    self.concealer.fill(&mut sound);
                    self.concealed += samples as u64;
                }
                Next::Idle => {
                    self.concealer.reset();
                    sound.resize(FRAME_SAMPLES - self.ready.len(), 0);
                }
            }
            if sound.is_empty() {
                break;
            }
            self.ready.extend(sound);
        }
        let mut frame = SILENCE;
        for (sample, ready) in
            frame.iter_mut().zip(self.ready.drain(..FRAME_SAMPLES.min(self.ready.len())))
        {
            *sample = ready;
        }
        frame
    }

    /// Another source is heard from now on.
    pub fn reset(&mut self) {
        self.buffer.reset();
        self.decoder = None;
    }

    /// Samples made up so far.
    #[must_use]
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    /// How long the jitter buffer holds sound back.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.buffer.delay()
    }

    /// The jitter buffer's counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.buffer.counters()
    }

    fn decode(&mut self, packet: &Arrival, sound: &mut Vec<i16>) {
        if self.decoder.as_ref().is_none_or(|(codec, _)| *codec != packet.codec) {
            self.decoder = Some((packet.codec, packet.codec.decoder()));
        }
        if let Some((_, decoder)) = &mut self.decoder {
            decoder.decode(&packet.payload, sound);
        }
    }
}

/// Goes from the first sound to the second over the length that they share.
fn crossfade(first: &[i16], second: &[i16]) -> Vec<i16> {
    let shared = first.len().min(second.len());
    let mut out = second.to_vec();
    for (n, (sample, &before)) in out.iter_mut().zip(first).enumerate() {
        let share = (n + 1) as f32 / (shared + 1) as f32;
        *sample = (f32::from(before) + (f32::from(*sample) - f32::from(before)) * share) as i16;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure;

    /// A sender of a 1 kHz tone in packets of `samples`, heard through a network that treats packet
    /// `n` as `fate` says: the delay, or `None` for lost. Ten seconds of what is heard.
    fn hear(samples: usize, fate: impl Fn(u32) -> Option<Duration>) -> (Vec<i16>, Playout) {
        let (mut playout, start) = (Playout::default(), Instant::now());
        let mut encoder = Codec::Pcma.encoder();
        let mut wire: Vec<(Instant, Arrival)> = (0..80_000 / samples as u32)
            .filter_map(|n| {
                let from = n * samples as u32;
                let tone: Vec<i16> = (from..from + samples as u32)
                    .map(|s| (8000.0 * (f64::from(s) / 8.0 * std::f64::consts::TAU).sin()) as i16)
                    .collect();
                let mut payload = Vec::new();
                encoder.encode(&tone, &mut payload);
                let sent = start + Duration::from_micros(u64::from(from) * 125);
                let timestamp = from.wrapping_sub(40_000);
                Some((sent + fate(n)?, Arrival { timestamp, codec: Codec::Pcma, payload }))
            })
            .collect();
        wire.sort_by_key(|(at, _)| *at);
        let mut wire = wire.into_iter().peekable();
        let mut heard = Vec::new();
        for tick in 0..500u32 {
            let now = start + tick * crate::FRAME_TIME + Duration::from_millis(3);
            while let Some((at, packet)) = wire.next_if(|(at, _)| *at <= now) {
                playout.insert(packet, at);
            }
            heard.extend(playout.frame(now));
        }
        (heard, playout)
    }

    #[test]
    fn a_clean_network_is_heard_unbroken_for_any_packet_length() {
        for samples in [80, 160, 240, 320, 480] {
            let (heard, playout) = hear(samples, |_| Some(Duration::from_millis(10)));
            let tail = &heard[4000..79_000];
            assert!(measure::tone_level(tail, 1000.0) > -12.5, "{samples}");
            assert!(
                (measure::level(tail) - measure::tone_level(tail, 1000.0)).abs() < 0.1,
                "{samples}"
            );
            assert_eq!(playout.concealed(), 0, "{samples}");
        }
    }

    #[test]
    fn five_percent_loss_hardly_lowers_the_tone() {
        let (heard, playout) = hear(160, |n| (n % 20 != 7).then_some(Duration::from_millis(10)));
        let tone = measure::tone_level(&heard[4000..], 1000.0);
        assert!(tone > -13.5, "{tone}");
        assert_eq!(playout.concealed(), 25 * 160);
    }

    #[test]
    fn jitter_of_60_ms_is_evened_out_after_the_first_second() {
        let (heard, playout) = hear(160, |n| {
            Some(Duration::from_millis(u64::from(n.wrapping_mul(2_654_435_761) >> 16) % 61))
        });
        let tail = &heard[16_000..];
        let (tone, all) = (measure::tone_level(tail, 1000.0), measure::level(tail));
        assert!(tone > -12.6 && (all - tone).abs() < 0.3, "{tone} {all}");
        assert!(playout.counters().late + playout.concealed() / 160 < 12, "{playout:?}");
    }

    #[test]
    fn nothing_received_is_silence() {
        let (heard, playout) = hear(160, |_| None);
        assert!(heard.iter().all(|&sample| sample == 0));
        assert_eq!(playout.concealed(), 0);
    }
}
