//! What was called, each told once per message: a call refers to its operation by number. How operations
//! were described last is shared by all exports, because a filter says the same of an operation in every
//! record of it: its texts are copied once, and not with every message.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::read::owned;
use crate::facts::{Operation, OperationId};

/// Descriptions at most: a few kilobytes each at their longest.
const DESCRIPTIONS_MAX: usize = 8192;

/// How operations were described last. It only spares work: a record that describes its operation
/// differently is described by itself, and a table that is full is begun anew.
#[derive(Debug, Default)]
pub struct Descriptions(RwLock<HashMap<OperationId, Arc<Operation>>>);

/// The operations of one message, numbered in the order in which they came.
#[derive(Debug)]
pub(super) struct Operations<'s> {
    shared: &'s Descriptions,
    list: Vec<Arc<Operation>>,
    places: HashMap<OperationId, usize>,
}

/// What a record says of its operation, borrowed from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) id: OperationId,
    pub(super) environment: &'a str,
    pub(super) direction: &'a str,
    pub(super) host: &'a str,
    pub(super) protocol: &'a str,
    pub(super) method: &'a str,
    pub(super) template: &'a str,
    pub(super) api: &'a str,
    pub(super) declared: bool,
    pub(super) name: &'a str,
}

// === impl Descriptions ===

impl Descriptions {
    fn get(&self, id: OperationId) -> Option<Arc<Operation>> {
        // A poisoned lock only means that another export panicked; the table is whole.
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn put(&self, operation: &Arc<Operation>) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= DESCRIPTIONS_MAX {
            table.clear();
        }
        table.insert(operation.id, Arc::clone(operation));
    }
}

// === impl Operations ===

impl<'s> Operations<'s> {
    pub(super) fn new(shared: &'s Descriptions) -> Self {
        Self { shared, list: Vec::new(), places: HashMap::new() }
    }

    /// The number of the operation that is told of.
    pub(super) fn number(&mut self, said: &Said<'_>) -> usize {
        if let Some(&place) = self.places.get(&said.id)
            && self.list.get(place).is_some_and(|known| is_same(known, said))
        {
            return place;
        }
        let shared = self.shared.get(said.id).filter(|known| is_same(known, said));
        let operation = shared.unwrap_or_else(|| {
            let operation = Arc::new(describe(said));
            self.shared.put(&operation);
            operation
        });
        let place = self.list.len();
        self.list.push(operation);
        self.places.insert(said.id, place);
        place
    }

    /// All of them.
    pub(super) fn into_list(self) -> Vec<Arc<Operation>> {
        self.list
    }
}

fn is_same(known: &Operation, said: &Said<'_>) -> bool {
    known.declared == said.declared
        && known.environment == said.environment
        && known.direction == said.direction
        && known.protocol == said.protocol
        && known.host == said.host
        && known.method == said.method
        && known.template == said.template
        && known.api == said.api
        && known.name == said.name
}

fn describe(said: &Said<'_>) -> Operation {
    Operation {
        id: said.id,
        environment: owned(said.environment),
        direction: owned(said.direction),
        host: owned(said.host),
        protocol: owned(said.protocol),
        method: owned(said.method),
        template: owned(said.template),
        api: owned(said.api),
        declared: said.declared,
        name: owned(said.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(n: u64, template: &str) -> Said<'_> {
        let id = OperationId::parse(&format!("{n:032x}")).unwrap();
        Said {
            id,
            environment: "",
            direction: "",
            host: "shop.example",
            protocol: "rest",
            method: "GET",
            template,
            api: "",
            declared: false,
            name: "",
        }
    }

    /// Whatever another export, or an earlier record, said of an operation: each is described as its own record says.
    #[test]
    fn no_record_is_described_by_another() {
        let shared = Descriptions::default();
        let mut first = Operations::new(&shared);
        assert_eq!(["/a", "/a", "/b", "/a"].map(|template| first.number(&said(1, template))), [0, 0, 1, 2]);
        let mut second = Operations::new(&shared);
        second.number(&said(1, "/a"));
        second.number(&Said { environment: "test", ..said(1, "/a") });
        let told = |operations: Operations<'_>| -> Vec<(String, String)> {
            let list = operations.into_list();
            list.iter().map(|one| (one.template.clone(), one.environment.clone())).collect()
        };
        let pair = |template: &str, environment: &str| (template.to_owned(), environment.to_owned());
        assert_eq!(told(first), [pair("/a", ""), pair("/b", ""), pair("/a", "")]);
        assert_eq!(told(second), [pair("/a", ""), pair("/a", "test")]);
    }

    #[test]
    fn the_shared_table_never_grows_beyond_its_bound() {
        let shared = Descriptions::default();
        let mut operations = Operations::new(&shared);
        for n in 0..DESCRIPTIONS_MAX as u64 * 3 {
            operations.number(&said(n, "/a"));
            assert!(shared.0.read().unwrap().len() <= DESCRIPTIONS_MAX);
        }
    }
}
