//! Operations, what was found in their answers, and the rules that hit them.

use std::collections::{BTreeMap, HashMap};

use crate::clock::SECOND_NS;
use crate::facts::{NOTED, Operation, OperationId, Rule};
use crate::fold::Hits;
use crate::store::aliases::Aliases;
use crate::store::rows::{self, DATA_TYPES, DESCRIPTION, OPERATIONS, OperationRow, RULES};
use crate::store::sql::{Columns, Row, Session};
use crate::store::{DataTypeItem, OperationItem, OperationsQuery, RuleItem, Sort, SortKey, State, StoreError};

/// How many of the operations that a rule hit most are told.
const TOP: usize = 5;

/// How many data types of an operation are told.
const DATA_TYPES_TOLD: usize = 1000;

/// How long after a policy's last word what others say of an operation is not taken for its end: proxies of one
/// fleet have policies of their own.
const DECLARED_FOR_NS: u64 = 24 * 3600 * SECOND_NS;

/// The latest that the members of a family say: what a policy declares, and anything.
#[derive(Debug, Default)]
struct Description {
    declared: Option<(u64, Operation)>,
    any: Option<(bool, u64, Operation)>,
}

/// What an inventory is sorted and filtered by, merged over a family.
#[derive(Debug, Default)]
struct Light {
    operation: Operation,
    description: Description,
    weight: u64,
    first_ns: u64,
    last_ns: u64,
    success_ns: u64,
    p99_ns: u64,
    rows: u64,
    /// The members that have rows, and whether they speak for the family.
    ids: Vec<(OperationId, bool)>,
}

pub(super) fn page(session: &mut dyn Session, query: &OperationsQuery) -> Result<Vec<OperationItem>, StoreError> {
    let aliases = Aliases::load(session)?;
    let mut families = families(session, &aliases)?;
    families.retain(|_, light| wanted(light, query));
    if query.sort == Sort::P99 {
        merge_p99(session, &mut families)?;
    }
    let mut order: Vec<(SortKey, OperationId)> =
        families.iter().map(|(id, light)| (key(light, query.sort), *id)).collect();
    order.sort_unstable();
    if query.descending {
        order.reverse();
    }
    if let Some(after) = &query.after {
        order.retain(|place| if query.descending { place < after } else { place > after });
    }
    order.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    let ids: Vec<OperationId> = order.into_iter().map(|(_, id)| id).collect();
    full(session, &ids, &families)
}

pub(super) fn one(session: &mut dyn Session, id: OperationId) -> Result<Option<OperationItem>, StoreError> {
    let aliases = Aliases::load(session)?;
    let head = aliases.head(id);
    let ids = aliases.family(id).into_iter().map(|id| (id, aliases.speaks(id))).collect();
    let light = Light { ids, ..Light::default() };
    Ok(full(session, &[head], &HashMap::from([(head, light)]))?.into_iter().next())
}

fn families(session: &mut dyn Session, aliases: &Aliases) -> Result<HashMap<OperationId, Light>, StoreError> {
    let sql = format!(
        "SELECT id, {DESCRIPTION}, described_ns, weight, first_ns, last_ns, success_ns, p99_ns FROM operations"
    );
    let mut families: HashMap<OperationId, Light> = HashMap::new();
    for row in session.query(&sql, &[])? {
        let mut columns = Columns::new("operations", row);
        let id = columns.read(rows::id_from)?;
        let operation = rows::description_from(&mut columns, id)?;
        let head = aliases.head(operation.id);
        let light = families.entry(head).or_default();
        let speaks = aliases.speaks(operation.id);
        light.ids.push((operation.id, speaks));
        light.rows = light.rows.saturating_add(1);
        let described_ns = columns.count()?;
        light.description.hear(speaks, operation, described_ns);
        light.weight = light.weight.saturating_add(columns.count()?);
        let first_ns = columns.count()?;
        light.first_ns = if light.first_ns == 0 { first_ns } else { light.first_ns.min(first_ns) };
        light.last_ns = light.last_ns.max(columns.count()?);
        light.success_ns = light.success_ns.max(columns.count()?);
        light.p99_ns = light.p99_ns.max(columns.count()?);
    }
    for light in families.values_mut() {
        light.operation = std::mem::take(&mut light.description).told().1;
    }
    Ok(families)
}

