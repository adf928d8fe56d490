//! Requests about calls. The phone decides which call is meant where none is named.

use control::{CallRequest, Payload, Problem};
use phone::CallId;
use phone::input::{Command, Done};
use phone::settings::LineNumber;

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

/// The call of this name; what cannot be a name is no call either.
fn call(id: String) -> Result<CallId, Problem> {
    id.parse().map(CallId).map_err(|_| Problem::new(format!("there is no call {id}")))
}
