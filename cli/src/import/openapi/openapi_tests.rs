//! What an import guarantees: each operation of a document is declared, or the document is refused, or it
//! is said what was not taken; and nothing is declared that the document does not have.

use super::notes::Notes;
use super::write::Api;
use super::{Grouping, Options, import, write};
use ostiary_engine::Protocol;
use ostiary_engine::catalog::Known;
use ostiary_engine::config::read::Problems;
use ostiary_engine::path::CanonicalPath;
use ostiary_engine::policy::Policy;
use serde_json::{Value, json};

pub(super) fn options() -> Options {
    Options {
        file: "-".into(),
        group: Grouping::Tag,
        merge_methods: false,
        leave_out: false,
        prefix: None,
        servers: Vec::new(),
        labels: Vec::new(),
    }
}

pub(super) type Imported = Result<(Vec<Api>, Policy), Problems>;

/// Imports a document, with what is said beside it; what comes out is read by the engine in both forms.
pub(super) fn imported(document: &Value, options: &Options) -> (Imported, Vec<String>) {
    let mut notes = Notes::default();
    let made = import(document, options, &mut notes).map(|apis| {
        let json = write::json(&apis).to_string();
        let yaml: Value = serde_saphyr::from_str(&write::yaml(&apis)).unwrap();
        let policy = |json: &str| Policy::from_json(json.as_bytes()).unwrap().policy;
        assert_eq!(policy(&yaml.to_string()).revision(), policy(&json).revision());
        let policy = policy(&json);
        (apis, policy)
    });
    (made, notes.into_lines())
}

fn of_yaml(document: &str) -> Value {
    serde_saphyr::from_str(document).unwrap()
}

/// The API that the policy names for a call; `None` when it is undocumented.
pub(super) fn api_of(policy: &Policy, method: &str, host: &str, path: &str) -> Option<String> {
    let path = CanonicalPath::new(path.as_bytes()).unwrap();
    let operation = policy.catalog().identify(Protocol::Rest, host, &path, method);
    matches!(operation.known, Known::Declared(_)).then(|| operation.api(policy.catalog()).unwrap().to_owned())
}

/// What no request can ask for, or in more than one reading.
#[test]
fn what_no_template_fits_is_refused_by_its_path() {
    for (path, why) in [
        ("pets", "begins with `/`"),
        ("/a//b", "`//`"),
        ("/a/../b", "`.` or `..`"),
        ("/a/%2e%2e", "`.` or `..`"),
        ("/a/%2F", "%2f"),
        ("/a%2fb/{id}", "%2f"),
        ("/a;v=1", "`;`"),
        ("/a;{id}", "`;`"),
        ("/a\\b", "backslash"),
        ("/a%5Cb{id}", "backslash"),
        ("/a%0a", "control"),
        ("/a%ff", "utf-8"),
        ("/a%253f", "decodes again"),
        ("/100%;x", "`;`"),
        ("/{a", "not closed"),
        ("/a}", "without its"),
        (&format!("/{}", "x/".repeat(65)), "at most 64 segments"),
        (&format!("/{}", "x".repeat(600)), "at most 512 bytes"),
    ] {
        let document = json!({ "openapi": "3.0.0", "paths": { path: { "get": {} }, "/good": { "get": {} } } });
        let problems = imported(&document, &options()).0.unwrap_err().to_string();
        assert!(problems.contains(path) && problems.contains(why), "{path}: {problems}");
        // Left out on demand, and that is said.
        let (made, notes) = imported(&document, &Options { leave_out: true, ..options() });
        let lines: Vec<String> = made.unwrap().0.iter().map(line).collect();
        assert_eq!(lines, ["good.get * /good GET"], "{path}");
        let said = notes.iter().find(|note| note.contains("is left out: "));
        assert!(said.is_some_and(|said| said.contains(path) && said.contains(why)), "{path}: {notes:?}");
    }
}

