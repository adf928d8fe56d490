"""Every script of the project explains itself, wherever it is called from, and does nothing else then."""

import os
import subprocess

import pytest

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts")
# Its options are those of a program, which is built for that.
BUILT = {"simulate"}
NAMES = sorted(name for name in os.listdir(SCRIPTS) if os.path.isfile(os.path.join(SCRIPTS, name)) and name not in BUILT)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_for_in_its_own_folder_too(name):
    done = subprocess.run([f"./{name}", "--help"], cwd=SCRIPTS, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 10 and "set -euo" not in done.stdout, done.stdout
    assert done.stderr == ""
