"""The three ways in which a primary fails a phone over UDP, and what each may cost (failover design §8)."""

import time

from .capture import switch_time

# name → (seconds from the first packet to the primary until the first to the next hop, transmissions to the primary)
COST = {"killed": (0.0, 1), "frozen": (3.5, 3), "503": (0.0, 1)}
# A single run may be this far off (failover design §8: worst within 250 ms); scripts/measure looks at medians.
WORST = 0.25


def inflict(hop, fault):
    """Lets a Kamailio fail in the named way; returns the wall-clock time before it, for queries of a capture."""
    before = time.time()
    if fault == "killed":
        hop.kill()
    elif fault == "frozen":
        hop.freeze()
    elif fault == "503":
        hop.answer_everything_with(503)
    elif fault == "500 to REGISTER":
        hop.answer_register_with(500)
    else:
        raise ValueError(fault)
    return before


def lift(hop, fault):
    """Takes the fault back."""
    if fault == "killed":
        hop.start()
    elif fault == "frozen":
        hop.thaw()
    else:
        hop.answer_everything_with(None)
        hop.answer_register_with(None)


def check_switch(phone, world, method, fault, after):
    """Holds a switch from the primary to the backup, read from the phone's capture, to its cost; returns the seconds."""
    seconds, tries = COST.get(fault, (0.0, 1))
    seen = switch_time(phone.capture.packets(), method, world.primary_address, world.backup_address, after)
    assert seen, f"no {method} went from the primary to the backup\n{phone.capture.ladder()}"
    took, transmissions = seen
    assert transmissions == tries, f"{transmissions} transmissions to the primary\n{phone.capture.ladder()}"
    assert seconds - 0.05 <= took <= seconds + WORST, f"{took:.3f} s to the backup\n{phone.capture.ladder()}"
    return took