/// Servers and the hosts and templates that an operation at `/p` gets, each as `host template`.
#[test]
fn servers_become_hosts_and_base_paths() {
    let variables = r#"{ "e": { "default": "a", "enum": ["a", "b"] }, "o": { "default": "x" }, "u": { "default": "https://h.example/v" }, "p": { "default": "v/1" }, "none": {} }"#;
    let variables: Value = serde_json::from_str(variables).unwrap();
    for (url, places) in [
        ("https://Shop.Example:443/v1/", "shop.example /v1/p"),
        ("http://shop.example.", "shop.example /p"),
        ("//shop.example/v1", "shop.example /v1/p"),
        ("wss://[2001:DB8:0::1]:8080", "[2001:db8::1] /p"),
        ("/v1", "* /v1/p"),
        ("/", "* /p"),
        ("", "* /p"),
        ("v1", "* /v1/p"),
        ("./v1", "* /v1/p"),
        ("../v1", "* /v1/p"),
        ("https://{e}.shop.example/{e}", "a.shop.example /a/p, b.shop.example /b/p"),
        ("https://{o}.shop.example:{o}", "*.shop.example /p"),
        ("https://api-{o}.eu.shop.example", "*.eu.shop.example /p"),
        ("https://{o}.{e}.example", "*.a.example /p, *.b.example /p"),
        ("https://{o}", "* /p"),
        ("{o}://shop.example", "shop.example /p"),
        ("{u}", "h.example /v/p"),
        ("{u}/w", "h.example /v/w/p"),
        ("https://shop.example/{o}", "shop.example /{o}/p"),
        ("https://shop.example/{p}", "shop.example /v/1/p"),
        ("https://shop.example/v{o}", "shop.example /{v.o}/p"),
        ("https://shop.example/{unknown}", "shop.example /{unknown}/p"),
        ("https://shop.example?x=1", "shop.example /p"),
        ("https://*.shop.example", "*.shop.example /p"),
        ("/v1/{proxy+}", "* /v1/**"),
        ("ftp://shop.example", "refused: `ftp` is not HTTP"),
        ("shop.example/v1", "refused: write `https://`"),
        ("localhost:8080", "refused: write `https://`"),
        ("https://user@shop.example", "refused: no user information"),
        ("https://shop.example:x", "refused: `x` is no port"),
        ("https://sh op.example", "refused: is no host"),
        ("https:///v1", "refused: without port"),
        ("https://shop.example//v1", "refused: `//`"),
        ("{{none}}/v1", "refused: name the server with `--server`"),
        ("https://{e", "refused: not closed"),
    ] {
        let document = json!({
            "openapi": "3.1.0",
            "servers": [{ "url": url, "variables": variables }],
            "paths": { "/p": { "get": { "tags": ["t"] } } },
        });
        match imported(&document, &options()).0 {
            Ok((apis, _)) => {
                let mut all = Vec::new();
                for api in &apis {
                    let hosts = if api.hosts.is_empty() { vec!["*".to_owned()] } else { api.hosts.clone() };
                    all.extend(hosts.into_iter().map(|host| format!("{host} {}", api.paths[0])));
                }
                all.sort();
                assert_eq!(all.join(", "), places, "{url}");
            }
            Err(problems) => {
                let why = places.strip_prefix("refused: ").unwrap_or_else(|| panic!("{url}: {problems}"));
                let problems = problems.to_string();
                assert!(problems.contains("servers[0].url: ") && problems.contains(why), "{url}: {problems}");
            }
        }
    }
}

