//! Reads bodies as streams, masks what rules name, and says what was found.
//!
//! A [`plan::Plan`] holds all rules of a policy, compiled once. A [`masker::Masker`] belongs to one body: bytes go in as they
//! come, decided bytes come out at once, and what waits is one undecided token. However the body is cut, the same bytes and the
//! same report come out. What no rule names leaves as it came, byte for byte, whether the body is well-formed or not.
//!
//! The crate is a function of its inputs: no clock, randomness, logging or I/O.

pub use ostiary_detect as detect;

pub mod format;
pub mod inflate;
pub mod loose;
pub mod masker;
pub mod path;
pub mod plan;
pub mod report;
pub mod rule;
pub mod seen;

mod automaton;
mod encoding;
mod form;
mod frames;
mod json;
mod judge;
mod lanes;
mod mask;
mod multipart;
mod pseudonym;
mod reader;
mod scan;

mod text;
mod trail;
mod verdict;
mod xml;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod formats_tests;
#[cfg(test)]
mod law_tests;
