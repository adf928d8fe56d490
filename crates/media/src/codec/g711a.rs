//! ITU-T G.711 A-law. Decoding is one table, computed by the compiler from the law; encoding finds
//! the segment by the position of the highest bit. Knows nothing of streams: each octet stands
//! alone.

use super::{Decoder, Encoder};

/// Even bits are inverted on the line, so that silence has transitions (G.711 §3.3).
const LINE: u8 = 0x55;

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

/// A-law is stateless; one value serves both directions.
#[derive(Debug, Clone, Copy)]
pub(super) struct ALaw;

impl Encoder for ALaw {
    fn encode(&mut self, sound: &[i16], out: &mut Vec<u8>) {
        out.extend(sound.iter().map(|&sample| compress(sample)));
    }
}

impl Decoder for ALaw {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        out.extend(payload.iter().map(|&code| DECODED[usize::from(code)]));
    }
}

/// Segment 0 has steps of 16, segment n ≥ 1 steps of 8·2ⁿ above 128·2ⁿ; the value is mid-step.
const fn expand(code: u8) -> i16 {
    let bits = code ^ LINE;
    let segment = (bits >> 4) & 7;
    let step = (bits & 15) as i16;
    let magnitude =
        if segment == 0 { (step << 4) + 8 } else { ((step << 4) + 0x108) << (segment - 1) };
    if bits & 0x80 == 0 { -magnitude } else { magnitude }
}

fn compress(sample: i16) -> u8 {
    // Of the 16 bits the law takes 13; a negative value is counted from -1 (G.711 table 1b).
    let linear = sample >> 3;
    let (sign, magnitude) = if linear >= 0 { (0x80, linear) } else { (0, -linear - 1) };
    let magnitude = magnitude.unsigned_abs();
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        // The highest bit is 5 in segment 1 and 11 in segment 7.
        let segment = 11 - magnitude.leading_zeros();
        (segment as u16) << 4 | (magnitude >> segment) & 15
    };
    (sign | code as u8) ^ LINE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The law as its definition reads, in floating point: the value of a code.
    fn by_definition(code: u8) -> f64 {
        let bits = code ^ 0x55;
        let (segment, step) = (f64::from((bits >> 4) & 7), f64::from(bits & 15));
        let value = if segment == 0.0 {
            (2.0 * step + 1.0) * 8.0
        } else {
            (2.0 * step + 33.0) * 8.0 * 2f64.powf(segment - 1.0)
        };
        if bits & 0x80 == 0 { -value } else { value }
    }

    #[test]
    fn all_256_codes_decode_as_the_law_says_and_encode_back() {
        for code in 0..=255u8 {
            assert_eq!(f64::from(DECODED[usize::from(code)]), by_definition(code), "{code:#04x}");
            assert_eq!(compress(DECODED[usize::from(code)]), code, "{code:#04x}");
        }
    }

    #[test]
    fn every_sample_lies_in_the_interval_of_its_code() {
        // The law takes 13 of the 16 bits: up to one input step of 8 more.
        for sample in -i16::MAX..=i16::MAX {
            let code = compress(sample);
            let segment = f64::from(((code ^ 0x55) >> 4) & 7);
            let half = 16.0 * 2f64.powf((segment - 1.0).max(0.0)) / 2.0;
            let error = (by_definition(code) - f64::from(sample)).abs();
            assert!(error <= half + 8.0, "{sample} as {code:#04x}: {error} of {half}");
        }
    }

    #[test]
    fn known_octets_of_the_recommendation() {
        assert_eq!(compress(0), 0xD5);
        assert_eq!(compress(i16::MAX), 0xAA);
        assert_eq!(compress(i16::MIN), 0x2A);
    }
}
