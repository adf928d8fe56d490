//! On the tab Calls: calls that are over, each to be called back.

use askama::Template;
use control::{CallRequest, LoggedCall, LoggedKind, Payload, Problem, Request};

use crate::app::App;
use crate::phone::unexpected;
use crate::text::Words;

use super::frame::Frame;
use super::status;

#[derive(Template)]
#[template(path = "call_log.html")]
struct Log<'a> {
    w: &'static Words,
    csrf: &'a str,
    calls: Vec<Entry>,
}

struct Entry {
    t: String,
    kind: &'static str,
    mood: &'static str,
    line: u32,
    remote: String,
    name: Option<String>,
    duration_s: u32,
    code: Option<u16>,
}

/// The part of the page.
pub(super) async fn part(app: &App, f: &Frame) -> Result<String, Problem> {
    let payload = app.phone().ask(Request::Call(CallRequest::Log {})).await?;
    let Payload::CallLog(calls) = payload else { return Err(unexpected()) };
    let w = f.words();
    let calls = calls.into_iter().map(|call| entry(w, call)).collect();
    Ok(status::text(&Log { w, csrf: f.csrf(), calls }))
}

fn entry(words: &'static Words, call: LoggedCall) -> Entry {
    let (kind, mood) = match call.kind {
        LoggedKind::Missed => (words.log_missed, "bad"),
        LoggedKind::Received => (words.log_received, "good"),
        LoggedKind::Refused => (words.log_refused, "idle"),
        LoggedKind::Dialled => (words.log_dialled, "idle"),
    };
    Entry {
        t: call.t.to_string(),
        kind,
        mood,
        line: call.line.into(),
        remote: call.remote,
        name: call.name,
        duration_s: call.duration_s,
        code: call.code,
    }
}
