//! `NOTIFY` with `Event: check-sync` (requirement F8, F10): who may have the configuration fetched.

use crate::rig::{Rig, line_settings, p1, p2};
use phone::input::Input;
use phone::settings::{Login, Settings};
use phone::status::CallState;
use sip_core::digest::{Credentials, DigestChallenge, Session};
use sip_core::message::{Challenge, HeaderName};

const STRANGER: &str = "10.0.0.66:5060";
const URI: &str = "sip:1001@10.0.0.9:5060";

fn notify(cseq: u32, event: &str, more: &str) -> Vec<u8> {
    format!(
        "NOTIFY {URI} SIP/2.0\r\n\
         Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKn{cseq}\r\nMax-Forwards: 70\r\n\
         From: <sip:pbx@example.test>;tag=pbx\r\nTo: <sip:1001@example.test>\r\n\
         Call-ID: sync-1\r\nCSeq: {cseq} NOTIFY\r\nContact: <sip:pbx@10.0.0.1>\r\n\
         Event: {event}\r\n{more}Subscription-State: terminated\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// Sends it and returns the code of the answer.
fn answer(rig: &mut Rig, from: &str, notify: &[u8]) -> u16 {
    rig.deliver_from(from.parse().unwrap(), notify);
    rig.last_response().code.as_u16()
}

fn with_login(rig: &mut Rig) {
    let login = Login { user: "pbx".to_owned(), password: "sync-secret".to_owned() };
    let settings =
        Settings { lines: vec![line_settings()], check_sync: Some(login), ..Settings::default() };
    rig.input(Input::Settings(settings));
}

/// The Authorization header for the challenge last sent.
fn credentials(rig: &Rig, password: &str) -> String {
    credentials_for(rig, password, URI)
}

fn credentials_for(rig: &Rig, password: &str, uri: &str) -> String {
    let challenge = rig.last_response().headers.challenges(HeaderName::WwwAuthenticate).remove(0);
    let mut session = Session::new(DigestChallenge::read(&challenge).unwrap());
    let login = Credentials { user: "pbx".to_owned(), password: password.to_owned() };
    format!("Authorization: {}\r\n", session.answer(&login, "NOTIFY", uri, "c"))
}

#[test]
fn a_hop_of_the_line_has_the_configuration_fetched_and_no_call_minds() {
    let mut rig = Rig::registered();
    let call = rig.call_up();
    for (cseq, event) in
        [(1, "check-sync"), (2, "check-sync;reboot=false"), (3, "Check-Sync; reboot=true")]
    {
        let code = answer(&mut rig, "10.0.0.2:5070", &notify(cseq, event, ""));
        assert_eq!((code, rig.fetches), (200, cseq));
    }
    assert_eq!(rig.state(call), CallState::Active);
    rig.deliver_from(p2().addr, &notify(3, "check-sync", ""));
    assert_eq!(rig.fetches, 3, "a copy of a request is not another one");
}

#[test]
fn a_stranger_is_refused_where_no_login_is_set() {
    let mut rig = Rig::registered();
    assert_eq!(answer(&mut rig, STRANGER, &notify(1, "check-sync", "")), 403);
    assert_eq!(rig.fetches, 0);
}

#[test]
fn a_stranger_is_challenged_where_a_login_is_set_and_let_in_once_with_it() {
    let mut rig = Rig::registered();
    with_login(&mut rig);
    assert_eq!(answer(&mut rig, STRANGER, &notify(1, "check-sync", "")), 401);
    let right = credentials(&rig, "sync-secret");
    let challenge = rig.last_response();
    let lines: Vec<_> = challenge.headers.all(&HeaderName::WwwAuthenticate).collect();
    let algorithms: Vec<_> = lines
        .iter()
        .map(|line| Challenge::read_line(line).unwrap()[0].value("algorithm").unwrap().to_owned())
        .collect();
    assert_eq!(algorithms, ["SHA-256", "MD5"], "the better first");
    assert_eq!(answer(&mut rig, STRANGER, &notify(2, "check-sync", &right)), 200);
    assert_eq!(rig.fetches, 1);
    let recorded = notify(3, "check-sync", &right);
    assert_eq!(answer(&mut rig, STRANGER, &recorded), 401, "what was recorded is worth nothing");
    assert_eq!(rig.fetches, 1);
}

/// RFC 7616 §3.4.6; RFC 3261 §22.4: proxies rewrite the Request-URI, but not to another user's.
#[test]
fn a_login_serves_for_the_address_of_record_and_for_no_other_user() {
    let mut rig = Rig::registered();
    with_login(&mut rig);
    let mut asks = |cseq: u32, uri: &str| {
        assert_eq!(answer(&mut rig, STRANGER, &notify(cseq, "check-sync", "")), 401);
        let right = credentials_for(&rig, "sync-secret", uri);
        let code = answer(&mut rig, STRANGER, &notify(cseq + 1, "check-sync", &right));
        rig.advance(1_100);
        code
    };
    assert_eq!(asks(1, "sip:1001@example.test"), 200, "as the PBX wrote it, before the proxy");
    assert_eq!(asks(3, URI), 200);
    assert_eq!(asks(5, "sip:1002@example.test"), 401, "meant for another phone");
    assert_eq!(asks(7, "not a uri"), 401);
    assert_eq!(rig.fetches, 2);
}

#[test]
fn a_wrong_password_is_refused_and_guessing_is_slowed_down() {
    let mut rig = Rig::registered();
    with_login(&mut rig);
    assert_eq!(answer(&mut rig, STRANGER, &notify(1, "check-sync", "")), 401);
    let wrong = credentials(&rig, "guess");
    assert_eq!(answer(&mut rig, STRANGER, &notify(2, "check-sync", &wrong)), 401);
    for cseq in 3..=5 {
        assert_eq!(answer(&mut rig, STRANGER, &notify(cseq, "check-sync", "")), 401);
    }
    assert_eq!(answer(&mut rig, STRANGER, &notify(6, "check-sync", "")), 503, "five in a second");
    assert_eq!(answer(&mut rig, &p1().addr.to_string(), &notify(7, "check-sync", "")), 200);
    rig.advance(1_100);
    assert_eq!(answer(&mut rig, STRANGER, &notify(8, "check-sync", "")), 401);
    assert_eq!(rig.fetches, 1);
}

/// RFC 6665 §4.1.3: no subscription, no such package; §12.2.2 of RFC 3261 within a dialog that is
/// not there.
#[test]
fn other_packages_and_unknown_dialogs_are_refused() {
    let mut rig = Rig::registered();
    assert_eq!(answer(&mut rig, &p1().addr.to_string(), &notify(1, "presence", "")), 489);
    assert_eq!(rig.last_response().headers.get(&HeaderName::AllowEvents), Some("check-sync"));
    let within = String::from_utf8(notify(2, "check-sync", "")).unwrap();
    let within = within.replace("To: <sip:1001@example.test>", "To: <sip:1001@example.test>;tag=x");
    assert_eq!(answer(&mut rig, &p1().addr.to_string(), within.as_bytes()), 481);
    assert_eq!(rig.fetches, 0);
}
