"""The laboratory's own faults, transports, names and certificates, each seen by a plain socket as what it is called.

Without this a fault that does nothing would make every failover test pass for the wrong reason.
"""

import socket
import ssl
import time

import pytest

from lab import dns, icmp
from lab.kamailio import Variant
from lab.pki import KINDS
from lab.probe import IP_RECVERR, datagram, opened, request, served, stream
from lab.proc import run
from lab.wait import until

# linux/errqueue.h.
MSG_ERRQUEUE = 0x2000


@pytest.fixture
def streams(make_world):
    """(world, a phone's namespace) with a pair that listens on everything."""
    world = make_world(Variant(transports=("udp", "tcp", "tls")))
    return world, world.place(101)[0]


def test_each_fault_of_tcp_is_what_it_is_called(streams):
    world, phone = streams
    hop, net = world.primary, world.network
    assert opened(phone, hop.address) == 200
    open_before = stream(phone, hop.address)
    net.tcp_black_hole(hop.address)
    assert (opened(phone, hop.address), served(open_before), datagram(phone, hop.address)) == ("silence", 200, 200)
    net.heal()
    net.tcp_dead(hop.address)
    assert (opened(phone, hop.address), served(open_before), datagram(phone, hop.address)) == ("silence", "silence", 200)
    net.heal()
    until(lambda: served(open_before) == 200, "the open connection lives on: its kernel sends again what was lost")
    open_before = stream(phone, hop.address)
    net.tcp_reset(hop.address)
    assert (opened(phone, hop.address), served(open_before)) == ("Connection refused", "Connection reset by peer")
    net.heal()
    hop.freeze()
    with stream(phone, hop.address) as accepted_by_the_kernel:
        assert served(accepted_by_the_kernel) == "silence"
    hop.thaw()
    net.reject(hop.address, "host-unreachable", "tcp")
    assert opened(phone, hop.address) == "No route to host"
    assert opened(phone, world.backup.address) == 200


def test_a_killed_proxy_closes_and_a_vanished_one_does_not(streams):
    world, phone = streams
    hop = world.primary
    with stream(phone, hop.address) as s:
        assert served(s) == 200
        hop.kill()
        s.settimeout(1)
        assert s.recv(10) == b"", "the kernel says FIN for it"
        assert opened(phone, hop.address) == "Connection refused"
    hop.start()
    with stream(phone, hop.address) as s:
        assert served(s) == 200
        world.half_open(hop)
        s.settimeout(0.3)
        with pytest.raises(socket.timeout):
            s.recv(10)
        assert served(s) == "Connection reset by peer"


def test_each_certificate_is_as_good_or_bad_as_it_is_called(streams):
    world, phone = streams
    words = {"expired": "certificate has expired", "not yet valid": "not yet valid", "wrong name": "Hostname mismatch",
             "unknown issuer": "unable to get local issuer"}
    context = ssl.create_default_context(cafile=world.pki.ca)
    for kind in KINDS:
        world.primary.present(kind)
        for name in ("p1.example.test", "example.test") if kind == "good" else ("p1.example.test",):
            with stream(phone, world.primary.address, 5061, timeout=5) as s:
                if kind == "good":
                    assert served(context.wrap_socket(s, server_hostname=name)) == 200
                    continue
                with pytest.raises(ssl.SSLCertVerificationError, match=words[kind]):
                    context.wrap_socket(s, server_hostname=name)
    world.primary.present("good")
    with stream(phone, world.primary.address, 5061, timeout=5) as s:
        assert served(context.wrap_socket(s, server_hostname=world.primary.address)) == 200, "by its address too"
    assert world.primary.requests("OPTIONS", "tls")


def test_a_proxy_that_wants_a_client_certificate_refuses_without(make_world):
    world = make_world(Variant(transports=("udp", "tls"), client_certificate=True))
    phone, _, _ = world.place(101)
    context = ssl.create_default_context(cafile=world.pki.ca)
    with stream(phone, world.primary.address, 5061, timeout=5) as s, pytest.raises(OSError):
        t = context.wrap_socket(s, server_hostname="p1.example.test")
        t.sendall(request(transport="TLS"))
        if not t.recv(4000):
            raise ConnectionResetError
    context.load_cert_chain(*world.pki.client("1001"))
    with stream(phone, world.primary.address, 5061, timeout=5) as s:
        assert served(context.wrap_socket(s, server_hostname="p1.example.test")) == 200


