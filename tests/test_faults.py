"""Faults of the network itself, seen by a phone on UDP: loss one way, loss at random, ICMP of every code, delay, disorder,
a dead link (A2, A3, F2, F4; failover design §1, §2, §4)."""

import time

import pytest

from lab import icmp, wav
from lab.faults import check_switch
from lab.wait import until

# Failover design §1: these rows of the evidence table make a hop unavailable …
COUNTS = ["net unreachable", "host unreachable", "protocol unreachable", "port unreachable", "net prohibited",
          "host prohibited", "admin prohibited"]
# … and these say nothing about it.
SAYS_NOTHING = ["time exceeded", "source quench", "source route failed"]


def lose(world, way):
    """Packets to or from the primary vanish."""
    (world.network.drop if way == "to" else world.network.drop_from)(world.primary_address)
    return time.time()


@pytest.mark.parametrize("way", ["to", "from"])
def test_loss_one_way_is_silence_and_moves_the_line_in_3_5_seconds(world, way):
    phone = world.phone()
    phone.settled(world.primary_address)
    before, after = len(world.primary.registrations()), lose(world, way)
    phone.ctl("account", "register", "1")
    phone.registered(world.backup_address)
    check_switch(phone, world, "REGISTER", "frozen", after)
    assert phone.hop_state(world.primary_address)["cause"].startswith("no answer")
    arrived = [a for a in world.primary.requests("REGISTER") if a.t > after]
    assert len(arrived) == (0 if way == "to" else 3), "the proxy hears what is lost only on the way back"
    assert len(world.primary.registrations()) == before
    assert len(world.backup.contacts("1001")) == 1


@pytest.mark.parametrize("way", ["to", "from"])
def test_a_call_and_its_bye_get_through_when_one_way_to_the_primary_is_lost(world, way):
    caller, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    caller.settled(world.primary_address)
    callee.settled(world.primary_address)
    call = caller.dial("1002")
    caller.call_in("active", call)
    after, mark = lose(world, way), callee.events.mark()
    caller.hangup(call, wait=False)
    callee.events.wait("call", since=mark, timeout=8, state="ended")
    check_switch(caller, world, "BYE", "frozen", after)
    assert caller.call_in("ended", call)["ended"]["by"] == "local"
    caller.registered(world.backup_address)
    call = caller.dial("1002")
    caller.call_in("active", call)
    assert [c["state"] for c in callee.calls() if c["state"] != "ended"] == ["active"], "one call, not two"
    caller.hangup(call)
    until(lambda: all(c["state"] == "ended" for c in callee.calls()), "the callee's call ends")


def test_answers_that_are_lost_make_one_call_not_two(world):
    """Failover design §4: the callee rings by the primary, whose answers never reach the caller, then by the backup."""
    caller, callee = world.phone("1001"), world.phone("1002")
    caller.settled(world.primary_address)
    callee.settled(world.primary_address)
    first = caller.dial("1002")
    callee.call_in("ringing")
    caller.hangup(first)
    callee.call_in("ended")
    mark = callee.events.mark()
    lose(world, "from")
    call = caller.dial("1002")
    callee.call_in("ringing", timeout=8)
    caller.capture.wait("180 through the backup", status=180, src=world.backup_address)
    rings = {e["id"] for e in callee.events.since(mark, "call") if e["state"] == "ringing"}
    assert len(rings) == 1, "it rings once"
    callee.ctl("call", "answer")
    caller.call_in("active", call)
    assert len([c for c in callee.calls() if c["state"] == "active"]) == 1
    caller.hangup(call)
    until(lambda: all(c["state"] == "ended" for c in callee.calls()), "the callee's call ends")


def test_thirty_per_cent_of_loss_costs_retransmissions_and_nothing_else(world):
    """A3: each request has three transmissions at a hop, and all of 64·T1 at the last."""
    caller = world.phone("1001", impaired=True, start=False)
    callee = world.phone("1002", auto_answer=True)
    callee.settled(world.primary_address)
    caller.namespace.path.set(loss=0.3)
    caller.start()
    caller.registered(timeout=40)
    unlucky = 0
    for _ in range(3):
        while (call := dialled(caller)) is None:
            unlucky += 1
            until(lambda: all(c["state"] == "ended" for c in callee.calls()), "the callee gives it up as well", 40)
        live = until(lambda: [c for c in callee.calls() if c["state"] == "active"], "the call at the callee")
        assert len(live) == 1
        caller.hangup(call)
        until(lambda: all(c["state"] == "ended" for c in callee.calls()), "the callee's call ends, whatever was lost", 40)
    assert unlucky <= 1
    path = caller.namespace.path
    assert path.up.lost > 5 and path.down.lost > 5
    sent = [(p.sip.branch, p.sip.method) for p in caller.capture.sip(src=caller.address) if p.sip.method]
    assert len(sent) > len(set(sent)), "something was sent again"


def dialled(caller):
    """A call that is up, or None: of the seven INVITEs that the last hop gets, in one call of a hundred none is answered, both
    ways being lossy."""
    call = caller.dial("1002")
    over = until(lambda: (c := caller.call(call))["state"] in ("active", "ended") and c, "it is up or over", 80)
    return call if over["state"] == "active" else None


