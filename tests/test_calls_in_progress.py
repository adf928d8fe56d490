"""Requests within a call on real proxies that die: session refresh, digits by INFO, transfer (F3; failover design §3, §5).

Hold, resume and BYE are in test_bye_failover.py."""

import time

import pytest

from lab import wav
from lab.baresip import Baresip
from lab.faults import check_switch, inflict, lift
from lab.kamailio import Variant
from lab.wait import until

PAIRS = [Variant(), Variant(record_route="shared-name")]


def call_up(world, line=None, users=("1001", "1002")):
    """Two phones in a call through the primary: (caller, callee, id of the call at the caller)."""
    phones = [world.phone(user, auto_answer=user != users[0], line=line) for user in users]
    for phone in phones:
        phone.settled(world.primary_address)
    call = phones[0].dial(users[1])
    phones[0].call_in("active", call)
    phones[1].call_in("active")
    phones[0].capture.wait("the ACK", method="ACK", dst=world.primary_address)
    return (*phones, call)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
@pytest.mark.parametrize("pair", PAIRS, ids=repr)
def test_a_digit_by_info_arrives_once_through_the_backup(make_world, pair, fault):
    """Failover design §3: INFO keeps its CSeq, so that the copy which a thawed proxy delivers is no second digit."""
    world = make_world(pair)
    caller, callee, call = call_up(world, line={"DTMF_Mode": 2})
    after = inflict(world.primary, fault)
    caller.ctl("call", "dtmf", call, "5")
    caller.capture.wait("the digit is taken", status=200, cseq_method="INFO", src=world.backup_address, after=after)
    check_switch(caller, world, "INFO", fault, after)
    taken = callee.capture.sip(method="INFO", dst=callee.address, after=after)
    assert {p.src for p in taken} == {world.backup_address} and b"Signal=5" in taken[0].payload
    if fault == "frozen":
        lift(world.primary, fault)
        callee.capture.wait("the late copy is known for one", status=500, cseq_method="INFO", dst=world.primary_address,
                            after=after)
    assert caller.call(call)["state"] == "active" and "note" not in caller.call(call)


def test_a_session_is_refreshed_by_update_through_the_backup(world):
    """RFC 4028: the callee refreshes at half of 90 s; without that the call would end on both sides at 60 s."""
    line = {"Session_Timer": 1, "S_Timer_Expires": 90}
    caller, callee, call = call_up(world, line=line)
    up = time.time()
    time.sleep(max(0, up + 40 - time.time()))
    after = inflict(world.primary, "killed")
    update = callee.capture.wait("UPDATE goes to the backup", timeout=20, method="UPDATE", dst=world.backup_address, after=after)
    assert 44 <= update.t - up <= 50
    answer = callee.capture.wait("UPDATE is answered", status=200, cseq_method="UPDATE", after=after)
    assert answer.src == world.backup_address and "90;refresher=uac" in answer.sip.get("Session-Expires")
    time.sleep(max(0, up + 63 - time.time()))
    assert caller.call(call)["state"] == "active"
    assert callee.calls()[0]["state"] == "active"


def test_a_transfer_that_is_refused_takes_the_call_back(world):
    caller, callee, call = call_up(world)
    mark = callee.events.mark()
    caller.ctl("call", "transfer", call, "1999")
    callee.events.wait("call", since=mark, state="remote_held")
    back = until(lambda: (c := caller.call(call))["state"] == "active" and "note" in c and c, "the call is taken back", 15)
    assert "the transfer to sip:1999@example.test did not take" in back["note"]
    callee.call_in("active")


def test_ringing_stops_though_its_proxy_was_restarted_in_between(world):
    """RFC 3261 §15: the new proxy knows nothing of what the CANCEL means, so a BYE on the early dialog follows."""
    caller, callee = world.phone("1001"), world.phone("1002")
    for phone in (caller, callee):
        phone.settled(world.primary_address)
    call = caller.dial("1002")
    caller.call_in("ringing", call)
    world.primary.kill()
    world.primary.start()
    after = time.time()
    caller.hangup(call, wait=False)
    assert callee.call_in("ended", timeout=12)["ended"]["by"] == "remote"
    assert caller.capture.sip(method="BYE", after=after) and caller.capture.sip(method="CANCEL", after=after)


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
