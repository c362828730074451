//! Finding the next byte that matters.
//!
//! Two scanners answer the same three questions. The plain one reads byte by byte: it is short enough to be believed, the
//! oracle of the other in tests, and what hosts without vector instructions run.

/// What a scanner of JSON is asked. `at` may be the piece's length, and so may the answer.
pub(crate) trait Scan: Default + std::fmt::Debug {
    /// Another piece comes: what is known of the last one is void.
    fn begin(&mut self);

    /// The first byte from `at` on that is no white space. Control characters count as white space, here and everywhere.
    fn skip_space(&mut self, piece: &[u8], at: usize) -> usize;

    /// The first quote or backslash from `at` on.
    fn quote_or_escape(&mut self, piece: &[u8], at: usize) -> usize;

    /// The first byte from `at` on that ends a token without quotes.
    fn bare_end(&mut self, piece: &[u8], at: usize) -> usize;
}

/// Byte by byte.
#[derive(Debug, Default)]
pub(crate) struct Plain;

// === impl Plain ===

impl Scan for Plain {
    fn begin(&mut self) {}

    fn skip_space(&mut self, piece: &[u8], at: usize) -> usize {
        find(piece, at, |byte| !is_space(byte))
    }

    fn quote_or_escape(&mut self, piece: &[u8], at: usize) -> usize {
        find(piece, at, |byte| byte == b'"' || byte == b'\\')
    }

    fn bare_end(&mut self, piece: &[u8], at: usize) -> usize {
        find(piece, at, |byte| is_space(byte) || b"\"{}[]:,".contains(&byte))
    }
}

fn find(piece: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = piece.get(at..).unwrap_or_default();
    rest.iter().position(|byte| wanted(*byte)).map_or(piece.len(), |found| at + found)
}

/// White space outside strings: JSON's four, and the control characters that it has no use for.
pub(crate) const fn is_space(byte: u8) -> bool {
    byte <= b' '
}

/// Where a byte is, or the piece's length.
pub(crate) fn find_byte(piece: &[u8], wanted: u8) -> usize {
    let pattern = u64::from_ne_bytes([wanted; 8]);
    find_by_words(piece, |word| has_zero(word ^ pattern), |byte| byte == wanted)
}

/// Where a line ends, or the piece's length.
pub(crate) fn find_line_end(piece: &[u8]) -> usize {
    let (feed, back) = (u64::from_ne_bytes([b'\n'; 8]), u64::from_ne_bytes([b'\r'; 8]));
    find_by_words(piece, |word| has_zero(word ^ feed) || has_zero(word ^ back), |byte| byte == b'\n' || byte == b'\r')
}

/// Whether one of a word's bytes is zero: only then does taking one from each borrow from a byte's own high bit.
const fn has_zero(word: u64) -> bool {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080 != 0
}

fn find_by_words(piece: &[u8], may: impl Fn(u64) -> bool, is: impl Fn(u8) -> bool) -> usize {
    let (words, _) = piece.as_chunks::<8>();
    let skipped = 8 * words.iter().take_while(|word| !may(u64::from_ne_bytes(**word))).count();
    find(piece, skipped, is)
}
