//! REGISTER on the wire: failover, challenges, refusals (requirements A2 to A4, B1, B4; failover
//! design §1 to §3, §6).

use crate::rig::{LINE, Mode, Rig, Sent, p1, p2};
use phone::input::{Command, Undeliverable};
use phone::output::Event;
use phone::status::LineState;
use sip_core::message::{HeaderName, Method, Response};

fn challenge(response: &mut Response, nonce: &str, more: &str) {
    let name = match response.code.as_u16() {
        407 => HeaderName::ProxyAuthenticate,
        _ => HeaderName::WwwAuthenticate,
    };
    let value = format!("Digest realm=\"example.test\", nonce=\"{nonce}\", qop=\"auth\"{more}");
    response.headers.push(name, value);
}

fn registers(rig: &Rig) -> Vec<Sent> {
    rig.sent.iter().filter(|sent| sent.is(Method::Register)).cloned().collect()
}

/// Requirement A3; the document's figure 2.
#[test]
fn a_silent_primary_gets_three_transmissions_and_the_backup_the_fourth() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    rig.advance(4_000);
    let log = rig.log(Method::Register);
    assert_eq!(log, [(0, p1()), (500, p1()), (1500, p1()), (3500, p2())]);
    let account = rig.account();
    assert_eq!((account.state, account.hop), (LineState::Registered, Some(p2())));
    assert!(!account.on_primary);
    assert!(account.message.to_string().contains("no answer"), "{}", account.message);
}

/// Requirement B1; failover design §3.
#[test]
fn only_the_next_hop_moves_and_the_cseq_rises() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Refuses(503);
    rig.plug_in();
    let sent = registers(&rig);
    let [first, second] = sent.as_slice() else { panic!("{} requests", sent.len()) };
    assert_eq!((first.to, second.to), (p1(), p2()));
    assert_eq!(first.request().uri, second.request().uri);
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::Contact] {
        assert_eq!(first.header(name.clone()), second.header(name.clone()), "{name:?}");
    }
    assert_eq!(
        second.cseq(),
        first.cseq() + 1,
        "registrars that share a table refuse an equal one"
    );
    assert_ne!(first.branch(), second.branch());
    let contact = first.header(HeaderName::Contact);
    assert!(contact.contains("reg-id=1") && contact.contains("+sip.instance="), "{contact}");
}

/// Requirement A2: every row of the table that moves a REGISTER does so within a round trip.
#[test]
fn a_registrar_that_fails_is_left_at_once() {
    for mode in [500, 502, 503, 504, 408].map(Mode::Refuses).into_iter().chain([Mode::Dead]) {
        let mut rig = Rig::new(|_| {});
        rig.modes[0] = mode;
        rig.plug_in();
        assert_eq!(rig.log(Method::Register), [(0, p1()), (0, p2())], "{mode:?}");
        assert_eq!(rig.account().hop, Some(p2()), "{mode:?}");
        let [(_, Event::Failover(switch))] = &rig
            .events
            .iter()
            .filter(|(_, event)| matches!(event, Event::Failover(_)))
            .cloned()
            .collect::<Vec<_>>()[..]
        else {
            panic!("{:?}", rig.events)
        };
        assert_eq!((switch.from, switch.to), (Some(p1()), p2()));
        assert_eq!(switch.method, "REGISTER");
        let cause = match mode {
            Mode::Refuses(code) => code.to_string(),
            _ => "icmp port unreachable".to_owned(),
        };
        assert_eq!(switch.cause.to_string(), cause);
    }
}

/// Failover design §1, row 2 and §3: one answer per realm and hop, then final, not another hop.
#[test]
fn a_wrong_password_is_told_to_the_user_and_not_spread_to_the_backup() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    assert_eq!(first.header(HeaderName::Authorization), "", "nothing is shown unasked");
    rig.reply(&first, 401, |response, _| challenge(response, "n1", ""));
    let second = rig.last(Method::Register);
    assert_eq!(second.to, p1());
    assert!(second.header(HeaderName::Authorization).contains("nonce=\"n1\""));
    rig.reply(&second, 401, |response, _| challenge(response, "n2", ""));
    rig.advance(500);
    assert!(rig.sent.iter().all(|sent| sent.to == p1()), "the backup saw nothing");
    let account = rig.account();
    assert_eq!(account.state, LineState::Failed);
    assert!(account.message.to_string().contains("401"), "{}", account.message);
}

/// Failover design §1, row 2: a registrar that counts nonces takes the copy of a doubled REGISTER for a
/// replay, and its challenge is here before the acceptance of the other.
#[test]
fn a_doubled_register_is_not_refused_for_its_copy() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 401, |response, _| challenge(response, "n1", ""));
    let second = rig.last(Method::Register);
    rig.reply(&second, 401, |response, _| challenge(response, "n2", ""));
    rig.answer(&second, 200);
    rig.advance(1_000);
    assert_eq!(rig.account().state, LineState::Registered);
    assert_eq!(registers(&rig).len(), 2);
}

