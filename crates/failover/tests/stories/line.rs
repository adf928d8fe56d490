//! Where the line goes for what hops answer: failover design §1, column *Line*.

use failover::{Cause, Evidence, HopId, HopState, LineState, Outcome, Output, Task, Why};

use crate::world::{Line, World, exact, quiet, secs, silence};

const BUSY: Cause = Cause::Status(503);

/// Requirement B1: "retried per A3, and on unavailability to the next; a 200 makes that current".
#[test]
fn a_register_goes_to_the_next_hop_after_three_and_a_half_seconds_of_silence() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Up]);
    line.run(3.5);
    assert_eq!(line.sent(), ["0 REGISTER@0", "3.5 REGISTER@1 last"]);
    assert_eq!(line.current(), Some(1));
    assert!(line.is_registered());
    let moved = Output::Moved { from: None, to: HopId(1), why: Why::Start };
    assert!(line.news().contains(&moved));
}

/// Failover design §8: ICMP and 503 take one round trip.
#[test]
fn a_register_that_meets_icmp_or_a_5xx_goes_to_the_next_hop_at_once() {
    for world in [World::Closed, World::Busy] {
        let mut line = Line::new(quiet(), &[world, World::Up]);
        line.run(0.0);
        assert_eq!(line.sent(), ["0 REGISTER@0", "0 REGISTER@1 last"], "{world:?}");
        assert_eq!(line.hop_state(0), HopState::Unavailable);
    }
}

/// Failover design §1: 403 is final, the account is kept and retried with back-off.
#[test]
fn a_refused_registration_is_told_in_the_servers_words_and_no_other_hop_is_asked() {
    let mut line = Line::new(quiet(), &[World::Refuses, World::Up]);
    line.run(89.0);
    assert_eq!(line.sent(), ["0 REGISTER@0", "30 REGISTER@0"], "back-off 30 s, then 60 s");
    assert_eq!(line.machine.state(), LineState::Failed);
    assert_eq!(line.hop_state(0), HopState::Available, "it lives");
    let phrase = "Forbidden by the boss".to_owned();
    let told = Output::Refused { hop: HopId(0), code: 403, phrase };
    assert_eq!(line.news().iter().filter(|news| **news == told).count(), 2);
    line.hops[0] = World::Up;
    line.run(1.0);
    assert!(line.is_registered());
}

/// Failover design §1: "the probe of the primary goes on".
#[test]
fn a_refusal_at_a_backup_does_not_stop_the_probe_of_the_primary() {
    let policy = failover::Policy { failback_interval: secs(100.0), ..quiet() };
    let mut line = Line::new(policy, &[World::Silent, World::Refuses]);
    line.run(100.0);
    line.hops[0] = World::Up;
    line.forget();
    line.run(4.0);
    assert_eq!(line.sent(), ["3.5 PROBE@0"]);
    assert_eq!(line.current(), Some(0));
    assert!(line.is_registered());
}

/// Failover design §1: held off for that long; the line moves as after silence.
#[test]
fn a_503_with_retry_after_holds_the_hop_off_and_the_line_moves() {
    let mut line = Line::new(quiet(), &[World::Leave(60), World::Up]);
    line.run(0.0);
    assert_eq!((line.current(), line.hop_state(0)), (Some(1), HopState::HeldOff));
    line.run(59.9);
    assert_eq!(line.hop_state(0), HopState::HeldOff);
    line.run(0.1);
    assert_eq!(line.hop_state(0), HopState::Unknown);
}

/// Failover design §1: "no keep-alive, probe or signal failback there".
#[test]
fn a_hop_that_is_held_off_is_neither_probed_nor_used_for_signal_failback() {
    let policy =
        failover::Policy { failback_interval: secs(40.0), signal_failback: true, ..quiet() };
    let mut line = Line::new(policy, &[World::Leave(100), World::Up]);
    line.expires = secs(60.0);
    line.run(0.0);
    line.forget();
    line.run(99.0);
    assert_eq!(line.sent(), ["30 REGISTER@1", "60 REGISTER@1", "90 REGISTER@1"]);
    line.hops[0] = World::Up;
    line.run(1.0);
    assert_eq!(line.registers().last(), Some(&"100 PROBE@0"), "as soon as it may");
}

