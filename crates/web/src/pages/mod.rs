//! The pages: which there are, what every answer carries, and who is sent where.
//!
//! A page is a template filled from replies of the phone. A form that is sent is one request; its
//! answer is the page again, with what has changed or what is wrong. Each file is one tab.

mod access;
mod assets;
mod audio;
mod call_log;
pub(crate) mod caller;
mod calls;
mod contacts;
mod drill;
mod ending;
mod fields;
mod frame;
mod global;
mod items;
mod journal;
mod ladder;
mod line;
mod live;
mod log;
mod meaning;
mod network;
mod provision;
mod quality;
mod restore;
mod shield;
mod status;
mod submission;
mod system;
mod timeline;
mod trace;
mod volume;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::trust::Role;
use caller::{Caller, Member};
use frame::Trouble;

/// Every address that is answered.
pub(crate) fn router(app: App) -> Router {
    let pages = Router::new()
        .route("/", get(home))
        .route("/first", get(access::first).post(access::set_up))
        .route("/login", get(access::login).post(access::log_in))
        .route("/logout", post(access::log_out))
        .route("/language/{code}", get(access::language))
        .route("/line/sip", get(line::show).post(line::submit))
        .route("/line/global", get(global::show).post(global::submit))
        .route("/status", get(status::show))
        .route("/status/register", post(status::register))
        .route("/calls", get(calls::show))
        .route("/calls/dial", post(calls::dial))
        .route("/calls/do", post(calls::act))
        .route("/calls/volume", post(volume::submit))
        .route("/audio", get(audio::show).post(audio::submit))
        .route("/audio/test", post(audio::test))
        .route("/contacts", get(contacts::show).post(contacts::submit))
        .route("/contacts/import", post(contacts::import))
        .route("/contacts/file/{name}", get(contacts::export))
        .route("/drill", get(drill::show).post(drill::submit))
        .route("/journal", get(journal::show))
        .route("/network", get(network::show).post(network::submit))
        .route("/trace", get(trace::show))
        .route("/trace/message/{id}", get(trace::message))
        .route("/trace/capture", post(trace::capture))
        .route("/live", get(live::stream))
        .route("/system", get(system::show))
        .route("/system/log", get(log::show))
        .route("/system/log.txt", get(log::download))
        .route("/system/password", post(system::password))
        .route("/system/users", post(system::add_user))
        .route("/system/users/remove", post(system::remove_user))
        .route("/system/tokens", post(system::add_token))
        .route("/system/tokens/remove", post(system::remove_token))
        .route("/system/provision", post(provision::now))
        .route("/system/restart", post(ending::restart))
        .route("/system/reset", post(ending::reset))
        .route("/system/ending", get(ending::show))
        .route("/system/export", post(system::export))
        .route("/system/import", post(restore::import))
        .route("/system/revert", post(restore::revert))
        .route("/assets/{name}", get(assets::serve))
        .route("/health", get(health))
        .fallback(nowhere);
    pages
        .merge(crate::api::router())
        // The shield has read the body already, within a bound of its own.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(axum::middleware::from_fn_with_state(app.clone(), shield::around))
        .with_state(app)
}

/// The first page: E1's for who may configure, the state for others.
async fn home(State(app): State<App>, caller: Caller) -> Redirect {
    let to = match caller.session.map(|session| session.role) {
        Some(Role::Admin) => "/line/sip",
        Some(Role::User) => "/status",
        None if app.trust().is_new() => "/first",
        None => "/login",
    };
    Redirect::to(to)
}

/// That the page answers; nothing about the phone, because anybody may ask.
async fn health() -> Response {
    ([(CONTENT_TYPE, "application/json")], "{\"status\":\"ok\"}\n").into_response()
}

async fn nowhere(caller: Caller) -> Response {
    Trouble::missing().page(&caller)
}

/// The first page of a member who came from elsewhere.
pub(super) fn start(member: &Member) -> &'static str {
    match member.session.role {
        Role::Admin => "/line/sip",
        Role::User => "/status",
    }
}

#[cfg(test)]
mod tests;
