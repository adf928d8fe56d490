"""What was on the wire: a capture inside a namespace, read back as timestamped packets.

The capture is the judge of every time and of every "was really sent". It is taken at the phone's own interface,
so that times are between the phone's own packets and owe nothing to the phone's account of itself.
"""

import os
import re
import struct
import time

from . import sip, wav
from .proc import Proc, run
from .wait import until

_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16


class Packet:
    """A packet: `t` in seconds, addresses, ports and payload; `sip` is the message in it or None, `icmp` (type, code) or None.

    A TCP segment has `tcp`, its flags as letters (S, A, F, R), and `size`, the octets in it. What its stream carries comes
    besides as packets of their own: a SIP message, a bare CRLF ping or pong; `t` is when its first octet was sent. Of TLS
    there are the segments only. `dscp` is the code point of its IP header, None of what a stream carries.
    """

    def __init__(self, t, src, sport, dst, dport, payload, icmp=None, transport="udp", tcp=None, size=0):
        self.t, self.src, self.sport, self.dst, self.dport, self.payload, self.icmp = t, src, sport, dst, dport, payload, icmp
        self.transport, self.tcp, self.size, self.dscp = transport, tcp, size, None
        self.sip = sip.Message.parse(payload) if payload and not icmp else None

    @property
    def rtp(self):
        """(payload type, sequence, timestamp, octets), or None if this is no RTP."""
        p = self.payload
        if self.sip or self.icmp or self.transport != "udp" or len(p) < 12 or p[0] >> 6 != 2 or 64 <= p[1] & 0x7F <= 95:
            return None
        sequence, timestamp = struct.unpack_from("!HI", p, 2)
        return p[1] & 0x7F, sequence, timestamp, p[12:]

    def __repr__(self):
        what = (f"icmp {self.icmp}" if self.icmp else self.sip.start if self.sip
                else f"tcp {self.tcp} {self.size}" if self.tcp is not None else f"{len(self.payload)} octets")
        return f"{self.t:.3f} {self.src}:{self.sport} > {self.dst}:{self.dport} {what}"


class Capture:
    """A running capture on one interface of a namespace; `mark_to` is an address that takes any datagram."""

    def __init__(self, namespace, folder, mark_to, interface="eth0"):
        self.namespace, self.mark_to, self.interface, self._marks = namespace, mark_to, interface, 0
        self.path = os.path.join(str(folder), f"{namespace.name}-{interface}.pcap")
        self._begin()

    def _begin(self):
        self.proc = Proc(f"capture {self.interface}", [*self.namespace.exec, *_program(self.interface, self.path)],
                         self.path + ".log")
        until(lambda: os.path.exists(self.path) and os.path.getsize(self.path) >= 24,
              lambda: f"the capture begins: {self.proc.output()}")

    def restart(self):
        """Forgets all that it has seen, so that a long series of runs need not read it over and over."""
        self.proc.stop()
        os.unlink(self.path)
        self._begin()

    def packets(self):
        """Everything that was on the wire until now, in order of time."""
        if self.proc.running():
            self._catch_up()
        return self._read()

    def _read(self):
        with open(self.path, "rb") as f:
            return list(_packets(f.read()))

    def _catch_up(self):
        """Sends a datagram of its own and waits until it is in the file: then all before it is there as well."""
        self._marks += 1
        mark = b"mark %d" % self._marks
        with self.namespace.socket() as s:
            s.sendto(mark, self.mark_to)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            with open(self.path, "rb") as f:
                f.seek(max(0, os.path.getsize(self.path) - 65536))
                if mark in f.read():
                    return
            time.sleep(0.005)

    def sip(self, **query):
        """The SIP packets that fit `query`, see `select`."""
        return select(self.packets(), **query)

    def wait(self, what, timeout=10, count=1, **query):
        """Waits for the `count`-th SIP packet that fits and returns it."""
        def enough():
            found = select(self._read(), **query)
            return found[count - 1] if len(found) >= count else None
        return until(enough, lambda: f"{what} on the wire {query}\n{self.ladder()}", timeout, every=0.05)

    def connects(self, dst=None, after=0.0):
        """When TCP connections were begun: the first SYN of each, as packets."""
        seen, found = set(), []
        for p in self.packets():
            if p.tcp == "S" and p.t >= after and (dst is None or p.dst == dst) and (p.src, p.sport, p.dst, p.dport) not in seen:
                seen.add((p.src, p.sport, p.dst, p.dport))
                found.append(p)
        return found

    def ladder(self, last=25):
        """The recent SIP and ICMP packets, and where TCP opens and closes, as text for messages of failing tests."""
        shown = [p for p in self.packets() if p.sip or p.icmp or p.tcp and set(p.tcp) & set("SFR")][-last:]
        if not shown:
            return "(nothing captured)"
        return "\n".join(f"{1000 * (p.t - shown[0].t):10.1f} ms {p.src}:{p.sport} > {p.dst}:{p.dport}  "
                         + (f"ICMP {p.icmp}" if p.icmp else f"TCP {p.tcp}" if p.tcp else f"{p.sip.start}  [{p.sip.get('CSeq')}]"
                            + "".join(f" Route {r}" for r in p.sip.all("Route"))) for p in shown)

    def audio(self, src, after=0.0):
        """The G.711 samples that the host `src` sent over RTP, in order of sequence within the capture."""
        samples = wav.array.array("h")
        for packet in self.packets():
            rtp = packet.rtp if packet.src == src and packet.t >= after else None
            if rtp and rtp[0] in (0, 8):
                samples.extend(wav.decode(rtp[0], rtp[3]))
        return samples

    def malformed(self):
        """What an independent dissector (tshark) finds wrong with the SIP and RTCP captured, one line each."""
        done = run(["tshark", "-n", "-r", self.path, "-d", "udp.port==5060,sip", "-d", "tcp.port==5060,sip", "-Y",
                    "_ws.malformed || _ws.expert.severity == error"], timeout=60, check=False)
        return [line for line in done.stdout.splitlines() if line.strip()]

    def stop(self):
        """Ends the capture; what was captured stays readable."""
        time.sleep(0.02)
        self.proc.stop()


