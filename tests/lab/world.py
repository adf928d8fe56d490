"""A whole laboratory in one object: the network, the proxy pair, phones with a capture each, and its clearing away."""

import os
import shutil
import tempfile

from . import net
from .capture import Capture
from .dns import Dns
from .farend import Peer, Registrar
from .kamailio import DOMAIN, Kamailio, Variant
from .phone import Phone, line_items
from .pki import Pki

PRIMARY, BACKUP, DNS = 11, 12, 53


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
              impaired=False, **more):
        """A phone of `user` whose line uses the pair as outbound proxies; `line` changes items (blanks as underscores),
        `items` replaces the whole configuration. Its `capture` shows its own interface; `impaired` as for `place`."""
        host = host or int(user) - 900
        namespace, address, capture = self.place(host, impaired)
        if items is None:
            items = line_items(user, self.primary_address, self.backup_address, **(line or {}))
        phone = Phone(namespace, self.folder, f"phone-{host}", address, items, audio, auto_answer, **more)
        phone.capture, phone.user = capture, user
        self.phones.append(phone)
        if start:
            phone.start()
        return phone

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
        """What happened, for a test that failed."""
        parts = []
        for phone in self.phones:
            parts.append(f"--- wire of {phone.name} ({phone.address})\n{phone.capture.ladder()}")
            if phone.proc:
                parts.append(f"--- log of {phone.name}\n{phone.proc.output()[-6000:]}")
        for hop in (self.primary, self.backup):
            if hop and hop.proc:
                parts.append(f"--- log of {hop.name}\n{hop.proc.output()[-1500:]}")
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