// === impl Description ===

impl Description {
    /// Notes what a member says of itself.
    fn hear(&mut self, speaks: bool, operation: Operation, at_ns: u64) {
        if operation.declared && speaks {
            let new = Some((at_ns, operation));
            self.declared = self.declared.take().max(new);
        } else {
            let new = Some((speaks, at_ns, operation));
            self.any = self.any.take().max(new);
        }
    }

    /// What is told, and since when: what a policy declares, while one does.
    fn told(self) -> (u64, Operation) {
        match (self.declared, self.any) {
            (Some((declared_ns, operation)), Some((speaks, any_ns, any))) => {
                let is_over = speaks && any_ns > declared_ns.saturating_add(DECLARED_FOR_NS);
                if is_over { (any_ns, any) } else { (declared_ns, operation) }
            }
            (Some(declared), None) => declared,
            (None, any) => any.map(|(_, at_ns, operation)| (at_ns, operation)).unwrap_or_default(),
        }
    }
}

fn wanted(light: &Light, query: &OperationsQuery) -> bool {
    let operation = &light.operation;
    let is = |wanted: &Option<String>, given: &str| wanted.as_ref().is_none_or(|wanted| wanted == given);
    let is_hidden = light.success_ns == 0 && !operation.declared && operation.id != OperationId::OTHER;
    let holds = |text: &str| {
        [&operation.host, &operation.template, &operation.name, &operation.api]
            .into_iter()
            .any(|given| given.to_ascii_lowercase().contains(text))
    };
    let in_state = match query.state {
        State::Present => !is_hidden,
        State::NeverSucceeded => is_hidden,
        State::All => true,
    };
    in_state
        && is(&query.api, &operation.api)
        && is(&query.host, &operation.host)
        && is(&query.method, &operation.method)
        && query.declared.is_none_or(|declared| declared == operation.declared)
        && query.text.as_ref().is_none_or(|text| holds(&text.to_ascii_lowercase()))
}

fn key(light: &Light, sort: Sort) -> SortKey {
    match sort {
        Sort::Calls => SortKey::Number(light.weight),
        Sort::LastSeen => SortKey::Number(light.last_ns),
        Sort::FirstSeen => SortKey::Number(light.first_ns),
        Sort::P99 => SortKey::Number(light.p99_ns),
        Sort::Template => SortKey::Text(light.operation.template.clone()),
    }
}

/// A quantile of several rows is that of their merged sketches, and of one it stands beside it.
fn merge_p99(session: &mut dyn Session, families: &mut HashMap<OperationId, Light>) -> Result<(), StoreError> {
    for light in families.values_mut().filter(|light| light.rows > 1) {
        let ids: Vec<OperationId> = light.ids.iter().map(|(id, _)| *id).collect();
        let row = merged(session, &ids)?;
        light.p99_ns = row.sums.latency.quantile(990).unwrap_or(0);
    }
    Ok(())
}

fn merged(session: &mut dyn Session, ids: &[OperationId]) -> Result<OperationRow, StoreError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let keys: Vec<Row> = ids.iter().map(|id| vec![rows::id_to(*id)]).collect();
    let mut merged = OperationRow::default();
    for row in session.get(&OPERATIONS, &keys)? {
        merged.merge(&rows::operation_from(row)?);
    }
    Ok(merged)
}

