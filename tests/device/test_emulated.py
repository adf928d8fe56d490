"""The aarch64 programs under qemu-user, beside real proxies: what an emulated system call does otherwise shows here."""

import os

from lab.phone import _ROOT


def built(name):
    """One of the programs that scripts/cross has made."""
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(_ROOT, "target"))
    path = os.path.join(target, "cross", "aarch64-unknown-linux-gnu", "release", f"{name}.stripped")
    if not os.path.exists(path):
        raise FileNotFoundError(f"no {path}: scripts/cross makes it")
    return path


def test_the_programs_are_small_enough_for_a_device():
    assert os.path.getsize(built("phoned")) < 6_000_000
    assert os.path.getsize(built("phonectl")) < 1_500_000


def test_an_aarch64_phone_registers_and_moves_to_the_backup(world, tmp_path, monkeypatch):
    for name in ("phoned", "phonectl"):
        wrapper = tmp_path / name
        wrapper.write_text(f'#!/bin/sh\nexec qemu-aarch64-static {built(name)} "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setenv(name.upper(), str(wrapper))
    phone = world.phone("1001")
    phone.registered(world.primary_address, timeout=60)
    world.primary.kill()
    phone.ctl("account", "register", "1", timeout=60)
    phone.registered(world.backup_address, timeout=60)
