//! Placeholder replaced within this change.
fn main() {}
