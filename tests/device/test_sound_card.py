"""Sound cards of a booted arm64 machine (issue 5, item 9): one at USB, pulled out and plugged in during a call, and its own
mixer; and Intel's HD audio, whose mixer has a microphone, too."""

import re

import pytest

from lab import wav
from lab.phone import line_items
from lab.vm import Machine
from lab.wait import until

# The emulation is slow, and slower beside other work: this only ends a test that hangs.
PATIENCE = 90
# What QEMU records of its sound card.
RATE = 44100
# The loudspeaker is the USB card, which has no microphone; that is snd-aloop's.
ASOUND = b"""
pcm.headset {
    type asym
    playback.pcm { type plug; slave.pcm { type hw; card "Audio"; } }
    capture.pcm { type plug; slave.pcm { type hw; card "Loopback"; device 0; subdevice 1; } }
}
"""


# Intel's HD audio is the microphone; snd-aloop, to which nobody listens, is the loudspeaker.
ASOUND_HDA = b"""
pcm.headset {
    type asym
    playback.pcm { type plug; slave.pcm { type hw; card "Loopback"; device 0; subdevice 0; } }
    capture.pcm { type plug; slave.pcm { type hw; card "Intel"; } }
}
"""


def booted(world, modules, asound, hardware):
    """A machine whose phone is user 1001, with this hardware and its modules, and user 1002 elsewhere, who answers at once."""
    here = Machine(world.network, world.folder, 21, line_items("1001", world.primary_address, world.backup_address),
                   "--web off --audio alsa:headset", hardware=hardware)
    here.far_ear = world.file("far-ear.wav")
    here.far = world.phone("1002", audio=f"wav:{wav.tone(world.file('far.wav'), 1000)}:{here.far_ear}", auto_answer=True)
    here.far.registered()
    here.power_on()
    here.put("/root/.asoundrc", asound)
    here.sh(f"while read -r module; do insmod /lib/modules/$module 2>/dev/null; done </lib/modules/{modules}; true")
    here.sh(f"phonectl health --wait {PATIENCE}s", timeout=PATIENCE + 10)
    return here


def appears(here, card):
    """Waits until the kernel has this card."""
    until(lambda: here.sh(f"test -e /proc/asound/{card} && echo there", check=False), f"the card {card}", PATIENCE, 0.2)


def ended(here, request):
    """Ends it, and shows what it said if its test failed."""
    if getattr(request.node, "report_call", None) is None or request.node.report_call.failed:
        print(here.proc.output()[-2000:], here.sh("cat /proc/asound/cards /var/log/phoned", check=False).decode(errors="replace")[-6000:])
    here.close()


@pytest.fixture
def desk(world, request):
    """One with a place for a USB sound card, which is its loudspeaker."""
    speaker = world.file("speaker.wav")
    here = booted(world, "usb", ASOUND, ["-device", "qemu-xhci", "-audiodev", f"wav,id=speaker,path={speaker}"])
    here.speaker = speaker
    yield here
    ended(here, request)


@pytest.fixture
def desk_with_a_microphone(world, request):
    """One with Intel's HD audio, which is its microphone. It records silence."""
    here = booted(world, "hda", ASOUND_HDA, ["-audiodev", "none,id=silence", "-device", "intel-hda",
                                             "-device", "hda-micro,audiodev=silence"])
    appears(here, "Intel")
    yield here
    ended(here, request)


def plug_in(here):
    """Plugs the card in and waits until the kernel has it."""
    here.plug("card", "usb-audio", audiodev="speaker")
    appears(here, "Audio")


def recorded(here):
    """All that the card has played."""
    return wav.read(here.speaker)[0]


def plays(here, since=0):
    """How many of the last three seconds that the card has played, after so many samples, were the far end's tone."""
    return wav.heard(recorded(here)[since:][-3 * RATE:], 1000, RATE)


def test_a_call_survives_its_sound_card_pulled_out_and_plugged_in(desk):
    """Requirement F11."""
    plug_in(desk)
    desk.put("/tmp/mouth.wav", open(wav.tone(desk.speaker + ".near.wav", 440, 1), "rb").read())
    desk.sh("while :; do cat /tmp/mouth.wav; done | aplay -q -t raw -f S16_LE -r 8000 -c 1 -D plughw:Loopback,1,1 >/dev/null 2>&1 &")
    desk.json("call", "dial", "1002")
    until(lambda: plays(desk) >= 1, "1000 Hz at the USB card", PATIENCE, 0.5)

    desk.unplug("card")
    until(lambda: b"no sound" in desk.sh("cat /var/log/phoned"), "the loss in the log", PATIENCE, 0.2)
    said = wav.heard(wav.read(desk.far_ear)[0], 440)
    until(lambda: wav.heard(wav.read(desk.far_ear)[0], 440) >= said + 1, "440 Hz, from the other card, all the same", PATIENCE, 0.5)
    assert [call["state"] for call in desk.json("call", "list")["calls"]] == ["active"]

    silent = len(recorded(desk))
    plug_in(desk)
    until(lambda: b"sound is back" in desk.sh("cat /var/log/phoned"), "the return in the log", PATIENCE, 0.2)
    until(lambda: plays(desk, silent) >= 1, "1000 Hz at the USB card again", PATIENCE, 0.5)
    assert [call["state"] for call in desk.json("call", "list")["calls"]] == ["active"]
    desk.power_off()


