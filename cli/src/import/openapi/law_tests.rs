//! The law of an import, held for documents that nobody wrote: each operation is declared, and nothing else.

use super::Options;
use super::tests::{api_of, imported, options};
use ostiary_engine::path::CanonicalPath;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Servers of the property's documents, and what each stands for: hosts and base paths.
const SERVERS: [(&str, &[(&str, &str)]); 8] = [
    ("https://a.example/v1", &[("a.example", "/v1")]),
    ("https://b.example", &[("b.example", "")]),
    ("/v1/", &[("*", "/v1")]),
    ("https://{e}.example/{e}", &[("e1.example", "/e1"), ("e2.example", "/e2")]),
    ("https://{open}.a.example:{port}/v1", &[("*.a.example", "/v1")]),
    ("https://{open}/x", &[("*", "/x")]),
    ("https://b.example/{open}", &[("b.example", "/{open}")]),
    ("https://b.example/v{open}.0", &[("b.example", "/v{open}.0")]),
];

fn servers() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..SERVERS.len(), 0..3)
}

fn segment() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        24 => prop::sample::select(vec!["a", "b", "v1", "a%20b", "ü"]),
        20 => prop::sample::select(vec!["{x}", "{y}", "{x y}"]),
        12 => prop::sample::select(vec!["{x}.{y}", "{x}:act", "a{x}", "{x:[0-9]+}", "a*", "{p+}", "{x=a/*}"]),
        // Most of these are refused.
        1 => prop::sample::select(vec!["", "..", "a;b", "{", "%2f", "100%"]),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let tail = prop::sample::select(vec!["", "", "", "", "/", "?q=1", "#f"]);
    (prop::collection::vec(segment(), 0..4), tail).prop_map(|(segments, tail)| format!("/{}{tail}", segments.join("/")))
}

/// The servers of a path, and its operations: method, tag, servers.
type Described = (Vec<usize>, Vec<(&'static str, &'static str, Vec<usize>)>);

fn described() -> impl Strategy<Value = Described> {
    let method = prop::sample::select(vec!["get", "put", "post", "head"]);
    let tag = prop::sample::select(vec!["ta", "tb", "tc"]);
    let operations = prop::collection::vec((method, tag, servers()), 1..4);
    (servers(), operations)
}

fn server_list(servers: &[usize]) -> Value {
    let variables = json!({ "e": { "default": "e1", "enum": ["e1", "e2"] }, "open": { "default": "d" }, "port": { "default": "1" } });
    servers.iter().map(|index| json!({ "url": SERVERS[*index].0, "variables": variables })).collect()
}

/// What the segments of a path are to someone who knows nothing of templates: each with the text that a call
/// has there, and whether it takes this text only, any text, or any rest.
#[derive(Debug, Clone, PartialEq)]
enum Naive {
    Text(String),
    Any(String),
    Rest(String),
}

fn naive(path: &str) -> Vec<Naive> {
    let path = path.split(['?', '#']).next().unwrap().replace("{x=a/*}", "{p+}");
    let segments = path.split('/').skip(1).filter(|segment| !segment.is_empty());
    let one = |segment: &str| match segment {
        "{p+}" => Naive::Rest("zz/zy".to_owned()),
        "100%" => Naive::Any("100%25".to_owned()),
        _ if segment.contains(['{', '*']) => {
            let filled = segment
                .replace("{x:[0-9]+}", "zz")
                .replace("{x}", "zz")
                .replace("{y}", "zy")
                .replace("{x y}", "zx")
                .replace("{open}", "zo");
            Naive::Any(filled.replace('*', "%2A"))
        }
        _ => Naive::Text(segment.replace("%20", " ")),
    };
    segments.map(one).collect()
}

fn filled(path: &[Naive]) -> String {
    let texts = path.iter().map(|segment| match segment {
        Naive::Text(text) | Naive::Any(text) | Naive::Rest(text) => text.as_str(),
    });
    format!("/{}", texts.collect::<Vec<_>>().join("/"))
}

