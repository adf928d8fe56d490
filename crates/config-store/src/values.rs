//! The values in force: what has been set, and the defaults for the rest. Holds canonical texts only
//! (see [`Kind::check`]), so that reading one as a number cannot fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use crate::{
    Address,
    items::{self, Item, ItemName, Kind, MASK},
    limits::LINES_IN_FULL,
};

/// Values by item; items that are not in it have their default.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Values(BTreeMap<ItemName, Arc<str>>);

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.0.keys().map(|name| (name.to_string(), self.shown(*name)));
        f.debug_map().entries(shown).finish()
    }
}

impl Values {
    /// Sets a canonical value; `None` returns the item to its default.
    pub(crate) fn put(&mut self, name: ItemName, value: Option<String>) {
        match value {
            Some(value) => self.0.insert(name, value.into()),
            None => self.0.remove(&name),
        };
    }

    /// The same without the room that a table keeps which has grown one by one, and with what
    /// thousands of lines have in common there once.
    pub(crate) fn packed(self) -> Self {
        let mut known: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut once = |value: Arc<str>| {
            if let Some(known) = known.get(&value) {
                return Arc::clone(known);
            }
            known.insert(Arc::clone(&value));
            value
        };
        Self(self.0.into_iter().map(|(name, value)| (name, once(value))).collect())
    }

    /// The value in force.
    pub(crate) fn value(&self, name: ItemName) -> &str {
        self.0.get(&name).map_or(name.item().default, |value| &**value)
    }

    /// The value as it may be shown.
    pub(crate) fn shown(&self, name: ItemName) -> &str {
        masked(name, self.value(name))
    }

    /// Every item that is set.
    pub(crate) fn set_names(&self) -> impl Iterator<Item = ItemName> {
        self.0.keys().copied()
    }

    /// The lines of which anything is set.
    pub(crate) fn lines(&self) -> BTreeSet<u16> {
        self.0.keys().filter_map(ItemName::line).collect()
    }

    /// Every item of the phone and of the first [`LINES_IN_FULL`] lines that are in use, and of other
    /// lines what is not at its default, in the table's order.
    pub(crate) fn names(&self) -> Vec<ItemName> {
        let phone = items::of_phone().map(ItemName::of_phone);
        let of_line = |line| {
            let items = items::ACCOUNT.iter().chain(items::FAILOVER);
            let names = items.map(move |item| ItemName::of_line(item, line));
            let in_use = line <= LINES_IN_FULL && self.is_in_use(line);
            names.filter(move |name| in_use || self.value(*name) != name.item().default)
        };
        phone.chain(self.lines().into_iter().flat_map(of_line)).collect()
    }

    /// Whether a line has a name or a server. A full export of another phone sets something of every
    /// line that it has, so anything less does not count.
    fn is_in_use(&self, line: u16) -> bool {
        let marks = [
            &items::PHONE_NUMBER,
            &items::REGISTER_USER,
            &items::REGISTER_ADDR,
            &items::BACKUP_ADDR,
            &items::PROXY_ADDR,
        ];
        marks.iter().any(|item| !self.value(ItemName::of_line(item, line)).is_empty())
    }

    /// A line's text.
    pub(crate) fn text(&self, item: &'static Item, line: u16) -> String {
        self.value(ItemName::of_line(item, line)).to_owned()
    }

    /// A line's number.
    pub(crate) fn number<T: TryFrom<u32> + Default>(&self, item: &'static Item, line: u16) -> T {
        as_number(self.value(ItemName::of_line(item, line)))
    }

    /// A number of the phone.
    pub(crate) fn phone_number<T: TryFrom<u32> + Default>(&self, item: &'static Item) -> T {
        as_number(self.value(ItemName::of_phone(item)))
    }

    /// A flag of the phone.
    pub(crate) fn phone_flag(&self, item: &'static Item) -> bool {
        self.value(ItemName::of_phone(item)) == "1"
    }

    /// A path of the phone; `None` if it is empty.
    pub(crate) fn phone_path(&self, item: &'static Item) -> Option<PathBuf> {
        let path = self.value(ItemName::of_phone(item));
        (!path.is_empty()).then(|| PathBuf::from(path))
    }

    /// A name that the phone has for something; `None` if it is empty.
    pub(crate) fn phone_name(&self, item: &'static Item) -> Option<String> {
        Some(self.phone_text(item).to_owned()).filter(|name| !name.is_empty())
    }

    /// A text of the phone.
    pub(crate) fn phone_text(&self, item: &'static Item) -> &str {
        self.value(ItemName::of_phone(item))
    }

    /// A line's flag or choice, as a yes or no.
    pub(crate) fn flag(&self, item: &'static Item, line: u16) -> bool {
        self.value(ItemName::of_line(item, line)) == "1"
    }

    /// A line's address; `None` if it is empty.
    pub(crate) fn address(&self, item: &'static Item, line: u16) -> Option<Address> {
        Address::of(self.value(ItemName::of_line(item, line)))
    }
}

/// `value` as it may be shown: a password that is set is masked.
pub(crate) fn masked(name: ItemName, value: &str) -> &str {
    match name.item().kind {
        Kind::Secret if !value.is_empty() => MASK,
        Kind::Secret
        | Kind::Text
        | Kind::Number { .. }
        | Kind::Hours
        | Kind::Flag
        | Kind::Choice(_)
        | Kind::Address
        | Kind::Callee
        | Kind::Codecs
        | Kind::Pin
        | Kind::Keys
        | Kind::Pcm
        | Kind::Mixer => value,
    }
}

/// A canonical number. It fits by the range of its item; the fallback is never taken.
fn as_number<T: TryFrom<u32> + Default>(text: &str) -> T {
    text.parse().ok().and_then(|value: u32| T::try_from(value).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lines_have_in_common_is_in_memory_once() {
        let mut values = Values::default();
        let name = |line| ItemName::of_line(&items::PROXY_ADDR, line);
        for (line, proxy) in [(1, "10.0.0.1"), (2, "10.0.0.1"), (3, "10.0.0.3")] {
            values.put(name(line), Some(proxy.to_owned()));
        }
        let packed = values.clone().packed();
        assert!(packed == values);
        let kept = |line| packed.0.get(&name(line)).unwrap();
        assert!(Arc::ptr_eq(kept(1), kept(2)));
        assert_eq!(&**kept(3), "10.0.0.3");
    }
}
