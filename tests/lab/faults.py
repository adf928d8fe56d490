"""The ways in which a primary fails a phone, and what each may cost (failover design §8)."""

import time

from .capture import switch_time
from .wait import until

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


def disturb(world, fault):
    """Lets the way to the primary fail for TCP: "reset" (a RST to all that is sent), "black hole" (no SYN arrives),
    "vanishing" (no segment passes), "host unreachable" (ICMP for a SYN); `network.heal` takes it back. Returns the time."""
    before, address = time.time(), world.primary_address
    if fault == "reset":
        world.network.tcp_reset(address)
    elif fault == "black hole":
        world.network.tcp_black_hole(address)
    elif fault == "vanishing":
        world.network.tcp_dead(address)
    elif fault == "host unreachable":
        world.network.reject(address, "host-unreachable", "tcp")
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


def switch(phone, world, method, after):
    """How a request left the primary for the backup: (seconds, transmissions to the primary).

    Over UDP from the first to the primary until the first to the backup. Over TCP and TLS from the phone's first segment to
    the primary since `after` (it opens a connection, or writes) until the request to the backup; TLS hides that, so there it
    is when the backup has taken it in, and the transmissions are None.
    """
    if phone.transport == "udp":
        return until(lambda: switch_time(phone.capture.packets(), method, world.primary_address, world.backup_address, after),
                     lambda: f"{method} goes from the primary to the backup\n{phone.capture.ladder()}", 1)
    there = phone.reached(method, world.backup_address, after, timeout=1)
    here = next((p.t for p in phone.capture.packets() if p.tcp is not None and p.t >= after and p.src == phone.address
                 and p.dst == world.primary_address and (p.tcp == "S" or p.size)), None)
    assert here is not None, f"nothing went to the primary\n{phone.capture.ladder()}"
    return there - here, phone.requests_at(method, world.primary_address, after) if phone.transport == "tcp" else None


def check_switch(phone, world, method, fault, after):
    """Holds a switch from the primary to the backup, read from the phone's capture, to its cost; returns the seconds."""
    seconds, tries = COST.get(fault, (0.0, 1))
    took, transmissions = switch(phone, world, method, after)
    expected = {"udp": tries, "tcp": 1, "tls": None}[phone.transport]
    assert transmissions == expected, f"{transmissions} transmissions to the primary\n{phone.capture.ladder()}"
    assert seconds - 0.05 <= took <= seconds + WORST, f"{took:.3f} s to the backup\n{phone.capture.ladder()}"
    return took
