//! Reads a session description (RFC 8866 §5), as liberally as deployed peers need.
//!
//! Lines may end in LF or CRLF, `o=`, `s=` and `t=` may be missing, and the order within a section is
//! not looked at. What an offer is worth depends on `m=` and `c=`, so these must be right.

use std::net::{IpAddr, Ipv4Addr};

use super::{Connection, Description, Line, Media, Origin};
use crate::message::limits;

/// Why octets are not a session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the session description: {what}")]
pub struct SdpError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Description {
    /// Reads the body of a message of type `application/sdp`.
    ///
    /// # Errors
    /// The first line that is wrong, and how.
    pub fn read(octets: &[u8]) -> Result<Self, SdpError> {
        let text = String::from_utf8_lossy(octets);
        let mut description =
            Self { origin: None, name: "-".into(), connection: None, lines: vec![], media: vec![] };
        let mut seen_version = false;
        // Some peers count the NUL that ends their string.
        let lines = text.trim_end_matches('\0').split('\n');
        let lines = lines.map(|line| line.trim_end_matches(['\r', ' ', '\t']));
        for (index, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
            let number = index + 1;
            let fault = |what| SdpError { line: number, what };
            if number > limits::SDP_LINES {
                return Err(fault("too many lines"));
            }
            if line.contains(|c: char| c.is_control() && c != '\t') {
                return Err(fault("a control character"));
            }
            let (kind, value) = split_line(line).ok_or(fault("not a letter and ="))?;
            if !seen_version {
                if (kind, value.trim()) != ('v', "0") {
                    return Err(fault("expected v=0"));
                }
                seen_version = true;
                continue;
            }
            read_line(&mut description, kind, value).map_err(fault)?;
        }
        if !seen_version {
            return Err(SdpError { line: 1, what: "expected v=0" });
        }
        Ok(description)
    }
}

fn split_line(line: &str) -> Option<(char, &str)> {
    let (kind, value) = line.split_once('=')?;
    let mut letters = kind.chars();
    let kind = letters.next().filter(char::is_ascii_alphabetic)?;
    letters.next().is_none().then_some((kind, value))
}

fn read_line(description: &mut Description, kind: char, value: &str) -> Result<(), &'static str> {
    let Description { origin, name, connection, lines, media } = description;
    let in_session = media.is_empty();
    match kind {
        'm' if media.len() == limits::SDP_MEDIA => return Err("too many media"),
        'm' => media.push(read_media(value)?),
        'o' if in_session => *origin = Some(read_origin(value)?),
        's' if in_session => value.clone_into(name),
        'c' => {
            let place = media.last_mut().map_or(connection, |media| &mut media.connection);
            *place = Some(read_connection(value)?);
        }
        kind => {
            let place = media.last_mut().map_or(lines, |media| &mut media.lines);
            place.push(Line { kind, value: value.to_owned() });
        }
    }
    Ok(())
}

fn read_media(value: &str) -> Result<Media, &'static str> {
    let mut words = value.split_ascii_whitespace();
    let (Some(kind), Some(port), Some(protocol)) = (words.next(), words.next(), words.next())
    else {
        return Err("m= needs a kind, a port and a protocol");
    };
    // `49170/2` asks for two streams; the first is what we can serve.
    let port = port.split('/').next().unwrap_or_default();
    let port = port.parse().map_err(|_| "the port of m= is not in 0..=65535")?;
    let formats: Vec<_> = words.map(str::to_owned).collect();
    if formats.len() > limits::SDP_FORMATS {
        return Err("too many formats");
    }
    Ok(Media {
        kind: kind.to_owned(),
        port,
        protocol: protocol.to_owned(),
        formats,
        connection: None,
        lines: vec![],
    })
}

fn read_origin(value: &str) -> Result<Origin, &'static str> {
    let mut words = value.splitn(4, ' ').map(str::to_owned);
    let (Some(username), Some(session_id), Some(version), Some(address)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("o= needs six words");
    };
    Ok(Origin { username, session_id, version, address: read_connection(&address)? })
}

fn read_connection(value: &str) -> Result<Connection, &'static str> {
    let mut words = value.split_ascii_whitespace();
    let (Some(net), Some(family), Some(address)) = (words.next(), words.next(), words.next())
    else {
        return Err("an address needs three words");
    };
    let is_v6 = family.eq_ignore_ascii_case("IP6");
    if !net.eq_ignore_ascii_case("IN") || !(is_v6 || family.eq_ignore_ascii_case("IP4")) {
        return Err("an address is neither IN IP4 nor IN IP6");
    }
    let address = address.split('/').next().unwrap_or_default();
    let parsed: Option<IpAddr> = address.parse().ok();
    match parsed {
        Some(parsed) if parsed.is_ipv6() == is_v6 => Ok(Connection::Address(parsed)),
        // An all-zero IPv4 address under IP6 is a hold all the same.
        Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => {
            Ok(Connection::Address(Ipv4Addr::UNSPECIFIED.into()))
        }
        Some(_) => Err("an address is not of the family named"),
        None if is_name(address) => Ok(Connection::Name(address.to_owned(), is_v6)),
        None => Err("an address is neither an address nor a name"),
    }
}

