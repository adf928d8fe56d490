"""ICMP errors that no firewall rule makes: any type and code, sent for packets that are then dropped, or out of the blue.

A packet socket sees what a phone sends to a server before the firewall drops it, so that the error quotes the real packet.
"""

import socket
import struct
import threading

UNREACHABLE, SOURCE_QUENCH, TIME_EXCEEDED = 3, 4, 11
# RFC 792, RFC 1812 §5.2.7.1; the name as a test says it.
CODES = {
    "net unreachable": (3, 0), "host unreachable": (3, 1), "protocol unreachable": (3, 2), "port unreachable": (3, 3),
    "fragmentation needed": (3, 4), "source route failed": (3, 5), "net prohibited": (3, 9), "host prohibited": (3, 10),
    "admin prohibited": (3, 13), "source quench": (4, 0), "time exceeded": (11, 0),
}
_ETH_P_IP = 0x0800


class Errors:
    """Answers every UDP packet to `address` with one ICMP error until closed; `sent` counts them, `packets` has what was seen.

    quote    octets of the offending packet behind its IP header: 8 as old routers send, more as RFC 1812 wants
    source   who says so; by default the server itself
    drop     whether the packet is lost besides, as a true error means
    hold     the packets are only kept, for a later `send`
    """

    def __init__(self, network, address, kind, quote=520, source=None, drop=True, hold=False, mtu=1280):
        self.network, self.address, self.source, self.quote = network, address, source or address, quote
        self.type, self.code = CODES[kind] if isinstance(kind, str) else kind
        self.rest = struct.pack("!HH", 0, mtu if (self.type, self.code) == (3, 4) else 0)
        self.sent, self.packets, self.hold, self._closing = 0, [], hold, False
        self._ear = network.core.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
        self._ear.bind(("lan", _ETH_P_IP))
        self._ear.settimeout(0.1)
        self._mouth = network.core.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        if drop:
            network.drop(address)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """Ends it. A drop stays until the network is healed."""
        self._closing = True
        self._thread.join(2)
        self._ear.close()
        self._mouth.close()

    def _run(self):
        wanted = socket.inet_aton(self.address)
        while not self._closing:
            try:
                packet, where = self._ear.recvfrom(65535)
            except OSError:
                continue
            if where[2] == socket.PACKET_OUTGOING or packet[16:20] != wanted or packet[9] != socket.IPPROTO_UDP:
                continue
            self.packets.append(packet)
            if not self.hold:
                self.send(packet)

    def send(self, packet):
        """Sends the error for this IP packet to its sender."""
        head = (packet[0] & 15) * 4
        body = self.rest + packet[:head + self.quote]
        message = struct.pack("!BBH", self.type, self.code, 0) + body
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(message), 0, 0, 64, socket.IPPROTO_ICMP, 0,
                         socket.inet_aton(self.source), packet[12:16])
        self._mouth.sendto(ip + message, (socket.inet_ntoa(packet[12:16]), 0))
        self.sent += 1


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
