//! The schema in each store's spelling. A schema once released never changes: what a later version adds is
//! a file of its own, which a new store and an older one take alike.

use super::sql::Dialect;

const SCHEMA_2: &str = include_str!("schema/schema_2.sql");
const STEP_3: &str = include_str!("schema/step_3.sql");

/// The whole schema.
#[must_use]
pub fn whole(dialect: Dialect) -> String {
    spelled(SCHEMA_2, dialect) + &step_3(dialect)
}

/// What version 3 adds to version 2.
#[must_use]
pub fn step_3(dialect: Dialect) -> String {
    spelled(STEP_3, dialect)
}

fn spelled(text: &str, dialect: Dialect) -> String {
    // On SQLite a keyed table is the tree of its key.
    let words = match dialect {
        Dialect::Sqlite => {
            [("BIGINT", "INTEGER"), ("BYTEA", "BLOB"), ("{strict}", "STRICT"), ("{keyed}", "STRICT, WITHOUT ROWID")]
        }
        Dialect::Postgres => [("BIGINT", "BIGINT"), ("BYTEA", "BYTEA"), ("{strict}", ""), ("{keyed}", "")],
    };
    words.iter().fold(text.to_owned(), |text, (word, spelled)| text.replace(word, spelled))
}
