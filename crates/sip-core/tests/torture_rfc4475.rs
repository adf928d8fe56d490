//! The torture messages of RFC 4475, each by the name of its file: what is accepted, what is refused
//! and with which code, and what the valid ones say.
//!
//! *Refused* is what a user agent does to a request: by the reader, or by `validate`. Messages whose
//! fault lies above the reader (an unknown scheme, extension or body type) are accepted here and
//! refused by the user agent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use sip_core::message::{Contacts, Headers, Message, ReadError, Transport, read_datagram};
use sipx_testkit::rfc4475;

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Refused(u16),
    Dropped,
}
use Outcome::{Accepted, Dropped, Refused};

/// Every message of the archive and what becomes of it.
const OUTCOMES: [(&str, Outcome); 50] = [
    ("wsinv", Accepted),
    ("intmeth", Accepted),
    ("esc01", Accepted),
    ("escnull", Accepted),
    ("esc02", Accepted),
    ("lwsdisp", Accepted),
    ("longreq", Accepted),
    ("dblreq", Accepted),
    ("semiuri", Accepted),
    ("transports", Accepted),
    ("mpart01", Accepted),
    ("unreason", Accepted),
    ("noreason", Accepted),
    ("badinv01", Refused(400)),
    ("clerr", Refused(400)),
    ("ncl", Refused(400)),
    ("scalar02", Refused(400)),
    ("scalarlg", Dropped),
    ("quotbal", Refused(400)),
    ("ltgtruri", Refused(400)),
    ("lwsruri", Refused(400)),
    ("lwsstart", Refused(400)),
    ("trws", Refused(400)),
    ("escruri", Refused(400)),
    // §3.1.2.12: who does not need to understand Date should not reject it.
    ("baddate", Accepted),
    ("regbadct", Refused(400)),
    ("badaspec", Refused(400)),
    ("baddn", Refused(400)),
    ("badvers", Refused(505)),
    ("mismatch01", Refused(400)),
    ("mismatch02", Refused(400)),
    ("bigcode", Dropped),
    // §3.2.1: the transaction layer sees a branch without an identifier.
    ("badbranch", Accepted),
    ("insuf", Refused(400)),
    // §3.3.2 to §3.3.7: 416, 420, 415 and 401 are for the user agent.
    ("unkscm", Accepted),
    ("novelsc", Accepted),
    ("unksm2", Accepted),
    ("bext01", Accepted),
    ("invut", Accepted),
    ("regaut01", Accepted),
    ("multi01", Refused(400)),
    ("mcl01", Refused(400)),
    ("bcast", Accepted),
    ("zeromf", Accepted),
    ("cparam01", Accepted),
    ("cparam02", Accepted),
    ("regescrt", Accepted),
    ("sdp01", Accepted),
    ("inv2543", Accepted),
    // In the archive, in no section: its first line has no version, so it is no SIP.
    ("test", Dropped),
];

fn read(name: &str) -> Message {
    read_datagram(rfc4475::case(name).unwrap().bytes).unwrap()
}

fn headers(name: &str) -> Headers {
    read(name).headers().clone()
}

#[test]
fn every_message_is_accepted_refused_or_dropped_as_listed() {
    assert_eq!(rfc4475::CASES.len(), OUTCOMES.len());
    for (name, expected) in OUTCOMES {
        let case = rfc4475::case(name).unwrap();
        let outcome = match read_datagram(case.bytes) {
            Ok(Message::Request(request)) => {
                request.validate().map_or_else(|fault| Refused(fault.code.as_u16()), |()| Accepted)
            }
            Ok(Message::Response(response)) => {
                if response.validate().is_ok() {
                    Accepted
                } else {
                    Dropped
                }
            }
            Err(ReadError::Malformed { code, .. }) => Refused(code.as_u16()),
            Err(ReadError::Garbage { .. }) => Dropped,
        };
        assert_eq!(outcome, expected, "{name}: {}", case.title);
    }
}

#[test]
fn a_refused_request_can_be_answered() {
    for (name, _) in OUTCOMES.iter().filter(|(_, outcome)| matches!(outcome, Refused(_))) {
        let Err(error) = read_datagram(rfc4475::case(name).unwrap().bytes) else { continue };
        let reply = error.reply().unwrap();
        assert!(reply.headers.call_id().is_some(), "{name} is named in its refusal");
        assert!(read_datagram(&reply.to_bytes()).is_ok(), "{name}: the refusal is SIP");
    }
}

