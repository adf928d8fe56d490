//! The JSON of the interface, literally: what outside checks read must come out of these types, and
//! go back into them.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail loudly")]

use control::{
    AccountRequest, AccountState, AccountStatus, AudioState, AudioStatus, CallRequest, CallState,
    CallStatus, ChangeReport, Changed, ConfigRequest, DaemonStatus, Direction, Document,
    DrillRequest, DrillState, DrillStatus, Ended, EndedBy, Event, ExportFormat, HopState,
    HopStatus, Items, JournalRequest, Move, Notification, Payload, Problem, Reply, Request, Server,
    Timestamp, TraceRequest, Unreached,
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

fn is_written<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, json: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), json);
    assert_eq!(&serde_json::from_str::<T>(json).unwrap(), value, "{json}");
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn account() -> AccountStatus {
    AccountStatus {
        line: 1,
        aor: "sip:1001@example.test".into(),
        state: AccountState::Registered,
        hop: Some("udp:127.0.0.12:5060".into()),
        on_primary: false,
        since: time("2026-11-22T13:37:00.123Z"),
        expires_in_s: Some(3540),
        hops: vec![HopStatus {
            hop: "udp:127.0.0.11:5060".into(),
            server: Server::Proxy,
            state: HopState::Unavailable,
            cause: Some("icmp port unreachable".into()),
            cause_zh: String::new(),
            since: time("2026-11-22T13:36:59.000Z"),
        }],
        note: None,
        note_zh: String::new(),
    }
}

const ACCOUNT: &str = r#""line":1,"aor":"sip:1001@example.test","state":"registered","hop":"udp:127.0.0.12:5060","on_primary":false,"since":"2026-11-22T13:37:00.123Z","expires_in_s":3540,"hops":[{"hop":"udp:127.0.0.11:5060","server":"proxy","state":"unavailable","cause":"icmp port unreachable","since":"2026-11-22T13:36:59.000Z"}]"#;

fn call() -> CallStatus {
    CallStatus {
        remote_name: None,
        muted: false,
        id: "c1".into(),
        line: 1,
        direction: Direction::Out,
        remote: "sip:1002@example.test".into(),
        state: CallState::Ringing,
        hop: Some("udp:[::1]:5060".into()),
        duration_s: 0,
        codec: Some("PCMA".into()),
        note: None,
        note_zh: String::new(),
        call_id: String::new(),
        quality: None,
        ended: None,
    }
}

const CALL: &str = r#""id":"c1","line":1,"direction":"out","remote":"sip:1002@example.test","state":"ringing","hop":"udp:[::1]:5060","duration_s":0,"codec":"PCMA""#;

