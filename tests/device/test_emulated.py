"""The aarch64 programs under qemu-user, beside real proxies: what an emulated system call does otherwise shows here."""

import os

from lab import emulated


def test_the_programs_are_small_enough_for_a_device():
    assert os.path.getsize(emulated.built("aarch64", "phoned")) < 6_000_000
    assert os.path.getsize(emulated.built("aarch64", "phonectl")) < 1_500_000


def test_an_aarch64_phone_registers_and_moves_to_the_backup(world, tmp_path, monkeypatch):
    emulated.use("aarch64", tmp_path, monkeypatch)
    emulated.moves_to_the_backup(world)
