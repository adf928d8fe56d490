//! Finding out that the hop has died: failover design §6, requirement F1.

use failover::{Cause, Evidence, HopState, Outcome, Output, Policy, Task};

use crate::world::{Line, World, exact, quiet, secs, silence};

#[test]
fn the_first_options_follows_the_200_at_once_then_one_every_thirty_seconds() {
    let mut line = Line::new(exact(), &[World::Up]);
    line.run(61.0);
    let expected = ["0 REGISTER@0 last", "0 OPTIONS@0", "30 OPTIONS@0", "60 OPTIONS@0"];
    assert_eq!(line.sent(), expected);
}

/// "start to start": a slow answer does not push the next one back.
#[test]
fn keep_alives_go_start_to_start_also_when_the_answer_is_slow() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.run(30.0);
    let first = line.flying(Task::KeepAlive);
    line.run(3.0);
    line.give(first.id, Outcome::Alive);
    line.run(27.0);
    assert_eq!(line.sent(), ["30 OPTIONS@0", "60 OPTIONS@0"]);
}

/// Failover design §6: "(spread only shortens)".
#[test]
fn the_spread_of_keep_alives_only_shortens() {
    let mut line = Line::settled(Policy::default(), 1);
    line.run(3000.0);
    let times: Vec<f64> =
        line.sent().iter().map(|words| words.split(' ').next().unwrap().parse().unwrap()).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (27.0..=30.0).contains(gap)), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap < 28.0) && gaps.iter().any(|gap| *gap > 29.0));
}

/// Failover design §8: "after at most 33.5 s". The hop dies just after it answered.
#[test]
fn an_idle_line_at_a_hop_that_goes_silent_is_at_the_backup_after_33_and_a_half_seconds() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.run(33.5);
    assert_eq!(line.sent(), ["30 OPTIONS@0", "33.5 REGISTER@1", "33.5 OPTIONS@1"]);
    assert_eq!(line.current(), Some(1));
}

/// Failover design §6: silence that proves nothing, "from the same hop (37 s)".
#[test]
fn a_hop_that_never_answered_options_is_asked_by_register_before_it_is_left() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(1.0);
    line.hops[0] = World::Silent;
    line.forget();
    line.run(6.0);
    assert_eq!(line.sent(), ["2.5 REGISTER@0", "6 REGISTER@1 last", "6 OPTIONS@1"]);
}

#[test]
fn a_mute_hop_that_died_before_its_second_options_is_left_37_seconds_later() {
    let mut line = Line::settled(exact(), 2);
    // It answered none yet: the link came back, a new registration, its first OPTIONS is lost.
    line.hops[0] = World::Mute;
    line.link(false);
    line.link(true);
    let lost = line.flying(Task::Register);
    line.give(lost.id, Outcome::Registered { expires: secs(3600.0) });
    let first = line.flying(Task::KeepAlive);
    line.give(first.id, Outcome::LocalOutage);
    line.hops[0] = World::Silent;
    line.run(37.0);
    assert_eq!(line.registers(), ["0 REGISTER@0", "33.5 REGISTER@0", "37 REGISTER@1 last"]);
}

/// Failover design §6: "if that answers, OPTIONS stops there with a warning"; but for one now and
/// then, whose silence leads to nothing.
#[test]
fn options_goes_ever_more_seldom_to_a_hop_that_answers_register_but_no_options() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(1_000.0);
    let asked =
        ["63.5 OPTIONS@0", "187 OPTIONS@0", "430.5 OPTIONS@0", "674 OPTIONS@0", "917.5 OPTIONS@0"];
    let found = ["0 REGISTER@0", "0 OPTIONS@0", "3.5 REGISTER@0"];
    assert_eq!(line.sent(), [&found[..], &asked].concat());
    assert_eq!(line.current(), Some(0));
    assert_ne!(line.hop_state(0), HopState::Unavailable, "its silence proved nothing");
    let told = Output::KeepAliveStopped(failover::HopId(0));
    assert_eq!(line.news().iter().filter(|news| **news == told).count(), 1);
}

