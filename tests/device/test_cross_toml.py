"""Cross.toml, read as `cross` would read it: its container build is not run by this project."""

import glob
import os
import re
import tomllib

from lab.phone import _ROOT

TARGETS = {"aarch64-unknown-linux-gnu", "armv7-unknown-linux-gnueabihf"}


def read(name):
    with open(os.path.join(_ROOT, name), "rb") as f:
        return tomllib.load(f)


def test_cross_and_cargo_know_the_same_targets_and_only_keys_that_exist():
    cross, cargo = read("Cross.toml"), read(".cargo/config.toml")
    assert set(cross) == {"target"} and set(cargo) == {"target", "env"}
    assert set(cross["target"]) == set(cargo["target"]) == TARGETS
    for target in TARGETS:
        assert set(cross["target"][target]) == {"pre-build"}
        assert set(cargo["target"][target]) == {"linker", "runner"}
        commands = cross["target"][target]["pre-build"]
        assert commands[0] == "dpkg --add-architecture $CROSS_DEB_ARCH"
        assert "libasound2-dev:$CROSS_DEB_ARCH" in commands[1].split()


def test_yocto_builds_the_same_sqlite_as_cargo_does():
    recipe, = glob.glob(os.path.join(_ROOT, "meta-layer", "recipes-phone", "phoned", "phoned_*.bb"))
    with open(recipe) as f:
        said = re.search(r'^export LIBSQLITE3_FLAGS = "((?:[^"\\]|\\\n)*)"$', f.read(), re.M)[1]
    flags = read(".cargo/config.toml")["env"]["LIBSQLITE3_FLAGS"].split()
    assert said.replace("\\\n", "").split() == flags and "-USQLITE_ENABLE_FTS5" in flags
