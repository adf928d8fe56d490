//! Histograms that the phone itself has counted, as Prometheus takes them.

use std::fmt;

use control::Durations;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

/// One histogram for each set of labels.
#[derive(Debug)]
pub(crate) struct Counted(pub(crate) Vec<(Vec<(&'static str, String)>, Durations)>);

impl EncodeMetric for Counted {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (labels, durations) in &self.0 {
            if labels.is_empty() {
                histogram(&mut encoder, durations)?;
            } else {
                histogram(&mut encoder.encode_family(labels)?, durations)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

fn histogram(encoder: &mut MetricEncoder<'_>, durations: &Durations) -> fmt::Result {
    let ends = durations.up_to_s.iter().copied().chain([f64::INFINITY]);
    // One that nothing was counted in yet may have no counts at all.
    let counts = durations.counts.iter().copied().chain(std::iter::repeat(0));
    let buckets: Vec<(f64, u64)> = ends.zip(counts).collect();
    let (sum, count) = (durations.sum_s, durations.count());
    encoder.encode_histogram::<Vec<(String, String)>>(sum, count, &buckets, None)
}
