//! Tab Audio: through which devices the phone is heard and spoken into, how loud, with which codecs,
//! and whether that works. All but the tests are configuration items.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use control::{
    AudioRequest, ChosenDevice, ConfigDescription, ItemDescription, ItemValues, Items, Payload,
    Problem, Request, SoundDevices, SoundPart, SoundTest, Verdict,
};
use serde::Deserialize;

use crate::app::App;
use crate::phone::unexpected;
use crate::text::{SoundWords, Spoken, Words};

use super::caller::{Admin, Member};
use super::fields::{Fields, SentByAdmin};
use super::frame::{Frame, Tab, Trouble, page};
use super::items::{self, Field, Filling, Outcome};
use super::line;
use super::submission::{Submission, put_in_force};

type Label = fn(&Words) -> &'static str;

/// Items of devices and of volumes, as the page calls them.
const DEVICES: [(&str, Label); 3] = [
    ("Playback Device", |w| w.volume_ear),
    ("Capture Device", |w| w.volume_microphone),
    ("Ring Device", |w| w.volume_ring),
];
const VOLUMES: [(&str, Label); 6] = [
    ("P1 General Spk Vol", |w| w.volume_ear),
    ("P1 General Mic Vol", |w| w.volume_microphone),
    ("P1 RingTone Vol", |w| w.volume_ring),
    ("Playback Mixer", |w| w.mixer_ear),
    ("Capture Mixer", |w| w.mixer_microphone),
    ("Ring Mixer", |w| w.mixer_ring),
];
/// Items of a line. The list of codecs is filled in one by one.
const CODECS: &str = "VoiceCodecMap";
const DTMF: &str = "DTMF Mode";

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    #[serde(default = "first_line")]
    line: u32,
}

fn first_line() -> u32 {
    1
}

#[derive(Template)]
#[template(path = "audio.html")]
struct AudioPage {
    f: Frame,
    line: u32,
    lines: Vec<(u32, String, bool)>,
    devices: Vec<Field>,
    /// Devices that are not there, and why none can be listed.
    missing: Vec<String>,
    no_list: Option<Spoken>,
    volumes: Vec<Field>,
    codecs: Option<Codecs>,
    dtmf: Option<Field>,
    /// How the test went: whether well, and in words.
    tested: Option<(bool, Spoken)>,
    outcome: Outcome,
    elsewhere: Vec<Spoken>,
}

/// One choice for each place of the list, the preferred codec first.
struct Codecs {
    full_name: String,
    help: String,
    /// Value, name, whether it is chosen.
    places: Vec<Vec<(String, String, bool)>>,
}

impl AudioPage {
    fn s(&self) -> &'static SoundWords {
        self.f.language.sound()
    }

    /// The fields whose values were refused.
    fn wrong(&self) -> Vec<&Field> {
        let all = self.devices.iter().chain(&self.volumes).chain(&self.dtmf);
        all.filter(|field| field.problem.is_some()).collect()
    }
}

/// What a visit of the page is about.
#[derive(Default)]
struct Visit {
    outcome: Outcome,
    typed: Option<Items>,
    tested: Option<(bool, Spoken)>,
}

/// The form, filled with what is in force.
pub(super) async fn show(
    State(app): State<App>,
    Query(Which { line }): Query<Which>,
    Admin(member): Admin,
) -> Response {
    let done = draw(&app, &member, line, Visit::default()).await;
    done.unwrap_or_else(|trouble| trouble.page(&member.into_caller()))
}

/// Puts the form in force, or shows what is wrong with it.
pub(super) async fn submit(
    State(app): State<App>,
    Query(Which { line }): Query<Which>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let done = async {
        let description = line::describe(&app, line).await?;
        let sent =
            sent(&app, &description, line, &fields).await.map_err(|p| Trouble::refused(&p))?;
        let Submission { outcome, typed, status } = put_in_force(&app, &member, sent).await;
        let again = draw(&app, &member, line, Visit { outcome, typed, tested: None }).await?;
        Ok((status, again).into_response())
    };
    done.await.unwrap_or_else(|trouble: Trouble| trouble.page(&member.into_caller()))
}

