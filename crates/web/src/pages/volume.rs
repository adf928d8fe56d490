//! On the tab Calls: how loud ear, microphone and bell are, each with a button for softer and one for
//! louder.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use control::{AudioRequest, MixerState, Payload, Problem, Request, SoundPart};

use crate::app::App;
use crate::phone::unexpected;
use crate::text::{Spoken, Words};

use super::calls;
use super::fields::{Fields, Sent};
use super::frame::Frame;
use super::status;

#[derive(Template)]
#[template(path = "volumes.html")]
struct Volumes<'a> {
    w: &'static Words,
    csrf: &'a str,
    device: String,
    all: [Volume; 3],
    mixers: Vec<Mixer>,
}

/// An element of a sound card's mixer that makes one of them louder, or why it does not.
struct Mixer {
    label: &'static str,
    name: String,
    problem: Option<Spoken>,
}

struct Volume {
    of: &'static str,
    label: &'static str,
    step: u8,
    least: u8,
}

/// The loudest step of each.
const MOST: u8 = 9;

impl Volume {
    fn softer(&self) -> u8 {
        self.step.saturating_sub(1).max(self.least)
    }

    fn louder(&self) -> u8 {
        self.step.saturating_add(1).min(MOST)
    }
}

/// The part of the page.
pub(super) async fn part(app: &App, f: &Frame) -> Result<String, Problem> {
    let payload = app.phone().ask(Request::Audio(AudioRequest::Show {})).await?;
    let Payload::Audio(volumes) = payload else { return Err(unexpected()) };
    let w = f.words();
    let all = [
        Volume { of: "ear", label: w.volume_ear, step: volumes.ear, least: 1 },
        Volume { of: "microphone", label: w.volume_microphone, step: volumes.microphone, least: 1 },
        Volume { of: "ring", label: w.volume_ring, step: volumes.ring, least: 0 },
    ];
    let mixers = volumes.mixers.into_iter().map(|MixerState { part, name, problem }| Mixer {
        label: match part {
            SoundPart::Ear => w.volume_ear,
            SoundPart::Microphone => w.volume_microphone,
            SoundPart::Ring => w.volume_ring,
        },
        name,
        problem: problem.map(|problem| Spoken::refusal(f.language, &problem)),
    });
    let mixers = mixers.collect();
    Ok(status::text(&Volumes { w, csrf: f.csrf(), device: volumes.device, all, mixers }))
}

/// Makes it louder or softer.
pub(super) async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    Sent(member, fields): Sent,
) -> Response {
    let done = match request(&fields) {
        Some(request) => app.phone().ask(Request::Audio(request)).await.map(drop),
        None => Err(Problem::new("a volume is a whole number from 0 to 9", "音量为 0 至 9 的整数")),
    };
    calls::answer(done, &headers, member, "/calls")
}

/// One of the three is sent: the button that was pressed.
fn request(fields: &Fields) -> Option<AudioRequest> {
    let step = |of| fields.given(of).map(str::parse).transpose().ok();
    let (ear, microphone, ring) = (step("ear")?, step("microphone")?, step("ring")?);
    Some(AudioRequest::Volume { ear, microphone, ring })
}
