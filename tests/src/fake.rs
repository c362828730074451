//! The fake host: what Envoy does to the filter, on a virtual clock, with any call failing on demand.
//!
//! It drives the filter's own shell, natively: the same root and stream objects, over the same port. What it models is what
//! decides tests: header maps that can be read only in their phase, values that all VMs share with compare-and-swap, ticks,
//! calls that are answered later or never, a local response that comes back through the stream's own callbacks.

mod answer;
mod envoy;
mod host;
mod ring;

pub use answer::{Answer, Left};
pub use envoy::{Envoy, Exchanged, Inbound, decoded, split};
pub use host::{Call, FakeHost, GrpcRequest, Reply};
pub use ring::FakeRing;