def test_packets_can_be_lost_one_way_only(make_world):
    world = make_world(None)
    hop = world.registrar("primary", "n1")
    phone, _, _ = world.place(101)
    world.network.drop(hop.address)
    assert datagram(phone, hop.address) == "silence" and not hop.seen("OPTIONS")
    world.network.heal()
    world.network.drop_from(hop.address)
    assert datagram(phone, hop.address) == "silence" and len(hop.seen("OPTIONS")) == 1
    world.network.heal()
    world.network.lose(30, hop.address, "to")
    with phone.socket() as s:
        for n in range(300):
            s.sendto(request(call_id=f"loss{n}"), (hop.address, 5060))
            time.sleep(0.001)
    passed = until(lambda: len(hop.seen("OPTIONS")) > 150 and len(hop.seen("OPTIONS")), "most of 300")
    time.sleep(0.2)
    assert 150 < len(hop.seen("OPTIONS")) < 270, passed


@pytest.mark.parametrize("kind", list(icmp.CODES))
def test_an_icmp_error_of_each_code_names_the_packet(make_world, kind):
    world = make_world(None)
    phone, _, capture = world.place(101)
    errors = icmp.Errors(world.network, world.primary_address, kind)
    try:
        with phone.socket() as s:
            s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            s.sendto(request(call_id="x"), (world.primary_address, 5060))
            seen = until(lambda: [p.icmp for p in capture.packets() if p.icmp], "the ICMP error")
            assert seen == [icmp.CODES[kind]]
            if icmp.CODES[kind][0] == icmp.SOURCE_QUENCH:
                return  # Linux drops these without a word (RFC 6633).
            data, ancillary, _, _ = until(lambda: _error_queue(s), "the error queue")
            assert data.startswith(b"OPTIONS") and (ancillary[0][2][5], ancillary[0][2][6]) == icmp.CODES[kind]
    finally:
        errors.close()