/// Failover design §1: keep-alives wait as well, and an only hop is not left.
#[test]
fn an_only_hop_that_is_held_off_gets_no_keep_alive_until_then() {
    let mut line = Line::settled(exact(), 1);
    line.show(0, Evidence::HeldOff { for_: secs(100.0), cause: BUSY });
    line.run(99.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert!(line.is_registered());
    line.run(1.0);
    assert_eq!(line.sent(), ["100 OPTIONS@0"]);
}

/// Failover design §1: "if it is the only hop, the back-off waits at least that long".
#[test]
fn the_back_off_of_an_only_hop_waits_for_its_retry_after() {
    let mut line = Line::new(quiet(), &[World::Leave(200)]);
    line.run(0.0);
    line.hops[0] = World::Up;
    line.run(199.9);
    assert_eq!(line.sent(), ["0 REGISTER@0 last"]);
    line.run(0.1);
    assert_eq!(line.sent(), ["0 REGISTER@0 last", "200 REGISTER@0 last"]);
}

/// Failover design §1: "last in every order, never removed".
#[test]
fn a_hop_that_is_held_off_is_still_tried_when_the_others_fail() {
    let mut line = Line::new(quiet(), &[World::Leave(600), World::Closed, World::Closed]);
    line.run(0.0);
    line.forget();
    line.hops[0] = World::Up;
    line.run(30.0);
    assert_eq!(line.sent(), ["30 REGISTER@1", "30 REGISTER@2", "30 REGISTER@0 last"]);
    assert_eq!(line.hop_state(0), HopState::Available, "a registration takes it back");
}

/// Failover design §1: 503 without Retry-After to another request.
#[test]
fn a_suspect_hop_is_checked_by_one_register_and_the_line_stays_if_it_is_answered() {
    let mut line = Line::settled(quiet(), 2);
    line.show(0, Evidence::Suspect(BUSY));
    assert_eq!(line.sent(), ["0 CHECK@0"]);
    line.run(0.0);
    assert_eq!((line.current(), line.hop_state(0)), (Some(0), HopState::Available));
}

/// Failover design §1: "the line moves only if it fails".
#[test]
fn the_line_moves_when_the_check_of_a_suspect_hop_fails() {
    let mut line = Line::settled(quiet(), 2);
    line.hops[0] = World::Silent;
    line.show(0, Evidence::Suspect(BUSY));
    line.run(3.5);
    assert_eq!(line.sent(), ["0 CHECK@0", "3.5 REGISTER@1"]);
    assert_eq!(line.current(), Some(1));
}

/// Failover design §1: "at most every 30 s".
#[test]
fn a_suspect_hop_is_checked_at_most_every_thirty_seconds() {
    let mut line = Line::settled(quiet(), 2);
    for _ in 0..20 {
        line.show(0, Evidence::Suspect(BUSY));
        line.run(4.0);
    }
    assert_eq!(line.sent(), ["0 CHECK@0", "30 CHECK@0", "60 CHECK@0"]);
}

/// Failover design §6: refreshes start every hop's budget before the expiry, whatever else is asked.
#[test]
fn a_suspect_hop_is_checked_by_the_refresh_itself_where_that_is_near() {
    let mut line = Line::new(quiet(), &[World::Up; 2]);
    line.expires = secs(120.0);
    line.run(78.0);
    line.forget();
    line.hops[0] = World::Silent;
    line.show(0, Evidence::Suspect(BUSY));
    assert_eq!(line.sent(), ["0 REGISTER@0"]);
    line.run(3.5);
    assert_eq!(line.current(), Some(1));
}

/// Failover design §1: 500, 502 and 504 teach nothing; a suspect backup is not registered at.
#[test]
fn a_suspect_hop_that_is_not_current_gets_no_register() {
    let mut line = Line::settled(quiet(), 2);
    line.show(1, Evidence::Suspect(BUSY));
    line.run(60.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert_eq!(line.hop_state(1), HopState::Suspect);
    line.show(1, Evidence::Answered);
    assert_eq!(line.hop_state(1), HopState::Available);
}

/// Failover design §1, "Where the line goes"; asterisk#1927.
#[test]
fn the_line_follows_a_request_that_found_its_hop_unavailable() {
    for cause in [Cause::NoAnswer, Cause::IcmpPort, Cause::TcpRefused] {
        let mut line = Line::settled(quiet(), 2);
        line.show(0, Evidence::Unavailable(cause));
        line.show(1, Evidence::ServedBy);
        line.run(0.0);
        assert_eq!(line.sent(), ["0 REGISTER@1"], "{cause}: once, and not at the dead hop");
        assert_eq!(line.current(), Some(1));
        let moved = Output::Moved { from: Some(HopId(0)), to: HopId(1), why: Why::Failover };
        assert!(line.news().contains(&moved));
    }
}

/// Failover design §1: "REGISTER at once at the hop that then served the request".
#[test]
fn the_line_registers_at_the_hop_that_served_even_if_another_is_being_tried() {
    let mut line = Line::settled(quiet(), 3);
    line.hops[1] = World::Silent;
    line.show(0, Evidence::Unavailable(Cause::NoAnswer));
    line.show(2, Evidence::ServedBy);
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@1", "0 REGISTER@2"]);
    assert_eq!(line.current(), Some(2));
}

/// Failover design §1: "unless it is current already".
#[test]
fn a_request_that_found_another_hop_dead_and_was_served_by_the_current_one_moves_nothing() {
    let mut line = Line::at_backup(quiet(), 2);
    line.show(0, Evidence::Unavailable(Cause::NoAnswer));
    line.show(1, Evidence::ServedBy);
    line.run(10.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
}

/// A 503 that made the current hop suspect does not move the line by itself.
#[test]
fn a_backup_that_served_does_not_take_the_line_from_a_hop_that_is_only_suspect() {
    let mut line = Line::settled(quiet(), 2);
    line.show(0, Evidence::Suspect(BUSY));
    line.show(1, Evidence::ServedBy);
    line.run(0.0);
    assert_eq!(line.sent(), ["0 CHECK@0"]);
    assert_eq!(line.current(), Some(0));
}

/// Failover design §1: ICMP ends "every other unanswered request in flight there".
#[test]
fn icmp_for_another_request_moves_a_register_in_flight_at_that_hop() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Up]);
    line.run(1.0);
    line.show(0, Evidence::Unavailable(Cause::IcmpHost));
    assert_eq!(line.sent(), ["0 REGISTER@0", "1 REGISTER@1 last"]);
}

