//! The table of configuration items: every item that the phone acts by, with its values, unit,
//! default and help. One table for all who need to know: checks, typed settings, `docs/config.md`,
//! the web page, import and export.
//!
//! [`kind`](Kind) says which texts are values; [`name`](ItemName) finds an item by what a user or a
//! file calls it. The entries stand in six files by what they are about. What is done with a
//! value is not known here.

mod account;
mod failover;
mod handset;
mod kind;
mod name;
mod network;
mod phone;
mod provisioning;
mod wiring;

pub use account::*;
pub use failover::*;
pub use handset::*;
pub use kind::{CODECS, Kind};
pub use name::{ItemError, ItemName, folded};
pub use network::*;
pub use phone::*;
pub use provisioning::*;
pub(crate) use wiring::key_map;
pub use wiring::{KeyMeaning, MixerElement, Pin};

/// What stands for a password that is set, wherever passwords are not to be seen. As a new value it
/// means "unchanged".
pub const MASK: &str = "********";

/// Whether an item exists once, or once for every line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Once.
    Phone,
    /// Once for every line; its full name begins with `SIP1`, `SIP2` …
    Line,
}

/// One item of the table.
#[derive(Debug)]
pub struct Item {
    /// Its name; for [`Scope::Line`] without the `SIPN` in front.
    pub name: &'static str,
    /// Other spellings of `name` that files in the field use.
    pub aliases: &'static [&'static str],
    /// How often it exists.
    pub scope: Scope,
    /// Which values it takes.
    pub kind: Kind,
    /// Its value where none is set.
    pub default: &'static str,
    /// What it means, one sentence in English.
    pub en: &'static str,
    /// The same in Chinese.
    pub zh: &'static str,
}

/// Declares items as constants and lists them in the order given.
macro_rules! items {
    ($list:ident: $about:literal; $($id:ident = $scope:ident $name:literal $(alias $alias:literal)*,
        $kind:expr, $default:literal, $en:literal, $zh:literal;)*) => {
        $(
            #[doc = $en]
            pub static $id: $crate::items::Item = $crate::items::Item {
                name: $name,
                aliases: &[$($alias),*],
                scope: $crate::items::Scope::$scope,
                kind: $kind,
                default: $default,
                en: $en,
                zh: $zh,
            };
        )*
        #[doc = $about]
        pub static $list: &[&$crate::items::Item] = &[$(&$id),*];
    };
}
use items;

/// Every item, in the order of `docs/config.md`.
pub fn all() -> impl Iterator<Item = &'static Item> {
    of_phone().chain(ACCOUNT.iter().chain(FAILOVER).copied())
}

/// Every item that the phone has once.
pub(crate) fn of_phone() -> impl Iterator<Item = &'static Item> {
    PHONE.iter().chain(NETWORK).chain(HANDSET).chain(PROVISIONING).copied()
}

/// Whether an item of the phone stands with those of SIP in a file, not with those of sound.
pub(crate) fn is_of_sip(item: &Item) -> bool {
    [&SIP_PORT, &TLS_CA_FILE, &TLS_CERTIFICATE_FILE, &TLS_KEY_FILE].contains(&item)
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(other.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_items_are_called_the_same() {
        let mut seen = BTreeSet::new();
        for item in all() {
            for name in item.aliases.iter().chain([&item.name]) {
                assert!(seen.insert(folded(name)), "{name}");
            }
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_item() {
        for item in all() {
            assert_eq!(item.kind.check(item.default).as_deref(), Some(item.default), "{item:?}");
        }
    }

    #[test]
    fn every_item_is_explained_in_one_sentence_in_both_languages() {
        for item in all() {
            assert!(item.en.ends_with('.') && !item.en[..item.en.len() - 1].contains(". "));
            assert!(item.zh.ends_with('。') && item.zh.matches('。').count() == 1, "{}", item.zh);
            assert!(!item.en.contains('|'), "would break the table of docs/config.md");
        }
    }
}
