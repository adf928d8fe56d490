"""A device boot is told from a start of the process alone (F6; failover design §6): after a boot a site's phones come
spread, and whoever starts one phone again waits for nothing."""

import os


def test_after_a_boot_the_line_waits_within_its_spread_and_after_a_restart_it_does_not(world):
    """The unit hides all of /proc but processes, and hands the boot's name on instead."""
    phone = world.phone("1001", start=False, log_level="debug", line={"Start_Spread": 3600})
    for boot, waits in (("a", False), ("a", False), ("b", True), ("b", False)):
        phone.env = {**os.environ, "PHONED_BOOT_ID": boot}
        phone.start()
        assert f"booted={'true' if waits else 'false'}" in phone.proc.output()
        if waits:
            assert phone.account()["state"] != "registered"
        else:
            phone.settled(world.primary_address)
        assert bool(phone.capture.sip(method="REGISTER", after=phone.began)) != waits
        phone.stop()
