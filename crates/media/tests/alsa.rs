//! The ALSA device through libasound's own plugins, without a sound card: `null` and `file`, which
//! have no clock, so that the engine's must do. Each test runs itself again in a child process
//! whose `ALSA_CONFIG_PATH` names PCMs of the test's making, and sees what it prints.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::*;
use media::device::{is_there, pcms};
use media::{CheckError, Digit, MediaEvent, MediaEventKind, SoundCheck, Tone, measure};

/// Runs the test `name` in a child with the PCMs of `config` (after libasound's own), in which
/// `DIR` is a fresh directory. `None` in the parent, once the child has passed; in the child the
/// directory.
#[expect(clippy::unwrap_used, reason = "tests")]
fn in_child(name: &str, config: &str) -> Option<PathBuf> {
    const MARK: &str = "MEDIA_TEST_DIRECTORY";
    if let Some(directory) = std::env::var_os(MARK) {
        return Some(directory.into());
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("asound.conf");
    fs::write(&path, config.replace("DIR", &directory.path().display().to_string())).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env("ALSA_CONFIG_PATH", format!("/usr/share/alsa/alsa.conf:{}", path.display()))
        .env(MARK, directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("ALSA lib"), "libasound spoke on standard error: {said}");
    None
}

/// Raw 16-bit mono.
#[expect(clippy::unwrap_used, reason = "tests")]
fn read_raw(path: &Path) -> Vec<i16> {
    let octets = fs::read(path).unwrap();
    octets.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

fn write_raw(path: &Path, sound: &[i16]) -> std::io::Result<()> {
    fs::write(path, sound.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>())
}

const PHONE: &str = r#"
pcm.ear { type file slave.pcm "null" file "DIR/heard.raw" format "raw" }
pcm.mouth { type file slave.pcm "null" file "/dev/null" infile "DIR/spoken.raw" format "raw" }
pcm.phone { type asym playback.pcm "ear" capture.pcm "mouth" }
pcm.bell { type asym playback.pcm "ear" capture.pcm "null" }
"#;

#[test]
fn a_tone_through_libasound_is_paced_by_the_engine_where_the_device_has_no_clock() {
    let name = "a_tone_through_libasound_is_paced_by_the_engine_where_the_device_has_no_clock";
    let Some(directory) = in_child(name, PHONE) else { return };
    let mut engine = engine("alsa:bell");
    let start = Instant::now();
    engine.play_tone(Some(Tone::Busy));
    sleep(ms(2000));
    drop(engine);
    let elapsed = start.elapsed().as_secs_f64();
    let heard = read_raw(&directory.join("heard.raw"));
    let seconds = heard.len() as f64 / 8000.0;
    // 40 ms of head start and one doubled frame before the device is known to have no clock.
    assert!((elapsed - 0.2..elapsed + 0.1).contains(&seconds), "{seconds} s in {elapsed} s");
    assert_tone(&heard[400..3400], 425.0, "busy");
}

#[test]
fn a_call_through_libasound_carries_sound_both_ways() {
    let name = "a_call_through_libasound_carries_sound_both_ways";
    let Some(directory) = in_child(name, PHONE) else { return };
    let spoken: Vec<i16> = (0..20).flat_map(|_| sine(ALICE, 8000)).collect();
    write_raw(&directory.join("spoken.raw"), &spoken).unwrap();
    let (input, output) = (directory.join("in.wav"), directory.join("out.wav"));
    write_tone(&input, BOB, 16_000);
    let mut alice = engine("alsa:phone");
    let mut bob = engine(&format!("wav:{}:{}", input.display(), output.display()));
    let (at_alice, at_bob) = (ports(43_000), ports(43_000));
    let (to_bob, to_alice) = (settings(at_bob.port(), 1), settings(at_alice.port(), 2));
    alice.start_call(1, at_alice);
    bob.start_call(1, at_bob);
    alice.set_stream(1, to_bob);
    bob.set_stream(1, to_alice);
    alice.focus(Some(1));
    bob.focus(Some(1));
    sleep(Duration::from_secs(4));
    assert!(!events(&mut alice).iter().any(|e| matches!(e, MediaEventKind::DeviceLost(_))));
    drop((alice, bob));
    assert_tone(tail(&read_wav(&output), 1500), ALICE, "through the capture plugin");
    assert_tone(tail(&read_raw(&directory.join("heard.raw")), 1500), BOB, "through playback");
}

#[test]
fn a_pcm_that_converts_and_one_that_is_null_work_for_both_directions() {
    let name = "a_pcm_that_converts_and_one_that_is_null_work_for_both_directions";
    if in_child(name, "").is_none() {
        return;
    }
    for pcm in ["null", "plug:'null'", "plug:null"] {
        let mut engine = engine(&format!("alsa:{pcm}"));
        engine.start_call(1, ports(43_200));
        sleep(ms(600));
        engine.stop_call(1);
        let told = wait_for(&mut engine, |_| true).kind;
        assert!(matches!(told, MediaEventKind::Stats(_)), "{pcm}: {told:?}");
    }
}

#[test]
fn a_device_that_is_missing_is_told_once_by_name_and_taken_when_it_appears() {
    let name = "a_device_that_is_missing_is_told_once_by_name_and_taken_when_it_appears";
    let config = r#"
pcm.ear { type file slave.pcm "null" file "DIR/later/heard.raw" format "raw" }
pcm.phone { type asym playback.pcm "ear" capture.pcm "null" }
"#;
    let Some(directory) = in_child(name, config) else { return };
    let mut engine = engine("alsa:phone");
    // Without a cadence, so that it does not matter when the device appears.
    engine.play_tone(Some(Tone::Digit(Digit::try_from('5').unwrap())));
    let lost = wait_for(&mut engine, |_| true);
    let MediaEventKind::DeviceLost(why) = &lost.kind else { panic!("{lost:?}") };
    let why = why.to_string();
    assert!(why.starts_with("alsa playback 'phone': cannot write: I/O error ("), "{why}");
    assert!(why.contains("later/heard.raw"), "libasound's own words are missing: {why}");
    assert_eq!(lost.call, None);
    sleep(ms(1500));
    assert_eq!(events(&mut engine), []);
    fs::create_dir(directory.join("later")).unwrap();
    wait_for(&mut engine, |event| event.kind == MediaEventKind::DeviceBack);
    sleep(ms(1000));
    drop(engine);
    let heard = read_raw(&directory.join("later/heard.raw"));
    // The last 700 ms: the frame doubled after the first second is a break in the tone's phase.
    assert!(measure::tone_level(tail(&heard, 700), 770.0) > -20.0);
}

#[test]
fn a_pcm_that_does_not_exist_does_not_stop_a_call() {
    let name = "a_pcm_that_does_not_exist_does_not_stop_a_call";
    let Some(directory) = in_child(name, "") else { return };
    let (input, output) = (directory.join("in.wav"), directory.join("out.wav"));
    write_tone(&input, BOB, 8000);
    let mut alice = engine("alsa:no_such_card");
    let mut bob = engine(&format!("wav:{}:{}", input.display(), output.display()));
    let (at_alice, at_bob) = (ports(43_400), ports(43_400));
    let (to_bob, to_alice) = (settings(at_bob.port(), 1), settings(at_alice.port(), 2));
    alice.start_call(1, at_alice);
    bob.start_call(1, at_bob);
    alice.set_stream(1, to_bob);
    bob.set_stream(1, to_alice);
    alice.focus(Some(1));
    for direction in ["capture", "playback"] {
        let lost = wait_for(&mut alice, |e| {
            matches!(&e.kind, MediaEventKind::DeviceLost(why)
                if why.to_string().starts_with(&format!("alsa {direction} 'no_such_card': cannot open: ")))
        });
        assert_eq!(lost.call, None);
    }
    sleep(ms(1000));
    let stats = bob.stats(1).unwrap();
    assert!(stats.received >= 40 && stats.lost == 0, "{stats:?}");
}

/// Requirement F7: whoever sets the phone up hears and is heard before anybody calls.
#[test]
fn microphone_and_ear_have_devices_of_their_own_and_are_tried() {
    let name = "microphone_and_ear_have_devices_of_their_own_and_are_tried";
    let Some(directory) = in_child(name, PHONE) else { return };
    let spoken: Vec<i16> = (0..20).flat_map(|_| sine(ALICE, 8000)).collect();
    write_raw(&directory.join("spoken.raw"), &spoken).unwrap();
    let mut engine = engine("alsa:no_such_card");
    engine.speak_into(Some("alsa:mouth".parse().unwrap())).unwrap();
    engine.hear_on(Some("alsa:ear".parse().unwrap())).unwrap();
    let checked = |event: &MediaEvent| matches!(event.kind, MediaEventKind::Checked(_));

    engine.check(SoundCheck::Ear).unwrap();
    assert_eq!(engine.check(SoundCheck::Ear), Err(CheckError::Busy), "one at a time");
    assert_eq!(wait_for(&mut engine, checked).kind, MediaEventKind::Checked(Ok(None)));
    assert!(!engine.is_active(), "it ends by itself");
    sleep(ms(200));
    let tone = read_raw(&directory.join("heard.raw"));
    assert!((2.0..2.6).contains(&(tone.len() as f64 / 8000.0)), "{}", tone.len());
    // What follows has the frame that is doubled before the device is known to have no clock.
    assert_tone(&tone[800..7200], 1000.0, "the tone");

    engine.check(SoundCheck::Microphone).unwrap();
    let told = wait_for(&mut engine, checked).kind;
    let MediaEventKind::Checked(Ok(Some(heard))) = told else { panic!("{told:?}") };
    assert!(heard.level_db > -20.0 && heard.peak_db <= 0.0, "{heard:?}");
    sleep(ms(200));
    let own_voice = read_raw(&directory.join("heard.raw"));
    assert_tone(tail(&own_voice, 1500), ALICE, "what was said, played back");

    engine.speak_into(Some("alsa:gone".parse().unwrap())).unwrap();
    engine.check(SoundCheck::Microphone).unwrap();
    let told = wait_for(&mut engine, checked).kind;
    let MediaEventKind::Checked(Err(reason)) = told else { panic!("{told:?}") };
    let reason = reason.to_string();
    assert!(reason.starts_with("alsa capture 'gone': cannot open: "), "{reason}");
}

#[test]
fn another_device_is_used_from_the_next_time_on_and_the_one_in_use_stays() {
    let name = "another_device_is_used_from_the_next_time_on_and_the_one_in_use_stays";
    let Some(directory) = in_child(name, TWO) else { return };
    fs::create_dir(directory.join("later")).unwrap();
    let (ear, speaker) = (directory.join("ear.raw"), directory.join("later/speaker.raw"));
    let mut engine = engine("alsa:phone");
    engine.play_tone(Some(Tone::Dial));
    sleep(ms(400));
    engine.hear_on(Some("alsa:speaker".parse().unwrap())).unwrap();
    sleep(ms(400));
    engine.play_tone(None);
    assert!(!speaker.exists(), "the tone goes on where it began");
    engine.play_tone(Some(Tone::Busy));
    sleep(ms(600));
    drop(engine);
    assert!(measure::tone_level(&read_raw(&ear)[800..4000], 425.0) > -20.0);
    assert!(measure::tone_level(&read_raw(&speaker)[400..3400], 425.0) > -20.0);
}

#[test]
fn the_pcms_of_the_machine_are_listed_and_one_that_is_not_there_is_known() {
    let name = "the_pcms_of_the_machine_are_listed_and_one_that_is_not_there_is_known";
    let config = r#"
pcm.desk { type null hint { show on description "A desk\nwith a telephone" } }
pcm.hidden { type null }
"#;
    if in_child(name, config).is_none() {
        return;
    }
    let found = pcms();
    let desk = found.iter().find(|pcm| pcm.name == "desk").unwrap();
    assert!(desk.about.starts_with("A desk") && !desk.about.contains('\n'), "{desk:?}");
    assert!(desk.playback && desk.capture, "{desk:?}");
    assert!(is_there("hidden", false) && is_there("hidden", true), "found without being listed");
    assert!(!is_there("no_such_card", false) && !is_there("no_such_card", true));
}

const TWO: &str = r#"
pcm.ear { type file slave.pcm "null" file "DIR/ear.raw" format "raw" }
pcm.phone { type asym playback.pcm "ear" capture.pcm "null" }
pcm.speaker { type file slave.pcm "null" file "DIR/later/speaker.raw" format "raw" }
"#;

#[test]
fn a_device_of_its_own_rings_and_the_ear_stays_silent() {
    let name = "a_device_of_its_own_rings_and_the_ear_stays_silent";
    let Some(directory) = in_child(name, TWO) else { return };
    fs::create_dir(directory.join("later")).unwrap();
    let mut engine = engine("alsa:phone");
    engine.ring_on(Some("alsa:speaker".parse().unwrap())).unwrap();
    engine.play_tone(Some(Tone::Ring));
    sleep(ms(900));
    engine.play_tone(Some(Tone::Busy));
    sleep(ms(400));
    drop(engine);
    let (ear, speaker) =
        (read_raw(&directory.join("ear.raw")), read_raw(&directory.join("later/speaker.raw")));
    assert!(measure::tone_level(&speaker[800..6400], 800.0) > -20.0, "it rings there");
    assert!(measure::tone_level(&speaker[800..6400], 425.0) < -60.0);
    assert!(speaker.len() < ear.len() - 2000, "it is closed when the ringing is over");
    assert!(measure::tone_level(&ear, 800.0) < -60.0, "not in the ear");
    assert!(measure::tone_level(tail(&ear, 250), 425.0) > -20.0, "other tones are");
}

#[test]
fn the_ear_rings_while_the_ring_device_is_out_of_use() {
    let name = "the_ear_rings_while_the_ring_device_is_out_of_use";
    let Some(directory) = in_child(name, TWO) else { return };
    let mut engine = engine("alsa:phone");
    engine.ring_on(Some("alsa:speaker".parse().unwrap())).unwrap();
    engine.play_tone(Some(Tone::Ring));
    let lost = wait_for(&mut engine, |_| true);
    let MediaEventKind::BellLost(why) = &lost.kind else { panic!("{lost:?}") };
    assert!(why.to_string().contains("'speaker'"), "{why}");
    sleep(ms(700));
    drop(engine);
    let ear = read_raw(&directory.join("ear.raw"));
    assert!(measure::tone_level(tail(&ear, 500), 800.0) > -20.0);
}
