//! What the phone remembers over a restart that is no configuration: a line's last good hop, whether
//! its primary was unavailable at shutdown, the phone's instance identifier, DNS answers. Keys and
//! values are text that only their owner understands; both are bounded.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::{Bound, Store, StoreError, error::DatabaseError};
use crate::limits::{MAX_STATE_ENTRIES, MAX_STATE_KEY, MAX_STATE_VALUE};

impl Store {
    /// The value of an entry.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn state_get(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.connection
            .query_row("SELECT value FROM state WHERE key = ?1", (key,), |row| row.get(0))
            .optional()
            .map_err(|error| self.place.blame(error))
    }

    /// All entries whose key begins so, by what follows in the key.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn state_under(&self, prefix: &str) -> Result<BTreeMap<String, String>, StoreError> {
        read_under(&self.connection, prefix).map_err(|error| self.place.blame(error))
    }

    /// Sets entries, all or none. When it returns, they survive the loss of power.
    ///
    /// # Errors
    /// If a bound of [`crate::limits`] is exceeded or the database cannot be written.
    pub fn state_put_all(&mut self, entries: &BTreeMap<String, String>) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE")?;
        let mut present = None;
        let put = entries.iter().try_for_each(|(key, value)| self.put(key, value, &mut present));
        match put {
            Ok(()) => self.execute("COMMIT"),
            Err(error) => self.execute("ROLLBACK").and(Err(error)),
        }
    }

    /// Sets an entry. When it returns, the entry survives the loss of power. One that says the same
    /// already is left as it is, without a write.
    ///
    /// # Errors
    /// If a bound of [`crate::limits`] is exceeded or the database cannot be written.
    pub fn state_put(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.put(key, value, &mut None)
    }

    /// Sets an entry; `present` is how many there are, counted once for all that come together.
    fn put(&mut self, key: &str, value: &str, present: &mut Option<u32>) -> Result<(), StoreError> {
        check_entry(key, value)?;
        match self.state_get(key)? {
            Some(known) if known == value => return Ok(()),
            Some(_) => {}
            None => {
                let before = present.map_or_else(|| self.state_count(), Ok)?;
                if before >= MAX_STATE_ENTRIES {
                    return Err(refuse(key, Bound::Entries));
                }
                *present = Some(before + 1);
            }
        }
        self.connection
            .execute("INSERT OR REPLACE INTO state (key, value) VALUES (?1, ?2)", (key, value))
            .map(drop)
            .map_err(|error| self.place.blame(error))
    }

    /// Removes an entry, if it is there.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn state_remove(&mut self, key: &str) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM state WHERE key = ?1", (key,))
            .map(drop)
            .map_err(|error| self.place.blame(error))
    }

    /// Removes all entries whose key begins so.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn state_remove_under(&mut self, prefix: &str) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM state WHERE substr(key, 1, length(?1)) = ?1", (prefix,))
            .map(drop)
            .map_err(|error| self.place.blame(error))
    }

    fn execute(&self, statement: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(statement).map_err(|error| self.place.blame(error))
    }

    pub(super) fn state_count(&self) -> Result<u32, StoreError> {
        self.connection
            .query_row("SELECT count(*) FROM state", [], |row| row.get(0))
            .map_err(|error| self.place.blame(error))
    }
}

/// What [`Store::state_under`] returns, of any database of the store's form.
pub(super) fn read_under(
    connection: &Connection,
    prefix: &str,
) -> Result<BTreeMap<String, String>, DatabaseError> {
    let mut rows = connection.prepare(
        "SELECT substr(key, length(?1) + 1), value FROM state \
         WHERE substr(key, 1, length(?1)) = ?1",
    )?;
    rows.query_map((prefix,), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Whether an entry is within its bounds.
pub(super) fn check_entry(key: &str, value: &str) -> Result<(), StoreError> {
    if key.len() > MAX_STATE_KEY {
        return Err(refuse(key, Bound::Key));
    }
    if value.len() > MAX_STATE_VALUE {
        return Err(refuse(key, Bound::Value));
    }
    Ok(())
}

pub(super) fn refuse(key: &str, bound: Bound) -> StoreError {
    StoreError::State { key: key.chars().take(40).collect(), bound }
}
