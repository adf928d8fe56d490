"""How long a failover takes on the wire, over many runs: the table of failover design §8 for UDP.

Each time is between the phone's own packets in a capture at its own interface: the first to the dead primary and
the first of the same request to the backup. Runs go in parallel in separate laboratories.
"""

import argparse
import multiprocessing
import os
import platform
import shutil
import statistics
import sys
import time

from . import net, proc
from .capture import switch_time
from .faults import COST, inflict, lift
from .world import World

METHODS, FAULTS = ("REGISTER", "INVITE", "BYE"), ("killed", "frozen")
NAMES = {"killed": "killed (ICMP port unreachable)", "frozen": "silent (SIGSTOP)"}
MEDIAN_MS, WORST_MS = 50, 250


def one_run(world, caller, callee, method, fault):
    """One failover from a fresh registration at the primary; the seconds it took and the transmissions."""
    for phone in (caller, callee):
        shutil.rmtree(phone.state, ignore_errors=True)
        phone.start()
        phone.settled(world.primary_address)
    call = None
    if method == "BYE":
        call = caller.dial(callee.user)
        caller.call_in("active", call)
        time.sleep(0.3)
    mark, after = callee.events.mark(), inflict(world.primary, fault)
    if method == "REGISTER":
        caller.ctl("account", "register", "1")
        caller.registered(world.backup_address)
    elif method == "INVITE":
        caller.call_in("active", caller.dial(callee.user))
    else:
        caller.hangup(call)
        callee.events.wait("call", since=mark, state="ended")
    seen = switch_time(caller.capture.packets(), method, world.primary_address, world.backup_address, after)
    assert seen, f"no {method} at the backup\n{caller.capture.ladder()}"
    for phone in (caller, callee):
        phone.kill()
    lift(world.primary, fault)
    return seen


def worker(jobs, results):
    """Takes jobs (method, fault) until there are none, in one laboratory of its own."""
    world = None
    proc.end_in_order()
    try:
        world = World()
        caller = world.phone("1001", start=False)
        callee = world.phone("1002", auto_answer=True, start=False)
        for job in iter(jobs.get, None):
            results.put((job, one_run(world, caller, callee, *job), None))
    except BaseException as error:  # noqa: BLE001 - a failed run is a result
        results.put(("a run", None, f"{type(error).__name__}: {error}\n{world.report() if world else ''}"))
    finally:
        # A child of multiprocessing runs no exit handlers: what it has started it ends here.
        try:
            if world:
                world.close()
        finally:
            proc.end_all()
            net.delete_all()
            results.put(None)


def measure(runs, labs):
    """All runs; a map from (method, fault) to a list of (seconds, transmissions), and the failures."""
    jobs, results = multiprocessing.Queue(), multiprocessing.Queue()
    for _ in range(runs):
        for fault in FAULTS:
            for method in METHODS:
                jobs.put((method, fault))
    for _ in range(labs):
        jobs.put(None)
    workers = [multiprocessing.Process(target=worker, args=(jobs, results)) for _ in range(labs)]
    for process in workers:
        process.start()
    found, failures, ended = {}, [], 0
    while ended < labs:
        result = results.get()
        if result is None:
            ended += 1
            continue
        job, seen, error = result
        if error:
            failures.append(f"{job}: {error}")
        else:
            found.setdefault(job, []).append(seen)
        print(f"\r{sum(map(len, found.values()))} of {runs * len(METHODS) * len(FAULTS)} runs", end="", file=sys.stderr)
    print(file=sys.stderr)
    for process in workers:
        process.join(10)
    return found, failures


def table(found):
    """The measurements as Markdown, and what broke the bounds."""
    lines = ["| fault of the primary | request | runs | transmissions | promised ms | median ms | worst ms |",
             "|---|---|---|---|---|---|---|"]
    broken = []
    for fault in FAULTS:
        seconds, tries = COST[fault]
        for method in METHODS:
            runs = found.get((method, fault), [])
            if not runs:
                broken.append(f"{method}, {fault}: no run")
                continue
            times = [1000 * t for t, _ in runs]
            sent = sorted({n for _, n in runs})
            median, worst = statistics.median(times), max(times, key=lambda t: abs(t - 1000 * seconds))
            promised = "one round trip" if seconds == 0 else f"{1000 * seconds:.0f}"
            lines.append(f"| {NAMES[fault]} | {method} | {len(runs)} | {'/'.join(map(str, sent))} | {promised} "
                         f"| {median:.1f} | {worst:.1f} |")
            if abs(median - 1000 * seconds) > MEDIAN_MS or abs(worst - 1000 * seconds) > WORST_MS or sent != [tries]:
                broken.append(f"{method}, {fault}: median {median:.1f} ms, worst {worst:.1f} ms, transmissions {sent}")
    return "\n".join(lines), broken


def page(text):
    """The measurements as a page of the documentation."""
    return f"""# Measured on the wire

Written by `scripts/measure`. Two phones and two Kamailio proxies in network namespaces; each figure is the time, in a
capture at the phone's own interface, from its first packet of a request to the dead primary until the first packet of
that request to the backup. A BYE counts only if the other party's phone has ended its call. Held to: median within
{MEDIAN_MS} ms and worst within {WORST_MS} ms of what is promised.

{text}

Machine: {os.cpu_count()} processors, {platform.machine()}, Linux {platform.release()}; build profile `test-release`.
"""


def main():
    """Measures, prints, writes the page if asked; non-zero if a bound is broken or a run failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=20, help="runs of each row (default 20)")
    options.add_argument("--labs", type=int, default=3, help="laboratories side by side (default 3)")
    options.add_argument("--write", metavar="FILE", help="write the page here")
    given = options.parse_args()
    found, failures = measure(given.runs, given.labs)
    text, broken = table(found)
    print(text)
    if given.write:
        with open(given.write, "w") as f:
            f.write(page(text))
    for line in [*failures, *broken]:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failures or broken else 0


if __name__ == "__main__":
    sys.exit(main())
