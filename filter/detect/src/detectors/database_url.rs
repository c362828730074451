//! Addresses with a password in them: of databases, of anything.

use crate::border;
use crate::row::{Mark, ROW, Row, Stand};
use crate::types::Level;

/// Connection strings of databases and queues.
pub static DATABASE: Row = Row {
    name: "database_url",
    level: Level::Critical,
    mark: Some(Mark { byte: b':', read: database, stand: Stand::Alone }),
    #[cfg(test)]
    source: "RFC 3986 section 3 with the schemes of databases and queues; JDBC 4.3 section 9.4",
    ..ROW
};

/// Other addresses with a password in them.
pub static CREDENTIALS: Row = Row {
    name: "url_with_password",
    level: Level::Critical,
    mark: Some(Mark { byte: b':', read: credentials, stand: Stand::Alone }),
    #[cfg(test)]
    source: "RFC 3986 section 3.2.1: user information with a colon",
    ..ROW
};

/// Bytes of an address.
const URL_MAX: usize = 1024;
/// Bytes of a scheme, with `jdbc:` before it.
const SCHEME_MAX: usize = 32;

const SCHEMES: [&[u8]; 18] = [
    b"postgres",
    b"postgresql",
    b"mysql",
    b"mysqlx",
    b"mariadb",
    b"mongodb",
    b"mongodb+srv",
    b"redis",
    b"rediss",
    b"amqp",
    b"amqps",
    b"sqlserver",
    b"mssql",
    b"oracle",
    b"clickhouse",
    b"cockroachdb",
    b"cassandra",
    b"neo4j",
];

/// A connection string around this colon, if `//` follows it or `jdbc` is before it.
fn database(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let jdbc = at.checked_sub(4).and_then(|at| text.get(at..at + 4)) == Some(b"jdbc");
    if !jdbc && !text.get(at..)?.starts_with(b"://") {
        return None;
    }
    let start = scheme(text, at)?;
    if !jdbc && !SCHEMES.contains(&text.get(start..at)?) {
        return None;
    }
    let end = end(text, at);
    let written = text.get(start..end)?;
    let holds = if jdbc { end > at + 13 && text.get(at + 1..end)?.contains(&b':') } else { written.contains(&b'@') };
    (holds || !jdbc && written.len() >= 20).then_some((start, end))
}

/// An address with a user's name and password around this colon, if `//` follows it.
fn credentials(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let after = text.get(at..)?.strip_prefix(b"://")?;
    let is_authority = |byte: &&u8| byte.is_ascii_graphic() && !b"/?#\"'<>\\".contains(byte);
    let authority = after.get(..after.iter().take(URL_MAX).take_while(is_authority).count())?;
    let user = authority.get(..authority.iter().rposition(|byte| *byte == b'@')?)?;
    let colon = user.iter().position(|byte| *byte == b':')?;
    (colon + 1 < user.len()).then_some((scheme(text, at)?, end(text, at)))
}

/// Where the scheme begins that ends here.
fn scheme(text: &[u8], at: usize) -> Option<usize> {
    let is_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b':' | b'-' | b'.');
    let start = at - text.get(..at)?.iter().rev().take(SCHEME_MAX).take_while(is_scheme).count();
    (start < at && border::before(text, start)).then_some(start)
}

/// Where the address ends in which this colon is.
fn end(text: &[u8], at: usize) -> usize {
    let is_url = |byte: &&u8| !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"\"'<>`|\\^".contains(byte);
    let rest = text.get(at..).unwrap_or_default();
    let rest = rest.get(..rest.iter().take(URL_MAX).take_while(is_url).count()).unwrap_or_default();
    at + rest.len() - rest.iter().rev().take_while(|byte| b".,;)]}".contains(byte)).count()
}

#[cfg(test)]
pub const CASES: super::Cases = &[
    ("", "postgres://app:s3cret@db.internal:5432/shop?sslmode=require", "database_url"),
    ("", "url=mongodb+srv://u:p@cluster0.example.net/test", "database_url"),
    ("", "jdbc:mysql://10.0.0.5:3306/shop?user=root&password=x", "database_url"),
    ("", "jdbc:oracle:thin:@db:1521:orcl", "database_url"),
    ("", "see https://ann:pw@example.org/a, then", "url_with_password"),
    ("", "https://example.org/users/13812345678", ""),
    ("", "https://example.org:8443/a@b:c", ""),
    ("", "https://ann@example.org/", "email"),
];
