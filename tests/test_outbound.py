"""Client-initiated connections (RFC 5626) with registrars that do them: what a line that is registered at both offers, and
`ob`, which ties the requests of a call to a flow (issue 3, item 5; failover design §1, row 3)."""

import time

import pytest

from lab.kamailio import Variant
from lab.phone import hop_name
from lab.wait import until


def pair(transport, outbound="supported", flow_timer=0):
    return Variant(transports=dict.fromkeys(("udp", transport)), outbound=outbound, flow_timer=flow_timer)


def contact(packet):
    return packet.sip.get("Contact")


def at_both(world, transport, user="1001", **more):
    """A phone that is registered at both."""
    phone = world.phone(user, transport=transport, line={"Register_Both": 1}, **more)
    phone.settled(world.primary_address)
    until(lambda: "also registered at" in phone.account()["note"], "the second registration", 5)
    return phone


def in_a_call(world, transport):
    """A line that is registered at both calls one that is not: (caller, callee)."""
    caller = at_both(world, transport)
    callee = world.phone("1002", transport=transport, auto_answer=True)
    callee.settled(world.primary_address)
    call = caller.dial("1002")
    caller.call_in("active", call)
    callee.call_in("active")
    return caller, callee


def hangs_up(callee, caller):
    """The callee ends the call; the caller must hear of it."""
    mark = caller.events.mark()
    callee.hangup()
    assert caller.events.wait("call", since=mark, timeout=5, state="ended")["ended"]["by"] == "remote"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_of_a_line_registered_at_both_comes_back_by_the_flow_that_it_names(make_world, transport):
    world = make_world(pair(transport))
    caller, callee = in_a_call(world, transport)
    for hop in (world.primary_address, world.backup_address):
        register = caller.capture.sip(method="REGISTER", dst=hop)[-1]
        assert register.sip.get("Supported") == "path, outbound"
        granted = caller.capture.sip(status=200, cseq_method="REGISTER", src=hop)[-1]
        assert granted.sip.get("Require") == "outbound", granted.sip
    invite = caller.capture.sip(method="INVITE", dst=world.primary_address)[-1]
    assert ";ob>" in contact(invite), contact(invite)
    assert ";ob" not in contact(caller.capture.sip(method="REGISTER")[-1])
    at_callee = callee.capture.sip(method="INVITE", dst=callee.address)[-1]
    route = at_callee.sip.get("Record-Route")
    assert "@" in route, f"the proxy has noted the flow: {route}"
    hangs_up(callee, caller)


def test_over_tls_a_call_comes_back_by_the_flow_that_it_names(make_world):
    """The callee speaks UDP, so that what the proxy passes on can be read. The phone takes no connections of others: all that
    reaches it comes by its flow."""
    world = make_world(pair("tls"))
    caller = at_both(world, "tls")
    for proxy in (world.primary, world.backup):
        register = proxy.requests("REGISTER", "tls")
        assert register, f"{proxy.name} has it over TLS"
    callee = world.phone("1002", auto_answer=True)
    callee.settled(world.primary_address)
    call = caller.dial("1002")
    caller.call_in("active", call)
    callee.call_in("active")
    at_callee = callee.capture.sip(method="INVITE", dst=callee.address)[-1]
    assert ";ob>" in contact(at_callee), contact(at_callee)
    assert "@" in at_callee.sip.get("Record-Route"), "the proxy has noted the flow"
    hangs_up(callee, caller)
    mark = caller.events.mark()
    callee.dial("1001")
    caller.events.wait("call", since=mark, timeout=5, state="ringing")
    callee.hangup()
    assert not caller.capture.connects(dst=caller.address), "nobody has opened a connection to it"
    assert not caller.capture.sip(), "nothing in the clear"


