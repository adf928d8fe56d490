//! On the tab System: a configuration file comes back. It makes the phone what it was, or adds to what
//! is there; what would change can be seen before, and the restore taken back after.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use control::{ChangeReport, ConfigRequest, Document, Problem};
use serde::Deserialize;

use crate::app::App;
use crate::text::{Language, Spoken, Words};
use crate::trust::Deed;

use super::caller::Member;
use super::fields::{OctetsByAdmin, SentByAdmin};
use super::{items, system};

/// What is to be done with a file.
#[derive(Debug, Deserialize)]
pub(super) struct How {
    #[serde(default)]
    how: String,
}

/// Takes a configuration file that the page's script has read: the changes, or every line that is
/// wrong, as text.
pub(super) async fn import(
    State(app): State<App>,
    Query(How { how }): Query<How>,
    OctetsByAdmin(member, octets): OctetsByAdmin,
) -> Response {
    let (replace, dry_run) = match how.as_str() {
        "replace" => (true, false),
        "look" => (true, true),
        _ => (false, false),
    };
    let done = match Document::from_octets(&octets) {
        Ok(document) => {
            app.phone().change(ConfigRequest::Import { document, replace, dry_run }).await
        }
        Err(error) => Err(error.into()),
    };
    if !dry_run && done.is_ok() {
        let deed = if replace { Deed::RestoredConfiguration } else { Deed::ImportedConfiguration };
        note(&app, &member, &deed);
    }
    told(member.language, done)
}

/// Takes the latest restore back.
pub(super) async fn revert(
    State(app): State<App>,
    SentByAdmin(member, _): SentByAdmin,
) -> Response {
    match app.phone().change(ConfigRequest::Revert {}).await {
        Ok(_) => {
            note(&app, &member, &Deed::TookBackRestore);
            system::say(&app, member, |words| words.reverted).await
        }
        Err(problem) => {
            let said = Spoken::refusal(member.language, &problem);
            system::refuse(&app, member, said).await
        }
    }
}

fn note(app: &App, member: &Member, deed: &Deed) {
    app.trust().note(&member.session.user, member.visitor.address, deed);
}

fn told(language: Language, done: Result<ChangeReport, Problem>) -> Response {
    let words = language.words();
    match done {
        Ok(report) => in_words(language, words, &report).join("\n").into_response(),
        Err(problem) => {
            let all = std::iter::once(&problem).chain(&problem.also);
            let said = |problem| Spoken::refusal(language, problem).text().to_owned();
            let text: Vec<String> = all.map(said).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, text.join("\n")).into_response()
        }
    }
}

fn in_words(language: Language, words: &Words, report: &ChangeReport) -> Vec<String> {
    let first = match (report.items.is_empty() && report.contacts == 0, report.dry_run) {
        (true, _) => words.nothing_changed,
        (false, true) => words.would_change,
        (false, false) => words.in_force,
    };
    let mut text = vec![first.to_owned()];
    let shown = |value| items::shown(words, value);
    text.extend(report.items.iter().map(|change| {
        format!("{} = {} ({} {})", change.item, shown(&change.new), words.was, shown(&change.old))
    }));
    let counts = [
        (report.contacts, words.file_contacts),
        (report.kept, words.file_kept),
        (report.dropped, words.file_dropped),
    ];
    for (count, what) in counts {
        if count > 0 {
            text.push(format!("{what} {count}"));
        }
    }
    text.extend_from_slice(items::warnings(language, report));
    text
}
