"""`scripts/lab`: a person brings the laboratory up, breaks things, and nothing is left behind (issue 3 item 8; A1, B3)."""

import os
import re
import signal
import subprocess
import sys
import tempfile

import pytest

from lab.proc import run
from lab.wait import until

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture
def records(monkeypatch):
    """Keeps the list of running laboratories apart from that of a person who plays beside the test; by a short name, because
    the phones' sockets are below it."""
    with tempfile.TemporaryDirectory(prefix="labs-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield


def begin():
    """A laboratory with its prompt at a pipe."""
    return subprocess.Popen([sys.executable, "-m", "lab.play"], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, start_new_session=True)


def up(lab):
    """Waits until it shows its introduction."""
    def introduces_itself():
        line = lab.stdout.readline()
        assert line, f"it ended with {lab.wait()}"
        return "Try:" in line
    until(introduces_itself, "the laboratory is up", 30)


def left(pid):
    """Namespaces and processes of a laboratory."""
    names = [n for n in run(["ip", "netns", "list"]).stdout.split() if n.startswith(f"lab{pid}-")]
    return names + [f for f in os.listdir("/etc/netns") if f.startswith(f"lab{pid}-")]


def test_a_person_calls_kills_the_primary_hangs_up_and_leaves_nothing_behind(records):
    lab = begin()
    commands = ["alice call dial 1002", "watch alice 2", "kill p1", "alice call hangup", "watch alice 2", "alice call list",
                "nobody call list", "kill p3", "path alice delay=0.05", "path bob delay=0.05", "heal", "dns fail", "dns heal",
                "certificate p2 expired", "ladder alice", "quit"]
    said, _ = lab.communicate("\n".join(commands) + "\n", timeout=60)
    assert lab.returncode == 0, said
    assert "ended" in said and re.search(r"10\.90\.0\.101:5060 > 10\.90\.0\.12:5060  BYE", said), said
    assert 'no command or phone "nobody"' in said and 'no proxy "p3"' in said and "can only be pulled" in said
    assert left(lab.pid) == []


def test_what_a_killed_laboratory_leaves_is_cleared_away(records):
    lab = begin()
    up(lab)
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    assert left(lab.pid)
    done = run([sys.executable, "-m", "lab.play", "--down"], timeout=60, cwd=HERE)
    assert f"laboratory {lab.pid} was dead" in done.stdout
    assert left(lab.pid) == []


def test_one_that_runs_elsewhere_ends_when_told_to(records):
    lab = begin()
    up(lab)
    done = run([sys.executable, "-m", "lab.play", "--down"], timeout=60, cwd=HERE)
    assert f"laboratory {lab.pid} is down" in done.stdout
    lab.wait(10)
    assert left(lab.pid) == []
