"""A keypad, a hook and a key at a GPIO, each an input device of its own, on a booted Debian whose phone is a locked-in service
(issue 5, item 9): played by uinput, and by QEMU's power button, which the kernel's own driver of GPIO keys reads."""

from lab.desk import Desk
from lab.keypad import DIGITS, Keypad
from lab.wait import until

# RFC 4733: the event of '0' is 0, of '9' 9, of '*' 10 and of '#' 11.
END_OF_EVENT = 0x80


def log(system):
    return system.sh("journalctl --unit phoned --no-pager --output cat").decode()


def in_use(system, name):
    """Whether the phone has taken the input device for itself."""
    return any("handset input is in use" in line and name in line for line in log(system).splitlines())


def digits_heard(far, address):
    """The digits that have come to the far end by telephone events, in order."""
    heard = []
    for packet in far.capture.packets():
        if packet.rtp and packet.src == address and packet.rtp[0] == 101 and packet.rtp[3][1] & END_OF_EVENT:
            # The end of an event is sent three times.
            if not heard or heard[-1][0] != packet.rtp[2]:
                heard.append((packet.rtp[2], DIGITS[packet.rtp[3][0]]))
    return "".join(digit for _, digit in heard)


def test_a_number_typed_on_a_keypad_is_dialled_by_lifting_and_its_digits_are_heard_in_the_call(system, world):
    system.configure(world)
    desk = Desk(system, world, system.patience)
    # As docs/handset.md has it of the package: the rules give the phone its input devices, also those that are there already.
    system.sh("cp /usr/share/doc/phoned/examples/61-phone-handset.rules /etc/udev/rules.d/")
    system.sh("udevadm control --reload && udevadm trigger")
    keypad, cradle = Keypad(system, "matrix-keypad", DIGITS), Keypad(system, "desk buttons", ["hook", "green"])
    system.sh("phonectl config set 'Handset Inputs=matrix-keypad,desk buttons,gpio-keys' 'Handset Keys=KEY_F1=hook,KEY_POWER=hold'")
    for name in ("matrix-keypad", "desk buttons", "gpio-keys"):
        until(lambda name=name: in_use(system, name), lambda name=name: f"{name} is in use; the phone said:\n{log(system)[-2000:]}",
              system.patience, 0.5)

    keypad.press(*"1002")
    assert desk.states() == [], "a number that is only typed is not dialled"
    cradle.hold_down("hook")
    until(lambda: desk.states() == ["active"], "the call is active", system.patience, 0.2)
    desk.far.call_in("active", timeout=system.patience)

    keypad.press(*"4*7#")
    until(lambda: digits_heard(desk.far, system.address) == "4*7#", lambda: f"4*7# at the far end: {digits_heard(desk.far, system.address)}",
          system.patience, 0.5)

    system.press_power_button()
    until(lambda: desk.states() == ["held"], "it is on hold", system.patience, 0.2)
    desk.far.call_in("remote_held", timeout=system.patience)
    system.press_power_button()
    until(lambda: desk.states() == ["active"], "it is taken back", system.patience, 0.2)
    desk.far.call_in("active", timeout=system.patience)

    cradle.let_go("hook")
    assert desk.far.call_in("ended", timeout=system.patience)["ended"]["by"] == "remote"

    # The green key dials as well, and puts nothing down.
    keypad.press(*"1002")
    cradle.press("green")
    until(lambda: desk.states() == ["active"], "the second call is active", system.patience, 0.2)
    assert system.shown("NRestarts") == "0"
