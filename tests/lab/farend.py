"""Scripted SIP peers: a proxy, registrar or callee that does exactly what a test says, also what no honest one would.

A peer answers where the request came from (RFC 3261 §18.2.2 by the source address), so it stays reachable through
whichever hop the phone uses. It runs as a thread of the test with a socket inside a namespace.
"""

import hashlib
import math
import re
import socket
import struct
import threading
import time

from . import sip, wav
from .links import Datagrams, Streams
from .wait import TimedOut, patience


_INVITE = """INVITE sip:1001@{target} SIP/2.0
Via: SIP/2.0/UDP {via};branch=z9hG4bK{branch}
Max-Forwards: 70
From: <sip:2000@example.test>;tag=caller
To: <sip:1001@example.test>
Call-ID: {call}
CSeq: 1 INVITE
Contact: <sip:2000@{via}>
Content-Type: application/sdp

"""


class Received:
    """A message as it came in: when (monotonic seconds), from where, and the message itself."""

    def __init__(self, t, source, message):
        self.t, self.source, self.message = t, source, message

    def __repr__(self):
        return f"{self.t:.3f} {self.source[0]}:{self.source[1]} {self.message!r}"


class Peer:
    """A SIP peer at one address and port, over `transport` "udp", "tcp" or "tls" (`certificate`: (certificate, key) files).

    Over TCP and TLS `links` has what a stream can do besides: `hang_up`, `pong`, `mute`. `on` maps a method to a function of (peer, received); a request without one waits to be picked up by `expect`.
    """

    def __init__(self, namespace, address, port=None, transport="udp", certificate=None):
        self.address, self.port, self.transport = address, port or (5061 if transport == "tls" else 5060), transport
        self.on = {}
        self.log = []
        self.errors = []
        self._pending = []
        self._changed = threading.Condition()
        self._closing = False
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        if transport == "udp":
            self.links = Datagrams(namespace.socket(family), (address, self.port))
        else:
            self.links = Streams(namespace.socket(family, socket.SOCK_STREAM), (address, self.port), certificate)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def uri(self):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"sip:{host}:{self.port}" + ("" if self.transport == "udp" else f";transport={self.transport}")

    def send(self, message, to):
        """Sends a message (or raw bytes) to an address and port; over TCP and TLS by the connection from there."""
        data = message.encode() if isinstance(message, sip.Message) else message
        self.links.send(data, to)

    def answer(self, received, status, reason="Scripted", to_tag="far", contact=None, extra=(), body=b""):
        """Answers a request to where it came from; a dialog-making answer names this peer as Contact unless told otherwise."""
        if contact is None and status < 300 and received.message.method in ("INVITE", "UPDATE"):
            contact = self.uri
        self.send(sip.reply(received.message, status, reason, to_tag if status > 100 else None, contact, extra, body),
                  received.source)

    def expect(self, method=None, status=None, timeout=10, where=None):
        """Takes the oldest message that fits and was not taken yet; waits for it if need be."""
        def fits(r):
            return ((method is None or r.message.method == method) and (status is None or r.message.status == status)
                    and (where is None or where(r.message)))
        timeout = patience(timeout)
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for index, received in enumerate(self._pending):
                    if fits(received):
                        return self._pending.pop(index)
                left = deadline - time.monotonic()
                if left <= 0:
                    seen = "\n".join(map(repr, self.log[-20:])) or "(nothing)"
                    raise TimedOut(f"{self.uri} got no {method or status} in {timeout:g} s; it has seen:\n{seen}")
                self._changed.wait(left)

    def seen(self, method=None, status=None):
        """Everything received so far that fits."""
        with self._changed:
            return [r for r in self.log if (method is None or r.message.method == method)
                    and (status is None or r.message.status == status)]

    def close(self):
        """Closes its sockets: from now on the kernel answers with ICMP, or RST."""
        self._closing = True
        self._thread.join(2)
        self.links.close()

    def _run(self):
        while not self._closing:
            try:
                data, source = self.links.receive(0.2)
            except OSError:
                continue
            message = sip.Message.parse(data)
            if message is None:
                continue
            received = Received(time.monotonic(), source, message)
            handler = self.on.get(message.method)
            with self._changed:
                self.log.append(received)
                if handler is None:
                    self._pending.append(received)
                self._changed.notify_all()
            if handler is not None:
                try:
                    handler(self, received)
                except Exception as error:  # noqa: BLE001 - shown by the test that looks at `errors`
                    self.errors.append(error)


