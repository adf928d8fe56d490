//! Tab Calls: dial, answer, hang up, hold, mute, keys. The phone decides what may be done when; the page
//! offers what fits the state of each call.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use control::{CallRequest, CallState, CallStatus, Direction, Problem, Request};

use crate::app::App;
use crate::history::History;
use crate::text::{Spoken, Words};

use super::caller::Member;
use super::fields::{Fields, Sent};
use super::frame::{Frame, Tab, Trouble, page};
use super::quality;
use super::status::{self, Parts};
use super::{call_log, volume};

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPage {
    f: Frame,
    parts: Parts,
    lines: Vec<(u32, String)>,
    keys: &'static [&'static str],
}

#[derive(Template)]
#[template(path = "calls_list.html")]
struct List<'a> {
    w: &'static Words,
    csrf: &'a str,
    /// Whether something can be done from here.
    active: bool,
    calls: Vec<Call>,
}

struct Call {
    id: String,
    line: u32,
    remote: String,
    name: Option<String>,
    outgoing: bool,
    state: &'static str,
    mood: &'static str,
    hop: Option<String>,
    codec: Option<String>,
    duration_s: u32,
    /// Whether its duration runs.
    runs: bool,
    muted: bool,
    note: Option<Spoken>,
    /// How it sounds, drawn.
    quality: Option<String>,
    ended: Option<(String, Spoken)>,
    can: Can,
}

/// What fits the state.
#[derive(Default)]
struct Can {
    answer: bool,
    hold: bool,
    resume: bool,
    mute: bool,
    unmute: bool,
    keys: bool,
    hang_up: bool,
}

const KEYS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/// The page.
pub(super) async fn show(State(app): State<App>, member: Member) -> Response {
    let f = Frame::of_member(&member, Tab::Calls);
    let drawn = async {
        let parts = parts(&app, &f).await?;
        let accounts = app.phone().status().await?.accounts;
        let lines = accounts.into_iter().map(|a| (a.line.into(), a.aor)).collect();
        Ok::<_, Problem>((parts, lines))
    };
    match drawn.await {
        Ok((parts, lines)) => page(&CallsPage { f, parts, lines, keys: KEYS }),
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

/// What is live of it.
pub(super) async fn parts(app: &App, f: &Frame) -> Result<Parts, Problem> {
    let status = app.phone().status().await?;
    Ok(Parts::from([
        ("calls", list(app, f, &status.calls, true)),
        ("log", call_log::part(app, f).await?),
        ("volumes", volume::part(app, f).await?),
    ]))
}

/// The list of calls, the latest first; with buttons where something can be done from it.
pub(super) fn list(app: &App, f: &Frame, calls: &[CallStatus], active: bool) -> String {
    let words = f.words();
    let history = app.history();
    let calls = calls.iter().rev().map(|call| show_call(words, call, &history)).collect();
    status::text(&List { w: words, csrf: f.csrf(), active, calls })
}

fn show_call(words: &'static Words, call: &CallStatus, history: &History) -> Call {
    let intervals = history.sounded(&call.id);
    let quality = call.quality.map(|quality| quality::draw(words, &quality, intervals));
    let (state, mood) = status::call_state(words, call);
    let ended = call.ended.as_ref().map(|ended| {
        let code = ended.code.map(|code| format!("{code} ")).unwrap_or_default();
        let by = format!("{} {}: {code}", words.ended_by, status::ended_by(words, ended.by));
        (by, words.said(&ended.reason, &ended.reason_zh))
    });
    let outgoing = call.direction == Direction::Out;
    let can = match call.state {
        CallState::Ringing if !outgoing => Can { answer: true, ..Can::default() },
        CallState::Dialing | CallState::Ringing => Can { hang_up: true, ..Can::default() },
        CallState::Active | CallState::RemoteHeld => {
            let hold = Can { hold: true, keys: true, hang_up: true, ..Can::default() };
            Can { mute: !call.muted, unmute: call.muted, ..hold }
        }
        CallState::Held => Can { resume: true, hang_up: true, ..Can::default() },
        CallState::Ended => Can::default(),
    };
    Call {
        id: call.id.clone(),
        line: call.line.into(),
        remote: call.remote.clone(),
        name: call.remote_name.clone(),
        outgoing,
        state,
        mood,
        hop: call.hop.clone(),
        codec: call.codec.clone(),
        duration_s: call.duration_s,
        runs: matches!(call.state, CallState::Active | CallState::Held | CallState::RemoteHeld),
        muted: call.muted,
        note: call.note.as_ref().map(|note| words.said(note, &call.note_zh)),
        quality,
        ended,
        can,
    }
}

/// Dials.
pub(super) async fn dial(
    State(app): State<App>,
    headers: HeaderMap,
    Sent(member, fields): Sent,
) -> Response {
    let line = fields.text("line").parse().ok();
    let target = fields.text("target").trim().to_owned();
    perform(&app, &headers, member, CallRequest::Dial { line, target }).await
}

/// Does something with a call.
pub(super) async fn act(
    State(app): State<App>,
    headers: HeaderMap,
    Sent(member, fields): Sent,
) -> Response {
    match request(&fields) {
        Some(request) => perform(&app, &headers, member, request).await,
        None => Trouble::missing().page(&member.into_caller()),
    }
}

fn request(fields: &Fields) -> Option<CallRequest> {
    let id = fields.text("id").to_owned();
    // A key of the keypad says itself what is sent.
    if let Some(key) = fields.given("key") {
        return Some(CallRequest::Dtmf { id, digits: key.to_owned() });
    }
    Some(match fields.text("do") {
        "answer" => CallRequest::Answer { id: Some(id) },
        "reject" => CallRequest::Reject { id },
        "hangup" => CallRequest::Hangup { id: Some(id) },
        "hold" => CallRequest::Hold { id },
        "resume" => CallRequest::Resume { id },
        "mute" => CallRequest::Mute { id },
        "unmute" => CallRequest::Unmute { id },
        "redial" => CallRequest::Redial {},
        "clear_log" => CallRequest::ClearLog {},
        "transfer" => CallRequest::Transfer { id, target: fields.text("target").trim().to_owned() },
        "dtmf" => CallRequest::Dtmf { id, digits: fields.text("digits").to_owned() },
        _ => return None,
    })
}

async fn perform(app: &App, headers: &HeaderMap, member: Member, request: CallRequest) -> Response {
    let done = app.phone().ask(Request::Call(request)).await.map(drop);
    answer(done, headers, member, "/calls")
}

/// A script gets the bare answer, because the page is live; a form gets the page again.
pub(super) fn answer(
    done: Result<(), Problem>,
    headers: &HeaderMap,
    member: Member,
    back: &'static str,
) -> Response {
    let script = headers.contains_key("x-requested-by-script");
    match done {
        Ok(()) if script => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => Redirect::to(back).into_response(),
        Err(problem) if script => {
            let said = Spoken::refusal(member.language, &problem);
            (StatusCode::CONFLICT, said.text().to_owned()).into_response()
        }
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}
