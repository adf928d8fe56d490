"""Servers of configuration files inside a namespace: HTTP with and without a login, HTTPS, TFTP."""

import base64
import hashlib
import http.server
import re
import socket
import ssl
import struct
import threading

NONCE = "nonce-of-the-file-server"


class HttpFiles:
    """Serves what `files` holds (path to octets, or to a status for an error); `login` asks for it in the basic way, or by
    digest where `digest` is set. With `tls` (certificate, key, authority of clients) it is an HTTPS server that takes only
    clients with a certificate."""

    def __init__(self, namespace, address, files, login=None, tls=None):
        self.address, self.files, self.login, self.requests = address, dict(files), login, []
        self.digest = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Authorization")))
                found = outer.files.get(self.path, 404)
                if outer.login and not outer.knows(self.headers.get("Authorization")):
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="phones"')
                    if outer.digest:
                        self.send_header("WWW-Authenticate", f'Digest realm="phones", nonce="{NONCE}", qop="auth", algorithm=MD5')
                    found = b""
                elif isinstance(found, int):
                    self.send_response(found)
                    found = b""
                else:
                    self.send_response(200)
                self.send_header("Content-Length", str(len(found)))
                self.end_headers()
                self.wfile.write(found)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET

            def __init__(self):
                super().__init__((address, 443 if tls else 80), Handler, bind_and_activate=False)
                self.socket.close()
                self.socket = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
                self.server_bind()
                self.server_activate()
                if tls:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(*tls[:2])
                    context.load_verify_locations(tls[2])
                    context.verify_mode = ssl.CERT_REQUIRED
                    self.socket = context.wrap_socket(self.socket, server_side=True)

            def handle_error(self, request, client_address):
                """A client whose handshake fails is the test's business."""

        self._server = Server()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def knows(self, given):
        """Whether a header shows the login, in the way that is asked for."""
        if not self.digest or not given:
            return given == self._basic()
        part = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()
        ha1, ha2 = md5(f"{self.login[0]}:phones:{self.login[1]}"), md5(f"GET:{part.get('uri')}")
        return part.get("nonce") == NONCE and part.get("response") == md5(
            f"{ha1}:{NONCE}:{part.get('nc')}:{part.get('cnonce')}:auth:{ha2}")

    def _basic(self):
        return "Basic " + base64.b64encode(":".join(self.login).encode()).decode()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)


class TftpFiles:
    """Serves `files` (name to octets) in blocks of 512 octets, without options."""

    def __init__(self, namespace, address, files):
        self.files, self.asked = dict(files), []
        self._namespace, self.address = namespace, address
        self._socket = namespace.socket()
        self._socket.bind((address, 69))
        self._socket.settimeout(0.2)
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._closing:
            try:
                request, client = self._socket.recvfrom(2048)
            except socket.timeout:
                continue
            name = request[2:].split(b"\0")[0].decode()
            self.asked.append(name)
            self._transfer(client, self.files.get(name))

    def _transfer(self, client, octets):
        transfer = self._namespace.socket()
        transfer.bind((self.address, 0))
        transfer.settimeout(2)
        with transfer:
            if octets is None:
                transfer.sendto(struct.pack("!HH", 5, 1) + b"File not found\0", client)
                return
            blocks = [octets[at:at + 512] for at in range(0, len(octets) + 1, 512)]
            for number, block in enumerate(blocks, 1):
                transfer.sendto(struct.pack("!HH", 3, number) + block, client)
                try:
                    transfer.recvfrom(64)
                except socket.timeout:
                    return

    def close(self):
        self._closing = True
        self._thread.join(2)
        self._socket.close()
