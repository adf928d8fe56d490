//! Codecs: from linear sound to payload octets and back. One file for each; a further codec is a
//! variant of [`Codec`] and a file with an [`Encoder`] and a [`Decoder`].
//!
//! Both are values of their own, made for each stream, since later codecs (G.722, Opus) carry
//! state from packet to packet. Refuses to know packets: timestamps and numbers are `rtp`'s.

mod g711a;
mod g711u;

use std::fmt;

/// What a stream's payload is coded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 A-law, RFC 3551 §4.5.14, static payload type 8.
    Pcma,
    /// G.711 µ-law, RFC 3551 §4.5.14, static payload type 0.
    Pcmu,
}

/// Turns linear sound at [`crate::SAMPLE_RATE`] into payload.
pub trait Encoder: Send {
    /// Appends the payload of `sound` to `out`.
    fn encode(&mut self, sound: &[i16], out: &mut Vec<u8>);
}

/// Turns payload into linear sound at [`crate::SAMPLE_RATE`].
pub trait Decoder: Send {
    /// Appends the sound of one packet's `payload` to `out`. Any octets decode to something.
    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>);
}

impl Codec {
    /// The encoding name of SDP and of `call list` (RFC 3551 §6, table 4).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
    }

    /// The payload type that means this codec without an `rtpmap` (RFC 3551 §6).
    #[must_use]
    pub fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    /// The codec of a static payload type.
    #[must_use]
    pub fn from_static_payload_type(payload_type: u8) -> Option<Self> {
        [Self::Pcma, Self::Pcmu].into_iter().find(|c| c.static_payload_type() == payload_type)
    }

    /// Ticks of the RTP timestamp in a second.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => 8000,
        }
    }

    /// Timestamp ticks that a payload of `octets` lasts.
    #[must_use]
    pub fn duration(self, octets: usize) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => u32::try_from(octets).unwrap_or(u32::MAX),
        }
    }

    /// A fresh encoder.
    #[must_use]
    pub fn encoder(self) -> Box<dyn Encoder> {
        match self {
            Self::Pcma => Box::new(g711a::ALaw),
            Self::Pcmu => Box::new(g711u::MuLaw),
        }
    }

    /// A fresh decoder.
    #[must_use]
    pub fn decoder(self) -> Box<dyn Decoder> {
        match self {
            Self::Pcma => Box::new(g711a::ALaw),
            Self::Pcmu => Box::new(g711u::MuLaw),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signal to noise of a 1 kHz sine at -12 dBFS through encoder and decoder, dB.
    fn snr(codec: Codec) -> f64 {
        let sine: Vec<i16> = (0..8000)
            .map(|n| {
                (8231.0 * (f64::from(n) * 1004.0 / 8000.0 * std::f64::consts::TAU).sin()) as i16
            })
            .collect();
        let (mut payload, mut back) = (Vec::new(), Vec::new());
        codec.encoder().encode(&sine, &mut payload);
        codec.decoder().decode(&payload, &mut back);
        let signal: f64 = sine.iter().map(|&s| f64::from(s).powi(2)).sum();
        let noise: f64 =
            sine.iter().zip(&back).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn a_sine_keeps_the_signal_to_noise_ratio_of_g711() {
        // ITU-T G.712 asks for 33 dB at this level; both laws give more.
        assert!(snr(Codec::Pcma) > 36.5, "{}", snr(Codec::Pcma));
        assert!(snr(Codec::Pcmu) > 36.5, "{}", snr(Codec::Pcmu));
    }

    #[test]
    fn static_payload_types_name_their_codec() {
        assert_eq!(Codec::from_static_payload_type(8), Some(Codec::Pcma));
        assert_eq!(Codec::from_static_payload_type(0), Some(Codec::Pcmu));
        assert_eq!(Codec::from_static_payload_type(13), None);
        assert_eq!(Codec::Pcma.to_string(), "PCMA");
        assert_eq!(Codec::Pcmu.duration(160), 160);
    }
}
