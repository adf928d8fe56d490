"""A name server with a fixed table, for programs that resolve names by themselves and read no hosts file."""

import socket
import struct
import threading

_A = 1


class Dns:
    """Answers A queries from `table` (name → addresses); other types of a known name are empty, other names do not exist.

    `queries` lists (name, type) as asked.
    """

    def __init__(self, namespace, address, table):
        self.address, self.table, self.queries = address, table, []
        self._closing = False
        self.socket = namespace.socket()
        self.socket.bind((address, 53))
        self.socket.settimeout(0.2)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """Stops answering."""
        self._closing = True
        self._thread.join(2)
        self.socket.close()

    def _run(self):
        while not self._closing:
            try:
                data, source = self.socket.recvfrom(4096)
                self.socket.sendto(self._reply(data), source)
            except (socket.timeout, OSError, struct.error, IndexError):
                continue

    def _reply(self, data):
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode())
            at += 1 + data[at]
        kind = struct.unpack_from("!H", data, at + 1)[0]
        question, name = data[12:at + 5], ".".join(labels).lower()
        self.queries.append((name, kind))
        found = self.table.get(name)
        answers = [socket.inet_aton(a) for a in found or []] if kind == _A else []
        flags = 0x8580 if found is not None else 0x8583
        head = data[:2] + struct.pack("!HHHHH", flags, 1, len(answers), 0, 0)
        return head + question + b"".join(b"\xc0\x0c" + struct.pack("!HHIH", _A, 1, 60, 4) + a for a in answers)
