"""Many lines in one phoned, against the pair of real proxies: registered, failed over, come back; what a line costs.

`python3 -m lab.lines --lines 10000` (scripts/measure-lines) measures; tests/test_many_lines.py holds a smaller site to it.
"""

import argparse
import collections
import time

from . import net, proc
from .kamailio import Variant
from .phone import hop_name, line_items
from .wait import until
from .world import World

KEEP_ALIVE, FAILBACK = 10, 12


def items(world, lines, **more):
    """The configuration of so many lines, each with a user of its own."""
    found = {}
    for line in range(1, lines + 1):
        settings = {"UDPUpdate_TTL": KEEP_ALIVE, "Failback_Interval": FAILBACK, **more}
        found.update(line_items(f"u{line}", world.primary_address, world.backup_address, line, **settings))
    # What is the default anyway would make the file of ten thousand lines too long.
    return {name: value for name, value in found.items() if not name.endswith(("Display Name", "Enable Reg"))}


class Site:
    """One phoned with many lines."""

    def __init__(self, world, lines, place="1001", **more):
        self.world, self.lines = world, lines
        self.phone = world.phone(place, items=items(world, lines, **more), start=False, log_level="warn,phoned=info")

    def start(self):
        """Starts it, without a stream of events: thousands would fall behind."""
        self.phone.start()
        self.phone.events.close()
        self.phone.events = None

    def at(self):
        """How many lines are registered at each hop."""
        accounts = self.phone.json("account", "list")["accounts"]
        return collections.Counter(a["hop"] if a["state"] == "registered" else a["state"] for a in accounts)

    def all_at(self, hop, timeout):
        """Waits until every line is registered there; the seconds it took, to about a poll."""
        began, seen = time.monotonic(), {}
        def now():
            seen.clear()
            seen.update(self.at())
            return seen.get(hop_name(hop)) == self.lines
        until(now, lambda: f"{self.lines} lines at {hop}; seen: {dict(seen)}", timeout, 0.5)
        return time.monotonic() - began

    def resident(self):
        """Octets in memory."""
        return self.phone.status("VmRSS") * 1024

    def cpu_of(self, seconds):
        """The share of one core that it takes while idle."""
        before = self.phone.cpu_seconds()
        time.sleep(seconds)
        return (self.phone.cpu_seconds() - before) / seconds


def registers_per_second(world, hop, after, before):
    """REGISTERs that arrived at a hop in each second, challenged ones and retransmissions counted too."""
    log = next(h for h in (world.primary, world.backup) if h.address == hop).requests("REGISTER")
    return collections.Counter(int(a.t - after) for a in log if after <= a.t < before)


def base(world):
    """What a phone with one line has in memory, octets."""
    site = Site(world, 1, place="1002")
    site.start()
    site.all_at(world.primary_address, 20)
    time.sleep(2)
    resident = site.resident()
    site.phone.stop()
    world.phones.remove(site.phone)
    return resident


def main():
    """Measures, and prints what it saw line by line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    lines = parser.parse_args().lines
    proc.end_in_order()
    world = World(pair=Variant(memory=512))
    try:
        one = base(world)
        site = Site(world, lines)
        began = time.monotonic()
        site.start()
        site.all_at(world.primary_address, 300)
        print(f"{lines} lines registered {time.monotonic() - began:.1f} s after the start, {site.phone.cpu_seconds():.1f} s CPU")
        time.sleep(2 * KEEP_ALIVE)
        print(f"idle with a keep-alive every {KEEP_ALIVE} s: {1e6 * site.cpu_of(20) / lines:.0f} µs CPU a second for each line")
        print(f"memory: one line {one / 1024:.0f} KiB, {lines} lines {site.resident() / 1024:.0f} KiB, "
              f"{(site.resident() - one) / max(lines - 1, 1) / 1024:.2f} KiB a line")
        for name, fault, mend in (("frozen", world.primary.freeze, world.primary.thaw), ("killed", world.primary.kill, world.primary.start)):
            wall, cpu = time.time(), site.phone.cpu_seconds()
            fault()
            took = site.all_at(world.backup_address, 120)
            load = registers_per_second(world, world.backup_address, wall, time.time())
            print(f"{name}: all at the backup after {took:.1f} s, {site.phone.cpu_seconds() - cpu:.1f} s CPU; "
                  f"{sum(load.values())} REGISTERs, busiest second {max(load.values())}, even {sum(load.values()) / KEEP_ALIVE:.0f}")
            print(f"memory then: {(site.resident() - one) / max(lines - 1, 1) / 1024:.2f} KiB a line")
            mend()
            print(f"back at the primary {site.all_at(world.primary_address, 180):.1f} s after its return")
    except BaseException:
        print(world.report()[-3000:])
        raise
    finally:
        world.close()
        proc.end_all()
        net.delete_all()


if __name__ == "__main__":
    main()
