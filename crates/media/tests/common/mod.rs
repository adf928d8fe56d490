//! What the tests of the engine share: WAV files with a tone, settings, waiting for events, and
//! reading back what was recorded. The clock is the real one; it is what is tested.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use media::{
    Codec, Engine, MediaEvent, MediaEventKind, PortPair, SAMPLE_RATE, StreamSettings, measure,
};

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Frequencies that no tone of the phone has.
pub(crate) const ALICE: f64 = 600.0;
pub(crate) const BOB: f64 = 1000.0;

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A second of a sine, in 16 bit.
pub(crate) fn sine(frequency: f64, rate: u32) -> Vec<i16> {
    let step = std::f64::consts::TAU * frequency / f64::from(rate);
    (0..rate).map(|n| (9000.0 * (step * f64::from(n)).sin()) as i16).collect()
}

/// A second of a tone, so that the loop is seamless.
pub(crate) fn write_tone(path: &Path, frequency: f64, rate: u32) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in sine(frequency, rate) {
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
}

pub(crate) fn read_wav(path: &Path) -> Vec<i16> {
    hound::WavReader::open(path).unwrap().into_samples::<i16>().map(Result::unwrap).collect()
}

/// Free ports for a call; test files run at the same time and keep apart by `start`.
pub(crate) fn ports(start: u16) -> PortPair {
    PortPair::bind(LOOPBACK, start..=start + 198, start).unwrap()
}

pub(crate) fn settings(remote_port: u16, ssrc: u32) -> StreamSettings {
    StreamSettings {
        remote: SocketAddr::new(LOOPBACK, remote_port),
        remote_rtcp: None,
        codec: Codec::Pcma,
        payload_type: Codec::Pcma.static_payload_type(),
        dtmf_payload_type: Some(101),
        send: true,
        receive: true,
        ptime_ms: 20,
        ssrc,
        cname: format!("{ssrc:08x}"),
        timeout: None,
    }
}

pub(crate) fn engine(spec: &str) -> Engine {
    Engine::new(spec.parse().unwrap(), Box::new(|| ())).unwrap()
}

pub(crate) fn events(engine: &mut Engine) -> Vec<MediaEventKind> {
    std::iter::from_fn(|| engine.poll_event()).map(|event| event.kind).collect()
}

/// Waits for an event that `wanted` knows; fails after ten seconds.
pub(crate) fn wait_for(engine: &mut Engine, wanted: impl Fn(&MediaEvent) -> bool) -> MediaEvent {
    let start = Instant::now();
    let mut others = Vec::new();
    while start.elapsed() < Duration::from_secs(10) {
        match engine.poll_event() {
            Some(event) if wanted(&event) => return event,
            Some(event) => others.push(event),
            None => sleep(ms(5)),
        }
    }
    panic!("the event did not come, but {others:?}");
}

/// The tone is there, and it is the loudest thing there is.
pub(crate) fn assert_tone(sound: &[i16], frequency: f64, what: &str) {
    let dominant = measure::dominant_frequency(sound);
    assert!(
        dominant.is_some_and(|found| (found - frequency).abs() < 3.0),
        "{what}: {dominant:?} Hz instead of {frequency}"
    );
    let level = measure::tone_level(sound, frequency);
    assert!(level > -20.0, "{what}: {level} dBFS");
}

/// The last `ms` milliseconds but for the very last 60.
pub(crate) fn tail(sound: &[i16], ms: usize) -> &[i16] {
    let per_ms = SAMPLE_RATE as usize / 1000;
    let end = sound.len() - 60 * per_ms;
    &sound[end - ms * per_ms..end]
}
