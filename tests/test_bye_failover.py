"""A call in progress outlives its proxy, and its BYE arrives (B3, F3; failover design §5)."""

import time

import pytest

from lab import wav
from lab.faults import COST, check_switch, inflict
from lab.kamailio import Variant
from lab.wait import until

PLAIN, ALIAS, B2BUA = Variant(), Variant(alias=True), Variant(record_route="b2bua", alias=True)
OTHERS = [Variant(record_route="double"), Variant(record_route="double", alias=True), Variant(record_route="name"),
          Variant(record_route="shared-name"), Variant(record_route="b2bua")]


def hang_up_through_backup(world, fault):
    """The caller hangs up after the fault; the callee's phone must really end its call."""
    caller, callee, call = world.call_up()
    mark, told, after = callee.events.mark(), caller.events.mark(), inflict(world.primary, fault)
    caller.hangup(call, wait=False)
    ended = callee.events.wait("call", since=mark, timeout=8, state="ended")
    assert ended["ended"]["by"] == "remote"
    check_switch(caller, world, "BYE", fault, after)
    assert caller.call_in("ended", call)["ended"]["by"] == "local"
    answer = caller.capture.wait("the answer to BYE", status=200, cseq_method="BYE", after=after)
    assert answer.src == world.backup_address
    event = caller.events.wait("failover", since=told, method="BYE")
    assert event["attempts"] == COST[fault][1]
    return caller, after


@pytest.mark.parametrize("fault", list(COST))
@pytest.mark.parametrize("variant", [PLAIN, ALIAS, B2BUA], ids=repr)
def test_bye_reaches_the_callee_through_the_backup(make_world, variant, fault):
    hang_up_through_backup(make_world(variant), fault)


@pytest.mark.parametrize("variant", OTHERS, ids=repr)
def test_bye_reaches_the_callee_however_the_proxies_record_routes(make_world, variant):
    hang_up_through_backup(make_world(variant), "killed")


def test_the_dead_proxys_route_is_replaced_and_its_parameters_are_kept(world):
    """Failover design §5, rung 1."""
    caller, after = hang_up_through_backup(world, "killed")
    first = caller.capture.sip(method="BYE", dst=world.primary_address, after=after)[0].sip
    repaired = caller.capture.sip(method="BYE", dst=world.backup_address, after=after)[0].sip
    assert world.primary_address in first.get("Route")
    assert repaired.get("Route").replace(":5060", "") == first.get("Route").replace(world.primary_address, world.backup_address)
    assert "ftag=" in repaired.get("Route")
    assert repaired.uri == first.uri and repaired.cseq > first.cseq


def test_a_pair_of_routes_of_the_dead_proxy_becomes_one_entry(make_world):
    world = make_world(Variant(record_route="double"))
    caller, after = hang_up_through_backup(world, "killed")
    routes = ",".join(caller.capture.sip(method="BYE", dst=world.backup_address, after=after)[0].sip.all("Route"))
    assert world.primary_address not in routes and routes.count("<") == 1 and "r2=" not in routes


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_the_callee_can_hang_up_through_the_backup_too(world, fault):
    caller, callee, call = world.call_up()
    after = inflict(world.primary, fault)
    callee.hangup(wait=False)
    assert caller.call_in("ended", call)["ended"]["by"] == "remote"
    check_switch(callee, world, "BYE", fault, after)


@pytest.mark.parametrize("fault", list(COST))
def test_hold_and_resume_go_through_the_backup_while_media_flows_on(world, fault):
    low, ear = wav.tone(world.file("low.wav"), 440), world.file("ear.wav")
    caller, callee, call = world.call_up(caller={"audio": f"wav:{low}:{ear}"})
    after = inflict(world.primary, fault)
    caller.ctl("call", "hold", call)
    callee.call_in("remote_held")
    check_switch(caller, world, "INVITE", fault, after)
    caller.call_in("held", call)
    # After a failover the dialog's later requests start at the rung that worked.
    again = time.time()
    caller.ctl("call", "resume", call)
    callee.call_in("active")
    caller.call_in("active", call)
    assert not caller.capture.sip(method="INVITE", dst=world.primary_address, after=again)
    resumed = time.time()
    until(lambda: wav.heard(callee.capture.audio(caller.address, resumed), 440) >= 1, "440 Hz after resuming", every=0.3)


def test_a_call_is_not_touched_while_its_proxy_dies_and_the_line_moves(world):
    caller, callee, call = world.call_up()
    world.primary.kill()
    after = time.time()
    caller.ctl("account", "register", "1")
    caller.registered(world.backup_address)
    until(lambda: len([p for p in caller.capture.packets() if p.rtp and p.t > after and p.src == callee.address]) > 50,
          "RTP goes on")
    assert caller.call(call)["state"] == "active"
    assert callee.calls()[0]["state"] == "active"
