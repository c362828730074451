//! The shared store: PostgreSQL, for collectors that stand behind one Envoy cluster. The same schema and
//! the same statements as the embedded store; here is only what a server asks for: connections that
//! break, many rows in one round trip, and locks between collectors.
//!
//! A collector holds an advisory lock on its writer's number for as long as its connection lives, so no
//! two write under one number, and the number of one that is gone is free at once. Rows that collectors
//! share (streams) are locked in the order of their ids.

mod values;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, Config, IsolationLevel, NoTls, Statement, Transaction};

use crate::store::sql::{Database, Dialect, Row, Session, Snapshots, Table, Value, Work};
use crate::store::{Bounds, Ledger, Reader, StoreError, VERSION, schema};
use values::{arrays, row_of};

/// The first half of our advisory locks: `Ostr`.
const LOCKS: i32 = 0x4f73_7472;

/// The lock of whoever makes or changes the schema. Writers' numbers begin at 1.
const SCHEMA_LOCK: i32 = 0;

/// Collectors that may write to one store at the same time.
const WRITERS_MAX: i32 = 64;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a statement may take, and how long one may wait for a lock: longer is a failure that the sender repeats.
const SETTINGS: &str = "SET statement_timeout = '60s'; SET lock_timeout = '20s'; SET synchronous_commit = on; \
    SET idle_in_transaction_session_timeout = '60s'; SET jit = off";

/// Connections kept for the next question.
const IDLE_MAX: usize = 4;

/// Whether the text names a server and not a file.
#[must_use]
pub fn is_url(store: &str) -> bool {
    store.starts_with("postgres://") || store.starts_with("postgresql://")
}

/// Connects, makes the schema where there is none, and returns both halves.
///
/// # Errors
/// When the server cannot be reached, the schema is of a later version, or too many collectors write already.
pub fn open(url: &str, password: Option<&str>, bounds: Bounds) -> Result<(Ledger, Reader), StoreError> {
    let mut config: Config = url.parse().map_err(|error| {
        StoreError::Unfit(format!("--store is no url of a database: {error}; write postgres://user@host:5432/database"))
    })?;
    config.connect_timeout(CONNECT_TIMEOUT).application_name("ostiary-collector");
    if let Some(password) = password {
        config.password(password);
    }
    let mut writing = Writing { config: config.clone(), open: None };
    writing.open = Some(writing.connect().map_err(|error| {
        StoreError::Unfit(format!(
            "cannot use the database of --store: {error}; is it there, and may this user connect?"
        ))
    })?);
    let servers = Servers { config, idle: Mutex::default() };
    Ok((Ledger::new(Box::new(writing), bounds)?, Reader::new(Box::new(servers))))
}

/// A connection with its prepared statements.
struct Connected {
    client: Client,
    statements: HashMap<String, Statement>,
    writer: i64,
}

/// The connection that writes, made anew when it broke.
struct Writing {
    config: Config,
    open: Option<Connected>,
}

/// Connections that read.
struct Servers {
    config: Config,
    idle: Mutex<Vec<Connected>>,
}

struct Open<'c> {
    transaction: Transaction<'c>,
    statements: &'c mut HashMap<String, Statement>,
    writer: i64,
}

fn connect(config: &Config) -> Result<Client, StoreError> {
    let mut client = config.connect(NoTls)?;
    client.batch_execute(SETTINGS)?;
    Ok(client)
}

// === impl Writing ===

impl Writing {
    fn connect(&self) -> Result<Connected, StoreError> {
        let mut client = connect(&self.config)?;
        upgrade(&mut client)?;
        for number in 1..=WRITERS_MAX {
            let taken = client.query_one("SELECT pg_try_advisory_lock($1, $2)", &[&LOCKS, &number])?;
            if taken.try_get(0)? {
                return Ok(Connected { client, statements: HashMap::new(), writer: i64::from(number) });
            }
        }
        Err(StoreError::Unfit(format!("{WRITERS_MAX} collectors write to this store already; end one of them")))
    }
}

/// Makes the schema, or refuses one that is not ours to change. Collectors that start together wait for each other.
fn upgrade(client: &mut Client) -> Result<(), StoreError> {
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1, $2)", &[&LOCKS, &SCHEMA_LOCK])?;
    transaction.batch_execute("CREATE TABLE IF NOT EXISTS ostiary_schema (version BIGINT NOT NULL)")?;
    let version: Option<i64> = match transaction.query_opt("SELECT max(version) FROM ostiary_schema", &[])? {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    match version {
        None => transaction.batch_execute(&schema::whole(Dialect::Postgres))?,
        Some(VERSION) => return Ok(transaction.commit()?),
        Some(earlier @ 2..VERSION) => transaction.batch_execute(&schema::since(earlier, Dialect::Postgres))?,
        Some(later) => {
            return Err(StoreError::Unfit(format!(
                "the database has schema {later} and this version knows {VERSION}; start the later version, or choose another database with --store"
            )));
        }
    }
    transaction.execute("INSERT INTO ostiary_schema VALUES ($1)", &[&VERSION])?;
    Ok(transaction.commit()?)
}

impl Database for Writing {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let mut open = match self.open.take() {
            Some(open) if !open.client.is_closed() => open,
            Some(_) | None => self.connect()?,
        };
        let transaction = open.client.transaction()?;
        run(transaction, &mut open.statements, open.writer, work)?;
        // After an error the connection is not kept: whatever state it is in ends with it.
        self.open = Some(open);
        Ok(())
    }
}

// === impl Servers ===