/// Documents in short, and what is made of each: `name hosts paths methods`, then parts of what is said.
const DOCUMENTS: &[(&str, &[&str], &[&str])] = &[
        // By tag, one API per method; what has no tag goes by its path, without `api` and versions.
        (
            "openapi: 3.0.3
paths:
  /pets: { get: { tags: [Pet Store], responses: { 200: {} } }, post: { tags: [Pet Store, x] } }
  /api/v2/orders/{id}: { get: {} }
  /{any}: { get: {} }",
            &["Pet-Store.get * /pets GET", "Pet-Store.post * /pets POST", "orders.get * /api/v2/orders/{id} GET", "root.get * /{any} GET"],
            &["of several tags the first makes the API: POST /pets"],
        ),
        // Swagger 2.0, with its version as YAML reads it.
        (
            "{ swagger: 2.0, host: 'shop.example:8080', basePath: /v1, paths: { /pets: { get: { tags: [a] } } } }",
            &["a.get shop.example /v1/pets GET"],
            &[],
        ),
        ("{ swagger: '2.0', basePath: v1, paths: { /pets: { get: { tags: [a] } } } }", &["a.get * /v1/pets GET"], &[]),
        // Servers of paths and operations hold before the document's; an empty list is none.
        (
            "openapi: 3.1.0
servers: [{ url: 'https://a.example/v1' }, { url: 'https://b.example/v1' }]
paths:
  /x: { servers: [{ url: 'https://c.example' }], get: { tags: [t] }, put: { tags: [t], servers: [{ url: /d }] } }
  /y: { servers: [], get: { tags: [t], servers: [] } }",
            &["t.get a.example,b.example /v1/y GET", "t.get.at-c.example c.example /x GET", "t.put.at-any * /d/x PUT"],
            &[],
        ),
        // Local references are followed, and what stands beside one holds.
        (
            "openapi: 3.1.0
components:
  pathItems: { P: { get: { tags: [far] }, put: { tags: [far] }, $ref: '#/components/pathItems/Q~1~0%20r' }, Q/~ r: { post: { tags: [far] } } }
paths:
  /p: { $ref: '#/components/pathItems/P', get: { tags: [near] } }
  /q: { $ref: 'q.yaml#/p' }
  /n:
  /e: { summary: nothing, POST: {} }",
            &["far.post * /p POST", "far.put * /p PUT", "near.get * /p GET"],
            &[
                "/p: GET is described twice",
                "/q: `q.yaml#/p` is not in the document",
                "no operation: /e, /n",
                "/e: `POST` is not read",
            ],
        ),
        // The same paths to the filter: the exact one has them.
        (
            "openapi: 3.0.0
paths:
  /a/{b}: { get: { tags: [one] }, put: { tags: [two] } }
  /a/{c}: { get: { tags: [three] }, post: { tags: [three] } }
  /a/{A}:x: { get: { tags: [four] } }
  /a/{b}/: { get: { tags: [five] } }",
            &["one.get * /a/{b} GET", "three.post * /a/{c} POST", "two.put * /a/{b} PUT"],
            &[
                "GET /a/{c}: its calls cannot be told from those of `GET /a/{b}`",
                "GET /a/{A}:x: its calls cannot be told from those of `GET /a/{b}`",
                "GET /a/{b}/: its calls cannot",
                "the path without it is declared too: /a/{b}/",
            ],
        ),
        // Other methods, and API Gateway's words.
        (
            "openapi: 3.2.0
paths:
  /q: { query: { tags: [t] }, additionalOperations: { PURGE: { tags: [t] } } }
  /{proxy+}: { x-amazon-apigateway-any-method: {}, get: { tags: [t] } }
",
            &[
                "root.delete * /** DELETE", "root.head * /** HEAD", "root.options * /** OPTIONS", "root.patch * /** PATCH",
                "root.post * /** POST", "root.put * /** PUT", "t.get * /** GET", "t.purge * /q PURGE",
                "t.query * /q QUERY",
            ],
            &["any rest, also none"],
        ),
        (
            "openapi: 3.0.1
paths: { /$default: { x-amazon-apigateway-any-method: { tags: [t] } } }",
            &["t.delete * /** DELETE", "t.get * /** GET", "t.head * /** HEAD", "t.options * /** OPTIONS", "t.patch * /** PATCH", "t.post * /** POST", "t.put * /** PUT"],
            &["/$default: API Gateway's default route is written `/**`"],
        ),
        // A parameter whose pattern has slashes spans segments; a matrix parameter brings a `;`.
        (
            "openapi: 3.0.0
components: { parameters: { n: { in: path, name: name, schema: { pattern: 'shelves/[^/]+' } } } }
paths:
  /v1/{name}: { parameters: [{ $ref: '#/components/parameters/n' }], get: { tags: [t] } }
  /w/{name}: { get: { tags: [t], parameters: [{ in: path, name: name, style: matrix, schema: { pattern: '^[^/]+$' } }] } }
  /x/{name}: { get: { tags: [t], parameters: [{ $ref: 'far.yaml' }] } }",
            &["t.get * /v1/**,/w/{name},/x/{name} GET"],
            &["/w/{name}: requests for it hold a `;`", "GET /x/{name}: the parameter `far.yaml` is not in the document"],
        ),
        // Calls in the other direction are not calls to the API.
        (
            "openapi: 3.1.0
webhooks: { w: { post: {} } }
paths: { x-note: {}, /a: { get: { tags: [t], callbacks: { c: {} } } } }",
            &["t.get * /a GET"],
            &["webhooks: they are calls that the API makes", "none is declared: GET /a"],
        ),
];

