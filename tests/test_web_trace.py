"""The page Trace, the quality of calls and the metrics: in a real browser, in Wireshark's own reader, and as Prometheus reads
them (E1, F9, F10)."""

import json
import re
import subprocess

import pytest

from lab.browser import PASSWORD, Browser, Site
from lab.kamailio import Variant
from lab.phone import binary, line_items
from lab.wait import until
from test_web import check_page, keep_picture

WORDS = {
    "en": {"primary": "SIP Proxy", "phone": "this phone"},
    "zh": {"primary": "SIP 代理服务器", "phone": "本机"},
}


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


def labels(browser):
    """What stands at the arrows of the ladder, from the top."""
    return browser.driver.execute_script("return [...document.querySelectorAll('#ladder a .label')].map((label) => label.textContent)")


def token(browser, role):
    """An access token, made on the page System."""
    browser.go("/system")
    browser.fill(token_name=role, token_role=role)
    browser.driver.find_element("css selector", "form[action='/system/tokens'] button").click()
    return until(lambda: re.search(r"[0-9a-f]{64}", browser.text("main")), "a token").group()


def tshark(path, fields, filter="sip"):
    """The fields of every packet that Wireshark's reader takes for SIP."""
    options = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(["tshark", "-r", path, "-Y", filter, "-T", "fields", "-E", "separator=|", *options],
                          capture_output=True, text=True, check=True)
    return [line.split("|") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_failover_is_seen_as_a_ladder_while_it_happens_and_each_message_opens_without_its_secrets(
        world, browser, make_site, language):
    words = WORDS[language]
    phone = world.phone(web=True, line={"Signal_Retry_Counts": 1})
    site = make_site(phone)
    phone.settled(world.primary_address)
    browser.size(1400)
    browser.first_visit(site, language)
    browser.go("/trace")
    until(lambda: "200 REGISTER" in labels(browser), "the registration is there")
    assert labels(browser)[:2] == ["REGISTER", "401 REGISTER"]
    heads = browser.driver.execute_script("return [...document.querySelectorAll('.ladder .peer')].map((text) => text.textContent)")
    assert heads[:2] == [words["phone"], words["primary"]]
    # The second REGISTER has credentials.
    link = browser.driver.find_elements("css selector", "#ladder a")[2]
    browser.driver.execute_script("arguments[0].focus()", link)
    browser.driver.switch_to.active_element.send_keys("\ue007")
    browser.sees("REGISTER sip:example.test", "dialog[open]")
    text = browser.text("dialog[open] pre")
    assert 'Authorization: Digest response="********"' in text and "nonce=" not in text, text
    keep_picture(browser, f"trace-message-{language}")
    assert browser.violations() == []
    browser.driver.find_element("css selector", "dialog[open] form button").click()
    until(lambda: not browser.driver.find_elements("css selector", "dialog[open]"), "it closes")
    focused = browser.driver.execute_script("return document.activeElement.id")
    assert focused == link.get_attribute("id"), "the focus is where it was"
    world.primary.kill()
    phone.ctl("account", "register", "1")
    phone.registered(world.backup_address)
    until(lambda: labels(browser).count("200 REGISTER") == 2 and len(set(_columns(browser))) == 2, "the backup's column is in use")
    wrong = check_page(browser, f"trace {language}", [(360, False), (360, True), (1400, False), (1400, True)])
    assert wrong == [], "\n".join(wrong)
    assert browser.complaints() == []


def _columns(browser):
    """The far end of each arrow."""
    return browser.driver.execute_script(
        "return [...document.querySelectorAll('#ladder a line')].map((l) => Math.max(parseFloat(l.getAttribute('x1')), parseFloat(l.getAttribute('x2'))))")


def test_the_ladder_shows_one_line_or_one_call_if_asked(world, browser, make_site):
    phone, other = world.phone("1001", web=True), world.phone("1002", auto_answer=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    call = phone.dial("1002")
    phone.call_in("active", call)
    phone.hangup(call)
    browser.first_visit(site)
    browser.go("/trace")
    until(lambda: "200 BYE" in labels(browser), "the end of the call")
    assert "REGISTER" in labels(browser)
    option = browser.driver.find_element("xpath", "//select[@id='call']/option[contains(., 'INVITE 1002@')]")
    option.click()
    until(lambda: browser.path().startswith("/trace?line=&call="), "the choice is shown")
    shown = until(lambda: labels(browser), "messages")
    assert {"INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"} <= set(shown) and "REGISTER" not in shown
    # What comes later and is of another call stays out, also live.
    phone.ctl("account", "register", "1")
    again = phone.dial("1002")
    phone.call_in("active", again)
    browser.go(browser.path())
    assert labels(browser) == shown
    for line, there in (("1", True), ("2", False)):
        browser.go(f"/trace?line={line}")
        assert bool(labels(browser)) == there


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_the_capture_file_is_sip_to_wireshark_whatever_carried_it(make_world, tmp_path, transport):
    world = make_world(Variant(transports=("udp", transport) if transport != "udp" else ("udp",)))
    number, port = {"udp": (0, 5060), "tcp": (1, 5060), "tls": (3, 5061)}[transport]
    items = line_items("1001", world.primary_address, world.backup_address, Transport=number, Proxy_Port=port, BakProxy_Port=port)
    if transport == "tls":
        items["TLS CA File"] = world.pki.ca
    phone = world.phone(items=items)
    phone.registered(world.primary_address, transport=transport)
    path = str(tmp_path / "trace.pcapng")
    phone.ctl("trace", "--pcap", path)
    packets = tshark(path, ["sip.Method", "sip.Status-Code", "sip.CSeq.method", "ip.src", "exported_pdu.ipv4_src", "sip.auth"])
    shown = [(method or code, cseq) for method, code, cseq, *_ in packets]
    assert shown[:4] == [("REGISTER", "REGISTER"), ("401", "REGISTER"), ("REGISTER", "REGISTER"), ("200", "REGISTER")], packets
    sources = [udp or other for _, _, _, udp, other, _ in packets[:4]]
    assert sources == [phone.address, world.primary_address] * 2
    with open(path, "rb") as f:
        file = f.read()
    assert b'Authorization: Digest response="********"' in file and b"username=" not in file
    assert tshark(path, ["frame.number"], "_ws.malformed") == []
    phone.ctl("trace", "--pcap", path, "--with-secrets")
    with open(path, "rb") as f:
        assert b"username=" in f.read()


def test_messages_with_secrets_need_an_administrator_and_the_password_and_are_written_down(world, browser, make_site, tmp_path):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    browser.first_visit(site)
    admin, user = token(browser, "admin"), token(browser, "user")
    as_ = lambda who: {"Authorization": f"Bearer {who}"}
    assert site.request("GET", "/api/v1/trace", as_(user))[0] == 403
    status, _, text = site.request("GET", "/api/v1/trace?last=4", as_(admin))
    messages = json.loads(text)["trace"]["messages"]
    assert status == 200 and len(messages) == 4 and "username=" not in text
    browser.go("/trace")
    browser.driver.find_element("id", "secrets").click()
    browser.fill(own="wrong horse")
    browser.press("Download")
    browser.sees("The password is wrong.", "#outcome")
    # The same form, sent by hand: what a browser downloads cannot be read from here.
    mark = browser.driver.find_element("name", "csrf").get_attribute("value")
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in browser.driver.get_cookies())
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    send = lambda more: site.request("POST", "/trace/capture", headers, f"csrf={mark}&line=&call={more}")
    status, answer, text = send("")
    assert status == 200 and "phoned.pcapng" in answer["Content-Disposition"] and "username=" not in text
    status, _, text = send(f"&with_secrets=1&current={PASSWORD.replace(' ', '+')}")
    assert status == 200 and "username=" in text
    browser.go("/system")
    browser.sees("downloaded SIP messages with secrets")


def test_messages_are_followed_as_they_pass(world, tmp_path):
    phone = world.phone()
    phone.settled(world.primary_address)
    followed = tmp_path / "followed.json"
    with open(followed, "w") as f:
        follower = subprocess.Popen([binary("phonectl"), "--control", phone.control, "--json", "trace", "--follow"], stdout=f)
    try:
        def methods():
            # What passes before it follows is not told.
            phone.ctl("account", "register", "1")
            messages = [json.loads(line) for line in followed.read_text().splitlines(keepends=True) if line.endswith("\n")]
            return messages if ("received", 200) in {(m["way"], m["code"]) for m in messages} else None
        messages = until(methods, "a registration is followed", 10, 0.3)
        ids = [message["id"] for message in messages]
        assert ids == sorted(set(ids)) and all("username=" not in m["text"] for m in messages)
        assert ("sent", "REGISTER") in {(m["way"], m["method"]) for m in messages}
    finally:
        follower.kill()
        follower.wait()
