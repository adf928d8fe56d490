//! The timeline: for each line a band for each hop, filled while the line used it, with marks for
//! failovers, failbacks and requests that found no server, and a band for calls.
//!
//! Drawn here and not in the browser, so that it is there without a script. Positions are per cent
//! of the width: it fits every screen without the text being scaled.

use std::collections::BTreeMap;

use askama::Template;
use control::{AccountStatus, Event, Notification, Timestamp};

use crate::history::{History, Stood};
use crate::text::Words;

/// How much is shown: as much as was seen, within these bounds.
const SPAN_MS: (i64, i64) = (300_000, 3_600_000);
/// Pixels: the height of a band, and of the scale above the bands.
const BAND: usize = 26;
const SCALE: usize = 22;

#[derive(Template)]
#[template(path = "timeline.html")]
pub(super) struct Timeline {
    w: &'static Words,
    lines: Vec<Line>,
}

struct Line {
    line: u32,
    aor: String,
    height: usize,
    bands: Vec<Band>,
    fills: Vec<Fill>,
    marks: Vec<Mark>,
    ticks: Vec<Tick>,
    /// The same in words, for who cannot see it.
    summary: String,
}

/// A row with its name.
struct Band {
    y: usize,
    name: String,
}

struct Fill {
    x: f64,
    width: f64,
    y: usize,
    class: &'static str,
    title: String,
}

struct Mark {
    x: f64,
    y: usize,
    class: &'static str,
    title: String,
}

struct Tick {
    x: f64,
    t: String,
    text: String,
    anchor: &'static str,
}

/// Places times on the width.
#[derive(Clone, Copy)]
struct Axis {
    from: i64,
    span: i64,
}

impl Axis {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of an hour are exact")]
    fn x(self, t: Timestamp) -> f64 {
        let x = (t.unix_ms() - self.from) as f64 * 100.0 / self.span as f64;
        (x.clamp(0.0, 100.0) * 1000.0).round() / 1000.0
    }

    fn has(self, t: Timestamp) -> bool {
        t.unix_ms() >= self.from
    }
}

impl Timeline {
    pub(super) fn of(
        words: &'static Words,
        accounts: &[AccountStatus],
        history: &History,
        journal: &[Notification],
        now: Timestamp,
    ) -> Self {
        let first = history.stood().map(|stood| stood.t).min().unwrap_or(now);
        let span = (now.unix_ms() - first.unix_ms()).clamp(SPAN_MS.0, SPAN_MS.1);
        let axis = Axis { from: now.unix_ms() - span, span };
        let line = |account| Line::of(words, account, history, journal, axis, now);
        Self { w: words, lines: accounts.iter().map(line).collect() }
    }
}

impl Line {
    fn of(
        words: &'static Words,
        account: &AccountStatus,
        history: &History,
        journal: &[Notification],
        axis: Axis,
        now: Timestamp,
    ) -> Self {
        let line = u32::from(account.line);
        let rows: BTreeMap<&str, usize> = (account.hops.iter().enumerate())
            .map(|(row, hop)| (hop.hop.as_str(), SCALE + row * BAND))
            .collect();
        let calls_y = SCALE + account.hops.len() * BAND;
        let mut bands: Vec<Band> = (account.hops.iter())
            .map(|hop| {
                let name = format!("{} · {}", super::status::server(words, hop.server), hop.hop);
                Band { y: rows.get(hop.hop.as_str()).copied().unwrap_or(SCALE), name }
            })
            .collect();
        bands.push(Band { y: calls_y, name: words.calls.to_owned() });
        let mut fills = used(words, line, &rows, history, axis, now);
        for call in history.talked().filter(|call| call.line == line) {
            let until = call.until.unwrap_or(now);
            if axis.has(until) {
                let title = format!("{}: {}", words.legend_call, call.remote);
                fills.push(fill(axis, call.from, until, calls_y, "call", title));
            }
        }
        let of_line =
            journal.iter().filter(|entry| entry.event.line().map(u32::from) == Some(line));
        let marks: Vec<Mark> = of_line
            .filter(|entry| axis.has(entry.t))
            .filter_map(|entry| mark(words, entry, &rows, axis))
            .collect();
        let summary = format!("{}: {}", account.aor, summary(words, &marks));
        let height = calls_y + BAND;
        let aor = account.aor.clone();
        Self { line, aor, height, bands, fills, marks, ticks: ticks(axis, now), summary }
    }
}

