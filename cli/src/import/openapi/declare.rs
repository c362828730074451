//! Operations as APIs of a policy.
//!
//! An API declares each of its methods for each of its paths at each of its hosts. So that nothing is
//! declared that the document does not have, an API is made per group and method; what is served at
//! other hosts than the rest is an API of its own too. `--merge-methods` gives up the first.
//!
//! A template at a host with a method is one operation to the filter, whoever described it. Where two
//! operations of the document come down to the same, because their parameters only differ in name or
//! because what told them apart is no part of a template, the one that is expressed exactly has it.

use super::name::Names;
use super::notes::Notes;
use super::operation::{Described, Operation};
use super::write::Api;
use super::{Grouping, Options};
use ostiary_engine::config::read::Problems;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A template at a host with a method: what the filter tells operations by.
type Slot<'o> = (&'o str, String, &'o str);

/// One template of a group with a method, at the hosts where it is this group's.
struct Line<'o> {
    template: String,
    hosts: BTreeSet<&'o str>,
    operations: BTreeSet<usize>,
}

/// What is merged: a group at the same hosts.
type Together<'o> = (&'o str, Vec<&'o str>);

/// The lines of one template, by method.
type Row<'o> = Vec<(&'o str, Line<'o>)>;

/// An API in the making.
#[derive(Default)]
struct Draft<'o> {
    methods: BTreeSet<&'o str>,
    paths: BTreeSet<String>,
    operations: BTreeSet<usize>,
}

/// What tells an API: its group, its method unless methods are merged, its hosts.
type Key<'o> = (&'o str, Option<&'o str>, Vec<&'o str>);

/// The APIs that declare the operations.
pub fn apis(described: &Described, options: &Options, notes: &mut Notes, problems: &mut Problems) -> Vec<Api> {
    let operations = &described.operations;
    let (lines, slots) = lines(operations, options, notes, problems);
    let drafts = if options.merge_methods {
        merged(lines, slots, notes)
    } else {
        let mut drafts = BTreeMap::new();
        for ((group, method, _), line) in lines {
            single(&mut drafts, group, method, line);
        }
        drafts
    };
    let groups = operations.iter().map(|operation| operation.group.as_str());
    let mut names = Names::new(groups, options.prefix.as_deref());
    let mut apis = Vec::new();
    for ((group, method, hosts), draft) in drafts {
        let is_usual = hosts.iter().copied().eq(described.hosts.iter().map(String::as_str));
        let host = hosts.first().copied().filter(|_| !is_usual);
        // An operation's own name tells its method already.
        let method = method.filter(|_| options.group != Grouping::Operation);
        let members: Vec<&Operation> = draft.operations.iter().filter_map(|index| operations.get(*index)).collect();
        apis.push(Api {
            labels: labels(&members, group, names.group(group)),
            name: names.api(group, method, host),
            hosts: if hosts == ["*"] { Vec::new() } else { hosts.into_iter().map(str::to_owned).collect() },
            paths: draft.paths.into_iter().collect(),
            methods: draft.methods.into_iter().map(str::to_owned).collect(),
            owner: line_of(members.iter().filter_map(|member| member.facts.owner.as_deref())),
        });
    }
    apis.sort_by(|a, b| a.name.cmp(&b.name));
    apis
}

type Lines<'o> = BTreeMap<(&'o str, &'o str, String), Line<'o>>;

/// Gives each slot to one operation.
fn lines<'o>(
    operations: &'o [Operation],
    options: &Options,
    notes: &mut Notes,
    problems: &mut Problems,
) -> (Lines<'o>, HashMap<Slot<'o>, usize>) {
    let mut slots: HashMap<Slot<'o>, usize> = HashMap::new();
    let mut lines: Lines<'o> = BTreeMap::new();
    let numbered = || operations.iter().enumerate();
    let exact_first = numbered().filter(|(_, it)| !it.is_wider()).chain(numbered().filter(|(_, it)| it.is_wider()));
    for (index, operation) in exact_first {
        for place in operation.places.iter() {
            let shape = operation.shape.below(&place.base);
            let template = match shape.template() {
                Ok(template) => template,
                Err(why) => {
                    options.stands_in_the_way(&operation.title, why, notes, problems);
                    break;
                }
            };
            let key = shape.key();
            let slot = (place.host.as_str(), key.clone(), operation.method.as_str());
            let owner = *slots.entry(slot).or_insert(index);
            if let Some(other) = operations.get(owner).filter(|_| owner != index) {
                let message =
                    format!("its calls cannot be told from those of `{}`, in whose API they are", other.title);
                notes.say(&operation.title, message);
                continue;
            }
            let line = lines.entry((&operation.group, &operation.method, key)).or_insert_with(|| Line {
                template,
                hosts: BTreeSet::new(),
                operations: BTreeSet::new(),
            });
            line.hosts.insert(&place.host);
            line.operations.insert(index);
        }
    }
    (lines, slots)
}

