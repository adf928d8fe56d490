//! What the settings of a line mean, beside its form: worst cases as numbers in the page's language,
//! and the sentences of the phone's own linter.

use askama::Template;
use control::{Finding, Level, LineCheck};

use crate::text::Words;

use super::status;

#[derive(Template)]
#[template(path = "meaning.html")]
struct Meaning<'a> {
    w: &'static Words,
    /// What, and how long.
    bounds: Vec<(&'static str, String)>,
    findings: &'a [Finding],
}

impl Meaning<'_> {
    fn is_warning(finding: &Finding) -> bool {
        finding.level == Level::Warning
    }
}

/// Markup; empty for a line that is not in use.
pub(super) fn of(words: &'static Words, check: Option<&LineCheck>) -> String {
    let Some(LineCheck { bounds, findings, .. }) = check else { return String::new() };
    let seconds = |seconds: Option<f64>| {
        seconds.map_or_else(|| words.no_bound.to_owned(), |seconds| format!("{seconds:.1} s"))
    };
    let bounds = vec![
        (words.bound_incoming, seconds(bounds.incoming_s)),
        (words.bound_invite, seconds(Some(bounds.invite_s))),
        (words.bound_bye, seconds(Some(bounds.bye_s))),
        (words.bound_all_silent, seconds(Some(bounds.all_silent_s))),
        (words.bound_failback, seconds(bounds.failback_s)),
    ];
    status::text(&Meaning { w: words, bounds, findings })
}