#[test]
fn documents_become_apis() {
    for (document, expected, said) in DOCUMENTS {
        let (made, notes) = imported(&of_yaml(document), &options());
        let (apis, _) = made.unwrap_or_else(|problems| panic!("{document}\n{problems}"));
        let lines: Vec<String> = apis.iter().map(line).collect();
        assert_eq!(lines, *expected, "{document}");
        for said in *said {
            assert!(notes.iter().any(|note| note.contains(said)), "{said}: {notes:#?}");
        }
        assert!(!said.is_empty() || notes.is_empty(), "{notes:#?}");
    }
}

fn line(api: &Api) -> String {
    let hosts = if api.hosts.is_empty() { "*".to_owned() } else { api.hosts.join(",") };
    format!("{} {hosts} {} {}", api.name, api.paths.join(","), api.methods.join(","))
}

const SHOP: &str = "
openapi: 3.0.0
info: { title: The Shop, x-owner: shop-team, x-pci: true }
tags: [{ name: pay, x-owner: pay-team }]
security: [{ oauth: [] }]
components: { securitySchemes: { oauth: { type: oauth2 }, basic: { type: http, scheme: Basic }, key: { type: apiKey } } }
paths:
  /pay: { post: { tags: [pay], operationId: pay, security: [{ basic: [], key: [] }, {}] }, get: { tags: [pay], operationId: paid } }
  /pay/{id}: { get: { tags: [pay], operationId: paid, deprecated: true, x-pci: 'no' } }
  /open: { get: { security: [], deprecated: true } }";

/// What the document says of its operations goes where an inventory finds it.
#[test]
fn owners_and_labels_are_carried() {
    let options = Options { labels: vec!["x-pci".to_owned()], prefix: Some("shop".to_owned()), ..options() };
    let (apis, _) = imported(&of_yaml(SHOP), &options).0.unwrap();
    let api = |name: &str| apis.iter().find(|api| api.name == name).unwrap();
    let labels = |name: &str| api(name).labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ");
    assert_eq!(labels("shop.pay.get"), "deprecated=1 of 2; pci=no, true; security=oauth2");
    assert_eq!(labels("shop.pay.post"), "pci=true; security=basic and api key, none");
    assert_eq!(labels("shop.open.get"), "deprecated=yes; pci=true; security=none");
    assert_eq!(api("shop.pay.get").owner.as_deref(), Some("pay-team"));
    assert_eq!(api("shop.open.get").owner.as_deref(), Some("shop-team"));
}

