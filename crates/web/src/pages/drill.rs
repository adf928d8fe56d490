//! Tab Drill: has the phone treat a server as dead, and shows what that cost.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use control::{DrillRequest, DrillState, DrillStatus, Event, Problem, Request, Timestamp};

use crate::app::App;
use crate::text::Words;
use crate::trust::Deed;

use super::caller::Admin;
use super::calls;
use super::fields::{Fields, SentByAdmin};
use super::frame::{Frame, Tab, Trouble, page};
use super::status::{self, Parts};

#[derive(Template)]
#[template(path = "drill.html")]
struct DrillPage {
    f: Frame,
    parts: Parts,
    lines: Vec<(u32, String)>,
}

#[derive(Template)]
#[template(path = "drill_latest.html")]
struct Latest {
    w: &'static Words,
    drill: Option<Drill>,
}

struct Drill {
    t: String,
    state: &'static str,
    mood: &'static str,
    line: u32,
    hop: String,
    for_s: u32,
    to: Option<String>,
    outage: Option<String>,
    moved: u32,
    served: bool,
}

/// The page.
pub(super) async fn show(State(app): State<App>, Admin(member): Admin) -> Response {
    let f = Frame::of_member(&member, Tab::Drill);
    let drawn = async {
        let accounts = app.phone().status().await?.accounts;
        let lines = accounts.into_iter().map(|a| (a.line.into(), a.aor)).collect();
        Ok::<_, Problem>((parts(&app, &f).await?, lines))
    };
    match drawn.await {
        Ok((parts, lines)) => page(&DrillPage { f, parts, lines }),
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

/// What is live of it: the latest drill, as the journal has it.
pub(super) async fn parts(app: &App, f: &Frame) -> Result<Parts, Problem> {
    let words = f.words();
    let journal = app.phone().journal().await?;
    let drill = journal.iter().rev().find_map(|entry| {
        let Event::Drill(drill) = &entry.event else { return None };
        Some(show_drill(words, entry.t, drill))
    });
    Ok(Parts::from([("drill", status::text(&Latest { w: words, drill }))]))
}

fn show_drill(words: &'static Words, t: Timestamp, drill: &DrillStatus) -> Drill {
    Drill {
        t: t.to_string(),
        state: state(words, drill.state),
        mood: match drill.state {
            DrillState::Running => "bad",
            DrillState::Recovered => "warn",
            DrillState::Ended => "good",
        },
        line: drill.line.into(),
        hop: drill.hop.clone(),
        for_s: drill.for_s,
        to: drill.to.clone(),
        outage: drill.outage_ms.map(|ms| format!("{ms:.0}")),
        moved: drill.calls_moved,
        served: drill.served,
    }
}

/// How far a drill is, in words.
pub(super) fn state(words: &'static Words, state: DrillState) -> &'static str {
    match state {
        DrillState::Running => words.drill_running,
        DrillState::Recovered => words.drill_recovered,
        DrillState::Ended => words.drill_ended,
    }
}

/// Begins or ends one.
pub(super) async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    SentByAdmin(member, fields): SentByAdmin,
) -> Response {
    let Some(request) = request(&fields) else {
        let problem = Problem::new("line and seconds are whole numbers", "线路和秒数为整数");
        return calls::answer(Err(problem), &headers, member, "/drill");
    };
    let what = match &request {
        DrillRequest::Start { line, hop, for_s } => {
            Deed::StartedDrill { line: *line, hop: hop.clone(), seconds: *for_s }
        }
        DrillRequest::Stop {} => Deed::StoppedDrill,
    };
    let done = app.phone().ask(Request::Drill(request)).await.map(drop);
    if done.is_ok() {
        app.trust().note(&member.session.user, member.visitor.address, &what);
    }
    calls::answer(done, &headers, member, "/drill")
}

fn request(fields: &Fields) -> Option<DrillRequest> {
    if fields.text("do") == "stop" {
        return Some(DrillRequest::Stop {});
    }
    Some(DrillRequest::Start {
        line: fields.text("line").parse().ok()?,
        hop: fields.text("hop").to_owned(),
        for_s: fields.text("for").trim().parse().ok()?,
    })
}
