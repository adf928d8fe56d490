"""Bad networks under TCP: what is lost on the way is TCP's to repeat and no evidence against a hop; what never comes is
(A2, A3; failover design §1)."""

import time

import pytest

from lab import wav
from lab.faults import check_switch, disturb
from lab.farend import answer_with
from lab.kamailio import Variant
from lab.sip import sdp
from lab.wait import until


@pytest.fixture
def tcp(make_world):
    """A pair that speaks TCP beside UDP."""
    return make_world(Variant(transports=("udp", "tcp")))


@pytest.mark.parametrize("icmp", ["port-unreachable", "host-unreachable", "net-unreachable", "admin-prohibited"])
def test_an_icmp_error_for_a_syn_is_the_next_hop_at_once(tcp, icmp):
    tcp.network.reject(tcp.primary_address, icmp, "tcp")
    phone = tcp.phone("1001", transport="tcp")
    phone.registered(tcp.backup_address)
    first, there = (phone.capture.connects(a)[0] for a in (tcp.primary_address, tcp.backup_address))
    assert 0 <= there.t - first.t <= 0.25, phone.capture.ladder()


def test_segments_that_vanish_on_an_open_connection_cost_three_and_a_half_seconds_from_the_write(tcp):
    phone = tcp.phone(transport="tcp")
    phone.settled(tcp.primary_address)
    after = time.time()
    tcp.network.tcp_dead(tcp.primary_address)
    phone.ctl("account", "register", "1")
    phone.registered(tcp.backup_address)
    written = next(p for p in phone.capture.packets() if p.tcp and p.size and p.dst == tcp.primary_address and p.t >= after)
    there = phone.capture.connects(tcp.backup_address, after)[0]
    assert 3.45 <= there.t - written.t <= 3.75, phone.capture.ladder()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_bye_and_a_call_whose_connection_is_reset_arrive_through_the_backup_at_once(make_world, transport):
    world = make_world(Variant(transports=("udp", transport)))
    caller, callee, call = world.call_up(transport)
    mark, after = callee.events.mark(), disturb(world, "reset")
    caller.hangup(call, wait=False)
    callee.events.wait("call", since=mark, timeout=2, state="ended")
    check_switch(caller, world, "BYE", "reset", after)
    caller.registered(world.backup_address)
    again = caller.dial("1002")
    assert caller.call_in("active", again, timeout=2)["hop"] == caller.hop(world.backup_address)


@pytest.mark.parametrize("fault", [{"loss": 0.1, "delay": 0.03}, {"delay": 0.3, "jitter": 0.1}, {"reorder": 0.3}],
                         ids=["10 % lost", "slow", "disorder"])
def test_a_bad_way_moves_nothing_and_calls_work(tcp, fault):
    tone, ear = wav.tone(tcp.file("near.wav"), 440), tcp.file("ear.wav")
    caller = tcp.phone("1001", transport="tcp", impaired=True, start=False, audio=f"wav:{tone}:{ear}")
    callee = tcp.phone("1002", transport="tcp", auto_answer=True, audio=f"wav:{wav.tone(tcp.file('far.wav'), 1000)}")
    callee.settled(tcp.primary_address)
    caller.namespace.path.set(**fault)
    caller.start()
    caller.registered(tcp.primary_address, timeout=20)
    call = caller.dial("1002")
    assert caller.call_in("active", call, timeout=20)["hop"] == f"tcp:{tcp.primary_address}:5060"
    until(lambda: wav.heard(wav.read(ear)[0], 1000) >= 1, "the callee's tone", 20, every=0.3)
    caller.hangup(call)
    callee.call_in("ended", timeout=20)
    assert not caller.capture.connects(tcp.backup_address) and caller.account()["on_primary"]


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_half_open_connection_is_found_out_by_what_is_written_next(make_world, transport):
    """The proxy's host was restarted and nobody told: what is written gets a RST, and the line is served a round trip later."""
    world = make_world(Variant(transports=("udp", transport)))
    phone = world.phone(transport=transport)
    phone.settled(world.primary_address)
    world.half_open(world.primary)
    after = time.time()
    phone.ctl("account", "register", "1")
    registered = until(lambda: [hop for hop in (world.primary, world.backup) if hop.registrations(after)], "registered anew", 3)
    written = next(p.t for p in phone.capture.packets() if p.tcp and p.size and p.src == phone.address and p.t >= after)
    assert registered[0].registrations(after)[0].t - written <= 0.25, phone.capture.ladder()
    assert phone.registered()["hop"] == phone.hop(registered[0].address)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_an_invite_that_is_written_again_over_a_new_connection_reaches_the_far_end_once(make_world, transport):
    """Failover design §1: what waits on a connection that met silence is written again over the next, under its branch. To a
    real proxy that is the transaction it has, and neither a merged request nor a loop (RFC 3261 §17.2.3, §8.2.2.2)."""
    world = make_world(Variant(transports=("udp", transport)))
    callee = world.peer(66)
    callee.on["INVITE"] = lambda peer, r: peer.answer(r, 200, "OK", body=sdp(peer.address, 30000))
    callee.on["BYE"] = answer_with(200, "OK")
    world.primary.add_contact("1002", callee.uri)
    phone = world.phone(transport=transport, line={"BakProxy_Addr": None, "UDPUpdate_TTL": 8})
    phone.settled(world.primary_address)
    # It leaves a nonce, so that the next INVITE is not challenged: its challenge would be lost.
    first = phone.dial("1002")
    phone.call_in("active", first)
    phone.hangup(first)
    phone.call_in("ended", first)
    asked, known = len(world.primary.requests("OPTIONS")), len(callee.seen("INVITE"))
    world.network.drop_from(world.primary_address)
    until(lambda: len(world.primary.requests("OPTIONS")) > asked, "a keep-alive whose answer is lost", 10, 0.02)
    after = time.time()
    call = phone.dial("1002")
    until(lambda: len(callee.seen("INVITE")) > known, "the call has come to the far end", 3, 0.02)
    until(lambda: phone.capture.connects(dst=world.primary_address, after=after), "a new connection", 5, 0.02)
    world.network.heal()
    phone.call_in("active", call, timeout=10)
    copies = [a for a in world.primary.requests("INVITE") if a.t >= after]
    assert len(copies) >= 2 and len({(a.call_id, a.cseq) for a in copies}) == 1, copies
    assert len(callee.seen("INVITE")) == known + 1
    phone.hangup(call)
    until(lambda: len(callee.seen("BYE")) == 2, "its BYE", 5)
