//! Envoy's configuration, built in code: one listener for each thing under test.
//!
//! Files for users are in `envoy-config/`; these are made of values because a test varies one setting at a time.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;

/// What a listener is to be.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Its name, also the prefix of its statistics.
    pub name: String,
    /// Our filter on it, if any.
    pub plugin: Option<Plugin>,
    /// The cluster that requests go to.
    pub upstream: String,
    /// Raise Envoy's limits on headers.
    pub raised_limits: bool,
    /// Accept CONNECT.
    pub connect: bool,
    /// An `rbac` filter before ours refuses paths with this prefix.
    pub refused_before: Option<String>,
    /// Dynamic metadata that a filter before ours sets, objects by namespace.
    pub metadata: Option<serde_json::Map<String, Value>>,
    /// The key of the filter state in which a filter before ours keeps the peer's address.
    pub peer_state: Option<String>,
    /// The transport socket that its clients meet; clear text without.
    pub transport: Option<Value>,
    /// Let WebSockets through.
    pub websocket: bool,
    /// Where to write one line for each request, if anywhere.
    pub access_log: Option<String>,
}

/// Our filter, as one listener configures it.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// The policy.
    pub policy: Value,
    /// Hand it over as a `Struct` instead of a string.
    pub as_struct: bool,
    /// Plugins with the same id, module and settings share a VM on each worker.
    pub vm_id: String,
    /// Imports that the host is to refuse; empty for none.
    pub without: Vec<String>,
}

/// The whole configuration of an Envoy that has all its listeners from the start.
pub fn bootstrap(listeners: Vec<Value>, clusters: Vec<Value>) -> Value {
    json!({
        "node": { "id": "test-node", "cluster": "test-cluster" },
        "admin": { "address": address(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "static_resources": { "listeners": listeners, "clusters": clusters },
    })
}

/// The whole configuration of an Envoy that reads its listeners from a file, and follows the file.
pub fn bootstrap_lds(listeners: &Path, clusters: Vec<Value>) -> Value {
    let mut config = bootstrap(Vec::new(), clusters);
    config["dynamic_resources"] = json!({ "lds_config": {
        "path_config_source": { "path": listeners, "watched_directory": { "path": listeners.parent() } },
        "resource_api_version": "V3",
    } });
    config
}

/// The file of listeners that such an Envoy reads.
pub fn lds_file(version: u32, listeners: Vec<Value>) -> Value {
    let typed = |mut listener: Value| {
        listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
        listener
    };
    json!({ "version_info": version.to_string(), "resources": listeners.into_iter().map(typed).collect::<Vec<_>>() })
}

/// The protocol that a cluster is spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Whatever the client spoke: the upstream of a test speaks both.
    AsClient,
    /// HTTP/1.1, whatever the client spoke: most servers speak nothing else in clear text.
    Http1,
    /// HTTP/2, for a collector.
    Http2,
}

/// A cluster of one address.
pub fn cluster(name: &str, to: SocketAddr, speaks: Speaks) -> Value {
    let mut options = match speaks {
        Speaks::AsClient => json!({ "use_downstream_protocol_config": { "http2_protocol_options": {} } }),
        Speaks::Http1 => json!({ "explicit_http_config": { "http_protocol_options": {} } }),
        Speaks::Http2 => json!({ "explicit_http_config": { "http2_protocol_options": {} } }),
    };
    options["@type"] = json!("type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options },
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": address(to) } }] }] },
    })
}

// === impl Listener ===

impl Listener {
    /// A listener with our filter, or without any.
    pub fn new(name: &str, plugin: Option<Plugin>, upstream: &str) -> Self {
        Self {
            name: name.to_owned(),
            plugin,
            upstream: upstream.to_owned(),
            raised_limits: false,
            connect: false,
            refused_before: None,
            metadata: None,
            peer_state: None,
            transport: None,
            websocket: false,
            access_log: None,
        }
    }

