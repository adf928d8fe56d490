//! Addresses in headers: From, To, Contact, Route, Refer-To … (RFC 3261 §20, §25.1 `name-addr`).
//!
//! The trap is an address without `<…>`: there, what follows the first `;` belongs to the header and
//! not to the URI, and a URI that holds a comma, question mark or semicolon is not allowed.

use std::{borrow::Cow, fmt, str::FromStr};

use super::{
    Params, Uri, ValueError,
    grammar::{find_outside, is_token, quoted, saturating_u32, trim, write_quoted},
};

/// A display name, a URI, and the header's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name as a reader sees it: quotes and quoted pairs undone. `None` if empty.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// The header's parameters, such as `tag`, `expires` and `q`.
    pub params: Params,
}

/// What the Contact lines of a message say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contacts {
    /// `Contact: *`: all bindings (RFC 3261 §10.2.2).
    Star,
    /// The addresses, none if there is no Contact.
    List(Vec<NameAddr>),
}

impl NameAddr {
    /// An address with no display name and no parameters.
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::new() }
    }

    /// The same with `tag` set.
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.params.set("tag", Some(tag));
        self
    }

    /// The tag of a From or To, if there is one that is not empty.
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag").filter(|tag| !tag.is_empty())
    }

    /// The `expires` parameter of a Contact, in seconds; 2³²−1 if larger.
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(saturating_u32)
    }
}

impl FromStr for NameAddr {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = trim(text);
        match read_display(text)? {
            Some((display, rest)) => {
                let (uri, rest) = rest.split_once('>').ok_or(ValueError("a < is not closed"))?;
                Ok(Self {
                    display: (!display.is_empty()).then(|| display.into_owned()),
                    uri: uri.parse()?,
                    params: read_params(trim(rest))?,
                })
            }
            None => read_bare(text),
        }
    }
}

/// The display name and what follows the `<`; `None` for an address without brackets.
fn read_display(text: &str) -> Result<Option<(Cow<'_, str>, &str)>, ValueError> {
    if text.starts_with('"') {
        let (display, rest) = quoted(text)?;
        let rest = trim(rest).strip_prefix('<').ok_or(ValueError("expected < after the name"))?;
        return Ok(Some((display, rest)));
    }
    let Some((name, rest)) = text.split_once('<') else { return Ok(None) };
    if name.contains([':', ';']) && find_outside(text, b';').is_some_and(|at| at < name.len()) {
        // `sip:a@h;x=<y>`: the bracket belongs to a parameter.
        return Ok(None);
    }
    let name = trim(name);
    // Tokens and spaces by the RFC; peers write names in UTF-8 and with other signs. A comma would
    // be a list's, a quote the rest of a broken string.
    if name.contains([',', '"', '\\', ';', ':', '@']) {
        return Err(ValueError("an unquoted name has a character that needs quotes"));
    }
    Ok(Some((Cow::Borrowed(name), rest)))
}

fn read_bare(text: &str) -> Result<NameAddr, ValueError> {
    let (uri, params) = text.split_at(text.find(';').unwrap_or(text.len()));
    let uri = trim(uri);
    if uri.contains(['?', ',']) {
        return Err(ValueError("a URI with ? or , stands outside <>"));
    }
    Ok(NameAddr { display: None, uri: uri.parse()?, params: read_params(params)? })
}

fn read_params(text: &str) -> Result<Params, ValueError> {
    if text.is_empty() {
        return Ok(Params::new());
    }
    let params = text.strip_prefix(';').ok_or(ValueError("expected ; after the address"))?;
    Params::of_header(params)
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.display {
            Some(name) if is_token(name) => write!(f, "{name} ")?,
            Some(name) => {
                write_quoted(f, name)?;
                f.write_str(" ")?;
            }
            None => {}
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> NameAddr {
        text.parse().unwrap()
    }

    #[test]
    fn without_brackets_the_parameters_are_the_headers() {
        let from = read("sip:a@h;tag=1");
        assert_eq!(from.tag(), Some("1"));
        assert!(from.uri.params.is_empty());
        assert_eq!(from.to_string(), "<sip:a@h>;tag=1");
    }

    #[test]
    fn within_brackets_the_parameters_are_the_uris() {
        let from = read("<sip:a@h;user=phone> ; TAG = x");
        assert_eq!(from.uri.params.value("user"), Some("phone"));
        assert_eq!(from.tag(), Some("x"));
    }

    #[test]
    fn a_quoted_name_may_hold_anything() {
        let from = read(r#""A, \"B\" <x>; \\" <sip:a@h>"#);
        assert_eq!(from.display.as_deref(), Some(r#"A, "B" <x>; \"#));
        assert_eq!(read(&from.to_string()), from);
    }

    #[test]
    fn an_unquoted_name_may_be_several_words_and_need_no_space() {
        assert_eq!(
            read("token1~` token2'+_ <sip:a@h>").display.as_deref(),
            Some("token1~` token2'+_")
        );
        assert_eq!(read("caller<sip:a@h>").display.as_deref(), Some("caller"));
        assert_eq!(read("Jörg (Büro) <sip:a@h>").display.as_deref(), Some("Jörg (Büro)"));
        assert_eq!(read("\"\" <sip:a@h>").display, None);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            r#""Mr. J. User <sip:j.user@example.com>"#,
            r#""Watson" < sip:t.watson@example.org >"#,
            "Bell, Alexander <sip:a@h>",
            "sip:user@example.com?Route=%3Csip:x%3E",
            "<sip:a@h",
            "<sip:a@h>tag=1",
            "<sip:a@h>;;",
            r#""Joe" <sip:joe@example.org>;;;;"#,
            r#""Joe" sip:joe@example.org"#,
        ] {
            assert!(text.parse::<NameAddr>().is_err(), "{text}");
        }
    }
}
