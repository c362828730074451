//! The bench: what the filter costs beside nothing, beside an empty filter, beside one that only reads, and beside Envoy's own
//! filters; and what a change of policy costs while requests pass. All on loopback, on real Envoys that it starts and ends.
//!
//! It measures the CPU time of the Envoy process for each request and not the time a request takes: on a machine that does other
//! things too the former repeats, the latter does not. Where waiting itself is the question, the part says so.

pub mod bodies;
pub mod collectors;
pub mod compare;
pub mod counting;
pub mod drain;
pub mod edge;
pub mod fire;
pub mod first_byte;
pub mod host_calls;
pub mod items;
pub mod many_rules;
pub mod modules;
pub mod pace;
pub mod process;
pub mod replace;
pub mod rows;
pub mod spread;
