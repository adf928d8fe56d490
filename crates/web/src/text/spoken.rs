//! Words of the phone in the page's language. What comes from outside (a server's reason phrase, the
//! system's error) stays as it is and is marked as English, for screen readers and fonts.

use control::Problem;

use super::Language;

/// A text as a page shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spoken {
    text: String,
    /// The language of the page, where the text is in it.
    language: Option<Language>,
}

impl Spoken {
    /// A text that the phone tells in both languages; Chinese is empty where it is not the phone's.
    pub(crate) fn of(language: Language, en: &str, zh: &str) -> Self {
        let (text, foreign) = match language {
            Language::En => (en, false),
            Language::Zh if zh.is_empty() => (en, true),
            Language::Zh => (zh, false),
        };
        Self { text: text.to_owned(), language: (!foreign).then_some(language) }
    }

    /// Why something was refused.
    pub(crate) fn refusal(language: Language, problem: &Problem) -> Self {
        Self::of(language, &problem.message, &problem.message_zh)
    }

    /// A text of the page's own.
    pub(crate) fn own(language: Language, text: impl Into<String>) -> Self {
        Self { text: text.into(), language: Some(language) }
    }

    /// Without marks, for scripts and titles.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// With everything that is not in the page's language marked: the whole, or within Chinese what
    /// stands in its quotation marks.
    pub(crate) fn markup(&self) -> String {
        match self.language {
            None => foreign(&self.text),
            Some(Language::En) => escaped(&self.text),
            Some(Language::Zh) => {
                let mut markup = String::new();
                let mut rest = self.text.as_str();
                while let Some((before, after)) = rest.split_once('「') {
                    let (quoted, after) = after.split_once('」').unwrap_or((after, ""));
                    markup.push_str(&escaped(before));
                    markup.push_str(&format!("「{}」", foreign(quoted)));
                    rest = after;
                }
                markup + &escaped(rest)
            }
        }
    }
}

fn foreign(text: &str) -> String {
    format!("<span lang=\"en\">{}</span>", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_pages_language_is_marked_and_nothing_becomes_markup() {
        let outside = Spoken::of(Language::Zh, "Not <here>", "");
        assert_eq!(outside.markup(), "<span lang=\"en\">Not &lt;here&gt;</span>");
        let mixed = Spoken::of(Language::Zh, "refused: 403 No", "服务器拒绝：「403 No & \"x\"」。");
        let markup = "服务器拒绝：「<span lang=\"en\">403 No &amp; &quot;x&quot;</span>」。";
        assert_eq!(mixed.markup(), markup);
        assert_eq!(Spoken::of(Language::En, "refused", "拒绝").markup(), "refused");
        assert_eq!(
            Spoken::of(Language::Zh, "x", "未完「y").markup(),
            "未完「<span lang=\"en\">y</span>」"
        );
    }
}
