//! Dialogs as RFC 3261 §12 tells them, from the messages that found them to the requests inside.

#![expect(clippy::unwrap_used, reason = "a test may give up")]

use sip_core::dialog::{Dialog, DialogError, DialogId};
use sip_core::message::{
    HeaderName, Message, Method, NameAddr, Request, Response, StatusCode, read_datagram,
};

fn invite(extra: &str) -> Request {
    let text = format!(
        "INVITE sip:bob@example.test SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n\
         From: Alice <sip:alice@example.test>;tag=a1\r\n\
         To: <sip:bob@example.test>\r\n\
         Call-ID: call\r\n\
         CSeq: 7 INVITE\r\n\
         Contact: <sip:alice@192.0.2.1:5060>\r\n{extra}\r\n"
    );
    match read_datagram(text.as_bytes()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => unreachable!(),
    }
}

fn answer(code: StatusCode, tag: &str, contact: &str, record_routes: &[&str]) -> Response {
    let mut response = Response::to(&invite(""), code);
    if !tag.is_empty() {
        response.headers.set(HeaderName::To, format!("<sip:bob@example.test>;tag={tag}"));
    }
    if !contact.is_empty() {
        response.headers.push(HeaderName::Contact, format!("<{contact}>"));
    }
    for entry in record_routes {
        response.headers.push(HeaderName::RecordRoute, entry);
    }
    response
}

fn called(tag: &str, contact: &str, record_routes: &[&str]) -> Dialog {
    let response = answer(StatusCode::OK, tag, contact, record_routes);
    Dialog::from_response(&invite(""), &response).unwrap()
}

fn routes(request: &Request) -> Vec<String> {
    let routes = request.headers.routes().unwrap();
    routes.iter().map(|entry| entry.uri.to_string()).collect()
}

const BOB: &str = "sip:bob@192.0.2.2:5060";

/// §12.1.2: the caller reads Record-Route from the far end.
#[test]
fn the_callers_route_set_is_record_route_turned_round() {
    let mut dialog =
        called("b1", BOB, &["<sip:192.0.2.12;lr>, <sip:192.0.2.11;lr>", "<sip:192.0.2.10;lr>"]);
    let bye = dialog.request(Method::Bye);
    assert_eq!(routes(&bye), ["sip:192.0.2.10;lr", "sip:192.0.2.11;lr", "sip:192.0.2.12;lr"]);
    assert_eq!(bye.uri.to_string(), BOB);
    assert_eq!(dialog.first_hop_uri().to_string(), "sip:192.0.2.10;lr");
}

/// §12.1.1: the callee reads it from the near end, and keeps the order.
#[test]
fn the_callees_route_set_is_record_route_as_it_stands() {
    let request = invite("Record-Route: <sip:192.0.2.12;lr>, <sip:192.0.2.11;lr>\r\n");
    let mut dialog = Dialog::from_request(&request, "b1").unwrap();
    assert!(!dialog.confirmed);
    let bye = dialog.request(Method::Bye);
    assert_eq!(routes(&bye), ["sip:192.0.2.12;lr", "sip:192.0.2.11;lr"]);
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.1:5060");
    assert_eq!(bye.headers.from().unwrap().tag(), Some("b1"));
    assert_eq!(bye.headers.to().unwrap().tag(), Some("a1"));
    assert_eq!(bye.headers.cseq().unwrap().number, 1);
}

#[test]
fn a_request_has_the_dialogs_identifiers_and_the_next_number() {
    let mut dialog = called("b1", BOB, &[]);
    let first = dialog.request(Method::Invite).headers;
    let second = dialog.request(Method::Bye).headers;
    assert_eq!(first.cseq().unwrap().to_string(), "8 INVITE");
    assert_eq!(second.cseq().unwrap().to_string(), "9 BYE");
    assert_eq!(second.call_id(), Some("call"));
    assert_eq!(second.get(&HeaderName::From), Some("Alice <sip:alice@example.test>;tag=a1"));
    assert_eq!(second.get(&HeaderName::To), Some("<sip:bob@example.test>;tag=b1"));
    assert_eq!(dialog.first_hop_uri().to_string(), BOB);
}

/// §12.2.1.1, the last paragraphs.
#[test]
fn a_strict_router_becomes_the_request_uri_and_the_target_goes_last() {
    let mut dialog = called(
        "b1",
        BOB,
        &["<sip:192.0.2.11;lr>", "<sip:strict@192.0.2.10;method=INVITE?Subject=x>"],
    );
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:strict@192.0.2.10");
    assert_eq!(routes(&bye), ["sip:192.0.2.11;lr", BOB]);
}

/// §13.2.2.4.
#[test]
fn the_ack_has_the_invites_number_and_the_dialogs_route() {
    let dialog = called("b1", BOB, &["<sip:192.0.2.10;lr>"]);
    let ack = dialog.ack(7);
    assert_eq!(ack.headers.cseq().unwrap().to_string(), "7 ACK");
    assert_eq!(ack.uri.to_string(), BOB);
    assert_eq!(routes(&ack), ["sip:192.0.2.10;lr"]);
    assert_eq!(dialog.local_cseq, 7, "an ACK takes no number");
}

/// §12.1.2: one INVITE, as many dialogs as To tags.
#[test]
fn forked_answers_are_dialogs_of_their_own() {
    let one = called("b1", BOB, &["<sip:192.0.2.10;lr>"]);
    let other = called("b2", "sip:bob@192.0.2.3", &[]);
    assert_ne!(one.id, other.id);
    assert_eq!(one.id.remote_tag, "b1");
    assert_eq!(other.remote_target.to_string(), "sip:bob@192.0.2.3");
    let again = answer(StatusCode::OK, "b2", "sip:bob@192.0.2.3", &[]);
    assert_eq!(DialogId::of_response(&again), Some(other.id));
}

