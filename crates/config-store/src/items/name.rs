//! Finds an item by what a user or a file calls it, and says what was probably meant where there is
//! none. Case and repeated blanks do not matter.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use super::{Item, Scope, all};
use crate::{Sentence, limits::MAX_LINES};

/// An item, and for an item of a line, which line: what `SIP1 Proxy Addr` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemName {
    line: Option<u16>,
    item: &'static Item,
}

/// Why an item or its value is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// No item is called so.
    #[error("no item is called `{item}`{}", nearest.as_ref().map_or_else(
        || "; `config list` names them all".to_owned(), |name| format!("; is `{name}` meant?")))]
    Unknown {
        /// What was asked for.
        item: String,
        /// The known name that is most like it, if any is.
        nearest: Option<String>,
    },
    /// The phone has no line of this number.
    #[error("`{item}`: lines go from 1 to {MAX_LINES}")]
    NoSuchLine {
        /// What was asked for.
        item: String,
    },
    /// The value is none of this item's.
    #[error("`{item}`: {} is not {range}", value.as_deref().unwrap_or("the value"))]
    Refused {
        /// The item's name.
        item: String,
        /// The value as quoted to the user; a password's is not told.
        value: Option<String>,
        /// What is accepted, in words.
        range: Sentence,
    },
    /// The same item twice in one change, with different values.
    #[error("`{item}` is given twice, with different values")]
    Twice {
        /// The item's name.
        item: String,
    },
}

impl ItemError {
    /// The name of the item concerned.
    #[must_use]
    pub fn item(&self) -> &str {
        match self {
            Self::Unknown { item, .. }
            | Self::NoSuchLine { item }
            | Self::Refused { item, .. }
            | Self::Twice { item } => item,
        }
    }
}

impl ItemName {
    /// An item of the phone.
    #[must_use]
    pub fn of_phone(item: &'static Item) -> Self {
        Self { line: None, item }
    }

    /// An item of a line.
    #[must_use]
    pub fn of_line(item: &'static Item, line: u16) -> Self {
        Self { line: Some(line), item }
    }

    /// Finds the item that `text` names.
    ///
    /// # Errors
    /// [`ItemError::Unknown`] with the nearest known name, or [`ItemError::NoSuchLine`].
    pub fn parse(text: &str) -> Result<Self, ItemError> {
        let wanted = folded(text);
        Self::find(&wanted).ok_or_else(|| {
            let item = text.trim().to_owned();
            match split_line(&wanted) {
                Some((_, rest)) if known(rest, Scope::Line).is_some() => {
                    ItemError::NoSuchLine { item }
                }
                Some(_) | None => ItemError::Unknown { item, nearest: nearest(&wanted) },
            }
        })
    }

    /// Finds the item of a [`folded`] name, without a thought for what may have been meant.
    pub(crate) fn find(folded: &str) -> Option<Self> {
        if let Some((number, rest)) = split_line(folded)
            && let Some(item) = known(rest, Scope::Line)
        {
            let line = number.parse().ok().filter(|line| (1..=MAX_LINES).contains(line))?;
            return Some(Self::of_line(item, line));
        }
        known(folded, Scope::Phone).map(Self::of_phone)
    }

    /// The item.
    #[must_use]
    pub fn item(&self) -> &'static Item {
        self.item
    }

    /// The line, for an item of a line.
    #[must_use]
    pub fn line(&self) -> Option<u16> {
        self.line
    }
}

impl fmt::Display for ItemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "SIP{line} {}", self.item.name),
            None => f.write_str(self.item.name),
        }
    }
}

/// A name with its letters in lower case and one blank between words: two texts with equal folded
/// forms name the same item.
#[must_use]
pub fn folded(name: &str) -> String {
    name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Splits the folded `sip12 proxy addr` into `12` and `proxy addr`.
fn split_line(folded: &str) -> Option<(&str, &str)> {
    let (number, rest) = folded.strip_prefix("sip")?.split_once(' ')?;
    let digits = !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit());
    digits.then_some((number, rest))
}

/// Every item by each of its folded names.
static BY_NAME: LazyLock<BTreeMap<String, &'static Item>> = LazyLock::new(|| {
    let names = |item: &'static Item| {
        item.aliases.iter().chain([&item.name]).map(move |name| (folded(name), item))
    };
    all().flat_map(names).collect()
});

fn known(folded: &str, scope: Scope) -> Option<&'static Item> {
    BY_NAME.get(folded).copied().filter(|item| item.scope == scope)
}

/// The known name that takes the fewest changes of a letter to become `wanted`, if it takes few.
fn nearest(wanted: &str) -> Option<String> {
    let (number, rest) = match split_line(wanted) {
        Some((number, rest)) => (number.parse().ok().filter(|line| *line <= MAX_LINES), rest),
        None => (None, wanted),
    };
    let line = number.filter(|line| *line > 0).unwrap_or(1);
    let candidate = |item: &'static Item| match item.scope {
        Scope::Line => (edits(rest, &folded(item.name)), ItemName::of_line(item, line)),
        Scope::Phone => (edits(wanted, &folded(item.name)), ItemName::of_phone(item)),
    };
    let (edits, name) = all().map(candidate).min_by_key(|(edits, _)| *edits)?;
    (3 * edits <= rest.chars().count()).then(|| name.to_string())
}

/// The Levenshtein distance. Both are short: the longer is cut at 64 characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, &b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_repeated_blanks_do_not_matter() {
        for text in ["SIP1 Proxy Addr", " sip1  PROXY\taddr ", "Sip01 proxy addr"] {
            assert_eq!(ItemName::parse(text).unwrap().to_string(), "SIP1 Proxy Addr");
        }
        assert_eq!(ItemName::parse("sip port").unwrap().to_string(), "SIP  Port");
        assert_eq!(
            ItemName::parse("SIP20 Enable Failbac").unwrap().to_string(),
            "SIP20 Enable Failback"
        );
    }

    #[test]
    fn every_item_is_found_by_the_name_it_is_shown_with() {
        for item in all() {
            let name = match item.scope {
                Scope::Phone => ItemName::of_phone(item),
                Scope::Line => ItemName::of_line(item, 20),
            };
            assert_eq!(ItemName::parse(&name.to_string()), Ok(name));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        for (text, message) in [
            ("SIP3 Proxi Adr", "no item is called `SIP3 Proxi Adr`; is `SIP3 Proxy Addr` meant?"),
            ("Proxy Addr", "no item is called `Proxy Addr`; is `SIP1 Proxy Addr` meant?"),
            ("SIP Prot", "no item is called `SIP Prot`; is `SIP  Port` meant?"),
            ("SIP1 Ringtone", "no item is called `SIP1 Ringtone`; `config list` names them all"),
            ("", "no item is called ``; `config list` names them all"),
            ("SIP0 Proxy Addr", "`SIP0 Proxy Addr`: lines go from 1 to 10000"),
            ("SIP10001 Proxy Addr", "`SIP10001 Proxy Addr`: lines go from 1 to 10000"),
            ("SIP99999 Proxy Addr", "`SIP99999 Proxy Addr`: lines go from 1 to 10000"),
        ] {
            assert_eq!(ItemName::parse(text).unwrap_err().to_string(), message);
        }
    }
}
