"""Hook, keys and lamps of a booted arm64 machine: a USB handset by uhid, a hook and a lamp at its PL061's GPIOs (issue 5)."""

import shlex

import pytest

from lab.handset import Handset
from lab.phone import line_items
from lab.vm import Machine
from lab.wait import until

# The emulation is slow, and slower beside other work: this only ends a test that hangs.
PATIENCE = 90
CALL_LAMP = 0
# The line that QEMU's power button pulls up for 100 ms; its driver is not loaded in this machine.
BUTTON = 3


@pytest.fixture
def desk(world, request):
    """A machine whose phone is user 1001, without hardware yet, and user 1002 elsewhere, who answers at once."""
    here = Machine(world.network, world.folder, 21, line_items("1001", world.primary_address, world.backup_address), "--web off")
    here.far = world.phone("1002", auto_answer=True)
    here.far.registered()
    here.power_on()
    here.sh("mount -t debugfs none /sys/kernel/debug")
    here.sh(f"phonectl health --wait {PATIENCE}s", timeout=PATIENCE + 10)
    yield here
    if getattr(request.node, "report_call", None) is None or request.node.report_call.failed:
        print(here.proc.output()[-2000:], here.sh("cat /var/log/phoned", check=False).decode(errors="replace")[-6000:])
    here.close()


def configure(here, **items):
    """Sets items; blanks in their names as underscores."""
    pairs = " ".join(shlex.quote(f"{name.replace('_', ' ')}={value}") for name, value in items.items())
    here.sh(f"phonectl config set {pairs}")


def in_use(here):
    """How often the handset has come into use."""
    return here.sh("grep -c 'handset input is in use' /var/log/phoned", check=False).strip()


def call_lamp(here):
    """Whether the call lamp is lit, as the kernel's driver of the GPIO tells."""
    for line in here.sh("cat /sys/kernel/debug/gpio").decode().splitlines():
        if "phoned" in line and "out" in line.split():
            return "hi" in line.split()
    return None


def states(here):
    """The states of all calls that are not over."""
    return [call["state"] for call in here.json("call", "list")["calls"] if call["state"] != "ended"]


def test_a_usb_handset_dials_is_unplugged_in_the_call_and_hangs_up(desk):
    configure(desk, Call_Lamp_GPIO=f"gpiochip0:{CALL_LAMP}:high",
              **{name.replace(" ", "_"): value for name, value in Handset.ITEMS.items()})
    handset = Handset(desk)
    handset.plug()
    until(lambda: in_use(desk) == b"1", "the handset is in use", PATIENCE, 0.2)
    assert call_lamp(desk) is False
    handset.lift()
    handset.type("1002#")
    until(lambda: states(desk) == ["active"], "the call is active", PATIENCE, 0.2)
    assert call_lamp(desk) is True

    handset.unplug()
    until(lambda: b"handset input is out of use" in desk.sh("cat /var/log/phoned"), "it is missed", PATIENCE, 0.2)
    handset.plug()
    until(lambda: in_use(desk) == b"2", "it is in use again", PATIENCE, 0.2)
    assert states(desk) == ["active"], "the call has survived that"
    handset.lift()
    handset.put_down()
    assert desk.far.call_in("ended", timeout=PATIENCE)["ended"]["by"] == "remote"
    until(lambda: call_lamp(desk) is False, "the lamp is dark", PATIENCE, 0.2)


def test_a_hook_at_a_gpio_answers_and_the_lamp_blinks_while_it_rings(desk):
    configure(desk, Hook_GPIO=f"gpiochip0:{BUTTON}:high", Call_Lamp_GPIO=f"gpiochip0:{CALL_LAMP}:high")
    until(lambda: b"the hook's GPIO is in use" in desk.sh("cat /var/log/phoned"), "the hook is in use", PATIENCE, 0.2)
    call = desk.far.dial("1001")
    until(lambda: states(desk) == ["ringing"], "it rings", PATIENCE, 0.2)
    for lit in (True, False, True):
        until(lambda lit=lit: call_lamp(desk) is lit, f"the lamp is {lit}", PATIENCE, 0.05)
    # Lifted and put down again after 100 ms.
    desk.press_power_button()
    ended = desk.far.call_in("ended", call, timeout=PATIENCE)
    assert ended["ended"]["by"] == "remote" and ended["codec"], f"it was not answered: {ended}"
    until(lambda: call_lamp(desk) is False, "the lamp is dark", PATIENCE, 0.2)
