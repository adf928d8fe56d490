"""Our own network goes away, comes back, or gives us another address (F1; failover design §6)."""

import time

import pytest

from lab.faults import inflict, lift
from lab.kamailio import Variant
from lab.phone import told_at
from lab.proc import run
from lab.wait import until

LINE = {"UDPUpdate_TTL": 2}
# A keep-alive and A3's 3.5 s: after so long a phone that blames its server would have left it.
WOULD_BLAME = 2 + 3.5 + 1.5


def settled_with(world, **items):
    phone = world.phone(line={**LINE, **items})
    phone.settled(world.primary_address)
    return phone


def settled(world):
    return settled_with(world)


def up_and_down(world, phone, down, up):
    mark = phone.events.mark()
    before = phone.account()
    down()
    until(lambda: "up=false" in phone.proc.output(), "the phone notices", 5)
    time.sleep(WOULD_BLAME)
    account = phone.account()
    assert account["hop"] == before["hop"] and account["state"] == "registered", "nothing moves"
    assert [h["state"] for h in account["hops"]] == [h["state"] for h in before["hops"]], "nobody is blamed"
    after = time.time()
    up()
    phone.capture.wait("a REGISTER at the same server", timeout=4, method="REGISTER", dst=world.primary_address, after=after)
    phone.capture.wait("which it takes", timeout=2, status=200, cseq_method="REGISTER", src=world.primary_address, after=after)
    # One REGISTER and its answer to the challenge, of the one line.
    time.sleep(0.3)
    assert not phone.events.since(mark, "failover") and not phone.events.since(mark, "unavailable")
    assert not phone.capture.sip(method="REGISTER", dst=world.backup_address)


def test_a_pulled_cable_blames_nobody_and_registers_when_it_is_back(world):
    phone = settled(world)
    up_and_down(world, phone, lambda: world.network.unplug(phone.namespace), lambda: world.network.plug(phone.namespace))


def test_an_interface_taken_down_blames_nobody_and_registers_when_it_is_back(world):
    phone = settled(world)
    up_and_down(world, phone, lambda: phone.namespace.ip("link", "set", "eth0", "down"),
                lambda: phone.namespace.ip("link", "set", "eth0", "up"))


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_new_address_registers_at_once_and_takes_the_call_along(make_world, transport):
    world = make_world(Variant(transports=dict.fromkeys(("udp", transport))))
    phone, callee, call = world.call_up(transport)
    until(lambda: callee.capture.audio(phone.address), "sound from the old address")
    old, new = phone.address, "10.90.0.177"
    # Otherwise the first address takes the new one with it when it goes.
    run([*phone.namespace.exec, "sysctl", "-qw", "net.ipv4.conf.all.promote_secondaries=1"])
    mark, after = phone.events.mark(), time.time()
    phone.namespace.ip("addr", "add", f"{new}/24", "dev", "eth0")
    phone.namespace.ip("addr", "del", f"{old}/24", "dev", "eth0")
    phone.address = new
    assert phone.reached("REGISTER", world.primary_address, after, timeout=4) - after <= 1, "at once"
    for method in ("INVITE", "ACK"):
        phone.reached(method, world.primary_address, after, timeout=4)
    if transport != "tls":
        register, reinvite = (phone.capture.sip(method=m, dst=world.primary_address, after=after)[0] for m in ("REGISTER", "INVITE"))
        assert all(p.src == new and new in p.sip.get("Contact") for p in (register, reinvite))
        assert f"c=IN IP4 {new}".encode() in reinvite.sip.body

    def sound(since):
        return [p for p in phone.capture.packets() if p.rtp and p.src == callee.address and p.t > since]
    moved = until(lambda: next((p.t for p in sound(after) if p.dst == new), None), "sound comes to the new address")
    later = until(lambda: sound(moved + 0.5), "it goes on")
    assert {p.dst for p in later} == {new}
    assert phone.call(call)["state"] == "active"
    phone.hangup(call, wait=False)
    callee.call_in("ended")
    assert not phone.events.since(mark, "failover")


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("fault,wait", [("killed", 0.0), ("frozen", 3.5)])
def test_a_watched_backup_that_dies_is_told_before_it_is_needed(make_world, transport, fault, wait):
    world = make_world(Variant(transports=dict.fromkeys(("udp", transport))))
    phone = world.phone(transport=transport, line={**LINE, "Watch_Backups": 1})
    phone.settled(world.primary_address)
    phone.options_answered(world.backup_address)
    mark, after = phone.events.mark(), inflict(world.backup, fault)
    event = phone.events.wait("redundancy", since=mark, timeout=8)
    assert event["left"] is False and told_at(event) - after <= LINE["UDPUpdate_TTL"] + wait + 0.5
    account = phone.account()
    assert account["on_primary"] and "no redundancy left" in account["note"]
    lift(world.backup, fault)
    assert phone.events.wait("redundancy", since=mark, timeout=8, left=True)
    assert [entry["left"] for entry in phone.journal() if entry["event"] == "redundancy"] == [False, True]
    assert phone.requests_at("REGISTER", world.backup_address) == 0, "nothing moves"
