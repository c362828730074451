//! Stores for a test: an SQLite file always, and a PostgreSQL database where `integration/postgres.sh` gives
//! a server. What holds for one must hold for the other.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use ostiary_collector::store::{Bounds, Ledger, Reader, postgres, sqlite};
use tempfile::TempDir;

/// An empty store, gone when it is dropped.
pub struct Store {
    folder: TempDir,
    database: Option<Database>,
}

struct Database {
    server: String,
    name: String,
}

/// One of each kind that is there.
pub fn each() -> Vec<Store> {
    let server = std::env::var("OSTIARY_POSTGRES").ok();
    let file = Store { folder: tempfile::tempdir().unwrap(), database: None };
    let database =
        server.map(|server| Store { folder: tempfile::tempdir().unwrap(), database: Some(Database::new(server)) });
    std::iter::once(file).chain(database).collect()
}

impl Store {
    /// What `--store` is given.
    pub fn argument(&self) -> PathBuf {
        match &self.database {
            Some(database) => database.url().into(),
            None => self.folder.path().join("s.sqlite"),
        }
    }

    /// Opens it here.
    pub fn open(&self, bounds: Bounds) -> (Ledger, Reader) {
        let at = self.argument();
        match &self.database {
            Some(_) => postgres::open(at.to_str().unwrap(), None, bounds).unwrap(),
            None => sqlite::open(&at, bounds).unwrap(),
        }
    }
}

impl Store {
    /// Takes away what the third version added.
    pub fn back_to_version_2(&self) {
        const TABLE: &str =
            "DROP TABLE data_types; DROP INDEX aliases_by_target; ALTER TABLE operations DROP COLUMN name";
        match &self.database {
            Some(database) => {
                let sql = format!("{TABLE}; DELETE FROM ostiary_schema; INSERT INTO ostiary_schema VALUES (2)");
                on(database.url(), sql);
            }
            None => {
                let file = rusqlite::Connection::open(self.argument()).unwrap();
                file.execute_batch(&format!("{TABLE}; PRAGMA user_version = 2")).unwrap();
            }
        }
    }
}

impl Database {
    fn new(server: String) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("t_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let database = Self { server, name };
        database.on_server(&format!("CREATE DATABASE {}", database.name));
        database
    }

    fn url(&self) -> String {
        let (head, _) = self.server.rsplit_once('/').unwrap();
        format!("{head}/{}", self.name)
    }

    fn on_server(&self, sql: &str) {
        on(self.server.clone(), sql.to_owned());
    }
}

fn on(url: String, sql: String) {
    blocking(move || ::postgres::Client::connect(&url, ::postgres::NoTls).unwrap().batch_execute(&sql).unwrap());
}

/// The client blocks, and must not do so where other tasks wait.
fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().unwrap()
}

impl Drop for Database {
    fn drop(&mut self) {
        self.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
