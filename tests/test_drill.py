"""A failure that is only played (failover design §7): the wire shows that nothing is sent, and the outage measured is the
wire's own."""

import time

import pytest

from lab.kamailio import Variant
from lab.phone import hop_name, told_at
from lab.wait import until

# Seconds. With A3's 3.5 s: how long a line may be cut off.
KEEP_ALIVE, LATE = 2, 0.25
TRANSPORTS = ["udp", "tcp", "tls"]


def pair(transport):
    return Variant(transports=dict.fromkeys(("udp", transport)))


def phone_on_primary(world, transport="udp"):
    phone = world.phone(line={"UDPUpdate_TTL": KEEP_ALIVE}, transport=transport)
    phone.settled(world.primary_address)
    return phone


def start(phone, seconds, hop="primary"):
    return phone.json("drill", "start", "--line", "1", "--hop", hop, "--for", f"{seconds}s")["drill"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_idle_line_moves_in_a_drill_and_is_back_when_it_is_over(make_world, transport):
    world = make_world(pair(transport))
    phone = phone_on_primary(world, transport)
    mark, after = phone.events.mark(), time.time()
    drill = start(phone, 9)
    assert drill["state"] == "running" and drill["hop"] == hop_name(world.primary_address, transport) and drill["served"]
    moved = phone.events.wait("drill", since=mark, timeout=8, state="recovered")
    assert moved["to"] == hop_name(world.backup_address, transport)
    outage = moved["outage_ms"] / 1000
    began = told_at(phone.events.wait("drill", since=mark, state="running"))
    assert abs(outage - (world.backup.registrations(after)[0].t - began)) < LATE, "the outage is that of the wire"
    assert outage <= KEEP_ALIVE + 3.5 + LATE
    # A keep-alive may have been on its way.
    assert phone.requests_at(None, world.primary_address, began + 0.1) == 0, "nothing is sent there"
    assert phone.hop_state(world.primary_address)["cause"].startswith("drill")
    step = phone.events.wait("failover", since=mark)
    assert step["cause"].startswith("drill") and step["from"] == drill["hop"]
    ended = phone.events.wait("drill", since=mark, timeout=10, state="ended")
    assert ended["outage_ms"] == moved["outage_ms"]
    back = phone.events.wait("failback", since=mark)
    assert back["cause"].startswith("drill"), "the interval is 1800 s, and the drill leaves nothing behind"
    phone.registered(world.primary_address)
    kinds = [entry["event"] for entry in phone.journal()]
    assert kinds.count("drill") == 3 and "failover" in kinds and "failback" in kinds


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_calls_move_in_a_drill_and_other_lines_are_left_alone(make_world, transport):
    world = make_world(pair(transport))
    phone, callee, call = world.call_up(transport)
    mark, after = phone.events.mark(), time.time()
    start(phone, 600)
    phone.hangup(call, wait=False)
    step = phone.events.wait("failover", since=mark, method="BYE")
    assert step["cause"].startswith("drill") and 3450 <= step["elapsed_ms"] <= 3750
    callee.call_in("ended")
    phone.registered(world.backup_address)
    ended = phone.json("drill", "stop")["drill"]
    assert ended["state"] == "ended" and ended["calls_moved"] == 1
    assert phone.requests_at("BYE", world.primary_address, after) == 0
    assert callee.account()["hop"] == hop_name(world.primary_address, transport), "another phone notices nothing"
    phone.registered(world.primary_address)


def test_what_is_no_drill_is_refused_in_words(world):
    phone = phone_on_primary(world)
    for arguments, words in [
        (["stop"], "no drill runs"),
        (["start", "--line", "1", "--hop", "udp:10.9.9.9:5060"], "is no server of line 1"),
        (["start", "--line", "1", "--hop", "second"], "neither primary"),
        (["start", "--line", "7"], "line 7 is not configured"),
        (["start", "--line", "1", "--for", "2d"], "from 1 to 86400 s"),
    ]:
        done = phone.ctl("drill", *arguments, check=False)
        assert done.returncode == 1 and words in done.stderr, (arguments, done.stderr)


def test_the_journal_outlives_a_crash(world):
    phone = phone_on_primary(world)
    mark = phone.events.mark()
    start(phone, 600)
    phone.dial("1002")
    phone.events.wait("drill", since=mark, timeout=10, state="recovered")
    before = phone.journal()
    # Whoever told it did not wait for that.
    until(lambda: len(phone.remembered("journal/")) == len(before), "the journal is written")
    phone.kill()
    phone.start()
    after = phone.journal()
    assert after[:len(before)] == before and {"drill", "failover"} <= {entry["event"] for entry in before}
    since = before[-1]["t"]
    told = phone.json("journal", "--line", "1", "--since", since)["entries"]
    assert told and all(entry["t"] >= since for entry in told)
    other = phone.ctl("journal", "--line", "2", check=False)
    assert other.returncode == 1 and "line 2 is not configured" in other.stderr
