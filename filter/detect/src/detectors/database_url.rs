//! Addresses with a password in them: of databases, of anything.

use crate::border;
use crate::row::{Mark, ROW, Row, Rule, Stand};
use crate::types::Level;

/// Connection strings of databases and queues.
pub static DATABASE: Row = Row {
    name: "database_url",
    level: Level::Critical,
    mark: Some(Mark { byte: b':', read: around, stand: Stand::Alone }),
    rules: &[Rule::Is(is_database)],
    #[cfg(test)]
    source: "RFC 3986 section 3 with the schemes of databases and queues; JDBC 4.3 section 9.4",
    ..ROW
};

/// Other addresses with a password in them.
pub static CREDENTIALS: Row = Row {
    name: "url_with_password",
    level: Level::Critical,
    mark: Some(Mark { byte: b':', read: around, stand: Stand::Alone }),
    rules: &[Rule::Is(has_password)],
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

/// The address around this colon, if `//` follows it.
fn around(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = text.get(at..)?;
    let jdbc = text.get(at.saturating_sub(4)..at)? == b"jdbc";
    if !rest.starts_with(b"://") && !jdbc {
        return None;
    }
    let is_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b':' | b'-' | b'.');
    let start = at - text.get(..at)?.iter().rev().take(SCHEME_MAX).take_while(is_scheme).count();
    let is_url = |byte: &&u8| !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"\"'<>`|\\^".contains(byte);
    let end = at + rest.iter().take(URL_MAX).take_while(is_url).count();
    let trimmed = text.get(start..end)?.iter().rev().take_while(|byte| b".,;)]}".contains(byte)).count();
    (start < at && border::before(text, start)).then_some((start, end - trimmed))
}

fn is_database(_: &[u8], written: &[u8]) -> bool {
    if let Some(rest) = written.strip_prefix(b"jdbc:") {
        return rest.len() > 12 && rest.contains(&b':');
    }
    let scheme = written.iter().take_while(|byte| **byte != b':').count();
    written.get(..scheme).is_some_and(|scheme| SCHEMES.contains(&scheme))
        && (written.len() >= 20 || written.contains(&b'@'))
}

fn has_password(_: &[u8], written: &[u8]) -> bool {
    let after = written.windows(3).position(|window| window == b"://").and_then(|at| written.get(at + 3..));
    let Some(after) = after else { return false };
    let authority = after.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or_default();
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else { return false };
    let user = authority.get(..at).unwrap_or_default();
    user.iter().position(|byte| *byte == b':').is_some_and(|colon| colon + 1 < user.len())
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
