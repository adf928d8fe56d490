"""The Debian package and its service on a booted arm64 Debian (requirement F11)."""

import os
import re

import pytest

from lab import vm, wav
from lab.kamailio import DOMAIN, password
from lab.vm import Machine
from lab.wait import until

# The emulation is slow, and slower beside other work: this only ends a test that hangs.
PATIENCE = 600


@pytest.fixture
def system(world, request):
    """A booted Debian with the package installed, in the world's network; nothing is configured yet. With the parameter
    "counted" its clock counts instructions (lab.vm)."""
    image = os.environ.get("PHONE_IMAGE") or os.path.join(os.path.dirname(vm.folder()), "phone.img")
    if not os.path.exists(image):
        raise FileNotFoundError(f"no {image}: scripts/build-image makes it")
    here = Machine(world.network, world.folder, 22, image=image, counted=getattr(request, "param", "") == "counted")
    here.power_on()
    until(lambda: shown(here, "ActiveState") == "active", "the service is active", PATIENCE, 0.5)
    # There is no DHCP in the laboratory.
    here.put("/etc/systemd/network/10-lab.network",
             f"[Match]\nType=ether\nKind=!*\n\n[Network]\nAddress={here.address}/24\n".encode())
    until(lambda: here.sh("networkctl reload && networkctl --no-legend list", check=False).count(b"routable"), "an address",
          PATIENCE, 1)
    yield here
    failed = getattr(request.node, "report_call", None) is None or request.node.report_call.failed
    if failed and here.proc.running():
        print(here.sh("systemctl status phoned --no-pager; journalctl -u phoned --no-pager | tail -n 60", check=False).decode())
    here.close()


def configure(here, world):
    """Gives the phone its line, as its owner would."""
    items = {"SIP1 Phone Number": "1001", "SIP1 Register Addr": DOMAIN, "SIP1 Register User": "1001",
             "SIP1 Register Pswd": password("1001"), "SIP1 Proxy Addr": world.primary_address,
             "SIP1 BakProxy Addr": world.backup_address}
    here.sh("phonectl config set " + " ".join(f"'{name}={value}'" for name, value in items.items()))
    here.sh(f"phonectl health --wait {PATIENCE}s", timeout=PATIENCE + 10)


def shown(here, what, unit="phoned"):
    """A property of a unit; empty while nobody can be asked."""
    return here.sh(f"systemctl show -P {what} {unit} 2>/dev/null", check=False).decode().strip()


def test_the_service_is_locked_in_sounds_and_comes_back(system, world):
    configure(system, world)
    status = system.sh(f"cat /proc/{shown(system, 'MainPID')}/status").decode()
    assert re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapBnd:\s+0+$", status, re.M), status
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M), status
    assert system.sh(f"ps -o user= -p {shown(system, 'MainPID')}").strip() == b"phoned"
    boot = system.sh("cat /proc/sys/kernel/random/boot_id").decode().strip().replace("-", "")
    given = system.sh(f"tr '\\0' '\\n' < /proc/{shown(system, 'MainPID')}/environ").decode().splitlines()
    assert f"PHONED_BOOT_ID={boot}" in given, "it tells a boot from a restart"
    assert resident(system) < 14_000, "idle, with its web page"

    # Sound through the unit's own door to the sound card, by a thread that goes before all others.
    far = world.phone("1002", audio=f"wav:{wav.tone(world.file('far.wav'), 1000)}:{world.file('ear.wav')}", auto_answer=True)
    far.registered()
    system.sh("arecord -q -t wav -f S16_LE -r 8000 -c 1 -D plughw:Loopback,1,0 /tmp/ear.wav >/dev/null 2>&1 &")
    call = system.json("call", "dial", "1002")["id"]

    def ear():
        with open(world.file("heard.wav"), "wb") as f:
            f.write(system.sh("cat /tmp/ear.wav", check=False))
        return wav.read(world.file("heard.wav"))[0]
    until(lambda: wav.heard(ear(), 1000) >= 1, "1000 Hz at the loudspeaker", PATIENCE, 1)
    assert resident(system) < 18_000, "in a call"
    threads = system.sh(f"ps -L -o cls=,rtprio=,comm= -p {shown(system, 'MainPID')}").decode()
    assert re.search(r"FF\s+10\s+media", threads), threads
    system.sh(f"phonectl call hangup {call}")
    far.call_in("ended", timeout=PATIENCE)

    # A crash, and a phone that stands still: a report is left, and the phone is registered again. (Not SEGV: what kill(1)
    # sends is taken for a probe of the stack by the runtime's own handler, once.)
    for signal, result in (("ABRT", "core-dump|signal"), ("STOP", "watchdog")):
        before, began = int(shown(system, "NRestarts")), system.uptime()
        system.sh(f"kill -s {signal} {shown(system, 'MainPID')}")
        until(lambda: int(shown(system, "NRestarts")) > before, f"restarted after {signal}", PATIENCE, 0.1)
        system.sh(f"phonectl health --wait {PATIENCE}s", timeout=PATIENCE + 10)
        print(f"registered again {system.uptime() - began:.1f} s after SIG{signal}")
        until(lambda: re.search(f"phoned ended: ({result})", reports(system)), f"a report of {result}", PATIENCE, 1)
    assert " ready " in reports(system), "a report has the last lines of the log"
    assert system.sh("ls /var/lib/phoned/crash").count(b"\n") == 2, "of each crash a report, and nothing else"


