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

from .path import Path, open_tap
from .proc import run

PREFIX = "10.90.0."
PREFIX6 = "fd90::"
_counter = itertools.count()
_CLONE_NEWNET = 0x40000000
_BRIDGE = "02:00:00:00:00:01"
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

    def names(self, nameservers, options="timeout:2 attempts:2", search=()):
        """Which name servers programs inside ask (addresses), with the options and search list of resolv.conf(5);
        /etc/hosts inside knows nothing but localhost."""
        folder = f"/etc/netns/{self.name}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/hosts", "w") as f:
            f.write("127.0.0.1 localhost\n")
        lines = [f"nameserver {address}" for address in nameservers] + [f"options {options}"]
        lines += [f"search {' '.join(search)}"] if search else []
        with open(f"{folder}/resolv.conf", "w") as f:
            f.write("\n".join(lines) + "\n")

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM, protocol=0):
        """A socket that lives inside, for a peer that runs in this process."""
        return self.inside(lambda: socket.socket(family, kind, protocol))

    def inside(self, create):
        """What `create` returns when it runs inside: only the thread that calls it enters."""
        made = []

        def enter():
            libc = ctypes.CDLL(None, use_errno=True)
            fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            try:
                if libc.setns(fd, _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns to {self.name}")
                made.append(create())
            except OSError as error:
                made.append(error)
            finally:
                os.close(fd)

        thread = threading.Thread(target=enter)
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
    """The servers' namespace `core` with a bridge, and any number of phones' namespaces at it, all on one LAN.

    Its faults strike between the phones and the servers; servers go on talking with each other. They add up until `heal`.
    An address may be IPv4 or IPv6.
    """

    def __init__(self):
        self.core = Namespace("core")
        # Otherwise the first address takes the others of its subnet with it when it goes; and the errors that one server
        # sends use up what the kernel allows for all of them, which are separate hosts to the phones.
        run([*self.core.exec, "sysctl", "-qw", "net.ipv4.conf.all.promote_secondaries=1", "net.ipv4.icmp_ratelimit=0"])
        # An address of its own: otherwise the bridge takes the lowest of its ports', and where a later phone brings a lower
        # one, what the others send to the address that they know is taken for a stranger's and dropped.
        self.core.ip("link", "add", "lan", "address", _BRIDGE, "type", "bridge")
        self.core.ip("link", "set", "lan", "up")
        self.phones = []
        self._paths = []

    def server(self, host):
        """Adds a server's address, such as 10.90.0.11 for host 11, to the core; returns it."""
        self.core.ip("addr", "add", f"{PREFIX}{host}/24", "dev", "lan")
        return f"{PREFIX}{host}"

    def server6(self, host):
        """The same for IPv6, such as fd90::11."""
        self.core.ip("addr", "add", f"{PREFIX6}{host}/64", "dev", "lan", "nodad")
        return f"{PREFIX6}{host}"

    def remove_server(self, address):
        """The host is gone from the LAN: nobody answers ARP for it, so phones' own kernels say "no route to host" after 3 s."""
        self.core.ip("addr", "del", f"{address}/{64 if ':' in address else 24}", "dev", "lan")

    def phone(self, host, impaired=False):
        """A namespace for a phone with the address that ends in `host` on its interface eth0; returns both.

        `impaired` makes its cable a `path.Path`, found in the namespace's `path`."""
        namespace = Namespace(f"ua{host}")
        port = f"ua{host}"
        if impaired:
            ends = namespace.inside(lambda: open_tap("eth0")), self.core.inside(lambda: open_tap(port))
            namespace.path = Path(*ends)
            self._paths.append(namespace.path)
        else:
            self.core.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace.name)
        self.core.ip("link", "set", port, "master", "lan", "up")
        namespace.ip("addr", "add", f"{PREFIX}{host}/24", "dev", "eth0")
        namespace.ip("addr", "add", f"{PREFIX6}{host}/64", "dev", "eth0", "nodad")
        namespace.ip("link", "set", "eth0", "up")
        namespace.port, namespace.address = port, f"{PREFIX}{host}"
        self.phones.append(namespace)
        return namespace, namespace.address

    def unplug(self, namespace):
        """Pulls the phone's cable: its eth0 loses the carrier and keeps its addresses."""
        if hasattr(namespace, "path"):
            raise ValueError("an impaired phone's interface has no cable to pull: take its eth0 down")
        self.core.ip("link", "set", namespace.port, "down")

    def plug(self, namespace):
        """Puts the cable back."""
        self.core.ip("link", "set", namespace.port, "up")

    def readdress(self, namespace, host):
        """Gives the phone another IPv4 address, as a new DHCP lease does: the old one is gone first. Returns the new one."""
        namespace.ip("addr", "del", f"{namespace.address}/24", "dev", "eth0")
        namespace.ip("addr", "add", f"{PREFIX}{host}/24", "dev", "eth0")
        namespace.address = f"{PREFIX}{host}"
        return namespace.address

    def drop(self, address):
        """Packets to this server vanish: silence without any sign."""
        self._to(address, "drop")

    def drop_from(self, address):
        """Packets from this server vanish: it hears the phones and they don't hear it."""
        self._from(address, "drop")

    def drop_both(self, address):
        """Nothing passes, either way."""
        self.drop(address)
        self.drop_from(address)

    def lose(self, percent, address, way="both"):
        """Of the packets to and from this server this share vanishes at random; way "to", "from" or "both"."""
        for name, rule in (("to", self._to), ("from", self._from)):
            if way in (name, "both"):
                rule(address, f"numgen random mod 100 < {int(percent)} drop")

    def reject(self, address, icmp_type, protocol="udp"):
        """Packets to this server are answered with this ICMP type, as nftables names it (`icmp.Errors` sends the others);
        protocol "udp", "tcp" or "{ udp, tcp }"."""
        family = "icmpv6" if ":" in address else "icmp"
        self._to(address, f"meta l4proto {protocol} reject with {family} type {icmp_type}")

    def tcp_black_hole(self, address):
        """No new TCP connection to this server comes about: its SYN is lost. Those that are open live on."""
        self._to(address, "tcp flags & (syn | ack) == syn drop")

    def tcp_dead(self, address):
        """Every TCP segment to and from this server is lost; UDP passes."""
        self._to(address, "meta l4proto tcp drop")
        self._from(address, "meta l4proto tcp drop")

    def tcp_reset(self, address):
        """TCP to this server is answered with RST: nothing can be opened, and what is open breaks when used. A bare ACK is no
        use: a delayed one would break the connection before the request that a test is about."""
        self._to(address, "tcp flags & (syn | psh) != 0 reject with tcp reset")

    def end_tcp(self, address, phone):
        """A server's host ends its connections with a phone, by RST."""
        run([*self.core.exec, "ss", "-K", "-tn", "src", address, "dst", phone])

    def heal(self):
        """Takes every rule back."""
        self.core.nft("flush ruleset")

    def close(self):
        """Removes all namespaces."""
        for path in self._paths:
            path.close()
        for namespace in [*self.phones, self.core]:
            namespace.delete()

    def _to(self, address, rule):
        self._rule("in", "input", f'iifname "lan" {_family(address)} daddr {address} {rule}')

    def _from(self, address, rule):
        self._rule("out", "output", f'oifname "lan" {_family(address)} saddr {address} {rule}')

    def _rule(self, chain, hook, rule):
        self.core.nft(f"table inet lab {{\nchain {chain} {{\ntype filter hook {hook} priority 0;\n{rule};\n}}\n}}\n")


def _family(address):
    return "ip6" if ":" in address else "ip"


def remaining():
    """The names of namespaces that this process has made and that still exist."""
    listed = run(["ip", "netns", "list"]).stdout.split()
    return [name for name in listed if name.startswith(f"lab{os.getpid()}-")]
