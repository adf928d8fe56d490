"""The tab Calls in a real browser: mute, volume, the call log, call waiting, forwarding (issue 4; F7)."""

import pytest

from lab.browser import Browser, Site
from lab.wait import until


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests; each comes as a stranger."""
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def make_site():
    """The web page of a phone."""
    sites = []

    def make(phone):
        sites.append(Site(phone))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


def test_a_call_is_muted_and_made_louder_in_the_browser_and_both_are_heard(world, browser, make_site):
    phone, other = world.phone("1001", web=True), world.phone("1002")
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    browser.first_visit(site)
    phone.dial("1002")
    other.ctl("call", "answer", other.call_in("ringing")["id"])
    browser.go("/calls")
    browser.sees("active", "[data-call]")
    assert phone.json("call", "list")["calls"][0].get("muted") is None
    browser.tap("Mute")
    browser.sees("muted", "[data-muted]")
    assert phone.json("call", "list")["calls"][0]["muted"] is True
    browser.tap("Unmute")
    until(lambda: not browser.driver.find_elements("css selector", "[data-muted]"), "the call is not muted any more")
    for button, step in (("ear-louder", "6"), ("ring-softer", "7"), ("microphone-softer", "2")):
        browser.driver.find_element("id", button).click()
        browser.sees(step, f"#{button.split('-')[0]}-step")
    volumes = phone.json("audio", "show")["audio"]
    assert (volumes["ear"], volumes["microphone"], volumes["ring"]) == (6, 2, 7)
    assert phone.json("config", "get", "P1 General Spk Vol")["items"] == {"P1 General Spk Vol": "6"}, "it is an item too"
    assert browser.complaints() == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_missed_and_dialled_calls_are_in_the_log_over_a_restart_and_are_called_back(world, browser, make_site, language):
    words = {"en": {"missed": "missed", "dialled": "dialled", "redial": "Redial", "clear": "Clear the log", "empty": "No calls yet."},
             "zh": {"missed": "未接", "dialled": "已拨", "redial": "重拨", "clear": "清空记录", "empty": "暂无通话记录。"}}[language]
    phone, other = world.phone("1001", web=True), world.phone("1002")
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    browser.first_visit(site, language)
    browser.go("/calls")
    browser.sees(words["empty"], "#log")
    other.dial("1001")
    phone.call_in("ringing")
    other.ctl("call", "hangup")
    browser.sees(words["missed"], "[data-logged]")
    phone.kill()
    phone.start()
    phone.registered()
    browser.sees(words["missed"], "[data-logged]", timeout=30)
    browser.driver.find_element("id", "back-1").click()
    ringing = other.call_in("ringing")
    other.ctl("call", "reject", ringing["id"])
    browser.sees(words["dialled"], "[data-logged]")
    browser.tap(words["redial"])
    until(lambda: [call["state"] for call in other.calls()].count("ringing") == 1, "it rings again")
    phone.ctl("call", "hangup")
    log = until(lambda: (lambda log: log if len(log) == 3 else None)(phone.json("call", "log")["call_log"]), "three calls")
    assert [call["kind"] for call in log] == ["dialled", "dialled", "missed"]
    assert "1002@" in log[0]["remote"]
    browser.press(words["clear"])
    browser.sees(words["empty"], "#log")
    assert phone.json("call", "log")["call_log"] == []
    assert browser.complaints() == []


def test_a_second_call_waits_and_its_answer_holds_the_first(world):
    phone, first, second = world.phone("1001"), world.phone("1002"), world.phone("1003")
    phone.settled(world.primary_address)
    first.registered()
    second.registered()
    phone.dial("1002")
    first.ctl("call", "answer", first.call_in("ringing")["id"])
    phone.call_in("active")
    second.dial("1001")
    waiting = phone.call_in("ringing")
    phone.ctl("call", "answer", waiting["id"])
    second.call_in("active")
    first.call_in("remote_held")
    assert sorted(call["state"] for call in phone.calls()) == ["active", "held"]


def test_a_call_is_sent_elsewhere_and_a_phone_that_is_not_to_be_disturbed_does_not_ring(world):
    phone, other, caller = world.phone("1001"), world.phone("1002"), world.phone("1003")
    phone.settled(world.primary_address)
    other.registered()
    caller.registered()
    phone.ctl("config", "set", "P1 DND=1")
    caller.dial("1001")
    assert caller.call_in("ended")["ended"]["code"] == 480
    phone.ctl("config", "set", "P1 DND=0", "SIP1 Always FWD=1", "SIP1 Always FWD Num=1002")
    caller.dial("1001")
    until(lambda: any(call["state"] == "ended" and call["ended"]["code"] == 302 for call in caller.calls()),
          "the caller is told where to call")
    moved = phone.capture.sip(status=302)[-1]
    assert "sip:1002@" in moved.sip.get("Contact"), moved
