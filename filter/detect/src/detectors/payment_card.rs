//! Payment cards: 12 to 19 digits that begin with an issuer identification number and end in Luhn's check digit.

use crate::context::classes;
use crate::row::{Row, Rule, Shape, Stand};
use crate::types::Level;

/// Payment cards.
pub static CARD: Row = Row {
    name: "payment_card",
    unverified: Some("payment_card_unverified"),
    level: Level::Critical,
    shapes: &[
        Shape { pattern: "#{4}|#{4}|#{4}|#{4}", stand: Stand::Alone },
        Shape { pattern: "#{13,19}", stand: Stand::Told },
    ],
    mark: None,
    rules: &[Rule::Varied(4)],
    checks: &[Rule::Luhn(0, 10, 0)],
    told_by: classes::CARD,
    by_name_only: false,
    #[cfg(test)]
    source: "ISO/IEC 7812-1",
};
