"""A call each way with SIPp; audio is verified at both ends by its frequency."""

import pytest

from lab import wav
from lab.sipp import Sipp
from lab.wait import until


@pytest.fixture
def phones(world):
    """phoned (hears at `ear`, says 440 Hz) and a registered SIPp (says 1000 Hz): (phone, sipp, capture at SIPp, ear)."""
    ear, audio = world.file("ear.wav"), world.file("far.alaw")
    phone = world.phone("1001", audio=f"wav:{wav.tone(world.file('low.wav'), 440)}:{ear}", auto_answer=True)
    with open(audio, "wb") as f:
        f.write(wav.alaw(wav.read(wav.tone(world.file("far.wav"), 1000, 2))[0]))
    namespace, address, capture = world.place(104)
    sipp = Sipp(namespace, world.folder, "1004", address, world.primary_address, audio)
    sipp.register()
    phone.registered(world.primary_address)
    return phone, sipp, capture, ear


def audio_both_ways(phone, capture, ear):
    """Waits for 1000 Hz in the phone's recording and 440 Hz in the RTP that reached SIPp."""
    until(lambda: wav.heard(wav.read(ear)[0], 1000) >= 1.5, "1000 Hz in phoned's recording", every=0.3)
    until(lambda: wav.heard(capture.audio(phone.address), 440) >= 1.5, "440 Hz at SIPp", every=0.3)


def test_phoned_calls_sipp(phones):
    phone, sipp, capture, ear = phones
    scenario = sipp.answer()
    call = phone.dial("1004")
    phone.call_in("ringing", call)
    phone.call_in("active", call)
    audio_both_ways(phone, capture, ear)
    phone.hangup(call)
    sipp.finish(scenario)


def test_sipp_calls_phoned(phones):
    phone, sipp, capture, ear = phones
    scenario = sipp.call("1001", talk_ms=4000)
    phone.call_in("active")
    audio_both_ways(phone, capture, ear)
    sipp.finish(scenario)
    assert phone.call_in("ended")["ended"]["by"] == "remote"
