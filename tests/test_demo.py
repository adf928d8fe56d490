"""`scripts/demo`: what a stranger sees first really happens (B2, B3, C4, F1)."""

import pytest

from lab.demo import Timeline, play


@pytest.mark.long
def test_every_step_of_the_demonstration_is_seen_to_happen(world):
    play(world, Timeline())
