//! What a link does to one datagram, as numbers. It knows neither addresses nor queues; it only
//! draws, from the generator it is given, whether a datagram is lost or doubled and how long it
//! takes.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// One direction of a link. Chances are per mille (0…1000); times are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The least time a datagram takes.
    pub delay: Duration,
    /// The most that is added to it, drawn evenly. Jitter alone keeps the order of a pair.
    pub jitter: Duration,
    /// Chance of a loss, per mille.
    pub loss: u16,
    /// Chance that a second copy is sent, per mille. Each copy may be lost on its own.
    pub duplicate: u16,
    /// Chance that a datagram is overtaken by those after it, per mille.
    pub reorder: u16,
    /// How long an overtaken datagram stays behind.
    pub reorder_by: Duration,
}

impl Link {
    /// A perfect link of no delay at all.
    pub const PERFECT: Self = Self::delayed(Duration::ZERO);

    /// A perfect link that takes `delay` each way.
    #[must_use]
    pub const fn delayed(delay: Duration) -> Self {
        Self {
            delay,
            jitter: Duration::ZERO,
            loss: 0,
            duplicate: 0,
            reorder: 0,
            reorder_by: Duration::ZERO,
        }
    }

    /// The longest that a datagram can be on this link when nothing is queued before it.
    #[must_use]
    pub fn worst(&self) -> Duration {
        self.delay + self.jitter + if self.reorder > 0 { self.reorder_by } else { Duration::ZERO }
    }

    /// Draws what becomes of one copy: `None` if it is lost.
    pub(crate) fn transit(&self, rng: &mut ChaCha8Rng) -> Option<Transit> {
        if chance(rng, self.loss) {
            return None;
        }
        let time = self.delay + up_to(rng, self.jitter);
        Some(if chance(rng, self.reorder) {
            Transit { time: time + self.reorder_by, in_order: false }
        } else {
            Transit { time, in_order: true }
        })
    }

    /// Draws whether a second copy is sent.
    pub(crate) fn doubles(&self, rng: &mut ChaCha8Rng) -> bool {
        chance(rng, self.duplicate)
    }
}

/// How one copy crosses the link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transit {
    pub(crate) time: Duration,
    /// False for a datagram that later ones may overtake.
    pub(crate) in_order: bool,
}

fn chance(rng: &mut ChaCha8Rng, per_mille: u16) -> bool {
    per_mille > 0 && rng.next_u32() % 1_000 < u32::from(per_mille)
}

/// An even draw from zero to `most`, in whole microseconds.
fn up_to(rng: &mut ChaCha8Rng, most: Duration) -> Duration {
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX - 1);
    if micros == 0 {
        return Duration::ZERO;
    }
    Duration::from_micros(rng.next_u64() % (micros + 1))
}
