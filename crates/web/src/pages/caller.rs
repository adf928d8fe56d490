//! Who sends a request, as far as it is known: the language, the address, the session.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::serve::Visitor;
use crate::text::Language;
use crate::trust::{Role, Session};

use super::frame::Trouble;

/// The cookie of a session, and of the chosen language.
pub(super) const SESSION: &str = "phoned_session";
pub(super) const LANGUAGE: &str = "phoned_language";

/// Anybody.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) visitor: Visitor,
    pub(crate) language: Language,
    pub(crate) session: Option<Session>,
}

/// Somebody who is logged in. Others are sent to the log-in, or told 401 where no page is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) visitor: Visitor,
    pub(crate) language: Language,
    pub(crate) session: Session,
}

/// A member who may change anything; others are told 403.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) Member);

impl FromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let unknown = Visitor { address: std::net::Ipv4Addr::UNSPECIFIED.into(), tls: false };
        let visitor = parts.extensions.get::<Visitor>().copied().unwrap_or(unknown);
        let language = language(&parts.headers);
        let session = cookie(&parts.headers, SESSION).and_then(|text| app.trust().session(text));
        Ok(Self { visitor, language, session })
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Ok(caller) = <Caller as FromRequestParts<App>>::from_request_parts(parts, app).await;
        let Some(session) = caller.session else {
            let page = matches!(parts.method, Method::GET) && parts.uri.path() != "/live";
            return Err(if is_script(&parts.headers) || parts.uri.path() == "/live" {
                Trouble::logged_out().line(caller.language)
            } else if page {
                Redirect::to(if app.trust().is_new() { "/first" } else { "/login" }).into_response()
            } else {
                Trouble::logged_out().page(&Caller { session: None, ..caller })
            });
        };
        Ok(Self { visitor: caller.visitor, language: caller.language, session })
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let member = <Member as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if member.session.role != Role::Admin {
            return Err(Trouble::not_allowed().page(&member.into_caller()));
        }
        Ok(Self(member))
    }
}

impl Member {
    pub(crate) fn into_caller(self) -> Caller {
        let Self { visitor, language, session } = self;
        Caller { visitor, language, session: Some(session) }
    }
}

/// The chosen language, or the browser's.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let chosen = cookie(headers, LANGUAGE).and_then(Language::of);
    chosen.unwrap_or_else(|| Language::preferred(headers))
}

/// Whether a script of a page asks, which shows the answer within the page.
pub(super) fn is_script(headers: &HeaderMap) -> bool {
    headers.contains_key("x-requested-by-script")
}

/// The value of a cookie (RFC 6265 §5.4).
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// A cookie that scripts and other sites do not get.
pub(super) fn set_cookie(name: &str, value: &str, visitor: Visitor, seconds: u64) -> String {
    let secure = if visitor.tls { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}
