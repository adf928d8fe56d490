//! Tab Phone book: find, dial, make, change and forget entries; the book as a file.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use control::{Contact, ContactFormat, ContactRequest, Document, Payload, Problem, Request};
use serde::Deserialize;

use crate::app::App;
use crate::limits;
use crate::phone::unexpected;
use crate::text::Spoken;
use crate::trust::Deed;

use super::caller::Member;
use super::fields::{Fields, OctetsByAdmin, Sent};
use super::frame::{Frame, Tab, Trouble, page};

#[derive(Template)]
#[template(path = "contacts.html")]
struct ContactsPage {
    f: Frame,
    wanted: String,
    contacts: Vec<Contact>,
    /// Entries that fit and are not shown.
    more: usize,
    problem: Option<Spoken>,
    /// What was typed for a new entry, where it was refused.
    typed: Typed,
}

#[derive(Debug, Default)]
struct Typed {
    name: String,
    numbers: String,
    line: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    Query(Wanted { q }): Query<Wanted>,
    member: Member,
) -> Response {
    draw(&app, member, q, None, Typed::default()).await
}

async fn draw(
    app: &App,
    member: Member,
    wanted: String,
    problem: Option<Spoken>,
    typed: Typed,
) -> Response {
    let payload = app.phone().ask(Request::Contact(ContactRequest::List {})).await;
    let all = payload.and_then(|payload| {
        let Payload::Contacts(contacts) = payload else { return Err(unexpected()) };
        Ok(contacts)
    });
    let mut contacts = match all {
        Ok(contacts) => contacts,
        Err(problem) => return Trouble::refused(&problem).page(&member.into_caller()),
    };
    contacts.retain(|contact| fits(contact, &wanted));
    let more = contacts.len().saturating_sub(limits::CONTACTS_SHOWN);
    contacts.truncate(limits::CONTACTS_SHOWN);
    let f = Frame::of_member(&member, Tab::Contacts);
    let refused = problem.is_some();
    let drawn = page(&ContactsPage { f, wanted, contacts, more, problem, typed });
    if refused { (StatusCode::UNPROCESSABLE_ENTITY, drawn).into_response() } else { drawn }
}

/// Whether a name or number holds what is looked for.
fn fits(contact: &Contact, wanted: &str) -> bool {
    let wanted = wanted.trim().to_lowercase();
    contact.name.to_lowercase().contains(&wanted)
        || contact.numbers.iter().any(|number| number.to_lowercase().contains(&wanted))
}

/// Makes, changes or forgets an entry.
pub(super) async fn submit(State(app): State<App>, Sent(member, fields): Sent) -> Response {
    let request = match request(&fields) {
        Ok(request) => request,
        Err(problem) => return refuse(&app, member, &fields, &problem).await,
    };
    let request = Request::Contact(request);
    let deed = Deed::asked_for(&request);
    match app.phone().ask(request).await {
        Ok(payload) => {
            let (user, address) = (&member.session.user, member.visitor.address);
            if let Some(deed) = deed {
                app.trust().note(user, address, &deed.answered(&payload));
            }
            Redirect::to("/contacts").into_response()
        }
        Err(problem) => refuse(&app, member, &fields, &problem).await,
    }
}

async fn refuse(app: &App, member: Member, fields: &Fields, problem: &Problem) -> Response {
    let language = member.language;
    let text = |name| fields.text(name).to_owned();
    let typed = Typed { name: text("name"), numbers: text("numbers"), line: text("line") };
    draw(app, member, String::new(), Some(Spoken::refusal(language, problem)), typed).await
}

