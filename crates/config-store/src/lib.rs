//! The configuration: typed items, SQLite, Fanvil text form.