@pytest.mark.parametrize("system", ["counted"], indirect=True)
def test_after_a_crash_the_phone_is_registered_again_within_3_s(system, world):
    """Issue 5, item 4, on a processor of 500 million instructions a second: every board that a phone is made of has more."""
    configure(system, world)
    began = float(system.sh(f"cut -d' ' -f1 /proc/uptime; kill -s ABRT {shown(system, 'MainPID')}"))

    def steps():
        """What the journal has of it, seconds after the crash."""
        log = system.sh("journalctl --unit phoned --output short-monotonic --no-pager --lines 60").decode()
        lines = re.findall(r"^\[ *([\d.]+)\] \S+ (.*)", log, re.M)
        return [(float(when) - began, what) for when, what in lines if float(when) >= began]
    until(lambda: any("state=registered" in what for _, what in steps()), "registered again", PATIENCE, 1)
    for when, what in steps():
        print(f"{when:.3f} s {what[:130]}")
        assert "crash-report[" not in what, "its note is made without a complaint"
        if "state=registered" in what:
            assert when < 3, f"{when:.1f} s"
            break


# Stands for the updater's own, such as rauc-mark-good.service.
MARK = """[Unit]
Requires=boot-complete.target
After=boot-complete.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true

[Install]
WantedBy=multi-user.target
"""


def test_a_boot_is_marked_good_when_the_phone_registers_and_not_when_it_does_not(system, world):
    """Issue 5, item 8, by the unit that does it on a device."""
    configure(system, world)
    system.put("/etc/systemd/system/mark-good.service", MARK.encode())
    system.sh("systemctl enable phoned-healthy mark-good")
    system.reboot()
    until(lambda: shown(system, "ActiveState", "mark-good") == "active", "this boot is marked good", PATIENCE, 1)
    assert shown(system, "Result", "phoned-healthy") == "success"

    # The next system's phone is refused. It is given less time, or the test would wait two minutes for nothing.
    system.sh("phonectl config set 'SIP1 Register Pswd=wrong'; mkdir /etc/systemd/system/phoned-healthy.service.d")
    said = system.sh("sed -n '/^ExecStart=/ { s/120s/10s/p }' /usr/lib/systemd/system/phoned-healthy.service")
    assert said.endswith(b" --wait 10s\n"), said
    system.put("/etc/systemd/system/phoned-healthy.service.d/soon.conf", b"[Service]\nExecStart=\n" + said)
    system.sh("sync")
    system.reboot()
    until(lambda: shown(system, "ActiveState", "phoned-healthy") == "failed", "this boot is a bad one", PATIENCE, 1)
    assert b"mark-good" not in system.sh("systemctl list-jobs --no-legend"), "and nothing waits to mark it"
    assert shown(system, "ActiveState", "mark-good") == "inactive"
    assert shown(system, "ActiveState", "boot-complete.target") == "inactive"


def resident(system):
    """The phone's memory, kB."""
    status = system.sh(f"cat /proc/{shown(system, 'MainPID')}/status")
    found = int(re.search(rb"VmRSS:\s+(\d+)", status)[1])
    print(f"resident {found} kB")
    return found


def reports(system):
    """All reports of crashes that are complete."""
    return system.sh("cat /var/lib/phoned/crash/*.txt", check=False).decode()


def test_the_package_keeps_the_configuration_and_leaves_nothing(system, world):
    configure(system, world)
    system.sh("echo 'PHONED_OPTIONS=\"--log debug\"' >/etc/phoned/phoned.env")
    print(system.sh("dpkg -i /opt/phoned.deb", timeout=PATIENCE).decode())
    assert b"--log debug" in system.sh("cat /etc/phoned/phoned.env"), "the owner's file is kept"
    system.sh(f"phonectl health --wait {PATIENCE}s", timeout=PATIENCE + 10)
    assert system.json("config", "get", "SIP1 Phone Number")["items"] == {"SIP1 Phone Number": "1001"}
    system.sh("dpkg -r phoned", timeout=PATIENCE)
    assert system.sh("systemctl is-active phoned", check=False).strip() == b"inactive"
    system.sh("test -e /var/lib/phoned/config.db && test -e /etc/phoned/phoned.env && ! test -e /usr/bin/phoned")
    system.sh("dpkg -P phoned", timeout=PATIENCE)
    # The device's own drop-in is none of the package's.
    left = system.sh("find / -xdev -name '*phoned*' -not -path '/opt/*' -not -path '/etc/systemd/system/phoned.service.d*'; "
                     "getent passwd phoned", check=False)
    assert left.strip() == b"", left.decode()
