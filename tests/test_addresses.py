"""Addresses: IPv6 hops, and hosts with several addresses (A1, F2; issue 2 item 5)."""

import time

from lab import sip
from lab.farend import Registrar
from lab.phone import line_items
from lab.wait import until


def pair6(world, **more):
    """Two scripted hops with IPv6 addresses."""
    hops = []
    for host, nonce in ((11, "n1"), (12, "n2")):
        hops.append(Registrar(world.network.core, world.network.server6(host), nonce, **more))
        world.closers.append(hops[-1].close)
    return hops


def test_an_icmpv6_error_moves_a_registration_within_a_round_trip(make_world):
    world = make_world(None)
    first, second = pair6(world)
    phone = world.phone("1001", items=line_items("1001", first.address, second.address))
    until(lambda: phone.account()["state"] == "registered", "registered over IPv6")
    assert phone.account()["hop"] == f"udp:[{first.address}]:5060"
    phone.capture.wait("the first keep-alive", status=200, cseq_method="OPTIONS")
    first.close()
    after = time.time()
    phone.ctl("account", "register", "1")
    until(lambda: phone.account()["hop"] == f"udp:[{second.address}]:5060", "at the backup over IPv6")
    lost = phone.capture.sip(method="REGISTER", dst=first.address, after=after)
    there = phone.capture.sip(method="REGISTER", dst=second.address, after=after)
    assert len(lost) == 1 and there[0].t - lost[0].t <= 0.25
    assert phone.account()["hops"][0]["cause"].startswith("icmp")


def test_a_call_over_ipv6_offers_and_uses_an_ipv6_address(make_world):
    world = make_world(None)
    first, _ = pair6(world)
    phone = world.phone("1001", items=line_items("1001", first.address))
    until(lambda: phone.account()["state"] == "registered", "registered over IPv6")
    call = phone.dial("1002")
    invite = first.expect("INVITE")
    assert b"c=IN IP6 fd90::101" in invite.message.body
    body = sip.sdp("x", 30000).replace(b"IN IP4 x", b"IN IP6 " + first.address.encode())
    first.answer(invite, 200, "OK", body=body)
    first.expect("ACK")
    phone.call_in("active", call)
    until(lambda: any(p.rtp and p.dst == first.address for p in phone.capture.packets()), "RTP over IPv6")
    phone.hangup(call, wait=False)
    first.answer(first.expect("BYE"), 200, "OK")


def test_an_answer_leaves_from_the_address_that_was_asked(make_world):
    world = make_world(None)
    hop = world.registrar("primary", "n1")
    phone = world.phone("1001", start=False)
    phone.namespace.ip("addr", "add", "10.90.0.201/24", "dev", "eth0")
    phone.start()
    phone.registered(hop.address)
    for address in ("10.90.0.201", phone.address):
        text = (f"OPTIONS sip:1001@{address} SIP/2.0\r\nVia: SIP/2.0/UDP {hop.address}:5060;branch=z9hG4bK{address}\r\n"
                f"From: <sip:x@example.test>;tag=1\r\nTo: <sip:1001@example.test>\r\nCall-ID: {address}\r\n"
                "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
        hop.send(text.encode(), (address, 5060))
        answer = hop.expect(status=200, where=lambda m, a=address: m.call_id == a)
        assert answer.source == (address, 5060)


def test_a_request_leaves_from_the_address_towards_the_hop_and_names_it(make_world):
    world = make_world(None)
    hop = world.registrar("primary", "n1")
    phone = world.phone("1001", start=False)
    phone.namespace.ip("addr", "add", "10.91.0.1/24", "dev", "lo")
    phone.start()
    phone.registered(hop.address)
    register = hop.seen("REGISTER")[0]
    assert register.source == (phone.address, 5060)
    assert phone.address in register.message.get("Via") and phone.address in register.message.get("Contact")