def _program(interface, path):
    """tcpdump; or, where it may not give up its privileges (a user namespace), Wireshark's own capture program."""
    wanted = "udp or tcp or icmp or icmp6 or ip[6:2] & 0x1fff != 0"
    with open("/proc/self/setgroups") as f:
        if f.read().strip() == "deny":
            return ["dumpcap", "-q", "-P", "-i", interface, "-B", "8", "-w", path, "-f", wanted]
    return ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-s", "0", "-Z", "root", "-B", "8192",
            "-w", path, wanted]


def select(packets, method=None, status=None, src=None, dst=None, after=0.0, cseq_method=None, call_id=None, where=None):
    """The SIP packets that fit all that is given; `where` is a function of the message."""
    return [
        p for p in packets
        if p.sip and p.t >= after
        and (method is None or p.sip.method == method)
        and (status is None or p.sip.status == status)
        and (src is None or p.src == src)
        and (dst is None or p.dst == dst)
        and (cseq_method is None or p.sip.cseq_method == cseq_method)
        and (call_id is None or p.sip.call_id == call_id)
        and (where is None or where(p.sip))
    ]


def switch_time(packets, method, from_hop, to_hop, after=0.0):
    """Seconds from the first `method` request to `from_hop` until the first of the same transaction family (Call-ID)
    to `to_hop`, with the number of transmissions to `from_hop` between: (seconds, transmissions), or None."""
    first = next(iter(select(packets, method=method, dst=from_hop, after=after)), None)
    if first is None:
        return None
    second = next(iter(select(packets, method=method, dst=to_hop, after=first.t, call_id=first.sip.call_id)), None)
    if second is None:
        return None
    tries = [p for p in select(packets, method=method, dst=from_hop, after=first.t, call_id=first.sip.call_id)
             if p.t <= second.t]
    return second.t - first.t, len(tries)


def _packets(data):
    if len(data) < 24:
        return
    magic = data[:4]
    order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = magic in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")
    at, fragments, streams = 24, {}, {}
    while at + 16 <= len(data):
        seconds, fraction, size, _ = struct.unpack_from(order + "IIII", data, at)
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        if len(frame) < size:
            return
        packet = _frame(seconds + fraction / (1e9 if nano else 1e6), frame, fragments)
        if packet:
            yield packet
        if packet and packet.transport == "tcp":
            yield from streams.setdefault((packet.src, packet.sport, packet.dst, packet.dport), _Stream()).take(packet)


