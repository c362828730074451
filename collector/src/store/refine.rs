//! Templates that many calls refine become families: what was counted under `/users/ann` and `/users/bob` is
//! part of `/users/{…}`, by aliases as any join is, so nothing is rewritten and each can be taken back.
//!
//! It is asked again when something appeared that nobody declares, at most once a minute, of all that is known.
//! Later rounds join more; what was joined stays joined.

use std::collections::{BTreeMap, HashSet};

use ostiary_engine::catalog::OperationId as EngineId;

use crate::clock::SECOND_NS;
use crate::facts::{Operation, OperationId};
use crate::sketch::ONE;
use crate::store::StoreError;
use crate::store::aliases::{Aliases, REFINED, Round};
use crate::store::families::{self, Known};
use crate::store::rows::{self, OPERATIONS, OperationRow};
use crate::store::sql::Session;
use crate::sums::Sums;
use crate::templates::Tree;

/// Time between two rounds.
const EVERY_NS: u64 = 60 * SECOND_NS;

/// When templates were refined last, and whether something appeared since.
#[derive(Debug, Default)]
pub struct Refining {
    is_due: bool,
    done_ns: u64,
}

/// Operations that may have a template in common: environment, direction, host, protocol.
type Group = [String; 4];

/// What is called, by groups, each with how often.
type Groups = BTreeMap<Group, Vec<(Operation, u64)>>;

// === impl Refining ===

impl Refining {
    /// Notes that operations appeared.
    pub const fn note(&mut self, appeared: bool) {
        self.is_due |= appeared;
    }

    /// Joins what belongs together by now, if it is time.
    ///
    /// # Errors
    /// When the store fails.
    pub fn round(&mut self, session: &mut dyn Session, now_ns: u64) -> Result<(), StoreError> {
        let waits = self.done_ns > 0 && now_ns.saturating_sub(self.done_ns) < EVERY_NS && now_ns >= self.done_ns;
        if !self.is_due || waits {
            return Ok(());
        }
        join(session, now_ns)?;
        (self.is_due, self.done_ns) = (false, now_ns);
        Ok(())
    }
}

fn join(session: &mut dyn Session, now_ns: u64) -> Result<(), StoreError> {
    let before = Aliases::load(session)?;
    let mut round = Round::new(before.clone(), now_ns);
    let mut heads = BTreeMap::new();
    let (groups, known) = undeclared(session)?;
    for operations in groups.into_values() {
        let mut tree = Tree::default();
        for (operation, calls) in &operations {
            tree.add(&operation.template, *calls);
        }
        tree.refine();
        for (operation, _) in operations {
            let id = operation.id;
            let refined = tree.template(&operation.template).filter(|template| *template != operation.template);
            let Some(template) = refined else { continue };
            let head = headed(operation, template);
            // What a policy or somebody joined is not ours; what would be its own head is none.
            if before.may_refine(id) && round.settle(id, Some(head.id), REFINED) {
                heads.insert(head.id, head);
            }
        }
    }
    let new = heads.into_values().filter(|head| !known.contains(&head.id));
    let row = |operation| {
        let row = OperationRow { operation, described_ns: now_ns, sums: Sums::default() };
        rows::operation_to(&row, session.writer())
    };
    let new: Vec<_> = new.map(row).collect();
    session.put(&OPERATIONS, new)?;
    round.finish(session)
}

/// The operation of a refined template.
fn headed(operation: Operation, template: String) -> Operation {
    let Operation { environment, direction, host, protocol, method, name, .. } = &operation;
    let name = Some(name.as_str()).filter(|name| !name.is_empty());
    let id = EngineId::of([environment, direction, host, protocol, method, &template], name);
    Operation { id: OperationId(id.bytes()), template, ..operation }
}

/// What nobody declares, by groups, each with how often it was called; and the ids of all operations.
fn undeclared(session: &mut dyn Session) -> Result<(Groups, HashSet<OperationId>), StoreError> {
    let all = families::described(session, true)?;
    let ids = all.iter().map(|known| known.operation.id).collect();
    let mut groups = Groups::new();
    for Known { operation, weight, .. } in all {
        // Names of methods are no paths.
        if operation.declared || operation.id == OperationId::OTHER || operation.protocol == "grpc" {
            continue;
        }
        let Operation { environment, direction, host, protocol, .. } = &operation;
        let group = [environment, direction, host, protocol].map(Clone::clone);
        groups.entry(group).or_default().push((operation, weight / ONE));
    }
    Ok((groups, ids))
}
