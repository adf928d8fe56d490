//! The failover journal over a restart or a crash (requirement F9; failover design §7).
//!
//! Each entry is written when it is told: one row of the store's state table, in the place of the entry
//! that gives way, so that an idle phone writes nothing and a power cut leaves all but the last. Which
//! one gives way is the journal's own rule (`phone::Shares`): no line pushes out what others tell. Who
//! has what is not written down; it is found again in the rows at start. An entry is the event as it
//! was told, with the calendar time of then; one that this version cannot read is left out. Writing is
//! handed to the store's thread and never waited for.

use std::collections::{BTreeMap, BTreeSet};

use config_store::{Store, StoreError};
use control::Notification;
use phone::Shares;
use phone::settings::LineNumber;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits;
use crate::notes::Notes;
use crate::store_thread::{StoreGone, StoreHandle};

/// The place of the entry follows.
const JOURNAL: &str = "journal/";

/// Where entries stand in the store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    taken: Shares<u32>,
    /// Places whose entries have given way.
    free: BTreeSet<u32>,
    /// The first that has never been used.
    unused: u32,
    /// The number of the next entry.
    next: u64,
}

/// Finds the places of what earlier runs left; `lines` is how many lines there are.
///
/// # Errors
/// What the store says.
pub(crate) fn recall(store: &mut Store, lines: usize) -> Result<Places, StoreError> {
    let mut found = rows(store)?;
    found.sort_by_key(|row| row.number);
    let mut places = Places {
        unused: found.iter().map(|row| row.place + 1).max().unwrap_or_default(),
        next: found.last().map_or(0, |row| row.number.saturating_add(1)),
        ..Places::default()
    };
    let known: BTreeSet<u32> = found.iter().map(|row| row.place).collect();
    places.free = (0..places.unused).filter(|place| !known.contains(place)).collect();
    for Row { place, entry, .. } in found {
        let line = line_of(entry.as_ref());
        places.free.extend(places.taken.make_room(line, lines));
        places.taken.add(line, place);
    }
    Ok(places)
}

impl Places {
    /// The place of a new entry.
    fn take(&mut self, line: LineNumber, lines: usize) -> u32 {
        self.free.extend(self.taken.make_room(line, lines));
        let place = self.free.pop_first().unwrap_or_else(|| {
            self.unused += 1;
            self.unused - 1
        });
        self.taken.add(line, place);
        place
    }
}

/// One entry in the store.
struct Row {
    place: u32,
    number: u64,
    /// `None` for one that this version cannot read.
    entry: Option<Notification>,
}

fn rows(store: &Store) -> Result<Vec<Row>, StoreError> {
    let row = |(key, value): (String, String)| {
        let place = key.parse().ok().filter(|place| *place < limits::ARCHIVE_PLACES)?;
        let (number, entry) = parse(&value)?;
        Some(Row { place, number, entry })
    };
    Ok(store.state_under(JOURNAL)?.into_iter().filter_map(row).collect())
}

/// Entries that cannot be read are nobody's, and share a place among the lines.
fn line_of(entry: Option<&Notification>) -> LineNumber {
    LineNumber(entry.and_then(|entry| entry.event.line()).unwrap_or_default())
}

/// Why there is nothing of earlier runs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Gone(#[from] StoreGone),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Unreadable {
    /// The same as its `Display` form, in Chinese.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::Gone(error) => error.chinese().to_owned(),
            Self::Store(error) => error.chinese(),
        }
    }
}

/// What earlier runs left, read from the store when it is wanted: thousands of lines have much.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    store: StoreHandle,
    /// The number of this run's first entry.
    before: u64,
}

impl Earlier {
    /// The entries of a line, or the latest of all, oldest first.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(crate) async fn entries(&self, line: Option<u16>) -> Result<Vec<Notification>, Unreadable> {
        let before = self.before;
        let rows = self.store.with(|store| rows(store)).await??;
        let mut of_line: BTreeMap<u64, Notification> = rows
            .into_iter()
            .filter(|row| row.number < before)
            .filter_map(|row| Some((row.number, row.entry?)))
            .filter(|(_, entry)| line.is_none_or(|line| entry.event.line() == Some(line)))
            .collect();
        while of_line.len() > limits::ARCHIVE {
            of_line.pop_first();
        }
        Ok(of_line.into_values().collect())
    }
}

