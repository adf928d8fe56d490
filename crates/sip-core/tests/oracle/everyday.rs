//! Messages such as deployed phones and servers send, each showing one thing that readers get wrong.

/// The lines of a plain request; a case puts its own in their place or after them.
const PLAIN: [&str; 7] = [
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds",
    "Max-Forwards: 70",
    "To: <sip:bob@example.com>",
    "From: <sip:alice@example.com>;tag=1928301774",
    "Call-ID: a84b4c76e66710@pc33.example.com",
    "CSeq: 314159 INVITE",
    "Contact: <sip:alice@192.0.2.1>",
];

/// Name, Request-URI, and the lines that differ from [`PLAIN`]: one of the same name takes its place.
const REQUESTS: &[(&str, &str, &[&str])] = &[
    ("plain", "sip:bob@example.com", &[]),
    ("compact-from", "sip:bob@example.com", &["From", "f: <sip:alice@example.com>;tag=1"]),
    ("compact-call-id", "sip:bob@example.com", &["Call-ID", "i: abc@h"]),
    ("compact-via", "sip:bob@example.com", &["Via", "v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"]),
    ("compact-contact", "sip:bob@example.com", &["Contact", "m: <sip:alice@192.0.2.1>"]),
    ("dot-in-user", "sip:mario.rossi@example.com", &[]),
    ("dot-in-from", "sip:bob@example.com", &["From: <sip:mario.rossi@example.com>;tag=1"]),
    ("ipv6-request-uri", "sip:bob@[2001:db8::1]:5062", &[]),
    ("ipv6-via", "sip:bob@example.com", &["Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1"]),
    ("ipv6-contact", "sip:bob@example.com", &["Contact: <sip:alice@[2001:db8::1]:5060>"]),
    ("folded-from", "sip:bob@example.com", &["From: <sip:alice@example.com>\r\n ;tag=1"]),
    ("folded-contact", "sip:bob@example.com", &["Contact:\r\n\t<sip:alice@192.0.2.1>"]),
    ("space-before-colon", "sip:bob@example.com", &["Call-ID", "Call-ID : abc@h"]),
    ("trailing-space", "sip:bob@example.com", &["Max-Forwards: 70 "]),
    ("no-space-after-colon", "sip:bob@example.com", &["Max-Forwards:70"]),
    ("upper-case-names", "sip:bob@example.com", &["CALL-ID: abc@h"]),
    ("no-brackets", "sip:bob@example.com", &["From: sip:alice@example.com;tag=1"]),
    ("spaces-around-tag", "sip:bob@example.com", &["From: <sip:alice@example.com> ; tag = 1"]),
    ("upper-case-tag", "sip:bob@example.com", &["From: <sip:alice@example.com>;TAG=1"]),
    ("quoted-name", "sip:bob@example.com", &[r#"From: "Alice A." <sip:alice@example.com>;tag=1"#]),
    ("quoted-brackets", "sip:bob@example.com", &[r#"From: "A <x>" <sip:alice@example.com>;tag=1"#]),
    ("quoted-quote", "sip:bob@example.com", &[r#"From: "A \"B\"" <sip:alice@example.com>;tag=1"#]),
    ("quoted-backslash", "sip:bob@example.com", &[r#"From: "A \\" <sip:alice@example.com>;tag=1"#]),
    ("quoted-comma", "sip:bob@example.com", &[r#"Contact: "A, B" <sip:alice@192.0.2.1>"#]),
    ("utf8-name", "sip:bob@example.com", &["From: \"J\u{f6}rg\" <sip:alice@example.com>;tag=1"]),
    ("unquoted-words", "sip:bob@example.com", &["From: Alice A <sip:alice@example.com>;tag=1"]),
    ("uri-parameter", "sip:bob@example.com;user=phone", &[]),
    ("uri-parameter-with-colon", "sip:bob@example.com;line=abc:def;x=1", &[]),
    ("uri-parameter-with-equals", "sip:bob@example.com;line=abc=def", &[]),
    (
        "contact-parameter-with-colon",
        "sip:bob@example.com",
        &["Contact: <sip:a@192.0.2.1;line=sr:x>"],
    ),
    (
        "contact-instance",
        "sip:bob@example.com",
        &[r#"Contact: <sip:a@192.0.2.1>;+sip.instance="<urn:uuid:f81d4fae>";reg-id=1"#],
    ),
    (
        "contact-gruu",
        "sip:bob@example.com",
        &[r#"Contact: <sip:a@192.0.2.1>;pub-gruu="sip:a@example.com;gr=urn:uuid:f81d""#],
    ),
    ("two-contacts-in-one-line", "sip:bob@example.com", &["Contact: <sip:a@h1>, <sip:a@h2>;q=0.5"]),
    (
        "two-vias-in-one-line",
        "sip:bob@example.com",
        &["Via: SIP/2.0/UDP h1;branch=z9hG4bK1, SIP/2.0/TCP h2;branch=z9hG4bK2"],
    ),
    (
        "two-via-lines",
        "sip:bob@example.com",
        &["Via: SIP/2.0/UDP h1;branch=z9hG4bK1\r\nVia: SIP/2.0/TCP h2;branch=z9hG4bK2"],
    ),
    ("via-spaces", "sip:bob@example.com", &["Via: SIP / 2.0 / UDP h1 ; branch = z9hG4bK1"]),
    ("via-rport", "sip:bob@example.com", &["Via: SIP/2.0/UDP h1:5060;rport;branch=z9hG4bK1"]),
    ("via-unknown-transport", "sip:bob@example.com", &["Via: SIP/2.0/QUIC h1;branch=z9hG4bK1"]),
    ("via-without-branch", "sip:bob@example.com", &["Via: SIP/2.0/UDP h1"]),
    ("sips", "sips:bob@example.com", &[]),
    ("tel-request-uri", "tel:+390612345;phone-context=example.com", &[]),
    ("unknown-scheme", "foo:bar", &[]),
    ("user-with-escapes", "sip:bob%20b@example.com", &[]),
    ("user-with-semicolon", "sip:bob;x=y@example.com", &[]),
    ("star-code", "sip:*43*1@example.com", &[]),
    ("plus-number", "sip:+390612345@example.com", &[]),
    ("no-user", "sip:example.com", &[]),
    ("password", "sip:bob:secret@example.com", &[]),
    ("underscore-host", "sip:bob@my_pbx.example.com", &[]),
    ("port", "sip:bob@example.com:5080", &[]),
    ("unknown-header", "sip:bob@example.com", &["X-Custom: ;;,,\"\r\nMax-Forwards: 70"]),
    ("odd-call-id", "sip:bob@example.com", &["Call-ID: {a}<b>\"c\"@[::1]"]),
];

/// Whole messages that do not fit the scheme above.
fn others() -> Vec<(&'static str, Vec<u8>)> {
    let lines = PLAIN.join("\r\n");
    let with_body = |start: &str, length: &str, body: &str| {
        format!("{start}\r\n{lines}\r\n{length}\r\n{body}").into_bytes()
    };
    let invite = "INVITE sip:bob@example.com SIP/2.0";
    let notify = lines.replace("INVITE", "NEWMETHOD");
    let latin1 = [
        format!("{invite}\r\n{lines}\r\nSubject: J").as_bytes(),
        b"\xF6",
        b"rg\r\nContent-Length: 0\r\n\r\n",
    ]
    .concat();
    vec![
        ("response", with_body("SIP/2.0 200 OK", "Content-Length: 0\r\n", "")),
        ("response-without-reason", with_body("SIP/2.0 200 ", "Content-Length: 0\r\n", "")),
        ("response-code-unknown", with_body("SIP/2.0 299 Fine", "Content-Length: 0\r\n", "")),
        ("body", with_body(invite, "Content-Length: 5\r\n", "hello")),
        ("body-with-rest", with_body(invite, "Content-Length: 5\r\n", "hello and more")),
        ("body-compact-length", with_body(invite, "l: 5\r\n", "hello and more")),
        ("body-without-length", with_body(invite, "", "hello")),
        (
            "unknown-method",
            format!("NEWMETHOD sip:bob@example.com SIP/2.0\r\n{notify}\r\n\r\n").into_bytes(),
        ),
        ("latin1-header", latin1),
    ]
}

/// Every everyday message by its name. All are valid.
pub(crate) fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let requests = REQUESTS.iter().map(|(name, uri, changes)| (*name, request(uri, changes)));
    requests.chain(others()).collect()
}

/// A request to `uri` with `changes` to the plain lines: `Name: value` takes the place of the line of
/// that name; `Name` before a line says which line that takes the place of.
fn request(uri: &str, changes: &[&str]) -> Vec<u8> {
    let mut lines = PLAIN.map(str::to_owned);
    let (named, new) = match changes {
        [] => ("", ""),
        [new] => (new.split(':').next().unwrap(), *new),
        [named, new, ..] => (*named, *new),
    };
    for line in &mut lines {
        let name = line.split(':').next().unwrap();
        if name.eq_ignore_ascii_case(named) {
            new.clone_into(line);
        }
    }
    if named == "X-Custom" {
        new.clone_into(&mut lines[1]);
    }
    let lines = lines.join("\r\n");
    assert!(lines.contains(new), "{named} took a place");
    format!("INVITE {uri} SIP/2.0\r\n{lines}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}
