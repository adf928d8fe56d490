//! A session description as data, and how it is written (RFC 8866 §5).
//!
//! What the exchange of offers needs has fields; every other line is kept as it stands, in order, and
//! is written back where the RFC wants its kind. Attributes are looked up when asked for.

use std::{fmt, net::IpAddr};

use super::{Codec, Direction};

/// A session description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// `o=`; `None` if the peer left it out.
    pub origin: Option<Origin>,
    /// `s=`; `-` if the peer left it out.
    pub name: String,
    /// `c=` of the session.
    pub connection: Option<Connection>,
    /// Every other line before the first `m=`, `v=` left out.
    pub lines: Vec<Line>,
    /// The media descriptions in order.
    pub media: Vec<Media>,
}

/// `o=`: who made the description, and which version of it this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The user name, `-` for none.
    pub username: String,
    /// The session's identifier. Digits by the RFC; kept as text, as peers exceed 64 bits.
    pub session_id: String,
    /// The version, raised with each change; as text for the same reason.
    pub version: String,
    /// The maker's address or host name.
    pub address: Connection,
}

/// `c=`: where media is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// An address. A TTL or count of a multicast address is not kept.
    Address(IpAddr),
    /// A host name, and whether it is to be an IPv6 host.
    Name(String, bool),
}

/// A line that is kept as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The letter before the `=`.
    pub kind: char,
    /// What follows the `=`.
    pub value: String,
}

/// One `m=` and the lines that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video` …
    pub kind: String,
    /// The port; 0 means refused or ended.
    pub port: u16,
    /// The transport, such as `RTP/AVP`.
    pub protocol: String,
    /// The formats; for RTP the payload types, most wanted first.
    pub formats: Vec<String>,
    /// `c=` of this media, which overrides that of the session.
    pub connection: Option<Connection>,
    /// Every other line.
    pub lines: Vec<Line>,
}

/// Kinds of lines that stand before the `c=` of their section (RFC 8866 §5).
const BEFORE_CONNECTION: &str = "iuep";

/// Kinds of lines that stand after the `c=` and `b=` of their section, before its attributes.
const AFTER_BANDWIDTH: &str = "trzk";

impl Line {
    /// An attribute: `a=name` or `a=name:value`.
    pub fn attribute(name: &str, value: Option<&str>) -> Self {
        let value = match value {
            Some(value) => format!("{name}:{value}"),
            None => name.to_owned(),
        };
        Self { kind: 'a', value }
    }

    /// The name and value, if this is an attribute.
    fn as_attribute(&self) -> Option<(&str, Option<&str>)> {
        if self.kind != 'a' {
            return None;
        }
        match self.value.split_once(':') {
            Some((name, value)) => Some((name.trim(), Some(value.trim()))),
            None => Some((self.value.trim(), None)),
        }
    }
}

/// The values of every attribute called `name` that has one.
fn attributes<'a>(lines: &'a [Line], name: &str) -> impl Iterator<Item = &'a str> {
    let named = move |line: &'a Line| line.as_attribute().filter(|(held, _)| *held == name);
    lines.iter().filter_map(named).filter_map(|(_, value)| value)
}

fn direction(lines: &[Line]) -> Option<Direction> {
    let mut names = lines.iter().filter_map(Line::as_attribute);
    names.find_map(|(name, _)| Direction::from_attribute(name))
}

impl Media {
    /// The values of every attribute called `name` that has one.
    pub fn attributes<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        attributes(&self.lines, name)
    }

    /// The codecs of its formats in order; formats that are no payload type or that nothing names
    /// are left out.
    pub fn codecs(&self) -> Vec<Codec> {
        self.formats.iter().filter_map(|format| self.codec(format.parse().ok()?)).collect()
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let mapped = self
            .attributes("rtpmap")
            .find_map(|value| for_payload_type(value, payload_type))
            .and_then(|text| Codec::from_rtpmap(payload_type, text));
        let mut codec = mapped.or_else(|| Codec::well_known(payload_type))?;
        let fmtp = self.attributes("fmtp").find_map(|value| for_payload_type(value, payload_type));
        codec.fmtp = fmtp.map(str::to_owned);
        Some(codec)
    }

    /// The packet time in milliseconds that it asks for, if it does.
    pub fn ptime(&self) -> Option<u16> {
        // Some peers write `20.0` or add a unit.
        let text = self.attributes("ptime").next()?;
        text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }
}

/// The rest of `96 rest`, if the payload type is the one wanted.
fn for_payload_type(value: &str, payload_type: u8) -> Option<&str> {
    let (number, rest) = value.split_once([' ', '\t'])?;
    (number.parse() == Ok(payload_type)).then(|| rest.trim())
}

impl Description {
    /// The connection of one of its media: its own, or the session's.
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a Connection> {
        media.connection.as_ref().or(self.connection.as_ref())
    }

    /// The direction of one of its media as its maker sees it: its own, or the session's, or both
    /// ways. An address of all zeros is the hold of RFC 2543: nothing may be sent there.
    pub fn direction_of(&self, media: &Media) -> Direction {
        let said = direction(&media.lines).or_else(|| direction(&self.lines)).unwrap_or_default();
        match self.connection_of(media) {
            Some(Connection::Address(address)) if address.is_unspecified() => {
                Direction::of(said.sends(), false)
            }
            _ => said,
        }
    }

    /// The octets of a message body.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => write!(f, "IN IP4 {address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "IN IP6 {address}"),
            Self::Name(name, false) => write!(f, "IN IP4 {name}"),
            Self::Name(name, true) => write!(f, "IN IP6 {name}"),
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v=0\r\n")?;
        if let Some(origin) = &self.origin {
            let Origin { username, session_id, version, address } = origin;
            write!(f, "o={username} {session_id} {version} {address}\r\n")?;
        }
        write!(f, "s={}\r\n", self.name)?;
        write_section(f, self.connection.as_ref(), &self.lines, true)?;
        for media in &self.media {
            write!(f, "m={} {} {}", media.kind, media.port, media.protocol)?;
            for format in &media.formats {
                write!(f, " {format}")?;
            }
            f.write_str("\r\n")?;
            write_section(f, media.connection.as_ref(), &media.lines, false)?;
        }
        Ok(())
    }
}

/// Writes the lines of a section with those kinds first that the RFC wants first. A session needs a
/// `t=`, which is added if there is none.
fn write_section(
    f: &mut fmt::Formatter<'_>,
    connection: Option<&Connection>,
    lines: &[Line],
    is_session: bool,
) -> fmt::Result {
    write_kinds(f, lines, |kind| BEFORE_CONNECTION.contains(kind))?;
    if let Some(connection) = connection {
        write!(f, "c={connection}\r\n")?;
    }
    write_kinds(f, lines, |kind| kind == 'b')?;
    if is_session && !lines.iter().any(|line| line.kind == 't') {
        f.write_str("t=0 0\r\n")?;
    }
    write_kinds(f, lines, |kind| AFTER_BANDWIDTH.contains(kind))?;
    let anywhere = |kind| !BEFORE_CONNECTION.contains(kind) && !AFTER_BANDWIDTH.contains(kind);
    write_kinds(f, lines, |kind| kind != 'b' && anywhere(kind))
}

fn write_kinds(
    f: &mut fmt::Formatter<'_>,
    lines: &[Line],
    wanted: impl Fn(char) -> bool,
) -> fmt::Result {
    let mut chosen = lines.iter().filter(|line| wanted(line.kind));
    chosen.try_for_each(|line| write!(f, "{}={}\r\n", line.kind, line.value))
}
