"""SIP over TCP on real proxies (A2; failover design §1, the rows on TCP, §6 and §8)."""

import time

import pytest

from lab.capture import select
from lab.faults import disturb
from lab.kamailio import Variant
from lab.phone import hop_name
from lab.wait import until

PAIR = Variant(transports=("udp", "tcp"))
# How a single run may differ (failover design §8).
EARLY, LATE = 0.05, 0.25
KILLED, FROZEN, BLACK_HOLE = 0.0, 3.5, 4.0


@pytest.fixture
def tcp(make_world):
    """A pair that speaks TCP beside UDP."""
    return make_world(PAIR)


def phone_of(world, user="1001", **more):
    return world.phone(user, transport="tcp", **more)


def costs(took, seconds):
    assert seconds - EARLY <= took <= seconds + LATE, f"{took:.3f} s instead of {seconds} s"


def test_a_phone_registers_calls_and_hangs_up_over_one_connection(tcp):
    caller, callee, call = tcp.call_up("tcp")
    register = caller.capture.sip(method="REGISTER")[-1]
    assert register.sip.get("Via").startswith("SIP/2.0/TCP")
    assert "transport=tcp" in register.sip.get("Contact")
    assert tcp.primary.contacts("1001") and "transport=tcp" in tcp.primary.contacts("1001")[0]
    caller.hangup(call)
    assert callee.events.wait("call", state="ended")["ended"]["by"] == "remote"
    for phone in (caller, callee):
        assert len(phone.capture.connects(dst=tcp.primary_address)) == 1
        assert not [p for p in phone.capture.sip() if p.transport == "udp"]
        assert not phone.capture.connects(dst=phone.address), "calls come over the phone's own connection"
        assert not [line for line in phone.capture.malformed() if "SIP" in line]


def test_pings_are_sent_and_answered(tcp):
    phone = phone_of(tcp, line={"NAT_UDPUpdate": 1, "UDPUpdate_TTL": 2})
    phone.registered(tcp.primary_address)
    began = time.time()
    def sizes(src):
        return [p.size for p in phone.capture.packets() if p.tcp and p.src == src and p.t > began and p.size in (2, 4)]
    until(lambda: sizes(phone.address).count(4) >= 2 and sizes(tcp.primary_address).count(2) >= 2, "two pings and pongs")
    assert not phone.capture.sip(method="OPTIONS")


def test_a_killed_proxy_costs_an_idle_phone_one_round_trip(tcp):
    phone = phone_of(tcp)
    phone.settled(tcp.primary_address)
    after = time.time()
    tcp.primary.kill()
    account = phone.registered(tcp.backup_address)
    # Its processes die one after another: the last may still take the new connection, and end it.
    assert account["hops"][0]["cause"] in ("tcp connection refused", "tcp connection reset", "tcp connection closed")
    first = phone.capture.sip(method="REGISTER", dst=tcp.backup_address, after=after)[0].t
    again = phone.capture.connects(dst=tcp.primary_address, after=after)
    assert len(again) == 1, "opened again to the same hop at once"
    costs(first - again[0].t, KILLED)
    event = phone.events.wait("failover")
    assert (event["method"], event["to"]) == ("REGISTER", hop_name(tcp.backup_address, "tcp"))


def test_an_idle_connection_that_is_closed_is_opened_again_with_a_register(tcp):
    phone = phone_of(tcp)
    phone.settled(tcp.primary_address)
    mark, after = phone.events.mark(), time.time()
    tcp.primary.kill()
    tcp.primary.start(wait=False)
    # The new life of the proxy may listen before or after the phone has tried: either way the phone is served.
    phone.registered(timeout=15)
    assert phone.capture.connects(dst=tcp.primary_address, after=after)
    assert not phone.events.since(mark, "unavailable")


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_a_frozen_proxy_costs_three_and_a_half_seconds_from_the_write(tcp, method):
    phone = phone_of(tcp)
    phone.settled(tcp.primary_address)
    after = time.time()
    tcp.primary.freeze()
    if method == "REGISTER":
        phone.ctl("account", "register", "1")
    else:
        phone.dial("1009")
    phone.registered(tcp.backup_address)
    there = phone.capture.wait("the request", method=method, dst=tcp.backup_address, after=after)
    here = phone.capture.sip(method=method, dst=tcp.primary_address, after=after)
    assert len(here) == 1, "nothing is sent twice over TCP"
    costs(there.t - here[0].t, FROZEN)
    assert phone.hop_state(tcp.primary_address)["cause"] == "no answer"


def test_a_black_hole_costs_four_seconds_from_the_first_syn(tcp):
    tcp.network.tcp_black_hole(tcp.primary_address)
    phone = phone_of(tcp)
    account = phone.registered(tcp.backup_address)
    assert account["hops"][0]["cause"] == "tcp connection timed out"
    syn = phone.capture.connects(dst=tcp.primary_address)[0].t
    costs(phone.capture.connects(dst=tcp.backup_address)[0].t - syn, BLACK_HOLE)