/// A server that was overloaded when the line came answers OPTIONS a little later: its silence is
/// proof again, after one interval and A3 (failover design §8).
#[test]
fn a_hop_whose_first_options_was_lost_is_kept_alive_again_once_it_answers_one() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(20.0);
    assert!(line.machine.keep_alive_is_unanswered());
    line.hops[0] = World::Up;
    line.forget();
    line.run(80.0);
    assert_eq!(line.sent(), ["43.5 OPTIONS@0", "73.5 OPTIONS@0"]);
    assert!(!line.machine.keep_alive_is_unanswered());
    line.hops[0] = World::Silent;
    line.forget();
    line.run(30.0);
    assert_eq!(line.sent(), ["23.5 OPTIONS@0", "27 REGISTER@1", "27 OPTIONS@1"]);
}

/// An answer that comes after A3 was given all the same: the hop answers OPTIONS, and its silence
/// is proof from then on (failover design §6, §8).
#[test]
fn a_hop_whose_answer_to_options_came_late_is_kept_alive_as_one_that_answers_in_time() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(4.0);
    assert!(line.machine.keep_alive_is_unanswered());
    line.show(0, Evidence::OptionsAnswered { waited: secs(4.0) });
    assert!(!line.machine.keep_alive_is_unanswered());
    line.hops[0] = World::Silent;
    line.forget();
    line.run(30.0);
    assert_eq!(line.sent(), ["26 OPTIONS@0", "29.5 REGISTER@1", "29.5 OPTIONS@1"]);
}

/// The REGISTER that asks whether the hop lives is on its way already; its answer stops nothing.
#[test]
fn a_late_answer_to_options_is_counted_also_while_a_register_asks_the_same_hop() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(1.0);
    line.hops[0] = World::Silent;
    line.run(3.0);
    let asked = line.flying(Task::Register);
    line.show(0, Evidence::OptionsAnswered { waited: secs(4.0) });
    line.give(asked.id, Outcome::Registered { expires: secs(3600.0) });
    assert!(!line.machine.keep_alive_is_unanswered());
    line.forget();
    line.run(30.0);
    assert_eq!(line.sent(), ["26 OPTIONS@0", "29.5 REGISTER@1", "29.5 OPTIONS@1"]);
}

/// It says nothing of the hop that the line has meanwhile, and moves nothing.
#[test]
fn a_late_answer_of_a_hop_that_the_line_has_left_proves_nothing_of_the_one_it_has() {
    let mut line = Line::settled(exact(), 2);
    line.hops[1] = World::Mute;
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.run(4.0);
    assert!(line.machine.keep_alive_is_unanswered());
    line.show(0, Evidence::OptionsAnswered { waited: secs(5.0) });
    assert!(line.machine.keep_alive_is_unanswered());
    assert_eq!((line.current(), line.hop_state(0)), (Some(1), HopState::Available));
}

/// ICMP is proof whatever the hop has answered before (failover design §1).
#[test]
fn an_icmp_error_for_an_options_now_and_then_moves_the_line() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(20.0);
    line.hops[0] = World::Closed;
    line.forget();
    line.run(50.0);
    assert_eq!(line.sent(), ["43.5 OPTIONS@0", "43.5 REGISTER@1", "43.5 OPTIONS@1"]);
}

#[test]
fn options_starts_again_at_another_hop() {
    let mut line = Line::new(exact(), &[World::Mute, World::Up]);
    line.run(10.0);
    line.forget();
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.run(30.0);
    assert_eq!(line.sent(), ["0 REGISTER@1", "0 OPTIONS@1", "30 OPTIONS@1"]);
}

/// Failover design §2: "on this flow or registration".
#[test]
fn an_answered_options_counts_only_for_the_registration_it_belongs_to() {
    let mut line = Line::settled(exact(), 2);
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.run(0.0);
    assert_eq!(line.current(), Some(1));
    line.hops[0] = World::Mute;
    line.show(1, Evidence::Unavailable(Cause::IcmpPort));
    line.forget();
    line.run(10.0);
    assert_eq!(line.sent(), ["0 OPTIONS@0", "3.5 REGISTER@0"], "asked, not left");
    assert_eq!(line.current(), Some(0));
}

