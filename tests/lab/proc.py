"""Processes of the laboratory: each in a process group of its own, ended by its id, none left behind.

Output goes to a file, which a failing test can show. Groups matter: Kamailio forks workers, and freezing or
killing "the proxy" means all of them at the same instant.
"""

import atexit
import ctypes
import os
import signal
import subprocess
import time

from .wait import patience

_alive = []
_PR_SET_CHILD_SUBREAPER = 36
# What a dead process leaves behind comes to us, who take it away at once. The machine's first process may take seconds for
# that, and "killed" is meant to be an instant.
ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


class Proc:
    """A running program and its output; `name` says in messages which one it is."""

    def __init__(self, name, argv, log, cwd=None, env=None, stdin=subprocess.DEVNULL):
        self.name = name
        self.log = str(log)
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                [str(a) for a in argv], stdin=stdin, stdout=out, stderr=subprocess.STDOUT,
                cwd=cwd, env=env, start_new_session=True,
            )
        self.pid = self.popen.pid
        _alive.append(self)

    def running(self):
        """Whether the first process of the group still runs."""
        return self.popen.poll() is None

    def returncode(self):
        """The exit status, or None while it runs."""
        return self.popen.poll()

    def output(self):
        """All that it has written so far."""
        with open(self.log, "r", errors="replace") as f:
            return f.read()

    def signal(self, number):
        """Sends a signal to the whole group; a group that is gone is no error."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def freeze(self):
        """SIGSTOP: sockets stay open and fill up, nothing answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self):
        """SIGCONT: everything that has queued up is now worked through."""
        self.signal(signal.SIGCONT)

    def kill(self):
        """SIGKILL, and waits for the end: its ports answer with ICMP from now on."""
        self.signal(signal.SIGKILL)
        self.popen.wait(patience(10))
        self._wait_for_group()

    def stop(self, timeout=5):
        """SIGTERM, then SIGKILL after `timeout` seconds; returns the exit status."""
        if self.running():
            self.signal(signal.SIGCONT)
            self.popen.terminate()
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        if self in _alive:
            _alive.remove(self)
        return self.popen.returncode

    def _wait_for_group(self):
        deadline = time.monotonic() + patience(5)
        while time.monotonic() < deadline:
            try:
                while os.waitpid(-self.pid, os.WNOHANG) != (0, 0):
                    pass
            except ChildProcessError:
                pass
            try:
                os.killpg(self.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.005)


def end_all():
    """Ends whatever a test has left running."""
    for proc in list(_alive):
        proc.stop(timeout=0.5)


atexit.register(end_all)


def end_in_order():
    """From now on SIGINT, SIGTERM and SIGHUP end this program by way of its `finally` blocks, so that nothing stays behind."""
    def leave(number, _frame):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)


def run(argv, timeout=30, check=True, stdin=None, cwd=None):
    """Runs a short command to its end and returns it; raises with its output if it fails and `check` is set, and if it
    takes longer than `timeout` seconds, or `wait.patience`."""
    timeout = patience(timeout)
    try:
        done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, text=True, timeout=timeout,
                              cwd=cwd, stdin=subprocess.DEVNULL if stdin is None else None)
    except subprocess.TimeoutExpired as late:
        said = b"\n".join(filter(None, [late.stdout, late.stderr])).decode(errors="replace")
        raise RuntimeError(f"{' '.join(map(str, argv))}: not done within {timeout:g} s; so far: {said}") from late
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))}: status {done.returncode}: {done.stderr or done.stdout}")
    return done
