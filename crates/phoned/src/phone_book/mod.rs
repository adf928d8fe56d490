//! The phone book (requirement F7): names for numbers, kept over a restart, bounded.
//!
//! Each entry is one row of the store's state table, so it is no part of the configuration; it comes and
//! goes as CSV or vCard (`file`), and within a configuration file that serves as a backup (`backup`).
//! Which numbers are one another is decided in `number`. A change is kept before it is acknowledged.

pub(crate) mod backup;
mod file;
mod number;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config_store::{Section, Store, StoreError};
use control::{CallStatus, Contact, ContactFormat, ContactsImported, Problem};

use crate::limits;
use crate::store_thread::{StoreGone, StoreHandle};

/// The entry's number follows.
const CONTACTS: &str = "contact/";

/// The book, for all who read and write it.
#[derive(Clone, Debug)]
pub(crate) struct PhoneBook {
    book: Arc<Mutex<Book>>,
    /// Whoever changes the book has the turn from what was read to what is kept.
    turn: Arc<tokio::sync::Mutex<()>>,
    store: StoreHandle,
}

/// Its entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    contacts: BTreeMap<u32, Contact>,
    /// The highest number that was ever given.
    last: u32,
}

/// What an entry shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) numbers: Vec<String>,
    pub(crate) line: Option<u16>,
}

/// Reads what earlier runs left; what this version cannot read is left out.
///
/// # Errors
/// What the store says.
pub(crate) fn recall(store: &mut Store) -> Result<Book, StoreError> {
    read(store)
}

fn read(store: &Store) -> Result<Book, StoreError> {
    let kept = store.state_under(CONTACTS)?;
    let read = kept.iter().filter_map(|(id, text)| {
        let contact: Contact = control::decode(text.as_bytes()).ok()?;
        Some((id.parse().ok()?, contact))
    });
    let contacts: BTreeMap<u32, Contact> = read.collect();
    let last = contacts.keys().next_back().copied().unwrap_or_default();
    Ok(Book { contacts, last })
}

impl PhoneBook {
    /// Goes on where earlier runs ended.
    pub(crate) fn new(store: StoreHandle, book: Book) -> Self {
        Self { book: Arc::new(Mutex::new(book)), turn: Arc::default(), store }
    }

    /// Every entry, by name.
    pub(crate) fn list(&self) -> Vec<Contact> {
        let mut all: Vec<Contact> = self.book().contacts.values().cloned().collect();
        all.sort_by_cached_key(|contact| contact.name.to_lowercase());
        all
    }

    /// Calls the other party of a call by its name in the book, if it has one.
    pub(crate) fn name(&self, mut call: CallStatus) -> CallStatus {
        if let Some(name) = self.book().name_of(&call.remote) {
            call.remote_name = Some(name.to_owned());
        }
        call
    }

    /// Makes a new entry, or gives the one of that number another content.
    ///
    /// # Errors
    /// What is wrong with it, or that there is no such entry, no room, or no way to keep it.
    pub(crate) async fn put(&self, id: Option<u32>, draft: Draft) -> Result<Contact, Problem> {
        let draft = draft.checked()?;
        let _turn = self.turn.lock().await;
        let mut next = self.book().clone();
        let contact = next.put(id, draft)?;
        self.keep(next, std::slice::from_ref(&contact)).await?;
        Ok(contact)
    }

    /// Forgets an entry, and returns it.
    ///
    /// # Errors
    /// Where there is none, or the store cannot be written.
    pub(crate) async fn remove(&self, id: u32) -> Result<Contact, Problem> {
        let _turn = self.turn.lock().await;
        let mut next = self.book().clone();
        let removed = next.contacts.remove(&id).ok_or_else(|| no_such(id))?;
        kept(self.store.with(move |store| store.state_remove(&key(id))).await)?;
        *self.book() = next;
        Ok(removed)
    }

    /// Takes a file, all or nothing.
    ///
    /// # Errors
    /// What is wrong with it and where, or what [`Self::put`] says.
    pub(crate) async fn import(&self, octets: &[u8]) -> Result<ContactsImported, Problem> {
        let drafts = file::read(octets)?;
        let _turn = self.turn.lock().await;
        let mut next = self.book().clone();
        let mut changed = BTreeMap::new();
        let mut done = ContactsImported { added: 0, replaced: 0 };
        for draft in drafts {
            let known = next.contacts.values().find(|known| known.name == draft.name);
            let id = known.map(|known| known.id);
            let count = if id.is_some() { &mut done.replaced } else { &mut done.added };
            *count = count.saturating_add(1);
            let contact = next.put(id, draft)?;
            changed.insert(contact.id, contact);
        }
        let changed: Vec<Contact> = changed.into_values().collect();
        self.keep(next, &changed).await?;
        Ok(done)
    }