/// The acceptance is lost, the REGISTER goes out again, and its nonce was good for once.
#[test]
fn a_register_that_went_out_twice_answers_one_challenge_more() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 401, |response, _| challenge(response, "n1", ""));
    rig.advance(600);
    let copy = rig.last(Method::Register);
    rig.reply(&copy, 401, |response, _| challenge(response, "n2", ""));
    rig.advance(500);
    let third = rig.last(Method::Register);
    assert!(third.header(HeaderName::Authorization).contains("nonce=\"n2\""));
    rig.advance(600);
    let copy = rig.last(Method::Register);
    rig.reply(&copy, 401, |response, _| challenge(response, "n3", ""));
    rig.advance(500);
    assert_eq!(rig.account().state, LineState::Failed, "once only: the password may be wrong");
    assert!(rig.sent.iter().all(|sent| sent.to == p1()));
}

/// Failover design §1, row 2: `stale=true` at most three times.
#[test]
fn a_stale_nonce_is_answered_again_three_times_and_no_more() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    for round in 0..5 {
        let sent = rig.last(Method::Register);
        rig.reply(&sent, 401, |response, _| {
            challenge(response, &format!("n{round}"), ", stale=true");
        });
        // One that rejects a nonce's first use is doubted for T1.
        rig.advance(if round == 0 { 0 } else { 500 });
    }
    assert_eq!(registers(&rig).len(), 5, "one without, one answer, three for stale");
    assert_eq!(rig.account().state, LineState::Failed);
}

/// Failover design §1, row 2: "credentials sent unasked from an earlier nonce don't count as one".
#[test]
fn credentials_that_nobody_asked_for_are_no_answer_to_the_challenge_that_follows() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 401, |response, _| challenge(response, "n1", ""));
    let accepted = rig.last(Method::Register);
    rig.answer(&accepted, 200);
    rig.command(Command::Register(LINE)).unwrap();
    let unasked = rig.last(Method::Register);
    assert!(unasked.header(HeaderName::Authorization).contains("nonce=\"n1\""));
    rig.reply(&unasked, 401, |response, _| challenge(response, "n2", ""));
    let answered = rig.last(Method::Register);
    assert!(answered.header(HeaderName::Authorization).contains("nonce=\"n2\""));
    rig.reply(&answered, 401, |response, _| challenge(response, "n3", ""));
    rig.advance(500);
    assert_eq!(rig.account().state, LineState::Failed, "that one was an answer");
    assert!(rig.sent.iter().all(|sent| sent.to == p1()));
}

/// Failover design §3: never the old hop's nonce.
#[test]
fn the_backup_is_asked_without_credentials_until_it_challenges_itself() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 401, |response, _| challenge(response, "n1", ""));
    rig.modes[1] = Mode::Silent;
    rig.advance(3_600);
    let backup = rig.last(Method::Register);
    assert_eq!(backup.to, p2());
    assert_eq!(backup.header(HeaderName::Authorization), "");
    rig.reply(&backup, 401, |response, _| challenge(response, "other", ""));
    let answered = rig.last(Method::Register);
    assert!(answered.header(HeaderName::Authorization).contains("nonce=\"other\""));
}

/// RFC 8760: the topmost algorithm that we know.
#[test]
fn of_several_challenges_the_topmost_known_one_is_answered() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 401, |response, _| {
        challenge(response, "a", ", algorithm=UNKNOWN");
        challenge(response, "b", ", algorithm=SHA-256");
        challenge(response, "c", ", algorithm=MD5");
    });
    let answer = rig.last(Method::Register).header(HeaderName::Authorization);
    assert!(answer.contains("nonce=\"b\"") && answer.contains("SHA-256"), "{answer}");
}

/// Failover design §1: 407 uses Proxy User, 401 the register user.
#[test]
fn the_proxy_gets_the_proxy_user_and_the_registrar_the_register_user() {
    let mut rig = Rig::new(|line| {
        let (user, password) = ("edge".to_owned(), "other".to_owned());
        line.proxy_login = Some(phone::settings::Login { user, password });
    });
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 407, |response, _| challenge(response, "n1", ""));
    let second = rig.last(Method::Register);
    let proxy = second.header(HeaderName::ProxyAuthorization);
    assert!(proxy.contains("username=\"edge\""), "{proxy}");
    rig.reply(&second, 401, |response, _| challenge(response, "n2", ""));
    let third = rig.last(Method::Register);
    assert!(third.header(HeaderName::Authorization).contains("username=\"1001\""));
    assert!(third.header(HeaderName::ProxyAuthorization).contains("username=\"edge\""));
}

/// Failover design §1, row 3.
#[test]
fn an_expiry_too_brief_is_raised_here() {
    let mut rig = Rig::new(|line| line.server1.expiry = std::time::Duration::from_secs(60));
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 423, |response, _| {
        response.headers.push(HeaderName::MinExpires, "120");
    });
    let second = rig.last(Method::Register);
    assert_eq!((second.to, second.cseq()), (p1(), first.cseq() + 1));
    let text = String::from_utf8(second.bytes).unwrap();
    assert!(text.contains("120"), "{text}");
}