fn takes(path: &[Naive], segments: &[&str]) -> bool {
    match (path, segments) {
        ([Naive::Rest(_), ..], _) | ([], []) => true,
        ([Naive::Any(_), path @ ..], [_, rest @ ..]) => takes(path, rest),
        ([Naive::Text(text), path @ ..], [segment, rest @ ..]) => text == segment && takes(path, rest),
        _ => false,
    }
}

/// An operation at one of its places, as the test understands it.
struct Served {
    method: String,
    tag: &'static str,
    host: &'static str,
    path: Vec<Naive>,
}

impl Served {
    fn takes(&self, method: &str, host: &str, segments: &[&str]) -> bool {
        let at_host = self.host.strip_prefix('*').map_or(self.host == host, |suffix| host.ends_with(suffix));
        let by_method = self.method == method || (method == "HEAD" && self.method == "GET");
        at_host && by_method && takes(&self.path, segments)
    }
}

/// A document, and what it describes.
fn document(root: &[usize], paths: &BTreeMap<String, Described>) -> (Value, Vec<Served>) {
    let mut items = Map::new();
    let mut all = Vec::new();
    for (path, (own, methods)) in paths {
        let mut item = Map::new();
        item.insert("servers".to_owned(), server_list(own));
        for (method, tag, servers) in methods {
            if item.contains_key(*method) {
                continue;
            }
            item.insert((*method).to_owned(), json!({ "tags": [tag], "servers": server_list(servers) }));
            let servers = [servers, own, root].into_iter().find(|list| !list.is_empty());
            let places = servers.into_iter().flatten().flat_map(|index| SERVERS[*index].1);
            let places: Vec<_> = if servers.is_none() { vec![&("*", "")] } else { places.collect() };
            for (host, base) in places {
                let path = naive(&format!("{base}{path}"));
                all.push(Served { method: method.to_ascii_uppercase(), tag, host, path });
            }
        }
        items.insert(path.clone(), Value::Object(item));
    }
    (json!({ "openapi": "3.1.0", "servers": server_list(root), "paths": items }), all)
}

/// Whether a path is one of those that must be refused.
fn is_odd(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap();
    let count = |brace| path.matches(brace).count();
    ["//", "..", ";", "%2f"].iter().any(|odd| path.contains(odd)) || count('{') != count('}')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A document is refused for a path that must be, or each of its operations is declared at each of its
    /// servers, in the API of its tag unless an operation of another takes the same call. Unless methods are
    /// merged, no call is declared that no operation takes.
    #[test]
    fn each_operation_is_declared_and_nothing_else(
        root in servers(),
        paths in prop::collection::btree_map(path(), described(), 1..8),
        merge_methods in any::<bool>(),
    ) {
        let (document, all) = document(&root, &paths);
        let (made, _) = imported(&document, &Options { merge_methods, ..options() });
        let Ok((_, policy)) = made else {
            prop_assert!(paths.keys().any(|path| is_odd(path)), "{}: {:?}", document, made.unwrap_err());
            return Ok(());
        };
        prop_assert!(!paths.keys().any(|path| is_odd(path)), "{}", document);
        for served in &all {
            let host = served.host.replace('*', "zz");
            let path = filled(&served.path);
            let decoded = CanonicalPath::new(path.as_bytes()).unwrap();
            let segments: Vec<&str> = decoded.segments().collect();
            for method in ["GET", "PUT", "POST", "HEAD", "PURGE", &served.method] {
                let takers: Vec<&Served> = all.iter().filter(|other| other.takes(method, &host, &segments)).collect();
                let found = api_of(&policy, method, &host, &path);
                let tag = found.as_deref().and_then(|name| name.split('.').next());
                let is_takers = takers.iter().any(|taker| Some(taker.tag) == tag);
                let is_fine = if takers.is_empty() { tag.is_none() || merge_methods } else { is_takers || (merge_methods && tag.is_some()) };
                prop_assert!(is_fine, "{method} {host}{path}: {found:?} in {document}");
            }
        }
    }
}
