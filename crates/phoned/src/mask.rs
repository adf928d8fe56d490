//! The mask over secrets in SIP messages (requirement F9): whatever is logged, shown or exported of a
//! message has passed here, unless an administrator has asked for it as it was.

/// Headers whose values are credentials or are computed from them (RFC 3261 §20.6, §20.7, §20.28;
/// RFC 7615).
const SECRET_HEADERS: [&str; 4] =
    ["authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info"];

/// What begins a line of a session description that holds a key or a password (RFC 4568 §9.1, RFC
/// 8866 §5.12, RFC 4567 §3.1, RFC 8839 §5.4). What is secret follows the last part of each.
const SECRET_LINES: [(&str, &str); 4] =
    [("a=crypto:", "inline:"), ("k=", "k="), ("a=key-mgmt:", ":"), ("a=ice-pwd:", ":")];

/// What stands for a credential, however long it is.
const STARS: &str = "********";

/// The message without its secrets: values of credential headers, passwords of URIs, keys of session
/// descriptions, and digits of an INFO (they may be a PIN). What is hidden in a body keeps its
/// length, so that Content-Length stays right.
pub(crate) fn masked(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    let mut secret = false;
    let mut digits = false;
    // Empty lines may come before a message (RFC 3261 §7.5).
    let (mut in_head, mut in_body) = (false, false);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if in_body {
            mask_body_line(line, digits, &mut out);
            continue;
        }
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if !folded {
            let name = header_name(line);
            secret = is_one_of(name, &SECRET_HEADERS);
            digits |= is_one_of(name, &["content-type", "c"]) && contains(line, b"dtmf");
        }
        match (secret, folded) {
            (false, _) => mask_uris(line, &mut out),
            (true, false) => {
                out.extend(header_name(line));
                out.extend(b": ");
                out.extend(stars_for(line).bytes());
                out.extend(end_of_line(line));
            }
            (true, true) => {}
        }
        let empty = end_of_line(line).len() == line.len();
        in_body = in_head && empty;
        in_head |= !empty;
    }
    out
}

fn header_name(line: &[u8]) -> &[u8] {
    line.split(|octet| *octet == b':').next().unwrap_or_default().trim_ascii_end()
}

/// What is shown in place of a credential header's value: still such a value to whoever reads it.
fn stars_for(line: &[u8]) -> String {
    let value = line.splitn(2, |octet| *octet == b':').nth(1).unwrap_or_default().trim_ascii();
    let is_digest = value.get(..7).is_some_and(|word| word.eq_ignore_ascii_case(b"digest "));
    if is_digest { format!("Digest response=\"{STARS}\"") } else { STARS.to_owned() }
}

fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

fn contains(line: &[u8], word: &[u8]) -> bool {
    find(line, word).is_some()
}

/// Where the word ends, whatever its case.
fn find(line: &[u8], word: &[u8]) -> Option<usize> {
    let at = line.windows(word.len()).position(|part| part.eq_ignore_ascii_case(word))?;
    Some(at + word.len())
}

fn end_of_line(line: &[u8]) -> &[u8] {
    let text =
        line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
    line.get(text.len()..).unwrap_or_default()
}

/// The line with stars from `from` to its end.
fn star_from(line: &[u8], from: usize, out: &mut Vec<u8>) {
    let end = end_of_line(line);
    let text = line.len() - end.len();
    let from = from.min(text);
    out.extend(line.get(..from).unwrap_or_default());
    out.extend(std::iter::repeat_n(b'*', text - from));
    out.extend(end);
}

fn mask_body_line(line: &[u8], digits: bool, out: &mut Vec<u8>) {
    let begins = |with: &str| {
        line.get(..with.len()).is_some_and(|part| part.eq_ignore_ascii_case(with.as_bytes()))
    };
    if digits && !begins("duration") {
        // `Signal=5`, or the digit alone.
        let from =
            line.iter().position(|octet| matches!(octet, b'=' | b':')).map_or(0, |at| at + 1);
        return star_from(line, from, out);
    }
    match SECRET_LINES.iter().find(|(start, _)| begins(start)) {
        Some((start, last)) => {
            star_from(line, find(line, last.as_bytes()).unwrap_or(start.len()), out)
        }
        None => mask_uris(line, out),
    }
}

