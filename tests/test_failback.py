"""The phone returns to its primary (C1-C5; failover design §2, §6)."""

import time

import pytest

from lab.capture import switch_time
from lab.wait import until


def on_backup(world, **line):
    """A phone that has registered through the backup because the primary is dead."""
    world.primary.kill()
    phone = world.phone(line=line)
    phone.registered(world.backup_address)
    return phone


@pytest.mark.parametrize("in_call", [False, True], ids=["idle", "in a call"])
def test_the_interval_probe_brings_the_line_home_by_a_new_registration(world, in_call):
    phone = on_backup(world, Failback_Interval=6)
    if in_call:
        callee = world.phone("1002", auto_answer=True)
        callee.registered(world.backup_address)
        call = phone.dial("1002")
        phone.call_in("active", call)
    old = phone.capture.sip(method="REGISTER", dst=world.backup_address)[-1].sip
    after, mark = time.time(), phone.events.mark()
    world.primary.start()
    event = phone.events.wait("failback", since=mark, timeout=14)
    assert event["cause"] == "interval" and event["to"] == f"udp:{world.primary_address}:5060"
    account = phone.settled(world.primary_address)
    assert account["on_primary"]
    probe = phone.capture.sip(method="REGISTER", dst=world.primary_address, after=after)[0].sip
    assert probe.call_id != old.call_id, "C4: a new Call-ID"
    everything = [p.sip for p in phone.capture.sip(method="REGISTER", after=after)]
    assert not [m for m in everything if m.get("Expires") == "0" or "expires=0" in m.get("Contact")], "§6: no un-REGISTER"
    if in_call:
        assert phone.call(call)["state"] == "active"
        phone.hangup(call)
        callee.call_in("ended")


def test_a_probe_that_fails_changes_nothing_and_is_repeated(world):
    phone = on_backup(world, Failback_Interval=3)
    after = time.time()
    phone.capture.wait("three probes", timeout=12, count=3, method="REGISTER", dst=world.primary_address, after=after)
    account = phone.account()
    assert account["state"] == "registered" and account["hop"] == f"udp:{world.backup_address}:5060"
    probes = phone.capture.sip(method="REGISTER", dst=world.primary_address, after=after)
    gaps = [b.t - a.t for a, b in zip(probes, probes[1:])]
    assert all(2.6 <= gap <= 3.6 for gap in gaps), gaps


def test_with_failback_off_the_line_stays_at_the_backup(world):
    phone = on_backup(world, Enable_Failback=0, Failback_Interval=3)
    world.primary.start()
    after = time.time()
    time.sleep(7)
    assert not phone.capture.sip(method="REGISTER", dst=world.primary_address, after=after)
    assert phone.account()["hop"] == f"udp:{world.backup_address}:5060"


def test_signal_failback_by_a_due_refresh_uses_the_same_registration(world):
    phone = on_backup(world, Enable_Failback=0, Signal_Failback=1, Register_TTL=20, NAT_UDPUpdate=0)
    old = phone.capture.sip(method="REGISTER", dst=world.backup_address)[-1].sip
    world.primary.start()
    after = time.time()
    assert phone.events.wait("failback", timeout=14)["cause"] == "signal"
    phone.registered(world.primary_address)
    refresh = phone.capture.sip(method="REGISTER", dst=world.primary_address, after=after)[0].sip
    assert refresh.call_id == old.call_id and refresh.cseq == old.cseq + 1


