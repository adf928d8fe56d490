"""What a scripted peer sends and receives by: datagrams, or streams of TCP or TLS with all that can happen to a stream."""

import queue
import re
import socket
import ssl
import struct
import threading


class Datagrams:
    """A UDP socket."""

    def __init__(self, sock, bind):
        self.socket = sock
        sock.bind(bind)

    def receive(self, timeout):
        """(data, source); OSError after `timeout` seconds without any."""
        self.socket.settimeout(timeout)
        return self.socket.recvfrom(65535)

    def send(self, data, to):
        """Sends a datagram."""
        self.socket.sendto(data, to)

    def close(self):
        """Closes the socket."""
        self.socket.close()


class Streams:
    """A listening socket and the connections it has taken, each known by where it came from.

    pong     whether a double CRLF is answered with a single one (RFC 5626 §4.4.1); `pings` counts them
    mute     whether what arrives is read and thrown away, as by a server that hangs
    faults   what went wrong in TLS set-ups, in words
    """

    def __init__(self, sock, bind, certificate=None, client_ca=None):
        self.pong, self.mute, self.pings, self.accepted, self.faults = True, False, 0, 0, []
        self._context = _context(certificate, client_ca) if certificate else None
        self._arrived, self._open, self._threads, self._closing, self._reset = queue.Queue(), {}, [], False, False
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(bind)
        sock.listen(32)
        sock.settimeout(0.1)
        self.socket = sock
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def receive(self, timeout):
        """(one whole SIP message, source); OSError after `timeout` seconds without any."""
        try:
            return self._arrived.get(timeout=timeout)
        except queue.Empty:
            raise socket.timeout from None

    def send(self, data, to):
        """Sends by the connection from this address and port; OSError if there is none."""
        connection = self._open.get(to[:2])
        if connection is None:
            raise OSError(f"no connection from {to}")
        connection.sendall(data)

    @property
    def sources(self):
        """Where the open connections come from."""
        return list(self._open)

    def hang_up(self, reset=False):
        """Closes every connection, with FIN or with RST, and returns when that is done."""
        self._reset = reset
        self._open.clear()
        for thread in self._threads:
            thread.join(2)
        self._threads.clear()

    def close(self):
        """Takes no more connections and closes those that are open."""
        self._closing = True
        self._thread.join(2)
        self.socket.close()
        self.hang_up()

    def _accept(self):
        while not self._closing:
            try:
                connection, source = self.socket.accept()
            except OSError:
                continue
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection, source[:2]), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection, source):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(10)
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            connection.settimeout(0.05)
            self._open[source] = connection
            self._read(connection, source)
        except OSError as error:
            if self._context:
                self.faults.append(str(error))
        self._open.pop(source, None)
        if self._reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def _read(self, connection, source):
        """Until either side closes. A timeout is only a look whether `hang_up` was called."""
        text = b""
        while source in self._open:
            try:
                piece = connection.recv(65536)
            except socket.timeout:
                continue
            if not piece:
                return
            text = b"" if self.mute else self._cut(text + piece, source, connection)

    def _cut(self, text, source, connection):
        """Hands over the whole messages at the start of `text` and returns the rest."""
        while True:
            if text.startswith(b"\r\n\r\n"):
                self.pings += 1
                if self.pong:
                    connection.sendall(b"\r\n")
                text = text[4:]
                continue
            if len(text) > 2 and text.startswith(b"\r\n") and text[2:3] != b"\r":
                text = text[2:]
            head, end, _ = text.partition(b"\r\n\r\n")
            length = re.search(rb"\n(?:content-length|l)[ \t]*:[ \t]*(\d+)", head, re.I)
            size = len(head) + 4 + (int(length.group(1)) if length else 0)
            if not end or len(text) < size:
                return text
            self._arrived.put((text[:size], source))
            text = text[size:]


def _context(certificate, client_ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
