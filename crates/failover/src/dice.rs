//! The machine's only randomness: shares of a wait, from one seed.
//!
//! It spreads the load of a fleet (requirement F6) and decides nothing else. Where nothing is to
//! be spread it draws nothing, so that a policy without spread makes the machine deterministic.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Seeded and clonable. It is the place in the generator's stream, not the generator, which is
/// twenty times as large: a draw is rare, lines are many.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    seed: u64,
    drawn: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    fn next_u32(&mut self) -> u32 {
        let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
        stream.set_word_pos(u128::from(self.drawn));
        self.drawn = self.drawn.wrapping_add(1);
        stream.next_u32()
    }

    /// Evenly between the two, in microseconds; `from` if there is nothing between.
    pub(crate) fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from).as_micros();
        let Ok(span) = u64::try_from(span) else { return from };
        if span == 0 {
            return from;
        }
        // The top 32 bits scale the span; the bias is far below a microsecond of any wait here.
        let share = u128::from(self.next_u32());
        let part = (u128::from(span) * share) >> 32;
        from + Duration::from_micros(u64::try_from(part).unwrap_or(span))
    }

    /// The wait shortened by a random part of up to so many per cent.
    pub(crate) fn shortened(&mut self, wait: Duration, percent: u8) -> Duration {
        self.between(wait * (100 - u32::from(percent.min(100))) / 100, wait)
    }

    /// The wait shortened or lengthened by up to so many per cent.
    pub(crate) fn around(&mut self, wait: Duration, percent: u8) -> Duration {
        let percent = u32::from(percent.min(100));
        self.between(wait * (100 - percent) / 100, wait * (100 + percent) / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_in_their_range_and_use_all_of_it() {
        let mut dice = Dice::new(1);
        let wait = Duration::from_secs(100);
        let drawn: Vec<Duration> = (0..500).map(|_| dice.around(wait, 10)).collect();
        let (least, most) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
        assert!((90..=91).contains(&least.as_secs()), "{least:?}");
        assert!((109..=110).contains(&most.as_secs()), "{most:?}");
        assert!((0..500).all(|_| dice.shortened(wait, 50) >= wait / 2));
    }

    /// A draw goes on where the one before it ended.
    #[test]
    fn draws_are_those_of_one_stream_from_the_seed() {
        let mut stream = ChaCha8Rng::seed_from_u64(7);
        let mut dice = Dice::new(7);
        for _ in 0..100 {
            assert_eq!(dice.next_u32(), stream.next_u32());
        }
    }

    #[test]
    fn without_spread_nothing_is_drawn() {
        let mut dice = Dice::new(1);
        let wait = Duration::from_secs(30);
        assert_eq!(dice.shortened(wait, 0), wait);
        assert_eq!(dice.around(wait, 0), wait);
        let mut fresh = Dice::new(1);
        assert_eq!(dice.shortened(wait, 50), fresh.shortened(wait, 50));
    }
}