fn request(fields: &Fields) -> Result<ContactRequest, Problem> {
    let id = fields.given("id").and_then(|id| id.parse().ok());
    if fields.text("do") == "remove" {
        let id = id.ok_or_else(|| Problem::new("no entry is named", "没有指定条目"))?;
        return Ok(ContactRequest::Remove { id });
    }
    let name = fields.text("name").to_owned();
    let numbers = fields.text("numbers").split([',', ';', '\n']).map(str::trim);
    let numbers = numbers.filter(|number| !number.is_empty()).map(str::to_owned).collect();
    let line = match fields.text("line").trim() {
        "" => None,
        line => {
            Some(line.parse().map_err(|_| Problem::new("a line is a whole number", "线路为整数"))?)
        }
    };
    Ok(match id {
        Some(id) => ContactRequest::Set { id, name, numbers, line },
        None => ContactRequest::Add { name, numbers, line },
    })
}

/// Takes a file that the page's script has read.
pub(super) async fn import(
    State(app): State<App>,
    OctetsByAdmin(member, octets): OctetsByAdmin,
) -> Response {
    let words = member.language.words();
    let said = |problem: &Problem| {
        let all = std::iter::once(problem).chain(&problem.also);
        let text = |one| Spoken::refusal(member.language, one).text().to_owned();
        all.map(text).collect::<Vec<_>>().join("\n")
    };
    let done = match Document::from_octets(&octets) {
        Ok(document) => {
            app.phone().ask(Request::Contact(ContactRequest::Import { document })).await
        }
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(Payload::Imported(done)) => {
            let (user, address) = (&member.session.user, member.visitor.address);
            app.trust().note(user, address, &Deed::ImportedContacts);
            let (added, replaced) = (words.contacts_added, words.contacts_replaced);
            format!("{added} {}; {replaced} {}", done.added, done.replaced).into_response()
        }
        Ok(_) => (StatusCode::CONFLICT, said(&unexpected())).into_response(),
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, said(&problem)).into_response(),
    }
}

/// The book as a file.
pub(super) async fn export(
    State(app): State<App>,
    Path(name): Path<String>,
    member: Member,
) -> Response {
    let (format, kind) = match name.as_str() {
        "contacts.csv" => (ContactFormat::Csv, "text/csv; charset=utf-8"),
        "contacts.vcf" => (ContactFormat::Vcard, "text/vcard; charset=utf-8"),
        _ => return Trouble::missing().page(&member.into_caller()),
    };
    match app.phone().ask(Request::Contact(ContactRequest::Export { format })).await {
        Ok(Payload::Document(document)) => {
            let octets = document.octets().unwrap_or_default();
            ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, "attachment")], octets).into_response()
        }
        Ok(_) => Trouble::refused(&unexpected()).page(&member.into_caller()),
        Err(problem) => Trouble::refused(&problem).page(&member.into_caller()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_by_a_part_of_its_name_or_number() {
        let (id, numbers, line) = (1, vec!["+4930123".to_owned()], None);
        let contact = Contact { id, name: "Bob B.".into(), numbers, line };
        assert!(["", "bob", " B. ", "3012"].iter().all(|wanted| fits(&contact, wanted)));
        assert!(!fits(&contact, "carol"));
    }

    #[test]
    fn numbers_are_typed_with_commas_and_a_number_of_an_entry_changes_that_one() {
        let sent = Fields::of(&[("name", "Bob"), ("numbers", "1002, 1003;"), ("line", " 2 ")]);
        let numbers = vec!["1002".to_owned(), "1003".to_owned()];
        let (name, line) = ("Bob".to_owned(), Some(2));
        let add = ContactRequest::Add { name: name.clone(), numbers: numbers.clone(), line };
        assert_eq!(request(&sent).ok(), Some(add));
        let sent =
            Fields::of(&[("id", "7"), ("name", "Bob"), ("numbers", "1002,1003"), ("line", "2")]);
        assert_eq!(request(&sent).ok(), Some(ContactRequest::Set { id: 7, name, numbers, line }));
        let sent = Fields::of(&[("id", "7"), ("do", "remove")]);
        assert_eq!(request(&sent).ok(), Some(ContactRequest::Remove { id: 7 }));
        assert!(request(&Fields::of(&[("line", "x")])).is_err());
    }
}