/// When the line used which hop.
fn used(
    words: &Words,
    line: u32,
    rows: &BTreeMap<&str, usize>,
    history: &History,
    axis: Axis,
    now: Timestamp,
) -> Vec<Fill> {
    let stood: Vec<&Stood> = history.stood().filter(|stood| stood.line == line).collect();
    let ends = stood.iter().skip(1).map(|stood| stood.t).chain([now]);
    let mut fills = Vec::new();
    for (stood, until) in stood.iter().zip(ends).filter(|(_, until)| axis.has(*until)) {
        let hop = stood.hop.as_deref().unwrap_or_default();
        let (class, name) = match (stood.registered, stood.on_primary) {
            (true, true) => ("primary", words.legend_primary),
            (true, false) => ("backup", words.legend_backup),
            (false, _) => ("out", words.legend_out),
        };
        // A line that is out is out at every hop; the first row shows it.
        let row = if stood.registered { rows.get(hop).copied() } else { Some(SCALE) };
        if let Some(y) = row {
            fills.push(fill(axis, stood.t, until, y, class, format!("{name} {hop}")));
        }
    }
    fills
}

fn fill(
    axis: Axis,
    from: Timestamp,
    until: Timestamp,
    y: usize,
    class: &'static str,
    title: String,
) -> Fill {
    let x = axis.x(from);
    // Even the shortest time is seen.
    let width = (axis.x(until) - x).max(0.15);
    Fill { x, width: (width * 1000.0).round() / 1000.0, y, class, title }
}

fn mark(
    words: &Words,
    entry: &Notification,
    rows: &BTreeMap<&str, usize>,
    axis: Axis,
) -> Option<Mark> {
    let row = |hop: &str| rows.get(hop).copied().unwrap_or(SCALE) + BAND / 2;
    let (class, y, title) = match &entry.event {
        Event::Failover(step) => {
            let cause = words.said(&step.cause, &step.cause_zh);
            let title = format!(
                "{}: {} → {}, {}, {} ms ({})",
                words.legend_failover,
                step.from,
                step.to,
                cause.text(),
                step.elapsed_ms,
                step.method
            );
            ("failover", row(&step.to), title)
        }
        Event::Failback(step) => {
            let cause = words.said(&step.cause, &step.cause_zh);
            let (what, cause) = (words.legend_failback, cause.text());
            let title = format!("{what}: {} → {}, {cause}", step.from, step.to);
            ("failback", row(&step.to), title)
        }
        Event::Unavailable(unreached) => {
            let cause = words.said(&unreached.cause, &unreached.cause_zh);
            let what = words.legend_unavailable;
            let title = format!("{what}: {} ({})", cause.text(), unreached.method);
            ("unavailable", SCALE + BAND / 2, title)
        }
        Event::Registration(_)
        | Event::Call(_)
        | Event::Quality(_)
        | Event::Redundancy { .. }
        | Event::Drill(_)
        | Event::Config { .. }
        | Event::Audio(_)
        | Event::Network { .. } => return None,
    };
    Some(Mark { x: axis.x(entry.t), y, class, title })
}

fn summary(words: &Words, marks: &[Mark]) -> String {
    let count = |class: &str| marks.iter().filter(|mark| mark.class == class).count();
    let kinds = [
        (words.legend_failover, count("failover")),
        (words.legend_failback, count("failback")),
        (words.legend_unavailable, count("unavailable")),
    ];
    kinds.map(|(name, count)| format!("{name} {count}")).join(", ")
}

