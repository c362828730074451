//! GraphQL over HTTP: what a request executes, and what that asks for.
//!
//! Requests come as JSON (`application/json`, `application/graphql+json`), alone or as a list, as a bare document
//! (`application/graphql`), or in the query of a GET. A persisted document is known by its hash or its id only:
//! what it selects is known to the server alone.

mod lexer;
mod measure;
mod parse;

use super::requests::{self, keys};
use super::{Member, Said, Unreadable, content, cut, is_plain, whole};
use crate::Protocol;
use crate::config::json;
use crate::config::read::{Broken, Entries, Ignored, Item, Sink};
use crate::query;
pub use measure::Measures;
use measure::Measuring;
use std::borrow::Cow;

/// Numbers among a request's variables, at most.
const VARIABLES_MAX: usize = 256;

/// Roots of an operation without a name that stand in its name.
const NAMED_ROOTS_MAX: usize = 4;

/// One request, before its document is read.
#[derive(Debug, Default)]
struct Asked<'d> {
    query: Option<Cow<'d, str>>,
    name: Option<String>,
    /// Hash or id of a persisted document.
    persisted: Option<String>,
    variables: Vec<(String, u32)>,
    trouble: Option<Unreadable>,
}

/// Reads a body of this content type; `target` is the request's, which must not ask for something beside.
///
/// # Errors
/// Why it cannot be read, or in more than one way.
pub fn read(kind: &str, body: &[u8], target: &[u8]) -> Result<Said, Unreadable> {
    // Some servers take what the query says before what the body says.
    if parameters(target)?.is_some() {
        return Err(Unreadable::Ambiguous);
    }
    if body.is_empty() {
        return Err(Unreadable::Missing);
    }
    let mut said = Said { protocol: Protocol::Graphql, ..Said::default() };
    if kind == "application/graphql" {
        let text = std::str::from_utf8(body).map_err(|_| Unreadable::Coding)?;
        take(&Asked { query: Some(Cow::Borrowed(text)), ..Asked::default() }, &mut said)?;
        return Ok(said);
    }
    if !content::is_json(kind) {
        return Err(Unreadable::Kind);
    }
    let mut list = Vec::new();
    said.is_batch = requests::walk(body, &mut |object| {
        let mut asked = Asked::default();
        let is_twice = keys(object, &NAMES, &mut |at, object| {
            match WANTS.get(at) {
                Some(want) => object.value(&mut Slot { want: *want, asked: &mut asked })?,
                None => object.value(&mut Ignored)?,
            }
            Ok(false)
        })?;
        let trouble = if is_twice { Some(Unreadable::Ambiguous) } else { asked.trouble };
        list.push(asked);
        Ok(trouble)
    })?;
    for asked in &list {
        take(asked, &mut said)?;
    }
    Ok(said)
}

/// Reads the query of a target; `None` where it asks for nothing.
///
/// # Errors
/// Why it cannot be read, or in more than one way.
pub fn read_query(target: &[u8]) -> Result<Option<Said>, Unreadable> {
    let Some(asked) = parameters(target)? else { return Ok(None) };
    let mut said = Said { protocol: Protocol::Graphql, ..Said::default() };
    take(&asked, &mut said)?;
    Ok(Some(said))
}

fn parameters(target: &[u8]) -> Result<Option<Asked<'_>>, Unreadable> {
    let mut asked = Asked::default();
    let mut values: [Option<String>; 6] = Default::default();
    for parameter in query::parameters(query::of(target)) {
        for (name, slot) in NAMES.iter().zip(&mut values) {
            let Some(is_doubtful) = query::names(&parameter.name, name) else { continue };
            if is_doubtful || parameter.doubtful || slot.is_some() {
                return Err(Unreadable::Ambiguous);
            }
            let value = String::from_utf8(parameter.value.to_vec()).map_err(|_| Unreadable::Coding)?;
            *slot = Some(value);
        }
    }
    let [query, name, id, document_id, variables, extensions] = values;
    for (want, text) in [(Want::Variables, variables), (Want::Extensions, extensions)] {
        let Some(text) = text.filter(|text| !text.is_empty()) else { continue };
        json::walk(text.as_bytes(), &mut Slot { want, asked: &mut asked }).map_err(|_| Unreadable::Syntax)?;
    }
    // A name or variables alone execute nothing, and other things are called `id` too.
    let is_query = query.is_some() || document_id.is_some() || asked.persisted.is_some();
    asked.query = query.filter(|text| !text.is_empty()).map(Cow::Owned);
    asked.name = name;
    asked.persisted = asked.persisted.or(document_id).or(id);
    Ok(is_query.then_some(asked))
}

/// What a request says, by the names that servers read.
const NAMES: [&str; 6] = ["query", "operationName", "id", "documentId", "variables", "extensions"];
const WANTS: [Want<'static>; 6] =
    [Want::Query, Want::Name, Want::Persisted, Want::Persisted, Want::Variables, Want::Extensions];

/// Where a value of a request goes.
#[derive(Clone, Copy)]
enum Want<'k> {
    Query,
    Name,
    Persisted,
    Variables,
    Variable(&'k str),
    Extensions,
    PersistedQuery,
}

struct Slot<'a, 'd, 'k> {
    want: Want<'k>,
    asked: &'a mut Asked<'d>,
}