@pytest.mark.parametrize("kind", COUNTS)
def test_an_icmp_unreachable_moves_the_line_within_a_round_trip(world, kind):
    phone = world.phone()
    phone.settled(world.primary_address)
    after = time.time()
    errors = icmp.Errors(world.network, world.primary_address, kind)
    try:
        phone.ctl("account", "register", "1")
        phone.registered(world.backup_address)
        check_switch(phone, world, "REGISTER", "killed", after)
        cause = phone.hop_state(world.primary_address)["cause"]
        assert cause.startswith("icmp") and (kind.split()[-1] in cause)
    finally:
        errors.close()


@pytest.mark.parametrize("more", [{"quote": 8}, {"source": "10.90.0.1"}], ids=["eight octets", "a router"])
def test_an_icmp_error_counts_whoever_sends_it_and_however_little_it_quotes(world, more):
    """F2, failover design §1: quoted without payload it is told by its destination."""
    phone = world.phone()
    phone.settled(world.primary_address)
    after = time.time()
    errors = icmp.Errors(world.network, world.primary_address, "host unreachable", **more)
    try:
        phone.ctl("account", "register", "1")
        phone.registered(world.backup_address)
        check_switch(phone, world, "REGISTER", "killed", after)
    finally:
        errors.close()


@pytest.mark.parametrize("kind", SAYS_NOTHING)
def test_an_icmp_error_that_says_nothing_of_the_hop_changes_nothing(world, kind):
    phone = world.phone()
    phone.settled(world.primary_address)
    mark, after = phone.events.mark(), time.time()
    errors = icmp.Errors(world.network, world.primary_address, kind, drop=False)
    try:
        phone.ctl("account", "register", "1")
        phone.capture.wait("200 from the primary", status=200, cseq_method="REGISTER", src=world.primary_address, after=after)
        until(lambda: errors.sent and any(p.icmp == icmp.CODES[kind] for p in phone.capture.packets()), "the error arrives")
        assert phone.registered()["hop"] == f"udp:{world.primary_address}:5060"
        assert not phone.capture.sip(method="REGISTER", dst=world.backup_address) and not phone.events.since(mark, "failover")
    finally:
        errors.close()


def test_an_icmp_error_for_a_request_that_is_over_changes_nothing(world):
    phone = world.phone()
    phone.settled(world.primary_address)
    errors = icmp.Errors(world.network, world.primary_address, "port unreachable", drop=False, hold=True)
    try:
        after = time.time()
        phone.ctl("account", "register", "1")
        phone.capture.wait("200 from the primary", status=200, cseq_method="REGISTER", src=world.primary_address, after=after)
        seen = until(lambda: list(errors.packets), "the packets of the REGISTER")
        mark = phone.events.mark()
        for packet in seen:
            errors.send(packet)
        until(lambda: sum(1 for p in phone.capture.packets() if p.icmp) >= len(seen), "the errors arrive")
        phone.ctl("account", "register", "1")
        phone.capture.wait("200 to the next", status=200, cseq_method="REGISTER", src=world.primary_address, after=after, count=2)
        assert not phone.events.since(mark, "failover") and phone.account()["on_primary"]
    finally:
        errors.close()


@pytest.mark.parametrize("fault", [{"delay": 0.15, "jitter": 0.05}, {"delay": 0.35}, {"duplicate": 1.0},
                                   {"reorder": 0.3, "delay": 0.02}],
                         ids=["300 ms and jitter", "700 ms", "doubled", "disorder"])
def test_a_slow_or_disorderly_way_moves_nothing_and_calls_work(world, fault):
    """Delay beyond T1 costs a retransmission, never a failover: only silence for all of A3's budget is evidence."""
    tone, ear = wav.tone(world.file("near.wav"), 440), world.file("ear.wav")
    caller = world.phone("1001", impaired=True, start=False, audio=f"wav:{tone}:{ear}")
    callee = world.phone("1002", auto_answer=True, audio=f"wav:{wav.tone(world.file('far.wav'), 1000)}")
    callee.settled(world.primary_address)
    caller.namespace.path.set(**fault)
    caller.start()
    caller.settled(world.primary_address)
    call = caller.dial("1002")
    assert caller.call_in("active", call)["hop"] == f"udp:{world.primary_address}:5060"
    assert [c["state"] for c in callee.calls()] == ["active"], "one call"
    until(lambda: wav.heard(wav.read(ear)[0], 1000) >= 1, "the callee's tone", 15, every=0.3)
    caller.hangup(call)
    callee.call_in("ended")
    assert not caller.capture.sip(dst=world.backup_address) and caller.account()["on_primary"]
    assert not [e for e in caller.journal() if e["event"] == "failover"]
    if fault.get("duplicate"):
        assert len([p for p in callee.capture.sip(method="INVITE")]) == 1, "the proxy takes the copy for what it is"


def test_a_dead_link_blames_no_hop_and_the_line_is_back_when_it_is(world):
    """Failover design §1, last row: what our own host says is a local outage; nobody is blamed, nothing moves."""
    phone = world.phone()
    phone.settled(world.primary_address)
    phone.namespace.ip("link", "set", "eth0", "down")
    after = time.time()
    phone.ctl("account", "register", "1", check=False)
    time.sleep(1)
    assert all(hop["state"] != "unavailable" for hop in phone.account()["hops"]), phone.account()
    phone.namespace.ip("link", "set", "eth0", "up")
    phone.namespace.ip("addr", "replace", f"{phone.address}/24", "dev", "eth0")
    phone.ctl("account", "register", "1")
    until(lambda: world.primary.registrations(after), "registered again at the primary")
    account = phone.registered(world.primary_address)
    assert account["on_primary"] and not phone.capture.sip(method="REGISTER", dst=world.backup_address)
