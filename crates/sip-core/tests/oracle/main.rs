//! The reader against two others that were written independently: `sipx-sip`, which got every case
//! of ours right, and `rsip`, which did not (see docs/decisions/0001-message-reader.md).
//!
//! Each reader turns octets into the same [`Facts`], or refuses them. Where they are known to differ,
//! the difference is listed by name and must still be there, so that a list never outlives its truth.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod everyday;
mod facts;
mod ours;
mod rsip_reader;
mod sipx_reader;
mod spoilt;

use facts::Reading;
use sipx_testkit::{rfc4475, rfc5118};

/// Every message of both torture archives, on the wire, by name.
fn torture() -> Vec<(&'static str, Vec<u8>)> {
    let old = rfc4475::classified().map(|case| (case.name, case.bytes.to_vec()));
    let ipv6 = rfc5118::CASES.iter().map(|case| (case.name, case.wire().to_vec()));
    old.chain(ipv6).collect()
}

#[test]
fn sipx_and_we_agree_on_every_torture_message() {
    for (name, octets) in torture() {
        assert_same(name, &ours::read(&octets), &sipx_reader::read(&octets));
    }
}

#[test]
fn sipx_and_we_agree_on_every_everyday_message() {
    for (name, octets) in everyday::messages() {
        let ours = ours::read(&octets);
        assert!(ours.is_ok(), "{name}: {ours:?}");
        assert_same(name, &ours, &sipx_reader::read(&octets));
    }
}

fn assert_same(name: &str, ours: &Reading, theirs: &Reading) {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{name}"),
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{name}: we say {ours:?}, they say {theirs:?}"),
    }
}

/// How rsip reads a message that we and sipx read alike.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Known {
    /// It refuses the message or one of its mandatory headers.
    Refuses,
    /// It takes the message and says something else than it does.
    Misreads,
    /// It takes a message that is to be refused.
    Swallows,
}

/// What rsip refuses though it is valid. Everyday first, by reason: compact names, IPv6, folds and
/// white space, quoted brackets, URI parameters that hold `:` or `=`, lists, unknown transports, schemes
/// and methods, octets that are not UTF-8.
const RSIP_REFUSES: &[&str] = &[
    "compact-from",
    "compact-call-id",
    "ipv6-request-uri",
    "ipv6-via",
    "ipv6-contact",
    "folded-from",
    "folded-contact",
    "space-before-colon",
    "trailing-space",
    "spaces-around-tag",
    "via-spaces",
    "quoted-brackets",
    "uri-parameter-with-colon",
    "uri-parameter-with-equals",
    "contact-instance",
    "contact-gruu",
    "two-contacts-in-one-line",
    "via-unknown-transport",
    "tel-request-uri",
    "unknown-scheme",
    "unknown-method",
    "latin1-header",
    "wsinv",
    "intmeth",
    "esc01",
    "esc02",
    "longreq",
    "dblreq",
    "semiuri",
    "transports",
    "unkscm",
    "unksm2",
    "ipv6-good",
    "port-ambiguous",
    "port-unambiguous",
    "via-received-param-with-delim",
    "via-received-param-no-delim",
    "ipv6-in-sdp",
    "mult-ip-in-header",
    "mult-ip-in-sdp",
    "ipv4-mapped-ipv6",
    "ipv6-bug-abnf-3-colons",
    "ipv6-correct-abnf-2-colons",
];

/// What rsip takes and says something else about: compact names are not found, a dot in the user part
/// makes it part of the host, a parameter is cut at its colon, the second Via of a line is lost, the
/// body runs past Content-Length.
const RSIP_MISREADS: &[&str] = &[
    "compact-via",
    "compact-contact",
    "dot-in-user",
    "dot-in-from",
    "contact-parameter-with-colon",
    "two-vias-in-one-line",
    "body-with-rest",
    "body-compact-length",
    "novelsc",
    "invut",
    "regaut01",
    "regescrt",
];

/// What rsip takes though it is to be refused: Content-Length is not looked at, nor what is repeated,
/// nor whether CSeq agrees; a broken Via and a quoted string that is never closed pass.
const RSIP_SWALLOWS: &[&str] =
    &["clerr", "ncl", "mcl01", "ltgtruri", "badinv01", "quotbal", "mismatch01", "multi01"];

