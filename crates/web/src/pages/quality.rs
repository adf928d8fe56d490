//! How a call sounds, drawn: the opinion as a bar, loss and jitter as figures, and the last minutes
//! interval by interval.

use askama::Template;
use control::CallQuality;

use crate::limits;
use crate::text::Words;

/// Opinions from which on a call is good, and from which on it is bearable (ITU-T G.107 annex B:
/// nearly all are satisfied, many are not).
const GOOD: f64 = 4.0;
const FAIR: f64 = 3.1;
/// Opinions at the ends of the bar.
const ENDS: (f64, f64) = (1.0, 4.5);
/// Pixels that the best interval is high.
const HEIGHT: f64 = 36.0;

#[derive(Template)]
#[template(path = "quality.html")]
struct Drawn {
    w: &'static Words,
    mos: String,
    mood: &'static str,
    /// Per cent of the bar.
    width: f64,
    loss: String,
    jitter: String,
    trip: Option<String>,
    far_loss: Option<String>,
    bars: Vec<Bar>,
}

/// One interval; across in per cent, down in pixels.
struct Bar {
    x: f64,
    width: f64,
    y: f64,
    height: f64,
    class: &'static str,
    title: String,
}

/// The quality as a part of a page.
pub(super) fn draw<'a>(
    words: &'static Words,
    quality: &CallQuality,
    intervals: impl Iterator<Item = &'a CallQuality>,
) -> String {
    super::status::text(&Drawn {
        w: words,
        mos: opinion(quality.mos),
        mood: mood(quality.mos),
        width: quality.mos.map_or(0.0, |mos| round(share(mos) * 100.0)),
        loss: format!("{:.1} %", quality.loss_percent),
        jitter: format!("{:.0} ms", quality.jitter_ms),
        trip: quality.round_trip_ms.map(|ms| format!("{ms:.0} ms")),
        far_loss: quality.far_loss_percent.map(|percent| format!("{percent:.1} %")),
        bars: bars(words, intervals),
    })
}

fn bars<'a>(words: &Words, intervals: impl Iterator<Item = &'a CallQuality>) -> Vec<Bar> {
    let width = 100.0 / f64::from(u32::try_from(limits::SOUNDED.1).unwrap_or(u32::MAX));
    let bar = |(n, interval): (u32, &CallQuality)| {
        // An interval without an opinion has a bar too: nothing came.
        let height = round(interval.recent_mos.map_or(0.05, share).max(0.05) * HEIGHT);
        Bar {
            x: round(f64::from(n) * width),
            width: round(width * 0.8),
            y: round(HEIGHT - height),
            height,
            class: mood(interval.recent_mos),
            title: format!(
                "{} {}, {} {:.1} %, {} {:.0} ms",
                words.mos,
                opinion(interval.recent_mos),
                words.loss,
                interval.recent_loss_percent,
                words.jitter,
                interval.jitter_ms
            ),
        }
    };
    (0..).zip(intervals).map(bar).collect()
}

fn opinion(mos: Option<f64>) -> String {
    mos.map_or_else(|| "–".to_owned(), |mos| format!("{mos:.1}"))
}

fn share(mos: f64) -> f64 {
    ((mos - ENDS.0) / (ENDS.1 - ENDS.0)).clamp(0.0, 1.0)
}

fn mood(mos: Option<f64>) -> &'static str {
    match mos {
        Some(mos) if mos >= GOOD => "good",
        Some(mos) if mos >= FAIR => "warn",
        Some(_) => "bad",
        None => "idle",
    }
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    fn quality(mos: Option<f64>) -> CallQuality {
        CallQuality { mos, recent_mos: mos, loss_percent: 2.34, ..CallQuality::default() }
    }

    #[test]
    fn the_worse_it_sounds_the_shorter_the_bar_f9() {
        let words = Language::En.words();
        let intervals = [quality(Some(4.4)), quality(Some(3.5)), quality(Some(1.0)), quality(None)];
        let bars = bars(words, intervals.iter());
        let classes: Vec<_> = bars.iter().map(|bar| bar.class).collect();
        assert_eq!(classes, ["good", "warn", "bad", "idle"]);
        assert!(bars.windows(2).all(|two| two[0].height >= two[1].height && two[0].x < two[1].x));
        assert!(bars.iter().all(|bar| (bar.y + bar.height - HEIGHT).abs() < 0.02));
        let drawn = draw(words, &quality(Some(2.75)), intervals.iter());
        assert!(drawn.contains("50%") && drawn.contains("2.3 %"), "{drawn}");
    }

    #[test]
    fn a_call_that_has_just_begun_has_no_opinion_yet_f9() {
        let drawn = draw(Language::Zh.words(), &quality(None), [].iter());
        assert!(drawn.contains("–") && !drawn.contains("class=\"spark\""), "{drawn}");
    }
}
