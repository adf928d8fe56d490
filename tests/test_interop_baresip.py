"""A call each way with baresip; audio is verified at both ends by its frequency."""

import pytest

from lab import wav
from lab.baresip import Baresip
from lab.wait import until


@pytest.fixture
def phones(world):
    """phoned (hears at `ear`, says 440 Hz) and baresip (says 1000 Hz), both registered: (world, phone, baresip, ear)."""
    ear = world.file("ear.wav")
    phone = world.phone("1001", audio=f"wav:{wav.tone(world.file('low.wav'), 440)}:{ear}", auto_answer=True)
    namespace, address, capture = world.place(103)
    baresip = Baresip(namespace, world.folder, "1003", address, world.primary_address,
                      wav.tone(world.file("high.wav"), 1000))
    baresip.start()
    baresip.capture = capture
    phone.registered(world.primary_address)
    yield world, phone, baresip, ear
    baresip.stop()


def audio_both_ways(baresip, ear):
    """Waits for each tone in the recording at the other end."""
    until(lambda: wav.heard(wav.read(ear)[0], 1000) >= 1.5, "1000 Hz in phoned's recording", every=0.3)

    def at_baresip():
        path = baresip.recording()
        if not path:
            return False
        samples, rate = wav.read(path)
        return wav.heard(samples, 440, rate) >= 1.5
    until(at_baresip, "440 Hz in baresip's recording", every=0.3)


def test_phoned_calls_baresip_and_hangs_up(phones):
    world, phone, baresip, ear = phones
    call = phone.dial("1003")
    phone.call_in("active", call)
    audio_both_ways(baresip, ear)
    phone.hangup(call)
    baresip.capture.wait("BYE at baresip is answered", status=200, cseq_method="BYE")


def test_baresip_calls_phoned_and_hangs_up(phones):
    world, phone, baresip, ear = phones
    baresip.command("dial", "sip:1001@example.test")
    phone.call_in("active")
    audio_both_ways(baresip, ear)
    baresip.command("hangup")
    assert phone.call_in("ended")["ended"]["by"] == "remote"


def test_a_call_with_baresip_is_hung_up_through_the_backup(phones):
    world, phone, baresip, ear = phones
    call = phone.dial("1003")
    phone.call_in("active", call)
    world.primary.kill()
    phone.hangup(call)
    bye = baresip.capture.wait("BYE at baresip", method="BYE", dst=baresip.address)
    assert bye.src == world.backup_address
