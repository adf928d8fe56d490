"""The Debian system of scripts/build-image, booted in the laboratory: its units, and its phone's line."""

import os

from . import vm
from .kamailio import DOMAIN, password
from .wait import until


def image():
    """What scripts/build-image has made: $PHONE_IMAGE, else beside the small machine."""
    path = os.environ.get("PHONE_IMAGE") or os.path.join(os.path.dirname(vm.folder()), "phone.img")
    if not os.path.exists(path):
        raise FileNotFoundError(f"no {path}: scripts/build-image makes it")
    return path


class Debian(vm.Machine):
    """A `Machine` with that system, whose package is installed and nothing configured. All waits end after `patience`
    seconds, which only ends a test that hangs."""

    def __init__(self, network, where, host, patience, **more):
        super().__init__(network, where, host, image=image(), **more)
        self.patience = patience

    def power_on(self, boot_timeout=600):
        """Starts it, waits until its service is active, and gives it its address: there is no DHCP in the laboratory."""
        super().power_on(boot_timeout)
        until(lambda: self.shown("ActiveState") == "active", "the service is active", self.patience, 0.5)
        self.put("/etc/systemd/network/10-lab.network",
                 f"[Match]\nType=ether\nKind=!*\n\n[Network]\nAddress={self.address}/24\n".encode())
        until(lambda: self.sh("networkctl reload && networkctl --no-legend list", check=False).count(b"routable"), "an address",
              self.patience, 1)
        return self

    def configure(self, world):
        """Gives the phone its line, as its owner would, and waits until it is registered."""
        items = {"SIP1 Phone Number": "1001", "SIP1 Register Addr": DOMAIN, "SIP1 Register User": "1001",
                 "SIP1 Register Pswd": password("1001"), "SIP1 Proxy Addr": world.primary_address,
                 "SIP1 BakProxy Addr": world.backup_address}
        self.sh("phonectl config set " + " ".join(f"'{name}={value}'" for name, value in items.items()))
        self.healthy()

    def healthy(self):
        """Waits until the phone answers and its line is registered."""
        self.sh(f"phonectl health --wait {self.patience}s", timeout=self.patience + 10)

    def shown(self, what, unit="phoned"):
        """A property of a unit; empty while nobody can be asked."""
        return self.sh(f"systemctl show -P {what} {unit} 2>/dev/null", check=False).decode().strip()
