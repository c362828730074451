//! `ostiary explain`: a table of requests to one policy, and what is said of each.

use super::{ostiary, shipped};

const POLICY: &str = r#"
version: v1
apis:
- { name: orders, hosts: [shop.example], paths: [/orders, "/orders/{id}"], methods: [GET, POST] }
- { name: hr.people, paths: ["/people/**"] }
access:
  default: allow
  deny:
  - { name: closed, paths: [/admin/**] }
  - { name: no-posts, apis: [orders], methods: [POST], shadow: true }
  - { name: bad-net, from: { cidrs: ["203.0.113.0/24"] }, apis: [orders] }
  allow:
  - { name: office, apis: ["hr.*"], from: { cidrs: ["192.0.2.0/24"] } }
"#;

/// Arguments behind `explain --policy -`, and what must be said.
const TABLE: &[(&[&str], &[&str])] = &[
    (
        &["--host", "Shop.Example:443", "--path", "/orders/7?x=1", "--from", "198.51.100.7"],
        &[
            "operation  api orders: GET shop.example/orders/{id} (rest)\n",
            "rules      deny bad-net: conditions not met (static)\n",
            "answer     permitted: no rule refuses it\n",
        ],
    ),
    (
        &["--host", "shop.example", "--path", "/orders/7", "--from", "203.0.113.9:4711"],
        &["deny bad-net: conditions met", "answer     refused by rule bad-net: access.denied, status 403 (grpc 7)\n"],
    ),
    (
        &["--host", "shop.example", "--path", "/orders", "--method", "POST", "--from", "198.51.100.7"],
        &[
            "deny no-posts: conditions met, in shadow (static)",
            "answer     permitted",
            "would be   refused by rule no-posts: access.denied",
        ],
    ),
    // A method that nobody declared is undocumented, and the rules of the path's API hold for it.
    (
        &["--host", "shop.example", "--path", "/orders/7", "--method", "DELETE", "--from", "203.0.113.9"],
        &["operation  undocumented: DELETE", "deny bad-net: conditions met", "refused by rule bad-net"],
    ),
    (&["--path", "/x", "--method", "post"], &["refused: method.ambiguous, status 400"]),
    // Nobody said where it comes from: that counts against the caller.
    (&["--host", "shop.example", "--path", "/orders"], &["no `--from`", "refused by rule bad-net"]),
    (&["--path", "/people/7", "--from", "192.0.2.7"], &["api hr.people: GET */people/**", "permitted by rule office"]),
    (
        &["--path", "/people/7", "--from", "::ffff:198.51.100.7"],
        &["allow office: conditions not met", "refused by rule office: access.not_allowed, status 403"],
    ),
    (&["--path", "/admin/x", "--from", "192.0.2.7"], &["operation  undocumented: GET /admin/x", "by rule closed"]),
    (&["--path", "/users/12345"], &["undocumented: GET /users/{…}", "rules      none has it in its scope"]),
    (
        &["--path", "/a/%2e%2e/admin"],
        &["operation  none: ", "it holds a segment `.` or `..`", "refused: path.ambiguous, status 400"],
    ),
    (&["--host", "a b", "--path", "/"], &["operation  none: the host", "refused: host.invalid, status 400"]),
    (&["--path", "/p.S/M", "--method", "POST", "--header", "Content-Type: application/grpc"], &["(grpc)\n"]),
    (&["--path", "/chat", "--header", "upgrade: websocket"], &["(websocket)\n"]),
    (&["--method", "CONNECT", "--host", "shop.example:443"], &["undocumented: CONNECT shop.example/ (rest)\n"]),
    (&["--host", "shop.example"], &["operation  none: the request has no path"]),
];

#[test]
fn each_request_is_told_why() {
    for (arguments, lines) in TABLE {
        let arguments = [&["explain", "--policy", "-"], *arguments].concat();
        ostiary(&arguments, POLICY).expect(0, lines);
    }
}

/// Masking rules are named; what the head of a request holds is judged as the filter judges it, and never shown.
#[test]
fn masking_rules_are_told() {
    let policy = r#"
version: v1
masking:
- { name: phones, paths: ["/users/**"], fields: ["$..phone"], status: [200] }
- { name: cards, on: request, paths: ["/users/**"], data_types: [payment_card], mask: block }
- { name: try, data_types: [email], shadow: true }
"#;
    let explain = |path: &str| ostiary(&["explain", "--policy", "-", "--path", path], policy);
    explain("/users/7").expect(
        0,
        &[
            "masking    cards: refuses the request where it holds what the rule names\n",
            "phones: masks the response where it holds what the rule names, by its status\n",
            "try: masks the response where it holds what the rule names, in shadow\n",
            "answer     permitted",
        ],
    );
    explain("/users/7?card=4111111111111111").expect(
        0,
        &["cards finds it in the head of the request", "answer     refused: request.blocked, status 403 (grpc 7)"],
    );
    explain("/other").expect(0, &["masking    try: masks"]);
}

#[test]
fn a_policy_in_shadow_permits_and_says_what_it_would_do() {
    let policy = POLICY.replace("version: v1", "version: v1\nmode: shadow");
    let said = ostiary(&["explain", "--policy", "-", "--path", "/admin/x"], &policy);
    said.expect(0, &["answer     permitted: the policy is in shadow\n", "would be   refused by rule closed"]);
}

#[test]
fn programs_get_the_same_in_json() {
    let arguments = ["explain", "--json", "--policy", "-", "--path", "/people/7", "--from", "198.51.100.7"];
    let said = ostiary(&arguments, POLICY);
    said.expect(0, &[]);
    let json = said.json();
    assert_eq!(json["operation"]["api"], "hr.people");
    assert_eq!(json["operation"]["template"], "/people/**");
    assert_eq!(json["operation"]["id"].as_str().unwrap().len(), 32);
    assert_eq!(json["rules"][0]["name"], "office");
    assert_eq!(json["rules"][0]["conditions_met"], false);
    assert_eq!(json["enforced"]["code"], "access.not_allowed");
    assert_eq!(json["enforced"]["rule"], "office");
    assert_eq!(json["would_be"], json["enforced"]);
    let said = ostiary(&["explain", "--json", "--policy", "-", "--path", "/a/../b"], POLICY);
    assert!(said.json()["operation"].is_null() && said.json()["unreadable"].is_string());
    let said = ostiary(&["explain", "--json", "--policy", "no-such-file"], "");
    said.expect(1, &[]);
    assert!(said.json()["error"].is_string());
}

/// Of a file with several policies one is chosen by name, and its listener says the direction,
/// which is part of an operation's id.
#[test]
fn a_policy_is_chosen_by_its_place() {
    let sidecar = shipped("sidecar.yaml");
    let explain = |more: &[&str]| {
        ostiary(
            &[&["explain", "--policy", sidecar.to_str().unwrap(), "--path", "/orders/7", "--json"], more].concat(),
            "",
        )
    };
    explain(&[]).expect(1, &["several policies, choose one with `--at`"]);
    explain(&["--at", "nowhere"]).expect(1, &["no policy at that place, there are: 1 static_resources.listeners["]);
    let inbound = explain(&["--at", "1"]).json();
    assert_eq!(inbound["operation"]["api"], "orders");
    let id = |json: &serde_json::Value| json["operation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(id(&inbound), id(&explain(&["--at", "1", "--direction", "inbound"]).json()));
    assert_ne!(id(&inbound), id(&explain(&["--at", "1", "--direction", "outbound"]).json()));
}

#[test]
fn a_policy_that_is_refused_explains_nothing() {
    ostiary(&["explain", "--policy", "-", "--path", "/"], "version: v9")
        .expect(1, &["the policy is refused", "version: "]);
}

const CALLERS: &str = r#"
version: v1
client_address: { use_remote_address: true }
client_country: { header: x-country, set_by: geoip }
callers:
  api_keys: { header: x-api-key, keys: [{ id: acme, sha256: 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b, roles: [partner] }] }
  jwt: { payload: token, roles: roles }
  mtls: {}
requests: { paths: rewrite }
access:
  allow:
  - { name: partners, paths: ["/partner/**"], roles: [partner], from: { countries: [DE] } }
  - { name: admins, paths: ["/admin/**"], roles: [admin], when: { zone: Europe/Berlin, hours: ["09:00-17:00"] } }
  - { name: machines, paths: ["/machine/**"], callers: ["mtls:spiffe://shop/*"], tls: { min: "1.3" } }
"#;

/// A request in a file: as it went over the wire, or with what Envoy knows of it. What cannot be said
/// there is unknown, and unknown counts against the caller.
#[test]
fn a_request_is_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    std::fs::write(&policy, CALLERS).unwrap();
    let raw = "GET //partner/1?x=2 HTTP/1.1\r\nHost: shop.example\r\nX-Api-Key: secret\r\nX-Country: DE\r\n\r\nbody";
    let admin = "{ path: /admin/1, time: '2026-11-25T10:00:00+01:00', metadata: { envoy.filters.http.jwt_authn: { token: { sub: alice, roles: [admin] } } } }";
    let machine = "{ path: /machine/1, tls: '1.3', certificate: { valid: true, uri_san: 'spiffe://shop/pump' } }";
    for (request, more, lines) in [
        (
            raw,
            &[][..],
            &[
                "GET shop.example//partner/1",
                "caller     api_key:acme with roles partner",
                "from DE: yes",
                "answer     permitted by rule partners",
                "changes    remove x-api-key, respell the path",
            ][..],
        ),
        (raw, &["--header", "x-country: FR"], &["from DE: unknown", "refused by rule partners: access.not_allowed"]),
        (
            raw,
            &["--header", "x-api-key: other"],
            &["caller     none: credential invalid", "refused by rule partners: access.unauthenticated, status 401"],
        ),
        (admin, &[], &["caller     jwt:alice with roles admin", "at this time: yes", "permitted by rule admins"]),
        (admin, &["--time", "2026-11-25T17:00:00+01:00"], &["at this time: no", "refused by rule admins"]),
        ("path: /admin/1", &[], &["at this time: unknown", "counts against the caller"]),
        (machine, &[], &["caller     mtls:spiffe://shop/pump", "tls 1.3 or later: yes", "permitted by rule machines"]),
    ] {
        let file = folder.path().join("request");
        std::fs::write(&file, request).unwrap();
        let arguments = ["explain", "--policy", policy.to_str().unwrap(), "--request", file.to_str().unwrap()];
        ostiary(&[&arguments[..], more].concat(), "").expect(0, lines);
    }
    for (request, problem) in [
        ("pth: /x", "pth"),
        ("from: nowhere", "no address"),
        ("time: noon", "no instant"),
        ("headers: [x]", "name: value"),
    ] {
        let file = folder.path().join("request");
        std::fs::write(&file, request).unwrap();
        ostiary(&["explain", "--policy", policy.to_str().unwrap(), "--request", file.to_str().unwrap()], "")
            .expect(1, &[problem]);
    }
}

/// Which quotas are charged, under which key, for how much and when: in the order in which they are charged, and for what is refused
/// only those that count it.
#[test]
fn explain_tells_what_is_charged() {
    let policy = r#"{ version: v1, access: { deny: [{ name: closed, paths: [/closed] }] }, quotas: [
        { name: guessing, paths: [/login], per: [client.address, "$.user"], limit: 10/10m, count_when: { status: [401] } },
        { name: per-client, per: [client.address, "header:x-tenant"], limit: 100/1m, burst: 20 },
        { name: busy, concurrency: 5, shadow: true },
        { name: weight, limit: 1000/month, zone: Asia/Shanghai, cost: "request.header:x-weight" },
        { name: bytes, limit: 1MiB/1h, cost: response.bytes },
        { name: scanning, count: refused, limit: 50/1m },
        { name: all, count: all, limit: 7/1s },
    ] }"#;
    let arguments = ["explain", "--policy", "-", "--from", "2001:db8::7", "--header", "x-weight: 5"];
    let said = ostiary(&[&arguments[..], &["--path", "/login"]].concat(), policy);
    let lines: Vec<&str> =
        said.out.lines().skip_while(|line| !line.starts_with("quotas")).take(7).map(|line| &line[11..]).collect();
    let expected = [
        "per-client: client.address 2001:db8::/64, header:x-tenant (none, a key shared by all that have none); 100 in 60s, burst 20, cost 1, at once",
        "busy: one count for all; 5 at a time, cost 1, held until it ends, in shadow",
        "weight: one count for all; 1000 in a month of Asia/Shanghai, cost 5, at once",
        "bytes: one count for all; 1048576 in 3600s, cost response.bytes, when it is answered",
        "scanning: one count for all; 50 in 60s, cost 1, not charged: only what is refused counts",
        "all: one count for all; 7 in 1s, cost 1, at once",
        "guessing: client.address 2001:db8::/64, $.user (from the body); 10 in 600s, cost 1, when it is answered with a status that counts",
    ];
    assert_eq!(lines, expected, "{}", said.out);
    let said = ostiary(&[&arguments[..], &["--path", "/closed", "--json"]].concat(), policy);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let names: Vec<_> =
        json["quotas"].as_array().unwrap().iter().map(|quota| quota["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["scanning", "all"]);
}
