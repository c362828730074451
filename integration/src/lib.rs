//! Ostiary on real parts: real Envoys, the demo, and the benches that compare them.
//!
//! Everything here is on loopback, on ports the system picks unless a user asks for others, and ends with the value that started
//! it: no test may depend on what another left behind, nor leave anything behind itself.

pub mod authority;
pub mod bench;
pub mod client;
pub mod collector;
pub mod config;
pub mod ending;
pub mod envoy;
pub mod grpc;
pub mod hostile;
pub mod http1;
pub mod http2_raw;
pub mod ledger;
pub mod limiter;
pub mod load;
pub mod otelcol;
pub mod place;
pub mod port;
pub mod raw;
pub mod readers;
pub mod real_ring;
pub mod shipped;
pub mod shop;
pub mod sink;
pub mod stage;
pub mod upstream;
pub mod wait;