/// The way to keep more.
#[derive(Debug)]
pub(crate) struct Archive {
    notes: Notes,
    places: Places,
}

impl Archive {
    /// Goes on where earlier runs ended; and what those left.
    pub(crate) fn new(store: StoreHandle, places: Places) -> (Self, Earlier) {
        let earlier = Earlier { store: store.clone(), before: places.next };
        (Self { notes: Notes::new("journal", store), places }, earlier)
    }

    /// Keeps an entry of a phone that has so many lines; an older one may give way.
    pub(crate) fn keep(&mut self, entry: &Notification, lines: usize) {
        let Some(value) = write(self.places.next, entry) else { return };
        let place = self.places.take(line_of(Some(entry)), lines);
        self.notes.put(format!("{JOURNAL}{place}"), value);
        self.places.next = self.places.next.saturating_add(1);
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

    /// How many a line keeps, by the journal's own rule.
    const OWN: u32 = 256;

    fn entry(line: u16, at: u32) -> Notification {
        let event = Event::Redundancy { line, left: false };
        Notification { t: Timestamp::from_unix_ms(at.into()), mono_ms: 1.5, event }
    }

    /// A phone's state directory, and one run after the other on it.
    struct Phone {
        folder: tempfile::TempDir,
        lines: usize,
    }

    impl Phone {
        fn of(lines: usize) -> Self {
            Self { folder: tempfile::tempdir().unwrap(), lines }
        }

        fn open(&self) -> Store {
            Store::open(self.folder.path()).unwrap()
        }

        /// A run that tells these; what it showed of earlier ones.
        fn run(&self, told: impl Iterator<Item = Notification>) -> Vec<Notification> {
            self.run_and_ask(told, None)
        }

        fn run_and_ask(
            &self,
            told: impl Iterator<Item = Notification>,
            line: Option<u16>,
        ) -> Vec<Notification> {
            let mut store = self.open();
            let places = recall(&mut store, self.lines).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (handle, _ended, thread) = store_thread::start(store).unwrap();
            let (mut archive, earlier) = Archive::new(handle.clone(), places);
            let shown = runtime.block_on(async {
                for entry in told {
                    archive.keep(&entry, self.lines);
                    // Waits until it is written.
                    handle.with(|_| ()).await.unwrap();
                }
                earlier.entries(line).await.unwrap()
            });
            drop((archive, earlier, handle));
            thread.join().unwrap();
            shown
        }

        fn shows(&self) -> Vec<Notification> {
            self.run(std::iter::empty())
        }

        fn shows_of(&self, line: u16) -> Vec<Notification> {
            self.run_and_ask(std::iter::empty(), Some(line))
        }

        fn rows(&self) -> usize {
            self.open().state_under(JOURNAL).unwrap().len()
        }
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_oldest_first() {
        let phone = Phone::of(1);
        let during = phone.run((0..3).map(|at| entry(1, at)));
        assert!(during.is_empty(), "what this run tells is in memory");
        assert_eq!(phone.shows(), [entry(1, 0), entry(1, 1), entry(1, 2)]);
        phone.run([entry(1, 3)].into_iter());
        assert_eq!(phone.shows().last(), Some(&entry(1, 3)));
        assert_eq!(phone.shows().len(), 4);
    }

    #[test]
    fn a_lines_oldest_entries_give_way() {
        let phone = Phone::of(1);
        phone.run((0..OWN + 2).map(|at| entry(1, at)));
        assert_eq!(phone.shows().len(), OWN as usize);
        assert_eq!(phone.shows().first(), Some(&entry(1, 2)));
        assert_eq!(phone.rows(), OWN as usize, "each in the place of one that gave way");
    }

    /// Requirement F9: what a quiet line has to tell outlives others' bad days and any restart.
    #[test]
    fn a_line_that_flaps_pushes_only_its_own_entries_out() {
        let phone = Phone::of(3);
        phone.run([entry(1, 0)].into_iter());
        for run in 1..4 {
            phone.run((0..OWN).map(|at| entry(2 + (at % 2) as u16, run * 1_000 + at)));
        }
        assert_eq!(phone.shows_of(1), [entry(1, 0)]);
        assert!(phone.shows_of(2).len() >= 128 && phone.shows_of(3).len() >= 128);
        assert_eq!(phone.shows().len(), limits::ARCHIVE);
        assert!(phone.rows() <= OWN as usize + 2 * 3);
    }

    /// The form of earlier versions was one ring for all lines; both can go on from the other's.
    #[test]
    fn the_ring_of_an_earlier_version_is_read_and_taken_over() {
        let phone = Phone::of(2);
        let ring = |store: &mut Store, numbers: std::ops::Range<u32>| {
            for number in numbers {
                let value = write(number.into(), &entry(1, number)).unwrap();
                store.state_put(&format!("{JOURNAL}{}", number % OWN), &value).unwrap();
            }
        };
        ring(&mut phone.open(), 100..400);
        assert_eq!(phone.shows().first(), Some(&entry(1, 144)));
        phone.run([entry(2, 1_000)].into_iter());
        assert_eq!(phone.shows().last(), Some(&entry(2, 1_000)));
        // Back to the earlier version for a while, which counts on.
        ring(&mut phone.open(), 401..405);
        let shown = phone.shows();
        assert_eq!(shown.last(), Some(&entry(1, 404)));
        assert!(shown.contains(&entry(2, 1_000)));
        assert!(phone.rows() <= OWN as usize + 4);
    }

    #[test]
    fn with_fewer_lines_there_are_fewer_entries_and_their_places_are_used_again() {
        let mut phone = Phone::of(200);
        phone.run((0..600).map(|at| entry(1 + (at % 200) as u16, at)));
        assert_eq!(phone.rows(), 600);
        phone.lines = 1;
        phone.run((600..900).map(|at| entry(1, at)));
        assert_eq!(phone.rows(), 600);
        let own = phone.shows_of(1);
        assert_eq!(own.last(), Some(&entry(1, 899)));
        assert!(own.windows(2).all(|pair| pair[0].t < pair[1].t));
    }

    #[test]
    fn an_entry_of_another_version_is_left_out_and_its_place_counts() {
        assert_eq!(parse::<Notification>(r#"7 {"event":"dance"}"#), Some((7, None)));
        assert_eq!(parse::<Notification>("nonsense"), None);
        let phone = Phone::of(1);
        let mut store = phone.open();
        store.state_put("journal/0", r#"7 {"event":"dance"}"#).unwrap();
        store.state_put("journal/4000000000", r#"8 {"event":"dance"}"#).unwrap();
        drop(store);
        phone.run([entry(1, 9)].into_iter());
        assert_eq!(phone.shows(), [entry(1, 9)]);
        let kept = phone.open().state_under(JOURNAL).unwrap();
        assert!(kept["1"].starts_with("8 "), "behind the one that cannot be read: {kept:?}");
    }

    /// Issue 4: a journal that cannot be read says why, in Chinese too.
    #[test]
    fn why_earlier_runs_cannot_be_read_is_said_in_both_languages() {
        let phone = Phone::of(1);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (handle, _ended, thread) = store_thread::start(phone.open()).unwrap();
        let (_archive, earlier) = Archive::new(handle.clone(), Places::default());
        let why = runtime.block_on(async {
            assert!(handle.with(|_| panic!("as a bug would")).await.is_err());
            earlier.entries(None).await.unwrap_err()
        });
        assert!(thread.join().is_err());
        assert_eq!(why.to_string(), "the configuration store has stopped");
        assert_eq!(why.chinese(), "配置存储已停止");
    }
}
