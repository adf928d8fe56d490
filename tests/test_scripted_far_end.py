"""What no honest proxy does on request: late, doubled, stale and contradictory answers (F4; failover design §1-§5)."""

import time

import pytest

from lab import sip
from lab.farend import Registrar, Talker, answer_with, incoming, swallow
from lab.wait import until

@pytest.fixture
def pair(make_world):
    """A laboratory whose two hops are scripted, with a phone registered at the first: (world, first, second, phone)."""
    world = make_world(None)
    first, second = world.registrar("primary", "nonce-of-first"), world.registrar("backup", "nonce-of-second")
    phone = world.phone("1001")
    phone.registered(world.primary_address)
    yield world, first, second, phone
    for hop in (first, second):
        assert not hop.errors, hop.errors


def media(peer):
    """A description of a peer that hears nothing."""
    return sip.sdp(peer.address, 30000)


def test_a_late_200_from_the_abandoned_hop_is_acknowledged_and_ended(pair):
    world, first, second, phone = pair
    call = phone.dial("1002")
    abandoned = first.expect("INVITE")
    accepted = second.expect("INVITE", timeout=5)
    second.answer(accepted, 180, "Ringing", "b")
    second.answer(accepted, 200, "OK", "b", body=media(second))
    second.expect("ACK")
    phone.call_in("active", call)
    first.answer(abandoned, 200, "OK", "a", body=media(first))
    first.expect("ACK", where=lambda m: m.tag("To") == "a")
    bye = first.expect("BYE", where=lambda m: m.tag("To") == "a")
    first.answer(bye, 200, "OK")
    assert phone.call(call)["state"] == "active"
    assert not second.seen("BYE")
    phone.hangup(call)
    second.answer(second.expect("BYE"), 200, "OK")


def test_the_leg_that_rings_wins_and_the_other_is_cancelled(pair):
    """Failover design §4: legs race; the first with a 1xx above 100 is the call."""
    world, first, second, phone = pair
    call = phone.dial("1002")
    early = first.expect("INVITE")
    late = second.expect("INVITE", timeout=5)
    second.answer(late, 100, "Trying")
    first.answer(early, 180, "Ringing", "a")
    cancel = second.expect("CANCEL")
    second.answer(cancel, 200, "OK")
    second.answer(late, 487, "Request Terminated", "b")
    second.expect("ACK")
    first.answer(early, 200, "OK", "a", body=media(first))
    first.expect("ACK")
    assert phone.call_in("active", call)["hop"] == f"udp:{first.address}:5060"
    phone.hangup(call)
    first.answer(first.expect("BYE"), 200, "OK")


def test_482_from_the_later_leg_adopts_the_earlier_one(pair):
    world, first, second, phone = pair
    call = phone.dial("1002")
    early = first.expect("INVITE")
    late = second.expect("INVITE", timeout=5)
    second.answer(late, 482, "Loop Detected", "b")
    second.expect("ACK")
    time.sleep(1)
    assert phone.call(call)["state"] == "dialing"
    first.answer(early, 180, "Ringing", "a")
    phone.call_in("ringing", call)
    first.answer(early, 200, "OK", "a", body=media(first))
    first.expect("ACK")
    phone.call_in("active", call)
    phone.hangup(call)
    first.answer(first.expect("BYE"), 200, "OK")


def test_503_before_ringing_is_acknowledged_and_the_next_hop_tried(pair):
    world, first, second, phone = pair
    call = phone.dial("1002")
    refused = first.expect("INVITE")
    first.answer(refused, 503, "Service Unavailable", "a")
    accepted = second.expect("INVITE", timeout=1)
    first.expect("ACK", where=lambda m: m.tag("To") == "a" and m.branch == refused.message.branch)
    second.answer(accepted, 486, "Busy Here", "b")
    second.expect("ACK")
    assert phone.call_in("ended", call)["ended"]["code"] == 486


def test_503_after_ringing_is_the_callees_own_and_final(pair):
    world, first, second, phone = pair
    call = phone.dial("1002")
    rung = first.expect("INVITE")
    first.answer(rung, 180, "Ringing", "a")
    phone.call_in("ringing", call)
    first.answer(rung, 503, "Service Unavailable", "a")
    assert phone.call_in("ended", call)["ended"]["code"] == 503
    time.sleep(0.5)
    assert not second.seen("INVITE")


