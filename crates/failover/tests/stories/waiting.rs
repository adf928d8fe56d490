//! All hops failed, the link, and spreading out: failover design §6, requirements B4 and F6.

use failover::{Evidence, HopState, LineState, Policy, Start};

use crate::world::{Line, World, exact, quiet, secs};

/// Failover design §6: 30 s·2ⁿ to a cap of 300 s, for ever.
#[test]
fn when_every_hop_failed_the_line_backs_off_and_never_gives_up() {
    let mut line = Line::new(quiet(), &[World::Closed]);
    line.run(30.0 + 60.0 + 120.0 + 240.0 + 300.0 + 300.0);
    let times: Vec<&str> =
        line.sent().iter().map(|words| words.split(' ').next().unwrap()).collect();
    assert_eq!(times, ["0", "30", "90", "210", "450", "750", "1050"]);
    line.forget();
    line.run(100.0 * 300.0);
    assert_eq!(line.sent().len(), 100);
    line.hops[0] = World::Up;
    line.run(300.0);
    assert!(line.is_registered());
}

/// RFC 5626 §4.5: each phone waits another share.
#[test]
fn lines_with_different_seeds_come_back_at_different_times() {
    let first_retry = |seed| {
        let now = crate::world::t0();
        let policy = Policy { keep_alive: None, ..Policy::default() };
        let mut machine = failover::Machine::new(1, policy, Start::cold(), seed, now);
        let attempt =
            std::iter::from_fn(|| machine.poll_output()).find_map(|output| match output {
                failover::Output::Attempt(attempt) => Some(attempt),
                _ => None,
            });
        let cause = failover::Outcome::Unavailable(failover::Cause::IcmpPort);
        machine.handle_outcome(attempt.unwrap().id, cause, now);
        machine.poll_timeout().unwrap().0 - now
    };
    let waits: Vec<_> = (0..50).map(first_retry).collect();
    assert!(waits.iter().all(|wait| (secs(15.0)..=secs(30.0)).contains(wait)));
    let distinct: std::collections::BTreeSet<_> = waits.iter().collect();
    assert!(distinct.len() > 40);
}

#[test]
fn a_registration_brings_the_back_off_back_to_its_start() {
    let mut line = Line::new(quiet(), &[World::Closed]);
    line.run(100.0);
    line.hops[0] = World::Up;
    line.run(200.0);
    assert!(line.is_registered());
    line.hops[0] = World::Closed;
    line.register();
    line.forget();
    line.run(31.0);
    assert_eq!(line.sent(), ["30 REGISTER@0 last"]);
}

/// Failover design §6 and §1: "a manual register ignores any back-off".
#[test]
fn a_manual_register_ignores_the_back_off() {
    let mut line = Line::new(quiet(), &[World::Closed, World::Closed]);
    line.run(5.0);
    line.forget();
    line.hops[1] = World::Up;
    line.register();
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@0", "0 REGISTER@1 last"]);
    assert!(line.is_registered());
}

#[test]
fn a_round_after_all_failed_starts_at_the_primary() {
    let mut line = Line::at_backup(quiet(), 3);
    line.hops = vec![World::Closed; 3];
    line.register();
    line.run(0.0);
    line.forget();
    line.run(30.0);
    assert_eq!(line.sent(), ["30 REGISTER@0", "30 REGISTER@1", "30 REGISTER@2 last"]);
}

/// Failover design §6: "nobody blamed, nothing moved; on link up, REGISTER".
#[test]
fn while_the_link_is_down_nothing_is_sent_and_nobody_is_blamed() {
    let mut line = Line::settled(exact(), 2);
    line.run(31.0);
    line.forget();
    line.link(false);
    line.show(0, Evidence::Unavailable(failover::Cause::NoAnswer));
    line.run(59.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert_eq!((line.hop_state(0), line.current()), (HopState::Available, Some(0)));
    assert!(line.is_registered(), "the server still knows the line");
    line.link(true);
    line.run(0.0);
    assert_eq!(line.sent(), ["59 REGISTER@0", "59 OPTIONS@0"]);
}

#[test]
fn attempts_that_were_in_flight_when_the_link_went_down_blame_nobody() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.register();
    line.run(1.0);
    line.link(false);
    for id in line.seen.clone() {
        line.give(id, crate::world::silence());
    }
    line.run(20.0);
    assert_eq!(line.hop_state(0), HopState::Available);
    line.hops[0] = World::Up;
    line.link(true);
    line.run(0.0);
    assert_eq!(line.registers(), ["0 REGISTER@0", "21 REGISTER@0"]);
}

#[test]
fn a_registration_that_runs_out_while_the_link_is_down_is_lost() {
    let mut line = Line::settled(quiet(), 2);
    line.link(false);
    line.run(3600.0);
    assert_eq!(line.machine.state(), LineState::Failed);
    line.link(true);
    line.run(0.0);
    assert!(line.is_registered());
}

/// Failover design §6, spread (F6).
#[test]
fn a_long_link_loss_and_a_boot_wait_a_random_share_and_a_short_loss_and_a_restart_do_not() {
    let policy = Policy { boot_spread: secs(100.0), ..quiet() };
    let mut line = Line::new(policy.clone(), &[World::Up]);
    assert_eq!(line.sent(), ["0 REGISTER@0 last"], "restart");
    line.run(1.0);
    line.forget();
    line.link(false);
    line.run(59.0);
    line.link(true);
    line.run(0.0);
    assert_eq!(line.sent(), ["59 REGISTER@0 last"], "short loss");
    line.forget();
    line.link(false);
    line.run(60.0);
    line.link(true);
    line.run(0.0);
    assert_eq!(line.sent(), [] as [&str; 0], "long loss");
    line.run(100.0);
    assert_eq!(line.sent().len(), 1);
    let boot = Start::cold().after_boot();
    let mut line = Line::started(policy, &[World::Up], boot);
    assert_eq!(line.sent(), [] as [&str; 0], "boot");
    assert_eq!(line.machine.state(), LineState::Registering);
    line.run(100.0);
    assert_eq!(line.sent().len(), 1);
}

#[test]
fn a_boot_registers_at_once_if_no_spread_is_set() {
    let line = Line::started(quiet(), &[World::Up], Start::cold().after_boot());
    assert_eq!(line.sent(), ["0 REGISTER@0 last"]);
}

#[test]
fn a_manual_register_with_the_link_down_is_told_so_and_done_when_it_is_back() {
    let mut line = Line::settled(quiet(), 1);
    line.link(false);
    line.register();
    let told = failover::Output::AllFailed { cause: failover::Cause::LinkDown, answered: false };
    assert!(line.news().contains(&told));
    line.link(true);
    assert_eq!(line.sent(), ["0 REGISTER@0 last"]);
}

#[test]
fn a_line_with_no_hop_at_all_says_so_and_waits_for_one() {
    let mut line = Line::new(quiet(), &[]);
    assert_eq!(line.machine.state(), LineState::Failed);
    let told = failover::Output::AllFailed { cause: failover::Cause::DnsFailure, answered: false };
    assert!(line.news().contains(&told));
    line.hops = vec![World::Up];
    line.machine.set_hops(&[None], line.now);
    line.collect();
    line.run(0.0);
    assert!(line.is_registered());
}
