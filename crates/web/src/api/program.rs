//! Who uses the API: a program with its access token, or a page of the phone with its session.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use control::Problem;

use crate::app::App;
use crate::pages::caller::Caller;
use crate::serve::Visitor;
use crate::trust::{Refusal, Role};

use super::refuse;

/// See the module.
pub(crate) struct Program {
    /// The token's or the user's name.
    pub(crate) who: String,
    pub(crate) role: Role,
    pub(crate) visitor: Visitor,
}

/// The token that a request shows (RFC 6750 §2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = shown.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<App> for Program {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let Ok(caller) = <Caller as FromRequestParts<App>>::from_request_parts(parts, app).await;
        let visitor = caller.visitor;
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let token = bearer(&parts.headers).ok_or_else(|| {
                unauthorized("only bearer tokens are taken", "只接受 Bearer 令牌")
            })?;
            return match app.trust().token(token, visitor.address) {
                Ok((who, role)) => Ok(Self { who, role, visitor }),
                Err(Refusal::Locked(seconds)) => {
                    let words = format!("too many failed tries; wait {seconds} s");
                    let problem = Problem::new(words, format!("失败次数过多；请等待 {seconds} 秒"));
                    Err(refuse(StatusCode::TOO_MANY_REQUESTS, problem))
                }
                Err(_) => Err(unauthorized("the access token is wrong", "访问令牌有误")),
            };
        }
        let Some(session) = caller.session else {
            return Err(unauthorized(
                "an access token is needed: Authorization: Bearer …",
                "需要访问令牌：`Authorization: Bearer …`",
            ));
        };
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let marked = text(header::HeaderName::from_static("x-csrf-token"));
        if !reads && marked != Some(session.csrf.as_str()) {
            let problem = Problem::new(
                "the header X-CSRF-Token of the session is needed",
                "需要会话的 `X-CSRF-Token` 头",
            );
            return Err(refuse(StatusCode::FORBIDDEN, problem));
        }
        Ok(Self { who: session.user, role: session.role, visitor })
    }
}

fn unauthorized(en: &str, zh: &str) -> Response {
    let mut response = refuse(StatusCode::UNAUTHORIZED, Problem::new(en, zh));
    let challenge = header::HeaderValue::from_static("Bearer");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}