#[test]
fn account_list_is_as_the_interface_says() {
    is_written(&Payload::Accounts(vec![account()]), &format!(r#"{{"accounts":[{{{ACCOUNT}}}]}}"#));
}

#[test]
fn a_line_without_a_hop_says_null() {
    let mut account = account();
    account.hop = None;
    account.expires_in_s = None;
    account.hops.clear();
    account.state = AccountState::Disabled;
    is_written(
        &account,
        r#"{"line":1,"aor":"sip:1001@example.test","state":"disabled","hop":null,"on_primary":false,"since":"2026-11-22T13:37:00.123Z","expires_in_s":null,"hops":[]}"#,
    );
}

#[test]
fn every_state_has_the_word_of_the_interface() {
    let words = |values: &[&dyn erased::Word]| -> Vec<String> {
        values.iter().map(|value| value.word()).collect()
    };
    use AccountState as A;
    use CallState as C;
    use HopState as H;
    assert_eq!(
        words(&[&A::Unregistered, &A::Registering, &A::Registered, &A::Failed, &A::Disabled]),
        ["unregistered", "registering", "registered", "failed", "disabled"]
    );
    assert_eq!(
        words(&[&H::Unknown, &H::Available, &H::Suspect, &H::Unavailable, &H::HeldOff]),
        ["unknown", "available", "suspect", "unavailable", "held_off"]
    );
    assert_eq!(
        words(&[&Server::Server1, &Server::Server2, &Server::Proxy, &Server::BackupProxy]),
        ["server1", "server2", "proxy", "backup_proxy"]
    );
    assert_eq!(
        words(&[&C::Dialing, &C::Ringing, &C::Active, &C::Held, &C::RemoteHeld, &C::Ended]),
        ["dialing", "ringing", "active", "held", "remote_held", "ended"]
    );
    assert_eq!(
        words(&[&EndedBy::Local, &EndedBy::Remote, &EndedBy::Failure]),
        ["local", "remote", "failure"]
    );
}

mod erased {
    pub(crate) trait Word {
        fn word(&self) -> String;
    }
    impl<T: serde::Serialize> Word for T {
        fn word(&self) -> String {
            serde_json::to_value(self).unwrap().as_str().unwrap().to_owned()
        }
    }
}

#[test]
fn call_list_is_as_the_interface_says_and_ended_only_after_the_end() {
    is_written(&Payload::Calls(vec![call()]), &format!(r#"{{"calls":[{{{CALL}}}]}}"#));
    let mut call = call();
    call.state = CallState::Ended;
    call.ended = Some(Ended {
        by: EndedBy::Failure,
        code: Some(486),
        reason: "Busy Here".into(),
        reason_zh: String::new(),
    });
    let json = format!(
        r#"{{{},"ended":{{"by":"failure","code":486,"reason":"Busy Here"}}}}"#,
        CALL.replace("ringing", "ended")
    );
    is_written(&call, &json);
}

const DRILL: &str = r#""line":1,"hop":"udp:10.0.0.1:5060","state":"recovered","for_s":60,"served":true,"to":"udp:10.0.0.2:5060","outage_ms":33500.25,"calls_moved":2"#;

fn drill() -> DrillStatus {
    DrillStatus {
        line: 1,
        hop: "udp:10.0.0.1:5060".into(),
        state: DrillState::Recovered,
        for_s: 60,
        served: true,
        to: Some("udp:10.0.0.2:5060".into()),
        outage_ms: Some(33500.25),
        calls_moved: 2,
    }
}

fn event(event: Event) -> Notification {
    Notification { t: time("2026-11-22T13:37:00.123Z"), mono_ms: 123.456, event }
}

#[test]
fn events_carry_their_fields_beside_time_and_kind() {
    let head = r#""t":"2026-11-22T13:37:00.123Z","mono_ms":123.456"#;
    let step = || Move {
        line: 1,
        method: "INVITE".into(),
        from: "udp:10.0.0.1:5060".into(),
        to: "udp:10.0.0.2:5060".into(),
        cause: "no answer".into(),
        cause_zh: "无应答".into(),
        attempts: 3,
        elapsed_ms: 3500.25,
    };
    let fields = r#""line":1,"method":"INVITE","from":"udp:10.0.0.1:5060","to":"udp:10.0.0.2:5060","cause":"no answer","cause_zh":"无应答","attempts":3,"elapsed_ms":3500.25"#;
    for (kind, value, fields) in [
        ("failover", Event::Failover(step()), fields),
        ("failback", Event::Failback(step()), fields),
        ("registration", Event::Registration(account()), ACCOUNT),
        ("call", Event::Call(call()), CALL),
        (
            "unavailable",
            Event::Unavailable(Unreached {
                line: 2,
                method: "BYE".into(),
                cause: "503".into(),
                cause_zh: String::new(),
            }),
            r#""line":2,"method":"BYE","cause":"503""#,
        ),
        ("drill", Event::Drill(drill()), DRILL),
        ("redundancy", Event::Redundancy { line: 1, left: false }, r#""line":1,"left":false"#),
        (
            "config",
            Event::Config { items: vec!["SIP1 Proxy Addr".into()] },
            r#""items":["SIP1 Proxy Addr"]"#,
        ),
        (
            "audio",
            Event::Audio(AudioStatus {
                device: "null".into(),
                state: AudioState::Running,
                reason: None,
            }),
            r#""device":"null","state":"running""#,
        ),
    ] {
        is_written(&event(value), &format!(r#"{{{head},"event":"{kind}",{fields}}}"#));
    }
}

#[test]
fn the_journal_holds_each_entry_as_its_event() {
    let entry = event(Event::Config { items: vec![] });
    let json = serde_json::to_string(&entry).unwrap();
    is_written(&Payload::Entries(vec![entry]), &format!(r#"{{"entries":[{json}]}}"#));
}

#[test]
fn other_answers_have_one_key_each() {
    is_written(&Payload::Id("c1".into()), r#"{"id":"c1"}"#);
    is_written(&Payload::Done {}, r#"{"done":{}}"#);
    is_written(&Payload::Drill(drill()), &format!(r#"{{"drill":{{{DRILL}}}}}"#));
    is_written(&Payload::Watching {}, r#"{"watching":{}}"#);
    let pairs = [("SIP1 Proxy Addr", "10.0.0.1"), ("SIP  Port", "5060")];
    let items: Items = pairs.map(|(item, value)| (item.into(), value.into())).into_iter().collect();
    is_written(
        &Payload::Items(items),
        r#"{"items":{"SIP1 Proxy Addr":"10.0.0.1","SIP  Port":"5060"}}"#,
    );
    is_written(
        &Payload::Changes(ChangeReport {
            items: vec![Changed {
                item: "SIP  Port".into(),
                old: "5060".into(),
                new: "5070".into(),
            }],
            kept: 2,
            ..ChangeReport::default()
        }),
        r#"{"changes":{"items":[{"item":"SIP  Port","old":"5060","new":"5070"}],"kept":2,"warnings":[]}}"#,
    );
    is_written(
        &Payload::Document(Document::from_octets(b"a\r\n").unwrap()),
        r#"{"document":{"text":"a\r\n"}}"#,
    );
    is_written(
        &Payload::Status(DaemonStatus {
            version: "0.1.0".into(),
            uptime_s: 7,
            accounts: vec![],
            calls: vec![],
        }),
        r#"{"status":{"version":"0.1.0","uptime_s":7,"accounts":[],"calls":[]}}"#,
    );
}

#[test]
fn a_reply_is_ok_or_an_error_that_names_its_place() {
    is_written(&Reply::Ok(Payload::Done {}), r#"{"ok":{"done":{}}}"#);
    is_written(&Reply::Error(Problem::outside("no line")), r#"{"error":{"message":"no line"}}"#);
    let both = r#"{"error":{"message":"no line","message_zh":"没有线路"}}"#;
    is_written(&Reply::Error(Problem::new("no line", "没有线路")), both);
    let both = [
        Problem::outside("0 to 65535").at("SIP1 Proxy Port"),
        Problem::outside("0 to 65535").at("SIP2 Proxy Port"),
    ];
    is_written(
        &Reply::Error(Problem::all(both).unwrap()),
        r#"{"error":{"message":"0 to 65535","place":"SIP1 Proxy Port","also":[{"message":"0 to 65535","place":"SIP2 Proxy Port"}]}}"#,
    );
    assert_eq!(Problem::all([]), None);
}

#[test]
fn requests_about_calls_name_the_call() {
    use CallRequest as Call;
    let id = || "c1".to_owned();
    for (request, json) in [
        (
            Request::Call(Call::Dial { line: None, target: "1002".into() }),
            r#"{"call":{"verb":"dial","target":"1002"}}"#,
        ),
        (
            Request::Call(Call::Dial { line: Some(2), target: "sip:a@b".into() }),
            r#"{"call":{"verb":"dial","line":2,"target":"sip:a@b"}}"#,
        ),
        (Request::Call(Call::List {}), r#"{"call":{"verb":"list"}}"#),
        (Request::Call(Call::Answer { id: None }), r#"{"call":{"verb":"answer"}}"#),
        (Request::Call(Call::Reject { id: id() }), r#"{"call":{"verb":"reject","id":"c1"}}"#),
        (Request::Call(Call::Hangup { id: Some(id()) }), r#"{"call":{"verb":"hangup","id":"c1"}}"#),
        (Request::Call(Call::Hold { id: id() }), r#"{"call":{"verb":"hold","id":"c1"}}"#),
        (Request::Call(Call::Resume { id: id() }), r#"{"call":{"verb":"resume","id":"c1"}}"#),
        (
            Request::Call(Call::Dtmf { id: id(), digits: "1#".into() }),
            r##"{"call":{"verb":"dtmf","id":"c1","digits":"1#"}}"##,
        ),
        (
            Request::Call(Call::Transfer { id: id(), target: "1003".into() }),
            r#"{"call":{"verb":"transfer","id":"c1","target":"1003"}}"#,
        ),
        (
            Request::Call(Call::TransferTo { id: id(), to: "c2".into() }),
            r#"{"call":{"verb":"transfer_to","id":"c1","to":"c2"}}"#,
        ),
    ] {
        is_written(&request, json);
    }
}

#[test]
fn requests_are_grouped_by_noun() {
    use ConfigRequest as Config;
    for (request, json) in [
        (Request::Account(AccountRequest::List {}), r#"{"account":{"verb":"list"}}"#),
        (
            Request::Account(AccountRequest::Show { line: 1 }),
            r#"{"account":{"verb":"show","line":1}}"#,
        ),
        (
            Request::Account(AccountRequest::Register { line: 2 }),
            r#"{"account":{"verb":"register","line":2}}"#,
        ),
        (
            Request::Account(AccountRequest::Unregister { line: 2 }),
            r#"{"account":{"verb":"unregister","line":2}}"#,
        ),
        (
            Request::Config(Config::Get { items: vec!["SIP  Port".into()] }),
            r#"{"config":{"verb":"get","items":["SIP  Port"]}}"#,
        ),
        (
            Request::Config(Config::Set { items: Items(vec![("SIP  Port".into(), "1".into())]) }),
            r#"{"config":{"verb":"set","items":{"SIP  Port":"1"}}}"#,
        ),
        (
            Request::Config(Config::Export { format: ExportFormat::Text, with_secrets: true }),
            r#"{"config":{"verb":"export","format":"text","with_secrets":true}}"#,
        ),
        (Request::Config(Config::List {}), r#"{"config":{"verb":"list"}}"#),
        (Request::Journal(JournalRequest::default()), r#"{"journal":{}}"#),
        (
            Request::Journal(JournalRequest {
                line: Some(1),
                since: Some(time("2026-11-22T13:37:00.000Z")),
            }),
            r#"{"journal":{"line":1,"since":"2026-11-22T13:37:00.000Z"}}"#,
        ),
        (
            Request::Drill(DrillRequest::Start { line: 1, hop: "primary".into(), for_s: 60 }),
            r#"{"drill":{"verb":"start","line":1,"hop":"primary","for_s":60}}"#,
        ),
        (Request::Drill(DrillRequest::Stop {}), r#"{"drill":{"verb":"stop"}}"#),
        (
            Request::Trace(TraceRequest::Show {
                line: Some(1),
                call_id: None,
                since: Some(3),
                last: None,
            }),
            r#"{"trace":{"verb":"show","line":1,"since":3}}"#,
        ),
        (
            Request::Trace(TraceRequest::Follow { line: None, call_id: Some("a@b".into()) }),
            r#"{"trace":{"verb":"follow","call_id":"a@b"}}"#,
        ),
        (Request::Watch {}, r#"{"watch":{}}"#),
        (Request::Status {}, r#"{"status":{}}"#),
    ] {
        is_written(&request, json);
    }
}

#[test]
fn what_this_phone_does_not_know_is_refused_by_name() {
    for (json, reason) in [
        (r#"{"fax":{}}"#, "unknown variant `fax`"),
        (r#"{"call":{"verb":"park","id":"c1"}}"#, "unknown variant `park`"),
        (r#"{"call":{"verb":"hold","id":"c1","music":"yes"}}"#, "unknown field `music`"),
        (r#"{"status":{"of":"all"}}"#, "unknown field `of`"),
        (r#"{"journal":{"limit":5}}"#, "unknown field `limit`"),
        (r#"{"account":{"verb":"show","line":65536}}"#, "invalid value: integer `65536`"),
    ] {
        let error = control::decode::<Request>(json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(reason), "{json}: {error}");
    }
}

#[test]
fn no_password_shows_when_a_request_is_debug_printed() {
    let items = Items(vec![("SIP1 Register Pswd".into(), "hunter2".into())]);
    let text = format!("{:?}", Request::Config(ConfigRequest::Set { items }));
    assert!(text.contains("SIP1 Register Pswd") && !text.contains("hunter2"), "{text}");
}
