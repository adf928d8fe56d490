//! What stands around every request: foreign sites are turned away before anything is read, bodies
//! are read whole within a bound and a time, and every answer tells the browser what it must not do.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::api::bearer;
use crate::app::App;
use crate::limits;
use crate::serve::{CLOSES, Visitor};

use super::caller::{Caller, SESSION, cookie, is_script, language};
use super::frame::Trouble;

/// Only what the phone itself serves, no inline script or style, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

// No Strict-Transport-Security: with the certificate that the phone makes itself, it would keep its
// own user out for good.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Serves a request with all of it.
pub(crate) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let program = request.uri().path().starts_with("/api/");
    let (language, script) = (language(request.headers()), is_script(request.headers()));
    let visitor = request.extensions().get::<Visitor>().copied();
    let whole = request.body().is_end_stream();
    let mut response = match admit(&app, request).await {
        Ok(request) => next.run(request).await,
        Err(status) => {
            let refusal = match visitor {
                Some(visitor) if !program && !script => {
                    Trouble::turned_away(status).page(&Caller { visitor, language, session: None })
                }
                Some(_) if script => Trouble::turned_away(status).line(language),
                Some(_) | None => {
                    let reason = status.canonical_reason().unwrap_or_default();
                    (status, format!("{reason}\n")).into_response()
                }
            };
            if whole { refusal } else { ([CLOSES], refusal).into_response() }
        }
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Lets a request in whole, its body read: a body that is left unread costs the connection.
async fn admit(app: &App, request: Request) -> Result<Request, StatusCode> {
    if request.uri().path().len() + request.uri().query().map_or(0, str::len) > limits::HEAD / 2 {
        return Err(StatusCode::URI_TOO_LONG);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) && is_foreign(request.headers()) {
        return Err(StatusCode::FORBIDDEN);
    }
    let told =
        request.headers().get(CONTENT_LENGTH).and_then(|told| told.to_str().ok()?.parse().ok());
    let is_form = told.is_some_and(|told: usize| told <= limits::BODY);
    let limit = match file_limit(request.uri().path()).filter(|_| !is_form) {
        Some(limit) if is_known(app, &request) => limit,
        Some(_) if request.uri().path().starts_with("/api/") => limits::BODY,
        Some(_) => return Err(StatusCode::UNAUTHORIZED),
        None => limits::BODY,
    };
    if told.is_some_and(|told| told > limit) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let (head, body) = request.into_parts();
    let read = timeout(limits::PATIENCE, to_bytes(body, limit)).await;
    let octets = read
        .map_err(|_| StatusCode::REQUEST_TIMEOUT)?
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Ok(Request::from_parts(head, Body::from(octets)))
}

/// Octets of a body in which a file comes; `None` where none does.
fn file_limit(path: &str) -> Option<usize> {
    match path {
        "/system/import" | "/contacts/import" => Some(limits::BODY_OF_FILE),
        "/api/v1/config" => Some(limits::BODY_WITH_FILE),
        _ => None,
    }
}

/// Whether somebody sends it whom the phone knows: no stranger has megabytes held in its memory. What a
/// member may do is decided later.
fn is_known(app: &App, request: &Request) -> bool {
    let headers = request.headers();
    let Some(visitor) = request.extensions().get::<Visitor>() else { return false };
    let session = cookie(headers, SESSION).is_some_and(|text| app.trust().is_good(text));
    let token = |token| app.trust().token(token, visitor.address).is_ok();
    session || bearer(headers).is_some_and(token)
}

/// Whether a browser says that another site sends this (Fetch Metadata, RFC 6454 §7). Programs that
/// are no browsers say neither.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => text(ORIGIN).is_some_and(|origin| {
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            text(HOST) != Some(host)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        is_foreign(&map)
    }

    #[test]
    fn what_another_site_sends_is_turned_away() {
        assert!(foreign(&[("sec-fetch-site", "cross-site"), ("host", "phone")]));
        assert!(foreign(&[("sec-fetch-site", "same-site"), ("host", "phone")]));
        assert!(foreign(&[("origin", "https://evil.test"), ("host", "phone:8443")]));
        assert!(foreign(&[("origin", "null"), ("host", "phone:8443")]));
    }

    #[test]
    fn the_pages_own_forms_and_programs_are_let_through() {
        assert!(!foreign(&[("sec-fetch-site", "same-origin"), ("origin", "https://phone:8443")]));
        assert!(!foreign(&[("origin", "https://phone:8443"), ("host", "phone:8443")]));
        assert!(!foreign(&[("host", "phone:8443")]));
    }
}
