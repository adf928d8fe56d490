"""The cross-built programs of a board, run by qemu-user on this computer."""

import os

from .phone import _ROOT

_TRIPLES = {"aarch64": "aarch64-unknown-linux-gnu", "armv7": "armv7-unknown-linux-gnueabihf"}


def built(board, name):
    """One of the programs that scripts/cross has made."""
    path = os.path.join(_cross(), _TRIPLES[board], "release", f"{name}.stripped")
    if not os.path.exists(path):
        raise FileNotFoundError(f"no {path}: scripts/cross {board} makes it")
    return path


def use(board, folder, monkeypatch):
    """Phones that are started from now on run these programs; `folder` is where to put what starts them."""
    how = "qemu-aarch64-static" if board == "aarch64" else f"qemu-arm-static -L {_cross()}/armhf/libraries"
    for name in ("phoned", "phonectl"):
        wrapper = os.path.join(str(folder), name)
        with open(wrapper, "w") as f:
            f.write(f'#!/bin/sh\nexec {how} {built(board, name)} "$@"\n')
        os.chmod(wrapper, 0o755)
        monkeypatch.setenv(name.upper(), wrapper)


def moves_to_the_backup(world):
    """A phone of these programs registers at the primary, and at the backup when that one is killed."""
    phone = world.phone("1001")
    phone.registered(world.primary_address, timeout=60)
    world.primary.kill()
    phone.ctl("account", "register", "1", timeout=60)
    phone.registered(world.backup_address, timeout=60)


def _cross():
    return os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(_ROOT, "target")), "cross")
