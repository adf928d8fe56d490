"""The ALSA path, as on the device, against a sound server that is paced like a card (issue 2 item 6)."""

import pytest

from lab import wav
from lab.proc import run
from lab.pulse import SoundCard
from lab.wait import until


@pytest.fixture
def card(world):
    """A sound card in the laboratory, which says 440 Hz for a while."""
    card = SoundCard(world.folder)
    yield card
    card.close()


def test_a_call_is_spoken_and_heard_through_alsa(world, card):
    far_ear = world.file("far-ear.wav")
    phone = world.phone("1001", audio="alsa:phone", env=card.environment)
    far = world.phone("1002", audio=f"wav:{wav.tone(world.file('far.wav'), 1000)}:{far_ear}", auto_answer=True)
    phone.registered(world.primary_address)
    far.registered()
    call = phone.dial("1002")
    phone.call_in("active", call)
    card.say(wav.tone(world.file("near.wav"), 440, 8))
    until(lambda: wav.heard(wav.read(card.recording)[0], 1000) >= 1.5, "1000 Hz at the speaker", 15, 0.3)
    until(lambda: wav.heard(wav.read(far_ear)[0], 440) >= 1.5, "440 Hz at the far end", 15, 0.3)
    phone.hangup(call)


def test_the_sound_card_of_the_laboratory_carries_a_tone(world, card):
    """Without this a silent laboratory would be taken for a silent phone."""
    run(["paplay", "--server", f"unix:{card.socket}", "--device=speaker", wav.tone(world.file("near.wav"), 700, 2)])
    until(lambda: wav.heard(wav.read(card.recording)[0], 700) >= 1, "700 Hz at the speaker", every=0.3)


def test_a_sound_card_that_is_not_there_is_named_and_the_phone_still_registers(world):
    phone = world.phone("1001", audio="alsa:no-such-card")
    phone.registered(world.primary_address)
    assert "no-such-card" in phone.proc.output()