fn single<'o>(drafts: &mut BTreeMap<Key<'o>, Draft<'o>>, group: &'o str, method: &'o str, line: Line<'o>) {
    let draft = drafts.entry((group, Some(method), line.hosts.into_iter().collect())).or_default();
    draft.methods.insert(method);
    draft.paths.insert(line.template);
    draft.operations.extend(line.operations);
}

/// One API per group and hosts, with the methods of all its paths, except for paths at which another
/// API has one of these methods.
fn merged<'o>(
    lines: Lines<'o>,
    mut slots: HashMap<Slot<'o>, usize>,
    notes: &mut Notes,
) -> BTreeMap<Key<'o>, Draft<'o>> {
    let mut rows: BTreeMap<Together<'o>, BTreeMap<String, Row<'o>>> = BTreeMap::new();
    for ((group, method, key), line) in lines {
        let hosts = line.hosts.iter().copied().collect();
        rows.entry((group, hosts)).or_default().entry(key).or_default().push((method, line));
    }
    let mut drafts = BTreeMap::new();
    for ((group, hosts), rows) in rows {
        let added = |key: &str, row: &Row<'o>, all: &BTreeSet<&'o str>| -> Vec<Slot<'o>> {
            let methods = all.iter().filter(|method| !row.iter().any(|(own, _)| own == *method));
            methods.flat_map(|method| hosts.iter().map(|host| (*host, key.to_owned(), *method))).collect()
        };
        let is_free =
            |slots: &HashMap<Slot<'o>, usize>, added: &[Slot<'o>]| !added.iter().any(|slot| slots.contains_key(slot));
        let all = methods(rows.values());
        // What cannot be merged brings no methods to the others.
        let all = methods(rows.iter().filter(|(key, row)| is_free(&slots, &added(key, row, &all))).map(|(_, row)| row));
        for (key, row) in rows {
            let added = added(&key, &row, &all);
            let is_whole = row.iter().all(|(method, _)| all.contains(method));
            if !is_whole || !is_free(&slots, &added) {
                row.into_iter().for_each(|(method, line)| single(&mut drafts, group, method, line));
                continue;
            }
            let template = row.first().map(|(_, line)| line.template.clone()).unwrap_or_default();
            for (_, _, method) in &added {
                let message = "these operations are declared without being in the document, because methods are merged";
                notes.gather(message, &format!("{method} {template}"));
            }
            slots.extend(added.into_iter().map(|slot| (slot, usize::MAX)));
            let draft: &mut Draft<'o> = drafts.entry((group, None, hosts.clone())).or_default();
            draft.methods.extend(&all);
            draft.paths.insert(template);
            draft.operations.extend(row.into_iter().flat_map(|(_, line)| line.operations));
        }
    }
    drafts
}

fn methods<'o: 'r, 'r>(rows: impl Iterator<Item = &'r Row<'o>>) -> BTreeSet<&'o str> {
    rows.flatten().map(|(method, _)| *method).collect()
}

/// What the operations of an API say that an inventory can use.
fn labels(members: &[&Operation], group: &str, name: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut put = |label: &str, value: Option<String>| {
        labels.extend(value.map(|value| (label.to_owned(), value)));
    };
    put("group", line_of([group].into_iter().filter(|group| *group != name)));
    let deprecated = members.iter().filter(|member| member.facts.is_deprecated).count();
    put(
        "deprecated",
        match deprecated {
            0 => None,
            count if count == members.len() => Some("yes".to_owned()),
            count => Some(format!("{count} of {}", members.len())),
        },
    );
    put("security", line_of(members.iter().flat_map(|member| &member.facts.security).map(String::as_str)));
    let asked: BTreeSet<&String> = members.iter().flat_map(|member| member.facts.labels.keys()).collect();
    for label in asked {
        put(label, line_of(members.iter().filter_map(|member| member.facts.labels.get(label)).map(String::as_str)));
    }
    labels
}

/// Different texts as one line, as a policy takes it; none when there is nothing to say.
fn line_of<'t>(texts: impl Iterator<Item = &'t str>) -> Option<String> {
    const CHARS_MAX: usize = 256;
    let texts: BTreeSet<&str> = texts.map(str::trim).filter(|text| !text.is_empty()).collect();
    let line = texts.into_iter().collect::<Vec<_>>().join(", ").replace(char::is_control, " ");
    match line.char_indices().nth(CHARS_MAX) {
        Some(_) => Some(line.chars().take(CHARS_MAX - 1).chain(['…']).collect()),
        None => Some(line).filter(|line| !line.is_empty()),
    }
}
