//! The classes of context words.

use super::Context;

/// Telephones.
pub const PHONE: Context = Context::class(0);
/// Payment cards.
pub const CARD: Context = Context::class(1);
