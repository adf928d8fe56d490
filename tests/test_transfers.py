"""Transfers, also where the proxy has died: the REFER, the call that it makes and the words about it find their way (F3;
failover design §3, §5; RFC 3515, RFC 3891)."""

import pytest

from lab import wav
from lab.baresip import Baresip
from lab.faults import check_switch, inflict
from lab.kamailio import Variant
from lab.wait import until

TRANSPORTS, FAULTS = ["udp", "tcp", "tls"], ["killed", "frozen"]


def three(make_world, transport):
    """Three phones at the primary, two in a call: (world, caller, callee, the caller's call, target)."""
    world = make_world(Variant(transports=dict.fromkeys(("udp", transport))))
    # As for the callee: while its own proxy is frozen and it has not noticed, the other one opens TLS to it.
    own = world.own_certificate("1003") if transport == "tls" else None
    target = world.phone("1003", transport=transport, auto_answer=True, also=own)
    target.settled(world.primary_address)
    return (world, *world.call_up(transport), target)


def live(phone):
    """The calls of a phone that are not over."""
    return [c for c in phone.calls() if c["state"] != "ended"]


def check_joined(callee, target, caller, call):
    """Callee and target are in one call with each other and in no other; who transferred them is in none."""
    until(lambda: [(c["state"], c["direction"]) for c in live(callee)] == [("active", "out")],
          lambda: f"the callee is in the call that it has made: {live(callee)}", 15)
    until(lambda: [(c["state"], c["remote"]) for c in live(target)] == [("active", "sip:1002@example.test")],
          lambda: f"the target is in one call: {live(target)}", 15)
    until(lambda: not live(caller), lambda: f"who transferred has none left: {live(caller)}", 15)
    assert live(callee)[0]["remote"].startswith("sip:1003@")
    assert "transferred to" in caller.call(call)["ended"]["reason"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_is_transferred_although_its_proxy_has_died(make_world, transport, fault):
    world, caller, callee, call, target = three(make_world, transport)
    after = inflict(world.primary, fault)
    caller.ctl("call", "transfer", call, "1003")
    check_joined(callee, target, caller, call)
    if fault == "frozen" or transport == "udp":
        check_switch(caller, world, "INVITE", fault, after)
    assert caller.requests_at("REFER", world.primary_address, after) == 0, "it starts at the rung that worked for the hold"
    assert caller.requests_at("REFER", world.backup_address, after) == 1, "one transfer, not two"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_two_calls_are_joined_although_their_proxy_has_died(make_world, transport, fault):
    world, caller, callee, call, target = three(make_world, transport)
    caller.ctl("call", "hold", call)
    callee.call_in("remote_held")
    caller.call_in("held", call)
    consultation = caller.dial("1003")
    caller.call_in("active", consultation)
    after = inflict(world.primary, fault)
    caller.ctl("call", "transfer", call, "--to", consultation)
    check_joined(callee, target, caller, call)
    if fault == "frozen" or transport == "udp":
        check_switch(caller, world, "REFER", fault, after)
    assert caller.requests_at("REFER", world.backup_address, after) == 1, "one transfer, not two"


def test_a_transfer_that_is_refused_takes_the_call_back(world):
    caller, callee, call = world.call_up()
    mark = callee.events.mark()
    caller.ctl("call", "transfer", call, "1999")
    callee.events.wait("call", since=mark, state="remote_held")
    back = until(lambda: (c := caller.call(call))["state"] == "active" and "note" in c and c, "the call is taken back", 15)
    assert "the transfer to sip:1999@example.test did not take" in back["note"]
    callee.call_in("active")


@pytest.fixture
def with_baresip(world):
    """A phone in a call with baresip, and a second phone to transfer to: (world, phone, baresip, second)."""
    phone, second = world.phone("1001"), world.phone("1002", auto_answer=True)
    namespace, address, capture = world.place(103)
    baresip = Baresip(namespace, world.folder, "1003", address, world.primary_address,
                      wav.tone(world.file("high.wav"), 1000))
    baresip.start()
    baresip.capture = capture
    for one in (phone, second):
        one.settled(world.primary_address)
    call = phone.dial("1003")
    phone.call_in("active", call)
    yield world, phone, baresip, second, call
    baresip.stop()


def test_baresip_lets_itself_be_transferred(with_baresip):
    world, phone, baresip, second, call = with_baresip
    phone.ctl("call", "transfer", call, "sip:1002@example.test")
    assert "transferred to" in phone.call_in("ended", call)["ended"]["reason"]
    second.call_in("active")


def test_baresip_transfers_the_phone(with_baresip):
    world, phone, baresip, second, call = with_baresip
    baresip.command("transfer", "sip:1002@example.test")
    second.call_in("active")
    until(lambda: [c["state"] for c in phone.calls() if c["state"] != "ended"] == ["active"], "one call is left")