def test_a_reset_with_a_request_in_flight_is_the_next_hop_at_once(tcp):
    phone = phone_of(tcp)
    phone.settled(tcp.primary_address)
    after = time.time()
    tcp.network.tcp_reset(tcp.primary_address)
    call = phone.dial("1009")
    phone.call_in("ended", call)
    here = phone.capture.sip(method="INVITE", dst=tcp.primary_address, after=after)[0]
    there = phone.capture.sip(method="INVITE", dst=tcp.backup_address, after=after)[0]
    costs(there.t - here.t, 0.0)
    phone.registered(tcp.backup_address)
    assert phone.hop_state(tcp.primary_address)["cause"] == "tcp connection reset"


def test_a_connection_that_died_without_a_sign_is_found_out_by_the_next_keep_alive(tcp):
    phone = phone_of(tcp, line={"UDPUpdate_TTL": 5})
    phone.settled(tcp.primary_address)
    after = time.time()
    tcp.network.tcp_dead(tcp.primary_address)
    event = phone.events.wait("failover", timeout=12)
    assert (event["method"], event["cause"]) == ("OPTIONS", "no answer")
    phone.registered(tcp.backup_address)
    assert phone.capture.sip(method="REGISTER", dst=tcp.backup_address, after=after)[0].t - after <= 5 + FROZEN + LATE


def test_the_primary_is_returned_to_over_a_new_connection(tcp):
    tcp.network.tcp_dead(tcp.primary_address)
    phone = phone_of(tcp, line={"Failback_Interval": 3})
    phone.registered(tcp.backup_address)
    tcp.network.heal()
    assert phone.registered(tcp.primary_address)["on_primary"]
    assert phone.events.wait("failback")["cause"] == "interval"


@pytest.mark.parametrize("fault", ["killed", "frozen"])
@pytest.mark.parametrize("record_route", ["ip", "b2bua"])
def test_a_call_outlives_its_proxy_and_its_bye_arrives(make_world, fault, record_route):
    world = make_world(Variant(transports=("udp", "tcp"), record_route=record_route, alias=True))
    caller, callee, call = world.call_up("tcp")
    mark, after = callee.events.mark(), time.time()
    world.primary.kill() if fault == "killed" else world.primary.freeze()
    if fault == "killed":
        for phone in (caller, callee):
            phone.registered(world.backup_address)
    assert caller.call_in("active", call)
    caller.hangup(call, wait=False)
    ended = callee.events.wait("call", since=mark, timeout=8, state="ended")
    assert ended["ended"]["by"] == "remote"
    byes = select(caller.capture.packets(), method="BYE", src=caller.address, after=after)
    if fault == "frozen":
        first = next(p for p in byes if p.dst == world.primary_address)
        costs(next(p for p in byes if p.dst == world.backup_address).t - first.t, FROZEN)
    else:
        assert {p.dst for p in byes} == {world.backup_address}


def test_another_transport_takes_effect_without_a_restart(tcp):
    phone = tcp.phone()
    phone.settled(tcp.primary_address)
    phone.set("SIP1 Transport=1")
    phone.registered(tcp.primary_address, transport="tcp")
    phone.set("SIP1 Transport=0")
    phone.registered(tcp.primary_address, transport="udp")


LARGE = "sip:" + "9" * 700 + "@example.test"


def large(world):
    """A phone on UDP whose requests to LARGE are too long for a datagram, settled, and the time before it dials."""
    phone = world.phone(line={"Display_Name": "L" * 255})
    phone.settled(world.primary_address)
    after = time.time()
    phone.dial(LARGE)
    return phone, after


def test_a_large_request_goes_over_tcp(tcp):
    """RFC 3261 §18.1.1."""
    phone, _ = large(tcp)
    invite = phone.capture.wait("the INVITE", method="INVITE", dst=tcp.primary_address)
    assert invite.transport == "tcp" and invite.sip.get("Via").startswith("SIP/2.0/TCP")


@pytest.mark.parametrize("fault,seconds", [("reset", 0.0), ("host unreachable", 0.0), ("black hole", 4.0)])
def test_a_large_request_goes_by_udp_where_no_tcp_is_to_be_had_and_blames_nobody(tcp, fault, seconds):
    """RFC 3261 §18.1.1."""
    disturb(tcp, fault)
    phone, after = large(tcp)
    invite = phone.capture.wait("the INVITE", method="INVITE", dst=tcp.primary_address, after=after)
    assert invite.transport == "udp" and invite.sip.get("Via").startswith("SIP/2.0/UDP")
    costs(invite.t - phone.capture.connects(tcp.primary_address, after)[0].t, seconds)
    phone.capture.wait("it is answered there", status=407, src=tcp.primary_address, after=after)
    assert phone.hop_state(tcp.primary_address)["state"] == "available" and phone.account()["on_primary"]
    assert not phone.capture.sip(method="INVITE", dst=tcp.backup_address)
    # Which is remembered: the next one goes by UDP at once.
    after = time.time()
    phone.dial(LARGE)
    phone.capture.wait("the next INVITE", method="INVITE", dst=tcp.primary_address, after=after, timeout=1)
    assert not phone.capture.connects(after=after)