    /// The book of a backup, and what it would change: how many entries are new, other or gone. Nobody
    /// else changes the book until that is taken or dropped.
    ///
    /// # Errors
    /// What is wrong with it and where.
    pub(crate) async fn restored(&self, csv: &[u8], replace: bool) -> Result<Restored, Problem> {
        let drafts = file::read(csv)?;
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let mut next = self.book().clone();
        let mut changed = 0_u32;
        if replace {
            let named: BTreeSet<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
            let before = next.contacts.len();
            next.contacts.retain(|_, contact| named.contains(contact.name.as_str()));
            changed = u32::try_from(before - next.contacts.len()).unwrap_or(u32::MAX);
        }
        for draft in drafts {
            let known = next.contacts.values().find(|known| known.name == draft.name);
            let same = known.is_some_and(|k| k.numbers == draft.numbers && k.line == draft.line);
            let id = known.map(|known| known.id);
            if !same {
                next.put(id, draft)?;
                changed = changed.saturating_add(1);
            }
        }
        let entries = rows_of(&next)?;
        let section = Section { prefix: CONTACTS.into(), entries };
        Ok(Restored { book: next, section: Arc::new(section), changed, _turn: turn })
    }

    /// Takes over what [`Self::restored`] has made, once the store keeps it.
    pub(crate) fn take(&self, restored: Restored) {
        *self.book() = restored.book;
    }

    /// Has the store go back to before the latest restore by `work`, and reads the book anew; how many
    /// entries that has changed.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn revert<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<(R, u32), Problem> {
        let _turn = self.turn.lock().await;
        let both = move |store: &mut Store| Ok((work(store)?, read(store)?));
        let reverted: Result<_, StoreError> = self.store.with(both).await?;
        let (done, next) = reverted.map_err(of_store)?;
        let mut now = self.book();
        let differs = |of: &Book, than: &Book| {
            let other = |(id, one): &(&u32, &Contact)| than.contacts.get(id) != Some(one);
            of.contacts.iter().filter(other).count()
        };
        let changed = differs(&next, &now).max(differs(&now, &next));
        // No number is given twice, whatever came back.
        *now = Book { last: next.last.max(now.last), ..next };
        Ok((done, u32::try_from(changed).unwrap_or(u32::MAX)))
    }

    /// All entries as a file.
    pub(crate) fn export(&self, format: ContactFormat) -> Vec<u8> {
        file::write(&self.list(), format)
    }

    /// Writes entries, then takes the book over that holds them.
    async fn keep(&self, next: Book, changed: &[Contact]) -> Result<(), Problem> {
        let row = |contact: &Contact| Ok((key(contact.id), text_of(contact)?));
        let rows = changed.iter().map(row).collect::<Result<BTreeMap<_, _>, Problem>>()?;
        let put = self.store.with(move |store| store.state_put_all(&rows)).await;
        kept(put)?;
        *self.book() = next;
        Ok(())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn name_of(&self, remote: &str) -> Option<&str> {
        let fits =
            |contact: &&Contact| contact.numbers.iter().any(|number| number::is_of(number, remote));
        self.contacts.values().find(fits).map(|contact| contact.name.as_str())
    }

    fn put(&mut self, id: Option<u32>, draft: Draft) -> Result<Contact, Problem> {
        let id = match id {
            Some(id) if self.contacts.contains_key(&id) => id,
            Some(id) => return Err(no_such(id)),
            None if self.contacts.len() >= limits::CONTACTS => return Err(full()),
            None => self.last.saturating_add(1),
        };
        self.last = self.last.max(id);
        let Draft { name, numbers, line } = draft;
        let contact = Contact { id, name, numbers, line };
        self.contacts.insert(id, contact.clone());
        Ok(contact)
    }
}