#[test]
fn a_keep_alive_that_meets_icmp_moves_the_line_at_once() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Closed;
    line.run(30.0);
    assert_eq!(line.registers(), ["30 REGISTER@1"]);
}

/// Failover design §1: 503, 500 and 408 fail a keep-alive.
#[test]
fn a_keep_alive_answered_503_moves_the_line_and_with_retry_after_holds_the_hop_off() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Busy;
    line.run(30.0);
    assert_eq!(line.registers(), ["30 REGISTER@1"]);
    assert_eq!(line.hop_state(0), HopState::Unavailable);
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Leave(90);
    line.run(30.0);
    assert_eq!(line.registers(), ["30 REGISTER@1"]);
    assert_eq!(line.hop_state(0), HopState::HeldOff);
}

/// Failover design §6: "re-REGISTERs the line from the next hop", here with three of them.
#[test]
fn a_failed_keep_alive_registers_from_the_next_hop_and_comes_back_to_the_failed_one_last() {
    let mut line = Line::settled(exact(), 3);
    line.hops = vec![World::Closed, World::Closed, World::Silent];
    line.run(90.0);
    let registers = line.registers();
    assert_eq!(registers[..3], ["30 REGISTER@1", "30 REGISTER@2", "33.5 REGISTER@0 last"]);
}

#[test]
fn an_only_hop_whose_keep_alive_failed_is_registered_at_again() {
    let mut line = Line::settled(exact(), 1);
    line.hops[0] = World::Silent;
    line.run(34.0);
    line.hops[0] = World::Up;
    line.run(0.0);
    assert_eq!(line.registers(), ["33.5 REGISTER@0 last"]);
    assert!(line.is_registered());
}

#[test]
fn a_local_outage_fails_no_keep_alive() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::NoRoute;
    line.run(100.0);
    assert_eq!(line.registers(), [] as [&str; 0]);
    assert_eq!(line.hop_state(0), HopState::Available);
}

/// A keep-alive that is out when the refresh begins still speeds the line up: not 3.5 s more.
#[test]
fn a_keep_alive_that_fails_during_a_refresh_moves_the_refresh_on() {
    let mut line = Line::new(exact(), &[World::Up; 2]);
    line.expires = secs(100.0);
    line.run(88.0);
    line.hops[0] = World::Silent;
    line.forget();
    // OPTIONS every 30 s, refresh at 59.5 and 119 s of the line's life.
    line.run(36.0);
    let expected = ["2 OPTIONS@0", "5.5 REGISTER@1", "5.5 OPTIONS@1", "35.5 OPTIONS@1"];
    assert_eq!(line.sent(), expected, "no refresh came between");
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.run(32.0);
    line.register();
    line.run(1.5);
    assert_eq!(line.registers(), ["32 REGISTER@0", "33.5 REGISTER@1 last"], "not at 35.5");
}

#[test]
fn with_keep_alives_off_none_is_sent() {
    let mut line = Line::settled(quiet(), 2);
    line.run(1000.0);
    assert_eq!(line.sent(), [] as [&str; 0]);
}

/// Failover design §6: "every hop's budget + 5 s before expiry, but never before half of it".
#[test]
fn a_refresh_leaves_time_for_every_hop_but_never_comes_before_half_of_the_lifetime() {
    for (expires, hops, at) in [
        (3600.0, 1, "3563 REGISTER@0 last"),
        (3600.0, 2, "3559.5 REGISTER@0"),
        (3600.0, 3, "3556 REGISTER@0"),
        (60.0, 2, "30 REGISTER@0"),
    ] {
        let mut line = Line::new(quiet(), &vec![World::Up; hops]);
        line.expires = secs(expires);
        line.run(0.0);
        line.forget();
        line.run(expires - 1.0);
        assert_eq!(line.sent().first(), Some(&at));
    }
}

