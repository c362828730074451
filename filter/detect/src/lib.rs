//! Which data types a text holds: payment cards, identity numbers, phones, addresses of people and
//! machines, secrets. One pass over the bytes finds which detectors can apply at all; a detector is
//! a row of data (shapes, rules, checksums, context), judged by one engine.
//!
//! A hit has to be earned: by a shape that nothing else has, by a checksum, or by what stands around
//! the value (the name of its field, a word beside it). Where a checksum alone would let one random
//! number in ten through, it is not enough. A value whose shape is right and whose checksum is wrong
//! is a data type of its own, `*_unverified`, of lower level.
//!
//! `filter/detect/DETECTORS.md` lists every data type; it is generated from the table.
//!
//! The crate is pure: no clock, randomness, I/O or log.

mod border;
mod check;
mod context;
mod custom;
mod detectors;
pub mod faults;
mod find;
pub mod form;
mod gate;
pub mod inside;
pub mod lanes;
pub mod outline;
mod plain;
#[cfg(test)]
#[path = "reference_tests.rs"]
mod reference;
mod row;
mod scan;
mod shape;
pub mod signs;
mod table;
mod types;
mod window;

pub use context::Context;
pub use custom::{CUSTOM_MAX, Custom, CustomCheck, CustomError};
pub use find::{Detectors, Found, Wanted};
pub use gate::Gate;
pub use types::{DataType, Level, Types};

/// Version of the detectors, for the record: it changes whenever the same text may be judged differently.
pub const VERSION: u16 = 1;

/// No match is longer, in bytes. Names and postal addresses, which are found by the name of their
/// field alone, cover the whole value instead.
pub const MAX_MATCH: usize = 8192;

/// How far beyond its ends a match looks, in bytes: for its borders and for words that say what it is.
pub const NEAR: usize = 64;
