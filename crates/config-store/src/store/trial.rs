//! A provisioned change that has yet to prove itself (F8): what its items were before, kept in the
//! database with the change itself, so that neither a restart nor the loss of power makes it final.
//!
//! Whether it has proved itself is decided elsewhere. Of several changes in a row it is the first
//! one's past that has worked, and to which all of them are taken back together.

use rusqlite::Transaction;

use super::{Changes, Origin, Store, StoreError, error::DatabaseError};
use crate::{Patch, items::ItemName, values::Values};

const FILE: &str = "trial/file";
const STARTS: &str = "trial/starts";
const REJECTED: &str = "trial/rejected";

/// A change on trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What its owner calls the file that made it.
    pub file: String,
    /// How often the phone has started since.
    pub starts: u32,
}

impl Store {
    /// The change on trial, if there is one.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn trial(&self) -> Result<Option<Trial>, StoreError> {
        let Some(file) = self.state_get(FILE)? else { return Ok(None) };
        let starts = self.state_get(STARTS)?.and_then(|starts| starts.parse().ok()).unwrap_or(0);
        Ok(Some(Trial { file, starts }))
    }

    /// The file whose change was taken back last.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn rejected(&self) -> Result<Option<String>, StoreError> {
        self.state_get(REJECTED)
    }

    /// The phone has started: counts that for the change on trial, and returns how often.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn count_start(&mut self) -> Result<Option<Trial>, StoreError> {
        let Some(trial) = self.trial()? else { return Ok(None) };
        let starts = trial.starts.saturating_add(1);
        self.state_put(STARTS, &starts.to_string())?;
        Ok(Some(Trial { starts, ..trial }))
    }

    /// The change has proved itself: it stays.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn end_trial(&mut self) -> Result<(), StoreError> {
        let run = |transaction: &Transaction<'_>| end(transaction);
        self.in_transaction(run)
    }

    /// Puts the items of the change on trial back to what they were, and remembers the file as
    /// rejected. What was imported since stays for [`Self::export`].
    ///
    /// # Errors
    /// Why it could not be kept; then nothing has changed.
    pub fn take_back(&mut self, origin: Origin) -> Result<Changes, StoreError> {
        let patch = self.before_trial()?;
        let file = self.trial()?.map(|trial| trial.file).unwrap_or_default();
        self.commit(&patch, None, origin, |transaction| {
            put_state(transaction, REJECTED, &file)?;
            end(transaction)
        })
    }

    /// What leads back to before the change.
    fn before_trial(&self) -> Result<Patch, StoreError> {
        let read = || -> Result<Vec<(String, Option<String>)>, DatabaseError> {
            let mut rows = self.connection.prepare("SELECT item, value FROM trial")?;
            rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let mut before = self.values.clone();
        for (item, value) in read().map_err(|error| self.place.blame(error))? {
            // An item that this phoned does not know any more cannot be put back.
            if let Ok(name) = ItemName::parse(&item) {
                before.put(name, value.and_then(|value| name.item().kind.check(&value)));
            }
        }
        Ok(Patch::between(&self.values, &before))
    }
}

/// Puts the items that a patch changes on trial, with what they are in `values`.
pub(super) fn begin(
    transaction: &Transaction<'_>,
    patch: &Patch,
    values: &Values,
    file: &str,
) -> Result<(), DatabaseError> {
    for (name, _) in patch.changes() {
        let before = Some(values.value(name)).filter(|value| *value != name.item().default);
        transaction.execute(
            "INSERT OR IGNORE INTO trial (item, value) VALUES (?1, ?2)",
            (name.to_string(), before),
        )?;
    }
    put_state(transaction, FILE, file)?;
    put_state(transaction, STARTS, "0")
}

pub(super) fn end(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    transaction.execute("DELETE FROM trial", ())?;
    transaction.execute("DELETE FROM state WHERE key IN (?1, ?2)", (FILE, STARTS)).map(drop)
}

