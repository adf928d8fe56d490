"""Updates A/B as RAUC makes them of the layer's own files, on loop devices of this computer; what the boot loader does is
played here by the rules of meta-raspberrypi's boot script (issue 5, item 8). Needs root."""

import contextlib
import os
import re

import pytest

from lab.phone import _ROOT, binary
from lab.proc import Proc, run
from lab.wait import until

RAUC = os.path.join(_ROOT, "meta-layer", "dynamic-layers", "rauc", "recipes-core")
UNIT = os.path.join(_ROOT, "rootfs-overlay", "usr", "lib", "systemd", "system", "phoned-healthy.service")
TRIES = 3


def text(path):
    with open(path) as f:
        return f.read()


class Board:
    """A Raspberry Pi as an updater sees it: two systems, the boot loader's variables, a bus, RAUC's service."""

    def __init__(self, folder):
        self.folder, self.service, self.loops = folder, None, []
        self.environment, self.bus = os.path.join(folder, "uboot.env"), f"unix:path={folder}/bus"
        for name in ("bin", "data", "mnt"):
            os.makedirs(os.path.join(folder, name))
        self._write("uboot.env", f"BOOT_ORDER=A B\nBOOT_A_LEFT={TRIES}\nBOOT_B_LEFT={TRIES}\n")
        # What libubootenv's programs of these names do, on a file.
        self._write("bin/fw_printenv", f'#!/bin/sh\n[ "$1" != -n ] || shift\ngrep "^$1=" {self.environment}\n', 0o755)
        self._write("bin/fw_setenv", f'#!/bin/sh\nsed -i "/^$1=/d" {self.environment}\necho "$1=$2" >>{self.environment}\n', 0o755)
        self.env = ["env", f"PATH={folder}/bin:{os.environ['PATH']}:/usr/sbin:/sbin", f"DBUS_SYSTEM_BUS_ADDRESS={self.bus}"]
        self.slots = {name: self._loop(self.system(f"slot-{name}", "former")) for name in ("A", "B")}
        self.bus_process = Proc("bus", ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self.bus}"],
                                os.path.join(folder, "bus.log"))
        until(lambda: os.path.exists(f"{folder}/bus"), "the bus", every=0.1)

    def _write(self, name, what, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(what)
        os.chmod(path, mode)
        return path

    def _loop(self, path):
        self.loops.append(run([*self.env, "losetup", "--find", "--show", path]).stdout.strip())
        return self.loops[-1]

    def system(self, name, version):
        """An ext4 file system with its version, and with what does not shrink: a bundle of this form is never one block."""
        tree = os.path.join(self.folder, f"{name}.tree")
        os.makedirs(os.path.join(tree, "etc"))
        with open(os.path.join(tree, "etc", "version"), "w") as f:
            f.write(version)
        with open(os.path.join(tree, "rest"), "wb") as f:
            f.write(os.urandom(65536))
        path = os.path.join(self.folder, f"{name}.ext4")
        run([*self.env, "mke2fs", "-q", "-t", "ext4", "-d", tree, path, "16M"])
        return path

    def authority(self, name):
        """(certificate, key) that signs bundles."""
        certificate, key = (os.path.join(self.folder, f"{name}.{kind}") for kind in ("pem", "key"))
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}", "-keyout", key,
             "-out", certificate])
        return certificate, key

    def bundle(self, name, version, signer, compatible=None, form="plain"):
        """A bundle as the layer's recipe describes it."""
        recipe = text(os.path.join(RAUC, "bundles", "phone-bundle_1.0.bb"))
        said = dict(re.findall(r'^RAUC_BUNDLE_(\w+) = "(.*)"$', recipe, re.M))
        assert said["FORMAT"] == "verity" and said["SLOTS"] == "rootfs", said
        compatible = compatible or said["COMPATIBLE"].replace("${MACHINE}", "raspberrypi4-64")
        content = os.path.join(self.folder, f"{name}.content")
        os.makedirs(content)
        os.rename(self.system(name, version), os.path.join(content, "system.ext4"))
        with open(os.path.join(content, "manifest.raucm"), "w") as f:
            f.write(f"[update]\ncompatible={compatible}\nversion={version}\n\n[bundle]\nformat={form}\n\n"
                    "[image.rootfs]\nfilename=system.ext4\n")
        path = os.path.join(self.folder, f"{name}.raucb")
        run([*self.env, "rauc", f"--cert={signer[0]}", f"--key={signer[1]}", "bundle", content, path], timeout=120)
        return path

    def configure(self, keyring):
        """The layer's own system.conf, but for devices, keyring and folder. This computer's kernel has no dm-verity, by which
        the device mounts bundles, so the bundles that are installed here have the older form."""
        here = text(os.path.join(RAUC, "rauc", "files", "raspberrypi4-64", "system.conf"))
        for there, ours in (("/dev/mmcblk0p2", self.slots["A"]), ("/dev/mmcblk0p3", self.slots["B"]),
                            ("/etc/rauc/ca.cert.pem", keyring), ("/data/rauc", f"{self.folder}/data"),
                            ("bundle-formats=verity", f"bundle-formats=plain verity\nmountprefix={self.folder}/mnt")):
            assert here.count(there) == 1, there
            here = here.replace(there, ours)
        self.conf = self._write("system.conf", here)

    def boot(self):
        """What the boot script does: the first system in order that has tries left, one of them less. Starts RAUC there."""
        said = self.variables()
        slot = next((name for name in said["BOOT_ORDER"].split() if int(said[f"BOOT_{name}_LEFT"]) > 0))
        run([f"{self.folder}/bin/fw_setenv", f"BOOT_{slot}_LEFT", str(int(said[f"BOOT_{slot}_LEFT"]) - 1)])
        if self.service:
            self.service.stop(timeout=5)
        self.service = Proc("rauc", [*self.env, "rauc", f"--conf={self.conf}", f"--override-boot-slot={slot}", "service"],
                            os.path.join(self.folder, "rauc.log"))
        until(lambda: self.rauc("status", check=False).returncode == 0, "RAUC's service", every=0.2)
        return slot

    def variables(self):
        return dict(line.split("=", 1) for line in text(self.environment).splitlines())

    def rauc(self, *args, check=True):
        return run([*self.env, "rauc", *args], check=check, timeout=120)

    def version(self, slot):
        """What is in a slot, read through a mount."""
        where = os.path.join(self.folder, f"look-{slot}")
        os.makedirs(where, exist_ok=True)
        run(["mount", "-o", "ro", self.slots[slot], where])
        try:
            return text(os.path.join(where, "etc", "version"))
        finally:
            run(["umount", where])

    def close(self):
        for process in (self.service, self.bus_process):
            if process:
                process.stop(timeout=5)
        for loop in self.loops:
            run([*self.env, "losetup", "-d", loop], check=False)


