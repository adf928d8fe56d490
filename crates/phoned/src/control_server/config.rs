//! Requests about the configuration: the store checks and keeps, then the lines put it in force.

use std::collections::BTreeSet;
use std::sync::Arc;

use config_store::fanvil::{Form, FormError};
use config_store::{ImportError, ItemError, SetError, Store, StoreError};
use control::{
    CallState, CallStatus, ChangeReport, ConfigRequest, ContactFormat, Document, ExportFormat,
    Items, LineCheck, Payload, Problem, Server,
};

use super::describe;
use super::desk::Desk;
use crate::lint;
use crate::phone_book::backup;
use crate::provisioning::seal;
use crate::store_thread::StoreGone;

pub(super) async fn answer(request: ConfigRequest, desk: &Desk) -> Result<Payload, Problem> {
    match request {
        ConfigRequest::Get { items } => get(items, desk).await,
        ConfigRequest::Set { items } => set(items, desk).await.map(Payload::Changes),
        ConfigRequest::Import { document, replace, dry_run } => {
            let octets = document.octets()?;
            let octets = opened(octets, desk).await?;
            import(octets, replace, dry_run, desk).await.map(Payload::Changes)
        }
        ConfigRequest::Revert {} => revert(desk).await.map(Payload::Changes),
        ConfigRequest::Export { format, with_secrets } => export(format, with_secrets, desk).await,
        ConfigRequest::List {} => {
            let items = desk.store.with(|store| store.list()).await.map_err(gone)?;
            Ok(Payload::Items(items.into_iter().collect()))
        }
        ConfigRequest::Check { line } => check(line, desk).await,
        ConfigRequest::Describe {} => Ok(Payload::Description(describe::all())),
    }
}

/// The file in the clear. Opening takes a moment, so it is done on a thread that may wait.
async fn opened(octets: Vec<u8>, desk: &Desk) -> Result<Vec<u8>, Problem> {
    let key = desk.store.with(|store| store.settings().provisioning.key).await.map_err(gone)?;
    let opening = tokio::task::spawn_blocking(move || seal::by_hand(octets, key.expose())).await;
    opening
        .map_err(|_| Problem::new("the file was not opened", "文件未能打开"))?
        .map_err(|error| Problem::new(error.to_string(), error.chinese()))
}

/// Takes a file, or tells what would change.
async fn import(
    octets: Vec<u8>,
    replace: bool,
    dry_run: bool,
    desk: &Desk,
) -> Result<ChangeReport, Problem> {
    let (octets, book) = backup::split(&octets);
    let book = match book {
        Some(csv) => Some(desk.book.restored(&csv, replace).await.map_err(of_book)?),
        None => None,
    };
    let contacts = book.as_ref().map_or(0, |book| book.changed);
    let octets = Arc::<[u8]>::from(octets);
    if replace {
        let file = Arc::clone(&octets);
        let would = move |store: &mut Store| store.would_replace(&file).map_err(refused_file);
        let (changes, gone_lines) = desk.store.with(would).await.map_err(gone)??;
        leave_calls_alone(&gone_lines, desk).await?;
        if dry_run {
            return Ok(ChangeReport { dry_run, contacts, ..describe::changes(changes) });
        }
    }
    let origin = desk.origin;
    let section = book.as_ref().map(|book| Arc::clone(&book.section));
    // The phone book in the same transaction: a power cut leaves both as they were, or both restored.
    let take = move |store: &mut Store| {
        let section = section.as_deref();
        let done = match (dry_run, replace) {
            (true, _) => store.would_import(&octets),
            (false, true) => store.replace(&octets, origin, section),
            (false, false) => store.import_with(&octets, origin, section),
        };
        done.map_err(refused_file)
    };
    let changes = desk.store.with(take).await.map_err(gone)??;
    if dry_run {
        return Ok(ChangeReport { dry_run, contacts, ..describe::changes(changes) });
    }
    if let Some(book) = book {
        desk.book.take(book);
    }
    let report = desk.put_in_force(changes).await;
    Ok(ChangeReport { contacts, ..report })
}

/// What is wrong with the phone book of a backup.
fn of_book(problem: Problem) -> Problem {
    let place = problem.place.unwrap_or_default();
    let en = format!("phone book: {}", problem.message);
    Problem::new(en, format!("电话簿：{}", problem.message_zh)).at(format!("phone book {place}"))
}

async fn revert(desk: &Desk) -> Result<ChangeReport, Problem> {
    let failed = |error: StoreError| store_problem(&error);
    let would = move |store: &mut Store| store.would_revert().map_err(failed);
    let (_, gone_lines) = desk.store.with(would).await.map_err(gone)??;
    leave_calls_alone(&gone_lines, desk).await?;
    let origin = desk.origin;
    let (changes, contacts) = desk.book.revert(move |store| store.revert(origin)).await?;
    let report = desk.put_in_force(changes).await;
    Ok(ChangeReport { contacts, ..report })
}

