"""Many lines in one phoned, against the pair of real proxies: registered, failed over, come back; what a line costs.

`python3 -m lab.lines --lines 10000` (scripts/measure-lines) measures; tests/test_many_lines.py holds a smaller site to it.
"""

import argparse
import collections
import os
import time

from . import net, proc
from .kamailio import Variant
from .phone import hop_name, line_items
from .wait import until
from .world import World

KEEP_ALIVE, FAILBACK = 10, 12
UNIT = os.path.join(os.path.dirname(__file__), "../../rootfs-overlay/usr/lib/systemd/system/phoned.service")


def items(world, lines, keep_alive=KEEP_ALIVE, failback=FAILBACK, **more):
    """The configuration of so many lines, each with a user of its own."""
    found = {}
    for line in range(1, lines + 1):
        settings = {"UDPUpdate_TTL": keep_alive, "Failback_Interval": failback, **more}
        found.update(line_items(f"u{line}", world.primary_address, world.backup_address, line, **settings))
    # What is the default anyway would make the file of ten thousand lines too long.
    return {name: value for name, value in found.items() if not name.endswith(("Display Name", "Enable Reg"))}


def service_environment():
    """The environment that phoned's unit gives it."""
    with open(UNIT) as unit:
        lines = [line.strip().removeprefix("Environment=") for line in unit if line.startswith("Environment=")]
    return dict(setting.split("=", 1) for line in lines for setting in line.split())


class Site:
    """One phoned with many lines, in the environment of a service."""

    def __init__(self, world, lines, place="1001", **more):
        self.world, self.lines = world, lines
        self.phone = world.phone(place, items=items(world, lines, **more), start=False, log_level="warn,phoned=info",
                                 env={**os.environ, **service_environment()})

    def start(self):
        """Starts it, without a stream of events: thousands would fall behind."""
        self.phone.start()
        self.phone.events.close()
        self.phone.events = None

    def at(self):
        """How many lines are registered at each hop."""
        accounts = self.phone.json("account", "list")["accounts"]
        return collections.Counter(a["hop"] if a["state"] == "registered" else a["state"] for a in accounts)

    def all_at(self, hop, timeout, every=0.5):
        """Waits until every line is registered there; the seconds it took, to about a poll. Asking costs the phone as
        much as some thousand keep-alives where it has ten thousand lines: then not often."""
        began, seen = time.monotonic(), {}
        def now():
            seen.clear()
            seen.update(self.at())
            return seen.get(hop_name(hop)) == self.lines
        until(now, lambda: f"{self.lines} lines at {hop}; seen: {dict(seen)}", timeout, every)
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
    log = proxy_at(world, hop).requests("REGISTER")
    return collections.Counter(int(a.t - after) for a in log if after <= a.t < before)


def arrivals(world, hop, after):
    """When each line first had a 200 to a REGISTER at a hop, in seconds after this wall-clock time, in order."""
    first = {}
    for saved in proxy_at(world, hop).registrations(after):
        first.setdefault(saved.call_id, saved.t - after)
    return sorted(first.values())


def proxy_at(world, hop):
    """The proxy of this address."""
    return next(p for p in (world.primary, world.backup) if p.address == hop)


def accepted_by_line(world, hop, after):
    """For each line that a hop has registered since this wall-clock time, how many of its REGISTERs it has accepted,
    copies of one counted once: two would be one registration too many, a line that is not there a lost one."""
    accepted = {(a.call_id, a.cseq) for a in proxy_at(world, hop).registrations(after)}
    return collections.Counter(call_id for call_id, _ in accepted)


def repeated(world, hop, method, after):
    """How many requests of this method reached a hop more than once since this wall-clock time: their answers were lost, or
    came later than T1."""
    seen = collections.Counter((a.call_id, a.cseq) for a in proxy_at(world, hop).requests(method) if a.t >= after)
    return sum(1 for times in seen.values() if times > 1)


