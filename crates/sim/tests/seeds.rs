//! A few worlds, played whenever the tests run; `scripts/simulate` plays thousands.

use sim::plan::Plan;
use sim::run::play;

#[test]
fn a_world_repeats_bit_for_bit() {
    for seed in 1..=10 {
        let plan = Plan::draw(seed);
        let (one, two) = (play(&plan, false), play(&plan, true));
        assert_eq!(one.fingerprint, two.fingerprint, "seed {seed}");
        assert_eq!(one.outcome, two.outcome, "seed {seed}");
    }
}
