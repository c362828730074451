//! The operations of a document: its paths and their methods, with what a policy can use of them.

use super::facts::{Facts, Sources};
use super::notes::Notes;
use super::server::{Place, Reader};
use super::shape::{Shape, names_a_slash};
use super::source::{Layers, Version, layers, scalar, version};
use super::{Grouping, Options};
use ostiary_engine::catalog::ENTRIES_MAX;
use ostiary_engine::config::read::Problems;
use ostiary_engine::config::types::{MethodPattern, Pattern};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::rc::Rc;

type Object = Map<String, Value>;

/// Methods that a path item has a key for.
const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// The other keys of a path item.
const OTHER_KEYS: [&str; 5] = ["$ref", "summary", "description", "servers", "parameters"];

/// Operations by other methods: OpenAPI 3.2, and the registered extension for documents before it.
const MORE_METHODS: [&str; 2] = ["additionalOperations", "x-oai-additionalOperations"];

/// API Gateway's operation for all methods that a path does not name.
const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// What stands for [`ANY_METHOD`]: the methods that API Gateway has.
const ANY_METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// An operation as a document has it.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `GET /orders/{id}`: how messages name it.
    pub title: String,
    /// The method in upper case.
    pub method: String,
    /// Its path.
    pub shape: Shape,
    /// Where it is served.
    pub places: Rc<Vec<Place>>,
    /// What its group is called in the document.
    pub group: String,
    /// What an inventory can use.
    pub facts: Facts,
}

impl Operation {
    /// Whether its template takes more than its path.
    pub fn is_wider(&self) -> bool {
        self.shape.is_wider() || self.places.iter().any(|place| place.base.is_wider())
    }
}

/// What a document describes.
#[derive(Debug, Default)]
pub struct Described {
    /// Its operations, by path and method.
    pub operations: Vec<Operation>,
    /// The hosts of the document's first server and of those with the same base path.
    pub hosts: BTreeSet<String>,
}

/// What a document describes; nothing where it is none that is read.
pub fn all(document: &Value, options: &Options, notes: &mut Notes, problems: &mut Problems) -> Described {
    let version = match version(document) {
        Ok(version) => version,
        Err(why) => {
            problems.push("", why);
            return Described::default();
        }
    };
    let none = Object::new();
    let object = |key: &str| document.get(key).and_then(Value::as_object).unwrap_or(&none);
    let places = Rc::new(root_places(document, version, options, notes, problems));
    let base = places.first().map(|place| place.base.clone());
    let hosts = places.iter().filter(|place| Some(&place.base) == base.as_ref()).map(|place| place.host.clone());
    let hosts = hosts.collect();
    let mut walk = Walk {
        document,
        options,
        places,
        facts: Sources::of(document, version),
        title: object("info").get("title").and_then(scalar).unwrap_or_default(),
        ids: BTreeSet::new(),
        count: 0,
        notes,
        problems,
        operations: Vec::new(),
    };
    let mut paths: Vec<(&String, &Value)> =
        object("paths").iter().filter(|(path, _)| !path.starts_with("x-")).collect();
    paths.sort_by_key(|(path, _)| *path);
    for (path, item) in paths {
        walk.item(path, item);
    }
    let Walk { operations, count, .. } = walk;
    if count > ENTRIES_MAX {
        problems.push("paths", format!("{count} operations (at all their servers), at most {ENTRIES_MAX} are taken"));
        return Described::default();
    }
    if !object("webhooks").is_empty() {
        notes.say("webhooks", "they are calls that the API makes, not calls to it: none is declared");
    }
    Described { operations, hosts }
}

fn root_places(
    document: &Value,
    version: Version,
    options: &Options,
    notes: &mut Notes,
    problems: &mut Problems,
) -> Vec<Place> {
    let mut reader = Reader { at: String::new(), notes, problems };
    let mut places = Vec::new();
    let none = Object::new();
    if !options.servers.is_empty() {
        reader.at = "--server".to_owned();
        for url in &options.servers {
            reader.server(url, &none, &mut places);
        }
        return places;
    }
    match version {
        Version::Two => {
            let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
            let base = text("basePath");
            let slash = if base.is_empty() || base.starts_with('/') { "" } else { "/" };
            let host = if text("host").is_empty() { String::new() } else { format!("//{}", text("host")) };
            reader.at = "host, basePath".to_owned();
            reader.server(&format!("{host}{slash}{base}"), &none, &mut places);
        }
        Version::Three => {
            places = reader.servers(document.get("servers").and_then(Value::as_array).map_or(&[][..], |list| list));
            let is_absent = document.get("servers").and_then(Value::as_array).is_none_or(Vec::is_empty);
            if is_absent {
                reader.server("/", &none, &mut places);
            }
        }
    }
    places
}

