//! Which operations are one because of what policies declare. What was seen of a path before it was declared
//! is part of what is declared; of several that cover it, of the most specific, as the filter chooses. What
//! is declared under another name of a parameter is what was declared before. When a policy says more, the
//! collector's own joins follow: an operation that is declared by itself is part of no other any more.
//!
//! The rest (two versions that became one, a path that no policy names) nobody can know, and is asked for.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::facts::{Operation, OperationId};
use crate::store::StoreError;
use crate::store::aliases::{Aliases, Round};
use crate::store::rows::{self, DESCRIPTION};
use crate::store::sql::{Columns, Session};

/// Why an id is part of another operation: a policy declares what covers it.
const DECLARED: &str = "declared";

/// Why an id is part of another operation: both are declared, and only parameters are called otherwise.
const RENAMED: &str = "renamed";

/// Keeps the collector's own joins in step with what is declared.
#[derive(Debug, Default)]
pub struct Families {
    /// Operations that appeared, or were declared, since the last round.
    new: Vec<Arc<Operation>>,
    started: bool,
}

/// An operation as its latest record describes it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) operation: Operation,
    described_ns: u64,
    first_ns: u64,
    /// How often it was called, in thousandths of a call.
    pub(super) weight: u64,
}

// === impl Families ===

impl Families {
    /// Notes operations that appeared, or are declared now.
    pub fn note(&mut self, new: Vec<Arc<Operation>>) {
        self.new.extend(new);
    }

    /// Joins, and parts, what was noted; all the first time, and whenever something is declared.
    ///
    /// # Errors
    /// When the store fails.
    pub fn join(&mut self, session: &mut dyn Session, now_ns: u64) -> Result<(), StoreError> {
        if self.started && self.new.is_empty() {
            return Ok(());
        }
        let new: HashSet<OperationId> = self.new.iter().map(|operation| operation.id).collect();
        // Something declared may cover anything that was ever seen; what was only seen is asked about by itself,
        // so that a scan costs what it brings.
        let all = !self.started || self.new.iter().any(|operation| operation.declared);
        let (declared, mut seen) = by_group(described(session, all)?);
        if !all {
            seen = self.new.iter().map(|operation| (**operation).clone()).collect();
        }
        seen.retain(|operation| operation.id != OperationId::OTHER);
        let before = Aliases::load(session)?;
        let mut round = Round::new(before.clone(), now_ns);
        for alike in declared.values().filter(|_| all) {
            for (id, head) in renamed(alike) {
                round.settle(id, head, RENAMED);
            }
        }
        let pools = Pools::new(&declared, &new);
        for operation in &seen {
            let is_new = !self.started || new.contains(&operation.id);
            let target = pools.cover(operation, before.own(operation.id), is_new);
            // What calls showed stays so while no policy says otherwise; the head is covered by itself.
            if target.is_none() && before.is_refined(operation.id) {
                continue;
            }
            round.settle(operation.id, target, DECLARED);
        }
        round.finish(session)?;
        self.started = true;
        self.new.clear();
        Ok(())
    }
}

/// What is declared, by what operations must have in common to be one, and what is not.
fn by_group(all: Vec<Known>) -> (HashMap<Group, Vec<Known>>, Vec<Operation>) {
    let (mut declared, mut seen): (HashMap<Group, Vec<Known>>, Vec<Operation>) = Default::default();
    for known in all {
        if known.operation.declared {
            declared.entry(Group::of(&known.operation)).or_default().push(known);
        } else {
            seen.push(known.operation);
        }
    }
    (declared, seen)
}

/// What may cover an operation: for one that is new everything declared, for another only what was declared since.
struct Pools<'k> {
    all: HashMap<&'k Group, Vec<&'k Operation>>,
    new: HashMap<&'k Group, Vec<&'k Operation>>,
    by_id: HashMap<OperationId, &'k Operation>,
}

impl<'k> Pools<'k> {
    fn new(declared: &'k HashMap<Group, Vec<Known>>, new: &HashSet<OperationId>) -> Self {
        let pool = |wanted: &dyn Fn(&Operation) -> bool| {
            let one = |(group, known): (&'k Group, &'k Vec<Known>)| {
                (group, known.iter().map(|known| &known.operation).filter(|operation| wanted(operation)).collect())
            };
            declared.iter().map(one).collect()
        };
        let by_id = declared.values().flatten().map(|known| (known.operation.id, &known.operation)).collect();
        Self { all: pool(&|_| true), new: pool(&|operation| new.contains(&operation.id)), by_id }
    }

    /// Of those declared that cover an operation, the most specific. One that is not new is covered by `before`, where
    /// that is declared still, unless something closer was declared since.
    fn cover(&self, operation: &Operation, before: Option<OperationId>, is_new: bool) -> Option<OperationId> {
        let known = before.map(|id| self.by_id.get(&id).copied());
        let is_open = is_new || known == Some(None);
        let pool = if is_open { &self.all } else { &self.new };
        let candidates = pool.get(&Group::of(operation)).into_iter().flatten().copied().chain(known.flatten());
        let covering = candidates.filter_map(|declared| Some((covers(declared, operation)?, declared)));
        covering.max().map(|(_, declared)| declared.id)
    }
}

