"""The 32-bit programs under qemu-user, beside real proxies, and their package; `scripts/test armv7` makes and runs them."""

import glob
import os

from lab import emulated
from lab.phone import _ROOT
from lab.proc import run


def test_an_armv7_phone_registers_and_moves_to_the_backup(world, tmp_path, monkeypatch):
    assert os.path.getsize(emulated.built("armv7", "phoned")) < 7_000_000
    emulated.use("armv7", tmp_path, monkeypatch)
    emulated.moves_to_the_backup(world)


def test_its_package_is_for_armhf_and_names_the_libraries_that_it_needs():
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(_ROOT, "target"))
    package, = glob.glob(os.path.join(target, "device", "phoned_*_armhf.deb"))
    said = dict(line.split(": ", 1) for line in run(["dpkg-deb", "--field", package]).stdout.splitlines() if ": " in line)
    assert said["Architecture"] == "armhf"
    assert "libasound2 (>= " in said["Depends"] and "libc6 (>= 2." in said["Depends"], said["Depends"]
