"""scripts/provision: many phones from one table (F8). Phones are daemons of this machine, reached by their control
sockets, or over SSH."""

import csv
import json
import os
import subprocess

import pytest

from lab.kamailio import DOMAIN, password
from lab.phone import _ROOT, binary
from lab.proc import Proc, run
from lab.wait import until

SCRIPT = os.path.join(_ROOT, "scripts", "provision")
MACS = {"1001": "0c383e000001", "1002": "0c383e000002"}
HEAD = ["mac", "ansible_connection", "phoned_control", "phonectl", "SIP1 Phone Number", "SIP1 Register User", "SIP1 Register Pswd",
        "SIP1 Display Name", "SIP1 Register Addr", "SIP1 Proxy Addr", "SIP1 BakProxy Addr", "SIP1 Enable Reg"]


def provision(*args, check=0, timeout=180, inside=()):
    """Runs it, in a namespace if one is given; returns what it prints, both streams, after looking at its exit status."""
    done = subprocess.run([*inside, SCRIPT, *map(str, args)], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                          env={**os.environ, "PHONECTL": binary("phonectl"), "HOME": "/nonexistent"})
    assert done.returncode == check, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def write_table(path, rows):
    with open(path, "w", newline="") as f:
        csv.writer(f).writerows([HEAD, *rows])
    return path


@pytest.fixture
def fleet(world, tmp_path):
    """Two phones that know nothing, and the table that has their lines: (world, phones by user, table)."""
    phones = {user: world.phone(user, items={}) for user in MACS}
    rows = [["*", "local", "", binary("phonectl"), "", "", "", "", DOMAIN, world.primary_address, world.backup_address, "1"]]
    rows += [[mac, "", phones[user].control, "", user, user, password(user), f"{{{{ 7 * 7 }}}} \"{user}\""]
             for user, mac in MACS.items()]
    return world, phones, write_table(tmp_path / "phones.csv", rows)


def test_phones_are_provisioned_from_a_table_and_a_second_time_nothing_changes(fleet, tmp_path):
    world, phones, table = fleet
    report = tmp_path / "report.json"
    said = provision("push", "--dry-run", table)
    assert "2 changed, 0 unchanged, 0 failed (dry run)" in said and "SIP1 Proxy Addr" in said, said
    assert not any(phone.json("account", "list")["accounts"] for phone in phones.values()), "a dry run changes nothing"
    said = provision("push", "--registered", "20", "--report", report, table)
    assert "2 changed, 0 unchanged, 0 failed" in said, said
    assert password("1001") not in said
    for user, phone in phones.items():
        phone.registered(world.primary_address)
        shown = phone.json("config", "get", "SIP1 Display Name")["items"]["SIP1 Display Name"]
        assert shown == f"{{{{ 7 * 7 }}}} \"{user}\"", "no template: it arrives as it was written"
    written = json.loads(report.read_text())
    assert written["devices"][MACS["1001"]]["state"] == "changed"
    assert "SIP1 Phone Number" in written["devices"][MACS["1001"]]["items"]
    for dry in (["--dry-run"], []):
        assert "0 changed, 2 unchanged, 0 failed" in provision("push", *dry, table)


def test_one_phone_that_is_gone_does_not_hold_up_the_others_and_is_told(fleet, tmp_path):
    world, phones, table = fleet
    phones["1002"].stop()
    report = tmp_path / "report.json"
    said = provision("push", "--report", report, table, check=1)
    assert f"{MACS['1002']}  failed: " in said and "no phone answers" in said and "1 changed, 0 unchanged, 1 failed" in said, said
    phones["1001"].registered(world.primary_address)
    assert json.loads(report.read_text())["devices"][MACS["1002"]]["state"] == "failed"
    assert "0 changed, 1 unchanged, 0 failed" in provision("push", "--limit", MACS["1001"], table)


def test_what_a_phone_refuses_is_told_with_its_reason(fleet, tmp_path):
    _, phones, _ = fleet
    row = [MACS["1001"], "local", phones["1001"].control, binary("phonectl"), "1001", "", "", "", "", "10.0.0.1 and more"]
    said = provision("push", write_table(tmp_path / "wrong.csv", [row]), check=1)
    assert "SIP1 Proxy Addr" in said and "1 failed" in said, said
    assert not phones["1001"].json("account", "list")["accounts"]


