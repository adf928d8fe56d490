//! What the settings of a line mean, beside its form, in the page's language: worst cases as
//! numbers, and the sentences of the phone's own linter.

use askama::Template;
use control::{Finding, Level, LineCheck};

use crate::text::{Language, Words};

use super::status;

#[derive(Template)]
#[template(path = "meaning.html")]
struct Meaning<'a> {
    w: &'static Words,
    /// What, and how long.
    bounds: Vec<(&'static str, String)>,
    /// Whether it is a warning, and the sentence.
    findings: Vec<(bool, &'a str)>,
}

/// Markup; empty for a line that is not in use.
pub(super) fn of(language: Language, check: Option<&LineCheck>) -> String {
    let words = language.words();
    let Some(LineCheck { bounds, findings, .. }) = check else { return String::new() };
    let seconds = |seconds: Option<f64>| {
        seconds.map_or_else(
            || words.no_bound.to_owned(),
            |seconds| format!("{seconds:.1} {}", words.seconds),
        )
    };
    let bounds = vec![
        (words.bound_incoming, seconds(bounds.incoming_s)),
        (words.bound_invite, seconds(Some(bounds.invite_s))),
        (words.bound_bye, seconds(Some(bounds.bye_s))),
        (words.bound_all_silent, seconds(Some(bounds.all_silent_s))),
        (words.bound_failback, seconds(bounds.failback_s)),
    ];
    let findings = findings.iter().map(|finding| shown(language, finding)).collect();
    status::text(&Meaning { w: words, bounds, findings })
}

fn shown(language: Language, finding: &Finding) -> (bool, &str) {
    let sentence = match language {
        Language::En => &finding.text,
        Language::Zh => &finding.text_zh,
    };
    (finding.level == Level::Warning, sentence)
}
