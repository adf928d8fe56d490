"""The fixture of the tests that boot the Debian system of scripts/build-image."""

import pytest

from lab.debian import Debian

# The emulation is slow, and slower beside other work: this only ends a test that hangs.
PATIENCE = 600


@pytest.fixture
def system(world, request):
    """A booted Debian with the package installed, in the world's network; nothing is configured yet. With the parameter
    "counted" its clock counts instructions (lab.vm)."""
    here = Debian(world.network, world.folder, 22, PATIENCE, counted=getattr(request, "param", "") == "counted")
    here.power_on()
    yield here
    failed = getattr(request.node, "report_call", None) is None or request.node.report_call.failed
    if failed and here.proc.running():
        print(here.sh("systemctl status phoned --no-pager; journalctl -u phoned --no-pager | tail -n 60", check=False).decode())
    here.close()