/// Tries a device; the answer comes when that is over.
pub(super) async fn test(
    State(app): State<App>,
    Query(Which { line }): Query<Which>,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let part = match fields.text("part") {
        "microphone" => SoundPart::Microphone,
        "ring" => SoundPart::Ring,
        _ => SoundPart::Ear,
    };
    let language = member.language;
    let tested = match app.phone().ask(Request::Audio(AudioRequest::Test { part })).await {
        Ok(Payload::AudioTest(test)) => {
            let (good, text) = told(language.sound(), &test);
            (good, Spoken::own(language, text))
        }
        Ok(_) => (false, Spoken::refusal(language, &unexpected())),
        Err(problem) => (false, Spoken::refusal(language, &problem)),
    };
    let visit = Visit { tested: Some(tested), ..Visit::default() };
    let done = draw(&app, &member, line, visit).await;
    done.unwrap_or_else(|trouble| trouble.page(&member.into_caller()))
}

/// How a test went, in words.
fn told(s: &SoundWords, test: &SoundTest) -> (bool, String) {
    let Some(heard) = &test.heard else {
        let ring = test.part == SoundPart::Ring;
        return (true, if ring { s.rang } else { s.played }.to_owned());
    };
    let (good, verdict) = match heard.verdict {
        Verdict::Silent => (false, s.silent),
        Verdict::Quiet => (false, s.quiet),
        Verdict::Good => (true, s.good),
        Verdict::Distorted => (false, s.distorted),
    };
    let (level, peak) = (heard.level_db, heard.peak_db);
    (good, format!("{verdict} {} {level:.0} dB, {} {peak:.0} dB", s.level, s.peak))
}

fn item<'a>(description: &'a ConfigDescription, name: &str) -> Option<&'a ItemDescription> {
    description.items.iter().find(|item| item.name == name)
}

/// The values of the form; of the codecs those that the phone does not know keep their place at the
/// end.
async fn sent(
    app: &App,
    description: &ConfigDescription,
    line: u32,
    fields: &Fields,
) -> Result<Items, Problem> {
    let plain = DEVICES.iter().chain(&VOLUMES).map(|(name, _)| *name).chain([DTMF]);
    let plain = plain.filter_map(|name| item(description, name));
    let mut sent = items::sent(plain, line, fields);
    if let Some(codecs) = item(description, CODECS) {
        let name = codecs.full_name(line);
        let now = app.phone().items(vec![name.clone()]).await?;
        let before = now.value(&name).unwrap_or_default();
        sent.0.push((name, codec_list(fields, known(codecs), before)));
    }
    Ok(sent)
}

/// The codecs that the phone has.
fn known(codecs: &ItemDescription) -> &[String] {
    match &codecs.values {
        ItemValues::Codecs { known } => known,
        ItemValues::Text { .. }
        | ItemValues::Secret { .. }
        | ItemValues::Number { .. }
        | ItemValues::Flag {}
        | ItemValues::Choice { .. }
        | ItemValues::Address {}
        | ItemValues::Callee {} => &[],
    }
}

