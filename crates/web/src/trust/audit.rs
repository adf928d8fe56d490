//! The audit log: who did what from where, one JSON object a line, in a file of bounded length. The
//! one before is kept beside it. Values are not in it: the store's history has them, masked.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use control::Timestamp;
use serde::{Deserialize, Serialize};

use crate::limits;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// When.
    pub(crate) t: Timestamp,
    /// Which user or token; `-` for nobody known.
    pub(crate) who: String,
    /// From which address.
    pub(crate) address: String,
    /// What.
    pub(crate) what: String,
    /// The same in Chinese; empty in entries of an older phone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) what_zh: String,
}

/// The file.
#[derive(Debug)]
pub(super) struct Audit {
    path: PathBuf,
}

impl Audit {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned() })
    }

    /// Adds an entry. That it cannot be written is told in the log, where the entry is anyway.
    pub(super) fn write(&self, entry: &Entry) {
        if let Err(error) = self.append(entry) {
            tracing::warn!(path = %self.path.display(), %error, "audit log not written");
        }
    }

    fn append(&self, entry: &Entry) -> io::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|file| file.len() >= limits::AUDIT) {
            fs::rename(&self.path, self.before())?;
        }
        let mut line = serde_json::to_vec(entry).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.write_all(&line)
    }

    /// The latest entries, newest first.
    pub(super) fn latest(&self) -> Vec<Entry> {
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let text = read(&self.before()) + &read(&self.path);
        // A line that a loss of power has cut is left out.
        let entries = text.lines().rev().filter_map(|line| serde_json::from_str(line).ok());
        entries.take(limits::AUDIT_SHOWN).collect()
    }

    fn before(&self) -> PathBuf {
        self.path.with_extension("log.1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_entries_are_shown_and_the_file_stays_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(&folder.path().join("audit.log")).unwrap();
        let entry = |n: usize| Entry {
            t: Timestamp::from_unix_ms(n as i64),
            who: "admin".into(),
            address: "127.0.0.1".into(),
            what: format!("{n}: {}", "x".repeat(4000)),
            what_zh: String::new(),
        };
        for n in 0..200 {
            audit.write(&entry(n));
        }
        let latest = audit.latest();
        assert_eq!(latest.len(), limits::AUDIT_SHOWN);
        assert_eq!(latest[0], entry(199));
        let size = |name| fs::metadata(folder.path().join(name)).unwrap().len();
        assert!(size("audit.log") + size("audit.log.1") < 2 * (limits::AUDIT + 5000));
    }
}
