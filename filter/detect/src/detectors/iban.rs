//! Bank accounts: IBAN, BIC and the routing numbers of the United States.

use crate::check::base36;
use crate::context::classes;
use crate::row::{Left, ROW, Row, Rule, checked, sum, told};
use crate::types::Level;

/// International bank account numbers.
pub static IBAN: Row = Row {
    name: "iban",
    unverified: Some("iban_unverified"),
    level: Level::High,
    shapes: &[
        checked("^^##*{11,30}"),
        checked("^^##|*{4}|*{4}|*{1,4}"),
        checked("^^##|*{4}|*{4}|*{4}|*{1,4}"),
        checked("^^##|*{4}|*{4}|*{4}|*{4}|*{1,4}"),
        checked("^^##|*{4}|*{4}|*{4}|*{4}|*{4}|*{1,4}"),
        checked("^^##|*{4}|*{4}|*{4}|*{4}|*{4}|*{4}|*{1,4}"),
        checked("^^##|*{4}|*{4}|*{4}|*{4}|*{4}|*{4}|*{4}|*{1,2}"),
        told("&&##*{11,30}"),
    ],
    rules: &[Rule::Is(has_length)],
    checks: &[Rule::Is(is_one_of_97)],
    told_by: classes::BANK,
    #[cfg(test)]
    source: "ISO 13616-1: length by country; ISO 7064 MOD 97-10",
    ..ROW
};

/// Business identifier codes.
pub static BIC: Row = Row {
    name: "bic",
    level: Level::Low,
    shapes: &[told("^{8}"), told("^{11}"), told("^{6}**"), told("^{6}*{5}")],
    rules: &[Rule::Is(has_country)],
    told_by: classes::BANK,
    #[cfg(test)]
    source: "ISO 9362: party prefix, ISO 3166-1 country code, suffix",
    ..ROW
};

/// Routing transit numbers of the American Bankers Association.
pub static ABA: Row = Row {
    name: "us_bank_routing",
    level: Level::Low,
    shapes: &[told("#{9}")],
    rules: &[
        Rule::Within(0, 2, &[(1, 12), (21, 32), (61, 72), (80, 80)]),
        sum(&[3, 7, 1, 3, 7, 1, 3, 7, 1], 10, Left::Is(0)),
    ],
    told_by: classes::BANK,
    #[cfg(test)]
    source: "ABA routing number policy: Federal Reserve districts, weights 3-7-1 modulo 10",
    ..ROW
};

/// Each country of the IBAN registry with its length.
const LENGTHS: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22\
GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23\
PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

/// Countries of ISO 3166-1 that are not in the IBAN registry.
const OTHERS: &[u8] = b"AFAGAIAMAOAQARASAUAWAXBBBDBFBJBLBMBNBOBQBSBTBVBWBZCACCCDCFCGCICKCLCMCNCOCUCVCWCXDMDZECEHERETFJFMGAGDGFGGGHGM\
GNGPGQGSGUGWGYHKHMHTIDIMINIOIRJEJMJPKEKGKHKIKMKNKPKRKYLALKLRLSMAMFMGMHMLMMMOMPMQMSMVMWMXMYMZNANCNENFNGNPNRNUNZPAPEPFPGPHPMPNPRPWPYREROSBSGSHSJSLSNSR\
SSSXSYSZTCTDTFTGTHTJTKTMTOTTTVTWTZUGUMUSUYUZVCVEVIVNVUWFWSYTZAZMZW";

fn has_length(compact: &[u8], _: &[u8]) -> bool {
    let Some(country) = compact.get(..2) else { return false };
    let known = LENGTHS.chunks_exact(4).find(|entry| entry.starts_with(country));
    known
        .and_then(|entry| crate::check::number(entry, 2, 2))
        .is_some_and(|length| Ok(compact.len()) == usize::try_from(length))
}

/// The whole, with its first four characters moved to the end and letters as numbers from ten on, leaves one.
fn is_one_of_97(compact: &[u8], _: &[u8]) -> bool {
    let (head, body) = compact.split_at(compact.len().min(4));
    let mut left = 0;
    for byte in body.iter().chain(head) {
        let Some(value) = base36(*byte) else { return false };
        left = if value < 10 { left * 10 + value } else { left * 100 + value } % 97;
    }
    left == 1
}

fn has_country(compact: &[u8], _: &[u8]) -> bool {
    let Some(country) = compact.get(4..6) else { return false };
    LENGTHS.chunks_exact(4).any(|entry| entry.starts_with(country))
        || OTHERS.chunks_exact(2).any(|entry| entry == country)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "GB82WEST12345698765432", "iban"),
    ("", "GB82 WEST 1234 5698 7654 32", "iban"),
    ("", "pay to DE89 3704 0044 0532 0130 00 today", "iban"),
    ("", "NO9386011117947", "iban"),
    ("iban", "gb82west12345698765432", "iban"),
    ("iban", "GB83WEST12345698765432", "iban_unverified"),
    ("", "GB83WEST12345698765432", ""),
    ("iban", "GB82WEST1234569876543", ""),
    ("", "XX82WEST12345698765432", ""),
    ("swift", "DEUTDEFF", "bic"),
    ("bic", "DEUTDEFF500", "bic"),
    ("bic", "DEUTXXFF", ""),
    ("code", "DEUTDEFF", ""),
    ("routingNumber", "021000021", "us_bank_routing"),
    ("routingNumber", "021000022", ""),
    ("number", "021000021", ""),
];
