"""A dialled call finds the backup (B2, F2, F4; failover design §1-§4)."""

import time

import pytest

from lab import wav
from lab.faults import COST, check_switch, inflict
from lab.wait import until


@pytest.mark.parametrize("fault", list(COST))
def test_a_call_goes_through_the_backup_and_the_line_follows_it(world, fault):
    caller, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    caller.settled(world.primary_address)
    callee.settled(world.primary_address)
    mark, after = caller.events.mark(), inflict(world.primary, fault)
    call = caller.dial("1002")
    active = caller.call_in("active", call)
    assert active["hop"] == f"udp:{world.backup_address}:5060"
    check_switch(caller, world, "INVITE", fault, after)
    assert [c["state"] for c in callee.calls()] == ["active"], "one call at the callee, not two"
    event = caller.events.wait("failover", since=mark, method="INVITE")
    assert abs(event["elapsed_ms"] / 1000 - COST[fault][0]) <= 0.25
    assert event["attempts"] == COST[fault][1]
    caller.registered(world.backup_address)
    caller.hangup(call)
    callee.call_in("ended")


def test_the_copies_of_one_invite_can_be_told_by_the_callee(world):
    """Failover design §3 and RFC 3263 §4.3: only the branch differs."""
    caller, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    caller.settled(world.primary_address)
    callee.registered()
    after = inflict(world.primary, "killed")
    caller.call_in("active", caller.dial("1002"))
    first = caller.capture.sip(method="INVITE", dst=world.primary_address, after=after)[0].sip
    copy = caller.capture.sip(method="INVITE", dst=world.backup_address, after=after)[0].sip
    assert copy.branch != first.branch
    assert (copy.uri, copy.get("From"), copy.get("To"), copy.call_id, copy.cseq) == \
        (first.uri, first.get("From"), first.get("To"), first.call_id, first.cseq)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_audio_flows_both_ways_in_a_call_set_up_through_the_backup(world, fault):
    low, high = wav.tone(world.file("low.wav"), 440), wav.tone(world.file("high.wav"), 1000)
    ear_a, ear_b = world.file("ear-a.wav"), world.file("ear-b.wav")
    caller = world.phone("1001", audio=f"wav:{low}:{ear_a}")
    callee = world.phone("1002", audio=f"wav:{high}:{ear_b}", auto_answer=True)
    caller.settled(world.primary_address)
    callee.registered()
    inflict(world.primary, fault)
    caller.call_in("active", caller.dial("1002"))
    until(lambda: wav.heard(wav.read(ear_a)[0], 1000) >= 1.5, "1000 Hz at the caller", every=0.3)
    until(lambda: wav.heard(wav.read(ear_b)[0], 440) >= 1.5, "440 Hz at the callee", every=0.3)


def test_a_call_that_its_user_has_cancelled_never_reaches_another_hop(world):
    """Failover design §1, first row."""
    caller, callee = world.phone("1001"), world.phone("1002")
    caller.settled(world.primary_address)
    callee.registered()
    world.primary.freeze()
    after = time.time()
    call = caller.dial("1002")
    caller.capture.wait("the INVITE to the primary", method="INVITE", after=after)
    caller.hangup(call)
    caller.call_in("ended", call)
    caller.registered(world.backup_address, timeout=15)
    assert not caller.capture.sip(method="INVITE", dst=world.backup_address, after=after)
    assert not callee.calls()


@pytest.mark.parametrize("icmp", ["host-unreachable", "net-unreachable", "admin-prohibited"])
def test_every_unreachable_code_counts_within_a_round_trip(world, icmp):
    caller = world.phone("1001")
    caller.settled(world.primary_address)
    after = time.time()
    world.network.reject(world.primary_address, icmp)
    caller.dial("1009")
    caller.registered(world.backup_address)
    check_switch(caller, world, "INVITE", "killed", after)
    assert caller.hop_state(world.primary_address)["cause"].startswith("icmp")