struct Walk<'d, 'n> {
    document: &'d Value,
    options: &'d Options,
    places: Rc<Vec<Place>>,
    facts: Sources<'d>,
    title: String,
    ids: BTreeSet<String>,
    count: usize,
    notes: &'n mut Notes,
    problems: &'n mut Problems,
    operations: Vec<Operation>,
}

/// What the operations of one path have in common.
struct Item<'d> {
    path: &'d str,
    layers: Layers<'d>,
    places: Rc<Vec<Place>>,
}

impl<'d> Walk<'d, '_> {
    fn item(&mut self, path: &'d str, value: &'d Value) {
        let Some(object) = value.as_object() else {
            if value.is_null() {
                self.notes.gather("these paths have no operation", path);
            } else {
                self.problems.push(path, "a path item is an object");
            }
            return;
        };
        let layers = match layers(self.document, object) {
            Ok(layers) => layers,
            Err(why) => return self.problems.push(path, why),
        };
        if let Some(reference) = layers.elsewhere {
            let message =
                format!("`{reference}` is not in the document: operations there are not declared, bundle it first");
            self.notes.say(path, message);
        }
        let list = layers.list.iter().find_map(|layer| layer.get("servers"));
        let places = self.own_places(list, path).unwrap_or_else(|| Rc::clone(&self.places));
        let item = Item { path, layers, places };
        let mut methods = BTreeMap::new();
        for layer in &item.layers.list {
            self.methods(path, layer, &mut methods);
        }
        let any = item.layers.list.iter().find_map(|layer| layer.get(ANY_METHOD));
        for method in ANY_METHODS.iter().filter(|_| any.is_some()) {
            methods.entry((*method).to_owned()).or_insert_with(|| any.unwrap_or(&Value::Null));
        }
        if methods.is_empty() && item.layers.elsewhere.is_none() {
            self.notes.gather("these paths have no operation", path);
        }
        for (method, operation) in methods {
            self.operation(&item, method, operation);
        }
    }

    /// The methods of one layer of a path item, unless a nearer layer has them.
    fn methods(&mut self, path: &str, layer: &'d Object, methods: &mut BTreeMap<String, &'d Value>) {
        let more = MORE_METHODS.iter().filter_map(|key| layer.get(*key)).filter_map(Value::as_object).flatten();
        let known = layer.iter().filter(|(key, _)| METHODS.contains(&key.as_str()));
        let known = known.map(|(key, operation)| (key.to_ascii_uppercase(), operation));
        for (method, operation) in known.chain(more.map(|(key, operation)| (key.clone(), operation))) {
            if !MethodPattern::is_match(&method) {
                self.problems.push(path, format!("`{method}` is no method: write it in upper case"));
                continue;
            }
            match methods.entry(method) {
                Entry::Occupied(entry) => {
                    let message = format!("{} is described twice: what stands nearest holds", entry.key());
                    self.notes.say(path, message);
                }
                Entry::Vacant(entry) => {
                    entry.insert(operation);
                }
            }
        }
        for key in layer.keys() {
            let known = METHODS.contains(&key.as_str()) || OTHER_KEYS.contains(&key.as_str());
            if !known && !key.starts_with("x-") && !MORE_METHODS.contains(&key.as_str()) {
                self.notes.say(path, format!("`{key}` is not read: no method is written so"));
            }
        }
    }

    /// The places of a list of servers that stands at a path or an operation; none when it is empty or not there.
    fn own_places(&mut self, servers: Option<&Value>, at: &str) -> Option<Rc<Vec<Place>>> {
        let list = servers.and_then(Value::as_array).filter(|list| !list.is_empty())?;
        if !self.options.servers.is_empty() {
            return None;
        }
        let mut reader = Reader { at: format!("{at}: "), notes: self.notes, problems: self.problems };
        Some(Rc::new(reader.servers(list)))
    }

    fn operation(&mut self, item: &Item<'d>, method: String, value: &'d Value) {
        let title = format!("{method} {}", item.path);
        let Some(operation) = value.as_object() else {
            return self.problems.push(title, "an operation is an object");
        };
        let Some(shape) = self.shape(item, operation, &title) else { return };
        let places = self.own_places(operation.get("servers"), &title).unwrap_or_else(|| Rc::clone(&item.places));
        self.count += places.len();
        if self.count > ENTRIES_MAX {
            return;
        }
        if operation.get("callbacks").is_some() {
            self.notes.gather("callbacks are calls that the API makes, not calls to it: none is declared", &title);
        }
        let tagged = operation.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(scalar);
        let tagged: Vec<String> = tagged.collect();
        if tagged.len() > 1 && self.options.group == Grouping::Tag {
            self.notes.gather("of several tags the first makes the API", &title);
        }
        let made = Operation {
            group: self.group(tagged.first(), operation, &shape, &title),
            facts: self.facts.facts(operation, &item.layers.list, tagged.first(), &self.options.labels),
            title,
            method,
            shape,
            places,
        };
        self.operations.push(made);
    }

    fn shape(&mut self, item: &Item<'d>, operation: &'d Object, title: &str) -> Option<Shape> {
        let parameters = self.parameters(item, operation, title);
        let spans = |name: &str| {
            let pattern = parameters.get(name).and_then(|parameter| {
                let schema = parameter.get("schema").unwrap_or(&Value::Null);
                parameter.get("pattern").or_else(|| schema.get("pattern"))?.as_str()
            });
            pattern.is_some_and(names_a_slash)
        };
        let shaped = match Shape::of(item.path, &spans) {
            Ok(shaped) => shaped,
            Err(why) => {
                self.options.stands_in_the_way(item.path, why, self.notes, self.problems);
                return None;
            }
        };
        for note in shaped.notes {
            self.notes.say(item.path, note);
        }
        if shaped.shape.ends_with_slash() {
            self.notes.gather("unless the policy says otherwise a slash at the end does not count: the path without it is declared too", item.path);
        }
        let is_matrix = |parameter: &Object| parameter.get("style").and_then(Value::as_str) == Some("matrix");
        if parameters.values().any(|parameter| is_matrix(parameter)) || item.path.contains("{;") {
            let message = "requests for it hold a `;`: while a policy refuses those as ambiguous, none reaches it";
            self.notes.say(item.path, message);
        }
        if item.path == "/$default" && item.layers.list.iter().any(|layer| layer.contains_key(ANY_METHOD)) {
            self.notes.say(item.path, "API Gateway's default route is written `/**`");
            return Some(shaped.shape.widened_to_all());
        }
        Some(shaped.shape)
    }

    /// The path parameters of an operation, by name.
    fn parameters(&mut self, item: &Item<'d>, operation: &'d Object, title: &str) -> BTreeMap<&'d str, &'d Object> {
        let mut all = BTreeMap::new();
        let levels = item.layers.list.iter().rev().copied().chain([operation]);
        for parameter in levels.filter_map(|level| level.get("parameters")?.as_array()).flatten() {
            let Some(object) = parameter.as_object() else { continue };
            match layers(self.document, object) {
                Ok(layers) => {
                    let Some(described) = layers.list.last() else { continue };
                    let text = |key: &str| described.get(key).and_then(Value::as_str);
                    if let (Some("path"), Some(name)) = (text("in"), text("name")) {
                        all.insert(name, *described);
                    }
                    if let Some(reference) = layers.elsewhere {
                        self.notes.say(
                            title,
                            format!("the parameter `{reference}` is not in the document: taken for a plain one"),
                        );
                    }
                }
                Err(why) => self.notes.say(title, format!("a parameter is not read: {why}")),
            }
        }
        all
    }

    fn group(&mut self, tag: Option<&String>, operation: &Object, shape: &Shape, title: &str) -> String {
        let by_path = || shape.subject().unwrap_or("root").to_owned();
        match self.options.group {
            Grouping::Tag => tag.filter(|tag| !tag.is_empty()).cloned().unwrap_or_else(by_path),
            Grouping::Path => by_path(),
            Grouping::One => self.title.clone(),
            Grouping::Operation => match operation.get("operationId").and_then(scalar).filter(|id| !id.is_empty()) {
                Some(id) if self.ids.insert(id.clone()) => id,
                Some(id) => {
                    self.notes
                        .say(title, format!("its operationId `{id}` is another's too: its API is named by its path"));
                    title.to_owned()
                }
                None => title.to_owned(),
            },
        }
    }
}
