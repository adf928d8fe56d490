"""Input devices with keys inside a booted Debian system, played by the kernel's uinput: whatever name and keys they have."""

import shlex

# uapi/linux/input-event-codes.h: the digits of a telephone, '0' … '9', '*', '#', and keys that a desk has besides.
DIGITS = "0123456789*#"
CODES = {**{digit: 0x200 + place for place, digit in enumerate(DIGITS)}, "green": 28, "red": 1, "hook": 59}

# uapi/linux/uinput.h, by perl, which every Debian has: UI_SET_EVBIT, UI_SET_KEYBIT, UI_DEV_SETUP, UI_DEV_CREATE. Each line of
# the pipe is a key's code and whether it is pressed.
_DEVICE = r"""
my ($pipe, $name, @codes) = @ARGV;
open(my $device, "+<", "/dev/uinput") or die "uinput: $!";
ioctl($device, 0x40045564, 1) or die "EV_KEY: $!";
for my $code (@codes) { ioctl($device, 0x40045565, 0 + $code) or die "key $code: $!"; }
my $setup = pack("SSSS a80 L", 0x19, 1, 1, 1, $name, 0);
ioctl($device, 0x405c5503, $setup) or die "setup: $!";
ioctl($device, 0x5501, 0) or die "create: $!";
sub event { syswrite($device, pack("qqSSl", 0, 0, @_)) == 24 or die "event: $!"; }
open(my $keys, "+<", $pipe) or die "pipe: $!";
while (<$keys>) {
    my ($code, $pressed) = split;
    event(1, $code, $pressed);
    event(0, 0, 0);
}
"""


class Keypad:
    """One input device of `machine` with this name and these keys (of `CODES`), plugged in at once."""

    def __init__(self, machine, name, keys):
        self.machine, self.keys = machine, list(keys)
        self._pipe = f"/run/{name.replace(' ', '-')}"
        codes = " ".join(str(CODES[key]) for key in self.keys)
        machine.sh("modprobe uinput")
        machine.put(f"{self._pipe}.pl", _DEVICE.encode())
        machine.sh(f"mkfifo {self._pipe}; perl {self._pipe}.pl {self._pipe} {shlex.quote(name)} {codes} >{self._pipe}.log 2>&1 &")

    def press(self, *keys):
        """Presses and lets go of these keys, one after the other."""
        for key in keys:
            self.hold_down(key)
            self.let_go(key)

    def hold_down(self, key):
        self._event(key, 1)

    def let_go(self, key):
        self._event(key, 0)

    def _event(self, key, pressed):
        assert key in self.keys, f"there is no key {key}"
        self.machine.sh(f"test ! -s {self._pipe}.log && echo {CODES[key]} {pressed} >{self._pipe}")
