"""A name server in the laboratory: A, AAAA, SRV, NAPTR and CNAME with TTLs; its records and its health change at run time.

Its answers are built here, apart from the phone's own reader. It has no cache and no recursion.
"""

import ipaddress
import socket
import struct
import threading
import time

A, CNAME, SOA, AAAA, SRV, NAPTR, OPT = 1, 5, 6, 28, 33, 35, 41
_NOERROR, _SERVFAIL, _NXDOMAIN = 0, 2, 3
# Seconds for which a resolver may remember that a name or a type is not there (RFC 2308 §5).
NEGATIVE_TTL = 5


class Record:
    """One record's type and data as on the wire (names uncompressed), and its TTL in seconds."""

    def __init__(self, kind, data, ttl=60, points_to=None):
        self.kind, self.data, self.ttl, self.points_to = kind, data, ttl, points_to


def address(text, ttl=60):
    """An A or AAAA record, by what the address is."""
    parsed = ipaddress.ip_address(text)
    return Record(A if parsed.version == 4 else AAAA, parsed.packed, ttl)


def srv(target, port=5060, priority=10, weight=0, ttl=60):
    """RFC 2782; target "." says that the service is not there."""
    return Record(SRV, struct.pack("!HHH", priority, weight, port) + _name(target), ttl, target)


def naptr(service, replacement, order=10, preference=10, flags="s", ttl=60):
    """RFC 3403 §4.1, as RFC 3263 uses it: service "SIP+D2U" (UDP), "SIP+D2T" (TCP), "SIPS+D2T" (TLS)."""
    text = b"".join(bytes([len(t)]) + t.encode() for t in (flags, service, ""))
    return Record(NAPTR, struct.pack("!HH", order, preference) + text + _name(replacement), ttl)


def cname(target, ttl=60):
    """An alias."""
    return Record(CNAME, _name(target), ttl, target)


