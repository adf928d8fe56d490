//! The load over time as a picture: one panel for each time that the fleet comes to a server,
//! REGISTERs in each second against what an even arrival over the settings' window would be.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Episode, Fleet, Sums, Verdict};

const WIDTH: f64 = 720.0;
const PANEL: f64 = 170.0;
const PLOT: (f64, f64, f64, f64) = (70.0, 34.0, 620.0, 100.0);
const TOP: f64 = 34.0;

/// The picture, as an SVG document.
#[must_use]
pub fn svg(fleet: &Fleet, sums: &Sums, verdict: &Verdict) -> String {
    let count = f64::from(u32::try_from(verdict.episodes.len()).unwrap_or(u32::MAX));
    let height = TOP + PANEL * count;
    let policy = &fleet.policy;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"14\">{} phones, seed {}: start spread {} s, keep-alive \
         {} s − {} %, failback {} s ± {} %</text>\n",
        fleet.phones,
        fleet.seed,
        policy.boot_spread.as_secs(),
        policy.keep_alive.map_or(0, |interval| interval.as_secs()),
        policy.keep_alive_spread,
        policy.failback_interval.as_secs(),
        policy.failback_jitter,
    );
    let mut top = TOP;
    for episode in &verdict.episodes {
        panel(&mut out, sums, episode, top);
        top += PANEL;
    }
    out.push_str("</svg>\n");
    out
}

fn panel(out: &mut String, sums: &Sums, episode: &Episode, top: f64) {
    let (x, y, width, height) = PLOT;
    let (bins, shown) = shown(sums, episode);
    let highest = bins.iter().copied().max().unwrap_or(0).max(1) as f64;
    let highest = highest.max(episode.mean()) * 1.05;
    let seconds = f64::from(u32::try_from(bins.len()).unwrap_or(u32::MAX)).max(1.0);
    let y_of = |rate: f64| top + y + height * (1.0 - rate / highest);
    let bottom = top + y + height;
    let _infallible = write!(
        out,
        "<text x=\"{x}\" y=\"{:.0}\">{}: {} REGISTERs, busiest second {}, {:.1} a second if even \
         over {} s</text>\n<path fill=\"#3b6ea8\" d=\"M{x} {bottom:.1}",
        top + y - 12.0,
        episode.name,
        episode.total,
        episode.peak,
        episode.mean(),
        episode.window.as_secs(),
    );
    for count in bins {
        let _infallible = write!(out, "V{:.1}h{:.2}", y_of(*count as f64), width / seconds);
    }
    let ideal = y_of(episode.mean());
    let ideal_width = width * (episode.window.as_secs_f64() / seconds).min(1.0);
    let _infallible = write!(
        out,
        "V{bottom:.1}z\"/>\n<path stroke=\"#c03a2b\" stroke-dasharray=\"5 3\" fill=\"none\" \
         d=\"M{x:.1} {ideal:.1}h{ideal_width:.1}\"/>\n\
         <path stroke=\"#444\" fill=\"none\" d=\"M{x} {:.1}V{bottom:.1}h{width}\"/>\n\
         <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{:.0}/s</text>\n\
         <text x=\"{x}\" y=\"{:.0}\">{} s</text>\n\
         <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{} s</text>\n",
        top + y,
        x - 6.0,
        top + y + 10.0,
        highest / 1.05,
        bottom + 15.0,
        shown.0.as_secs(),
        x + width,
        bottom + 15.0,
        shown.1.as_secs(),
    );
}

/// The seconds worth showing: from a little before the first REGISTER, or the episode's beginning
/// where its window begins there, to a little after the last.
fn shown<'a>(sums: &'a Sums, episode: &Episode) -> (&'a [u64], (Duration, Duration)) {
    let all = sums.registers(episode.hop, episode.from, episode.to);
    let first = all.iter().position(|count| *count > 0).unwrap_or(0).saturating_sub(1);
    let last = all.iter().rposition(|count| *count > 0).map_or(all.len(), |last| last + 2);
    let least = usize::try_from(episode.window.as_secs()).unwrap_or(usize::MAX);
    let last = last.max(first.saturating_add(least).saturating_add(1)).min(all.len());
    let seconds = |at: usize| Duration::from_secs(u64::try_from(at).unwrap_or(u64::MAX));
    let from = episode.from + seconds(first);
    (all.get(first..last).unwrap_or_default(), (from, episode.from + seconds(last)))
}
