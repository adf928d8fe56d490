"""Waiting for a condition, always with a deadline and a name for what was waited for."""

import os
import time

# Seconds. Where the computer emulates whole machines beside the laboratory, what takes a moment elsewhere takes a minute.
_LEAST = float(os.environ.get("LAB_PATIENCE", 0))


def patience(timeout):
    """The seconds after which a wait is given up as hanging: `timeout`, or $LAB_PATIENCE if that is longer. It is a bound
    on what happens at once, no measure: how long something may take is asserted apart from it."""
    return max(timeout, _LEAST)


class TimedOut(AssertionError):
    """What was waited for did not happen in time."""


def until(condition, what, timeout=10.0, every=0.02):
    """Polls `condition` until it returns something true, which is returned; `what` names it in the failure."""
    timeout = patience(timeout)
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise TimedOut(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(every)
