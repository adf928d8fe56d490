"""The 32-bit programs under qemu-user, beside real proxies, and their package; `scripts/test armv7` makes and runs them."""

import glob
import os
import re
import shutil
import subprocess

import pytest

from lab import emulated
from lab.phone import _ROOT
from lab.proc import run


def test_an_armv7_phone_registers_and_moves_to_the_backup(world, tmp_path, monkeypatch):
    assert os.path.getsize(emulated.built("armv7", "phoned")) < 7_000_000
    emulated.use("armv7", tmp_path, monkeypatch)
    emulated.moves_to_the_backup(world)


def package():
    """The package that scripts/package armv7 has made."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(_ROOT, "target"))
    made, = glob.glob(os.path.join(target, "device", "phoned_*_armhf.deb"))
    return made


@pytest.fixture
def system(tmp_path):
    """A Debian for armhf that a test may spoil, and what runs a shell's commands in it; they may not fail unless told so."""
    made = os.environ.get("ARMHF_ROOT")
    if not made:
        pytest.skip("as root only: no ARMHF_ROOT, which scripts/lib/armhf-root makes and lets run")
    root = str(tmp_path / "root")
    os.mkdir(root)
    subprocess.run(["tar", "--extract", "--file", made, "--directory", root, "--numeric-owner"], check=True)

    def sh(command, check=True):
        done = subprocess.run(["chroot", root, "/bin/sh", "-c", command], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                              "DEBIAN_FRONTEND": "noninteractive"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout.strip()

    sh.root = root
    yield sh
    shutil.rmtree(root)


def newer(folder):
    """The same package as a version after it, whose own options are others."""
    tree = os.path.join(folder, "newer")
    run(["dpkg-deb", "--raw-extract", package(), tree])
    with open(f"{tree}/etc/phoned/phoned.env", "a") as f:
        f.write("# A remark that the version before had not.\n")
    control = f"{tree}/DEBIAN/control"
    with open(control) as f:
        text = re.sub(r"^Version: .*$", "Version: 99", f.read(), flags=re.M)
    with open(control, "w") as f:
        f.write(text)
    run(["dpkg-deb", "--root-owner-group", "--build", tree, os.path.join(folder, "newer.deb")])
    return os.path.join(folder, "newer.deb")


def test_its_package_is_for_armhf_and_names_the_libraries_that_it_needs():
    said = dict(line.split(": ", 1) for line in run(["dpkg-deb", "--field", package()]).stdout.splitlines() if ": " in line)
    assert said["Architecture"] == "armhf"
    assert "libasound2 (>= " in said["Depends"] and "libc6 (>= 2." in said["Depends"], said["Depends"]


def test_its_package_installs_is_upgraded_with_the_owners_options_removed_and_leaves_nothing_when_purged(system, tmp_path):
    before = system("find / -xdev | sort")
    shutil.copy(package(), system.root + "/tmp/phoned.deb")
    shutil.copy(newer(str(tmp_path)), system.root + "/tmp/newer.deb")
    system("dpkg -i /tmp/phoned.deb")
    assert system("dpkg --print-architecture") == "armhf"
    # Its libraries are there: the loader and the program are 32-bit ones.
    assert system("phoned --version").startswith("phoned ") and system("phonectl --version").startswith("phonectl ")
    assert "audio" in system("id -nG phoned").split() and system("getent passwd phoned").endswith("/usr/sbin/nologin")
    assert system("readlink /etc/systemd/system/multi-user.target.wants/phoned.service") == "/lib/systemd/system/phoned.service"
    system("mkdir -p /var/lib/phoned && echo kept >/var/lib/phoned/config.db && echo 'PHONED_OPTIONS=mine' >/etc/phoned/phoned.env")

    system("dpkg --force-confdef --force-confold -i /tmp/newer.deb")
    assert system("dpkg-query -W -f '${Version}' phoned") == "99"
    assert system("cat /etc/phoned/phoned.env") == "PHONED_OPTIONS=mine", "the owner's file is kept"

    system("dpkg -r phoned")
    system("test -e /var/lib/phoned/config.db && test -e /etc/phoned/phoned.env && ! test -e /usr/bin/phoned")
    system("dpkg -P phoned")
    assert system("getent passwd phoned; getent group phoned", check=False) == ""
    left = set(system("find / -xdev | sort").splitlines()) - set(before.splitlines())
    # What dpkg, adduser and deb-systemd-helper keep of their own.
    assert not {path for path in left if "phone" in path and not path.startswith("/tmp/")}, sorted(left)