class Callee:
    """A phone of its own, beside the many lines, that answers whatever rings there."""

    def __init__(self, world, keep_alive=KEEP_ALIVE, failback=FAILBACK):
        settings = {"UDPUpdate_TTL": keep_alive, "Failback_Interval": failback}
        one = line_items("1003", world.primary_address, world.backup_address, **settings)
        self.phone = world.phone("1003", items=one, auto_answer=True)
        self.phone.settled(world.primary_address)

    def called_from(self, site, line):
        """Has a line of the site call it; the call must come to be up, and once. Returns the seconds that took."""
        before, began = len(self.phone.calls()), time.monotonic()
        call = site.phone.json("call", "dial", "--line", str(line), "1003")["id"]
        site.phone.call_in("active", call, timeout=40)
        took = time.monotonic() - began
        site.phone.hangup(call)
        until(lambda: all(c["state"] == "ended" for c in self.phone.calls()), "the call has ended at the callee", 40)
        came = len(self.phone.calls()) - before
        assert came == 1, f"line {line} called once and {came} calls came"
        return took


def some_of(lines, many):
    """So many of the lines, from the first to the last."""
    return sorted({1 + number * (lines - 1) // max(many - 1, 1) for number in range(many)})


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
    parser.add_argument("--keep-alive", type=int, default=30, help="seconds; the failback interval too")
    given = parser.parse_args()
    proc.end_in_order()
    world = World(pair=Variant(memory=512))
    try:
        measure(world, given.lines, given.keep_alive)
    except BaseException:
        print(world.report()[-3000:])
        raise
    finally:
        world.close()
        proc.end_all()
        net.delete_all()


def measure(world, lines, keep_alive):
    """A life of so many lines: registered, the primary frozen, back, the primary killed, back."""
    def say(text):
        print(text, flush=True)

    one, every = base(world), max(0.5, lines / 2000)
    site = Site(world, lines, keep_alive=keep_alive, failback=keep_alive)
    wall = time.time()
    site.start()
    site.all_at(world.primary_address, 300, every)
    say(f"{lines} lines registered {arrivals(world, world.primary_address, wall)[-1]:.1f} s after the start, "
        f"{site.phone.cpu_seconds():.1f} s CPU")
    time.sleep(2 * keep_alive)
    say(f"idle with a keep-alive every {keep_alive} s: {1e6 * site.cpu_of(20) / lines:.0f} µs CPU a second for each line")
    def memory(when):
        resident = site.resident()
        say(f"memory {when}: {resident / 1024:.0f} KiB, {(resident - one) / max(lines - 1, 1) / 1024:.2f} KiB a line "
            f"over the {one / 1024:.0f} KiB of one line")
    memory("registered")
    callee = Callee(world, keep_alive, keep_alive)
    for name, fault, mend in (("frozen", world.primary.freeze, world.primary.thaw), ("killed", world.primary.kill, world.primary.start)):
        wall, cpu = time.time(), site.phone.cpu_seconds()
        fault()
        # Dialled while the lines find out: nothing that they ask for is lost.
        calls = [callee.called_from(site, line) for line in some_of(lines, 5)]
        site.all_at(world.backup_address, keep_alive + 90, every)
        callee.phone.registered(world.backup_address, keep_alive + 90)
        came, load = arrivals(world, world.backup_address, wall), registers_per_second(world, world.backup_address, wall, time.time())
        say(f"{name}: {len(came)} at the backup, the last after {came[-1]:.1f} s, {site.phone.cpu_seconds() - cpu:.1f} s CPU; "
            f"{sum(load.values())} REGISTERs, busiest second {max(load.values())}, even {sum(load.values()) / keep_alive:.0f}")
        accepted = accepted_by_line(world, world.backup_address, wall)
        say(f"requests: {lines + 1 - len(accepted)} lines never registered there, {sum(n > 1 for n in accepted.values())} twice; "
            f"{repeated(world, world.backup_address, 'REGISTER', wall)} REGISTERs came more than once; "
            f"{len(calls)} calls dialled meanwhile, each up once, after at most {max(calls):.1f} s")
        memory("then")
        wall = time.time()
        mend()
        site.all_at(world.primary_address, 2 * keep_alive + 120, every)
        say(f"back at the primary {arrivals(world, world.primary_address, wall)[-1]:.1f} s after its return")
        # Every line's first keep-alive has been answered, so that silence is proof.
        time.sleep(5)


if __name__ == "__main__":
    main()
