//! Tab Network: what the operating system has set up, live, and the settings of the phone's own. What is
//! the system's is shown and not changed here.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use control::{
    ConfigDescription, Interface, ItemDescription, ItemScope, Items, NetworkRequest, NetworkStatus,
    Payload, Problem, Request,
};

use crate::app::App;
use crate::phone::unexpected;
use crate::text::{Spoken, Words};

use super::caller::Member;
use super::fields::SentByAdmin;
use super::frame::{Frame, Tab, Trouble, page};
use super::items::{self, Field, Filling, Outcome};
use super::status::{self, Parts};
use super::submission::{Submission, put_in_force};

type Label = fn(&Words) -> &'static str;

/// The items of the phone that have their place here, with their labels.
const OWN: &[(&str, Label)] = &[
    ("SIP  Port", |w| w.network_sip_port),
    ("RTP Initial Port", |w| w.network_rtp_first),
    ("RTP Port Quantity", |w| w.network_rtp_count),
    ("Enable diffServ", |w| w.network_mark),
    ("Singalling DSCP", |w| w.network_mark_sip),
    ("Voice DSCP", |w| w.network_mark_rtp),
];

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    f: Frame,
    parts: Parts,
    /// Empty for who may not change them.
    fields: Vec<Field>,
    outcome: Outcome,
    elsewhere: Vec<Spoken>,
}

impl NetworkPage {
    /// The fields whose values were refused.
    fn wrong(&self) -> Vec<&Field> {
        self.fields.iter().filter(|field| field.problem.is_some()).collect()
    }
}

#[derive(Template)]
#[template(path = "network_now.html")]
struct Now {
    w: &'static Words,
    status: NetworkStatus,
}

impl Now {
    /// How an interface stands, in words, and its mood.
    fn state(&self, interface: &Interface) -> (&'static str, &'static str) {
        match (interface.up, interface.carrier) {
            (true, true) => (self.w.network_up, "good"),
            (true, false) => (self.w.network_no_carrier, "bad"),
            (false, _) => (self.w.network_off, "idle"),
        }
    }
}

/// The page.
pub(super) async fn show(State(app): State<App>, member: Member) -> Response {
    let done = draw(&app, &member, Outcome::default(), None).await;
    done.unwrap_or_else(|problem| Trouble::refused(&problem).page(&member.into_caller()))
}

/// Puts the form in force, or shows what is wrong.
pub(super) async fn submit(
    State(app): State<App>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let done = async {
        let description = app.phone().describe().await?;
        let sent = items::sent(own(&description).map(|(item, _)| item), 0, &fields);
        let Submission { outcome, typed, status } = put_in_force(&app, &member, sent).await;
        let again = draw(&app, &member, outcome, typed).await?;
        Ok((status, again).into_response())
    };
    let done: Result<Response, Problem> = done.await;
    done.unwrap_or_else(|problem| Trouble::refused(&problem).page(&member.into_caller()))
}

/// The part that is live.
pub(super) async fn parts(app: &App, f: &Frame) -> Result<Parts, Problem> {
    let payload = app.phone().ask(Request::Network(NetworkRequest {})).await?;
    let Payload::Network(status) = payload else { return Err(unexpected()) };
    Ok(Parts::from([("network", status::text(&Now { w: f.words(), status }))]))
}

/// Whether an item has its place here and not among the global settings.
pub(super) fn is_own(item: &ItemDescription) -> bool {
    item.scope == ItemScope::Phone && OWN.iter().any(|(name, _)| *name == item.name)
}

/// The items of the page with their labels, in its order.
fn own(description: &ConfigDescription) -> impl Iterator<Item = (&ItemDescription, Label)> {
    OWN.iter().filter_map(|(name, label)| {
        let item = description.items.iter().find(|item| is_own(item) && item.name == *name)?;
        Some((item, *label))
    })
}

async fn draw(
    app: &App,
    member: &Member,
    outcome: Outcome,
    typed: Option<Items>,
) -> Result<Response, Problem> {
    let f = Frame::of_member(member, Tab::Network);
    let parts = parts(app, &f).await?;
    if !f.is_admin() {
        let (fields, elsewhere) = (Vec::new(), Vec::new());
        return Ok(page(&NetworkPage { f, parts, fields, outcome, elsewhere }));
    }
    let description = app.phone().describe().await?;
    let values = match typed {
        Some(typed) => typed,
        None => {
            app.phone().items(own(&description).map(|(it, _)| it.full_name(0)).collect()).await?
        }
    };
    let (words, problem) = (f.words(), outcome.problem.as_ref());
    let filling = Filling { language: f.language, line: 0, values: &values, problem };
    let field = |(item, label): (&ItemDescription, Label)| filling.field(item, Some(label(words)));
    let fields: Vec<Field> = own(&description).map(field).collect();
    let elsewhere = outcome.elsewhere(f.language, &fields.iter().collect::<Vec<_>>());
    Ok(page(&NetworkPage { f, parts, fields, outcome, elsewhere }))
}
