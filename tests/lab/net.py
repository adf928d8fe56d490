"""Network namespaces: one for the servers with a bridge in it, one for each phone, and what can go wrong between them.

Names are unique to this process, so laboratories can run side by side. Where namespaces are not permitted
the constructor raises and the test fails: a skipped network test proves nothing.
"""

import atexit
import ctypes
import itertools
import os
import shutil
import socket
import threading

from .proc import run

PREFIX = "10.90.0."
PREFIX6 = "fd90::"
_counter = itertools.count()
_CLONE_NEWNET = 0x40000000
_made = []


class Namespace:
    """One network namespace; `exec` is the argument list that runs a program inside it."""

    def __init__(self, role):
        if os.geteuid() != 0:
            raise PermissionError("the laboratory makes network namespaces and must run as root")
        self.name = f"lab{os.getpid()}-{next(_counter)}-{role}"
        run(["ip", "netns", "add", self.name])
        _made.append(self)
        self.exec = ["ip", "netns", "exec", self.name]
        self.ip("link", "set", "lo", "up")

    def ip(self, *args):
        """Runs ip(8) inside."""
        run(["ip", "-n", self.name, *args])

    def nft(self, rules):
        """Loads nftables rules inside."""
        run([*self.exec, "nft", "-f", "-"], stdin=rules)

    def names(self, table, nameserver):
        """What programs inside know of names: /etc/hosts from `table` (name → addresses) and the name server to ask."""
        folder = f"/etc/netns/{self.name}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/hosts", "w") as f:
            f.write("127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, addresses in table.items() for a in addresses))
        with open(f"{folder}/resolv.conf", "w") as f:
            f.write(f"nameserver {nameserver}\n")

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM):
        """A socket that lives inside, for a peer that runs in this process: only the creating thread enters."""
        made = []

        def create():
            libc = ctypes.CDLL(None, use_errno=True)
            fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            try:
                if libc.setns(fd, _CLONE_NEWNET) != 0:
                    made.append(OSError(ctypes.get_errno(), f"setns to {self.name}"))
                else:
                    made.append(socket.socket(family, kind))
            finally:
                os.close(fd)

        thread = threading.Thread(target=create)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def delete(self):
        """Removes the namespace; interfaces inside go with it."""
        if self in _made:
            _made.remove(self)
            run(["ip", "netns", "del", self.name], check=False)
            shutil.rmtree(f"/etc/netns/{self.name}", ignore_errors=True)


def delete_all():
    """Removes every namespace that this process has made."""
    for namespace in list(_made):
        namespace.delete()


atexit.register(delete_all)


class Network:
    """The servers' namespace `core` with a bridge, and any number of phones' namespaces at it, all on one LAN."""

    def __init__(self):
        self.core = Namespace("core")
        self.core.ip("link", "add", "lan", "type", "bridge")
        self.core.ip("link", "set", "lan", "up")
        self.phones = []

    def server(self, host):
        """Adds a server's address, such as 10.90.0.11 for host 11, to the core; returns it."""
        self.core.ip("addr", "add", f"{PREFIX}{host}/24", "dev", "lan")
        return f"{PREFIX}{host}"

    def server6(self, host):
        """The same for IPv6, such as fd90::11."""
        self.core.ip("addr", "add", f"{PREFIX6}{host}/64", "dev", "lan", "nodad")
        return f"{PREFIX6}{host}"

    def phone(self, host):
        """A namespace for a phone with the address that ends in `host` on its interface eth0; returns both."""
        namespace = Namespace(f"ua{host}")
        port = f"ua{host}"
        self.core.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace.name)
        self.core.ip("link", "set", port, "master", "lan", "up")
        namespace.ip("addr", "add", f"{PREFIX}{host}/24", "dev", "eth0")
        namespace.ip("addr", "add", f"{PREFIX6}{host}/64", "dev", "eth0", "nodad")
        namespace.ip("link", "set", "eth0", "up")
        self.phones.append(namespace)
        return namespace, f"{PREFIX}{host}"

    def drop(self, address):
        """Packets to this server vanish: silence without any sign."""
        self._rule(f"ip daddr {address} drop")

    def reject(self, address, icmp_type):
        """Packets to this server are answered with this ICMP type, as nftables names it."""
        self._rule(f"ip daddr {address} ip protocol udp reject with icmp type {icmp_type}")

    def heal(self):
        """Takes every rule back."""
        self.core.nft("flush ruleset")

    def close(self):
        """Removes all namespaces."""
        for namespace in [*self.phones, self.core]:
            namespace.delete()

    def _rule(self, rule):
        self.core.nft(f"table inet lab {{\nchain in {{\ntype filter hook input priority 0;\n{rule};\n}}\n}}\n")


def remaining():
    """The names of namespaces that this process has made and that still exist."""
    listed = run(["ip", "netns", "list"]).stdout.split()
    return [name for name in listed if name.startswith(f"lab{os.getpid()}-")]
