//! The rows of the comparison: what stands in Envoy's filter chain, and nothing else that differs.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::bodies::{self, Body, Masked};
use super::counting::{self, Engine};
use super::edge::{COLLECTOR, Edge};
use super::many_rules;
use super::modules::Modules;
use crate::config;

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Envoy alone: what the others are counted from.
    NoFilter,
    /// A Wasm filter that does nothing.
    EmptyWasm,
    /// A Wasm filter that reads what a record needs.
    ReadingFloor,
    /// Ours with the shipped policy, but nobody to tell: what deciding costs.
    OstiaryUnheard,
    /// Ours with the shipped policy.
    Ostiary,
    /// The same, with every call looked into, whatever that costs.
    OstiaryLooking,
    /// Ours with the shipped policy and a record of one call in ten, looking at the pace that is the default without sampling.
    OstiarySampled,
    /// No filter, but Envoy's own way to tell a collector.
    AccessLog,
    /// Envoy's own filter with the same rules, and its own way to tell a collector.
    RbacAndAccessLog,
    /// Ours with so many rules, and as many networks times ten, and nobody to tell.
    Rules(usize),
    /// Envoy's own filter with the same rules and networks.
    RbacRules(usize),
    /// Ours with the shipped policy, so many quotas, and nobody to tell.
    Quotas(usize),
    /// Ours with the shipped policy and one quota: access, a quota and the record.
    OstiaryAndQuota,
    /// Envoy's own limiter of one process.
    LocalRatelimit,
    /// Ours with one quota that a service counts, and nobody to tell.
    GlobalQuota,
    /// Envoy's own filter that asks the same service.
    Ratelimit,
    /// A Wasm filter that takes every body in and hands it back.
    BodyCopied,
    /// Ours without rules about access, masking bodies.
    Masking(Masked),
    /// Envoy's Lua filter with one pattern.
    Lua,
}

// === impl Row ===