/// Silence speaks only for the request that met it.
#[test]
fn silence_to_another_request_leaves_a_register_in_flight_alone() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Up]);
    line.run(1.0);
    line.show(0, Evidence::Unavailable(Cause::NoAnswer));
    line.run(2.4);
    assert_eq!(line.sent(), ["0 REGISTER@0"]);
    line.run(0.1);
    assert_eq!(line.sent(), ["0 REGISTER@0", "3.5 REGISTER@1 last"]);
}

/// Failover design §1: the row of 503 with Retry-After, for a request that is not REGISTER.
#[test]
fn the_line_leaves_a_hop_that_asked_another_request_to_come_later() {
    let mut line = Line::settled(quiet(), 2);
    line.show(0, Evidence::HeldOff { for_: secs(90.0), cause: BUSY });
    assert_eq!(line.sent(), ["0 REGISTER@1"]);
}

/// Where every hop is held off there is nowhere to go.
#[test]
fn the_line_stays_where_it_is_if_every_hop_asked_to_be_left_alone() {
    let mut line = Line::settled(quiet(), 2);
    line.show(1, Evidence::HeldOff { for_: secs(90.0), cause: BUSY });
    line.show(0, Evidence::HeldOff { for_: secs(90.0), cause: BUSY });
    line.run(80.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
    assert!(line.is_registered());
}

/// Failover design §1: a hop is alive again after any answer.
#[test]
fn any_answer_makes_a_dead_hop_available_again() {
    let mut line = Line::at_backup(quiet(), 2);
    assert_eq!(line.hop_state(0), HopState::Unavailable);
    line.show(0, Evidence::Answered);
    assert_eq!(line.hop_state(0), HopState::Available);
    assert!(line.news().contains(&Output::Hop(HopId(0))));
}

/// Failover design §1: local outage blames nobody, and is one only if every hop says so.
#[test]
fn a_local_outage_blames_nobody_and_moves_nothing() {
    let mut line = Line::settled(quiet(), 2);
    line.hops = vec![World::NoRoute; 2];
    line.register();
    line.run(1.0);
    assert_eq!(line.sent(), ["0 REGISTER@0", "0 REGISTER@1 last"]);
    assert_eq!((line.hop_state(0), line.hop_state(1)), (HopState::Available, HopState::Unknown));
    assert_eq!(line.current(), Some(0));
    assert!(line.is_registered(), "the binding is still there");
    let told = Output::AllFailed { cause: Cause::LinkDown, answered: false };
    assert!(line.news().contains(&told));
    line.hops = vec![World::Up; 2];
    line.run(29.0);
    assert_eq!(line.sent().last(), Some(&"30 REGISTER@0"));
}

#[test]
fn a_hop_without_a_route_is_not_blamed_when_another_hop_answers() {
    let mut line = Line::new(quiet(), &[World::NoRoute, World::Up]);
    line.run(0.0);
    assert_eq!((line.current(), line.hop_state(0)), (Some(1), HopState::Unknown));
}

/// Failover design §1: "All proxies failed is said only if none answered".
#[test]
fn when_every_hop_failed_the_servers_reason_is_told_if_one_answered() {
    let mut line = Line::new(quiet(), &[World::Busy, World::Closed]);
    line.run(0.0);
    assert!(line.news().contains(&Output::AllFailed { cause: BUSY, answered: true }));
    let mut line = Line::new(quiet(), &[World::Closed, World::Silent]);
    line.run(32.0);
    let told = Output::AllFailed { cause: Cause::NoAnswer, answered: false };
    assert!(line.news().contains(&told));
    assert_eq!(line.machine.state(), LineState::Failed);
}

/// RFC 3261 §10.2: triggers merge into the one REGISTER in flight.
#[test]
fn every_trigger_merges_into_the_register_in_flight() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.register();
    line.forget();
    line.register();
    line.show(0, Evidence::Suspect(BUSY));
    line.show(0, Evidence::Unavailable(Cause::NoAnswer));
    line.show(0, Evidence::CancelTimedOut);
    line.run(3.4);
    assert_eq!(line.registers(), [] as [&str; 0]);
    line.run(0.1);
    assert_eq!(line.registers(), ["3.5 REGISTER@1 last"]);
}