impl Snapshots for Servers {
    fn snapshot(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        // A poisoned lock only means that another question panicked; the list is whole.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut open = match idle {
            Some(open) if !open.client.is_closed() => open,
            Some(_) | None => Connected { client: connect(&self.config)?, statements: HashMap::new(), writer: 0 },
        };
        let reading = open.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = reading.start()?;
        run(transaction, &mut open.statements, open.writer, work)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(open);
        }
        Ok(())
    }
}

fn run(
    transaction: Transaction<'_>,
    statements: &mut HashMap<String, Statement>,
    writer: i64,
    work: &mut Work<'_>,
) -> Result<(), StoreError> {
    let mut session = Open { transaction, statements, writer };
    work(&mut session)?;
    Ok(session.transaction.commit()?)
}

// === impl Open ===

impl Open<'_> {
    fn statement(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.transaction.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Rows joined with the keys, which travel as one array for each column.
    fn by_keys(&mut self, head: &str, table: &'static Table, keys: &[Row], tail: &str) -> Result<Vec<Row>, StoreError> {
        let Some(first) = keys.first() else {
            return Ok(Vec::new());
        };
        let wanted = table.columns.get(..first.len()).unwrap_or(table.columns);
        let same: Vec<String> = wanted.iter().map(|(name, _)| format!("t.{name} = k.{name}")).collect();
        let (unnest, values) = arrays(wanted, keys.to_vec());
        let names: Vec<&str> = wanted.iter().map(|&(name, _)| name).collect();
        let sql = format!("{head} {unnest} AS k({}) WHERE {} {tail}", names.join(", "), same.join(" AND "));
        let statement = self.statement(&sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
        let rows = self.transaction.query(&statement, &values)?;
        rows.iter().map(row_of).collect()
    }

    fn write(&mut self, table: &'static Table, rows: Vec<Row>, conflict: &str) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let (unnest, values) = arrays(table.columns, rows);
        let sql = format!("INSERT INTO {} ({}) SELECT * FROM {unnest} {conflict}", table.name, table.list());
        let statement = self.statement(&sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
        self.transaction.execute(&statement, &values)?;
        Ok(())
    }
}

fn columns_of(table: &Table) -> String {
    table.columns.iter().map(|(name, _)| format!("t.{name}")).collect::<Vec<_>>().join(", ")
}

fn key_of(table: &Table) -> String {
    table.columns.iter().take(table.key).map(|&(name, _)| name).collect::<Vec<_>>().join(", ")
}

impl Session for Open<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn writer(&self) -> i64 {
        self.writer
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.transaction.query(&statement, &values)?;
        rows.iter().map(row_of).collect()
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        Ok(self.transaction.execute(&statement, &values)?)
    }

    fn get(&mut self, table: &'static Table, keys: &[Row]) -> Result<Vec<Row>, StoreError> {
        let head = format!("SELECT {} FROM {} t,", columns_of(table), table.name);
        self.by_keys(&head, table, keys, "")
    }

    fn get_for_update(&mut self, table: &'static Table, keys: &[Row]) -> Result<Vec<Row>, StoreError> {
        let head = format!("SELECT {} FROM {} t,", columns_of(table), table.name);
        let order: Vec<String> = table.columns.iter().take(table.key).map(|(name, _)| format!("t.{name}")).collect();
        self.by_keys(&head, table, keys, &format!("ORDER BY {} FOR UPDATE OF t", order.join(", ")))
    }

    fn put(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError> {
        let rest = table.columns.iter().skip(table.key);
        let set: Vec<String> = rest.map(|(name, _)| format!("{name} = excluded.{name}")).collect();
        let action = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
        self.write(table, rows, &format!("ON CONFLICT ({}) DO {action}", key_of(table)))
    }

    fn put_new(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.write(table, rows, &format!("ON CONFLICT ({}) DO NOTHING", key_of(table)))
    }

    fn add(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let (unnest, values) = arrays(table.columns, rows);
        let set = self.dialect().added(table, |_, name| format!("excluded.{name}"));
        // A row that was made has no transaction that replaced it.
        let sql = format!(
            "INSERT INTO {} ({}) SELECT * FROM {unnest} ON CONFLICT ({}) DO UPDATE SET {set} RETURNING xmax = 0",
            table.name,
            table.list(),
            key_of(table)
        );
        let statement = self.statement(&sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
        let made = self.transaction.query(&statement, &values)?;
        let is_new = |row: &postgres::Row| row.try_get(0).unwrap_or(false);
        Ok(u64::try_from(made.iter().filter(|row| is_new(row)).count()).unwrap_or(u64::MAX))
    }

    fn remove(&mut self, table: &'static Table, keys: &[Row]) -> Result<(), StoreError> {
        let head = format!("DELETE FROM {} t USING", table.name);
        self.by_keys(&head, table, keys, "").map(drop)
    }

    fn owns(&mut self, writer: i64) -> Result<bool, StoreError> {
        let Ok(number) = i32::try_from(writer) else {
            return Ok(false);
        };
        if writer == self.writer {
            return Ok(true);
        }
        // Until this transaction ends no new collector takes the number.
        let statement = self.statement("SELECT pg_try_advisory_xact_lock($1, $2)")?;
        Ok(self.transaction.query_one(&statement, &[&LOCKS, &number])?.try_get(0)?)
    }
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        // The driver's own words are "db error"; what the server said stands behind them.
        match error.as_db_error() {
            Some(said) => Self::Database(format!("{} ({})", said.message(), said.code().code()).into()),
            None => Self::Database(Box::new(error)),
        }
    }
}
