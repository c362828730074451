//! Keys and certificates in PEM.

use crate::row::{Mark, ROW, Row, Rule, Stand};
use crate::types::Level;

/// Private keys.
pub static PRIVATE_KEY: Row = Row {
    name: "private_key",
    level: Level::Critical,
    mark: Some(Mark { byte: b'-', read: block, stand: Stand::Alone }),
    rules: &[Rule::Is(is_private)],
    #[cfg(test)]
    source: "RFC 7468: a block whose label holds PRIVATE KEY; also OpenSSH's and PGP's",
    ..ROW
};

/// Certificates and public keys.
pub static CERTIFICATE: Row = Row {
    name: "certificate",
    level: Level::Low,
    mark: Some(Mark { byte: b'-', read: block, stand: Stand::Alone }),
    rules: &[Rule::Is(is_public)],
    #[cfg(test)]
    source: "RFC 7468: a block with any other label",
    ..ROW
};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// Bytes of a label.
const LABEL_MAX: usize = 64;

/// The block that begins here: up to the end of its end line, or as far as a match may reach. The end of a block that was
/// cut off is not needed to know what it is.
fn block(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = text.get(at..)?;
    let label = rest.strip_prefix(BEGIN)?;
    label.get(..label.len().min(LABEL_MAX))?.windows(5).position(|window| window == b"-----")?;
    let rest = rest.get(..rest.len().min(crate::MAX_MATCH))?;
    let end = rest.windows(END.len()).position(|window| window == END);
    let Some(end) = end else { return Some((at, at + rest.len())) };
    let dashes = rest.get(end + END.len()..)?.windows(5).take(LABEL_MAX).position(|window| window == b"-----");
    Some((at, at + dashes.map_or(rest.len(), |dashes| end + END.len() + dashes + 5)))
}

fn is_private(_: &[u8], written: &[u8]) -> bool {
    let label = written.get(..written.len().min(BEGIN.len() + LABEL_MAX)).unwrap_or_default();
    label.windows(11).any(|window| window == b"PRIVATE KEY")
}

fn is_public(compact: &[u8], written: &[u8]) -> bool {
    !is_private(compact, written)
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    (
        "",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX\n-----END RSA PRIVATE KEY-----\n",
        "private_key",
    ),
    (
        "",
        "-----BEGIN PRIVATE KEY-----\\nMIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX\\n-----END PRIVATE KEY-----",
        "private_key",
    ),
    ("", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ", "private_key"),
    ("", "-----BEGIN CERTIFICATE-----\nMIIBszCCARwCCQ\n-----END CERTIFICATE-----", "certificate"),
    ("", "-----BEGIN the story", ""),
    ("", "---------- BEGIN ----------", ""),
];