def _error_queue(s):
    try:
        return s.recvmsg(4000, 512, MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None


def test_a_path_delays_loses_reorders_and_doubles(make_world):
    world = make_world(None)
    hop = world.registrar("primary", "n1")
    phone, _, _ = world.place(101, impaired=True)

    def arrivals(count, **faults):
        phone.path.set("up", **faults)
        before = len(hop.seen("OPTIONS"))
        sent = {}
        with phone.socket() as s:
            for n in range(count):
                name = f"{time.monotonic()}"
                sent[name] = time.monotonic()
                s.sendto(request(call_id=name), (hop.address, 5060))
                time.sleep(0.004)
        def no_more():
            so_far = len(hop.seen("OPTIONS"))
            time.sleep(0.3)
            return len(hop.seen("OPTIONS")) == so_far
        until(no_more, "nothing more arrives")
        got = hop.seen("OPTIONS")[before:]
        return [(r.message.call_id, r.t - sent[r.message.call_id]) for r in got]

    plain = arrivals(50)
    assert len(plain) == 50 and sorted(t for _, t in plain)[25] < 0.1
    late = arrivals(50, delay=0.1, jitter=0.02)
    assert len(late) == 50 and all(0.1 <= t for _, t in late) and sorted(t for _, t in late)[25] < 0.3
    assert [n for n, _ in late] == sorted(n for n, _ in late), "jitter keeps the order"
    mixed = arrivals(100, reorder=0.2)
    assert len(mixed) == 100 and [n for n, _ in mixed] != sorted(n for n, _ in mixed)
    assert 100 < len(arrivals(100, duplicate=0.2)) < 150
    assert 40 < len(arrivals(100, loss=0.3)) < 90
    assert len(arrivals(20)) == 20


def test_the_name_server_changes_dies_falls_silent_and_returns(world):
    phone, _, _ = world.place(101)

    def look_up(name="p1.example.test"):
        done = run([*phone.exec, "getent", "ahostsv4", name], check=False, timeout=20)
        return sorted({line.split()[0] for line in done.stdout.splitlines()})

    assert look_up() == [world.primary_address]
    assert look_up("proxies.example.test") == [world.primary_address, world.backup_address]
    world.dns.put("p1.example.test", dns.address("10.90.0.99"), dns.address("fd90::99"))
    world.dns.put("other.example.test", dns.cname("p1.example.test"))
    assert look_up() == ["10.90.0.99"] and look_up("other.example.test") == ["10.90.0.99"]
    world.dns.put("p1.example.test")
    assert look_up() == []
    world.dns.put("p1.example.test", dns.address("10.90.0.98"))
    for harm, mend in ((world.dns.freeze, world.dns.heal), (world.dns.fail, world.dns.heal), (world.dns.kill, world.dns.start)):
        harm()
        assert look_up() == []
        mend()
        assert look_up() == ["10.90.0.98"]
    assert world.dns.asked("p1.example.test", dns.A) > 4


def test_the_name_server_serves_the_records_that_sip_needs(world):
    """RFC 3263: read by Kamailio's resolver, an independent one, which follows NAPTR or SRV to the pair."""
    phone, _, _ = world.place(101)
    world.publish(("udp", "tcp", "tls"), with_naptr=True, ttl=7)
    answer = ask(phone, world.dns.address, "example.test", dns.NAPTR)
    assert [s in answer for s in (b"SIP+D2U", b"SIP+D2T", b"SIPS+D2T")] == [True] * 3 and b"\x00\x00\x00\x07" in answer
    answer = ask(phone, world.dns.address, "_sips._tcp.example.test", dns.SRV)
    assert answer.count(bytes([19, 197])) == 2, "port 5061 twice"
    assert socket.inet_aton(world.primary_address) in answer, "the address comes along"


def ask(namespace, server, name, kind):
    """The raw answer of a name server."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + bytes([0, kind, 0, 1])
    with namespace.socket() as s:
        s.settimeout(2)
        s.sendto(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question, (server, 53))
        return s.recv(2000)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_scripted_hop_speaks_over_streams_and_can_break_them(make_world, transport):
    world = make_world(None)
    certificate = world.pki.server("p1.example.test", [world.primary_address]) if transport == "tls" else None
    hop = world.registrar("primary", "n1", transport=transport, certificate=certificate)
    phone, _, capture = world.place(101)

    def connect():
        s = stream(phone, hop.address, hop.port, timeout=3)
        if transport == "tls":
            s = ssl.create_default_context(cafile=world.pki.ca).wrap_socket(s, server_hostname="p1.example.test")
        return s

    first = connect()
    first.sendall(b"\r\n\r\n")
    assert first.recv(10) == b"\r\n" and hop.links.pings == 1
    assert served(first) == 200
    hop.links.hang_up()
    assert first.recv(10) == b""
    second = connect()
    assert served(second) == 200
    hop.links.hang_up(reset=True)
    assert len(capture.connects(hop.address)) == 2
    ends = [p.tcp for p in capture.packets() if p.src == hop.address and p.tcp and set(p.tcp) & set("FR")]
    assert "F" in ends[0] and "R" in ends[-1]
    hop.close()
    assert opened(phone, hop.address) == "Connection refused"


def test_a_pulled_cable_and_a_new_address_are_what_they_say(world):
    phone, _, capture = world.place(101)
    assert datagram(phone, world.primary_address) == 200
    world.network.unplug(phone)
    assert "NO-CARRIER" in run(["ip", "-n", phone.name, "link", "show", "eth0"]).stdout
    assert datagram(phone, world.primary_address) == "silence"
    world.network.plug(phone)
    until(lambda: datagram(phone, world.primary_address) == 200, "the cable is back")
    assert world.network.readdress(phone, 133) == "10.90.0.133"
    until(lambda: datagram(phone, world.primary_address) == 200, "the new address works")
    assert [p.src for p in capture.sip(method="OPTIONS")][-1] == "10.90.0.133"
    world.network.remove_server(world.primary_address)
    run([*phone.exec, "ip", "neigh", "flush", "all"])
    assert datagram(phone, world.primary_address, timeout=5) == "No route to host"
