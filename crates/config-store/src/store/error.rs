//! What can go wrong with the store. Errors about items and files are the user's; errors about the
//! database name the file, for it is what the user can look at.

use std::{io, path::PathBuf};

use crate::{fanvil::FormError, items::ItemError};

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
    #[error("state entry `{key}`: {reason}")]
    State {
        /// The entry's key, shortened.
        key: String,
        /// Which bound, in words.
        reason: String,
    },
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
