//! A request's headers as the host gives them, all the way to a verdict.
//!
//! The first bytes of the input may be a map's; they are also taken as the values of a whole
//! request, so that the deeper stages are reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostiary_engine::attributes::Stated;
use ostiary_engine::judge::judge;
use ostiary_engine::policy::Policy;
use ostiary_filter::head::Head;
use ostiary_engine::pairs::{Pairs, serialized};

fn policy() -> Policy {
    let json = br#"{"version": "v1",
        "requests": {"paths": "rewrite", "accept": ["encoded_slash"], "path_case": "fold", "overrides": "strip", "preflight": "pass"},
        "client_address": {"from": "forwarded_for", "trusted_proxies": ["10.0.0.0/8"]},
        "client_country": {"header": "x-country", "set_by": "geoip"},
        "callers": {"api_keys": {"header": "x-api-key", "query": "key", "cookie": "api",
            "keys": [{"id": "acme", "sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", "roles": ["partner"]}]}},
        "apis": [{"name": "orders", "hosts": ["shop.example", "*.shop.example"], "paths": ["/orders", "/orders/{id}", "/files/**"], "methods": ["GET", "POST"]}],
        "access": {"default": "allow",
            "deny": [{"name": "files", "paths": ["/files/secret/**"], "not": {"roles": ["partner"]}},
                {"name": "post", "methods": ["POST"], "hosts": ["shop.example"], "headers": [{"name": "x-env", "regex": "a.*b"}]},
                {"name": "debug", "query": [{"name": "debug", "exact": "1"}], "user_agents": ["*bot*"]}],
            "allow": [{"name": "office", "apis": ["*"], "from": {"cidrs": ["192.0.2.0/24"], "countries": ["DE"]}}]}}"#;
    Policy::from_json(json).expect("the policy is valid").policy
}

thread_local! {
    static POLICY: Policy = policy();
}

fuzz_target!(|data: &[u8]| POLICY.with(|policy| both(policy, data)));

fn both(policy: &Policy, data: &[u8]) {
    verdict(policy, data);
    let mut parts = data.split(|byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let map = serialized(&[
        (b":method".as_slice(), part()),
        (b":authority", part()),
        (b":path", part()),
        (b"content-type", part()),
        (b"traceparent", part()),
        (b"user-agent", part()),
        (part(), part()),
    ]);
    assert_eq!(Pairs::new(&map).count(), 7);
    verdict(policy, &map);
}

fn verdict(policy: &Policy, map: &[u8]) {
    let head = Head::new(map);
    let kept = head.keep();
    assert!(kept.user_agent.len() < 4096 && kept.request_id.len() < 4096);
    if !head.is_request() {
        return;
    }
    let request = head.request();
    for now_s in [0, 1_800_000_000] {
        let attributes = Stated::default().at(now_s);
        let judged = judge(policy, &request, &attributes);
        assert_eq!(judged, judge(policy, &request, &attributes));
        assert_eq!(judged.act().is_ok(), judged.verdicts.enforced.permits());
        // What has no canonical form is refused wherever access is controlled.
        assert!(judged.operation.is_some() || judged.act().is_err());
        if let Some(operation) = &judged.operation {
            let id = operation.id(policy.catalog(), &policy.surroundings(ostiary_engine::Direction::Inbound));
            assert_eq!(id.to_string().len(), 32);
        }
    }
}
