"""An answer of the phone whose way back has died takes the other proxy behind the same name (A5; RFC 3263 §5)."""

from lab import dns, sip
from lab.phone import line_items

DOMAIN = "pool.test"

INVITE = """INVITE sip:1001@{target} SIP/2.0
Via: SIP/2.0/UDP {domain};branch=z9hG4bKpool
Max-Forwards: 70
From: <sip:2000@{domain}>;tag=caller
To: <sip:1001@{domain}>
Call-ID: pool
CSeq: 1 INVITE
Contact: <sip:2000@{far}>
Content-Type: application/sdp

"""

ACK = """ACK sip:1001@{target} SIP/2.0
Via: SIP/2.0/UDP {domain};branch=z9hG4bKack
Max-Forwards: 70
From: <sip:2000@{domain}>;tag=caller
To: {to}
Call-ID: pool
CSeq: 1 ACK
Content-Length: 0

"""


def message(text, **values):
    return sip.Message.parse(text.format(**values).replace("\n", "\r\n").encode())


def test_a_call_that_came_through_a_proxy_that_died_is_answered_through_the_other(make_world):
    world = make_world(None)
    first, second = world.registrar("primary", "n1"), world.registrar("backup", "n2")
    for host, hop in (("a", first), ("b", second)):
        world.dns.put(f"{host}.{DOMAIN}", dns.address(hop.address))
    world.dns.put(f"_sip._udp.{DOMAIN}", dns.srv(f"a.{DOMAIN}", 5060, 10), dns.srv(f"b.{DOMAIN}", 5060, 20))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(first.address)
    invite = message(INVITE, target=f"{phone.address}:5060", domain=DOMAIN, far=f"{second.address}:5060")
    invite.body = sip.sdp(second.address, 30000)
    first.send(invite, (phone.address, 5060))
    first.expect(status=180)
    first.close()
    (call,) = phone.calls()
    phone.ctl("call", "answer", call["id"])
    answer = second.expect(status=200, where=lambda m: m.get("Call-ID") == "pool").message
    assert answer.get("Via").startswith(f"SIP/2.0/UDP {DOMAIN};branch=z9hG4bKpool")
    to_first, to_second = (
        [p.t for p in phone.capture.sip(status=200) if p.dst == hop.address and b"Call-ID: pool" in p.payload]
        for hop in (first, second))
    assert to_second[0] - to_first[0] <= 0.25, "after the ICMP error, not after a wait"
    second.send(message(ACK, target=f"{phone.address}:5060", domain=DOMAIN, to=answer.get("To")), (phone.address, 5060))
    phone.call_in("active", call["id"])