/// What a valid message says.
struct Says {
    name: &'static str,
    /// The start line, as written back.
    start: &'static str,
    /// Transport, host, port and branch of each Via.
    vias: &'static [(&'static str, &'static str, Option<u16>, Option<&'static str>)],
    /// User parts and tags of From and To.
    from: (&'static str, Option<&'static str>),
    to: (&'static str, Option<&'static str>),
    call_id: &'static str,
    cseq: &'static str,
    max_forwards: Option<u8>,
    contacts: usize,
    body: usize,
}

const ODD_URI: &str = "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&\
    isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0";
const ODD_REASON: &str = "SIP/2.0 200 = 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e} \
    \u{434}\u{435}\u{432}\u{44f}\u{43d}\u{43e}\u{441}\u{442}\u{43e} \
    \u{434}\u{435}\u{432}\u{44f}\u{442}\u{44c} - \u{43f}\u{440}\u{43e}\u{441}\u{442}\u{43e}\u{435}";

const VALID: [Says; 13] = [
    Says {
        name: "wsinv",
        start: "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
        vias: &[
            ("UDP", "192.0.2.2", None, Some("390skdjuw")),
            ("TCP", "spindle.example.com", None, Some("z9hG4bK9ikj8")),
            ("UDP", "192.168.255.111", None, Some("z9hG4bK30239")),
        ],
        from: ("jdrosen", Some("98asjd8")),
        to: ("vivekg", Some("1918181833n")),
        call_id: "wsinv.ndaksdj@192.0.2.1",
        cseq: "9 INVITE",
        max_forwards: Some(68),
        contacts: 1,
        body: 150,
    },
    Says {
        name: "intmeth",
        start: ODD_URI,
        vias: &[("TCP", "host1.example.com", None, Some("z9hG4bK-.!%66*_+`'~"))],
        from: ("mundane", Some("_token~1'+`*%!-.")),
        to: ("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", None),
        call_id: r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#,
        cseq: "139122385 !interesting-Method0123456789_*+`.%indeed'~",
        max_forwards: Some(255),
        contacts: 0,
        body: 0,
    },
    Says {
        name: "esc01",
        start: "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
        vias: &[("UDP", "host5.example.net", None, Some("z9hG4bKkdjuw"))],
        from: ("I%20have%20spaces", Some("938")),
        to: ("%75se%72", None),
        call_id: "esc01.239409asdfakjkn23onasd0-3234",
        cseq: "234234 INVITE",
        max_forwards: Some(87),
        contacts: 1,
        body: 150,
    },
    Says {
        name: "escnull",
        start: "REGISTER sip:example.com SIP/2.0",
        vias: &[("UDP", "host5.example.com", None, Some("z9hG4bKkdjuw"))],
        from: ("null-%00-null", Some("839923423")),
        to: ("null-%00-null", None),
        call_id: "escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd",
        cseq: "14398234 REGISTER",
        max_forwards: Some(70),
        contacts: 2,
        body: 0,
    },
    Says {
        name: "esc02",
        start: "RE%47IST%45R sip:registrar.example.com SIP/2.0",
        vias: &[("TCP", "host.example.com", None, Some("z9hG4bK209%fzsnel234"))],
        from: ("resource", Some("f232jadfj23")),
        to: ("resource", None),
        call_id: "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf",
        cseq: "29344 RE%47IST%45R",
        max_forwards: Some(70),
        contacts: 2,
        body: 0,
    },
    Says {
        name: "lwsdisp",
        start: "OPTIONS sip:user@example.com SIP/2.0",
        vias: &[("UDP", "funky.example.com", None, Some("z9hG4bKkdjuw"))],
        from: ("caller", Some("323")),
        to: ("user", None),
        call_id: "lwsdisp.1234abcd@funky.example.com",
        cseq: "60 OPTIONS",
        max_forwards: Some(70),
        contacts: 0,
        body: 0,
    },
    Says {
        name: "dblreq",
        start: "REGISTER sip:example.com SIP/2.0",
        vias: &[("UDP", "192.0.2.125", None, Some("z9hG4bKkdjuw23492"))],
        from: ("j.user", Some("43251j3j324")),
        to: ("j.user", None),
        call_id: "dblreq.0ha0isndaksdj99sdfafnl3lk233412",
        cseq: "8 REGISTER",
        max_forwards: Some(8),
        contacts: 1,
        body: 0,
    },
    Says {
        name: "semiuri",
        start: "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
        vias: &[("UDP", "192.0.2.1", None, Some("z9hG4bKkdjuw"))],
        from: ("caller", Some("33242")),
        to: ("j_user", None),
        call_id: "semiuri.0ha0isndaksdj",
        cseq: "8 OPTIONS",
        max_forwards: Some(3),
        contacts: 0,
        body: 0,
    },
    Says {
        name: "transports",
        start: "OPTIONS sip:user@example.com SIP/2.0",
        vias: &[
            ("UDP", "t1.example.com", None, Some("z9hG4bKkdjuw")),
            ("SCTP", "t2.example.com", None, Some("z9hG4bKklasjdhf")),
            ("TLS", "t3.example.com", None, Some("z9hG4bK2980unddj")),
            ("UNKNOWN", "t4.example.com", None, Some("z9hG4bKasd0f3en")),
            ("TCP", "t5.example.com", None, Some("z9hG4bK0a9idfnee")),
        ],
        from: ("caller", Some("323")),
        to: ("user", None),
        call_id: "transports.kijh4akdnaqjkwendsasfdj",
        cseq: "60 OPTIONS",
        max_forwards: Some(70),
        contacts: 0,
        body: 0,
    },
    Says {
        name: "mpart01",
        start: "MESSAGE sip:kumiko@example.org SIP/2.0",
        vias: &[(
            "UDP",
            "127.0.0.1",
            Some(5070),
            Some("z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-"),
        )],
        from: ("fluffy", Some("2fb0dcc9")),
        to: ("kumiko", None),
        call_id: "3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..",
        cseq: "1 MESSAGE",
        max_forwards: Some(70),
        contacts: 1,
        body: 553,
    },
    Says {
        name: "unreason",
        start: ODD_REASON,
        vias: &[("UDP", "192.0.2.198", None, Some("z9hG4bK1324923"))],
        from: ("user", Some("11141343")),
        to: ("user", Some("2229")),
        call_id: "unreason.1234ksdfak3j2erwedfsASdf",
        cseq: "35 INVITE",
        max_forwards: None,
        contacts: 1,
        body: 154,
    },
    Says {
        name: "noreason",
        start: "SIP/2.0 100 ",
        vias: &[("UDP", "192.0.2.105", None, Some("z9hG4bK2398ndaoe"))],
        from: ("user", Some("39ansfi3")),
        to: ("user", Some("902jndnke3")),
        call_id: "noreason.asndj203insdf99223ndf",
        cseq: "35 INVITE",
        max_forwards: None,
        contacts: 1,
        body: 0,
    },
    Says {
        name: "baddate",
        start: "INVITE sip:user@example.com SIP/2.0",
        vias: &[("UDP", "host.example.com", None, Some("z9hG4bKkdjuw"))],
        from: ("caller", Some("2234923")),
        to: ("user", None),
        call_id: "baddate.239423mnsadf3j23lj42--sedfnm234",
        cseq: "1392934 INVITE",
        max_forwards: Some(70),
        contacts: 1,
        body: 150,
    },
];

