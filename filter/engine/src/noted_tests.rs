//! What notes guarantee: each sign and kind by example, and no value in any of them.

use super::{Answered, Asker, Noted, note, of_answer};
use crate::attributes::Stated;
use crate::judge::{RequestHead, judge};
use crate::pairs::{Pairs, serialized};
use crate::policy::Policy;
use ostiary_body::detect::signs::Signs;
use proptest::prelude::*;

fn policy() -> Policy {
    let json = r#"{"version":"v1","collector":{"cluster":"c"},"pseudonyms":{"key":"0123456789abcdef"},
        "apis":[{"name":"orders","paths":["/orders/{order_id}/items/{n}"]}]}"#;
    Policy::from_json(json.as_bytes()).unwrap().policy
}

fn noted(policy: &Policy, path: &str, lines: &[(&str, &str)]) -> Noted {
    let map = serialized(lines);
    let head = RequestHead {
        method: b"GET",
        authority: b"shop.example",
        path: Some(path.as_bytes()),
        lines: Pairs::new(&map),
        ..RequestHead::default()
    };
    note(policy, &head, &judge(policy, &head, &Stated::default()))
}

fn names(signs: Signs) -> String {
    signs.names().collect::<Vec<_>>().join(" ")
}

/// Base64url of a JSON text, for tokens.
fn coded(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let six = bits.as_bytes().chunks(6).map(|six| format!("{:0<6}", std::str::from_utf8(six).unwrap()));
    six.map(|six| char::from(DIGITS[usize::from_str_radix(&six, 2).unwrap()])).collect()
}

fn token(header: &str, claims: &str) -> String {
    format!("Bearer {}.{}.sig", coded(header), coded(claims))
}

