//! Which operations are one. A filter makes an operation's id from what it knows of it, so a path that is
//! declared, or whose template is refined, gets another id. Rows stay under the id that they were counted
//! by; an alias says which operation an id is part of, and answers merge the whole family. So no history
//! is lost by a join, and none is mixed for good: taking the alias away takes them apart again.
//!
//! What a policy declares is joined with what was seen before by the collector itself; any other join, or
//! its end, is asked for (`PUT` and `DELETE /v1/aliases/{id}`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::facts::{Operation, OperationId};
use crate::store::StoreError;
use crate::store::rows::{self, ALIASES, DESCRIPTION};
use crate::store::sql::{Columns, Row, Session};

/// Why an id is part of another operation: the policy declares it now.
const DECLARED: &str = "declared";

/// How long a chain of aliases is followed; a longer one is cut.
const STEPS_MAX: usize = 16;

/// Aliases at most; further ones are refused.
pub const ALIASES_MAX: usize = 200_000;

/// Who belongs together, for a question.
#[derive(Debug, Default)]
pub struct Aliases(HashMap<OperationId, OperationId>);

/// An alias as it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The id.
    pub id: OperationId,
    /// The operation that it is part of.
    pub target: OperationId,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since_ns: u64,
}

// === impl Aliases ===

impl Aliases {
    /// Reads them.
    ///
    /// # Errors
    /// When the store fails.
    pub fn load(session: &mut dyn Session) -> Result<Self, StoreError> {
        Ok(Self(list(session)?.into_iter().map(|alias| (alias.id, alias.target)).collect()))
    }

    /// The operation that an id is part of: itself, where nothing else is said.
    #[must_use]
    pub fn head(&self, id: OperationId) -> OperationId {
        let mut at = id;
        for _ in 0..STEPS_MAX {
            match self.0.get(&at) {
                Some(target) if *target != id => at = *target,
                Some(_) | None => break,
            }
        }
        at
    }

    /// Every id that is part of the same operation, its own first.
    #[must_use]
    pub fn family(&self, id: OperationId) -> Vec<OperationId> {
        let head = self.head(id);
        let mut family: Vec<OperationId> = self.0.keys().copied().filter(|id| self.head(*id) == head).collect();
        family.sort_unstable();
        family.retain(|id| *id != head);
        family.insert(0, head);
        family
    }
}

/// Every alias.
///
/// # Errors
/// When the store fails.
pub fn list(session: &mut dyn Session) -> Result<Vec<Alias>, StoreError> {
    let rows = session.query(&format!("SELECT {} FROM aliases ORDER BY since_ns, id", ALIASES.list()), &[])?;
    let one = |row: Row| {
        let mut columns = Columns::new("aliases", row);
        Ok(Alias {
            id: columns.read(rows::id_from)?,
            target: columns.read(rows::id_from)?,
            reason: columns.text()?,
            since_ns: columns.count()?,
        })
    };
    rows.into_iter().map(one).collect()
}

/// Says that an id is part of another operation. `false` when that would go in a circle, or there are too many.
///
/// # Errors
/// When the store fails.
pub fn put(session: &mut dyn Session, alias: &Alias) -> Result<bool, StoreError> {
    let known = Aliases::load(session)?;
    let is_new = !known.0.contains_key(&alias.id);
    if known.head(alias.target) == alias.id || (is_new && known.0.len() >= ALIASES_MAX) {
        return Ok(false);
    }
    session.put(
        &ALIASES,
        vec![vec![
            rows::id_to(alias.id),
            rows::id_to(alias.target),
            alias.reason.as_str().into(),
            alias.since_ns.into(),
        ]],
    )?;
    Ok(true)
}

/// Takes an id out of its family. `false` when it is in none.
///
/// # Errors
/// When the store fails.
pub fn remove(session: &mut dyn Session, id: OperationId) -> Result<bool, StoreError> {
    let is_there = !session.get(&ALIASES, &[vec![rows::id_to(id)]])?.is_empty();
    session.remove(&ALIASES, &[vec![rows::id_to(id)]])?;
    Ok(is_there)
}