#[test]
fn a_ringing_answer_founds_an_early_dialog_that_the_2xx_confirms_and_corrects() {
    let ringing =
        answer(StatusCode::RINGING, "b1", "sip:early@192.0.2.2", &["<sip:192.0.2.10;lr>"]);
    let mut dialog = Dialog::from_response(&invite(""), &ringing).unwrap();
    assert!(!dialog.confirmed);
    dialog.confirm(&answer(StatusCode::OK, "b1", BOB, &["<sip:192.0.2.11;lr>"]));
    assert!(dialog.confirmed);
    assert_eq!(dialog.remote_target.to_string(), BOB);
    assert_eq!(routes(&dialog.request(Method::Bye)), ["sip:192.0.2.11;lr"]);
}

#[test]
fn a_provisional_answer_without_tag_founds_nothing() {
    let trying = answer(StatusCode::SESSION_PROGRESS, "", BOB, &[]);
    assert_eq!(Dialog::from_response(&invite(""), &trying), Err(DialogError::NoTag));
}

#[test]
fn an_answer_without_contact_leaves_the_invites_target() {
    let ringing = answer(StatusCode::RINGING, "b1", "", &[]);
    let dialog = Dialog::from_response(&invite(""), &ringing).unwrap();
    assert_eq!(dialog.remote_target.to_string(), "sip:bob@example.test");
}

#[test]
fn an_invite_without_contact_founds_nothing() {
    let mut request = invite("");
    request.headers.remove(&HeaderName::Contact);
    let error = Dialog::from_request(&request, "b1").unwrap_err();
    assert_eq!(error.to_string(), "no dialog: Contact header is missing");
}

fn from_peer(dialog: &Dialog, method: Method, cseq: u32) -> Request {
    let peer = Dialog {
        local: dialog.remote.clone(),
        remote: dialog.local.clone(),
        remote_target: "sip:alice@192.0.2.1".parse().unwrap(),
        route_set: Vec::new(),
        ..dialog.clone()
    };
    peer.request_with(method, cseq, &[])
}

/// §12.2.2.
#[test]
fn a_number_that_is_over_is_refused_and_a_gap_is_fine() {
    let mut dialog = called("b1", BOB, &[]);
    assert_eq!(dialog.check(&from_peer(&dialog, Method::Invite, 5)), Ok(()));
    let error = dialog.check(&from_peer(&dialog, Method::Bye, 4)).unwrap_err();
    assert_eq!((error.got, error.seen), (4, 5));
    assert_eq!(error.to_string(), "cseq 4 in a dialog that has seen 5");
    assert_eq!(dialog.check(&from_peer(&dialog, Method::Info, 5)), Ok(()), "only lower is over");
    assert_eq!(dialog.check(&from_peer(&dialog, Method::Ack, 5)), Ok(()));
    assert_eq!(dialog.check(&from_peer(&dialog, Method::Bye, 99)), Ok(()));
}

#[test]
fn a_request_of_the_other_side_is_found_by_its_tags_wherever_it_comes_from() {
    let dialog = called("b1", BOB, &[]);
    let bye = from_peer(&dialog, Method::Bye, 1);
    assert_eq!(DialogId::of_request(&bye), Some(dialog.id));
    assert_eq!(DialogId::of_request(&invite("")), None, "outside any dialog");
}

#[test]
fn a_target_refresh_moves_the_target_and_keeps_the_route() {
    let mut dialog = called("b1", BOB, &["<sip:192.0.2.10;lr>"]);
    let mut reinvite = from_peer(&dialog, Method::Invite, 1);
    reinvite.headers.push(HeaderName::Contact, "<sip:bob@192.0.2.99>");
    dialog.target_refresh(&reinvite.headers);
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:bob@192.0.2.99");
    assert_eq!(routes(&bye), ["sip:192.0.2.10;lr"]);
    dialog.target_refresh(&from_peer(&dialog, Method::Invite, 2).headers);
    assert_eq!(dialog.remote_target.to_string(), "sip:bob@192.0.2.99");
}

/// Failover design §5, rung 1: the phone hands in the repaired route.
#[test]
fn a_request_can_take_a_repaired_route() {
    let dialog = called("b1", BOB, &["<sip:192.0.2.10;lr;ftag=a1>"]);
    let repaired: NameAddr = "<sip:192.0.2.20;lr;ftag=a1>".parse().unwrap();
    let bye = dialog.request_with(Method::Bye, 8, &[repaired]);
    assert_eq!(routes(&bye), ["sip:192.0.2.20;lr;ftag=a1"]);
    assert_eq!(bye.headers.cseq().unwrap().to_string(), "8 BYE");
}

#[test]
fn a_response_of_the_callee_carries_its_tag() {
    let request = invite("");
    let dialog = Dialog::from_request(&request, "b1").unwrap();
    let ringing = dialog.response(&request, StatusCode::RINGING);
    assert_eq!(ringing.headers.to().unwrap().tag(), Some("b1"));
    let trying = dialog.response(&request, StatusCode::TRYING);
    assert_eq!(trying.headers.to().unwrap().tag(), None);
}

#[test]
fn an_endless_record_route_is_cut() {
    let many = "Record-Route: <sip:192.0.2.10;lr>\r\n".repeat(200);
    let dialog = Dialog::from_request(&invite(&many), "b1").unwrap();
    assert_eq!(dialog.route_set.len(), sip_core::limits::ROUTE_SET);
}
