"""Configuration: refused when wrong, in force when set, never lost (D1, F8; issue 2 items 7 and "must hold")."""

import os
import threading
import time

import pytest

from lab.phone import binary
from lab.proc import run
from lab.wait import until


@pytest.mark.parametrize("assignment,item,value,bounds", [
    ("SIP1 Signal Retry Counts=11", "SIP1 Signal Retry Counts", "11", ("1", "10")),
    ("SIP1 Signal Retry Counts=three", "SIP1 Signal Retry Counts", "three", ("1", "10")),
    ("SIP1 Signal Retry Time=0", "SIP1 Signal Retry Time", "0", ("1", "32")),
    ("SIP1 Enable Failback=2", "SIP1 Enable Failback", "2", ("0", "1")),
    ("SIP1 Proxy Port=70000", "SIP1 Proxy Port", "70000", ("65535",)),
    ("SIP1 Transport=2", "SIP1 Transport", "2", ("0", "1", "3"))])
def test_a_wrong_value_is_refused_naming_item_value_and_range(world, assignment, item, value, bounds):
    phone = world.phone()
    before = phone.json("config", "get", item)
    done = phone.ctl("config", "set", assignment, check=False)
    assert done.returncode != 0 and not done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and item in lines[0] and value in lines[0] and all(b in lines[0] for b in bounds), done.stderr
    assert phone.json("config", "get", item) == before


def test_one_wrong_value_among_good_ones_changes_nothing(world):
    phone = world.phone()
    done = phone.ctl("config", "set", "SIP1 Failback Interval=99", "SIP1 Signal Failback=7", check=False)
    assert done.returncode != 0 and "SIP1 Signal Failback" in done.stderr
    assert phone.json("config", "get", "SIP1 Failback Interval")["items"]["SIP1 Failback Interval"] == "1800"


def test_an_unknown_item_is_named(world):
    phone = world.phone()
    for verb in (["get", "SIP1 Prxy Addr"], ["set", "SIP1 Prxy Addr=10.0.0.1"]):
        done = phone.ctl("config", *verb, check=False)
        assert done.returncode != 0 and "SIP1 Prxy Addr" in done.stderr


def test_the_documents_items_have_their_defaults(world):
    phone = world.phone(items={"SIP1 Phone Number": "1001"})
    expected = {"Proxy Addr": "", "Proxy Port": "5060", "Proxy User": "", "BakProxy Addr": "", "BakProxy Port": "5060",
                "Enable Failback": "1", "Failback Interval": "1800", "Signal Failback": "0", "Signal Retry Counts": "3"}
    items = phone.json("config", "get", *(f"sip1  {name.lower()}" for name in expected))["items"]
    assert items == {f"SIP1 {name}": value for name, value in expected.items()}


def test_settings_take_effect_without_restart_and_without_dropping_the_call(world):
    caller, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    caller.settled(world.primary_address)
    callee.registered()
    call = caller.dial("1002")
    caller.call_in("active", call)
    pid, mark = caller.proc.pid, caller.events.mark()
    caller.set("SIP1 Signal Retry Counts=1", "SIP1 Display Name=New Name", "SIP1 Signal Failback=1")
    caller.events.wait("config", since=mark)
    assert caller.call(call)["state"] == "active" and callee.calls()[0]["state"] == "active"
    world.primary.freeze()
    after = time.time()
    caller.ctl("account", "register", "1")
    caller.registered(world.backup_address)
    tries = caller.capture.sip(method="REGISTER", dst=world.primary_address, after=after)
    assert len(tries) == 1 and tries[0].sip.get("From").startswith('"New Name"')
    assert caller.proc.pid == pid and caller.proc.running()
    assert caller.call(call)["state"] == "active"


def test_proxies_can_be_configured_while_it_runs(world):
    phone = world.phone(items={"SIP1 Phone Number": "1001", "SIP1 Register Addr": "example.test",
                               "SIP1 Register User": "1001", "SIP1 Register Pswd": "secret-1001"})
    phone.set(f"SIP1 Proxy Addr={world.primary_address}", f"SIP1 BakProxy Addr={world.backup_address}", "SIP1 Enable Reg=1")
    account = phone.settled(world.primary_address)
    assert [h["server"] for h in account["hops"]] == ["proxy", "backup_proxy"]


def test_unknown_items_of_an_imported_file_come_back_byte_for_byte(world):
    phone = world.phone()
    text = ("<<VOIP CONFIG FILE>>Version:2.0002\n\n<NET CONFIG MODULE>\nWAN Type           :DHCP\n\n<SIP CONFIG MODULE>\n"
            "SIP1 Fancy Lamp Mode    :blink  twice \nSIP1 Failback Interval  :77\n\n<<END OF FILE>>\n")
    phone.ctl("config", "import", "-", stdin=text)
    exported = phone.ctl("config", "export").stdout
    for line in ("<NET CONFIG MODULE>", "WAN Type           :DHCP", "SIP1 Fancy Lamp Mode    :blink  twice "):
        assert line in exported.splitlines(), exported
    assert phone.json("config", "get", "SIP1 Failback Interval")["items"]["SIP1 Failback Interval"] == "77"
    phone.settled(world.primary_address)


@pytest.mark.parametrize("text,named", [
    ("<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\nSIP1 Signal Retry Counts :99\n<<END OF FILE>>\n",
     ["line 3", "SIP1 Signal Retry Counts", "99", "1", "10"]),
    ("hello\n", ["line 1"]), ("\x00\x01\x02", [])])
