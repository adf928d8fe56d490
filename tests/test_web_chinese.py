"""A page in Chinese says what it says in Chinese (E1)."""

import contextlib
import os
import re
import shutil
import subprocess

import pytest

from lab.looks import keep_picture
from lab.wait import until

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
      if (element.closest("code, script, [lang=en], .aor, .who, time, [id$=-device] option")) continue;
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


PAGES = ["/line/sip", "/line/global", "/status", "/calls", "/contacts", "/audio", "/drill", "/journal", "/network", "/trace", "/system", "/system/log", "/nothing"]


def item_names(phone):
    """What items are called, which is said in no language."""
    return sorted({re.sub(r"^SIP\d+ ", "", item) for item in phone.json("config", "list")["items"]}, key=len, reverse=True)


def test_no_page_in_chinese_has_english_sentences(world, browser, make_site):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    names = item_names(phone)
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
    assert english(browser, item_names(phone)) == []
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
    names = item_names(phone)
    assert english(browser, names) == []


def test_what_is_wrong_with_a_port_a_certificate_or_a_server_of_files_is_said_in_chinese(world, browser, make_site, tmp_path):
    """What the system says of the usual faults is said in Chinese, too, not quoted in English."""
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    names = item_names(phone)
    browser.first_visit(site, "zh")
    with phone.namespace.socket() as taken:
        taken.bind(("0.0.0.0", 5077))
        browser.go("/network")
        browser.fill(sip__port="5077")
        browser.press("提交")
        browser.sees("UDP 端口 5077 正被另一个程序使用（参数 `SIP Port`）；仍使用端口", ".notice.warn")
        assert english(browser, names) == [] and marked_english(browser) == []
    browser.go("/network")
    browser.fill(sip__port="70000")
    browser.press("提交")
    browser.sees("70000", "#outcome")
    assert english(browser, names) == [] and marked_english(browser) == []
    (tmp_path / "ca.pem").write_text("no certificate")
    for path, said in ((tmp_path / "ca.pem", "其中没有证书"), (tmp_path / "none.pem", "文件不存在"), (tmp_path, "是一个目录")):
        browser.go("/line/global")
        browser.fill(tls_ca_file=str(path))
        browser.press("提交")
        browser.sees(f"无法使用 TLS 设置（参数 `TLS CA File`：`{path}`：{said}）", ".notice.warn")
        assert english(browser, names) == [] and marked_english(browser) == []
    phone.set("TLS CA File=")
    # Nobody listens there; then somebody does who has no such file, or speaks no TLS.
    for server, said in ((f"http://{phone.address}:9", "连接被拒绝"), ("http://nowhere.invalid", "没有地址"),
                         ("ftp://10.0.0.1", "不支持")):
        phone.set(f"Flash Server IP={server}", "Flash File Name=x.cfg")
        browser.go("/system")
        browser.press("立即获取")
        browser.sees(said, "main")
        assert english(browser, names) == [] and marked_english(browser) == [], said


def test_what_is_wrong_with_a_file_or_a_session_is_said_in_chinese(world, browser, make_site, tmp_path):
    """Files that are none, too large or broken; a wrong password; a form whose session is over."""
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    names = item_names(phone)
    browser.first_visit(site, "zh")

    def sends(page, button, content, said):
        file = tmp_path / "file"
        file.write_bytes(content)
        browser.go(page)
        browser.driver.find_element("id", "file").send_keys(str(file))
        browser.tap(button)
        browser.sees(said, "#imported.bad")
        assert english(browser, names) == [] and marked_english(browser) == [], browser.text("#imported")

    sends("/system", "恢复", b"\x89PNG\r\n\x1a\n", "不是")
    sends("/system", "恢复", b"<sysConf><sip>", "XML 格式有误")
    sends("/system", "恢复", b"<html></html>", "根元素")
    sends("/system", "恢复", b"<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\nSIP1 Proxy Port :70000\n<<END OF FILE>>\n", "`70000` 不符合要求")
    sends("/system", "恢复", b"x" * 5_000_000, "超过")
    sends("/contacts", "导入文件", b"\xff\xfe", "不是 UTF-8")
    sends("/contacts", "导入文件", b"name,number\nBob,\n", "号码")
    sends("/contacts", "导入文件", b"nothing\n", "表头")
    sends("/contacts", "导入文件", b"x" * 9_000_000, "超过话机允许的大小")
    browser.go("/system")
    browser.fill(own="not the one", secrets=True)
    browser.press("下载")
    browser.sees("密码错误", "main")
    assert english(browser, names) == [] and marked_english(browser) == []
    # The session ends elsewhere, and then the form is sent, with its script and without.
    browser.go("/contacts")
    browser.fill(name="Bob", numbers="1002")
    browser.driver.delete_cookie("phoned_session")
    browser.press("添加联系人")
    browser.sees("您的登录已失效，未作任何更改。", "main")
    assert english(browser, names) == [] and marked_english(browser) == []
    assert phone.json("contact", "list")["contacts"] == []
    browser.go("/login")
    browser.log_in(password="wrong horse", language="zh")
    browser.sees("用户名或密码错误", "main")
    for _ in range(5):
        browser.log_in(password="wrong horse", language="zh")
    browser.sees("失败次数过多", "main")
    assert english(browser, names) == [] and marked_english(browser) == []


@contextlib.contextmanager
def full_disk(phone):
    """The phone's state on a disk of its own that has no room left."""
    phone.stop()
    kept = phone.state + "-before"
    os.rename(phone.state, kept)
    os.mkdir(phone.state, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", phone.state], check=True)
    try:
        shutil.copytree(kept, phone.state, dirs_exist_ok=True)
        phone.start()
        with contextlib.suppress(OSError), open(os.path.join(phone.state, "ballast"), "wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        yield
    finally:
        phone.kill()
        subprocess.run(["umount", phone.state], check=True)


def test_a_full_disk_is_said_in_chinese_and_nothing_of_the_form_is_lost(world, browser, make_site):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    names = item_names(phone)
    browser.first_visit(site, "zh")
    with full_disk(phone):
        until(lambda: site.request("GET", "/health")[0] == 200, "the page again")
        browser.go("/line/sip")
        browser.fill(display_name="after " * 20, register_pswd="secret-1001" * 9)
        browser.press("提交")
        browser.sees("磁盘已满", "main")
        assert browser.value("#display-name").startswith("after"), "nothing of the form is lost"
        assert english(browser, names) == [] and marked_english(browser) == []
