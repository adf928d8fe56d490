//! Requests for the log, and those that end this run: answered first, done then.

use control::{CallState, Payload, Problem, SystemRequest};

use super::desk::Desk;
use crate::ending::Ending;
use crate::limits;

pub(super) async fn answer(request: &SystemRequest, desk: &Desk) -> Result<Payload, Problem> {
    let ending = match request {
        SystemRequest::Log { level, last } => {
            return Ok(Payload::Log(desk.log.report(*level, *last)));
        }
        SystemRequest::Restart { end_calls } => {
            let calls = desk.calls().await?;
            let up = calls.iter().filter(|call| call.state != CallState::Ended).count();
            if up > 0 && !end_calls {
                let calls = if up == 1 { "1 call is" } else { &format!("{up} calls are") };
                return Err(Problem::new(
                    format!("{calls} up and would be ended by a restart"),
                    format!("有 {up} 个通话，重启会将其挂断"),
                ));
            }
            Ending::Restart
        }
        SystemRequest::Reset {} => Ending::Reset,
    };
    tracing::info!(?ending, origin = ?desk.origin, "ending this run, as it was asked for");
    let end = desk.end.clone();
    tokio::spawn(async move {
        tokio::time::sleep(limits::LAST_WORD).await;
        let _ = end.send(ending).await;
    });
    Ok(Payload::Done {})
}
