"""Registered at both (failover design §3, §4, §6): a call comes through the second server while nobody has noticed that the
first one is dead."""

import time

from lab.phone import line_items
from lab.wait import until


def test_a_call_comes_through_the_second_server_before_the_first_ones_death_is_noticed(world):
    # The keep-alive is long: within this test the phone finds nothing out.
    phone = world.phone(line={"Register_Both": 1, "UDPUpdate_TTL": 600}, auto_answer=True)
    phone.settled(world.primary_address)
    at_backup = dict(method="REGISTER", dst=world.backup_address, where=lambda m: "reg-id=2" in m.get("Contact"))
    phone.capture.wait("the second registration", timeout=5, **at_backup)
    until(lambda: "also registered at" in phone.account()["note"], "it is granted", 5)
    first = phone.capture.sip(method="REGISTER", dst=world.primary_address)[0].sip
    assert first.call_id != phone.capture.sip(**at_backup)[0].sip.call_id
    caller = world.phone("1002", items=line_items("1002", world.backup_address))
    caller.registered(world.backup_address)
    world.primary.kill()
    call = caller.dial("1001")
    caller.call_in("active", call, timeout=4)
    phone.call_in("active", timeout=4)
    assert phone.account()["hop"] == f"udp:{world.primary_address}:5060", "nothing was noticed yet"
    caller.hangup(call)
    phone.call_in("ended")
    world.primary.start()
    after = time.time()
    phone.stop()
    for hop in (world.primary_address, world.backup_address):
        gone = phone.capture.sip(method="REGISTER", dst=hop, after=after, where=lambda m: "expires=0" in m.get("Contact"))
        assert gone, f"un-REGISTER at {hop}"
