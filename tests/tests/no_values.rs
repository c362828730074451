//! Invariant 7: a record carries names, shapes, types, counts and keyed fingerprints; never a value.

use ostiary_tests::fake::{Answer, Envoy, FakeHost, Inbound};
use proptest::prelude::*;

const POLICY: &[u8] = br#"{"version":"v1","collector":{"cluster":"api"},"pseudonyms":{"key":"0123456789abcdef"},
    "apis":[{"name":"orders","paths":["/orders/{id}"]}],
    "callers":{"api_keys":{"header":"x-partner","keys":[{"id":"acme","sha256":"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}]}},
    "access":{"deny":[{"name":"ssrf","query_urls":"internal"}]}}"#;

/// A secret in one of the forms that something looks for.
fn dressed(secret: &str, form: usize) -> String {
    match form {
        0 => secret.to_owned(),
        1 => format!("{secret}@shop.example"),
        2 => format!("https://{secret}.example/{secret}"),
        3 => format!("http://10.0.0.1/{secret}"),
        4 => format!("java.lang.{secret}Exception at {secret}.java:1) SQLSTATE[{secret}"),
        5 => format!("eyJhbGciOiJub25lIn0.{secret}.{secret}"),
        _ => format!("postgres://{secret}:{secret}@db.internal/{secret}"),
    }
}

fn lines(lines: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    lines.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever stands as a value in the path, query, headers, cookies, credentials and bodies of a call and of its answer,
    /// in whatever form, passed or refused: no record holds it.
    #[test]
    fn no_value_is_in_any_record(secret in "zq[a-z]{4}[0-9]{2}[A-Za-z0-9]{6,16}", forms in prop::array::uniform4(0..7_usize), kind in 0..4_usize, cut in 1..40_usize) {
        let [in_query, in_header, in_body, in_answer] = forms.map(|form| dressed(&secret, form));
        let escaped = |text: &str| text.replace('/', "\\/");
        let (content_type, body) = match kind {
            0 => ("application/json", format!(r#"{{"id":"{secret}","url":"{}","deep":[{{"a":"{in_body}"}}]}}"#, escaped(&in_body))),
            1 => ("application/x-www-form-urlencoded", format!("id={secret}&url={in_body}&password={in_body}")),
            2 => ("application/xml", format!("<a><id>{secret}</id><b>{in_body}</b></a>")),
            _ => ("text/plain", in_body),
        };
        let answer = match kind {
            0 => format!("<html><title>Index of /{in_answer}</title>"),
            1 => in_answer,
            _ => format!(r#"{{"id":"{secret}","items":[{{"id":"{secret}","error":"{in_answer}"}}]}}"#),
        };
        let host = FakeHost::default();
        host.world.now_ns.set(1_767_225_600_000_000_000);
        let (envoy, taken) = Envoy::start(host, POLICY);
        prop_assert!(taken);
        let path = format!("/orders/{secret}?q={in_query}&token={in_query}&redirect_url={in_query}&id={secret}");
        let cookie = format!("sid={in_header}; theme={secret}");
        let inbound = Inbound {
            headers: lines(&[
                (":method", "POST"), (":authority", "shop.example"), (":path", &path), ("content-type", content_type),
                ("authorization", &format!("Bearer {in_header}")), ("x-partner", &in_header), ("x-tenant", &in_header),
                ("cookie", &cookie), ("origin", &format!("https://{secret}.test")),
            ]),
            client: "192.0.2.1:1".to_owned(),
            protocol: "HTTP/2",
            body: body.as_bytes().chunks(cut).map(<[u8]>::to_vec).collect(),
            ..Inbound::default()
        };
        let allowed = format!("https://{secret}.test");
        let answer = Answer {
            headers: lines(&[
                (":status", "200"), ("content-type", ["text/html", "text/plain", "application/json", "application/json"][kind]),
                ("server", &format!("{secret}/1.0")), ("access-control-allow-origin", &allowed),
                ("access-control-allow-credentials", "true"), ("set-cookie", &cookie),
            ]),
            body: answer.as_bytes().chunks(cut).map(<[u8]>::to_vec).collect(),
            ..Answer::default()
        };
        for _ in 0..2 {
            envoy.exchange_whole(&inbound, (&answer, "via_upstream"), |_| {});
        }
        let records = envoy.drain();
        let requests: Vec<_> = records.iter().filter(|record| record.event == "ostiary.request").collect();
        prop_assert_eq!(requests.len(), 2);
        for record in &records {
            prop_assert!(!format!("{record:?}").contains(&secret), "{:?}", record);
        }
        // The records tell something all the same.
        prop_assert!(requests[0].get("ostiary.signs").is_some() && requests[0].get("ostiary.parameters").is_some());
        prop_assert!(requests[0].get("ostiary.fingerprints").is_some());
    }
}
