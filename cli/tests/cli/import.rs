//! `ostiary import openapi`: what the program prints is a policy, what it warns of goes beside it, and a
//! document of a real size is taken.

use super::{Said, ostiary};
use std::fmt::Write;

const SHOP: &str = "
openapi: 3.1.0
info: { title: Shop, version: 1.10 }
servers: [{ url: 'https://shop.example/v1' }]
paths:
  /orders: { get: { tags: [orders], responses: { 200: {} } }, post: { tags: [orders] } }
  /orders/{id}.{format}: { get: { tags: [orders] } }
";

fn import(more: &[&str], document: &str) -> Said {
    ostiary(&[&["import", "openapi", "-"], more].concat(), document)
}

#[test]
fn the_output_is_a_policy_and_warnings_stand_beside_it() {
    let said = import(&[], SHOP);
    said.expect(0, &[]);
    let expected = "version: v1
apis:
- name: orders.get
  hosts: [shop.example]
  paths:
  - \"/v1/orders\"
  - \"/v1/orders/{id.format}\"
  methods: [GET]
  labels: { security: none }
- name: orders.post
  hosts: [shop.example]
  paths:
  - \"/v1/orders\"
  methods: [POST]
  labels: { security: none }
";
    assert_eq!(said.out, expected);
    let warning =
        "ostiary: warning: /orders/{id}.{format}: `{id}.{format}` is written `{id.format}`, which takes any segment\n";
    assert_eq!(said.error, warning);
    ostiary(&["check", "-"], &said.out).expect(0, &["-: accepted: ", "2 apis with 3 operations"]);
    let json = import(&["--json"], SHOP);
    json.expect(0, &[warning]);
    assert_eq!(json.json()["apis"][0]["name"], "orders.get");
    // The same document as JSON gives the same policy, and so does a policy in any form.
    let document: serde_json::Value = serde_saphyr::from_str(SHOP).unwrap();
    assert_eq!(import(&[], &document.to_string()).out, said.out);
    assert_eq!(revision(&json.out), revision(&said.out));
}

fn revision(policy: &str) -> String {
    let said = ostiary(&["check", "--json", "-"], policy);
    said.json()["files"][0]["policies"][0]["revision"].as_str().unwrap().to_owned()
}