def test_a_wrong_file_is_refused_by_name_and_place_on_both_ways_in(world, tmp_path, text, named):
    path = tmp_path / "wrong.cfg"
    path.write_text(text)
    phone = world.phone()
    done = phone.ctl("config", "import", path, check=False)
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1 and all(n in done.stderr for n in [str(path), *named]), done.stderr
    start = run([binary("phoned"), "run", "--state", tmp_path / "state", "--control", tmp_path / "sock", "--audio", "null",
                 "--web", "off", "--provision", path], check=False, timeout=10)
    assert start.returncode != 0 and all(n in start.stderr for n in [str(path), *named]), start.stderr


def test_state_and_socket_are_closed_to_others(world):
    phone = world.phone()
    assert os.stat(phone.state).st_mode & 0o777 == 0o700
    assert os.stat(phone.control).st_mode & 0o777 == 0o660


def test_secrets_leave_only_when_asked_for(world):
    phone = world.phone()
    assert phone.json("config", "get", "SIP1 Register Pswd")["items"]["SIP1 Register Pswd"] == "********"
    assert "secret-1001" not in phone.ctl("config", "list").stdout + phone.ctl("config", "export").stdout
    with_secrets = phone.ctl("config", "export", "--with-secrets").stdout
    assert "secret-1001" in with_secrets
    without = phone.ctl("config", "export").stdout
    phone.ctl("config", "import", "-", stdin=without)
    assert "secret-1001" in phone.ctl("config", "export", "--with-secrets").stdout, "an absent item clears nothing"
    assert "secret-1001" not in phone.proc.output()


@pytest.mark.parametrize("form", ["text", "xml"])
def test_an_export_imported_into_a_fresh_phone_registers_it(world, form):
    old = world.phone("1001")
    old.settled(world.primary_address)
    text = old.ctl("config", "export", "--format", form, "--with-secrets").stdout
    new = world.phone("1001", host=130, items={})
    new.ctl("config", "import", "-", stdin=text)
    new.settled(world.primary_address)


def test_sigkill_loses_no_setting_and_the_restarted_phone_registers_within_a_second(world):
    phone = world.phone()
    phone.settled(world.primary_address)
    phone.file = None
    for interval in range(101, 106):
        phone.set(f"SIP1 Failback Interval={interval}")
        phone.kill()
        began = time.time()
        phone.start(wait=False)
        phone.capture.wait("registered again", timeout=5, status=200, cseq_method="REGISTER", after=began)
        took = phone.capture.sip(status=200, cseq_method="REGISTER", after=began)[0].t - began
        assert took <= 1.0, f"{took:.3f} s"
        phone.ready()
        assert phone.json("config", "get", "SIP1 Failback Interval")["items"]["SIP1 Failback Interval"] == str(interval)


def test_sigkill_amid_a_storm_of_settings_leaves_one_that_was_set(world):
    phone = world.phone()
    phone.file = None
    set_so_far = [0]

    def storm():
        for value in range(200, 400):
            if phone.ctl("config", "set", f"SIP1 Failback Interval={value}", check=False).returncode != 0:
                return
            set_so_far[0] = value
    thread = threading.Thread(target=storm)
    thread.start()
    until(lambda: set_so_far[0] >= 210, "some settings are in")
    phone.kill()
    thread.join()
    phone.start()
    found = int(phone.json("config", "get", "SIP1 Failback Interval")["items"]["SIP1 Failback Interval"])
    assert found in (set_so_far[0], set_so_far[0] + 1), "what was confirmed is kept"


def test_sigterm_ends_calls_unregisters_and_exits_cleanly(world):
    caller, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    caller.settled(world.primary_address)
    callee.registered()
    caller.call_in("active", caller.dial("1002"))
    began = time.monotonic()
    assert caller.stop() == 0
    assert time.monotonic() - began <= 5
    callee.call_in("ended")
    last = caller.capture.sip(method="REGISTER")[-1].sip
    assert "*" not in last.get("Contact")
    assert last.get("Expires") == "0" or "expires=0" in last.get("Contact")
    assert not world.primary.contacts("1001")


@pytest.mark.parametrize("argv,named", [
    (["--provision", "/nonexistent/phone.cfg"], "/nonexistent/phone.cfg"),
    (["--audio", "tape"], "tape"),
    (["--audio", "wav:/nonexistent/in.wav"], "/nonexistent/in.wav"),
    (["--log", "shout"], "shout"),
    (["--web", "everywhere"], "everywhere"),
    (["--no-such-option"], "--no-such-option")])
def test_a_wrong_option_of_the_daemon_is_named_and_ends_it(tmp_path, argv, named):
    done = run([binary("phoned"), "run", "--state", tmp_path / "state", "--control", tmp_path / "sock",
                *([] if "--web" in argv else ["--web", "off"]),
                *([] if "--audio" in argv else ["--audio", "null"]), *argv],
               check=False, timeout=10)
    assert done.returncode != 0
    assert named in done.stderr, done.stderr + done.stdout


def test_with_no_line_configured_it_starts_and_says_how_to_configure_one(world):
    phone = world.phone(items={})
    assert f"no line is configured; configure one with: phonectl --control {phone.control} config set" in phone.proc.output()
    assert phone.json("account", "list")["accounts"] == []
