"""Many lines in one process (issue 3, "ten thousand lines"): a thousand here, all of them by scripts/measure-lines."""

import time

import pytest

from lab.lines import KEEP_ALIVE, Site, registers_per_second

LINES = 1000


@pytest.mark.long
def test_a_thousand_lines_fail_over_spread_out_and_come_back(world):
    """Requirements F1 and F6: each line finds out within its keep-alive interval and A3, the backup meets them spread
    over that interval, and nothing is lost on the way there and back."""
    site = Site(world, LINES)
    site.start()
    site.all_at(world.primary_address, 30)
    # Every line's first keep-alive has been answered, so that silence is proof.
    time.sleep(2)
    wall = time.time()
    world.primary.freeze()
    took = site.all_at(world.backup_address, 40)
    load = registers_per_second(world, world.backup_address, wall, time.time())
    even = sum(load.values()) / KEEP_ALIVE
    print(f"at the backup after {took:.1f} s; {sum(load.values())} REGISTERs, busiest second {max(load.values())}, even {even:.0f}")
    assert took < KEEP_ALIVE + 3.5 + 3, f"{took:.1f} s; a poll takes its time"
    assert max(load.values()) <= 2 * even, load
    world.primary.thaw()
    site.all_at(world.primary_address, 40)
