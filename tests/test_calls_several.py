"""Several calls of one user: the first is on hold before the second is sent; what the call log makes of calls that nobody has
missed, and of one that the phone did not live to see end (F7; RFC 3264 §8.4, RFC 3326)."""

import pytest

from lab import sip
from lab.wait import until


def media(peer):
    """A description of a peer that hears nothing."""
    return sip.sdp(peer.address, 30000)


def test_a_second_call_is_dialled_when_the_first_is_on_hold_and_resuming_takes_turns(world):
    phone, first, second = world.phone("1001"), world.phone("1002"), world.phone("1003")
    phone.settled(world.primary_address)
    first.registered()
    second.registered()
    one = phone.dial("1002")
    first.ctl("call", "answer", first.call_in("ringing")["id"])
    phone.call_in("active", one)
    two = phone.dial("1003")
    second.ctl("call", "answer", second.call_in("ringing")["id"])
    phone.call_in("active", two)
    assert phone.call(one)["state"] == "held" and first.call_in("remote_held")
    invites = [p for p in phone.capture.sip(method="INVITE", src=phone.address) if b"1003@" in p.payload.split(b"\r\n")[0]]
    held = phone.capture.sip(status=200, cseq_method="INVITE", dst=phone.address)[1]
    assert invites[0].t > held.t, "the hold is agreed to first"
    phone.ctl("call", "resume", one)
    phone.call_in("active", one)
    assert phone.call(two)["state"] == "held" and second.call_in("remote_held")


def test_where_hold_is_refused_the_second_call_is_not_made_and_says_why(make_world):
    world = make_world(None)
    server = world.registrar("primary", "n1")
    phone = world.phone("1001")
    phone.registered(server.address)
    one = phone.dial("1002")
    server.answer(server.expect("INVITE"), 200, "OK", "a", body=media(server))
    server.expect("ACK")
    phone.call_in("active", one)
    two = phone.dial("1003")
    hold = server.expect("INVITE")
    assert hold.message.tag("To") == "a" and phone.call(two)["state"] == "dialing"
    server.answer(hold, 488, "Not Acceptable Here")
    ended = phone.call_in("ended", two)["ended"]
    assert ended["by"] == "failure" and f"call {one} could not be put on hold" in ended["reason"]
    assert phone.call(one)["state"] == "active" and "hold did not take" in phone.call(one)["note"]
    assert all(b"1003" not in r.message.start.encode() for r in server.seen("INVITE")), "nobody else was called"


def log(phone, count):
    """The latest entries of a phone's log, once there are so many."""
    def entries():
        found = phone.json("call", "log")["call_log"]
        return found if len(found) == count else None
    return until(entries, f"{count} calls in the log")


REQUEST = """{method} sip:1001@{phone} SIP/2.0
Via: SIP/2.0/UDP {via};branch=z9hG4bK{call}
Max-Forwards: 70
From: <sip:1002@example.test>;tag=caller
To: <sip:1001@example.test>
Call-ID: {call}
CSeq: 1 {method}
Contact: <sip:1002@{via}>
{more}
"""


def send(server, phone, call, method, more, body=b""):
    """Sends a request of a call that comes in."""
    text = REQUEST.format(method=method, phone=f"{phone.address}:5060", via=f"{server.address}:5060", call=call, more=more)
    message = sip.Message.parse(text.replace("\n", "\r\n").encode())
    message.body = body
    server.send(message, (phone.address, 5060))


def test_a_call_that_was_answered_elsewhere_is_not_missed(make_world):
    world = make_world(None)
    server = world.registrar("primary", "n1")
    phone = world.phone("1001")
    phone.registered(server.address)
    for call, more in (("elsewhere", 'Reason: SIP;cause=200;text="Call completed elsewhere"\n'), ("given-up", "")):
        send(server, phone, call, "INVITE", "Content-Type: application/sdp\n", media(server))
        phone.call_in("ringing")
        send(server, phone, call, "CANCEL", more)
        until(lambda: not [c for c in phone.calls() if c["state"] == "ringing"], "it rings no longer")
    assert [call["kind"] for call in log(phone, 2)] == ["missed", "elsewhere"]


def test_a_call_that_never_rang_is_refused_and_not_missed(world, browser, make_site):
    phone, caller = world.phone("1001", web=True), world.phone("1002")
    site = make_site(phone)
    phone.settled(world.primary_address)
    caller.registered()
    phone.ctl("config", "set", "P1 DND=1")
    caller.dial("1001")
    turned_away = log(phone, 1)[0]
    assert (turned_away["kind"], turned_away["code"]) == ("refused", 480) and "1002@" in turned_away["remote"]
    assert phone.calls() == [], "it is not listed"
    browser.first_visit(site)
    browser.go("/calls")
    browser.sees("refused", "[data-logged]")
    assert "missed" not in browser.text("#log")


def test_a_call_that_is_up_when_the_phone_is_killed_is_in_the_log_and_leads_to_its_messages(world, browser, make_site):
    phone, other = world.phone("1001", web=True), world.phone("1002")
    site = make_site(phone)
    phone.settled(world.primary_address)
    other.registered()
    phone.dial("1002")
    other.ctl("call", "answer", other.call_in("ringing")["id"])
    phone.call_in("active")
    # Whoever told it did not wait for that.
    until(lambda: phone.remembered("calls/"), "it is written")
    phone.kill()
    phone.start()
    phone.registered()
    lost = log(phone, 1)[0]
    assert (lost["kind"], lost["cut_off"]) == ("dialled", True) and "1002@" in lost["remote"]
    # What the phone had recorded is gone with it; the next call's messages are there.
    other.hangup()
    other.dial("1001")
    phone.call_in("ringing")
    other.ctl("call", "hangup")
    latest = log(phone, 2)[0]
    browser.first_visit(site)
    browser.go("/calls")
    browser.sees("(the phone stopped)", "#log")
    browser.click("[data-traced]")
    until(lambda: browser.path().startswith("/trace?call="), "the trace is open")
    messages = phone.json("trace", "--call", latest["call_id"])["trace"]["messages"]
    assert {m["call_id"] for m in messages} == {latest["call_id"]}
    browser.sees("INVITE", "#ladder")


@pytest.mark.parametrize("language, said", [("en", "a number, user@host or a SIP URI"), ("zh", "号码、user@host 或 SIP URI")])
def test_a_forwarding_number_that_is_no_address_is_an_error_at_its_field(world, browser, make_site, language, said):
    phone = world.phone(web=True)
    site = make_site(phone)
    phone.settled(world.primary_address)
    refused = phone.ctl("config", "set", "SIP1 Always FWD Num=not an address", check=False)
    assert refused.returncode != 0 and "SIP1 Always FWD Num" in refused.stderr and "is not a number, user@host" in refused.stderr
    browser.first_visit(site, language)
    browser.go("/line/sip")
    browser.driver.execute_script("document.querySelector('details').open = true")
    browser.fill(always_fwd_num="not an address")
    browser.press({"en": "Submit", "zh": "提交"}[language])
    browser.sees(said, ".field.wrong")
    assert browser.value("#always-fwd-num") == "not an address"
    assert phone.json("config", "get", "SIP1 Always FWD Num")["items"] == {"SIP1 Always FWD Num": ""}
