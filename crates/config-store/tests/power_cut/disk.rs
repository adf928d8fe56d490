//! A disk as a power cut leaves it.
//!
//! What a file held when it was last synced is there. Of what was written since, each sector is there
//! or not, and writes may have come in any order. Changes of the directory come in their order (the
//! file systems that phones have keep a journal of them), and how many have come is chance, unless the
//! directory was synced, or a file in it: some file systems write their journal then, others do not.

use std::{collections::BTreeMap, fs, path::Path};

use super::trace::Event;

/// What a disk writes whole.
const SECTOR: usize = 512;

/// One file, whatever it is called.
#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

/// A change of a file that was not synced yet.
#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, octets: Vec<u8> },
    Truncate(usize),
}

/// A change of the directory that was not synced yet.
#[derive(Clone, Debug)]
enum Entry {
    Named(String, usize),
    Renamed(String, String),
    Unlinked(String),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// As a running program sees it.
    now: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    pending: Vec<Entry>,
    /// Entries of `pending` that a file system with one journal for all has written already.
    journalled: usize,
}

impl Disk {
    /// Does what a program has done.
    pub(crate) fn play(&mut self, event: &Event) {
        match event {
            Event::Create(name) => {
                if !self.now.contains_key(name) {
                    self.files.push(File::default());
                    self.enter(Entry::Named(name.clone(), self.files.len() - 1));
                }
            }
            Event::Write { name, at, octets } => {
                self.file(name).pending.push(Change::Write { at: *at, octets: octets.clone() });
            }
            Event::Truncate { name, length } => {
                self.file(name).pending.push(Change::Truncate(*length));
            }
            Event::Sync(name) => {
                let file = self.file(name);
                for change in std::mem::take(&mut file.pending) {
                    change.apply(&mut file.durable, |_| true);
                }
                self.journalled = self.pending.len();
            }
            Event::SyncDirectory => {
                for entry in std::mem::take(&mut self.pending) {
                    entry.apply(&mut self.durable);
                }
                self.journalled = 0;
            }
            Event::Rename { from, to } => self.enter(Entry::Renamed(from.clone(), to.clone())),
            Event::Unlink(name) => self.enter(Entry::Unlinked(name.clone())),
            Event::Acknowledged(_) => {}
        }
    }

    fn enter(&mut self, entry: Entry) {
        entry.clone().apply(&mut self.now);
        self.pending.push(entry);
    }

    fn file(&mut self, name: &str) -> &mut File {
        let number = *self.now.get(name).unwrap_or_else(|| panic!("there is no {name}"));
        &mut self.files[number]
    }

    /// Writes what is left of the disk into a folder.
    pub(crate) fn cut(&self, dice: &mut Dice, folder: &Path) {
        let mut entries = self.durable.clone();
        let least = if dice.below(2) == 0 { self.journalled } else { 0 };
        let come = least + dice.below(self.pending.len() - least + 1);
        for entry in &self.pending[..come] {
            entry.clone().apply(&mut entries);
        }
        for (name, number) in entries {
            fs::write(folder.join(name), self.files[number].left(dice)).unwrap();
        }
    }
}

impl File {
    fn left(&self, dice: &mut Dice) -> Vec<u8> {
        let mut octets = self.durable.clone();
        let mut changes: Vec<&Change> = self.pending.iter().collect();
        // In order, in any order, or nothing, or all: the ends are the commonest in the field.
        let kind = dice.below(4);
        if kind == 0 {
            for at in (1..changes.len()).rev() {
                changes.swap(at, dice.below(at + 1));
            }
        }
        for change in changes {
            match kind {
                1 => {}
                2 => change.clone().apply(&mut octets, |_| true),
                _ => change.clone().apply(&mut octets, |_| dice.below(2) == 0),
            }
        }
        octets
    }
}

impl Change {
    /// Applies those sectors of the change for which `comes` says so.
    fn apply(self, octets: &mut Vec<u8>, mut comes: impl FnMut(usize) -> bool) {
        match self {
            Self::Truncate(length) => {
                if comes(0) {
                    octets.resize(length, 0);
                }
            }
            Self::Write { at, octets: written } => {
                let mut from = 0;
                while from < written.len() {
                    let sector = (at + from) / SECTOR;
                    let to = written.len().min((sector + 1) * SECTOR - at);
                    if comes(sector) {
                        if octets.len() < at + to {
                            octets.resize(at + to, 0);
                        }
                        octets[at + from..at + to].copy_from_slice(&written[from..to]);
                    }
                    from = to;
                }
            }
        }
    }
}

impl Entry {
    fn apply(self, entries: &mut BTreeMap<String, usize>) {
        match self {
            Self::Named(name, number) => {
                entries.insert(name, number);
            }
            Self::Renamed(from, to) => {
                if let Some(number) = entries.remove(&from) {
                    entries.insert(to, number);
                }
            }
            Self::Unlinked(name) => {
                entries.remove(&name);
            }
        }
    }
}

/// Chance, by seed (xorshift).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 0 to `limit` - 1.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}
