//! Which element sets which item. The elements of both XML forms are called as the items of the
//! text form without the blanks (`ProxyAddr`) or with underscores for them (`Proxy_Addr`), so one
//! table serves all: nothing of a name but its letters and digits counts, and no case.

use std::{collections::BTreeMap, sync::LazyLock};

use super::tree::Element;
use crate::{
    items::{self, Item, ItemName, Scope},
    limits::MAX_LINES,
};

/// Which of the XML forms a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `<sysConf>`, of the current series.
    SysConf,
    /// `<VOIP_CONFIG_FILE>`, of older ones.
    Modules,
}

/// One step on the way from the root to an element: a name and, for one of a list, which.
pub(super) type Step<'a> = (&'a str, Option<String>);

impl Dialect {
    /// The form whose root element is called so.
    pub(super) fn of_root(name: &str) -> Option<Self> {
        [Self::SysConf, Self::Modules]
            .into_iter()
            .find(|dialect| dialect.root().eq_ignore_ascii_case(name))
    }

    fn root(self) -> &'static str {
        match self {
            Self::SysConf => "sysConf",
            Self::Modules => "VOIP_CONFIG_FILE",
        }
    }

    /// How the element of an item is called.
    pub(super) fn element_name(self, item: &Item) -> String {
        match self {
            Self::SysConf => item.name.split_whitespace().collect(),
            Self::Modules => item.name.replace(' ', "_"),
        }
    }

    /// The way from the root to where an item stands.
    pub(super) fn place_of(self, name: ItemName) -> Vec<Step<'static>> {
        let item = name.item();
        let line = name.line().map(|line| self.line_steps(line));
        let (short, module) = if item.scope == Scope::Line || items::is_of_sip(item) {
            ("sip", "SIP_CONFIG_MODULE")
        } else if items::PROVISIONING.contains(&item) {
            ("ap", "AUTOUPDATE_CONFIG_MODULE")
        } else if items::NETWORK.contains(&item) {
            ("qos", "QOS_CONFIG_MODULE")
        } else {
            ("mm", "MM_CONFIG_MODULE")
        };
        let section = match self {
            Self::SysConf => short,
            Self::Modules => module,
        };
        [(section, None)].into_iter().chain(line.into_iter().flatten()).collect()
    }

    fn line_steps(self, line: u16) -> Vec<Step<'static>> {
        match self {
            Self::SysConf => vec![("line", Some(line.to_string()))],
            Self::Modules => {
                vec![("SIP_Line_List", None), (LIST_ENTRY, Some(format!("SIP{line}")))]
            }
        }
    }

    /// A new element for a step.
    pub(super) fn container(
        self,
        (name, index): &Step<'_>,
        depth: usize,
        line_end: &str,
    ) -> Element {
        match (self, index) {
            (Self::SysConf, index) => Element::container(name, index.as_deref()),
            (Self::Modules, None) => Element::container(name, None),
            (Self::Modules, Some(id)) => {
                let mut entry = Element::container(name, None);
                entry.add(Element::leaf("ID", id, None), depth, line_end);
                entry
            }
        }
    }
}

const LIST_ENTRY: &str = "SIP_Line_List_Entry";

/// Where the leaves of an element belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// To the phone.
    Phone,
    /// To this line.
    Line(u16),
    /// To something of which there are several and that is no line.
    Other,
}

/// Marks every leaf with the item that it sets.
pub(super) fn mark(root: &mut Element) {
    for section in root.children_mut() {
        mark_within(section, Place::Phone);
    }
}

fn mark_within(element: &mut Element, place: Place) {
    let in_sip = element.name.eq_ignore_ascii_case("sip");
    for child in element.children_mut() {
        if child.text.is_some() {
            child.item = match place {
                Place::Phone => known(&child.name, Scope::Phone).map(ItemName::of_phone),
                Place::Line(line) => {
                    known(&child.name, Scope::Line).map(|item| ItemName::of_line(item, line))
                }
                Place::Other => None,
            };
        } else {
            let within = match (place, index(child)) {
                (Place::Phone, None) => Place::Phone,
                (Place::Phone, Some(index)) => line_of(child, in_sip, &index),
                (Place::Line(_) | Place::Other, _) => Place::Other,
            };
            mark_within(child, within);
        }
    }
}

/// What tells an element from its siblings of the same name: its attributes, or the `ID` in it.
pub(super) fn index(element: &Element) -> Option<String> {
    if let Some(index) = element.attribute("index") {
        return Some(index.to_owned());
    }
    if !element.attributes.is_empty() {
        let pairs = element.attributes.iter().map(|(name, value)| format!("{name}={value}"));
        return Some(pairs.collect::<Vec<_>>().join(" "));
    }
    let id = element.children().find(|child| child.name.eq_ignore_ascii_case("id"));
    id.and_then(|id| id.text.clone())
}

fn line_of(element: &Element, in_sip: bool, index: &str) -> Place {
    let number = if in_sip && element.name.eq_ignore_ascii_case("line") {
        Some(index)
    } else if element.name.eq_ignore_ascii_case(LIST_ENTRY) {
        index.get(..3).filter(|sip| sip.eq_ignore_ascii_case("sip")).and(index.get(3..))
    } else {
        None
    };
    let line = number.and_then(|number| number.trim().parse().ok());
    line.filter(|line| (1..=MAX_LINES).contains(line)).map_or(Place::Other, Place::Line)
}

/// Every item by the letters and digits of each of its names.
static BY_LETTERS: LazyLock<BTreeMap<String, &'static Item>> = LazyLock::new(|| {
    let names = |item: &'static Item| {
        item.aliases.iter().chain([&item.name]).map(move |name| (letters(name), item))
    };
    items::all().flat_map(names).collect()
});

fn known(name: &str, scope: Scope) -> Option<&'static Item> {
    BY_LETTERS.get(&letters(name)).copied().filter(|item| item.scope == scope)
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// An element's name as words, folded as an item's name is: `RegisterPswd` is `register pswd`.
pub(super) fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for character in name.chars() {
        let begins = character.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (begins || character == '_') && !words.is_empty() {
            words.push(' ');
        }
        if character != '_' {
            words.push(character.to_ascii_lowercase());
        }
        before = character;
    }
    items::folded(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_items_have_the_same_letters() {
        let mut seen = BTreeMap::new();
        for item in items::all() {
            for name in item.aliases.iter().chain([&item.name]) {
                let other = seen.insert(letters(name), item.name);
                assert!(other.is_none_or(|other| other == item.name), "{name}");
            }
        }
    }

    #[test]
    fn the_words_of_a_name_are_told_apart() {
        assert_eq!(words("RegisterPswd"), "register pswd");
        assert_eq!(words("Register_Pswd"), "register pswd");
        assert_eq!(words("DeviceCfgFileKey"), "device cfg file key");
        assert_eq!(words("SIPPort"), "sipport");
    }
}
