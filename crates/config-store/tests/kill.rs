//! SIGKILL at any instant loses no configuration. The test starts itself again as a child that sets
//! two items in a loop, each time in one change, and reports what was acknowledged; kills it at a
//! random instant (it spins for a random while: no clock is asked); and looks into the store. The child goes on where the store says it stands, so
//! every round also opens what the last kill left.
//!
//! Without the usual test harness, so that the child is this very program and nothing else.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail and speak aloud")]

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use config_store::{Origin, Store};

const ROUNDS: u32 = 60;
const ITEMS: [&str; 2] = ["SIP1 Display Name", "SIP1 Phone Number"];

fn main() {
    let mut arguments = env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("child"), Some(directory)) => child(Path::new(&directory)),
        // A test runner asks for the names of the tests it may filter by.
        (Some("--list"), _) => say("a_kill_at_any_instant_loses_no_configuration: test"),
        _ => a_kill_at_any_instant_loses_no_configuration(),
    }
}

fn say(text: &str) {
    println!("{text}");
}

/// The number that both items hold; they are never set but together.
fn stands_at(store: &Store) -> u64 {
    let [first, second] = ITEMS.map(|item| store.get(item).unwrap().1);
    assert_eq!(first, second, "half a change was kept");
    first.parse().unwrap_or(0)
}

fn child(directory: &Path) {
    let mut store = Store::open(directory).unwrap();
    let mut number = stands_at(&store);
    loop {
        number += 1;
        let value = number.to_string();
        store.set(&ITEMS.map(|item| (item, &value)), Origin::CommandLine).unwrap();
        println!("{number}");
        io::stdout().flush().unwrap();
    }
}

fn a_kill_at_any_instant_loses_no_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let mut random: u32 = 0x2545_f491;
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["child".as_ref(), directory.path()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut reports = BufReader::new(child.stdout.take().unwrap()).lines();
        // Some rounds are killed while the store opens, most within a change.
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        if round % 6 != 0 {
            acknowledged = reports.next().unwrap().unwrap().parse().unwrap();
        }
        for _ in 0..random % 400_000 {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(last) = reports.map_while(Result::ok).last() {
            acknowledged = last.parse().unwrap();
        }
        let store = Store::open(directory.path()).unwrap();
        let found = stands_at(&store);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&found),
            "round {round}: {acknowledged} was acknowledged, {found} is there"
        );
        assert_eq!(store.recovery(), None, "round {round}");
        acknowledged = found;
    }
    assert!(acknowledged >= u64::from(ROUNDS * 5 / 6), "only {acknowledged} changes");
    say(&format!("{ROUNDS} kills, {acknowledged} changes, none lost: ok"));
}
