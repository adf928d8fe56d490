//! The recent SIP messages for programs: as JSON, and as a capture file.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use control::{Payload, Problem, Request, TraceRequest};
use serde::Deserialize;

use crate::app::App;
use crate::phone::unexpected;

use super::program::Program;
use super::{ask, may, perform, refuse};

#[derive(Debug, Deserialize)]
pub(super) struct Of {
    line: Option<u16>,
    call_id: Option<String>,
    since: Option<u64>,
    last: Option<u32>,
}

/// What was recorded.
pub(super) async fn show(
    State(app): State<App>,
    Query(Of { line, call_id, since, last }): Query<Of>,
    program: Program,
) -> Response {
    let request = TraceRequest::Show { line, call_id, since, last };
    perform(&app, &program, Request::Trace(request)).await
}

pub(super) async fn ask_trace(State(app): State<App>, program: Program, body: Bytes) -> Response {
    ask(State(app), Path("trace".to_owned()), program, body).await
}

/// The same as a capture file, secrets masked.
pub(super) async fn capture(
    State(app): State<App>,
    Query(Of { line, call_id, .. }): Query<Of>,
    program: Program,
) -> Response {
    let request = Request::Trace(TraceRequest::Pcap { line, call_id, with_secrets: false });
    if !may(program.role, &request) {
        return refuse(StatusCode::FORBIDDEN, super::for_admins());
    }
    match app.phone().ask(request).await.and_then(file) {
        Ok(octets) => download(octets),
        Err(problem) => refuse(StatusCode::CONFLICT, problem),
    }
}

/// The octets of a file that the phone has answered with.
pub(crate) fn file(payload: Payload) -> Result<Vec<u8>, Problem> {
    let Payload::Document(document) = payload else { return Err(unexpected()) };
    document.octets().map_err(Problem::from)
}

/// A capture file as a browser keeps it.
pub(crate) fn download(octets: Vec<u8>) -> Response {
    let name = "attachment; filename=\"phoned.pcapng\"";
    ([(CONTENT_TYPE, "application/octet-stream"), (CONTENT_DISPOSITION, name)], octets)
        .into_response()
}
