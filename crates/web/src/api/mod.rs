//! The API: the requests of the control socket over HTTP, `/api/v1/NOUN` for each noun, in the same
//! JSON. What a request means, and which there are, is not known here; who may send which is.
//!
//! A program shows an access token; a page of the phone its session, and for what is not only read
//! also the session's mark. `openapi.json` describes it; a test holds the two together.

mod program;
pub(crate) mod trace;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use control::{
    AccountRequest, CallRequest, JournalRequest, NetworkRequest, Notification, Payload, Problem,
    Reply, Request, Timestamp, TraceRequest,
};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;

use crate::app::App;
use crate::trust::Deed;
use crate::trust::Role;

use program::Program;
pub(crate) use program::bearer;

const OPENAPI: &str = include_str!("openapi.json");

/// The addresses of the API.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/api/v1/openapi.json", get(describe))
        .route("/metrics", get(metrics))
        .route("/api/v1/accounts", get(accounts))
        .route("/api/v1/calls", get(calls))
        .route("/api/v1/journal", get(journal).post(ask_journal))
        .route("/api/v1/network", get(network).post(ask_network))
        .route("/api/v1/status", get(status).post(ask_status))
        .route("/api/v1/events", get(events))
        .route("/api/v1/trace", get(trace::show).post(trace::ask_trace))
        .route("/api/v1/trace.pcapng", get(trace::capture))
        .route("/api/v1/{noun}", post(ask))
}

async fn describe() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// Figures for Prometheus, in its text form.
async fn metrics(State(app): State<App>, _program: Program) -> Response {
    const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let figures = async { Ok((app.phone().status().await?, app.phone().timing().await?)) };
    match figures.await {
        Ok((status, timing)) => {
            let text = app.metrics().text(&status, &timing, Instant::now());
            ([(CONTENT_TYPE, TEXT)], text).into_response()
        }
        Err(problem) => refuse(StatusCode::CONFLICT, problem),
    }
}

async fn accounts(State(app): State<App>, program: Program) -> Response {
    perform(&app, &program, Request::Account(AccountRequest::List {})).await
}

async fn calls(State(app): State<App>, program: Program) -> Response {
    perform(&app, &program, Request::Call(CallRequest::List {})).await
}

async fn status(State(app): State<App>, program: Program) -> Response {
    perform(&app, &program, Request::Status {}).await
}

#[derive(Debug, Deserialize)]
struct Of {
    line: Option<u16>,
    since: Option<Timestamp>,
}

async fn journal(
    State(app): State<App>,
    Query(Of { line, since }): Query<Of>,
    program: Program,
) -> Response {
    perform(&app, &program, Request::Journal(JournalRequest { line, since })).await
}

async fn ask_journal(State(app): State<App>, program: Program, body: Bytes) -> Response {
    ask(State(app), Path("journal".to_owned()), program, body).await
}

async fn network(State(app): State<App>, program: Program) -> Response {
    perform(&app, &program, Request::Network(NetworkRequest {})).await
}

async fn ask_network(State(app): State<App>, program: Program, body: Bytes) -> Response {
    ask(State(app), Path("network".to_owned()), program, body).await
}

async fn ask_status(State(app): State<App>, program: Program, body: Bytes) -> Response {
    ask(State(app), Path("status".to_owned()), program, body).await
}

/// Any request: the body is what stands under the noun on the control socket.
async fn ask(
    State(app): State<App>,
    Path(noun): Path<String>,
    program: Program,
    body: Bytes,
) -> Response {
    match read(&noun, &body) {
        Ok(request) => perform(&app, &program, request).await,
        Err(problem) => refuse(StatusCode::BAD_REQUEST, problem),
    }
}