#[test]
fn signs_of_a_request_are_noted() {
    let policy = policy();
    let none = token(r#"{"alg":"nOnE"}"#, "{}");
    for (path, lines, signs) in [
        ("/a?page_token=x&q=shoes&id=42", &[][..], ""),
        ("/a?access_token=abcdef", &[], "credential_in_url"),
        ("/a?user%5Bpassword%5D=hunter2", &[], "credential_in_url"),
        (
            "/a?x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            &[],
            "credential_in_url",
        ),
        ("/a?mail=ann@shop.example", &[], "personal_data_in_url"),
        ("/users/ann@shop.example", &[], "personal_data_in_url"),
        ("/a?card=4111111111111111", &[], "personal_data_in_url"),
        ("/a?next=http://169.254.169.254/latest", &[], "internal_url"),
        ("/a?callback_host=127.1", &[], "internal_url"),
        ("/a?ip=10.0.0.1", &[], ""),
        ("/a", &[("authorization", &*none)], "jwt_alg_none"),
        ("/a", &[("content-type", "text/plain"), ("content-type", "application/json")], "several_content_types"),
        ("/a", &[("content-type", "text/plain, application/json")], "several_content_types"),
    ] {
        assert_eq!(names(noted(&policy, path, lines).signs), signs, "{path} {lines:?}");
    }
}

/// The signs of answers, over TLS.
#[test]
fn signs_of_an_answer_are_noted() {
    let safe: &[(&str, &str)] = &[
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("strict-transport-security", "max-age=1"),
    ];
    let html = ("content-type", "text/html; charset=utf-8");
    let json = ("content-type", "application/json");
    let credentials = ("access-control-allow-credentials", "true");
    for (lines, begins, signs) in [
        (&[html][..], None, "no_csp no_frame_options no_nosniff no_hsts"),
        (&[html, safe[0], safe[1], safe[2]], Some(b'<'), ""),
        (&[json, safe[0]], Some(b'{'), "cacheable"),
        (&[json, safe[0], ("cache-control", "private, max-age=3")], Some(b'"'), ""),
        (&[json, safe[0], ("cache-control", "no-store")], Some(b'<'), "content_type_mismatch"),
        (&[("content-type", "text/plain")], Some(b'<'), "content_type_mismatch"),
        (&[("server", "nginx")], None, ""),
        (&[("server", "nginx/1.25.3")], None, "banner"),
        (&[("x-powered-by", "PHP/8.1")], None, "banner"),
        (&[("x-aspnet-version", "4.0.30319")], None, "banner"),
        (&[credentials, ("access-control-allow-origin", "*")], None, "cors_wildcard_credentials"),
        (&[credentials, ("access-control-allow-origin", "null")], None, "cors_null_origin"),
        (&[credentials, ("access-control-allow-origin", "https://evil.test")], None, "cors_reflected_origin"),
        (&[("access-control-allow-origin", "https://evil.test")], None, ""),
        (&[html, json, safe[0], safe[1], safe[2]], None, "several_content_types"),
    ] {
        let map = serialized(&[&[(":status", "200")], lines].concat());
        let asker = Asker {
            foreign_origin: Some(b"https://evil.test"[..].into()),
            has_origin: true,
            is_credited: true,
            is_safe: true,
        };
        let answered: Answered = of_answer(Pairs::new(&map), &asker);
        assert_eq!(names(answered.signs(true, begins)), signs, "{lines:?}");
        assert!(!names(answered.signs(false, begins)).contains("hsts"));
    }
}

/// An origin of one's own site is nobody to warn of.
#[test]
fn origins_of_other_sites_are_foreign() {
    for (origin, foreign) in [
        ("https://evil.test", true),
        ("https://app.shop.example:8443", false),
        ("https://shop.example", false),
        ("null", false),
    ] {
        let asker = noted(&policy(), "/a", &[("origin", origin)]).asker;
        assert_eq!((asker.foreign_origin.is_some(), asker.has_origin), (foreign, true), "{origin}");
    }
}

#[test]
fn credentials_are_told_by_kind() {
    let policy = policy();
    let jwt = token(r#"{"alg":"RS256"}"#, r#"{"iss":"https://id.example","exp":100,"nbf":50,"sub":"ann"}"#);
    for (lines, came) in [
        (&[][..], ""),
        (&[("authorization", "Basic YTpi")], "basic"),
        (&[("authorization", &*jwt)], "bearer_jwt"),
        (&[("authorization", "Bearer abcdef")], "bearer"),
        (&[("authorization", "AWS4-HMAC-SHA256 Credential=x")], "http_signature"),
        (&[("authorization", "Digest x")], "digest"),
        (&[("signature-input", "sig1=()")], "http_signature"),
        (&[("x-wsse", "UsernameToken")], "ws_security"),
        (&[("x-api-key", "k"), ("cookie", "theme=dark; JSESSIONID=x")], "api_key session_cookie"),
        (&[("cookie", "theme=dark; csrf_token=x")], ""),
        (&[("authorization", "Negotiate x")], "other"),
    ] {
        let credentials = noted(&policy, "/a", lines).credentials;
        assert_eq!(credentials.came(false, false).collect::<Vec<_>>().join(" "), came, "{lines:?}");
    }
    assert_eq!(
        noted(&policy, "/a?api_key=x", &[]).credentials.came(true, true).collect::<Vec<_>>(),
        ["api_key", "mtls", "ws_security"]
    );
    let noted = noted(&policy, "/a", &[("authorization", &jwt)]);
    let token = noted.credentials.token().unwrap();
    assert_eq!((token.alg, token.issuer.as_deref(), token.is_unsigned()), ("RS256", Some("https://id.example"), false));
    assert_eq!([49.0, 50.0, 100.0].map(|now| token.expiry(now)), ["not_yet", "valid", "expired"]);
}

/// A token that is none, or says what it should not, tells little and breaks nothing.
#[test]
fn hostile_tokens_tell_little() {
    let policy = policy();
    let read =
        |authorization: &str| noted(&policy, "/a", &[("authorization", authorization)]).credentials.token().cloned();
    let odd = read(&token(r#"{"alg":"custom-1"}"#, r#"{"iss":"ann@shop.example","exp":"soon"}"#)).unwrap();
    assert_eq!((odd.alg, odd.issuer.as_deref(), odd.expiry(1.0)), ("other", None, "unlimited"));
    assert_eq!(read(&token(r#"{"alg":"HS256"}"#, "no json")).unwrap().expiry(1.0), "unknown");
    for none in ["Bearer eyJ.eyJ.x", "Bearer ey", "Bearer e30.e30.x", &format!("Bearer {}", "ey".repeat(20_000))] {
        assert!(read(none).is_none());
    }
    let deep = format!("{{\"alg\":{}1", "[".repeat(5_000));
    assert!(read(&token(&deep, "{}")).is_none());
}

#[test]
fn parameters_are_noted_by_place_name_and_type() {
    let policy = policy();
    let lines = [
        ("cookie", "sid=abc; theme=dark"),
        ("x-tenant", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        ("x-request-id", "r"),
        ("accept", "*/*"),
    ];
    let noted =
        noted(&policy, "/orders/42/items/7?page=1&filter[price]=2.5&mail=ann@shop.example&4111111111111111=x", &lines);
    assert_eq!(
        noted.parameters,
        [
            "path order_id integer:int32",
            "path n integer:int32",
            "query page integer:int32",
            "query filter.price number",
            "query mail string:email email",
            "query * string",
            "cookie sid",
            "cookie theme",
            "header x-tenant string:uuid",
        ]
    );
    assert_eq!((noted.asked.len(), noted.session.is_some(), noted.left_out), (2, true, 0));
    let many: String = (0..60)
        .map(|n| format!("&p{}=1", ["a", "b", "c", "d"].concat().repeat(1 + n / 30) + &"x".repeat(n % 30)))
        .collect();
    let many = super::tests::noted(&policy, &format!("/a?{many}"), &[]);
    assert_eq!((many.parameters.len(), many.parameters.len() + many.left_out), (32, 60));
}

proptest! {
    /// Invariant 7: whatever a client sends as a value, in a path's parameter, a query, a header, a cookie or a
    /// credential, none of it is in what is noted.
    #[test]
    fn no_value_is_noted(secret in "zq[a-z]{3}[0-9]{2}[A-Za-z0-9_-]{6,20}", shape in 0..6_usize) {
        let policy = policy();
        let value = match shape {
            0 => secret.clone(),
            1 => format!("{secret}@shop.example"),
            2 => format!("https://{secret}.example/x"),
            3 => format!("http://127.0.0.1/{secret}"),
            4 => format!("{}.{}.{secret}", coded(r#"{"alg":"HS256"}"#), coded(&format!(r#"{{"sub":"{secret}"}}"#))),
            _ => format!("{secret}={secret}"),
        };
        let bearer = format!("Bearer {value}");
        let cookie = format!("sid={value}; a={value}");
        let lines = [("authorization", &*bearer), ("x-api-key", &value), ("x-tenant", &value), ("cookie", &cookie), ("content-type", &value)];
        let path = format!("/orders/{}/items/{secret}?q={value}&token={value}&url={value}", value.replace('/', "-"));
        let noted = format!("{:?}", noted(&policy, &path, &lines));
        prop_assert!(!noted.contains(&secret), "{}", noted);
    }
}
