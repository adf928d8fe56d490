//! The recorder as the driver and its readers use it.

use control::{AccountState, AccountStatus, Timestamp};

use super::*;
use crate::clock::Clock;

const LOCAL: &str = "10.0.0.9:5060";
const PRIMARY: &str = "udp:10.0.0.1:5060";

fn lines() -> Lines {
    let account = |line, aor: &str| AccountStatus {
        line,
        aor: aor.into(),
        state: AccountState::Registered,
        hop: None,
        on_primary: true,
        since: Timestamp::default(),
        expires_in_s: None,
        hops: Vec::new(),
        note: None,
        note_zh: String::new(),
    };
    Lines::of(&[account(1, "sip:1001@example.test"), account(2, "sip:1002@example.test")])
}

fn request(method: &str, from: &str, to: &str, call_id: &str) -> Vec<u8> {
    format!(
        "{method} sip:{to} SIP/2.0\r\nFrom: <sip:{from}>;tag=1\r\nTo: <sip:{to}>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 {method}\r\nAuthorization: Digest response=\"hunter2\"\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn received(tap: &mut Tap, bytes: &[u8], now: Instant) {
    let (local, remote) = (LOCAL.parse().unwrap(), "10.0.0.1:5060".parse().unwrap());
    tap.heard(&Input::Datagram { local, remote, bytes: bytes.to_vec() }, now);
}

/// A tap that has seen a registration of line 1, its answer, and a call to line 2 by another name.
fn seen() -> (Trace, Clock) {
    let (trace, clock, now) = (Trace::new(64 * 1024), Clock::new(), Instant::now());
    let mut tap = Tap::new(trace.clone());
    let (local, hop) = (LOCAL.parse().unwrap(), PRIMARY.parse().unwrap());
    let register = request("REGISTER", "1001@example.test", "1001@example.test", "reg");
    tap.sent(local, hop, &register, now);
    tap.sent(local, hop, b"\r\n\r\n", now);
    let text = String::from_utf8(register).unwrap();
    let ok = text.split_once("\r\n").unwrap().1;
    received(&mut tap, format!("SIP/2.0 200 OK\r\n{ok}").as_bytes(), now);
    received(&mut tap, &request("INVITE", "7@else.test", "1002@10.0.0.9", "call"), now);
    received(&mut tap, b"what is this?\r\n", now);
    (trace, clock)
}

#[test]
fn messages_are_shown_in_order_with_line_and_call_and_without_secrets_f9() {
    let (trace, clock) = seen();
    let report = trace.report(&Filter::default(), &lines(), clock.read());
    let seen: Vec<_> = (report.messages.iter())
        .map(|m| (m.id, m.way, m.line, m.call_id.as_str(), m.method.as_str(), m.code))
        .collect();
    assert_eq!(
        seen,
        [
            (1, Way::Sent, Some(1), "reg", "REGISTER", None),
            (2, Way::Received, Some(1), "reg", "REGISTER", Some(200)),
            (3, Way::Received, Some(2), "call", "INVITE", None),
            (4, Way::Received, None, "", "what", None),
        ]
    );
    assert!(report.messages.iter().all(|message| !message.text.contains("hunter2")));
    assert_eq!(report.messages[0].hop, PRIMARY);
    let dialogs: Vec<_> = (report.dialogs.iter())
        .map(|d| (d.call_id.as_str(), d.line, d.remote.as_str(), d.messages))
        .collect();
    assert_eq!(
        dialogs,
        [("reg", Some(1), "1001@example.test", 2), ("call", Some(2), "7@else.test", 1)]
    );
}

#[test]
fn what_is_asked_for_is_what_comes_f9() {
    let (trace, clock) = seen();
    let ids = |filter: Filter| -> Vec<u64> {
        let report = trace.report(&filter, &lines(), clock.read());
        report.messages.iter().map(|message| message.id).collect()
    };
    assert_eq!(ids(Filter { line: Some(1), ..Filter::default() }), [1, 2]);
    assert_eq!(ids(Filter { call_id: Some("call".into()), ..Filter::default() }), [3]);
    assert_eq!(ids(Filter { since: 2, ..Filter::default() }), [3, 4]);
    assert_eq!(ids(Filter { last: Some(1), ..Filter::default() }), [4]);
    assert_eq!(ids(Filter { line: Some(3), ..Filter::default() }), [0_u64; 0]);
}

#[test]
fn a_capture_file_has_secrets_only_where_they_are_asked_for_f9() {
    let (trace, clock) = seen();
    let file = |with_secrets| {
        let file = trace.pcapng(&Filter::default(), &lines(), clock.read(), with_secrets);
        String::from_utf8_lossy(&file).into_owned()
    };
    assert!(!file(false).contains("hunter2") && file(false).contains("response=\"********\""));
    assert!(file(true).contains("hunter2"));
}

#[test]
fn a_connection_is_recorded_by_message_and_forgotten_at_its_end_f9() {
    let (trace, clock, now) = (Trace::new(64 * 1024), Clock::new(), Instant::now());
    let mut tap = Tap::new(trace.clone());
    let hop: Hop = "tls:10.0.0.1:5061".parse().unwrap();
    tap.connects(hop, LOCAL.parse().unwrap());
    let bye = request("BYE", "7@else.test", "1001@example.test", "call");
    for chunk in bye.chunks(20) {
        tap.heard(&Input::Stream { hop, bytes: chunk.to_vec() }, now);
    }
    let report = trace.report(&Filter::default(), &lines(), clock.read());
    assert_eq!(report.messages.len(), 1);
    assert_eq!(report.messages[0].hop, "tls:10.0.0.1:5061");
    tap.heard(&Input::FlowClosed { hop, why: phone::input::FlowFault::Closed }, now);
    assert!(tap.flows.is_empty());
}

#[test]
fn a_recorder_without_room_records_nothing_and_wakes_nobody() {
    let trace = Trace::new(0);
    let mut latest = trace.latest();
    let mut tap = Tap::new(trace.clone());
    received(&mut tap, b"OPTIONS sip:a SIP/2.0\r\n\r\n", Instant::now());
    assert!(!latest.has_changed().unwrap());
    assert_eq!(*latest.borrow_and_update(), 0);
    let report = trace.report(&Filter::default(), &lines(), Clock::new().read());
    assert_eq!((report.messages.len(), report.limit, report.forgotten), (0, 0, 0));
}
