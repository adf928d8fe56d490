//! Tab Status: every line with its hops, the timeline, the calls of now; all of it live.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use control::{
    AccountRequest, AccountState, AccountStatus, CallState, CallStatus, EndedBy, HopState, Problem,
    Request, Server,
};

use crate::app::App;
use crate::text::{Spoken, Words};
use crate::trust::Deed;

use super::caller::Member;
use super::calls;
use super::fields::SentByAdmin;
use super::frame::{Frame, Tab, Trouble, page};
use super::timeline::Timeline;

/// The parts of a page that are live: the id of the element, its content.
pub(super) type Parts = BTreeMap<&'static str, String>;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    f: Frame,
    parts: Parts,
}

#[derive(Template)]
#[template(path = "status_lines.html")]
struct Lines<'a> {
    w: &'static Words,
    csrf: &'a str,
    admin: bool,
    accounts: Vec<Account>,
}

struct Account {
    line: u32,
    aor: String,
    state: String,
    /// `good`, `warn` or `bad`.
    mood: &'static str,
    hop: Option<String>,
    since: String,
    expires_in_s: Option<u32>,
    note: Option<Spoken>,
    hops: Vec<Hop>,
}

struct Hop {
    hop: String,
    server: &'static str,
    state: &'static str,
    mood: &'static str,
    cause: Spoken,
    since: String,
    current: bool,
}

/// The page.
pub(super) async fn show(State(app): State<App>, member: Member) -> Response {
    let f = Frame::of_member(&member, Tab::Status);
    match parts(&app, &f).await {
        Ok(parts) => page(&StatusPage { f, parts }),
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

/// What is live of it.
pub(super) async fn parts(app: &App, f: &Frame) -> Result<Parts, Problem> {
    let status = app.phone().status().await?;
    let journal = app.phone().journal().await?;
    let words = f.words();
    let timeline =
        Timeline::of(words, &status.accounts, &app.history(), &journal, super::live::now());
    let lines = Lines {
        w: words,
        csrf: f.csrf(),
        admin: f.is_admin(),
        accounts: status.accounts.into_iter().map(|account| show_account(words, account)).collect(),
    };
    Ok(Parts::from([
        ("lines", text(&lines)),
        ("timeline", text(&timeline)),
        ("calls", calls::list(app, f, &status.calls, false)),
    ]))
}

#[derive(Template)]
#[template(path = "line_state.html")]
struct LineState {
    mood: &'static str,
    state: String,
}

/// The state of one line, for the page on which it is configured.
pub(super) fn line_state(words: &Words, accounts: &[AccountStatus], line: u32) -> String {
    let account = accounts.iter().find(|account| u32::from(account.line) == line);
    text(&match account {
        Some(account) => LineState { mood: mood(account), state: state_text(words, account) },
        None => LineState { mood: "idle", state: words.not_configured.to_owned() },
    })
}

/// What is live of that page.
pub(super) async fn line_parts(app: &App, f: &Frame, line: u32) -> Result<Parts, Problem> {
    let status = app.phone().status().await?;
    Ok(Parts::from([("line-state", line_state(f.words(), &status.accounts, line))]))
}

/// A part's text; a template that cannot be filled is a bug that the log tells.
pub(super) fn text(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "web page: a template cannot be filled");
        String::new()
    })
}

/// Registers or unregisters a line by hand.
pub(super) async fn register(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let Ok(line) = fields.text("line").parse() else {
        return Trouble::missing().page(&member.into_caller());
    };
    let (deed, request) = match fields.text("do") {
        "register" => (Deed::Registered(line), AccountRequest::Register { line }),
        "unregister" => (Deed::Unregistered(line), AccountRequest::Unregister { line }),
        _ => return Trouble::missing().page(&member.into_caller()),
    };
    app.trust().note(&member.session.user, member.visitor.address, &deed);
    match app.phone().ask(Request::Account(request)).await {
        Ok(_) => Redirect::to("/status").into_response(),
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

fn show_account(words: &'static Words, account: AccountStatus) -> Account {
    let current = account.hop.clone();
    let hop = |hop: control::HopStatus| {
        let (state, mood) = hop_state(words, hop.state);
        Hop {
            current: current.as_deref() == Some(hop.hop.as_str()),
            hop: hop.hop,
            server: server(words, hop.server),
            state,
            mood,
            cause: words.said(&hop.cause.unwrap_or_default(), &hop.cause_zh),
            since: hop.since.to_string(),
        }
    };
    Account {
        line: account.line.into(),
        mood: mood(&account),
        state: state_text(words, &account),
        aor: account.aor,
        hop: account.hop,
        since: account.since.to_string(),
        expires_in_s: account.expires_in_s,
        note: account.note.map(|note| words.said(&note, &account.note_zh)),
        hops: account.hops.into_iter().map(hop).collect(),
    }
}

/// Where a line stands, in words.
fn state_text(words: &Words, account: &AccountStatus) -> String {
    let state = match account.state {
        AccountState::Unregistered => words.state_unregistered,
        AccountState::Registering => words.state_registering,
        AccountState::Registered => words.state_registered,
        AccountState::Failed => words.state_failed,
        AccountState::Disabled => words.state_disabled,
    };
    match (account.state, account.on_primary) {
        (AccountState::Registered, true) => format!("{state} · {}", words.on_primary),
        (AccountState::Registered, false) => format!("{state} · {}", words.on_backup),
        _ => state.to_owned(),
    }
}

fn mood(account: &AccountStatus) -> &'static str {
    match account.state {
        AccountState::Registered if account.on_primary => "good",
        AccountState::Registered | AccountState::Registering => "warn",
        AccountState::Failed => "bad",
        AccountState::Unregistered | AccountState::Disabled => "idle",
    }
}

fn hop_state(words: &'static Words, state: HopState) -> (&'static str, &'static str) {
    match state {
        HopState::Unknown => (words.hop_unknown, "idle"),
        HopState::Available => (words.hop_available, "good"),
        HopState::Suspect => (words.hop_suspect, "warn"),
        HopState::Unavailable => (words.hop_unavailable, "bad"),
        HopState::HeldOff => (words.hop_held_off, "warn"),
    }
}

pub(super) fn server(words: &'static Words, server: Server) -> &'static str {
    match server {
        Server::Server1 => words.server_1,
        Server::Server2 => words.server_2,
        Server::Proxy => words.proxy,
        Server::BackupProxy => words.backup_proxy,
    }
}

/// Where a call stands, in words, with its mood.
pub(super) fn call_state(words: &'static Words, call: &CallStatus) -> (&'static str, &'static str) {
    match call.state {
        CallState::Dialing => (words.call_dialing, "warn"),
        CallState::Ringing => (words.call_ringing, "warn"),
        CallState::Active => (words.call_active, "good"),
        CallState::Held => (words.call_held, "warn"),
        CallState::RemoteHeld => (words.call_remote_held, "warn"),
        CallState::Ended => (words.call_ended, "idle"),
    }
}

/// Who ended a call, in words.
pub(super) fn ended_by(words: &'static Words, by: EndedBy) -> &'static str {
    match by {
        EndedBy::Local => words.by_local,
        EndedBy::Remote => words.by_remote,
        EndedBy::Failure => words.by_failure,
    }
}
