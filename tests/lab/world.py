"""A whole laboratory in one object: the network, the proxy pair, phones with a capture each, and its clearing away."""

import os
import re
import shutil
import tempfile
import time

from . import net
from .capture import Capture
from .dns import Dns
from .farend import Peer, Registrar
from .kamailio import DOMAIN, Kamailio, Variant
from .phone import Phone, hop_name, line_items
from .pki import Pki

PRIMARY, BACKUP, DNS = 11, 12, 53
# Of a test that failed: so many lines of each phone's log and of each proxy's, so long.
_LOG, _LOG_OF_PROXY, _WIDTH = 20, 6, 220


class World:
    """`pair` decides who plays the two hops: real proxies of a variant, or (None) whatever the test puts there."""

    def __init__(self, folder=None, pair=Variant()):
        self._borrowed = folder is not None
        self.folder = str(folder) if folder else tempfile.mkdtemp(prefix="lab-")
        os.makedirs(self.folder, exist_ok=True)
        self.closers, self.phones = [], []
        self.network = net.Network()
        self.primary_address = self.network.server(PRIMARY)
        self.backup_address = self.network.server(BACKUP)
        self._pki = None
        self.dns = Dns(self.network.core, self.network.server(DNS), {
            "p1.example.test": [self.primary_address], "p2.example.test": [self.backup_address],
            "proxies.example.test": [self.primary_address, self.backup_address]})
        self.closers.append(self.dns.close)
        self._names(self.network.core)
        self.primary = self.backup = None
        if pair is not None:
            tls = "tls" in pair.transports
            self.primary = Kamailio(self.network.core, self.folder, self.primary_address, self.backup_address, pair, "p1",
                                    tls and self.pki)
            self.backup = Kamailio(self.network.core, self.folder, self.backup_address, self.primary_address, pair, "p2",
                                   tls and self.pki)
            for hop in (self.primary, self.backup):
                hop.start(wait=False)
            for hop in (self.primary, self.backup):
                hop.ready()
                self.closers.append(hop.stop)

    @property
    def pki(self):
        """The laboratory's certificates, made when first asked for; `pki.ca` is what a phone should trust."""
        if self._pki is None:
            self._pki = Pki(self.folder)
        return self._pki

    def publish(self, transports=("udp",), with_naptr=False, ttl=60):
        """Lets the DNS lead the laboratory's domain to the pair, p1 first: SRV records, NAPTR too if asked for."""
        self.dns.put_service(DOMAIN, [f"p1.{DOMAIN}", f"p2.{DOMAIN}"], transports, with_naptr, ttl)

    def half_open(self, hop):
        """The proxy's host restarts and nobody hears of it: no FIN, no RST. Connections to it hang in the air at the
        phones until they are used, which gets a RST from the new life."""
        self.network.tcp_dead(hop.address)
        hop.kill()
        hop.start()
        self.network.heal()

    def place(self, host, impaired=False):
        """A namespace with the address ending in `host` and a capture on its interface: (namespace, address, capture).
        `impaired` makes its cable a `path.Path`, the namespace's `path`."""
        namespace, address = self.network.phone(host, impaired)
        self._names(namespace)
        capture = Capture(namespace, self.folder, (self.dns.address, 53))
        self.closers.append(capture.stop)
        return namespace, address, capture

    def phone(self, user="1001", host=None, audio="null", auto_answer=False, start=True, items=None, line=None,
              impaired=False, transport="udp", also=None, **more):
        """A phone of `user` whose line uses the pair as outbound proxies over `transport`; `line` and `also` as for `items`;
        `items` replaces the whole configuration. Its `capture` shows its own interface; `impaired` as for `place`."""
        host = host or int(user) - 900
        namespace, address, capture = self.place(host, impaired)
        if items is None:
            items = self.items(user, transport, line, also)
        phone = Phone(namespace, self.folder, f"phone-{host}", address, items, audio, auto_answer, transport=transport, **more)
        phone.capture, phone.user = capture, user
        phone.proxies = {self.primary_address: self.primary, self.backup_address: self.backup}
        self.phones.append(phone)
        if start:
            phone.start()
        return phone

    def items(self, user, transport="udp", line=None, also=None):
        """The configuration of a phone whose line uses the pair over `transport`: `line` changes items of the line (blanks as
        underscores), `also` the others; None takes one out."""
        trust = {"TLS CA File": self.pki.ca} if transport == "tls" else {}
        items = {**line_items(user, self.primary_address, self.backup_address, transport=transport, **(line or {})),
                 **trust, **(also or {})}
        return {name: value for name, value in items.items() if value is not None}

    def own_certificate(self, user="1001"):
        """For `also`: the items that give a phone of `user`, at its usual address, a certificate of its own, so that servers
        may open TLS to it."""
        address = f"{net.PREFIX}{int(user) - 900}"
        certificate, key = self.pki.server(f"{user}.phones.example.test", [address])
        return {"TLS Certificate File": certificate, "TLS Key File": key}

    def call_up(self, transport="udp", line=None, caller=(), callee=()):
        """Two phones in a call through the primary, nothing in flight: (caller 1001, callee 1002, id of the call at the
        caller). `caller` and `callee` are more arguments for `phone`, of that one alone.

        Over TLS the callee has a certificate: while its own proxy is frozen and it has not noticed, the other proxy must be
        able to open TLS to it."""
        both = {"transport": transport, "line": line}
        own = {"also": self.own_certificate("1002")} if transport == "tls" else {}
        phones = (self.phone("1001", **{**both, **dict(caller)}),
                  self.phone("1002", **{**both, **own, "auto_answer": True, **dict(callee)}))
        for phone in phones:
            phone.settled(self.primary_address)
        began = time.time()
        call = phones[0].dial(phones[1].user)
        active = phones[0].call_in("active", call)
        assert active["hop"] == hop_name(self.primary_address, transport), active
        phones[1].call_in("active")
        phones[0].reached("ACK", self.primary_address, began)
        return (*phones, call)

    def registrar(self, which, nonce, **more):
        """A scripted hop at the primary's or the backup's address."""
        address = self.primary_address if which == "primary" else self.backup_address
        peer = Registrar(self.network.core, address, nonce, **more)
        self.closers.append(peer.close)
        return peer

    def peer(self, host, port=5060):
        """A scripted peer at a server address of its own, such as a callee."""
        peer = Peer(self.network.core, self.network.server(host), port)
        self.closers.append(peer.close)
        return peer

    def file(self, name):
        """A path inside the laboratory's folder."""
        return os.path.join(self.folder, name)

    def report(self):
        """What happened at last, for a test that failed: short, because what is long is cut in its middle by those who keep it.
        The whole of it is in the laboratory's folder."""
        parts = [f"--- all of it: {self.folder}"]
        for phone in self.phones:
            parts.append(f"--- wire of {phone.name} ({phone.address})\n{phone.capture.ladder()}")
            if phone.proc:
                parts.append(f"--- log of {phone.name}\n{_end(phone.proc.output(), _LOG)}")
        for hop in (self.primary, self.backup):
            if hop and hop.proc:
                parts.append(f"--- log of {hop.name}\n{_end(hop.proc.output(), _LOG_OF_PROXY)}")
        return "\n".join(parts)

    def close(self):
        """Ends everything; returns the complaints (ERROR lines, panics) of the phones. A folder of its own goes too."""
        complaints = []
        for phone in self.phones:
            phone.stop()
            complaints += [f"{phone.name}: {line}" for line in phone.complaints()]
        for closer in reversed(self.closers):
            closer()
        self.network.close()
        if not self._borrowed:
            shutil.rmtree(self.folder, ignore_errors=True)
        return complaints

    def _names(self, namespace):
        namespace.names([self.dns.address])


def _end(text, lines):
    """The last lines of a log, without colours, none of them long."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return "\n".join(line[:_WIDTH] for line in plain.splitlines()[-lines:])
