//! What a change has changed, and the history of changes: who changed what, when. Passwords are
//! masked before they come here, so the history can be shown.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction};

use super::error::DatabaseError;
use crate::{Sentence, items::ItemName, limits::MAX_HISTORY};

/// Who asks for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    CommandLine,
    /// The web page.
    Web,
    /// A provisioning file that the phone fetched or was started with.
    Provisioning,
}

impl Origin {
    fn word(self) -> &'static str {
        match self {
            Self::CommandLine => "command line",
            Self::Web => "web",
            Self::Provisioning => "provisioning",
        }
    }
}

/// What an accepted change has led to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The items whose value is another one now.
    pub items: Vec<Change>,
    /// How many items of imported files are kept without being known; 0 unless a file was imported.
    pub kept: usize,
    /// How many unknown items that were kept are gone; 0 unless a file has replaced everything.
    pub dropped: usize,
    /// What the user ought to know, a sentence each.
    pub warnings: Vec<Sentence>,
}

/// One item that has another value now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its line; `None` for an item of the phone.
    pub line: Option<u16>,
    /// Its full name.
    pub item: String,
    /// Its former value as it may be shown.
    pub old: String,
    /// Its value now as it may be shown.
    pub new: String,
}

impl Change {
    pub(super) fn new(name: ItemName, old: &str, new: &str) -> Self {
        Self { line: name.line(), item: name.to_string(), old: old.into(), new: new.into() }
    }
}

/// One submission of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// When, in milliseconds since 1970 by the device's clock, which may have been wrong.
    pub at_unix_ms: i64,
    /// Who asked for it, in words.
    pub origin: String,
    /// What it changed.
    pub items: Vec<Change>,
}

pub(super) fn write_history(
    transaction: &Transaction<'_>,
    items: &[Change],
    origin: Origin,
) -> Result<(), DatabaseError> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
    transaction.execute(
        "INSERT INTO submission (at_ms, origin) VALUES (?1, ?2)",
        (at_ms, origin.word()),
    )?;
    let submission = transaction.last_insert_rowid();
    for change in items {
        transaction.execute(
            "INSERT INTO change (submission, item, old, new) VALUES (?1, ?2, ?3, ?4)",
            (submission, &change.item, &change.old, &change.new),
        )?;
    }
    // The changes go with their submission, by the foreign key.
    transaction
        .execute("DELETE FROM submission WHERE id <= ?1", (submission - i64::from(MAX_HISTORY),))?;
    Ok(())
}

pub(super) fn read_history(
    connection: &Connection,
    count: u32,
) -> Result<Vec<Submission>, DatabaseError> {
    let mut submissions =
        connection.prepare("SELECT id, at_ms, origin FROM submission ORDER BY id DESC LIMIT ?1")?;
    let mut changes = connection
        .prepare("SELECT item, old, new FROM change WHERE submission = ?1 ORDER BY rowid")?;
    let heads = submissions.query_map((count,), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
    })?;
    heads
        .map(|head| {
            let (id, at_unix_ms, origin) = head?;
            let items = changes.query_map((id,), |row| {
                let item: String = row.get(0)?;
                let line = ItemName::parse(&item).ok().and_then(|name| name.line());
                Ok(Change { line, item, old: row.get(1)?, new: row.get(2)? })
            })?;
            Ok(Submission { at_unix_ms, origin, items: items.collect::<Result<_, _>>()? })
        })
        .collect()
}
