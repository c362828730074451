//! The answering half: connections of its own, each question within one snapshot, so that a long answer
//! never holds the writer up and never tells of half a commit. Rows of several writers, and of operations
//! that are one, are merged here.

mod calls;
mod operations;
mod series;
mod streams;

use crate::facts::OperationId;
use crate::store::aliases::{self, Alias, Aliases};
use crate::store::sql::{self, Snapshots, Value};
use crate::store::{
    CallRow, CallsQuery, DataTypeItem, FlowItem, FlowsQuery, InstanceItem, OperationItem, OperationsQuery, Point,
    RuleItem, StoreError, StreamRow, Totals,
};

/// The answering half of a store.
pub struct Reader {
    snapshots: Box<dyn Snapshots>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

// === impl Reader ===

impl Reader {
    pub(super) fn new(snapshots: Box<dyn Snapshots>) -> Self {
        Self { snapshots }
    }

    /// One page of operations.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn operations(&self, query: &OperationsQuery) -> Result<Vec<OperationItem>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| operations::page(session, query))
    }

    /// One operation, by any of its ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn operation(&self, id: OperationId) -> Result<Option<OperationItem>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| operations::one(session, id))
    }

    /// The series of an operation on a level (0 minutes, 1 hours, 2 days), by start and vantage; both ends included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn series(&self, id: OperationId, level: u64, from_ns: u64, to_ns: u64) -> Result<Vec<Point>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| series::series(session, id, level, from_ns, to_ns))
    }

    /// What kinds of data were found in an operation's answers, those with the most values first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn data_types(&self, id: OperationId) -> Result<Vec<DataTypeItem>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| operations::data_types(session, id))
    }

    /// The rules that refused, or would have, with the most hits first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn rules(&self, limit: u32) -> Result<Vec<RuleItem>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| operations::rules(session, limit))
    }

    /// Flows, the largest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn flows(&self, query: &FlowsQuery) -> Result<Vec<FlowItem>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| calls::flows(session, query))
    }

    /// Recent calls, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn calls(&self, query: &CallsQuery) -> Result<Vec<CallRow>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| calls::page(session, query))
    }

    /// One page of streams, by id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn streams(&self, after: &str, limit: u32, now_ns: u64) -> Result<Vec<StreamRow>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| streams::page(session, after, limit, now_ns))
    }

    /// The sums over all streams, those already forgotten included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn totals(&self, now_ns: u64) -> Result<Totals, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| streams::totals(session, now_ns))
    }

    /// Every instance of a proxy that is known, by cluster and node.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn instances(&self, now_ns: u64) -> Result<Vec<InstanceItem>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| streams::instances(session, now_ns))
    }

    /// A page of aliases by their ids, those of one target where it is given.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn aliases(
        &self,
        after: Option<OperationId>,
        target: Option<OperationId>,
        limit: u32,
    ) -> Result<Vec<Alias>, StoreError> {
        sql::ask(self.snapshots.as_ref(), |session| aliases::page(session, after, target, limit))
    }
}

/// How many members of a family a statement names.
const MEMBERS_NAMED: usize = 500;

/// Conditions and their values, in step.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds one condition; `?` in it stands for the value.
    fn add(&mut self, condition: &str, value: Value) {
        self.values.push(value);
        self.sql.push(condition.replace('?', &format!("${}", self.values.len())));
    }

    fn text(&mut self, condition: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.add(condition, Value::Text(value.clone()));
        }
    }

    /// That the operation is one of a family, in a statement that knows [`aliases::FAMILIES`] and joined it. Few
    /// members are named, so that an index finds them; a statement takes only so many values.
    fn family(&mut self, aliases: &Aliases, id: OperationId) {
        let family = aliases.family(id);
        if family.len() > MEMBERS_NAMED {
            return self.add("coalesce(head, operation) = ?", super::rows::id_to(aliases.head(id)));
        }
        let name = |id| {
            self.values.push(super::rows::id_to(id));
            format!("${}", self.values.len())
        };
        let places: Vec<String> = family.into_iter().map(name).collect();
        self.sql.push(format!("operation IN ({})", places.join(", ")));
    }

    fn to_sql(&self) -> String {
        if self.sql.is_empty() { String::new() } else { format!("WHERE {}", self.sql.join(" AND ")) }
    }
}
