//! Where records go and when: what a configuration says of it, and the defaults for what it leaves out.

use crate::config::{self, Config, Vantage};

/// Where records go and how they are batched, with the defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporting {
    /// The collector's Envoy cluster; `None` reports nothing.
    pub cluster: Option<Box<str>>,
    /// How long one batch may take, in milliseconds.
    pub timeout_ms: u64,
    /// How long a record waits for its batch to fill, in milliseconds.
    pub flush_ms: u64,
    /// Milliseconds between two signs of life.
    pub heartbeat_ms: u64,
    /// How many calls the record of a sampled call stands for, in thousandths; 1000 does not sample.
    pub weight: u32,
    /// Bytes of one batch at most.
    pub batch_bytes_max: usize,
    /// Milliseconds that a call is open before it is told of, and between two such events.
    pub open_ms: u64,
    /// Bytes of sealed batches that wait at most.
    pub queue_bytes_max: usize,
    /// Whether key facts are left in Envoy's filter state.
    pub filter_state: bool,
    /// Where the proxy stands; `None` leaves it to the listener's direction.
    pub vantage: Option<Vantage>,
    /// The deployment environment; empty when none is stated.
    pub environment: Box<str>,
}

impl Reporting {
    /// Of what a configuration says.
    pub(super) fn of(config: Option<&Config>) -> Self {
        let collector = config.and_then(|config| config.collector.as_ref());
        let records = config.and_then(|config| config.records.as_ref());
        let observer = config.and_then(|config| config.observer.as_ref());
        let environment = observer.and_then(|observer| observer.environment.as_ref());
        Self {
            cluster: collector.map(|collector| collector.cluster.as_str().into()),
            timeout_ms: collector.and_then(|collector| collector.timeout).map_or(2_000, config::types::Duration::ms),
            flush_ms: records.and_then(|records| records.flush).map_or(1_000, config::types::Duration::ms),
            heartbeat_ms: records.and_then(|records| records.heartbeat).map_or(10_000, config::types::Duration::ms),
            weight: records.and_then(|records| records.sample).map_or(1000, config::types::Share::weight),
            batch_bytes_max: records.and_then(|records| records.batch).map_or(256 << 10, config::types::Size::bytes),
            open_ms: records.and_then(|records| records.open_interval).map_or(10_000, config::types::Duration::ms),
            queue_bytes_max: records.and_then(|records| records.queue).map_or(8 << 20, config::types::Size::bytes),
            filter_state: observer.and_then(|observer| observer.filter_state).unwrap_or(false),
            vantage: observer.and_then(|observer| observer.vantage),
            environment: environment.map_or("", |name| name.as_str()).into(),
        }
    }
}