@pytest.fixture
def board(tmp_path):
    if os.geteuid() != 0:
        raise PermissionError("an update is written to loop devices: as root only")
    folder = str(tmp_path / "board")
    os.makedirs(folder)
    with contextlib.closing(Board(folder)) as board:
        yield board


def healthy(phone, wait):
    """What phoned-healthy.service asks, with another patience: whether the phone works."""
    asked = re.search(r"^ExecStart=/usr/bin/phonectl (.*)$", text(UNIT), re.M)[1]
    assert asked == "health --wait 120s"
    return run([binary("phonectl"), "--control", phone.control, "health", "--wait", wait], check=False, timeout=60).returncode == 0


def test_an_update_stays_when_the_phone_registers_and_is_left_when_it_does_not(world, board):
    ours = board.authority("ours")
    board.configure(keyring=ours[0])
    assert board.boot() == "A"
    board.rauc("install", board.bundle("good", "newer", ours))
    assert board.version("B") == "newer" and board.version("A") == "former"
    assert board.variables()["BOOT_ORDER"].split()[0] == "B"

    # The new system, whose phone works.
    assert board.boot() == "B"
    phone = world.phone("1001")
    phone.registered(world.primary_address)
    assert healthy(phone, "10s")
    board.rauc("status", "mark-good")
    assert board.variables()["BOOT_B_LEFT"] == str(TRIES), "and it may start as often as before"

    # An update whose phone never registers: nothing marks it, and after three starts the former system is back.
    board.rauc("install", board.bundle("bad", "worse", ours))
    assert board.version("A") == "worse"
    broken = world.phone("1002", line={"Register_Pswd": "wrong"})
    for _ in range(TRIES):
        assert board.boot() == "A"
        assert not healthy(broken, "1s")
    assert board.boot() == "B" and board.version("B") == "newer"


def test_a_bundle_of_another_maker_or_for_another_board_is_not_installed(board):
    ours, theirs = board.authority("ours"), board.authority("theirs")
    board.configure(keyring=ours[0])
    board.boot()
    for bundle, why in ((board.bundle("foreign", "newer", theirs), "signature verification failed"),
                        (board.bundle("other", "newer", ours, compatible="phone-qemuarm64"), "compatible mismatch")):
        said = board.rauc("install", bundle, check=False)
        assert said.returncode != 0 and why in (said.stdout + said.stderr).lower(), said
        assert board.version("B") == "former" and board.variables()["BOOT_ORDER"].split()[0] == "A"


def test_a_bundle_of_the_form_that_the_device_takes_can_be_made_and_is_signed(board):
    ours = board.authority("ours")
    bundle = board.bundle("verity", "newer", ours, form="verity")
    said = run([*board.env, "rauc", f"--keyring={ours[0]}", "info", bundle]).stdout
    assert "phone-raspberrypi4-64" in said and re.search(r"Bundle Format:\s+verity", said), said