fn is_name(text: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::{Codec, Direction};

    const FULL: &str = "v=0\r\no=alice 2890844526 2890844527 IN IP4 host.example.com\r\ns=talk\r\n\
        i=about\r\nc=IN IP4 192.0.2.1\r\nb=AS:64\r\nt=0 0\r\na=x-kept:1\r\na=sendonly\r\n\
        m=audio 49170 RTP/AVP 0 97 101\r\ni=voice\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:97 iLBC/8000\r\n\
        a=fmtp:97 mode=30\r\na=ptime:30\r\nm=video 0 RTP/AVP 31\r\n";

    fn read(text: &str) -> Description {
        Description::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn every_line_is_kept_and_written_back() {
        assert_eq!(read(FULL).to_string(), FULL);
    }

    #[test]
    fn what_a_stream_is_comes_from_its_own_lines_and_then_the_sessions() {
        let description = read(FULL);
        let [audio, video] = &description.media[..] else { panic!("two media") };
        assert_eq!(description.connection_of(audio).unwrap().to_string(), "IN IP6 2001:db8::1");
        assert_eq!(description.connection_of(video).unwrap().to_string(), "IN IP4 192.0.2.1");
        assert_eq!(description.direction_of(audio), Direction::SendOnly);
        assert_eq!(audio.ptime(), Some(30));
        let ilbc = Codec { fmtp: Some("mode=30".into()), ..Codec::new(97, "iLBC", 8000) };
        assert_eq!(audio.codecs(), [Codec::pcmu(), ilbc], "101 has no name and is left out");
    }

    #[test]
    fn line_feeds_and_missing_lines_are_taken() {
        let description = read("v=0\nc=IN IP4 192.0.2.1\n\nm=audio 4000/2 RTP/AVP 8\n\0");
        assert_eq!((description.origin, description.name.as_str()), (None, "-"));
        assert_eq!(description.media[0].port, 4000);
    }

    #[test]
    fn an_address_of_zeros_is_a_hold() {
        for (address, said, meant) in [
            ("IN IP4 0.0.0.0", "sendrecv", Direction::SendOnly),
            ("IN IP4 0.0.0.0", "recvonly", Direction::Inactive),
            ("IN IP6 ::", "sendrecv", Direction::SendOnly),
            ("IN IP6 0.0.0.0", "sendrecv", Direction::SendOnly),
            ("IN IP4 192.0.2.1", "sendrecv", Direction::SendRecv),
        ] {
            let text = format!("v=0\nc={address}\na={said}\nm=audio 4000 RTP/AVP 8\n");
            let description = read(&text);
            assert_eq!(description.direction_of(&description.media[0]), meant, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line, what) in [
            ("", 1, "expected v=0"),
            ("v=1\n", 1, "expected v=0"),
            ("o=- 1 1 IN IP4 h\n", 1, "expected v=0"),
            ("v=0\nhello\n", 2, "not a letter and ="),
            ("v=0\nm=audio 1 RTP/AVP 8\x0c0\n", 2, "a control character"),
            ("v=0\ns=a\rb\n", 2, "a control character"),
            ("v=0\nm =video 3227 RTP/AVP 31\n", 2, "not a letter and ="),
            ("v=0\n\nm=audio x RTP/AVP 0\n", 3, "the port of m= is not in 0..=65535"),
            ("v=0\nm=audio\n", 2, "m= needs a kind, a port and a protocol"),
            ("v=0\nc=IN IP4\n", 2, "an address needs three words"),
            ("v=0\nc=ATM IP4 h\n", 2, "an address is neither IN IP4 nor IN IP6"),
            ("v=0\nc=IN IP6 192.0.2.1\n", 2, "an address is not of the family named"),
            ("v=0\nc=IN IP4 a,b\n", 2, "an address is neither an address nor a name"),
            ("v=0\no=- 1 1\n", 2, "o= needs six words"),
        ] {
            assert_eq!(Description::read(text.as_bytes()), Err(SdpError { line, what }), "{text}");
        }
    }

    #[test]
    fn lines_media_and_formats_are_bounded() {
        let what = |text: String| Description::read(text.as_bytes()).unwrap_err().what;
        assert_eq!(what(format!("v=0\n{}", "a=x\n".repeat(limits::SDP_LINES))), "too many lines");
        let media = "m=audio 0 RTP/AVP 0\n".repeat(limits::SDP_MEDIA + 1);
        assert_eq!(what(format!("v=0\n{media}")), "too many media");
        let formats = " 0".repeat(limits::SDP_FORMATS + 1);
        assert_eq!(what(format!("v=0\nm=audio 0 RTP/AVP{formats}\n")), "too many formats");
    }
}
