//! The command line as its users meet it: the program is run against a small phone that takes one
//! request and answers what the test says. Requests, text, JSON, errors and exit status are compared
//! as they are.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};

/// A phone that takes one request. It ends when it has answered, or when nobody has asked.
struct Phone {
    directory: tempfile::TempDir,
    thread: JoinHandle<String>,
}

impl Phone {
    fn answering(lines: &[Value]) -> Self {
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        Self::saying(text)
    }

    fn saying(text: String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("sock")).unwrap();
        let thread = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            // A client that wants no more may have gone already.
            let _ = stream.write_all(text.as_bytes());
            request
        });
        Self { directory, thread }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("sock")
    }

    /// Runs a command against it; returns the request and what came of it.
    fn run(self, arguments: &[&str], input: &str) -> (Value, Output) {
        let output = phonectl(&self.socket(), arguments, input);
        if !output.status.success() {
            // Had the command not asked, the phone would wait for ever.
            drop(UnixStream::connect(self.socket()));
        }
        let request = self.thread.join().unwrap();
        (serde_json::from_str(&request).unwrap_or(Value::Null), output)
    }
}

fn phonectl(socket: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_phonectl"))
        .env("PHONED_CONTROL", socket)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn account() -> Value {
    json!({
        "line": 1, "aor": "sip:1001@example.test", "state": "registered",
        "hop": "udp:10.0.0.2:5060", "on_primary": false, "since": "2026-11-22T14:02:00.123Z",
        "expires_in_s": 3540,
        "hops": [
            {"hop": "udp:10.0.0.1:5060", "server": "proxy", "state": "unavailable",
             "cause": "icmp port unreachable", "since": "2026-11-22T14:02:00.000Z"},
            {"hop": "udp:10.0.0.2:5060", "server": "backup_proxy", "state": "available",
             "cause": null, "since": "2026-11-22T14:02:00.123Z"},
        ],
    })
}

fn call() -> Value {
    json!({
        "id": "c1", "line": 1, "direction": "out", "remote": "sip:1002@example.test",
        "state": "ended", "hop": "udp:10.0.0.2:5060", "duration_s": 65, "codec": "PCMA",
        "quality": {
            "mos": 4.21, "loss_percent": 0.8, "jitter_ms": 3.5, "round_trip_ms": 40.2,
            "far_loss_percent": null, "far_jitter_ms": null, "recent_mos": null,
            "recent_loss_percent": 0.0,
        },
        "ended": {"by": "remote", "code": 200, "reason": "OK"},
    })
}

#[test]
fn every_verb_becomes_the_request_of_the_protocol() {
    for (arguments, request) in [
        (&["account", "list"][..], json!({"account": {"verb": "list"}})),
        (&["account", "show", "2"], json!({"account": {"verb": "show", "line": 2}})),
        (&["account", "register", "2"], json!({"account": {"verb": "register", "line": 2}})),
        (&["account", "unregister", "2"], json!({"account": {"verb": "unregister", "line": 2}})),
        (&["call", "dial", "1002"], json!({"call": {"verb": "dial", "target": "1002"}})),
        (
            &["call", "dial", "--line", "2", "sip:a@b"],
            json!({"call": {"verb": "dial", "line": 2, "target": "sip:a@b"}}),
        ),
        (&["call", "list"], json!({"call": {"verb": "list"}})),
        (&["call", "answer"], json!({"call": {"verb": "answer"}})),
        (&["call", "answer", "c1"], json!({"call": {"verb": "answer", "id": "c1"}})),
        (&["call", "reject", "c1"], json!({"call": {"verb": "reject", "id": "c1"}})),
        (&["call", "hangup"], json!({"call": {"verb": "hangup"}})),
        (&["call", "hold", "c1"], json!({"call": {"verb": "hold", "id": "c1"}})),
        (&["call", "resume", "c1"], json!({"call": {"verb": "resume", "id": "c1"}})),
        (
            &["call", "dtmf", "c1", "1*#"],
            json!({"call": {"verb": "dtmf", "id": "c1", "digits": "1*#"}}),
        ),
        (
            &["call", "transfer", "c1", "1003"],
            json!({"call": {"verb": "transfer", "id": "c1", "target": "1003"}}),
        ),
        (
            &["call", "transfer", "c1", "--to", "c2"],
            json!({"call": {"verb": "transfer_to", "id": "c1", "to": "c2"}}),
        ),
        (
            &["config", "get", "SIP  Port", "sip1 proxy addr"],
            json!({"config": {"verb": "get", "items": ["SIP  Port", "sip1 proxy addr"]}}),
        ),
        (
            &["config", "set", "SIP1 Proxy Addr=h", "SIP1 Register Pswd=a=b"],
            json!({"config": {"verb": "set",
                "items": {"SIP1 Proxy Addr": "h", "SIP1 Register Pswd": "a=b"}}}),
        ),
        (
            &["config", "import", "-"],
            json!({"config": {"verb": "import", "document": {"text": "from standard input\r\n"}}}),
        ),
        (
            &["config", "export"],
            json!({"config": {"verb": "export", "format": "text", "with_secrets": false}}),
        ),
        (
            &["config", "export", "--format", "xml", "--with-secrets"],
            json!({"config": {"verb": "export", "format": "xml", "with_secrets": true}}),
        ),
        (&["config", "list"], json!({"config": {"verb": "list"}})),
        (&["config", "check"], json!({"config": {"verb": "check"}})),
        (&["config", "check", "--line", "2"], json!({"config": {"verb": "check", "line": 2}})),
        (&["journal"], json!({"journal": {}})),
        (
            &["journal", "--line", "1", "--since", "2026-11-22T13:37:00Z"],
            json!({"journal": {"line": 1, "since": "2026-11-22T13:37:00.000Z"}}),
        ),
        (
            &["drill", "start", "--line", "1", "--hop", "primary", "--for", "2m"],
            json!({"drill": {"verb": "start", "line": 1, "hop": "primary", "for_s": 120}}),
        ),
        (&["drill", "stop"], json!({"drill": {"verb": "stop"}})),
        (&["status"], json!({"status": {}})),
    ] {
        let phone = Phone::answering(&[json!({"ok": {"done": {}}})]);
        let (sent, output) = phone.run(arguments, "from standard input\r\n");
        assert_eq!(sent, request, "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }
}

/// Requirement F11: an updater goes back to the former system by this exit status.
#[test]
fn health_is_an_exit_status_and_says_what_is_wrong() {
    let status = |accounts: Value| {
        let status = json!({"version": "1.2.3", "uptime_s": 5, "accounts": accounts, "calls": []});
        Phone::answering(&[json!({"ok": {"status": status}})])
    };
    let mut failed = account();
    failed["state"] = json!("failed");
    let mut silent = account();
    silent["state"] = json!("disabled");

    let (_, output) = status(json!([account(), silent.clone()])).run(&["health"], "");
    assert_eq!((stdout(&output), output.status.code()), ("healthy: 1 line registered\n", Some(0)));
    let (_, output) = status(json!([])).run(&["health"], "");
    assert_eq!(
        (stdout(&output), output.status.code()),
        ("healthy: no line is configured\n", Some(0))
    );
    let (_, output) = status(json!([failed.clone(), silent])).run(&["health"], "");
    assert_eq!(output.status.code(), Some(1));
    let complaint = "phonectl: not healthy: line 1 cannot register (icmp port unreachable)\n";
    assert_eq!((stdout(&output), stderr(&output)), ("", complaint));

    let (_, output) = status(json!([failed])).run(&["--json", "health"], "");
    let report: Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(report["healthy"], json!(false));
    assert_eq!(report["problems"], json!(["line 1 cannot register (icmp port unreachable)"]));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn health_waits_no_longer_than_it_is_told() {
    let output = phonectl(Path::new("/nowhere/sock"), &["health", "--wait", "1"], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("no phone answers"), "{}", stderr(&output));
}

#[test]
fn json_is_what_stands_under_ok_in_one_line() {
    for payload in [
        json!({"accounts": [account()]}),
        json!({"calls": [call()]}),
        json!({"id": "c1"}),
        json!({"items": {"SIP1 Proxy Addr": "10.0.0.1"}}),
        json!({"entries": []}),
        json!({"done": {}}),
    ] {
        let phone = Phone::answering(&[json!({"ok": payload})]);
        let (_, output) = phone.run(&["--json", "status"], "");
        assert_eq!(serde_json::from_str::<Value>(stdout(&output)).unwrap(), payload);
        assert_eq!(stdout(&output).lines().count(), 1);
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn the_text_says_in_words_why_a_line_is_at_its_backup() {
    let phone = || Phone::answering(&[json!({"ok": {"accounts": [account()]}})]);
    let sentence = "line 1  sip:1001@example.test\n  \
        registered through backup udp:10.0.0.2:5060 since 2026-11-22 14:02:00 UTC, for another \
        3540 s: primary udp:10.0.0.1:5060 unavailable (icmp port unreachable)\n";
    let (_, output) = phone().run(&["account", "list"], "");
    assert_eq!(stdout(&output), sentence);
    let (_, output) = phone().run(&["account", "show", "1"], "");
    let table = "     HOP                SERVER        STATE        SINCE                    CAUSE\n     \
        udp:10.0.0.1:5060  proxy         unavailable  2026-11-22 14:02:00 UTC  icmp port unreachable\n  \
        *  udp:10.0.0.2:5060  backup proxy  available    2026-11-22 14:02:00 UTC\n";
    assert_eq!(stdout(&output), format!("{sentence}{table}"));
}

#[test]
fn the_text_says_once_where_a_line_stands_and_then_what_else_its_note_has() {
    let said = |state: &str, note: &str| {
        let mut account = account();
        (account["state"], account["note"]) = (json!(state), json!(note));
        let phone = Phone::answering(&[json!({"ok": {"accounts": [account]}})]);
        let (_, output) = phone.run(&["account", "list"], "");
        stdout(&output).trim_end().rsplit_once("unreachable)").unwrap().1.to_owned()
    };
    let stands = "registered through backup proxy udp:10.0.0.2:5060: primary unreachable";
    assert_eq!(said("registered", stands), "");
    let more = format!("{stands}; no redundancy left: no other server answers");
    assert_eq!(said("registered", &more), "; no redundancy left: no other server answers");
    let refused = "the server refused the registration: 403 Go Away; ask Bob";
    assert_eq!(said("failed", refused), format!("; {refused}"));
}

#[test]
fn calls_are_a_table_and_what_strangers_wrote_commands_no_terminal() {
    let mut call = call();
    call["remote"] = json!("sip:\u{1b}[2J@h");
    let phone = Phone::answering(&[json!({"ok": {"calls": [call]}})]);
    let (_, output) = phone.run(&["call", "list"], "");
    assert_eq!(
        stdout(&output),
        "ID  LINE  WITH                STATE                              TIME  CODEC  MOS  THROUGH\n\
         c1  1     to sip:\\u{1b}[2J@h  ended by the other party (200 OK)  1:05  PCMA   4.2  \
         udp:10.0.0.2:5060\n"
    );
}

/// Requirement F7.
#[test]
fn sound_devices_are_a_table_and_a_test_says_what_the_microphone_gave() {
    let found =
        json!([{"name": "hw:CARD=Desk", "about": "A desk", "playback": true, "capture": false}]);
    let devices = json!({"device": "alsa", "ear": {"name": "", "there": true},
        "microphone": {"name": "hw:9", "there": false}, "ring": {"name": "", "there": true}, "found": found});
    let phone = Phone::answering(&[json!({"ok": {"audio_devices": devices}})]);
    let (sent, output) = phone.run(&["audio", "devices"], "");
    assert_eq!(sent, json!({"audio": {"verb": "devices"}}));
    assert_eq!(
        stdout(&output),
        "ear         alsa\nmicrophone  hw:9 (not there)\nring        as the ear\nof this machine:\n  \
         hw:CARD=Desk  plays  A desk\n"
    );
    let heard = json!({"verdict": "quiet", "level_db": -47.2, "peak_db": -40.0});
    let test = json!({"part": "microphone", "heard": heard});
    let phone = Phone::answering(&[json!({"ok": {"audio_test": test}})]);
    let (sent, output) = phone.run(&["audio", "test", "microphone"], "");
    assert_eq!(sent, json!({"audio": {"verb": "test", "part": "microphone"}}));
    assert_eq!(
        stdout(&output),
        "speak now: 3 s are recorded, then played at the ear\nmicrophone quiet: -47.2 dB, peak -40.0 dB\n"
    );
}

#[test]
fn configuration_is_shown_in_the_form_that_set_takes() {
    let items = json!({"SIP1 Proxy Addr": "10.0.0.1", "SIP1 Register Pswd": "********"});
    let phone = Phone::answering(&[json!({"ok": {"items": items}})]);
    let (_, output) = phone.run(&["config", "list"], "");
    assert_eq!(stdout(&output), "SIP1 Proxy Addr=10.0.0.1\nSIP1 Register Pswd=********\n");

    let changes = json!({"items": [{"item": "SIP1 Proxy Addr", "old": "", "new": "10.0.0.1"}],
        "kept": 2, "warnings": ["no backup"]});
    let phone = Phone::answering(&[json!({"ok": {"changes": changes}})]);
    let (_, output) = phone.run(&["config", "import", "-"], "x");
    assert_eq!(
        stdout(&output),
        "SIP1 Proxy Addr=10.0.0.1 (was empty)\n2 items kept that this phone does not know\n"
    );
    assert_eq!(stderr(&output), "phonectl: warning: no backup\n");
}

#[test]
fn a_file_goes_out_and_comes_back_octet_for_octet() {
    let phone = Phone::answering(&[json!({"ok": {"document": {"hex": "41c4e30d0a"}}})]);
    let (_, output) = phone.run(&["config", "export"], "");
    assert_eq!(output.stdout, b"A\xc4\xe3\r\n");

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"A\xc4\xe3\r\n").unwrap();
    let phone = Phone::answering(&[json!({"ok": {"done": {}}})]);
    let (sent, _) = phone.run(&["config", "import", file.path().to_str().unwrap()], "");
    assert_eq!(sent["config"]["document"], json!({"hex": "41c4e30d0a"}));
}

fn failover() -> Value {
    json!({"t": "2026-11-22T13:37:00.123Z", "mono_ms": 123.456, "event": "failover", "line": 1,
        "method": "INVITE", "from": "udp:10.0.0.1:5060", "to": "udp:10.0.0.2:5060",
        "cause": "no answer", "attempts": 3, "elapsed_ms": 3500.25})
}

const FAILOVER: &str = "2026-11-22T13:37:00.123Z  line 1  failover  INVITE: udp:10.0.0.1:5060 -> \
    udp:10.0.0.2:5060: no answer (after 3 transmissions, 3500 ms)\n";

#[test]
fn watching_passes_on_every_event_even_of_a_kind_not_known_here() {
    let new = json!({"t": "2026-11-22T13:37:00.123Z", "mono_ms": 124.0, "event": "eclipse"});
    let stream = [json!({"ok": {"watching": {}}}), failover(), new.clone()];
    let (_, output) = Phone::answering(&stream).run(&["--json", "watch"], "");
    let lines: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [failover(), new.clone()]);
    assert_eq!(output.status.code(), Some(3), "the phone ended first");
    assert!(stderr(&output).ends_with("the phone has closed the connection\n"));

    let (_, output) = Phone::answering(&stream).run(&["watch"], "");
    assert_eq!(stdout(&output), format!("{FAILOVER}{new}\n"));
}

#[test]
fn each_event_is_printed_when_it_happens() {
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join("sock")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_phonectl"))
        .args(["--control".as_ref(), directory.path().join("sock").as_os_str()])
        .args(["watch", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    writeln!(stream, "{}\n{}", json!({"ok": {"watching": {}}}), failover()).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), failover());
    drop(stream);
    child.wait().unwrap();
}

#[test]
fn the_journal_reads_as_the_events_did() {
    let phone = Phone::answering(&[json!({"ok": {"entries": [failover()]}})]);
    let (_, output) = phone.run(&["journal"], "");
    assert_eq!(stdout(&output), FAILOVER);
}

#[test]
fn what_the_phone_refuses_is_told_line_by_line_with_status_1() {
    let error = json!({"error": {"message": "`7` is not 0 or 1", "place": "SIP1 Signal Failback",
        "also": [{"message": "`SIP1 X`: unknown", "place": "SIP1 X"}]}});
    let (_, output) = Phone::answering(&[error]).run(&["config", "set", "a=b"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    assert_eq!(
        stderr(&output),
        "phonectl: SIP1 Signal Failback: `7` is not 0 or 1\nphonectl: `SIP1 X`: unknown\n"
    );
}

#[test]
fn a_wrong_command_line_is_status_2_and_names_what_is_wrong() {
    for (arguments, named) in [
        (&["--bogus"][..], "--bogus"),
        (&["calls"], "calls"),
        (&["call", "dial"], "URI_OR_NUMBER"),
        (&["account", "register", "x"], "x"),
        (&["account", "register", "65536"], "65536"),
        (&["config", "set", "no equals sign"], "ITEM=VALUE"),
        (&["config", "export", "--format", "ini"], "ini"),
        (&["journal", "--since", "yesterday"], "yesterday"),
        (&["drill", "start", "--line", "1", "--for", "0s"], "0s"),
        (&["config", "import", "/nonexistent.cfg"], "/nonexistent.cfg: No such file"),
    ] {
        let output = phonectl(Path::new("/nonexistent/sock"), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(named), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_file_that_is_too_long_is_not_sent() {
    let input = "x".repeat(control::limits::MAX_DOCUMENT + 1);
    let output = phonectl(Path::new("/nonexistent/sock"), &["config", "import", "-"], &input);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "phonectl: -: more than the 4194304 octets that are allowed\n");
}

#[test]
fn where_no_phone_answers_the_socket_is_named_with_status_3() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("nothing.sock");
    let dead = directory.path().join("dead.sock");
    drop(UnixListener::bind(&dead).unwrap());
    for socket in [socket, dead] {
        let output = phonectl(&socket, &["account", "list"], "");
        assert_eq!(output.status.code(), Some(3));
        let told = format!("phonectl: {}: no phone answers: ", socket.display());
        assert!(stderr(&output).starts_with(&told), "{}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1);
    }
    for (said, told) in [
        ("", "the phone has closed the connection"),
        ("nonsense\n", "reply not understood: control line: expected"),
        ("{\"ok\":{\"fax\":1}}\n", "reply not understood: control line: unknown variant `fax`"),
    ] {
        let (_, output) = Phone::saying(said.to_owned()).run(&["account", "list"], "");
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(stderr(&output).contains(told), "{said}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let phone = Phone::answering(&[json!({"ok": {"watching": {}}}), failover()]);
    let (reader, gone) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_phonectl"))
        .env("PHONED_CONTROL", phone.socket())
        .arg("watch")
        .stdout(gone)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    phone.thread.join().unwrap();
}

#[test]
fn every_command_has_help_with_its_usage() {
    for command in [
        "",
        "account",
        "account list",
        "account show",
        "account register",
        "account unregister",
        "call",
        "call dial",
        "call list",
        "call answer",
        "call reject",
        "call hangup",
        "call hold",
        "call resume",
        "call dtmf",
        "call transfer",
        "config",
        "config get",
        "config set",
        "config import",
        "config export",
        "config list",
        "config check",
        "journal",
        "drill",
        "drill start",
        "drill stop",
        "watch",
        "status",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let output = phonectl(Path::new("/nonexistent/sock"), &arguments, "");
        assert!(output.status.success(), "{command}");
        let usage = format!("Usage: phonectl {command}");
        assert!(stdout(&output).contains(usage.trim_end()), "{command}: {}", stdout(&output));
    }
}

fn message() -> Value {
    json!({
        "id": 7, "t": "2026-11-22T13:37:00.123Z", "mono_ms": 1.5, "way": "received",
        "local": "10.0.0.9:5060", "hop": "udp:10.0.0.1:5060", "line": 1, "call_id": "a@b",
        "method": "REGISTER", "code": 200, "text": "SIP/2.0 200 OK\r\nX: \u{1b}[2J\r\n\r\n",
    })
}

#[test]
fn messages_are_asked_for_by_line_call_and_number() {
    for (arguments, request) in [
        (&["trace"][..], json!({"trace": {"verb": "show"}})),
        (
            &["trace", "--line", "1", "--call", "a@b", "--last", "5"],
            json!({"trace": {"verb": "show", "line": 1, "call_id": "a@b", "last": 5}}),
        ),
        (&["trace", "--id", "7"], json!({"trace": {"verb": "message", "id": 7}})),
    ] {
        let phone = Phone::answering(&[json!({"ok": {"done": {}}})]);
        let (sent, _) = phone.run(arguments, "");
        assert_eq!(sent, request, "{arguments:?}");
    }
}

/// Requirement F9: what passed on the wire can be read, and cannot command the terminal.
#[test]
fn messages_are_shown_a_line_each_or_as_text() {
    let report = json!({"messages": [message()], "dialogs": [], "forgotten": 0, "limit": 1});
    let line =
        "2026-11-22T13:37:00.123Z  7  line 1  <- udp:10.0.0.1:5060  SIP/2.0 200 OK [REGISTER]\n";
    let phone = Phone::answering(&[json!({"ok": {"trace": report}})]);
    let (_, output) = phone.run(&["trace"], "");
    assert_eq!(stdout(&output), line);
    let phone = Phone::answering(&[json!({"ok": {"trace": report}})]);
    let (_, output) = phone.run(&["trace", "--text"], "");
    let text = format!("{line}    SIP/2.0 200 OK\n    X: \\u{{1b}}[2J\n    \n\n");
    assert_eq!(stdout(&output), text);
    let phone = Phone::answering(&[json!({"ok": {"watching": {}}}), message()]);
    let (sent, output) = phone.run(&["trace", "--follow", "--line", "1"], "");
    assert_eq!(sent, json!({"trace": {"verb": "follow", "line": 1}}));
    assert_eq!(stdout(&output), line);
}

/// Requirement F10: a capture file is its owner's, and has secrets only where that is asked for.
#[test]
fn a_capture_file_is_written_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    let phone = Phone::answering(&[json!({"ok": {"document": {"hex": "0a0d0d0a"}}})]);
    let (sent, output) = phone.run(&["trace", "--pcap", path.to_str().unwrap()], "");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(sent, json!({"trace": {"verb": "pcap", "with_secrets": false}}));
    assert_eq!(std::fs::read(&path).unwrap(), b"\x0a\x0d\x0d\x0a");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let socket = folder.path().join("none");
    let output = phonectl(&socket, &["trace", "--with-secrets"], "");
    assert_eq!(output.status.code(), Some(2), "only for a file");
}
