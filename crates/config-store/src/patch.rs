//! One checked change of the configuration, from whomever: a user's `set`, the web page's form or a
//! file. It is checked as a whole before anything is touched, so it applies all or nothing.

use std::collections::BTreeMap;

use crate::{
    items::{ItemError, ItemName, Kind, MASK},
    values::Values,
};

/// Items with their new values, all of them valid.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// Canonical values; `None` is the default.
    changes: BTreeMap<ItemName, Option<String>>,
}

impl Patch {
    /// Checks items and values as users write them. An empty value means the default, and
    /// [`MASK`] leaves a password as it is.
    ///
    /// # Errors
    /// Every item that is unknown or whose value is refused.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<ItemError>> {
        let mut patch = Self::default();
        let errors: Vec<ItemError> = pairs
            .into_iter()
            .filter_map(|(item, value)| {
                ItemName::parse(item).and_then(|name| patch.add(name, value)).err()
            })
            .collect();
        if errors.is_empty() { Ok(patch) } else { Err(errors) }
    }

    /// Adds one item; see [`Self::parse`].
    ///
    /// # Errors
    /// If the value is refused, or the item has another new value already.
    pub fn add(&mut self, name: ItemName, value: &str) -> Result<(), ItemError> {
        let Some(value) = checked(name, value)? else { return Ok(()) };
        match self.changes.insert(name, value.clone()) {
            Some(other) if other != value => Err(ItemError::Twice { item: name.to_string() }),
            Some(_) | None => Ok(()),
        }
    }

    /// What leads from one set of values to another.
    pub(crate) fn between(from: &Values, to: &Values) -> Self {
        let names = from.set_names().chain(to.set_names());
        let changed = names.filter(|name| from.value(*name) != to.value(*name));
        let value = |name: ItemName| {
            let value = to.value(name);
            (value != name.item().default).then(|| value.to_owned())
        };
        Self { changes: changed.map(|name| (name, value(name))).collect() }
    }

    /// The items concerned with their new values, `None` for the default.
    pub(crate) fn changes(&self) -> impl Iterator<Item = (ItemName, Option<&str>)> {
        self.changes.iter().map(|(name, value)| (*name, value.as_deref()))
    }

    /// `values` with this change.
    pub(crate) fn applied_to(&self, values: &Values) -> Values {
        let mut values = values.clone();
        for (name, value) in &self.changes {
            values.put(*name, value.clone());
        }
        values.packed()
    }
}

/// The canonical value, inside `Some`; `None` for a password that stays as it is.
fn checked(name: ItemName, text: &str) -> Result<Option<Option<String>>, ItemError> {
    let kind = name.item().kind;
    if text.is_empty() || (kind != Kind::Secret && text.trim().is_empty()) {
        return Ok(Some(None));
    }
    if kind == Kind::Secret && text == MASK {
        return Ok(None);
    }
    match kind.check(text) {
        Some(value) => Ok(Some(Some(value))),
        None => Err(ItemError::Refused {
            item: name.to_string(),
            value: (kind != Kind::Secret).then(|| quoted(text)),
            range: kind.range(),
        }),
    }
}

/// A value as an error shows it: in quotes, its control characters visible, not too long.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(pairs: &[(&str, &str)]) -> Vec<String> {
        let errors = Patch::parse(pairs.iter().copied()).err().unwrap();
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_refusal_names_item_value_and_range() {
        assert_eq!(
            errors(&[
                ("sip1 signal retry counts", "11"),
                ("SIP1 Transport", "2"),
                ("SIP1 Enable Failback", "yes"),
                ("SIP1 Proxy Addr", "10.0.0.256"),
                ("SIP2 VoiceCodecMap", "G729"),
                ("SIP1 Failback Interval", "0"),
                ("SIP1 Display Name", "a\nb"),
            ]),
            [
                "`SIP1 Signal Retry Counts`: `11` is not a whole number from 1 to 10 \
                 (transmissions)",
                "`SIP1 Transport`: `2` is not one of 0 (UDP), 1 (TCP), 3 (TLS)",
                "`SIP1 Enable Failback`: `yes` is not 0 (off) or 1 (on)",
                "`SIP1 Proxy Addr`: `10.0.0.256` is not an IPv4 or IPv6 address or a domain name",
                "`SIP2 VoiceCodecMap`: `G729` is not a list of codecs separated by commas with at \
                 least one of PCMA, PCMU",
                "`SIP1 Failback Interval`: `0` is not a whole number from 1 to 86400 (s)",
                "`SIP1 Display Name`: `a\\nb` is not text of at most 255 octets without control \
                 characters",
            ]
        );
    }

    #[test]
    fn a_refused_password_is_not_repeated() {
        let [error] = errors(&[("SIP1 Register Pswd", " hunter2")]).try_into().unwrap();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.starts_with("`SIP1 Register Pswd`: the value is not a password"), "{error}");
    }

    #[test]
    fn the_same_item_twice_must_agree() {
        assert_eq!(
            errors(&[("SIP1 Proxy Port", "1"), ("sip1 proxy port", "2")]),
            ["`SIP1 Proxy Port` is given twice, with different values"]
        );
        assert!(Patch::parse([("SIP1 Proxy Port", "1"), ("sip1 proxy port", "01")]).is_ok());
    }
}
