//! Ostiary on real parts: real Envoys, the demo, and the benches that compare them.

pub mod shipped;
pub mod shop;
