//! Configuration items with their values, in the order given: a JSON object on the wire. Items are
//! text here; what they mean and which values they take is known to the store alone.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// Pairs of item and value; an object in JSON, whose order is kept.
///
/// Its `Debug` form shows the names only: a value may be a password, and what is debug-printed ends
/// in logs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Items(pub Vec<(String, String)>);

impl Items {
    /// The value of the item of exactly this name.
    #[must_use]
    pub fn value(&self, item: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == item).map(|(_, value)| value.as_str())
    }
}

impl FromIterator<(String, String)> for Items {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(item, _)| item)).finish()
    }
}

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(item, value)| (item, value)))
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of items and their values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Items(pairs))
    }
}
