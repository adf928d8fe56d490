//! Two engines with WAV files for handsets talk over loopback, in real time: what each hears is
//! measured in its recording, not inferred from packets.

mod common;

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use common::*;
use media::{
    CheckError, DeviceSpec, Digit, Engine, MediaEventKind, SoundCheck, StreamSettings, Tone,
    measure,
};
use tempfile::TempDir;

/// Alice and Bob in a call, each with the focus on it.
struct Talk {
    directory: TempDir,
    alice: Engine,
    bob: Engine,
    to_bob: StreamSettings,
    to_alice: StreamSettings,
}

impl Talk {
    #[expect(clippy::unwrap_used, reason = "tests")]
    fn new(start: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let spec = |name: &str, frequency: f64, rate: u32| {
            let input = directory.path().join(format!("{name}-in.wav"));
            write_tone(&input, frequency, rate);
            format!("wav:{}:{}", input.display(), directory.path().join(name).display())
        };
        let mut alice = engine(&spec("alice.wav", ALICE, 8000));
        let mut bob = engine(&spec("bob.wav", BOB, 48_000));
        let (at_alice, at_bob) = (ports(start), ports(start));
        let to_bob = settings(at_bob.port(), 0xA);
        let to_alice = settings(at_alice.port(), 0xB);
        alice.start_call(1, at_alice);
        bob.start_call(2, at_bob);
        alice.set_stream(1, to_bob.clone());
        bob.set_stream(2, to_alice.clone());
        alice.focus(Some(1));
        bob.focus(Some(2));
        Self { directory, alice, bob, to_bob, to_alice }
    }

    fn recording(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Ends both engines; what Alice and what Bob heard.
    fn end(self) -> (Vec<i16>, Vec<i16>) {
        let Self { directory, alice, bob, .. } = self;
        drop((alice, bob));
        let path = directory.path();
        (read_wav(&path.join("alice.wav")), read_wav(&path.join("bob.wav")))
    }
}

#[test]
fn each_hears_the_other_for_as_long_as_the_call_lasts() {
    let mut talk = Talk::new(41_000);
    wait_for(&mut talk.alice, |e| e.call == Some(1) && e.kind == MediaEventKind::FirstPacket);
    wait_for(&mut talk.bob, |e| e.call == Some(2) && e.kind == MediaEventKind::FirstPacket);
    sleep(Duration::from_secs(3));
    let stats = talk.alice.stats(1).unwrap();
    assert!((140..170).contains(&stats.sent), "{stats:?}");
    assert!((130..170).contains(&stats.received), "{stats:?}");
    assert_eq!((stats.lost, stats.refused), (0, 0), "{stats:?}");
    assert!(stats.jitter_ms < 20.0, "{stats:?}");
    talk.alice.stop_call(1);
    let last = wait_for(&mut talk.alice, |e| matches!(e.kind, MediaEventKind::Stats(_)));
    assert_eq!(last.call, Some(1));
    assert_eq!(talk.alice.stats(1), None);
    let (alice, bob) = talk.end();
    // Recording is paced: three seconds of sound, give or take what a loaded machine adds.
    assert!((3.0..4.5).contains(&(alice.len() as f64 / 8000.0)), "{}", alice.len());
    assert_tone(&alice[8000..16_000], BOB, "alice hears bob");
    assert_tone(&bob[8000..16_000], ALICE, "bob hears alice");
}

#[test]
fn keys_are_heard_as_keys_and_not_as_sound() {
    let mut talk = Talk::new(41_200);
    wait_for(&mut talk.bob, |e| e.kind == MediaEventKind::FirstPacket);
    for key in "1#A".chars() {
        talk.alice.send_dtmf(1, key, 80).unwrap();
    }
    assert!(talk.alice.send_dtmf(1, '!', 80).is_err());
    for key in "1#A".chars() {
        let event = wait_for(&mut talk.bob, |e| matches!(e.kind, MediaEventKind::Dtmf { .. }));
        let digit = Digit::try_from(key).unwrap();
        assert_eq!(event.kind, MediaEventKind::Dtmf { digit, duration_ms: 80 });
    }
    sleep(ms(300));
    assert!(!events(&mut talk.bob).iter().any(|e| matches!(e, MediaEventKind::Dtmf { .. })));
    let (alice, _) = talk.end();
    // Alice hears her own last key softly: A is 697 and 1633 Hz.
    let loudest = alice.windows(480).step_by(160).map(|w| measure::tone_level(w, 1633.0));
    let loudest = loudest.fold(f64::NEG_INFINITY, f64::max);
    assert!((-40.0..-25.0).contains(&loudest), "{loudest}");
}

#[test]
fn hold_mute_and_focus_silence_the_other_side_and_it_comes_back() {
    let mut talk = Talk::new(41_400);
    let heard = talk.recording("bob.wav");
    let settle = ms(2400);
    sleep(ms(1500));
    // The recording's header is right once a second: what is read is up to a second old.
    let silent_after = |what: &str| {
        sleep(settle);
        let level = measure::level(tail(&read_wav(&heard), 900));
        assert!(level < -60.0, "{what}: {level}");
    };
    let tone_after = |what: &str| {
        sleep(settle);
        assert_tone(tail(&read_wav(&heard), 900), ALICE, what);
    };
    talk.alice.set_stream(1, StreamSettings { send: false, ..talk.to_bob.clone() });
    silent_after("on hold");
    let sent = talk.alice.stats(1).unwrap().sent;
    sleep(ms(300));
    assert_eq!(talk.alice.stats(1).unwrap().sent, sent, "packets while on hold");
    talk.alice.set_stream(1, talk.to_bob.clone());
    tone_after("resumed");
    talk.alice.mute(1, true);
    silent_after("muted");
    talk.alice.mute(1, false);
    tone_after("unmuted");
    talk.alice.focus(None);
    silent_after("without focus");
    talk.alice.focus(Some(1));
    tone_after("with focus again");
    talk.bob.set_stream(2, StreamSettings { receive: false, ..talk.to_alice.clone() });
    silent_after("not received");
}

#[test]
fn a_call_that_falls_silent_is_told_once_with_the_time_of_its_last_packet() {
    let mut talk = Talk::new(41_600);
    let watched = StreamSettings { timeout: Some(ms(700)), ..talk.to_bob.clone() };
    talk.alice.set_stream(1, watched);
    wait_for(&mut talk.alice, |e| e.kind == MediaEventKind::FirstPacket);
    sleep(ms(1200));
    assert_eq!(events(&mut talk.alice), []);
    let stopped = std::time::Instant::now();
    talk.bob.stop_call(2);
    let event = wait_for(&mut talk.alice, |e| matches!(e.kind, MediaEventKind::Silence { .. }));
    let MediaEventKind::Silence { since } = event.kind else { unreachable!() };
    assert!(stopped.elapsed() >= ms(650), "{:?}", stopped.elapsed());
    assert!(since <= stopped + ms(100), "the last packet came before the other side stopped");
    sleep(ms(900));
    assert_eq!(events(&mut talk.alice), []);
}

#[test]
fn tones_are_heard_without_a_call_and_the_recording_goes_on_from_one_to_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let (input, output) = (directory.path().join("in.wav"), directory.path().join("out.wav"));
    write_tone(&input, ALICE, 8000);
    let spec = DeviceSpec::Wav { input, output: Some(output.clone()) };
    let mut engine = Engine::new(spec, Box::new(|| ())).unwrap();
    assert!(!engine.is_active());
    engine.play_tone(Some(Tone::Busy));
    engine.play_tone(Some(Tone::Busy));
    sleep(ms(700));
    engine.play_tone(None);
    assert!(!engine.is_active());
    engine.play_tone(Some(Tone::AllProxiesFailed));
    sleep(ms(500));
    drop(engine);
    let heard = read_wav(&output);
    assert_tone(&heard[400..3400], 425.0, "busy");
    assert!(measure::tone_level(&heard[4000..], 950.0) > -25.0, "the first of three rising tones");
    assert!((1.1..1.6).contains(&(heard.len() as f64 / 8000.0)), "{}", heard.len());
}