impl Draft {
    /// The same in the one form that is kept.
    ///
    /// # Errors
    /// What is wrong with it.
    fn checked(self) -> Result<Self, Problem> {
        let name = self.name.split_whitespace().collect::<Vec<_>>().join(" ");
        let length = name.chars().count();
        if length == 0 || length > limits::CONTACT_NAME || name.chars().any(char::is_control) {
            let most = limits::CONTACT_NAME;
            let en = format!("a name has 1 to {most} characters");
            return Err(Problem::new(en, format!("姓名为 1 至 {most} 个字符")).at("name"));
        }
        let wanted = self.numbers.iter().map(|number| number.trim());
        let wanted: Vec<&str> = wanted.filter(|number| !number.is_empty()).collect();
        if wanted.is_empty() || wanted.len() > limits::CONTACT_NUMBERS {
            let most = limits::CONTACT_NUMBERS;
            let en = format!("{name} needs 1 to {most} numbers");
            return Err(Problem::new(en, format!("{name} 需要 1 至 {most} 个号码")).at("numbers"));
        }
        let plain = |number: &&str| {
            let wrong = || {
                let en = format!("{name}: '{number}' is no number and no SIP address");
                Problem::new(en, format!("{name}：`{number}` 不是号码，也不是 SIP 地址"))
                    .at("numbers")
            };
            number::plain(number).ok_or_else(wrong)
        };
        let numbers = wanted.iter().map(plain).collect::<Result<_, _>>()?;
        let lines = 1..=config_store::limits::MAX_LINES;
        if self.line.is_some_and(|line| !lines.contains(&line)) {
            let most = config_store::limits::MAX_LINES;
            let en = format!("{name}: a line is a number from 1 to {most}");
            return Err(Problem::new(en, format!("{name}：线路为 1 至 {most}")).at("line"));
        }
        Ok(Self { name, numbers, line: self.line })
    }
}

/// A book that waits to be taken over.
#[derive(Debug)]
pub(crate) struct Restored {
    book: Book,
    /// The same as the store is to keep it.
    pub(crate) section: Arc<Section>,
    /// How many entries are new, other or gone.
    pub(crate) changed: u32,
    _turn: tokio::sync::OwnedMutexGuard<()>,
}

fn rows_of(book: &Book) -> Result<BTreeMap<String, String>, Problem> {
    let row = |contact: &Contact| Ok((contact.id.to_string(), text_of(contact)?));
    book.contacts.values().map(row).collect()
}

/// An entry as it is kept.
fn text_of(contact: &Contact) -> Result<String, Problem> {
    let text = control::encode(contact)?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}

fn key(id: u32) -> String {
    format!("{CONTACTS}{id}")
}

fn no_such(id: u32) -> Problem {
    Problem::new(format!("the phone book has no entry {id}"), format!("电话簿中没有条目 {id}"))
}

fn full() -> Problem {
    let most = limits::CONTACTS;
    let en = format!("the phone book holds {most} entries at most");
    Problem::new(en, format!("电话簿最多 {most} 个条目"))
}

fn kept(result: Result<Result<(), StoreError>, StoreGone>) -> Result<(), Problem> {
    result?.map_err(of_store)
}

