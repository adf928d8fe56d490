"""Names against a real name server: NAPTR, SRV, several addresses, DNS down, DNS changed (A1, F5).

The proxies are scripted registrars: what is tried here is which of them the phone turns to, and when.
"""

from lab import dns
from lab.farend import incoming
from lab.phone import line_items
from lab.sip import sdp
from lab.wait import until

DOMAIN = "pool.test"


def two(make_world):
    """A world with two hops that take registrations, known as a.pool.test and b.pool.test."""
    world = make_world(None)
    first, second = world.registrar("primary", "n1"), world.registrar("backup", "n2")
    world.dns.put(f"a.{DOMAIN}", dns.address(first.address, ttl=5))
    world.dns.put(f"b.{DOMAIN}", dns.address(second.address, ttl=5))
    return world, first, second


def service(world, *records):
    world.dns.put(f"_sip._udp.{DOMAIN}", *records)


def hops(phone):
    return [hop["hop"] for hop in phone.account()["hops"]]


def log(phone):
    return phone.proc.output()


def test_srv_priorities_make_the_hop_list_and_a_dead_primary_costs_a_round_trip(make_world):
    world, first, second = two(make_world)
    service(world, dns.srv(f"b.{DOMAIN}", 5060, 20), dns.srv(f"a.{DOMAIN}", 5060, 10))
    first.close()
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(second.address)
    assert hops(phone) == [f"udp:{first.address}:5060", f"udp:{second.address}:5060"]
    registers = phone.capture.sip(method="REGISTER")
    assert registers[0].dst == first.address and registers[1].dst == second.address
    assert registers[1].t - registers[0].t <= 0.25


def test_weights_share_phones_out_and_each_keeps_its_order_over_a_restart(make_world):
    world, first, second = two(make_world)
    service(world, dns.srv(f"a.{DOMAIN}", 5060, 10, 50), dns.srv(f"b.{DOMAIN}", 5060, 10, 50))
    phones = [world.phone(str(user), items=line_items(str(user), DOMAIN)) for user in range(1001, 1007)]
    orders = []
    for phone in phones:
        until(lambda p=phone: p.account()["state"] == "registered", "registered")
        orders.append(hops(phone))
        assert len(orders[-1]) == 2
    phone, order = phones[0], orders[0]
    phone.stop()
    service(world, dns.srv(f"b.{DOMAIN}", 5060, 10, 50), dns.srv(f"a.{DOMAIN}", 5060, 10, 50))
    phone.start()
    until(lambda: phone.account()["state"] == "registered", "registered again")
    assert hops(phone) == order


def test_naptr_leads_to_the_records_of_the_transport(make_world):
    world, first, second = two(make_world)
    world.dns.put(DOMAIN, dns.naptr("SIP+D2T", f"_sip._tcp.{DOMAIN}", 10), dns.naptr("SIP+D2U", f"elsewhere.{DOMAIN}", 20))
    world.dns.put(f"elsewhere.{DOMAIN}", dns.srv(f"b.{DOMAIN}", 5060))
    service(world, dns.srv(f"a.{DOMAIN}", 5060))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(second.address)
    assert hops(phone) == [f"udp:{second.address}:5060"]


def test_a_name_with_two_addresses_is_a_line_with_a_backup(make_world):
    world, first, second = two(make_world)
    world.dns.put(DOMAIN, dns.address(first.address), dns.address(second.address))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(first.address)
    assert hops(phone) == [f"udp:{first.address}:5060", f"udp:{second.address}:5060"]
    first.close()
    phone.ctl("account", "register", "1")
    phone.registered(second.address)


def test_a_dot_says_that_there_is_no_service_and_the_user_is_told(make_world):
    world, first, _ = two(make_world)
    service(world, dns.srv(".", 0))
    world.dns.put(DOMAIN, dns.address(first.address))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    until(lambda: f"{DOMAIN} offers no SIP over udp" in log(phone), "the user is told")
    assert hops(phone) == [] and not phone.capture.sip(method="REGISTER")


