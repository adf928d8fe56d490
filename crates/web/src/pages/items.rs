//! Configuration items as fields of a form: drawn from their description, filled from their values,
//! and marked where the phone has refused them. Which items stand where is up to each page.

use control::{
    ChangeReport, Choice, ConfigDescription, ItemDescription, ItemScope, ItemValues, Items, Problem,
};

use crate::text::{Language, Spoken, Words};

use super::fields::Fields;

/// One field.
#[derive(Debug)]
pub(crate) struct Field {
    /// Unique in the page.
    pub(crate) id: String,
    /// The item's name without the line's number; the name of the field.
    pub(crate) item: String,
    /// The item's name as files and phonectl have it.
    pub(crate) full_name: String,
    pub(crate) label: String,
    pub(crate) help: String,
    /// Range and default in words.
    pub(crate) bounds: String,
    pub(crate) value: String,
    pub(crate) input: Input,
    /// What would have been accepted, where the value was not.
    pub(crate) problem: Option<String>,
}

/// How it is filled in.
#[derive(Debug)]
pub(crate) enum Input {
    Text,
    Number,
    Secret,
    Flag,
    /// Value, meaning, whether it is chosen.
    Choice(Vec<(String, String, bool)>),
}

impl Field {
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.input, Input::Number)
    }

    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.input, Input::Secret)
    }

    pub(crate) fn is_flag(&self) -> bool {
        matches!(self.input, Input::Flag)
    }

    /// Has it filled in by a choice: value, meaning, whether it is chosen.
    pub(crate) fn choose(&mut self, choices: Vec<(String, String, bool)>) {
        self.input = Input::Choice(choices);
    }

    pub(crate) fn choices(&self) -> &[(String, String, bool)] {
        match &self.input {
            Input::Choice(choices) => choices,
            Input::Text | Input::Number | Input::Secret | Input::Flag => &[],
        }
    }
}

/// What fills the fields, and in which words.
pub(crate) struct Filling<'a> {
    pub(crate) language: Language,
    pub(crate) line: u32,
    /// By full name.
    pub(crate) values: &'a Items,
    /// Refused values.
    pub(crate) problem: Option<&'a Problem>,
}

impl Filling<'_> {
    /// The field of an item; without a label of the page's own the item's name is the label.
    pub(crate) fn field(&self, item: &ItemDescription, label: Option<&'static str>) -> Field {
        let full_name = item.full_name(self.line);
        let value = self.values.value(&full_name).unwrap_or(&item.default).to_owned();
        let wrong = self.problem.is_some_and(|problem| names(problem, &full_name));
        let input = match &item.values {
            ItemValues::Text { .. }
            | ItemValues::Address {}
            | ItemValues::Callee {}
            | ItemValues::Codecs { .. } => Input::Text,
            ItemValues::Secret { .. } => Input::Secret,
            ItemValues::Number { .. } => Input::Number,
            ItemValues::Flag {} => Input::Flag,
            ItemValues::Choice { of } => {
                let choice = |choice: &Choice| {
                    let meaning = meaning(self.language, choice).to_owned();
                    (choice.value.clone(), meaning, choice.value == value)
                };
                Input::Choice(of.iter().map(choice).collect())
            }
        };
        Field {
            id: slug(&item.name),
            item: item.name.clone(),
            full_name,
            label: label.map_or_else(|| item.name.clone(), str::to_owned),
            help: match self.language {
                Language::En => item.help.en.clone(),
                Language::Zh => item.help.zh.clone(),
            },
            bounds: self.bounds(item),
            value,
            input,
            problem: wrong.then(|| range(self.language, &item.values)),
        }
    }

    fn bounds(&self, item: &ItemDescription) -> String {
        let words = self.language.words();
        let colon = if self.language == Language::Zh { "：" } else { ": " };
        let mut parts = Vec::new();
        match &item.values {
            ItemValues::Number { .. } | ItemValues::Codecs { .. } => {
                parts.push(format!("{}{colon}{}", words.range, range(self.language, &item.values)));
            }
            ItemValues::Text { .. }
            | ItemValues::Secret { .. }
            | ItemValues::Flag {}
            | ItemValues::Choice { .. }
            | ItemValues::Address {}
            | ItemValues::Callee {} => {}
        }
        if let Some(default) = self.default(item) {
            parts.push(format!("{}{colon}{default}", words.default));
        }
        parts.join(if self.language == Language::Zh { "；" } else { "; " })
    }

    /// The default in words, where there is one worth a word.
    fn default(&self, item: &ItemDescription) -> Option<String> {
        let words = self.language.words();
        match &item.values {
            ItemValues::Choice { of } => {
                let chosen = of.iter().find(|choice| choice.value == item.default)?;
                Some(meaning(self.language, chosen).to_owned())
            }
            ItemValues::Flag {} => {
                Some(if item.default == "1" { words.on } else { words.off }.to_owned())
            }
            ItemValues::Text { .. }
            | ItemValues::Secret { .. }
            | ItemValues::Number { .. }
            | ItemValues::Address {}
            | ItemValues::Callee {}
            | ItemValues::Codecs { .. } => (!item.default.is_empty()).then(|| item.default.clone()),
        }
    }
}

