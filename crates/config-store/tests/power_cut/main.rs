//! A power cut at any instant loses no configuration, and leaves no restore half done (requirement F11).
//!
//! The test starts itself again as a child that opens a store, changes it or restores it, closes it and
//! opens it again, under strace(1), which records every file operation with its data. The record is then played
//! onto a model of a disk up to every single operation; what was not synced at that instant is there,
//! lost, torn by sectors or out of order, by seed; and the store is opened on what the cut left.
//!
//! `ROUNDS` (default 1) is how many seeds every instant is cut with, `STRIDE` (default 3) takes every
//! so many instants only: `scripts/power-cuts` asks for more of both.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail and speak aloud")]

mod disk;
mod trace;

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
};

use config_store::{Origin, Section, Store};

use disk::{Dice, Disk};
use trace::Event;

const ITEMS: [&str; 2] = ["SIP1 Display Name", "SIP1 Phone Number"];
/// Entries of the state that are put together, as those of the journal are, in the place of others.
const JOURNAL: [&str; 2] = ["journal/0", "journal/1"];
/// What the keys of the phone book begin with, which a restore brings with the configuration.
const BOOK: &str = "contact/";
/// Changes in each of the child's two lives.
const CHANGES: u64 = 6;

/// What a child does, and how what a cut has left of it is judged.
#[derive(Clone, Copy)]
struct Life {
    name: &'static str,
    change: fn(&mut Store, u64),
    judge: fn(&Store, u64) -> Result<(), String>,
}

const LIVES: [Life; 2] = [
    Life { name: "changes", change, judge: judge_change },
    Life { name: "restores", change: restore, judge: judge_restore },
];

fn main() {
    let mut arguments = env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (Some("child"), Some(life), Some(directory)) => {
            let life = LIVES.into_iter().find(|known| known.name == life).unwrap();
            child(life, Path::new(&directory));
        }
        // A test runner asks for the names of the tests it may filter by.
        (Some("--list"), _, _) => {
            println!("a_power_cut_at_any_instant_leaves_the_old_or_the_new: test");
        }
        _ => a_power_cut_at_any_instant_leaves_the_old_or_the_new(),
    }
}

/// The number that both items hold; they are never set but together.
fn stands_at(store: &Store) -> Result<u64, String> {
    let [first, second] = ITEMS.map(|item| store.get(item).unwrap().1);
    if first == second {
        Ok(first.parse().unwrap_or(0))
    } else {
        Err(format!("half a change was kept: {first:?} and {second:?}"))
    }
}

/// The same of the two entries of the journal.
fn journal_stands_at(store: &Store) -> Result<u64, String> {
    let [first, second] = JOURNAL.map(|key| store.state_get(key).unwrap().unwrap_or_default());
    if first == second {
        Ok(first.parse().unwrap_or(0))
    } else {
        Err(format!("half of what was put together was kept: {first:?} and {second:?}"))
    }
}

fn change(store: &mut Store, number: u64) {
    let value = number.to_string();
    store.set(&ITEMS.map(|item| (item, &value)), Origin::CommandLine).unwrap();
    let entries = JOURNAL.map(|key| (key.to_owned(), value.clone()));
    store.state_put_all(&entries.into()).unwrap();
}

/// The configuration and a phone book of two entries come from one backup.
fn restore(store: &mut Store, number: u64) {
    let [first, second] = ITEMS;
    let file = format!(
        "<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\n{first} :{number}\n\
         {second} :{number}\n<<END OF FILE>>\n"
    );
    let entries = ["1", "2"].map(|key| (key.to_owned(), number.to_string()));
    let book = Section { prefix: BOOK.into(), entries: entries.into() };
    store.replace(file.as_bytes(), Origin::CommandLine, Some(&book)).unwrap();
}

fn child(life: Life, directory: &Path) {
    for _ in 0..2 {
        let mut store = Store::open(directory).unwrap();
        let first = stands_at(&store).unwrap() + 1;
        for number in first..first + CHANGES {
            (life.change)(&mut store, number);
            println!("{number}");
            io::stdout().flush().unwrap();
        }
    }
}

