//! `callers-jwt.yaml`: Envoy's `jwt_authn` verifies real tokens, ours reads them.

use crate::example::{Call, Example};
use crate::issuer::{Issuer, now_s, unsecured};
use serde_json::json;

/// Only a good token makes a caller, only the right form of a claim gives roles, and the token goes no further: neither to the upstream
/// nor into a record.
#[tokio::test(flavor = "multi_thread")]
async fn a_verified_token_is_the_caller() {
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let example = Example::start("callers-jwt.yaml", &[("jwks.json", issuer.key_set())]).await;
    let roles = |roles: serde_json::Value| json!({ "realm_access": { "roles": roles } });
    let good = issuer.token(&roles(json!(["reader", "accountant"])));
    let other = issuer.token(&json!({}));
    let payments = |status: u16, token: &str| Call::new("GET /payments", status).bearer(token);
    let own = |claims: serde_json::Value| issuer.token(&claims);
    let calls = [
        payments(200, &good),
        // A text with blanks is a list of roles, as the claim `scope` has it.
        payments(200, &own(roles(json!("reader accountant")))),
        Call::new("GET /staff", 200).bearer(&own(json!({ "sub": "hr-service" }))),
        Call::new("GET /orders", 200),
        Call::new("GET /orders", 200).bearer(&good),
        // Good tokens without the role: in lists within lists, as one of many words, as a key, at another place.
        payments(403, &own(roles(json!([["accountant"]])))),
        payments(403, &own(roles(json!(["accountant reader"])))),
        payments(403, &own(roles(json!({ "accountant": true })))),
        payments(403, &own(json!({ "roles": ["accountant"], "realm_access.roles": ["accountant"] }))),
        payments(403, &own(json!({ "realm_access": [{ "roles": ["accountant"] }] }))),
        // Nobody's name, however good the token and its roles.
        payments(401, &own(json!({ "sub": null, "realm_access": { "roles": ["accountant"] } }))),
        payments(401, &own(json!({ "sub": "", "realm_access": { "roles": ["accountant"] } }))),
        payments(401, &own(json!({ "sub": ["alice"], "realm_access": { "roles": ["accountant"] } }))),
        Call::new("GET /payments", 401),
        // A place that was not named is no place for a token.
        Call::new(&format!("GET /payments?access_token={good}"), 401),
        Call::new("GET /payments", 401).with("cookie", format!("access_token={good}")),
        // Refused by `jwt_authn`, on an operation that is open, too.
        payments(401, &own(json!({ "exp": now_s() - 600 }))),
        payments(401, &own(json!({ "nbf": now_s() + 600 }))),
        payments(401, &own(json!({ "exp": null }))),
        payments(401, &own(json!({ "iss": "https://elsewhere.example" }))),
        payments(403, &own(json!({ "aud": "warehouse" }))),
        payments(401, &stranger.token(&roles(json!(["accountant"])))),
        payments(401, &unsecured(&roles(json!(["accountant"])))),
        // The claims of one good token under the signature of another.
        payments(401, &format!("{}.{}", good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1)),
        Call::new("GET /orders", 401).bearer("nonsense"),
    ];
    let seen = example.expect("edge", &calls).await;
    let callers: Vec<_> = seen.iter().map(|seen| seen.caller().unwrap_or("-")).collect();
    assert_eq!(callers[..4], ["jwt:alice", "jwt:alice", "jwt:hr-service", "-"]);
    assert_eq!(callers[4..10], ["jwt:alice"; 6]);
    assert_eq!(callers[10..], ["-"; 15]);
    assert_eq!(seen[0].record.text("ostiary.rule.name"), Some("accountants"));
    assert_eq!(seen[10].record.text("ostiary.credential.state"), Some("invalid"));
    assert_eq!(seen[11].record.text("ostiary.credential.state"), Some("invalid"));
    assert_eq!(seen[13].record.text("ostiary.credential.state"), Some("none"));
    for (seen, call) in seen.iter().zip(&calls) {
        assert_eq!(seen.header("authorization"), None, "{call}");
        assert!(!format!("{:?}", seen.record).contains("eyJ"), "a token in a record: {:?}", seen.record);
        let refused = seen.record.number("http.response.status_code") != Some(200);
        assert_eq!(seen.arrived.is_none(), refused, "{call}");
    }
    example.stop();
}
