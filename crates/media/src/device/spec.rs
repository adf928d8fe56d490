//! The `--audio` option: which device, in one word. Only the form is judged here; whether a card
//! or a file exists is found out by [`super::Devices::prepare`] and by opening.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Which devices are microphone and ear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSpec {
    /// A PCM of libasound, for both directions.
    Alsa {
        /// Its name, as in `aplay -D`.
        pcm: String,
    },
    /// Files in place of a handset.
    Wav {
        /// Played in a loop as the microphone; any WAV rate and number of channels.
        input: PathBuf,
        /// Gets what the ear would hear: mono, 8 kHz, 16 bit. It is begun anew with each
        /// [`crate::Engine`] and goes on from call to call.
        output: Option<PathBuf>,
    },
    /// Silence in, nothing out.
    Null,
}

/// Why a spec is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("audio spec '{spec}': {problem}")]
pub struct SpecError {
    spec: String,
    problem: &'static str,
}

impl Default for DeviceSpec {
    fn default() -> Self {
        Self::Alsa { pcm: "default".to_owned() }
    }
}

impl FromStr for DeviceSpec {
    type Err = SpecError;

    fn from_str(spec: &str) -> Result<Self, SpecError> {
        let wrong = |problem| Err(SpecError { spec: spec.to_owned(), problem });
        let (kind, rest) = match spec.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (spec, None),
        };
        match (kind, rest) {
            _ if spec.contains('\0') => wrong("contains a NUL character"),
            ("alsa", None) => Ok(Self::default()),
            ("alsa", Some("")) => wrong("a PCM name is expected after alsa:"),
            ("alsa", Some(pcm)) => Ok(Self::Alsa { pcm: pcm.to_owned() }),
            ("null", None) => Ok(Self::Null),
            ("null", Some(_)) => wrong("null takes nothing after it"),
            ("wav", None | Some("")) => wrong("a file is expected: wav:IN[:OUT]"),
            ("wav", Some(files)) => {
                let (input, output) = match files.split_once(':') {
                    Some((input, output)) => (input, Some(output)),
                    None => (files, None),
                };
                if input.is_empty() {
                    return wrong("the file to play is missing: wav:IN[:OUT]");
                }
                if output.is_some_and(|o| o.is_empty()) {
                    return wrong("the file to record to is missing: wav:IN[:OUT]");
                }
                if output.is_some_and(|o| o.contains(':')) {
                    return wrong("more than two files: wav:IN[:OUT]");
                }
                Ok(Self::Wav { input: input.into(), output: output.map(PathBuf::from) })
            }
            _ => wrong("unknown kind, expected alsa[:PCM], wav:IN[:OUT] or null"),
        }
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alsa { pcm } => write!(f, "alsa:{pcm}"),
            Self::Wav { input, output: None } => write!(f, "wav:{}", input.display()),
            Self::Wav { input, output: Some(output) } => {
                write!(f, "wav:{}:{}", input.display(), output.display())
            }
            Self::Null => f.write_str("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_kinds_are_read_and_written() {
        for (text, back) in [
            ("alsa", "alsa:default"),
            ("alsa:plughw:1,0", "alsa:plughw:1,0"),
            ("wav:in.wav", "wav:in.wav"),
            ("wav:in.wav:/tmp/out.wav", "wav:in.wav:/tmp/out.wav"),
            ("null", "null"),
        ] {
            assert_eq!(text.parse::<DeviceSpec>().unwrap().to_string(), back);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, message) in [
            ("foo", "audio spec 'foo': unknown kind, expected alsa[:PCM], wav:IN[:OUT] or null"),
            ("", "audio spec '': unknown kind, expected alsa[:PCM], wav:IN[:OUT] or null"),
            ("alsa:", "audio spec 'alsa:': a PCM name is expected after alsa:"),
            ("null:x", "audio spec 'null:x': null takes nothing after it"),
            ("wav", "audio spec 'wav': a file is expected: wav:IN[:OUT]"),
            ("wav::b", "audio spec 'wav::b': the file to play is missing: wav:IN[:OUT]"),
            ("wav:a:", "audio spec 'wav:a:': the file to record to is missing: wav:IN[:OUT]"),
            ("wav:a:b:c", "audio spec 'wav:a:b:c': more than two files: wav:IN[:OUT]"),
        ] {
            assert_eq!(text.parse::<DeviceSpec>().unwrap_err().to_string(), message);
        }
        assert!("alsa:a\0b".parse::<DeviceSpec>().is_err());
    }
}
