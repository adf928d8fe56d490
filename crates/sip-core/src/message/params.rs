//! Parameters: `;name` and `;name=value` after a URI or a header value (RFC 3261 §7.3.1, §19.1.1).
//!
//! Order and spelling are kept, names are found whatever their case. Values are held as they stood on
//! the wire, quotes included, so that what is read is written back the same.

use std::{borrow::Cow, fmt};

use super::{
    ValueError,
    grammar::{is_token, quoted, split, trim, unescape, write_quoted},
    limits,
};

/// A list of parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<Param>);

/// A name and the value as it stands on the wire.
type Param = (String, Option<String>);

impl Params {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what follows the first `;` of a header value.
    pub(crate) fn of_header(text: &str) -> Result<Self, ValueError> {
        Self::read(split(text, b';').map(header_param))
    }

    /// Reads what follows the first `;` of a URI, where quotes mean nothing.
    pub(crate) fn of_uri(text: &str) -> Result<Self, ValueError> {
        let param = |text: &str| {
            let (name, value) = name_and_value(text);
            if name.is_empty() {
                return Err(ValueError("a parameter has no name"));
            }
            Ok((name.to_owned(), value.map(str::to_owned)))
        };
        Self::read(text.split(';').map(param))
    }

    fn read(params: impl Iterator<Item = Result<Param, ValueError>>) -> Result<Self, ValueError> {
        let list = params.take(limits::PARAMETERS + 1).collect::<Result<Vec<_>, _>>()?;
        if list.len() > limits::PARAMETERS {
            return Err(ValueError("too many parameters"));
        }
        Ok(Self(list))
    }

    /// The parameter called `name`: `Some(None)` if it has no value. Quotes around the value are
    /// removed, quoted pairs inside are left; see [`Params::text`].
    pub fn get(&self, name: &str) -> Option<Option<&str>> {
        let (_, value) = self.0.iter().find(|(held, _)| held.eq_ignore_ascii_case(name))?;
        Some(value.as_deref().map(without_quotes))
    }

    /// The value of the parameter called `name`, if it is there and has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).flatten()
    }

    /// Like [`Params::value`], with quoted pairs (`\"`) undone.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.value(name).map(unescape)
    }

    /// Whether there is a parameter called `name`, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets the parameter in its place, or adds it at the end. A value must be a token or host;
    /// anything else is for [`Params::set_quoted`].
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(held, _)| held.eq_ignore_ascii_case(name)) {
            Some((_, held)) => *held = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Sets the parameter to a quoted string that says `text`.
    pub fn set_quoted(&mut self, name: &str, text: &str) {
        let mut value = String::with_capacity(text.len() + 2);
        // Writing into a String does not fail.
        let _ = write_quoted(&mut value, text);
        self.set(name, Some(&value));
    }

    /// Removes every parameter called `name`; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(held, _)| !held.eq_ignore_ascii_case(name));
        self.0.len() != before
    }

    /// The parameters in order, values as they stand on the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

fn name_and_value(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((name, value)) => (trim(name), Some(trim(value))),
        None => (trim(text), None),
    }
}

fn header_param(text: &str) -> Result<Param, ValueError> {
    let (name, value) = name_and_value(text);
    if name.is_empty() {
        return Err(ValueError("a parameter has no name"));
    }
    if !is_token(name) {
        return Err(ValueError("a parameter's name is not a token"));
    }
    if let Some(value) = value {
        if value.starts_with('"') {
            let (_, rest) = quoted(value)?;
            if !rest.is_empty() {
                return Err(ValueError("something follows a parameter's quoted string"));
            }
        } else if value.contains([' ', '\t', '"']) {
            return Err(ValueError("a parameter's value is not a token"));
        }
    }
    Ok((name.to_owned(), value.map(str::to_owned)))
}

fn without_quotes(value: &str) -> &str {
    value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value)
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whatever_their_case_and_spaces() {
        let params =
            Params::of_header(r#" newparam =  newvalue ;  secondparam ; Q = 0.33"#).unwrap();
        assert_eq!(params.value("NEWPARAM"), Some("newvalue"));
        assert_eq!(params.get("secondparam"), Some(None));
        assert_eq!(params.value("q"), Some("0.33"));
        assert_eq!(params.to_string(), ";newparam=newvalue;secondparam;Q=0.33");
    }

    #[test]
    fn a_quoted_value_keeps_its_quotes_on_the_wire_and_loses_them_in_the_hand() {
        let params = Params::of_header(r#"+sip.instance="<urn:uuid:1;2>";x="a\"b""#).unwrap();
        assert_eq!(params.value("+sip.instance"), Some("<urn:uuid:1;2>"));
        assert_eq!(params.text("x").as_deref(), Some(r#"a"b"#));
        assert_eq!(params.to_string(), r#";+sip.instance="<urn:uuid:1;2>";x="a\"b""#);
    }

    #[test]
    fn an_empty_parameter_is_refused() {
        assert!(Params::of_header(";").is_err());
        assert!(Params::of_header("a;;b").is_err());
        assert!(Params::of_header("=x").is_err());
        assert!(Params::of_header(r#"x="open"#).is_err());
        assert!(Params::of_uri("lr;").is_err());
    }

    #[test]
    fn there_may_not_be_too_many() {
        let many = vec!["a"; limits::PARAMETERS].join(";");
        assert_eq!(Params::of_header(&many).map(|params| params.len()), Ok(limits::PARAMETERS));
        assert_eq!(Params::of_uri(&many).map(|params| params.len()), Ok(limits::PARAMETERS));
        let more = format!("{many};a");
        assert_eq!(Params::of_header(&more), Err(ValueError("too many parameters")));
        assert_eq!(Params::of_uri(&more), Err(ValueError("too many parameters")));
    }

    #[test]
    fn a_uri_value_runs_to_the_next_semicolon_whatever_it_holds() {
        let params = Params::of_uri("line=abc:def=g;x=1").unwrap();
        assert_eq!(params.value("line"), Some("abc:def=g"));
        assert_eq!(params.value("x"), Some("1"));
    }

    #[test]
    fn setting_keeps_the_place_and_removing_takes_all() {
        let mut params = Params::of_header("rport;branch=z;RPORT=1").unwrap();
        params.set("rport", Some("5060"));
        assert_eq!(params.to_string(), ";rport=5060;branch=z;RPORT=1");
        assert!(params.remove("rport"));
        assert_eq!(params.to_string(), ";branch=z");
        assert!(!params.remove("rport"));
        params.set_quoted("n", r#"a "b""#);
        assert_eq!(params.text("n").as_deref(), Some(r#"a "b""#));
    }
}
