"""A USB handset inside a booted machine, played by the kernel's uhid: twelve keys and F1, which is wired as its hook."""

import shlex
import struct

# uapi/linux/uhid.h
_CREATE2, _INPUT2 = 11, 12
_BUS_USB = 3
# HID: a keyboard whose report has twelve keys of the telephony page (0xB0 '0' … 0xBB '#'), F1 to F4 of the keyboard page.
_DESCRIPTOR = bytes.fromhex("05010906a101" "050b19b029bb150025017501950c8102" "0507193a293d95048102" "c0")
_KEYS = "0123456789*#"
_HOOK = 12


class Handset:
    """One handset for `machine`, not plugged in yet."""

    NAME = "lab handset"
    ITEMS = {"Handset Inputs": NAME, "Handset Keys": "KEY_F1=hook"}

    def __init__(self, machine):
        self.machine, self._lifted = machine, False

    def plug(self):
        """It appears, with its hook as it is found."""
        # The descriptor of the device is the device: who holds it open takes events, a line each, from a pipe.
        self.machine.sh("rm -f /tmp/uhid; mkfifo /tmp/uhid; (exec 9<>/dev/uhid 8<>/tmp/uhid; while read -r event <&8; "
                        "do printf \"$event\" >&9; done) >/dev/null 2>&1 & echo $! >/run/uhid.pid")
        name = self.NAME.encode().ljust(128, b"\0") + bytes(128)
        create = struct.pack("<HHIIII", len(_DESCRIPTOR), _BUS_USB, 0x0D8C, 0x013C, 1, 0)
        self._event(_CREATE2, name + create + _DESCRIPTOR)

    def unplug(self):
        """It is gone."""
        self.machine.sh("kill $(cat /run/uhid.pid)")

    def lift(self):
        """Off its cradle."""
        self._lifted = True
        self._report()

    def put_down(self):
        """On its cradle."""
        self._lifted = False
        self._report()

    def type(self, keys):
        """Presses these keys, one after the other."""
        for key in keys:
            self._report(1 << _KEYS.index(key))
            self._report()

    def _report(self, keys=0):
        state = struct.pack("<H", keys | (self._lifted << _HOOK))
        self._event(_INPUT2, struct.pack("<H", len(state)) + state)

    def _event(self, kind, data):
        escaped = "".join(f"\\{octet:03o}" for octet in struct.pack("<I", kind) + data)
        self.machine.sh(f"printf '%s\\n' {shlex.quote(escaped)} >/tmp/uhid")