/// Requirement F11: who feeds the watchdog compares two of these.
#[test]
fn the_pulse_goes_on_while_there_is_work_and_only_then() {
    let mut engine = engine("null");
    assert_eq!(engine.pulse(), None);
    engine.play_tone(Some(Tone::Busy));
    let begun = engine.pulse().unwrap();
    sleep(ms(300));
    let later = engine.pulse().unwrap();
    assert!((5..=20).contains(&(later - begun)), "{begun} … {later}");
    engine.play_tone(None);
    assert_eq!(engine.pulse(), None);
}

#[test]
fn a_wrong_file_is_told_when_the_engine_is_made() {
    let spec: DeviceSpec = "wav:/no/such/file.wav".parse().unwrap();
    let error = Engine::new(spec, Box::new(|| ())).err().unwrap().to_string();
    assert!(error.starts_with("audio file '/no/such/file.wav': "), "{error}");
}

#[test]
fn the_waker_is_called_for_each_event() {
    let (sender, woken) = std::sync::mpsc::channel();
    let mut engine = Engine::new(
        DeviceSpec::Null,
        Box::new(move || {
            let _ = sender.send(());
        }),
    )
    .unwrap();
    engine.start_call(9, ports(41_800));
    engine.stop_call(9);
    woken.recv_timeout(Duration::from_secs(5)).unwrap();
    let event = engine.poll_event().unwrap();
    assert_eq!(event.call, Some(9));
    assert!(matches!(event.kind, MediaEventKind::Stats(_)));
}

#[test]
fn a_call_ends_a_sound_check_and_keeps_another_from_beginning() {
    let mut engine = engine("null");
    engine.check(SoundCheck::Microphone).unwrap();
    sleep(Duration::from_millis(100));
    engine.start_call(1, ports(42_900));
    let told = wait_for(&mut engine, |event| matches!(event.kind, MediaEventKind::Checked(_)));
    assert_eq!(told.kind, MediaEventKind::Checked(Err(CheckError::Needed)));
    assert_eq!(engine.check(SoundCheck::Ear), Err(CheckError::Busy));
    engine.stop_call(1);
    assert!(!engine.is_active());
}
