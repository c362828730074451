//! Payment cards: 12 to 19 digits that begin with an issuer's number and end in Luhn's check digit.
//!
//! Luhn's digit lets one random number in ten through, and the issuers' numbers are a quarter of all: so
//! it takes the groups that cards are printed in, or context. Whoever would rather mask too much asks for
//! `payment_card_bare` by name.

use crate::check;
use crate::context::classes;
use crate::row::{ROW, Row, Rule, alone, checked, told};
use crate::types::Level;

/// Payment cards.
pub static CARD: Row = Row {
    name: "payment_card",
    unverified: Some("payment_card_unverified"),
    level: Level::Critical,
    shapes: &[
        checked("#{4}|#{4}|#{4}|#{4}"),
        checked("#{4}|#{4}|#{4}|#{4}|#{3}"),
        checked("#{4}|#{6}|#{5}"),
        checked("#{4}|#{6}|#{4}"),
        told("#{6}|#{13}"),
        told("#{12,19}"),
    ],
    rules: &[Rule::Is(is_issued), Rule::Varied(0)],
    checks: &[Rule::Luhn(0, 10, 0)],
    told_by: classes::CARD,
    #[cfg(test)]
    source: "ISO/IEC 7812-1: issuer identification number, Luhn's check digit",
    ..ROW
};

/// Payment cards wherever their digits stand.
pub static BARE: Row = Row {
    name: "payment_card_bare",
    level: Level::High,
    shapes: &[alone("#{14,19}")],
    rules: &[Rule::Is(is_issued), Rule::Varied(0), Rule::Luhn(0, 10, 0)],
    by_name_only: true,
    #[cfg(test)]
    source: "ISO/IEC 7812-1, without anything that says it is a card",
    ..ROW
};

/// What a magnetic stripe's second track holds.
pub static TRACK: Row = Row {
    name: "payment_card_track",
    level: Level::Critical,
    shapes: &[alone("#{13,19}=#{7,20}")],
    rules: &[Rule::Is(is_track)],
    #[cfg(test)]
    source: "ISO/IEC 7813 track 2: card number, separator, expiry date, service code",
    ..ROW
};

/// The code beside a card's number.
pub static SECURITY_CODE: Row = Row {
    name: "card_security_code",
    level: Level::Critical,
    whole: true,
    rules: &[Rule::Is(is_code)],
    told_by: classes::CODE,
    #[cfg(test)]
    source: "three or four digits, by the name of the field",
    ..ROW
};

/// The first four digits from and to, and the lengths that go with them: bit 0 is for 12 digits.
type Issuer = (u32, u32, u16);

const fn lengths(from: u32, to: u32) -> u16 {
    (1 << (to - 11)) - (1 << (from - 12))
}

/// Networks' ranges as they are published; Chinese cards older than UnionPay's own range by their bank.
const ISSUERS: [Issuer; 22] = [
    (2200, 2204, lengths(16, 19)),
    (2221, 2720, lengths(16, 16)),
    (3000, 3059, lengths(14, 19)),
    (3095, 3095, lengths(14, 19)),
    (3400, 3499, lengths(15, 15)),
    (3528, 3589, lengths(16, 19)),
    (3600, 3699, lengths(14, 19)),
    (3700, 3799, lengths(15, 15)),
    (3800, 3999, lengths(14, 19)),
    (4000, 4999, lengths(13, 13) | lengths(16, 16) | lengths(19, 19)),
    (5018, 5020, lengths(12, 19)),
    (5038, 5038, lengths(12, 19)),
    (5067, 5067, lengths(16, 16)),
    (5100, 5599, lengths(16, 16)),
    (5893, 5893, lengths(12, 19)),
    (6011, 6011, lengths(16, 19)),
    (6200, 6299, lengths(16, 19)),
    (6304, 6304, lengths(12, 19)),
    (6440, 6599, lengths(16, 19)),
    (6759, 6763, lengths(12, 19)),
    (8100, 8171, lengths(16, 19)),
    (9558, 9559, lengths(16, 19)),
];

fn is_issued(compact: &[u8], _: &[u8]) -> bool {
    let Some(first) = check::number(compact, 0, 4) else { return false };
    let length = compact.len().saturating_sub(12);
    ISSUERS.iter().any(|(from, to, lengths)| (*from..=*to).contains(&first) && lengths >> length & 1 == 1)
}

fn is_track(compact: &[u8], written: &[u8]) -> bool {
    let digits = written.iter().take_while(|byte| **byte != b'=').count();
    let Some(card) = compact.get(..digits) else { return false };
    let month = check::number(compact, digits + 2, 2).is_some_and(|month| (1..=12).contains(&month));
    month && is_issued(card, &[]) && check::hold(&[Rule::Luhn(0, 10, 0)], card, &[])
}

fn is_code(_: &[u8], written: &[u8]) -> bool {
    matches!(written.len(), 3 | 4) && written.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("cardNumber", "4111111111111111", "payment_card"),
    ("number", "4111111111111111", ""),
    ("", "4111 1111 1111 1111", "payment_card"),
    ("", "4111-1111-1111-1111", "payment_card"),
    ("", "4111 1111-1111 1111", ""),
    ("", "3782 822463 10005", "payment_card"),
    ("pan", "378282246310005", "payment_card"),
    ("银行卡号", "6222021234567890128", "payment_card"),
    ("card", "6222021234567890123", "payment_card_unverified"),
    ("card", "4111111111111112", "payment_card_unverified"),
    ("card", "7111111111111111", ""),
    ("card", "41111111111111112222", ""),
    ("", "9400 1111 1111 1111 1111 11", ""),
    ("", "4111 1111 1111 1111 1111 11", ""),
    ("", "my card is 4111111111111111, thanks", "payment_card"),
    ("", ";4111111111111111=25121011234567890?", "payment_card_track"),
    ("", "4111111111111111=25131011234567890", ""),
    ("cvv", "123", "card_security_code"),
    ("count", "123", ""),
];
