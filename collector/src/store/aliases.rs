//! Which operations are one. A filter makes an operation's id from what it knows of it, so a path that is
//! declared, or whose template is refined, gets another id. Rows stay under the id that they were counted
//! by; an alias says which operation an id is part of, and answers merge the whole family. So no history
//! is lost by a join, and none is mixed for good: taking the alias away takes them apart again.
//!
//! Joins that follow from what policies declare are made, and taken back, by the collector itself
//! (`families`); any other join, or its end, is asked for (`PUT` and `DELETE /v1/aliases/{id}`).

use std::collections::HashMap;

use crate::facts::OperationId;
use crate::store::StoreError;
use crate::store::rows::{self, ALIASES};
use crate::store::sql::{Columns, Row, Session};

/// Why an id is part of another operation: somebody said so.
pub const ASKED: &str = "asked";

/// Why an id is part of another operation: many calls together show that a segment of its path is a value.
pub const REFINED: &str = "refined";

/// Why an id is part of itself alone: somebody took it out of where the collector had put it.
const APART: &str = "apart";

/// How long a chain of aliases is followed; a longer one is cut.
const STEPS_MAX: usize = 16;

/// Aliases at most; further ones are refused.
const ALIASES_MAX: usize = 200_000;

/// Every operation that is part of another, with the head of its family. Families are told from their heads
/// down, each id once, so a circle, which two collectors could make at the same moment, is no family.
pub const FAMILIES: &str = "WITH RECURSIVE families(id, head) AS (\
    SELECT target, target FROM aliases WHERE NOT EXISTS \
    (SELECT 1 FROM aliases AS up WHERE up.id = aliases.target AND up.id <> up.target) \
    UNION SELECT aliases.id, families.head FROM aliases JOIN families ON aliases.target = families.id)";

/// Who belongs together, for a question.
#[derive(Debug, Clone, Default)]
pub struct Aliases(HashMap<OperationId, Part>);

