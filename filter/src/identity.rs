//! Who observes: what Envoy tells of itself, and the random id of a stream of records.

use crate::host::Host;
use ostiary_engine::Direction;
use ostiary_engine::catalog::Surroundings;
use ostiary_engine::config::Vantage;
use ostiary_wire::SCOPE;
use ostiary_wire::attributes as a;
use ostiary_wire::encode::Resource;

fn text(host: &impl Host, path: &[&str]) -> Option<String> {
    host.property(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What the keys in shared data carry: the plugin's name and root id.
pub(crate) fn plugin_name(host: &impl Host) -> String {
    let part = |path| text(host, &[path]).unwrap_or_default();
    format!("{}/{}", part("plugin_name"), part("plugin_root_id"))
}

pub(crate) fn direction(host: &impl Host) -> Direction {
    let bytes = host.property(&["xds", "listener_direction"]);
    direction_of(bytes.ok().and_then(|bytes| bytes.first().copied()).map(u64::from))
}

/// envoy.config.core.v3.TrafficDirection: UNSPECIFIED 0, INBOUND 1, OUTBOUND 2.
pub(crate) const fn direction_of(number: Option<u64>) -> Direction {
    match number {
        Some(1) => Direction::Inbound,
        Some(2) => Direction::Outbound,
        _ => Direction::Unspecified,
    }
}

pub(crate) fn stream_id(host: &impl Host) -> [u8; 16] {
    let mut id = [0; 16];
    if host.random(&mut id).is_err() {
        // Without randomness the time is all there is; it is said in nanoseconds.
        let now = host.now_ns().unwrap_or(0).to_le_bytes();
        for (to, from) in id.iter_mut().zip(now) {
            *to = from;
        }
    }
    id
}

pub(crate) fn random(host: &impl Host) -> u64 {
    let mut bytes = [0; 8];
    // Jitter without randomness is none; retries go on.
    let _ = host.random(&mut bytes);
    u64::from_le_bytes(bytes)
}

pub(crate) fn hex(id: [u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn resource(
    host: &impl Host,
    stream: [u8; 16],
    around: &Surroundings,
    vantage: Option<Vantage>,
) -> Resource {
    let vantage = vantage.unwrap_or(match around.direction {
        Direction::Unspecified => Vantage::Gateway,
        Direction::Inbound | Direction::Outbound => Vantage::Sidecar,
    });
    Resource::new(|w| {
        w.str(&a::SERVICE_NAME, SCOPE);
        w.str(&a::SERVICE_VERSION, env!("CARGO_PKG_VERSION"));
        w.str(&a::STREAM_ID, &hex(stream));
        for (attribute, field) in [(&a::NODE_ID, "id"), (&a::NODE_CLUSTER, "cluster")] {
            if let Some(value) = text(host, &["xds", "node", field]).filter(|value| !value.is_empty()) {
                w.str(attribute, &value);
            }
        }
        if !around.environment.is_empty() {
            w.str(&a::ENVIRONMENT, &around.environment);
        }
        w.str(&a::DIRECTION, around.direction.name());
        w.str(&a::VANTAGE, vantage.word());
    })
}
