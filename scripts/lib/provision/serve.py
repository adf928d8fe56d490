"""A small server of phones' files, for a laboratory or a site's first day: the files of one folder by their names, no list
of them, nothing else."""

import base64
import hmac
import http.server
import os
import re
import ssl
import sys

from .table import Wrong

# How long a client may keep silent, seconds.
PATIENCE = 20


def serve(folder, listen, tls=None, login=None):
    """Serves until interrupted; tells each request on standard error."""
    if not os.path.isdir(folder):
        raise Wrong(f"{folder}: no such folder")
    host, _, port = listen.rpartition(":")
    if not port.isdigit() or not host:
        raise Wrong(f"--listen {listen}: not ADDR:PORT")
    expected = _login(login) if login else None
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)

    class Handler(_Handler):
        timeout = PATIENCE

        def setup(self):
            # Here, in the connection's own thread, so that a slow handshake keeps nobody else out.
            self.request.settimeout(PATIENCE)
            if context:
                self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

    Handler.folder, Handler.expected = folder, expected
    server = _Server((host.strip("[]"), int(port)), Handler)
    print(f"serving {folder} at {'https' if tls else 'http'}://{host}:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()


def _login(path):
    with open(path, encoding="utf-8") as f:
        line = f.readline().strip()
    if ":" not in line:
        raise Wrong(f"{path}: its first line is not USER:PASSWORD")
    return "Basic " + base64.b64encode(line.encode()).decode()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A connection that breaks is told in a line."""
        print(f"{client_address[0]} {sys.exc_info()[1]}", file=sys.stderr)


class _Handler(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "provision", ""
    folder, expected = None, None

    def do_GET(self):
        """One file, by a name without a folder."""
        if self.expected and not hmac.compare_digest(self.headers.get("Authorization", ""), self.expected):
            return self._answer(401, b"", ("WWW-Authenticate", 'Basic realm="phones"'))
        name = self.path.split("?")[0].lstrip("/")
        octets = self._content(name) if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}", name) else None
        self._answer(404, b"") if octets is None else self._answer(200, octets)

    def _content(self, name):
        try:
            with open(os.path.join(self.folder, name), "rb") as f:
                return f.read()
        except OSError:
            return None

    def _answer(self, status, octets, *headers):
        self.send_response(status)
        for header in (*headers, ("Content-Length", str(len(octets))), ("Content-Type", "text/plain")):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(octets)
