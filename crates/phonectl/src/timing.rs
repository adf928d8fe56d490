//! `phonectl timing`: how long servers take to answer.

use clap::Args;
use control::{Durations, Request, TimingReport, TimingRequest};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::{Output, heading},
};

#[derive(Args)]
pub(crate) struct Timing {}

impl Timing {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let payload = client.ask(&Request::Timing(TimingRequest {}))?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// Shows them as a table, times in milliseconds.
pub(crate) fn show(report: &TimingReport, output: &mut Output) -> Result<(), Failure> {
    let mut rows = heading(&["WHAT", "COUNT", "MEAN ms", "90 % UP TO ms", "LAST ms"]);
    rows.push(row("registration".to_owned(), &report.registration, None));
    for hop in &report.hops {
        rows.push(row(format!("round trip {}", hop.hop), &hop.round_trip, Some(hop.last_s)));
    }
    output.table(0, &rows)
}

fn row(what: String, durations: &Durations, last_s: Option<f64>) -> Vec<String> {
    let ms = |seconds: f64| format!("{:.1}", seconds * 1000.0);
    let some = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), ms);
    let most = match most(durations) {
        Some(end) if end.is_finite() => ms(end),
        Some(_) => "more".to_owned(),
        None => "-".to_owned(),
    };
    vec![what, durations.count().to_string(), some(durations.mean_s()), most, some(last_s)]
}

/// The end of the bucket in which nine of ten have been counted.
fn most(durations: &Durations) -> Option<f64> {
    let wanted = durations.count().checked_mul(9)?.div_ceil(10);
    let mut counted = 0;
    let ends = durations.up_to_s.iter().copied().chain([f64::INFINITY]);
    ends.zip(&durations.counts).find_map(|(end, count)| {
        counted += count;
        (wanted > 0 && counted >= wanted).then_some(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_lie_below_the_end_that_is_shown() {
        let mut durations = Durations::new(&[0.1, 1.0]);
        assert_eq!(most(&durations), None);
        for seconds in [0.05; 9].into_iter().chain([5.0]) {
            durations.take(seconds);
        }
        assert_eq!(most(&durations), Some(0.1));
        durations.take(5.0);
        assert_eq!(most(&durations), Some(f64::INFINITY));
    }
}