pub(super) fn put_state(
    transaction: &Transaction<'_>,
    key: &str,
    value: &str,
) -> Result<(), DatabaseError> {
    let put = "INSERT OR REPLACE INTO state (key, value) VALUES (?1, ?2)";
    transaction.execute(put, (key, value)).map(drop)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fanvil::Form;

    const FILE_1: &[u8] = b"<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\n\
        SIP1 Phone Number:1001\nSIP1 Proxy Addr:10.0.0.1\nSIP1 Register Pswd:after\n\
        SIP1 MWI Num:*98\n<<END OF FILE>>\n";
    const FILE_2: &[u8] = b"<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\n\
        SIP1 Proxy Addr:10.0.0.2\nSIP1 BakProxy Addr:10.0.0.3\n<<END OF FILE>>\n";

    fn store(directory: &Path) -> Store {
        let mut store = Store::open(directory).unwrap();
        let items = [("SIP1 Proxy Addr", "10.0.0.7"), ("SIP1 Register Pswd", "before")];
        store.set(&items, Origin::CommandLine).unwrap();
        store
    }

    fn value(store: &Store, item: &str) -> String {
        store.get(item).unwrap().1
    }

    fn on_trial(store: &mut Store, octets: &[u8], file: &str) -> Changes {
        store.import_on_trial(octets, Origin::Provisioning, file).unwrap()
    }

    /// F8: a restart within the window does not make the change final.
    #[test]
    fn a_change_on_trial_can_be_taken_back_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let mut before = store(directory.path());
        on_trial(&mut before, FILE_1, "one");
        before.set(&[("SIP2 Phone Number", "2")], Origin::Web).unwrap();
        drop(before);
        let mut store = Store::open(directory.path()).unwrap();
        assert_eq!(store.trial().unwrap(), Some(Trial { file: "one".into(), starts: 0 }));
        assert_eq!(store.count_start().unwrap().unwrap().starts, 1);
        assert_eq!(store.count_start().unwrap().unwrap().starts, 2);
        let changes = store.take_back(Origin::Provisioning).unwrap();
        assert_eq!(changes.items.len(), 3, "{:?}", changes.items);
        assert!(!format!("{:?}", changes.items).contains("before"), "{:?}", changes.items);
        assert_eq!(value(&store, "SIP1 Proxy Addr"), "10.0.0.7");
        assert_eq!(value(&store, "SIP1 Phone Number"), "");
        assert_eq!(value(&store, "SIP2 Phone Number"), "2", "not the file's business");
        let text = String::from_utf8(store.export(Form::Text, true).unwrap()).unwrap();
        assert!(text.contains(":before") && !text.contains("after"), "{text}");
        assert!(text.contains("*98"), "what the phone does not know stays: {text}");
        assert_eq!((store.trial().unwrap(), store.count_start().unwrap()), (None, None));
        assert_eq!(store.rejected().unwrap().as_deref(), Some("one"));
        assert_eq!(store.take_back(Origin::Provisioning).unwrap(), Changes::default());
    }

    #[test]
    fn of_two_changes_in_a_row_the_first_ones_past_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = store(directory.path());
        on_trial(&mut store, FILE_1, "one");
        store.count_start().unwrap();
        on_trial(&mut store, FILE_2, "two");
        assert_eq!(store.trial().unwrap(), Some(Trial { file: "two".into(), starts: 0 }));
        store.take_back(Origin::Provisioning).unwrap();
        assert_eq!(value(&store, "SIP1 Proxy Addr"), "10.0.0.7");
        assert_eq!(value(&store, "SIP1 BakProxy Addr"), "");
        assert_eq!(store.rejected().unwrap().as_deref(), Some("two"));
    }

    #[test]
    fn what_has_proved_itself_stays() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = store(directory.path());
        on_trial(&mut store, FILE_1, "one");
        store.end_trial().unwrap();
        assert_eq!(store.trial().unwrap(), None);
        on_trial(&mut store, FILE_2, "two");
        store.take_back(Origin::Provisioning).unwrap();
        assert_eq!(value(&store, "SIP1 Proxy Addr"), "10.0.0.1");
    }

    #[test]
    fn a_file_that_changes_nothing_of_a_line_is_not_on_trial() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = store(directory.path());
        let phone_only = b"<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\n\
            SIP  Port:5070\nSIP1 Proxy Addr:10.0.0.7\n<<END OF FILE>>\n";
        assert_eq!(on_trial(&mut store, phone_only, "port").items.len(), 1);
        assert_eq!(store.trial().unwrap(), None);
    }
}
