//! Hashed passwords in the form of crypt(3), as databases and `/etc/shadow` keep them.

use crate::row::{Mark, ROW, Row, Stand};
use crate::types::Level;

/// Hashed passwords.
pub static HASH: Row = Row {
    name: "password_hash",
    level: Level::High,
    mark: Some(Mark { byte: b'$', read: from_dollar, stand: Stand::Alone }),
    #[cfg(test)]
    source: "crypt(5) and the PHC string format: bcrypt, SHA-crypt, MD5-crypt, yescrypt, scrypt, Argon2, PBKDF2, phpass; Django's",
    ..ROW
};

/// Bytes of a hash.
const HASH_MAX: usize = 512;

/// Schemes, and the least length of what follows the second `$`.
const SCHEMES: [(&[u8], usize); 19] = [
    (b"1", 24),
    (b"2", 55),
    (b"2a", 55),
    (b"2b", 55),
    (b"2x", 55),
    (b"2y", 55),
    (b"5", 45),
    (b"6", 88),
    (b"y", 40),
    (b"gy", 40),
    (b"7", 40),
    (b"argon2i", 30),
    (b"argon2d", 30),
    (b"argon2id", 30),
    (b"scrypt", 30),
    (b"pbkdf2-sha256", 30),
    (b"pbkdf2-sha512", 30),
    (b"P", 30),
    (b"apr1", 24),
];
/// What comes before the first `$` in Django's form.
const DJANGO: [&[u8]; 5] = [b"pbkdf2_sha256", b"pbkdf2_sha1", b"bcrypt_sha256", b"argon2", b"scrypt"];

fn from_dollar(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let is_hash = |byte: &&u8| byte.is_ascii_alphanumeric() || b"./+=,-$_".contains(byte);
    let end = at + text.get(at..)?.iter().take(HASH_MAX).take_while(is_hash).count();
    let written = text.get(at + 1..end)?;
    let before = text.get(..at)?;
    let django = DJANGO.iter().find(|scheme| before.ends_with(scheme));
    if let Some(scheme) = django {
        let parts = written.iter().filter(|byte| **byte == b'$').count();
        return (parts >= 2 && written.len() >= 40).then_some((at - scheme.len(), end));
    }
    if before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'$') {
        return None;
    }
    let scheme = written.iter().position(|byte| *byte == b'$')?;
    let (_, least) = SCHEMES.iter().find(|(known, _)| written.get(..scheme) == Some(known))?;
    // The phpass form has one `$` less: it begins with `$P$` and the hash follows.
    (written.len() - scheme > *least).then_some((at, end))
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW", "password_hash"),
    (
        "",
        "root:$6$rounds=5000$saltsalt$2MTpyQaTbPiEKpDv8zyeXg4bXPgKv0ONd7BnxHbV1uSYKLFMKFZhGHZrMv1iZ9p6G0Rj0aXJqFZ6sJUqkxQ8n0:19000:0:99999:7:::",
        "password_hash",
    ),
    ("", "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG", "password_hash"),
    ("", "pbkdf2_sha256$260000$Zk1aQ0h4b1Bq$Xq1nC0o3m8bF1k2l3m4n5o6p7q8r9s0tAbCdEfGhIjK=", "password_hash"),
    ("", "$2b$12$short", ""),
    ("", "costs $1 or $2", ""),
];
