//! The collector: takes what the filters report and answers what passed.
//!
//! ```text
//! filter -- OTLP/gRPC --> listen -> intake -> (read) -> Batch -> store::writer -> fold -> SQLite
//! person -- HTTP ------> listen -> api ------------------------> store::Answers ----------^
//! ```
//!
//! A record is on disk before it is acknowledged, and counts once however often
//! and in whatever batches it comes. Everything a sender chooses is bounded, and
//! whatever is not taken is counted by reason.

pub mod api;
pub mod clock;
pub mod facts;
pub mod fold;
pub mod intake;
pub mod listen;
pub mod metrics;
pub mod options;
pub mod prefix;
pub mod ranges;
pub mod reasons;
pub mod security;
pub mod server;
pub mod sketch;
pub mod store;
pub mod sums;
pub mod templates;
pub mod varint;
