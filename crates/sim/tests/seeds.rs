//! A few worlds, played whenever the tests run; `scripts/simulate` plays thousands.

use sim::plan::Plan;
use sim::run::play;

/// Every seed prints how to see it again, so that a failure here can be looked at.
#[test]
fn the_first_worlds_break_no_rule() {
    for seed in 1..=20 {
        let played = play(&Plan::draw(seed), false);
        assert_eq!(played.failure, None, "scripts/simulate --replay {seed}");
    }
}

/// Failover design §7: the bounds that the linter states hold through whole days.
#[test]
fn a_day_breaks_no_rule() {
    let played = play(&Plan::draw_days(1, 1), false);
    assert_eq!(played.failure, None, "scripts/simulate --days 1 --replay 1");
}

#[test]
fn a_world_repeats_bit_for_bit() {
    for seed in 1..=4 {
        let plan = Plan::draw(seed);
        let (one, two) = (play(&plan, false), play(&plan, true));
        assert_eq!(one.fingerprint, two.fingerprint, "seed {seed}");
        assert_eq!(one.outcome, two.outcome, "seed {seed}");
    }
}
