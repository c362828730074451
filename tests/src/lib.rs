//! Scenarios as data, and what runs them: one set of files, judged by one comparison, on as many rings as there are.
//!
//! A *ring* is a place where a request can happen: a fake host with a virtual clock, or a real Envoy. A scenario does not know which.

pub mod expect;
pub mod fake;
pub mod notation;
pub mod octets;
pub mod record;
pub mod ring;
pub mod runner;
pub mod scenario;
pub mod structs;
