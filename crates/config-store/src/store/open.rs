//! Opens the database: makes the directory (0700) and the file (0600), keeps other processes out,
//! checks that the file is sound, restores it from the copy if it is not, and brings it to the
//! newest form.
//!
//! The write-ahead log with `synchronous=FULL` makes a commit durable before it returns (F11).

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};

use super::{
    Store,
    backup::{self, BACKUP},
    error::{DatabaseError, StoreError},
    migrations,
};

/// The database was damaged or lost, and has been restored from its copy as of the last change; or a
/// newer phoned had written it, and this one goes on from what was kept before that update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What was wrong.
    pub reason: String,
    /// Where the damaged file has been put; `None` if there was none.
    pub set_aside: Option<PathBuf>,
}

/// Where the store's files are.
pub(super) struct Place {
    directory: PathBuf,
}

impl Store {
    /// Opens the store in `directory`, which is made if it is missing.
    ///
    /// # Errors
    /// [`StoreError`], naming the file or directory.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let place = Place { directory: directory.to_owned() };
        place.prepare()?;
        let mut opened = Self::open_database(&place);
        let mut recovery = None;
        if let Err(StoreError::Damaged { reason, .. }) = &opened
            && place.file(BACKUP).exists()
        {
            let set_aside = place.restore(BACKUP, "config.db.damaged")?;
            recovery = Some(Recovery { reason: reason.clone(), set_aside });
            opened = Self::open_database(&place);
        }
        if let Err(error @ StoreError::TooNew { known, .. }) = &opened
            && place.file(&backup::of_form(*known)).exists()
        {
            let reason = format!("{error}; it goes on from what was kept before that update");
            let set_aside = place.restore(&backup::of_form(*known), "config.db.newer")?;
            recovery = Some(Recovery { reason, set_aside });
            opened = Self::open_database(&place);
        }
        Self::opened(place, opened?, recovery)
    }

    fn opened(
        place: Place,
        connection: Connection,
        recovery: Option<Recovery>,
    ) -> Result<Self, StoreError> {
        let values = Self::load(&connection).map_err(|error| place.blame(error))?;
        let store = Self { connection, place, recovery, values };
        if store.recovery.is_some() || !store.place.file(BACKUP).exists() {
            store.back_up();
        }
        Ok(store)
    }

    fn open_database(place: &Place) -> Result<Connection, StoreError> {
        let path = place.database();
        if place.file(BACKUP).exists() && is_empty(&path) {
            // A file system may leave a new file empty at a power cut, and an interrupted restore
            // leaves none; with a copy at hand that is damage, not a new phone.
            let reason = "empty or missing".to_owned();
            return Err(StoreError::Damaged { path, reason });
        }
        place.make_file(&path)?;
        let blame = |error| place.blame(error);
        let mut connection = Connection::open(&path).map_err(blame)?;
        prepare_connection(&connection).map_err(blame)?;
        let found = migrations::found(&connection).map_err(blame)?;
        let known = migrations::newest();
        if found > known {
            return Err(StoreError::TooNew { path, found, known });
        }
        check(&connection, &path).map_err(blame)??;
        if (1..known).contains(&found) {
            backup::renew(&connection, place, &backup::of_form(found))?;
        }
        migrations::run(&mut connection, known).map_err(blame)?;
        Ok(connection)
    }
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |metadata| metadata.len() == 0)
}

fn prepare_connection(connection: &Connection) -> Result<(), DatabaseError> {
    connection.busy_timeout(Duration::from_secs(1))?;
    // KiB of pages in memory; the default is 2000, which the journal alone would fill in time.
    connection.pragma_update(None, "cache_size", -256)?;
    // Exclusive, before the log is first used: no other process, and no shared-memory file.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Takes the lock now rather than at the first change.
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}

/// `quick_check` reads every page; the file is small.
fn check(connection: &Connection, path: &Path) -> Result<Result<(), StoreError>, DatabaseError> {
    let reason: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let damaged = || StoreError::Damaged { path: path.to_owned(), reason: reason.clone() };
    Ok(if reason == "ok" { Ok(()) } else { Err(damaged()) })
}

/// Removes a store with all its copies; what else is in the directory stays.
///
/// # Errors
/// What cannot be removed.
pub fn erase(directory: &Path) -> io::Result<()> {
    let ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("config.db");
    // The copies first: an interrupted start would restore the configuration from one.
    let mut files: Vec<PathBuf> =
        directory.read_dir()?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.file_name().is_some_and(ours));
    files.sort_by_key(|path| path.file_name() == Some(std::ffi::OsStr::new("config.db")));
    for file in files {
        fs::remove_file(file)?;
    }
    File::open(directory)?.sync_all()
}

impl Place {
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn database(&self) -> PathBuf {
        self.file("config.db")
    }

    /// An error of SQLite with the file's name.
    pub(super) fn blame(&self, error: DatabaseError) -> StoreError {
        let path = self.database();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { path, reason: error.to_string() }
            }
            Some(ErrorCode::DiskFull) => StoreError::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse { path },
            Some(_) | None => StoreError::Database { path, error },
        }
    }

    /// Makes the directory. One that exists is closed to others only if it is ours, or empty: a
    /// mistyped `--state /tmp` must not lock everyone out of it.
    fn prepare(&self) -> Result<(), StoreError> {
        let directory = &self.directory;
        let io = |error| StoreError::io(directory.clone(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
        let ours = self.database().exists() || self.file(BACKUP).exists();
        let empty = || directory.read_dir().map(|mut entries| entries.next().is_none());
        let mode = fs::metadata(directory).map_err(io)?.permissions().mode() & 0o777;
        if mode != 0o700 && (ours || empty().map_err(io)?) {
            fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(io)?;
        }
        Ok(())
    }

    /// Makes the file with its permissions before SQLite does so with others. The log inherits
    /// them.
    fn make_file(&self, path: &Path) -> Result<(), StoreError> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(path);
        file.map_err(|error| StoreError::io(path.to_owned(), error))?;
        self.make_private(path)
    }

    pub(super) fn make_private(&self, path: &Path) -> Result<(), StoreError> {
        fs::set_permissions(path, Permissions::from_mode(0o600))
            .map_err(|error| StoreError::io(path.to_owned(), error))
    }

    pub(super) fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    /// Puts the database aside and a copy of the copy called `from` in its place. Its log goes first:
    /// a log must never meet another database than its own. Interrupted at any point, the next start
    /// does the same again.
    fn restore(&self, from: &str, aside: &str) -> Result<Option<PathBuf>, StoreError> {
        let (database, new) = (self.database(), self.file("config.db.new"));
        let restore = || {
            for suffix in ["-wal", "-shm"] {
                let log = self.file(&format!("config.db{suffix}"));
                if log.exists() {
                    fs::rename(log, self.file(&format!("{aside}{suffix}")))?;
                }
            }
            let found = !is_empty(&database);
            if found {
                fs::rename(&database, self.file(aside))?;
            }
            backup::remove_if_present(&new)?;
            fs::copy(self.file(from), &new)?;
            fs::set_permissions(&new, Permissions::from_mode(0o600))?;
            File::open(&new)?.sync_all()?;
            fs::rename(&new, &database)?;
            self.sync_directory()?;
            Ok(found.then(|| self.file(aside)))
        };
        restore().map_err(|error| StoreError::io(self.database(), error))
    }
}
