//! Tab System: the version, users and passwords, access tokens, the configuration as a file, who
//! did what.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use control::{CallState, ConfigRequest, ExportFormat, Payload, Problem, Request};

use crate::app::App;
use crate::phone::unexpected;
use crate::text::{Spoken, Words};
use crate::trust::{COMMAND_LINE, Deed, Entry, Refusal, Role, TokenInfo, UserInfo};

use super::caller::Member;
use super::fields::{Sent, SentByAdmin};
use super::frame::{Frame, Tab, Trouble, page, refusal};
use super::provision;

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    f: Frame,
    version: String,
    uptime_s: u64,
    /// Calls that a restart would end.
    calls: usize,
    users: Vec<UserInfo>,
    tokens: Vec<TokenInfo>,
    /// Drawn; empty for who may not see it.
    provision: String,
    audit: Vec<(Entry, Spoken)>,
    outcome: Outcome,
}

/// What the last form has led to.
#[derive(Default)]
struct Outcome {
    done: Option<&'static str>,
    problem: Option<Spoken>,
    /// A new token, shown this once.
    token: Option<String>,
}

/// The page.
pub(super) async fn show(State(app): State<App>, member: Member) -> Response {
    draw(&app, member, Outcome::default()).await
}

async fn draw(app: &App, member: Member, outcome: Outcome) -> Response {
    let f = Frame::of_member(&member, Tab::System);
    let status = match app.phone().status().await {
        Ok(status) => status,
        Err(problem) => return Trouble::refused(&problem).page(&member.into_caller()),
    };
    let refused = outcome.problem.is_some();
    let admin = f.is_admin();
    let provision = match admin {
        true => provision::part(app, &f).await,
        false => Ok(String::new()),
    };
    let provision = match provision {
        Ok(provision) => provision,
        Err(problem) => return Trouble::refused(&problem).page(&member.into_caller()),
    };
    let drawn = page(&SystemPage {
        version: status.version,
        uptime_s: status.uptime_s,
        calls: status.calls.iter().filter(|call| call.state != CallState::Ended).count(),
        users: if admin { app.trust().users() } else { Vec::new() },
        tokens: if admin { app.trust().tokens() } else { Vec::new() },
        provision,
        audit: if admin { audit(app, f.words()) } else { Vec::new() },
        outcome,
        f,
    });
    if refused { (StatusCode::UNPROCESSABLE_ENTITY, drawn).into_response() } else { drawn }
}

fn audit(app: &App, words: &Words) -> Vec<(Entry, Spoken)> {
    let said = |mut entry: Entry| {
        if entry.who == COMMAND_LINE {
            words.command_line.clone_into(&mut entry.who);
        }
        let what = words.said(&entry.what, &entry.what_zh);
        (entry, what)
    };
    app.trust().audit().into_iter().map(said).collect()
}

/// The page with why nothing was done.
pub(super) async fn refuse(app: &App, member: Member, problem: Spoken) -> Response {
    draw(app, member, Outcome { problem: Some(problem), ..Outcome::default() }).await
}

/// The page with what was done.
pub(super) async fn say(
    app: &App,
    member: Member,
    what: impl FnOnce(&'static Words) -> &'static str,
) -> Response {
    let done = Some(what(member.language.words()));
    draw(app, member, Outcome { done, ..Outcome::default() }).await
}

/// Says what came of it, and writes it down.
async fn finish(
    app: &App,
    member: Member,
    done: Result<(), Refusal>,
    text: &'static str,
    deed: &Deed,
) -> Response {
    let outcome = match done {
        Ok(()) => {
            app.trust().note(&member.session.user, member.visitor.address, deed);
            Outcome { done: Some(text), ..Outcome::default() }
        }
        Err(error) => Outcome { problem: Some(said(&member, error)), ..Outcome::default() },
    };
    draw(app, member, outcome).await
}

fn said(member: &Member, error: Refusal) -> Spoken {
    Spoken::own(member.language, refusal(member.language.words(), error))
}

/// One's own password.
pub(super) async fn password(State(app): State<App>, Sent(member, fields): Sent) -> Response {
    let words = member.language.words();
    let user = member.session.user.clone();
    if fields.text("password") != fields.text("again") {
        let problem = Some(Spoken::own(member.language, words.passwords_differ));
        return draw(&app, member, Outcome { problem, ..Outcome::default() }).await;
    }
    let address = member.visitor.address;
    let done = match app.trust().confirm(&user, fields.text("current"), address).await {
        Ok(()) => app.trust().set_password(&user, fields.text("password"), &member.session).await,
        Err(error) => Err(error),
    };
    finish(&app, member, done, words.password_changed, &Deed::OwnPassword).await
}

pub(super) async fn add_user(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let (words, name) = (member.language.words(), fields.text("name").to_owned());
    let role = Role::of(fields.text("role"));
    let done = match role {
        Some(role) => app.trust().add_user(&name, fields.text("password"), role).await,
        None => Err(Refusal::Unknown),
    };
    let deed = Deed::AddedUser(name, role.unwrap_or(Role::User));
    finish(&app, member, done, words.user_added, &deed).await
}

pub(super) async fn remove_user(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let (words, name) = (member.language.words(), fields.text("name").to_owned());
    let done = app.trust().remove_user(&name);
    finish(&app, member, done, words.user_removed, &Deed::RemovedUser(name)).await
}

pub(super) async fn add_token(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let name = fields.text("name").to_owned();
    let made = Role::of(fields.text("role")).ok_or(Refusal::Unknown);
    let outcome = match made.and_then(|role| Ok((app.trust().add_token(&name, role)?, role))) {
        Ok(token) => {
            let (token, role) = token;
            let deed = Deed::MadeToken(name, role);
            app.trust().note(&member.session.user, member.visitor.address, &deed);
            Outcome { token: Some(token.text().to_owned()), ..Outcome::default() }
        }
        Err(error) => Outcome { problem: Some(said(&member, error)), ..Outcome::default() },
    };
    draw(&app, member, outcome).await
}

pub(super) async fn remove_token(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let (words, name) = (member.language.words(), fields.text("name").to_owned());
    let done = app.trust().remove_token(&name);
    finish(&app, member, done, words.token_removed, &Deed::RemovedToken(name)).await
}

/// The configuration as a file. With passwords only for who gives the own one once more.
pub(super) async fn export(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let with_secrets = fields.given("with_secrets").is_some();
    let (user, address) = (member.session.user.clone(), member.visitor.address);
    if with_secrets {
        if let Err(error) = app.trust().confirm(&user, fields.text("current"), address).await {
            let problem = Some(said(&member, error));
            return draw(&app, member, Outcome { problem, ..Outcome::default() }).await;
        }
        app.trust().note(&user, address, &Deed::ExportedSecrets);
    }
    let (format, name) = match fields.text("format") {
        "xml" => (ExportFormat::Xml, "attachment; filename=\"phoned-config.xml\""),
        _ => (ExportFormat::Text, "attachment; filename=\"phoned-config.txt\""),
    };
    let request = ConfigRequest::Export { format, with_secrets };
    let file = async {
        let payload = app.phone().ask(Request::Config(request)).await?;
        let Payload::Document(document) = payload else { return Err(unexpected()) };
        document.octets().map_err(Problem::from)
    };
    match file.await {
        Ok(octets) => {
            ([(CONTENT_TYPE, "application/octet-stream"), (CONTENT_DISPOSITION, name)], octets)
                .into_response()
        }
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}