def mixer(here, card="Audio", kind="pvolume"):
    """The name of the card's volume for playback, or for capture ("cvolume")."""
    for name in re.findall(r"Simple mixer control '([^']+)',0", here.sh(f"amixer -c {card} scontrols").decode()):
        if f" {kind}" in here.sh(f"amixer -c {card} sget '{name}'").decode():
            return name
    raise AssertionError(f"QEMU's card has no {kind}")


def decibels(here, name, card="Audio"):
    """(dB, whether it is switched on) of that volume, as another program sees it."""
    said = re.search(r"\[\d+%\] \[(-?[\d.]+)dB\](?: \[(on|off)\])?", here.sh(f"amixer -c {card} sget '{name}'").decode())
    return float(said[1]), said[2] != "off"


def mixers(here, *args):
    return here.json("audio", *args)["audio"]["mixers"]


def test_the_volume_is_made_by_the_cards_own_mixer_which_is_set_again_whenever_the_card_comes(desk):
    """Requirement F11: in decibels, over a restart of the phone, and after the card was plugged in anew."""
    plug_in(desk)
    name = mixer(desk)
    desk.sh(f"phonectl config set 'Playback Mixer=Audio/{name}'")
    # The bell rings there, too, and is as loud as it can be: what the ear has less of is made by the samples.
    both = [{"part": "ear", "name": f"Audio/{name}"}, {"part": "ring", "name": f"Audio/{name}"}]
    assert mixers(desk, "volume", "--ear", "9", "--ring", "1") == both
    loudest, _ = decibels(desk, name)
    for step in (7, 4):
        assert mixers(desk, "volume", "--ear", str(step)) == both
        here, on = decibels(desk, name)
        assert on and abs(loudest - here - 3 * (9 - step)) <= 0.6, f"step {step}: {here} dB of {loudest} dB"

    # Another program's setting holds until the phone opens the card, or starts.
    desk.sh(f"amixer -q -c Audio sset '{name}' 0% mute")
    desk.sh("kill $(cat /run/phoned.pid)")
    until(lambda: desk.sh("test -e /proc/$(cat /run/phoned.pid) || echo gone").strip() == b"gone", "the end of the phone", PATIENCE, 0.2)
    desk.sh("phoned run --provision /etc/phoned/phone.cfg $(cat /etc/phoned/options) >/var/log/phoned 2>&1 & echo $! >/run/phoned.pid")
    desk.sh(f"phonectl health --wait {PATIENCE}s", timeout=PATIENCE + 10)
    assert mixers(desk, "show") == both
    assert decibels(desk, name) == (here, True)

    desk.json("call", "dial", "1002")
    until(lambda: plays(desk) >= 1, "1000 Hz at the USB card", PATIENCE, 0.5)
    desk.unplug("card")
    until(lambda: b"no sound" in desk.sh("cat /var/log/phoned"), "the loss in the log", PATIENCE, 0.2)
    ear, ring = mixers(desk, "volume", "--ear", "6")
    for part in (ear, ring):
        assert part["problem"]["message"].startswith(f"mixer of the card 'Audio', element '{name}': cannot open it"), part
    assert "not by the mixer" in desk.sh("phonectl audio show").decode()
    assert b"volume by the samples instead" in desk.sh("cat /var/log/phoned")

    plug_in(desk)
    until(lambda: b"sound is back" in desk.sh("cat /var/log/phoned"), "the return in the log", PATIENCE, 0.2)
    assert mixers(desk, "show") == both
    here, on = decibels(desk, name)
    assert on and abs(loudest - here - 9) <= 0.6, f"step 6: {here} dB of {loudest} dB"
    desk.power_off()


def test_the_microphones_volume_is_made_by_the_cards_own_mixer(desk_with_a_microphone):
    """Requirement F11: in decibels, and once more when a call opens the card."""
    desk = desk_with_a_microphone
    name = mixer(desk, "Intel", "cvolume")
    desk.sh(f"phonectl config set 'Capture Mixer=Intel/{name}'")
    mine = [{"part": "microphone", "name": f"Intel/{name}"}]
    assert mixers(desk, "volume", "--microphone", "9") == mine
    loudest, on = decibels(desk, name, "Intel")
    assert on
    for step in (7, 4, 1):
        assert mixers(desk, "volume", "--microphone", str(step)) == mine
        here, on = decibels(desk, name, "Intel")
        assert on and abs(loudest - here - 3 * (9 - step)) <= 0.6, f"step {step}: {here} dB of {loudest} dB"

    # Another program's setting holds until the phone opens the card.
    desk.sh(f"amixer -q -c Intel sset '{name}' 0% nocap")
    assert decibels(desk, name, "Intel")[1] is False
    desk.json("call", "dial", "1002")
    until(lambda: decibels(desk, name, "Intel") == (here, True), f"{here} dB again", PATIENCE, 0.2)
    assert [call["state"] for call in desk.json("call", "list")["calls"]] == ["active"]
    assert b"no sound" not in desk.sh("cat /var/log/phoned")
    desk.power_off()