impl Sink for Slot<'_, '_, '_> {
    fn take(&mut self, item: Item<'_>) -> Result<(), Broken> {
        match (self.want, item) {
            (Want::Query, Item::Text(text)) => self.asked.query = Some(Cow::Owned(text.to_owned())),
            (Want::Name, Item::Text(text)) => self.asked.name = Some(text.to_owned()),
            (Want::Persisted, Item::Text(text)) => self.asked.persisted = Some(text.to_owned()),
            // Servers that know ids as numbers.
            (Want::Persisted, Item::Number(number)) => {
                self.asked.persisted = Some(whole(number).map_or_else(String::new, |id| id.to_string()));
            }
            (Want::Variables, Item::Object(object)) => {
                while let Some(key) = object.next_key()? {
                    object.value(&mut Slot { want: Want::Variable(&key), asked: &mut *self.asked })?;
                }
            }
            (Want::Variable(name), Item::Number(number)) => {
                if self.asked.variables.len() == VARIABLES_MAX {
                    self.asked.trouble = Some(Unreadable::TooMany);
                } else {
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Brought within the bounds.
                    let number = number.clamp(0.0, f64::from(u32::MAX)) as u32;
                    self.asked.variables.push((name.to_owned(), number));
                }
            }
            (Want::Extensions, Item::Object(object)) => {
                self.only(object, "persistedQuery", Want::PersistedQuery)?;
            }
            (Want::PersistedQuery, Item::Object(object)) => self.only(object, "sha256Hash", Want::Persisted)?,
            (Want::Variable(_), item) => Ignored.take(item)?,
            (_, Item::Null) => {}
            (_, item) => {
                Ignored.take(item)?;
                self.asked.trouble = Some(Unreadable::Syntax);
            }
        }
        Ok(())
    }
}

impl Slot<'_, '_, '_> {
    /// Takes the value of one key and no other; twice it is one too many.
    fn only(&mut self, object: &mut dyn Entries, name: &str, want: Want<'_>) -> Result<(), Broken> {
        let asked = &mut *self.asked;
        let take = &mut |_, object: &mut dyn Entries| {
            object.value(&mut Slot { want, asked: &mut *asked })?;
            Ok(false)
        };
        if keys(object, &[name], take)? {
            self.asked.trouble = Some(Unreadable::Ambiguous);
        }
        Ok(())
    }
}

/// Takes into what is said what one request executes.
fn take(asked: &Asked<'_>, said: &mut Said) -> Result<(), Unreadable> {
    if let Some(trouble) = asked.trouble {
        return Err(trouble);
    }
    said.requests += 1;
    // A name of no letters is none to the servers that take it at all.
    let name = asked.name.as_deref().filter(|name| !name.is_empty());
    let Some(text) = &asked.query else {
        let persisted = asked.persisted.as_deref().ok_or(Unreadable::Missing)?;
        let called = match name.filter(|name| is_plain(name)) {
            Some(name) => format!("persisted {name}"),
            None if is_plain(persisted) => format!("persisted {}", persisted.get(..12).unwrap_or(persisted)),
            None => "persisted".to_owned(),
        };
        let labels = if is_plain(persisted) { vec![format!("persisted {persisted}").into()] } else { Vec::new() };
        return said.call(&called, Member { labels, is_doubtful: true });
    };
    let document = parse::Document::read(text)?;
    let (kind, operation) = measure::chosen(&document, name)?;
    let variable = |wanted: &str| {
        let all = asked.variables.iter().map(|(name, number)| (&**name, *number));
        let given = all.filter(|(name, _)| *name == wanted).map(|(_, number)| number).max();
        given.or_else(|| operation.defaults.iter().find(|(name, _)| *name == wanted).map(|(_, number)| *number))
    };
    let mut measuring = Measuring::new(&document, &variable)?;
    let measures = measuring.of(operation)?;
    said.measures.get_or_insert_default().add(&measures);
    let roots = measuring.roots(operation)?;
    let word = kind.word();
    let called = match operation.name {
        Some(name) => format!("{word} {name}"),
        None => {
            let mut called = format!("{word} {{");
            for (at, (root, _)) in roots.iter().enumerate().take(NAMED_ROOTS_MAX + 1) {
                called.push_str(if at > 0 { "," } else { "" });
                called.push_str(if at < NAMED_ROOTS_MAX { cut(root) } else { "…" });
            }
            called.push('}');
            called
        }
    };
    said.name_it(&called);
    for (root, _) in roots {
        let mut labels: Vec<Box<str>> = vec![format!("{word} {{{root}}}").into()];
        labels.extend(operation.name.map(|name| format!("{word} {name}").into()));
        said.add(Member { labels, is_doubtful: false })?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "../graphql_tests.rs"]
mod tests;
