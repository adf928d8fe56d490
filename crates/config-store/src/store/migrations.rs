//! The forms that the database has had. Each step is frozen: it is never edited once released, for
//! it must still lead from the same old form to the same new one. `user_version` counts the steps
//! that a file has seen; all missing ones are taken in one transaction.

use rusqlite::{Connection, Transaction};

use super::error::DatabaseError;

/// Leads from one form to the next.
type Step = fn(&Transaction<'_>) -> Result<(), DatabaseError>;

/// The steps, oldest first.
const STEPS: &[Step] = &[v1, v2, v3];

/// The newest form.
pub(super) fn newest() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// The form that the file has; 0 if it is new.
pub(super) fn found(connection: &Connection) -> Result<u32, DatabaseError> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the file to a form, [`newest`] in all but tests.
pub(super) fn run(connection: &mut Connection, form: u32) -> Result<(), DatabaseError> {
    let found = found(connection)?;
    if found >= form {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for (step, leads_to) in STEPS.iter().zip(1..=form) {
        if leads_to > found {
            step(&transaction)?;
        }
    }
    transaction.pragma_update(None, "user_version", form)?;
    transaction.commit()
}

fn v1(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    transaction.execute_batch(
        "CREATE TABLE item (
             name TEXT PRIMARY KEY NOT NULL,
             value TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE document (
             id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
             octets BLOB NOT NULL
         ) STRICT;
         CREATE TABLE submission (
             id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
             at_ms INTEGER NOT NULL,
             origin TEXT NOT NULL
         ) STRICT;
         CREATE TABLE change (
             submission INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
             item TEXT NOT NULL,
             old TEXT NOT NULL,
             new TEXT NOT NULL
         ) STRICT;
         CREATE INDEX change_by_submission ON change (submission);
         CREATE TABLE state (
             key TEXT PRIMARY KEY NOT NULL,
             value TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;",
    )
}

/// One imported file of each form (F8) instead of one of the text form.
fn v2(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    transaction.execute_batch(
        "ALTER TABLE document RENAME TO document_1;
         CREATE TABLE document (
             form TEXT PRIMARY KEY NOT NULL CHECK (form IN ('text', 'xml')),
             octets BLOB NOT NULL
         ) STRICT;
         INSERT INTO document (form, octets) SELECT 'text', octets FROM document_1;
         DROP TABLE document_1;",
    )
}

/// What the items of a provisioned change on trial were before it (F8); NULL is the default.
fn v3(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    transaction.execute_batch(
        "CREATE TABLE trial (
             item TEXT PRIMARY KEY NOT NULL,
             value TEXT
         ) STRICT, WITHOUT ROWID;",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frozen with the step: name and columns of each table of form 1.
    const FORM_1: [(&str, &str); 5] = [
        ("change", "submission,item,old,new"),
        ("document", "id,octets"),
        ("item", "name,value"),
        ("state", "key,value"),
        ("submission", "id,at_ms,origin"),
    ];

    #[test]
    fn step_1_leads_from_an_empty_file_to_form_1() {
        let mut connection = Connection::open_in_memory().unwrap();
        let transaction = connection.transaction().unwrap();
        v1(&transaction).unwrap();
        transaction.commit().unwrap();
        assert_eq!(
            tables(&connection),
            FORM_1.map(|(name, columns)| (name.into(), columns.into()))
        );
    }

    #[test]
    fn step_2_keeps_the_imported_file() {
        let mut connection = Connection::open_in_memory().unwrap();
        let transaction = connection.transaction().unwrap();
        v1(&transaction).unwrap();
        transaction.execute("INSERT INTO document (id, octets) VALUES (1, x'00ff')", ()).unwrap();
        v2(&transaction).unwrap();
        transaction.commit().unwrap();
        let mut form_2 = FORM_1;
        form_2[1] = ("document", "form,octets");
        assert_eq!(
            tables(&connection),
            form_2.map(|(name, columns)| (name.into(), columns.into()))
        );
        let kept: (String, Vec<u8>) = connection
            .query_row("SELECT form, octets FROM document", (), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(kept, ("text".to_owned(), vec![0, 255]));
    }

    #[test]
    fn step_3_adds_a_place_for_the_past_of_a_change_on_trial() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, 2).unwrap();
        let mut form_3 = tables(&connection);
        run(&mut connection, 3).unwrap();
        form_3.push(("trial".into(), "item,value".into()));
        assert_eq!(tables(&connection), form_3);
    }

    fn tables(connection: &Connection) -> Vec<(String, String)> {
        let mut query = connection
            .prepare(
                "SELECT m.name, group_concat(p.name) FROM sqlite_schema m, pragma_table_info(m.name) p
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' GROUP BY m.name ORDER BY 1",
            )
            .unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_file_of_the_newest_form_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(found(&connection).unwrap(), 0);
        run(&mut connection, newest()).unwrap();
        run(&mut connection, newest()).unwrap();
        assert_eq!(found(&connection).unwrap(), newest());
    }
}
