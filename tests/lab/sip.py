"""The text of SIP messages, as far as tests and scripted peers need it: no grammar, no validation.

Deliberately written apart from the phone's own reader: what both agree on is not a shared mistake.
"""

import re

_SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
          "c": "content-type", "k": "supported", "e": "content-encoding", "s": "subject"}


class Message:
    """A request or a response: `start`, `headers` as (name, value) in order, `body` as bytes."""

    def __init__(self, start, headers, body=b""):
        self.start = start
        self.headers = headers
        self.body = body

    @classmethod
    def parse(cls, raw):
        """Reads a datagram; None if it is not SIP."""
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
        if not (lines[0].startswith("SIP/2.0 ") or lines[0].endswith(" SIP/2.0")):
            return None
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        return cls(lines[0], headers, body)

    @property
    def method(self):
        """The request's method, or None for a response."""
        return None if self.is_response else self.start.split(" ", 1)[0]

    @property
    def uri(self):
        """The Request-URI, or None for a response."""
        return None if self.is_response else self.start.split(" ")[1]

    @property
    def is_response(self):
        """Whether this is a response."""
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self):
        """The status code, or None for a request."""
        return int(self.start.split(" ")[1]) if self.is_response else None

    def all(self, name):
        """Every value of this header, in order."""
        wanted = name.lower()
        return [v for n, v in self.headers if _SHORT.get(n.lower(), n.lower()) == wanted]

    def get(self, name, default=""):
        """The first value of this header."""
        return next(iter(self.all(name)), default)

    @property
    def call_id(self):
        return self.get("Call-ID")

    @property
    def cseq(self):
        """The number in CSeq."""
        return int(self.get("CSeq", "0 X").split()[0])

    @property
    def cseq_method(self):
        """The method in CSeq."""
        return self.get("CSeq", "0 X").split()[-1]

    @property
    def branch(self):
        """The branch of the top Via."""
        found = re.search(r"branch=([^;,\s]+)", self.get("Via"))
        return found.group(1) if found else ""

    def tag(self, name):
        """The tag in From or To, or an empty string."""
        found = re.search(r";\s*tag=([^;,\s]+)", self.get(name))
        return found.group(1) if found else ""

    def contact_uri(self):
        """The URI in the first Contact."""
        found = re.search(r"<([^>]+)>", self.get("Contact"))
        return found.group(1) if found else self.get("Contact").split(";")[0]

    def encode(self):
        """The bytes for the wire, Content-Length included."""
        headers = [(n, v) for n, v in self.headers if n.lower() not in ("content-length", "l")]
        headers.append(("Content-Length", str(len(self.body))))
        return (self.start + "\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers) + "\r\n").encode() + self.body

    def __repr__(self):
        return f"<{self.start} | {self.get('CSeq')}>"


def reply(request, status, reason, to_tag=None, contact=None, extra=(), body=b"", body_type="application/sdp"):
    """The response that RFC 3261 §8.2.6 forms from a request; `extra` are further (name, value) headers."""
    headers = [("Via", v) for v in request.all("Via")]
    headers += [("Record-Route", v) for v in request.all("Record-Route")]
    headers.append(("From", request.get("From")))
    to = request.get("To")
    headers.append(("To", f"{to};tag={to_tag}" if to_tag and not request.tag("To") else to))
    headers += [("Call-ID", request.call_id), ("CSeq", request.get("CSeq"))]
    if contact:
        headers.append(("Contact", f"<{contact}>"))
    headers += list(extra)
    if body:
        headers.append(("Content-Type", body_type))
    return Message(f"SIP/2.0 {status} {reason}", headers, body)


def sdp(address, port, payload=8, name="PCMA/8000", direction="sendrecv"):
    """A minimal audio description."""
    return (f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {payload}\r\na=rtpmap:{payload} {name}\r\na={direction}\r\n").encode()
