//! The schema in each store's spelling. A schema once released never changes: what a later version adds is
//! a file of its own, which a new store and an older one take alike.

use super::sql::Dialect;

const SCHEMA_2: &str = include_str!("schema/schema_2.sql");
/// What each later version adds to the one before it, from version 3 on.
const STEPS: [&str; 2] = [include_str!("schema/step_3.sql"), include_str!("schema/step_4.sql")];

/// The whole schema.
#[must_use]
pub fn whole(dialect: Dialect) -> String {
    spelled(SCHEMA_2, dialect) + &since(2, dialect)
}

/// What was added since a version; nothing before the second, which has a way of its own.
#[must_use]
pub fn since(version: i64, dialect: Dialect) -> String {
    let done = usize::try_from(version).unwrap_or(0).saturating_sub(2);
    STEPS.iter().skip(done).map(|step| spelled(step, dialect)).collect()
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
