"""The page Trace, the quality of calls and the metrics: in a real browser, in Wireshark's own reader, and as Prometheus reads
them (E1, F9, F10)."""

import json
import re
import subprocess

import pytest

from lab.browser import PASSWORD
from lab.kamailio import Variant
from lab.looks import check_page, keep_picture
from lab.phone import binary
from lab.wait import TimedOut, until

WORDS = {
    "en": {"primary": "SIP Proxy", "phone": "this phone", "mos": "Mean opinion", "loss": "Lost or too late"},
    "zh": {"primary": "SIP 代理服务器", "phone": "本机", "mos": "MOS 估计值", "loss": "丢失或迟到"},
}


def labels(browser):
    """What stands at the arrows of the ladder, from the top."""
    return browser.driver.execute_script("return [...document.querySelectorAll('#ladder a .label')].map((label) => label.textContent)")


def token(browser, role):
    """An access token, made on the page System."""
    browser.go("/system")
    browser.fill(token_name=role, token_role=role)
    browser.click("form[action='/system/tokens'] button")
    # In one step, because the page is another one in the middle of it.
    text = "return document.querySelector('main')?.innerText ?? ''"
    return until(lambda: re.search(r"[0-9a-f]{64}", browser.driver.execute_script(text)), "a token").group()


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
    link = browser.driver.execute_script("const link = document.querySelectorAll('#ladder a')[2]; link.focus(); return link.id")
    browser.type("\ue007")
    browser.sees("REGISTER sip:example.test", "dialog[open]")
    text = browser.text("dialog[open] pre")
    assert 'Authorization: Digest response="********"' in text and "nonce=" not in text, text
    keep_picture(browser, f"trace-message-{language}")
    assert browser.violations() == []
    browser.click("dialog[open] form button")
    until(lambda: not browser.has("dialog[open]"), "it closes")
    focused = browser.driver.execute_script("return document.activeElement.id")
    assert focused == link, "the focus is where it was"
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
    browser.choose("call", "INVITE 1002@")
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
    phone = world.phone(transport=transport)
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
    browser.click("#secrets")
    browser.fill(own="wrong horse")
    browser.press("Download")
    browser.sees("The password is wrong.", "#outcome")
    # The same form, sent by hand: what a browser downloads cannot be read from here.
    mark = browser.value("[name=csrf]")
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


@pytest.mark.parametrize("language", ["en", "zh"])
def test_how_a_call_sounds_is_drawn_while_it_goes_on_and_counted_when_it_is_over(world, browser, make_site, language):
    words = WORDS[language]
    phone, other = world.phone("1001", web=True, impaired=True), world.phone("1002", auto_answer=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    browser.size(1400)
    browser.first_visit(site, language)
    phone.namespace.path.set("down", loss=0.15)
    call = until(lambda: _dialled(phone), "a call in spite of the loss", 40, 0.1)
    browser.go("/calls")
    news = [phone.events.wait("quality", timeout=15, id=call)]
    news.append(phone.events.wait("quality", timeout=15, id=call, where=lambda e: e["mono_ms"] > news[0]["mono_ms"]))
    assert abs(news[1]["mono_ms"] - news[0]["mono_ms"] - 5000) < 300, "every five seconds"
    lossy = news[1]
    assert 5 < lossy["recent_loss_percent"] < 30 and 1 <= lossy["recent_mos"] < 3.8, lossy
    until(lambda: browser.has(".spark rect") >= 2, "an interval a bar")
    browser.sees(words["mos"], ".quality")
    browser.sees(words["loss"], ".quality")
    shown = browser.attribute(".quality", "data-quality")
    assert shown in ("warn", "bad"), shown
    wrong = check_page(browser, f"quality {language}", [(360, False), (360, True), (1400, False), (1400, True)])
    assert wrong == [], "\n".join(wrong[:5])
    browser.go("/status")
    browser.sees(words["mos"], ".quality")
    phone.namespace.path.set()
    # The loss is over, and the page says so by itself.
    healed = phone.events.wait("quality", timeout=20, id=call, where=lambda e: e["recent_loss_percent"] == 0)
    assert healed["recent_mos"] > 4 and healed["mos"] < healed["recent_mos"], healed
    until(lambda: browser.has(".spark rect.good"), "a good interval")
    phone.hangup(call)
    last = phone.events.wait("quality", id=call, over=True)
    kept = until(lambda: phone.call(call)["quality"], "the quality of the call that is over")
    assert kept["mos"] == last["mos"]
    assert browser.complaints() == []
    figures = metrics(site, token(browser, "user"))
    assert figures["phoned_call_mos_count"] == 1 and abs(figures["phoned_call_mos_sum"] - last["mos"]) < 1e-6
    assert figures["phoned_call_loss_ratio_sum"] == pytest.approx(last["loss_percent"] / 100)


def _dialled(phone):
    """A call that is up, tried anew where the loss has ended it."""
    call = phone.dial("1002")
    try:
        phone.call_in("active", call, timeout=15)
    except TimedOut:
        return None
    return call


def metrics(site, bearer):
    """The figures that Prometheus would read, by name and labels."""
    status, headers, text = site.request("GET", "/metrics", {"Authorization": f"Bearer {bearer}"})
    assert status == 200 and headers["Content-Type"].startswith("application/openmetrics-text") and text.endswith("# EOF\n")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_metrics_tell_how_long_servers_and_registrations_take(world, browser, make_site):
    phone = world.phone(web=True, impaired=True, line={"Signal_Retry_Counts": 1})
    site = make_site(phone)
    phone.settled(world.primary_address)
    browser.first_visit(site)
    bearer = token(browser, "user")
    hop = lambda address, of: f'phoned_hop_round_trip_seconds_{of}{{hop="udp:{address}:5060"}}'
    before = metrics(site, bearer)
    assert before["phoned_registration_seconds_count"] == 1 and before[hop(world.primary_address, "count")] >= 3
    phone.namespace.path.set(delay=0.1)
    mark = phone.events.mark()
    phone.ctl("account", "register", "1")
    def refreshed():
        now = metrics(site, bearer)
        return now if now["phoned_registration_seconds_count"] == 2 else None
    slow = until(refreshed, "the registration over the slow path is counted")
    took = slow["phoned_registration_seconds_sum"] - before["phoned_registration_seconds_sum"]
    assert 0.2 <= took < 0.9, took
    phone.namespace.path.set()
    world.primary.kill()
    phone.ctl("account", "register", "1")
    phone.events.wait("failover", since=mark)
    phone.registered(world.backup_address)
    after = metrics(site, bearer)
    assert after[hop(world.backup_address, "count")] >= 1
    assert sum(value for name, value in after.items() if name.startswith("phoned_failovers_total{")) >= 1
    assert after['phoned_line_on_backup{line="1"}'] == 1 and after["phoned_process_resident_bytes"] > 1e6
    table = phone.ctl("timing").stdout
    assert f"round trip udp:{world.backup_address}:5060" in table and "registration" in table, table
