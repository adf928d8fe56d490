"""REGISTER finds the backup (A2-A4, B1, F1, F2; failover design §1, §3, §6)."""

import time

import pytest

from lab.capture import switch_time
from lab.faults import COST, check_switch, inflict

EVERY_FAULT = [*COST, "500 to REGISTER"]


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_a_register_by_hand_moves_to_the_backup_and_stays_one_registration(world, fault):
    phone = world.phone()
    phone.settled(world.primary_address)
    mark, after = phone.events.mark(), inflict(world.primary, fault)
    phone.ctl("account", "register", "1")
    account = phone.registered(world.backup_address)
    check_switch(phone, world, "REGISTER", fault, after)
    assert not account["on_primary"]
    event = phone.events.wait("failover", since=mark)
    assert (event["line"], event["method"]) == (1, "REGISTER")
    assert (event["from"], event["to"]) == (f"udp:{world.primary_address}:5060", f"udp:{world.backup_address}:5060")
    assert abs(event["elapsed_ms"] / 1000 - COST.get(fault, (0,))[0]) <= 0.25
    assert event["attempts"] == COST.get(fault, (0, 1))[1]
    assert phone.hop_state(world.primary_address)["state"] == "unavailable"
    assert_same_registration(phone, world, after)
    assert len(world.backup.contacts("1001")) == 1


def assert_same_registration(phone, world, after):
    """B1: Request-URI, To, From and Call-ID stay; §3: CSeq rises, and no nonce of the primary reaches the backup."""
    first = phone.capture.sip(method="REGISTER", dst=world.primary_address, after=after)[0].sip
    there = [p.sip for p in phone.capture.sip(method="REGISTER", dst=world.backup_address, after=after)]
    challenge = phone.capture.sip(status=401, src=world.backup_address, after=after)[0].sip.get("WWW-Authenticate")
    for message in there:
        assert message.uri == first.uri == "sip:example.test"
        assert message.call_id == first.call_id
        assert message.get("From") == first.get("From") and message.get("To") == first.get("To")
        assert message.contact_uri() == first.contact_uri()
    assert [m.cseq for m in there] == sorted({m.cseq for m in there}) and there[0].cseq > first.cseq
    assert not there[0].get("Authorization"), "the backup has not asked yet"
    nonce = there[-1].get("Authorization").split('nonce="')[1].split('"')[0]
    assert f'nonce="{nonce}"' in challenge


@pytest.mark.parametrize("fault", EVERY_FAULT)
def test_a_phone_that_starts_while_the_primary_is_down_registers_at_the_backup(world, fault):
    after = inflict(world.primary, fault)
    phone = world.phone()
    phone.registered(world.backup_address)
    check_switch(phone, world, "REGISTER", fault, after)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_a_refresh_that_falls_due_moves_to_the_backup(world, fault):
    # 20 s granted: the refresh starts at half of it (failover design §6).
    phone = world.phone(line={"Register_TTL": 20, "NAT_UDPUpdate": 0})
    phone.registered(world.primary_address)
    after = inflict(world.primary, fault)
    phone.registered(world.backup_address, timeout=16)
    check_switch(phone, world, "REGISTER", fault, after)


@pytest.mark.parametrize("fault", ["killed", "frozen", "503"])
def test_an_idle_phone_learns_from_its_keep_alive_that_the_primary_has_died(world, fault):
    phone = world.phone(line={"UDPUpdate_TTL": 5})
    phone.settled(world.primary_address)
    after = inflict(world.primary, fault)
    event = phone.events.wait("failover", timeout=12)
    assert event["method"] == "OPTIONS"
    account = phone.registered(world.backup_address)
    assert account["hops"][0]["state"] == "unavailable"
    first = phone.capture.sip(method="REGISTER", dst=world.backup_address, after=after)[0].t
    assert first - after <= 5 + COST[fault][0] + 0.3
    assert not phone.capture.sip(method="REGISTER", dst=world.primary_address, after=after)


def test_incoming_calls_follow_the_registration(world):
    callee = world.phone("1001", auto_answer=True, line={"UDPUpdate_TTL": 5})
    caller = world.phone("1002")
    callee.settled(world.primary_address)
    caller.settled(world.primary_address)
    world.primary.kill()
    callee.registered(world.backup_address, timeout=8)
    call = caller.dial("1001")
    caller.call_in("active", call)
    assert callee.call_in("active")["hop"] == f"udp:{world.backup_address}:5060"


def test_retry_counts_1_and_5_cost_what_the_design_says(world):
    world.primary.freeze()
    after = time.time()
    phone = world.phone(line={"Signal_Retry_Counts": 1})
    phone.registered(world.backup_address)
    took, tries = switch_time(phone.capture.packets(), "REGISTER", world.primary_address, world.backup_address, after)
    assert tries == 1 and abs(took - 0.5) <= 0.25
    phone.set("SIP1 Signal Retry Counts=5", "SIP1 Signal Failback=1")
    after = time.time()
    call = phone.dial("1009")
    phone.call_in("ended", call, timeout=20)
    took, tries = switch_time(phone.capture.packets(), "INVITE", world.primary_address, world.backup_address, after)
    assert tries == 5 and abs(took - 15.5) <= 0.25


def test_v2_mode_bounds_the_wait_by_time(world):
    world.primary.freeze()
    after = time.time()
    phone = world.phone(line={"Signal_Retry_Mode": 1, "Signal_Retry_Time": 2})
    phone.registered(world.backup_address)
    took, tries = switch_time(phone.capture.packets(), "REGISTER", world.primary_address, world.backup_address, after)
    assert tries == 3 and abs(took - 2.0) <= 0.25


def test_the_journal_names_cause_and_time_lost(world):
    phone = world.phone()
    phone.settled(world.primary_address)
    world.primary.kill()
    phone.ctl("account", "register", "1")
    phone.registered(world.backup_address)
    entry = next(e for e in phone.journal() if e["event"] == "failover")
    assert entry["cause"].startswith("icmp") and entry["method"] == "REGISTER" and entry["attempts"] == 1
    text = phone.ctl("account", "list").stdout
    assert world.backup_address in text and "icmp" in text.lower()