def test_over_tls_a_call_comes_by_the_other_flow_when_the_first_has_died(make_world):
    """The first proxy is frozen and nobody has noticed: its flow is there and leads nowhere."""
    world = make_world(pair("tls"))
    phone = at_both(world, "tls", auto_answer=True)
    caller = world.phone("1002", line={"Proxy_Addr": world.backup_address, "BakProxy_Addr": None})
    caller.registered(world.backup_address)
    world.primary.freeze()
    call = caller.dial("1001")
    caller.call_in("active", call, timeout=4)
    phone.call_in("active", timeout=4)
    assert phone.account()["hop"] == hop_name(world.primary_address, "tls"), "nothing was noticed yet"
    hangs_up(caller, phone)
    assert not phone.capture.connects(dst=phone.address), "nobody has opened a connection to it"


def test_a_line_that_is_registered_once_offers_nothing_and_names_no_flow(make_world):
    world = make_world(pair("tcp"))
    caller, callee, _ = world.call_up("tcp")
    register, invite = (caller.capture.sip(method=m)[-1] for m in ("REGISTER", "INVITE"))
    assert not register.sip.get("Supported")
    assert ";ob" not in contact(invite)
    hangs_up(callee, caller)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_call_survives_the_flow_that_it_names(make_world, transport):
    """Requirement F3: the connection is opened again from the same port, so that it is the flow that was named."""
    world = make_world(pair(transport))
    caller, callee = in_a_call(world, transport)
    after = time.time()
    world.network.end_tcp(world.primary_address, caller.address)
    until(lambda: caller.capture.connects(dst=world.primary_address, after=after), "it is opened again", 5)
    until(lambda: [a for a in world.primary.registrations(after) if a.source.startswith(caller.address)], "a REGISTER", 5)
    hangs_up(callee, caller)


def test_a_registrar_that_demands_outbound_gets_it_of_a_line_that_is_registered_once(make_world):
    world = make_world(pair("udp", "required"))
    phone = world.phone("1001")
    assert phone.registered(world.primary_address)["hop"] == hop_name(world.primary_address)
    refused = phone.capture.sip(status=421, cseq_method="REGISTER")
    assert refused and "outbound" in refused[0].sip.get("Require")
    assert phone.capture.sip(method="REGISTER")[-1].sip.get("Supported") == "path, outbound"


def test_a_flow_is_pinged_as_often_as_its_registrar_asks(make_world):
    """RFC 5626 §4.4: 80 to 100 % of the Flow-Timer from ping to ping; each of the two flows, each ping answered."""
    world = make_world(pair("tcp", flow_timer=2))
    phone = at_both(world, "tcp")
    granted = phone.capture.sip(status=200, cseq_method="REGISTER", src=world.primary_address)[-1]
    assert granted.sip.get("Flow-Timer") == "2", granted.sip

    def crlf(what, src, dst):
        return [p.t for p in phone.capture.packets() if (p.src, p.dst, p.payload) == (src, dst, what)]
    for hop in (world.primary_address, world.backup_address):
        until(lambda: len(crlf(b"\r\n\r\n", phone.address, hop)) >= 6, f"pings to {hop}", 15)
        pings = crlf(b"\r\n\r\n", phone.address, hop)
        waits = [b - a for a, b in zip(pings, pings[1:])]
        assert all(1.55 <= wait <= 2.25 for wait in waits), waits
        until(lambda: len(crlf(b"\r\n", hop, phone.address)) >= 5, f"pongs of {hop}", 5)
    assert phone.account()["hop"] == hop_name(world.primary_address, "tcp")


def test_the_second_registration_is_made_again_at_once_when_its_connection_is_lost(make_world):
    world = make_world(pair("tcp"))
    phone = at_both(world, "tcp")
    until(lambda: len(world.backup.registrations()) == 1, "it is there", 5)
    after = time.time()
    world.network.end_tcp(world.backup_address, phone.address)
    until(lambda: phone.capture.connects(dst=world.backup_address, after=after), "it is opened again", 5)
    until(lambda: world.backup.registrations(after), "a REGISTER", 5)
    assert phone.account()["hop"] == hop_name(world.primary_address, "tcp"), "the line has not moved"
