"""Configuration from a server (F8): fetched at start, at an interval and by hand; what is wrong changes nothing; what
leaves the phone unregistered is taken back."""

import re

import pytest

from lab.files import HttpFiles, TftpFiles
from lab.phone import line_items, provisioning
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