/// The whole of some families, in the order that is given.
fn full(
    session: &mut dyn Session,
    heads: &[OperationId],
    families: &HashMap<OperationId, Light>,
) -> Result<Vec<OperationItem>, StoreError> {
    let members: HashMap<OperationId, (OperationId, bool)> = heads
        .iter()
        .flat_map(|head| {
            families
                .get(head)
                .into_iter()
                .flat_map(move |light| light.ids.iter().map(move |(id, speaks)| (*id, (*head, *speaks))))
        })
        .collect();
    let mut ids: Vec<OperationId> = members.keys().copied().collect();
    ids.sort_unstable();
    let keys: Vec<Row> = ids.iter().map(|id| vec![rows::id_to(*id)]).collect();
    let mut items: HashMap<OperationId, (Description, OperationItem)> = HashMap::new();
    for row in session.get(&OPERATIONS, &keys)? {
        let row = rows::operation_from(row)?;
        let Some((head, speaks)) = members.get(&row.operation.id).copied() else {
            continue;
        };
        let (description, item) = items.entry(head).or_default();
        item.also.push(row.operation.id);
        description.hear(speaks, row.operation, row.described_ns);
        item.row.sums.merge(&row.sums);
    }
    let items = heads.iter().filter_map(|head| {
        let (description, mut item) = items.remove(head)?;
        (item.row.described_ns, item.row.operation) = description.told();
        item.row.operation.id = *head;
        item.also.sort_unstable();
        item.also.dedup();
        item.also.retain(|id| id != head);
        Some(item)
    });
    Ok(items.collect())
}

pub(super) fn data_types(session: &mut dyn Session, id: OperationId) -> Result<Vec<DataTypeItem>, StoreError> {
    let family = Aliases::load(session)?.family(id);
    let keys: Vec<Row> = family.into_iter().map(|id| vec![rows::id_to(id)]).collect();
    let mut types: BTreeMap<String, Hits> = BTreeMap::new();
    for row in session.get(&DATA_TYPES, &keys)? {
        let (key, hits) = rows::hits_from(&DATA_TYPES, row)?;
        let mut columns = Columns::new("data_types", key);
        let _operation = columns.read(rows::id_from)?;
        types.entry(columns.text()?).or_default().merge(&hits);
    }
    let mut items: Vec<DataTypeItem> = types.into_iter().map(|(name, hits)| DataTypeItem { name, hits }).collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.hits.weight));
    // Notes come in greater numbers, and must not push out what was found.
    let (mut notes, mut found): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.name.starts_with(NOTED));
    notes.truncate(DATA_TYPES_TOLD);
    found.truncate(DATA_TYPES_TOLD);
    found.append(&mut notes);
    Ok(found)
}

pub(super) fn rules(session: &mut dyn Session, limit: u32) -> Result<Vec<RuleItem>, StoreError> {
    let aliases = Aliases::load(session)?;
    let mut rules: HashMap<Rule, (Hits, HashMap<OperationId, Hits>)> = HashMap::new();
    for row in session.query(&format!("SELECT {} FROM rules", RULES.list()), &[])? {
        let mut columns = Columns::new("rules", row);
        let (name, refusal, origin) = (columns.text()?, columns.text()?, columns.text()?);
        let rule = Rule { name, refusal, origin, would_be: columns.flag()? };
        let operation = aliases.head(columns.read(rows::id_from)?);
        let _writer = columns.count()?;
        let hits = Hits { records: columns.count()?, weight: columns.count()?, last_ns: columns.count()? };
        let (all, by_operation) = rules.entry(rule).or_default();
        all.merge(&hits);
        by_operation.entry(operation).or_default().merge(&hits);
    }
    let mut items: Vec<RuleItem> = rules
        .into_iter()
        .map(|(rule, (hits, by_operation))| {
            let mut top: Vec<(OperationId, Hits)> = by_operation.into_iter().collect();
            top.sort_unstable_by_key(|(id, hits)| (std::cmp::Reverse(hits.weight), *id));
            top.truncate(TOP);
            RuleItem { rule, hits, top }
        })
        .collect();
    items.sort_unstable_by(|one, other| (other.hits.weight, &one.rule).cmp(&(one.hits.weight, &other.rule)));
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(items)
}