fn codec_list(fields: &Fields, known: &[String], before: &str) -> String {
    let chosen = (1..=known.len()).map(|place| fields.text(&format!("codec-{place}")));
    let unknown = split(before).filter(|name| !is_known(known, name));
    let mut list: Vec<&str> = Vec::new();
    for name in chosen.chain(unknown) {
        if !name.is_empty() && !list.contains(&name) {
            list.push(name);
        }
    }
    list.join(",")
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn is_known(known: &[String], name: &str) -> bool {
    known.iter().any(|one| one.eq_ignore_ascii_case(name))
}

async fn draw(app: &App, member: &Member, line: u32, visit: Visit) -> Result<Response, Trouble> {
    let refused = |problem: Problem| Trouble::refused(&problem);
    let Visit { outcome, typed, tested } = visit;
    let description = line::describe(app, line).await?;
    let status = app.phone().status().await.map_err(refused)?;
    let names = DEVICES.iter().chain(&VOLUMES).map(|(name, _)| *name).chain([CODECS, DTMF]);
    let known_items: Vec<&ItemDescription> =
        names.filter_map(|name| item(&description, name)).collect();
    let values = match typed {
        Some(typed) => typed,
        None => {
            let names = known_items.iter().map(|item| item.full_name(line)).collect();
            app.phone().items(names).await.map_err(refused)?
        }
    };
    let f = Frame::of_member(member, Tab::Audio);
    let (words, s) = (f.words(), f.language.sound());
    let problem = outcome.problem.as_ref();
    let filling = Filling { language: f.language, line, values: &values, problem };
    let fields = |of: &[(&str, Label)]| -> Vec<Field> {
        let field = |(name, label): &(&str, Label)| {
            Some(filling.field(item(&description, name)?, Some(label(words))))
        };
        of.iter().filter_map(field).collect()
    };
    let mut devices = fields(&DEVICES);
    let (found, no_list) = match app.phone().ask(Request::Audio(AudioRequest::Devices {})).await {
        Ok(Payload::AudioDevices(found)) => (Some(found), None),
        Ok(_) => (None, Some(Spoken::refusal(f.language, &unexpected()))),
        Err(problem) => (None, Some(Spoken::refusal(f.language, &problem))),
    };
    let missing = found.as_ref().map(|found| choose(&mut devices, found, s)).unwrap_or_default();
    let codecs = item(&description, CODECS).map(|item| codecs(item, &filling, s));
    let dtmf = item(&description, DTMF).map(|item| filling.field(item, Some(s.dtmf)));
    let volumes = fields(&VOLUMES);
    let shown: Vec<&Field> = devices.iter().chain(&volumes).chain(&dtmf).collect();
    let elsewhere = outcome.elsewhere(f.language, &shown);
    let lines = line::choices(words, description.lines, line, &status.accounts);
    Ok(page(&AudioPage {
        line,
        lines,
        devices,
        missing,
        no_list,
        volumes,
        codecs,
        dtmf,
        tested,
        outcome,
        elsewhere,
        f,
    }))
}

/// Turns the fields of devices into lists to choose from. Returns what is chosen and not there.
fn choose(fields: &mut [Field], found: &SoundDevices, s: &SoundWords) -> Vec<String> {
    let mut missing = Vec::new();
    for field in fields {
        let (chosen, capture): (&ChosenDevice, bool) = match field.item.as_str() {
            "Capture Device" => (&found.microphone, true),
            "Ring Device" => (&found.ring, false),
            _ => (&found.ear, false),
        };
        let none = match field.item.as_str() {
            "Ring Device" => s.as_the_ear.to_owned(),
            _ => format!("{} {}", s.as_started, found.device),
        };
        let mut choices = vec![(String::new(), none, field.value.is_empty())];
        let fits = found.found.iter().filter(|d| if capture { d.capture } else { d.playback });
        for device in fits {
            let about = if device.about.is_empty() { "" } else { " · " };
            let label = format!("{}{about}{}", device.name, device.about);
            choices.push((device.name.clone(), label, device.name == field.value));
        }
        let gone = chosen.name == field.value && !chosen.there;
        if !choices.iter().any(|(_, _, is_chosen)| *is_chosen) {
            let label = if gone {
                format!("{} ({})", field.value, s.not_there)
            } else {
                field.value.clone()
            };
            choices.push((field.value.clone(), label, true));
        }
        if gone {
            missing.push(format!("{}: {}", field.label, field.value));
        }
        field.choose(choices);
    }
    missing
}

/// A choice for each codec that the phone has, in the order of the item's list.
fn codecs(item: &ItemDescription, filling: &Filling<'_>, s: &SoundWords) -> Codecs {
    let known = known(item);
    let field = filling.field(item, None);
    let listed: Vec<&str> = split(&field.value).filter(|name| is_known(known, name)).collect();
    let place = |place: usize| {
        let chosen = listed.get(place).copied();
        let mut choices: Vec<(String, String, bool)> = known
            .iter()
            .map(|name| {
                let is_chosen = chosen.is_some_and(|chosen| chosen.eq_ignore_ascii_case(name));
                (name.clone(), name.clone(), is_chosen)
            })
            .collect();
        // Without any there is no call.
        if place > 0 {
            choices.push((String::new(), s.codec_none.to_owned(), chosen.is_none()));
        }
        choices
    };
    let places = (0..known.len()).map(place).collect();
    Codecs { full_name: field.full_name, help: field.help, places }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_put_in_order_once_each_and_unknown_ones_stay_at_the_end() {
        let known = ["PCMA".to_owned(), "PCMU".to_owned()];
        let list = |first: &str, second: &str, before: &str| {
            codec_list(&Fields::of(&[("codec-1", first), ("codec-2", second)]), &known, before)
        };
        assert_eq!(list("PCMU", "PCMA", "PCMA,PCMU"), "PCMU,PCMA");
        assert_eq!(list("PCMU", "", "PCMA,PCMU"), "PCMU");
        assert_eq!(list("PCMA", "PCMA", "pcmu,G729,iLBC"), "PCMA,G729,iLBC");
    }
}
