"""What the README has a person type on a Raspberry Pi, typed as it stands there on a booted Debian for the Pi's processor.

Not what needs a network or is done on another computer: making the package, and building on the Pi itself, whose two
programs are taken from the package instead."""

import os
import re

from lab.kamailio import DOMAIN, password
from lab.phone import hop_name
from lab.wait import until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def typed(world, after, before):
    """The first block of commands in the README between these two texts, with the laboratory's servers for the example's."""
    with open(os.path.join(ROOT, "README.md")) as f:
        text = f.read()
    block = re.search(r"```sh\n(.*?)```", text[text.index(after):text.index(before)], re.S)[1]
    for example, ours in (("10.0.0.1", world.primary_address), ("10.0.0.2", world.backup_address), ("=secret", f"={password('1001')}"),
                          ("example.test", DOMAIN)):
        assert example in block, f"no {example} in {block}"
        block = block.replace(example, ours)
    return block


def types(system, name, block, user="root"):
    """Types it into a shell of this user's, in the folder of the Pi's, which ends at the first command that fails."""
    system.sh("mkdir -p /home/pi && cd /home/pi && chown pi: /home/pi")
    system.put(f"/home/pi/{name}", f"set -eux\n{block}".encode())
    return system.sh(f"cd /home/pi && su {user} -s /bin/bash -c 'bash {name}'", timeout=system.patience).decode()


def has_a_user(system):
    """The user of a Raspberry Pi, who may use the sound card, as there; the package is not installed yet."""
    system.sh("dpkg -P phoned", timeout=system.patience)
    system.sh("useradd --create-home --groups audio pi")


def test_the_package_is_installed_configured_and_registers_as_the_readme_says(system, world):
    has_a_user(system)
    system.sh("cp /opt/phoned.deb /home/pi/phoned_0.1.0_arm64.deb")
    # It stands for the Pi's own, which this small system has not.
    system.put("/usr/local/bin/sudo", b'#!/bin/sh\nexec "$@"\n')
    system.sh("chmod 755 /usr/local/bin/sudo")
    print(types(system, "package.sh", typed(world, "and on the Pi", "Or without a command line")))
    assert system.account()["hop"] == hop_name(world.primary_address)
    assert system.shown("UnitFileState") == "enabled", "it runs as a service from then on"
    assert re.search(r"code=", system.sh("journalctl -u phoned --no-pager").decode()), "the code for the web page"


def test_programs_built_on_the_machine_run_without_a_service_as_the_readme_says(system, world):
    system.sh("install /usr/bin/phoned /usr/bin/phonectl /usr/local/bin/")
    has_a_user(system)
    far = world.phone("1002", auto_answer=True)
    far.registered(timeout=system.patience)
    block = typed(world, "Run it, and give it", "What is there, and what is not yet")
    # Without an end of its own, as a person would end it.
    assert block.endswith("phonectl watch\n")
    said = types(system, "run.sh", block.replace("phonectl watch\n", "timeout 20 phonectl watch || [ $? = 124 ]\n"), "pi")
    print(said)
    assert "registered" in said
    until(lambda: far.calls(), "the call has come", system.patience)
    far.call_in("active", timeout=system.patience)
