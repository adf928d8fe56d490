"""The tab Calls in a real browser: mute, volume, the call log, call waiting, forwarding (issue 4; F7)."""

import pytest

from lab.wait import until


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
    until(lambda: not browser.has("[data-muted]"), "the call is not muted any more")
    for button, step in (("ear-louder", "6"), ("ring-softer", "7"), ("microphone-softer", "2")):
        browser.click(f"#{button}")
        browser.sees(step, f"#{button.split('-')[0]}-step")
    volumes = phone.json("audio", "show")["audio"]
    assert (volumes["ear"], volumes["microphone"], volumes["ring"]) == (6, 2, 7)
    assert phone.json("config", "get", "P1 General Spk Vol")["items"] == {"P1 General Spk Vol": "6"}, "it is an item too"
    assert browser.complaints() == []


def test_a_mixer_that_is_not_there_is_named_on_the_page_and_by_the_command_line(world, browser, make_site):
    phone = world.phone("1001", web=True)
    site = make_site(phone)
    refused = phone.ctl("config", "set", "Playback Mixer=hw:0/PCM", check=False)
    assert refused.returncode != 0 and "CARD/ELEMENT" in refused.stderr, refused.stderr
    phone.set("Playback Mixer=NoSuchCard/Line Out,1")
    why = "mixer of the card 'NoSuchCard', element 'Line Out,1': cannot open it: No such device"
    said = phone.ctl("audio", "volume", "--ear", "6").stdout.splitlines()
    # The bell rings where the ear is.
    assert said[1:] == [f"{part} not by the mixer NoSuchCard/Line Out,1: {why}" for part in ("ear", "ring")], said
    browser.first_visit(site)
    browser.go("/calls")
    browser.sees(why, "[data-mixer]")
    assert browser.complaints() == []


def test_a_button_that_is_replaced_while_it_is_pressed_does_what_it_says(world, browser, make_site):
    """The live part of a page is drawn anew whenever something changes, also between the press and the release of a button."""
    phone, other = world.phone("1001", web=True), world.phone("1002", auto_answer=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    browser.first_visit(site)
    browser.go("/calls")
    call = phone.dial("1002")
    browser.sees("active", "[data-call]")
    with browser.pressed("Hang up"):
        phone.ctl("call", "mute", call)
        # Volumes are drawn by the same news, and are not pressed.
        phone.set("P1 General Spk Vol=8")
        browser.sees("8", "#ear-step")
    browser.sees("ended", "[data-call]")
    other.call_in("ended")
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
    # Who shows it did not wait for that.
    until(lambda: '"missed"' in "".join(phone.remembered("calls/").values()), "it is written")
    phone.kill()
    phone.start()
    phone.registered()
    browser.sees(words["missed"], "[data-logged]", timeout=30)
    browser.click("#back-1")
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
    until(lambda: sorted(call["state"] for call in phone.calls()) == ["active", "held"], "one is up, one is held")


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


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_phone_book_names_callers_and_is_dialled_and_carried_as_files(world, browser, make_site, language, tmp_path):
    words = {"en": {"add": "Add entry", "import": "Import a file", "call": "Call", "find": "Find", "remove": "Remove"},
             "zh": {"add": "添加联系人", "import": "导入文件", "call": "呼叫", "find": "查找", "remove": "删除"}}[language]
    phone, other = world.phone("1001", web=True), world.phone("1002")
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    browser.first_visit(site, language)
    browser.go("/contacts")
    browser.fill(name="Bob <b>", numbers="what now")
    browser.press(words["add"])
    browser.sees("what now", "#outcome")
    assert browser.value("#name") == "Bob <b>", "nothing is lost"
    browser.fill(numbers="10-02, sip:bob@example.test")
    browser.press(words["add"])
    browser.sees("Bob <b>", "article h3")
    cards = tmp_path / "more.vcf"
    cards.write_text("BEGIN:VCARD\nVERSION:4.0\nFN:王小明\nTEL:1003\nEND:VCARD\n")
    browser.driver.find_element("id", "file").send_keys(str(cards))
    browser.tap(words["import"])
    browser.sees("1", "#imported.good")
    browser.go("/contacts?q=王")
    browser.sees("王小明", "article h3")
    assert "Bob" not in browser.text()
    browser.go("/contacts")
    browser.press(words["call"])
    ringing = other.call_in("ringing")
    other.ctl("call", "reject", ringing["id"])
    other.dial("1001")
    phone.call_in("ringing")
    browser.go("/calls")
    browser.sees("Bob <b>", "#calls h3")
    assert phone.json("call", "list")["calls"][-1]["remote_name"] == "Bob <b>"
    other.ctl("call", "hangup")
    browser.sees("Bob <b>", "#log")
    exported = phone.ctl("contact", "export", "--format", "csv").stdout
    assert "王小明,1003" in exported and "Bob <b>,1002,sip:bob@example.test" in exported
    phone.kill()
    phone.start()
    assert [contact["name"] for contact in phone.json("contact", "list")["contacts"]] == ["Bob <b>", "王小明"]
    # Who changed one entry, on the page or by the command line, is in the audit log (F10).
    until(lambda: browser.site.request("GET", "/")[0], "the page again")
    carol = phone.json("contact", "add", "Carol", "1004")["contact"]
    assert phone.json("contact", "remove", str(carol["id"]))["contact"]["name"] == "Carol"
    browser.go("/system")
    row = {"en": ["command line", "removed Carol from the phone book"], "zh": ["命令行", "从电话簿中删除了 `Carol`"]}[language]
    seen = [line.split("\t") for line in browser.text("section:last-of-type tbody").splitlines()]
    assert any([cells[1], cells[3]] == row for cells in seen), seen
    browser.sees({"en": "added Bob <b> to the phone book", "zh": "在电话簿中添加了 `Bob <b>`"}[language], "section:last-of-type tbody")
    assert browser.complaints() == []
