"""Requests within a call on real proxies that die: session refresh, digits by INFO (F3; failover design §3, §5).

Hold, resume and BYE are in test_bye_failover.py, transfers in test_transfers.py."""

import time

import pytest

from lab.faults import check_switch, disturb, inflict, lift
from lab.kamailio import Variant

PAIRS = [Variant(), Variant(record_route="shared-name")]
# Seconds: less than the 3.5 s after which a silent hop is given up.
SOON = 3


@pytest.mark.parametrize("fault", ["killed", "frozen"])
@pytest.mark.parametrize("pair", PAIRS, ids=repr)
def test_a_digit_by_info_arrives_once_through_the_backup(make_world, pair, fault):
    """Failover design §3: INFO keeps its CSeq, so that the copy which a thawed proxy delivers is no second digit."""
    world = make_world(pair)
    caller, callee, call = world.call_up(line={"DTMF_Mode": 2})
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


@pytest.mark.parametrize("fault", ["killed", "frozen", "reset"])
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_hold_digit_resume_and_bye_go_on_through_the_backup_over_streams(make_world, transport, fault):
    """Failover design §5: the first request finds the rung, the later ones start there. UDP is in test_bye_failover.py."""
    world = make_world(Variant(transports=("udp", transport)))
    caller, callee, call = world.call_up(transport, line={"DTMF_Mode": 2})
    after = disturb(world, fault) if fault == "reset" else inflict(world.primary, fault)
    caller.ctl("call", "hold", call)
    callee.call_in("remote_held")
    caller.call_in("held", call)
    if fault != "killed":  # A killed proxy ends its connections, so that the line has moved before.
        check_switch(caller, world, "INVITE", fault, after)
    again = time.time()
    caller.ctl("call", "dtmf", call, "5")
    caller.reached("INFO", world.backup_address, again, timeout=SOON)
    caller.ctl("call", "resume", call)
    callee.call_in("active", timeout=SOON)
    caller.call_in("active", call, timeout=SOON)
    assert "note" not in caller.call(call)
    caller.hangup(call)
    assert callee.call_in("ended", timeout=SOON)["ended"]["by"] == "remote"
    assert caller.requests_at("INFO", world.backup_address, again) == 1, "one digit, not two"
    for method in ("INFO", "INVITE", "BYE"):
        assert caller.requests_at(method, world.primary_address, again) == 0


@pytest.mark.long
def test_a_session_is_refreshed_by_update_through_the_backup(world):
    """RFC 4028: the callee refreshes at half of 90 s; without that the call would end on both sides at 60 s."""
    line = {"Session_Timer": 1, "S_Timer_Expires": 90}
    caller, callee, call = world.call_up(line=line)
    up = caller.capture.sip(method="ACK", dst=world.primary_address)[-1].t
    time.sleep(max(0, up + 40 - time.time()))
    after = inflict(world.primary, "killed")
    update = callee.capture.wait("UPDATE goes to the backup", timeout=20, method="UPDATE", dst=world.backup_address, after=after)
    assert 44 <= update.t - up <= 50
    answer = callee.capture.wait("UPDATE is answered", status=200, cseq_method="UPDATE", after=after)
    assert answer.src == world.backup_address and "90;refresher=uac" in answer.sip.get("Session-Expires")
    time.sleep(max(0, up + 63 - time.time()))
    assert caller.call(call)["state"] == "active"
    assert callee.calls()[0]["state"] == "active"


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
