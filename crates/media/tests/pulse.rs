//! The ALSA device on something with a clock of its own: a private PulseAudio whose null sinks
//! stand for ear and mouth, reached through libasound's `pulse` plugin. Shows that the device is
//! paced, carries sound both ways, and is lost and found again without disturbing the call.
//!
//! Runs where PulseAudio and the plugin are installed (Debian: pulseaudio, libasound2-plugins);
//! elsewhere it says so and passes. Nothing outside its own temporary directory is used.

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::*;
use media::{Digit, Engine, MediaEventKind, Tone, measure};

/// A sound server of the test's own; gone when dropped.
struct Pulse(Child);

impl Pulse {
    #[expect(clippy::unwrap_used, reason = "tests")]
    fn start(directory: &Path) -> Self {
        let socket = directory.join("pulse.sock");
        let _ = fs::remove_file(&socket);
        let protocol = format!(
            "module-native-protocol-unix socket={} auth-anonymous=1 auth-cookie-enabled=0",
            socket.display()
        );
        let sink = |name: &str| {
            format!("module-null-sink sink_name={name} format=s16le rate=48000 channels=1")
        };
        let child = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"])
            .args(["--disable-shm=yes", "--realtime=no", "--high-priority=no"])
            .args(["-L", &protocol, "-L", &sink("spk"), "-L", &sink("mic")])
            .env("HOME", directory)
            .env("XDG_RUNTIME_DIR", directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pulse = Self(child);
        let start = Instant::now();
        while !socket.exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "pulseaudio does not start");
            sleep(ms(20));
        }
        pulse
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn installed() -> bool {
    let plugin = |triplet: &str| {
        let path = format!("/usr/lib/{triplet}alsa-lib/libasound_module_pcm_pulse.so");
        Path::new(&path).exists()
    };
    let triplet = format!("{}-linux-gnu/", std::env::consts::ARCH);
    let version = Command::new("pulseaudio").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success()) && (plugin(&triplet) || plugin(""))
}

/// Two engines in a call, each with the focus on it.
fn connect(a: &mut Engine, b: &mut Engine, start: u16) {
    let (at_a, at_b) = (ports(start), ports(start));
    let (to_b, to_a) = (settings(at_b.port(), 1), settings(at_a.port(), 2));
    a.start_call(1, at_a);
    b.start_call(1, at_b);
    a.set_stream(1, to_b);
    b.set_stream(1, to_a);
    a.focus(Some(1));
    b.focus(Some(1));
}

/// Waits until the last second of a recording that is being written has the tone.
fn wait_for_tone(path: &Path, frequency: f64) {
    let start = Instant::now();
    let mut level = f64::NEG_INFINITY;
    while start.elapsed() < Duration::from_secs(15) {
        sleep(ms(500));
        let heard = read_wav(path);
        if heard.len() > 10_000 {
            level = measure::tone_level(tail(&heard, 1000), frequency);
        }
        if level > -25.0 {
            return;
        }
    }
    panic!("{}: {frequency} Hz at {level} dBFS", path.display());
}

const PCMS: &str = r#"
pcm.spk { type pulse device "spk" server "unix:DIR/pulse.sock" }
pcm.mic { type pulse device "mic" server "unix:DIR/pulse.sock" }
pcm.mouth { type pulse device "mic.monitor" server "unix:DIR/pulse.sock" }
pcm.ear { type pulse device "spk.monitor" server "unix:DIR/pulse.sock" }
pcm.phone { type asym playback.pcm "spk" capture.pcm "mouth" }
pcm.person { type asym playback.pcm "mic" capture.pcm "ear" }
"#;

/// Alice's handset is the sound server. A person, on the other side of its sinks, speaks a key's
/// tones and has what the ear plays carried to Carol; Bob is the other party of Alice's call.
fn talk(directory: &Path) {
    let wav = |name: &str, frequency: f64| {
        let input = directory.join(format!("{name}-in.wav"));
        write_tone(&input, frequency, 8000);
        format!("wav:{}:{}", input.display(), directory.join(name).display())
    };
    let pulse = Pulse::start(directory);
    let (mut alice, mut bob) = (engine("alsa:phone"), engine(&wav("bob.wav", BOB)));
    let (mut person, mut carol) = (engine("alsa:person"), engine(&wav("carol.wav", ALICE)));
    connect(&mut alice, &mut bob, 44_000);
    connect(&mut person, &mut carol, 44_200);
    let start = Instant::now();
    let key = Digit::try_from('5').unwrap_or_else(|error| panic!("{error}"));
    person.play_tone(Some(Tone::Digit(key)));
    wait_for_tone(&directory.join("bob.wav"), 1336.0);
    wait_for_tone(&directory.join("carol.wav"), BOB);
    assert!(!events(&mut alice).iter().any(|e| matches!(e, MediaEventKind::DeviceLost(_))));

    drop(pulse);
    // Both directions, in whatever order.
    let lost: Vec<MediaEventKind> = (0..2)
        .map(|_| wait_for(&mut alice, |e| matches!(e.kind, MediaEventKind::DeviceLost(_))).kind)
        .collect();
    assert_ne!(lost[0], lost[1]);
    let _pulse = Pulse::start(directory);
    for _ in 0..2 {
        wait_for(&mut alice, |event| event.kind == MediaEventKind::DeviceBack);
    }
    wait_for_tone(&directory.join("bob.wav"), 1336.0);

    // Through all of it the call was paced by its own clock: 50 packets a second.
    let elapsed = start.elapsed().as_secs_f64();
    let sent = alice.stats(1).map_or(0.0, |stats| stats.sent as f64);
    assert!((elapsed * 47.0..elapsed * 50.5 + 5.0).contains(&sent), "{sent} in {elapsed} s");
}

#[test]
fn a_sound_server_is_paced_carries_sound_both_ways_and_may_restart_in_a_call() {
    const MARK: &str = "MEDIA_TEST_DIRECTORY";
    if let Some(directory) = std::env::var_os(MARK) {
        return talk(Path::new(&directory));
    }
    if !installed() {
        println!("not run: pulseaudio or its ALSA plugin is not installed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("asound.conf");
    fs::write(&config, PCMS.replace("DIR", &directory.path().display().to_string())).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["a_sound_server_is_paced", "--nocapture"])
        .env("ALSA_CONFIG_PATH", format!("/usr/share/alsa/alsa.conf:{}", config.display()))
        .env("HOME", directory.path())
        .env(MARK, directory.path())
        .output()
        .unwrap();
    let (out, err) = (&output.stdout, &output.stderr);
    let said = format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    assert!(output.status.success(), "{said}");
}
