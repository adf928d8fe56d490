//! The copy of the database that a damaged one is restored from: renewed after every accepted
//! change, put into place by one rename so that there is always a whole copy, and small (tens of
//! kilobytes). It protects against a damaged file, not against the loss of the disk.

use std::{
    fs::{self, File},
    io,
};

use rusqlite::Connection;

use super::{error::StoreError, open::Place};

/// The copy that a damaged database is restored from.
pub(super) const BACKUP: &str = "config.db.bak";

/// The copy that is left of a database before it is brought to a newer form. Should the device go
/// back to the former phoned, that one goes on from it (F11).
pub(super) fn of_form(form: u32) -> String {
    format!("config.db.form{form}")
}

/// Makes a new copy called `name`, in the place of the old one.
pub(super) fn renew(connection: &Connection, place: &Place, name: &str) -> Result<(), StoreError> {
    let (new, copy) = (place.file(&format!("{name}.new")), place.file(name));
    // What an interrupted attempt has left would stop VACUUM INTO.
    remove_if_present(&new).map_err(|error| StoreError::io(new.clone(), error))?;
    let target = new.to_string_lossy();
    connection.execute("VACUUM INTO ?1", (target,)).map_err(|error| place.blame(error))?;
    place.make_private(&new)?;
    let put = || {
        File::open(&new)?.sync_all()?;
        fs::rename(&new, &copy)?;
        place.sync_directory()
    };
    put().map_err(|error| StoreError::io(copy.clone(), error))
}

pub(super) fn remove_if_present(path: &std::path::Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
