"""A page in Chinese says what it says in Chinese (E1)."""

import re

import pytest

from lab.looks import keep_picture

# What stands alone in Latin letters in any language: protocols, methods, codecs, formats, names of the document.
TERMS = set("""
    a aaaa admin ack api bye cancel crlf csv dhcp dns dtmf failback fanvil ftp gpio http https icmp info invite ip ipv4 ipv6 mac mos naptr nat notify
    options pcapng pcma pcmu pem ping pnp prack refer register rfc rtp signal sip srv tcp tftp tls ttl udp uri vcard wireshark xml
    check-sync v2 v3 s h ms phoned english code http-digest sha md5
""".split())
# What a user reads: texts that are shown, and the words that stand in for them. Not what was written elsewhere (reasons
# that servers and the system give, names of items as files have them): it is marked as code or as English.
SHOWN = """
    for (const details of document.querySelectorAll("details")) details.open = true;
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (element.closest("code, script, [lang=en], .aor, .who, time")) continue;
      texts.push(walker.currentNode.textContent);
    }
    for (const element of document.querySelectorAll("[aria-label], [placeholder], [title]"))
      for (const name of ["aria-label", "placeholder", "title"])
        if (element.getAttribute(name)) texts.push(element.getAttribute(name));
    return texts.map((text) => text.trim()).filter((text) => text);"""


def english(browser, names):
    """Texts of the page that are English: words and no Chinese, or English words one after the other."""
    found = []
    for text in browser.driver.execute_script(SHOWN):
        rest = text
        for name in names:
            rest = rest.replace(name, "")
        rest = re.sub(r"`[^`]*`|[A-Za-z0-9]*[.:@/$_=][A-Za-z0-9.:@/$_=-]*", "|", rest)
        runs = [[word.lower() for word in run.split()] for run in re.findall(r"[A-Za-z][A-Za-z0-9'-]*(?: [A-Za-z][A-Za-z0-9'-]*)*", rest)]
        chinese = re.search("[\u4e00-\u9fff]", text)
        foreign = [run for run in runs if any(word not in TERMS for word in run) and (len(run) > 1 or not chinese)]
        if foreign:
            found.append(text)
    return found


def marked_english(browser):
    """Texts of the page that are marked as English, but for the switch to the other language."""
    return browser.driver.execute_script("""
        const marked = [...document.querySelectorAll("body [lang=en]")].filter((element) => !element.closest("header, nav, footer"));
        return marked.map((element) => element.textContent.trim()).filter((text) => text);""")


PAGES = ["/line/sip", "/line/global", "/status", "/calls", "/contacts", "/drill", "/journal", "/trace", "/system", "/nothing"]


def test_no_page_in_chinese_has_english_sentences(world, browser, make_site):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    names = sorted({re.sub(r"^SIP\d+ ", "", item) for item in phone.json("config", "list")["items"]}, key=len, reverse=True)
    browser.visit(site, "/first", "zh")
    assert english(browser, names) == []
    browser.first_visit(site, "zh")
    left = {}
    for path in PAGES:
        browser.go(path)
        left[path] = english(browser, names)
        keep_picture(browser, f"chinese{path.replace('/', '-')}")
    left = {path: texts for path, texts in left.items() if texts}
    assert not left, left


@pytest.mark.parametrize("settings, said", [
    ({"SIP1 Backup Addr": ""}, "没有备份"),
    ({"SIP1 NAT UDPUpdate": "0", "SIP1 Enable Failback": "0", "SIP1 Enable Reg": "0"}, "线路不注册"),
    ({"SIP1 Signal Failback": "1", "SIP1 Signal Retry Counts": "9", "SIP1 Transport": "1", "SIP1 Register Both": "1"}, "听不到任何声音"),
])
def test_what_the_settings_mean_is_said_in_chinese_beside_a_chinese_form(world, browser, make_site, settings, said):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.ctl("config", "set", "SIP1 Proxy Addr=", "SIP1 BakProxy Addr=", f"SIP1 Register Addr={world.primary_address}",
              f"SIP1 Backup Addr={world.backup_address}")
    phone.ctl("config", "set", *(f"{item}={value}" for item, value in settings.items()))
    browser.first_visit(site, "zh")
    browser.go("/line/sip")
    browser.sees(said, ".findings")
    assert english(browser, sorted({re.sub(r"^SIP\d+ ", "", item) for item in phone.json("config", "list")["items"]}, key=len, reverse=True)) == []
    said_in_english = phone.json("config", "check", "--line", "1")["check"][0]["findings"]
    assert all(finding["text"].isascii() and not finding["text_zh"].isascii() for finding in said_in_english), said_in_english


def test_a_change_that_contradicts_is_pointed_out_in_chinese(world, browser, make_site):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    browser.first_visit(site, "zh")
    browser.go("/line/sip")
    browser.fill(backup_addr=world.backup_address)
    browser.press("提交")
    browser.sees("已设置 `SIP1 Proxy Addr`，因此不使用 SIP 服务器 2", ".notice.warn")


def test_what_happens_is_told_in_chinese_and_only_what_comes_from_outside_is_not(world, browser, make_site):
    """A failover, a refused registration, a refused request, a failed test of sound, and who changed what (issue 4; F9, F10)."""
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    browser.visit(site, "/first", "zh")
    browser.first_visit(site, "zh")
    mark = phone.events.mark()
    world.primary.kill()
    phone.ctl("account", "register", "1")
    phone.events.wait("failover", since=mark)
    browser.go("/status")
    browser.sees("已通过备份", "#lines .notice")
    browser.sees("不可达", "#lines .notice")
    assert marked_english(browser) == []
    browser.go("/journal")
    causes = browser.text("table")
    assert re.search("无应答|ICMP：端口不可达", causes), causes
    assert marked_english(browser) == []
    browser.go("/calls")
    browser.fill(target="not a number")
    browser.tap("呼叫")
    browser.sees("无法呼叫", "main")
    assert marked_english(browser) == []
    phone.set("Ring Device=no-such-card")
    browser.go("/audio")
    browser.press("响铃")
    browser.sees("声音测试未成功：ALSA 播放设备 `no-such-card`：无法打开", "#outcome")
    assert all("such" in text.lower() or "card" in text.lower() for text in marked_english(browser)), marked_english(browser)
    browser.go("/line/sip")
    browser.fill(register_pswd="wrong")
    browser.press("提交")
    browser.sees("已生效", "#outcome")
    browser.go("/status")
    browser.sees("拒绝", "#lines .notice")
    browser.go("/system")
    browser.sees("设置了 `SIP1 Register Pswd`", "main")
    browser.sees("设置了首个密码", "main")
    assert marked_english(browser) == []
    names = sorted({re.sub(r"^SIP\d+ ", "", item) for item in phone.json("config", "list")["items"]}, key=len, reverse=True)
    assert english(browser, names) == []