fn read(noun: &str, body: &[u8]) -> Result<Request, Problem> {
    let malformed = |error: control::FrameError| Problem::from(error);
    let inner: serde_json::Value = control::decode(body).map_err(malformed)?;
    // Otherwise a list would pass whose elements are taken for the fields, one after the other.
    if !inner.is_object() {
        return Err(Problem::new("the body is not a JSON object", "请求体不是 JSON 对象"));
    }
    let whole = serde_json::json!({ noun: inner }).to_string();
    let request = control::decode(whole.as_bytes()).map_err(malformed)?;
    match request {
        Request::Watch {} => Err(Problem::new(
            "events are at GET /api/v1/events",
            "事件请从 `GET /api/v1/events` 获取",
        )),
        Request::Trace(TraceRequest::Follow { .. }) => Err(Problem::new(
            "ask for what came since the last one: GET /api/v1/trace?since=ID",
            "请查询上一条之后的消息：`GET /api/v1/trace?since=ID`",
        )),
        Request::Account(_)
        | Request::Call(_)
        | Request::Audio(_)
        | Request::Contact(_)
        | Request::Config(_)
        | Request::Journal(_)
        | Request::Drill(_)
        | Request::Network(_)
        | Request::Provision(_)
        | Request::Timing(_)
        | Request::Trace(_)
        | Request::System(_)
        | Request::Status {} => Ok(request),
    }
}

async fn perform(app: &App, program: &Program, request: Request) -> Response {
    if !may(program.role, &request) {
        return refuse(StatusCode::FORBIDDEN, for_admins());
    }
    let deed = Deed::asked_for(&request);
    match app.phone().ask(request).await {
        Ok(payload) => {
            if let Some(deed) = deed {
                app.trust().note(&program.who, program.visitor.address, &deed.answered(&payload));
            }
            json(StatusCode::OK, &payload)
        }
        Err(problem) => refuse(StatusCode::CONFLICT, problem),
    }
}

/// Who may ask what: a user sees the state and telephones.
fn may(role: Role, request: &Request) -> bool {
    let for_all = match request {
        Request::Account(request) => matches!(
            request,
            AccountRequest::List {} | AccountRequest::Show { .. } | AccountRequest::Register { .. }
        ),
        Request::Call(_)
        | Request::Audio(_)
        | Request::Contact(_)
        | Request::Journal(_)
        | Request::Network(_)
        | Request::Timing(_)
        | Request::Watch {}
        | Request::Status {} => true,
        Request::Config(_)
        | Request::Drill(_)
        | Request::Provision(_)
        | Request::System(_)
        | Request::Trace(_) => false,
    };
    for_all || role == Role::Admin
}

fn json(status: StatusCode, payload: &Payload) -> Response {
    match serde_json::to_vec(payload) {
        Ok(text) => (status, [(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "API: an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn for_admins() -> Problem {
    Problem::new("only an administrator may ask this", "仅管理员可以执行此操作")
}

/// A refusal, as the control socket writes it.
fn refuse(status: StatusCode, problem: Problem) -> Response {
    let text = serde_json::to_vec(&Reply::Error(problem)).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json")], text).into_response()
}

struct Watch {
    events: Receiver<Arc<Notification>>,
    _place: OwnedSemaphorePermit,
}

/// Every event from now on, as server-sent events. Who falls behind is cut off and comes again.
async fn events(State(app): State<App>, program: Program) -> Response {
    if !may(program.role, &Request::Watch {}) {
        return refuse(StatusCode::FORBIDDEN, for_admins());
    }
    let Some(place) = app.watcher() else {
        return refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            Problem::new("too many watch already", "已有过多客户端在监视"),
        );
    };
    let watch = Watch { events: app.phone().watch(), _place: place };
    let greeting =
        stream::once(async { Ok::<_, std::convert::Infallible>(Bytes::from(": watching\n\n")) });
    let events = stream::unfold(watch, |mut watch| async move {
        let event = watch.events.recv().await.ok()?;
        let text = serde_json::to_string(&*event).ok()?;
        Some((Ok(Bytes::from(format!("data: {text}\n\n"))), watch))
    });
    let body = Body::from_stream(stream::StreamExt::chain(greeting, events));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

#[cfg(test)]
mod tests;
