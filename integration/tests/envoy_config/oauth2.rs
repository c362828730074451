//! `callers-oauth2.yaml`: a whole login (RFC 6749, section 4.1, with RFC 7636) between a browser, Envoy and a token endpoint, then calls with
//! the cookies that it gave.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ostiary_integration::http1::Message;
use ostiary_tests::octets::Octets;
use ostiary_tests::scenario::Answer;
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::example::{Call, Example};
use crate::issuer::Issuer;

/// What a browser keeps.
type Cookies = BTreeMap<String, String>;

/// Who signs in is the caller with the roles of the token, and neither a token nor cookies that the login did not give are anybody.
#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_is_the_caller() {
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let secret = |byte: u8| URL_SAFE_NO_PAD.encode([byte; 32]).into_bytes();
    let files =
        [("jwks.json", issuer.key_set()), ("client-secret", b"known-to-both".to_vec()), ("cookie-secret", secret(7))];
    let example = Example::start("callers-oauth2.yaml", &files).await;
    let accountant = json!({ "realm_access": { "roles": ["accountant"] } });
    let alice = sign_in(&example, &issuer.token(&accountant)).await;
    let bob = sign_in(&example, &issuer.token(&json!({ "sub": "bob" }))).await;
    // The token endpoint is believed for nothing but being the token endpoint: the token is verified as any other.
    let mallory = sign_in(&example, &stranger.token(&accountant)).await;

    let browser = |line: &str, status: u16, cookies: &Cookies| Call::new(line, status).with("cookie", line_of(cookies));
    let mut forged = alice.clone();
    forged.insert("BearerToken".to_owned(), issuer.token(&accountant));
    let mut mixed = bob.clone();
    mixed.insert("BearerToken".to_owned(), alice["BearerToken"].clone());
    let calls = [
        browser("GET /orders", 200, &alice),
        browser("GET /payments", 200, &alice),
        browser("GET /orders", 200, &bob),
        browser("GET /payments", 403, &bob),
        browser("GET /orders", 401, &mallory),
        browser("GET /orders", 302, &forged),
        browser("GET /payments", 302, &mixed),
        // A good token that did not come by a login is taken off, on the way in and where somebody is signed in.
        Call::new("GET /payments", 302).bearer(&issuer.token(&accountant)),
        browser("GET /payments", 403, &bob).bearer(&issuer.token(&accountant)),
        Call::new("GET /payments", 401).with("accept", "application/json"),
        // A code without the login that it belongs to.
        Call::new("GET /callback?code=stolen&state=aHR0cHM6Ly9zaG9wLmV4YW1wbGUv", 401),
    ];
    let seen = example.expect("edge", &calls).await;
    let callers: Vec<_> = seen.iter().map(|seen| seen.caller().unwrap_or("-")).collect();
    let (alice, bob) = ("jwt:alice", "jwt:bob");
    assert_eq!(callers, [alice, alice, bob, bob, "-", "-", "-", "-", bob, "-", "-"]);
    for seen in &seen {
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("cookie"), None, "the token in the cookie is as good as the one in the header");
        assert!(!format!("{:?}", seen.record).contains("eyJ"), "a token in a record: {:?}", seen.record);
    }
    assert!(example.identity.take().is_empty(), "no code was redeemed but those of the logins");
    example.stop();
}

/// A browser's way: sent to the identity server, back with a code, and from there on with cookies.
async fn sign_in(example: &Example, token: &str) -> Cookies {
    let mut cookies = Cookies::new();
    let asked = example.ask("edge", &Call::new("GET /orders", 302)).await;
    keep(&mut cookies, &asked);
    let to = location(&asked);
    assert!(to.starts_with("https://identity.shop.example/authorize?"), "{to}");
    let asked = parameters(to.split_once('?').expect("a query").1);
    assert_eq!(asked["redirect_uri"], "https%3A%2F%2Fshop.example%2Fcallback");

    let answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 }).to_string();
    example.identity.script(Answer { body: vec![Octets::from(answer.as_str())], ..Answer::default() });
    let line = format!("GET /callback?code=from-the-identity-server&state={}", asked["state"]);
    let back = example.ask("edge", &Call::new(&line, 302).with("cookie", line_of(&cookies))).await;
    keep(&mut cookies, &back);

    let redeemed = example.identity.take().pop().expect("the code was redeemed").arrival;
    let form = parameters(std::str::from_utf8(&redeemed.body).expect("text"));
    assert_eq!((redeemed.method.as_str(), redeemed.path.as_slice()), ("POST", b"/token".as_slice()));
    assert_eq!((form["code"].as_str(), form["client_secret"].as_str()), ("from-the-identity-server", "known-to-both"));
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    assert_eq!(asked["code_challenge"], challenge, "whoever redeems the code is who asked for it");
    // By its parts: what is encrypted may have any three letters in a row.
    assert!(
        token.split('.').all(|part| !line_of(&cookies).contains(part)),
        "a token that a browser can read: {cookies:?}"
    );
    assert!(location(&back).ends_with("//shop.example/orders"));
    assert!(example.upstream.take().is_empty());
    cookies
}

fn location(answer: &Message) -> String {
    String::from_utf8_lossy(answer.header("location").expect("a location")).into_owned()
}

fn keep(cookies: &mut Cookies, answer: &Message) {
    for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
        let line = String::from_utf8_lossy(value).into_owned();
        let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        match value {
            "deleted" => cookies.remove(name),
            value => cookies.insert(name.to_owned(), value.to_owned()),
        };
    }
}

fn line_of(cookies: &Cookies) -> String {
    cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn parameters(text: &str) -> BTreeMap<String, String> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
