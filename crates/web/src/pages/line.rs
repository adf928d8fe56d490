//! Tab Line, sub-tab SIP: the first page after log-in, in the order of requirement E1.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use control::{AccountStatus, ConfigDescription, ItemScope, Items, Problem};
use serde::Deserialize;

use crate::app::App;
use crate::text::{Spoken, Words};

use super::caller::{Admin, Member};
use super::fields::SentByAdmin;
use super::frame::{Frame, Tab, Trouble, page};
use super::items::{self, Field, Filling, Outcome};
use super::submission::{Submission, put_in_force};
use super::{meaning, status};

type Label = fn(&Words) -> &'static str;
type GroupOf = (Label, &'static [(&'static str, Label)]);

/// Groups of the page with their items and the labels that the document gives them. Every other
/// item of a line follows under "advanced".
const LAYOUT: &[GroupOf] = &[
    (
        |w| w.register_settings,
        &[
            ("Enable Reg", |w| w.activate),
            ("Phone Number", |w| w.phone_number),
            ("Display Name", |w| w.display_name),
            ("Register User", |w| w.register_user),
            ("Register Pswd", |w| w.password),
        ],
    ),
    (
        |w| w.server_1,
        &[
            ("Register Addr", |w| w.server_address),
            ("Register Port", |w| w.server_port),
            ("Transport", |w| w.transport),
            ("Register TTL", |w| w.expiry),
        ],
    ),
    (
        |w| w.server_2,
        &[
            ("Backup Addr", |w| w.server_address),
            ("Backup Port", |w| w.server_port),
            ("Backup Transport", |w| w.transport),
            ("Backup TTL", |w| w.expiry),
        ],
    ),
    (
        |w| w.proxy,
        &[
            ("Proxy Addr", |w| w.proxy_address),
            ("Proxy Port", |w| w.proxy_port),
            ("Proxy User", |w| w.proxy_user),
            ("Proxy Pswd", |w| w.proxy_password),
        ],
    ),
    (
        |w| w.backup_proxy,
        &[("BakProxy Addr", |w| w.backup_address), ("BakProxy Port", |w| w.backup_port)],
    ),
    (
        |w| w.basic_settings,
        &[
            ("Enable Failback", |w| w.enable_failback),
            ("Failback Interval", |w| w.failback_interval),
            ("Signal Failback", |w| w.signal_failback),
            ("Signal Retry Counts", |w| w.signal_retry_counts),
        ],
    ),
];

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    #[serde(default = "first_line")]
    line: u32,
}

fn first_line() -> u32 {
    1
}

struct Group {
    id: String,
    title: &'static str,
    fields: Vec<Field>,
}

#[derive(Template)]
#[template(path = "line.html")]
struct LinePage {
    f: Frame,
    line: u32,
    /// Number, what it is called, whether it is shown now.
    lines: Vec<(u32, String, bool)>,
    /// Markup, which is live.
    state: String,
    groups: Vec<Group>,
    advanced: Vec<Field>,
    advanced_open: bool,
    /// Markup.
    meaning: String,
    outcome: Outcome,
    elsewhere: Vec<Spoken>,
}

impl LinePage {
    /// The fields whose values were refused.
    fn wrong(&self) -> Vec<&Field> {
        let all = self.groups.iter().flat_map(|group| &group.fields).chain(&self.advanced);
        all.filter(|field| field.problem.is_some()).collect()
    }
}

/// The form, filled with what is in force.
pub(super) async fn show(
    State(app): State<App>,
    Query(Which { line }): Query<Which>,
    Admin(member): Admin,
) -> Response {
    let done = draw(&app, &member, line, Outcome::default(), None).await;
    done.unwrap_or_else(|trouble| trouble.page(&member.into_caller()))
}

/// Puts the form in force, or shows what is wrong with it; either way nothing that was typed is
/// lost.
pub(super) async fn submit(
    State(app): State<App>,
    Query(Which { line }): Query<Which>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let done = async {
        let description = describe(&app, line).await?;
        let of_line = items::of_scope(&description, ItemScope::Line);
        let sent = items::sent(of_line, line, &fields);
        let Submission { outcome, typed, status } = put_in_force(&app, &member, sent).await;
        let again = draw(&app, &member, line, outcome, typed).await?;
        Ok((status, again).into_response())
    };
    done.await.unwrap_or_else(|trouble: Trouble| trouble.page(&member.into_caller()))
}

pub(super) async fn describe(app: &App, line: u32) -> Result<ConfigDescription, Trouble> {
    let description = app.phone().describe().await.map_err(|p| Trouble::refused(&p))?;
    if line == 0 || line > description.lines {
        return Err(Trouble::missing());
    }
    Ok(description)
}

async fn draw(
    app: &App,
    member: &Member,
    line: u32,
    outcome: Outcome,
    typed: Option<Items>,
) -> Result<Response, Trouble> {
    let refused = |problem: Problem| Trouble::refused(&problem);
    let description = describe(app, line).await?;
    let status = app.phone().status().await.map_err(refused)?;
    let of_line = || items::of_scope(&description, ItemScope::Line);
    let values = match typed {
        Some(typed) => typed,
        None => {
            let names = of_line().map(|item| item.full_name(line)).collect();
            app.phone().items(names).await.map_err(refused)?
        }
    };
    let f = Frame::of_member(member, Tab::Line);
    let words = f.words();
    let problem = outcome.problem.as_ref();
    let filling = Filling { language: f.language, line, values: &values, problem };
    let group = |(number, (title, known)): (usize, &GroupOf)| Group {
        id: format!("group-{number}"),
        title: title(words),
        fields: known
            .iter()
            .filter_map(|(name, label)| {
                let item = of_line().find(|item| item.name == *name)?;
                Some(filling.field(item, Some(label(words))))
            })
            .collect(),
    };
    let groups: Vec<Group> = LAYOUT.iter().enumerate().map(group).collect();
    let placed =
        |name: &str| LAYOUT.iter().flat_map(|(_, known)| *known).any(|(known, _)| *known == name);
    let advanced: Vec<Field> = of_line()
        .filter(|item| !placed(&item.name))
        .map(|item| filling.field(item, None))
        .collect();
    let fields: Vec<&Field> =
        groups.iter().flat_map(|group| &group.fields).chain(&advanced).collect();
    let elsewhere = outcome.elsewhere(f.language, &fields);
    let check = app.phone().check(line).await.map_err(refused)?;
    let drawn = LinePage {
        meaning: meaning::of(f.language, check.as_ref()),
        line,
        lines: choices(words, description.lines, line, &status.accounts),
        state: status::line_state(words, &status.accounts, line),
        advanced_open: advanced.iter().any(|field| field.problem.is_some()),
        groups,
        advanced,
        outcome,
        elsewhere,
        f,
    };
    Ok(page(&drawn))
}

/// The lines to choose from: the first ones, and whichever are in use.
pub(super) fn choices(
    words: &Words,
    lines: u32,
    shown: u32,
    accounts: &[AccountStatus],
) -> Vec<(u32, String, bool)> {
    /// As many are listed whether in use or not.
    const LISTED: u32 = 20;
    let in_use: BTreeMap<u32, &str> =
        accounts.iter().map(|account| (account.line.into(), account.aor.as_str())).collect();
    let listed = |line: &u32| *line <= LISTED || *line == shown || in_use.contains_key(line);
    let name =
        |line: u32| format!("{line}: {}", in_use.get(&line).unwrap_or(&words.not_configured));
    (1..=lines).filter(listed).map(|line| (line, name(line), line == shown)).collect()
}
