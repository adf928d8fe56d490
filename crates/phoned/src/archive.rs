//! The failover journal over a restart or a crash (requirement F9; failover design §7).
//!
//! Each entry is written when it is told, one row of the store's state table, in a ring; what an
//! earlier run has left is read once at start and shown before what this run adds. An entry is the
//! event as it was told, with the calendar time of then; one that this version cannot read is left
//! out. Writing is handed to the store's thread and never waited for.

use config_store::{Store, StoreError};
use control::Notification;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits;
use crate::notes::Notes;
use crate::store_thread::StoreHandle;

/// The place in the ring follows.
const JOURNAL: &str = "journal/";

/// What earlier runs left.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Earlier {
    /// Oldest first.
    pub(crate) entries: Vec<Notification>,
    /// The number of the next entry.
    next: u64,
}

/// Reads what earlier runs left.
///
/// # Errors
/// What the store says.
pub(crate) fn recall(store: &mut Store) -> Result<Earlier, StoreError> {
    let kept = store.state_under(JOURNAL)?;
    let mut found: Vec<(u64, Option<Notification>)> =
        kept.values().filter_map(|text| parse(text)).collect();
    found.sort_by_key(|(number, _)| *number);
    let next = found.last().map_or(0, |(number, _)| number.saturating_add(1));
    let entries = found.into_iter().filter_map(|(_, entry)| entry).collect();
    Ok(Earlier { entries, next })
}

/// The way to keep more.
#[derive(Debug)]
pub(crate) struct Archive {
    notes: Notes,
    next: u64,
}

impl Archive {
    /// Goes on where earlier runs ended.
    pub(crate) fn new(store: StoreHandle, earlier: &Earlier) -> Self {
        Self { notes: Notes::new("journal", store), next: earlier.next }
    }

    /// Keeps an entry; the oldest gives way.
    pub(crate) fn keep(&mut self, entry: &Notification) {
        let Some(value) = write(self.next, entry) else { return };
        self.notes.put(format!("{JOURNAL}{}", self.next % limits::ARCHIVE), value);
        self.next = self.next.saturating_add(1);
    }
}

/// One entry of a ring: `NUMBER JSON`; `None` for what does not fit into a line of the control protocol.
pub(crate) fn write(number: u64, entry: &impl Serialize) -> Option<String> {
    let json = String::from_utf8(control::encode(entry).ok()?).ok()?;
    Some(format!("{number} {}", json.trim_end()))
}

/// The number is kept where the entry cannot be read, so that the ring goes on behind it.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Option<(u64, Option<T>)> {
    let (number, json) = text.split_once(' ')?;
    Some((number.parse().ok()?, control::decode(json.as_bytes()).ok()))
}

#[cfg(test)]
mod tests {
    use control::{Event, Timestamp};

    use super::*;
    use crate::store_thread;

    fn entry(line: u16) -> Notification {
        let event = Event::Redundancy { line, left: false };
        Notification { t: Timestamp::from_unix_ms(1_000 + i64::from(line)), mono_ms: 1.5, event }
    }

    /// Writes entries through the store's thread and reads what the next run finds.
    fn after(kept: u64) -> Earlier {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let first = recall(&mut store).unwrap();
        assert_eq!(first, Earlier::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (handle, _ended, thread) = store_thread::start(store).unwrap();
        let mut archive = Archive::new(handle.clone(), &first);
        runtime.block_on(async {
            for number in 0..kept {
                archive.keep(&entry(u16::try_from(number).unwrap()));
                // Waits until it is written.
                handle.with(|_| ()).await.unwrap();
            }
        });
        drop((archive, handle));
        thread.join().unwrap();
        recall(&mut Store::open(folder.path()).unwrap()).unwrap()
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_oldest_first() {
        let earlier = after(3);
        assert_eq!(earlier.entries, [entry(0), entry(1), entry(2)]);
        assert_eq!(earlier.next, 3);
    }

    #[test]
    fn the_oldest_entries_give_way() {
        let earlier = after(limits::ARCHIVE + 2);
        assert_eq!(earlier.entries.len(), usize::try_from(limits::ARCHIVE).unwrap());
        assert_eq!(earlier.entries.first(), Some(&entry(2)));
        assert_eq!(earlier.next, limits::ARCHIVE + 2);
    }

    #[test]
    fn an_entry_of_another_version_is_left_out_and_its_place_counts() {
        assert_eq!(parse::<Notification>(r#"7 {"event":"dance"}"#), Some((7, None)));
        assert_eq!(parse::<Notification>("nonsense"), None);
    }
}
