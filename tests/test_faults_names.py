"""Two faults at a time: the name server is sick when the primary dies (A1, A2, F5; failover design §1, §2).

A phone that needs a name server at the moment of a failover has moved its single point of failure, not removed it.
"""

import time

import pytest

from lab.capture import switch_time
from lab.kamailio import DOMAIN
from lab.phone import line_items
from lab.wait import until

SICK = {"silent": "freeze", "dead": "kill", "failing": "fail"}


def named(world, user, **more):
    """A phone whose line knows nothing but the domain, led to the pair by SRV records that expire after 2 s."""
    world.publish(("udp",), ttl=2)
    phone = world.phone(user, items=line_items(user, **{"Register_Addr": DOMAIN}), **more)
    phone.settled(world.primary_address)
    return phone


def fall_sick(world, how):
    """The name server falls sick, and the records that the phones have are out of date when this returns."""
    before = world.dns.asked(f"_sip._udp.{DOMAIN}")
    getattr(world.dns, SICK[how])()
    if how == "dead":
        time.sleep(3)  # It can't count who asks; the records are valid for 2 s.
    else:
        until(lambda: world.dns.asked(f"_sip._udp.{DOMAIN}") > before, "the phone asks for what has expired", 40)


@pytest.mark.parametrize("how", list(SICK))
@pytest.mark.parametrize("fault,seconds", [("kill", 0.0), ("freeze", 3.5)])
def test_a_failover_needs_no_name_server(world, how, fault, seconds):
    caller, callee = named(world, "1001"), named(world, "1002", auto_answer=True)
    call = caller.dial("1002")
    caller.call_in("active", call)
    fall_sick(world, how)
    after, mark = time.time(), callee.events.mark()
    getattr(world.primary, fault)()
    caller.hangup(call, wait=False)
    callee.events.wait("call", since=mark, timeout=8, state="ended")
    caller.capture.wait("the BYE goes to the backup", method="BYE", dst=world.backup_address, after=after)
    took, _ = switch_time(caller.capture.packets(), "BYE", world.primary_address, world.backup_address, after)
    assert seconds - 0.05 <= took <= seconds + 0.25, f"{took:.3f} s\n{caller.capture.ladder()}"
    caller.registered(world.backup_address)
    call = caller.dial("1002")
    assert caller.call_in("active", call)["hop"] == f"udp:{world.backup_address}:5060"


def test_a_slow_name_server_delays_the_start_and_nothing_else(world):
    world.publish(("udp",), ttl=60)
    world.dns.delay = 1.0
    phone = world.phone("1001", items=line_items("1001", **{"Register_Addr": DOMAIN}))
    phone.registered(world.primary_address, timeout=30)
    first = phone.capture.sip(method="REGISTER")
    assert len({p.sip.call_id for p in first}) == 1 and all(p.dst == world.primary_address for p in first)
    after = time.time()
    phone.ctl("account", "register", "1")
    phone.capture.wait("200", status=200, cseq_method="REGISTER", src=world.primary_address, after=after, timeout=1)