def test_a_call_without_sound_is_ended_by_bye_and_one_that_is_held_is_not(make_world):
    """Failover design §5: so that no lost BYE leaves a call up."""
    world = make_world(None)
    first = world.registrar("primary", "n1")
    phone = world.phone("1001", line={"Media_Timeout": 5})
    phone.registered(first.address)
    call = phone.dial("1002")
    first.answer(first.expect("INVITE"), 200, "OK", "a", body=media(first))
    answered = first.expect("ACK").t
    phone.call_in("active", call)
    bye = first.expect("BYE", timeout=8)
    assert 4.5 <= bye.t - answered <= 6.5
    first.answer(bye, 200, "OK")
    assert phone.call_in("ended", call)["ended"]["by"] == "failure"
    second = phone.dial("1003")
    first.answer(first.expect("INVITE"), 200, "OK", "b", body=media(first))
    first.expect("ACK")
    phone.call_in("active", second)
    phone.ctl("call", "hold", second)
    first.answer(first.expect("INVITE"), 200, "OK", "b",
                 body=sip.sdp(first.address, 30000, direction="recvonly"))
    first.expect("ACK")
    phone.call_in("held", second)
    time.sleep(7)
    assert phone.call(second)["state"] == "held"
    assert not [r for r in first.seen("BYE") if r.message.tag("To") == "b"]
    phone.hangup(second, wait=False)
    first.answer(first.expect("BYE"), 200, "OK")


@pytest.mark.long
def test_a_2xx_that_is_never_acknowledged_ends_with_a_bye(pair):
    """RFC 3261 §13.3.1.4; failover design §5."""
    world, first, second, phone = pair
    incoming(first, phone, "unacked", "u")
    first.expect(status=180)
    phone.ctl("call", "answer", phone.calls()[0]["id"])
    answered = first.expect(status=200).t
    bye = first.expect("BYE", timeout=40)
    assert 31 <= bye.t - answered <= 34
    first.answer(bye, 200, "OK")
    repeats = [r.t - answered for r in first.seen(status=200) if r.message.cseq_method == "INVITE"]
    assert len(repeats) >= 10, "the 2xx is repeated until then"


def test_ringing_then_silence_never_leads_to_another_hop(pair):
    """RFC 3263 §4.3; failover design §1."""
    world, first, second, phone = pair
    call = phone.dial("1002")
    rung = first.expect("INVITE")
    first.answer(rung, 180, "Ringing", "a")
    time.sleep(5)
    assert not second.seen("INVITE")
    assert phone.call(call)["state"] == "ringing"
    phone.hangup(call)
    first.answer(first.expect("CANCEL"), 200, "OK")
    first.answer(rung, 487, "Request Terminated", "a")
    first.expect("ACK")


def test_a_busy_callee_is_not_asked_again_through_the_backup(pair):
    world, first, second, phone = pair
    call = phone.dial("1002")
    first.answer(first.expect("INVITE"), 486, "Busy Here")
    assert phone.call_in("ended", call)["ended"]["code"] == 486
    assert not second.seen("INVITE")


def test_a_hop_is_never_given_the_nonce_of_another(pair):
    world, first, second, phone = pair
    first.on["REGISTER"] = answer_with(503)
    phone.ctl("account", "register", "1")
    phone.registered(second.address)
    assert second.bindings and not second.failures
    first.on["REGISTER"] = lambda peer, received: peer.register(received)


def test_stale_401s_of_an_abandoned_registration_change_nothing(pair):
    world, first, second, phone = pair
    queued = []
    first.on["REGISTER"] = lambda peer, received: queued.append(received)
    first.on["OPTIONS"] = swallow
    phone.ctl("account", "register", "1")
    phone.registered(second.address)
    assert len(queued) == 3
    before = len(first.seen("REGISTER"))
    for received in queued * 7:
        first.answer(received, 401, "Unauthorized", extra=[
            ("WWW-Authenticate", 'Digest realm="example.test", nonce="from-the-past", qop="auth", stale=true')])
    time.sleep(1.5)
    assert len(first.seen("REGISTER")) == before
    assert phone.account()["hop"] == f"udp:{second.address}:5060"
    assert phone.account()["state"] == "registered"


def test_a_registrar_that_never_accepts_the_password_gets_one_answer_and_no_other_hop_is_asked(make_world):
    """Failover design §1: a lock-out must not spread."""
    world = make_world(None)
    first, second = world.registrar("primary", "n1"), world.registrar("backup", "n2")
    first.on["REGISTER"] = lambda peer, received: peer.answer(received, 401, "Unauthorized", extra=[
        ("WWW-Authenticate", f'Digest realm="example.test", nonce="n-{received.message.cseq}", qop="auth"')])
    phone = world.phone("1001")
    until(lambda: phone.account()["state"] == "failed", "the line says failed")
    time.sleep(1)
    assert len(first.seen("REGISTER")) == 2 and not second.seen("REGISTER")


def test_stale_challenges_are_answered_at_most_three_times(make_world):
    world = make_world(None)
    first = world.registrar("primary", "n1")
    world.registrar("backup", "n2")
    first.on["REGISTER"] = lambda peer, received: peer.answer(received, 401, "Unauthorized", extra=[
        ("WWW-Authenticate", f'Digest realm="example.test", nonce="n-{received.message.cseq}", qop="auth", stale=true')])
    phone = world.phone("1001")
    until(lambda: phone.account()["state"] == "failed", "the line says failed")
    time.sleep(1)
    assert len(first.seen("REGISTER")) <= 1 + 1 + 3


