//! What the catalog guarantees: the most specific declaration decides, ids are stable, and what is
//! declared twice is refused.

use crate::Protocol;
use crate::catalog::Surroundings;
use crate::path::CanonicalPath;
use crate::policy::Policy;

fn policy(apis: &str) -> Policy {
    let json = format!(r#"{{"version":"v1","apis":{apis}}}"#);
    Policy::from_json(json.as_bytes()).unwrap().policy
}

fn identify(policy: &Policy, host: &str, method: &str, path: &str) -> (Option<String>, String, String) {
    let path = CanonicalPath::new(path.as_bytes()).unwrap();
    let operation = policy.catalog().identify(Protocol::Rest, host, &path, method);
    let catalog = policy.catalog();
    (
        operation.api(catalog).map(str::to_owned),
        operation.template(catalog).to_owned(),
        operation.host_pattern(catalog).into_owned(),
    )
}

#[test]
fn host_then_path_then_method_decide() {
    let policy = policy(
        r#"[
        {"name":"exact","hosts":["shop.example"],"paths":["/orders/{id}"],"methods":["GET"]},
        {"name":"below","hosts":["*.example"],"paths":["/orders/{id}","/orders/latest"]},
        {"name":"deeper","hosts":["*.shop.example"],"paths":["/**"]},
        {"name":"anywhere","paths":["/health","/orders/{id}/items"],"methods":["GET","PURGE"]}
    ]"#,
    );
    for (host, method, path, api, template) in [
        ("shop.example", "GET", "/orders/7", Some("exact"), "/orders/{id}"),
        ("shop.example", "PUT", "/orders/7", Some("below"), "/orders/{id}"),
        ("shop.example", "PUT", "/orders/latest", Some("below"), "/orders/latest"),
        // The exact host has a template that matches: a closer template elsewhere does not outrank it.
        ("shop.example", "GET", "/orders/latest", Some("exact"), "/orders/{id}"),
        ("a.shop.example", "GET", "/orders/7", Some("deeper"), "/**"),
        ("b.example", "GET", "/orders/latest/", Some("below"), "/orders/latest"),
        ("example", "GET", "/health", Some("anywhere"), "/health"),
        ("example", "PURGE", "/health?x", Some("anywhere"), "/health"),
        ("example", "POST", "/health", None, "/health"),
        ("", "GET", "/orders/9/items", Some("anywhere"), "/orders/{id}/items"),
        ("other", "GET", "/orders/9", None, "/orders/{…}"),
    ] {
        let found = identify(&policy, host, method, path);
        assert_eq!((found.0.as_deref(), &*found.1), (api, template), "{method} {host}{path}");
    }
}

#[test]
fn head_belongs_to_what_declares_get() {
    let policy = policy(
        r#"[{"name":"read","paths":["/a/{id}"],"methods":["GET"]},{"name":"any","paths":["/**"]},
            {"name":"b","paths":["/b"],"methods":["GET"]},{"name":"b.head","paths":["/b"],"methods":["HEAD"]}]"#,
    );
    for (path, api) in [("/a/7", "read"), ("/b", "b.head"), ("/c", "any")] {
        assert_eq!(identify(&policy, "h", "HEAD", path).0.as_deref(), Some(api), "{path}");
    }
}

#[test]
fn a_client_cannot_invent_methods() {
    let policy = policy(r#"[{"name":"a","paths":["/a"],"methods":["PURGE"]}]"#);
    let method = |method: &str| {
        let path = CanonicalPath::new(b"/x").unwrap();
        policy.catalog().identify(Protocol::Rest, "h", &path, method).method.to_string()
    };
    assert_eq!((method("GET"), method("PURGE"), method("EVIL1")), ("GET".into(), "PURGE".into(), "_OTHER".into()));
}

#[test]
fn what_is_declared_twice_is_refused_with_both_places() {
    let json = r#"{"version":"v1","apis":[
        {"name":"a","paths":["/x/{id}"],"methods":["GET"]},
        {"name":"b","paths":["/y","/x/*"],"methods":["GET","PUT"]},
        {"name":"a","paths":["/z"]},
        {"name":"c","paths":["/x/*"],"methods":["POST"]}
    ]}"#;
    let problems = Policy::from_json(json.as_bytes()).unwrap_err().to_string();
    assert!(
        problems.contains("apis[1].paths[1]: `/x/*` at host `*` is declared already, at apis[0].paths[0]"),
        "{problems}"
    );
    assert!(problems.contains("apis[2].name: `a` is declared already, at apis[0]"), "{problems}");
    assert!(!problems.contains("apis[3]"), "{problems}");
}

/// The id is made from the operation's identity and from nothing else. The values are pinned: a
/// change of them would orphan every inventory.
#[test]
fn ids_are_stable() {
    let id = |policy: &Policy, host: &str, path: &str, around: &Surroundings| {
        let path = CanonicalPath::new(path.as_bytes()).unwrap();
        policy.catalog().identify(Protocol::Rest, host, &path, "GET").id(policy.catalog(), around).to_string()
    };
    let around = Surroundings::default();
    let one = policy(r#"[{"name":"a","paths":["/x/{id}"]}]"#);
    let other = policy(r#"[{"name":"first","paths":["/q"]},{"name":"renamed","owner":"o","paths":["/x/{id}"]}]"#);
    assert_eq!(id(&one, "h", "/x/1", &around), id(&other, "h", "/x/2", &around));
    assert_ne!(id(&one, "h", "/x/1", &around), id(&one, "h", "/y", &around));
    let elsewhere = Surroundings { environment: "test".into(), ..Surroundings::default() };
    assert_ne!(id(&one, "h", "/x/1", &around), id(&one, "h", "/x/1", &elsewhere));
    assert_eq!(id(&one, "h", "/x/1", &around), "485323f2c3adf579f0023deea4925b7e");
}

/// 50,000 templates are compiled, and each finds itself.
#[test]
fn fifty_thousand_templates_each_find_themselves() {
    let apis: Vec<String> = (0..10_000)
        .map(|api| {
            let paths: Vec<String> =
                (0..5).map(|path| format!(r#""/shared/{{tenant}}/service{api}/part{path}/{{id}}""#)).collect();
            format!(r#"{{"name":"api{api}","paths":[{}]}}"#, paths.join(","))
        })
        .collect();
    let policy = policy(&format!("[{}]", apis.join(",")));
    assert_eq!(policy.catalog().len(), 50_000);
    for api in [0, 1, 4_999, 9_999] {
        let found = identify(&policy, "any", "GET", &format!("/shared/t/service{api}/part3/9"));
        assert_eq!(found.0, Some(format!("api{api}")));
    }
}
