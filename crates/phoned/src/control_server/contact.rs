//! Requests about the phone book.

use control::{ContactRequest, Document, Payload, Problem};

use super::desk::Desk;
use crate::phone_book::Draft;

pub(super) async fn answer(request: ContactRequest, desk: &Desk) -> Result<Payload, Problem> {
    let book = &desk.book;
    match request {
        ContactRequest::List {} => Ok(Payload::Contacts(book.list())),
        ContactRequest::Add { name, numbers, line } => {
            book.put(None, Draft { name, numbers, line }).await.map(Payload::Contact)
        }
        ContactRequest::Set { id, name, numbers, line } => {
            book.put(Some(id), Draft { name, numbers, line }).await.map(Payload::Contact)
        }
        ContactRequest::Remove { id } => book.remove(id).await.map(Payload::Contact),
        ContactRequest::Import { document } => {
            let octets = document.octets()?;
            book.import(&octets).await.map(Payload::Imported)
        }
        ContactRequest::Export { format } => {
            let document = Document::from_octets(&book.export(format));
            document.map(Payload::Document).map_err(Problem::from)
        }
    }
}