    /// The listener as Envoy reads it.
    pub fn value(&self, module: &Path) -> Value {
        let mut chain = json!({ "name": "only", "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": self.manager(module),
        }] });
        if let Some(transport) = &self.transport {
            chain["transport_socket"] = transport.clone();
        }
        json!({
            "name": self.name,
            "address": address(SocketAddr::from(([127, 0, 0, 1], 0))),
            "traffic_direction": "INBOUND",
            "filter_chains": [chain],
        })
    }

    fn manager(&self, module: &Path) -> Value {
        let mut manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": self.name,
            // The client is the TCP peer, and a client's own request id stays, so that two runs can be compared byte by byte.
            "use_remote_address": true,
            "internal_address_config": { "unix_sockets": false },
            "preserve_external_request_id": true,
            "route_config": { "name": self.name, "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": self.routes() }] },
            "http_filters": self.filters(module),
        });
        if self.raised_limits {
            manager["max_request_headers_kb"] = json!(8192);
            manager["common_http_protocol_options"] = json!({ "max_headers_count": 10_000 });
        }
        let upgrades =
            [("CONNECT", self.connect), ("websocket", self.websocket)].into_iter().filter(|(_, is_let)| *is_let);
        let upgrades: Vec<Value> = upgrades.map(|(name, _)| json!({ "upgrade_type": name })).collect();
        if !upgrades.is_empty() {
            manager["upgrade_configs"] = json!(upgrades);
        }
        if self.connect {
            manager["http2_protocol_options"] = json!({ "allow_connect": true });
        }
        if let Some(path) = &self.access_log {
            let format = json!({ "details": "%RESPONSE_CODE_DETAILS%", "code": "%RESPONSE_CODE%" });
            manager["access_log"] = json!([{ "name": "envoy.access_loggers.file", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                "path": path,
                "log_format": { "json_format": format },
            } }]);
        }
        manager
    }

    fn routes(&self) -> Value {
        let mut routes = Vec::new();
        if self.connect {
            // A tunnel needs no far end here: what is tested is that the filter lives through the request.
            routes.push(json!({ "match": { "connect_matcher": {} }, "direct_response": { "status": 200 } }));
        }
        routes.push(json!({ "name": "main", "match": { "prefix": "/" }, "route": { "cluster": self.upstream, "timeout": "15s" } }));
        json!(routes)
    }

    fn filters(&self, module: &Path) -> Value {
        let mut filters = Vec::new();
        if let Some(prefix) = &self.refused_before {
            filters.push(json!({ "name": "envoy.filters.http.rbac", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
                "rules": { "action": "DENY", "policies": { "before-us": {
                    "permissions": [{ "url_path": { "path": { "prefix": prefix } } }],
                    "principals": [{ "any": true }],
                } } },
            } }));
        }
        if let Some(metadata) = &self.metadata {
            let set = |(namespace, value): (&String, &Value)| json!({ "metadata_namespace": namespace, "allow_overwrite": true, "value": value });
            filters.push(json!({ "name": "envoy.filters.http.set_metadata", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config",
                "metadata": metadata.iter().map(set).collect::<Vec<_>>(),
            } }));
        }
        if let Some(key) = &self.peer_state {
            filters.push(json!({ "name": "envoy.filters.http.set_filter_state", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
                "on_request_headers": [{
                    "object_key": key,
                    "factory_key": "envoy.string",
                    "format_string": { "text_format_source": { "inline_string": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%" } },
                }],
            } }));
        }
        if let Some(plugin) = &self.plugin {
            filters.push(plugin.value(module));
        }
        filters.push(json!({ "name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            // Its timing headers differ from request to request, and nothing here reads them.
            "suppress_envoy_headers": true,
        } }));
        json!(filters)
    }
}

// === impl Plugin ===

impl Plugin {
    /// The filter with a policy, as a string, in the VM that all tests of an Envoy share.
    pub fn new(policy: Value) -> Self {
        Self { policy, as_struct: false, vm_id: "ostiary".to_owned(), without: Vec::new() }
    }

    fn value(&self, module: &Path) -> Value {
        let configuration = match self.as_struct {
            true => json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "value": self.policy }),
            false => {
                json!({ "@type": "type.googleapis.com/google.protobuf.StringValue", "value": self.policy.to_string() })
            }
        };
        let mut config = json!({
            "name": "ostiary",
            "root_id": "ostiary",
            "failure_policy": "FAIL_RELOAD",
            // What the policy relies on: see `hold_headers`.
            "allow_on_headers_stop_iteration":
                self.policy["hold_headers"] == true || self.policy["counting"]["hold_headers"] == true,
            "vm_config": {
                "vm_id": self.vm_id,
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": module } },
            },
            "configuration": configuration,
        });
        if !self.without.is_empty() {
            config["capability_restriction_config"] = self.restriction();
        }
        json!({ "name": "ostiary", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": config,
        } })
    }

    /// Envoy's restriction is a list of what is allowed: everything that the module uses but what is withheld.
    fn restriction(&self) -> Value {
        let allowed = CAPABILITIES.iter().filter(|name| !self.without.iter().any(|without| without == *name));
        let allowed: serde_json::Map<String, Value> = allowed.map(|name| ((*name).to_owned(), json!({}))).collect();
        json!({ "allowed_capabilities": allowed })
    }
}

/// What a restricted module may still be allowed: the callbacks it must export, and every import that a filter has a use for.
pub const CAPABILITIES: &[&str] = &[
    "_start",
    "_initialize",
    "malloc",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_vm_start",
    "proxy_validate_configuration",
    "proxy_on_configure",
    "proxy_on_tick",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_http_call_response",
    "proxy_on_grpc_receive_initial_metadata",
    "proxy_on_grpc_receive",
    "proxy_on_grpc_receive_trailing_metadata",
    "proxy_on_grpc_close",
    "proxy_on_queue_ready",
    "proxy_on_foreign_function",
    "proxy_on_done",
    "proxy_on_log",
    "proxy_on_delete",
    "fd_write",
    "environ_get",
    "environ_sizes_get",
    "proc_exit",
    "random_get",
    "clock_time_get",
    "sched_yield",
    "proxy_log",
    "proxy_get_log_level",
    "proxy_get_status",
    "proxy_set_effective_context",
    "proxy_done",
    "proxy_get_current_time_nanoseconds",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_buffer_bytes",
    "proxy_get_buffer_status",
    "proxy_set_buffer_bytes",
    "proxy_get_header_map_pairs",
    "proxy_set_header_map_pairs",
    "proxy_get_header_map_value",
    "proxy_add_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_get_property",
    "proxy_set_property",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_dequeue_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_continue_stream",
    "proxy_close_stream",
    "proxy_send_local_response",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_send",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_define_metric",
    "proxy_increment_metric",
    "proxy_record_metric",
    "proxy_get_metric",
    "proxy_call_foreign_function",
];

fn address(at: SocketAddr) -> Value {
    json!({ "socket_address": { "address": at.ip().to_string(), "port_value": at.port() } })
}
