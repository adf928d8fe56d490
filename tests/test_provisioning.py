"""Configuration from a server (F8): fetched at start, at an interval and by hand; what is wrong changes nothing; what
leaves the phone unregistered is taken back."""

import hashlib
import os
import re

import pytest

from lab import dns, sip
from lab.files import HttpFiles, TftpFiles
from lab.kamailio import DOMAIN
from lab.phone import _ROOT, binary, line_items, provisioning
from lab.pnp import PnpServer
from lab.proc import run
from lab.wait import until

FILES = 80


@pytest.fixture
def files(world):
    server = HttpFiles(world.network.core, world.network.server(FILES), {})
    yield server
    server.close()


def xml(user, proxy, backup):
    """The configuration of one line in the XML form, with an item that phoned does not know."""
    elements = "".join(f"<{name.split(' ', 1)[1].replace(' ', '')}>{value}</{name.split(' ', 1)[1].replace(' ', '')}>"
                       for name, value in line_items(user, proxy, backup).items())
    return f'<sysConf><sip><line index="1">{elements}<MWINum>*98</MWINum></line></sip></sysConf>'.encode()


def mac_of(phone):
    shown = run([*phone.namespace.exec, "ip", "link", "show"]).stdout
    return re.search(r"link/ether (\S+)", shown).group(1).replace(":", "")


def fetched(phone, times, files):
    until(lambda: len(files.requests) >= times, f"{times} requests at the file server")
    return phone.json("provision", "show")["provision"]


def test_a_phone_that_knows_only_an_address_is_registered_by_what_it_finds_there(world, files):
    phone = world.phone("1001", items={}, start=False)
    path = f"/Fanvil/{mac_of(phone)}.cfg"
    files.files[path] = xml("1001", world.primary_address, world.backup_address)
    phone.file = f"http://{files.address}/Fanvil/$mac.cfg"
    phone.start()
    until(lambda: phone.json("account", "list")["accounts"], "the line is there")
    phone.settled(world.primary_address)
    assert files.requests == [(path, None)]
    shown = fetched(phone, 1, files)
    assert shown["success"] and shown["next"] is None, "fetched once, at start"
    assert "<MWINum>*98</MWINum>" in phone.ctl("config", "export", "--format", "xml").stdout


def test_by_tftp_with_the_names_that_fanvil_files_have(world):
    phone = world.phone("1001", items={})
    text = provisioning(line_items("1001", world.primary_address, world.backup_address))
    named = {f"{mac_of(phone)}.cfg": text.encode() + b"\n" * 600}
    server = TftpFiles(world.network.core, world.network.server(FILES), named)
    try:
        phone.set(f"Flash Server IP={server.address}", "Flash Mode=1")
        until(lambda: phone.json("account", "list")["accounts"], "the line is there")
        phone.settled(world.primary_address)
    finally:
        server.close()


def test_a_login_is_given_only_where_it_is_asked_for_and_is_in_no_log(world, files):
    files.login = ("phones", "hunter2")
    files.files["/a.cfg"] = provisioning({"SIP1 Display Name": "Fetched"}).encode()
    phone = world.phone("1001")
    phone.settled(world.primary_address)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg", "Default Username=phones",
              "Default Password=hunter2")
    changed = phone.json("provision", "now")["changes"]["items"]
    assert [change["item"] for change in changed] == ["SIP1 Display Name"]
    assert [given is not None for _, given in files.requests] == [False, True]
    assert "hunter2" not in phone.proc.output()


WRONG = {
    "error": (500, "the server answers 500"),
    "absent": (404, "the server answers 404"),
    "cut short": (b"<sysConf><sip><line index='1'><ProxyAddr>10.9.9.9</ProxyAddr>", "cut short"),
    "wrong value": (provisioning({"SIP1 Proxy Port": 70000}).encode(), "SIP1 Proxy Port"),
    "too long": (b"<sysConf>" + b" " * 4_300_000 + b"</sysConf>", "longer than"),
}


@pytest.mark.parametrize("what", list(WRONG))
def test_what_is_wrong_with_a_file_changes_nothing_and_is_told(world, files, what):
    served, complaint = WRONG[what]
    files.files["/a.cfg"] = served
    phone = world.phone("1001")
    phone.settled(world.primary_address)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg")
    before = phone.ctl("config", "list").stdout
    done = phone.ctl("provision", "now", check=False)
    assert done.returncode == 1 and complaint in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert phone.ctl("config", "list").stdout == before
    assert phone.json("provision", "show")["provision"]["success"] is False


