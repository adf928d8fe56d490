//! How a call sounds, as a number that people know: a mean opinion score, estimated from what the
//! network did to the packets.
//!
//! The E-model of ITU-T G.107 with its default values for all that a network does not change, in the
//! simplified form of R. G. Cole and J. H. Rosenbluth, "Voice over IP performance monitoring" (ACM
//! SIGCOMM Computer Communication Review 31(2), 2001). It knows no echo, no noise and no level of the
//! microphone: it is a figure for comparing calls, not a judgement of one.

use std::time::Duration;

/// The rating without any loss or delay: G.107 with all default values.
const BEST: f64 = 93.2;

/// How robust a decoder is against loss, in per cent of packets: G.711 with packet loss concealment,
/// random loss (ITU-T G.113 appendix I).
const ROBUSTNESS: f64 = 25.1;

/// The opinion, 1 (bad) to 4.5 (excellent), of a call that lost this share (0 to 1) of its packets,
/// or got them too late to be played, at this delay from mouth to ear.
#[must_use]
pub fn mean_opinion(lost: f64, delay: Duration) -> f64 {
    opinion(BEST - delay_impairment(delay) - loss_impairment(lost))
}

/// G.107 §7.5: what loss takes off the rating, for a codec that is perfect without.
fn loss_impairment(lost: f64) -> f64 {
    let percent = lost.clamp(0.0, 1.0) * 100.0;
    95.0 * percent / (percent + ROBUSTNESS)
}

/// Cole and Rosenbluth, equation for I_d: beyond 177.3 ms people begin to talk into each other.
fn delay_impairment(delay: Duration) -> f64 {
    let ms = delay.as_secs_f64() * 1000.0;
    0.024 * ms + 0.11 * (ms - 177.3).max(0.0)
}

/// G.107 annex B: the opinion for a rating.
fn opinion(rating: f64) -> f64 {
    if rating <= 0.0 {
        return 1.0;
    }
    let rating = rating.min(100.0);
    // Below a rating of 6.5 the polynomial dips under 1, which no opinion is.
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(percent: f64, ms: u64) -> f64 {
        mean_opinion(percent / 100.0, Duration::from_millis(ms))
    }

    #[test]
    fn known_ratings_have_the_opinions_of_the_recommendation() {
        // G.107 table B.1: the opinions at the borders of its categories.
        for (rating, expected) in
            [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)]
        {
            assert!((opinion(rating) - expected).abs() < 0.01, "{rating}: {}", opinion(rating));
        }
        assert!((at(0.0, 0) - 4.41).abs() < 0.01, "the best that G.711 can be");
    }

    #[test]
    fn more_loss_or_delay_is_never_better() {
        let mut before = f64::INFINITY;
        for tenths in 0..=1000 {
            let now = at(f64::from(tenths) / 10.0, 50);
            assert!(now <= before && (1.0..=4.5).contains(&now), "{tenths}: {now}");
            before = now;
        }
        let mut before = f64::INFINITY;
        for ms in 0..2000 {
            let now = at(1.0, ms);
            assert!(now <= before && (1.0..=4.5).contains(&now), "{ms}: {now}");
            before = now;
        }
    }

    #[test]
    fn a_share_that_is_none_does_no_harm() {
        assert!(at(-5.0, 0) <= 4.5 && at(500.0, 0) >= 1.0);
    }
}
