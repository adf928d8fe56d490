"""What a plain socket in a phone's place learns of a hop: the laboratory's faults as seen by neither phone nor proxy."""

import socket

from .sip import Message

# linux/in.h; without it a socket hears of a closed port only, not of the soft errors.
IP_RECVERR = 11


def request(method="OPTIONS", transport="UDP", call_id="1"):
    """A request that a proxy answers with 200."""
    return (f"{method} sip:example.test SIP/2.0\r\nVia: SIP/2.0/{transport} 10.90.0.101:5060;branch=z9hG4bK{call_id};rport\r\n"
            f"From: <sip:a@b>;tag=1\r\nTo: <sip:example.test>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n").encode()


def datagram(namespace, address, timeout=0.7):
    """What a datagram gets: a status, the words of an error such as ICMP makes, or "silence"."""
    with namespace.socket() as s:
        s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        s.settimeout(timeout)
        s.connect((address, 5060))
        try:
            s.send(request())
            return Message.parse(s.recv(4000)).status
        except socket.timeout:
            return "silence"
        except OSError as error:
            return error.strerror


def stream(namespace, address, port=5060, timeout=1.5):
    """A TCP connection from a phone's namespace."""
    s = namespace.socket(kind=socket.SOCK_STREAM)
    s.settimeout(timeout)
    s.connect((address, port))
    return s


def served(s):
    """What a request over a stream gets, in the same words, and "closed"."""
    try:
        s.sendall(request(transport="TCP"))
        data = s.recv(4000)
        return Message.parse(data).status if data else "closed"
    except socket.timeout:
        return "silence"
    except OSError as error:
        return error.strerror


def opened(namespace, address):
    """What becomes of a new connection and a request over it."""
    try:
        with stream(namespace, address) as s:
            return served(s)
    except socket.timeout:
        return "silence"
    except OSError as error:
        return error.strerror
