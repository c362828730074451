//! Operations, their series, and the rules that hit them.

use std::collections::{BTreeMap, HashMap};

use crate::clock::SECOND_NS;
use crate::facts::{Operation, OperationId, Rule, Vantage};
use crate::fold::Hits;
use crate::store::aliases::Aliases;
use crate::store::rows::{self, CELLS, DATA_TYPES, DESCRIPTION, OPERATIONS, OperationRow, RULES};
use crate::store::sql::{Columns, Row, Session};
use crate::store::{DataTypeItem, OperationItem, OperationsQuery, Point, RuleItem, Sort, SortKey, State, StoreError};
use crate::sums::Sums;

/// How many of the operations that a rule hit most are told.
const TOP: usize = 5;

/// How many data types of an operation are told.
const DATA_TYPES_TOLD: usize = 1000;

/// Minutes of each level's start.
const MINUTES: [u64; 3] = [1, 60, 1440];

/// What an inventory is sorted and filtered by, merged over a family.
#[derive(Debug, Default)]
struct Light {
    operation: Operation,
    described_ns: u64,
    weight: u64,
    first_ns: u64,
    last_ns: u64,
    success_ns: u64,
    p99_ns: u64,
    rows: u64,
    ids: Vec<OperationId>,
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
    let family = Aliases::load(session)?.family(id);
    let head = family.first().copied().unwrap_or(id);
    let light = Light { ids: family, ..Light::default() };
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
        light.ids.push(operation.id);
        light.rows = light.rows.saturating_add(1);
        let described_ns = columns.count()?;
        light.describe(head, operation, described_ns);
        light.weight = light.weight.saturating_add(columns.count()?);
        let first_ns = columns.count()?;
        light.first_ns = if light.first_ns == 0 { first_ns } else { light.first_ns.min(first_ns) };
        light.last_ns = light.last_ns.max(columns.count()?);
        light.success_ns = light.success_ns.max(columns.count()?);
        light.p99_ns = light.p99_ns.max(columns.count()?);
    }
    Ok(families)
}

impl Light {
    /// A family is described by its head, and where that was never seen itself by its latest member.
    fn describe(&mut self, head: OperationId, operation: Operation, described_ns: u64) {
        let rank = |id: OperationId, at: u64| (id == head, at);
        let (new, known) = (rank(operation.id, described_ns), rank(self.operation.id, self.described_ns));
        if self.described_ns == 0 || (new, &operation) > (known, &self.operation) {
            (self.operation, self.described_ns) = (operation, described_ns);
        }
    }
}

fn wanted(light: &Light, query: &OperationsQuery) -> bool {
    let operation = &light.operation;
    let is = |wanted: &Option<String>, given: &str| wanted.as_ref().is_none_or(|wanted| wanted == given);
    let is_hidden = light.success_ns == 0 && !operation.declared && operation.id != OperationId::OTHER;
    let holds = |text: &str| {
        [&operation.host, &operation.template, &operation.api]
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
        let row = merged(session, &light.ids)?;
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
    let members: HashMap<OperationId, OperationId> = heads
        .iter()
        .flat_map(|head| {
            families.get(head).into_iter().flat_map(move |light| light.ids.iter().map(move |id| (*id, *head)))
        })
        .collect();
    let mut ids: Vec<OperationId> = members.keys().copied().collect();
    ids.sort_unstable();
    let keys: Vec<Row> = ids.iter().map(|id| vec![rows::id_to(*id)]).collect();
    let mut items: HashMap<OperationId, (Light, OperationItem)> = HashMap::new();
    for row in session.get(&OPERATIONS, &keys)? {
        let row = rows::operation_from(row)?;
        let Some(head) = members.get(&row.operation.id).copied() else {
            continue;
        };
        let (light, item) = items.entry(head).or_default();
        light.describe(head, row.operation.clone(), row.described_ns);
        item.also.push(row.operation.id);
        item.row.sums.merge(&row.sums);
    }
    let items = heads.iter().filter_map(|head| {
        let (light, mut item) = items.remove(head)?;
        (item.row.operation, item.row.described_ns) = (light.operation, light.described_ns);
        item.row.operation.id = *head;
        item.also.sort_unstable();
        item.also.dedup();
        item.also.retain(|id| id != head);
        Some(item)
    });
    Ok(items.collect())
}

pub(super) fn series(
    session: &mut dyn Session,
    id: OperationId,
    level: u64,
    from_ns: u64,
    to_ns: u64,
) -> Result<Vec<Point>, StoreError> {
    let family = Aliases::load(session)?.family(id);
    let minutes = |level: u64| MINUTES.get(usize::try_from(level).unwrap_or(2)).copied().unwrap_or(1440);
    let unit = minutes(level);
    let (from, to) = (from_ns / (60 * SECOND_NS) / unit * unit, to_ns / (60 * SECOND_NS) / unit * unit);
    let mut points: BTreeMap<(u64, Vantage), Sums> = BTreeMap::new();
    // What is young lies on the lower levels, and belongs to the same hour or day.
    for lower in 0..=level {
        let step = minutes(lower);
        let end = to.saturating_add(unit).saturating_sub(1) / step;
        let Some((oldest, latest)) = ends(session, lower)? else {
            continue;
        };
        let starts = (from / step).max(oldest)..=end.min(latest);
        let keys: Vec<Row> = starts
            .flat_map(|start| family.iter().map(move |id| vec![lower.into(), start.into(), rows::id_to(*id)]))
            .collect();
        for row in session.get(&CELLS, &keys)? {
            let mut columns = Columns::new("cells", row);
            let (_level, start) = (columns.count()?, columns.count()?);
            let _operation = columns.read(rows::id_from)?;
            let vantage = columns.one_of(&Vantage::ALL)?;
            let _writer = columns.count()?;
            let start = start.saturating_mul(step) / unit * unit;
            points.entry((start, vantage)).or_default().merge(&columns.read(Sums::from_bytes)?);
        }
    }
    let point = |((start, vantage), sums): ((u64, Vantage), Sums)| Point {
        start_ns: start.saturating_mul(60 * SECOND_NS),
        vantage,
        sums,
    };
    Ok(points.into_iter().map(point).collect())
}

/// The first and the last start of a level, so that no start is asked for that cannot be there.
fn ends(session: &mut dyn Session, level: u64) -> Result<Option<(u64, u64)>, StoreError> {
    let mut end = |order: &str| {
        let sql = format!("SELECT start FROM cells WHERE level = $1 ORDER BY level {order}, start {order} LIMIT 1");
        let found = session.query(&sql, &[level.into()])?;
        found.into_iter().next().map(|row| Columns::new("cells", row).count()).transpose()
    };
    Ok(end("ASC")?.zip(end("DESC")?))
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
    items.truncate(DATA_TYPES_TOLD);
    Ok(items)
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
