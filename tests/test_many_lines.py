"""Many lines in one process (issue 3, "ten thousand lines"): a thousand here, all of them by scripts/measure-lines."""

import time

import pytest

from lab.lines import KEEP_ALIVE, Callee, Site, accepted_by_line, arrivals, registers_per_second, repeated, some_of

LINES = 1000


@pytest.mark.long
def test_a_thousand_lines_fail_over_spread_out_and_come_back(world):
    """Requirements F1 and F6: each line finds out within its keep-alive interval and A3, the backup meets them spread
    over that interval, and no request is lost or doubled on the way there and back: each line registers once, and a call
    that is dialled meanwhile comes up once."""
    site = Site(world, LINES)
    site.start()
    site.all_at(world.primary_address, 30)
    callee = Callee(world)
    # Every line's first keep-alive has been answered, so that silence is proof.
    time.sleep(2)
    wall = time.time()
    world.primary.freeze()
    calls = [callee.called_from(site, line) for line in some_of(LINES, 2)]
    site.all_at(world.backup_address, 40)
    callee.phone.registered(world.backup_address, 40)
    took = arrivals(world, world.backup_address, wall)[-1]
    load = registers_per_second(world, world.backup_address, wall, time.time())
    even = sum(load.values()) / KEEP_ALIVE
    print(f"at the backup after {took:.1f} s; {sum(load.values())} REGISTERs, busiest second {max(load.values())}, even {even:.0f}")
    assert took < KEEP_ALIVE + 3.5 + 3, f"{took:.1f} s"
    assert max(load.values()) <= 2 * even, load
    accepted = accepted_by_line(world, world.backup_address, wall)
    print(f"{repeated(world, world.backup_address, 'REGISTER', wall)} REGISTERs came more than once; calls after {calls}")
    assert len(accepted) == LINES + 1, "no line's REGISTER was lost, and none is a second registration"
    assert set(accepted.values()) == {1}, [line for line, times in accepted.items() if times > 1]
    world.primary.thaw()
    site.all_at(world.primary_address, 40)
    # What else a call leads to, after the lines have moved.
    callee.phone.registered(world.primary_address, 60)
    callee.called_from(site, LINES // 2)
