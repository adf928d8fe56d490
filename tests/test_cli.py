"""The command line: help for everything, one clear line for every mistake."""

import json

import pytest

from lab.farend import Talker
from lab import sip
from lab.phone import binary
from lab.proc import Proc, run
from lab.wait import until

COMMANDS = [[], ["account"], ["account", "list"], ["account", "show"], ["account", "register"], ["account", "unregister"],
            ["call"], ["call", "dial"], ["call", "list"], ["call", "answer"], ["call", "reject"], ["call", "hangup"],
            ["call", "hold"], ["call", "resume"], ["call", "dtmf"], ["call", "transfer"], ["config"], ["config", "get"],
            ["config", "set"], ["config", "import"], ["config", "export"], ["config", "list"], ["config", "check"], ["journal"], ["drill"],
            ["drill", "start"], ["drill", "stop"], ["watch"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command):
    done = run([binary("phonectl"), *command, "--help"])
    assert "Usage:" in done.stdout


def test_the_daemon_has_help_for_every_option():
    text = run([binary("phoned"), "run", "--help"]).stdout
    for option in ("--state", "--provision", "--audio", "--control", "--web", "--auto-answer", "--log", "--log-format"):
        assert option in text


@pytest.mark.parametrize("argv,named", [
    (["--bogus"], "--bogus"), (["calls"], "calls"), (["call", "dial"], "URI"), (["account", "register", "x"], "x")])
def test_a_wrong_argument_is_named(argv, named):
    done = run([binary("phonectl"), *argv], check=False)
    assert done.returncode != 0 and named in done.stderr and not done.stdout


def test_a_daemon_that_is_not_there_is_named_by_its_socket(tmp_path):
    done = run([binary("phonectl"), "--control", tmp_path / "nothing.sock", "account", "list"], check=False)
    assert done.returncode != 0 and "nothing.sock" in done.stderr and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("argv,named", [
    (["account", "show", "9"], "9"), (["call", "answer", "nobody"], "nobody"), (["call", "hangup", "nobody"], "nobody"),
    (["call", "dtmf", "nobody", "12"], "nobody"), (["call", "dial", "sip:"], "sip:"),
    (["config", "import", "/nonexistent.cfg"], "/nonexistent.cfg")])
def test_a_wrong_object_is_named(world, argv, named):
    phone = world.phone()
    done = phone.ctl(*argv, check=False)
    assert done.returncode != 0 and named in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_every_json_answer_is_one_object_with_the_promised_fields(world):
    caller, callee = world.phone("1001"), world.phone("1002", auto_answer=True)
    account = caller.settled(world.primary_address)
    callee.registered()
    assert set(account) >= {"line", "aor", "state", "hop", "on_primary", "since", "expires_in_s", "hops"}
    assert account["aor"] == "sip:1001@example.test"
    assert set(account["hops"][0]) >= {"hop", "server", "state", "cause", "since"}
    call = caller.dial("sip:1002@example.test")
    active = caller.call_in("active", call)
    assert set(active) >= {"id", "line", "direction", "remote", "state", "hop", "duration_s", "codec"}
    assert (active["direction"], active["remote"]) == ("out", "sip:1002@example.test")
    assert active["codec"] in ("PCMA", "PCMU")
    caller.hangup(call)
    ended = caller.call_in("ended", call)["ended"]
    assert ended["by"] == "local"
    event = caller.events.wait("call")
    assert event["t"].endswith("Z") and isinstance(event["mono_ms"], (int, float))
    assert caller.json("journal")["entries"] == []


def test_whoever_watches_is_told_each_event_as_it_happens(world):
    phone = world.phone()
    phone.settled(world.primary_address)
    argv = [binary("phonectl"), "--control", phone.control]
    objects = Proc("watch as JSON", [*argv, "--json", "watch"], world.file("objects"))
    words = Proc("watch", [*argv, "watch"], world.file("words"))

    def told():
        # What happens before they watch is not told to them.
        phone.ctl("account", "register", "1")
        return "registered" in objects.output() and "registered" in words.output()
    until(told, "both are told of a registration", every=0.3)
    seen = [json.loads(line) for line in objects.output().splitlines(keepends=True) if line.endswith("\n")]
    until(lambda: seen[-1] in phone.events.all, "they are told by the socket, too")
    first = phone.events.all.index(seen[0])
    assert seen == phone.events.all[first:first + len(seen)]
    phone.stop()
    for watcher in (objects, words):
        until(lambda: not watcher.running(), "it ends with the phone")


def test_the_text_says_in_words_why_the_line_is_at_its_backup(world):
    phone = world.phone()
    phone.settled(world.primary_address)
    world.primary.kill()
    phone.ctl("account", "register", "1")
    phone.registered(world.backup_address)
    text = phone.ctl("account", "list").stdout.lower()
    for words in ("backup", world.backup_address, "primary", world.primary_address, "icmp port unreachable"):
        assert words in text, text


def test_digits_leave_as_telephone_events(make_world):
    world = make_world(None)
    hop = world.registrar("primary", "n1")
    world.registrar("backup", "n2")
    phone = world.phone("1001")
    phone.registered()
    talker = Talker(world.network.core, hop.address, 30000)
    call = phone.dial("1002")
    invite = hop.expect("INVITE")
    assert "telephone-event/8000" in invite.message.body.decode()
    description = sip.sdp(hop.address, 30000).replace(b"RTP/AVP 8", b"RTP/AVP 8 101") + b"a=rtpmap:101 telephone-event/8000\r\n"
    hop.answer(invite, 200, "OK", body=description)
    hop.expect("ACK")
    phone.call_in("active", call)
    talker.talk_to(invite.message.body)
    phone.ctl("call", "dtmf", call, "1#")

    def events():
        return [p.rtp[3][0] for p in phone.capture.packets()
                if p.rtp and p.src == phone.address and p.rtp[0] == 101 and p.rtp[3][1] & 0x80]
    until(lambda: 1 in events() and 11 in events(), "the digits 1 and #")
    talker.close()
    phone.hangup(call, wait=False)
    hop.answer(hop.expect("BYE"), 200, "OK")
