//! A form that was sent: its fields in order, taken only from the session's own pages.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use axum::{Form, http::StatusCode};

use crate::app::App;

use super::caller::{Admin, Caller, Member};
use super::frame::Trouble;

/// Fields of a form. Its `Debug` form shows names only: values may be passwords.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The value of a field; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// The value of a field that was sent.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Fields that are not from a form.
    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// A form of a page that needs no session: the log-in and the first visit.
pub(crate) struct Open(pub(crate) Caller, pub(crate) Fields);

/// A form of a member's page; one without this session's mark is refused.
pub(crate) struct Sent(pub(crate) Member, pub(crate) Fields);

/// The same of an administrator.
pub(crate) struct SentByAdmin(pub(crate) Member, pub(crate) Fields);

/// Octets that a script of an administrator's page sends.
pub(crate) struct OctetsByAdmin(pub(crate) Member, pub(crate) Bytes);

/// The header by which a script shows the session's mark.
const MARK: &str = "x-csrf-token";

impl FromRequest<App> for Open {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(caller) = Caller::from_request_parts(&mut parts, app).await;
        let fields = read(Request::from_parts(parts, body), app).await?;
        Ok(Self(caller, fields))
    }
}

impl FromRequest<App> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let member = <Member as FromRequestParts<App>>::from_request_parts(&mut parts, app).await?;
        let fields = read(Request::from_parts(parts, body), app).await?;
        marked(&member, fields.text("csrf"))?;
        Ok(Self(member, fields))
    }
}

impl FromRequest<App> for SentByAdmin {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Admin(member) = Admin::from_request_parts(&mut parts, app).await?;
        let fields = read(Request::from_parts(parts, body), app).await?;
        marked(&member, fields.text("csrf"))?;
        Ok(Self(member, fields))
    }
}

impl FromRequest<App> for OctetsByAdmin {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Admin(member) = Admin::from_request_parts(&mut parts, app).await?;
        let mark = parts.headers.get(MARK).and_then(|mark| mark.to_str().ok()).unwrap_or_default();
        marked(&member, mark)?;
        let request = Request::from_parts(parts, body);
        let octets =
            Bytes::from_request(request, app).await.map_err(IntoResponse::into_response)?;
        Ok(Self(member, octets))
    }
}

async fn read(request: Request, app: &App) -> Result<Fields, Response> {
    match Form::<Vec<(String, String)>>::from_request(request, app).await {
        Ok(Form(pairs)) => Ok(Fields(pairs)),
        Err(_) => Err((StatusCode::BAD_REQUEST, "not a form\n").into_response()),
    }
}

// The mark is a digest that nobody but this session has seen, so how long the comparison takes tells
// nothing that could be used.
#[expect(clippy::result_large_err, reason = "a response is what the caller returns")]
fn marked(member: &Member, mark: &str) -> Result<(), Response> {
    if mark == member.session.csrf {
        return Ok(());
    }
    Err(Trouble::expired().page(&member.clone().into_caller()))
}