#[test]
fn rsip_differs_only_where_it_is_known_to() {
    let mut wrong = Vec::new();
    for (name, octets) in everyday::messages().into_iter().chain(torture()) {
        let seen = match (ours::read(&octets), rsip_reader::read(&octets)) {
            (Ok(ours), Ok(theirs)) => (ours != theirs).then_some(Known::Misreads),
            (Ok(_), Err(_)) => Some(Known::Refuses),
            (Err(_), Ok(_)) => Some(Known::Swallows),
            (Err(_), Err(_)) => None,
        };
        let lists = [
            (RSIP_REFUSES, Known::Refuses),
            (RSIP_MISREADS, Known::Misreads),
            (RSIP_SWALLOWS, Known::Swallows),
        ];
        let listed = lists.iter().find(|(list, _)| list.contains(&name)).map(|(_, known)| *known);
        if seen != listed {
            wrong.push(format!("{name}: seen {seen:?}, listed {listed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_name_in_the_lists_is_a_message() {
    let names: Vec<_> =
        everyday::messages().into_iter().chain(torture()).map(|(name, _)| name).collect();
    for listed in [RSIP_REFUSES, RSIP_MISREADS, RSIP_SWALLOWS].concat() {
        assert_eq!(names.iter().filter(|name| **name == listed).count(), 1, "{listed}");
    }
}

#[test]
fn rsip_refuses_the_challenges_of_rfc_8760_that_we_read() {
    use rsip::{headers::WwwAuthenticate, prelude::*};
    for line in [
        r#"Digest realm="a", nonce="1", algorithm=SHA-256"#,
        r#"Digest realm="a", nonce="1", qop="auth,auth-int""#,
        r#"Digest realm="a \"b\"", nonce="1""#,
    ] {
        assert!(WwwAuthenticate::new(line).typed().is_err(), "{line}");
        let challenges = sip_core::message::Challenge::read_line(line).unwrap();
        assert_eq!(challenges[0].value("nonce"), Some("1"), "{line}");
    }
}

/// The table of docs/decisions/0001-message-reader.md is what these tests see.
#[test]
fn the_decision_quotes_what_is_seen_here() {
    let sections = |from: &'static str| {
        let cases = rfc4475::CASES.iter().filter(move |case| case.section.starts_with(from));
        cases.map(|case| case.bytes.to_vec()).collect::<Vec<_>>()
    };
    let valid = sections("3.1.1.");
    // Date is nothing a phone reads, so the message whose only fault it is counts as neither.
    let mut invalid = sections("3.1.2.");
    invalid.retain(|octets| ours::read(octets).is_err());
    let ipv6: Vec<_> = rfc5118::CASES.iter().map(|case| case.wire().to_vec()).collect();
    let everyday: Vec<_> = everyday::messages().into_iter().map(|(_, octets)| octets).collect();
    // Ours counts as right where sipx says the same, which the tests above hold.
    let tally = |name: &str, read: fn(&[u8]) -> Reading| {
        let is_right = |octets: &&Vec<u8>| {
            let ours = ours::read(octets);
            ours.is_ok() && read(octets) == ours
        };
        let right = |messages: &[Vec<u8>]| messages.iter().filter(is_right).count();
        let taken = invalid.iter().filter(|octets| read(octets).is_ok()).count();
        format!(
            "| {name} | {} | {taken} | {} | {} |",
            right(&valid),
            right(&ipv6),
            right(&everyday)
        )
    };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/decisions/0001-message-reader.md");
    let page = std::fs::read_to_string(path).unwrap();
    for row in [
        format!(
            "RFC 4475 valid: right, of {} | RFC 4475 invalid: wrongly taken, of {} | RFC 5118 valid: \
             right, of {} | everyday: right, of {} |",
            valid.len(),
            invalid.len(),
            ipv6.iter().filter(|octets| ours::read(octets).is_ok()).count(),
            everyday.len()
        ),
        tally("rsip 0.4.0", rsip_reader::read),
        tally("sipx-sip 1.0.1", sipx_reader::read),
        tally("phoned's own reader", ours::read),
    ] {
        assert!(page.contains(&row), "the page should say {row}");
    }
}
