//! Tab Line, sub-tab global settings: the items that the phone has once.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use control::{ConfigDescription, ItemDescription, ItemScope, Items, Problem};

use crate::app::App;
use crate::text::Spoken;

use super::caller::{Admin, Member};
use super::fields::SentByAdmin;
use super::frame::{Frame, Tab, Trouble, page};
use super::items::{self, Field, Filling, Outcome};
use super::network;
use super::submission::{Submission, put_in_force};

#[derive(Template)]
#[template(path = "global.html")]
struct GlobalPage {
    f: Frame,
    fields: Vec<Field>,
    outcome: Outcome,
    elsewhere: Vec<Spoken>,
}

impl GlobalPage {
    /// The fields whose values were refused.
    fn wrong(&self) -> Vec<&Field> {
        self.fields.iter().filter(|field| field.problem.is_some()).collect()
    }
}

/// The form.
pub(super) async fn show(State(app): State<App>, Admin(member): Admin) -> Response {
    let done = draw(&app, &member, Outcome::default(), None).await;
    done.unwrap_or_else(|problem| Trouble::refused(&problem).page(&member.into_caller()))
}

/// Puts it in force, or shows what is wrong.
pub(super) async fn submit(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let done = async {
        let description = app.phone().describe().await?;
        let sent = items::sent(of_phone(&description), 0, &fields);
        let Submission { outcome, typed, status } = put_in_force(&app, &member, sent).await;
        let again = draw(&app, &member, outcome, typed).await?;
        Ok((status, again).into_response())
    };
    let done: Result<Response, Problem> = done.await;
    done.unwrap_or_else(|problem| Trouble::refused(&problem).page(&member.into_caller()))
}

/// Those that have no tab of their own.
fn of_phone(description: &ConfigDescription) -> impl Iterator<Item = &ItemDescription> {
    items::of_scope(description, ItemScope::Phone).filter(|item| !network::is_own(item))
}

async fn draw(
    app: &App,
    member: &Member,
    outcome: Outcome,
    typed: Option<Items>,
) -> Result<Response, Problem> {
    let description = app.phone().describe().await?;
    let values = match typed {
        Some(typed) => typed,
        None => {
            app.phone()
                .items(of_phone(&description).map(|item| item.full_name(0)).collect())
                .await?
        }
    };
    let f = Frame::of_member(member, Tab::Line);
    let problem = outcome.problem.as_ref();
    let filling = Filling { language: f.language, line: 0, values: &values, problem };
    let fields: Vec<Field> = of_phone(&description).map(|item| filling.field(item, None)).collect();
    let elsewhere = outcome.elsewhere(f.language, &fields.iter().collect::<Vec<_>>());
    Ok(page(&GlobalPage { f, fields, outcome, elsewhere }))
}
