//! How long servers take to answer, counted since the start of the phone.

use serde::{Deserialize, Serialize};

/// About how long servers take to answer: answered with [`crate::Payload::Timing`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimingRequest {}

/// How long servers take to answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TimingReport {
    /// From the first REGISTER to its 2xx, challenges and steps to other hops included.
    pub registration: Durations,
    /// Each hop that has answered, in order of its name.
    pub hops: Vec<HopTiming>,
}

/// How long one hop takes from a request to the first response to it. Requests that were sent more
/// than once are left out: which of them was answered cannot be told (Karn's rule).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HopTiming {
    /// Transport, address and port.
    pub hop: String,
    /// The latest, seconds.
    pub last_s: f64,
    /// All.
    pub round_trip: Durations,
}

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Durations {
    /// Upper ends of the buckets, seconds, in rising order.
    pub up_to_s: Vec<f64>,
    /// How many fell into each bucket alone; one more than there are ends, for what was longer.
    pub counts: Vec<u64>,
    /// All durations together, seconds.
    pub sum_s: f64,
}

impl Durations {
    /// A histogram with these upper ends and nothing in it.
    #[must_use]
    pub fn new(up_to_s: &[f64]) -> Self {
        Self { up_to_s: up_to_s.to_vec(), counts: vec![0; up_to_s.len() + 1], sum_s: 0.0 }
    }

    /// Takes one more, seconds.
    pub fn take(&mut self, seconds: f64) {
        let bucket = self.up_to_s.partition_point(|end| *end < seconds);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
            self.sum_s += seconds;
        }
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their mean, seconds; `None` of none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a figure to be shown")]
    pub fn mean_s(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum_s / count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_the_bucket_whose_end_it_does_not_pass() {
        let mut durations = Durations::new(&[0.1, 1.0]);
        assert_eq!((durations.count(), durations.mean_s()), (0, None));
        for seconds in [0.05, 0.1, 0.5, 3.0] {
            durations.take(seconds);
        }
        assert_eq!(durations.counts, [2, 1, 1]);
        assert!((durations.mean_s().unwrap() - 3.65 / 4.0).abs() < 1e-9);
    }
}
