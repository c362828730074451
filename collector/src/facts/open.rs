//! What is said of a call before it has ended.

use super::Vantage;

/// A call that is still open. It shows that its operation lives, and counts nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenCall {
    /// Which of the batch's operations was called; absent when it could not be told.
    pub operation: Option<usize>,
    /// From where it is seen.
    pub looks_from: Vantage,
    /// Whether the client gets what it asked for.
    pub succeeded: bool,
}