/// The child's file operations in its state directory, and what it acknowledged between them.
fn record(life: Life) -> Vec<Event> {
    let folder = tempfile::tempdir().unwrap();
    let (state, record) = (folder.path().join("state"), folder.path().join("trace"));
    let status = Command::new("strace")
        .args(["-y", "-xx", "-s", "4000000", "-e", trace::CALLS, "-o"])
        .arg(&record)
        .arg(env::current_exe().unwrap())
        .args(["child".as_ref(), life.name.as_ref(), state.as_path()])
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("strace (scripts/test deps installs it): {error}"));
    assert!(status.success(), "{status}");
    trace::read(&std::fs::read_to_string(&record).unwrap(), &state)
}

fn number_of(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn judge_change(store: &Store, acknowledged: u64) -> Result<(), String> {
    let restored = store.recovery().is_some();
    // The copy is made of the configuration when that changes; entries since then are not in it.
    let journal = journal_stands_at(store)? + u64::from(restored);
    for found in [stands_at(store)?, journal] {
        is_old_or_new(found, acknowledged)?;
    }
    Ok(())
}

/// F11: the configuration and the phone book of one backup, or both as they were before it.
fn judge_restore(store: &Store, acknowledged: u64) -> Result<(), String> {
    let found = stands_at(store)?;
    let book: Vec<String> = store.state_under(BOOK).unwrap().into_values().collect();
    let whole = if found == 0 { Vec::new() } else { vec![found.to_string(); 2] };
    if book != whole {
        return Err(format!("half a restore: the configuration of {found}, the book of {book:?}"));
    }
    is_old_or_new(found, acknowledged)
}

fn is_old_or_new(found: u64, acknowledged: u64) -> Result<(), String> {
    if (acknowledged..=acknowledged + 1).contains(&found) {
        Ok(())
    } else {
        Err(format!("{acknowledged} was acknowledged, {found} is there"))
    }
}

/// Opens what a cut has left: the old or the new. Tells whether the copy was needed.
fn judge(life: Life, left: &Path, acknowledged: u64) -> Result<bool, String> {
    let store = Store::open(left).map_err(|error| error.to_string())?;
    (life.judge)(&store, acknowledged)?;
    Ok(store.recovery().is_some())
}

/// Cuts at every `stride`th instant; each verdict with the place of its cut.
fn cut(
    life: Life,
    events: &[Event],
    round: u64,
    stride: u64,
    lies: bool,
) -> Vec<(String, Result<bool, String>)> {
    let (mut disk, mut acknowledged, mut verdicts) = (Disk::default(), 0, Vec::new());
    for (instant, event) in (0_u64..).zip(events) {
        if !(lies && matches!(event, Event::Sync(_) | Event::SyncDirectory)) {
            disk.play(event);
        }
        if let Event::Acknowledged(number) = event {
            acknowledged = *number;
        }
        if instant % stride == round % stride {
            let seed = round << 32 | instant;
            let left = tempfile::tempdir().unwrap();
            disk.cut(&mut Dice::new(seed), left.path());
            let verdict = judge(life, left.path(), acknowledged);
            verdicts.push((format!("cut {seed:#x} after {event}"), verdict));
        }
    }
    verdicts
}

fn a_power_cut_at_any_instant_leaves_the_old_or_the_new() {
    LIVES.into_iter().for_each(cuts_of);
}

fn cuts_of(life: Life) {
    let (rounds, stride) = (number_of("ROUNDS", 1), number_of("STRIDE", 3));
    let events = record(life);
    let count = |kind: fn(&Event) -> bool| events.iter().filter(|event| kind(event)).count();
    let writes = count(|event| matches!(event, Event::Write { .. }));
    assert_eq!(count(|event| matches!(event, Event::Acknowledged(_))), 12);
    assert!(writes > 100, "only {writes} writes were recorded");
    let (mut cuts, mut restored) = (0, 0);
    for round in 0..rounds {
        for (place, verdict) in cut(life, &events, round, stride, false) {
            let verdict = verdict.unwrap_or_else(|fault| panic!("{}: {place}: {fault}", life.name));
            cuts += 1;
            restored += u32::from(verdict);
        }
    }
    // Were the cuts too mild to do harm, a disk that says "synced" and lies would pass as well.
    let lies = cut(life, &events, 0, 10 * stride, true);
    let harmed = lies.into_iter().filter(|(_, verdict)| verdict.is_err());
    assert!(harmed.count() > 0, "the cuts do no harm");
    println!(
        "{}: {cuts} power cuts in {writes} writes, {restored} restored from the copy, none lost: ok",
        life.name
    );
}
