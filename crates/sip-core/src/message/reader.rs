//! Cuts octets into a message: start line, header lines, body (RFC 3261 §7, §18.3).
//!
//! Only what cannot be cut is refused. Where the octets are clearly a request, reading goes on past
//! the first fault, so that the refusal can name the request it answers.

use std::borrow::Cow;

use super::{
    HeaderName, Headers, Message, Method, ReadError, Request, Response, StatusCode, Uri,
    grammar::{is_token, is_token_octet},
    limits, text,
};

/// What is wrong, and the code that says so.
type Blame = (StatusCode, &'static str);

/// Reads the message of one datagram.
///
/// Octets beyond Content-Length are left out (RFC 3261 §18.3); without Content-Length the body runs
/// to the end. Lines may end in a bare LF.
///
/// # Errors
/// See [`ReadError`]: garbage is met with silence, a malformed request with a reply.
pub fn read_datagram(octets: &[u8]) -> Result<Message, ReadError> {
    if octets.len() > limits::MESSAGE_OCTETS {
        return garbage("longer than a datagram can be");
    }
    let octets = octets.trim_ascii_start();
    let Some((line, rest)) = cut_line(octets) else {
        return garbage(if octets.is_empty() { "a keep-alive" } else { "no line end" });
    };
    if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        let (code, reason) = read_status_line(line)?;
        let (headers, body, blame) = read_rest(rest);
        return match blame {
            None => Ok(Message::Response(Response { code, reason, headers, body: body.to_vec() })),
            Some((_, what)) => garbage(what),
        };
    }
    let start = read_request_line(line).ok_or(ReadError::Garbage { what: "no SIP start line" })?;
    let (headers, body, blame) = read_rest(rest);
    let request = Request { method: start.method, uri: start.uri, headers, body: body.to_vec() };
    match start.blame.or(blame) {
        None => Ok(Message::Request(request)),
        Some((code, what)) => Err(ReadError::Malformed { request: Box::new(request), code, what }),
    }
}

fn garbage<T>(what: &'static str) -> Result<T, ReadError> {
    Err(ReadError::Garbage { what })
}

/// The first line without its CRLF or LF, and what follows.
fn cut_line(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = octets.iter().position(|octet| *octet == b'\n')?;
    let (line, rest) = octets.split_at(end);
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default()))
}

fn read_status_line(line: &[u8]) -> Result<(StatusCode, String), ReadError> {
    let line = text::decode(line);
    let mut words = line.splitn(3, ' ');
    if !words.next().is_some_and(|version| version.eq_ignore_ascii_case("SIP/2.0")) {
        return garbage("a response of another SIP version");
    }
    let digits = words.next().unwrap_or_default();
    let code = if digits.len() == 3 { digits.parse().ok() } else { None };
    let Some(code) = code.and_then(StatusCode::new) else {
        return garbage("a response without a status code");
    };
    let reason = words.next().unwrap_or_default();
    if reason.contains('\r') {
        return garbage("a stray CR in the reason phrase");
    }
    Ok((code, reason.to_owned()))
}

/// A request line as far as it could be read.
struct RequestLine {
    method: Method,
    uri: Uri,
    blame: Option<Blame>,
}

/// Reads a request line; `None` if it isn't one: it begins with a token and ends with a SIP version.
fn read_request_line(line: &[u8]) -> Option<RequestLine> {
    let line = text::decode(line);
    let (method, rest) = line.split_once(' ').filter(|(method, _)| is_token(method))?;
    let (middle, version) = rest.trim_end().rsplit_once(' ')?;
    let number = version.get(..4).filter(|name| name.eq_ignore_ascii_case("SIP/"));
    let number = number.and_then(|_| version.get(4..)).filter(|number| is_version(number))?;
    let exact = rest.ends_with(version) && middle == middle.trim();
    let (uri, fault) = match middle.trim().parse::<Uri>() {
        Ok(uri) if exact => (uri, None),
        Ok(uri) => (uri, Some("superfluous space in the request line")),
        Err(_) => (Uri::unreadable(middle), Some("unreadable Request-URI")),
    };
    let blame = if number == "2.0" {
        fault.map(|what| (StatusCode::BAD_REQUEST, what))
    } else {
        Some((
            StatusCode::VERSION_NOT_SUPPORTED,
            StatusCode::VERSION_NOT_SUPPORTED.default_reason(),
        ))
    };
    Some(RequestLine { method: method.into(), uri, blame })
}

fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor))
}

/// Reads what follows the start line: headers, the body that belongs to them, the first fault.
fn read_rest(octets: &[u8]) -> (Headers, &[u8], Option<Blame>) {
    let (headers, rest, fault) = read_headers(octets);
    if fault.is_some() {
        return (headers, &[], fault);
    }
    match body_length(&headers, rest.len()) {
        Ok(length) => (headers, rest.get(..length).unwrap_or(rest), None),
        Err(what) => (headers, &[], Some((StatusCode::BAD_REQUEST, what))),
    }
}

/// Reads header lines up to the empty one.
pub(super) fn read_headers(mut octets: &[u8]) -> (Headers, &[u8], Option<Blame>) {
    let mut headers = Headers::for_reading(octets.len());
    let mut blame = None;
    loop {
        let Some((line, rest)) = cut_line(octets) else {
            return (headers, &[], blame.or(bad("no empty line after the headers")));
        };
        octets = rest;
        if line.is_empty() {
            return (headers, octets, blame);
        }
        if headers.len() == limits::HEADER_LINES {
            let too_many = (StatusCode::MESSAGE_TOO_LARGE, "too many header lines");
            return (headers, &[], blame.or(Some(too_many)));
        }
        if let Err(what) = read_line(line, &mut headers) {
            blame = blame.or(bad(what));
        }
    }
}

/// Content-Length as [`read_headers`] and [`content_length`] find it in a header section: for who
/// has to know where a message ends before it is read.
pub(super) fn read_length(mut section: &[u8]) -> Result<Option<usize>, &'static str> {
    let mut lengths = Headers::new();
    let (mut headers, mut within) = (0, false);
    while headers < limits::HEADER_LINES
        && let Some((line, rest)) = cut_line(section)
        && !line.is_empty()
    {
        section = rest;
        // A line that cannot be read is no header: what it breaks is found when the message is read.
        let Ok(cut) = cut_header(line) else { continue };
        if let Line::Header { name, .. } = &cut {
            headers += 1;
            within = names_length(name);
        }
        if within {
            add_line(cut, &mut lengths)?;
        }
    }
    content_length(&lengths)
}

fn names_length(name: &[u8]) -> bool {
    let known = HeaderName::ContentLength;
    name.eq_ignore_ascii_case(known.as_str().as_bytes()) || name.eq_ignore_ascii_case(b"l")
}

fn bad(what: &'static str) -> Option<Blame> {
    Some((StatusCode::BAD_REQUEST, what))
}

/// Reads one line into the headers.
fn read_line(line: &[u8], headers: &mut Headers) -> Result<(), &'static str> {
    add_line(cut_header(line)?, headers)
}

fn add_line(line: Line<'_>, headers: &mut Headers) -> Result<(), &'static str> {
    match line {
        Line::Header { name, value } => {
            let name: Cow<'_, str> = text::decode(name);
            headers.push_read(HeaderName::from(&*name), &text::decode(value));
            Ok(())
        }
        Line::Continuation(text) if headers.extend_last(&text::decode(text)) => Ok(()),
        Line::Continuation(_) => Err("the first header is folded"),
    }
}

/// What a line is.
enum Line<'a> {
    Header {
        name: &'a [u8],
        value: &'a [u8],
    },
    /// It goes on with the last one (RFC 3261 §7.3.1).
    Continuation(&'a [u8]),
}

fn cut_header(line: &[u8]) -> Result<Line<'_>, &'static str> {
    if line.contains(&b'\r') {
        return Err("a stray CR in the headers");
    }
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Ok(Line::Continuation(line.trim_ascii()));
    }
    let colon =
        line.iter().position(|octet| *octet == b':').ok_or("a header line without a colon")?;
    let (name, value) = line.split_at(colon);
    let name = name.trim_ascii_end();
    if name.is_empty() || !name.iter().copied().all(is_token_octet) {
        return Err("a header name that is no token");
    }
    Ok(Line::Header { name, value: value.get(1..).unwrap_or_default().trim_ascii() })
}

