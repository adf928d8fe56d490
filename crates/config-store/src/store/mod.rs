//! The values of all items, kept in SQLite in the phone's state directory.
//!
//! [`Store`] holds the values in force in memory and every accepted change in the database before it
//! is acknowledged. One process has a store open at a time. What a change leads to is up to whoever
//! asked for it: they get the [`Changes`] and read [`Store::settings`] again.
//!
//! Opening, checking and restoring the file is in `open`, the copy it is restored from in `backup`;
//! what is kept besides the configuration in `state`.

mod backup;
mod change;
mod error;
mod migrations;
mod open;
mod replace;
mod section;
mod state;
mod trial;

use rusqlite::{Connection, Transaction};

pub use change::{Change, Changes, Origin, Submission};
pub use error::{Bound, ImportError, SetError, StoreError};
pub use open::{Recovery, erase};
pub use section::Section;
pub use trial::Trial;

use crate::{
    Patch, Sentence, Settings,
    fanvil::{self, File, Files, Form},
    items::{ItemError, ItemName},
    values::{Values, masked},
};
use error::DatabaseError;

/// The configuration and where it is kept.
pub struct Store {
    connection: Connection,
    place: open::Place,
    recovery: Option<Recovery>,
    values: Values,
}

/// Imported files that are to be kept.
enum News {
    /// Those of other forms stay.
    Beside(Files),
    /// No other stays.
    Instead(Files),
}

