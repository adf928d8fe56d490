//! First visit, log-in, log-out, choice of language.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, REFERER, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};

use crate::app::App;
use crate::limits;
use crate::text::Language;
use crate::trust::{Refusal, Session};

use super::caller::{Caller, LANGUAGE, Member, SESSION, set_cookie};
use super::fields::{Open, Sent};
use super::frame::{Frame, Tab, Trouble, page, refusal};
use super::start;

/// How long a chosen language is remembered.
const YEAR: u64 = 365 * 24 * 3600;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    f: Frame,
    user: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "first.html")]
struct FirstPage {
    f: Frame,
    code: String,
    problem: Option<String>,
}

/// The form of the first visit.
pub(super) async fn first(State(app): State<App>, caller: Caller) -> Response {
    if !app.trust().is_new() {
        return Redirect::to("/").into_response();
    }
    page(&FirstPage { f: Frame::of(&caller, Tab::None), code: String::new(), problem: None })
}

/// The first visit sets the administrator's password.
pub(super) async fn set_up(State(app): State<App>, Open(caller, fields): Open) -> Response {
    let words = caller.language.words();
    let (code, password) = (fields.text("code"), fields.text("password"));
    let problem = if password == fields.text("again") {
        match app.trust().set_up(code, password, caller.visitor.address).await {
            Ok(session) => return enter(&caller, session),
            Err(Refusal::Wrong) => words.wrong_code.to_owned(),
            Err(other) => refusal(words, other),
        }
    } else {
        words.passwords_differ.to_owned()
    };
    let f = Frame::of(&caller, Tab::None);
    let again = FirstPage { f, code: code.to_owned(), problem: Some(problem) };
    (StatusCode::FORBIDDEN, page(&again)).into_response()
}

/// The form of the log-in.
pub(super) async fn login(State(app): State<App>, caller: Caller) -> Response {
    if app.trust().is_new() {
        return Redirect::to("/first").into_response();
    }
    if caller.session.is_some() {
        return Redirect::to("/").into_response();
    }
    page(&LoginPage { f: Frame::of(&caller, Tab::None), user: "admin".into(), problem: None })
}

/// Name and password.
pub(super) async fn log_in(State(app): State<App>, Open(caller, fields): Open) -> Response {
    let words = caller.language.words();
    let (user, password) = (fields.text("user"), fields.text("password"));
    let problem = match app.trust().log_in(user, password, caller.visitor.address).await {
        Ok(session) => return enter(&caller, session),
        Err(Refusal::Wrong) => words.wrong_login.to_owned(),
        Err(other) => refusal(words, other),
    };
    let f = Frame::of(&caller, Tab::None);
    let again = LoginPage { f, user: user.to_owned(), problem: Some(problem) };
    (StatusCode::FORBIDDEN, page(&again)).into_response()
}

fn enter(caller: &Caller, session: Session) -> Response {
    let seconds = limits::SESSION.1.as_secs();
    let cookie = set_cookie(SESSION, session.cookie(), caller.visitor, seconds);
    let member = Member { visitor: caller.visitor, language: caller.language, session };
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(start(&member))).into_response()
}

/// Ends the session.
pub(super) async fn log_out(State(app): State<App>, Sent(member, _): Sent) -> Response {
    app.trust().log_out(&member.session, member.visitor.address);
    let cookie = set_cookie(SESSION, "", member.visitor, 0);
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/login")).into_response()
}

/// Remembers the language and goes back to where the visitor was.
pub(super) async fn language(
    Path(code): Path<String>,
    headers: HeaderMap,
    caller: Caller,
) -> Response {
    let Some(language) = Language::of(&code) else {
        return Trouble::missing().page(&caller);
    };
    let cookie = set_cookie(LANGUAGE, language.code(), caller.visitor, YEAR);
    let referer = headers.get(REFERER).and_then(|referer| referer.to_str().ok());
    let back = referer.and_then(own_path).unwrap_or_else(|| "/".to_owned());
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(&back)).into_response()
}

/// The path and query of an address, whoever's it is: the redirect stays here.
fn own_path(referer: &str) -> Option<String> {
    let uri: axum::http::Uri = referer.parse().ok()?;
    let path = uri.path_and_query()?.as_str();
    (path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\"))
        .then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leaves_the_phone() {
        let back = |referer| own_path(referer).unwrap_or_default();
        assert_eq!(back("https://phone:8443/line/sip?line=2"), "/line/sip?line=2");
        assert_eq!(back("https://evil.test/x"), "/x");
        assert_eq!(back("https://phone//evil.test/"), "");
        assert_eq!(back("javascript:alert(1)"), "");
    }
}
