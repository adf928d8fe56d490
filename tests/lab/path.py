"""The way between a phone and the LAN, with delay, jitter, loss, reordering and duplication, changeable while it is used.

Two TAP interfaces, the phone's eth0 and its port at the bridge, with a thread of this process between them: this works
on kernels without netem. Only IP suffers; ARP and neighbour discovery pass at once, as they would in front of a router.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
_IP = (b"\x08\x00", b"\x86\xdd")
_NEIGHBOUR_DISCOVERY = range(133, 138)


def open_tap(name):
    """A new TAP interface of this name in the calling thread's namespace; it lives as long as the file stays open."""
    try:
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        raise PermissionError(f"the laboratory's impaired paths need /dev/net/tun, readable and writable: {error}") from error
    fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    return fd


class Way:
    """What happens to packets in one direction.

    delay      seconds
    jitter     each packet takes up to so many seconds more; their order stays
    loss       share of packets that vanish, 0…1
    reorder    share of packets that are held back for `hold` seconds, so that later ones overtake them
    duplicate  share of packets that arrive twice
    """

    def __init__(self, delay=0.0, jitter=0.0, loss=0.0, reorder=0.0, hold=0.03, duplicate=0.0):
        self.delay, self.jitter, self.loss, self.reorder, self.hold, self.duplicate = \
            delay, jitter, loss, reorder, hold, duplicate
        self.passed = self.lost = self.held = self.doubled = 0
        self._last = 0.0

    def arrivals(self, now, dice):
        """When the copies of a packet that sets out now arrive: none, one or two times."""
        if dice.random() < self.loss:
            self.lost += 1
            return []
        due = now + self.delay + self.jitter * dice.random()
        if dice.random() < self.reorder:
            self.held += 1
            due += self.hold
        else:
            self._last = due = max(due, self._last)
        self.passed += 1
        if dice.random() < self.duplicate:
            self.doubled += 1
            return [due, due]
        return [due]


class Path:
    """The thread between the two interfaces. `up` leads from the phone, `down` to it; both start without any fault."""

    def __init__(self, phone_fd, lan_fd, seed=1):
        self.up, self.down = Way(), Way()
        self._fds = {phone_fd: lan_fd, lan_fd: phone_fd}
        self._phone_fd = phone_fd
        self._dice = random.Random(seed)
        self._waiting, self._count = [], 0
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def set(self, way="both", **faults):
        """From now on packets suffer this, and nothing else: way "up", "down" or "both"; faults as `Way` names them."""
        if way in ("up", "both"):
            self.up = Way(**faults)
        if way in ("down", "both"):
            self.down = Way(**faults)

    def close(self):
        """Ends the thread; both interfaces vanish."""
        if self._wake:
            os.write(self._wake[1], b"x")
            self._thread.join(2)
            for fd in (*self._fds, *self._wake):
                os.close(fd)
            self._wake = None

    def _run(self):
        while True:
            left = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select([*self._fds, self._wake[0]], [], [], left)
            if self._wake[0] in ready:
                return
            for fd in ready:
                self._take(fd)
            while self._waiting and self._waiting[0][0] <= time.monotonic():
                _, _, fd, frame = heapq.heappop(self._waiting)
                _write(fd, frame)

    def _take(self, fd):
        """Takes all that waits at one interface."""
        way = self.up if fd == self._phone_fd else self.down
        for _ in range(256):
            try:
                frame = os.read(fd, 70000)
            except OSError:
                return
            if not _suffers(frame):
                _write(self._fds[fd], frame)
                continue
            for due in way.arrivals(time.monotonic(), self._dice):
                self._count += 1
                heapq.heappush(self._waiting, (due, self._count, self._fds[fd], frame))


def _suffers(frame):
    if frame[12:14] not in _IP:
        return False
    discovery = frame[12:14] == _IP[1] and frame[20:21] == b"\x3a" and frame[54] in _NEIGHBOUR_DISCOVERY
    return not discovery


def _write(fd, frame):
    """An interface that is down or full loses the frame, as a real one does."""
    try:
        os.write(fd, frame)
    except OSError:
        pass
