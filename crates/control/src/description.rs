//! What may be configured: every item with its values, range, default and help, as the store's one
//! table has it. Whoever draws a form reads it here and writes none of it again.

use serde::{Deserialize, Serialize};

/// Answer to `config describe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigDescription {
    /// How many lines the phone has; they count from 1.
    pub lines: u32,
    /// Every item, in the order of `docs/config.md`.
    pub items: Vec<ItemDescription>,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemDescription {
    /// Its name; for [`ItemScope::Line`] without the `SIP1`, `SIP2` … in front.
    pub name: String,
    /// How often it exists.
    pub scope: ItemScope,
    /// Which values it takes.
    pub values: ItemValues,
    /// The same in words that follow "is not".
    pub range: String,
    /// Its value where none is set.
    pub default: String,
    /// What it means.
    pub help: Help,
}

impl ItemDescription {
    /// The name by which requests mean the item; `line` counts for items of a line only.
    #[must_use]
    pub fn full_name(&self, line: u32) -> String {
        match self.scope {
            ItemScope::Phone => self.name.clone(),
            ItemScope::Line => format!("SIP{line} {}", self.name),
        }
    }
}

/// Whether an item exists once, or once for every line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemScope {
    /// Once.
    Phone,
    /// Once for every line.
    Line,
}

/// Which values an item takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ItemValues {
    /// Text.
    Text {
        /// Octets at most.
        max: u32,
    },
    /// A password: shown as `********` only.
    Secret {
        /// Octets at most.
        max: u32,
    },
    /// A whole number.
    Number {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
        /// Its unit; empty if it has none.
        unit: String,
    },
    /// `0` for no, `1` for yes.
    Flag {},
    /// One of a few values.
    Choice {
        /// Each value with its meaning; the empty value is "not set".
        of: Vec<Choice>,
    },
    /// An IPv4 or IPv6 address or a domain name, or nothing.
    Address {},
    /// A number, `user@host` or a SIP URI, or nothing.
    Callee {},
    /// Names of codecs, separated by commas.
    Codecs {
        /// Those that the phone has.
        known: Vec<String>,
    },
}

/// One value of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// As it is set.
    pub value: String,
    /// What it means.
    pub meaning: String,
    /// The same in Chinese.
    #[serde(default)]
    pub meaning_zh: String,
}

/// A sentence in the languages of the web page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Help {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_a_line_is_asked_for_with_the_lines_number() {
        let item = |scope| ItemDescription {
            name: "Proxy Addr".into(),
            scope,
            values: ItemValues::Address {},
            range: String::new(),
            default: String::new(),
            help: Help { en: String::new(), zh: String::new() },
        };
        assert_eq!(item(ItemScope::Line).full_name(2), "SIP2 Proxy Addr");
        assert_eq!(item(ItemScope::Phone).full_name(2), "Proxy Addr");
    }
}