impl Store {
    /// The configuration with types.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings::of(&self.values)
    }

    /// What had to be repaired when the store was opened; worth telling the user.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }

    /// The full name and the value of an item; [`crate::MASK`] for a password that is set.
    ///
    /// # Errors
    /// [`ItemError`] if no item is called so.
    pub fn get(&self, item: &str) -> Result<(String, String), ItemError> {
        ItemName::parse(item).map(|name| self.shown(name))
    }

    /// Every item of the phone and of the lines in use, and of other lines what is not at its
    /// default, as [`Self::get`] shows them.
    #[must_use]
    pub fn list(&self) -> Vec<(String, String)> {
        self.values.names().into_iter().map(|name| self.shown(name)).collect()
    }

    fn shown(&self, name: ItemName) -> (String, String) {
        (name.to_string(), self.values.shown(name).to_owned())
    }

    /// Sets items, all or none. An empty value means the default; [`crate::MASK`] leaves a password
    /// as it is. When it returns, the change survives the loss of power.
    ///
    /// # Errors
    /// Every item refused, or why the change could not be kept.
    pub fn set<I: AsRef<str>, V: AsRef<str>>(
        &mut self,
        items: &[(I, V)],
        origin: Origin,
    ) -> Result<Changes, SetError> {
        let pairs = items.iter().map(|(item, value)| (item.as_ref(), value.as_ref()));
        let patch = Patch::parse(pairs).map_err(SetError::Items)?;
        self.apply(&patch, origin).map_err(SetError::Store)
    }

    /// Applies a checked change.
    ///
    /// # Errors
    /// Why it could not be kept; then nothing has changed.
    pub fn apply(&mut self, patch: &Patch, origin: Origin) -> Result<Changes, StoreError> {
        self.commit(patch, None, origin, |_| Ok(()))
    }

    /// Takes a provisioning file, told apart by its content, all or nothing. Items that it does not
    /// name stay as they are; items that the phone does not know are kept for [`Self::export`].
    ///
    /// # Errors
    /// What is wrong with the file, by line, or why the change could not be kept.
    pub fn import(&mut self, octets: &[u8], origin: Origin) -> Result<Changes, ImportError> {
        self.import_with(octets, origin, None)
    }

    /// The same, and in the same transaction a section of the state becomes what is given.
    ///
    /// # Errors
    /// As [`Self::import`], or that the section exceeds a bound of [`crate::limits`].
    pub fn import_with(
        &mut self,
        octets: &[u8],
        origin: Origin,
        section: Option<&Section>,
    ) -> Result<Changes, ImportError> {
        if let Some(section) = section {
            self.is_news(section).map_err(ImportError::Store)?;
        }
        self.take(octets, origin, None, section)
    }

    /// What [`Self::import`] would change.
    ///
    /// # Errors
    /// What is wrong with the file, by line.
    pub fn would_import(&self, octets: &[u8]) -> Result<Changes, ImportError> {
        let imported = fanvil::read(octets).map_err(ImportError::Form)?;
        let files = self.files()?.with(imported.file);
        let kept = files.map_err(|error| ImportError::Form(vec![error]))?.unknown_items();
        let values = imported.patch.applied_to(&self.values);
        let items = self.changed_items(&imported.patch, &values);
        Ok(Changes { items, kept, dropped: 0, warnings: imported.warnings })
    }

    /// The same; where it changes items of lines, the change is on trial (see [`Trial`]) until
    /// [`Self::end_trial`] or [`Self::take_back`]. `file` is the caller's name for the file.
    ///
    /// # Errors
    /// As [`Self::import`].
    pub fn import_on_trial(
        &mut self,
        octets: &[u8],
        origin: Origin,
        file: &str,
    ) -> Result<Changes, ImportError> {
        self.take(octets, origin, Some(file), None)
    }

    fn take(
        &mut self,
        octets: &[u8],
        origin: Origin,
        on_trial: Option<&str>,
        section: Option<&Section>,
    ) -> Result<Changes, ImportError> {
        let imported = fanvil::read(octets).map_err(ImportError::Form)?;
        let held = self.files()?;
        let files = held.with(imported.file);
        let files = files.map_err(|error| ImportError::Form(vec![error]))?;
        let kept = files.unknown_items();
        // The same file is imported at every start.
        let news = (files != held).then_some(News::Beside(files));
        let (patch, before) = (&imported.patch, self.values.clone());
        let touches_lines = patch.changes().any(|(name, value)| {
            name.line().is_some() && before.value(name) != value.unwrap_or(name.item().default)
        });
        let on_trial = on_trial.filter(|_| touches_lines);
        let mut changes = self.commit(patch, news, origin, |transaction| {
            if let Some(section) = section {
                section.write(transaction)?;
            }
            match on_trial {
                Some(file) => trial::begin(transaction, patch, &before, file),
                None => Ok(()),
            }
        })?;
        changes.kept = kept;
        changes.warnings.splice(0..0, imported.warnings);
        Ok(changes)
    }

    /// The configuration as a file of a form. Where a file of that form was imported it is that file,
    /// with only those values rewritten that have changed since. Without `with_secrets` password
    /// items are left out.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn export(&self, form: Form, with_secrets: bool) -> Result<Vec<u8>, StoreError> {
        Ok(self.files()?.render(form, &self.values, with_secrets))
    }

    /// What has been imported. It is read when it is needed: with thousands of lines it is large.
    fn files(&self) -> Result<Files, StoreError> {
        Self::load_files(&self.connection).map_err(|error| self.place.blame(error))
    }

    /// The latest submissions that changed anything, newest first; passwords are masked in them.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn history(&self, count: u32) -> Result<Vec<Submission>, StoreError> {
        change::read_history(&self.connection, count).map_err(|error| self.place.blame(error))
    }

    /// Writes values, file and history in one transaction, `also` what else belongs to it, then takes
    /// them over.
    fn commit(
        &mut self,
        patch: &Patch,
        files: Option<News>,
        origin: Origin,
        also: impl FnOnce(&Transaction<'_>) -> Result<(), DatabaseError>,
    ) -> Result<Changes, StoreError> {
        let values = patch.applied_to(&self.values);
        if values == self.values && files.is_none() {
            self.in_transaction(also)?;
            return Ok(Changes::default());
        }
        let items = self.changed_items(patch, &values);
        self.in_transaction(|transaction| {
            write(transaction, patch, files.as_ref(), &items, origin)?;
            also(transaction)
        })?;
        self.values = values;
        self.back_up();
        Ok(Changes { warnings: self.warnings(&items), items, ..Changes::default() })
    }

    /// Does all of it or nothing. When it returns, it survives the loss of power.
    fn in_transaction(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), DatabaseError>,
    ) -> Result<(), StoreError> {
        let run = || {
            let transaction = self.connection.transaction()?;
            work(&transaction)?;
            transaction.commit()
        };
        run().map_err(|error| self.place.blame(error))
    }

    /// Renews the copy that a damaged database is restored from. The change is safe already, so a
    /// failure (a full disk) is only reported.
    fn back_up(&self) {
        if let Err(error) = backup::renew(&self.connection, &self.place, backup::BACKUP) {
            tracing::warn!(%error, "backup copy of the configuration not renewed");
        }
    }

    /// The items that a patch changes, as they may be shown.
    fn changed_items(&self, patch: &Patch, values: &Values) -> Vec<Change> {
        patch
            .changes()
            .map(|(name, _)| (name, self.values.value(name), values.value(name)))
            .filter(|(_, old, new)| old != new)
            .map(|(name, old, new)| Change::new(name, masked(name, old), masked(name, new)))
            .collect()
    }

    /// What the settings of the lines that have changed contradict.
    fn warnings(&self, items: &[Change]) -> Vec<Sentence> {
        let touched: std::collections::BTreeSet<u16> =
            items.iter().filter_map(|change| change.line).collect();
        let lines = self.settings().lines;
        lines
            .iter()
            .filter(|(line, _)| touched.contains(*line))
            .flat_map(|(line, settings)| settings.warnings(*line))
            .collect()
    }

    /// Reads what the database holds. What an older or newer phoned or another hand has put there
    /// and this one does not accept has its default instead.
    fn load(connection: &Connection) -> Result<Values, DatabaseError> {
        let mut values = Values::default();
        let mut rows = connection.prepare("SELECT name, value FROM item")?;
        let pairs = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for pair in pairs {
            let (item, text): (String, String) = pair?;
            let name = ItemName::parse(&item);
            let value = name.as_ref().ok().and_then(|name| name.item().kind.check(&text));
            match (name, value) {
                (Ok(name), Some(value)) => values.put(name, Some(value)),
                (Ok(_), None) | (Err(_), _) => {
                    tracing::warn!(item, "stored item not accepted, its default is used");
                }
            }
        }
        Ok(values.packed())
    }

    fn load_files(connection: &Connection) -> Result<Files, DatabaseError> {
        let mut files = Files::default();
        let mut rows = connection.prepare("SELECT octets FROM document ORDER BY form")?;
        for octets in rows.query_map([], |row| row.get(0))? {
            let octets: Vec<u8> = octets?;
            match File::parse(&octets).and_then(|file| files.with(file)) {
                Ok(with) => files = with,
                Err(error) => {
                    tracing::warn!(%error, "stored configuration file not accepted, left out of exports");
                }
            }
        }
        Ok(files)
    }
}

fn write(
    transaction: &Transaction<'_>,
    patch: &Patch,
    files: Option<&News>,
    items: &[Change],
    origin: Origin,
) -> Result<(), DatabaseError> {
    for (name, value) in patch.changes() {
        let name = name.to_string();
        match value {
            Some(value) => transaction.execute(
                "INSERT OR REPLACE INTO item (name, value) VALUES (?1, ?2)",
                (name, value),
            )?,
            None => transaction.execute("DELETE FROM item WHERE name = ?1", (name,))?,
        };
    }
    let files = match files {
        Some(News::Beside(files)) => Some(files),
        Some(News::Instead(files)) => {
            transaction.execute("DELETE FROM document", ())?;
            Some(files)
        }
        None => None,
    };
    for (form, octets) in files.into_iter().flat_map(Files::octets) {
        let form = match form {
            Form::Text => "text",
            Form::Xml => "xml",
        };
        transaction.execute(
            "INSERT OR REPLACE INTO document (form, octets) VALUES (?1, ?2)",
            (form, octets),
        )?;
    }
    if !items.is_empty() {
        change::write_history(transaction, items, origin)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
