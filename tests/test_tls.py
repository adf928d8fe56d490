"""SIP over TLS on real proxies (A2; failover design §1; RFC 5922)."""

import socket
import ssl
import time

import pytest

from lab.faults import disturb, switch
from lab.kamailio import Variant
from lab.phone import hop_name
from lab.sip import Message
from lab.wait import until

PAIR = Variant(transports=("udp", "tls"))
EARLY, LATE = 0.05, 0.25
CAUSES = {"expired": "tls certificate has expired", "not yet valid": "tls certificate is not valid yet",
          "wrong name": "tls certificate is for another name", "unknown issuer": "tls certificate has an unknown issuer"}


@pytest.fixture
def tls(make_world):
    """A pair that speaks TLS beside UDP."""
    return make_world(PAIR)


def phone_of(world, user="1001", **more):
    return world.phone(user, transport="tls", **more)


def test_a_phone_registers_calls_and_hangs_up_over_tls(tls):
    caller, callee = phone_of(tls, "1001"), phone_of(tls, "1002", auto_answer=True)
    for phone in (caller, callee):
        phone.registered(tls.primary_address)
    assert "transport=tls" in tls.primary.contacts("1001")[0].lower()
    call = caller.dial("1002")
    assert caller.call_in("active", call)["hop"] == hop_name(tls.primary_address, "tls")
    callee.call_in("active")
    caller.hangup(call)
    assert callee.events.wait("call", state="ended")["ended"]["by"] == "remote"
    for phone in (caller, callee):
        assert not phone.capture.sip(), "nothing in the clear"
        assert len(phone.capture.connects(dst=tls.primary_address)) == 1
    assert {a.transport for a in tls.primary.requests()} == {"tls"}


@pytest.mark.parametrize("fault", list(CAUSES))
def test_a_bad_certificate_is_named_and_the_backup_serves(tls, fault):
    tls.primary.present(fault)
    phone = phone_of(tls)
    account = phone.registered(tls.backup_address)
    assert account["hops"][0]["cause"] == CAUSES[fault]
    entry = next(e for e in phone.journal() if e["event"] == "failover")
    assert entry["cause"] == CAUSES[fault] and entry["from"] == hop_name(tls.primary_address, "tls")
    assert not tls.primary.requests(), "nothing was said to it"
    assert not phone.capture.sip(), "and nothing in the clear"


def test_a_certificate_is_held_against_the_configured_name(tls):
    """By name with SNI; and a certificate that is good only for another name of the same host is none."""
    names = {"Proxy_Addr": "p1.example.test", "BakProxy_Addr": "p2.example.test"}
    phone = phone_of(tls, line=names)
    phone.registered(tls.primary_address)
    phone.stop()
    tls.primary.present("wrong name")
    other = phone_of(tls, "1002", line=names)
    account = other.registered(tls.backup_address)
    assert account["hops"][0]["cause"] == CAUSES["wrong name"]


def test_without_its_own_authority_the_phone_trusts_only_the_systems(tls):
    phone = phone_of(tls, also={"TLS CA File": None})
    last = {}
    def refused():
        last.update(phone.account())
        return last["state"] == "failed" and {h["cause"] for h in last["hops"]} == {CAUSES["unknown issuer"]}
    until(refused, lambda: str(last))
    phone.set(f"TLS CA File={tls.pki.ca}")
    phone.ctl("account", "register", "1")
    phone.registered(tls.primary_address)


def test_a_server_that_asks_for_a_certificate_gets_ours(make_world):
    world = make_world(Variant(transports=("udp", "tls"), client_certificate=True))
    bare = phone_of(world, "1002")
    last = {}
    def refused():
        last.update(bare.account())
        return last["state"] == "failed" and all(h["cause"].startswith("tls") for h in last["hops"])
    until(refused, lambda: str(last))
    certificate, key = world.pki.client("1001")
    phone = phone_of(world, also={"TLS Certificate File": certificate, "TLS Key File": key})
    phone.registered(world.primary_address)


def test_a_file_that_cannot_be_used_is_named(tls):
    phone = phone_of(tls)
    phone.registered(tls.primary_address)
    said = phone.ctl("config", "set", "TLS CA File=/nowhere/ca.pem")
    text = said.stdout + said.stderr
    assert "TLS CA File" in text and "/nowhere/ca.pem" in text


@pytest.mark.parametrize("port,cause,seconds", [
    (5060, "tls set-up timed out", 4.0), (5069, "tcp connection refused", 0.0)], ids=["SIP in the clear", "nothing"])
def test_a_port_where_no_tls_is_spoken_is_left(make_world, port, cause, seconds):
    world = make_world(Variant(transports=("udp", "tcp", "tls")))
    phone = phone_of(world, line={"Proxy_Port": port})
    account = phone.registered(world.backup_address)
    assert account["hops"][0]["cause"] == cause
    costs(phone, world, seconds)
    assert not phone.capture.sip(), "nothing in the clear"


@pytest.mark.parametrize("fault", ["black hole", "frozen"])
def test_a_server_that_stays_silent_costs_four_seconds(tls, fault):
    """Frozen, its kernel takes the connection and nobody answers the handshake."""
    tls.primary.freeze() if fault == "frozen" else disturb(tls, fault)
    phone = phone_of(tls)
    account = phone.registered(tls.backup_address)
    assert account["hops"][0]["cause"] == "tls set-up timed out"
    costs(phone, tls, 4.0)


def costs(phone, world, seconds):
    """From the first SYN to the primary until the first to the backup."""
    here, there = (phone.capture.connects(dst=address)[0].t for address in (world.primary_address, world.backup_address))
    assert seconds - EARLY <= there - here <= seconds + LATE, f"{there - here:.3f} s"


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_a_dead_proxy_is_left_and_the_call_goes_on(tls, fault):
    caller, callee, call = tls.call_up("tls")
    mark, after = callee.events.mark(), time.time()
    tls.primary.kill() if fault == "killed" else tls.primary.freeze()
    if fault == "killed":
        for phone in (caller, callee):
            phone.registered(tls.backup_address)
    caller.hangup(call, wait=False)
    ended = callee.events.wait("call", since=mark, timeout=8, state="ended")
    assert ended["ended"]["by"] == "remote"
    if fault == "frozen":
        took, _ = switch(caller, tls, "BYE", after)
        assert 3.5 - EARLY <= took <= 3.5 + LATE, f"{took:.3f} s"
    else:
        assert caller.requests_at("BYE", tls.backup_address, after) == 1


def test_a_peer_may_open_tls_to_a_phone_that_has_a_certificate(tls):
    phone = phone_of(tls, also=tls.own_certificate())
    phone.registered(tls.primary_address)
    context = ssl.create_default_context(cafile=tls.pki.ca)
    with tls.network.core.socket(kind=socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.connect((phone.address, 5061))
        with context.wrap_socket(s, server_hostname="1001.phones.example.test") as t:
            t.sendall(b"OPTIONS sip:1001@%s SIP/2.0\r\nVia: SIP/2.0/TLS 10.90.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
                      b"From: <sip:a@b>;tag=1\r\nTo: <sip:1001@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
                      b"Content-Length: 0\r\n\r\n" % phone.address.encode())
            assert Message.parse(t.recv(4000)).status == 200