fn of_store(error: StoreError) -> Problem {
    Problem::new(error.to_string(), error.chinese())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store_thread;

    fn draft(name: &str, numbers: &[&str]) -> Draft {
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        Draft { name: name.into(), numbers, line: None }
    }

    /// One run of the phone on this folder.
    fn run<R>(folder: &std::path::Path, work: impl AsyncFnOnce(&PhoneBook) -> R) -> R {
        let mut store = Store::open(folder).unwrap();
        let book = recall(&mut store).unwrap();
        let (handle, _ended, thread) = store_thread::start(store).unwrap();
        let book = PhoneBook::new(handle.clone(), book);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(work(&book));
        drop((book, handle));
        thread.join().unwrap();
        result
    }

    #[test]
    fn entries_are_made_changed_and_forgotten_and_outlive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), async |book| {
            let bob = book.put(None, draft("Bob", &["+49 (30) 123-456", " "])).await.unwrap();
            assert_eq!(bob.numbers, ["+4930123456"], "as it is dialled");
            let alice = book.put(None, draft("  alice   A. ", &["sip:a@b.test"])).await.unwrap();
            assert_eq!(alice.name, "alice A.");
            book.put(Some(bob.id), draft("Bob", &["1002", "1003"])).await.unwrap();
            let gone = book.put(None, draft("Gone", &["1"])).await.unwrap();
            book.remove(gone.id).await.unwrap();
            assert!(book.remove(gone.id).await.is_err());
            assert!(book.put(Some(gone.id), draft("Gone", &["1"])).await.is_err());
        });
        run(folder.path(), async |book| {
            let names: Vec<String> = book.list().into_iter().map(|contact| contact.name).collect();
            assert_eq!(names, ["alice A.", "Bob"]);
            assert_eq!(book.list()[1].numbers, ["1002", "1003"]);
        });
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_said_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), async |book| {
            for (wrong, place) in [
                (draft("", &["1"]), "name"),
                (draft(&"x".repeat(65), &["1"]), "name"),
                (draft("Bob", &[]), "numbers"),
                (draft("Bob", &["1", "2", "3", "4", "5"]), "numbers"),
                (draft("Bob", &["call me"]), "numbers"),
                (Draft { line: Some(0), ..draft("Bob", &["1"]) }, "line"),
            ] {
                let problem = book.put(None, wrong).await.unwrap_err();
                assert_eq!(problem.place.as_deref(), Some(place), "{problem:?}");
            }
            assert_eq!(book.list(), []);
        });
    }

    #[test]
    fn a_file_is_taken_whole_or_not_at_all_and_the_book_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), async |book| {
            book.put(None, draft("Bob", &["1"])).await.unwrap();
            let done = book.import(b"name,number\nBob,1002\nAnn,1003\n").await.unwrap();
            assert_eq!(done, ContactsImported { added: 1, replaced: 1 });
            let wrong = book.import(b"name,number\nCarl,1004\nDave,\n").await.unwrap_err();
            assert_eq!(wrong.place.as_deref(), Some("line 3"));
            assert_eq!(book.list().len(), 2);
            let many: String = (0..limits::CONTACTS).map(|n| format!("N{n},{n}\n")).collect();
            let full = book.import(format!("name,number\n{many}").as_bytes()).await.unwrap_err();
            assert!(full.message.contains("at most"), "{full:?}");
            assert_eq!(book.list().len(), 2);
        });
    }

    fn names(book: &PhoneBook) -> Vec<String> {
        book.list().into_iter().map(|contact| contact.name).collect()
    }

    /// What a restore does with it.
    async fn restore(book: &PhoneBook, csv: &[u8]) {
        let restored = book.restored(csv, true).await.unwrap();
        let section = Arc::clone(&restored.section);
        let replace = move |store: &mut Store| {
            let file = b"<<VOIP CONFIG FILE>>Version:2.0002\n<<END OF FILE>>\n";
            store.replace(file, config_store::Origin::Web, Some(&section)).unwrap();
        };
        book.store.with(replace).await.unwrap();
        book.take(restored);
    }

    async fn revert(book: &PhoneBook) -> u32 {
        book.revert(|store| store.revert(config_store::Origin::Web)).await.unwrap().1
    }

    /// F7, issue 4: a backup brings the phone book, and its restore can be taken back.
    #[test]
    fn a_restored_book_replaces_the_one_that_was_there_and_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), async |book| {
            book.put(None, draft("Bob", &["1"])).await.unwrap();
            book.put(None, draft("Old", &["2"])).await.unwrap();
            let csv = b"name,number\nBob,1\nAnn,3\n";
            let added = book.restored(csv, false).await.unwrap();
            assert_eq!(added.changed, 1, "Bob is the same");
            drop(added);
            let replaced = book.restored(csv, true).await.unwrap();
            assert_eq!(replaced.changed, 2, "Ann is new, and one is gone");
            drop(replaced);
            assert_eq!(names(book), ["Bob", "Old"], "so far it is only looked at");
            restore(book, csv).await;
            assert_eq!(names(book), ["Ann", "Bob"]);
            let wrong = book.restored(b"name,number\nEve,\n", true).await.unwrap_err();
            assert_eq!(wrong.place.as_deref(), Some("line 2"));
        });
        run(folder.path(), async |book| {
            assert_eq!(names(book), ["Ann", "Bob"], "after a restart");
            assert!(revert(book).await > 0);
            assert_eq!(names(book), ["Bob", "Old"]);
            let new = book.put(None, draft("New", &["4"])).await.unwrap();
            assert_eq!(new.id, 4, "Ann's number is not given again");
            book.remove(new.id).await.unwrap();
            revert(book).await;
            assert_eq!(names(book), ["Ann", "Bob"], "and forward again");
        });
    }

    /// Who adds an entry while a restore is under way waits for it, and neither is lost.
    #[test]
    fn an_entry_that_is_added_during_a_restore_comes_after_it() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), async |book| {
            let restored = book.restored(b"name,number\nAnn,3\n", true).await.unwrap();
            let mut put = std::pin::pin!(book.put(None, draft("Bob", &["1"])));
            tokio::select! {
                biased;
                done = &mut put => panic!("it did not wait: {done:?}"),
                () = tokio::task::yield_now() => {}
            }
            book.take(restored);
            put.await.unwrap();
            assert_eq!(names(book), ["Ann", "Bob"]);
        });
    }

    #[test]
    fn a_caller_is_called_by_the_name_of_the_book() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), async |book| {
            book.put(None, draft("Bob", &["1002"])).await.unwrap();
            assert_eq!(book.book().name_of("sip:1002@example.test"), Some("Bob"));
            assert_eq!(book.book().name_of("sip:1003@example.test"), None);
        });
    }
}
