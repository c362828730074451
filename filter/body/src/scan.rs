//! Finding the next byte that matters.
//!
//! Two scanners answer the same three questions. The plain one reads byte by byte: it is short enough to be believed, the
//! oracle of the other in tests, and what hosts without vector instructions run.

use crate::detect::lanes::{self, BLOCK, Bits};

/// What a scanner of JSON is asked. `at` may be the piece's length, and so may the answer.
pub(crate) trait Scan: Default + std::fmt::Debug {
    /// Whether tokens are looked at by lanes too, before they are asked for.
    const GLANCES: bool;

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
#[cfg(any(test, all(target_arch = "wasm32", not(target_feature = "simd128"))))]
#[derive(Debug, Default)]
pub(crate) struct Plain;

// === impl Plain ===

#[cfg(any(test, all(target_arch = "wasm32", not(target_feature = "simd128"))))]
impl Scan for Plain {
    const GLANCES: bool = false;

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

/// By blocks of 64 bytes, whose bits are kept: a block is looked at once, however many tokens it holds. Nothing of it is
/// carried into the next block or piece, so there is nothing to resume.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// The number of the block that the bits are of.
    block: usize,
    quotes: Bits,
    solid: Bits,
    ends: Bits,
}

const NO_BLOCK: usize = usize::MAX;

// === impl Blocks ===

impl Default for Blocks {
    fn default() -> Self {
        Self { block: NO_BLOCK, quotes: 0, solid: 0, ends: 0 }
    }
}

impl Blocks {
    /// Looks at the block of a place. Bytes beyond the piece are white space.
    #[inline(always)]
    fn look(&mut self, piece: &[u8], at: usize) {
        if at / BLOCK != self.block {
            self.next(piece, at / BLOCK);
        }
    }

    #[inline(never)]
    fn next(&mut self, piece: &[u8], block: usize) {
        self.block = block;
        let rest = piece.get(block * BLOCK..).unwrap_or_default();
        if let Some(block) = rest.first_chunk::<BLOCK>() { self.bits(block) } else { self.last(rest) }
    }

    #[inline]
    fn bits(&mut self, block: &[u8; BLOCK]) {
        self.quotes = lanes::of_block(block, lanes::quotes);
        self.solid = lanes::of_block(block, lanes::solid);
        self.ends = lanes::of_block(block, lanes::ends);
    }

    #[cold]
    fn last(&mut self, rest: &[u8]) {
        // Zeros count as white space too.
        let (lanes, _) = lanes::of_bytes(rest);
        if let Some(block) = lanes.as_flattened().first_chunk() {
            self.bits(block);
        }
    }

    /// The first byte from `at` on whose bit is set.
    #[inline]
    fn find(&mut self, piece: &[u8], mut at: usize, of: impl Fn(&Self) -> Bits) -> usize {
        while at < piece.len() {
            self.look(piece, at);
            let bits = of(self) >> (at % BLOCK);
            if bits != 0 {
                return (at + bits.trailing_zeros() as usize).min(piece.len());
            }
            at = (at | (BLOCK - 1)) + 1;
        }
        piece.len()
    }
}

impl Scan for Blocks {
    const GLANCES: bool = true;

    #[inline]
    fn begin(&mut self) {
        self.block = NO_BLOCK;
    }

    #[inline]
    fn skip_space(&mut self, piece: &[u8], at: usize) -> usize {
        if piece.get(at).is_some_and(|byte| !is_space(*byte)) {
            at
        } else {
            self.find(piece, at, |blocks| blocks.solid)
        }
    }

    #[inline]
    fn quote_or_escape(&mut self, piece: &[u8], at: usize) -> usize {
        self.find(piece, at, |blocks| blocks.quotes)
    }

    #[inline]
    fn bare_end(&mut self, piece: &[u8], at: usize) -> usize {
        self.find(piece, at, |blocks| blocks.ends)
    }
}

fn find(piece: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = piece.get(at..).unwrap_or_default();
    rest.iter().position(|byte| wanted(*byte)).map_or(piece.len(), |found| at + found)
}

/// The fastest scanner that the host runs.
#[cfg(any(target_feature = "simd128", not(target_arch = "wasm32")))]
pub(crate) type Fast = Blocks;
/// The fastest scanner that the host runs.
#[cfg(all(target_arch = "wasm32", not(target_feature = "simd128")))]
pub(crate) type Fast = Plain;

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

#[cfg(test)]
mod tests {
    use super::{Blocks, Plain, Scan, find_byte, find_line_end};
    use proptest::prelude::*;

    proptest! {
        /// The fast scanner answers what the plain one answers, in whatever order it is asked.
        #[test]
        fn blocks_answer_as_bytes_do(
            piece in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'a'), prop::sample::select(&b"\"\\:,{}[]\n"[..])], 0..200),
            places in prop::collection::vec(0..210_usize, 1..20),
        ) {
            let (mut fast, mut plain) = (Blocks::default(), Plain);
            fast.begin();
            for at in places.into_iter().map(|at| at.min(piece.len())) {
                prop_assert_eq!(fast.skip_space(&piece, at), plain.skip_space(&piece, at));
                prop_assert_eq!(fast.quote_or_escape(&piece, at), plain.quote_or_escape(&piece, at));
                prop_assert_eq!(fast.bare_end(&piece, at), plain.bare_end(&piece, at));
            }
        }

        /// Words are skipped only where nothing is.
        #[test]
        fn ends_are_found(piece in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b'\x0b')], 0..40)) {
            let found = |wanted: &[u8]| piece.iter().position(|byte| wanted.contains(byte)).unwrap_or(piece.len());
            prop_assert_eq!(find_byte(&piece, b'\n'), found(b"\n"));
            prop_assert_eq!(find_line_end(&piece), found(b"\r\n"));
        }
    }
}