def test_a_configuration_that_registers_no_line_is_taken_back_and_not_tried_again(world, files):
    nobody = world.network.server(99)
    files.files["/a.cfg"] = provisioning({"SIP1 Proxy Addr": nobody, "SIP1 BakProxy Addr": ""}).encode()
    phone = world.phone("1001", line={"Signal_Retry_Counts": 1})
    phone.settled(world.primary_address)
    world.network.drop(nobody)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg", "Provision Rollback=3")
    phone.json("provision", "now")
    assert phone.json("config", "get", "SIP1 Proxy Addr")["items"]["SIP1 Proxy Addr"] == nobody
    mark = phone.events.mark()
    phone.events.wait("config", since=mark, timeout=10)
    phone.settled(world.primary_address)
    assert phone.json("config", "get", "SIP1 BakProxy Addr")["items"]["SIP1 BakProxy Addr"] == world.backup_address
    again = phone.ctl("provision", "now", check=False)
    assert again.returncode == 1 and "rolled back" in again.stderr


def check_sync(via, call="sync-1", cseq=1, event="check-sync;reboot=true", credentials=""):
    """A NOTIFY as PBXs send it, outside any subscription."""
    lines = ["NOTIFY sip:1001@phone SIP/2.0", f"Via: SIP/2.0/UDP {via};branch=z9hG4bK{call}{cseq}", "Max-Forwards: 70",
             "From: <sip:pbx@example.test>;tag=pbx", "To: <sip:1001@example.test>", f"Call-ID: {call}",
             f"CSeq: {cseq} NOTIFY", f"Contact: <sip:pbx@{via}>", f"Event: {event}", "Subscription-State: terminated"]
    lines += [f"Authorization: {credentials}"] if credentials else []
    return ("\r\n".join([*lines, "Content-Length: 0", "", ""])).encode()


def digest(challenge, user, password, uri="sip:1001@phone"):
    """The credentials for an MD5 challenge (RFC 7616), computed apart from the phone's own code."""
    part = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    def md5(text):
        return hashlib.md5(text.encode()).hexdigest()
    ha1, ha2 = md5(f"{user}:{part['realm']}:{password}"), md5(f"NOTIFY:{uri}")
    response = md5(f"{ha1}:{part['nonce']}:00000001:c:auth:{ha2}")
    return (f'Digest username="{user}", realm="{part["realm"]}", nonce="{part["nonce"]}", uri="{uri}", algorithm=MD5, '
            f'qop=auth, nc=00000001, cnonce="c", response="{response}"')


def test_check_sync_of_a_server_fetches_at_once_and_leaves_the_call_up(make_world):
    world = make_world(None)
    hop = world.registrar("primary", "nonce")
    files = HttpFiles(world.network.core, world.network.server(FILES), {
        "/a.cfg": provisioning({"SIP1 Display Name": "Synced"}).encode()})
    world.closers.append(files.close)
    phone = world.phone("1001")
    phone.registered(world.primary_address)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg")
    call = phone.dial("1002")
    invite = hop.expect("INVITE")
    hop.answer(invite, 200, "OK", "b", body=sip.sdp(hop.address, 30000))
    hop.expect("ACK")
    phone.call_in("active", call)
    assert files.requests == []
    mark = phone.events.mark()
    hop.send(check_sync(f"{hop.address}:5060"), (phone.address, 5060))
    hop.expect(status=200, where=lambda m: "NOTIFY" in m.get("CSeq"))
    phone.events.wait("config", since=mark)
    assert [path for path, _ in files.requests] == ["/a.cfg"]
    assert phone.json("config", "get", "SIP1 Display Name")["items"] == {"SIP1 Display Name": "Synced"}
    assert phone.call(call)["state"] == "active"
    phone.hangup(call)
    hop.answer(hop.expect("BYE"), 200, "OK")