def test_403_is_final_and_shown_in_the_servers_words(make_world):
    world = make_world(None)
    first, second = world.registrar("primary", "n1"), world.registrar("backup", "n2")
    first.on["REGISTER"] = answer_with(403, "Account suspended")
    phone = world.phone("1001")
    until(lambda: phone.account()["state"] == "failed", "the line says failed")
    assert not second.seen("REGISTER")
    assert "Account suspended" in phone.ctl("account", "show", "1").stdout


def test_503_with_retry_after_holds_the_hop_off(make_world):
    world = make_world(None)
    first, second = world.registrar("primary", "n1"), world.registrar("backup", "n2")
    first.on["REGISTER"] = answer_with(503, "Maintenance", [("Retry-After", "6")])
    phone = world.phone("1001", line={"Failback_Interval": 2})
    phone.registered(second.address)
    assert phone.hop_state(first.address)["state"] == "held_off"
    first.on["REGISTER"] = lambda peer, received: peer.register(received)
    asked = first.seen("REGISTER")[-1].t
    phone.registered(first.address, timeout=15)
    assert first.seen("REGISTER")[1].t - asked >= 5.9


def test_423_is_repeated_here_with_the_least_expiry_it_asks_for(make_world):
    world = make_world(None)
    first, second = world.registrar("primary", "n1"), world.registrar("backup", "n2")

    def brief(peer, received):
        contact = received.message.get("Contact") + ";" + received.message.get("Expires")
        if "7200" in contact:
            peer.register(received)
        else:
            peer.answer(received, 423, "Interval Too Brief", extra=[("Min-Expires", "7200")])
    first.on["REGISTER"] = brief
    phone = world.phone("1001")
    phone.registered(first.address)
    assert not second.seen("REGISTER")


def test_a_call_that_arrives_through_both_proxies_rings_once(pair):
    """Failover design §4: answered on the newest leg, the older one gets 487."""
    world, first, second, phone = pair
    incoming(first, phone, "twice", "one")
    first.expect(status=180)
    incoming(second, phone, "twice", "two")
    second.expect(status=180)
    calls = phone.calls()
    assert [c["state"] for c in calls] == ["ringing"]
    phone.ctl("call", "answer", calls[0]["id"])
    assert second.expect(status=200).message.branch == "z9hG4bKtwo"
    first.expect(status=487)
    phone.hangup(calls[0]["id"], wait=False)


def test_an_invite_from_a_stranger_is_refused(pair):
    """F10; failover design §5."""
    world, first, second, phone = pair
    stranger = world.peer(66)
    incoming(stranger, phone, "strange", "x")
    stranger.expect(status=403)
    assert not phone.calls()


def test_bye_is_tried_again_without_repair_when_the_backup_knows_no_such_dialog(pair):
    """Failover design §5, rung 2."""
    world, first, second, phone = pair
    call = phone.dial("1002")
    accepted = first.expect("INVITE")
    first.answer(accepted, 200, "OK", "a", body=media(first), contact="sip:1002@10.90.0.77:5060",
                 extra=[("Record-Route", f"<sip:{first.address};lr;ftag=x>")])
    first.expect("ACK")
    first.on["BYE"] = answer_with(503)
    phone.call_in("active", call)
    phone.hangup(call, wait=False)
    repaired = second.expect("BYE", timeout=2)
    assert second.address in repaired.message.get("Route")
    second.answer(repaired, 481, "Call/Transaction Does Not Exist")
    plain = second.expect("BYE", timeout=2)
    assert first.address in plain.message.get("Route")
    assert plain.message.cseq > repaired.message.cseq
    second.answer(plain, 200, "OK")
    assert phone.call_in("ended", call)["ended"]["by"] == "local"


def test_a_bye_that_no_hop_takes_is_tried_until_one_answers(make_world):
    """Failover design §5, rung 3: the user's call has ended meanwhile."""
    world = make_world(None)
    first, second = world.registrar("primary", "n1"), world.registrar("backup", "n2")
    # Someone takes the sound: its ICMP errors would use up what the kernel allows for ours.
    listener = Talker(world.network.core, first.address, 30000)
    world.closers.append(listener.close)
    phone = world.phone("1001", line={"UDPUpdate_TTL": 5})
    phone.registered(first.address)
    call = phone.dial("1002")
    first.answer(first.expect("INVITE"), 200, "OK", "a", body=media(first),
                 extra=[("Record-Route", f"<sip:{first.address};lr>")])
    first.expect("ACK")
    phone.call_in("active", call)
    first.close()
    second.close()
    phone.hangup(call)
    phone.call_in("ended", call)
    until(lambda: phone.account()["state"] == "failed", "the line says failed")
    again = Registrar(world.network.core, world.backup_address, "n3")
    world.closers.append(again.close)
    # By hand, because the line's back-off may outlast the BYE's 64·T1.
    phone.ctl("account", "register", "1")
    again.answer(again.expect("BYE"), 200, "OK")
