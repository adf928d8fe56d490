"""Malformed input on the SIP and RTP ports: alive, silent, bounded (F10; issue 2, "must hold")."""

import random
import re
import socket
import time

from lab import wav
from lab.sip import Message
from lab.wait import until

CRLF = "\r\n"


def request(method="OPTIONS", n=0, target="sip:1001@10.90.0.101", extra="", body=""):
    """A well-formed request from the primary's address, to start damage from."""
    return (f"{method} {target} SIP/2.0{CRLF}Via: SIP/2.0/UDP 10.90.0.11:5060;branch=z9hG4bKg{n}{CRLF}"
            f"Max-Forwards: 70{CRLF}From: <sip:x@example.test>;tag=g{n}{CRLF}To: <sip:1001@example.test>{CRLF}"
            f"Call-ID: garbage-{n}{CRLF}CSeq: 1 {method}{CRLF}Contact: <sip:x@10.90.0.11>{CRLF}{extra}"
            f"Content-Length: {len(body)}{CRLF}{CRLF}{body}").encode()


def not_sip():
    """Datagrams that are no SIP request at all: none may be answered."""
    rng = random.Random(2026)
    yield b""
    yield b"\x00"
    yield b"\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: phone\r\n\r\n"
    yield b"SIP/2.0 200 OK\r\n\r\n"
    yield b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.90.0.101;branch=z9hG4bKnever\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n"
    yield b"OPTIONS\r\n\r\n"
    yield b"OPTIONS sip:a@b SIP/2.0\r\n\r\n"
    yield b"ACK sip:1001@10.90.0.101 SIP/2.0\r\nVia: SIP/2.0/UDP 10.90.0.11;branch=z9hG4bKlost\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: y\r\nCSeq: 1 ACK\r\n\r\n"
    yield b"\xff" * 1400
    yield b"A" * 65000
    yield b"OPTIONS sip:a SIP/2.0\r\n" + b"X: y\r\n" * 10000
    for size in (1, 3, 20, 100, 500, 1400, 9000):
        for _ in range(20):
            yield rng.randbytes(size)


def damaged():
    """Requests with something wrong: any answer or none, but no harm."""
    rng = random.Random(4475)
    whole = [request(m, n, extra=e, body=b) for n, (m, e, b) in enumerate([
        ("OPTIONS", "", ""), ("INVITE", f"Content-Type: application/sdp{CRLF}", "v=0\r\no=- 1 1 IN IP4 10.90.0.11\r\ns=-\r\nc=IN IP4 10.90.0.11\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"),
        ("BYE", "", ""), ("CANCEL", "", ""), ("REGISTER", "", ""), ("NOTIFY", f"Event: x{CRLF}", ""), ("FROBNICATE", "", ""),
        ("REFER", f"Refer-To: <sip:y@example.test>{CRLF}", ""), ("MESSAGE", f"Content-Type: text/plain{CRLF}", "hello")])]
    yield from whole
    for text in whole:
        yield text.replace(b"Content-Length: ", b"Content-Length: 9999")
        yield text.replace(b"Content-Length: ", b"Content-Length: -1")
        yield re.sub(rb"CSeq: 1", b"CSeq: 99999999999999999999", text)
        yield text.replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
        yield text.replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1)
        yield text.replace(b"branch=", b"branch=" + b"z" * 30000, 1)
        yield text.replace(b"From: <", b"From: \"\\\"unterminated <", 1)
        yield text.replace(b"sip:1001@", b"sip:1001%00%ff@", 1)
        yield text.replace(b"Via: ", b"Via: SIP/2.0/UDP [::1;branch=x, ", 1)
    for _ in range(1500):
        text = bytearray(rng.choice(whole))
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(len(text))
            kind = rng.randrange(4)
            if kind == 0:
                text[at] = rng.randrange(256)
            elif kind == 1:
                del text[at:at + rng.randint(1, 30)]
            elif kind == 2:
                text[at:at] = text[at:at + rng.randint(1, 60)]
            else:
                text[at:at] = rng.choice([b"\r\n", b"\x00", b";", b"<", b'"', b"%", b",", b"\xf0\x9f\x98\x80", b" " * 50])
            if not text:
                text = bytearray(b"x")
        yield bytes(text[:60000])