def test_generated_files_are_served_sealed_and_fetched_by_every_phone(fleet, tmp_path):
    world, phones, table = fleet
    key, folder, login = tmp_path / "key", tmp_path / "files", tmp_path / "login"
    key.write_text("correct horse battery\n")
    login.write_text("phones:hunter2\n")
    assert "2 files" in provision("generate", "--key-file", key, table, folder)
    for mac in MACS.values():
        path = folder / f"{mac}.cfg"
        assert path.read_text().startswith("phoned-sealed-1\n") and path.stat().st_mode & 0o077 == 0
    address = world.network.server(80)
    server = Proc("serve", [*world.network.core.exec, SCRIPT, "serve", str(folder), "--listen", f"{address}:80", "--login", str(login)],
                  str(tmp_path / "serve.log"))
    until(lambda: "serving" in server.output(), lambda: server.output())
    for user, phone in phones.items():
        phone.set(f"Flash Server IP=http://{address}", f"Flash File Name={MACS[user]}.cfg", "Default Username=phones",
                  "Default Password=hunter2", "Provision Key=correct horse battery")
    said = provision("fetch", "--registered", "20", table)
    assert "2 changed, 0 unchanged, 0 failed" in said, said
    for phone in phones.values():
        phone.registered(world.primary_address)
    client = phones["1001"].namespace
    for path, status in (("/", 404), (f"/{MACS['1001']}.cfg", 200), ("/../key", 404), ("/%2e%2e/key", 404), ("/none.cfg", 404)):
        got = run([*client.exec, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", "-u", "phones:hunter2",
                   f"http://{address}{path}"]).stdout
        assert int(got) == status, (path, got)
    got = run([*client.exec, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{address}/{MACS['1001']}.cfg"]).stdout
    assert got == "401"


SSHD = """Port 2222
ListenAddress {address}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
"""
# Without root sshd changes no users, so that it runs where only one is known; whom it lets in is then written by us.
AS_USER = 'mount --bind "$1" /etc/passwd; shift; exec unshare --user --map-user=1000 --map-group=1000 "$@"'


@pytest.fixture
def by_ssh(world, tmp_path):
    """A phone that knows nothing on a host with an sshd, and how its table's row reaches it: (world, phone, cells by name)."""
    phone = world.phone("1001", items={})
    for name in ("host", "user"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)])
    (tmp_path / "passwd").write_text(f"phone:x:1000:1000::{tmp_path}:/bin/sh\n")
    (tmp_path / "sshd").write_text(SSHD.format(address=phone.address, folder=tmp_path))
    sshd = Proc("sshd", [*phone.namespace.exec, "unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", AS_USER, "sh",
                         str(tmp_path / "passwd"), "/usr/sbin/sshd", "-D", "-e", "-f", str(tmp_path / "sshd")],
                str(tmp_path / "sshd.log"))
    until(lambda: "listening" in sshd.output(), lambda: sshd.output())
    (tmp_path / "known").write_text(f"[{phone.address}]:2222 {(tmp_path / 'host.pub').read_text()}")
    yield world, phone, {
        "mac": MACS["1001"], "host": phone.address, "ansible_port": "2222", "ansible_user": "phone",
        "ansible_ssh_private_key_file": str(tmp_path / "user"), "phoned_control": phone.control, "phonectl": binary("phonectl"),
        # A terminal's owner could not be changed. One connection for each command: a shared one would outlive the test.
        "ansible_ssh_use_tty": "no",
        "ansible_ssh_args": f"-F none -o ControlMaster=no -o StrictHostKeyChecking=yes -o UserKnownHostsFile={tmp_path}/known",
        "SIP1 Phone Number": "1001", "SIP1 Register User": "1001", "SIP1 Register Pswd": password("1001"),
        "SIP1 Register Addr": DOMAIN, "SIP1 Proxy Addr": world.primary_address, "SIP1 BakProxy Addr": world.backup_address}
    sshd.stop()


@pytest.mark.long
def test_a_phone_is_reached_over_ssh(by_ssh, tmp_path):
    world, phone, row = by_ssh
    table = tmp_path / "phones.csv"
    with open(table, "w", newline="") as f:
        csv.writer(f).writerows([row.keys(), row.values()])
    inside = world.network.core.exec
    assert "1 changed, 0 unchanged, 0 failed (dry run)" in provision("push", "--dry-run", table, inside=inside)
    said = provision("push", "--registered", "20", table, inside=inside)
    assert "1 changed, 0 unchanged, 0 failed" in said, said
    phone.registered(world.primary_address)


def test_a_host_that_is_another_one_gets_no_passwords(by_ssh, tmp_path):
    world, phone, row = by_ssh
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "stranger")])
    (tmp_path / "known").write_text(f"[{phone.address}]:2222 {(tmp_path / 'stranger.pub').read_text()}")
    table = tmp_path / "phones.csv"
    with open(table, "w", newline="") as f:
        csv.writer(f).writerows([row.keys(), row.values()])
    said = provision("push", table, check=1, inside=world.network.core.exec)
    assert f"{row['mac']}  failed: not reached: " in said and "Host key verification failed" in said, said
    assert not phone.json("account", "list")["accounts"]


WRONG = {
    "no mac": ("mac,SIP1 Phone Number\n,1001\n", "row 2: `mac` is not a MAC address"),
    "twice": ("mac,SIP1 Phone Number\n0c383e000001,1\n0C:38:3E:00:00:01,2\n", "row 3: MAC 0c383e000001 is that of"),
    "cells": ("mac,SIP1 Phone Number\n0c383e000001,1,2\n", "row 2: more cells"),
    "column": ("mac,SIP1 Phone Number,SIP1 Phone Number\n", "stands twice"),
    "name": ("mac,SIP1:x\n0c383e000001,1\n", "`SIP1:x` is no item's name"),
    "line end": ('mac,SIP1 Display Name\n0c383e000001,"a\nSIP1 Proxy Addr:evil"\n', "control character"),
    "empty": ("mac\n", "no device in it"),
}


@pytest.mark.parametrize("what", list(WRONG))
def test_a_table_that_is_wrong_is_refused_with_its_place(what, tmp_path):
    content, words = WRONG[what]
    (tmp_path / "t.csv").write_text(content)
    said = provision("generate", tmp_path / "t.csv", tmp_path / "out", check=2)
    assert words in said and len(said.strip().splitlines()) == 1, said
    assert not (tmp_path / "out").exists()


def test_a_yaml_table_is_text_throughout(tmp_path):
    (tmp_path / "t.yaml").write_text("defaults:\n  SIP1 Enable Reg: 1\ndevices:\n  - mac: 11:22:33:44:55:59\n"
                                     "    SIP1 Phone Number: 0100\n    SIP1 Display Name: no\n")
    provision("generate", tmp_path / "t.yaml", tmp_path / "out")
    text = (tmp_path / "out" / "112233445559.cfg").read_text()
    for name, value in (("SIP1 Enable Reg", "1"), ("SIP1 Phone Number", "0100"), ("SIP1 Display Name", "no")):
        assert f"{name:<24}:{value}\n" in text
    assert "push" in provision("--help") and "Exit status" in provision("--help")
