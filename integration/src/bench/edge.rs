//! What all rows share: the shipped `envoy-config/edge.yaml`, with the shop replaced by an answer that Envoy gives itself and the
//! filters by those of the row. So the connection manager is the one that users have, and our policy is the one they read.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::place;

/// The shipped file as a value.
#[derive(Clone, Debug)]
pub struct Edge(Value);

// === impl Edge ===

impl Edge {
    /// Reads it.
    ///
    /// # Errors
    /// When it is not there or not YAML.
    pub fn read() -> Result<Self> {
        let path = place::root().join("envoy-config/edge.yaml");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self(serde_saphyr::from_str(&text).context("envoy-config/edge.yaml is not yaml")?))
    }

    /// The policy that it ships.
    #[must_use]
    pub fn policy(&self) -> Value {
        self.manager()["http_filters"][0]["typed_config"]["config"]["configuration"]["value"].clone()
    }

    fn manager(&self) -> &Value {
        &self.0["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    }

    /// Its listener, on a port of its own, answering by itself, with these filters before the router.
    #[must_use]
    pub fn listener(&self, filters: Vec<Value>, access_log: Option<Value>) -> Value {
        let mut listener = self.0["static_resources"]["listeners"][0].clone();
        listener["address"]["socket_address"]["port_value"] = json!(0);
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        let router = manager["http_filters"].as_array().and_then(|filters| filters.last()).cloned().unwrap_or_default();
        manager["http_filters"] = filters.into_iter().chain([router]).collect();
        manager["route_config"]["virtual_hosts"][0]["routes"] = json!([{
            "name": "shop", "match": { "prefix": "/" },
            "direct_response": { "status": 200, "body": { "inline_string": "{\"id\":\"o-1001\",\"state\":\"paid\"}\n" } },
        }]);
        if let Some(log) = access_log {
            manager["access_log"] = json!([log]);
        }
        listener
    }

    /// One of its clusters, sending to this address.
    #[must_use]
    pub fn cluster(&self, name: &str, to: SocketAddr) -> Value {
        let mut clusters = self.0["static_resources"]["clusters"].as_array().into_iter().flatten();
        let mut cluster = clusters.find(|cluster| cluster["name"] == name).cloned().unwrap_or_default();
        let endpoint = &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        endpoint["address"]["socket_address"]["port_value"] = json!(to.port());
        cluster
    }
}

/// The upstream cluster's name in the shipped file.
pub const UPSTREAM: &str = "shop";

/// The collector cluster's name in the shipped file.
pub const COLLECTOR: &str = "api_collector";