def test_check_sync_of_a_stranger_wants_a_login(make_world):
    world = make_world(None)
    world.registrar("primary", "nonce")
    files = HttpFiles(world.network.core, world.network.server(FILES), {
        "/a.cfg": provisioning({"SIP1 Display Name": "Synced"}).encode()})
    world.closers.append(files.close)
    stranger = world.peer(66)
    phone = world.phone("1001")
    phone.registered(world.primary_address)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg")
    via, to = f"{stranger.address}:5060", (phone.address, 5060)
    stranger.send(check_sync(via), to)
    stranger.expect(status=403)
    phone.set("Check Sync Username=pbx", "Check Sync Password=sync-secret")
    stranger.send(check_sync(via, cseq=2), to)
    challenge = next(c for c in stranger.expect(status=401).message.all("WWW-Authenticate") if "MD5" in c)
    stranger.send(check_sync(via, cseq=3, credentials=digest(challenge, "pbx", "guess")), to)
    challenge = next(c for c in stranger.expect(status=401).message.all("WWW-Authenticate") if "MD5" in c)
    assert files.requests == []
    credentials = digest(challenge, "pbx", "sync-secret")
    stranger.send(check_sync(via, cseq=4, credentials=credentials), to)
    stranger.expect(status=200)
    until(lambda: files.requests, "the file is fetched")
    stranger.send(check_sync(via, cseq=5, credentials=credentials), to)
    assert "stale=true" in stranger.expect(status=401).message.get("WWW-Authenticate"), "recorded credentials are worth nothing"
    assert len(files.requests) == 1
    assert "sync-secret" not in phone.proc.output()


def test_a_rollback_survives_a_restart(world, files):
    nobody = world.network.server(99)
    files.files["/a.cfg"] = provisioning({"SIP1 Proxy Addr": nobody, "SIP1 BakProxy Addr": ""}).encode()
    phone = world.phone("1001", line={"Signal_Retry_Counts": 1})
    phone.settled(world.primary_address)
    world.network.drop(nobody)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg", "Provision Rollback=12")
    phone.json("provision", "now")
    phone.kill()
    phone.file = None
    phone.start()
    assert phone.json("config", "get", "SIP1 Proxy Addr")["items"]["SIP1 Proxy Addr"] == nobody
    assert phone.json("provision", "show")["provision"]["proving"]
    phone.registered(world.primary_address, timeout=40)
    assert phone.json("config", "get", "SIP1 BakProxy Addr")["items"]["SIP1 BakProxy Addr"] == world.backup_address
    phone.stop()
    phone.start()
    again = phone.ctl("provision", "now", check=False)
    assert again.returncode == 1 and "rolled back" in again.stderr, "the file is known over a restart, too"


def test_a_sealed_file_is_opened_by_its_key_and_an_open_one_refused(world, files, tmp_path):
    key, plain = tmp_path / "key", tmp_path / "plain.cfg"
    key.write_text("correct horse battery\n")
    plain.write_text(provisioning({"SIP1 Display Name": "Sealed"}))
    sealed = run([binary("phonectl"), "config", "seal", "--key-file", str(key), str(plain)]).stdout
    assert "Sealed" not in sealed
    unsealed = run([binary("phonectl"), "config", "unseal", "--key-file", str(key), "-"], stdin=sealed).stdout
    assert unsealed == plain.read_text()
    files.files.update({"/a.cfg": sealed.encode(), "/b.cfg": plain.read_bytes()})
    phone = world.phone("1001")
    phone.settled(world.primary_address)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg")
    refused = phone.ctl("provision", "now", check=False)
    assert refused.returncode == 1 and "Provision Key" in refused.stderr
    phone.set("Provision Key=correct horse battery")
    assert [change["new"] for change in phone.json("provision", "now")["changes"]["items"]] == ["Sealed"]
    phone.set("Flash File Name=b.cfg")
    refused = phone.ctl("provision", "now", check=False)
    assert refused.returncode == 1 and "not sealed" in refused.stderr
    assert "correct horse" not in phone.proc.output()
    assert "correct horse" not in phone.ctl("config", "export").stdout


def test_an_https_server_is_verified_and_gets_our_certificate(world):
    name = f"files.{DOMAIN}"
    address = world.network.server(FILES)
    world.dns.put(name, dns.address(address))
    phone = world.phone("1001", items={})
    server = HttpFiles(world.network.core, address, {"/a.cfg": provisioning({"SIP1 Display Name": "Safe"}).encode()},
                       tls=(*world.pki.server(name, [address]), world.pki.ca))
    try:
        phone.set(f"Flash Server IP=https://{name}", "Flash File Name=a.cfg")
        refused = phone.ctl("provision", "now", check=False)
        assert refused.returncode == 1 and server.requests == [], "the system's authorities do not vouch for it"
        phone.set(f"TLS CA File={world.pki.ca}")
        refused = phone.ctl("provision", "now", check=False)
        assert refused.returncode == 1 and server.requests == [], "the server wants a certificate of ours"
        certificate, key = world.pki.client("phone")
        phone.set(f"TLS Certificate File={certificate}", f"TLS Key File={key}")
        assert phone.json("provision", "now")["changes"]["items"][0]["new"] == "Safe"
    finally:
        server.close()


