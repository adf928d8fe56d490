"""The ALSA path, as on the device, against a sound server that is paced like a card (issue 2 item 6)."""

import json

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


def test_a_sound_device_is_chosen_tried_and_kept_through_a_call(world, card):
    """F7: whoever sets the phone up hears and is heard before anybody calls."""
    far_ear = world.file("far-ear.wav")
    phone = world.phone("1001", audio="alsa:no-such-card", env=card.environment)
    far = world.phone("1002", audio=f"wav:{wav.tone(world.file('far.wav'), 700)}:{far_ear}", auto_answer=True)
    phone.registered(world.primary_address)
    far.registered()
    failed = phone.ctl("audio", "test", "ear", check=False)
    assert failed.returncode != 0 and "'no-such-card': cannot open" in failed.stderr, failed.stderr
    phone.set("Playback Device=speaker", "Capture Device=mic")
    devices = phone.json("audio", "devices")["audio_devices"]
    assert devices["ear"] == {"name": "speaker", "there": True} and devices["microphone"] == {"name": "mic", "there": True}
    assert phone.json("audio", "test", "ear")["audio_test"] == {"part": "ear"}
    until(lambda: wav.heard(wav.read(card.recording)[0], 1000) >= 1.5, "the tone at the speaker", 15, 0.3)
    card.say(wav.tone(world.file("near.wav"), 440, 20))
    said = phone.ctl("--json", "audio", "test", "microphone", timeout=20).stdout
    heard = json.loads(said)["audio_test"]["heard"]
    assert heard["verdict"] == "good" and -15 < heard["level_db"] < -5, heard
    until(lambda: wav.heard(wav.read(card.recording)[0], 440) >= 2, "the microphone, played back", 15, 0.3)

    call = phone.dial("1002")
    phone.call_in("active", call)
    until(lambda: wav.heard(wav.read(far_ear)[0], 440) >= 1.5, "440 Hz at the far end", 15, 0.3)
    refused = phone.ctl("audio", "test", "ring", check=False)
    assert refused.returncode != 0 and "there is a call" in refused.stderr, refused.stderr
    changed = phone.ctl("config", "set", "Playback Device=gone")
    assert "the call that is up keeps its sound device" in changed.stdout + changed.stderr
    before = wav.heard(wav.read(card.recording)[0], 700)
    until(lambda: wav.heard(wav.read(card.recording)[0], 700) >= before + 1.5, "the far end goes on at the speaker", 15, 0.3)
    phone.hangup(call)
    assert phone.json("audio", "devices")["audio_devices"]["ear"] == {"name": "gone", "there": False}
    gone = phone.ctl("audio", "test", "ear", check=False)
    assert gone.returncode != 0 and "'gone': cannot open" in gone.stderr, gone.stderr


def test_the_name_of_a_sound_device_starts_no_command(world):
    """F10: libasound's plugins `file` and `tee` write files, and a pipe in their names is a command."""
    phone = world.phone()
    for item in ("Ring Device", "Playback Device", "Capture Device"):
        refused = phone.ctl("config", "set", f"{item}=tee:null,'|touch {world.file('owned')}',raw", check=False)
        assert refused.returncode != 0 and "the name of a sound device" in refused.stderr, refused.stderr