def test_two_names_at_one_address_are_one_hop_with_a_warning(make_world):
    world, first, _ = two(make_world)
    world.dns.put(f"alias.{DOMAIN}", dns.address(first.address))
    phone = world.phone("1001", items=line_items("1001", f"a.{DOMAIN}", f"alias.{DOMAIN}"))
    phone.registered(first.address)
    assert hops(phone) == [f"udp:{first.address}:5060"]
    until(lambda: f"two servers are one address, udp:{first.address}:5060" in log(phone), "the warning")


def test_with_dns_dead_at_start_what_was_kept_is_used(make_world):
    world, first, second = two(make_world)
    service(world, dns.srv(f"a.{DOMAIN}", 5060, 10), dns.srv(f"b.{DOMAIN}", 5060, 20))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(first.address)
    order = hops(phone)
    until(lambda: second.address in phone.remembered("names").get("names", ""), "what was learnt is written")
    phone.kill()
    for sickness in (world.dns.freeze, world.dns.kill):
        sickness()
        phone.start()
        phone.registered(first.address)
        assert hops(phone) == order
        phone.stop()


def test_a_phone_that_boots_while_a_proxy_is_withdrawn_takes_its_calls_and_no_strangers(make_world):
    """Failover design §5, "resolves or last resolved to": others still call through a proxy that is being drained."""
    world, first, second = two(make_world)
    service(world, dns.srv(f"a.{DOMAIN}", 5060, 10), dns.srv(f"b.{DOMAIN}", 5060, 20))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(first.address)
    phone.stop()
    stranger = world.peer(66)
    service(world, dns.srv(f"b.{DOMAIN}", 5060, 20))
    for run in ("one", "two"):
        mark = len(first.seen("REGISTER"))
        phone.start()
        phone.registered(second.address)
        assert hops(phone) == [f"udp:{second.address}:5060"]
        incoming(first, phone, f"drained-{run}", f"d{run}")
        first.expect(status=180)
        incoming(stranger, phone, f"strange-{run}", f"s{run}")
        stranger.expect(status=403)
        assert len(first.seen("REGISTER")) == mark, "nothing is sent there"
        phone.stop()


def test_dns_that_dies_later_changes_nothing_and_is_asked_again(make_world):
    world, first, _ = two(make_world)
    service(world, dns.srv(f"a.{DOMAIN}", 5060, ttl=5))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(first.address)
    order = hops(phone)
    world.dns.fail()
    asked = world.dns.asked(f"a.{DOMAIN}")
    until(lambda: world.dns.asked(f"a.{DOMAIN}") > asked + 2, "asked again", timeout=20)
    assert hops(phone) == order and phone.account()["state"] == "registered"
    world.dns.heal()


def test_a_domain_that_changes_during_a_call_moves_neither_the_line_nor_the_call(make_world):
    world, first, second = two(make_world)
    service(world, dns.srv(f"a.{DOMAIN}", 5060, ttl=5))
    phone = world.phone("1001", items=line_items("1001", DOMAIN))
    phone.registered(first.address)
    call = phone.dial("1002")
    invite = first.expect("INVITE")
    first.answer(invite, 200, "OK", body=sdp(first.address, 30000))
    first.expect("ACK")
    phone.call_in("active", call)
    mark = phone.events.mark()
    service(world, dns.srv(f"b.{DOMAIN}", 5060, ttl=5))
    until(lambda: f"udp:{second.address}:5060" in hops(phone), "the new hop is known", timeout=20)
    assert hops(phone) == [f"udp:{second.address}:5060", f"udp:{first.address}:5060"]
    account = phone.account()
    assert account["hop"] == f"udp:{first.address}:5060" and account["state"] == "registered"
    assert not phone.events.since(mark, "failover")
    phone.hangup(call, wait=False)
    bye = first.expect("BYE")
    first.answer(bye, 200, "OK")
    assert not second.seen("BYE") and not second.seen("REGISTER")
