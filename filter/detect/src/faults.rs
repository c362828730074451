//! What a body should not hold: stack traces, database errors, listings of directories, private addresses.
//!
//! One pass over the first [`LOOK`] bytes. Three tables, by the first three bytes of each needle, tell almost
//! everywhere that none begins there. A place is judged once, when what is around it has come, so how a body was
//! cut never changes what is found.

use crate::signs::{Sign, Signs};
use std::sync::LazyLock;

/// Bytes of a body that are looked at: errors stand at its beginning.
pub const LOOK: usize = 16 * 1024;

/// Bytes before a place and from it on that a judgement looks at.
const BEFORE: usize = 32;
const FROM: usize = 128;

/// What has to follow a needle; it is given what is before the needle and what is behind it.
type Rest = fn(&[u8], &[u8]) -> bool;

/// A text that says something by itself, or with what is around it.
struct Needle(&'static [u8], Rest, Sign);

const fn trace(text: &'static str, rest: Rest) -> Needle {
    Needle(text.as_bytes(), rest, Sign::StackTrace)
}
const fn database(text: &'static str, rest: Rest) -> Needle {
    Needle(text.as_bytes(), rest, Sign::DatabaseError)
}
const fn listing(text: &'static str) -> Needle {
    Needle(text.as_bytes(), always, Sign::DirectoryListing)
}
const fn private(text: &'static str, rest: Rest) -> Needle {
    Needle(text.as_bytes(), rest, Sign::PrivateAddress)
}

/// Blanks, quotes and line ends may come escaped, so needles have none at their ends.
#[rustfmt::skip]
const NEEDLES: [Needle; 54] = [
    trace("Traceback (most recent call last", always),
    trace(".java:", line_in_brackets),
    trace(".kt:", line_in_brackets),
    trace(".scala:", line_in_brackets),
    trace("java.", names_a_fault),
    trace("org.springframework.", names_a_fault),
    trace("System.", names_a_fault),
    trace(".cs:line ", line),
    trace("--- End of inner exception", always),
    trace(".js:", line_and_column),
    trace(".ts:", line_and_column),
    trace(".mjs:", line_and_column),
    trace("goroutine ", goroutine),
    trace(".go:", go_offset),
    trace(".rb:", ruby_line),
    trace(".php on line ", line),
    trace(".php</b> on line <b>", line),
    trace(".php(", line_in_brackets),
    trace("PHP Fatal error", always),
    trace("' panicked at ", always),
    database("You have an error in your SQL syntax", always),
    database("SQLSTATE[", always),
    database("ORA-", oracle),
    database("PG::", names_a_fault),
    database("psycopg2.", names_a_fault),
    database("sqlalchemy.exc.", always),
    database("sqlite3.", names_a_fault),
    database("SQLITE_ERROR", always),
    database("com.mysql.", always),
    database("org.postgresql.", always),
    database("org.hibernate.", names_a_fault),
    database("MySqlException", always),
    database("SqlException", always),
    database("mysqli_", always),
    database("pg_query()", always),
    database("Unclosed quotation mark after the character string", always),
    database("Incorrect syntax near", always),
    database("syntax error at or near", always),
    database("OLE DB Provider for", always),
    database("ODBC SQL Server Driver", always),
    database("MongoServerError", always),
    database("MongoError", always),
    database("PrismaClient", names_a_fault),
    database("SequelizeDatabaseError", always),
    listing("<title>Index of /"),
    listing("<h1>Index of /"),
    listing("<title>Directory listing for /"),
    listing("Directory Listing For ["),
    listing("[To Parent Directory]"),
    listing("<ListBucketResult"),
    private("10.", |before, behind| octets(before, behind, 3)),
    private("127.", |before, behind| octets(before, behind, 3)),
    private("172.", |before, behind| matches!(behind, [b'1', b'6'..=b'9', ..] | [b'2', b'0'..=b'9', ..] | [b'3', b'0' | b'1', ..]) && octets(before, behind, 3)),
    private("192.168.", |before, behind| octets(before, behind, 2)),
];

/// Bits of needles by their first, second and third byte; made when first asked for, because it is larger than what it
/// is made of.
static FIRST: LazyLock<[[u64; 256]; 3]> = LazyLock::new(|| {
    let mut table = [[0; 256]; 3];
    for (number, Needle(text, ..)) in NEEDLES.iter().enumerate() {
        for (bits, byte) in table.iter_mut().zip(*text) {
            if let Some(bits) = bits.get_mut(usize::from(*byte)) {
                *bits |= 1 << number;
            }
        }
    }
    table
});

/// Looks for faults in a body as it comes.
#[derive(Debug, Default)]
pub struct Faults {
    /// What is not judged yet, and what is before it.
    window: Vec<u8>,
    /// Where in it the next place to be judged is.
    at: usize,
    /// Bytes that came.
    came: usize,
    signs: Signs,
}

// === impl Faults ===

impl Faults {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let room = LOOK.saturating_sub(self.came);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if bytes.is_empty() {
            return;
        }
        self.came += bytes.len();
        self.window.extend_from_slice(bytes);
        self.judge(self.window.len().saturating_sub(FROM));
        let done = self.at.saturating_sub(BEFORE);
        self.window.drain(..done);
        self.at -= done;
    }

    /// Takes the end, and says what was found.
    pub fn finish(&mut self) -> Signs {
        self.judge(self.window.len());
        self.window = Vec::new();
        self.at = 0;
        self.signs
    }

    /// Judges the places up to `to`.
    fn judge(&mut self, to: usize) {
        let [one, two, three] = &*FIRST;
        let bits = |table: &[u64; 256], byte: u8| table.get(usize::from(byte)).copied().unwrap_or_default();
        let text = self.window.get(self.at..).unwrap_or_default();
        for (place, triple) in text.windows(3).enumerate().take(to.saturating_sub(self.at)) {
            let [a, b, c] = triple else { continue };
            let begun = bits(one, *a) & bits(two, *b) & bits(three, *c);
            if begun != 0 {
                let (before, from) = self.window.split_at(self.at + place);
                let before = before.get(before.len().saturating_sub(BEFORE)..).unwrap_or_default();
                let from = from.get(..FROM).unwrap_or(from);
                self.signs = self.signs.union(found(begun, before, from));
            }
        }
        self.at = self.at.max(to);
    }
}

