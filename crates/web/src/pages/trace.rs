//! Tab Trace: the recent SIP messages as a ladder diagram, live; each as text; all as a capture file.
//! For administrators, because messages say who calls whom and more.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use control::{Payload, Problem, Request, TraceMessage, TraceReport, TraceRequest, Way};
use serde::Deserialize;

use crate::api::trace::{download, file};
use crate::app::App;
use crate::limits;
use crate::phone::unexpected;
use crate::text::Words;
use crate::trust::Deed;

use super::caller::{Admin, Member};
use super::fields::{Fields, SentByAdmin};
use super::frame::{Frame, Tab, Trouble, page, refusal};
use super::ladder::Ladder;
use super::status::{self, Parts};

/// Which messages are looked at; an empty field is any.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    line: String,
    #[serde(default)]
    call: String,
}

impl Choice {
    pub(super) fn new(line: &str, call: &str) -> Self {
        Self { line: line.to_owned(), call: call.to_owned() }
    }

    fn line(&self) -> Option<u16> {
        self.line.parse().ok()
    }

    fn call_id(&self) -> Option<String> {
        Some(self.call.clone()).filter(|call| !call.is_empty())
    }

    fn is_line(&self, line: &u16) -> bool {
        self.line() == Some(*line)
    }
}

#[derive(Template)]
#[template(path = "trace.html")]
struct TracePage {
    f: Frame,
    choice: Choice,
    lines: Vec<(u16, String)>,
    /// Call-ID and what it is.
    calls: Vec<(String, String)>,
    parts: Parts,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "trace_message.html")]
struct MessagePage {
    f: Frame,
    message: TraceMessage,
    way: &'static str,
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    Query(choice): Query<Choice>,
    Admin(member): Admin,
) -> Response {
    draw(&app, member, choice, None).await
}

async fn draw(app: &App, member: Member, choice: Choice, problem: Option<String>) -> Response {
    let f = Frame::of_member(&member, Tab::Trace);
    let words = f.words();
    let drawn = async {
        let accounts = app.phone().status().await?.accounts;
        let report = report(app, &choice).await?;
        let ladder = status::text(&Ladder::of(words, &report, &accounts));
        let lines = accounts.into_iter().map(|a| (a.line, a.aor)).collect();
        let calls = report.dialogs.iter().rev().map(|dialog| describe(words, dialog)).collect();
        Ok::<_, Problem>((lines, calls, Parts::from([("ladder", ladder)])))
    };
    match drawn.await {
        Ok((lines, calls, parts)) => {
            let wrong = problem.is_some();
            let drawn = page(&TracePage { f, choice, lines, calls, parts, problem });
            if wrong { (StatusCode::UNPROCESSABLE_ENTITY, drawn).into_response() } else { drawn }
        }
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

/// A Call-ID as it is chosen: when, what, with whom.
fn describe(words: &Words, dialog: &control::TraceDialog) -> (String, String) {
    let t = dialog.since.to_string();
    let clock = t.get(11..19).unwrap_or_default();
    let line = dialog.line.map(|line| format!(" · {} {line}", words.line)).unwrap_or_default();
    let control::TraceDialog { call_id, method, remote, messages, .. } = dialog;
    (call_id.clone(), format!("{clock} {method} {remote}{line} ({messages})"))
}

/// What is live of it.
pub(super) async fn parts(app: &App, f: &Frame, choice: &Choice) -> Result<Parts, Problem> {
    let accounts = app.phone().status().await?.accounts;
    let report = report(app, choice).await?;
    Ok(Parts::from([("ladder", status::text(&Ladder::of(f.words(), &report, &accounts)))]))
}

async fn report(app: &App, choice: &Choice) -> Result<TraceReport, Problem> {
    let (line, call_id) = (choice.line(), choice.call_id());
    let last = Some(limits::TRACE_SHOWN);
    ask(app, TraceRequest::Show { line, call_id, since: None, last }).await
}

async fn ask(app: &App, request: TraceRequest) -> Result<TraceReport, Problem> {
    let payload = app.phone().ask(Request::Trace(request)).await?;
    let Payload::Trace(report) = payload else { return Err(unexpected()) };
    Ok(report)
}

/// One message as text.
pub(super) async fn message(
    State(app): State<App>,
    Path(id): Path<u64>,
    Admin(member): Admin,
) -> Response {
    let f = Frame::of_member(&member, Tab::Trace);
    match ask(&app, TraceRequest::Message { id }).await {
        Ok(TraceReport { mut messages, .. }) => match messages.pop() {
            Some(message) => {
                let words = f.words();
                let way = match message.way {
                    Way::Sent => words.trace_sent,
                    Way::Received => words.trace_received,
                };
                page(&MessagePage { f, message, way })
            }
            None => Trouble::missing().page(&member.into_caller()),
        },
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

/// The messages as a capture file. With their secrets only for who gives the own password once more.
pub(super) async fn capture(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let choice = Choice::new(fields.text("line"), fields.text("call"));
    let with_secrets = match permit(&app, &member, &fields).await {
        Ok(with_secrets) => with_secrets,
        Err(problem) => return draw(&app, member, choice, Some(problem)).await,
    };
    let (line, call_id) = (choice.line(), choice.call_id());
    let request = Request::Trace(TraceRequest::Pcap { line, call_id, with_secrets });
    match app.phone().ask(request).await.and_then(file) {
        Ok(octets) => download(octets),
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

/// Whether the file may have, and is to have, secrets; the refusal in words otherwise.
async fn permit(app: &App, member: &Member, fields: &Fields) -> Result<bool, String> {
    if fields.given("with_secrets").is_none() {
        return Ok(false);
    }
    let (user, address) = (&member.session.user, member.visitor.address);
    let confirmed = app.trust().confirm(user, fields.text("current"), address).await;
    confirmed.map_err(|error| refusal(member.language.words(), error))?;
    app.trust().note(user, address, &Deed::DownloadedSecrets);
    Ok(true)
}
