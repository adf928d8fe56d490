"""The phone and its network: what it shows of it, and how it marks its packets (issue 4, page Network; F7, F9)."""

import json
import subprocess
import time

import pytest

from lab import wav
from lab.farend import Registrar
from lab.kamailio import Variant
from lab.phone import hop_name, line_items
from lab.wait import until

SIP, RTP = 24, 46
# By its look alone a question to DNS may be taken for sound, and its port may be one of these.
SOUND, DNS = range(10000, 11000), 53
WORDS = {"en": {"submit": "Submit", "force": "In force now", "wrong": "Expected: 0 to 63"},
         "zh": {"submit": "提交", "force": "已生效", "wrong": "0 至 63"}}


def marks(phone, after=0.0, rtp=False):
    """The code points of what the phone has sent since: of SIP (with what keeps its connections), or of sound."""
    sent = [p for p in phone.capture.packets() if p.src == phone.address and p.t >= after and p.dscp is not None and not p.icmp]
    if rtp:
        return {p.dscp for p in sent if p.rtp and p.sport in SOUND and p.dport != DNS}
    return {p.dscp for p in sent if p.sip or p.tcp and p.size}


def test_sip_and_sound_are_marked_and_a_change_is_in_force_at_once(world):
    caller, callee, call = world.call_up(caller={"audio": f"wav:{wav.tone(world.file('a.wav'), 440)}"},
                                         callee={"audio": f"wav:{wav.tone(world.file('b.wav'), 880)}"})
    until(lambda: marks(caller, rtp=True) and marks(callee, rtp=True), "sound")
    for phone in (caller, callee):
        assert marks(phone) == {SIP} and marks(phone, rtp=True) == {RTP}
    caller.set("Singalling DSCP=26", "Voice DSCP=34")
    after = time.time()
    caller.ctl("account", "register", "1")
    caller.reached("REGISTER", world.primary_address, after)
    until(lambda: marks(caller, after, rtp=True), "sound after the change")
    assert marks(caller, after) == {26}
    assert marks(caller, after, rtp=True) == {RTP}, "a call that is up keeps its mark"
    caller.hangup(call)
    caller.set("Enable diffServ=0")
    after = time.time()
    caller.dial(callee.user)
    caller.call_in("active")
    until(lambda: marks(caller, after, rtp=True), "sound")
    assert marks(caller, after) == {0} and marks(caller, after, rtp=True) == {0}


def test_connections_are_marked_too(make_world):
    world = make_world(Variant(transports=("udp", "tcp")))
    phone = world.phone(transport="tcp", also={"SIP DSCP": 40})
    phone.settled(world.primary_address)
    assert marks(phone) == {40}


def test_packets_of_ipv6_are_marked_too(make_world):
    world = make_world(None)
    hop = Registrar(world.network.core, world.network.server6(11), "n1")
    world.closers.append(hop.close)
    phone = world.phone("1001", items=line_items("1001", hop.address))
    until(lambda: phone.account()["state"] == "registered", "registered over IPv6")
    sent = [p for p in phone.capture.packets() if p.sip and p.dst == hop.address]
    assert sent and {p.dscp for p in sent} == {SIP}


def shown(phone):
    return phone.json("network")["network"]


def eth0(status):
    return next(it for it in status["interfaces"] if it["name"] == "eth0")


def test_the_network_is_shown_as_it_is_and_changes_are_told_as_they_happen(world):
    phone = world.phone("1001", web=True)
    phone.settled(world.primary_address)
    phone.namespace.ip("route", "add", "default", "via", world.primary_address)
    links = json.loads(subprocess.run([*phone.namespace.exec, "ip", "-j", "link", "show", "eth0"], capture_output=True, text=True).stdout)
    phone.events.wait("network", where=lambda event: eth0(event)["gateways"] == [world.primary_address])
    status = shown(phone)
    own = eth0(status)
    assert own["up"] and own["carrier"] and own["mac"] == links[0]["address"] and own["gateways"] == [world.primary_address]
    assert f"{phone.address}/24" in own["addresses"] and "fd90::101/64" in own["addresses"], own
    assert status["sip_port"] == 5060 and status["web"] == "[::]:8443" and status["name_servers"]
    assert {"hop": hop_name(world.primary_address), "local": f"{phone.address}:5060", "interface": "eth0", "lines": [1]} in status["ways"]
    mark = phone.events.mark()
    world.network.unplug(phone.namespace)
    phone.events.wait("network", since=mark, where=lambda event: not eth0(event)["carrier"])
    assert {way["local"] for way in shown(phone)["ways"]} == {None}
    assert "no carrier" in phone.ctl("network").stdout and "no way" in phone.ctl("network").stdout
    mark = phone.events.mark()
    world.network.plug(phone.namespace)
    phone.events.wait("network", since=mark, where=lambda event: eth0(event)["carrier"])
    mark = phone.events.mark()
    phone.namespace.ip("route", "add", "10.77.0.0/24", "via", world.primary_address)
    phone.namespace.ip("addr", "add", "10.90.0.202/24", "dev", "eth0")
    phone.events.wait("network", since=mark, where=lambda event: "10.90.0.202/24" in eth0(event)["addresses"])
    assert len(phone.events.since(mark, "network")) == 1, "a route to elsewhere is no news"


def test_the_api_tells_it_to_who_may_see(world, make_site):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    token = site.token(site.first_session(), "user")
    status, _, text = site.request("GET", "/api/v1/network", {"Authorization": f"Bearer {token}"})
    assert status == 200 and json.loads(text) == phone.json("network"), text
    assert site.request("GET", "/api/v1/network")[0] == 401


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_live_and_its_settings_take_effect(world, browser, make_site, language):
    words = WORDS[language]
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    browser.first_visit(site, language)
    browser.go("/network")
    for text in (f"{phone.address}/24", f"{phone.address}:5060", hop_name(world.primary_address), "eth0"):
        browser.sees(text, "#network")
    phone.namespace.ip("addr", "add", "10.90.0.202/24", "dev", "eth0")
    browser.sees("10.90.0.202/24", "#network")
    browser.fill(singalling_dscp="64")
    browser.press(words["submit"])
    browser.sees(words["wrong"], "main")
    browser.fill(singalling_dscp="26")
    browser.press(words["submit"])
    browser.sees(words["force"], "main")
    after = time.time()
    phone.ctl("account", "register", "1")
    phone.reached("REGISTER", world.primary_address, after)
    assert marks(phone, after) == {26}
    assert browser.complaints() == []