/// Each declared operation with the first of those that differ from it in the names of parameters alone, unless it
/// is the first itself.
fn renamed(declared: &[Known]) -> Vec<(OperationId, Option<OperationId>)> {
    let mut shapes: HashMap<(&str, Vec<&str>), Vec<&Known>> = HashMap::new();
    for known in declared {
        let operation = &known.operation;
        let segments = operation.template.split('/').map(|segment| if is_parameter(segment) { "{}" } else { segment });
        shapes.entry((&operation.host, segments.collect())).or_default().push(known);
    }
    let mut heads = Vec::with_capacity(declared.len());
    for alike in shapes.into_values() {
        // The first, so that the id stays however often the name changes.
        let first = alike.iter().map(|known| (known.first_ns, known.operation.id)).min().map(|(_, id)| id);
        heads
            .extend(alike.iter().map(|known| (known.operation.id, first.filter(|first| *first != known.operation.id))));
    }
    heads
}

/// Every operation as its latest record describes it, or those that are declared alone.
pub(super) fn described(session: &mut dyn Session, all: bool) -> Result<Vec<Known>, StoreError> {
    let only = if all { "" } else { "WHERE declared <> 0" };
    let sql = format!("SELECT id, {DESCRIPTION}, described_ns, first_ns, weight FROM operations {only}");
    let mut known: BTreeMap<OperationId, Known> = BTreeMap::new();
    for row in session.query(&sql, &[])? {
        let mut columns = Columns::new("operations", row);
        let id = columns.read(rows::id_from)?;
        let operation = rows::description_from(&mut columns, id)?;
        let (described_ns, first_ns, weight) = (columns.count()?, columns.count()?, columns.count()?);
        let new = Known { operation, described_ns, first_ns, weight };
        match known.entry(id) {
            Entry::Vacant(vacant) => drop(vacant.insert(new)),
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                let first_ns = known.first_ns.min(new.first_ns);
                let weight = known.weight.saturating_add(new.weight);
                if (new.described_ns, &new.operation) > (known.described_ns, &known.operation) {
                    *known = new;
                }
                (known.first_ns, known.weight) = (first_ns, weight);
            }
        }
    }
    Ok(known.into_values().collect())
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

/// What two operations must have in common to be one.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Group(String, String, String, String, String);

impl Group {
    fn of(operation: &Operation) -> Self {
        Self(
            operation.environment.clone(),
            operation.direction.clone(),
            operation.protocol.clone(),
            operation.method.clone(),
            operation.name.clone(),
        )
    }
}

/// How closely a declared operation covers one that was seen: more is closer, `None` is not at all.
fn covers(declared: &Operation, seen: &Operation) -> Option<u64> {
    let host = match declared.host.strip_prefix('*') {
        None if declared.host == seen.host => 2,
        Some("") => 0,
        Some(suffix) if seen.host.ends_with(suffix) && seen.host.len() > suffix.len() => 1,
        None | Some(_) => return None,
    };
    let mut closeness = 0u64;
    let mut given = seen.template.split('/');
    for wanted in declared.template.split('/') {
        if wanted == "**" {
            return Some(closeness << 2 | host);
        }
        let given = given.next()?;
        // What looks like a value was written as `{…}`: it fits where the policy has a parameter, and nowhere else.
        match (is_parameter(wanted), wanted == given) {
            (true, _) => closeness <<= 1,
            (false, true) => closeness = closeness << 1 | 1,
            (false, false) => return None,
        }
    }
    given.next().is_none().then_some(closeness << 2 | host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(host: &str, template: &str) -> Operation {
        Operation { host: host.to_owned(), template: template.to_owned(), ..Operation::default() }
    }

    #[test]
    fn what_is_declared_covers_what_was_seen() {
        for (declared, seen, want) in [
            (("shop.example", "/orders/{id}"), ("shop.example", "/orders/{…}"), true),
            (("*.example", "/orders/{id}"), ("shop.example", "/orders/{…}"), true),
            (("*", "/orders/{id}"), ("shop.example", "/orders/export"), true),
            (("*", "/admin/**"), ("shop.example", "/admin"), true),
            (("*", "/admin/**"), ("shop.example", "/admin/a/b"), true),
            (("*.example", "/orders/{id}"), (".example", "/orders/{…}"), false),
            (("shop.example", "/orders/{id}"), ("other.example", "/orders/{…}"), false),
            (("shop.example", "/orders/export"), ("shop.example", "/orders/{…}"), false),
            (("shop.example", "/orders/{id}"), ("shop.example", "/orders/{…}/lines"), false),
            (("shop.example", "/orders/{id}/lines"), ("shop.example", "/orders/{…}"), false),
        ] {
            let covered = covers(&operation(declared.0, declared.1), &operation(seen.0, seen.1));
            assert_eq!(covered.is_some(), want, "{declared:?} {seen:?}");
        }
        // What bodies call differently is never one, whatever the path.
        let named = |name: &str| Group::of(&Operation { name: name.to_owned(), ..Operation::default() });
        assert_ne!(named("query A"), named("query B"));
        let seen = operation("shop.example", "/orders/export");
        let of = |template: &str| covers(&operation("shop.example", template), &seen);
        assert!(of("/orders/export") > of("/orders/{id}") && of("/orders/{id}") > of("/{a}/{b}"));
    }
}
