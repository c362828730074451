//! The embedded store: one SQLite file in WAL mode, so that answers never wait
//! for the writer. Opening it brings an older file up to date, and refuses one
//! that a later version, or another program, has written.

mod upgrade;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql, Transaction, TransactionBehavior, params_from_iter};

use crate::store::sql::{Database, Dialect, Row, Session, Snapshots, Table, Value, Work};
use crate::store::{Bounds, Ledger, Reader, StoreError};

/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(5);

/// Connections kept for the next question.
const IDLE_MAX: usize = 4;

/// Whoever writes to a file has it alone while it does, so all share one number.
const WRITER: i64 = 1;

/// Statements kept ready.
const STATEMENTS: usize = 64;

/// What the writing connection keeps of the file in memory, in KiB: the minutes that are written now.
const CACHE_KIB: i64 = 64 * 1024;

/// Opens, or makes, the file, and returns both halves.
///
/// # Errors
/// When the file cannot be opened, or is of a later version or not ours.
pub fn open(path: &Path, bounds: Bounds) -> Result<(Ledger, Reader), StoreError> {
    let cannot = |error: &dyn std::fmt::Display| {
        StoreError::Unfit(format!(
            "cannot open the store {}: {error}; choose another file with --store",
            path.display()
        ))
    };
    make_private(path).map_err(|error| cannot(&error))?;
    let mut connection = Connection::open(path).map_err(|error| cannot(&error))?;
    connection.busy_timeout(BUSY)?;
    upgrade::upgrade(&mut connection, path)?;
    // Full: what was acknowledged survives a power cut too, at the price of one sync per group.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let files = Files { path: path.to_owned(), idle: Mutex::new(vec![open_to_read(path)?]) };
    Ok((Ledger::new(Box::new(Writing(connection)), bounds)?, Reader::new(Box::new(files))))
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
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The connection that writes.
#[derive(Debug)]
struct Writing(Connection);

/// Connections that read.
#[derive(Debug)]
struct Files {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

struct Open<'c>(Transaction<'c>);

// === impl Writing ===

impl Database for Writing {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let mut open = Open(self.0.transaction_with_behavior(TransactionBehavior::Immediate)?);
        work(&mut open)?;
        Ok(open.0.commit()?)
    }
}

// === impl Files ===

impl Snapshots for Files {
    fn snapshot(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        // A poisoned lock only means that another question panicked; the list is whole.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_to_read(&self.path)?,
        };
        let answer = work(&mut Open(connection.transaction()?));
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.is_ok() && idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        answer
    }
}

// === impl Open ===

impl Open<'_> {
    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        Ok(self.0.prepare_cached(sql)?)
    }

    fn write(&self, verb: &str, table: &Table, rows: Vec<Row>) -> Result<(), StoreError> {
        let places: Vec<String> = (1..=table.columns.len()).map(|at| format!("?{at}")).collect();
        let sql = format!("{verb} INTO {} ({}) VALUES ({})", table.name, table.list(), places.join(", "));
        let mut statement = self.prepare(&sql)?;
        for row in rows {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }
}

impl Session for Open<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn writer(&self) -> i64 {
        WRITER
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.prepare(&numbered(sql))?;
        let mut rows = Vec::new();
        rows_of(&mut statement, values, &mut rows)?;
        Ok(rows)
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let changed = self.prepare(&numbered(sql))?.execute(params_from_iter(values))?;
        Ok(u64::try_from(changed).unwrap_or(0))
    }

    fn get(&mut self, table: &'static Table, keys: &[Row]) -> Result<Vec<Row>, StoreError> {
        let Some(first) = keys.first() else {
            return Ok(Vec::new());
        };
        let sql = format!("SELECT {} FROM {} WHERE {}", table.list(), table.name, by_key(table, first.len()));
        let mut statement = self.prepare(&sql)?;
        let mut rows = Vec::new();
        for key in keys {
            rows_of(&mut statement, key, &mut rows)?;
        }
        Ok(rows)
    }

    fn get_for_update(&mut self, table: &'static Table, keys: &[Row]) -> Result<Vec<Row>, StoreError> {
        // A transaction that writes has the whole file.
        self.get(table, keys)
    }

    fn put(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.write("INSERT OR REPLACE", table, rows)
    }

    fn put_new(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.write("INSERT OR IGNORE", table, rows)
    }

    fn add(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let set = self.dialect().added(table, |at, _| format!("?{}", at.saturating_add(1)));
        let sql = format!("UPDATE {} SET {set} WHERE {}", table.name, by_key(table, table.key));
        let mut statement = self.prepare(&sql)?;
        let mut new = Vec::new();
        for row in rows {
            if statement.execute(params_from_iter(&row))? == 0 {
                new.push(row);
            }
        }
        let count = u64::try_from(new.len()).unwrap_or(u64::MAX);
        drop(statement);
        self.write("INSERT", table, new)?;
        Ok(count)
    }

    fn remove(&mut self, table: &'static Table, keys: &[Row]) -> Result<(), StoreError> {
        let Some(first) = keys.first() else {
            return Ok(());
        };
        let sql = format!("DELETE FROM {} WHERE {}", table.name, by_key(table, first.len()));
        let mut statement = self.prepare(&sql)?;
        for key in keys {
            statement.execute(params_from_iter(key))?;
        }
        Ok(())
    }

    fn owns(&mut self, _writer: i64) -> Result<bool, StoreError> {
        Ok(true)
    }
}

fn by_key(table: &Table, length: usize) -> String {
    let columns = table.columns.iter().take(length).zip(1..);
    columns.map(|(&(name, _), at)| format!("{name} = ?{at}")).collect::<Vec<_>>().join(" AND ")
}

/// `$1` means a name to SQLite and `?1` a number.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn rows_of(statement: &mut CachedStatement<'_>, values: &[Value], out: &mut Vec<Row>) -> Result<(), StoreError> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(match row.get_ref(column)? {
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
                // No column of ours is null or a float; an aggregate over no rows is.
                ValueRef::Null | ValueRef::Real(_) => Value::Int(0),
            });
        }
        out.push(values);
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
