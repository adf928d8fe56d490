//! Requests for drills: the phone decides what a drill does, and measures it.

use std::time::Duration;

use control::{DrillRequest, Payload, Problem};
use phone::input::{Command, Done, DrillHop};
use phone::settings::LineNumber;

use super::desk::Desk;
use crate::view;

pub(super) async fn answer(request: DrillRequest, desk: &Desk) -> Result<Payload, Problem> {
    let command = match request {
        DrillRequest::Start { line, hop, for_s } => Command::StartDrill {
            line: LineNumber(line),
            hop: which(&hop)?,
            length: Duration::from_secs(u64::from(for_s)),
        },
        DrillRequest::Stop {} => Command::StopDrill,
    };
    match desk.command(command).await? {
        Done::Drill(status) => Ok(Payload::Drill(view::drill(status))),
        Done::Ok | Done::Call(_) => Ok(Payload::Done {}),
    }
}

fn which(hop: &str) -> Result<DrillHop, Problem> {
    match hop {
        "primary" => Ok(DrillHop::Primary),
        "current" => Ok(DrillHop::Current),
        _ => hop.parse().map(DrillHop::This).map_err(|_| {
            Problem::new(
                format!("'{hop}' is neither primary, current, nor a hop such as udp:10.0.0.1:5060"),
                format!(
                    "`{hop}` 不是 primary、current，也不是 `udp:10.0.0.1:5060` 这样的服务器地址"
                ),
            )
        }),
    }
}