class Dns:
    """Serves the records that were put, over UDP and TCP. A name without records does not exist.

    `queries` lists (monotonic seconds, name, type) as asked; `delay` (seconds) holds every answer over
    UDP back.
    """

    def __init__(self, namespace, address_, names=None):
        self.namespace, self.address = namespace, address_
        self.records, self.queries, self.delay = {}, [], 0.0
        self._frozen = self._failing = False
        self._lock = threading.Lock()
        self._sockets, self._threads = [], []
        for name, addresses in (names or {}).items():
            self.put(name, *map(address, addresses))
        self.start()

    def put(self, name, *records):
        """From now on the name has these records and no others; with none it does not exist."""
        with self._lock:
            self.records[name.lower()] = list(records)

    def put_service(self, domain, targets, transports=("udp",), with_naptr=False, ttl=60):
        """SRV records of a SIP domain: `targets` in order of preference, names with a record of their own; TLS at 5061."""
        for transport in transports:
            label, port = ("_sips._tcp", 5061) if transport == "tls" else (f"_sip._{transport}", 5060)
            self.put(f"{label}.{domain}", *(srv(t, port, 10 * (n + 1), ttl=ttl) for n, t in enumerate(targets)))
        if with_naptr:
            services = {"udp": ("SIP+D2U", "_sip._udp"), "tcp": ("SIP+D2T", "_sip._tcp"), "tls": ("SIPS+D2T", "_sips._tcp")}
            self.put(domain, *(naptr(services[t][0], f"{services[t][1]}.{domain}", 10 * (n + 1), ttl=ttl)
                               for n, t in enumerate(transports)))

    def asked(self, name, kind=None):
        """How often a name (and type) was asked for so far."""
        return sum(1 for _, n, k in list(self.queries) if n == name.lower() and kind in (None, k))

    def start(self):
        """Serves, or serves again after `kill`."""
        self._closing = threading.Event()
        udp, tcp = self.namespace.socket(), self.namespace.socket(kind=socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sockets = [udp, tcp]
        for s in self._sockets:
            s.bind((self.address, 53))
            s.settimeout(0.1)
        tcp.listen(8)
        self._threads = [threading.Thread(target=serve, args=(s, self._closing), daemon=True)
                         for serve, s in ((self._datagrams, udp), (self._streams, tcp))]
        for thread in self._threads:
            thread.start()

    def kill(self):
        """The server is dead: questions are answered with ICMP port unreachable."""
        self._closing.set()
        for thread in self._threads:
            thread.join(2)
        for s in self._sockets:
            s.close()
        self._sockets, self._threads = [], []

    close = kill

    def freeze(self):
        """Takes questions and says nothing."""
        self._frozen = True

    def fail(self):
        """Answers everything with SERVFAIL."""
        self._failing = True

    def heal(self):
        """Answers again."""
        self._frozen = self._failing = False
        self.delay = 0.0

    def _datagrams(self, s, closing):
        while not closing.is_set():
            try:
                data, source = s.recvfrom(4096)
                answer = self._reply(data, 1232)
                if answer and self.delay:
                    threading.Timer(self.delay, _send_late, (s, answer, source)).start()
                elif answer:
                    s.sendto(answer, source)
            except (OSError, struct.error, IndexError):
                continue

    def _streams(self, s, closing):
        while not closing.is_set():
            try:
                connection, _ = s.accept()
            except OSError:
                continue
            with connection:
                connection.settimeout(1)
                try:
                    size = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
                    answer = self._reply(connection.recv(size, socket.MSG_WAITALL), 65535)
                    if answer:
                        connection.sendall(struct.pack("!H", len(answer)) + answer)
                except (OSError, struct.error, IndexError):
                    continue

    def _reply(self, data, limit):
        name, at = _read_name(data, 12)
        kind = struct.unpack_from("!H", data, at)[0]
        question = data[12:at + 4]
        self.queries.append((time.monotonic(), name, kind))
        if self._frozen:
            return None
        code, answers, extra = self._find(name, kind)
        authority = [(_zone(name), _soa(name))] if not answers and code != _SERVFAIL else []
        body = b"".join(_encode(n, r) for n, r in [*answers, *authority, *extra])
        head = struct.pack("!HHHHHH", struct.unpack_from("!H", data)[0], 0x8580 | code, 1, len(answers), len(authority), len(extra))
        whole = head + question + body
        if len(whole) > limit:
            return struct.pack("!HHHHHH", struct.unpack_from("!H", data)[0], 0x8780, 1, 0, 0, 0) + question
        return whole

    def _find(self, name, kind):
        """(response code, answers, additional records), aliases followed."""
        if self._failing:
            return _SERVFAIL, [], []
        with self._lock:
            answers = []
            for _ in range(8):
                found = self.records.get(name, [])
                answers += [(name, r) for r in found if r.kind in (kind, CNAME)]
                alias = next((r for r in found if r.kind == CNAME and kind != CNAME), None)
                if alias is None:
                    break
                name = alias.points_to.lower()
            extra = [(r.points_to, a) for _, r in answers if r.kind == SRV
                     for a in self.records.get(r.points_to.lower(), []) if a.kind in (A, AAAA)]
            known = bool(self.records.get(name)) or any(n.endswith("." + name) for n, r in self.records.items() if r)
        return _NOERROR if known or answers else _NXDOMAIN, answers, extra


def _send_late(s, answer, source):
    """The server may have been killed meanwhile."""
    try:
        s.sendto(answer, source)
    except OSError:
        pass


def _read_name(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode("ascii", "replace"))
        at += 1 + data[at]
    return ".".join(labels).lower(), at + 1


def _name(text):
    labels = [label for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def _zone(name):
    return ".".join(name.split(".")[-2:])


def _soa(name):
    zone = _zone(name)
    data = _name("ns." + zone) + _name("admin." + zone) + struct.pack("!IIIII", 1, 60, 60, 60, NEGATIVE_TTL)
    return Record(SOA, data, NEGATIVE_TTL)


def _encode(name, record):
    return _name(name) + struct.pack("!HHIH", record.kind, 1, record.ttl, len(record.data)) + record.data