/// Failover design §1, row 3: 439 is repeated without outbound.
#[test]
fn a_hop_that_refuses_outbound_is_asked_without_it() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.answer(&first, 439);
    let second = rig.last(Method::Register);
    assert_eq!(second.to, p1());
    assert!(!second.header(HeaderName::Contact).contains("reg-id"));
}

/// Failover design §1, row 6.
#[test]
fn a_refusal_is_final_and_told_in_the_servers_words() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.reply(&first, 403, |response, _| response.reason = "Account suspended".to_owned());
    assert_eq!(rig.log(Method::Register).len(), 1);
    let account = rig.account();
    assert_eq!(account.state, LineState::Failed);
    assert!(account.message.to_string().contains("403 Account suspended"), "{}", account.message);
    rig.modes[0] = Mode::Up;
    rig.advance(31_000);
    assert_eq!(rig.account().state, LineState::Registered, "tried again after a back-off");
}

/// Requirements A4, B4.
#[test]
fn when_every_hop_is_silent_the_last_has_32_seconds_and_the_user_is_told() {
    let mut rig = Rig::new(|_| {});
    rig.modes = vec![Mode::Silent, Mode::Silent];
    rig.plug_in();
    rig.advance(35_499);
    assert_eq!(rig.account().state, LineState::Registering);
    rig.advance(1);
    let account = rig.account();
    assert_eq!(account.state, LineState::Failed);
    assert!(account.message.to_string().contains("all proxies failed"), "{}", account.message);
    let told = |event: &Event| matches!(event, Event::Unavailable { .. });
    assert_eq!(rig.events.iter().filter(|(at, event)| *at == 35_500 && told(event)).count(), 1);
    assert_eq!(rig.log(Method::Register).iter().filter(|(_, hop)| *hop == p2()).count(), 11);
}

/// Requirement F2; failover design §1: only *unreachable*, and only for a request in flight.
#[test]
fn an_error_that_is_soft_or_unrelated_changes_nothing() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let first = rig.last(Method::Register);
    rig.undeliverable(&first, Undeliverable::Soft);
    let mut other = first.clone();
    other.bytes =
        b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKnone\r\n".to_vec();
    rig.icmp(&other);
    assert_eq!(rig.log(Method::Register), [(0, p1())]);
    rig.icmp(&first);
    assert_eq!(rig.log(Method::Register), [(0, p1()), (0, p2())]);
    rig.icmp(&first);
    assert_eq!(rig.account().hop, Some(p2()), "for nothing in flight");
}

/// Failover design §1: an error quoted without payload counts by its destination.
#[test]
fn an_error_without_payload_is_matched_by_destination() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    let mut first = rig.last(Method::Register);
    first.bytes.clear();
    rig.icmp(&first);
    assert_eq!(rig.account().hop, Some(p2()));
}

/// Failover design §6: a thawed proxy answers all that it had queued.
#[test]
fn stale_answers_of_a_thawed_proxy_change_nothing() {
    let mut rig = Rig::new(|_| {});
    rig.modes[0] = Mode::Silent;
    rig.plug_in();
    rig.advance(4_000);
    let queued: Vec<Sent> = rig.sent.iter().filter(|sent| sent.to == p1()).cloned().collect();
    let (before, count) = (rig.account(), rig.sent.len());
    for sent in queued.iter().cycle().take(30) {
        rig.reply(sent, 401, |response, _| challenge(response, "late", ""));
    }
    for sent in &queued {
        rig.answer(sent, 200);
        rig.answer(sent, 503);
    }
    assert_eq!(rig.account(), before);
    assert_eq!(rig.sent.len(), count, "nothing is sent for them");
}

/// Failover design §3: an un-REGISTER names our Contact, never `*`.
#[test]
fn unregistering_takes_back_our_contact_only() {
    let mut rig = Rig::registered();
    rig.command(Command::Unregister(LINE)).unwrap();
    let sent = rig.last(Method::Register);
    let contact = sent.header(HeaderName::Contact);
    assert!(contact.contains("sip:1001@10.0.0.9:5060"), "{contact}");
    let text = String::from_utf8(sent.bytes).unwrap();
    assert!(text.contains("xpires=0") || text.contains("xpires: 0"), "{text}");
    assert_eq!(rig.account().state, LineState::Unregistered);
    rig.advance(600_000);
    assert_eq!(rig.log(Method::Register).len(), 1, "it stays unregistered");
}

/// `SIPN Enable Reg` 0: no REGISTER is ever sent.
#[test]
fn a_line_with_registration_disabled_sends_none_and_calls_all_the_same() {
    let mut rig = Rig::new(|line| line.register = false);
    rig.plug_in();
    rig.advance(60_000);
    assert!(rig.log(Method::Register).is_empty());
    assert_eq!(rig.account().state, LineState::Disabled);
    rig.dial();
    assert_eq!(rig.log(Method::Invite).first().map(|(_, hop)| *hop), Some(p1()));
    assert!(rig.command(Command::Register(LINE)).is_err());
}