/// The server may have begun to count when the first transmission came.
#[test]
fn the_lifetime_counts_from_the_first_transmission() {
    let mut line = Line::new(quiet(), &[World::Silent]);
    let register = line.flying(Task::Register);
    line.run(20.0);
    line.give(register.id, Outcome::Registered { expires: secs(100.0) });
    line.hops[0] = World::Up;
    line.run(43.1);
    assert_eq!(line.sent(), ["0 REGISTER@0 last", "63 REGISTER@0 last"]);
}

/// A refresh that meets a dead hop still ends before the registration does.
#[test]
fn a_refresh_finds_another_hop_before_the_registration_expires() {
    let mut line = Line::settled(quiet(), 2);
    line.hops[0] = World::Silent;
    line.run(3599.0);
    assert_eq!(line.sent(), ["3559.5 REGISTER@0", "3563 REGISTER@1 last"]);
    assert_eq!(line.current(), Some(1));
}

/// A server that grants next to nothing does not make the line flood it.
#[test]
fn a_tiny_lifetime_is_refreshed_at_a_bearable_rate() {
    let mut line = Line::new(quiet(), &[World::Up]);
    line.expires = secs(0.0);
    line.run(60.0);
    assert_eq!(line.sent().len(), 31, "every two seconds");
}

#[test]
fn a_keep_alive_that_is_abandoned_is_not_believed_later() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.run(30.0);
    let options = line.flying(Task::KeepAlive);
    line.show(0, Evidence::Unavailable(Cause::IcmpPort));
    line.run(0.0);
    assert_eq!(line.current(), Some(1));
    line.forget();
    line.give(options.id, silence());
    line.give(options.id, Outcome::Alive);
    assert_eq!(line.news(), []);
    assert_eq!(line.hop_state(0), HopState::Unavailable);
}

/// Failover design §1, row "idle flow closed or reset": "re-opened to the same hop at once, with a
/// REGISTER", and "alive until then".
#[test]
fn a_lost_connection_is_opened_again_at_the_same_hop_with_a_register() {
    let mut line = Line::settled(exact(), 2);
    line.run(10.0);
    line.show(0, Evidence::FlowBroke);
    assert_eq!(line.hop_state(0), HopState::Available, "nobody is blamed yet");
    line.run(1.0);
    assert_eq!(line.sent(), ["10 REGISTER@0"]);
    assert_eq!(line.current(), Some(0));
}

/// Failover design §1, the same row: "if that is refused or times out: next hop".
#[test]
fn a_connection_that_cannot_be_had_again_moves_the_line() {
    let mut line = Line::settled(exact(), 2);
    line.hops[0] = World::Silent;
    line.show(0, Evidence::FlowBroke);
    let flight = line.flying(Task::Register);
    line.give(flight.id, Outcome::Unavailable(Cause::TcpRefused));
    line.run(0.0);
    assert_eq!(line.sent(), ["0 REGISTER@0", "0 REGISTER@1 last", "0 OPTIONS@1"]);
    assert_eq!(line.current(), Some(1));
}

#[test]
fn a_lost_connection_to_a_hop_that_the_line_does_not_use_changes_nothing() {
    let mut line = Line::settled(exact(), 2);
    line.show(1, Evidence::FlowBroke);
    line.run(1.0);
    assert!(line.sent().is_empty(), "{:?}", line.sent());
}

/// Failover design §6: "one that fails by … proving silence re-REGISTERs the line from the next hop".
#[test]
fn a_ping_whose_pong_never_comes_moves_the_line_to_the_next_hop() {
    let mut line = Line::settled(exact(), 2);
    line.run(10.0);
    line.show(0, Evidence::KeepAliveFailed { cause: Cause::NoAnswer, waited: secs(10.0) });
    line.run(0.0);
    assert_eq!(line.sent(), ["10 REGISTER@1", "10 OPTIONS@1"]);
    assert_eq!(line.hop_state(0), HopState::Unavailable);
}
