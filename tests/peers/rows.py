"""What is done to a phone whose primary proxy fails, and which time is read.

A time begins with the phone's first packet of the request after the fault (of TCP and TLS also the first of a connection)
and ends when the request has come through at the backup: for REGISTER when the backup has accepted it, for INVITE and BYE
when the callee's phone has it. The idle row begins with the fault. Times are from captures and, because TLS hides what a
capture could show, from the proxies' own record of what they took in.
"""

import time

from lab import faults
from lab.capture import select
from lab.farend import Peer, Talker, answer_with
from lab.kamailio import Variant
from lab.sip import sdp
from lab.wait import TimedOut, until
from lab.world import World

CALLEE, CALLEE_HOST = "1002", 120
FAULTS = {"udp": ("killed", "frozen", "503"), "tcp": ("killed", "frozen", "black hole", "503")}
FAULTS["tls"] = FAULTS["tcp"]
# Row → seconds watched. Two servers' 64·T1 one after the other fit in for a request, and before that, for an idle phone, a
# registration that expires after 60 s.
ROWS = {"REGISTER at start": 75, "REGISTER while idle": 130, "INVITE": 70, "BYE": 45}


class Outcome:
    """One run: `seconds` until the request came through, or None if it never did while watched; `note` says what else
    was seen; `broken` if the run itself failed (the phone never registered in peace, say)."""

    def __init__(self, seconds=None, note="", broken=None):
        self.seconds, self.note, self.broken = seconds, note, broken


def inflict(world, fault):
    """The primary fails; returns the wall-clock time before it: some phones have moved before a killed proxy is quite dead."""
    if fault != "black hole":
        return faults.inflict(world.primary, fault)
    before = time.time()
    world.network.drop_both(world.primary_address)
    return before


class Stage:
    """A world with one client and a callee that answers at once."""

    def __init__(self, client, transport, folder=None):
        # Names in Record-Route where certificates are checked by name; addresses, the usual case, elsewhere.
        record_route = "name" if transport == "tls" else "ip"
        self.world = World(folder, Variant(record_route=record_route, transports=dict.fromkeys(("udp", transport))))
        try:
            self.world.publish((transport,), with_naptr=True)
            namespace, self.callee_address, self.callee_capture = self.world.place(CALLEE_HOST)
            self.callee = Peer(namespace, self.callee_address)
            self.world.closers.append(self.callee.close)
            mouth = Talker(namespace, self.callee_address, 30000)
            self.world.closers.append(mouth.close)
            self.callee.on["INVITE"] = lambda peer, r: peer.answer(
                r, 200, "OK", body=sdp(self.callee_address, 30000))
            self.callee.on["BYE"] = self.callee.on["OPTIONS"] = answer_with(200, "OK")
            for hop in (self.world.primary, self.world.backup):
                hop.add_contact(CALLEE, f"sip:{CALLEE}@{self.callee_address}:5060")
            self.transport = transport
            self.client = client(self.world, transport)
            # Some phones take a host without a way into the world for offline.
            self.client.namespace.ip("route", "add", "default", "via", self.world.network.server(1))
        except BaseException:
            self.world.close()
            raise

    def close(self):
        """Ends everything."""
        self.client.stop()
        self.world.close()

    def in_peace(self):
        """The phone has started, is registered at the primary, and nothing is in flight."""
        began = time.time()
        self.client.start()
        until(lambda: self.world.primary.registrations(began), lambda: self._unwell("registered at the primary"), 40, 0.1)
        time.sleep(2)

    def in_call(self):
        """The phone has called the callee through the primary, and the call is up."""
        self.in_peace()
        self.client.dial(CALLEE)
        until(lambda: self.callee.seen("ACK"), lambda: self._unwell("a call through the primary"), 20, 0.05)
        time.sleep(1)

    def _unwell(self, what):
        said = self.client.proc.output()[-1500:] if self.client.proc else ""
        return f"{self.client.name}: {what}\n{self.client.capture.ladder()}\n{said}"

    def first_packet(self, method, after):
        """When the phone sent the first packet of a request, or opened a connection for it, to either proxy."""
        hops = (self.world.primary_address, self.world.backup_address)
        for p in self.client.capture.packets():
            if p.t < after or p.src != self.client.address or p.dst not in hops:
                continue
            if p.sip and p.sip.method == method or p.tcp == "S" or self.transport == "tls" and p.tcp and p.size:
                return p.t
        return None

    def sent_to_primary(self, method, after):
        """How many of its requests the phone sent to the primary, seen on UDP and TCP."""
        return len(select(self.client.capture.packets(), method=method, dst=self.world.primary_address, after=after))

    def at_callee(self, method, after):
        """When the callee's phone got a request."""
        found = self.callee_capture.sip(method=method, dst=self.callee_address, after=after)
        return found[0].t if found else None

    def watch(self, condition, seconds):
        """What `condition` returns within so many seconds, or None."""
        try:
            return until(condition, "watching", seconds, 0.2)
        except TimedOut:
            return None


def run(client, transport, fault, row, watched=None, folder=None):
    """Plays one row once; returns its Outcome."""
    stage = Stage(client, transport, folder)
    try:
        return _PLAYS[row](stage, fault, watched or ROWS[row])
    except (TimedOut, AssertionError, OSError, RuntimeError) as error:
        return Outcome(broken=f"{type(error).__name__}: {error}")
    finally:
        stage.close()


def _register_at_start(stage, fault, watched):
    after = inflict(stage.world, fault)
    stage.client.start()
    return _register(stage, after, lambda: stage.first_packet("REGISTER", after), watched)


def _register_while_idle(stage, fault, watched):
    stage.in_peace()
    after = inflict(stage.world, fault)
    return _register(stage, after, lambda: after, watched)


def _register(stage, after, begin, watched):
    accepted = stage.watch(lambda: stage.world.backup.registrations(after), watched)
    note = f"{stage.sent_to_primary('REGISTER', after)} to the primary"
    return Outcome(accepted[0].t - begin() if accepted else None, note)


def _invite(stage, fault, watched):
    stage.in_peace()
    inflict(stage.world, fault)
    return _request(stage, "INVITE", lambda: stage.client.dial(CALLEE), watched)


def _bye(stage, fault, watched):
    stage.in_call()
    inflict(stage.world, fault)
    return _request(stage, "BYE", stage.client.hang_up, watched)


def _request(stage, method, act, watched):
    # Half a second in which a phone may notice a connection that broke.
    time.sleep(0.5)
    after = time.time()
    act()
    stage.watch(lambda: stage.callee.seen(method), watched)
    there = stage.at_callee(method, after)
    note = f"{stage.sent_to_primary(method, after)} to the primary"
    begin = stage.first_packet(method, after)
    if begin is None:
        return Outcome(None, "sent nothing")
    return Outcome(there - begin if there else None, note)


_PLAYS = {"REGISTER at start": _register_at_start, "REGISTER while idle": _register_while_idle, "INVITE": _invite, "BYE": _bye}
