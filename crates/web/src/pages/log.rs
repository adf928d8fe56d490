//! The service log behind the tab System: the latest lines by level, and as a text.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use control::{LogLevel, LogLine, LogReport, Payload, Problem, Request, SystemRequest};
use serde::Deserialize;

use crate::app::App;
use crate::phone::unexpected;
use crate::text::LogWords;

use super::caller::Admin;
use super::frame::{Frame, Tab, Trouble, page};

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    f: Frame,
    l: &'static LogWords,
    /// Value, label and whether it is chosen.
    levels: Vec<(&'static str, &'static str, bool)>,
    level: &'static str,
    /// The latest first, each with its level in words and its colour.
    lines: Vec<(LogLine, &'static str, &'static str)>,
    forgotten: u64,
}

/// What is wanted of the log.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    /// A level's word; anything else is all levels.
    #[serde(default)]
    level: String,
}

impl Wanted {
    fn level(&self) -> Option<LogLevel> {
        LogLevel::ALL.into_iter().find(|level| level.word() == self.level)
    }
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
    Admin(member): Admin,
) -> Response {
    let level = wanted.level();
    match read(&app, level).await {
        Ok(report) => {
            let l = member.language.log();
            let lines = report.lines.into_iter().rev().map(|line| {
                let (word, mood) = said(l, line.level);
                (line, word, mood)
            });
            page(&LogPage {
                f: Frame::of_member(&member, Tab::System),
                l,
                levels: levels(l, level),
                level: level.map_or("", LogLevel::word),
                lines: lines.collect(),
                forgotten: report.forgotten,
            })
        }
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

/// The same as a text, the oldest line first.
pub(super) async fn download(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
    Admin(member): Admin,
) -> Response {
    match read(&app, wanted.level()).await {
        Ok(report) => {
            let lines = report.lines.iter().map(|LogLine { t, level, target, text }| {
                format!("{t} {:>5} {target}: {text}\n", level.word().to_uppercase())
            });
            let kind = (CONTENT_TYPE, "text/plain; charset=utf-8");
            let name = (CONTENT_DISPOSITION, "attachment; filename=\"phoned.log\"");
            ([kind, name], lines.collect::<String>()).into_response()
        }
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

async fn read(app: &App, level: Option<LogLevel>) -> Result<LogReport, Problem> {
    let request = Request::System(SystemRequest::Log { level, last: None });
    let Payload::Log(report) = app.phone().ask(request).await? else { return Err(unexpected()) };
    Ok(report)
}

/// What may be chosen. Packets are in the log where it was started so; they are in "everything".
fn levels(
    l: &'static LogWords,
    chosen: Option<LogLevel>,
) -> Vec<(&'static str, &'static str, bool)> {
    let all = [
        (None, l.all),
        (Some(LogLevel::Debug), l.debugs),
        (Some(LogLevel::Info), l.infos),
        (Some(LogLevel::Warn), l.warnings),
        (Some(LogLevel::Error), l.errors),
    ];
    let option = |(level, label): (Option<LogLevel>, _)| {
        (level.map_or("", LogLevel::word), label, level == chosen)
    };
    all.into_iter().map(option).collect()
}

fn said(l: &'static LogWords, level: LogLevel) -> (&'static str, &'static str) {
    match level {
        LogLevel::Error => (l.error, "bad"),
        LogLevel::Warn => (l.warning, "warn"),
        LogLevel::Info => (l.info, "good"),
        LogLevel::Debug => (l.debug, ""),
        LogLevel::Trace => (l.trace, ""),
    }
}