def incoming(hop, phone, call, branch):
    """Sends an INVITE of call `call` through a hop; the copies of one call differ in branch only."""
    text = _INVITE.format(target=f"{phone.address}:5060", via=f"{hop.address}:5060", branch=branch, call=call)
    message = sip.Message.parse(text.replace("\n", "\r\n").encode())
    message.body = sip.sdp(hop.address, 30000)
    hop.send(message, (phone.address, 5060))


def swallow(_peer, _received):
    """Takes a request and says nothing."""


def answer_with(status, reason="Scripted", extra=()):
    """A handler that gives every request this answer."""
    return lambda peer, received: peer.answer(received, status, reason, extra=extra)


class Registrar(Peer):
    """A peer that plays a hop: challenges REGISTER, checks the digest, answers OPTIONS; all else is the test's.

    `realm` and `nonce` are this hop's own; `failures` collects what was wrong with credentials.
    """

    def __init__(self, namespace, address, nonce, port=None, expires=3600, realm="example.test", challenge=True,
                 transport="udp", certificate=None):
        self.nonce, self.realm, self.expires, self.challenge = nonce, realm, expires, challenge
        self.failures = []
        self.bindings = []
        super().__init__(namespace, address, port, transport, certificate)
        self.on["OPTIONS"] = answer_with(200, "OK")
        self.on["REGISTER"] = lambda peer, received: peer.register(received)

    def register(self, received):
        """Answers a REGISTER as an honest registrar does."""
        message = received.message
        if self.challenge and not self.authorized(message):
            self.answer(received, 401, "Unauthorized", extra=[
                ("WWW-Authenticate", f'Digest realm="{self.realm}", nonce="{self.nonce}", qop="auth", algorithm=MD5')])
            return
        self.bindings.append(message)
        contact = message.get("Contact").split(";expires")[0]
        expires = self._asked(message)
        self.answer(received, 200, "OK", extra=[("Contact", f"{contact};expires={expires}")])

    def authorized(self, message):
        """Whether the credentials answer this hop's own challenge."""
        value = message.get("Authorization")
        if not value:
            return False
        part = dict(re.findall(r'(\w+)="?([^",]+)"?', value))
        if part.get("nonce") != self.nonce:
            self.failures.append(f"nonce {part.get('nonce')}")
            return False
        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()
        ha1 = md5(f"{part['username']}:{self.realm}:secret-{part['username']}")
        ha2 = md5(f"{message.method}:{part['uri']}")
        good = md5(f"{ha1}:{self.nonce}:{part['nc']}:{part['cnonce']}:auth:{ha2}") == part["response"]
        if not good:
            self.failures.append("response")
        return good

    def _asked(self, message):
        found = re.search(r"expires=(\d+)", message.get("Contact")) or re.search(r"(\d+)", message.get("Expires"))
        return min(int(found.group(1)) if found else self.expires, self.expires)


class Talker:
    """Sends a tone as RTP (A-law) to an address, and keeps what it hears; the scripted callee's mouth and ear."""

    def __init__(self, namespace, address, port, hz=440):
        self.port = port
        self.heard = []
        self.socket = namespace.socket()
        self.socket.bind((address, port))
        self.socket.settimeout(0.02)
        self._octets = wav.alaw(wav.array.array("h", (
            int(12000 * math.sin(2 * math.pi * hz * i / wav.RATE)) for i in range(wav.RATE))))
        self._to, self._closing = None, False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def talk_to(self, description):
        """Starts talking to where an SDP body (bytes) wants audio."""
        text = description.decode()
        host = re.search(r"c=IN IP4 (\S+)", text).group(1)
        port = int(re.search(r"m=audio (\d+)", text).group(1))
        self._to = (host, port)

    def samples(self):
        """All that it heard, decoded."""
        out = wav.array.array("h")
        for payload_type, octets in self.heard:
            out.extend(wav.decode(payload_type, octets))
        return out

    def close(self):
        self._closing = True
        self._thread.join(2)
        self.socket.close()

    def _run(self):
        sequence, due = 0, time.monotonic()
        while not self._closing:
            try:
                data = self.socket.recv(2000)
                if len(data) > 12 and data[1] & 0x7F in (0, 8):
                    self.heard.append((data[1] & 0x7F, data[12:]))
            except OSError:
                pass
            while self._to and time.monotonic() >= due:
                at = sequence * 160 % wav.RATE
                header = struct.pack("!BBHII", 0x80, 8, sequence & 0xFFFF, sequence * 160, 0x1AB)
                self.socket.sendto(header + self._octets[at:at + 160], self._to)
                sequence, due = sequence + 1, due + 0.02
            if not self._to:
                due = time.monotonic()


