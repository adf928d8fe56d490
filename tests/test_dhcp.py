"""A phone that DHCP tells where its configuration is (F8): real clients of a real server call the hook."""

import os
import subprocess

import pytest

from lab.files import HttpFiles
from lab.phone import _ROOT, line_items, provisioning
from lab.proc import Proc
from lab.wait import until

HOOK = os.path.join(_ROOT, "rootfs-overlay/usr/lib/phoned/dhcp-options")
DHCLIENT = """option phone-server code 160 = text;
request subnet-mask, tftp-server-name, phone-server, vendor-encapsulated-options;
"""
DHCPCD = """define 66 string tftp_server_name
define 160 string phone_server
option tftp_server_name
option phone_server
option vendor_encapsulated_options
"""


def client(kind, folder, hook):
    """How a client is run so that it calls the hook and leaves addresses alone, and the options that it passes on."""
    def written(name, text):
        path = folder / name
        path.write_text(text)
        return str(path)
    if kind == "udhcpc":
        return ["udhcpc", "-f", "-n", "-i", "eth0", "-s", hook, "-O", "66", "-O", "160", "-O", "43"], {"160", "43"}
    if kind == "dhclient":
        return ["dhclient", "-1", "-d", "-cf", written("dhclient.conf", DHCLIENT), "-lf", written("leases", ""), "-pf",
                str(folder / "pid"), "-sf", hook, "eth0"], {"66", "160", "43"}
    return ["dhcpcd", "-B", "-4", "-f", written("dhcpcd.conf", DHCPCD), "-c", hook, "eth0"], {"66", "160", "43"}


@pytest.mark.parametrize("kind", ["udhcpc", "dhclient", "dhcpcd"])
def test_a_phone_is_provisioned_by_what_its_lease_says(world, kind, tmp_path):
    address = world.network.server(80)
    text = provisioning(line_items("1001", world.primary_address, world.backup_address))
    files = HttpFiles(world.network.core, address, {"/p/phone.cfg": text.encode()})
    world.closers.append(files.close)
    url = f"http://{address}/p/phone.cfg"
    server = Proc("dnsmasq", [*world.network.core.exec, "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0",
                              "--interface=lan", "--bind-interfaces", "--dhcp-range=10.90.0.200,10.90.0.210,1h",
                              f"--dhcp-option-force=66,{url}", f"--dhcp-option-force=160,{url}",
                              "--dhcp-option-force=43,01:03:61:0a:0c", f"--dhcp-leasefile={tmp_path}/server", "--pid-file="
                              ], str(tmp_path / "dnsmasq.log"))
    phone = world.phone("1001", items={})
    hook = tmp_path / "hook"
    # The clients hand on an environment of their own making.
    hook.write_text(f"#!/bin/sh\nset -eu\nPHONE_DHCP={phone.dhcp} exec sh {HOOK} \"$@\"\n")
    hook.chmod(0o755)
    argv, options = client(kind, tmp_path, str(hook))
    asking = Proc(kind, [*phone.namespace.exec, *argv], str(tmp_path / "client.log"))
    lease = os.path.join(phone.dhcp, "eth0")
    until(lambda: os.path.exists(lease), lambda: f"a lease; {asking.output()} {server.output()}", 20)
    with open(lease) as f:
        assert {line.split(" ")[0] for line in f} == options
    until(lambda: phone.json("account", "list")["accounts"], "the line is there", 30)
    phone.registered(world.primary_address)
    assert phone.json("provision", "show")["provision"]["place"] == url
    asking.stop()
    server.stop()


# What a script in /etc/NetworkManager/dispatcher.d is given: recorded from NetworkManager 1.42.4 against a dnsmasq that sends
# 66, 160, 43 and 224, without what is not about options.
BY_NETWORKMANAGER = {
    "dhclient": ({"DHCP4_IP_ADDRESS": "10.91.0.204", "DHCP4_PHONE_SERVER": "http://10.91.0.1/o160", "DHCP4_UNKNOWN_224": "http://o224",
                  "DHCP4_PRIVATE_224": "68:74:74:70:3a:2f:2f:6f:32:32:34", "DHCP4_TFTP_SERVER_NAME": "http://10.91.0.1/p/phone.cfg",
                  "DHCP4_VENDOR_ENCAPSULATED_OPTIONS": "1:3:61:a:c"},
                 "66 http://10.91.0.1/p/phone.cfg\n160 http://10.91.0.1/o160\n43 0x0103610a0c\n224 http://o224\n"),
    "internal": ({"DHCP4_IP_ADDRESS": "10.91.0.200", "DHCP4_NEXT_SERVER": "10.91.0.1", "DHCP4_REQUESTED_ROOT_PATH": "1",
                  "DHCP4_PRIVATE_224": "68:74:74:70:3a:2f:2f:6f:32:32:34"},
                 "224 0x687474703a2f2f6f323234\n"),
}


def dispatch(folder, interface, event, **variables):
    """Calls the hook as NetworkManager's dispatcher does, and returns what it has left."""
    subprocess.run(["sh", HOOK, interface, event], check=True, env={"PATH": os.environ["PATH"], "PHONE_DHCP": str(folder), **variables})
    lease = os.path.join(folder, interface)
    if not os.path.isfile(lease):
        return None
    with open(lease) as f:
        return f.read()


@pytest.mark.parametrize("client", list(BY_NETWORKMANAGER))
def test_networkmanagers_dispatcher_leaves_what_its_client_passes_on(client, tmp_path):
    variables, expected = BY_NETWORKMANAGER[client]
    assert dispatch(tmp_path, "eth0", "up", **variables) == expected
    assert dispatch(tmp_path, "eth0", "connectivity-change", **variables) == expected, "no news of the lease"
    assert dispatch(tmp_path, "eth0", "dhcp4-change", **variables) == expected
    assert dispatch(tmp_path, "none", "hostname") is None and dispatch(tmp_path, "", "connectivity-change") is None
    assert dispatch(tmp_path, "eth0", "down") is None, "the lease is gone, and with it what it said"