/// What of the needles that may have begun stands at the beginning of `from`.
fn found(mut begun: u64, before: &[u8], from: &[u8]) -> Signs {
    let mut signs = Signs::NONE;
    while begun != 0 {
        let needle = NEEDLES.get(begun.trailing_zeros() as usize);
        begun &= begun - 1;
        let Some(Needle(text, rest, sign)) = needle else { continue };
        if let Some(behind) = from.strip_prefix(*text) {
            signs.add_if(rest(before, behind), *sign);
        }
    }
    signs
}

const fn always(_: &[u8], _: &[u8]) -> bool {
    true
}

/// Takes one digit or more.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.get(count..).filter(|_| (1..8).contains(&count))
}

fn line(_: &[u8], behind: &[u8]) -> bool {
    digits(behind).is_some()
}

/// `Orders.java:42)`.
fn line_in_brackets(_: &[u8], behind: &[u8]) -> bool {
    digits(behind).is_some_and(|rest| rest.starts_with(b")"))
}

/// `/app/index.js:10:5)`.
fn line_and_column(_: &[u8], behind: &[u8]) -> bool {
    digits(behind).and_then(|rest| rest.strip_prefix(b":")).and_then(digits).is_some()
}

fn goroutine(_: &[u8], behind: &[u8]) -> bool {
    digits(behind).is_some_and(|rest| rest.starts_with(b" ["))
}

fn go_offset(_: &[u8], behind: &[u8]) -> bool {
    digits(behind).is_some_and(|rest| rest.starts_with(b" +0x"))
}

fn ruby_line(_: &[u8], behind: &[u8]) -> bool {
    digits(behind).is_some_and(|rest| rest.starts_with(b":in "))
}

/// `ORA-00942:`.
fn oracle(_: &[u8], behind: &[u8]) -> bool {
    digits(behind).is_some_and(|rest| rest.len() + 5 == behind.len() && rest.starts_with(b":"))
}

/// A name of a class that goes on to be that of an error.
fn names_a_fault(before: &[u8], behind: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._$:".contains(byte);
    let end = behind.iter().position(|byte| !is_name(byte)).unwrap_or(behind.len());
    let name = behind.get(..end).unwrap_or_default();
    let name = name.strip_suffix(b":").unwrap_or(name);
    let begins = before.last().is_none_or(|byte| !byte.is_ascii_alphanumeric());
    begins && (name.ends_with(b"Exception") || name.ends_with(b"Error"))
}

/// So many octets more make an address, which is no part of something longer and no version.
fn octets(before: &[u8], behind: &[u8], count: usize) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    // `\n` escaped is a line end, not an `n`.
    let escaped = matches!(before, [.., b'\\', b'n' | b'r' | b't']);
    if before.last().is_some_and(is_part) && !escaped
        || before.windows(5).any(|word| word.eq_ignore_ascii_case(b"ersio"))
    {
        return false;
    }
    let mut rest = behind;
    for at in 1..=count {
        let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (octet, after) = rest.split_at(len);
        let value = octet.iter().take(4).fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        if len == 0 || len > 3 || value > 255 || len > 1 && octet.starts_with(b"0") {
            return false;
        }
        rest = after;
        if at < count {
            let Some(after) = rest.strip_prefix(b".") else { return false };
            rest = after;
        }
    }
    // A full stop may end the sentence.
    let rest = rest.strip_prefix(b".").unwrap_or(rest);
    !rest.first().is_some_and(is_part)
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
