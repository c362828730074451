//! A policy of many rules and networks, and the same in Envoy's own words.
//!
//! Every rule is about a path below the one that is asked for, so no rule can be told from the others by its first segment; one
//! rule has the call in its scope and asks for the client's network, which is none of those listed. Each rule about a path
//! weighs one, the list of networks ten times as many: 10,000 rules go with 100,000 networks.

use ostiary_engine::address::{CidrSetBuilder, InvalidCidr};
use serde_json::{Value, json};

/// How many networks go with so many rules.
#[must_use]
pub const fn networks(rules: usize) -> usize {
    if rules < 100 { rules } else { rules * 10 }
}

/// Networks of which no two touch, and none of which holds a loopback address.
fn ranges(count: usize) -> impl Iterator<Item = [usize; 4]> {
    (0..count).map(|index| [11 + index / 2_097_152, index / 8192 % 256, index / 64 % 128 * 2 + 1, index % 64 * 4 + 1])
}

/// Bytes that a compiled network takes, IPv4 and IPv6; none of them touch, so none melt
/// into one range.
///
/// # Errors
/// When a network is none.
pub fn bytes_for_each(count: usize) -> Result<(f64, f64), InvalidCidr> {
    let (mut four, mut six) = (CidrSetBuilder::default(), CidrSetBuilder::default());
    for [a, b, c, d] in ranges(count) {
        four.add(&format!("{a}.{b}.{c}.{d}/32"))?;
        six.add(&format!("2001:db8:{a:x}:{b:x}:{c:x}:{d:x}::/96"))?;
    }
    let each = |set: CidrSetBuilder| set.build().bytes() as f64 / count as f64;
    Ok((each(four), each(six)))
}

/// The policy.
#[must_use]
pub fn policy(rules: usize) -> Value {
    let closed = (1..rules.max(2) - 1)
        .map(|index| json!({ "name": format!("closed-{index}"), "paths": [format!("/orders/x{index}/**")] }));
    let networks: Vec<String> = ranges(networks(rules)).map(|[a, b, c, d]| format!("{a}.{b}.{c}.{d}/32")).collect();
    let mut deny: Vec<Value> = closed.collect();
    deny.push(json!({ "name": "export", "paths": ["/payments/export"] }));
    deny.push(json!({ "name": "networks", "paths": ["/orders/**"], "from": { "cidrs": networks } }));
    json!({ "version": "v1", "client_address": { "use_remote_address": true }, "access": { "deny": deny } })
}

/// The same for Envoy's `rbac` filter.
#[must_use]
pub fn rbac(rules: usize) -> Value {
    let prefix = |path: &str| json!({ "url_path": { "path": { "prefix": path } } });
    let anyone = json!([{ "any": true }]);
    let mut policies = serde_json::Map::new();
    for index in 1..rules.max(2) - 1 {
        let path = prefix(&format!("/orders/x{index}/"));
        policies.insert(format!("closed-{index}"), json!({ "permissions": [path], "principals": anyone }));
    }
    let export = json!({ "url_path": { "path": { "exact": "/payments/export" } } });
    policies.insert("export".to_owned(), json!({ "permissions": [export], "principals": anyone }));
    let network = |[a, b, c, d]: [usize; 4]| json!({ "remote_ip": { "address_prefix": format!("{a}.{b}.{c}.{d}"), "prefix_len": 32 } });
    let listed: Vec<Value> = ranges(networks(rules)).map(network).collect();
    policies.insert("networks".to_owned(), json!({ "permissions": [prefix("/orders/")], "principals": listed }));
    json!({ "name": "rbac", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
        "rules": { "action": "DENY", "policies": policies },
    } })
}
