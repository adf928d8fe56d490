"""How long a failover takes on the wire, over many runs: the table of failover design §8 on UDP, TCP and TLS.

Rows, and what each is held to, are in `rows`. Runs go side by side in separate laboratories, in rounds of one run of each
row, until all are done or the time is up.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import time

from . import net, proc
from .faults import disturb, inflict, lift, switch
from .kamailio import Variant
from .rows import ROWS, TRANSPORTS, page, table
from .world import World

# Seconds. No run is begun when less is left: the longest waits for a keep-alive, and is watched for so long.
LONGEST = 50
PROXY_FAULTS = ("killed", "frozen", "503")


class Laboratory:
    """A pair of proxies on every transport, and for each transport a caller and a callee."""

    def __init__(self):
        self.world = World(pair=Variant(transports=TRANSPORTS))
        self.pairs = {}
        for number, transport in enumerate(TRANSPORTS):
            users = [str(1001 + 2 * number + i) for i in range(2)]
            self.pairs[transport] = (self.world.phone(users[0], start=False, transport=transport),
                                     self.world.phone(users[1], start=False, transport=transport, auto_answer=True))

    def run(self, row):
        """One failover of phones that know nothing of earlier runs: figure → (seconds, transmissions to the primary)."""
        caller, callee = self.pairs[row.transport]
        phones = [caller, callee] if row.begin in ("INVITE", "BYE") else [caller]
        for phone in phones:
            self._prepare(phone, row)
        if row.begin != "start":
            for phone in phones:
                phone.start()
                phone.settled(self.world.primary_address)
        try:
            return getattr(self, f"_{row.begin.lower()}")(caller, callee, row)
        finally:
            for phone in phones:
                phone.kill()
            self._mend(row)

    def close(self):
        """Ends everything."""
        self.world.close()

    def _prepare(self, phone, row):
        shutil.rmtree(phone.state, ignore_errors=True)
        # A phone without its former instance id is another one to a registrar, which would call both.
        for hop in (self.world.primary, self.world.backup):
            hop.forget(phone.user)
        phone.capture.restart()
        # Only an idle phone is to find out by its keep-alive, with the default interval.
        line = {"Signal_Retry_Counts": row.retries, **({"UDPUpdate_TTL": None} if row.begin == "idle" else {})}
        own = self.world.own_certificate(phone.user) if row.transport == "tls" and phone.auto_answer else None
        phone.provide(self.world.items(phone.user, row.transport, line, own))

    def _fail(self, row):
        if row.fault in PROXY_FAULTS:
            return inflict(self.world.primary, row.fault)
        return disturb(self.world, row.fault)

    def _mend(self, row):
        if row.fault in PROXY_FAULTS:
            lift(self.world.primary, row.fault)
        self.world.network.heal()

    def _register(self, caller, _, row):
        after = self._fail(row)
        caller.ctl("account", "register", "1")
        caller.registered(self.world.backup_address, timeout=LONGEST)
        return {row.figure: switch(caller, self.world, "REGISTER", after)}

    def _invite(self, caller, callee, row):
        after = self._fail(row)
        caller.call_in("active", caller.dial(callee.user), timeout=LONGEST)
        return {row.figure: switch(caller, self.world, "INVITE", after)}

    def _bye(self, caller, callee, row):
        began = time.time()
        call = caller.dial(callee.user)
        caller.call_in("active", call)
        callee.call_in("active")
        caller.reached("ACK", self.world.primary_address, began)
        mark, after = callee.events.mark(), self._fail(row)
        caller.hangup(call)
        callee.events.wait("call", since=mark, timeout=LONGEST, state="ended")
        return {row.figure: switch(caller, self.world, "BYE", after)}

    def _start(self, caller, _, row):
        after = self._fail(row)
        caller.start()
        caller.registered(self.world.backup_address, timeout=LONGEST)
        return {row.figure: switch(caller, self.world, "REGISTER", after)}

    def _idle(self, caller, _, row):
        after = self._fail(row)
        caller.registered(self.world.backup_address, timeout=LONGEST)
        there = caller.reached("REGISTER", self.world.backup_address, after)
        primary = [p for p in caller.capture.packets() if self.world.primary_address in (p.src, p.dst) and p.t >= after]
        seen = {"from the fault": (there - after, None)}
        if row.fault == "killed" and row.transport != "udp":
            closed = next(p.t for p in primary if p.tcp and set(p.tcp) & set("FR") and p.src == self.world.primary_address)
            seen = {"from the close": (there - closed, None)}
        elif row.transport != "tls":
            asked = next(p.t for p in primary if p.sip and p.sip.method == "OPTIONS")
            seen["from the OPTIONS"] = (there - asked, None)
        return seen


def worker(jobs, results, deadline):
    """Does jobs, rows, until there are none or the time is up. A run that fails spoils its laboratory, not the others."""
    laboratory = None
    proc.end_in_order()
    try:
        for row in iter(jobs.get, None):
            if time.monotonic() > deadline - LONGEST:
                continue
            try:
                laboratory = laboratory or Laboratory()
                results.put((row, laboratory.run(row), None))
            except Exception as error:  # noqa: BLE001 - a failed run is a result
                report = laboratory.world.report()[-6000:] if laboratory else ""
                results.put((row, None, f"{type(error).__name__}: {error}\n{report}"))
                if laboratory:
                    laboratory.close()
                laboratory = None
    finally:
        # A child of multiprocessing runs no exit handlers: what it has started it ends here.
        try:
            if laboratory:
                laboratory.close()
        finally:
            proc.end_all()
            net.delete_all()
            results.put(None)


def measure(rows, runs, labs, minutes):
    """All runs that the time allows: (row, figure) → list of (seconds, transmissions); failures; load averages seen."""
    jobs, results = multiprocessing.Queue(), multiprocessing.Queue()
    for _ in range(runs):
        # The long ones first, so that the labs end a round at about the same time.
        for row in sorted(rows, key=lambda row: row.promised, reverse=True):
            jobs.put(row)
    for _ in range(labs):
        jobs.put(None)
    deadline = time.monotonic() + 60 * minutes
    workers = [multiprocessing.Process(target=worker, args=(jobs, results, deadline)) for _ in range(labs)]
    for process in workers:
        process.start()
    found, failures, loads, ended, done = {}, [], [], 0, 0
    while ended < labs:
        result = results.get()
        if result is None:
            ended += 1
            continue
        row, seen, error = result
        loads.append(os.getloadavg()[0])
        if error:
            failures.append(f"{row}: {error}")
        for figure, value in (seen or {}).items():
            found.setdefault((row, figure), []).append(value)
        done += 1
        print(f"\r{done} of {runs * len(rows)} runs, {len(failures)} failed, {max(0, deadline - time.monotonic()) / 60:.0f} min left ",
              end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for process in workers:
        process.join(10)
    return found, failures, loads


def main():
    """Measures, prints, writes the page if asked; non-zero if a bound is broken or a run failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=20, help="runs of each row (default 20)")
    options.add_argument("--labs", type=int, default=3, help="laboratories side by side (default 3)")
    options.add_argument("--minutes", type=float, default=90, help="end after so long with what there is (default 90)")
    options.add_argument("--transport", choices=TRANSPORTS, action="append", help="only this one; may be repeated")
    options.add_argument("--fault", choices=sorted({row.fault for row in ROWS}), action="append", help="the same")
    options.add_argument("--write", metavar="FILE", help="write the page here")
    given = options.parse_args()
    rows = [row for row in ROWS if (not given.transport or row.transport in given.transport)
            and (not given.fault or row.fault in given.fault)]
    began = time.monotonic()
    found, failures, loads = measure(rows, given.runs, given.labs, given.minutes)
    text, broken = table(rows, found)
    print(text)
    if given.write:
        with open(given.write, "w") as f:
            f.write(page(text, given.labs, (time.monotonic() - began) / 60, loads, failures, broken))
    for line in [*failures, *broken]:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failures or broken else 0


if __name__ == "__main__":
    sys.exit(main())