/// The line with the password of each SIP URI starred (RFC 3261 §19.1.1).
fn mask_uris(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some(user) =
        [&b"sip:"[..], b"sips:"].iter().filter_map(|scheme| find(rest, scheme)).min()
    {
        let (before, after) = rest.split_at(user);
        out.extend(before);
        // What cannot stand in user or password ends the search.
        let ends = |octet: &u8| b"@<>\" \t\r\n".contains(octet);
        let stop = after.iter().position(ends).unwrap_or(after.len());
        let (info, tail) = after.split_at(stop);
        match info.iter().position(|octet| *octet == b':').filter(|_| tail.starts_with(b"@")) {
            Some(colon) => {
                out.extend(info.get(..=colon).unwrap_or_default());
                out.extend(std::iter::repeat_n(b'*', info.len() - colon - 1));
            }
            None => out.extend(info),
        }
        rest = tail;
    }
    out.extend(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &str) -> String {
        String::from_utf8(masked(message.as_bytes())).unwrap()
    }

    #[test]
    fn credentials_of_every_kind_are_hidden_f9() {
        let shown = text(
            "\r\n\r\nREGISTER sip:h SIP/2.0\r\nAuthorization: Digest username=\"u\",\r\n \
             response=\"hunter2\"\r\nproxy-authorization : Digest response=\"hunter2\"\r\n\
             Authentication-Info: rspauth=\"hunter2\"\r\nCSeq: 2 REGISTER\r\n\r\n",
        );
        assert!(!shown.contains("hunter2") && !shown.contains("username"), "{shown}");
        let stars = "\r\nAuthorization: Digest response=\"********\"\r\n";
        assert!(shown.contains(stars), "{shown}");
        assert!(shown.contains("Authentication-Info: ********\r\n"), "{shown}");
        assert!(shown.ends_with("CSeq: 2 REGISTER\r\n\r\n"), "{shown}");
    }

    #[test]
    fn keys_of_a_session_description_are_hidden_and_its_length_stays_f9() {
        let body = "v=0\r\nk=base64:hunter2\r\nm=audio 4 RTP/SAVP 8\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:hunter2hunter2|2^20|1:4\r\n\
            a=key-mgmt:mikey hunter2\r\na=ice-pwd:hunter2\r\na=rtpmap:8 PCMA/8000\r\n";
        let message =
            format!("INVITE sip:a SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let shown = text(&message);
        assert_eq!(shown.len(), message.len());
        assert!(!shown.contains("hunter2") && !shown.contains("2^20"), "{shown}");
        assert!(shown.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***"), "{shown}");
        assert!(shown.contains("a=rtpmap:8 PCMA/8000"), "{shown}");
    }

    #[test]
    fn passwords_of_uris_are_hidden_and_ports_and_times_are_not_f9() {
        for (message, expected) in [
            ("INVITE sip:u:pw@h:5060 SIP/2.0\r\n\r\n", "INVITE sip:u:**@h:5060 SIP/2.0\r\n\r\n"),
            ("OPTIONS sip:h:5060 SIP/2.0\r\n", "OPTIONS sip:h:5060 SIP/2.0\r\n"),
            ("To: <SIPS:u;x=1:pw@h>, sip:h:5\r\n", "To: <SIPS:u;x=1:**@h>, sip:h:5\r\n"),
            ("Date: 12:30 sip:a@h\r\n", "Date: 12:30 sip:a@h\r\n"),
        ] {
            assert_eq!(text(message), expected);
        }
    }

    #[test]
    fn digits_of_an_info_are_hidden_for_they_may_be_a_pin_f9() {
        let info = "INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\n\
            Signal=7\r\nDuration=160\r\n";
        assert!(text(info).ends_with("Signal=*\r\nDuration=160\r\n"));
        let bare = "INFO sip:a SIP/2.0\r\nc: application/DTMF\r\n\r\n7";
        assert!(text(bare).ends_with("\r\n\r\n*"));
    }

    #[test]
    fn what_is_no_message_passes_as_it_is() {
        for octets in [&b""[..], b"\r\n\r\n", b"\xff\xfe:\0\n\nx", b"sip:", b"sip:a:b", b"k="] {
            assert_eq!(masked(octets), octets);
        }
    }
}