#[test]
fn what_the_valid_messages_say_is_read_and_written_back() {
    for says in VALID {
        let message = read(says.name);
        check(&says, &message);
        let written = message.to_bytes();
        assert!(written.starts_with(format!("{}\r\n", says.start).as_bytes()), "{}", says.name);
        check(&says, &read_datagram(&written).unwrap());
    }
}

fn check(says: &Says, message: &Message) {
    let (name, headers) = (says.name, message.headers());
    let vias = headers.vias().unwrap();
    let vias: Vec<_> = vias
        .iter()
        .map(|via| (via.transport.as_str(), via.host.to_string(), via.port, via.branch()))
        .collect();
    let expected: Vec<_> = says
        .vias
        .iter()
        .map(|(transport, host, port, branch)| (*transport, (*host).to_owned(), *port, *branch))
        .collect();
    assert_eq!(vias, expected, "{name}");
    let (from, to) = (headers.from().unwrap(), headers.to().unwrap());
    assert_eq!((from.uri.user.as_deref().unwrap(), from.tag()), says.from, "{name}");
    assert_eq!((to.uri.user.as_deref().unwrap(), to.tag()), says.to, "{name}");
    assert_eq!(headers.call_id(), Some(says.call_id), "{name}");
    assert_eq!(headers.cseq().unwrap().to_string(), says.cseq, "{name}");
    assert_eq!(headers.max_forwards(), Ok(says.max_forwards), "{name}");
    let Contacts::List(contacts) = headers.contacts().unwrap() else { panic!("{name}: a star") };
    assert_eq!(contacts.len(), says.contacts, "{name}");
    assert_eq!(message.body().len(), says.body, "{name}");
}

