"""The aarch64 programs on QEMU's Raspberry Pi 3B: its own processor, device tree and serial lines, its network at its USB. It
has no sound card there, so `snd-aloop` is one (issue 5)."""

import pytest

from lab.desk import Desk
from lab.phone import line_items
from lab.vm import Machine
from lab.wait import until

# The emulation is slow, and slower beside other work: this only ends a test that hangs.
PATIENCE = 300


@pytest.fixture
def raspberry(world):
    items = line_items("1001", world.primary_address, world.backup_address)
    here = Machine(world.network, world.folder, 24, items, "--web off", board="raspi3b")
    try:
        yield here.power_on(boot_timeout=PATIENCE)
    finally:
        print(here.proc.output()[-3000:] if here.proc else "never started")
        here.close()


def test_a_raspberry_pi_registers_calls_and_moves_to_the_backup(raspberry, world):
    assert raspberry.sh("cat /proc/device-tree/model").startswith(b"Raspberry Pi 3 Model B")
    desk = Desk(raspberry, world, PATIENCE)
    raspberry.sh(f"phonectl health --wait {PATIENCE}s", timeout=PATIENCE + 10)
    call = desk.call()
    from_it = lambda: [p for p in desk.far.capture.packets() if p.rtp and p.src == raspberry.address]  # noqa: E731
    until(lambda: len(from_it()) > 50, "a second of its sound", PATIENCE, 0.5)
    desk.kill_the_primary_and_hang_up(call)