/// The ways to group, each with its names.
#[test]
fn groups_are_as_the_user_wants_them() {
    let lines = |options: Options| {
        let (made, notes) = imported(&of_yaml(SHOP), &options);
        (made.unwrap().0.iter().map(line).collect::<Vec<_>>(), notes)
    };
    let by = |group| lines(Options { group, ..options() }).0;
    assert_eq!(by(Grouping::Tag), by(Grouping::Path));
    assert_eq!(by(Grouping::One), ["The-Shop.get * /open,/pay,/pay/{id} GET", "The-Shop.post * /pay POST"]);
    let (each, notes) = lines(Options { group: Grouping::Operation, ..options() });
    assert_eq!(each, ["GET-open * /open GET", "GET-pay-id * /pay/{id} GET", "paid * /pay GET", "pay * /pay POST"]);
    assert!(notes.iter().any(|note| note.contains("operationId `paid` is another's too")), "{notes:?}");
    let (merged, notes) = lines(Options { merge_methods: true, ..options() });
    assert_eq!(merged, ["open * /open GET", "pay * /pay,/pay/{id} GET,POST"]);
    assert!(notes.iter().any(|note| note.ends_with("because methods are merged: POST /pay/{id}")), "{notes:?}");
    let elsewhere =
        Options { servers: vec!["https://x.example/b".to_owned(), "/c".to_owned()], group: Grouping::One, ..options() };
    assert!(lines(elsewhere).0.contains(&"The-Shop.post x.example /b/pay POST".to_owned()));
}

/// Merging never takes an operation from the API that the document gives it to.
#[test]
fn merged_methods_leave_others_theirs() {
    let document = of_yaml(
        "openapi: 3.0.0
paths:
  /a: { get: { tags: [one] }, post: { tags: [two] } }
  /b: { get: { tags: [two] }, put: { tags: [one] } }
  /c: { get: { tags: [one] } }",
    );
    let options = Options { merge_methods: true, ..options() };
    let (apis, policy) = imported(&document, &options).0.unwrap();
    let lines: Vec<String> = apis.iter().map(line).collect();
    // `/a` by GET and `/b` by PUT are taken: where methods cannot be merged, each has its own.
    assert_eq!(lines, ["one * /a,/c GET", "one.put * /b PUT", "two * /b GET", "two.post * /a POST"]);
    assert_eq!(api_of(&policy, "POST", "h", "/a").as_deref(), Some("two.post"));
}

/// Documents that cannot be imported, and what is said.
#[test]
fn what_is_no_document_is_refused() {
    let circle = "{ openapi: 3.1.0, paths: { /a: { $ref: '#/paths/~1b' }, /b: { $ref: '#/paths/~1a' } } }";
    let many = format!(
        "openapi: 3.0.0\nservers: [{{ url: 'https://{{a}}{{a2}}.example', variables: {{ a: {{ default: x0, enum: [{0}] }}, a2: {{ default: x0, enum: [{0}] }} }} }}]\npaths: {{ /a: {{ get: {{}} }} }}",
        (0..17).map(|index| format!("x{index}")).collect::<Vec<_>>().join(", ")
    );
    for (document, why) in [
        ("{}", "no OpenAPI document"),
        ("[]", "no OpenAPI document"),
        ("{ openapi: 4.0.0 }", "version `4.0.0` is not read"),
        ("{ openapi: 3.10.0 }", "version `3.10.0` is not read"),
        ("{ swagger: '1.2' }", "version `1.2` is not read"),
        ("{ openapi: 3.0.0 }", "no operation is in it"),
        ("{ openapi: 3.1.0, webhooks: { a: { post: {} } } }", "no operation is in it"),
        ("{ openapi: 3.0.0, paths: { /a: 1 } }", "/a: a path item is an object"),
        ("{ openapi: 3.0.0, paths: { /a: { get: 1 } } }", "GET /a: an operation is an object"),
        ("{ openapi: 3.0.0, paths: { /a: { $ref: '#/nowhere' } } }", "/a: its `$ref` leads nowhere: `#/nowhere`"),
        ("{ openapi: 3.0.0, paths: { /a: { $ref: 1 } } }", "/a: its `$ref` is no text"),
        (circle, "/a: its `$ref` leads in a circle"),
        ("{ openapi: 3.2.0, paths: { /a: { additionalOperations: { purge: {} } } } }", "/a: `purge` is no method"),
        ("{ openapi: 3.0.0, servers: [{}], paths: { /a: { get: {} } } }", "servers[0].url: a server's URL is missing"),
        (&many, "more than 256 servers"),
    ] {
        let problems = imported(&of_yaml(document), &options()).0.unwrap_err().to_string();
        assert!(problems.contains(why), "{document}: {problems}");
    }
}