@pytest.mark.parametrize("signal_failback", [1, 0])
def test_signal_failback_by_a_dialled_call(world, signal_failback):
    phone = on_backup(world, Enable_Failback=0, Signal_Failback=signal_failback)
    callee = world.phone("1002", auto_answer=True)
    callee.registered(world.backup_address)
    world.primary.start()
    callee.ctl("account", "register", "1")
    after = time.time()
    call = phone.dial("1002")
    active = phone.call_in("active", call)
    if signal_failback:
        assert active["hop"] == f"udp:{world.primary_address}:5060"
        assert phone.events.wait("failback")["cause"] == "signal"
        phone.settled(world.primary_address)
        assert not phone.capture.sip(method="INVITE", dst=world.backup_address, after=after)
        invite = phone.capture.sip(method="INVITE", dst=world.primary_address, after=after)[0]
        register = phone.capture.sip(method="REGISTER", dst=world.primary_address, after=after)[0]
        assert 0 < register.t - invite.t < 1, "C2: a REGISTER follows at once"
    else:
        assert active["hop"] == f"udp:{world.backup_address}:5060"
        assert not phone.capture.sip(method="INVITE", dst=world.primary_address, after=after)


def test_signal_failback_by_the_bye_of_a_call_set_up_through_the_primary(world):
    """C3."""
    phone = world.phone("1001", line={"Enable_Failback": 0, "Signal_Failback": 1})
    callee = world.phone("1002", auto_answer=True)
    phone.settled(world.primary_address)
    callee.settled(world.primary_address)
    call = phone.dial("1002")
    phone.call_in("active", call)
    world.primary.kill()
    phone.ctl("account", "register", "1")
    phone.registered(world.backup_address)
    world.primary.start()
    after = time.time()
    phone.hangup(call)
    callee.call_in("ended")
    assert phone.capture.sip(method="BYE", dst=world.primary_address, after=after)
    assert not phone.capture.sip(method="BYE", dst=world.backup_address, after=after)
    assert phone.events.wait("failback")["cause"] == "signal"
    phone.settled(world.primary_address)


def test_after_a_restart_the_phone_begins_at_the_backup_and_tries_the_primary_at_once(world):
    """Failover design §2: the last good hop, if the primary was unavailable; then it probes at once."""
    phone = on_backup(world)
    until(lambda: world.backup_address in phone.remembered("last_good/").get("last_good/1", ""), "the last good hop is written")
    phone.kill()
    world.primary.start()
    phone.file = None
    after = time.time()
    phone.start(wait=False)
    phone.capture.wait("the probe is accepted", status=200, cseq_method="REGISTER", src=world.primary_address, after=after)
    registers = phone.capture.sip(method="REGISTER", after=after)
    assert registers[0].dst == world.backup_address
    assert next(p for p in registers if p.dst == world.primary_address).t - registers[0].t < 2
    phone.ready()
    phone.registered(world.primary_address)
    assert any(entry["event"] == "failback" and entry["cause"] == "restart" for entry in phone.journal())


def test_a_failed_signal_failback_goes_on_to_the_backup(world):
    """C5."""
    phone = on_backup(world, Enable_Failback=0, Signal_Failback=1)
    callee = world.phone("1002", auto_answer=True)
    callee.registered(world.backup_address)
    after = time.time()
    phone.call_in("active", phone.dial("1002"))
    took, tries = switch_time(phone.capture.packets(), "INVITE", world.primary_address, world.backup_address, after)
    assert tries == 1 and took <= 0.25
    assert phone.account()["hop"] == f"udp:{world.backup_address}:5060"


def test_a_thawed_primary_that_answers_all_it_had_queued_changes_nothing(world):
    """Failover design §6: 11 to 22 stale 401s were seen."""
    phone = world.phone(line={"Failback_Interval": 3})
    phone.settled(world.primary_address)
    world.primary.freeze()
    phone.ctl("account", "register", "1")
    phone.registered(world.backup_address)
    phone.capture.wait("probes pile up", timeout=20, count=9, method="REGISTER", dst=world.primary_address)
    phone.set("SIP1 Enable Failback=0")
    thawed = time.time()
    world.primary.thaw()
    phone.capture.wait("the stale answers", status=401, src=world.primary_address, after=thawed, count=2)
    time.sleep(1.5)
    sent = phone.capture.sip(method="REGISTER", after=thawed)
    assert len(sent) <= 2, [repr(p) for p in sent]
    assert phone.account()["state"] == "registered"
