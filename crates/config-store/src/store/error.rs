//! What can go wrong with the store. Errors about items and files are the user's; errors about the
//! database name the file, for it is what the user can look at.

use std::{io, path::PathBuf};

use crate::{
    fanvil::FormError,
    items::ItemError,
    limits::{MAX_STATE_ENTRIES, MAX_STATE_KEY, MAX_STATE_VALUE},
};

/// The state directory or the database is of no use.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory or a file in it cannot be used.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The database is damaged and there is no copy to restore it from.
    #[error("{}: damaged ({reason}), and there is no backup copy to restore; move it away to start \
             with an empty configuration", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process has it open.
    #[error("{}: in use by another process", path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A newer phoned has written it.
    #[error("{}: written by a newer phoned (form {found}; this one knows up to {known})",
            path.display())]
    TooNew {
        /// The database.
        path: PathBuf,
        /// The form of the file.
        found: u32,
        /// The newest form that this program knows.
        known: u32,
    },
    /// There is no room left for the change.
    #[error("{}: the disk is full", path.display())]
    Full {
        /// What could not be written.
        path: PathBuf,
    },
    /// The database does not work.
    #[error("{}: {error}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        error: rusqlite::Error,
    },
    /// No restore has been made that could be taken back.
    #[error("nothing has been restored: there is nothing to go back to")]
    NothingBefore,
    /// A bound of the state table.
    #[error("state entry `{key}`: {bound}")]
    State {
        /// The entry's key, shortened.
        key: String,
        /// Which.
        bound: Bound,
    },
}

/// A bound of the state table that an entry exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Bound {
    /// [`MAX_STATE_KEY`].
    #[error("key longer than {MAX_STATE_KEY} octets")]
    Key,
    /// [`MAX_STATE_VALUE`].
    #[error("value longer than {MAX_STATE_VALUE} octets")]
    Value,
    /// [`MAX_STATE_ENTRIES`].
    #[error("more than {MAX_STATE_ENTRIES} entries")]
    Entries,
}

impl StoreError {
    /// What the system says of a file.
    pub(super) fn io(path: PathBuf, error: io::Error) -> Self {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        if full.contains(&error.kind()) { Self::Full { path } } else { Self::Io { path, error } }
    }
}

/// A change is refused.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// These items are refused; nothing has changed.
    #[error("{}", listed(.0))]
    Items(Vec<ItemError>),
    /// The change could not be kept; nothing has changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is wrong with it; nothing has changed.
    #[error("{}", listed(.0))]
    Form(Vec<FormError>),
    /// The change could not be kept; nothing has changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Errors of SQLite before the file's name is known.
pub(super) type DatabaseError = rusqlite::Error;

fn listed<E: ToString>(errors: &[E]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
