"""Client-initiated connections (RFC 5626) with registrars that do them: what a line that is registered at both offers, and
`ob`, which ties the requests of a call to a flow (issue 3, item 5; failover design §1, row 3)."""

import time

import pytest

from lab.kamailio import Variant
from lab.phone import hop_name
from lab.wait import until


def pair(transport, outbound="supported"):
    return Variant(transports=dict.fromkeys(("udp", transport)), outbound=outbound)


def contact(packet):
    return packet.sip.get("Contact")


def in_a_call(world, transport):
    """A line that is registered at both calls one that is not: (caller, callee)."""
    caller = world.phone("1001", transport=transport, line={"Register_Both": 1})
    callee = world.phone("1002", transport=transport, auto_answer=True)
    caller.settled(world.primary_address)
    until(lambda: "also registered at" in caller.account()["note"], "the second registration", 5)
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


def test_a_line_that_is_registered_once_offers_nothing_and_names_no_flow(make_world):
    world = make_world(pair("tcp"))
    caller, callee, _ = world.call_up("tcp")
    register, invite = (caller.capture.sip(method=m)[-1] for m in ("REGISTER", "INVITE"))
    assert not register.sip.get("Supported")
    assert ";ob" not in contact(invite)
    hangs_up(callee, caller)


def test_a_call_survives_the_flow_that_it_names(make_world):
    """Requirement F3: the connection is opened again from the same port, so that it is the flow that was named."""
    world = make_world(pair("tcp"))
    caller, callee = in_a_call(world, "tcp")
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
