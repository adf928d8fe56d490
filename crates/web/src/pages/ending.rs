//! On the tab System: starting the phone again, and the factory's settings. Both are asked for with
//! what they cost, and are followed by a page that waits for the phone to come back.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use control::{Request, SystemRequest};

use crate::app::App;
use crate::text::Spoken;
use crate::trust::Deed;

use super::caller::{Admin, Member};
use super::fields::SentByAdmin;
use super::frame::{Frame, Tab, Trouble, page, refusal};
use super::system;

#[derive(Template)]
#[template(path = "ending.html")]
struct EndingPage {
    f: Frame,
}

/// The page that waits.
pub(super) async fn show(Admin(member): Admin) -> Response {
    page(&EndingPage { f: Frame::of_member(&member, Tab::System) })
}

/// Starts the phone again.
pub(super) async fn restart(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let end_calls = fields.given("end_calls").is_some();
    end(&app, member, SystemRequest::Restart { end_calls }, &Deed::Restarted).await
}

/// Resets it: for who ticks the box and gives the own password once more.
pub(super) async fn reset(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let words = member.language.words();
    if fields.given("sure").is_none() {
        let said = Spoken::own(member.language, words.reset_not_sure);
        return system::refuse(&app, member, said).await;
    }
    let (user, address) = (member.session.user.clone(), member.visitor.address);
    if let Err(error) = app.trust().confirm(&user, fields.text("current"), address).await {
        let said = Spoken::own(member.language, refusal(words, error));
        return system::refuse(&app, member, said).await;
    }
    end(&app, member, SystemRequest::Reset {}, &Deed::Reset).await
}

async fn end(app: &App, member: Member, request: SystemRequest, deed: &Deed) -> Response {
    match app.phone().ask(Request::System(request)).await {
        Ok(_) => {
            app.trust().note(&member.session.user, member.visitor.address, deed);
            Redirect::to("/system/ending").into_response()
        }
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}