impl Row {
    /// What a request costs with all that the filter does.
    pub const WHOLE: &'static [Self] = &[
        Self::NoFilter,
        Self::EmptyWasm,
        Self::ReadingFloor,
        Self::OstiaryUnheard,
        Self::Ostiary,
        Self::OstiaryLooking,
        Self::OstiarySampled,
        Self::AccessLog,
        Self::RbacAndAccessLog,
    ];

    /// What it costs to decide among few and among many rules.
    pub const RULES: &'static [Self] = &[
        Self::NoFilter,
        Self::ReadingFloor,
        Self::Rules(1),
        Self::Rules(10),
        Self::Rules(10_000),
        Self::RbacRules(10),
        Self::RbacRules(10_000),
    ];

    /// What quotas cost that are counted in one Envoy; the load has one key.
    pub const QUOTAS: &'static [Self] = &[
        Self::NoFilter,
        Self::ReadingFloor,
        Self::OstiaryUnheard,
        Self::Quotas(1),
        Self::Quotas(3),
        Self::Quotas(10),
        Self::OstiaryAndQuota,
        Self::LocalRatelimit,
    ];

    /// What they cost where a service counts.
    pub const GLOBAL: &'static [Self] = &[Self::NoFilter, Self::ReadingFloor, Self::GlobalQuota, Self::Ratelimit];

    /// What it costs to mask a body.
    pub const BODIES: &'static [Self] = &[
        Self::NoFilter,
        Self::ReadingFloor,
        Self::BodyCopied,
        Self::Masking(Masked::Nothing),
        Self::Masking(Masked::Fields),
        Self::Masking(Masked::Types),
        Self::Masking(Masked::Both),
        Self::Lua,
    ];

    /// What a byte waits to be judged.
    pub const FIRST_BYTE: &'static [Self] = &[
        Self::NoFilter,
        Self::BodyCopied,
        Self::Masking(Masked::Fields),
        Self::Masking(Masked::Types),
        Self::Masking(Masked::Both),
    ];

    /// The same where a body has megabytes: Lua holds whole bodies, all that are asked for at once.
    pub const LARGE_BODIES: &'static [Self] = Self::BODIES.split_at(Self::BODIES.len() - 1).0;

    /// What the table calls it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::NoFilter => "no filter".to_owned(),
            Self::EmptyWasm => "empty wasm filter".to_owned(),
            Self::ReadingFloor => "reading floor".to_owned(),
            Self::OstiaryUnheard => "ostiary, no collector".to_owned(),
            Self::Ostiary => "ostiary".to_owned(),
            Self::OstiaryLooking => "ostiary, every call looked into".to_owned(),
            Self::OstiarySampled => "ostiary, one record of ten calls".to_owned(),
            Self::AccessLog => "envoy grpc access log".to_owned(),
            Self::RbacAndAccessLog => "envoy rbac + grpc access log".to_owned(),
            Self::Rules(rules) => format!("ostiary, {rules} rules, {} networks", many_rules::networks(rules)),
            Self::RbacRules(rules) => format!("envoy rbac, {rules} rules, {} networks", many_rules::networks(rules)),
            Self::Quotas(count) => format!("ostiary, {count} quotas, no collector"),
            Self::OstiaryAndQuota => "ostiary, 1 quota".to_owned(),
            Self::LocalRatelimit => "envoy local_ratelimit".to_owned(),
            Self::GlobalQuota => "ostiary, 1 global quota, no collector".to_owned(),
            Self::Ratelimit => "envoy ratelimit".to_owned(),
            Self::BodyCopied => "wasm filter that copies bodies".to_owned(),
            Self::Masking(masked) => masked.name().to_owned(),
            Self::Lua => "envoy lua, one pattern".to_owned(),
        }
    }

    /// Whether it refuses what the shipped policy closes: then the bench asks for it, so that rows with rules do have them.
    #[must_use]
    pub const fn refuses(self) -> bool {
        match self {
            Self::NoFilter
            | Self::EmptyWasm
            | Self::ReadingFloor
            | Self::AccessLog
            | Self::LocalRatelimit
            | Self::Ratelimit
            | Self::BodyCopied
            | Self::Masking(_)
            | Self::Lua => false,
            Self::OstiaryUnheard
            | Self::Ostiary
            | Self::OstiaryLooking
            | Self::OstiarySampled
            | Self::RbacAndAccessLog
            | Self::Rules(_)
            | Self::RbacRules(_)
            | Self::Quotas(_)
            | Self::OstiaryAndQuota
            | Self::GlobalQuota => true,
        }
    }

    /// The Envoy of this row, which sends what it has to say to `drain`, and asks the engine where there is one.
    #[must_use]
    pub fn bootstrap(
        self,
        edge: &Edge,
        modules: &Modules,
        ours: &Path,
        drain: SocketAddr,
        (engine, body): (Option<&Engine>, Body),
    ) -> Value {
        let with = |more: &[(&str, Value)], is_heard: bool| {
            let mut policy = edge.policy();
            if let Some(policy) = policy.as_object_mut() {
                policy.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
                if !is_heard {
                    policy.remove("collector");
                }
            }
            vec![wasm("ostiary", ours, &policy)]
        };
        let (filters, log) = match self {
            Self::NoFilter => (vec![], None),
            Self::EmptyWasm => (vec![wasm("empty", &modules.empty, &json!({}))], None),
            Self::ReadingFloor => (vec![wasm("reading", &modules.reading, &json!({}))], None),
            Self::OstiaryUnheard => (with(&[], false), None),
            Self::Ostiary => (with(&[], true), None),
            Self::OstiaryLooking => (with(&[("inspect", json!({ "max_per_second": 1_000_000 }))], true), None),
            Self::OstiarySampled => {
                let sections = [("records", json!({ "sample": 0.1 })), ("inspect", json!({ "max_per_second": 500 }))];
                (with(&sections, true), None)
            }
            Self::AccessLog => (vec![], Some(access_log())),
            Self::Quotas(count) => (with(&[("quotas", counting::quotas(count))], false), None),
            Self::OstiaryAndQuota => (with(&[("quotas", counting::quotas(1))], true), None),
            Self::GlobalQuota => (with(&counting::global(), false), None),
            Self::LocalRatelimit => (vec![counting::local_ratelimit()], None),
            Self::Ratelimit => (vec![counting::ratelimit()], None),
            Self::RbacAndAccessLog => (rbac(), Some(access_log())),
            Self::Rules(rules) => (vec![wasm("ostiary", ours, &many_rules::policy(rules))], None),
            Self::RbacRules(rules) => (vec![many_rules::rbac(rules)], None),
            Self::BodyCopied => (vec![wasm("copying", &modules.copying, &json!({}))], None),
            Self::Masking(masked) => {
                (vec![wasm("ostiary", ours, &json!({ "version": "v1", "masking": masked.rules() }))], None)
            }
            Self::Lua => (vec![bodies::lua()], None),
        };
        let mut listener = edge.listener(filters, log);
        let mut clusters = vec![edge.cluster(COLLECTOR, drain)];
        if let Some(text) = body.text() {
            // The shipped limit of 32 KiB is less than Lua has to hold of one body.
            listener["per_connection_buffer_limit_bytes"] = json!((1 << 20).max(4 * text.len()));
            let route_config = &mut listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"];
            route_config["max_direct_response_body_size_bytes"] = json!(text.len());
            let route = &mut route_config["virtual_hosts"][0]["routes"][0];
            route["direct_response"]["body"]["inline_string"] = json!(text);
            route["response_headers_to_add"] = json!([{ "header": { "key": "content-type", "value": "application/json" }, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD" }]);
        }
        if let Some(engine) = engine {
            let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
            manager["route_config"]["virtual_hosts"][0]["routes"] = json!([Engine::route()]);
            clusters.extend(engine.clusters());
        }
        config::bootstrap(vec![listener], clusters)
    }
}

/// A Wasm filter with its configuration as a string of JSON, which Envoy hands over as it is.
#[must_use]
pub fn wasm(name: &str, module: &Path, configuration: &Value) -> Value {
    json!({ "name": name, "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": {
            "name": name, "root_id": name, "failure_policy": "FAIL_RELOAD",
            "vm_config": { "vm_id": name, "runtime": "envoy.wasm.runtime.v8", "code": { "local": { "filename": module } } },
            "configuration": { "@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration.to_string() },
        },
    } })
}

/// The shipped policy's rules in Envoy's own words: two filters, because one is either a list of what is refused or of what passes.
fn rbac() -> Vec<Value> {
    let prefix = |path: &str| json!({ "url_path": { "path": { "prefix": path } } });
    let exact = |path: &str| json!({ "url_path": { "path": { "exact": path } } });
    let anyone = json!([{ "any": true }]);
    let office = json!([{ "remote_ip": { "address_prefix": "127.0.0.16", "prefix_len": 28 } }]);
    let closed = json!([{ "or_rules": { "rules": [exact("/payments/export"), exact("/admin"), prefix("/admin/")] } }]);
    let post = json!({ "header": { "name": ":method", "string_match": { "exact": "POST" } } });
    let read_only = json!([{ "and_rules": { "rules": [prefix("/payments"), post] } }]);
    let filter = |name: &str, rules: Value, shadow: Option<Value>| {
        let mut typed =
            json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC", "rules": rules });
        if let Some(shadow) = shadow {
            typed["shadow_rules"] = shadow;
        }
        json!({ "name": name, "typed_config": typed })
    };
    let refused =
        json!({ "action": "DENY", "policies": { "closed": { "permissions": closed, "principals": anyone } } });
    let shadow = json!({ "action": "DENY", "policies": { "payments-read-only": { "permissions": read_only, "principals": anyone } } });
    let passed = json!({ "action": "ALLOW", "policies": {
        "office-only": { "permissions": [prefix("/staff")], "principals": office },
        "everything-else": { "permissions": [{ "not_rule": prefix("/staff") }], "principals": anyone },
    } });
    vec![filter("rbac-deny", refused, Some(shadow)), filter("rbac-allow", passed, None)]
}

fn access_log() -> Value {
    json!({ "name": "envoy.access_loggers.http_grpc", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
        "common_config": {
            "log_name": "bench", "transport_api_version": "V3",
            "grpc_service": { "envoy_grpc": { "cluster_name": COLLECTOR } },
        },
    } })
}
