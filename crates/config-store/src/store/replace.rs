//! Restoring: the configuration becomes what a file says, not only what the file names. What was before
//! is kept in a database beside the store's own, one step back.
//!
//! A file that was exported without passwords would leave no line that registers: one that has none at
//! all leaves the passwords of its lines as they are.

use std::collections::BTreeSet;

use rusqlite::{Connection, OpenFlags, Transaction};

use super::{
    Changes, ImportError, Origin, Section, Store, StoreError, backup, error::DatabaseError, state,
    trial,
};
use crate::fanvil::{self, Files};
use crate::items::{ItemName, Kind};
use crate::values::Values;
use crate::{Patch, Sentence};

/// What was in force before the latest restore, as a database.
const BEFORE: &str = "config.db.before";
/// What the keys of the section begin with that the latest restore has replaced; not there where it has
/// left the state alone.
const SECTION: &str = "restored/section";

/// What a restore leads to.
struct Goal {
    patch: Patch,
    values: Values,
    files: Files,
    changes: Changes,
    /// It is not what is in force already.
    is_news: bool,
}

impl Store {
    /// What [`Self::replace`] would change, and the lines that would not be in use any more.
    ///
    /// # Errors
    /// What is wrong with the file, by line.
    pub fn would_replace(&self, octets: &[u8]) -> Result<(Changes, BTreeSet<u16>), ImportError> {
        let goal = self.goal(octets)?;
        let gone = self.lines_gone(&goal.values);
        Ok((goal.changes, gone))
    }

    /// Makes the configuration what a file says and, in the same transaction, a section of the state
    /// what is given: all or nothing. What was before is kept for [`Self::revert`].
    ///
    /// # Errors
    /// What is wrong with the file, by line, that the section exceeds a bound of [`crate::limits`], or
    /// why the change could not be kept.
    pub fn replace(
        &mut self,
        octets: &[u8],
        origin: Origin,
        section: Option<&Section>,
    ) -> Result<Changes, ImportError> {
        let goal = self.goal(octets)?;
        self.reach(goal, origin, section).map_err(ImportError::Store)
    }

    /// What [`Self::revert`] would change, and the lines that would not be in use any more.
    ///
    /// # Errors
    /// If there is nothing to go back to, or it cannot be read.
    pub fn would_revert(&self) -> Result<(Changes, BTreeSet<u16>), StoreError> {
        let (values, files, _) = self.before()?;
        let goal = self.goal_of(values, files)?;
        let gone = self.lines_gone(&goal.values);
        Ok((goal.changes, gone))
    }

    /// Goes back to before the latest restore, with the section of the state that it has replaced, and
    /// the next time forward again.
    ///
    /// # Errors
    /// If there is nothing to go back to, or the change could not be kept.
    pub fn revert(&mut self, origin: Origin) -> Result<Changes, StoreError> {
        let (values, files, section) = self.before()?;
        let goal = self.goal_of(values, files)?;
        self.reach(goal, origin, section.as_ref())
    }

    fn goal(&self, octets: &[u8]) -> Result<Goal, ImportError> {
        let imported = fanvil::read(octets).map_err(ImportError::Form)?;
        let files = Files::default().with(imported.file);
        let files = files.map_err(|error| ImportError::Form(vec![error]))?;
        let mut values = imported.patch.applied_to(&Values::default());
        let kept = self.keep_passwords(&imported.patch, &mut values);
        let mut goal = self.goal_of(values, files).map_err(ImportError::Store)?;
        goal.changes.warnings.splice(0..0, imported.warnings);
        if kept > 0 {
            goal.changes.warnings.insert(
                0,
                Sentence::new(
                    format!("the file has no passwords: {kept} stay as they are"),
                    format!("文件中没有密码：{kept} 个密码保持不变"),
                ),
            );
        }
        Ok(goal)
    }

    /// Takes over the passwords of the phone and of the file's lines into `values`, where the file has
    /// no password at all, and those that the file leaves as they are. Returns how many the file lacks.
    fn keep_passwords(&self, file: &Patch, values: &mut Values) -> usize {
        let is_secret = |name: &ItemName| name.item().kind == Kind::Secret;
        let named: BTreeSet<ItemName> =
            file.changes().map(|(name, _)| name).filter(is_secret).collect();
        if file.changes().any(|(name, value)| is_secret(&name) && value.is_some()) {
            return 0;
        }
        let lines = values.lines();
        let mut kept = 0;
        for name in self.values.set_names().filter(is_secret) {
            let stays = name.line().is_none_or(|line| lines.contains(&line));
            if stays && !named.contains(&name) {
                values.put(name, Some(self.values.value(name).to_owned()));
                kept += 1;
            }
        }
        kept
    }

    fn goal_of(&self, values: Values, files: Files) -> Result<Goal, StoreError> {
        let patch = Patch::between(&self.values, &values);
        let held = self.files()?;
        let items = self.changed_items(&patch, &values);
        let kept = files.unknown_items();
        let dropped = held.unknown_items().saturating_sub(kept);
        let is_news = !items.is_empty() || files != held;
        let changes = Changes { items, kept, dropped, warnings: Vec::new() };
        Ok(Goal { patch, values, files, changes, is_news })
    }

    fn lines_gone(&self, values: &Values) -> BTreeSet<u16> {
        let after = crate::Settings::of(values).lines;
        self.settings().lines.into_keys().filter(|line| !after.contains_key(line)).collect()
    }

    fn reach(
        &mut self,
        goal: Goal,
        origin: Origin,
        section: Option<&Section>,
    ) -> Result<Changes, StoreError> {
        let Goal { patch, files, changes, is_news, .. } = goal;
        let section_is_news = section.map_or(Ok(false), |section| self.is_news(section))?;
        // The step back is from here, unless nothing is left behind.
        if !is_news && !section_is_news {
            return Ok(changes);
        }
        backup::renew(&self.connection, &self.place, BEFORE)?;
        let also = |transaction: &Transaction<'_>| {
            // Nothing is on trial any more: what it would be taken back to is not what was before.
            trial::end(transaction)?;
            let Some(section) = section else {
                return transaction
                    .execute("DELETE FROM state WHERE key = ?1", (SECTION,))
                    .map(drop);
            };
            section.write(transaction)?;
            trial::put_state(transaction, SECTION, &section.prefix)
        };
        let files = Some(super::News::Instead(files));
        let done = self.commit(&patch, files, origin, also)?;
        let mut warnings = changes.warnings;
        warnings.extend(done.warnings);
        Ok(Changes { items: done.items, warnings, ..changes })
    }

    fn before(&self) -> Result<(Values, Files, Option<Section>), StoreError> {
        let path = self.place.file(BEFORE);
        if !path.exists() {
            return Err(StoreError::NothingBefore);
        }
        let prefix = self.state_get(SECTION)?;
        let read = || -> Result<(Values, Files, Option<Section>), DatabaseError> {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let section = match prefix {
                Some(prefix) => {
                    let entries = state::read_under(&connection, &prefix)?;
                    Some(Section { prefix, entries })
                }
                None => None,
            };
            Ok((Self::load(&connection)?, Self::load_files(&connection)?, section))
        };
        read().map_err(|error| self.place.blame(error))
    }
}

#[cfg(test)]
#[path = "replace_tests.rs"]
mod tests;