/// Joins what was seen with what is declared, as either appears.
#[derive(Debug, Default)]
pub struct Families {
    /// Operations that appeared since the last round.
    new: Vec<Arc<Operation>>,
    started: bool,
}

// === impl Families ===

impl Families {
    /// Notes operations that appeared.
    pub fn note(&mut self, new: Vec<Arc<Operation>>) {
        self.new.extend(new);
    }

    /// Joins those that were noted; the first time, all.
    ///
    /// # Errors
    /// When the store fails.
    pub fn join(&mut self, session: &mut dyn Session, now_ns: u64) -> Result<(), StoreError> {
        if self.started && self.new.is_empty() {
            return Ok(());
        }
        let (mut declared, mut seen) = (HashMap::<Group, Vec<Operation>>::new(), Vec::new());
        // What was noted may be declared, and then anything seen before may be part of it.
        for operation in described(session)? {
            if operation.declared {
                declared.entry(Group::of(&operation)).or_default().push(operation);
            } else if operation.id != OperationId::OTHER {
                seen.push(operation);
            }
        }
        let known = Aliases::load(session)?;
        let mut aliases: BTreeMap<OperationId, OperationId> = BTreeMap::new();
        for operation in seen.iter().filter(|operation| !known.0.contains_key(&operation.id)) {
            let candidates = declared.get(&Group::of(operation)).into_iter().flatten();
            let covering = candidates.filter_map(|declared| Some((covers(declared, operation)?, declared)));
            // Of several the most specific, as the filter chooses.
            if let Some((_, declared)) = covering.max_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)))
                && known.head(declared.id) != operation.id
                && known.0.len().saturating_add(aliases.len()) < ALIASES_MAX
            {
                aliases.insert(operation.id, declared.id);
            }
        }
        let row = |(id, target): (OperationId, OperationId)| {
            vec![rows::id_to(id), rows::id_to(target), DECLARED.into(), now_ns.into()]
        };
        session.put_new(&ALIASES, aliases.into_iter().map(row).collect())?;
        self.started = true;
        self.new.clear();
        Ok(())
    }
}

/// Every operation as its writers describe it, without what was counted.
fn described(session: &mut dyn Session) -> Result<Vec<Operation>, StoreError> {
    let sql = format!("SELECT id, {DESCRIPTION} FROM operations");
    let one = |row: Row| {
        let mut columns = Columns::new("operations", row);
        let id = columns.read(rows::id_from)?;
        rows::description_from(&mut columns, id)
    };
    session.query(&sql, &[])?.into_iter().map(one).collect()
}

/// What two operations must have in common to be one.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Group(String, String, String, String);

impl Group {
    fn of(operation: &Operation) -> Self {
        Self(
            operation.environment.clone(),
            operation.direction.clone(),
            operation.protocol.clone(),
            operation.method.clone(),
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
        let is_parameter = wanted.starts_with('{') && wanted.ends_with('}');
        match (is_parameter, wanted == given) {
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
        let seen = operation("shop.example", "/orders/export");
        let of = |template: &str| covers(&operation("shop.example", template), &seen);
        assert!(of("/orders/export") > of("/orders/{id}") && of("/orders/{id}") > of("/{a}/{b}"));
    }

    #[test]
    fn a_circle_ends() {
        let id = |n: u8| OperationId([n; 16]);
        let aliases = Aliases(HashMap::from([(id(1), id(2)), (id(2), id(3)), (id(3), id(1)), (id(5), id(4))]));
        let _ = aliases.head(id(1));
        assert_eq!(aliases.family(id(5)), [id(4), id(5)]);
        assert_eq!(aliases.family(id(4)), [id(4), id(5)]);
        assert_eq!(aliases.family(id(9)), [id(9)]);
    }
}