#[test]
fn wsinv_quoted_names_and_spread_parameters_are_read() {
    let headers = headers("wsinv");
    assert_eq!(headers.from().unwrap().display.as_deref(), Some(r#"J Rosenberg \""#));
    let contact = headers.contact().unwrap();
    assert_eq!(contact.display.as_deref(), Some(r#"Quoted string """#));
    assert_eq!(contact.params.value("newparam"), Some("newvalue"));
    assert_eq!(contact.params.get("secondparam"), Some(None));
    assert_eq!(contact.params.value("q"), Some("0.33"));
    let route = &headers.routes().unwrap()[0];
    assert!(route.uri.is_loose());
    assert_eq!(route.uri.params.value("unknownwith"), Some("value"));
    assert_eq!(
        headers.get(&"NewFangledHeader".into()),
        Some("newfangled value continued newfangled value")
    );
    assert_eq!(headers.get(&"UnknownHeaderWithUnusualValue".into()), Some(";;,,;;,;"));
    assert_eq!(headers.get(&"s".into()), Some(""));
}

#[test]
fn intmeth_octets_that_look_odd_are_kept() {
    let headers = headers("intmeth");
    let to = headers.to().unwrap();
    assert_eq!(to.display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    let from = headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(
        from.params.value("fromParam''~+*_!.-%"),
        Some("\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}\u{44e}\u{449}\u{438}\u{439}")
    );
}

#[test]
fn esc01_escapes_are_undone_only_to_compare_and_to_show() {
    let headers = headers("esc01");
    let contact = headers.contact().unwrap().uri;
    assert!(contact.is_loose(), "%6C%72 is lr");
    assert_eq!(contact.param("name").flatten().as_deref(), Some("value%41"));
    assert_eq!(headers.from().unwrap().uri.user_text().as_deref(), Some("I have spaces"));
    assert!(headers.to().unwrap().uri.matches(&"sip:user@example.com".parse().unwrap()));
}

#[test]
fn longreq_long_values_are_read_whole() {
    let message = read("longreq");
    let headers = message.headers();
    assert_eq!(headers.vias().unwrap().len(), 34);
    let name = format!("I have a user name of {} proportion", "extreme".repeat(10));
    assert_eq!(headers.to().unwrap().display, Some(name));
    let from = headers.from().unwrap();
    assert_eq!(from.uri.user.as_deref().map(str::len), Some(5 * 23));
    assert_eq!(headers.contact().unwrap().uri.user.as_deref().map(str::len), Some(5 * 23));
    assert_eq!(headers.cseq().unwrap().number, 3_882_340);
    assert_eq!(message.body().len(), 150);
}

#[test]
fn values_that_are_too_large_are_clamped_where_they_are_only_advice() {
    assert_eq!(headers("scalar02").expires(), Some(u32::MAX));
    assert_eq!(headers("scalar02").contact().unwrap().expires(), Some(u32::MAX));
    assert_eq!(headers("scalarlg").retry_after(), Some(u32::MAX));
}

#[test]
fn contact_parameters_belong_to_the_header_without_brackets_and_to_the_uri_within() {
    let outside = headers("cparam01").contact().unwrap();
    assert!(outside.params.has("unknownparam") && !outside.uri.params.has("unknownparam"));
    let inside = headers("cparam02").contact().unwrap();
    assert!(!inside.params.has("unknownparam") && inside.uri.params.has("unknownparam"));
    let escaped = headers("regescrt").contact().unwrap();
    assert_eq!(escaped.uri.headers.as_deref(), Some("Route=%3Csip:sip.example.com%3E"));
}

#[test]
fn unknown_schemes_options_and_credentials_are_values() {
    let Message::Request(request) = read("novelsc") else { panic!("a request") };
    assert_eq!(request.uri.to_string(), "soap.beep://192.0.2.103:3002");
    let Message::Request(request) = read("unkscm") else { panic!("a request") };
    assert_eq!(request.uri.opaque(), Some("totallyopaquecontent"));
    assert_eq!(headers("unksm2").to().unwrap().uri.to_string(), "isbn:2983792873");
    let required = ["nothingSupportsThis", "nothingSupportsThisEither"];
    assert_eq!(headers("bext01").require(), required);
    let credentials = headers("regaut01").challenges("Authorization".into());
    assert_eq!(credentials[0].scheme, "NoOneKnowsThisScheme");
    let via = headers("bcast").vias().unwrap().remove(1);
    assert_eq!((via.transport, via.host.to_string()), (Transport::Udp, "255.255.255.255".into()));
}