/// Which values are accepted, in words.
fn range(language: Language, values: &ItemValues) -> String {
    let words = language.words();
    match (language, values) {
        (_, ItemValues::Number { min, max, unit }) => {
            let unit = if unit == "transmissions" { words.transmissions } else { unit };
            format!("{min} {} {max} {unit}", words.to).trim_end().to_owned()
        }
        (_, ItemValues::Choice { of }) => {
            of.iter().map(|choice| meaning(language, choice)).collect::<Vec<_>>().join(", ")
        }
        (Language::En, ItemValues::Text { max }) => format!("text of at most {max} octets"),
        (Language::Zh, ItemValues::Text { max }) => format!("最多 {max} 字节的文本"),
        (Language::En, ItemValues::Secret { max }) => {
            format!("a password of at most {max} octets without blanks at its ends")
        }
        (Language::Zh, ItemValues::Secret { max }) => {
            format!("最多 {max} 字节的密码，首尾不含空格")
        }
        (Language::En, ItemValues::Flag {}) => "on or off".into(),
        (Language::Zh, ItemValues::Flag {}) => "开启或关闭".into(),
        (Language::En, ItemValues::Address {}) => "an IPv4 or IPv6 address or a domain name".into(),
        (Language::Zh, ItemValues::Address {}) => "IPv4 或 IPv6 地址，或域名".into(),
        (Language::En, ItemValues::Callee {}) => "a number, user@host or a SIP URI".into(),
        (Language::Zh, ItemValues::Callee {}) => "号码、user@host 或 SIP URI".into(),
        (Language::En, ItemValues::Codecs { known }) => {
            format!("names with commas, at least one of {}", known.join(", "))
        }
        (Language::Zh, ItemValues::Codecs { known }) => {
            format!("用逗号分隔的名称，至少包含 {} 之一", known.join("、"))
        }
    }
}

/// What a value of a choice means.
fn meaning(language: Language, choice: &Choice) -> &str {
    match language {
        Language::En => &choice.meaning,
        Language::Zh => &choice.meaning_zh,
    }
}

/// Whether a refusal is about the item of this full name.
fn names(problem: &Problem, full_name: &str) -> bool {
    let here = |problem: &Problem| problem.place.as_deref() == Some(full_name);
    here(problem) || problem.also.iter().any(here)
}

/// The items of a scope, in the table's order.
pub(crate) fn of_scope(
    description: &ConfigDescription,
    scope: ItemScope,
) -> impl Iterator<Item = &ItemDescription> {
    description.items.iter().filter(move |item| item.scope == scope)
}

