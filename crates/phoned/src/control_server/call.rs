//! Requests about calls. The phone decides which call is meant where none is named.

use control::{CallRequest, Payload, Problem};
use phone::CallId;
use phone::input::{Command, Done};
use phone::settings::LineNumber;

use super::config;
use super::desk::Desk;

pub(super) async fn answer(request: CallRequest, desk: &Desk) -> Result<Payload, Problem> {
    let command = match request {
        CallRequest::List {} => return desk.calls().await.map(Payload::Calls),
        CallRequest::Dial { line, target } => {
            return dial(Command::Dial { line: line.map(LineNumber), target }, desk).await;
        }
        CallRequest::Answer { id } => Command::Answer(id.map(call).transpose()?),
        CallRequest::Reject { id } => Command::Reject(call(id)?),
        CallRequest::Hangup { id } => Command::HangUp(id.map(call).transpose()?),
        CallRequest::Hold { id } => Command::Hold(call(id)?),
        CallRequest::Resume { id } => Command::Resume(call(id)?),
        CallRequest::Mute { id } => Command::Mute(call(id)?, true),
        CallRequest::Unmute { id } => Command::Mute(call(id)?, false),
        CallRequest::Log {} => return Ok(Payload::CallLog(desk.calls.entries())),
        CallRequest::ClearLog {} => return clear_log(desk).await,
        CallRequest::Redial {} => return redial(desk).await,
        CallRequest::Dtmf { id, digits } => Command::Dtmf(call(id)?, digits),
        CallRequest::Transfer { id, target } => Command::Transfer(call(id)?, target),
        CallRequest::TransferTo { id, to } => Command::TransferTo(call(id)?, call(to)?),
    };
    desk.command(command).await.map(|_| Payload::Done {})
}

async fn dial(command: Command, desk: &Desk) -> Result<Payload, Problem> {
    match desk.command(command).await? {
        Done::Call(id) => Ok(Payload::Id(id.to_string())),
        Done::Ok | Done::Drill(_) => Ok(Payload::Done {}),
    }
}

/// Whom the phone has called last, on the same line where that is still there.
async fn redial(desk: &Desk) -> Result<Payload, Problem> {
    let nobody = || Problem::new("this phone has called nobody yet", "本机尚未拨出过电话");
    let (line, target) = desk.calls.last_dialled().ok_or_else(nobody)?;
    let line = Some(LineNumber(line));
    dial(Command::Dial { line, target }, desk).await
}

async fn clear_log(desk: &Desk) -> Result<Payload, Problem> {
    let cleared = desk.calls.clear().await.map_err(config::gone)?;
    cleared.map(|()| Payload::Done {}).map_err(|error| config::store_problem(&error))
}

/// The call of this name; what cannot be a name is no call either.
fn call(id: String) -> Result<CallId, Problem> {
    let none = |_| Problem::new(format!("there is no call '{id}'"), format!("没有通话 `{id}`"));
    id.parse().map(CallId).map_err(none)
}
