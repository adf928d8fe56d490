"""The device's firewall around a real phone: SIP from the hops of its lines, and from nobody else (requirements F10, F11)."""

import os
import socket

import pytest

from lab.phone import _ROOT, binary
from lab.proc import Proc, run
from lab.wait import until

OVERLAY = os.path.join(_ROOT, "rootfs-overlay")
STRANGER = "10.90.0.77"


@pytest.fixture
def guarded(world, tmp_path):
    """A registered phone behind the firewall, whose keeper runs as on the device."""
    phone = world.phone("1001")
    phone.registered(world.primary_address)
    inside = phone.namespace.exec
    run([*inside, "nft", "-f", os.path.join(OVERLAY, "etc/phoned/firewall.nft")])
    ctl = tmp_path / "ctl"
    ctl.write_text(f'#!/bin/sh\nexec {binary("phonectl")} --control {phone.control} "$@"\n')
    ctl.chmod(0o755)
    keeper = Proc("firewall", [*inside, os.path.join(OVERLAY, "usr/lib/phoned/firewall")], tmp_path / "firewall.log",
                  env={**os.environ, "PHONECTL": str(ctl), "NFT": "nft"})
    yield phone
    keeper.stop(timeout=0.5)


def hops(phone):
    """What is in the set of the firewall."""
    return run([*phone.namespace.exec, "nft", "list", "set", "inet", "phoned", "sip_hops4"]).stdout


def reaches(world, source, phone, port):
    """Whether a connection from `source` gets any answer, be it a refusal."""
    with world.network.core.socket(kind=socket.SOCK_STREAM) as sock:
        sock.settimeout(1.5)
        sock.bind((source, 0))
        try:
            sock.connect((phone.address, port))
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
        return True


def test_sip_comes_in_from_the_hops_of_the_lines_only(world, guarded):
    world.network.server(77)
    until(lambda: world.primary_address in hops(guarded), "the hops are in the set", 10, 0.1)
    assert world.backup_address in hops(guarded) and STRANGER not in hops(guarded)
    assert reaches(world, world.backup_address, guarded, 5060)
    assert not reaches(world, STRANGER, guarded, 5060)
    assert not reaches(world, world.primary_address, guarded, 22), "nothing else is open, not even to a hop"
    # Another server, another set; the phone goes on behind it.
    guarded.set(f"SIP1 BakProxy Addr={STRANGER}")
    until(lambda: STRANGER in hops(guarded), "the new hop is in the set", 10, 0.1)
    assert world.backup_address not in hops(guarded)
    assert reaches(world, STRANGER, guarded, 5060)
    guarded.ctl("account", "register", "1")
    guarded.registered(world.primary_address)
