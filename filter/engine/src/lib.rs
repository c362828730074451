//! Every decision of Ostiary, as a function of its inputs.
//!
//! No clock, no randomness, no logging, no global state and no I/O, nor a dependency that has
//! them: what is known of a request comes in as an argument, a decision goes out as a value. So
//! the same code answers in a Wasm guest, in the command line's `explain` and in a test.
//!
//! The way of a request: [`path`] and [`host`] bring what was asked for into one canonical form,
//! the [`catalog`] names the operation, [`caller`] and [`client`] say who asks, [`access`] judges,
//! and a [`refusal::Refusal`] says how a denial is told. [`policy::Policy`] is what all of them read: compiled from [`config`], never
//! changed afterwards, shared by the streams that began under it.

pub mod access;
pub mod address;
pub mod attributes;
pub mod caller;
pub mod catalog;
pub mod client;
pub mod config;
pub mod edit;
mod hash;
pub mod host;
pub mod judge;
pub mod masking;
pub mod noted;
mod order;
mod overrides;
pub mod pairs;
pub mod path;
pub mod policy;
pub mod protocol;
pub mod query;
pub mod quota;
pub mod refusal;
pub mod review;
pub mod zone;

/// What the operation speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// HTTP requests and answers without a known protocol on top.
    #[default]
    Rest,
    /// GraphQL over HTTP.
    Graphql,
    /// SOAP 1.1 and 1.2.
    Soap,
    /// JSON-RPC 2.0.
    JsonRpc,
    /// gRPC, also as gRPC-Web: `content-type: application/grpc` and `application/grpc-web`.
    Grpc,
    /// A WebSocket, begun by an upgrade or by extended CONNECT (RFC 8441).
    Websocket,
}

impl Protocol {
    /// The protocol's name in records and operation ids.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Graphql => "graphql",
            Self::Soap => "soap",
            Self::JsonRpc => "json-rpc",
            Self::Grpc => "grpc",
            Self::Websocket => "websocket",
        }
    }
}

/// Which way the traffic of a listener goes, as Envoy's `traffic_direction` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// The listener states none: a gateway.
    #[default]
    Unspecified,
    /// Towards the workload beside the proxy.
    Inbound,
    /// From the workload beside the proxy.
    Outbound,
}

impl Direction {
    /// The direction's name in records and operation ids.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}