#[test]
fn a_document_that_does_not_fit_prints_no_policy() {
    let document = "{ openapi: 3.0.0, servers: [{ url: 'ftp://x' }], paths: { /a//b: { get: {} }, '/a;b': { get: {} }, /c: { get: {} } } }";
    let said = import(&[], document);
    said.expect(
        1,
        &[
            "ostiary: -: nothing is imported: 3 errors\n",
            "  error: servers[0].url: `ftp://x`: `ftp` is not HTTP\n",
            "  error: /a//b: no request for it has one reading: it holds `//`\n",
            "  error: /a;b: no request for it has one reading: it holds a `;`\n",
        ],
    );
    assert_eq!(said.out, "");
    let json = import(&["--json"], document);
    json.expect(1, &[]);
    assert_eq!(json.json()["errors"]["count"], 3);
    for (document, why) in [
        (r#"{"openapi": "3.0.0", "paths": {"/a": {"get": {}}, "/a": {"put": {}}}}"#, "the key `/a` stands twice"),
        ("openapi: 3.0.0\npaths: { /a: { get: {} }, /a: { put: {} } }", "duplicate"),
        ("a: 1\n---\nb: 2\n", "not one document"),
        ("", "not one document"),
        (r#"{"openapi": "#, "not yaml"),
    ] {
        import(&[], document).expect(1, &[why]);
    }
    import(&["--label", "pci"], SHOP).expect(2, &["write an extension such as `x-pci`"]);
    import(&["--prefix", "a b"], SHOP).expect(2, &["at most 40 letters"]);
    import(&["--group", "verb"], SHOP).expect(2, &["[possible values: tag, path, one, operation]"]);
}

/// A document as generators of real ones write them: many tags, shared parameters and schemas that refer to
/// each other, path items by reference, overriding servers, parameters named differently at each place.
fn large(resources: usize) -> String {
    let mut out = "openapi: 3.0.3
info: { title: Everything, version: 2.0.1, x-owner: platform }
servers:
- url: https://{region}.api.example/v2
  variables: { region: { default: eu, enum: [eu, us, ap] } }
security: [{ token: [] }]
components:
  securitySchemes: { token: { type: http, scheme: bearer } }
  parameters: { id: { in: path, name: id, required: true, schema: { type: string, pattern: '^[^/]+$' } } }
  schemas:
"
    .to_owned();
    for index in 0..resources {
        let next = (index + 1) % resources;
        let _ = writeln!(
            out,
            "    Resource{index}: {{ type: object, properties: {{ id: {{ type: string, example: 0{index} }}, next: {{ $ref: '#/components/schemas/Resource{next}' }}, at: {{ type: string, format: date-time, example: 2026-11-25T10:00:00Z }} }} }}"
        );
    }
    out += "paths:\n";
    for index in 0..resources {
        let tag = index / 8;
        let body = format!(
            "requestBody: {{ content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Resource{index}' }} }} }} }}"
        );
        let answers = format!(
            "responses: {{ 200: {{ description: yes, content: {{ application/json: {{ schema: {{ $ref: '#/components/schemas/Resource{index}' }} }} }} }}, default: {{ description: no }} }}"
        );
        let _ = write!(
            out,
            "  /areas/{{areaId}}/resources{index}:
    get: {{ tags: [Area {tag}], operationId: list{index}, {answers} }}
    post: {{ tags: [Area {tag}], operationId: create{index}, {body}, {answers} }}
  /areas/{{area_id}}/resources{index}/{{id}}:
    parameters: [{{ $ref: '#/components/parameters/id' }}]
    get: {{ tags: [Area {tag}], operationId: get{index}, {answers} }}
    patch: {{ tags: [Area {tag}], operationId: update{index}, {body}, {answers} }}
    delete: {{ tags: [Area {tag}], operationId: delete{index}, deprecated: {}, {answers} }}
  /areas/{{areaId}}/resources{index}/{{id}}:archive:
    post: {{ tags: [Area {tag}], operationId: archive{index}, {answers} }}
",
            index % 3 == 0
        );
        if index % 10 == 0 {
            let _ = write!(
                out,
                "  /aliases/{index}: {{ $ref: '#/paths/~1areas~1{{areaId}}~1resources{index}' }}
  /uploads{index}: {{ servers: [{{ url: https://uploads.example }}], put: {{ tags: [Uploads], {answers} }} }}
"
            );
        }
    }
    out
}

/// 3,000 operations in three regions. What the program makes of them it explains too.
#[test]
fn a_document_of_a_real_size_is_taken() {
    let resources = 480;
    let document = large(resources);
    assert!(document.len() > 500_000, "{}", document.len());
    let said = import(&[], &document);
    said.expect(0, &["is written `{id.archive}`"]);
    let json: serde_json::Value = serde_saphyr::from_str(&said.out).unwrap();
    // In three regions: six of each resource, of one in ten its alias's two, and at one host its upload.
    let operations = (resources * 6 + resources / 10 * 2) * 3 + resources / 10;
    let operations = format!("{operations} operations");
    ostiary(&["check", "-"], &json.to_string()).expect(0, &[&operations]);
    assert!(json["apis"].as_array().unwrap().len() > 240, "{}", json["apis"].as_array().unwrap().len());
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    std::fs::write(&policy, json.to_string()).unwrap();
    for (method, host, path, line) in [
        (
            "GET",
            "us.api.example",
            "/v2/areas/7/resources9",
            "api Area-1.get: GET us.api.example/v2/areas/{areaId}/resources9 ",
        ),
        ("DELETE", "ap.api.example", "/v2/areas/7/resources9/x", "api Area-1.delete: DELETE "),
        ("POST", "eu.api.example", "/v2/aliases/20", "api Area-2.post: POST eu.api.example/v2/aliases/20 "),
        ("PUT", "uploads.example", "/uploads10", "api Uploads.put.at-uploads.example: PUT "),
        ("PUT", "eu.api.example", "/v2/areas/7/resources9", "undocumented: PUT "),
    ] {
        let policy = policy.to_str().unwrap();
        ostiary(&["explain", "--policy", policy, "--method", method, "--host", host, "--path", path], "")
            .expect(0, &[line]);
    }
}

/// Each limit has its outcome.
#[test]
fn what_is_too_much_is_refused() {
    let mut many =
        "openapi: 3.0.0\nservers: [{ url: 'https://{r}.example', variables: { r: { default: x0, enum: [".to_owned();
    many += &(0..250).map(|index| format!("x{index}")).collect::<Vec<_>>().join(", ");
    many += "] } } }]\npaths:\n";
    for index in 0..801 {
        let _ = writeln!(many, "  /p{index}: {{ get: {{}} }}");
    }
    import(&[], &many).expect(1, &["paths: 200250 operations (at all their servers), at most 200000 are taken"]);
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.yaml");
    std::fs::File::create(&large).unwrap().set_len(64 * 1024 * 1024 + 1).unwrap();
    let large = large.to_str().unwrap();
    ostiary(&["import", "openapi", large], "").expect(1, &["cannot be read: it has more than 67108864 bytes"]);
    ostiary(&["check", large], "").expect(1, &["cannot be read: it has more than 67108864 bytes"]);
}
