//! What the engine costs: nothing while idle, and little in a call. Alone in its process, so that
//! the threads counted are its own.

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::*;

#[expect(clippy::unwrap_used, reason = "tests")]
fn tasks() -> fs::ReadDir {
    fs::read_dir("/proc/self/task").unwrap()
}

/// Processor time, in nanoseconds, and voluntary switches of each thread named `media`.
fn media_threads() -> Vec<(u64, u64)> {
    tasks()
        .filter_map(|task| {
            let path = task.ok()?.path();
            (fs::read_to_string(path.join("comm")).ok()?.trim() == "media").then_some(())?;
            let schedstat = fs::read_to_string(path.join("schedstat")).ok()?;
            let status = fs::read_to_string(path.join("status")).ok()?;
            let switches = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?
                .trim();
            Some((schedstat.split(' ').next()?.parse().ok()?, switches.parse().ok()?))
        })
        .collect()
}

/// Issue: idle under 0.5 wake-ups a second; a G.711 call with null audio under 2 % of one core.
#[test]
fn an_idle_engine_has_no_thread_and_a_g711_call_costs_under_two_percent_of_a_core() {
    let (mut alice, mut bob) = (engine("null"), engine("null"));
    assert_eq!(media_threads(), []);
    let (at_alice, at_bob) = (ports(42_000), ports(42_000));
    let (to_bob, to_alice) = (settings(at_bob.port(), 1), settings(at_alice.port(), 2));
    alice.start_call(1, at_alice);
    bob.start_call(1, at_bob);
    alice.set_stream(1, to_bob);
    bob.set_stream(1, to_alice);
    alice.focus(Some(1));
    bob.focus(Some(1));
    sleep(ms(500));
    let (before, start) = (media_threads(), Instant::now());
    sleep(Duration::from_secs(5));
    let (after, elapsed) = (media_threads(), start.elapsed().as_secs_f64());
    assert_eq!((before.len(), after.len()), (2, 2));
    for ((cpu_before, woken_before), (cpu_after, woken_after)) in before.iter().zip(&after) {
        let share = (cpu_after - cpu_before) as f64 / 1e9 / elapsed;
        let wakes = (woken_after - woken_before) as f64 / elapsed;
        println!("{:.3} % of one core, {wakes:.1} wake-ups a second", share * 100.0);
        assert!(share < 0.02, "{share}");
        assert!((40.0..52.0).contains(&wakes), "{wakes}");
    }
    let sent = alice.stats(1).unwrap().sent;
    assert!(sent > 200, "{sent}");
    alice.stop_call(1);
    bob.stop_call(1);
    let start = Instant::now();
    while !media_threads().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(2), "a thread stays without a call");
        sleep(ms(10));
    }
}
