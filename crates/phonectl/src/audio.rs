//! `phonectl audio`: how loud ear, microphone and bell are, through which devices, and whether those
//! work.

use clap::{Subcommand, ValueEnum};
use control::{
    AudioRequest, ChosenDevice, MicrophoneLevel, MixerState, Problem, Request, SoundDevice,
    SoundDevices, SoundPart, SoundTest, Verdict, Volumes,
};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::Output,
};

#[derive(Subcommand)]
pub(crate) enum Audio {
    /// Show the sound device and how loud it is.
    Show,
    /// Make it louder or softer, in force at once and kept.
    #[command(arg_required_else_help = true)]
    Volume {
        /// The ear, 1 to 9.
        #[arg(long, value_name = "STEP")]
        ear: Option<u8>,
        /// The microphone, 1 to 9.
        #[arg(long, value_name = "STEP")]
        microphone: Option<u8>,
        /// The bell, 0 (silent) to 9.
        #[arg(long, value_name = "STEP")]
        ring: Option<u8>,
    },
    /// Show the sound devices in use and those of this machine.
    ///
    /// They are chosen by the items `Playback Device`, `Capture Device` and `Ring Device`.
    Devices,
    /// Try a sound device; refused while there is a call.
    Test {
        /// What is tried: the ear plays a tone, the bell rings, and the microphone is recorded for 3 s
        /// and played back at the ear.
        #[arg(value_enum)]
        part: Part,
    },
}

/// What is tried.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Part {
    Ear,
    Microphone,
    Ring,
}

impl Audio {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let request = match self {
            Self::Show => AudioRequest::Show {},
            Self::Volume { ear, microphone, ring } => {
                AudioRequest::Volume { ear, microphone, ring }
            }
            Self::Devices => AudioRequest::Devices {},
            Self::Test { part } => return test(part, client, output),
        };
        let payload = client.ask(&Request::Audio(request))?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// Shows how loud it is.
pub(crate) fn show(volumes: &Volumes, output: &mut Output) -> Result<(), Failure> {
    let Volumes { device, ear, microphone, ring, mixers } = volumes;
    output.line(&format!("device {device}; ear {ear}, microphone {microphone}, ring {ring}"))?;
    for MixerState { part, name, problem } in mixers {
        let part = match part {
            SoundPart::Ear => "ear",
            SoundPart::Microphone => "microphone",
            SoundPart::Ring => "ring",
        };
        output.line(&match problem {
            None => format!("{part} by the mixer {name}"),
            Some(Problem { message, .. }) => format!("{part} not by the mixer {name}: {message}"),
        })?;
    }
    Ok(())
}

fn test(part: Part, client: &Client, output: &mut Output) -> Result<(), Failure> {
    let part = match part {
        Part::Ear => SoundPart::Ear,
        Part::Microphone => SoundPart::Microphone,
        Part::Ring => SoundPart::Ring,
    };
    let mut connection = client.connect(&Request::Audio(AudioRequest::Test { part }))?;
    if part == SoundPart::Microphone && !output.is_json() {
        output.line("speak now: 3 s are recorded, then played at the ear")?;
    }
    // The phone bounds it, but not below what other answers may take.
    connection.wait_for_ever()?;
    answer::show(&connection.reply()?, &Wording::default(), output)
}

/// Shows which devices there are.
pub(crate) fn show_devices(devices: &SoundDevices, output: &mut Output) -> Result<(), Failure> {
    let SoundDevices { device, ear, microphone, ring, found } = devices;
    let own = |chosen: &ChosenDevice, otherwise: &str| match (chosen.name.as_str(), chosen.there) {
        ("", _) => otherwise.to_owned(),
        (name, true) => name.to_owned(),
        (name, false) => format!("{name} (not there)"),
    };
    let used = [
        ("ear", own(ear, device)),
        ("microphone", own(microphone, device)),
        ("ring", own(ring, "as the ear")),
    ];
    let used: Vec<Vec<String>> =
        used.into_iter().map(|(part, name)| vec![part.to_owned(), name]).collect();
    output.table(0, &used)?;
    let row = |found: &SoundDevice| {
        let ways = match (found.playback, found.capture) {
            (true, false) => "plays",
            (false, true) => "records",
            _ => "both",
        };
        vec![found.name.clone(), ways.to_owned(), found.about.clone()]
    };
    if !found.is_empty() {
        output.line("of this machine:")?;
    }
    output.table(2, &found.iter().map(row).collect::<Vec<_>>())
}

/// Shows how a test went.
pub(crate) fn show_test(test: &SoundTest, output: &mut Output) -> Result<(), Failure> {
    let told = match (test.part, &test.heard) {
        (_, Some(MicrophoneLevel { verdict, level_db, peak_db })) => {
            let verdict = match verdict {
                Verdict::Silent => "silent",
                Verdict::Quiet => "quiet",
                Verdict::Good => "good",
                Verdict::Distorted => "distorted",
            };
            format!("microphone {verdict}: {level_db:.1} dB, peak {peak_db:.1} dB")
        }
        (SoundPart::Ring, None) => "it rang for 2 s".to_owned(),
        (SoundPart::Ear | SoundPart::Microphone, None) => "a tone was played for 2 s".to_owned(),
    };
    output.line(&told)
}
