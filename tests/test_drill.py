"""A failure that is only played (failover design §7): the wire shows that nothing is sent, and the outage measured is the
wire's own."""

import time

KEEP_ALIVE = 5


def phone_on_primary(world, **line):
    phone = world.phone(line={"UDPUpdate_TTL": KEEP_ALIVE, **line})
    phone.settled(world.primary_address)
    return phone


def start(phone, seconds, hop="primary"):
    return phone.json("drill", "start", "--line", "1", "--hop", hop, "--for", f"{seconds}s")["drill"]


def test_an_idle_line_moves_in_a_drill_and_is_back_when_it_is_over(world):
    phone = phone_on_primary(world)
    mark, after = phone.events.mark(), time.time()
    drill = start(phone, 15)
    assert drill["state"] == "running" and drill["hop"] == f"udp:{world.primary_address}:5060" and drill["served"]
    # Keep-alive 5 s and A3: 8.5 s at most.
    moved = phone.events.wait("drill", since=mark, timeout=10, state="recovered")
    assert moved["to"] == f"udp:{world.backup_address}:5060"
    register = phone.capture.sip(method="REGISTER", dst=world.backup_address, after=after)[0]
    answered = phone.capture.sip(status=200, cseq_method="REGISTER", src=world.backup_address, after=after)[0]
    measured = moved["outage_ms"] / 1000
    assert abs(measured - (answered.t - after)) < 0.25, "the outage is that of the wire"
    assert measured <= KEEP_ALIVE + 3.5 + 0.25
    assert not phone.capture.sip(dst=world.primary_address, after=after, where=lambda m: m.method), "nothing is sent there"
    assert phone.hop_state(world.primary_address)["cause"].startswith("drill")
    step = phone.events.wait("failover", since=mark)
    assert step["cause"].startswith("drill") and step["from"] == drill["hop"]
    ended = phone.events.wait("drill", since=mark, timeout=15, state="ended")
    assert ended["outage_ms"] == moved["outage_ms"]
    back = phone.events.wait("failback", since=mark)
    assert back["cause"].startswith("drill"), "the interval is 1800 s, and the drill leaves nothing behind"
    phone.registered(world.primary_address)
    kinds = [entry["event"] for entry in phone.journal()]
    assert kinds.count("drill") == 3 and "failover" in kinds and "failback" in kinds
    assert register.t - after <= KEEP_ALIVE + 3.5 + 0.25


def test_calls_move_in_a_drill_and_other_lines_are_left_alone(world):
    callee = world.phone("1002", auto_answer=True, line={"UDPUpdate_TTL": KEEP_ALIVE})
    phone = phone_on_primary(world)
    callee.registered(world.primary_address)
    before = phone.dial("1002")
    phone.call_in("active", before)
    mark, after = phone.events.mark(), time.time()
    start(phone, 600)
    phone.hangup(before, wait=False)
    step = phone.events.wait("failover", since=mark, method="BYE")
    assert step["cause"].startswith("drill") and 3450 <= step["elapsed_ms"] <= 3750
    callee.call_in("ended")
    # A call from outside still comes through the hop that counts as dead, if the line was there.
    phone.registered(world.backup_address)
    ended = phone.json("drill", "stop")["drill"]
    assert ended["state"] == "ended" and ended["calls_moved"] == 1
    assert not [p for p in phone.capture.sip(method="BYE", dst=world.primary_address, after=after)]
    assert callee.account()["hop"] == f"udp:{world.primary_address}:5060", "another phone notices nothing"
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
    # Written soon, and not waited for by whoever told it.
    time.sleep(0.5)
    phone.kill()
    phone.start()
    after = phone.journal()
    assert after[:len(before)] == before and {"drill", "failover"} <= {entry["event"] for entry in before}
    since = before[-1]["t"]
    told = phone.json("journal", "--line", "1", "--since", since)["entries"]
    assert told and all(entry["t"] >= since for entry in told)
    assert phone.json("journal", "--line", "2")["entries"] == []
