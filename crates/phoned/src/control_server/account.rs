//! Requests about lines and their registrations, and the state of the whole phone.

use control::{AccountRequest, DaemonStatus, Payload, Problem};
use phone::input::Command;
use phone::settings::LineNumber;

use super::desk::Desk;

pub(super) async fn answer(request: AccountRequest, desk: &Desk) -> Result<Payload, Problem> {
    match request {
        AccountRequest::List {} => desk.accounts().await.map(Payload::Accounts),
        AccountRequest::Show { line } => show(line, desk).await,
        AccountRequest::Register { line } => done(Command::Register(LineNumber(line)), desk).await,
        AccountRequest::Unregister { line } => {
            done(Command::Unregister(LineNumber(line)), desk).await
        }
    }
}

pub(super) async fn show(line: u16, desk: &Desk) -> Result<Payload, Problem> {
    let mut accounts = desk.accounts().await?;
    accounts.retain(|account| account.line == line);
    if accounts.is_empty() {
        return Err(unknown_line(line));
    }
    Ok(Payload::Accounts(accounts))
}

async fn done(command: Command, desk: &Desk) -> Result<Payload, Problem> {
    desk.command(command).await.map(|_| Payload::Done {})
}

pub(super) async fn status(desk: &Desk) -> Result<Payload, Problem> {
    Ok(Payload::Status(DaemonStatus {
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_s: desk.clock.read().uptime().as_secs(),
        accounts: desk.accounts().await?,
        calls: desk.calls().await?,
    }))
}

/// No such line is in use.
pub(super) fn unknown_line(line: u16) -> Problem {
    Problem::new(format!("line {line} is not configured"), format!("线路 {line} 未配置"))
}
