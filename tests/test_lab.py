"""The laboratory itself: its faults are what they claim to be, and its proxies carry a call between foreign phones.

Without this a fault that does nothing would make every failover test pass for the wrong reason.
"""

import pytest

from lab import wav
from lab.baresip import Baresip
from lab.farend import Talker
from lab.kamailio import Variant
from lab.probe import datagram
from lab.sip import sdp
from lab.sipp import Sipp
from lab.wait import until

def test_a_fault_of_a_proxy_looks_on_the_wire_as_named(world):
    namespace, _, _ = world.place(101)
    hop = world.primary
    assert datagram(namespace, hop.address) == 200
    hop.answer_everything_with(503)
    assert datagram(namespace, hop.address) == 503
    hop.answer_everything_with(None)
    hop.freeze()
    assert datagram(namespace, hop.address) == "silence"
    hop.thaw()
    assert datagram(namespace, hop.address) == 200
    hop.kill()
    assert datagram(namespace, hop.address) == "Connection refused"
    hop.start()
    assert datagram(namespace, hop.address) == 200
    assert datagram(namespace, world.backup.address) == 200


@pytest.mark.parametrize("icmp,seen", [
    ("port-unreachable", "Connection refused"), ("host-unreachable", "No route to host"),
    ("net-unreachable", "Network is unreachable"), ("admin-prohibited", "No route to host")])
def test_a_fault_of_the_network_looks_as_named(make_world, icmp, seen):
    world = make_world(None)
    namespace, _, _ = world.place(101)
    world.registrar("primary", "n1")
    world.network.reject(world.primary_address, icmp)
    assert datagram(namespace, world.primary_address) == seen
    world.network.heal()
    world.network.drop(world.primary_address)
    assert datagram(namespace, world.primary_address) == "silence"
    world.network.heal()
    assert datagram(namespace, world.primary_address) == 200


def test_who_joins_the_lan_later_cuts_nobody_off(make_world):
    """The LAN's own address stays, however low that of a new port is."""
    world = make_world(None)
    hop = world.registrar("primary", "n1")

    def join(name, address):
        world.network.core.ip("link", "add", name, "address", address, "type", "veth", "peer", "name", f"{name}-end")
        world.network.core.ip("link", "set", name, "master", "lan", "up")

    join("low", "00:00:00:00:00:02")
    namespace, _, _ = world.place(101)
    assert datagram(namespace, hop.address) == 200
    join("lower", "00:00:00:00:00:01")
    assert datagram(namespace, hop.address) == 200


@pytest.mark.parametrize("variant", [Variant(), Variant(alias=True), Variant(record_route="name"),
                                     Variant(record_route="shared-name"), Variant(record_route="double"),
                                     Variant(record_route="b2bua")], ids=repr)
def test_the_pair_carries_a_call_between_foreign_phones_with_audio(make_world, variant):
    call_between_foreign_phones(make_world(variant), "udp")


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("record_route", ["ip", "name", "b2bua"])
def test_the_pair_carries_a_call_from_tcp_and_tls_to_udp(make_world, record_route, transport):
    call_between_foreign_phones(make_world(Variant(record_route=record_route, transports=("udp", transport))), transport)


def call_between_foreign_phones(world, transport):
    """baresip over this transport calls SIPp over UDP, talks, hears, and hangs up."""
    tone = wav.tone(world.file("mic.wav"), 440)
    audio = world.file("tone.alaw")
    with open(audio, "wb") as f:
        f.write(wav.alaw(wav.read(wav.tone(world.file("far.wav"), 1000, 2))[0]))
    namespace, address, _ = world.place(103)
    ca = world.pki.ca if transport == "tls" else None
    baresip = Baresip(namespace, world.folder, "1003", address, world.primary_address, tone, transport=transport, ca=ca)
    namespace, far_address, capture = world.place(104)
    sipp = Sipp(namespace, world.folder, "1004", far_address, world.backup_address, audio)
    try:
        baresip.start()
        sipp.register()
        until(lambda: world.primary.contacts("1004"), "the location table is shared")
        call = sipp.answer()
        registered = world.primary.requests("REGISTER", transport)
        assert registered, "baresip came by the transport that it was told to use"
        baresip.command("dial", "sip:1004@example.test")
        until(lambda: wav.heard(capture.audio(address), 440) >= 1, lambda: f"440 Hz from baresip\n{capture.ladder()}", every=0.3)
        until(lambda: baresip.recording() and wav.heard(*first_and_rate(baresip.recording())) >= 1, "1000 Hz at baresip", every=0.3)
        baresip.command("hangup")
        sipp.finish(call)
    finally:
        baresip.stop()


def first_and_rate(path):
    """The arguments of `heard` for a 1000 Hz tone in a recording."""
    samples, rate = wav.read(path)
    return samples, 1000, rate


def test_a_scripted_hop_registers_a_foreign_phone_and_talks_with_it(make_world):
    world = make_world(None)
    hop = world.registrar("primary", "a-nonce")
    namespace, address, _ = world.place(103)
    baresip = Baresip(namespace, world.folder, "1003", address, hop.address, wav.tone(world.file("mic.wav"), 440))
    talker = Talker(world.network.core, hop.address, 30000, hz=1000)
    try:
        baresip.start()
        assert hop.bindings and not hop.failures
        baresip.command("dial", "sip:1002@example.test")
        invite = hop.expect("INVITE")
        talker.talk_to(invite.message.body)
        hop.answer(invite, 200, "OK", body=sdp(hop.address, 30000))
        hop.expect("ACK")
        until(lambda: wav.heard(talker.samples(), 440) >= 1, "440 Hz from baresip", every=0.3)
        until(lambda: baresip.recording() and wav.heard(*first_and_rate(baresip.recording())) >= 1, "1000 Hz at baresip", every=0.3)
        baresip.command("hangup")
        hop.answer(hop.expect("BYE"), 200, "OK")
    finally:
        talker.close()
        baresip.stop()
    assert not hop.errors
