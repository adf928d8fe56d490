//! On the tab Calls: calls that are over, each to be called back.

use std::collections::BTreeSet;

use askama::Template;
use control::{CallRequest, LoggedCall, LoggedKind, Payload, Problem, Request, TraceRequest};

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
    cut_off: bool,
    /// The Call-ID of its messages, where the trace still has any.
    traced: Option<String>,
}

/// The part of the page.
pub(super) async fn part(app: &App, f: &Frame) -> Result<String, Problem> {
    let payload = app.phone().ask(Request::Call(CallRequest::Log {})).await?;
    let Payload::CallLog(calls) = payload else { return Err(unexpected()) };
    let w = f.words();
    let traced = if f.is_admin() { traced(app).await? } else { BTreeSet::new() };
    let calls = calls.into_iter().map(|call| entry(w, call, &traced)).collect();
    Ok(status::text(&Log { w, csrf: f.csrf(), calls }))
}

/// The Call-IDs of what is recorded; the trace is for administrators.
async fn traced(app: &App) -> Result<BTreeSet<String>, Problem> {
    let latest = TraceRequest::Show { line: None, call_id: None, since: None, last: Some(1) };
    let Payload::Trace(report) = app.phone().ask(Request::Trace(latest)).await? else {
        return Err(unexpected());
    };
    Ok(report.dialogs.into_iter().map(|dialog| dialog.call_id).collect())
}

fn entry(words: &'static Words, call: LoggedCall, traced: &BTreeSet<String>) -> Entry {
    let (kind, mood) = match call.kind {
        LoggedKind::Missed => (words.log_missed, "bad"),
        LoggedKind::Received => (words.log_received, "good"),
        LoggedKind::Refused => (words.log_refused, "idle"),
        LoggedKind::Elsewhere => (words.log_elsewhere, "idle"),
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
        cut_off: call.cut_off,
        traced: Some(call.call_id).filter(|call_id| traced.contains(call_id)),
    }
}
