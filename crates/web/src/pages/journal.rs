//! Tab Journal: what happened to the servers, why, and what it cost; the newest first.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use control::{Event, Notification};

use crate::app::App;
use crate::text::{Spoken, Words};

use super::caller::Member;
use super::frame::{Frame, Tab, Trouble, page};

#[derive(Template)]
#[template(path = "journal.html")]
struct JournalPage {
    f: Frame,
    entries: Vec<Entry>,
}

#[derive(Default)]
struct Entry {
    t: String,
    line: String,
    kind: &'static str,
    mood: &'static str,
    method: String,
    way: String,
    cause: Spoken,
    attempts: String,
    took: String,
}

/// The page.
pub(super) async fn show(State(app): State<App>, member: Member) -> Response {
    let f = Frame::of_member(&member, Tab::Journal);
    match app.phone().journal().await {
        Ok(entries) => {
            let words = f.words();
            let entries = entries.iter().rev().map(|entry| show_entry(words, entry)).collect();
            page(&JournalPage { f, entries })
        }
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

fn show_entry(words: &'static Words, entry: &Notification) -> Entry {
    let line = entry.event.line().map(|line| line.to_string()).unwrap_or_default();
    let base = Entry { t: entry.t.to_string(), line, ..Entry::default() };
    match &entry.event {
        Event::Failover(step) | Event::Failback(step) => {
            let (kind, mood) = if matches!(entry.event, Event::Failover(_)) {
                (words.event_failover, "warn")
            } else {
                (words.event_failback, "good")
            };
            Entry {
                kind,
                mood,
                method: step.method.clone(),
                way: format!("{} → {}", step.from, step.to),
                cause: words.said(&step.cause, &step.cause_zh),
                attempts: step.attempts.to_string(),
                took: format!("{:.1}", step.elapsed_ms),
                ..base
            }
        }
        Event::Unavailable(unreached) => Entry {
            kind: words.event_unavailable,
            mood: "bad",
            method: unreached.method.clone(),
            cause: words.said(&unreached.cause, &unreached.cause_zh),
            ..base
        },
        Event::Redundancy { left, .. } => Entry {
            kind: if *left { words.event_redundant } else { words.event_bare },
            mood: if *left { "good" } else { "warn" },
            ..base
        },
        Event::Drill(drill) => Entry {
            kind: words.drill,
            mood: "idle",
            way: drill
                .to
                .as_ref()
                .map_or_else(|| drill.hop.clone(), |to| format!("{} → {to}", drill.hop)),
            cause: Spoken::own(words.language(), super::drill::state(words, drill.state)),
            took: drill.outage_ms.map(|ms| format!("{ms:.1}")).unwrap_or_default(),
            ..base
        },
        Event::Registration(_)
        | Event::Call(_)
        | Event::Quality(_)
        | Event::Config { .. }
        | Event::Audio(_)
        | Event::Network { .. } => Entry { kind: words.event_other, mood: "idle", ..base },
    }
}
