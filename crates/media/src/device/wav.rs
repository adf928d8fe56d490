//! WAV files as microphone and ear: for tests and for intercoms that play an announcement. The
//! engine's tick paces them, so a second of file takes a second.
//!
//! The microphone is read whole and brought to 8 kHz mono before the first call. The recording's
//! header is made right once a second, so that it can be read while the phone runs and after it
//! was killed.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::{Capture, DeviceError, Playback};
use crate::{Frame, SAMPLE_RATE, limits, resample};

/// Frames between two corrections of the header.
const FLUSH: u32 = 50;

const RECORDING: WavSpec = WavSpec {
    channels: 1,
    sample_rate: SAMPLE_RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Reads a WAV file as 8 kHz mono.
pub(super) fn load(path: &Path) -> Result<Arc<[i16]>, DeviceError> {
    let wrong = |reason: String| DeviceError::Wav { path: path.to_owned(), reason };
    let mut reader = WavReader::open(path).map_err(|e| wrong(e.to_string()))?;
    let spec = reader.spec();
    if spec.channels == 0 || spec.sample_rate == 0 {
        return Err(wrong("it has no channels or no sample rate".into()));
    }
    if reader.duration() == 0 {
        return Err(wrong("it contains no sound".into()));
    }
    if reader.duration() / spec.sample_rate >= limits::WAV_SECONDS {
        return Err(wrong(format!("it is longer than {} s", limits::WAV_SECONDS)));
    }
    let interleaved = read_samples(&mut reader, spec).map_err(|e| wrong(e.to_string()))?;
    let channels = usize::from(spec.channels);
    let mono: Vec<i16> = interleaved
        .chunks_exact(channels)
        .map(|frame| {
            let sum: i64 = frame.iter().map(|&s| i64::from(s)).sum();
            (sum / channels as i64) as i16
        })
        .collect();
    let sound = resample::to_8_khz(&mono, spec.sample_rate);
    if sound.is_empty() {
        return Err(wrong("it contains no sound".into()));
    }
    Ok(sound.into())
}

/// The samples as 16 bit, whatever they are in the file.
fn read_samples<R: std::io::Read>(
    reader: &mut WavReader<R>,
    spec: WavSpec,
) -> Result<Vec<i16>, hound::Error> {
    match spec.sample_format {
        SampleFormat::Int => {
            let shift = i32::from(spec.bits_per_sample) - 16;
            reader
                .samples::<i32>()
                .map(|s| s.map(|s| (if shift >= 0 { s >> shift } else { s << -shift }) as i16))
                .collect()
        }
        SampleFormat::Float => reader
            .samples::<f32>()
            .map(|s| s.map(|s| (s.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16))
            .collect(),
    }
}

/// Makes an empty recording.
pub(super) fn create(path: &Path) -> Result<(), DeviceError> {
    WavWriter::create(path, RECORDING)
        .and_then(WavWriter::finalize)
        .map_err(|e| DeviceError::Wav { path: path.to_owned(), reason: e.to_string() })
}

/// Plays a recording in a loop as the microphone.
#[derive(Debug)]
pub(super) struct WavCapture {
    sound: Arc<[i16]>,
    next: usize,
}

impl WavCapture {
    pub(super) fn new(sound: Arc<[i16]>) -> Self {
        Self { sound, next: 0 }
    }
}

impl Capture for WavCapture {
    fn read(&mut self, frame: &mut Frame) -> Result<(), DeviceError> {
        for sample in frame {
            *sample = self.sound.get(self.next).copied().unwrap_or(0);
            self.next = if self.next + 1 < self.sound.len() { self.next + 1 } else { 0 };
        }
        Ok(())
    }
}

/// Writes what the ear would hear.
pub(super) struct WavPlayback {
    path: PathBuf,
    writer: WavWriter<BufWriter<File>>,
    unflushed: u32,
}

impl WavPlayback {
    /// Goes on where the recording ended; begins it anew if the file was taken away meanwhile.
    pub(super) fn open(path: &Path) -> Result<Self, DeviceError> {
        if !path.exists() {
            create(path)?;
        }
        let writer = WavWriter::append(path)
            .map_err(|e| DeviceError::Wav { path: path.to_owned(), reason: e.to_string() })?;
        Ok(Self { path: path.to_owned(), writer, unflushed: 0 })
    }

    fn append(&mut self, frame: &Frame) -> Result<(), hound::Error> {
        for &sample in frame {
            self.writer.write_sample(sample)?;
        }
        self.unflushed += 1;
        if self.unflushed >= FLUSH {
            self.unflushed = 0;
            self.writer.flush()?;
        }
        Ok(())
    }
}

impl Playback for WavPlayback {
    fn write(&mut self, frame: &Frame) -> Result<bool, DeviceError> {
        self.append(frame)
            .map_err(|e| DeviceError::Wav { path: self.path.clone(), reason: e.to_string() })?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FRAME_SAMPLES, SILENCE, measure};

    fn write(path: &Path, spec: WavSpec, sample: impl Fn(u32, u16) -> f64) {
        let mut writer = WavWriter::create(path, spec).unwrap();
        for n in 0..spec.sample_rate {
            for channel in 0..spec.channels {
                let value = sample(n, channel);
                match spec.sample_format {
                    SampleFormat::Float => writer.write_sample(value as f32).unwrap(),
                    SampleFormat::Int => {
                        let full = 2f64.powi(i32::from(spec.bits_per_sample) - 1) - 1.0;
                        writer.write_sample((value * full) as i32).unwrap();
                    }
                }
            }
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn any_rate_width_and_number_of_channels_becomes_the_same_tone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("in.wav");
        for (sample_rate, bits_per_sample, channels, sample_format) in [
            (8000, 16, 1, SampleFormat::Int),
            (44_100, 16, 2, SampleFormat::Int),
            (16_000, 8, 1, SampleFormat::Int),
            (48_000, 24, 2, SampleFormat::Int),
            (22_050, 32, 1, SampleFormat::Int),
            (48_000, 32, 2, SampleFormat::Float),
        ] {
            let spec = WavSpec { channels, sample_rate, bits_per_sample, sample_format };
            let rate = f64::from(sample_rate);
            write(&path, spec, |n, _| {
                0.5 * (f64::from(n) * 600.0 / rate * std::f64::consts::TAU).sin()
            });
            let sound = load(&path).unwrap();
            let level = measure::tone_level(&sound, 600.0);
            assert!((level + 6.0).abs() < 0.3, "{spec:?}: {level}");
        }
    }

    #[test]
    fn the_microphone_begins_again_at_the_end_of_the_file() {
        let mut capture = WavCapture::new((0..100i16).collect());
        let mut frame = SILENCE;
        capture.read(&mut frame).unwrap();
        assert_eq!((frame[99], frame[100], frame[159]), (99, 0, 59));
        capture.read(&mut frame).unwrap();
        assert_eq!(frame[0], 60);
    }

    #[test]
    fn a_recording_goes_on_when_it_is_opened_again_and_is_readable_while_open() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.wav");
        create(&path).unwrap();
        for opened in 1..=2u32 {
            let mut playback = WavPlayback::open(&path).unwrap();
            for _ in 0..FLUSH {
                playback.write(&[7; FRAME_SAMPLES]).unwrap();
            }
            let reader = WavReader::open(&path).unwrap();
            assert_eq!(reader.duration(), opened * FLUSH * FRAME_SAMPLES as u32);
        }
        assert_eq!(WavReader::open(&path).unwrap().spec(), RECORDING);
    }

    #[test]
    fn wrong_files_are_named_with_what_is_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.wav");
        assert!(load(&path).unwrap_err().to_string().contains("No such file"));
        std::fs::write(&path, b"not a wave").unwrap();
        let error = load(&path).unwrap_err().to_string();
        assert!(error.starts_with("audio file '") && error.contains("x.wav"), "{error}");
        create(&path).unwrap();
        assert!(load(&path).unwrap_err().to_string().ends_with("it contains no sound"));
        assert!(create(&directory.path().join("no/such/folder.wav")).is_err());
    }
}