/// The values of these items as the form gives them. A box that is not ticked is not sent.
pub(crate) fn sent<'a>(
    items: impl Iterator<Item = &'a ItemDescription>,
    line: u32,
    fields: &Fields,
) -> Items {
    let value = |item: &ItemDescription| match item.values {
        ItemValues::Flag {} => Some(if fields.given(&item.name).is_some() { "1" } else { "0" }),
        ItemValues::Text { .. }
        | ItemValues::Secret { .. }
        | ItemValues::Number { .. }
        | ItemValues::Choice { .. }
        | ItemValues::Address {}
        | ItemValues::Callee {}
        | ItemValues::Codecs { .. } => fields.given(&item.name),
    };
    let pair = |item: &ItemDescription| Some((item.full_name(line), value(item)?.to_owned()));
    items.filter_map(pair).collect()
}

/// What a submission has led to, above the form.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Nothing, or what has changed.
    pub(crate) report: Option<ChangeReport>,
    /// What was refused.
    pub(crate) problem: Option<Problem>,
}

impl Outcome {
    /// Refusals that no field of the page shows.
    pub(crate) fn elsewhere(&self, language: Language, fields: &[&Field]) -> Vec<Spoken> {
        let Some(problem) = &self.problem else { return Vec::new() };
        let all = std::iter::once(problem).chain(&problem.also);
        let shown = |problem: &&Problem| {
            let place = problem.place.as_deref();
            !fields.iter().any(|field| Some(field.full_name.as_str()) == place)
        };
        all.filter(shown).map(|problem| Spoken::refusal(language, problem)).collect()
    }
}

/// What the user ought to know of a change, a sentence each.
pub(crate) fn warnings(language: Language, report: &ChangeReport) -> &[String] {
    match language {
        Language::En => &report.warnings,
        Language::Zh => &report.warnings_zh,
    }
}

/// An item's value as the change report shows it.
pub(crate) fn shown<'a>(words: &'a Words, value: &'a str) -> &'a str {
    if value.is_empty() { words.empty } else { value }
}

fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use control::Help;

    use super::*;

    fn item(name: &str, values: ItemValues) -> ItemDescription {
        let help = Help { en: "Help.".into(), zh: "帮助。".into() };
        let (name, default) = (name.to_owned(), "5060".to_owned());
        ItemDescription {
            name,
            scope: ItemScope::Line,
            values,
            range: String::new(),
            default,
            help,
        }
    }

    #[test]
    fn a_refused_value_stays_in_its_field_with_what_is_accepted() {
        let port =
            item("Proxy Port", ItemValues::Number { min: 0, max: 65535, unit: String::new() });
        let values = Items(vec![("SIP2 Proxy Port".into(), "70000".into())]);
        let mut problem = Problem::outside("wrong").at("SIP2 Proxy Addr");
        problem.also.push(Problem::outside("wrong").at("SIP2 Proxy Port"));
        for (language, expected) in [(Language::En, "0 to 65535"), (Language::Zh, "0 至 65535")] {
            let filling = Filling { language, line: 2, values: &values, problem: Some(&problem) };
            let field = filling.field(&port, None);
            assert_eq!(field.value, "70000");
            assert_eq!(field.problem.as_deref(), Some(expected));
            assert_eq!((field.id.as_str(), field.label.as_str()), ("proxy-port", "Proxy Port"));
        }
    }

    #[test]
    fn a_box_that_is_not_ticked_means_off_and_what_is_not_in_the_form_is_left_alone() {
        let items =
            [item("Enable Reg", ItemValues::Flag {}), item("Proxy Addr", ItemValues::Address {})];
        let sent = |fields: &[(&str, &str)]| sent(items.iter(), 1, &Fields::of(fields)).0;
        assert_eq!(sent(&[]), [("SIP1 Enable Reg".to_owned(), "0".to_owned())]);
        let all = sent(&[("Proxy Addr", "10.0.0.1"), ("Enable Reg", "on")]);
        assert_eq!(all[0].1, "1");
        assert_eq!(all[1], ("SIP1 Proxy Addr".to_owned(), "10.0.0.1".to_owned()));
    }

    #[test]
    fn a_refusal_that_belongs_to_no_field_is_told_above_the_form() {
        let outcome = Outcome { report: None, problem: Some(Problem::outside("the disk is full")) };
        let told = outcome.elsewhere(Language::En, &[]);
        assert_eq!(told, [Spoken::own(Language::En, "the disk is full")]);
    }
}
