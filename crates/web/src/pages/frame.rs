//! What surrounds every page: the tabs, the language, the way out; and the page for trouble.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use control::{ChangeReport, Problem};

use crate::text::{Language, Spoken, Words};
use crate::trust::{Refusal, Role};

use super::caller::{Caller, Member};
use super::items;

/// A tab of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Line,
    Status,
    Calls,
    Contacts,
    Audio,
    Drill,
    Journal,
    Network,
    Trace,
    System,
    /// None: log-in, trouble.
    None,
}

/// See the module.
pub(crate) struct Frame {
    pub(crate) language: Language,
    pub(crate) tab: Tab,
    /// Name, whether administrator, and the mark of the session's forms.
    pub(crate) member: Option<(String, bool, String)>,
}

impl Frame {
    pub(crate) fn of(caller: &Caller, tab: Tab) -> Self {
        let member = caller.session.as_ref().map(|session| {
            (session.user.clone(), session.role == Role::Admin, session.csrf.clone())
        });
        Self { language: caller.language, tab, member }
    }

    pub(crate) fn of_member(member: &Member, tab: Tab) -> Self {
        Self::of(&member.clone().into_caller(), tab)
    }

    pub(crate) fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// What the user ought to know of a change, a sentence each.
    pub(crate) fn warnings<'a>(&self, report: &'a ChangeReport) -> &'a [String] {
        items::warnings(self.language, report)
    }

    /// The mark that each form carries; empty where nobody is logged in.
    pub(crate) fn csrf(&self) -> &str {
        self.member.as_ref().map_or("", |(_, _, csrf)| csrf)
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.member.as_ref().is_some_and(|(_, admin, _)| *admin)
    }

    /// `page` where it is this tab's.
    fn current(&self, tab: Tab) -> &'static str {
        if self.tab == tab { "page" } else { "false" }
    }

    /// The tabs of this visitor: address, title, whether it is shown now.
    pub(crate) fn tabs(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let words = self.words();
        let Some((_, admin, _)) = &self.member else { return Vec::new() };
        let all = [
            ("/line/sip", words.line, Tab::Line, true),
            ("/status", words.status, Tab::Status, false),
            ("/calls", words.calls, Tab::Calls, false),
            ("/contacts", words.contacts, Tab::Contacts, false),
            ("/audio", self.language.sound().audio, Tab::Audio, true),
            ("/drill", words.drill, Tab::Drill, true),
            ("/journal", words.journal, Tab::Journal, false),
            ("/trace", words.trace, Tab::Trace, true),
            ("/network", words.network, Tab::Network, false),
            ("/system", words.system, Tab::System, false),
        ];
        let shown = all.into_iter().filter(|(_, _, _, only_admin)| *admin || !only_admin);
        shown.map(|(to, title, tab, _)| (to, title, self.current(tab))).collect()
    }

    /// Code and own name of the other language.
    pub(crate) fn other_language(&self) -> (&'static str, &'static str) {
        match self.language {
            Language::En => ("zh", "中文"),
            Language::Zh => ("en", "English"),
        }
    }

    /// Octets of the largest file that the phone takes, so that the page's script sends no larger one.
    pub(crate) fn largest_file(&self) -> usize {
        control::limits::MAX_DOCUMENT
    }

    /// By which a browser tells one version's style and script from another's.
    pub(crate) fn version(&self) -> &'static str {
        super::assets::version()
    }
}

/// A page as an answer.
pub(crate) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "web page: a template cannot be filled");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Something that a visitor has to be told instead of what was asked for.
pub(crate) struct Trouble {
    status: StatusCode,
    text: fn(&Words) -> &'static str,
    more: Option<Problem>,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    f: Frame,
    text: &'static str,
    more: Option<Spoken>,
}

impl Trouble {
    pub(crate) fn missing() -> Self {
        Self { status: StatusCode::NOT_FOUND, text: |w| w.no_such_page, more: None }
    }

    /// A form came, and its sender's session is over.
    pub(crate) fn logged_out() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, text: |w| w.session_over, more: None }
    }

    /// What was sent is not even read.
    pub(crate) fn turned_away(status: StatusCode) -> Self {
        let text: fn(&Words) -> &'static str = match status {
            StatusCode::FORBIDDEN => |w| w.from_elsewhere,
            StatusCode::REQUEST_TIMEOUT => |w| w.too_slow,
            StatusCode::UNAUTHORIZED => |w| w.session_over,
            _ => |w| w.too_large,
        };
        Self { status, text, more: None }
    }

    pub(crate) fn not_allowed() -> Self {
        Self { status: StatusCode::FORBIDDEN, text: |w| w.not_allowed, more: None }
    }

    pub(crate) fn expired() -> Self {
        Self { status: StatusCode::FORBIDDEN, text: |w| w.expired_form, more: None }
    }

    /// The phone refuses.
    pub(crate) fn refused(problem: &Problem) -> Self {
        let more = Some(problem.clone());
        Self { status: StatusCode::CONFLICT, text: |w| w.went_wrong, more }
    }

    /// For a script, which shows it.
    pub(crate) fn line(self, language: Language) -> Response {
        (self.status, (self.text)(language.words())).into_response()
    }

    pub(crate) fn page(self, caller: &Caller) -> Response {
        let f = Frame::of(caller, Tab::None);
        let text = (self.text)(f.words());
        let more = self.more.map(|problem| Spoken::refusal(f.language, &problem));
        (self.status, page(&TroublePage { f, text, more })).into_response()
    }
}

/// A refusal of trust in words.
pub(crate) fn refusal(words: &Words, refusal: Refusal) -> String {
    match refusal {
        Refusal::Wrong => words.wrong_password.to_owned(),
        Refusal::Locked(seconds) => format!("{} {seconds}", words.locked),
        Refusal::Busy => words.busy.to_owned(),
        Refusal::Length => words.password_length.to_owned(),
        Refusal::Name => words.refused_name.to_owned(),
        Refusal::Full => words.full.to_owned(),
        Refusal::LastAdmin => words.last_admin.to_owned(),
        Refusal::Unknown => words.unknown_name.to_owned(),
        Refusal::NotKept => words.not_kept.to_owned(),
    }
}