class _Stream:
    """One direction of a TCP connection, put in order and cut into SIP messages."""

    def __init__(self):
        self.next, self.waiting, self.text, self.began, self.foreign = None, {}, b"", 0.0, False

    def take(self, segment):
        """The packets of the messages that this segment completes."""
        sequence, data = segment.sequence, segment.data
        if "S" in segment.tcp:
            self.__init__()
            self.next = sequence + 1 & 0xFFFFFFFF
            return
        if self.next is None:
            self.next = sequence
        self.waiting.setdefault(sequence, (segment.t, data))
        while True:
            fit = next((s for s, (_, d) in self.waiting.items() if d and 0 <= (self.next - s & 0xFFFFFFFF) < len(d)), None)
            if fit is None:
                break
            t, data = self.waiting.pop(fit)
            new = data[self.next - fit & 0xFFFFFFFF:]
            self.next = self.next + len(new) & 0xFFFFFFFF
            self.began = self.began if self.text else t
            self.text += new
            for message in self._cut():
                yield Packet(self.began, segment.src, segment.sport, segment.dst, segment.dport, message, transport="tcp")
                self.began = t
        self.waiting = {s: v for s, v in self.waiting.items() if v[1] and (s - self.next & 0xFFFFFFFF) < 1 << 20}

    def _cut(self):
        while self.text and not self.foreign:
            if self.text[:2] == b"\r\n":
                size = 4 if self.text[:4] == b"\r\n\r\n" else 2
            elif not self.text[:1].isalpha():
                self.foreign = True
                return
            else:
                head, end, _ = self.text.partition(b"\r\n\r\n")
                length = re.search(rb"(?:^|\n)(?:content-length|l)[ \t]*:[ \t]*(\d+)", head, re.I)
                if not end or not length or len(self.text) < len(head) + 4 + int(length.group(1)):
                    return
                size = len(head) + 4 + int(length.group(1))
            message, self.text = self.text[:size], self.text[size:]
            yield message


def _frame(t, frame, fragments):
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == 0x0800:
        return _ipv4(t, frame[14:], fragments)
    if kind == 0x86DD:
        return _ipv6(t, frame[14:])
    return None


def _ipv4(t, p, fragments):
    src, dst = (".".join(map(str, p[i:i + 4])) for i in (12, 16))
    head, total, ident, flags = (p[0] & 15) * 4, *struct.unpack_from("!HHH", p, 2)
    body = p[head:total]
    if flags & 0x3FFF:
        body = _reassemble(fragments.setdefault((src, dst, ident), {}), (flags & 0x1FFF) * 8, body, bool(flags & 0x2000))
        if body is None:
            return None
        fragments.pop((src, dst, ident))
    return _marked(_transport(t, p[9], src, dst, body), p[1] >> 2)


def _reassemble(parts, offset, body, more):
    parts[offset] = (body, more)
    whole, at = b"", 0
    while at in parts:
        piece, more = parts[at]
        whole, at = whole + piece, at + len(piece)
        if not more:
            return whole
    return None


def _ipv6(t, p):
    import ipaddress
    src, dst = (str(ipaddress.IPv6Address(p[i:i + 16])) for i in (8, 24))
    return _marked(_transport(t, p[6], src, dst, p[40:]), (p[0] & 15) << 2 | p[1] >> 6)


def _marked(packet, dscp):
    if packet:
        packet.dscp = dscp
    return packet


def _transport(t, protocol, src, dst, body):
    if protocol == _UDP and len(body) >= 8:
        sport, dport = struct.unpack_from("!HH", body)
        return Packet(t, src, sport, dst, dport, body[8:])
    if protocol == _TCP and len(body) >= 20:
        sport, dport, sequence = struct.unpack_from("!HHI", body)
        bits, data = body[13], body[(body[12] >> 4) * 4:]
        flags = "".join(letter for letter, bit in (("S", _SYN), ("A", _ACK), ("F", _FIN), ("R", _RST)) if bits & bit)
        packet = Packet(t, src, sport, dst, dport, b"", transport="tcp", tcp=flags, size=len(data))
        packet.sequence, packet.data = sequence, data
        return packet
    # Of ICMPv6 only the errors: neighbour discovery is not what a test looks for.
    if (protocol == _ICMP or protocol == _ICMP6 and body[:1] <= b"\x04") and len(body) >= 2:
        return Packet(t, src, 0, dst, 0, body[8:], icmp=(body[0], body[1]))
    return None
