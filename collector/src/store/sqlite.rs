//! The embedded store: one SQLite file in WAL mode, so that answers never wait
//! for the writer. Opening it brings an older file up to date, and refuses one
//! that a later version, or another program, has written.

mod read;
mod rows;
mod write;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::store::{Bounds, StoreError};

pub use read::Reader;
pub use write::SqliteLedger;

/// Marks a file as ours: `Ostr`.
const APPLICATION_ID: i32 = 0x4f73_7472;

/// The schema, one step per version; a step once released never changes.
const MIGRATIONS: [&str; 1] = [include_str!("sqlite/schema_1.sql")];

/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(5);

/// Opens, or makes, the file, and returns both halves.
///
/// # Errors
/// When the file cannot be opened, or is of a later version or not ours.
pub fn open(path: &Path, bounds: Bounds) -> Result<(SqliteLedger, Reader), StoreError> {
    let cannot = |error: &dyn std::fmt::Display| {
        StoreError::Unfit(format!(
            "cannot open the store {}: {error}; choose another file with --store",
            path.display()
        ))
    };
    make_private(path).map_err(|error| cannot(&error))?;
    let mut connection = Connection::open(path).map_err(|error| cannot(&error))?;
    connection.busy_timeout(BUSY)?;
    upgrade(&mut connection, path)?;
    // Full: what was acknowledged survives a power cut too, at the price of one sync per group.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    let reader = Reader::open(path)?;
    Ok((SqliteLedger::new(connection, bounds)?, reader))
}

/// Makes the file if it is not there, for its owner's eyes alone: it holds client addresses.
/// SQLite gives the files beside it the same permissions.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map(drop)
}

fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn upgrade(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let transaction = transaction.map_err(|error| {
        StoreError::Unfit(format!(
            "cannot use {} as the store: {error}; choose another file with --store",
            path.display()
        ))
    })?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Unfit(format!(
            "{} is another program's database; choose another file with --store",
            path.display()
        )));
    }
    let steps = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
    let Some(steps) = steps else {
        return Err(StoreError::Unfit(format!(
            "{} has schema {version} and this version knows {}; start the later version, or choose another file with --store",
            path.display(),
            MIGRATIONS.len()
        )));
    };
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(0))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    Ok(())
}