def throw(namespace, address, port, source, datagrams):
    """Sends datagrams from `source`; returns what comes back on that socket."""
    answers = []
    with namespace.socket() as s:
        s.bind((source, 0))
        s.settimeout(0)
        for count, data in enumerate(datagrams):
            s.sendto(data, (address, port))
            if count % 20 == 0:
                time.sleep(0.01)
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            try:
                answers.append(s.recv(65535))
            except (BlockingIOError, socket.error):
                time.sleep(0.02)
    return answers


def answers_options(namespace, phone, source):
    """Whether the phone answers a good OPTIONS from a hop."""
    text = request("OPTIONS", random.randrange(10 ** 9)).replace(b";branch", b";rport;branch")
    return any(m and m.status for m in map(Message.parse, throw(namespace, phone.address, 5060, source, [text])))


def test_garbage_on_the_sip_port_gets_no_answer_and_does_no_harm(make_world):
    world = make_world(None)
    first = world.registrar("primary", "n1")
    world.registrar("backup", "n2")
    phone = world.phone("1001")
    phone.registered(first.address)
    stranger = world.network.server(66)
    resident = phone.status("VmRSS")
    core = world.network.core
    for source in (stranger, first.address):
        assert throw(core, phone.address, 5060, source, not_sip()) == []
    for source in (stranger, first.address):
        throw(core, phone.address, 5060, source, damaged())
    assert phone.proc.running()
    assert answers_options(core, phone, first.address)
    assert phone.account()["state"] == "registered"
    assert phone.status("VmRSS") < resident + 4000, "memory stays bounded"
    stranger_calls = [c for c in phone.calls() if c["state"] != "ended"]
    assert len(stranger_calls) <= 8, "calls that garbage may have begun are bounded"


def test_everything_the_phone_sends_is_well_formed_to_an_independent_dissector(world):
    caller, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    caller.settled(world.primary_address)
    callee.registered()
    call = caller.dial("1002")
    caller.call_in("active", call)
    caller.ctl("call", "hold", call)
    callee.call_in("remote_held")
    caller.call_in("held", call)
    caller.ctl("call", "resume", call)
    callee.call_in("active")
    world.primary.kill()
    caller.hangup(call)
    callee.call_in("ended")
    assert not caller.capture.malformed()
    assert not callee.capture.malformed()


def test_garbage_on_the_rtp_port_leaves_the_call_and_its_audio_alone(world):
    low, ear = wav.tone(world.file("low.wav"), 440), world.file("ear.wav")
    caller = world.phone("1001", audio=f"wav:{low}")
    callee = world.phone("1002", audio=f"wav:{wav.tone(world.file('high.wav'), 1000)}:{ear}", auto_answer=True)
    caller.settled(world.primary_address)
    callee.registered()
    call = caller.dial("1002")
    caller.call_in("active", call)
    until(lambda: wav.heard(wav.read(ear)[0], 440) >= 0.5, "440 Hz", every=0.2)
    port = next(p.dport for p in callee.capture.packets() if p.rtp and p.dst == callee.address)
    stranger = world.network.server(66)
    rng = random.Random(3550)
    noise = [rng.randbytes(rng.choice([0, 1, 11, 12, 13, 172, 1400])) for _ in range(600)]
    noise += [bytes([0x80, 8]) + rng.randbytes(10) + b"\x55" * 160 for _ in range(200)]
    for target in (port, port + 1):
        assert throw(world.network.core, callee.address, target, stranger, noise) == []
    heard = wav.heard(wav.read(ear)[0], 440)
    until(lambda: wav.heard(wav.read(ear)[0], 440) >= heard + 1, "440 Hz goes on", every=0.2)
    assert callee.proc.running() and caller.call(call)["state"] == "active"
