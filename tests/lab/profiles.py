"""What a build of phoned costs, whatever it was built for: its size, what is resident while it is idle, and the instructions
of a start and of a packet of a call.

Instructions are counted by valgrind, so the numbers are the same however busy the computer is. `python3 -m lab.profiles NAME
PROGRAM` (scripts/compare-profiles) adds a line of JSON to the standard output.
"""

import argparse
import contextlib
import json
import os
import re
import time

from . import proc
from .kamailio import Variant
from .phone import binary
from .wait import until
from .world import World

PATIENCE = 240
# Sound at 50 packets a second.
PACKETS = 500
A_SECOND = 50


def counting(world, program):
    """A program that runs `program` under valgrind, and the file with what that says."""
    log, wrapper = world.file("valgrind.log"), world.file("counted-phoned")
    with open(wrapper, "w") as f:
        f.write(f"#!/bin/sh\nexec valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file={log} "
                f'{program} "$@"\n')
    os.chmod(wrapper, 0o755)
    return wrapper, log


@contextlib.contextmanager
def run_as(program):
    """Phones that are started meanwhile are this program."""
    before = os.environ.get("PHONED")
    os.environ["PHONED"] = program
    try:
        yield
    finally:
        if before is None:
            del os.environ["PHONED"]
        else:
            os.environ["PHONED"] = before


def counted(world, program, user, host, what):
    """The instructions of a phone from its start, until `what(phone)` is over and it has ended; and what that returned."""
    wrapper, log = counting(world, program)
    with run_as(wrapper):
        phone = world.phone(user, host=host, start=False)
        phone.start(wait=False)
        until(lambda: re.search(r"\bready\b", phone.proc.output()) and os.path.exists(phone.control), "ready", PATIENCE)
        until(lambda: phone.account()["state"] == "registered", "registered", PATIENCE, 1)
        said = what(phone)
        phone.stop(timeout=PATIENCE)
    with open(log) as f:
        return int(re.search(r"I\s+refs:\s+([\d,]+)", f.read())[1].replace(",", "")), said


def call(world, phone):
    """Has it call the other one, until so many packets have left; how many."""
    phone.ctl("call", "dial", "1002", timeout=PATIENCE)

    def sent():
        return len([p for p in phone.capture.packets() if p.rtp and p.src == phone.address])
    until(lambda: sent() >= PACKETS, "a call's packets", PATIENCE, 0.5)
    phone.ctl("call", "hangup", str(phone.calls()[0]["id"]), timeout=PATIENCE)
    return sent()


def idle(world, program):
    """kB that are resident of a registered phone without its page, and how many of them are no file's."""
    with run_as(program):
        phone = world.phone("1003", line={"UDPUpdate_TTL": None})
        phone.registered(world.primary_address, timeout=60)
        phone.events.close()
        phone.events = None
        time.sleep(5)
        resident = phone.status("VmRSS"), phone.status("RssAnon")
        phone.stop()
    return resident


def measure(name, program):
    """All of it for one program."""
    world = World(pair=Variant())
    try:
        other = world.phone("1002", auto_answer=True)
        other.registered(timeout=60)
        resident, own = idle(world, program)
        start, _ = counted(world, program, "1001", 101, lambda phone: None)
        whole, packets = counted(world, program, "1001", 104, lambda phone: call(world, phone))
        return {"name": name, "size": os.path.getsize(program), "resident_kb": resident, "own_kb": own,
                "start_instructions": start, "call_instructions_per_s": (whole - start) * A_SECOND // packets}
    finally:
        world.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("name")
    arguments.add_argument("program")
    given = arguments.parse_args()
    proc.end_in_order()
    binary("phonectl")
    print(json.dumps(measure(given.name, os.path.abspath(given.program))), flush=True)


if __name__ == "__main__":
    main()
