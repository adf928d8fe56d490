//! What every page of settings does with its form: the items are put in force, who did it is noted
//! (requirement F10), and what was refused is handed back to be drawn again.

use axum::http::StatusCode;
use control::{ConfigRequest, Items};

use crate::app::App;
use crate::trust::Deed;

use super::caller::Member;
use super::items::Outcome;

/// What has become of a form.
pub(super) struct Submission {
    pub(super) outcome: Outcome,
    /// What was sent, where it was refused: nothing that was typed is lost.
    pub(super) typed: Option<Items>,
    pub(super) status: StatusCode,
}

/// Puts items in force; the audit log says which have changed, if any have.
pub(super) async fn put_in_force(app: &App, member: &Member, sent: Items) -> Submission {
    match app.phone().change(ConfigRequest::Set { items: sent.clone() }).await {
        Ok(report) => {
            if !report.items.is_empty() {
                let changed = report.items.iter().map(|change| change.item.clone()).collect();
                let (user, address) = (&member.session.user, member.visitor.address);
                app.trust().note(user, address, &Deed::Set(changed));
            }
            let outcome = Outcome { report: Some(report), problem: None };
            Submission { outcome, typed: None, status: StatusCode::OK }
        }
        Err(problem) => {
            let outcome = Outcome { report: None, problem: Some(problem) };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Submission { outcome, typed: Some(sent), status }
        }
    }
}