/// Requirement B1; failover design §2: a CANCEL that timed out re-REGISTERs the line.
#[test]
fn a_cancel_that_timed_out_registers_the_line_from_the_next_hop() {
    let mut line = Line::settled(quiet(), 2);
    line.show(0, Evidence::CancelTimedOut);
    assert_eq!(line.sent(), ["0 REGISTER@1"]);
    let mut line = Line::settled(quiet(), 2);
    line.show(1, Evidence::CancelTimedOut);
    assert_eq!(line.sent(), ["0 REGISTER@0"], "also where another hop did not answer it");
}

/// Failover design §6: a thawed proxy answers all it had queued.
#[test]
fn late_outcomes_of_attempts_that_are_over_change_nothing() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.run(40.0);
    assert_eq!(line.current(), Some(1));
    line.forget();
    for id in line.seen.clone() {
        let phrase = "stale".to_owned();
        line.give(id, Outcome::Refused { code: 401, phrase });
        line.give(id, Outcome::Registered { expires: secs(60.0) });
        line.give(id, silence());
    }
    assert_eq!(line.news(), []);
    assert_eq!(line.current(), Some(1));
}

/// While nothing is registered, the first hop that answers anything is tried at once.
#[test]
fn a_hop_that_answers_another_request_ends_the_back_off() {
    let mut line = Line::new(quiet(), &[World::Closed, World::Closed]);
    line.run(10.0);
    line.hops[1] = World::Up;
    line.show(1, Evidence::Answered);
    line.run(0.0);
    assert_eq!(line.sent().last(), Some(&"10 REGISTER@1"));
    assert_eq!(line.current(), Some(1));
}

/// A lock-out must not spread: a refusal's wait is not shortened by other answers.
#[test]
fn a_refusal_keeps_its_back_off_whatever_else_the_hop_answers() {
    let mut line = Line::new(quiet(), &[World::Refuses, World::Up]);
    line.run(10.0);
    line.show(0, Evidence::Answered);
    line.show(1, Evidence::Answered);
    line.run(19.0);
    assert_eq!(line.sent(), ["0 REGISTER@0"]);
}

/// An outcome for a hop that does not exist is no one's.
#[test]
fn evidence_about_a_hop_that_is_not_in_the_list_is_ignored() {
    let mut line = Line::settled(quiet(), 2);
    line.show(7, Evidence::Unavailable(Cause::IcmpPort));
    line.show(7, Evidence::ServedBy);
    assert_eq!(line.news(), []);
    assert_eq!(line.machine.health(HopId(7)), None);
}

/// A 200 that does not list our Contact answers but does not register.
#[test]
fn a_200_without_our_contact_goes_to_the_next_hop() {
    let mut line = Line::new(quiet(), &[World::Silent, World::Up]);
    let first = line.flying(Task::Register);
    line.give(first.id, Outcome::Unregistered);
    line.run(0.0);
    assert_eq!(line.current(), Some(1));
}
