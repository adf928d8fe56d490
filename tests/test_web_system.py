"""The tab System in a real browser: restart, factory reset, backup and restore of the configuration (issue 4; F10, F11)."""

import re

import pytest

from lab.browser import PASSWORD, Session
from lab.looks import keep_picture
from lab.wait import until

WORDS = {
    "en": {"restart": "Restart", "reset": "Factory reset", "restore": "Restore", "wrong": "The password is wrong.", "set": "Set the password", "up": "1 call is up"},
    "zh": {"restart": "重启", "reset": "恢复出厂设置", "restore": "恢复", "wrong": "密码错误。", "set": "设置密码", "up": "有 1 个通话"},
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_restart_warns_of_calls_and_the_page_goes_on_by_itself(world, browser, make_site, language):
    words = WORDS[language]
    phone, other = world.phone("1001", web=True), world.phone("1002")
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    browser.first_visit(site, language)
    phone.dial("1002")
    other.ctl("call", "answer", other.call_in("ringing")["id"])
    phone.call_in("active")
    browser.go("/system")
    browser.press(words["restart"])
    browser.sees(words["up"], "main")
    assert phone.call_in("active")
    browser.go("/system")
    browser.fill(end_calls=True)
    browser.press(words["restart"])
    other.call_in("ended")
    until(lambda: browser.path() == "/line/sip", "the page goes on, still logged in", 30)
    phone.registered(world.primary_address, timeout=20)
    assert phone.proc.running(), "the same process to the service manager"
    assert phone.proc.output().count("phoned::daemon: ready") == 2
    assert browser.complaints() == []


def test_a_factory_reset_asks_for_the_password_and_leaves_a_phone_as_new(world, browser, make_site):
    words = WORDS["en"]
    phone = world.phone(items={}, web=True)
    site = make_site(phone)
    phone.ctl("config", "set", "SIP1 Phone Number=1001", f"SIP1 Proxy Addr={world.primary_address}", "SIP1 Register Pswd=secret-1001")
    browser.first_visit(site)
    browser.go("/system")
    for password, said in (("not the one", words["wrong"]),):
        browser.fill(sure=True, reset_own=password)
        browser.press(words["reset"])
        browser.sees(said, "main")
    assert phone.json("config", "get", "SIP1 Phone Number")["items"]["SIP1 Phone Number"] == "1001", "nothing was done"
    before = site.code()
    browser.fill(sure=True, reset_own=PASSWORD)
    browser.press(words["reset"])
    until(lambda: browser.path() == "/first", "the first visit", 30)
    assert phone.json("config", "get", "SIP1 Phone Number", "SIP1 Register Pswd")["items"] == {"SIP1 Phone Number": "", "SIP1 Register Pswd": ""}
    codes = [line.split('code="')[1].split('"')[0] for line in phone.proc.output().splitlines() if "its first visit sets one" in line]
    assert codes[0] == before and len(codes) == 2 and codes[1] != before, "another code"
    browser.fill(code=codes[1], password="another horse", again="another horse")
    browser.press("Set password")
    assert browser.path() == "/line/sip"
    browser.go("/system")
    assert "first password set" in browser.text() and "reset the phone" not in browser.text(), "its log is new, too"


@pytest.mark.parametrize("form", ["text", "xml"])
def test_a_configuration_is_downloaded_and_restored(world, browser, make_site, form, tmp_path):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    phone.ctl("config", "set", "SIP1 Failback Interval=1234")
    browser.first_visit(site)
    browser.go("/system")
    file = browser.driver.execute_async_script("""
        const [form, password, done] = arguments;
        const fields = new FormData(document.querySelector("form[action='/system/export']"));
        fields.set("format", form); fields.set("with_secrets", "1"); fields.set("current", password);
        fetch("/system/export", { method: "POST", body: new URLSearchParams(fields) })
          .then(async (answer) => done(answer.headers.get("content-disposition") + "\\n" + await answer.text()));""", form, PASSWORD)
    name, _, content = file.partition("\n")
    assert "attachment" in name and "1001" in content
    path = tmp_path / "backup"
    path.write_text(content)
    changed = ["SIP1 Display Name=Somebody else", "SIP1 Register Pswd=wrong", "SIP1 Failback Interval=77"]
    phone.ctl("config", "set", *changed)
    browser.go("/system")
    browser.driver.find_element("id", "file").send_keys(str(path))
    browser.tap("Restore")
    browser.sees("SIP1 Failback Interval", "#imported")
    items = phone.json("config", "get", "SIP1 Display Name", "SIP1 Failback Interval")["items"]
    assert items["SIP1 Display Name"] != "Somebody else" and items["SIP1 Failback Interval"] == "1234"
    phone.ctl("account", "register", "1")
    phone.registered(world.primary_address)
    path.write_text(content.replace("1234", "no number"))
    browser.go("/system")
    browser.driver.find_element("id", "file").send_keys(str(path))
    browser.tap("Restore")
    browser.sees("no number", "#imported.bad")
    assert phone.json("config", "get", "SIP1 Failback Interval")["items"]["SIP1 Failback Interval"] == "1234", "nothing changed"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_file_that_is_too_large_is_told_so_by_the_page_unsent_and_by_the_phone_if_it_is_sent(world, browser, make_site, language, tmp_path):
    phone = world.phone(web=True)
    site = make_site(phone)
    said = {"en": "larger than the phone accepts", "zh": "超过话机允许的大小"}[language]
    restore = WORDS[language]["restore"]
    path = tmp_path / "backup"
    path.write_bytes(b"x" * 9_000_000)
    sent = "return performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/system/import')).length"
    browser.first_visit(site, language)
    for asked, sends in ((True, 0), (False, 1)):
        browser.go("/system")
        if not asked:
            browser.driver.execute_script("document.querySelector('[data-most]').dataset.most = 'Infinity'")
        browser.driver.find_element("id", "file").send_keys(str(path))
        browser.tap(restore)
        browser.sees(said, "#imported.bad")
        assert browser.driver.execute_script(sent) == sends, "how often it was sent"
    assert browser.complaints() == []


def test_a_restore_removes_what_was_added_since_tells_it_before_and_is_taken_back(world, browser, make_site, tmp_path):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    path = tmp_path / "backup"
    path.write_text(phone.ctl("config", "export", "--with-secrets").stdout)
    before = phone.json("config", "list")["items"]
    phone.ctl("config", "set", "SIP2 Phone Number=1002", f"SIP2 Register Addr={world.primary_address}", "SIP1 Failback Interval=77")
    browser.first_visit(site)
    browser.go("/system")
    browser.driver.find_element("id", "file").send_keys(str(path))
    browser.tap("Show what would change")
    browser.sees("Nothing has changed yet.", "#imported")
    browser.sees("SIP2 Phone Number = empty (was 1002)", "#imported")
    assert phone.json("config", "get", "SIP2 Phone Number")["items"]["SIP2 Phone Number"] == "1002"
    browser.tap("Only add what the file names")
    browser.sees("Nothing has changed: all values", "#imported")
    assert phone.json("config", "get", "SIP2 Phone Number")["items"]["SIP2 Phone Number"] == "1002", "an import removes nothing"
    browser.tap("Restore")
    browser.sees("SIP2 Phone Number = empty (was 1002)", "#imported")
    assert phone.json("config", "list")["items"] == before
    assert [account["line"] for account in phone.json("account", "list")["accounts"]] == [1]
    browser.press("Take the restore back")
    browser.sees("The configuration is as it was before the restore.", "main")
    assert phone.json("config", "get", "SIP2 Phone Number")["items"]["SIP2 Phone Number"] == "1002"
    browser.press("Take the restore back")
    assert phone.json("config", "list")["items"] == before, "and forward again"


def test_a_restore_leaves_calls_alone_and_is_refused_where_one_is_on_a_line_that_would_go(world, tmp_path):
    phone, other = world.phone("1001"), world.phone("1002")
    phone.settled(world.primary_address)
    other.registered()
    backup = tmp_path / "backup"
    backup.write_text(phone.ctl("config", "export").stdout)
    phone.dial("1002")
    other.ctl("call", "answer", other.call_in("ringing")["id"])
    call = phone.call_in("active")
    phone.ctl("config", "set", "SIP1 Failback Interval=77")
    would = phone.json("config", "import", "--replace", "--dry-run", str(backup))["changes"]
    assert would["dry_run"] is True and [item["item"] for item in would["items"]] == ["SIP1 Failback Interval"]
    phone.ctl("config", "import", "--replace", str(backup))
    assert phone.json("config", "get", "SIP1 Failback Interval")["items"]["SIP1 Failback Interval"] == "1800"
    assert phone.calls()[0]["id"] == call["id"] and phone.calls()[0]["state"] == "active", "the call is not touched"
    bare = tmp_path / "bare"
    bare.write_text("<<VOIP CONFIG FILE>>Version:2.0000000000\r\n<SIP CONFIG MODULE>\r\nSIP  Port :5060\r\n<<END OF FILE>>\r\n")
    with pytest.raises(RuntimeError, match="line 1 would be gone, and call .* is on it"):
        phone.ctl("config", "import", "--replace", str(bare))
    assert phone.calls()[0]["state"] == "active"
    phone.ctl("call", "hangup", call["id"])
    phone.ctl("config", "import", "--replace", str(bare))
    assert phone.json("account", "list")["accounts"] == []
    phone.ctl("config", "revert")
    phone.settled(world.primary_address)


@pytest.mark.parametrize("form", ["text", "xml"])
def test_a_backup_brings_the_phone_book_to_another_phone_and_the_restore_can_be_taken_back(world, tmp_path, form):
    """Issue 4: backup and restore of the configuration, with the phone book (F7, F8)."""
    phone, other = world.phone("1001"), world.phone("1002")
    phone.ctl("contact", "add", "Carol & <C>, \"x\"", "1003", "sip:carol@example.test", "--line", "1")
    phone.ctl("contact", "add", "阿明", "1004")
    backup = tmp_path / "backup"
    backup.write_text(phone.ctl("config", "export", "--format", form).stdout)
    other.ctl("contact", "add", "Dave", "1005")
    names = lambda one: [contact["name"] for contact in one.json("contact", "list")["contacts"]]
    would = other.json("config", "import", "--replace", "--dry-run", str(backup))["changes"]
    assert would["contacts"] == 3 and names(other) == ["Dave"], "two are new and one would be gone"
    other.ctl("config", "import", "--replace", str(backup))
    without_ids = lambda one: [{**contact, "id": 0} for contact in one.json("contact", "list")["contacts"]]
    assert without_ids(other) == without_ids(phone)
    assert "phone book" not in other.ctl("config", "list").stdout and "phoneBook" not in other.ctl("config", "list").stdout
    other.ctl("config", "revert")
    assert names(other) == ["Dave"]
    again = tmp_path / "again"
    again.write_text(phone.ctl("config", "export", "--format", form).stdout)
    assert again.read_text() == backup.read_text(), "the book is in it once"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_service_log_is_shown_by_level_and_downloaded(world, browser, make_site, language, tmp_path):
    """Issue 4, item 1: System has the logs; no secret is in them (F9), and a user without rights does not see them (F10)."""
    words = {"en": {"open": "Show the log", "refresh": "Refresh", "title": "Service log"},
             "zh": {"open": "查看日志", "refresh": "刷新", "title": "服务日志"}}[language]
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    browser.first_visit(site, language)
    browser.go("/system")
    browser.driver.find_element("link text", words["open"]).click()
    browser.sees(words["title"], "h1")
    browser.sees("ready", "tbody")
    browser.sees("web page address=", "tbody")
    world.primary.kill()
    phone.ctl("account", "register", "1", check=False)
    phone.events.wait("failover")
    phone.set("SIP1 Register Pswd=hunter2")
    browser.press(words["refresh"])
    browser.sees("configuration changed items=\"SIP1 Register Pswd\"", "tbody")
    assert "hunter2" not in browser.text()
    everything = browser.has("tbody tr")
    browser.fill(level="error")
    browser.press(words["refresh"])
    assert browser.has("tbody tr") == 0 and browser.value("#level") == "error", "nothing that bad"
    for width in (360, 1400):
        for dark in (False, True):
            browser.size(width, dark=dark)
            browser.go("/system/log")
            assert browser.overflow() <= 0 and browser.violations() == []
            keep_picture(browser, f"log-{language}-{width}-{'dark' if dark else 'light'}")
    browser.size(1400)
    cookie = browser.driver.get_cookie("phoned_session")["value"]
    status, headers, text = site.request("GET", "/system/log.txt?level=info", {"Cookie": f"phoned_session={cookie}"})
    assert status == 200 and headers["Content-Disposition"] == 'attachment; filename="phoned.log"'
    lines = text.splitlines()
    assert len(lines) >= everything and all(re.match(r"20\d\d-\S+Z +(INFO|WARN|ERROR) \S+: ", line) for line in lines), text
    shown = phone.ctl("system", "log", "--level", "info", "--last", "3").stdout.splitlines()
    assert lines[-1] in shown and len(shown) == 3
    report = phone.json("system", "log")["log"]
    assert report["forgotten"] == 0 and len(report["lines"]) <= 500
    user = site.token(site_session(browser), "user")
    refused = site.request("POST", "/api/v1/system", {"Authorization": f"Bearer {user}"}, '{"verb":"log"}')
    assert refused[0] == 403, refused
    assert browser.complaints() == []


def site_session(browser):
    """The browser's session, for requests of no page."""
    cookie = browser.driver.get_cookie("phoned_session")["value"]
    browser.go("/system")
    return Session(f"phoned_session={cookie}", browser.value('input[name="csrf"]'))
