//! A section of the state that changes together with the configuration, in one transaction: a restore
//! brings the phone book with it (F7), and a power cut leaves both old or both new.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::{Bound, Store, StoreError, error::DatabaseError, state};
use crate::limits::MAX_STATE_ENTRIES;

/// All entries of the state whose key begins so, and what they shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What the keys begin with.
    pub prefix: String,
    /// The entries, by what follows in the key.
    pub entries: BTreeMap<String, String>,
}

impl Section {
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
        transaction
            .execute("DELETE FROM state WHERE substr(key, 1, length(?1)) = ?1", (&self.prefix,))?;
        let mut put = transaction.prepare("INSERT INTO state (key, value) VALUES (?1, ?2)")?;
        for (rest, value) in &self.entries {
            put.execute((format!("{}{rest}", self.prefix), value))?;
        }
        Ok(())
    }
}

impl Store {
    /// Checks the section against the bounds before anything is written: whether it is another one
    /// than what is kept.
    pub(super) fn is_news(&self, section: &Section) -> Result<bool, StoreError> {
        for (rest, value) in &section.entries {
            state::check_entry(&format!("{}{rest}", section.prefix), value)?;
        }
        let kept = self.state_under(&section.prefix)?;
        let others = usize::try_from(self.state_count()?).unwrap_or(usize::MAX) - kept.len();
        let most = usize::try_from(MAX_STATE_ENTRIES).unwrap_or(usize::MAX);
        if others.saturating_add(section.entries.len()) > most {
            return Err(state::refuse(&section.prefix, Bound::Entries));
        }
        Ok(kept != section.entries)
    }
}
