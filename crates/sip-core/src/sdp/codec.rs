//! Codecs as descriptions name them: data, so that a new codec needs no change here (RFC 8866 §6.6).

/// A codec under a payload type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// The RTP payload type, 0..=127.
    pub payload_type: u8,
    /// The encoding name, such as `PCMA`; compared without regard to case.
    pub name: String,
    /// The RTP clock rate in Hz.
    pub clock_rate: u32,
    /// Channels, 1 for most.
    pub channels: u8,
    /// The parameters of its `a=fmtp`, if it needs any.
    pub fmtp: Option<String>,
}

/// The payload types of RFC 3551 §6 that are still in use and may come without `a=rtpmap`.
const STATIC: [(u8, &str, u32); 5] =
    [(0, "PCMU", 8000), (3, "GSM", 8000), (8, "PCMA", 8000), (9, "G722", 8000), (18, "G729", 8000)];

impl Codec {
    /// A codec of one channel without parameters.
    pub fn new(payload_type: u8, name: &str, clock_rate: u32) -> Self {
        Self { payload_type, name: name.to_owned(), clock_rate, channels: 1, fmtp: None }
    }

    /// G.711 A-law, payload type 8.
    pub fn pcma() -> Self {
        Self::new(8, "PCMA", 8000)
    }

    /// G.711 µ-law, payload type 0.
    pub fn pcmu() -> Self {
        Self::new(0, "PCMU", 8000)
    }

    /// Named events (RFC 4733): the sixteen DTMF digits, at 8 kHz.
    pub fn telephone_event(payload_type: u8) -> Self {
        let fmtp = Some("0-15".to_owned());
        Self { fmtp, ..Self::new(payload_type, "telephone-event", 8000) }
    }

    /// Whether both name the same encoding, whatever their payload types and parameters.
    pub fn is_same_encoding(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock_rate == other.clock_rate
            && self.channels == other.channels
    }

    /// Whether this is named events and not sound.
    pub fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case("telephone-event")
    }

    /// What a static payload type means without `a=rtpmap`.
    pub(super) fn well_known(payload_type: u8) -> Option<Self> {
        let (_, name, clock_rate) = STATIC.iter().find(|(known, _, _)| *known == payload_type)?;
        Some(Self::new(payload_type, name, *clock_rate))
    }

    /// Reads the part of `a=rtpmap` after the payload type: `name/rate[/channels]`.
    pub(super) fn from_rtpmap(payload_type: u8, text: &str) -> Option<Self> {
        let mut parts = text.trim().split('/');
        let name = parts.next().filter(|name| !name.is_empty())?;
        let clock_rate = parts.next()?.trim().parse().ok()?;
        let channels = parts.next().and_then(|text| text.trim().parse().ok()).unwrap_or(1);
        Some(Self { channels, ..Self::new(payload_type, name, clock_rate) })
    }

    /// The value of its `a=rtpmap`.
    pub(super) fn rtpmap(&self) -> String {
        let Self { payload_type, name, clock_rate, channels, .. } = self;
        match channels {
            0 | 1 => format!("{payload_type} {name}/{clock_rate}"),
            _ => format!("{payload_type} {name}/{clock_rate}/{channels}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rtpmap_is_read_back_from_what_is_written() {
        let opus = Codec { channels: 2, ..Codec::new(111, "opus", 48000) };
        for codec in [Codec::pcma(), opus] {
            let text = codec.rtpmap();
            let (_, map) = text.split_once(' ').unwrap();
            assert_eq!(Codec::from_rtpmap(codec.payload_type, map), Some(codec));
        }
        assert_eq!(Codec::from_rtpmap(96, "x"), None);
        assert_eq!(Codec::from_rtpmap(96, "/8000"), None);
    }

    #[test]
    fn names_are_equal_whatever_their_case_and_rates_must_be_too() {
        assert!(Codec::pcma().is_same_encoding(&Codec::new(96, "pcma", 8000)));
        assert!(!Codec::pcma().is_same_encoding(&Codec::new(96, "pcma", 16000)));
    }
}