/// Which operation an id is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    target: OperationId,
    /// Somebody said so, and no policy.
    is_asked: bool,
    /// Many calls showed it.
    is_refined: bool,
}

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
        let one = |row: Row| {
            let alias = alias(row)?;
            let is_asked = [ASKED, APART].contains(&alias.reason.as_str());
            let is_refined = alias.reason == REFINED;
            Ok((alias.id, Part { target: alias.target, is_asked, is_refined }))
        };
        let rows = session.query(&format!("SELECT {} FROM aliases", ALIASES.list()), &[])?;
        rows.into_iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// The operation that an id is part of: itself, where nothing else is said.
    #[must_use]
    pub fn head(&self, id: OperationId) -> OperationId {
        let mut at = id;
        for _ in 0..STEPS_MAX {
            match self.0.get(&at) {
                Some(part) if part.target != id => at = part.target,
                Some(_) | None => break,
            }
        }
        at
    }

    /// Whether an id speaks for its family: its head does, and what policies made part of it. What somebody
    /// made part of it does not.
    #[must_use]
    pub fn speaks(&self, id: OperationId) -> bool {
        let mut at = id;
        for _ in 0..STEPS_MAX {
            match self.0.get(&at) {
                Some(part) if part.target == at => break,
                Some(part) if part.is_asked => return false,
                Some(part) => at = part.target,
                None => break,
            }
        }
        true
    }

    /// The operation that the collector itself made an id part of.
    #[must_use]
    pub fn own(&self, id: OperationId) -> Option<OperationId> {
        self.0.get(&id).filter(|part| !part.is_asked).map(|part| part.target)
    }

    /// Whether an id was made part of another because of what many calls showed.
    #[must_use]
    pub fn is_refined(&self, id: OperationId) -> bool {
        self.0.get(&id).is_some_and(|part| part.is_refined)
    }

    /// Whether what many calls show may make an id part of another: no policy says what it is, and nobody.
    #[must_use]
    pub fn may_refine(&self, id: OperationId) -> bool {
        self.0.get(&id).is_none_or(|part| part.is_refined)
    }

    /// Whether somebody made an id part of another.
    #[must_use]
    pub fn is_asked(&self, id: OperationId) -> bool {
        self.0.get(&id).is_some_and(|part| part.is_asked)
    }

    /// Notes a join of the collector's own, or its end. `false` when there are too many, or it would go in a circle.
    pub fn set(&mut self, id: OperationId, target: Option<OperationId>) -> bool {
        let Some(target) = target else {
            return self.0.remove(&id).is_some();
        };
        let is_new = !self.0.contains_key(&id);
        if self.head(target) == id || (is_new && self.0.len() >= ALIASES_MAX) {
            return false;
        }
        self.0.insert(id, Part { target, is_asked: false, is_refined: false });
        true
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

/// Joins of the collector's own that are settled together: each is asked about with those before it.
#[derive(Debug)]
pub struct Round {
    known: Aliases,
    made: Vec<Alias>,
    gone: Vec<OperationId>,
    now_ns: u64,
}

impl Round {
    /// On top of what is known.
    #[must_use]
    pub const fn new(known: Aliases, now_ns: u64) -> Self {
        Self { known, made: Vec::new(), gone: Vec::new(), now_ns }
    }

    /// Makes an id part of another, or of none. `false` where that changes nothing or may not be: somebody said
    /// otherwise, there are too many, or it would go in a circle.
    pub fn settle(&mut self, id: OperationId, target: Option<OperationId>, reason: &str) -> bool {
        let before = self.known.own(id);
        if self.known.is_asked(id) || before == target || !self.known.set(id, target) {
            return false;
        }
        self.gone.extend(before.map(|_| id));
        let since_ns = self.now_ns;
        self.made.extend(target.map(|target| Alias { id, target, reason: reason.to_owned(), since_ns }));
        true
    }

    /// Writes what was settled.
    ///
    /// # Errors
    /// When the store fails.
    pub fn finish(self, session: &mut dyn Session) -> Result<(), StoreError> {
        settle(session, &self.gone, &self.made)
    }
}

/// Aliases by their ids: those after one, and those of one target, where these are given; at most so many.
///
/// # Errors
/// When the store fails.
pub fn page(
    session: &mut dyn Session,
    after: Option<OperationId>,
    target: Option<OperationId>,
    limit: u32,
) -> Result<Vec<Alias>, StoreError> {
    let conditions = [("id > ", after), ("target = ", target)];
    let (mut sql, mut values) = (format!("SELECT {} FROM aliases", ALIASES.list()), Vec::new());
    for (condition, id) in conditions {
        if let Some(id) = id {
            values.push(rows::id_to(id));
            sql += if values.len() == 1 { " WHERE " } else { " AND " };
            sql += &format!("{condition}${}", values.len());
        }
    }
    sql += &format!(" ORDER BY id LIMIT {limit}");
    session.query(&sql, &values)?.into_iter().map(alias).collect()
}

fn alias(row: Row) -> Result<Alias, StoreError> {
    let mut columns = Columns::new("aliases", row);
    Ok(Alias {
        id: columns.read(rows::id_from)?,
        target: columns.read(rows::id_from)?,
        reason: columns.text()?,
        since_ns: columns.count()?,
    })
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
    session.put(&ALIASES, vec![row(alias)])?;
    Ok(true)
}

fn row(alias: &Alias) -> Row {
    vec![rows::id_to(alias.id), rows::id_to(alias.target), alias.reason.as_str().into(), alias.since_ns.into()]
}

/// Takes an id out of its family. `false` when it is in none. Where the collector had put it there, it does not
/// do so again.
///
/// # Errors
/// When the store fails.
pub fn remove(session: &mut dyn Session, id: OperationId, now_ns: u64) -> Result<bool, StoreError> {
    let known = Aliases::load(session)?;
    match known.0.get(&id) {
        None => return Ok(false),
        Some(part) if part.target == id => return Ok(false),
        Some(part) if part.is_asked => session.remove(&ALIASES, &[vec![rows::id_to(id)]])?,
        Some(_) => {
            let apart = Alias { id, target: id, reason: APART.to_owned(), since_ns: now_ns };
            session.put(&ALIASES, vec![row(&apart)])?;
        }
    }
    Ok(true)
}

/// Makes joins of the collector's own, and ends others. What somebody asked for in between stays.
///
/// # Errors
/// When the store fails.
fn settle(session: &mut dyn Session, gone: &[OperationId], made: &[Alias]) -> Result<(), StoreError> {
    for id in gone {
        let values = [rows::id_to(*id), ASKED.into(), APART.into()];
        session.run("DELETE FROM aliases WHERE id = $1 AND reason <> $2 AND reason <> $3", &values)?;
    }
    session.put_new(&ALIASES, made.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_ends() {
        let id = |n: u8| OperationId([n; 16]);
        let part = |from: u8, to: u8| (id(from), Part { target: id(to), is_asked: true, is_refined: false });
        let aliases = Aliases(HashMap::from([part(1, 2), part(2, 3), part(3, 1), part(5, 4)]));
        let _ = aliases.head(id(1));
        assert_eq!(aliases.family(id(5)), [id(4), id(5)]);
        assert_eq!(aliases.family(id(4)), [id(4), id(5)]);
        assert_eq!(aliases.family(id(9)), [id(9)]);
    }
}