/// Every quarter of the span, the last one now.
fn ticks(axis: Axis, now: Timestamp) -> Vec<Tick> {
    let tick = |quarter: i64| {
        let t = Timestamp::from_unix_ms(axis.from + quarter * axis.span / 4);
        let text = t.to_string();
        let anchor = match quarter {
            0 => "start",
            4 => "end",
            _ => "middle",
        };
        Tick {
            x: axis.x(t),
            text: text.get(11..16).unwrap_or_default().to_owned(),
            t: text,
            anchor,
        }
    };
    let first = tick(0);
    let last = Tick { t: now.to_string(), ..tick(4) };
    [first].into_iter().chain((1..4).map(tick)).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use control::{AccountState, HopState, HopStatus, Move, Server};

    use super::*;
    use crate::text::Language;

    const PRIMARY: &str = "udp:10.0.0.1:5060";
    const BACKUP: &str = "udp:10.0.0.2:5060";

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_unix_ms(1_800_000_000_000 + minute * 60_000)
    }

    fn account(t: Timestamp, state: AccountState, hop: Option<&str>) -> AccountStatus {
        let hop_of = |hop: &str, server| HopStatus {
            hop: hop.into(),
            server,
            state: HopState::Available,
            cause: None,
            cause_zh: String::new(),
            since: t,
        };
        AccountStatus {
            line: 1,
            aor: "sip:1001@example.test".into(),
            state,
            hop: hop.map(Into::into),
            on_primary: hop == Some(PRIMARY),
            since: t,
            expires_in_s: None,
            hops: vec![hop_of(PRIMARY, Server::Proxy), hop_of(BACKUP, Server::BackupProxy)],
            note: None,
            note_zh: String::new(),
        }
    }

    #[test]
    fn a_failover_is_drawn_where_and_when_it_happened() {
        let mut history = History::default();
        let registered = |minute, hop| {
            let event =
                Event::Registration(account(at(minute), AccountState::Registered, Some(hop)));
            Notification { t: at(minute), mono_ms: 0.0, event }
        };
        history.take(&registered(0, PRIMARY));
        history.take(&registered(30, BACKUP));
        let event = Event::Failover(Move {
            line: 1,
            method: "REGISTER".into(),
            from: PRIMARY.into(),
            to: BACKUP.into(),
            cause: "no answer".into(),
            cause_zh: String::new(),
            attempts: 3,
            elapsed_ms: 3500.2,
        });
        let journal = [Notification { t: at(30), mono_ms: 0.0, event }];
        let now = account(at(30), AccountState::Registered, Some(BACKUP));
        let drawn = Timeline::of(Language::En.words(), &[now], &history, &journal, at(60));
        let line = &drawn.lines[0];
        let fills: Vec<_> = line.fills.iter().map(|f| (f.class, f.x, f.width, f.y)).collect();
        let (first, second) = (SCALE, SCALE + BAND);
        assert_eq!(fills, [("primary", 0.0, 50.0, first), ("backup", 50.0, 50.0, second)]);
        assert_eq!((line.marks[0].class, line.marks[0].x), ("failover", 50.0));
        assert!(line.marks[0].title.contains("no answer, 3500.2 ms (REGISTER)"));
        assert!(line.summary.ends_with("failover 1, failback 0, no server served 0"));
        assert!(drawn.render().unwrap().contains("<svg"));
    }

    #[test]
    fn a_phone_that_has_just_started_is_shown_in_minutes() {
        let mut history = History::default();
        let event = Event::Registration(account(at(58), AccountState::Registered, Some(PRIMARY)));
        history.take(&Notification { t: at(58), mono_ms: 0.0, event });
        let now = account(at(58), AccountState::Registered, Some(PRIMARY));
        let drawn = Timeline::of(Language::En.words(), &[now], &history, &[], at(60));
        let fill = &drawn.lines[0].fills[0];
        assert_eq!((fill.x, fill.width), (60.0, 40.0));
    }

    #[test]
    fn what_is_older_than_the_span_is_cut_off() {
        let mut history = History::default();
        let event = Event::Registration(account(at(-600), AccountState::Failed, None));
        history.take(&Notification { t: at(-600), mono_ms: 0.0, event });
        let now = account(at(0), AccountState::Failed, None);
        let drawn = Timeline::of(Language::En.words(), &[now], &history, &[], at(60));
        let fills = &drawn.lines[0].fills;
        assert_eq!((fills[0].class, fills[0].x, fills[0].width), ("out", 0.0, 100.0));
    }
}
