//! `callers-headers.yaml`: the names that Envoy's `basic_auth` and `api_key_auth` write, and clients that write them themselves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::example::{Call, Example, File};

const STRIPPED: &str = "mutations: [{ remove: x-user-name }, { remove: x-partner-name }]";
const NOT_STRIPPED: &str = "mutations: [{ remove: x-unrelated }]";

/// The file as `htpasswd -s` writes it.
fn users() -> [File; 1] {
    let line = |name: &str, password: &str| {
        format!("{name}:{{SHA}}{}\n", STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes())))
    };
    [("users.htpasswd", [line("alice", "wonder"), line("bob", "builder")].concat().into_bytes())]
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_headers() {
    let example = Example::beside("callers-headers.yaml", &users(), &[(STRIPPED, NOT_STRIPPED)]).await;
    only_a_verified_name_is_the_caller(&example).await;
    without_the_removal_a_client_names_itself_where_the_filter_is_off(&example).await;
    example.stop();
}

/// The verified name decides; one that a client writes is gone before any filter looks, where the filter runs and where it does not.
async fn only_a_verified_name_is_the_caller(example: &Example) {
    let staff = |status: u16| Call::new("GET /staff", status);
    let payments = |status: u16| Call::new("GET /payments", status);
    let calls = [
        staff(200).with("authorization", basic("alice", "wonder")),
        payments(200).with("x-partner-key", "put-your-own-key-here"),
        Call::new("GET /orders", 200),
        staff(403).with("authorization", basic("bob", "builder")),
        staff(401),
        staff(401).with("authorization", basic("alice", "builder")),
        payments(401),
        payments(401).with("x-partner-key", "another"),
        // Bob with alice's name, in each way that a header can stand twice.
        staff(403).with("authorization", basic("bob", "builder")).with("x-user-name", "alice"),
        staff(403)
            .with("x-user-name", "alice")
            .with("authorization", basic("bob", "builder"))
            .with("X-User-Name", "alice"),
        // The name alone, where its filter runs, where another one does, and where none does.
        staff(401).with("x-user-name", "alice"),
        payments(401).with("x-user-name", "alice").with("x-partner-name", "acme"),
        Call::new("POST /orders", 401).with("x-user-name", "alice"),
        Call::new("POST /orders", 401).with("x-partner-name", "acme"),
        Call::new("POST /orders", 401).with("x-user-name", "alice").with("authorization", basic("alice", "wonder")),
        // A route that nobody thought of asks for both.
        Call::new("GET /elsewhere", 401).with("x-user-name", "alice"),
    ];
    let seen = example.expect("edge", &calls).await;
    assert_eq!(seen[0].caller(), Some("basic_auth:alice"));
    assert_eq!(seen[0].header("x-user-name"), Some(b"alice".as_slice()));
    assert_eq!(seen[0].header("authorization"), None, "the password stays here");
    assert_eq!(seen[1].caller(), Some("api_key_auth:acme"));
    assert_eq!(seen[1].header("x-partner-name"), Some(b"acme".as_slice()));
    assert_eq!(seen[1].header("x-partner-key"), None, "the key stays here");
    assert_eq!(seen[3].caller(), Some("basic_auth:bob"));
    assert_eq!(seen[8].caller(), Some("basic_auth:bob"));
    assert_eq!(seen[9].caller(), Some("basic_auth:bob"));
    for seen in &seen[10..] {
        assert_eq!(seen.caller(), None, "{:?}", seen.record);
    }
}

/// Why the headers are removed first: both filters overwrite every line of a client's header, but not where a route turns them off.
async fn without_the_removal_a_client_names_itself_where_the_filter_is_off(example: &Example) {
    let bob = Call::new("GET /staff", 403).with("authorization", basic("bob", "builder"));
    let acme = Call::new("GET /payments", 200).with("x-partner-key", "put-your-own-key-here");
    let calls = [
        bob.with("x-user-name", "alice").with("x-user-name", "alice"),
        acme.with("x-partner-name", "other").with("x-partner-name", "other"),
        Call::new("POST /orders", 200).with("x-user-name", "alice"),
        Call::new("POST /orders", 200).with("x-partner-name", "acme"),
    ];
    let seen = example.expect("edge-changed", &calls).await;
    let callers = seen.iter().map(|seen| seen.caller().unwrap_or("-"));
    assert!(callers.eq(["basic_auth:bob", "api_key_auth:acme", "basic_auth:alice", "api_key_auth:acme"]));
}
