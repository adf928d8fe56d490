"""A booted arm64 machine in the laboratory's network: QEMU with what scripts/mini-vm has made, driven through a port of
its own, with no shell on a console and no network but the laboratory's."""

import base64
import json
import os
import shlex
import socket
import subprocess

from .phone import provisioning
from .proc import Proc, run
from .wait import TimedOut, patience, until

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def folder():
    """Where scripts/mini-vm has put kernel and initrd: $MINI_VM, else below target/."""
    given = os.environ.get("MINI_VM") or os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(_ROOT, "target")),
                                                      "device", "vm")
    if not os.path.exists(os.path.join(given, "initrd.gz")):
        raise FileNotFoundError(f"no machine in {given}: scripts/mini-vm {given} makes it")
    return given


class Machine:
    """One machine at the address ending in `host`. `items` is the configuration of its phone, which starts with it;
    `disk` a file that becomes its disk, where the phone's state is kept. With `image`, made by scripts/build-image, it is a
    Debian system instead, whose changes are forgotten when it ends, and `items` is not used. `hardware` are further
    arguments of QEMU. `board` is "virt", or "raspi3b": a Raspberry Pi 3B with its own processor and device tree, whose network
    is at its USB; it knows neither `disk` nor `image`.

    With `counted` its clock counts instructions, two nanoseconds each, and time passes as elsewhere only while it waits.
    So what it measures of itself tells how long it would take on one core of 500 million instructions a second, however
    fast the emulation is and whatever else this computer does."""

    def __init__(self, network, where, host, items=None, options="", disk=None, image=None, counted=False,
                 hardware=(), board="virt"):
        self.network, self.host = network, host
        self.folder = os.path.join(str(where), f"vm-{host}")
        os.makedirs(self.folder, exist_ok=True)
        self.address = f"10.90.0.{host}"
        self.items, self.options, self.disk, self.image, self.counted = items, options, disk, image, counted
        self.hardware, self.board = hardware, board
        self.tap, self.proc, self._port, self._asked, self._buffer = f"vm{host}", None, None, 0, b""
        network.core.ip("tuntap", "add", "dev", self.tap, "mode", "tap")
        network.core.ip("link", "set", self.tap, "master", "lan", "up")

    def power_on(self, boot_timeout=600):
        """Starts it and waits until its port answers; returns itself."""
        path = os.path.join(self.folder, "port")
        if os.path.exists(path):
            os.unlink(path)
        argv = [*self.network.core.exec, "qemu-system-aarch64", "-M", self.board, "-display", "none", "-serial", "stdio",
                "-monitor", "none", "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off", *self._kernel(),
                "-netdev", f"tap,id=lan,ifname={self.tap},script=no,downscript=no", *self._devices(path), *self.hardware]
        if not self.image:
            argv.append("-no-reboot")
        if self.counted:
            argv += ["-icount", "shift=1,sleep=on"]
        if self.disk:
            # Written through: what the guest has synced is in the file, as it would be on the card.
            argv += ["-drive", f"file={self.disk},format=raw,if=none,id=disk,cache=directsync",
                     "-device", "virtio-blk-device,drive=disk"]
        self.proc = Proc(self.tap, argv, os.path.join(self.folder, "console.log"))
        until(lambda: os.path.exists(path), "the machine's port", 20, 0.1)
        self._port = socket.socket(socket.AF_UNIX)
        self._port.connect(path)
        self._buffer = b""
        return self._up(boot_timeout)

    def reboot(self, boot_timeout=600):
        """Has a Debian system start again, with what is on its disk by then, and waits until its port answers."""
        self._port.sendall(b"0 systemctl reboot\n")
        self._up(boot_timeout)

    def _up(self, boot_timeout):
        self._port.settimeout(boot_timeout)
        try:
            # A serial line has said a few octets of its own before.
            while not self._line().endswith(b"lab ready"):
                pass
        except OSError as error:
            raise TimedOut(f"the machine is not up after {boot_timeout} s: {error}; console:\n{self.proc.output()[-3000:]}") from error
        return self

    def sh(self, command, timeout=60, check=True):
        """Runs a shell command inside and returns what it prints, as bytes."""
        self._asked += 1
        self._port.settimeout(patience(timeout))
        self._port.sendall(f"{self._asked} {command}\n".encode())
        number, status, length = self._line().split()
        answer = self._octets(int(length))
        assert int(number) == self._asked, f"{command}: the answer to another command came"
        if check and status != b"0":
            raise RuntimeError(f"{command}: status {status.decode()}: {answer.decode(errors='replace')}")
        return answer

    def json(self, *args, timeout=60):
        """Runs phonectl --json inside and returns what it prints."""
        return json.loads(self.sh("phonectl --json " + " ".join(shlex.quote(a) for a in args), timeout) or b"{}")

    def account(self, timeout=60):
        """Its phone's line in `account list`, or an empty object while the phone is not ready."""
        answer = self.sh("phonectl --json account list", timeout, check=False)
        return json.loads(answer)["accounts"][0] if answer.startswith(b"{") else {}

    def put(self, path, octets):
        """Writes a file inside, in lines that its shell can take."""
        self.sh(f": >{path}")
        for at in range(0, len(octets), 1500):
            part = base64.b64encode(octets[at:at + 1500]).decode()
            self.sh(f"echo {part} | base64 -d >>{path}")

    def uptime(self):
        """Seconds since its kernel began, by its own clock."""
        return float(self.sh("cut -d' ' -f1 /proc/uptime"))

    def press_power_button(self):
        """Pulls its GPIO up for 100 ms, whatever is connected to it inside."""
        self._qmp("system_powerdown")

    def plug(self, name, driver, **properties):
        """Plugs a device in, which is called `name` from then on."""
        self._qmp("device_add", id=name, driver=driver, **properties)

    def unplug(self, name):
        """Pulls it out."""
        self._qmp("device_del", id=name)

    def cut_power(self):
        """It is off at once; what it had not synced is lost."""
        self._close()
        self.proc.kill()

    def power_off(self):
        """Tells the kernel to end, and waits for that."""
        self._port.sendall(b"0 sync; poweroff -f\n")
        until(lambda: not self.proc.running(), "the machine is off", 30, 0.1)
        self._close()

    def close(self):
        """Ends it, if it runs, and takes its network port away."""
        self._close()
        if self.proc:
            self.proc.stop(timeout=1)
        run(["ip", "-n", self.network.core.name, "link", "del", self.tap], check=False)

    def _qmp(self, command, **arguments):
        """Has QEMU itself do something."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(patience(20))
            monitor.connect(os.path.join(self.folder, "qmp"))
            said = monitor.makefile("r")
            assert "QMP" in json.loads(said.readline())
            for execute, given in (("qmp_capabilities", {}), (command, arguments)):
                monitor.sendall(json.dumps({"execute": execute, "arguments": given}).encode())
                while (answer := json.loads(said.readline())).get("return") is None:
                    assert "error" not in answer, answer

    def _devices(self, port):
        """Network and the laboratory's port. A Raspberry Pi has no place for virtual devices."""
        mac = f"mac=52:54:00:00:00:{self.host:02x}"
        if self.board == "raspi3b":
            return ["-dtb", os.path.join(folder(), "raspi3b.dtb"), "-device", f"usb-net,netdev=lan,{mac}",
                    "-serial", f"unix:{port},server=on,wait=off"]
        return ["-cpu", "cortex-a72", "-smp", "2", "-m", "512", "-device", f"virtio-net-device,netdev=lan,{mac}",
                "-device", "virtio-serial-device", "-chardev", f"socket,id=lab,path={port},server=on,wait=off",
                "-device", "virtserialport,chardev=lab,name=lab"]

    def _kernel(self):
        line = "console=ttyAMA0 loglevel=4 panic=-1"
        if self.image:
            return ["-kernel", f"{self.image}.vmlinuz", "-initrd", f"{self.image}.initrd", "-append", f"{line} root=/dev/vda",
                    "-drive", f"file={self.image},format=raw,if=none,id=disk,snapshot=on",
                    "-device", "virtio-blk-device,drive=disk"]
        return ["-kernel", os.path.join(folder(), "vmlinuz"), "-initrd", self._initrd(), "-append", line]

    def _initrd(self):
        """The common initrd with what is this machine's own behind it: the kernel unpacks one after the other."""
        own = os.path.join(self.folder, "own")
        os.makedirs(os.path.join(own, "etc", "phoned"), exist_ok=True)
        with open(os.path.join(own, "etc", "address"), "w") as f:
            f.write(f"{self.address}/24\n")
        if self.items is not None:
            with open(os.path.join(own, "etc", "phoned", "phone.cfg"), "w") as f:
                f.write(provisioning(self.items))
            with open(os.path.join(own, "etc", "phoned", "options"), "w") as f:
                f.write(self.options + "\n")
        archive = subprocess.run("find . | cpio --quiet -o -H newc", shell=True, cwd=own, capture_output=True, check=True).stdout
        path = os.path.join(self.folder, "initrd")
        with open(path, "wb") as out, open(os.path.join(folder(), "initrd.gz"), "rb") as common:
            common_octets = common.read()
            out.write(common_octets + b"\0" * (-len(common_octets) % 4) + archive)
        return path

    def _line(self):
        while b"\n" not in self._buffer:
            self._buffer += self._receive()
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def _octets(self, count):
        while len(self._buffer) < count:
            self._buffer += self._receive()
        octets, self._buffer = self._buffer[:count], self._buffer[count:]
        return octets

    def _receive(self):
        octets = self._port.recv(65536)
        if not octets:
            raise OSError(f"the machine has closed its port; console:\n{self.proc.output()[-3000:]}")
        return octets

    def _close(self):
        if self._port:
            self._port.close()
            self._port = None
