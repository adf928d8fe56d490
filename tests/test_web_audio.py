"""The tab Audio in a real browser: devices, volumes, codecs, and what is tried from there (issue 4; F7)."""

import pytest

from lab import wav
from lab.looks import check_page, keep_picture
from lab.pulse import SoundCard
from lab.wait import until

WORDS = {
    "en": {"ear": "Play a tone at the ear", "microphone": "Speak for 3 s and hear yourself", "ring": "Ring", "submit": "Submit",
           "played": "A tone was played for 2 s.", "good": "The microphone is as it ought to be.", "in force": "In force now",
           "speak": "Speak now", "gone": "no-such-card (not there now)", "missing": "does not have this device now",
           "cannot": "'no-such-card': cannot open"},
    "zh": {"ear": "在听筒播放测试音", "microphone": "说话 3 秒并回放", "ring": "响铃", "submit": "提交", "played": "已播放测试音",
           "good": "麦克风正常", "in force": "已生效", "speak": "请说话", "gone": "no-such-card (当前不存在)", "missing": "本机当前没有此设备",
           "cannot": "`no-such-card`：无法打开"},
}


@pytest.fixture
def card(world):
    """A sound card in the laboratory."""
    card = SoundCard(world.folder)
    yield card
    card.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_devices_are_chosen_and_tried_in_the_browser_and_one_that_is_gone_is_kept(world, browser, make_site, card, language):
    words = WORDS[language]
    phone = world.phone("1001", web=True, audio="null", env=card.environment)
    site = make_site(phone)
    phone.registered(world.primary_address)
    phone.set("Playback Device=speaker", "Capture Device=mic", "Ring Device=no-such-card")
    browser.first_visit(site, language)
    browser.go("/audio")
    browser.sees(words["missing"], "#missing")
    browser.sees(words["gone"], "#ring-device option:checked")
    wrong = check_page(browser, f"audio {language}", [(360, False), (360, True), (1400, False), (1400, True)])
    assert wrong == [], "\n".join(wrong)
    browser.press(words["ear"])
    browser.sees(words["played"], "#outcome")
    until(lambda: wav.heard(wav.read(card.recording)[0], 1000) >= 1.5, "the tone at the speaker", 15, 0.3)
    card.say(wav.tone(world.file("near.wav"), 440, 20))
    # What is said while the answer is waited for can only be read before the driver waits for it.
    press = "document.querySelector('button[value=microphone]').click(); return document.getElementById('busy').textContent"
    assert words["speak"] in browser.driver.execute_script(press)
    browser.sees(words["good"], "#outcome", timeout=20)
    keep_picture(browser, f"audio-tested-{language}")
    until(lambda: wav.heard(wav.read(card.recording)[0], 440) >= 2, "the microphone, played back", 15, 0.3)
    browser.press(words["ring"])
    browser.sees(words["cannot"], "#outcome")
    browser.fill(ring_device="null")
    browser.press(words["submit"])
    browser.sees(words["in force"], "#outcome")
    assert phone.json("config", "get", "Ring Device", "Capture Device")["items"] == {"Ring Device": "null", "Capture Device": "mic"}
    assert browser.complaints() == []


def test_the_order_of_codecs_and_the_way_of_digits_hold_for_the_next_call(world, browser, make_site):
    phone, other = world.phone("1001", web=True), world.phone("1002", auto_answer=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    phone.set("SIP1 VoiceCodecMap=PCMA,G729")
    browser.first_visit(site)
    first = phone.dial("1002")
    assert phone.call_in("active", first)["codec"] == "PCMA"
    browser.go("/audio?line=1")
    browser.fill(codec_1="PCMU", codec_2="PCMA", dtmf_mode="2", p1_ringtone_vol="4")
    browser.press("Submit")
    browser.sees("SIP1 VoiceCodecMap = PCMU,PCMA,G729", "#outcome")
    assert phone.call(first)["codec"] == "PCMA", "the call that is up goes on as it is"
    browser.press("Play a tone at the ear")
    browser.sees("there is a call", "#outcome")
    phone.hangup(first)
    second = phone.dial("1002")
    assert phone.call_in("active", second)["codec"] == "PCMU"
    phone.hangup(second)
    items = phone.json("config", "get", "SIP1 DTMF Mode", "P1 RingTone Vol")["items"]
    assert items == {"SIP1 DTMF Mode": "2", "P1 RingTone Vol": "4"}
    browser.fill(p1_ringtone_vol="12")
    browser.press("Submit")
    browser.sees("Not accepted", "#outcome")
    assert browser.value("#p1-ringtone-vol") == "12", "nothing of the form is lost"
    assert browser.complaints() == []
