"""Waiting for a condition, always with a deadline and a name for what was waited for."""

import time


class TimedOut(AssertionError):
    """What was waited for did not happen in time."""


def until(condition, what, timeout=10.0, every=0.02):
    """Polls `condition` until it returns something true, which is returned; `what` names it in the failure."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise TimedOut(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(every)
