//! On the tab System: the configuration that is fetched from a server (requirement F8): from where, how
//! that went last, and a button that does it now.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use control::{Payload, Problem, ProvisionRequest, ProvisionStatus, Request};

use crate::app::App;
use crate::phone::unexpected;
use crate::text::{Spoken, Words};
use crate::trust::Deed;

use super::fields::SentByAdmin;
use super::frame::Frame;
use super::{status, system};

#[derive(Template)]
#[template(path = "provision.html")]
struct Card<'a> {
    w: &'static Words,
    csrf: &'a str,
    status: ProvisionStatus,
    /// How the last fetch ended.
    result: Option<Spoken>,
}

/// The part of the page.
pub(super) async fn part(app: &App, f: &Frame) -> Result<String, Problem> {
    let payload = app.phone().ask(Request::Provision(ProvisionRequest::Show {})).await?;
    let Payload::Provision(status) = payload else { return Err(unexpected()) };
    let said = |result: &String| f.words().said(result, &status.result_zh);
    let result = status.result.as_ref().map(said);
    Ok(status::text(&Card { w: f.words(), csrf: f.csrf(), status, result }))
}

/// Fetches it now.
pub(super) async fn now(State(app): State<App>, SentByAdmin(member, _): SentByAdmin) -> Response {
    match app.phone().ask(Request::Provision(ProvisionRequest::Now {})).await {
        Ok(_) => {
            let (user, address) = (&member.session.user, member.visitor.address);
            app.trust().note(user, address, &Deed::Fetched);
            system::say(&app, member, |words| words.provision_done).await
        }
        Err(problem) => {
            let said = Spoken::refusal(member.language, &problem);
            system::refuse(&app, member, said).await
        }
    }
}
