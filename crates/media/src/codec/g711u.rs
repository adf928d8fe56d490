//! ITU-T G.711 µ-law. Decoding is one table, computed by the compiler from the law; encoding finds
//! the segment by the position of the highest bit. Knows nothing of streams: each octet stands
//! alone.

use super::{Decoder, Encoder};

/// Added before and taken away after, so that all segments begin at a power of two.
const BIAS: i16 = 0x84;

/// The largest magnitude that the law can carry.
const CLIP: i16 = 32635;

const DECODED: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0u8;
    loop {
        table[code as usize] = expand(code);
        if code == u8::MAX {
            break table;
        }
        code += 1;
    }
};

/// µ-law is stateless; one value serves both directions.
#[derive(Debug, Clone, Copy)]
pub(super) struct MuLaw;

impl Encoder for MuLaw {
    fn encode(&mut self, sound: &[i16], out: &mut Vec<u8>) {
        out.extend(sound.iter().map(|&sample| compress(sample)));
    }
}

impl Decoder for MuLaw {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        out.extend(payload.iter().map(|&code| DECODED[usize::from(code)]));
    }
}

const fn expand(code: u8) -> i16 {
    // All bits are inverted on the line (G.711 §3.3).
    let bits = !code;
    let segment = (bits >> 4) & 7;
    let step = (bits & 15) as i16;
    let magnitude = (((step << 3) + BIAS) << segment) - BIAS;
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

fn compress(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let clipped = i32::from(sample).unsigned_abs().min(CLIP as u32);
    // 14 bits remain of the biased magnitude; its highest bit is 7 in segment 0 and 14 in 7.
    let biased = clipped + BIAS as u32;
    let segment = 24 - biased.leading_zeros();
    let step = (biased >> (segment + 3)) & 15;
    !(sign | (segment << 4 | step) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The law as its definition reads, in floating point: the value of a code, in 16-bit units.
    fn by_definition(code: u8) -> f64 {
        let bits = !code;
        let (segment, step) = (f64::from((bits >> 4) & 7), f64::from(bits & 15));
        let value = ((2.0 * step + 33.0) * 2f64.powf(segment) - 33.0) * 4.0;
        if bits & 0x80 == 0 { value } else { -value }
    }

    #[test]
    fn all_256_codes_decode_as_the_law_says_and_encode_back() {
        for code in 0..=255u8 {
            assert_eq!(f64::from(DECODED[usize::from(code)]), by_definition(code), "{code:#04x}");
            // Both zeros mean 0; the encoder knows the positive one.
            let back = if code == 0x7F { 0xFF } else { code };
            assert_eq!(compress(DECODED[usize::from(code)]), back, "{code:#04x}");
        }
    }

    #[test]
    fn every_sample_lies_in_the_interval_of_its_code() {
        for sample in -CLIP..=CLIP {
            let code = compress(sample);
            let segment = f64::from((!code >> 4) & 7);
            let half = 8.0 * 2f64.powf(segment) / 2.0;
            let error = (by_definition(code) - f64::from(sample)).abs();
            assert!(error <= half + 0.0, "{sample} as {code:#04x}: {error} of {half}");
        }
    }

    #[test]
    fn known_octets_of_the_recommendation() {
        assert_eq!(compress(0), 0xFF);
        assert_eq!(compress(i16::MAX), 0x80);
        assert_eq!(compress(i16::MIN), 0x00);
    }
}
