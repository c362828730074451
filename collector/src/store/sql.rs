//! What both stores can do, so that everything above is written once: statements with numbered
//! parameters, and whole rows by their key, many at a time.
//!
//! Rows are values in the order of their table's columns. Counts are kept as signed integers and
//! saturate; the conversions are here and nowhere else.

use crate::store::StoreError;

/// One value of a row. No column is ever null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// A number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row, or the key of one.
pub type Row = Vec<Value>;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Int,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// A table whose rows are read and written whole.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, those of the key first and in the key's order.
    pub columns: &'static [(&'static str, Kind)],
    /// How many columns make the key.
    pub key: usize,
}

/// The few words that the stores spell differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A transaction, or a snapshot to read.
pub trait Session {
    /// Which store it is.
    fn dialect(&self) -> Dialect;

    /// The number that this collector writes under.
    fn writer(&self) -> i64;

    /// Rows of a statement, whose parameters are written `$1`, `$2`, …
    ///
    /// # Errors
    /// When the store fails.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// When the store fails.
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Whole rows by their keys, or by the first columns of their keys; those that are not there are left out.
    ///
    /// # Errors
    /// When the store fails.
    fn get(&mut self, table: &'static Table, keys: &[Row]) -> Result<Vec<Row>, StoreError>;

    /// As [`Session::get`], and nobody else changes these rows before this transaction ends.
    ///
    /// # Errors
    /// When the store fails.
    fn get_for_update(&mut self, table: &'static Table, keys: &[Row]) -> Result<Vec<Row>, StoreError>;

    /// Writes whole rows, over those with the same keys. No key may occur twice.
    ///
    /// # Errors
    /// When the store fails.
    fn put(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError>;

    /// Writes whole rows where none has their key.
    ///
    /// # Errors
    /// When the store fails.
    fn put_new(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError>;

    /// Adds to rows: of numbers that have a row already the sum stands in it after, and of a `last_ns` the later.
    /// Where none has the key, the row is made; returns how many were. No key may occur twice.
    ///
    /// # Errors
    /// When the store fails.
    fn add(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<u64, StoreError>;

    /// Removes rows by their keys.
    ///
    /// # Errors
    /// When the store fails.
    fn remove(&mut self, table: &'static Table, keys: &[Row]) -> Result<(), StoreError>;

    /// Whether the rows of a writer may be changed until this transaction ends: its own, and those of
    /// writers that are gone.
    ///
    /// # Errors
    /// When the store fails.
    fn owns(&mut self, writer: i64) -> Result<bool, StoreError>;
}

/// What is done in one transaction.
pub type Work<'w> = dyn FnMut(&mut dyn Session) -> Result<(), StoreError> + 'w;

/// Where transactions are made: one connection that writes.
pub trait Database: Send {
    /// Does `work` as one transaction: all of it is on disk when this returns, or none of it.
    ///
    /// # Errors
    /// What `work` says, or the store; nothing is kept then. When a connection breaks while it commits,
    /// all of it may be kept although an error is returned.
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError>;
}

/// Where questions are asked: any number of connections that only read.
pub trait Snapshots: Send + Sync {
    /// Asks within one snapshot.
    ///
    /// # Errors
    /// What `work` says, or the store.
    fn snapshot(&self, work: &mut Work<'_>) -> Result<(), StoreError>;
}

/// Does `work` in a transaction and returns what it made.
///
/// # Errors
/// As [`Database::transaction`].
pub fn commit<T>(
    database: &mut dyn Database,
    work: impl FnOnce(&mut dyn Session) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let (mut work, mut made) = (Some(work), None);
    database.transaction(&mut |session| {
        if let Some(work) = work.take() {
            made = Some(work(session)?);
        }
        Ok(())
    })?;
    made.ok_or(StoreError::Idle)
}

/// Asks within a snapshot and returns the answer.
///
/// # Errors
/// As [`Snapshots::snapshot`].
pub fn ask<T>(
    snapshots: &dyn Snapshots,
    work: impl FnOnce(&mut dyn Session) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let (mut work, mut made) = (Some(work), None);
    snapshots.snapshot(&mut |session| {
        if let Some(work) = work.take() {
            made = Some(work(session)?);
        }
        Ok(())
    })?;
    made.ok_or(StoreError::Idle)
}

// === impl Value ===

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

// === impl Table ===

impl Table {
    /// The names of the columns, as a statement lists them.
    #[must_use]
    pub fn list(&self) -> String {
        self.columns.iter().map(|&(name, _)| name).collect::<Vec<_>>().join(", ")
    }
}

// === impl Dialect ===

impl Dialect {
    /// What [`Session::add`] sets each number of a row to, where `added` tells what to add; it saturates instead of failing.
    #[must_use]
    pub fn added(self, table: &Table, added: impl Fn(usize, &str) -> String) -> String {
        let (least, greatest) = match self {
            Self::Sqlite => ("min", "max"),
            Self::Postgres => ("least", "greatest"),
        };
        let set = |(at, (name, _)): (usize, &(&str, Kind))| {
            let (more, old) = (added(at, name), format!("{}.{name}", table.name));
            match *name {
                "last_ns" => format!("{name} = {greatest}({old}, {more})"),
                _ => format!("{name} = {least}({old}, {} - {more}) + {more}", i64::MAX),
            }
        };
        let numbers = table.columns.iter().enumerate().skip(table.key);
        numbers.map(set).collect::<Vec<_>>().join(", ")
    }

    /// A sum that is a number also over no rows, and saturates instead of failing.
    #[must_use]
    pub fn sum(self, what: &str) -> String {
        match self {
            // `total` is a float: whole below 2^53, and beyond it no sum is of honest streams.
            Self::Sqlite => format!("CAST(total({what}) AS INTEGER)"),
            Self::Postgres => format!("CAST(least(coalesce(sum({what}), 0), 9223372036854775807) AS BIGINT)"),
        }
    }
}

/// Takes the values of one row in order.
#[derive(Debug)]
pub struct Columns {
    of: &'static str,
    values: std::vec::IntoIter<Value>,
}

// === impl Columns ===

impl Columns {
    /// The values of a row of the table `of`, which an error names.
    #[must_use]
    pub fn new(of: &'static str, row: Row) -> Self {
        Self { of, values: row.into_iter() }
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged { of: self.of }
    }

    /// A count.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        match self.values.next() {
            Some(Value::Int(number)) => Ok(u64::try_from(number).unwrap_or(0)),
            Some(Value::Text(_) | Value::Bytes(_)) | None => Err(self.damaged()),
        }
    }

    /// A flag.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn flag(&mut self) -> Result<bool, StoreError> {
        self.count().map(|number| number != 0)
    }

    /// Text.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn text(&mut self) -> Result<String, StoreError> {
        match self.values.next() {
            Some(Value::Text(text)) => Ok(text),
            Some(Value::Int(_) | Value::Bytes(_)) | None => Err(self.damaged()),
        }
    }

    /// Bytes that `read` understands.
    ///
    /// # Errors
    /// When the next value is none, or `read` does not.
    pub fn read<T>(&mut self, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, StoreError> {
        match self.values.next() {
            Some(Value::Bytes(bytes)) => read(&bytes).ok_or_else(|| self.damaged()),
            Some(Value::Int(_) | Value::Text(_)) | None => Err(self.damaged()),
        }
    }

    /// Bytes, or the text that stands in their place, that something else than the key must name.
    ///
    /// # Errors
    /// When the next value is none.
    pub fn one_of<T: Copy>(&mut self, all: &[(T, &'static str)]) -> Result<T, StoreError> {
        let number = usize::try_from(self.count()?).ok();
        number.and_then(|number| all.get(number)).map(|&(value, _)| value).ok_or_else(|| self.damaged())
    }
}

/// The number of a value in the list that [`Columns::one_of`] reads it by.
#[must_use]
pub fn number_of<T: Copy + PartialEq>(all: &[(T, &'static str)], wanted: T) -> Value {
    let at = all.iter().position(|(value, _)| *value == wanted).unwrap_or(0);
    Value::from(u64::try_from(at).unwrap_or(0))
}