/// A line that is taken out of use ends its calls; no restore is worth one.
async fn leave_calls_alone(lines: &BTreeSet<u16>, desk: &Desk) -> Result<(), Problem> {
    let calls = desk.calls().await?;
    let lives = |call: &&CallStatus| call.state != CallState::Ended && lines.contains(&call.line);
    Problem::all(calls.iter().filter(lives).map(|call| {
        let (id, line) = (&call.id, call.line);
        Problem::new(
            format!(
                "line {line} would be gone, and call {id} is on it: nothing was changed; end the \
                 call, then try again"
            ),
            format!("线路 {line} 将被移除，而通话 {id} 正在该线路上：未作任何更改；请先结束通话，再试一次"),
        )
        .at(format!("line {line}"))
    }))
    .map_or(Ok(()), Err)
}

/// Sets items, in force when this returns.
pub(super) async fn set(items: Items, desk: &Desk) -> Result<ChangeReport, Problem> {
    let origin = desk.origin;
    let set = move |store: &mut Store| store.set(&items.0, origin).map_err(refused_items);
    let changes = desk.store.with(set).await.map_err(gone)??;
    Ok(desk.put_in_force(changes).await)
}

async fn get(names: Vec<String>, desk: &Desk) -> Result<Payload, Problem> {
    let get = move |store: &mut Store| {
        let mut found = Items::default();
        let mut problems = Vec::new();
        for name in &names {
            match store.get(name) {
                // Asked for twice, perhaps in two spellings: a JSON object has each name once.
                Ok((name, _)) if found.value(&name).is_some() => {}
                Ok(pair) => found.0.push(pair),
                Err(error) => problems.push(item_problem(&error)),
            }
        }
        Problem::all(problems).map_or(Ok(found), Err)
    };
    desk.store.with(get).await.map_err(gone)?.map(Payload::Items)
}

/// Explains the lines, with the addresses that their names lead to now.
async fn check(line: Option<u16>, desk: &Desk) -> Result<Payload, Problem> {
    let settings = desk.store.with(|store| store.settings()).await.map_err(gone)?;
    let accounts = desk.accounts().await?;
    let known = |number: u16| -> Vec<Server> {
        let account = accounts.iter().find(|account| account.line == number);
        account.into_iter().flat_map(|account| &account.hops).map(|hop| hop.server).collect()
    };
    let wanted = settings.lines.iter().filter(|(number, _)| line.is_none_or(|l| l == **number));
    let checks: Vec<LineCheck> =
        wanted.map(|(number, line)| lint::check(*number, line, &known(*number))).collect();
    match line {
        Some(line) if checks.is_empty() => Err(super::account::unknown_line(line)),
        Some(_) | None => Ok(Payload::Check(checks)),
    }
}

async fn export(format: ExportFormat, secrets: bool, desk: &Desk) -> Result<Payload, Problem> {
    let form = match format {
        ExportFormat::Text => Form::Text,
        ExportFormat::Xml => Form::Xml,
    };
    let exported = desk.store.with(move |store| store.export(form, secrets)).await.map_err(gone)?;
    let octets = exported.map_err(|error| store_problem(&error))?;
    let octets = match desk.book.list().is_empty() {
        true => octets,
        false => backup::join(octets, form, &desk.book.export(ContactFormat::Csv)),
    };
    let document = Document::from_octets(&octets);
    document.map(Payload::Document).map_err(Problem::from)
}

fn refused_items(error: SetError) -> Problem {
    match error {
        SetError::Items(errors) => all(errors.iter().map(item_problem)),
        SetError::Store(error) => store_problem(&error),
    }
}

fn item_problem(error: &ItemError) -> Problem {
    Problem::new(error.to_string(), error.chinese()).at(error.item())
}

fn refused_file(error: ImportError) -> Problem {
    match error {
        ImportError::Form(errors) => all(errors.iter().map(file_problem)),
        ImportError::Store(error) => store_problem(&error),
    }
}

fn file_problem(error: &FormError) -> Problem {
    let problem = Problem::new(error.to_string(), error.chinese());
    match error.line() {
        Some(line) => problem.at(format!("line {line}")),
        None => problem,
    }
}

fn all(problems: impl Iterator<Item = Problem>) -> Problem {
    Problem::all(problems).unwrap_or_else(|| Problem::new("refused", "被拒绝"))
}

/// What the store says.
pub(super) fn store_problem(error: &StoreError) -> Problem {
    Problem::new(error.to_string(), error.chinese())
}

pub(super) fn gone(error: StoreGone) -> Problem {
    error.into()
}
