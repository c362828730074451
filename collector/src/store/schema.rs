//! The schema in each store's spelling. A schema once released never changes: its successor is a file
//! of its own, and a step that leads to it.

use super::sql::Dialect;

const SCHEMA: &str = include_str!("schema/schema_2.sql");

/// For SQLite, where a keyed table is the tree of its key.
#[must_use]
pub fn sqlite() -> String {
    spelled(Dialect::Sqlite)
}

/// For PostgreSQL.
#[must_use]
pub fn postgres() -> String {
    spelled(Dialect::Postgres)
}

fn spelled(dialect: Dialect) -> String {
    let words = match dialect {
        Dialect::Sqlite => {
            [("BIGINT", "INTEGER"), ("BYTEA", "BLOB"), ("{strict}", "STRICT"), ("{keyed}", "STRICT, WITHOUT ROWID")]
        }
        Dialect::Postgres => [("BIGINT", "BIGINT"), ("BYTEA", "BYTEA"), ("{strict}", ""), ("{keyed}", "")],
    };
    words.iter().fold(SCHEMA.to_owned(), |text, (word, spelled)| text.replace(word, spelled))
}
