//! The collector as its callers meet it: the real program, real gRPC, real
//! HTTP, real SQLite files. One test binary, because linking it is what takes
//! the time.
//!
//! Every process is ended by its own handle, also when a test fails; nothing
//! uses a fixed port, and what must come to pass is polled for, with a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "test code through and through: what cannot go on should say where"
)]

mod api;
mod bounds;
mod families;
mod findings;
mod growth;
mod hostile;
mod kill;
mod law;
mod notes;
mod security;
mod shared;
mod startup;
mod states;
mod support;
mod templates;
mod upgrade;
