"""Every hop is unavailable (A4, B4; failover design §1, §2, §6)."""

import time

import pytest

from lab import wav
from lab.wait import until


def test_a_call_fails_at_once_with_words_and_a_tone_when_every_hop_is_dead(world):
    silence, ear = wav.write(world.file("silence.wav"), bytes(16000)), world.file("ear.wav")
    phone = world.phone(audio=f"wav:{silence}:{ear}")
    phone.settled(world.primary_address)
    world.primary.kill()
    world.backup.kill()
    mark, began = phone.events.mark(), time.monotonic()
    call = phone.dial("1002")
    event = phone.events.wait("unavailable", since=mark, where=lambda e: e["method"] == "INVITE")
    assert event["line"] == 1 and event["cause"].startswith("icmp")
    ended = phone.call_in("ended", call)["ended"]
    assert time.monotonic() - began < 2
    assert ended["by"] == "failure" and "all proxies failed" in ended["reason"].lower()
    until(lambda: wav.loud(wav.read(ear)[0]) >= 0.5, "a tone at the ear", every=0.2)


@pytest.mark.long
def test_silence_everywhere_gives_the_last_hop_its_full_32_seconds(world):
    phone = world.phone(line={"NAT_UDPUpdate": 0})
    phone.registered(world.primary_address)
    world.primary.freeze()
    world.backup.freeze()
    call = phone.dial("1002")
    phone.call_in("ended", call, timeout=45)
    event = phone.events.wait("unavailable", timeout=2, where=lambda e: e["method"] == "INVITE")
    assert event["cause"].startswith("no answer")
    first = phone.capture.sip(method="INVITE", dst=world.primary_address)
    last = phone.capture.sip(method="INVITE", dst=world.backup_address)
    assert len(first) == 3 and len(last) == 7
    start = last[0].t
    assert abs(start - first[0].t - 3.5) <= 0.25
    assert all(abs(p.t - start - due) <= 0.25 for p, due in zip(last, [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]))


@pytest.mark.long
def test_a_line_that_lost_every_hop_registers_again_when_one_returns(world):
    """Failover design §6: back-off 15-30 s first, for ever."""
    phone = world.phone()
    phone.settled(world.primary_address)
    world.primary.kill()
    world.backup.kill()
    phone.ctl("account", "register", "1")
    until(lambda: phone.account()["state"] == "failed", "the line says failed")
    world.backup.start()
    phone.registered(world.backup_address, timeout=33)


def test_dialling_does_not_wait_for_the_back_off(world):
    """Failover design §1: dialling ignores any back-off."""
    world.primary.kill()
    world.backup.kill()
    phone, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    until(lambda: phone.account()["state"] == "failed", "the line says failed")
    world.primary.start()
    callee.ctl("account", "register", "1")
    callee.registered(world.primary_address, timeout=3)
    phone.call_in("active", phone.dial("1002"), timeout=3)