/// How many of the `available` octets are the body.
fn body_length(headers: &Headers, available: usize) -> Result<usize, &'static str> {
    match content_length(headers)? {
        None => Ok(available),
        Some(length) if length <= available => Ok(length),
        Some(_) => Err("Content-Length larger than the message"),
    }
}

/// Content-Length, if there is one; several must agree.
pub(super) fn content_length(headers: &Headers) -> Result<Option<usize>, &'static str> {
    let mut length = None;
    for value in headers.all(&HeaderName::ContentLength) {
        if value.is_empty() || !value.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err("Content-Length is not a number");
        }
        // A number too large for us is larger than any message.
        let number = value.parse().unwrap_or(usize::MAX);
        if length.is_some_and(|earlier| earlier != number) {
            return Err("several Content-Lengths that differ");
        }
        length = Some(number);
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        match read_datagram(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(response) => panic!("a response: {response:?}"),
        }
    }

    fn refusal(text: &[u8]) -> (u16, &'static str) {
        match read_datagram(text).unwrap_err() {
            ReadError::Malformed { code, what, .. } => (code.as_u16(), what),
            ReadError::Garbage { what } => (0, what),
        }
    }

    #[test]
    fn folds_compact_names_and_wide_colons_are_read() {
        let request = request("OPTIONS sip:h SIP/2.0\r\nv : a\r\n\t b\r\nS:\r\n \r\n c\r\n\r\n");
        assert_eq!(request.headers.get(&HeaderName::Via), Some("a b"));
        assert_eq!(request.headers.get(&HeaderName::Subject), Some("c"));
    }

    #[test]
    fn line_breaks_before_the_start_line_are_skipped() {
        assert_eq!(request("\r\n\r\nOPTIONS sip:h SIP/2.0\r\n\r\n").method, Method::Options);
    }

    #[test]
    fn bare_line_feeds_end_lines() {
        assert_eq!(request("OPTIONS sip:h SIP/2.0\nl: 1\n\nab").body, b"a");
    }

    #[test]
    fn the_body_is_as_long_as_content_length_says() {
        assert_eq!(request("A sip:h SIP/2.0\r\nl: 2\r\n\r\nabcd").body, b"ab");
        assert_eq!(request("A sip:h SIP/2.0\r\n\r\nabcd").body, b"abcd");
        assert_eq!(request("A sip:h SIP/2.0\r\nl: 2\r\nl: 2\r\n\r\nabcd").body, b"ab");
        for (text, what) in [
            ("A sip:h SIP/2.0\r\nl: 5\r\n\r\nabcd", "Content-Length larger than the message"),
            ("A sip:h SIP/2.0\r\nl: -1\r\n\r\nabcd", "Content-Length is not a number"),
            ("A sip:h SIP/2.0\r\nl:\r\n\r\nabcd", "Content-Length is not a number"),
            (
                "A sip:h SIP/2.0\r\nl: 99999999999999999999\r\n\r\n",
                "Content-Length larger than the message",
            ),
            ("A sip:h SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\nabcd", "several Content-Lengths that differ"),
        ] {
            assert_eq!(refusal(text.as_bytes()), (400, what));
        }
    }

    #[test]
    fn the_length_is_found_in_haste_where_reading_finds_it() {
        let lines =
            ["Via: x", " 1", "\t", "l:", "Content-length : 1", "L: 12", "no colon", "a: b\rc"];
        let many = "X: y\r\n".repeat(limits::HEADER_LINES - 2);
        for number in 0..lines.len().pow(4) {
            let some = (0..4).map(|place| lines[number / lines.len().pow(place) % lines.len()]);
            let text = some.map(|line| format!("{line}\r\n")).collect::<String>();
            for text in [format!("{text}\r\n"), format!("{many}{text}\r\n"), text] {
                let read = content_length(&read_headers(text.as_bytes()).0);
                assert_eq!(read_length(text.as_bytes()), read, "{text:?}");
            }
        }
    }

    #[test]
    fn octets_that_are_no_sip_are_garbage() {
        for octets in [
            b"".as_slice(),
            b"\r\n\r\n",
            b"\0",
            b"hello",
            b"hello world\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"SIP/2.0 99 x\r\n\r\n",
            b"SIP/2.0 700 x\r\n\r\n",
            b"SIP/3.0 200 OK\r\n\r\n",
            b"SIP/\r\n\r\n",
            b"SIP/2.0 200 OK\r\nl: 9\r\n\r\n",
            b"\x80\x00\x01\n\n",
            b"OPTIONS sip:h SIP/x.y\r\n\r\n",
        ] {
            assert_eq!(refusal(octets).0, 0, "{}", octets.escape_ascii());
        }
    }

    #[test]
    fn a_faulty_request_is_refused_with_the_reason() {
        for (text, expected) in [
            ("A sip:h SIP/3.0\r\n\r\n", (505, "Version Not Supported")),
            ("A sip:h SIP/2.0 \r\n\r\n", (400, "superfluous space in the request line")),
            ("A  sip:h SIP/2.0\r\n\r\n", (400, "superfluous space in the request line")),
            ("A <sip:h> SIP/2.0\r\n\r\n", (400, "unreadable Request-URI")),
            ("A sip:h SIP/2.0\r\n x\r\n\r\n", (400, "the first header is folded")),
            ("A sip:h SIP/2.0\r\nVia\r\n\r\n", (400, "a header line without a colon")),
            ("A sip:h SIP/2.0\r\n: x\r\n\r\n", (400, "a header name that is no token")),
            ("A sip:h SIP/2.0\r\nV\u{e4}: x\r\n\r\n", (400, "a header name that is no token")),
            ("A sip:h SIP/2.0\r\nTo: x\ry\r\n\r\n", (400, "a stray CR in the headers")),
            ("A sip:h SIP/2.0\r\nVia: x\r\n", (400, "no empty line after the headers")),
        ] {
            assert_eq!(refusal(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn header_lines_are_bounded() {
        let many = "X: y\r\n".repeat(limits::HEADER_LINES);
        assert_eq!(
            request(&format!("A sip:h SIP/2.0\r\n{many}\r\n")).headers.len(),
            limits::HEADER_LINES
        );
        let text = format!("A sip:h SIP/2.0\r\n{many}X: y\r\n\r\n");
        assert_eq!(refusal(text.as_bytes()), (513, "too many header lines"));
        assert_eq!(refusal(&vec![b'A'; limits::MESSAGE_OCTETS + 1]).0, 0);
    }

    #[test]
    fn a_refusal_answers_the_request_it_refuses() {
        let text = "INVITE <x> SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=1\r\nf: <sip:a@h>;tag=1\r\n\
                    t: <sip:b@h>\r\ni: c\r\nCSeq: 1 INVITE\r\n\r\n";
        let reply = read_datagram(text.as_bytes()).unwrap_err().reply().unwrap();
        assert_eq!((reply.code.as_u16(), reply.reason.as_str()), (400, "unreadable Request-URI"));
        assert_eq!(reply.headers.call_id(), Some("c"));
        let ack = text.replace("INVITE", "ACK");
        assert_eq!(read_datagram(ack.as_bytes()).unwrap_err().reply(), None);
        let no_via = text.replace("Via", "X");
        assert_eq!(read_datagram(no_via.as_bytes()).unwrap_err().reply(), None);
        assert_eq!(read_datagram(b"\r\n").unwrap_err().reply(), None);
    }

    #[test]
    fn octets_that_are_no_utf8_come_back_unchanged() {
        let text = b"A sip:h SIP/2.0\r\nSubject: J\xF6rg\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(read_datagram(text).unwrap().to_bytes(), text);
    }
}
