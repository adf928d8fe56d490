"""Registered at both (failover design §3, §4, §6): a call comes through the second server while nobody has noticed that the
first one is dead."""

import pytest

from lab.kamailio import Variant
from lab.phone import hop_name
from lab.wait import until


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_call_comes_through_the_second_server_before_the_first_ones_death_is_noticed(make_world, transport):
    world = make_world(Variant(transports=dict.fromkeys(("udp", transport))))
    phone = world.phone(line={"Register_Both": 1}, auto_answer=True, transport=transport)
    phone.settled(world.primary_address)
    until(lambda: "also registered at" in phone.account()["note"], "it is granted", 5)
    if transport != "tls":
        first, second = (phone.capture.sip(method="REGISTER", dst=hop)[-1].sip
                         for hop in (world.primary_address, world.backup_address))
        assert "reg-id=2" in second.get("Contact") and first.call_id != second.call_id
    caller = world.phone("1002", transport=transport, line={"Proxy_Addr": world.backup_address, "BakProxy_Addr": None})
    caller.registered(world.backup_address)
    # Over TCP and TLS a proxy that is killed is noticed at once.
    world.primary.freeze()
    call = caller.dial("1001")
    caller.call_in("active", call, timeout=4)
    phone.call_in("active", timeout=4)
    assert phone.account()["hop"] == hop_name(world.primary_address, transport), "nothing was noticed yet"
    caller.hangup(call)
    phone.call_in("ended")
    world.primary.thaw()
    assert len(world.backup.contacts("1001")) >= 1
    phone.stop()
    for hop in (world.primary, world.backup):
        until(lambda: not hop.contacts("1001"), f"the registration at {hop.name} is taken back", 5)
