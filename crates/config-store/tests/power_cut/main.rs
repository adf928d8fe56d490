//! A power cut at any instant loses no configuration (requirement F11).
//!
//! The test starts itself again as a child that opens a store, changes it, closes it and opens it
//! again, under strace(1), which records every file operation with its data. The record is then played
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

use config_store::{Origin, Store};

use disk::{Dice, Disk};
use trace::Event;

const ITEMS: [&str; 2] = ["SIP1 Display Name", "SIP1 Phone Number"];
/// Entries of the state that are put together, as those of the journal are, in the place of others.
const JOURNAL: [&str; 2] = ["journal/0", "journal/1"];
/// Changes in each of the child's two lives.
const CHANGES: u64 = 6;

fn main() {
    let mut arguments = env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("child"), Some(directory)) => child(Path::new(&directory)),
        // A test runner asks for the names of the tests it may filter by.
        (Some("--list"), _) => println!("a_power_cut_at_any_instant_loses_no_configuration: test"),
        _ => a_power_cut_at_any_instant_loses_no_configuration(),
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

fn child(directory: &Path) {
    for _ in 0..2 {
        let mut store = Store::open(directory).unwrap();
        let first = stands_at(&store).unwrap() + 1;
        for number in first..first + CHANGES {
            let value = number.to_string();
            store.set(&ITEMS.map(|item| (item, &value)), Origin::CommandLine).unwrap();
            let entries = JOURNAL.map(|key| (key.to_owned(), value.clone()));
            store.state_put_all(&entries.into()).unwrap();
            println!("{number}");
            io::stdout().flush().unwrap();
        }
    }
}

/// The child's file operations in its state directory, and what it acknowledged between them.
fn record() -> Vec<Event> {
    let folder = tempfile::tempdir().unwrap();
    let (state, record) = (folder.path().join("state"), folder.path().join("trace"));
    let status = Command::new("strace")
        .args(["-y", "-xx", "-s", "4000000", "-e", trace::CALLS, "-o"])
        .arg(&record)
        .arg(env::current_exe().unwrap())
        .args(["child".as_ref(), state.as_path()])
        .stdout(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("strace (scripts/test deps installs it): {error}"));
    assert!(status.success(), "{status}");
    trace::read(&std::fs::read_to_string(&record).unwrap(), &state)
}

fn number_of(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Opens what a cut has left: the old configuration or the new one. Tells whether the copy was needed.
fn judge(left: &Path, acknowledged: u64) -> Result<bool, String> {
    let store = Store::open(left).map_err(|error| error.to_string())?;
    let restored = store.recovery().is_some();
    // The copy is made of the configuration when that changes; entries since then are not in it.
    let journal = journal_stands_at(&store)? + u64::from(restored);
    for found in [stands_at(&store)?, journal] {
        if !(acknowledged..=acknowledged + 1).contains(&found) {
            return Err(format!("{acknowledged} was acknowledged, {found} is there"));
        }
    }
    Ok(restored)
}

/// Cuts at every `stride`th instant; each verdict with the place of its cut.
fn cut(
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
            verdicts
                .push((format!("cut {seed:#x} after {event}"), judge(left.path(), acknowledged)));
        }
    }
    verdicts
}

fn a_power_cut_at_any_instant_loses_no_configuration() {
    let (rounds, stride) = (number_of("ROUNDS", 1), number_of("STRIDE", 3));
    let events = record();
    let count = |kind: fn(&Event) -> bool| events.iter().filter(|event| kind(event)).count();
    let writes = count(|event| matches!(event, Event::Write { .. }));
    assert_eq!(count(|event| matches!(event, Event::Acknowledged(_))), 12);
    assert!(writes > 100, "only {writes} writes were recorded");
    let (mut cuts, mut restored) = (0, 0);
    for round in 0..rounds {
        for (place, verdict) in cut(&events, round, stride, false) {
            let verdict = verdict.unwrap_or_else(|fault| panic!("{place}: {fault}"));
            cuts += 1;
            restored += u32::from(verdict);
        }
    }
    // Were the cuts too mild to do harm, a disk that says "synced" and lies would pass as well.
    let harmed =
        cut(&events, 0, 10 * stride, true).into_iter().filter(|(_, verdict)| verdict.is_err());
    assert!(harmed.count() > 0, "the cuts do no harm");
    println!(
        "{cuts} power cuts in {writes} writes, {restored} restored from the copy, none lost: ok"
    );
}