def test_a_server_that_wants_digest_gets_digest(world, files):
    files.login, files.digest = ("phones", "hunter2"), True
    files.files["/a.cfg"] = provisioning({"SIP1 Display Name": "Fetched"}).encode()
    phone = world.phone("1001")
    phone.settled(world.primary_address)
    phone.set(f"Flash Server IP=http://{files.address}", "Flash File Name=a.cfg", "Default Username=phones",
              "Default Password=hunter2")
    phone.json("provision", "now")
    given = [header for _, header in files.requests]
    assert given[0] is None and given[1].startswith("Digest") and "hunter2" not in given[1]


def test_a_new_phone_finds_its_server_by_pnp_and_keeps_the_address(world, files):
    phone = world.phone("1001", items={}, start=False)
    files.files[f"/{mac_of(phone)}.cfg"] = xml("1001", world.primary_address, world.backup_address)
    server = PnpServer(world.network.core, world.network.server(70), f"http://{files.address}/$mac.cfg")
    try:
        phone.start()
        until(lambda: phone.json("account", "list")["accounts"], "the line is there", 15)
        phone.registered(world.primary_address)
        asked = server.asked[0]
        assert asked.uri == f"sip:MAC%3A{mac_of(phone)}@224.0.1.75" and asked.get("Event").startswith("ua-profile")
        assert server.answers, "the NOTIFY is answered"
        before = len(server.asked)
        phone.stop()
        phone.start()
        until(lambda: len(files.requests) >= 2, "it is fetched again at the next start")
        assert len(server.asked) == before, "a phone that has a line asks nobody"
        assert phone.json("provision", "show")["provision"]["place"].endswith(f"/{mac_of(phone)}.cfg")
    finally:
        server.close()


def test_what_the_dhcp_hook_leaves_names_the_server(world, files, tmp_path):
    phone = world.phone("1001", items={}, start=False)
    phone.dhcp = tmp_path / "dhcp"
    files.files[f"/prov/{mac_of(phone)}.cfg"] = xml("1001", world.primary_address, world.backup_address)
    lease = {"PATH": os.environ["PATH"], "PHONE_DHCP": str(phone.dhcp), "interface": "eth0"}
    phone.start()
    assert phone.json("provision", "show")["provision"]["place"] is None
    run(["env", "-i", *(f"{k}={v}" for k, v in lease.items()), "reason=BOUND", f"new_tftp_server_name=http://{files.address}/prov/",
         "sh", HOOK])
    until(lambda: phone.json("account", "list")["accounts"], "the line is there", 30)
    phone.registered(world.primary_address)
    run(["env", "-i", *(f"{k}={v}" for k, v in lease.items()), "reason=EXPIRE", "sh", HOOK])
    assert phone.json("provision", "show")["provision"]["place"] is None


HOOK = os.path.join(_ROOT, "rootfs-overlay/usr/lib/phoned/dhcp-options")
HOOKS = {
    "dhclient": (["reason=BOUND", "interface=eth0", "new_vendor_encapsulated_options=1:3:61:a:c"], [], "43 0x0103610a0c"),
    "dhcpcd": (["reason=BOUND", "interface=eth0", "new_vendor_encapsulated_options=0103610a0c"], [], "43 0x0103610a0c"),
    "udhcpc": (["interface=eth0", "tftp=cafe", "opt160=687474703a2f2f682f"], ["bound"], "66 cafe\n160 0x687474703a2f2f682f"),
    "udhcpc with an address": (["interface=eth0", "tftp=bad", "opt160=687474703a2f2f682f"], ["bound"], "160 0x687474703a2f2f682f"),
    "NetworkManager": (["DHCP4_IP_ADDRESS=10.0.0.9", "DHCP4_TFTP_SERVER_NAME=http://h/"], ["eth0", "up"], "66 http://h/"),
    "nothing": (["reason=BOUND", "interface=eth0"], [], None),
    "elsewhere": (["reason=BOUND", "interface=../eth0", "new_tftp_server_name=x"], [], None),
}


@pytest.mark.parametrize("client", list(HOOKS))
def test_each_dhcp_client_has_its_own_way_to_tell_the_hook(client, tmp_path):
    variables, words, expected = HOOKS[client]
    folder = tmp_path / "dhcp"
    run(["env", "-i", f"PATH={os.environ['PATH']}", f"PHONE_DHCP={folder}", *variables, "sh", HOOK, *words])
    written = [path.read_text().strip() for path in folder.glob("*")] if folder.exists() else []
    assert written == ([expected] if expected else [])
    assert not (tmp_path / "eth0").exists()
